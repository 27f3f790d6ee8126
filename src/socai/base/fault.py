"""A fault: something a user can cause, as a value with a code, the field it stands at, and its particulars.

Exceptions are for bugs and broken machines. The words of every code, in Vietnamese and English, with the act that
mends it and one example, live in `faults.toml` beside this file, the words of codes in parameters in `terms.toml`;
reading those two tables is the only thing here that touches a file.

In the words, `{name}` is a parameter, and a part in square brackets is left out whole when a parameter in it is
missing: "in the locked period[ up to {lock_date}]".
"""

import dataclasses
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Formatter

from socai.base.decimals import grouped

LANGUAGES = ("vi", "en")
PLACEHOLDER_MISSING = "…"
OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)
PLAIN_AMOUNT = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,10})?", re.ASCII)
AMOUNT_PARAMS = frozenset(("amount", "balance", "credit", "debit", "difference", "expected", "rate", "typed"))


@dataclass(frozen=True, slots=True)
class Fault:
    """One reason why something asked for was not done.

    `code` is SCREAMING_SNAKE and a table of `faults.toml`; `field` is the path of the input it stands at
    (`lines.3.amount`, empty for the whole); `params` fill the placeholders of the words.
    """

    code: str
    field: str = ""
    params: Mapping[str, str] = dataclasses.field(default_factory=dict)


Faults = tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class FaultWords:
    """What a person reads: what is wrong, and what to do about it."""

    sentence: str
    cure: str


@dataclass(frozen=True, slots=True)
class FaultEntry:
    """One row of the table of faults, as written."""

    code: str
    vi: str
    en: str
    cure_vi: str
    cure_en: str
    example: str


class _Forgiving(Formatter):
    """Fills `{name}` from a mapping; a name nobody gave becomes an ellipsis, for words must never fail."""

    def get_field(self, field_name: str, args: object, kwargs: Mapping[str, object]) -> tuple[object, str]:
        return kwargs.get(field_name, PLACEHOLDER_MISSING), field_name

    def format_field(self, value: object, format_spec: str) -> str:
        return str(value)

    def convert_field(self, value: object, conversion: str | None) -> object:
        return value


@cache
def fault_table() -> Mapping[str, FaultEntry]:
    """Every code with its words, in the order of the file."""
    text = files("socai.base").joinpath("faults.toml").read_text(encoding="utf-8")
    return {code: FaultEntry(code=code, **row) for code, row in tomllib.loads(text).items()}


def fault_words(fault: Fault, language: str) -> FaultWords:
    """The sentence and the cure of a fault in `language` ("vi" or "en"; anything else reads as Vietnamese).

    Never raises: a code without words is shown as itself, a missing parameter as an ellipsis.
    """
    entry = fault_table().get(fault.code)
    if entry is None:
        return FaultWords(sentence=fault.code, cure="")
    sentence, cure = (entry.en, entry.cure_en) if language == "en" else (entry.vi, entry.cure_vi)
    given: dict[str, object] = {"field": fault.field}
    given.update((name, _shown(name, value, language)) for name, value in fault.params.items())
    return FaultWords(sentence=_filled(sentence, given), cure=_filled(cure, given))


def placeholders(text: str) -> frozenset[str]:
    """The names a text wants filled."""
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name)


@cache
def _terms() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """parameter -> value -> language -> term."""
    return tomllib.loads(files("socai.base").joinpath("terms.toml").read_text(encoding="utf-8"))


def _shown(name: str, value: object, language: str) -> str:
    """A parameter as people read it: codes by their term, ISO days as 22/11/2026, amounts with thousands marks."""
    text = str(value)
    term = _terms().get(name, {}).get(text)
    if term is not None:
        return term["en" if language == "en" else "vi"]
    if day := DAY.fullmatch(text):
        return "/".join(reversed(day.groups()))
    if name in AMOUNT_PARAMS and PLAIN_AMOUNT.fullmatch(text):
        return grouped(text, language)
    return text


def _filled(text: str, given: Mapping[str, object]) -> str:
    def kept(part: re.Match[str]) -> str:
        return part.group(1) if all(given.get(name) for name in placeholders(part.group(1))) else ""

    return _Forgiving().vformat(OPTIONAL.sub(kept, text), (), given)
