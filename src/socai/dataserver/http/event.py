"""Live status: what changed in a tenant, told to every browser that listens, as server-sent events.

The engine tells changes from any thread. One thread gathers them for a moment, reads each changed voucher once, and
hands the messages to the event loop. A listener that does not keep up loses its queue and is told to load anew.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import msgspec

from socai.core.entry import BOOKS
from socai.dataserver.desk import CATALOG, DOWNLOAD, ELSEWHERE, ROUND, VOUCHER, Desk
from socai.dataserver.views import todo as view_todo
from socai.dataserver.views import voucher as view
from socai.dataserver.views.sync import SyncView, for_person
from socai.edge import log

GATHER_SECONDS = 0.05
HEARTBEAT_SECONDS = 15.0
QUEUE_MAX = 256
CHANGES_MAX = 200  # more at once, and lists are told to load anew
LISTENERS_MAX = 500
NOTICES_MAX = 500

_encode = msgspec.json.Encoder().encode
_log = log.logger("event")

Change = tuple[str, str, str]  # kind, object kind, id


def message(event: str, content: object) -> bytes:
    """One event as it stands on the wire."""
    return b"event: " + event.encode() + b"\ndata: " + _encode(content) + b"\n\n"


RELOAD = message("reload", {})
HEARTBEAT = b": beat\n\n"


@dataclass(eq=False)
class Listener:
    """One open connection. `branches` None is all; `book` is the one its lists look at."""

    tenant: str
    branches: view.Branches
    book: str
    user: str = ""
    queue: asyncio.Queue[bytes | None] = field(default_factory=lambda: asyncio.Queue(QUEUE_MAX))

    def put(self, content: bytes | None) -> None:
        """Queue a message; a full queue is dropped whole for the word to load anew. On the loop's thread only."""
        if self.queue.full():
            while not self.queue.empty():
                self.queue.get_nowait()
            self.queue.put_nowait(RELOAD)
        self.queue.put_nowait(content)


@dataclass(frozen=True, slots=True)
class Told:
    """A message with whom it is for: those who see the branch, look at the book, are the user; empty for all."""

    content: bytes
    branch: str = ""
    book: str = ""
    user: str = ""

    def reaches(self, listener: Listener) -> bool:
        """Whether a listener of the tenant is to hear it."""
        seen = listener.branches is None or not self.branch or self.branch in listener.branches
        return seen and self.book in ("", listener.book) and self.user in ("", listener.user)


