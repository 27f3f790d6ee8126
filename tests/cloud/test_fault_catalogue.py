"""Row 6: every refusal of accept and of the poster, provoked through the real ones: code, field, words and cure.

One row a situation. The last test holds this table to the code: what the rooms can say must be provoked here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from socai.base.fault import Fault, fault_table, fault_words
from socai.cloud.enrol import revoke
from socai.cloud.hello import greet
from socai.cloud.store.memory import MemoryAccepting, MemoryStore
from socai.cloud.store.port import Raced
from socai.cloud.store.posting_memory import MemoryLane
from socai.sync.message import (
    DELETE,
    POST,
    QUICK_EDIT,
    SAVE,
    UNPOST,
    VOUCHER,
    Hello,
    HelloAnswer,
    Operation,
    Outcome,
    WireFault,
)
from support.posting import BOOK, book, drain, payment, posted, receipt
from support.sender import (
    BANK,
    CATALOGS,
    CUSTOMER,
    FUND,
    HCM,
    HN,
    TIMELINE,
    VENDOR,
    Sender,
    company,
    enrol,
    ident,
    journal,
    memory_store,
)

Told = list[Fault] | list[WireFault]
SRC = Path(__file__).parents[2] / "src" / "socai"


@dataclass
class World:
    """A company with two offices over the memory store, and a worker that posts when it is asked to."""

    store: MemoryStore = field(default_factory=memory_store)

    def __post_init__(self) -> None:
        self.office = company(self.store)
        self.other = Sender(self.store, self.office.ref, enrol(self.store, self.office.ref), user="admin")
        self.lane = MemoryLane(self.store)

    def push(self, operation: Operation, sender: Sender | None = None) -> Outcome:
        return (sender or self.office).push(operation)[0]

    def refused(self, operation: Operation) -> Told:
        """The faults accept answers one operation with."""
        return self.push(operation).faults

    def save(self, body: dict[str, Any] | bytes, **given: Any) -> Told:
        return self.refused(self.office.save(given.pop("id", ident()), body, **given))

    def post(self, body: dict[str, Any], **given: Any) -> Told:
        """The faults the poster leaves at a voucher that accept has taken."""
        voucher = posted(self.office, body, **given)
        drain(self.lane)
        return book(self.office, voucher).faults

    def kept(self, body: dict[str, Any] | None = None, **given: Any) -> Operation:
        """A voucher accepted and worked off."""
        operation = self.office.save(ident(), body or journal(), **given)
        assert self.push(operation).result == "applied"
        drain(self.lane)
        return operation

    def entry(self, kind: str, ident_: str, body: dict[str, Any] | None, **given: Any) -> Told:
        return self.refused(self.office.entry(kind, ident_, body, **given))

    def lock(self, day: str) -> None:
        body = {"code": "HN-F", "branch": HN, "book": "financial", "day": day}
        assert self.entry("lock", "HN-F", body) == []

    def after(self, act: str, save: Operation, **given: Any) -> Told:
        """The faults an act of the lane ends with."""
        assert self.push(self.office.act(save.id, act, after=save.n, **given)).result == "applied"
        drain(self.lane)
        return book(self.office, save.id).faults

    def batch(self, *operations: Operation) -> Told:
        """Why a whole batch is not taken."""
        fault = self.office.send(operations).fault
        return [fault] if fault else []


def line(debit: str, credit: str, amount: Any = "100000", **more: Any) -> dict[str, Any]:
    return {"debit_account": debit, "credit_account": credit, "amount": amount, **more}


def lines(*rows: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return journal(lines=list(rows), **changed)


def tax(**changed: Any) -> dict[str, Any]:
    row = {
        "net_amount": "1000000", "tax_rate": "10", "tax_amount": "100000", "tax_account": "1331",
        "credit_account": "331", "supplier": VENDOR, "supplier_tax_code": "0100100216", "invoice_series": "1C26TAA",
        "invoice_number": "123", "invoice_date": "2026-03-04",
    }  # fmt: skip
    return journal(taxes=[row], **changed)


def money(kind: str, debit: str, credit: str, **changed: Any) -> dict[str, Any]:
    return lines(line(debit, credit), type=kind, **changed)


def opening(day: str, credit: int = 500) -> dict[str, Any]:
    rows = [
        {"account": "1111", "fund": FUND, "debit_amount": "500"},
        {"account": "41111", "credit_amount": str(credit)},
    ]
    return {"type": "opening", "branch": HN, "voucher_date": day, "accounting_date": day, "accounts": rows}


# ---- what takes more than one step


def conflict(world: World, act: str) -> Told:
    """Another office edits, unposts or deletes what this office edits too."""
    save = world.kept(post_to=[] if act == DELETE else BOOK)
    if act == SAVE:
        world.after(UNPOST, save)
        world.push(world.other.save(save.id, journal(amount=5), base=2), world.other)
        return world.refused(world.office.save(save.id, journal(amount=6), base=2))
    world.push(world.other.act(save.id, act, base=1), world.other)
    return world.refused(world.office.save(save.id, journal(amount=6), base=1))


def taken_code(world: World) -> Told:
    return world.entry("partner", ident(), {"code": "kh01", "name": "Công ty khác", "is_customer": True})


def inactive(world: World) -> Told:
    world.entry("partner", CUSTOMER, {"code": "KH01", "name": "An Bình", "active": False}, base=1)
    return world.save(journal())


def deleted_entry(world: World) -> Told:
    world.entry("partner", VENDOR, None, base=1)
    return world.save(lines(line("331", "1111", debit_partner=VENDOR), fund=FUND))


def inactive_account(world: World) -> Told:
    world.entry("account", "6428", {"code": "6428", "name": "Chi phí khác", "active": False})
    return world.post(lines(line("6428", "1111"), fund=FUND))


def used(world: World) -> Told:
    world.kept()
    return world.entry("partner", CUSTOMER, None, base=1)


def moved_account(world: World) -> Told:
    """Its day balances were kept as money: taken out of another place, they would stay for ever."""
    world.entry("account", "1118", {"code": "1118", "name": "Tiền mặt khác", "parent": "111"})
    world.kept(lines(line("1118", "5111"), fund=FUND))
    return world.entry("account", "1118", {"code": "1118", "name": "Phải thu khác", "parent": "138"}, base=1)


def edit_into(world: World, old_day: str, new_day: str) -> Told:
    """A posted voucher of our own, changed to another day; before the lane comes to it the books are locked."""
    save = world.kept(journal(accounting_date=old_day), post_to=BOOK)
    body = journal(accounting_date=new_day)
    assert world.push(world.office.save(save.id, body, after=save.n, post_to=BOOK)).result == "applied"
    world.lock("2026-03-31")
    drain(world.lane)
    return book(world.office, save.id).faults


def edit_locked(world: World) -> Told:
    """An edit of what stands in a period that is locked already."""
    save = world.kept(post_to=BOOK)
    world.lock("2026-03-31")
    return world.refused(world.office.save(save.id, journal(accounting_date="2026-04-05"), after=save.n, post_to=BOOK))


def unpost_locked(world: World) -> Told:
    save = world.kept(post_to=BOOK)
    world.lock("2026-03-31")
    return world.after(UNPOST, save)


def opening_locked(world: World) -> Told:
    world.lock("2026-01-31")
    return world.post(opening("2025-12-31"))


def invoice_twice(world: World) -> Told:
    world.post(tax())
    return world.post(tax(branch=HCM))


def leaned_on(world: World) -> Told:
    save = world.kept(receipt(100), post_to=BOOK)
    world.kept(payment(60), post_to=BOOK)
    return world.after(UNPOST, save)


def unknown_year(world: World) -> Told:
    return world.post(journal(accounting_date="2027-01-05"))


def base_refused(world: World) -> Told:
    save = world.office.save(ident(), journal(branch=ident(999)))
    return world.office.push(save, world.office.save(save.id, journal(), after=save.n))[1].faults


def of_deleted(world: World) -> Told:
    save = world.kept()
    world.push(world.office.act(save.id, DELETE, after=save.n))
    return world.refused(world.office.act(save.id, POST, base=2))


def changed_by_quick_edit(world: World) -> Told:
    save = world.kept()
    return world.refused(world.office.save(save.id, journal(amount=7), act=QUICK_EDIT, base=1))


def damaged(world: World) -> Told:
    return world.batch(msgspec.structs.replace(world.office.save(ident(), journal()), user="admin"))


def cloned(world: World) -> Told:
    """Two copies of one file put different things under one number."""
    world.kept()
    world.office.n -= 1
    return world.batch(world.office.save(ident(), journal()))


def hello(world: World, **changed: Any) -> Told:
    row = world.store.replica(world.office.ref, world.office.replica)
    assert row is not None
    known = {
        "protocol": 1, "replica": row.replica, "epoch": 1, "last_n": row.last_n, "last_hash": row.last_hash,
        "schema": 1, "timeline": TIMELINE,
    }  # fmt: skip
    answer = greet(world.store, world.office.ref, Hello(**{**known, **changed}))
    return answer.faults if isinstance(answer, HelloAnswer) else [answer]


def off_the_list(world: World) -> Told:
    revoke(world.store, world.office.ref, world.office.replica)
    return world.batch(world.office.save(ident(), journal()))


def our_own_bug(world: World) -> Told:
    """A voucher the poster cannot decide: told as our failure, and the lane goes on."""
    voucher = posted(world.office, journal())
    tables = world.store.at(world.office.ref)
    broken = tables.vouchers[voucher].body.replace(b'"2026-03-05"', b'"no day"')
    tables.vouchers[voucher] = replace(tables.vouchers[voucher], body=broken)
    drain(world.lane)
    return book(world.office, voucher).faults


def poison(world: World, monkeypatch: pytest.MonkeyPatch) -> Told:
    """An operation the database would not take even alone."""
    apply = MemoryAccepting.apply

    def refusing(self: MemoryAccepting, changes: Any) -> Any:
        if changes.vouchers:
            raise Raced("the database would not")
        return apply(self, changes)

    monkeypatch.setattr(MemoryAccepting, "apply", refusing)
    return world.save(journal())


@dataclass(frozen=True)
class Row:
    """A situation, how it comes about, and what is told: code and field of the first fault."""

    situation: str
    provoke: Callable[[World], Told]
    code: str
    field: str
    params: dict[str, str] = field(default_factory=dict)


def voucher_row(situation: str, body: dict[str, Any], code: str, place: str) -> Row:
    """A body accept refuses for its shape."""
    return Row(situation, lambda world: world.save(body), code, place)


NOBODY = ident(998)
NOT_MINE = {"user": "clerk"}

ROWS = [
    # --- product facts 4.2: what a posting must have
    Row("no partner on 131", lambda w: w.post(lines(line("131", "5111"))), "DETAIL_REQUIRED", "lines.1.debit_partner",
        {"detail": "partner"}),
    Row("no partner on the credit side", lambda w: w.post(lines(line("6428", "331"))), "DETAIL_REQUIRED",
        "lines.1.credit_partner", {"detail": "partner"}),
    Row("no bank account on 1121", lambda w: w.post(lines(line("1121", "5111"))), "DETAIL_REQUIRED",
        "lines.1.debit_bank_account", {"detail": "bank_account"}),
    Row("account not in the chart", lambda w: w.post(lines(line("9999", "5111"))), "ACCOUNT_UNKNOWN",
        "lines.1.debit_account"),
    Row("account with children", lambda w: w.post(lines(line("511", "1111"), fund=FUND)), "ACCOUNT_NOT_LEAF",
        "lines.1.debit_account"),
    Row("account no longer in use", inactive_account, "ACCOUNT_INACTIVE", "lines.1.debit_account"),
    Row("account not allowed on this type",
        lambda w: w.post(money("cash_receipt", "6428", "5111", fund=FUND)), "ACCOUNT_NOT_ALLOWED",
        "lines.1.debit_account"),
    Row("both sides the same", lambda w: w.post(lines(line("1111", "1111"), fund=FUND)), "ACCOUNT_SAME", "lines.1"),
    Row("opening balances not balanced", lambda w: w.post(opening("2025-12-31", 499)), "UNBALANCED", "accounts"),
    Row("cash below zero", lambda w: w.post(payment(5)), "CASH_NEGATIVE", "lines", {"account": "1111", "asks": "1"}),
    Row("bank below zero", lambda w: w.post(lines(line("331", "1121", bank_account=BANK, debit_partner=VENDOR))),
        "CASH_NEGATIVE", "lines", {"account": "1121", "asks": "1"}),
    Row("a receipt others lean on", leaned_on, "CASH_NEGATIVE", "lines", {"date": "2026-03-06"}),
    Row("input invoice of another office", invoice_twice, "INVOICE_DUPLICATE", "taxes.1.invoice_number",
        {"asks": "1"}),
    # --- days
    Row("before the books", lambda w: w.post(journal(accounting_date="2025-12-31")), "DATE_BEFORE_BOOKS",
        "accounting_date"),
    Row("outside the fiscal year", unknown_year, "DATE_OUTSIDE_YEAR", "accounting_date"),
    Row("an edit out of a locked day", lambda w: edit_into(w, "2026-03-05", "2026-04-05"), "DATE_LOCKED",
        "accounting_date", {"date": "2026-03-05"}),
    Row("an edit into a locked day", lambda w: edit_into(w, "2026-04-05", "2026-03-06"), "DATE_LOCKED",
        "accounting_date", {"date": "2026-03-06"}),
    Row("an edit of what stands in a locked period", edit_locked, "DATE_LOCKED", "accounting_date",
        {"date": "2026-03-05"}),
    Row("unposting in a locked period", unpost_locked, "DATE_LOCKED", "accounting_date"),
    Row("opening balances inside the books", lambda w: w.post(opening("2026-01-01")), "OPENING_DATE",
        "accounting_date"),
    Row("opening balances after the first lock", opening_locked, "OPENING_LOCKED", "accounting_date"),
    # --- product facts 2.6: numbers, other people, catalogs
    Row("number already there", lambda w: (w.kept(journal("NVK1")), w.save(journal("NVK1")))[1], "NUMBER_TAKEN",
        "number"),
    Row("changed by another", lambda w: conflict(w, SAVE), "CONFLICT", "base", {"author": "admin", "did": "changed"}),
    Row("unposted by another", lambda w: conflict(w, UNPOST), "CONFLICT", "base",
        {"author": "admin", "did": "unposted"}),
    Row("deleted by another", lambda w: conflict(w, DELETE), "CONFLICT", "base",
        {"author": "admin", "did": "deleted"}),
    Row("catalog entry that never came", lambda w: w.save(lines(line("131", "5111", debit_partner=NOBODY))),
        "CATALOG_UNKNOWN", "lines.1.debit_partner"),
    Row("catalog entry deleted", deleted_entry, "CATALOG_UNKNOWN", "lines.1.debit_partner"),
    Row("catalog entry no longer in use", inactive, "CATALOG_INACTIVE", "lines.1.debit_partner"),
    Row("catalog entry in use deleted", used, "CATALOG_USED", "id"),
    Row("account in use moved in the chart", moved_account, "ACCOUNT_PARENT_USED", "parent", {"account": "1118"}),
    Row("catalog code taken", taken_code, "CATALOG_CODE_TAKEN", "code"),
    # --- rights, versions, machines
    Row("no right to the settings", lambda w: w.entry("company", "company", dict(CATALOGS[0][2]), base=1, **NOT_MINE),
        "RIGHT_MISSING", "user"),
    Row("user unknown", lambda w: w.save(journal(), user="nobody"), "RIGHT_MISSING", "user"),
    Row("branch of others", lambda w: w.save(journal(branch=HCM), **NOT_MINE), "BRANCH_UNKNOWN", "branch"),
    Row("version too old", lambda w: hello(w, protocol=0), "VERSION_TOO_OLD", "protocol"),
    Row("two copies of one file", cloned, "REPLICA_QUARANTINED", "operations"),
    Row("quarantined since", lambda w: (cloned(w), w.batch(w.office.save(ident(), journal())))[1],
        "REPLICA_QUARANTINED", "replica"),
    Row("a greeting with another past", lambda w: hello(w, last_hash="0" * 64), "REPLICA_QUARANTINED", "replica"),
    Row("machine off the list", off_the_list, "REPLICA_UNKNOWN", "replica"),
    Row("damaged on the way", damaged, "HASH_MISMATCH", "operations"),
    Row("an old epoch",
        lambda w: w.batch(msgspec.structs.replace(w.office.save(ident(), journal()), epoch=7)), "EPOCH_UNKNOWN",
        "operations"),
    Row("our own bug", our_own_bug, "INTERNAL", ""),
    # --- acts the state of a voucher does not allow
    Row("on what was refused", base_refused, "BASE_REFUSED", "base"),
    Row("on what is deleted", of_deleted, "ACT_DELETED", "act"),
    Row("posting what is posted", lambda w: w.refused(w.office.act(w.kept(post_to=BOOK).id, POST, base=1)),
        "ACT_POSTED", "act"),
    Row("unposting what is not", lambda w: w.refused(w.office.act(w.kept().id, UNPOST, base=1)), "ACT_NOT_POSTED",
        "act"),
    Row("a quick edit of an amount", changed_by_quick_edit, "ACT_UNAVAILABLE", "lines"),
    Row("a voucher nobody has", lambda w: w.refused(w.office.act(ident(), POST, base=1)), "VOUCHER_UNKNOWN", "id"),
    Row("a type nobody has", lambda w: w.refused(w.office.operation(VOUCHER, "abc", ident(), SAVE, body=journal())),
        "TYPE_UNKNOWN", "type"),
    # --- shapes
    Row("not JSON", lambda w: w.save(b"[1, 2]"), "JSON_INVALID", "body"),
    Row("an id that is none", lambda w: w.save(journal(), id="123"), "IDENT_INVALID", "id"),
    Row("a kind of object that is none", lambda w: w.refused(w.office.operation("thing", "x", ident(), SAVE)),
        "CHOICE_INVALID", "kind"),
    Row("NUL in a setting",
        lambda w: w.entry("company", "company", {**CATALOGS[0][2], "numbering": {"a": "\0"}}, base=1, user="admin"),
        "TEXT_INVALID", "body"),
    voucher_row("a field of others", journal(colour="đỏ"), "FIELD_UNKNOWN", "colour"),
    voucher_row("no date", journal(accounting_date=None), "FIELD_REQUIRED", "accounting_date"),
    voucher_row("a day that is none", journal(accounting_date="2026-02-31"), "DAY_INVALID", "accounting_date"),
    voucher_row("text too long", journal(description="a" * 5_000), "TEXT_TOO_LONG", "description"),
    voucher_row("a book that is none", journal(books=["secret"]), "BOOK_UNKNOWN", "books"),
    voucher_row("number of strange signs", journal("<>"), "NUMBER_INVALID", "number"),
    voucher_row("no line", lines(), "LINES_EMPTY", "lines"),
    voucher_row("too many lines", lines(*[line("131", "5111")] * 10_001), "LINES_TOO_MANY", "lines"),
    voucher_row("amount that is none", lines(line("6428", "5111", "abc")), "AMOUNT_INVALID", "lines.1.amount"),
    voucher_row("no amount", lines(line("6428", "5111", "0")), "AMOUNT_EMPTY", "lines.1.amount"),
    voucher_row("part of a đồng", lines(line("6428", "5111", "0.5")), "AMOUNT_FRACTIONAL", "lines.1.amount"),
    voucher_row("an absurd amount", lines(line("6428", "5111", "9" * 18)), "AMOUNT_TOO_LARGE", "lines.1.amount"),
    voucher_row("negative on a receipt",
                {**lines(line("1111", "5111", "-5"), type="cash_receipt", fund=FUND)}, "AMOUNT_NEGATIVE",
                "lines.1.amount"),
    voucher_row("negative, correcting nothing", lines(line("6428", "5111", "-5")), "CORRECTS_REQUIRED", "corrects"),
    voucher_row("currency unknown", journal(currency="USX"), "CURRENCY_UNKNOWN", "currency"),
    voucher_row("a rate for đồng", journal(rate="25450"), "RATE_NOT_ONE", "rate"),
    voucher_row("no rate for dollars", journal(currency="USD", rate="0"), "RATE_INVALID", "rate"),
    voucher_row("converted otherwise", lines(line("6428", "5111", "5", amount_vnd="6")), "CONVERTED_MISMATCH",
                "lines.1.amount_vnd"),
    voucher_row("a count that is none", journal(original_documents="nhiều"), "QUANTITY_INVALID",
                "original_documents"),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.situation)
def test_row_6_what_is_told(row: Row) -> None:
    found = row.provoke(World())
    assert found, "nothing was refused"
    assert (found[0].code, found[0].field) == (row.code, row.field)
    told = {name: found[0].params.get(name) for name in row.params}
    assert told == row.params
    for language in ("vi", "en"):
        words = fault_words(Fault(found[0].code, found[0].field, dict(found[0].params)), language)
        assert words.sentence
        assert words.cure
        assert "…" not in words.sentence + words.cure  # a parameter the words want and nobody gave
        assert not re.search(r"[\[\]{}]", words.sentence + words.cure)


def test_row_6_what_the_database_would_not_take_is_told_with_a_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    (fault,) = poison(World(), monkeypatch)
    assert (fault.code, bool(fault.params["reference"])) == ("INTERNAL", True)


ROOMS = (
    *("sync/accept", "sync/reading", "sync/grant", "cloud/post", "cloud/cash", "cloud/facts", "cloud/hello"),
    *("cloud/accept", "core/check", "core/posting", "core/voucher", "core/catalog"),
)


def test_row_6_whatever_accept_and_the_poster_can_say_is_provoked_above() -> None:
    said: set[str] = set()
    for room in ROOMS:
        text = (SRC / f"{room}.py").read_text(encoding="utf-8")
        said |= set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+|CONFLICT|UNBALANCED|INTERNAL)"', text))
    assert said & set(fault_table()) - {row.code for row in ROWS} == set()
