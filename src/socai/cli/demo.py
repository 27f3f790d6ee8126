"""`socai demo`: the whole product on this machine, with a sample company in it."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer

from socai.cli.screen import JSON_HELP, fail, figures, print_json, program, progress, table, working

FOLDER = Path("demo-data")
Folder = Annotated[Path, typer.Option("--dir", help="The folder the demo lives in; it is made, and kept afterwards.")]

app = typer.Typer(invoke_without_command=True, no_args_is_help=False, rich_markup_mode="markdown")


@app.callback()
def demo(
    context: typer.Context,
    folder: Folder = FOLDER,
    fresh: Annotated[bool, typer.Option("--fresh", help="Throw away what the folder holds and load anew.")] = False,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="Boot on free ports, try the whole way once, and end.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Run a cloud, a worker and two offices (Hà Nội, TP.HCM) of a sample company on this machine.

    The first start loads about a year of vouchers; later ones begin where the last ended. Open the printed addresses in
    a browser and log in as anybody in the table. Ctrl+C stops everything; nothing is lost.

    Examples: `socai demo`, `socai demo --fresh`, `socai demo --smoke --json`
    """
    if context.invoked_subcommand is not None:
        context.obj = folder
        return
    if smoke:
        _smoke(as_json)
    else:
        _run(folder, fresh)


def _smoke(as_json: bool) -> None:
    from socai.lab import smoke

    try:
        with working("smoke: booting the cloud and two offices"):
            found = smoke.run()
    except Exception as error:
        found = {"ok": False, "error": f"{type(error).__name__}: {error}"}
    if as_json:
        print_json(found)
    else:
        figures("Smoke", found)
    if not found["ok"]:
        raise typer.Exit(1)


def _run(folder: Path, fresh: bool) -> None:
    from datetime import datetime

    from socai.lab import demo as lab
    from socai.lab.program import ProgramFailed

    def ended(number: int, _: object) -> None:
        raise KeyboardInterrupt(signal.Signals(number).name)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ended)
    try:
        with progress() as told:
            opened = lab.running(folder, fresh=fresh, today=datetime.now().astimezone().date(), told=told)
            running = opened.__enter__()
        try:
            _show(running, folder)
            signal.pause()
        finally:
            typer.echo("Stopping …", err=True)
            opened.__exit__(None, None, None)
    except KeyboardInterrupt:
        typer.echo("The demo has stopped; its data are in " + str(folder), err=True)
    except lab.FolderNotOurs:
        fail(f"{folder} holds something that is no demo. Choose another folder with --dir.")
    except (OSError, ProgramFailed) as error:
        fail(f"The demo could not start: {error}. Another demo may be running; --dir DIR --fresh begins one elsewhere.")


def _show(running: object, folder: Path) -> None:
    from socai.lab.demo import Demo

    assert isinstance(running, Demo)
    full, empty = running.companies()
    table("Sổ Cái demo", ("open", "address"), running.addresses())
    table("Log in as", ("login", "password", "name", "role"), running.logins())
    called = f"{program()} demo" + ("" if folder == FOLDER else f" --dir {folder}")
    typer.echo(f"Companies: {full} ({running.vouchers:,} vouchers) and {empty} (empty, for admin in Hà Nội to set up).")
    typer.echo(f"Cut an office's line, from another terminal: {called} link off hcm")
    typer.echo(f"Mend it:                                     {called} link on hcm")
    typer.echo("Ctrl+C stops everything; the data stay.")


@app.command()
def link(
    context: typer.Context,
    state: Annotated[str, typer.Argument(help="off cuts the line between the office and the cloud, on mends it.")],
    office: Annotated[str, typer.Argument(help="hanoi (Hà Nội, HN) or hcm (TP.HCM, Sài Gòn).")],
) -> None:
    """Cut or mend an office's line in the running demo.

    Example: `socai demo link off hanoi`, then save a voucher in Hà Nội, then `socai demo link on hanoi`
    """
    from socai.lab.control import NotRunning
    from socai.lab.demo import OfficeUnknown, office_called, set_link
    from socai.lab.sample import OFFICES

    if state not in ("on", "off"):
        fail("Say on or off: socai demo link off hanoi", 2)
    folder = context.obj if isinstance(context.obj, Path) else FOLDER
    try:
        chosen = office_called(office)
        set_link(folder, chosen, state == "on")
    except OfficeUnknown:
        fail(f"No office is called {office}. There are: {', '.join(OFFICES)}", 2)
    except NotRunning:
        fail(f"No demo runs in {folder}. Start one with: {program()} demo")
    typer.echo(f"The line of {OFFICES[chosen]} is {'whole' if state == 'on' else 'cut'}.")
