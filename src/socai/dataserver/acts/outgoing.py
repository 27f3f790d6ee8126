"""Putting acts on their way: which operation a new act replaces, and what it is based on.

An operation never sent may be replaced; what was sent stays, and a newer act queues behind it. A replaced operation
moves to the end of the queue, so that nothing it names can still stand behind it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from socai.dataserver.store import outbox, voucher
from socai.dataserver.store.file import Connection
from socai.dataserver.store.joined import split
from socai.dataserver.store.outbox import NewOperation, OutRow
from socai.dataserver.store.voucher import Head
from socai.sync.message import (
    CATALOG,
    DELETE,
    NUMBER,
    POST,
    PROTOCOL,
    QUICK_EDIT,
    RENUMBER,
    SAVE,
    UNPOST,
    VOUCHER,
)

# The waiting act (rows) and the new one: what the two become. Absent pairs queue one behind the other.
_MERGED = {
    (SAVE, SAVE): SAVE, (SAVE, QUICK_EDIT): SAVE, (SAVE, RENUMBER): SAVE, (SAVE, POST): SAVE, (SAVE, DELETE): DELETE,
    (QUICK_EDIT, SAVE): SAVE, (QUICK_EDIT, QUICK_EDIT): QUICK_EDIT, (QUICK_EDIT, DELETE): DELETE,
    (RENUMBER, SAVE): SAVE, (RENUMBER, RENUMBER): RENUMBER, (RENUMBER, DELETE): DELETE,
    (POST, SAVE): SAVE, (POST, POST): POST, (POST, DELETE): DELETE,
    (UNPOST, UNPOST): UNPOST, (NUMBER, SAVE): SAVE, (NUMBER, RENUMBER): RENUMBER, (NUMBER, DELETE): DELETE,
    (DELETE, SAVE): SAVE,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wish:
    """An act as a person wants it."""

    act: str
    act_id: str
    user: str
    at: str
    books: tuple[str, ...] = ()
    post_to: tuple[str, ...] = ()
    answered: tuple[str, ...] = ()


def put_voucher(db: Connection, head: Head, wish: Wish, running: bool) -> None:
    """Put an act on a voucher in the outbox. `running`: the cloud still works on it in a book."""
    fresh = wish.act == SAVE and head.revision == 1
    pending = [] if fresh else outbox.open_of(db, VOUCHER, head.type, head.id)
    newest = pending[-1] if pending else None
    base_version, base_place = head.version, 0
    if newest is not None:
        base_version, base_place = newest.base_version, newest.place
    elif running:
        # Not yet posted or unposted: the act is on the result of our own, so that posting cannot overtake it.
        base_place = outbox.newest_applied(db, head.id, head.version)
    new = NewOperation(
        wish.act_id, wish.user, wish.at, PROTOCOL, VOUCHER, head.type, head.id, wish.act, head.revision,
        base_version, base_place, ",".join(wish.books), ",".join(wish.post_to), ",".join(wish.answered),
    )  # fmt: skip
    waiting = newest is not None and newest.state == outbox.WAITING
    merged = _MERGED.get((newest.act, wish.act)) if newest is not None and waiting else None
    if newest is None or merged is None:
        outbox.add(db, new)
        return
    outbox.drop(db, newest.place)
    if merged == DELETE and never_told(newest):
        return
    outbox.add(db, _merge(newest, new, merged))


def never_told(waiting: OutRow) -> bool:
    """Whether the cloud has heard nothing of this object: deleting it then needs no word."""
    return waiting.state == outbox.WAITING and waiting.base_version == 0 and waiting.base_place == 0


def _merge(old: OutRow, new: NewOperation, act: str) -> NewOperation:
    """The new act in the old one's stead: on the same base, keeping what it does not say itself."""
    kept = act != DELETE and new.act != SAVE  # a newer save says all: whether it is to be posted, too
    return replace(
        new,
        act=act,
        base_version=old.base_version,
        base_place=old.base_place,
        books=_union(old.books if kept else "", new.books),
        post_to=_union(old.post_to if kept else "", new.post_to),
        answered=_union(old.answered if kept else "", new.answered),
    )


def _union(left: str, right: str) -> str:
    return ",".join(dict.fromkeys((*split(left), *split(right))))


def put_entry(db: Connection, kind: str, ident: str, revision: int, version: int, wish: Wish) -> None:
    """Put an act on a catalog entry in the outbox. Never replaces: vouchers behind it may need the older form."""
    pending = outbox.open_of(db, CATALOG, kind, ident)
    base_version, base_place = (pending[-1].base_version, pending[-1].place) if pending else (version, 0)
    outbox.add(
        db,
        NewOperation(
            wish.act_id,
            wish.user,
            wish.at,
            PROTOCOL,
            CATALOG,
            kind,
            ident,
            wish.act,
            revision,
            base_version,
            base_place,
        ),
    )


def is_running(db: Connection, ident: str) -> bool:
    """Whether the cloud still works on a voucher in any book."""
    return any(row.running for row in voucher.book_rows(db, [ident]).get(ident, ()))
