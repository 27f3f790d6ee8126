"""Book queries against a naive oracle, on SQLite and PostgreSQL: the same vouchers, summed anew for each question.

Rule protected: balances = sum of entries whatever the period, branch, book or currency (I8), pages = one big page =
the stream, and the reconciliations that a set of books must show (forms of Circular 99/2025, appendix III).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from books.conftest import Books, postgres_books, sqlite_books
from books.ledger import BRANCHES, CHART, CONTEXT, LEAVES, Ledger, Moved, random_sets
from socai.base.calendar import day_key, day_of_key, parse_day
from socai.books.report import Context, Page, Request, Row, run, stream
from socai.books.request import encode_cursor, subtree
from socai.core.entry import FINANCIAL, MANAGEMENT
from socai.registry import reports

PERIODS = (
    ("2025-12-01", "2025-12-31"),  # one whole month
    ("2025-12-01", "2026-02-28"),  # a quarter over the year's end
    ("2025-12-05", "2025-12-05"),  # one day
    ("2025-12-05", "2025-12-31"),  # broken at the start
    ("2025-12-01", "2025-12-17"),  # broken at the end
    ("2025-12-09", "2026-02-11"),  # broken at both ends
    ("2025-11-21", "2025-11-25"),  # broken within one month
    ("2025-01-01", "2025-06-30"),  # before everything
    ("2026-11-01", "2026-11-22"),  # after everything
    ("2025-01-01", "2026-12-31"),  # everything
)


def ask(books: Books, code: str, period: tuple[str, str], limit: int = 500, after: str = "", **chosen: str) -> Page:
    """One page of a report."""
    request = Request({"from": period[0], "to": period[1], **chosen}, after=after, limit=limit)
    return run(reports()[code].spec, request, books.reader, CONTEXT)


def read_all(books: Books, code: str, period: tuple[str, str], limit: int, **chosen: str) -> list[Row]:
    """All rows of a report, page by page."""
    rows: list[Row] = []
    after = ""
    while True:
        page = ask(books, code, period, limit, after, **chosen)
        rows += page.rows
        after = page.next
        if not after:
            return rows


def keys(period: tuple[str, str]) -> tuple[int, int]:
    """The days of a period as stored."""
    first, last = (parse_day(text, "") for text in period)
    return day_key(first), day_key(last)  # type: ignore[arg-type]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def filled(request: pytest.FixtureRequest) -> Iterator[Books]:
    """Vouchers over some months, some voided, some of those posted anew with other entries. Tests only read it."""
    if request.param == "sqlite":
        yield _fill(sqlite_books())
        return
    with psycopg.connect(request.getfixturevalue("database")) as connection:
        yield _fill(postgres_books(connection))
        connection.rollback()


def _fill(books: Books) -> Books:
    sets = random_sets(seed=11, count=160)
    books.ledger.post(*sets[:80])
    books.ledger.post(*sets[80:])
    voided = sets[::9]
    books.ledger.void(*((each.voucher, each.book) for each in voided))
    for old, new in list(zip(voided, random_sets(seed=12, count=len(voided)), strict=True))[::2]:
        books.ledger.post(replace(new, voucher=old.voucher, book=old.book, set_no=2, version=2))
    return books


# --- trial balance ----------------------------------------------------------------------------------------------------

Six = list[int]


def expected_balances(
    ledger: Ledger, first: int, last: int, book: str, branches: Iterable[str] | None
) -> dict[str, Six]:
    """Six columns of every account, by hand: leaves by partner where gross, parents from their children."""
    opening: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    closing: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    six: dict[str, Six] = defaultdict(lambda: [0] * 6)
    for moved in ledger.sides(book, set(branches) if branches is not None else None):
        code = moved.side.account
        by_partner = CHART.accounts[code].gross and "partner" in CHART.accounts[code].carries
        who = moved.side.partner if by_partner else ""
        if moved.of.day > last:
            continue
        closing[code][who] += moved.signed
        if moved.of.day < first:
            opening[code][who] += moved.signed
        else:
            six[code][2 + moved.at] += moved.entry.amount
    for code in closing:
        for at, nets in ((0, opening[code]), (4, closing[code])):
            six[code][at] += sum(max(net, 0) for net in nets.values())
            six[code][at + 1] += sum(max(-net, 0) for net in nets.values())
    for code in sorted(CHART.parents, key=len, reverse=True):
        children = [
            six[child]
            for child in LEAVES + sorted(CHART.parents)
            if CHART.accounts[child].parent == code and child in six
        ]
        if children:
            six[code] = [sum(column) for column in zip(*children, strict=True)]
            if not CHART.accounts[code].gross:
                for at in (0, 4):
                    net = six[code][at] - six[code][at + 1]
                    six[code][at], six[code][at + 1] = max(net, 0), max(-net, 0)
    return {code: columns for code, columns in six.items() if any(columns)}


SIX = ("opening_debit", "opening_credit", "debit", "credit", "closing_debit", "closing_credit")


def six_of(rows: Iterable[Row]) -> dict[str, Six]:
    """The six columns by code."""
    return {str(row.cells["code"]): [row.cells[name] for name in SIX] for row in rows if row.kind == "line"}  # type: ignore[misc]


@pytest.mark.parametrize("period", PERIODS, ids="_".join)
def test_trial_balance_is_the_sum_of_entries(filled: Books, period: tuple[str, str]) -> None:
    for book in (FINANCIAL, MANAGEMENT):
        for branch in ("", *BRANCHES):
            page = ask(filled, "trial_balance", period, book=book, branch=branch)
            branches = [branch] if branch else None
            assert six_of(page.rows) == expected_balances(filled.ledger, *keys(period), book, branches)


@pytest.mark.parametrize("period", PERIODS, ids="_".join)
def test_trial_balance_pairs_as_far_as_vouchers_do(filled: Books, period: tuple[str, str]) -> None:
    """The sums differ by exactly what one-sided opening entries leave; with none they are equal."""
    total = ask(filled, "trial_balance", period).rows[-1]
    first, last = keys(period)
    lone = [moved for moved in filled.ledger.sides() if not moved.counter]
    before = sum(moved.signed for moved in lone if moved.of.day < first)
    within = sum(moved.signed for moved in lone if first <= moved.of.day <= last)
    columns = [total.cells[name] for name in SIX]
    assert [columns[0] - columns[1], columns[2] - columns[3], columns[4] - columns[5]] == [  # type: ignore[operator]
        before, within, before + within,
    ]  # fmt: skip


def test_levels_fold_children_into_their_parents(filled: Books) -> None:
    period = ("2025-12-01", "2025-12-31")
    whole = six_of(ask(filled, "trial_balance", period).rows)
    for level in (1, 2):
        shown = six_of(ask(filled, "trial_balance", period, level=str(level)).rows)
        assert shown == {code: columns for code, columns in whole.items() if CHART.level(code) <= level}


def test_asker_sees_only_their_branches(filled: Books) -> None:
    period = ("2025-12-09", "2026-02-11")
    context = Context(CHART, CONTEXT.names, ("SG",))
    spec = reports()["trial_balance"].spec
    page = run(spec, Request({"from": period[0], "to": period[1]}), filled.reader, context)
    assert six_of(page.rows) == expected_balances(filled.ledger, *keys(period), FINANCIAL, ["SG"])
    none = run(spec, Request({"from": period[0], "to": period[1]}), filled.reader, Context(CHART, CONTEXT.names, ()))
    assert six_of(none.rows) == {}


# --- details ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("period", PERIODS, ids="_".join)
@pytest.mark.parametrize("account", ["131", "331", "338"])
def test_partner_balances_add_up_to_the_account(filled: Books, period: tuple[str, str], account: str) -> None:
    page = ask(filled, "partner_balances", period, account=account)
    total = [page.rows[-1].cells[name] for name in SIX]
    assert total == expected_balances(filled.ledger, *keys(period), FINANCIAL, None).get(account, [0] * 6)


@pytest.mark.parametrize("period", PERIODS, ids="_".join)
def test_bank_balances_in_dollars(filled: Books, period: tuple[str, str]) -> None:
    _, last = keys(period)
    rows = ask(filled, "bank_balances", period, currency="USD").rows
    lines: list[dict[str, Any]] = [row.cells for row in rows if row.kind == "line"]  # type: ignore[misc]
    shown = {cells["id"]: cells["closing_debit_foreign"] - cells["closing_credit_foreign"] for cells in lines}
    expected: dict[str, int] = defaultdict(int)
    for moved in filled.ledger.sides():
        if moved.of.day <= last and moved.side.currency == "USD" and moved.side.account.startswith("112"):
            expected[moved.side.bank_account] += moved.signed_foreign
    assert shown == expected


# --- movements --------------------------------------------------------------------------------------------------------


def moved_within(books: Books, period: tuple[str, str], account: str = "", **detail: str) -> list[Moved]:
    """The sides a book must list, in order."""
    first, last = keys(period)
    codes = set(subtree(CHART, account)) if account else set(CHART.accounts)
    return [
        moved
        for moved in books.ledger.sides(detail.pop("book", FINANCIAL))
        if first <= moved.of.day <= last
        and moved.side.account in codes
        and all(getattr(moved.side, name) == value for name, value in detail.items())
    ]


def told(rows: Iterable[Row]) -> list[tuple[object, ...]]:
    """What lines say, comparable with the oracle."""
    names = ("accounting_date", "voucher_number", "counter_account", "debit", "credit", "description")
    return [(row.voucher, *(row.cells[name] for name in names)) for row in rows if row.kind == "line"]


def expected_lines(found: Iterable[Moved]) -> list[tuple[object, ...]]:
    """The same of the oracle's sides."""
    lines = []
    for moved in found:
        amounts = (0, moved.entry.amount) if moved.at else (moved.entry.amount, 0)
        day = day_of_key(moved.of.day).isoformat()
        lines.append((moved.of.voucher, day, moved.of.number, moved.counter, *amounts, moved.entry.description))
    return lines


