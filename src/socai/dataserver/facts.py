"""What a voucher's status is derived from: outbox, book states, locks, lease. Rows in, `core.life.Facts` out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from socai.base.calendar import day_of_key
from socai.base.fault import Fault
from socai.core import life
from socai.core.check import Calendar, locked
from socai.dataserver.clock import Instant, elapsed_seconds
from socai.dataserver.store import catalog, conflict, dependency, outbox, voucher
from socai.dataserver.store.file import Connection
from socai.dataserver.store.joined import split
from socai.dataserver.store.outbox import OutRow
from socai.dataserver.store.voucher import BookRow, Head
from socai.sync import lease
from socai.sync.message import VOUCHER, WireFault

INVOICED, SETTLED = "invoiced", "settled"  # kinds of bonds: what binds a voucher, and after a colon by which document

_faults = msgspec.json.Decoder(list[WireFault])


def wire_faults(text: str) -> list[WireFault]:
    """Faults as stored."""
    return _faults.decode(text) if text else []


def faults_text(faults: Sequence[WireFault]) -> str:
    """Faults as stored: empty for none."""
    return msgspec.json.encode(list(faults)).decode() if faults else ""


def faults_of(text: str) -> tuple[Fault, ...]:
    """Stored faults as values."""
    return tuple(Fault(item.code, item.field, item.params) for item in wire_faults(text))


def named(db: Connection, fault: Fault) -> Fault:
    """The fault with its fund or bank account, and its branch, as people call them: ids say nothing to them."""
    if fault.code != "CASH_NEGATIVE":
        return fault
    params = dict(fault.params)
    for param, kinds in (("pocket", ("fund", "bank_account")), ("branch_name", ("branch",))):
        ident = str(params.get("branch" if param == "branch_name" else "detail") or "")
        for kind in kinds:
            for code, name in catalog.names(db, kind, [ident] if ident else []).values():
                params[param] = name if kind == "branch" else f"{code} {name}".strip()
    return Fault(fault.code, fault.field, params)


def first_code(text: str) -> str:
    """The code of the first stored fault; empty for none."""
    found = wire_faults(text)
    return found[0].code if found else ""


def facts_of(
    head: Head,
    pending: Sequence[OutRow],
    books: Iterable[BookRow],
    in_conflict: bool,
    calendar: Calendar,
    now: Instant,
    held: bool = False,
) -> life.Facts:
    """All that the status of one voucher is derived from. `pending`: its unanswered operations, oldest first."""
    newest = pending[-1] if pending else None
    act = newest.act if newest else ""
    for row in pending:
        if row.act in ("unpost", "delete"):
            act = row.act
    posts = {book for row in pending for book in split(row.post_to)}
    rows = {row.book: row for row in books}
    names = list(dict.fromkeys((*head.book_list, *rows)))
    return life.Facts(
        pending="" if newest is None else life.SENT if newest.state == outbox.SENT else life.UNSENT,
        pending_act=act,
        pending_posts=tuple(sorted(posts)),
        ever_synced=head.version > 0,
        refused=first_code(head.refused),
        conflict=in_conflict,
        lease_over=lease.over(elapsed_seconds(head.lease, now)) if head.lease_wall else True,
        deleted=bool(head.deleted),
        locked=head.day > 0 and locked(calendar, head.branch, head.book_list, day_of_key(head.day)) is not None,
        settled=any(bond.startswith(SETTLED) for bond in head.bond_list),
        invoiced=any(bond.startswith(INVOICED) for bond in head.bond_list),
        books=tuple(_book_facts(name, rows.get(name)) for name in names),
        refused_act=head.refused_act,
        held=held,
    )


def _book_facts(name: str, row: BookRow | None) -> life.BookFacts:
    if row is None:
        return life.BookFacts(name)
    faults = wire_faults(row.faults)
    code, asks = (faults[0].code, bool(faults[0].params.get("asks"))) if faults else ("", False)
    return life.BookFacts(name, row.asked, row.posted, row.running, code, row.fault_act, asks)


def read_one(db: Connection, head: Head, calendar: Calendar, now: Instant) -> life.Facts:
    """The facts of one voucher."""
    pending = outbox.open_of(db, VOUCHER, head.type, head.id)
    return facts_of(
        head,
        pending,
        voucher.book_rows(db, [head.id]).get(head.id, ()),
        conflict.load(db, VOUCHER, head.type, head.id) is not None,
        calendar,
        now,
        bool(pending) and head.id in dependency.held(db, [head.id]),
    )


def read_many(db: Connection, heads: Sequence[Head], calendar: Calendar, now: Instant) -> dict[str, life.Facts]:
    """The facts of a page of vouchers, in four statements whatever its length."""
    idents = [head.id for head in heads]
    pending = outbox.open_of_many(db, VOUCHER, idents)
    books = voucher.book_rows(db, idents)
    conflicts = conflict.of_vouchers(db, idents)
    held = dependency.held(db, list(pending)) if pending else frozenset()
    return {
        head.id: facts_of(
            head,
            pending.get(head.id, ()),
            books.get(head.id, ()),
            head.id in conflicts,
            calendar,
            now,
            head.id in held,
        )
        for head in heads
    }


def explain(fault: Fault, facts: life.Facts, head: Head, calendar: Calendar) -> Fault:
    """A refusal of the life table with the particulars of its sentence."""
    params: dict[str, str] = dict(fault.params)
    if fault.code == "ACT_IN_FLIGHT":
        book = next((item.book for item in facts.books if item.running), head.book_list[0] if head.books else "")
        params["operation"] = life.status(facts, book).detail
    if fault.code == "ACT_LOCKED":
        found = locked(calendar, head.branch, head.book_list, day_of_key(head.day))
        params.update(found.params if found else {})
    for code, kind, name in (("ACT_INVOICED", INVOICED, "invoice"), ("ACT_SETTLED", SETTLED, "cause")):
        if fault.code == code:
            bond = next((item for item in head.bond_list if item.startswith(kind)), "")
            params |= {name: bond.partition(":")[2]} if ":" in bond else {}
    return Fault(fault.code, fault.field, params)


def acts_of(facts: life.Facts, book: str, available: tuple[str, ...]) -> Mapping[str, str]:
    """Every act of the type with "" or the code of the reason against it."""
    return life.acts(facts, book, available)
