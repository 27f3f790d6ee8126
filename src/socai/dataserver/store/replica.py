"""A tenant's file while it is open: one writer with group commit, a few readers, and what happens when the disk fails.

Jobs are functions of the writing connection. Up to GROUP_MAX waiting jobs share one BEGIN IMMEDIATE … COMMIT, each in a
SAVEPOINT of its own, and none is answered before the commit is on the disk. Only the writer checkpoints. Threads that
`stand_behind` give way to all others (queue.py).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Generic, TypeVar

import apsw

from socai.dataserver.store import file
from socai.dataserver.store.file import BROKEN, MEMORY, FileDamaged, StorageFailed
from socai.dataserver.store.queue import Queue
from socai.edge.failpoint import reach

T = TypeVar("T")
Job = Callable[[apsw.Connection], T]

READERS_MAX = 6
CHECKPOINT_PAGES = 500  # once nobody comes for a moment
QUIET_SECONDS = 0.02
CHECKPOINT_PAGES_FORCED = 8_000  # even though somebody waits
PEOPLE_SECONDS = 1.0  # after somebody has saved, what stands behind leaves as much time free as it takes …
FREE_SECONDS_MAX = 0.015  # … but not more than this
MEND_SECONDS = 1.0  # between two attempts to prove a file: it is read whole each time


class Undo(Exception):
    """Raised by a job that decides against itself: its savepoint is rolled back and `answer` is its result."""

    def __init__(self, answer: object) -> None:
        super().__init__("undone")
        self.answer = answer


class Ticket(Generic[T]):
    """A job's place in the queue. `wait` blocks until it is durable; `then` is called by the writer instead."""

    __slots__ = ("_done", "_then", "error", "job", "result")

    def __init__(self, job: Job[T], then: Callable[[Ticket[T]], None] | None = None) -> None:
        self.job = job
        self.result: T | None = None
        self.error: BaseException | None = None
        self._then = then
        self._done = threading.Lock()
        self._done.acquire()

    def settle(self) -> None:
        """Called by the writer when the outcome is certain."""
        self._done.release()
        if self._then is not None:
            with suppress(Exception):  # the listener's fault is not the writer's
                self._then(self)

    def wait(self) -> T:
        """The job's result once it is on the disk. Raises StorageFailed, or what the job raised."""
        with self._done:
            pass
        return self.outcome()

    def outcome(self) -> T:
        """The result of a settled ticket."""
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value]


def told(answer: T, then: Callable[[Ticket[T]], None] | None = None) -> Ticket[T]:
    """A ticket that never stood in the queue: what it asked for was answered without writing."""
    ticket = Ticket(lambda _db: answer, then)
    ticket.result = answer
    ticket.settle()
    return ticket


