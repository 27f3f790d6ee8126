"""Running the cloud's API: the database found or started, its schema raised, the port opened."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from socai.cloud.http.api import Api
from socai.cloud.http.app import cloud_application
from socai.cloud.http.worker import worker_application
from socai.cloud.store.migration import migrate
from socai.cloud.store.operator import OperatorStore
from socai.cloud.store.postgres import PostgresStore
from socai.cloud.store.wake import Waker
from socai.cloud.worker import Figures, run_worker
from socai.edge.memory import GARBAGE_YOUNG_BULK, spare_the_collector
from socai.edge.postgres import EmbeddedPostgres
from socai.edge.serving import Address, Serving, serve
from socai.registry import voucher_types

POSTGRES_FOLDER = "postgres"
SWITCH_SECONDS = 0.001  # how long a thread that reads a backlog keeps one that serves a save from going on


@contextmanager
def database_at(folder: Path | None, database: str = "") -> Iterator[str]:
    """The dsn of an up-to-date database: the one at `database`, or the carried PostgreSQL in `folder`.

    A server that this process started stops when the block ends; one that was running stays.
    """
    if database:
        migrate(database)
        yield database
        return
    if folder is None:
        raise ValueError("a folder is needed where no database is given")
    with EmbeddedPostgres(folder / POSTGRES_FOLDER) as server:
        migrate(server.dsn())
        yield server.dsn()


def api_on(database: str, operator_token: str = "") -> Api:
    """The API's shared things over a database; to be closed."""
    specs = {code: found.spec for code, found in voucher_types().items()}
    return Api(PostgresStore(database), specs, OperatorStore(database), operator_token, Waker(database))


def run(
    folder: Path | None,
    port: int,
    database: str = "",
    host: str = "127.0.0.1",
    on_ready: Callable[[], None] = lambda: None,
    operator_token: str = "",
) -> None:
    """Serve until SIGTERM or SIGINT."""
    sys.setswitchinterval(SWITCH_SECONDS)
    with database_at(folder, database) as dsn:
        api = api_on(dsn, operator_token)
        application = cloud_application(api)
        spare_the_collector(GARBAGE_YOUNG_BULK)
        try:
            serve(application, Address(host, port), on_ready=on_ready, on_stop=api.watch.close)
        finally:
            api.close()


@contextmanager
def serving(database: str, port: int = 0, host: str = "127.0.0.1") -> Iterator[str]:
    """The API in threads of this process, for a program that does something beside it; gives its address."""
    api = api_on(database)
    try:
        with Serving(cloud_application(api), Address(host, port), on_stop=api.watch.close) as running:
            yield running.address.url
    finally:
        api.close()


def work(folder: Path | None, database: str, stop: threading.Event, address: Address | None = None) -> None:
    """Be a worker until `stop` is set; where an `address` is given, its health and figures are told there."""
    figures = Figures()
    with database_at(folder, database) as dsn, contextlib.ExitStack() as stack:
        if address is not None:
            stack.enter_context(Serving(worker_application(figures), address))
        run_worker(dsn, stop, figures=figures)
