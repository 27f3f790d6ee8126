"""Vouchers as people see them: rows of a list, one voucher whole, what a new one begins with, similar ones of the past.

Reads only. The status comes from facts through `core.life`, and nothing here decides what may be done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from socai.base.calendar import day_of_key
from socai.base.fault import Fault
from socai.base.folding import fold
from socai.base.money import amount_text
from socai.core import life
from socai.core.entry import FINANCIAL, VND
from socai.core.spec import ACTS_COMMON
from socai.dataserver import facts as fact
from socai.dataserver.desk import Desk
from socai.dataserver.store import audit, listing, voucher
from socai.dataserver.store.file import Connection
from socai.dataserver.store.known import Known
from socai.dataserver.store.listing import Filters, Place
from socai.dataserver.store.voucher import BookRow, Head
from socai.dataserver.views.conflict import ConflictView, HeldView, held_by, raw, voucher_conflict
from socai.dataserver.views.told import told_of
from socai.edge.problem import WordedFault
from socai.registry import voucher_types
from socai.sync.message import DELETE, UNPOST

PAGE_MAX = 200
SCANNED_MAX = 4_000  # heads looked at for one page of a list filtered by state
HISTORY_MAX = 100
SIMILAR_MAX = 8
WORDS_MAX = 8

Branches = tuple[str, ...] | None
"""The branches a person may see; None for all."""


class StatusView(msgspec.Struct, frozen=True):
    """The derived status in one book: `detail` is the word key of the list, `icon` 1, 2 or 3."""

    sync: str
    book: str
    in_flight: bool
    detail: str
    icon: int


class VoucherRow(msgspec.Struct, frozen=True):
    """One row of a list. `total` in đồng, `amount` in the voucher's currency, both decimal strings."""

    id: str
    type: str
    number: str
    voucher_date: str
    accounting_date: str
    partner_name: str
    description: str
    total: str
    currency: str
    amount: str
    branch: str
    books: list[str]
    revision: int
    version: int
    status: StatusView
    deleted: bool


class VoucherPage(msgspec.Struct, frozen=True):
    """A page of a list; `count` and `total` (đồng) are of everything the filters find, -1 where not counted."""

    items: list[VoucherRow]
    next: str
    count: int
    total: str


class BookView(msgspec.Struct, frozen=True):
    """What the cloud last said of the voucher in one book."""

    book: str
    asked: bool
    posted: bool
    running: str
    fault_act: str
    faults: list[WordedFault]
    posted_at: str
    status: StatusView


class HistoryItem(msgspec.Struct, frozen=True):
    """Who did what, newest first. `version` is the cloud's, 0 while it has taken none."""

    at: str
    user: str
    act: str
    revision: int
    version: int


class VoucherView(msgspec.Struct, frozen=True):
    """One voucher whole. `acts`: every act of the type with "" where allowed, else the code of the reason.

    `held_by`: the refused catalog entries it waits for, while its status says `held`. `waiting`: figures that move only
    when posting has succeeded: `books` (balances and reports) while a posting or its reverse is asked or under way,
    `cash_issue_rate` where the typed rate stands until that rate is run.
    """

    id: str
    type: str
    revision: int
    version: int
    number: str
    body: Any
    status: StatusView
    acts: dict[str, str]
    books: list[BookView]
    faults: list[WordedFault]
    conflict: ConflictView | None
    held_by: list[HeldView]
    history: list[HistoryItem]
    previous: str
    next: str
    deleted: bool
    author: str
    at: str
    waiting: list[str] = []


class Similar(msgspec.Struct, frozen=True):
    """A past voucher offered while typing."""

    id: str
    number: str
    accounting_date: str
    partner_name: str
    description: str
    total: str
    body: Any


def iso(day: int) -> str:
    """A stored day as text; empty for none."""
    return day_of_key(day).isoformat() if day else ""


def words_of(text: str) -> tuple[str, ...]:
    """What was typed into a search box, folded, word by word; thousands marks fall out of figures."""
    found = []
    for word in fold(text).split()[:WORDS_MAX]:
        digits = word.replace(".", "").replace(",", "")
        found.append(digits if digits.isdigit() and len(digits) > 3 else word)
    return tuple(found)


