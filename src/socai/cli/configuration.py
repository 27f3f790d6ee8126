"""`socai settings`: every setting of the programs, its value, and where it was read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from socai.cli.screen import JSON_HELP, fail, print_json, table


def settings(
    folder: Annotated[Path, typer.Option("--dir", help="The program's folder, whose socai.toml is read.")] = Path("."),
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Print every setting of the programs, its value, where that was read, and what it is for.

    A setting is read once at start: from the environment, else from socai.toml in the program's folder, else its
    default. Secrets are never printed.

    Example: `SOCAI_DS_PORT=9000 socai settings --dir office-data`
    """
    from socai.cloud import settings as cloud
    from socai.dataserver import settings as dataserver
    from socai.edge.settings import SettingWrong

    rows: list[tuple[str, str, str, str, str]] = []
    try:
        for program, module in (("ds", dataserver), ("cloud", cloud)):
            _, shown = module.settings_of(folder, os.environ)
            rows += [(program, item.name, item.value, item.source, item.help) for item in shown]
    except SettingWrong as wrong:
        fail(str(wrong), 2)
    columns = ("program", "name", "value", "source", "what it is for")
    if as_json:
        print_json([dict(zip(("program", "name", "value", "source", "help"), row, strict=True)) for row in rows])
    else:
        table("Settings", columns, rows)
