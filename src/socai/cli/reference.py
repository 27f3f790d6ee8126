"""Writes the reference of commands and settings from the programs themselves: `python -m socai.cli.reference FOLDER`.

A test compares what stands in docs/reference with what this says, so the two cannot part.
"""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HEAD = "<!-- Written by `python -m socai.cli.reference docs/reference`. Change the program, not this file. -->"
PROGRAMS = {"dataserver": "`socai ds run`", "cloud": "`socai cloud run` and `socai cloud worker`"}


def pages() -> dict[str, str]:
    """Every page of the reference by its file's name."""
    return {"commands.md": "\n".join(_commands()) + "\n", "settings.md": "\n".join(_settings()) + "\n"}


def _commands() -> Iterator[str]:
    from typer.main import get_command

    from socai.cli.main import app

    yield from (HEAD, "", "# Commands", "")
    yield "`socai COMMAND --help` says the same on the screen. Every command that a program may read takes `--json`."
    yield from _command(get_command(app), "socai")


def _command(command: Any, name: str) -> Iterator[str]:
    inner: dict[str, Any] = getattr(command, "commands", {})
    if name != "socai" and (not inner or getattr(command, "invoke_without_command", False)):
        yield from _shown(command, name)
    for word, below in inner.items():
        if not below.hidden:
            yield from _command(below, f"{name} {word}")


def _shown(command: Any, name: str) -> Iterator[str]:
    parameters = [item for item in command.params if item.name != "help"]
    arguments = [item for item in parameters if item.param_type_name == "argument"]
    options = [item for item in parameters if item.param_type_name == "option"]
    usage = " ".join([name, *(_placeholder(item) for item in arguments)])
    yield from ("", f"## {name}", "", f"    {usage}{' [OPTIONS]' if options else ''}", "")
    yield inspect.cleandoc(command.help or "")
    if arguments or options:
        yield from ("", "| | | default |", "|---|---|---|")
    for item in arguments:
        yield f"| `{str(item.name).upper()}` | {item.help or ''} | |"
    for item in options:
        default = "" if item.default in (None, False, "", ()) else f"`{item.default}`"
        yield f"| `{'`, `'.join(item.opts)}` | {item.help or ''} | {default} |"


def _placeholder(argument: Any) -> str:
    """How an argument stands in a usage line."""
    return f"{str(argument.name).upper()}{'…' if argument.nargs == -1 else ''}"


def _settings() -> Iterator[str]:
    from importlib import import_module

    yield from (HEAD, "", "# Settings", "")
    yield "Each is read once, when its program starts: from the environment, else from `socai.toml` in the program's"
    yield "folder, else its default. `socai settings` prints the values in force and where each was read."
    for room, programs in PROGRAMS.items():
        module = import_module(f"socai.{room}.settings")
        kind = next(
            item
            for item in vars(module).values()
            if dataclasses.is_dataclass(item) and item.__module__ == module.__name__
        )
        yield from ("", f"## {programs}", "", "| setting | variable | default | what it is for |", "|---|---|---|---|")
        for item in dataclasses.fields(kind):
            variable = module.PREFIX + item.name.upper()
            yield f"| `{item.name}` | `{variable}` | `{item.default}` | {item.metadata['help']} |"


def main() -> None:
    """Write the pages into the folder named on the command line."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
