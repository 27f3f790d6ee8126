"""One settings object per program: a frozen dataclass read once at start from a TOML file and the environment.

The program's own dataclass stands in a `settings.py` of its room; each field has its sentence in `setting(...)`. The
environment wins over the file, the file over the default. Nothing below the program's entry reads either.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

T = TypeVar("T")

HIDDEN = "••••"
TRUE, FALSE = frozenset(("1", "true", "yes", "on")), frozenset(("0", "false", "no", "off"))


class SettingWrong(Exception):
    """A setting that cannot be used: which one, where it was read, and what was expected."""


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """One setting as the `settings` command prints it; `source` is default, the file's path or the variable's name."""

    name: str
    value: str
    source: str
    help: str


def setting(default: Any, help: str, secret: bool = False) -> Any:
    """A field of a settings dataclass with its sentence; a `secret` is never printed."""
    return dataclasses.field(default=default, metadata={"help": help, "secret": secret})


def read(kind: type[T], file: Path | None, environment: Mapping[str, str], prefix: str) -> tuple[T, tuple[Shown, ...]]:
    """The settings and where each came from. Variables are `prefix` + the name in capitals (SOCAI_DS_PORT).

    Raises SettingWrong for an unreadable file, an unknown name in it, or a value of the wrong kind.
    """
    written = _file(file)
    fields = dataclasses.fields(kind)  # type: ignore[arg-type]
    unknown = sorted(set(written) - {field.name for field in fields})
    if unknown:
        raise SettingWrong(f"{file}: no setting is called {', '.join(unknown)}")
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    shown = []
    for field in fields:
        variable = prefix + field.name.upper()
        value: Any
        if variable in environment:
            value, source = environment[variable], variable
        elif field.name in written:
            value, source = written[field.name], str(file)
        else:
            value, source = field.default, "default"
        values[field.name] = value = _value(hints[field.name], value, field.name, source)
        visible = HIDDEN if field.metadata.get("secret") and value else str(value)
        shown.append(Shown(field.name, visible, source, str(field.metadata.get("help", ""))))
    return kind(**values), tuple(shown)


def _file(file: Path | None) -> Mapping[str, Any]:
    if file is None or not file.is_file():
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingWrong(f"{file}: {error}") from error


def _value(kind: Any, value: Any, name: str, source: str) -> Any:
    """The value in the field's own kind; text from the environment is read, values from a file must already fit."""
    wrong = SettingWrong(f"{name} ({source}): {kind.__name__} expected, not {value!r}")
    if kind is bool and isinstance(value, str):
        if value.lower() not in TRUE | FALSE:
            raise wrong
        return value.lower() in TRUE
    if kind in (int, float) and (isinstance(value, str) or (kind is float and type(value) is int)):
        try:
            return kind(value)
        except ValueError as error:
            raise wrong from error
    if type(value) is not kind:
        raise wrong
    return value
