"""The whole system in one process, none of it pretended: PostgreSQL, the cloud's API and worker, offices on real files.

Lines to the offices can be cut: each has its own address, served by a forwarder that can be closed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from socai.cloud.enrol import make_code
from socai.cloud.http.api import Api
from socai.cloud.people import PersonWish, add_user
from socai.cloud.run import api_on, cloud_application
from socai.cloud.store.migration import migrate
from socai.cloud.store.port import CloudStore
from socai.cloud.store.row import TenantRef
from socai.cloud.tenant import create_tenant
from socai.cloud.worker import run_worker
from socai.core import life
from socai.dataserver.acts.save import Request
from socai.dataserver.books import Books
from socai.dataserver.desk import Refused, Saved
from socai.dataserver.office import Office
from socai.dataserver.store import voucher
from socai.edge.serving import Address, Serving
from socai.lab.line import Line
from socai.sync.grant import Grant
from support.desk import COMPANY, ident, journal

PATIENCE_SECONDS = 120.0  # a busy machine is slow; a lost voucher stays lost
CHIEF = Grant("chief", "admin")


def until(condition: Callable[[], Any], what: str = "", seconds: float = PATIENCE_SECONDS) -> Any:
    """Wait until a condition holds; what it gave."""
    end = time.monotonic() + seconds
    pause = threading.Event()
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"never came true: {what or condition}")
        pause.wait(0.02)


@dataclass
class Place:
    """One office with its line to the cloud."""

    office: Office
    line: Line
    books: Books

    def save(self, body: dict[str, Any], voucher_id: str = "", revision: int = 0, **more: Any) -> Saved | Refused:
        return self.books.save_voucher(CHIEF, Request(ident(), voucher_id or ident(), revision, body, **more))

    def status(self, voucher_id: str, book: str = "financial") -> Any:
        with self.books.read() as db:
            head = voucher.load(db, voucher_id)
            return life.status(self.books.facts(db, [head])[voucher_id], book) if head is not None else None

    def is_posted(self, voucher_id: str) -> bool:
        found = self.status(voucher_id)
        return found is not None and (found.sync, found.book) == ("synced", "posted")


@dataclass
class System:
    """Everything running."""

    dsn: str
    port: int
    ref: TenantRef
    make_code: Callable[[list[str]], str]
    stack: ExitStack
    api: Api
    places: dict[str, Place] = field(default_factory=dict)

    def open(self, folder: Path, name: str, branches: list[str] | None = None, port: int = 0) -> Place:
        """An office: enrolled the first time, opened again after that, at the `port` its line had in another run."""
        line = self.stack.enter_context(Line(self.port, port))
        office = Office(folder, poll_seconds=2)
        if not office.enrolments():
            office.enrol(line.address, self.make_code(branches or []), name)
        office.start()
        place = Place(office, line, office.tenants()[0])
        self.places[name] = place
        return place


@contextmanager
def cloud_store(dsn: str) -> Iterator[CloudStore]:
    """The cloud's store alone, for what an operator does while nothing runs."""
    api = api_on(dsn)
    try:
        yield api.store
    finally:
        api.close()


@contextmanager
def running(dsn: str, *, worker: bool = True, behind_max: int = 0) -> Iterator[System]:
    """A cloud with one tenant and its chief; the company's catalogs are for the first office to make."""
    migrate(dsn)
    with ExitStack() as stack:
        api = api_on(dsn)
        stack.callback(api.close)
        api.feeder.behind_max = behind_max or api.feeder.behind_max
        serving = stack.enter_context(Serving(cloud_application(api), Address(), on_stop=api.watch.close))
        ref = api.store.find_tenant("minhphat") or create_tenant(api.store, "minhphat", "Công ty Minh Phát")
        assert isinstance(ref, TenantRef)
        add_user(api.store, ref, PersonWish(user="chief", name="Chief", role="admin", password="Minh-Phat-2026"))
        add_user(api.store, ref, PersonWish(user="clerk", name="Clerk", role="accountant", password="Minh-Phat-2026"))
        if worker:
            stop = threading.Event()
            thread = threading.Thread(target=run_worker, args=(dsn, stop), daemon=True)
            thread.start()
            stack.callback(thread.join, 10)
            stack.callback(stop.set)
        port = serving.address.port
        system = System(dsn, port, ref, lambda branches: make_code(api.store, ref, "", branches), stack, api)
        try:
            yield system
        finally:
            for place in system.places.values():
                place.office.close()


def make_company(place: Place) -> None:
    """The sample company's catalogs, entered at an office."""
    for kind, key, body in COMPANY:
        found = place.books.save_entry(CHIEF, ident(), kind, key, 0, body)
        assert isinstance(found, Saved), found


__all__ = ["CHIEF", "Place", "System", "cloud_store", "journal", "make_company", "running", "until"]
