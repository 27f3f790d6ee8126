"""`socai cloud …`: run the origin, and look after its tenants, people and machines."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from socai.cli.screen import JSON_HELP, fail, figures, print_json, table

if TYPE_CHECKING:
    from socai.base.fault import Fault
    from socai.cloud.settings import CloudSettings
    from socai.cloud.store.postgres import PostgresStore
    from socai.cloud.store.row import TenantRef

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, help="Run the cloud, and look after its companies, people and data servers.")
tenant_app = typer.Typer(no_args_is_help=True, help="Companies (tenants) of the cloud.")
user_app = typer.Typer(no_args_is_help=True, help="People of a company.")
app.add_typer(tenant_app, name="tenant")
app.add_typer(user_app, name="user")

Folder = Annotated[
    Path | None, typer.Option("--dir", help="Folder of the carried PostgreSQL; made at the first start.")
]
Database = Annotated[
    str, typer.Option("--database", help="Address of another PostgreSQL (15 or newer) instead of --dir.")
]
Code = Annotated[str, typer.Argument(help="The company's code: small letters, digits, hyphens.")]
Json = Annotated[bool, typer.Option("--json", help=JSON_HELP)]
PASSWORD_VARIABLE = "SOCAI_PASSWORD"


@app.command()
def run(
    folder: Folder = None,
    database: Database = "",
    port: Annotated[int | None, typer.Option(help="The port data servers reach; else the setting.")] = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on; else the setting.")] = None,
) -> None:
    """Serve the API that data servers sync with, until Ctrl+C. Any number of them may run on one database.

    Settings come from socai.toml in the folder and from SOCAI_CLOUD_… variables; see `socai settings`.

    Example: `socai cloud run --dir cloud-data`, and beside it `socai cloud worker --dir cloud-data`
    """
    from socai.cloud.run import run as serve

    settings = _settings(folder)
    address = _address(settings, folder, database)
    number = settings.port if port is None else port
    serve(folder, number, address, host or settings.host, operator_token=settings.operator_token)


@app.command()
def worker(
    folder: Folder = None,
    database: Database = "",
    port: Annotated[int | None, typer.Option(help="Tell health and figures on this port; else the setting.")] = None,
) -> None:
    """Post what waits in the lanes, until Ctrl+C. Any number of workers may run.

    With a port, /healthz, /readyz and /metrics answer there, at the address the API listens on.

    Example: `socai cloud worker --dir cloud-data --port 8701`
    """
    from socai.cloud.run import work
    from socai.edge.serving import Address

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settings = _settings(folder)
    wanted = settings.worker_port if port is None else port
    work(folder, _address(settings, folder, database), stop, Address(settings.host, wanted) if wanted else None)


@tenant_app.command("add")
def tenant_add(
    code: Code,
    name: Annotated[str, typer.Argument(help="The company's name.")],
    folder: Folder = None,
    database: Database = "",
) -> None:
    """Make a company.

    Example: `socai cloud tenant add minhphat "Công ty TNHH Minh Phát" --dir cloud-data`
    """
    from socai.cloud.tenant import create_tenant

    with _store(folder, database) as store:
        passed(create_tenant(store, code, name))
    typer.echo(f"Made {code}. Next: socai cloud user add {code} LOGIN, then socai cloud enrol-code {code}")


@tenant_app.command("list")
def tenant_list(folder: Folder = None, database: Database = "", as_json: Json = False) -> None:
    """List the companies.

    Example: `socai cloud tenant list --dir cloud-data`
    """
    with _store(folder, database) as store:
        rows = [store.tenant(ref) for ref in store.tenants()]
    if as_json:
        for row in rows:
            print_json({"code": row.ref.code, "name": row.name, "seq": row.seq, "active": row.active})
    else:
        table("Companies", ("code", "name", "changes"), [(row.ref.code, row.name, row.seq) for row in rows])


@user_app.command("add")
def user_add(
    code: Code,
    login: Annotated[str, typer.Argument(help="What the person types to log in.")],
    name: Annotated[str, typer.Option(help="The person's name.")] = "",
    role: Annotated[str, typer.Option(help="admin, chief_accountant or accountant.")] = "accountant",
    branch: Annotated[list[str] | None, typer.Option(help="Id of a branch the person may see; none: all.")] = None,
    folder: Folder = None,
    database: Database = "",
) -> None:
    """Add a person, or change one. The password is asked for, or taken from SOCAI_PASSWORD.

    Example: `socai cloud user add minhphat lan --name "Lê Thị Lan" --role accountant --dir cloud-data`
    """
    from socai.cloud.people import PersonWish, add_user

    password = os.environ.get(PASSWORD_VARIABLE) or typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    with _store(folder, database) as store:
        wish = PersonWish(login, name or login, role, branch or [], True, password)
        passed(add_user(store, _tenant(store, code), wish))
    typer.echo(f"{login} may log in to {code} as {role}.")


@app.command("enrol-code")
def enrol_code(
    code: Code,
    office: Annotated[str, typer.Option(help="What the data server is called.")] = "",
    branch: Annotated[list[str] | None, typer.Option(help="Id of a branch the office keeps; none: all.")] = None,
    folder: Folder = None,
    database: Database = "",
) -> None:
    """Show a one-time code that makes a data server known.

    Example: `socai cloud enrol-code minhphat --office "Hà Nội" --dir cloud-data`
    """
    from socai.cloud.enrol import make_code

    with _store(folder, database) as store:
        typer.echo(make_code(store, _tenant(store, code), office, branch or []))


@app.command()
def status(folder: Folder = None, database: Database = "", as_json: Json = False) -> None:
    """Tell what the cloud holds, what waits to be posted, and which data servers and programs there are.

    Example: `socai cloud status --dir cloud-data --json`
    """
    from socai.cloud.run import database_at
    from socai.lab.cloud_state import cloud_state, lanes_and_machines

    with database_at(folder, _address(_settings(folder), folder, database)) as dsn:
        found, more = cloud_state(dsn), lanes_and_machines(dsn)
    if as_json:
        print_json(found | more)
        return
    figures("Cloud", found)
    for title, rows in more.items():
        if rows:
            table(title.replace("_", " ").capitalize(), tuple(rows[0]), [tuple(row.values()) for row in rows])


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write (pg_dump's custom format).")],
    folder: Folder = None,
    database: Database = "",
) -> None:
    """Write a backup of the whole cloud while it runs.

    Restore it into an empty database with pg_restore, then run `socai cloud restored`: data servers will then send
    again what the backup lacks.

    Example: `socai cloud backup cloud.dump --dir cloud-data`
    """
    import subprocess

    from socai.cloud.run import database_at
    from socai.edge.postgres import binaries

    with database_at(folder, _address(_settings(folder), folder, database)) as dsn:
        part = file.with_name(file.name + ".part")
        command = [str(binaries() / "pg_dump"), "--format=custom", f"--file={part}", f"--dbname={dsn}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        part.unlink(missing_ok=True)
        fail(f"The backup failed: {done.stderr.strip()}")
    part.replace(file)
    typer.echo(f"{file}: {file.stat().st_size:,} bytes")


@app.command()
def restored(folder: Folder = None, database: Database = "") -> None:
    """Begin new timelines, once, after the database was restored from a backup.

    Every data server then compares what it has sent with what the cloud still knows, and sends the rest again.

    Example: `socai cloud restored --database postgresql://…`
    """
    from socai.cloud.tenant import begin_timelines

    with _store(folder, database) as store:
        typer.echo(f"New timelines for {begin_timelines(store)} companies.")


# --- parts


@contextlib.contextmanager
def _store(folder: Path | None, database: str) -> Iterator[PostgresStore]:
    from socai.cloud.run import database_at
    from socai.cloud.store.postgres import PostgresStore

    with database_at(folder, _address(_settings(folder), folder, database)) as dsn:
        store = PostgresStore(dsn)
        try:
            yield store
        finally:
            store.close()


def _tenant(store: PostgresStore, code: str) -> TenantRef:
    return store.find_tenant(code) or fail(f"There is no company {code}. See: socai cloud tenant list", 2)


def _settings(folder: Path | None) -> CloudSettings:
    """The settings in force, with the log begun as they say."""
    from socai.cloud.settings import settings_of
    from socai.edge import log
    from socai.edge.settings import SettingWrong

    try:
        settings, _ = settings_of(folder, os.environ)
    except SettingWrong as wrong:
        fail(str(wrong), 2)
    log.configure(settings.log_level)
    return settings


def _address(settings: CloudSettings, folder: Path | None, database: str) -> str:
    """The database's address, empty for the carried one in the folder."""
    address = database or settings.database
    if folder is None and not address:
        fail("Say where the cloud's data are: --dir FOLDER, or --database ADDRESS.", 2)
    return address


def passed(found: T | Fault) -> T:
    """A result; a fault ends the command with its sentence and cure."""
    from socai.base.fault import Fault, fault_words

    if isinstance(found, Fault):
        words = fault_words(found, "en")
        fail(f"{words.sentence} {words.cure} ({found.code} {found.field})".rstrip())
    return found
