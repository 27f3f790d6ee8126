"""The office: the folder of a data server, its tenants, its people. What the rim opens first and closes last.

`DIR/office.db` knows enrolments, people and sessions; `DIR/<tenant>/replica.db` holds one tenant's everything. One
process at a time: the folder is locked.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from socai.base.ident import RANDOM_BYTES, make_ident
from socai.dataserver.books import Books
from socai.dataserver.clock import Clock, SystemClock
from socai.dataserver.desk import Listener
from socai.dataserver.people import People
from socai.dataserver.store import enrolment
from socai.dataserver.store.enrolment import Enrolment
from socai.dataserver.store.replica import Replica
from socai.edge.client import CloudClient, CloudRefused, CloudUnreachable
from socai.edge.memory import give_back
from socai.edge.reader import make_readers
from socai.edge.signature import new_key
from socai.sync.message import POLL_SECONDS_MAX
from socai.sync.message import People as PeopleMessage

OFFICE_FILE = "office.db"
LOCK_FILE = "office.lock"
SWITCH_SECONDS = 0.0005
"""How long a busy thread keeps the interpreter: the writer comes back from each statement sooner than by default."""
TIDY_SECONDS = 30.0


class OfficeBusy(Exception):
    """Another process serves this folder."""


class Office:
    """All of one data server, without HTTP."""

    def __init__(self, folder: Path | str, *, clock: Clock | None = None, poll_seconds: int = POLL_SECONDS_MAX) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock_file = _locked(self.folder / LOCK_FILE)
        self.clock = clock or SystemClock()
        try:
            self.file = Replica(self.folder / OFFICE_FILE, kind="office")
        except BaseException:
            os.close(self._lock_file)
            raise
        self.people = People(self.file, self.clock)
        self._poll_seconds = poll_seconds
        self._listeners: list[Listener] = []
        self._watches: list[Callable[[str], bool]] = []
        self._books: dict[str, Books] = {}
        self._lock = threading.Lock()
        self._started = False
        self._end = threading.Event()
        try:
            for found in self.enrolments():
                self._open(found)
        except BaseException:
            self.close()  # a damaged file among them: the folder is let go as it was found
            raise

    def _open(self, found: Enrolment) -> Books:
        def on_people(message: PeopleMessage) -> None:
            self.people.put(found.tenant, message.people)

        def tell(*change: str) -> None:
            for listener in self._listeners:
                listener(*change)

        books = Books(
            self.folder / found.tenant,
            found,
            clock=self.clock,
            on_people=on_people,
            listeners=[tell],
            poll_seconds=self._poll_seconds,
        )
        books.desk.watched = lambda: any(watches(found.tenant) for watches in self._watches)
        with self._lock:
            self._books[found.tenant] = books
        return books

    # ---- tenants

    def enrolments(self) -> list[Enrolment]:
        """The tenants of this office, by code."""
        with self.file.read() as db:
            return enrolment.every(db)

    def tenant(self, code: str) -> Books | None:
        """One tenant's books; None where this office does not serve it."""
        return self._books.get(code)

    def tenants(self) -> list[Books]:
        """All tenants, by code."""
        return [self._books[code] for code in sorted(self._books)]

    def enrol(self, cloud: str, code: str, name: str = "") -> Books:
        """Spend an enrolment code: a new key, a new replica. Raises CloudRefused or CloudUnreachable."""
        private, public = new_key()
        client = CloudClient(cloud)
        try:
            told = client.enrol(code, public, name)
        finally:
            client.close()
        facts = (told.tenant, told.name, told.replica, private, cloud, ",".join(told.branches))
        books = self.admit(Enrolment(*facts, told.series_mark, told.timeline))
        with suppress(CloudRefused, CloudUnreachable):  # else the agent brings them
            self._bring_people(books)
        return books

    def _bring_people(self, books: Books) -> None:
        """The tenant's users, so that the first login works at once."""
        client = books.client()
        try:
            self.people.put(books.code, client.people().people)
        finally:
            client.close()

    def enrol_local(self, tenant: str, name: str, *, branches: str = "", series_mark: str = "") -> Books:
        """Books without a cloud: they work, and wait for one for ever."""
        private, _ = new_key()
        replica = make_ident(self.clock.now().wall, os.urandom(RANDOM_BYTES))
        return self.admit(Enrolment(tenant, name, replica, private, "", branches, series_mark))

    def admit(self, found: Enrolment) -> Books:
        """Keep an enrolment and open its books."""
        stamped = Enrolment(
            found.tenant, found.name, found.replica, found.private_key, found.cloud, found.branches, found.series_mark,
            found.timeline, self.clock.now().text,
        )  # fmt: skip
        self.file.write(lambda db: enrolment.put(db, stamped))
        with self._lock:
            old = self._books.pop(found.tenant, None)
        if old is not None:
            old.close()
        books = self._open(stamped)
        if self._started:
            books.start()
        return books

    # ---- life

    def listen(self, listener: Listener, watches: Callable[[str], bool] = lambda _tenant: False) -> Callable[[], None]:
        """Hear of every change after its commit, from any thread; the listener never blocks. Returns what ends it.

        `watches`: whether anybody looks at a tenant through it.
        """
        self._listeners.append(listener)
        self._watches.append(watches)

        def end() -> None:
            self._listeners.remove(listener)
            self._watches.remove(watches)

        return end

    def start(self) -> None:
        """Begin to sync all tenants."""
        make_readers()
        sys.setswitchinterval(SWITCH_SECONDS)
        self._started = True
        for books in self.tenants():
            books.start()
        threading.Thread(target=self._tidy, name="tidy", daemon=True).start()

    def _tidy(self) -> None:
        while not self._end.wait(TIDY_SECONDS):
            give_back()

    def close(self) -> None:
        """Finish what waits and close every file."""
        self._end.set()
        for books in self.tenants():
            books.close()
        self.file.close()
        os.close(self._lock_file)

    def __enter__(self) -> Office:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold an office's folder without opening it, so that nobody serves it meanwhile. Raises OfficeBusy."""
    handle = _locked(folder / LOCK_FILE)
    try:
        yield
    finally:
        os.close(handle)


def _locked(path: Path) -> int:
    """Hold the folder's lock; the system lets it go when the process ends, however it ends."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise OfficeBusy(f"{path.parent} is served by another process") from error
    return handle