def status_view(facts: life.Facts, book: str) -> StatusView:
    """The status in the book being looked at."""
    status = life.status(facts, book)
    return StatusView(status.sync, status.book, status.in_flight, status.detail, status.icon)


def row_of(head: Head, facts: life.Facts, book: str, known: Known) -> VoucherRow:
    """A list's row of one voucher."""
    places = known.decimals.get(head.currency, 0)
    return VoucherRow(
        id=head.id,
        type=head.type,
        number=head.number,
        voucher_date=iso(head.voucher_date),
        accounting_date=iso(head.day),
        partner_name=head.partner_name,
        description=head.description,
        total=amount_text(head.total),
        currency=head.currency or VND,
        amount=amount_text(head.amount, places),
        branch=head.branch,
        books=head.book_list,
        revision=head.revision,
        version=head.version,
        status=status_view(facts, book),
        deleted=bool(head.deleted),
    )


def rows_of(desk: Desk, db: Connection, heads: Sequence[Head], book: str) -> list[VoucherRow]:
    """The rows of several vouchers, in a handful of statements."""
    known = desk.cache.get(db)
    facts = fact.read_many(db, heads, known.calendar, desk.clock.now())
    return [row_of(head, facts[head.id], book, known) for head in heads]


def rows_by_id(desk: Desk, idents: Sequence[str], book: str) -> list[VoucherRow]:
    """The rows of these vouchers as they are now: what live status tells."""
    with desk.file.read() as db:
        return rows_of(desk, db, list(voucher.load_many(db, idents).values()), book)


def voucher_page(desk: Desk, filters: Filters, book: str, after: Place | None, limit: int) -> VoucherPage:
    """A page of a list, newest accounting day first. Counted on its first page only."""
    book = book or FINANCIAL
    with desk.file.read() as db:
        filters = replace(filters, state_book=book)
        items, place = _matching(desk, db, filters, book, after, limit)
        if after is not None:
            count, total = -1, 0
        elif place is None:
            count, total = len(items), sum(int(row.total) for row in items)
        else:
            count, total = listing.count(db, filters)
    mark = f"{place.day}.{place.id}" if place else ""
    return VoucherPage(items, mark, count, amount_text(total) if count >= 0 else "")


def _matching(
    desk: Desk, db: Connection, filters: Filters, book: str, after: Place | None, limit: int
) -> tuple[list[VoucherRow], Place | None]:
    """Rows whose derived status is the wanted one, and where the page ended (None on the last page)."""
    found: list[VoucherRow] = []
    scanned = 0
    derived = bool(filters.state or filters.detail)
    chunk = limit + 1 if not derived else min(limit * 2, PAGE_MAX * 2) + 1
    while True:
        heads = listing.page(db, filters, after, chunk)
        more = len(heads) == chunk
        heads = heads[: chunk - 1]
        for head, row in zip(heads, rows_of(desk, db, heads, book), strict=True):
            after = Place(head.day, head.id)
            if _is_wanted(row.status, filters):
                found.append(row)
            if len(found) == limit:
                return found, after if more or head is not heads[-1] else None
        scanned += len(heads)
        if not more:
            return found, None
        if scanned >= SCANNED_MAX:
            return found, after


def _is_wanted(status: StatusView, filters: Filters) -> bool:
    """Whether a derived status is what the filters ask for."""
    return filters.detail in ("", status.detail) and (not filters.state or is_state(status, filters.state))


def is_state(status: StatusView, state: str) -> bool:
    """Whether a status is what a filter by state means."""
    if state == "in_flight":
        return status.in_flight
    if state == "failed":
        return status.sync in (life.SYNC_FAILED, life.CONFLICT) or status.book.endswith("_failed")
    return state in (status.sync, status.book)


def place_of(text: str) -> Place | Fault | None:
    """Where a page ended, as a client sends it back."""
    if not text:
        return None
    day, _, ident = text.partition(".")
    if not (day.isascii() and day.isdigit() and len(day) == 8 and ident):
        return Fault("PARAMETER_INVALID", "after", {"field": "after", "value": text[:40]})
    return Place(int(day), ident)