@pytest.mark.parametrize("period", PERIODS, ids="_".join)
def test_journal_lists_both_sides_of_every_entry(filled: Books, period: tuple[str, str]) -> None:
    rows = read_all(filled, "general_journal", period, 500)
    found = moved_within(filled, period)
    assert told(rows) == expected_lines(found)
    assert [row.cells["line"] for row in rows if row.kind == "line"] == list(range(1, len(found) + 1))
    assert [row.cells["account"] for row in rows if row.kind == "line"] == [moved.side.account for moved in found]


@pytest.mark.parametrize("period", PERIODS, ids="_".join)
@pytest.mark.parametrize("account", ["111", "1121", "131", "333", "511"])
def test_ledger_lists_the_account_and_all_below_it(filled: Books, period: tuple[str, str], account: str) -> None:
    rows = ask(filled, "account_ledger", period, account=account).rows
    assert told(rows) == expected_lines(moved_within(filled, period, account))
    six = expected_balances(filled.ledger, *keys(period), FINANCIAL, None).get(account, [0] * 6)
    by_kind = {row.kind: [row.cells["debit"], row.cells["credit"]] for row in rows}
    assert [by_kind["opening"], by_kind["total"], by_kind["closing"]] == [six[:2], six[2:4], six[4:]]


def test_ledger_sums_each_month_and_the_quarter_so_far(filled: Books) -> None:
    """From the middle of a quarter: the quarter's sum counts the days before the first one asked for."""
    rows = ask(filled, "account_ledger", ("2025-11-25", "2026-02-10"), account="511").rows
    months = [[row.cells["debit"], row.cells["credit"]] for row in rows if row.kind == "month"]
    quarters = [[row.cells["debit"], row.cells["credit"]] for row in rows if row.kind == "quarter"]

    def turnover(first: str, last: str) -> list[int]:
        found = moved_within(filled, (first, last), "511")
        return [sum(moved.entry.amount for moved in found if moved.at == at) for at in (0, 1)]

    assert months == [
        turnover("2025-11-25", "2025-11-30"), turnover("2025-12-01", "2025-12-31"),
        turnover("2026-01-01", "2026-01-31"), turnover("2026-02-01", "2026-02-10"),
    ]  # fmt: skip
    assert quarters == [
        turnover("2025-10-01", "2025-11-30"), turnover("2025-10-01", "2025-12-31"),
        turnover("2026-01-01", "2026-01-31"), turnover("2026-01-01", "2026-02-10"),
    ]  # fmt: skip


