"""Running a data server: the office opened, its agents started, its address served, all closed again at the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from socai import __version__
from socai.dataserver.clock import Clock
from socai.dataserver.desk import Desk
from socai.dataserver.http.app import make_app
from socai.dataserver.http.event import Hub
from socai.dataserver.http.seat import COOKIE, Rim
from socai.dataserver.office import Office
from socai.dataserver.settings import DataServerSettings, settings_of
from socai.dataserver.views.sync import SyncView, rounds_view, sync_view
from socai.edge import log
from socai.edge.memory import spare_the_collector
from socai.edge.serving import Address, Serving, free_port, serve

LOOPBACK = frozenset(("127.0.0.1", "::1", "localhost"))

_log = log.logger("dataserver")


def rim_over(office: Office, port: int, secure: bool = False) -> Rim:
    """What the handlers share over an open office. The cookie carries the port: browsers keep cookies by host alone,
    and two data servers may stand on one machine."""

    def desk_of(code: str) -> Desk | None:
        books = office.tenant(code)
        return books.desk if books is not None else None

    def sync_of(code: str) -> SyncView | None:
        books = office.tenant(code)
        return sync_view(books) if books is not None else None

    def round_of(code: str) -> object:
        books = office.tenant(code)
        return rounds_view(books) if books is not None else {}

    hub = Hub(desk_of, sync_of, round_of)
    office.listen(hub.tell, hub.watches)
    return Rim(office, office.people, hub, __version__, f"{COOKIE}_{port}", secure)


def run(
    folder: Path,
    port: int | None = None,
    host: str | None = None,
    on_ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve the office in `folder` until SIGTERM or SIGINT. Port and host win over the settings.

    Raises OfficeBusy where another process serves it, and SettingWrong for settings that cannot be used.
    """
    settings, _ = settings_of(folder, os.environ)
    log.configure(settings.log_level)
    address = _address(settings, port, host)
    if address.certificate is None and address.host not in LOOPBACK:
        _log.warning(
            "passwords travel unprotected: give a certificate, or listen on this machine only", host=address.host
        )
    with Office(folder, poll_seconds=settings.poll_seconds) as office:
        rim = rim_over(office, address.port, secure=address.certificate is not None)
        app = make_app(rim, known_origins=[item for item in settings.known_origins.split(",") if item])
        office.start()
        spare_the_collector()
        serve(app, address, on_ready=on_ready, on_stop=rim.hub.close)


def _address(settings: DataServerSettings, port: int | None, host: str | None) -> Address:
    return Address(
        host or settings.host,
        settings.port if port is None else port or free_port(),
        Path(settings.certificate) if settings.certificate else None,
        Path(settings.key) if settings.key else None,
    )


@contextmanager
def serving(
    folder: Path, port: int = 0, host: str = "127.0.0.1", clock: Clock | None = None
) -> Iterator[tuple[Office, str]]:
    """The same in threads of this process, for a program that does something beside it; gives office and address."""
    with Office(folder, clock=clock) as office:
        address = Address(host, port or free_port(host))
        rim = rim_over(office, address.port)
        office.start()
        with Serving(make_app(rim), address, rim.hub.close) as found:
            yield office, found.address.url