class Hub:
    """Gathers changes and hands them to listeners. `desk_of` opens a tenant; `sync_of` tells its sync state,
    `round_of` its rounds of syncing.

    What newly needs a person is told to whoever did it last, wherever logged in here ("notice"); so is what that person
    did at another office and was refused there.
    """

    def __init__(
        self,
        desk_of: Callable[[str], Desk | None],
        sync_of: Callable[[str], SyncView | None],
        round_of: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._desk_of, self._sync_of, self._round_of = desk_of, sync_of, round_of
        self._listeners: set[Listener] = set()
        self._changed: dict[str, dict[Change, None]] = {}
        self._noticed: dict[str, dict[str, set[str]]] = {}  # tenant, object, what its person has been told
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._work, name="events", daemon=True)
        self._thread.start()

    # ---- from any thread

    def tell(self, tenant: str, kind: str, object_kind: str, ident: str) -> None:
        """Note one change; never blocks. The engine's listener."""
        if not self._listeners:
            return
        with self._lock:
            changes = self._changed.setdefault(tenant, {})
            if len(changes) <= CHANGES_MAX:
                changes[kind, object_kind, ident] = None
        self._wake.set()

    def watches(self, tenant: str) -> bool:
        """Whether anybody listens for a tenant."""
        return any(listener.tenant == tenant for listener in list(self._listeners))

    def close(self) -> None:
        """End every connection: a program that stops does not wait for browsers to leave."""
        if self._closed.is_set():
            return
        self._closed.set()
        self._wake.set()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end_all)

    def gathered(self) -> int:
        """How many changes wait to be told."""
        with self._lock:
            return sum(len(changes) for changes in self._changed.values())

    # ---- the gathering thread

    def _work(self) -> None:
        while not self._closed.is_set():
            self._wake.wait()
            if self._closed.wait(GATHER_SECONDS):
                return
            self._wake.clear()
            with self._lock:
                changed, self._changed = self._changed, {}
            for tenant, changes in changed.items():
                try:
                    self._hand(tenant, list(changes))
                except Exception as error:
                    _log.error("events lost", tenant=tenant, exc_info=error)
                    self._send(tenant, [Told(RELOAD)])

    def _hand(self, tenant: str, changes: list[Change]) -> None:
        desk = self._desk_of(tenant)
        if desk is None:
            return
        told: list[Told] = []
        touched: list[str] | None = [ident for kind, _, ident in changes if kind in (VOUCHER, CATALOG)]
        if len(changes) > CHANGES_MAX:
            told.append(Told(RELOAD))
            touched = None
        else:
            told += self._changes_of(tenant, desk, changes)
        if any(kind == ROUND for kind, _, _ in changes):
            told.append(Told(message("result", self._round_of(tenant))))
        told += self._notices_of(tenant, desk, touched)
        told += self._sync_for(tenant, desk)
        self._send(tenant, told)

    def _changes_of(self, tenant: str, desk: Desk, changes: list[Change]) -> list[Told]:
        told = []
        idents = [ident for kind, _, ident in changes if kind == VOUCHER]
        books = {item.book for item in list(self._listeners) if item.tenant == tenant}
        for book in sorted(books):
            told += [Told(message("voucher", row), row.branch, book) for row in view.rows_by_id(desk, idents, book)]
        for kind, object_kind, ident in changes:
            if kind in (CATALOG, DOWNLOAD):
                told.append(Told(message(kind, {"kind": object_kind, "id": ident})))
            if kind == ELSEWHERE and (act := desk.elsewhere.get(ident)) is not None:
                told.append(Told(message("notice", view_todo.refused_elsewhere(act)), act.branch, user=act.user))
        return told

    def _notices_of(self, tenant: str, desk: Desk, touched: list[str] | None) -> list[Told]:
        """What newly needs a person, to that person. What was so before anybody listened is in the list."""
        if touched is not None and not touched:
            return []
        noticed = self._noticed.get(tenant)
        found = view_todo.todo_among(desk, touched if noticed is not None else None, NOTICES_MAX)
        now: dict[str, set[str]] = {}
        fresh = []
        for item in found:
            mark = f"{item.book} {item.state} {item.act} {item.at} {','.join(fault.code for fault in item.faults)}"
            now.setdefault(item.id, set()).add(mark)
            news = noticed is not None and mark not in noticed.get(item.id, ())
            if news or (noticed is None and touched is not None and item.id in touched):
                fresh.append(Told(message("notice", item), item.branch, user=item.user))
        if noticed is None or touched is None:
            self._noticed[tenant] = now
        else:
            for ident in touched:
                noticed.pop(ident, None)
            noticed.update(now)
        return fresh

    def _sync_for(self, tenant: str, desk: Desk) -> list[Told]:
        """The mark, with the badges of each person who listens."""
        sync = self._sync_of(tenant)
        if sync is None:
            return []
        counts = view_todo.todo_counts(desk)
        people = {item.user: item.branches for item in list(self._listeners) if item.tenant == tenant}
        return [
            Told(message("sync", for_person(sync, counts, user, branches)), user=user)
            for user, branches in people.items()
        ]

    def _send(self, tenant: str, told: list[Told]) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._fan_out, tenant, told)

    # ---- on the event loop

    def _fan_out(self, tenant: str, told: list[Told]) -> None:
        for listener in self._listeners:
            if listener.tenant != tenant:
                continue
            for item in told:
                if item.reaches(listener):
                    listener.put(item.content)

    def _end_all(self) -> None:
        for listener in self._listeners:
            listener.put(None)

    def full(self) -> bool:
        """Whether another connection would be one too many."""
        return len(self._listeners) >= LISTENERS_MAX

    def _first(self, tenant: str, user: str, branches: view.Branches) -> bytes:
        """What a connection begins with: the mark and the person's badges."""
        sync, desk = self._sync_of(tenant), self._desk_of(tenant)
        if sync is None or desk is None:
            return HEARTBEAT
        return message("sync", for_person(sync, view_todo.todo_counts(desk), user, branches))

    async def stream(
        self, tenant: str, branches: view.Branches, book: str, allowed: Callable[[], bool], user: str = ""
    ) -> AsyncIterator[bytes]:
        """The events of one connection until it is closed or `allowed` no longer holds; a heartbeat when quiet."""
        self._loop = asyncio.get_running_loop()
        listener = Listener(tenant, branches, book if book in BOOKS else BOOKS[0], user)
        self._listeners.add(listener)
        try:
            yield b"retry: 2000\n\n"
            yield await asyncio.to_thread(self._first, tenant, user, branches)
            while not self._closed.is_set():
                try:
                    content = await asyncio.wait_for(listener.queue.get(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    content = HEARTBEAT
                if content is None or not allowed():
                    return
                yield content
        finally:
            self._listeners.discard(listener)