@pytest.mark.parametrize("chosen", [{}, {"currency": "USD"}, {"partner": "P2"}, {"partner": "P1", "currency": "USD"}])
@pytest.mark.parametrize("period", PERIODS[3:7], ids="_".join)
def test_detail_runs_from_opening_to_closing(filled: Books, period: tuple[str, str], chosen: dict[str, str]) -> None:
    rows = ask(filled, "detail_ledger", period, account="131", **chosen).rows
    found = moved_within(filled, period, "131", **chosen)
    assert told(rows) == expected_lines(found)
    day_before = moved_within(filled, ("2000-01-01", period[0]), "131", **chosen)
    opening = [moved for moved in day_before if moved.of.day < keys(period)[0]]
    balance, foreign = sum(moved.signed for moved in opening), sum(moved.signed_foreign for moved in opening)
    assert _net(rows[0]) == (balance, foreign)
    for row, moved in zip((row for row in rows if row.kind == "line"), found, strict=True):
        balance += moved.signed
        foreign += moved.signed_foreign
        assert _net(row) == (balance, foreign)
    assert _net(rows[-1]) == (balance, foreign)


def _net(row: Row) -> tuple[int, int]:
    cells: dict[str, int] = row.cells  # type: ignore[assignment]
    net = cells["balance_debit"] - cells["balance_credit"]
    return net, cells["balance_debit_foreign"] - cells["balance_credit_foreign"]


# --- pages, streams, reconciliations ----------------------------------------------------------------------------------

