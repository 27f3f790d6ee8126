"""Every word a person reads is there in Vietnamese and in English, and every fault says what to do."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from house.tree import SOURCE, WEB, files_under, shown
from socai.core import life
from socai.dataserver.views.todo import DISCARD, REDATE, RESOLVE, RETRY
from socai.sync.message import NUMBER, QUICK_EDIT, RENUMBER, SAVE

FAULTS = SOURCE / "base" / "faults.toml"
FAULT_PARTS = ("vi", "en", "cure_vi", "cure_en", "example")
CODE = r"[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)*"
GIVEN = re.compile(rf"""\bFault\(\s*(?:code\s*=\s*)?["']({CODE})["']""")
QUOTED = re.compile(rf"""["']({CODE})["']""")
WORDS_FILES = [path for path in files_under(SOURCE, suffixes={".toml"}) if path.name == "words.toml"]


def pairs(table: dict[str, Any], at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every innermost table of a words file: those that hold texts."""
    if any(isinstance(value, str) for value in table.values()) or not table:
        yield at, table
    for key, value in table.items():
        if isinstance(value, dict):
            yield from pairs(value, f"{at}.{key}" if at else key)


def placeholders(text: str) -> set[str]:
    """The names in braces that are filled when the text is shown."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("path", WORDS_FILES, ids=shown)
def test_words_are_complete(path: Path) -> None:
    """Each key has vi and en, neither is empty, and both are filled with the same placeholders."""
    wrong = []
    for key, table in pairs(tomllib.loads(path.read_text(encoding="utf-8"))):
        texts = [table.get(language) for language in ("vi", "en")]
        if not all(isinstance(text, str) and text.strip() for text in texts):
            wrong.append(f"{key}: needs vi and en")
        elif placeholders(str(texts[0])) != placeholders(str(texts[1])):
            wrong.append(f"{key}: other placeholders in vi than in en")
    assert wrong == []


def fault_table() -> dict[str, dict[str, str]]:
    """The one table of faults."""
    return tomllib.loads(FAULTS.read_text(encoding="utf-8"))


def test_every_fault_is_worded() -> None:
    """Code, sentence and cure in both languages, and one example."""
    wrong = []
    for code, entry in fault_table().items():
        if not re.fullmatch(CODE, code):
            wrong.append(f"{code}: not in SCREAMING_SNAKE")
        wrong += [f"{code}: no {part}" for part in FAULT_PARTS if not str(entry.get(part, "")).strip()]
        for first, second in (("vi", "en"), ("cure_vi", "cure_en")):
            if placeholders(entry.get(first, "")) != placeholders(entry.get(second, "")):
                wrong.append(f"{code}: other placeholders in {first} than in {second}")
    assert wrong == []


def test_every_fault_used_is_in_the_table() -> None:
    used: dict[str, str] = {}
    for path in files_under(SOURCE, suffixes={".py"}):
        for found in GIVEN.finditer(path.read_text(encoding="utf-8")):
            used.setdefault(found[1], shown(path))
    assert {code: where for code, where in used.items() if code not in fault_table()} == {}


def test_no_fault_in_the_table_is_unused() -> None:
    """A code stands in quotes somewhere in the product, whether given to Fault at once or chosen first."""
    sources = files_under(SOURCE, suffixes={".py"})
    quoted = {code for path in sources for code in QUOTED.findall(path.read_text(encoding="utf-8"))}
    assert sorted(set(fault_table()) - quoted) == []


def keys(table: dict[str, Any], at: str = "") -> Iterator[str]:
    """The paths of all texts of a catalogue."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from keys(value, f"{at}{key}.")
        else:
            yield f"{at}{key}"


def test_web_words_are_the_same_in_both_languages() -> None:
    """Catalogues in JSON are compared here; those in TypeScript by their type."""
    for path in files_under(WEB / "locale", suffixes={".json"}):
        others = [path.with_name(f"{language}.json") for language in ("vi", "en")]
        read = [set(keys(json.loads(other.read_text(encoding="utf-8")))) for other in others]
        assert read[0] ^ read[1] == set(), shown(path)


def test_every_act_a_refusal_may_name_has_its_word() -> None:
    """Row 6: a refusal says what cannot be done, and what is under way, in words, never by a program's names."""
    words = tomllib.loads((SOURCE / "base" / "terms.toml").read_text(encoding="utf-8"))
    terms = words["act"]
    assert sorted({word for word in life.DETAILS if word.endswith("ing")} - set(words["operation"])) == []
    named = {*life.ACTS, SAVE, NUMBER, RENUMBER, QUICK_EDIT, RETRY, REDATE, RESOLVE, DISCARD}
    assert sorted(named - set(terms)) == []