class Replica:
    """One open file. `threaded=False` runs every job at once in the caller's thread (simulator, tools).

    `on_broken(bool)` is told when the disk refuses and when the file has been proved again.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        kind: str = "replica",
        threaded: bool = True,
        vfs: str | None = None,
        on_broken: Callable[[bool], None] | None = None,
    ) -> None:
        self.path = str(path)
        self._vfs, self._kind, self._threaded, self._on_broken = vfs, kind, threaded, on_broken
        self.broken = ""
        self.damaged = False  # broken for good: the file itself does not hold together
        self.pages = 0  # of the log, waiting to be moved into the file
        self._readers: list[apsw.Connection] = []
        self._slots = threading.BoundedSemaphore(READERS_MAX)
        self._mend_at = 0.0
        self.mend_seconds = MEND_SECONDS
        self._jobs: Queue[Ticket[Any]] = Queue()
        self._behind = threading.local()
        self._end = threading.Event()
        self._closed = False
        self._inline = threading.RLock()
        if self.path != MEMORY:
            Path(self.path).parent.mkdir(parents=True, exist_ok=True)
            if not Path(self.path).exists():
                Path(self.path).touch(mode=0o600)  # books and keys are nobody else's; the log gets the same mode
        try:
            self._db = self._open()
            if self.path != MEMORY and file.is_doubtful(self.path):
                file.check(self._db)
            file.migrate(self._db, kind, self.path)
        except (FileDamaged, apsw.CorruptError, apsw.NotADBError) as error:
            raise FileDamaged(f"{self.path}: {error}") from error
        except (OSError, *BROKEN) as error:
            raise StorageFailed(f"{self.path}: {error}") from error
        self._thread: threading.Thread | None = None
        if threaded:
            self._thread = threading.Thread(
                target=self._loop, name=f"writer {Path(self.path).parent.name}", daemon=True
            )
            self._thread.start()

    def _open(self) -> apsw.Connection:
        db = file.open_writer(self.path, self._vfs)
        db.set_wal_hook(self._count_pages)
        return db

    def _count_pages(self, _db: apsw.Connection, _name: str, pages: int) -> int:
        self.pages = pages
        return apsw.SQLITE_OK

    # ---- writing

    def submit(self, job: Job[T], then: Callable[[Ticket[T]], None] | None = None) -> Ticket[T]:
        """Put a job in the writer's queue."""
        ticket = Ticket(job, then)
        if self._closed:
            ticket.error = StorageFailed("the file is closed")
            ticket.settle()
        elif not self._threaded:
            with self._inline:
                self._run([ticket])
        elif self._is_behind():
            self._jobs.put_behind(ticket)
        else:
            self._jobs.put(ticket)
        return ticket

    def write(self, job: Job[T]) -> T:
        """Run a job in the writer and wait until it is durable."""
        if not (self._threaded and self._is_behind()):
            return self.submit(job).wait()
        began = time.monotonic()
        try:
            return self.submit(job).wait()
        finally:
            if self.people():
                self._end.wait(min(time.monotonic() - began, FREE_SECONDS_MAX))

    def stand_behind(self) -> None:
        """What this thread writes from now on gives way to what others do: nobody waits for it."""
        self._behind.yes = True

    def people(self) -> bool:
        """Whether anybody saves, or did a moment ago. Without a writer thread nobody is seen, so somebody might."""
        return not self._threaded or time.monotonic() - self._jobs.pressed_at < PEOPLE_SECONDS

    def _is_behind(self) -> bool:
        return getattr(self._behind, "yes", False)

    def _loop(self) -> None:
        while True:
            group = self._next()
            if group:
                self._run(group)
            elif self._jobs.ended:
                return
            if self.pages >= CHECKPOINT_PAGES_FORCED:
                self._checkpoint()

    def _next(self) -> list[Ticket[Any]]:
        """The next jobs. A log that has grown is moved into the file while nobody comes, so nobody waits for it."""
        while self.pages >= CHECKPOINT_PAGES and not self._jobs.ended:
            if group := self._jobs.take(QUIET_SECONDS):
                return group
            before = self.pages
            self._checkpoint()
            if self.pages >= before:
                break  # a long reader holds it back: not again before something new was written
        return self._jobs.take(0 if self._jobs.ended else None)

    def _run(self, group: list[Ticket[Any]]) -> None:
        if self.broken and not self._mend():
            self._fail(group, FileDamaged(self.broken) if self.damaged else StorageFailed(self.broken))
            return
        db = self._db
        try:
            db.execute("BEGIN IMMEDIATE")
            for ticket in group:
                self._run_one(db, ticket)
            reach("store.before_commit")
            db.execute("COMMIT")
            reach("store.after_commit")
        except BROKEN as error:
            self._break(str(error))
            self._fail(group, StorageFailed(str(error)))
            return
        except BaseException as error:
            # Not a disk's doing: a bug between the jobs. The group is undone and told; the writer lives on.
            self._roll_back(db)
            self._fail(group, error)
            return
        for ticket in group:
            ticket.settle()

    @staticmethod
    def _run_one(db: apsw.Connection, ticket: Ticket[Any]) -> None:
        db.execute("SAVEPOINT one")
        try:
            ticket.result = ticket.job(db)
        except BROKEN:
            raise
        except Undo as undo:
            ticket.result = undo.answer
            db.execute("ROLLBACK TO one")
        except BaseException as error:
            ticket.error = error
            db.execute("ROLLBACK TO one")
        db.execute("RELEASE one")

    @staticmethod
    def _roll_back(db: apsw.Connection) -> None:
        if db.in_transaction:
            with suppress(apsw.Error):
                db.execute("ROLLBACK")

    @staticmethod
    def _fail(group: list[Ticket[Any]], error: BaseException) -> None:
        for ticket in group:
            ticket.result, ticket.error = None, error
            ticket.settle()

    # ---- a disk that refuses

    def _break(self, reason: str) -> None:
        self._roll_back(self._db)
        self.broken = reason or "disk error"
        if self._on_broken is not None:
            self._on_broken(True)

    def _suspect(self, reason: str) -> None:
        """A reader met damage: nothing is saved any more before the file has been proved."""
        if not self.broken:
            self.broken = reason
            if self._on_broken is not None:
                self._on_broken(True)

    def _mend(self) -> bool:
        """Prove the file before serving again: close everything, check, flush the log into the file, open anew."""
        if time.monotonic() < self._mend_at:
            return False
        self._mend_at = time.monotonic() + self.mend_seconds
        try:
            self._close_readers()
            _close(self._db)
            if self.path != MEMORY:
                file.verify(self.path, self._vfs)
            self._db = self._open()
        except (StorageFailed, *BROKEN) as error:
            self.broken = str(error) or "disk error"
            self.damaged = isinstance(error, FileDamaged)
            return False
        self.broken, self._mend_at = "", 0.0
        if self._on_broken is not None:
            self._on_broken(False)
        return True

    def _checkpoint(self) -> None:
        if self.broken:
            return  # the file is closed, perhaps; proving it moves the log too
        try:
            frames, moved = self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            self.pages = frames - moved
            reach("store.checkpointed")
        except apsw.BusyError:
            return
        except BROKEN as error:
            self._break(str(error))

    # ---- reading

    @contextmanager
    def read(self) -> Iterator[apsw.Connection]:
        """A reader inside one transaction: everything read is of one moment. Not for writing."""
        if not self._threaded:
            with self._inline:
                yield self._db
            return
        with self._slots:
            db = self._reader()
            try:
                db.execute("BEGIN")
                yield db
                db.execute("COMMIT")
            except BROKEN as error:
                self._roll_back(db)
                if isinstance(error, apsw.CorruptError | apsw.NotADBError):
                    self._suspect(str(error))
                raise StorageFailed(str(error)) from error
            except BaseException:
                self._roll_back(db)
                raise
            finally:
                self._give_back(db)

    def _reader(self) -> apsw.Connection:
        try:
            return self._readers.pop()
        except IndexError:
            pass
        if self._closed:
            raise StorageFailed("the file is closed")
        try:
            return file.open_reader(self.path, self._vfs)
        except BROKEN as error:
            raise StorageFailed(str(error)) from error

    def _give_back(self, db: apsw.Connection) -> None:
        if self._closed or self.broken:
            _close(db)
        else:
            self._readers.append(db)

    def _close_readers(self) -> None:
        while self._readers:
            _close(self._readers.pop())

    # ---- the whole file

    def backup(self, target: Path) -> None:
        """Copy the file as it is now to `target`, while it goes on being used."""
        with self.read() as db:
            file.copy_file(db, target)

    def close(self) -> None:
        """Finish what waits, move the log into the file, close."""
        if self._closed:
            return
        self._closed = True
        self._end.set()
        if self._thread is not None:
            self._jobs.end()
            self._thread.join()
            self._fail(self._jobs.rest(), StorageFailed("the file is closed"))
        self._close_readers()
        if not self.broken and self.path != MEMORY:
            with suppress(apsw.Error):  # then the log stays, and is read at the next opening
                self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        _close(self._db)


def _close(db: apsw.Connection) -> None:
    """Close a connection, whatever the disk says to it."""
    with suppress(apsw.Error):
        db.close(True)
