"""`socai ds …`: run a data server, make it known to a cloud, and look after its files."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import typer

from socai.cli.screen import JSON_HELP, fail, print_json, table

app = typer.Typer(no_args_is_help=True, help="Run an office's data server, and look after its files.")

Folder = Annotated[Path, typer.Option("--dir", help="The data server's folder: office.db and one folder a company.")]
Json = Annotated[bool, typer.Option("--json", help=JSON_HELP)]


@app.command()
def run(
    folder: Folder,
    port: Annotated[int | None, typer.Option(help="The port browsers of the office open; else the setting.")] = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on; else the setting.")] = None,
) -> None:
    """Serve the office until Ctrl+C: the web client, saving, syncing.

    Settings come from socai.toml in the folder and from SOCAI_DS_… variables; see `socai settings`.

    Example: `socai ds run --dir office-data --port 8800`
    """
    from socai.dataserver.office import OfficeBusy
    from socai.dataserver.run import run as serve
    from socai.dataserver.store.file import FileDamaged
    from socai.edge.settings import SettingWrong

    try:
        serve(folder, port, host)
    except (OfficeBusy, SettingWrong) as refused:
        fail(str(refused))
    except FileDamaged as damaged:
        fail(f"Damaged, and therefore not served: {damaged}. Nothing was changed. See: socai ds restore --help")


@app.command()
def enrol(
    folder: Folder,
    cloud: Annotated[str, typer.Option(help="Address of the cloud.")],
    code: Annotated[str, typer.Option(help="The one-time code that `socai cloud enrol-code` showed.")],
    name: Annotated[str, typer.Option(help="What the cloud calls this data server.")] = "",
) -> None:
    """Make this data server known to a company's cloud. It must not be running meanwhile.

    Example: `socai ds enrol --dir office-data --cloud http://127.0.0.1:8700 --code minhphat.ABCD-EFGH-JKLM-NPQR`
    """
    from socai.dataserver.office import OfficeBusy
    from socai.edge.client import CloudRefused, CloudUnreachable
    from socai.lab.office import enrol_folder

    try:
        tenant = enrol_folder(folder, cloud, code, name)
    except OfficeBusy as busy:
        fail(f"{busy}. Stop it first.")
    except CloudRefused as refused:
        fail(f"The cloud refused: {refused}")
    except CloudUnreachable:
        fail(f"Nothing answers at {cloud}.")
    typer.echo(f"This office now keeps {tenant}. Start it with: socai ds run --dir {folder}")


@app.command()
def status(folder: Folder, as_json: Json = False) -> None:
    """Tell, per company, what waits to be sent, what was refused, and how fresh the books are.

    Reads the files; the data server may be running or not.

    Example: `socai ds status --dir office-data --json`
    """
    from socai.lab.office_state import office_state

    found = [dataclasses.asdict(item) for item in office_state(folder)]
    _told(folder, "Office", found, as_json)


@app.command()
def backup(
    folder: Folder,
    target: Annotated[Path, typer.Argument(help="A folder to write the copies into; made where it is missing.")],
) -> None:
    """Copy every file of the office, consistently, while it may be running.

    A damaged file is told and never takes the place of an earlier good copy. `socai ds restore` puts copies back.

    Example: `socai ds backup --dir office-data /media/usb/office`
    """
    from socai.dataserver.store.file import StorageFailed
    from socai.lab.office_state import copy_office

    try:
        for copied, size in copy_office(folder, target):
            typer.echo(f"{copied}: {size:,} bytes")
    except StorageFailed as failed:
        fail(f"Damaged, and therefore not copied: {failed}")


@app.command()
def check(folder: Folder, as_json: Json = False) -> None:
    """Read every file of the office whole and tell whether it holds together. Fails where one does not.

    Looks at the structure of the file, the chain of its audit, and every invariant of a replica. The data server may
    be running or not.

    Example: `socai ds check --dir office-data`
    """
    from socai.lab.office_state import check_office

    found = [dataclasses.asdict(item) for item in check_office(folder)]
    _told(folder, "Files", found, as_json)
    if not all(item["ok"] for item in found):
        raise typer.Exit(1)


@app.command()
def restore(
    folder: Folder,
    backup: Annotated[Path, typer.Argument(help="The folder that `socai ds backup` wrote.")],
) -> None:
    """Put copies of a backup in the place of damaged files. The data server must not be running.

    Damaged files are kept beside, under another name. The cloud notices a restored file at the next sync: it goes on
    under a new epoch, gets what it lacks, and nothing is sent twice. What was saved after the backup and never sent
    is only in the damaged file.

    Example: `socai ds restore --dir office-data /media/usb/office`
    """
    from datetime import UTC, datetime

    from socai.dataserver.office import OfficeBusy, held
    from socai.dataserver.store.file import StorageFailed
    from socai.lab.office_state import restore_office

    restored = 0
    try:
        with held(folder):
            for name, aside in restore_office(folder, backup, datetime.now(UTC).strftime("%Y%m%dT%H%M%S")):
                typer.echo(f"{name}: restored; the damaged file is kept as {aside}")
                restored += 1
    except OfficeBusy as busy:
        fail(f"{busy}. Stop it first.")
    except StorageFailed as failed:
        fail(f"Nothing was restored: {failed}")
    if not restored:
        typer.echo("No file is damaged; nothing was changed.")


def _told(folder: Path, title: str, found: list[dict[str, Any]], as_json: bool) -> None:
    """One line for each company of the folder; without any, how to get one."""
    if not found:
        fail(f"{folder} keeps no company. See: socai ds enrol --help")
    if as_json:
        for item in found:
            print_json(item)
    else:
        table(title, tuple(found[0]), [tuple(item.values()) for item in found])
