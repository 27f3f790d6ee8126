"""What commands show: tables and progress for people on the error stream, JSON for programs on the output."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import typer

JSON_HELP = "Print JSON for a program instead of text for a person."


def print_json(value: Any) -> None:
    """One JSON value on a line of its own."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def fail(message: str, status: int = 1) -> NoReturn:
    """End the command with a sentence on the error stream."""
    typer.secho(message, err=True, fg=typer.colors.RED)
    raise typer.Exit(status)


def program() -> str:
    """What a person types in this folder to call this program: the shortest that works."""
    here = Path(sys.argv[0]).absolute()
    if here.name != "socai":
        return "socai"
    found = shutil.which("socai")
    if found and Path(found).resolve() == here.resolve():
        return "socai"
    return str(here.relative_to(Path.cwd())) if here.is_relative_to(Path.cwd()) else str(here)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table for people."""
    from rich.console import Console
    from rich.table import Table

    shown = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*(str(cell) for cell in row))
    Console().print(shown)


def figures(title: str, values: dict[str, Any]) -> None:
    """Names and values for people."""
    table(
        title,
        ("figure", "value"),
        [(name, f"{value:,}" if _counted(value) else value) for name, value in values.items()],
    )


def _counted(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


@contextlib.contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """Bars on the error stream: call it with what is being done, how much is done, and of how much."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        known: dict[str, Any] = {}

        def told(what: str, done: int, of: int) -> None:
            if what not in known:
                known[what] = bars.add_task(what, total=of)
            bars.update(known[what], completed=done, total=of)

        yield told


@contextlib.contextmanager
def working(what: str) -> Iterator[None]:
    """A sign of life on the error stream while something of unknown length goes on."""
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield
