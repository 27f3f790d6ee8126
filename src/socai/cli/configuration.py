"""`socai settings`: every setting of both programs, its value, and where it was read."""

from __future__ import annotations

from typing import Annotated

import typer

from socai.cli.screen import JSON_HELP, print_json, table


def settings(as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False) -> None:
    """Print every setting of the programs, its value, where that was read, and what it is for.

    A setting is read once at start: from the environment (SOCAI_…), else from the program's TOML file, else its
    default.

    Example: `SOCAI_DS_PORT=9000 socai settings`
    """
    rows: list[tuple[str, str, str, str]] = []
    if as_json:
        print_json([dict(zip(("name", "value", "source", "help"), row, strict=True)) for row in rows])
    else:
        table("Settings", ("name", "value", "source", "what it is for"), rows)
