"""Who waits for what comes of an act, where the company records synchronously: one look at the file for all of them.

A look is taken when something was told of a voucher somebody waits for, never of another; while one is taken, what is
told meanwhile gathers for the next. So ten people who wait cost about as much as one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from socai.base.fault import Faults
from socai.core import life
from socai.core.entry import FINANCIAL
from socai.dataserver import facts as fact
from socai.dataserver.desk import CATALOG, SYNC, VOUCHER, Desk
from socai.dataserver.store import voucher
from socai.dataserver.store.file import StorageFailed

STOP_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Recorded:
    """How far the acts on a voucher are recorded; `faults`: why it was not synced or posted."""

    facts: life.Facts
    number: str
    book: str  # the first of its books
    faults: Faults

    @property
    def settled(self) -> bool:
        """Whether everything asked of the voucher has its outcome."""
        return not self.facts.pending and not any(book.running for book in self.facts.books)

    @property
    def stuck(self) -> bool:
        """Whether none can come before a person has done something."""
        return self.facts.held or self.facts.conflict


Then = Callable[[Recorded | None], None]
"""Told what came, or as far as it came where the line is cut or the voucher stuck; None where the file cannot be read.
Called once, from any thread; never blocks."""


def look(desk: Desk, idents: Sequence[str]) -> dict[str, Recorded]:
    """What has come of these vouchers, in one read."""
    with desk.file.read() as db:
        heads = voucher.load_many(db, idents)
        facts = fact.read_many(db, list(heads.values()), desk.cache.get(db).calendar, desk.clock.now())
        books = voucher.book_rows(db, list(heads))
        found = {}
        for ident, head in heads.items():
            told = [head.refused, *(row.faults for row in books.get(ident, ()))]
            faults = tuple(fact.named(db, fault) for text in told for fault in fact.faults_of(text))
            found[ident] = Recorded(facts[ident], head.number, (head.book_list or [FINANCIAL])[0], faults)
    return found


class Awaiting:
    """Those who wait in one tenant. `is_cut`: no outcome can come, for the line is down or the cloud sends us away."""

    def __init__(self, desk: Desk, is_cut: Callable[[], bool]) -> None:
        self._desk, self._is_cut = desk, is_cut
        self._waiters: dict[str, list[Then]] = {}
        self._touched: set[str] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None
        desk.listeners.append(self._notice)
        desk.awaited = lambda: bool(self._waiters)

    def begin(self, ident: str, then: Then) -> Callable[[], None]:
        """Have `then` told what comes of a voucher; the answer ends the waiting."""
        with self._lock:
            self._waiters.setdefault(ident, []).append(then)
            self._touched.add(ident)  # it may have come already
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._work, name=f"awaiting {self._desk.code}", daemon=True)
                self._thread.start()
        self._wake.set()

        def stop() -> None:
            with self._lock:
                mine = self._waiters.get(ident, [])
                if then in mine:
                    mine.remove(then)
                if not mine:
                    self._waiters.pop(ident, None)

        return stop

    def close(self) -> None:
        """End; whoever waits still is left to the time he set."""
        with self._lock:
            self._closed, thread = True, self._thread
        self._wake.set()
        if thread is not None:
            thread.join(STOP_SECONDS)

    def _notice(self, _tenant: str, kind: str, _object_kind: str, ident: str) -> None:
        if not self._waiters:
            return
        with self._lock:
            if kind == VOUCHER and ident in self._waiters:
                self._touched.add(ident)
            elif kind == CATALOG or (kind == SYNC and self._is_cut()):
                self._touched.update(self._waiters)  # an entry they name was refused, or nothing can come to anybody
            else:
                return
        self._wake.set()

    def _work(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            with self._lock:
                if self._closed:
                    return
                touched, self._touched = self._touched & self._waiters.keys(), set()
            if touched:
                self._look(touched)

    def _look(self, touched: set[str]) -> None:
        cut = self._is_cut()  # before the look: what was told until then is in it
        try:
            found = look(self._desk, sorted(touched))
        except StorageFailed:
            found = {}
        for ident in touched:
            outcome = found.get(ident)
            if outcome is None or cut or outcome.settled or outcome.stuck:
                with self._lock:
                    told = self._waiters.pop(ident, [])
                for then in told:
                    then(outcome)