BOOKS_OF_ACCOUNT: tuple[tuple[str, dict[str, str]], ...] = (
    ("trial_balance", {}),
    ("general_journal", {}),
    ("account_ledger", {"account": "131"}),
    ("account_ledger", {"account": "111", "branch": "HN"}),
    ("detail_ledger", {"account": "333"}),
    ("partner_ledger", {"account": "331", "partner": "P1"}),
    ("partner_ledger", {"account": "131", "partner": "P2", "currency": "USD"}),
    ("partner_balances", {"account": "131"}),
    ("cash_book", {}),
    ("cash_ledger", {"fund": "QUY"}),
    ("bank_ledger", {"bank_account": "VCB", "currency": "USD"}),
    ("bank_balances", {}),
)


@pytest.mark.parametrize("code, chosen", BOOKS_OF_ACCOUNT, ids=str)
@pytest.mark.parametrize("period", [PERIODS[1], PERIODS[5]], ids="_".join)
def test_pages_are_one_big_page_and_the_stream(
    filled: Books, code: str, chosen: dict[str, str], period: tuple[str, str]
) -> None:
    whole = read_all(filled, code, period, 500, **chosen)
    for limit in (1, 3, 17):
        assert read_all(filled, code, period, limit, **chosen) == whole
    request = Request({"from": period[0], "to": period[1], **chosen})
    assert list(stream(reports()[code].spec, request, filled.reader, CONTEXT)) == whole


@pytest.mark.parametrize("period", PERIODS, ids="_".join)
def test_books_agree_with_each_other(filled: Books, period: tuple[str, str]) -> None:
    """Journal totals = trial balance turnover; sums of detail books = their account; the cashier = the accountant."""
    total = ask(filled, "trial_balance", period).rows[-1].cells
    journal = read_all(filled, "general_journal", period, 500)
    rows = six_of(ask(filled, "trial_balance", period).rows)
    assert ask(filled, "general_journal", period, 1).totals["debit"] == total["debit"]
    assert [journal[-1].cells[name] for name in ("debit", "credit")] == [total["debit"], total["credit"]]

    cash, ledger = ask(filled, "cash_book", period), ask(filled, "cash_ledger", period)
    assert [row.cells["balance"] for row in cash.rows if "balance" in row.cells] == [
        row.cells["balance"] for row in ledger.rows if "balance" in row.cells
    ]
    six = rows.get("111", [0] * 6)
    assert [cash.rows[0].cells["balance"], cash.rows[-1].cells["balance"]] == [six[0] - six[1], six[4] - six[5]]
    assert cash.totals == ledger.totals

    closings = [ask(filled, "bank_ledger", period, bank_account=bank).rows[-1] for bank in ("VCB", "BIDV")]
    six = rows.get("112", [0] * 6)
    assert sum(row.cells["balance"] for row in closings) == six[4] - six[5]  # type: ignore[misc]


def test_a_void_restores_every_balance(books: Books) -> None:
    """Post then void is as if it had never been; the entries stay in history."""
    kept, passing = random_sets(seed=3, count=20), random_sets(seed=4, count=20)
    books.ledger.post(*kept)
    before = read_all(books, "trial_balance", PERIODS[9], 500)
    books.ledger.post(*passing)
    books.ledger.void(*((each.voucher, each.book) for each in passing))
    assert read_all(books, "trial_balance", PERIODS[9], 500) == before
    assert {
        each.voucher for each in books.ledger.writer.live_sets([(each.voucher, each.book) for each in passing])
    } == set()


def test_rows_lead_to_their_voucher(filled: Books) -> None:
    page = ask(filled, "general_journal", PERIODS[9], limit=10)
    assert {(row.voucher, row.type) for row in page.rows if row.kind == "line"} <= {
        (voucher, "kind") for voucher, _ in filled.ledger.live
    }


FORGED: tuple[object, ...] = (
    None,
    [],
    ["x"],
    [-1],
    [["a", "b", 1, 0], 1, 1, 1, 1],
    [[20260101, "'; drop table", 1, 0], 0, 0, 0, 0, [], [], [], []],
    [[10**30, "00000000-0000-0000-0000-000000000000", 1, 0], 0, 0, 0, 0, [0] * 4, [0] * 4, [0] * 4, [[0] * 4] * 3],
)


@pytest.mark.parametrize("code", ["trial_balance", "general_journal", "cash_book"])
@pytest.mark.parametrize("state", FORGED, ids=str)
def test_a_forged_cursor_is_refused(filled: Books, code: str, state: object) -> None:
    """Whatever a client sends back as `after` ends in ValueError, which the caller answers with a fault."""
    for text in (encode_cursor(state), "%%%", "x" * 5_000):
        with pytest.raises(ValueError):
            ask(filled, code, PERIODS[0], after=text)
