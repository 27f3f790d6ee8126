"""Chuyển sang ngày mở đầu tiên: a voucher that came too late for its period goes to the first open day, in one act.

Only what no book holds is moved; what is in the books of a locked period stays there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from socai.base.calendar import parse_day
from socai.base.fault import Fault
from socai.core import life
from socai.core.check import first_open_day
from socai.core.voucher import parse_voucher
from socai.dataserver import facts as fact
from socai.dataserver.acts.act import Asked, framed
from socai.dataserver.acts.checking import check_body
from socai.dataserver.acts.numbering import number_voucher
from socai.dataserver.acts.outgoing import Wish, put_voucher
from socai.dataserver.acts.save import accepted, asking, saved_now, stale, write_body
from socai.dataserver.desk import Desk, Refused, Saved, refused
from socai.dataserver.store import outbox, voucher
from socai.dataserver.store.file import Connection
from socai.dataserver.store.known import Known
from socai.dataserver.store.replica import Undo
from socai.dataserver.store.voucher import Head
from socai.registry import voucher_types
from socai.sync.message import SAVE


def redate(desk: Desk, asked: Asked, day: str = "", answered: Sequence[str] = ()) -> Saved | Refused:
    """Date a voucher of a locked period on `day`, or on the first open day, and save it with the postings it wished."""
    if day and isinstance(wrong := parse_day(day, "accounting_date"), Fault):
        return refused(wrong)
    return framed(desk, asked, SAVE, lambda db, head: _move(desk, db, head, asked, day, answered))


def _move(desk: Desk, db: Connection, head: Head, asked: Asked, day: str, answered: Sequence[str]) -> Saved:
    known, now = desk.cache.get(db), desk.clock.now()
    facts = fact.read_one(db, head, known.calendar, now)
    if (fault := life.allow(facts, "edit")) is not None and not may_move(facts):
        raise Undo(refused(fact.explain(fault, facts, head, known.calendar)))
    if head.revision != asked.revision:
        raise Undo(stale(db, head, {}))
    spec = voucher_types()[head.type].spec
    if spec.before_books:
        raise Undo(refused(Fault("ACT_UNAVAILABLE", "act", {"act": SAVE})))
    old = msgspec.json.decode(voucher.body(db, head.id, head.revision))
    raw = old | {"accounting_date": day or _open_day(known, head).isoformat()}
    body, faults = parse_voucher(spec, raw, known.decimals)
    if faults:
        raise Undo(Refused(faults))
    _, faults, warnings = check_body(db, known, spec, body, head.id)
    if faults:
        raise Undo(Refused(faults))
    if asks := tuple(fault for fault in warnings if fault.code not in answered):
        raise Undo(asking(db, asks))
    posts = {row.book for row in voucher.book_rows(db, [head.id]).get(head.id, ()) if row.asked}
    posts |= outbox.newest_wish(db, head.id)
    number_voucher(db, head, spec, body, known)
    wish = Wish(SAVE, asked.act_id, asked.grant.user, now.text, (), tuple(sorted(posts)), accepted(answered))
    content = write_body(db, head, spec, body, known, wish, now)
    put_voucher(db, head, wish, running=False)
    return saved_now(db, head, content, known, now)


def may_move(facts: life.Facts) -> bool:
    """Whether a voucher of a locked date may leave it: no book holds it."""
    return life.standing(facts) == "locked" and not any(book.posted for book in facts.books)


def _open_day(known: Known, head: Head) -> date:
    found = first_open_day(known.calendar, head.branch, head.book_list)
    if found is None:
        years = ", ".join(year.code for year in known.calendar.years)
        raise Undo(refused(Fault("DATE_OUTSIDE_YEAR", "accounting_date", {"years": years})))
    return found