def voucher_view(desk: Desk, ident: str, book: str, branches: Branches) -> VoucherView | Fault:
    """One voucher whole. VOUCHER_UNKNOWN where there is none, or it belongs to a branch the person may not see."""
    with desk.file.read() as db:
        head = voucher.load(db, ident)
        if head is None or (branches is not None and head.branch not in branches):
            return Fault("VOUCHER_UNKNOWN", "id", {"id": ident[:40]})
        known = desk.cache.get(db)
        facts = fact.read_one(db, head, known.calendar, desk.clock.now())
        kind = voucher_types().get(head.type)
        available = (*ACTS_COMMON, *kind.spec.acts) if kind else ()
        book = book or (head.book_list or [FINANCIAL])[0]
        books = {row.book: row for row in voucher.book_rows(db, [ident]).get(ident, ())}
        before, after = listing.neighbours(db, head, branches)
        return VoucherView(
            id=head.id,
            type=head.type,
            revision=head.revision,
            version=head.version,
            number=head.number,
            body=raw(voucher.body(db, ident, head.revision)),
            status=status_view(facts, book),
            acts=dict(fact.acts_of(facts, book, available)),
            books=[_book_view(db, name, books.get(name), facts) for name in dict.fromkeys((*head.book_list, *books))],
            faults=told_of(db, head.refused),
            conflict=voucher_conflict(db, head.type, head.id),
            held_by=held_by(db, head.id) if facts.held else [],
            history=_history(db, ident),
            previous=before,
            next=after,
            deleted=bool(head.deleted),
            author=head.author,
            at=head.at,
            waiting=_waiting(facts, head),
        )


def _waiting(facts: life.Facts, head: Head) -> list[str]:
    """Which figures wait for posting."""
    kind = voucher_types().get(head.type)
    moving = facts.pending_act in (UNPOST, DELETE) and any(book.posted for book in facts.books)
    asked = any(book.running or (book.asked and not book.posted) for book in facts.books)
    found = ["books"] if asked or moving or facts.pending_posts else []
    if kind is not None and kind.spec.provisional_rate and head.currency not in ("", VND):
        found.append("cash_issue_rate")
    return found


def _book_view(db: Connection, name: str, row: BookRow | None, facts: life.Facts) -> BookView:
    row = row or BookRow(name)
    faults, status = told_of(db, row.faults), status_view(facts, name)
    return BookView(name, row.asked, row.posted, row.running, row.fault_act, faults, row.posted_at, status)


def _history(db: Connection, ident: str) -> list[HistoryItem]:
    """Forms saved here or told by the cloud, and the acts here that left no form (post, unpost, delete)."""
    forms = voucher.revisions(db, ident, HISTORY_MAX)
    items = [HistoryItem(form.at, form.author, form.act, form.revision, form.version) for form in forms]
    told = {(item.at, item.act) for item in items}
    items += [
        HistoryItem(act.at, act.user, act.act, act.revision, 0)
        for act in audit.history(db, ident, HISTORY_MAX)
        if (act.at, act.act) not in told
    ]
    return sorted(items, key=lambda item: item.at, reverse=True)[:HISTORY_MAX]


def similar(desk: Desk, type_code: str, text: str, branches: Branches) -> list[Similar]:
    """Past vouchers of a type most like what is being typed: beginnings first, then the newest, each wording once."""
    words = words_of(text)
    if not words or type_code not in voucher_types():
        return []
    beginning = fold(text)
    with desk.file.read() as db:
        ranked: dict[tuple[str, str], tuple[int, Head]] = {}
        for order, head in enumerate(listing.similar(db, type_code, words, branches)):
            said = (fold(head.description), fold(head.partner_name))
            begins = said[0].startswith(beginning) or said[1].startswith(beginning)
            ranked.setdefault(said, (order if begins else order + listing.SIMILAR_SCANNED_MAX, head))
        best = [head for _, head in sorted(ranked.values(), key=lambda pair: pair[0])[:SIMILAR_MAX]]
        bodies = voucher.bodies(db, [head.id for head in best])
    return [
        Similar(
            head.id,
            head.number,
            iso(head.day),
            head.partner_name,
            head.description,
            amount_text(head.total),
            raw(bodies.get(head.id, b"")),
        )
        for head in best
    ]
