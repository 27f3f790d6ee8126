"""Thử lại: what the cloud refused, or could not post, unpost or delete, asked for again as it was.

It goes through the same checks as the first time, as a new act: what is still wrong is told at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from socai.base.fault import Fault
from socai.dataserver.acts import act, entry, save
from socai.dataserver.acts.act import Asked
from socai.dataserver.acts.save import Request
from socai.dataserver.desk import CATALOG, VOUCHER, Desk, Refused, Saved, refused
from socai.dataserver.store import audit, catalog, outbox, voucher
from socai.dataserver.store.file import Connection
from socai.dataserver.store.joined import split
from socai.dataserver.store.outbox import OutRow
from socai.dataserver.store.voucher import Head
from socai.registry import voucher_types
from socai.sync.grant import Grant
from socai.sync.message import DELETE, POST, QUICK_EDIT, RENUMBER, SAVE, UNPOST

RETRY = "retry"


def retry(desk: Desk, asked: Asked, book: str = "", answered: Sequence[str] = ()) -> Saved | Refused:
    """Ask again for what failed with a voucher: in one book where that is named, with warnings answered.

    Faults: VOUCHER_UNKNOWN, ACT_UNAVAILABLE where nothing failed, and those of the act itself.
    """
    with desk.file.read() as db:
        head = voucher.load(db, asked.id)
        if head is None:
            return refused(Fault("VOUCHER_UNKNOWN", "id", {"id": asked.id[:40]}))
        failed, book = _what_failed(db, head, book)
        if (done := audit.done(db, asked.act_id)) is not None:
            failed = done.act  # the same request once more: its act answers for it
        row = outbox.newest_of(db, VOUCHER, head.id)
        body = msgspec.json.decode(voucher.body(db, head.id, head.revision) or b"{}")
    answers = tuple(dict.fromkeys((*split(row.answered if row else ""), *answered)))
    match failed:
        case "save":
            posts = tuple(split(row.post_to if row else ""))
            request = Request(asked.act_id, asked.id, asked.revision, body, posts, answers)
            return save.save_voucher(desk, asked.grant, request)
        case "quick_edit":
            free = voucher_types()[head.type].spec.free_fields
            changes = {name: value for name, value in body.items() if name in free}
            return act.quick_edit(desk, asked, changes)
        case "renumber":
            return act.renumber(desk, asked, head.number)
        case "post":
            return act.post(desk, asked, book, answers)
        case "unpost":
            return act.unpost(desk, asked, book, answers)
        case "delete":
            return act.delete(desk, asked)
    return refused(Fault("ACT_UNAVAILABLE", "act", {"act": RETRY}))


ACTS = frozenset((SAVE, QUICK_EDIT, RENUMBER, POST, UNPOST, DELETE))


def _what_failed(db: Connection, head: Head, book: str) -> tuple[str, str]:
    """(the act, the book it was about); empty for none."""
    rows = [row for row in voucher.book_rows(db, [head.id]).get(head.id, ()) if row.faults and not row.running]
    if head.refused and head.refused_act in ACTS:
        row = outbox.newest_of(db, VOUCHER, head.id)
        named = split(row.books or row.post_to) if row is not None else []
        return head.refused_act, book or (named[0] if named else (head.book_list or [""])[0])
    found = next((row for row in rows if not book or row.book == book), None)
    return (found.fault_act, found.book) if found is not None else ("", book)


def retry_entry(desk: Desk, grant: Grant, act_id: str, kind: str, ident: str) -> Saved | Refused:
    """Send a catalog entry again that the cloud refused. Faults: CATALOG_UNKNOWN, ACT_UNAVAILABLE, those of the act."""
    with desk.file.read() as db:
        row = catalog.load(db, kind, ident)
        done = audit.done(db, act_id)
        sent: OutRow | None = outbox.newest_of(db, CATALOG, ident, kind)
    if row is None:
        return refused(Fault("CATALOG_UNKNOWN", "id", {"kind": kind[:40], "id": ident[:40]}))
    if not row.refused and done is None:
        return refused(Fault("ACT_UNAVAILABLE", "act", {"act": RETRY}))
    if row.refused_act == DELETE or (done is not None and sent is not None and sent.act == DELETE):
        return entry.delete_entry(desk, grant, act_id, kind, ident)
    return entry.save_entry(desk, grant, act_id, kind, ident, row.revision, msgspec.json.decode(row.body))
