"""Which form ours was made on. A version says it, until a cloud is restored from a backup and gives versions out again.

From then on a file says with its pushes what the versions held (sync/message.py, Push), and looks at the form itself
where the cloud tells of a version it knows.
"""

from __future__ import annotations

from collections.abc import Sequence

from socai.dataserver.desk import VOUCHER
from socai.dataserver.store import catalog, conflict, meta, outbox, voucher
from socai.dataserver.store.catalog import EntryRow
from socai.dataserver.store.conflict import Theirs
from socai.dataserver.store.file import Connection
from socai.dataserver.store.outbox import OutRow
from socai.dataserver.store.voucher import Head
from socai.sync.message import BODILESS_ACTS, REJECTED, Operation, form_hash


def said_of(db: Connection, epoch: int, operations: Sequence[Operation]) -> dict[int, str]:
    """By n, what the versions held that operations were made on; nothing in a file that has met no restored cloud."""
    if not meta.number(db, "restored"):
        return {}
    found = {each.n: stands_on(db, epoch, each) for each in operations if each.base.version}
    return {n: form_hash(body) for n, body in found.items() if body}


def stands_on(db: Connection, epoch: int, operation: Operation) -> bytes:
    """The form an operation was made on, as the cloud had told it or taken it; empty where unknown."""
    row = outbox.by_n(db, epoch, operation.n)
    if row is None:
        return b""
    return _taken(db, row, row.revision if row.kind == VOUCHER and row.act in BODILESS_ACTS else row.revision - 1)


def _taken(db: Connection, row: OutRow, last: int) -> bytes:
    if row.kind == VOUCHER:
        form = voucher.taken_before(db, row.object, last)
        return voucher.body(db, row.object, form.revision) if form is not None else b""
    entry = catalog.taken_before(db, row.object_kind, row.object, last)
    return entry.body if entry is not None else b""


def answered(db: Connection, row: OutRow, taken: bool) -> None:
    """A form the cloud has not taken, though one restored since may have had it; or what it had lost to is lost."""
    if taken:
        conflict.drop_taken(db, row.kind, row.object_kind, row.object, row.revision)
    elif row.kind != VOUCHER:
        catalog.set_version(db, row.object_kind, row.object, row.revision, 0)
    elif row.act not in BODILESS_ACTS:
        voucher.set_body_version(db, row.object, row.revision, 0)


def is_draft(db: Connection, ours: Head) -> bool:
    """Whether the form on top is none the cloud has."""
    taken = voucher.newest_taken(db, ours.id)
    if taken is None or taken.revision == ours.revision:
        return taken is None and ours.version == 0
    return voucher.body(db, ours.id, taken.revision) != voucher.body(db, ours.id, ours.revision)


def fallen(db: Connection, ours: Head) -> OutRow | None:
    """The act that brought the form on top, where the cloud refused it or it fell with the one it was made on."""
    brought = outbox.newest_form(db, ours.id, ours.revision)
    return brought if brought is not None and brought.result == REJECTED else None


def fell_with(db: Connection, row: OutRow) -> OutRow | None:
    """The post, unpost or delete an act fell with, under which the form still stands; None where a form was refused."""
    nearest = below = outbox.row(db, row.base_place)
    while below is not None and below.result == REJECTED and below.act in BODILESS_ACTS:
        below = outbox.row(db, below.base_place)
    return nearest if below is None or below.result != REJECTED else None


def is_another_base(db: Connection, ours: Head | EntryRow, theirs: Theirs) -> bool:
    """Whether the cloud's form is not the one ours was made on, whatever version it has."""
    if theirs.deleted or not theirs.body:
        return theirs.deleted
    if not meta.number(db, "restored"):
        return False
    if isinstance(ours, Head):
        form = voucher.newest_taken(db, ours.id)
        held = voucher.body(db, ours.id, form.revision) if form is not None else b""
    else:
        entry = catalog.taken_before(db, ours.kind, ours.id, ours.revision)
        held = entry.body if entry is not None else b""
    return not held or form_hash(held) != form_hash(theirs.body)
