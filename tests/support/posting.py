"""Reads what posting did, from either cloud store alike: through the feed and the snapshot a data server gets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from socai.base.calendar import day_of_key
from socai.cloud.lane import LaneStore, Poster, serve_one
from socai.cloud.store.port import CloudStore
from socai.cloud.store.row import Cursor, TenantRef
from socai.core.balance import Movements, move
from socai.core.entry import Entry, Side
from socai.registry import chart_for
from socai.sync.message import BookState, FeedItem
from support.sender import CUSTOMER, FUND, VENDOR, Sender, ident, journal, specs

CHART = chart_for("tt99")
BOOK = ["financial"]
BookBalances = dict[tuple[str, Any], tuple[int, ...]]


def items(store: CloudStore, ref: TenantRef) -> dict[str, FeedItem]:
    """Everything in the feed, by id."""
    found, _, _ = store.feed(ref, Cursor(), frozenset(), 100_000, 10**9)
    return {item.id: item for item in found}


def item(office: Sender, voucher: str) -> FeedItem:
    """One voucher as the feed gives it."""
    return items(office.store, office.ref)[voucher]


def book(office: Sender, voucher: str, name: str = "financial") -> BookState:
    """Its state in one book."""
    return next(state for state in item(office, voucher).books if state.book == name)


def codes(office: Sender, voucher: str, name: str = "financial") -> list[str]:
    """The codes of the faults that stand at it."""
    return [fault.code for fault in book(office, voucher, name).faults]


def balances(store: CloudStore, ref: TenantRef) -> BookBalances:
    """The kept balances that are not zero, as a new replica would receive them."""
    found: BookBalances = {}
    for chunk in store.snapshot(ref, frozenset(), 1_000):
        for row in chunk.balances:
            key = (row.dimension, row.branch, row.account, row.currency, row.detail, row.period)
            turnover = (row.debit, row.credit, row.debit_foreign, row.credit_foreign)
            if any(turnover):
                found[row.book, key] = turnover
    return found


def rebuilt(found: Iterable[FeedItem]) -> BookBalances:
    """The balances as the live entry sets alone give them (I8)."""
    books: dict[str, Movements] = {}
    for each in found:
        for posted in each.sets:
            if not posted.voided_seq:
                entries = [_entry(row) for row in posted.entries]
                day = day_of_key(int(posted.day.replace("-", "")))
                move(books.setdefault(posted.book, {}), entries, day, CHART)
    return {(name, key): tuple(sums) for name, moves in books.items() for key, sums in moves.items() if any(sums)}


def _entry(row: list[Any]) -> Entry:
    line, amount, debit, credit, description, cash_flow = row
    sides = [Side(*side) if side else None for side in (debit, credit)]
    return Entry(line, amount, sides[0], sides[1], description, cash_flow)


def account(office: Sender, code: str) -> int:
    """Debit less credit of one account over all months, in đồng."""
    return sum(
        turnover[0] - turnover[1]
        for (_, key), turnover in balances(office.store, office.ref).items()
        if key[0] == 0 and key[2] == code
    )


def drain(lane: LaneStore) -> int:
    """Serve every lane until nothing waits; how many turns that took."""
    poster, turns = Poster(lane, specs()), 0
    last: int | None = None
    while True:
        bucket, done = serve_one(lane, poster, "test", last)
        if bucket is None:
            return turns
        last, turns = bucket, turns + 1
        assert done, "a turn answered nothing"


def posted(office: Sender, body: dict[str, Any], **given: Any) -> str:
    """Save a voucher and ask for its posting; its id."""
    voucher = ident()
    (outcome,) = office.push(office.save(voucher, body, post_to=given.pop("post_to", BOOK), **given))
    assert outcome.result == "applied", outcome
    return voucher


def receipt(amount: int, day: str = "2026-03-05") -> dict[str, Any]:
    """Cash collected from the customer."""
    return journal(
        accounting_date=day,
        fund=FUND,
        lines=[
            {"debit_account": "1111", "credit_account": "131", "credit_partner": CUSTOMER, "amount": str(amount)},
        ],
    )


def payment(amount: int, day: str = "2026-03-06") -> dict[str, Any]:
    """Cash paid to the vendor."""
    return journal(
        accounting_date=day,
        fund=FUND,
        lines=[{"debit_account": "331", "credit_account": "1111", "debit_partner": VENDOR, "amount": str(amount)}],
    )


def set_company(office: Sender, **changed: str) -> None:
    """Change the company's settings."""
    body = {"name": "Công ty TNHH Minh Phát", "books_first_day": "2026-01-01", **changed}
    (outcome,) = office.push(office.entry("company", "company", body, base=1, user="admin"))
    assert outcome.result == "applied", outcome
