"""Work of ours that lost against another office's: kept beside the winner, told, and never sent any more.

It may be the cloud that says so, or this server that sees it before sending: the feed has brought a newer version than
the one our unsent acts were made on.
"""

from __future__ import annotations

from collections.abc import Sequence

from socai.dataserver.desk import CATALOG, VOUCHER
from socai.dataserver.facts import faults_text
from socai.dataserver.store import catalog, conflict, meta, outbox, voucher
from socai.dataserver.store.conflict import ConflictRow, Theirs
from socai.dataserver.store.file import Connection
from socai.dataserver.store.outbox import OutRow
from socai.dataserver.store.voucher import Head
from socai.sync.message import APPLIED, BODY_ACTS, CONFLICT, NUMBER, POST, SAVE, WireFault


def lose_voucher(db: Connection, head: Head, row: OutRow, theirs: Theirs, at: str) -> None:
    """A voucher's act lost. Acts that waited behind it are part of what lost."""
    newest = row
    for later in outbox.open_of(db, VOUCHER, head.type, head.id):
        if later.state == outbox.WAITING:
            outbox.answer(db, later.place, CONFLICT, 0, 0, "", at)
            newest = later
    act = newest.act
    if {row.act, act} & {SAVE, NUMBER} or (act == POST and row.act in BODY_ACTS):
        act = SAVE  # what was typed lost, whatever number it was given or posting asked behind it
    found = ConflictRow(VOUCHER, head.type, head.id, theirs, head.revision, act, newest.post_to or row.post_to, at)
    conflict.put(db, found)
    head.refused = head.refused_act = ""
    voucher.put(db, head)


def lose_entry(db: Connection, entry: catalog.EntryRow, row: OutRow, theirs: Theirs, at: str) -> None:
    """A catalog entry's act lost."""
    key = (CATALOG, entry.kind, entry.id)
    newest = row
    for later in outbox.open_of(db, *key):
        if later.state == outbox.WAITING:
            outbox.answer(db, later.place, CONFLICT, 0, 0, "", at)
            newest = later
    conflict.put(db, ConflictRow(*key, theirs, entry.revision, newest.act, "", at))


def lost_unsent(db: Connection, pending: Sequence[OutRow], theirs: Theirs, at: str) -> OutRow | None:
    """The first of our unsent acts, answered as lost, where the cloud's newer form is already here; else None.

    What may have been taken in an earlier life of this file (it was restored from a backup) is sent all the same: the
    cloud knows its own.
    """
    first = pending[0]
    if any(row.state != outbox.WAITING for row in pending) or first.place <= meta.number(db, "doubt_place"):
        return None
    before = outbox.row(db, first.base_place) if first.base_place else None
    stands_on = before.version if before is not None and before.result == APPLIED else first.base_version
    if theirs.version <= stands_on:
        return None
    told = [WireFault("CONFLICT", "base", {"author": theirs.author, "time": theirs.at})]
    outbox.answer(db, first.place, CONFLICT, 0, 0, faults_text(told), at)
    return first
