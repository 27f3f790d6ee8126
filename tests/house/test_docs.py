"""Documents are there, their links lead somewhere, and every command and setting is in the reference."""

import dataclasses
import importlib
import re
from collections.abc import Iterator

import click
import pytest
import typer

from house.tree import ROOT, SOURCE, WEB, kept_files, shown

REFERENCE = ROOT / "docs" / "reference"
GLOSSARY = ROOT / "docs" / "glossary.md"
PROMISES = REFERENCE / "promises.md"
ROWS_NAMED = re.compile(r"\b[Rr]ows? (\d+(?:(?:, | and |-)\d+)*)")
# What a newcomer looks for. A document begun is a document finished: the size below is that of a real one.
DOCUMENTS = (
    "README.md",
    "README.vi.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "LICENSE",
    "docs/glossary.md",
)
MARKDOWN = [path for path in kept_files() if path.suffix == ".md"]


def reference() -> str:
    """The reference pages as one text."""
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(REFERENCE.rglob("*.md")))


def commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """Every command of the program with its full name."""
    if getattr(command, "hidden", False):
        return
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
    else:
        for word, below in inner.items():
            yield from commands(below, f"{name} {word}")


def all_commands() -> list[tuple[str, click.Command]]:
    """The commands of `socai`."""
    app = importlib.import_module("socai.cli.main").app
    return list(commands(typer.main.get_command(app), "socai"))


def settings_modules() -> list[str]:
    """Modules that declare what a program reads at start."""
    found = [path for path in SOURCE.rglob("settings.py") if "__pycache__" not in path.parts]
    return [".".join(("socai", *path.relative_to(SOURCE).with_suffix("").parts)) for path in found]


def setting_names() -> list[tuple[str, str]]:
    """Every field of every settings object, with the name of the object."""
    names = []
    for module_name in settings_modules():
        module = importlib.import_module(module_name)
        for owner in vars(module).values():
            if not isinstance(owner, type) or owner.__module__ != module_name:
                continue
            fields = getattr(owner, "__struct_fields__", None)
            if fields is None and dataclasses.is_dataclass(owner):
                fields = tuple(field.name for field in dataclasses.fields(owner))
            names += [(owner.__name__, field) for field in fields or ()]
    return names


@pytest.mark.parametrize("name", DOCUMENTS)
def test_document_says_something(name: str) -> None:
    assert len((ROOT / name).read_text(encoding="utf-8")) > 100


def test_links_lead_somewhere() -> None:
    """Links and pictures within the checkout exist."""
    broken = []
    for path in MARKDOWN:
        for target in re.findall(r"\]\(([^)\s#]+)(?:#[^)\s]*)?(?:\s+\"[^\"]*\")?\)", path.read_text(encoding="utf-8")):
            if not re.match(r"[a-z]+:", target) and not (path.parent / target).exists():
                broken.append(f"{shown(path)}: {target}")
    assert broken == []


def test_every_command_helps() -> None:
    """`--help` teaches: each command and each of its options says what it is for."""
    silent = [name for name, command in all_commands() if not (command.help or "").strip()]
    for name, command in all_commands():
        for parameter in command.params:
            said = (
                getattr(parameter, "help", None) or parameter.name == "help" or parameter.param_type_name == "argument"
            )
            if not said:
                silent.append(f"{name} --{parameter.name}")
    assert silent == []


def test_every_command_is_in_the_reference() -> None:
    written = reference()
    names = [name for name, _ in all_commands()]
    assert [name for name in names if name not in written] == []


def test_every_setting_is_in_the_reference() -> None:
    written = reference()
    names = setting_names()
    assert [f"{owner}.{name}" for owner, name in names if not re.search(rf"\b{name}\b", written)] == []


def test_glossary_owns_the_words() -> None:
    """Each term of the design is in the glossary, in both languages, once."""
    terms = re.findall(r"^\|\s*([^|]+?)\s*\|", GLOSSARY.read_text(encoding="utf-8"), re.M)
    told = [term for term in terms if term not in ("code", "not") and not set(term) <= set("-: ")]
    assert sorted({term for term in told if told.count(term) > 1}) == []


def test_no_screen_calls_a_concept_by_another_word() -> None:
    """What the glossary says is not said stands in no words of a screen and in no Vietnamese document."""
    unsaid = GLOSSARY.read_text(encoding="utf-8").split("## Not said")[1]
    words = [word.lower() for word in re.findall(r"^\|\s*([^|]+?)\s*\|", unsaid, re.M) if not set(word) <= set("-: ")]
    screens = [path for path in kept_files() if path.suffix == ".toml" and path.is_relative_to(SOURCE)]
    screens += [path for path in kept_files() if path.is_relative_to(WEB / "locale") or path.name == "keymap.ts"]
    screens += [ROOT / "README.vi.md", ROOT / "docs/tutorial/huong-dan.md", ROOT / "docs/explanation/khi-mat-mang.md"]
    said = {shown(path): path.read_text(encoding="utf-8").lower() for path in screens}
    assert len(words) > 3
    assert {f"{path}: {word}" for path, text in said.items() for word in words[1:] if word in text} == set()


def rows_named(text: str) -> set[int]:
    """The rows of the promises a text names: "row 9", "rows 1-3", "rows 8 and 11"."""
    found: set[int] = set()
    for said in ROWS_NAMED.findall(text):
        for part in re.split(r", | and ", said):
            first, _, last = part.partition("-")
            found.update(range(int(first), int(last or first) + 1))
    return found


def test_every_promise_has_a_test_that_names_it() -> None:
    """Each row's test is there and names it; nothing names a row or an invariant that is not on the page."""
    page = PROMISES.read_text(encoding="utf-8")
    promised = {int(row): path for row, path in re.findall(r"^\| (\d+) \|.*\| `([^`]+)` \|$", page, re.M)}
    assert list(promised) == list(range(1, len(promised) + 1))
    texts = {
        shown(path): path.read_text(encoding="utf-8")
        for path in kept_files()
        if path.suffix == ".py" and not path.is_relative_to(ROOT / "tests" / "house")
    }
    assert {row: path for row, path in promised.items() if row not in rows_named(texts.get(path, ""))} == {}
    assert {path for path, text in texts.items() if rows_named(text) - set(promised)} == set()
    invariants = set(re.findall(r"^\| (I\d+) \|", page, re.M))
    assert {path for path, text in texts.items() if set(re.findall(r"\bI\d+\b", text)) - invariants} == set()
