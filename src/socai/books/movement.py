"""The interpreter of `Movements`: the general journal, ledgers, partner, cash and bank books; a page or a stream.

Each account and side is read in the book's order (day, voucher, line) through its index, and the few streams are
merged; nothing is sorted or counted as a whole. A page's cursor carries the running sums, so a later page costs what
the first one does and opens with the balance the one before ended with. (If an earlier day is posted to while somebody
turns pages, they go on with the sums they started with; a new first page shows the new ones.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from heapq import merge
from operator import itemgetter
from typing import Any, NamedTuple

from socai.base.calendar import day_key, day_of_key
from socai.base.fault import Fault
from socai.base.ident import parse_ident
from socai.books.balances import rolled
from socai.books.label import label
from socai.books.query import among, journal_rows, side_rows
from socai.books.reader import Query, Reader, Values
from socai.books.request import (
    Context,
    Page,
    Request,
    Row,
    accounts_of,
    book_of,
    branches_of,
    decode_cursor,
    detail_of,
    encode_cursor,
    period_of,
    shown_columns,
)
from socai.books.sums import Figures, Scope, Span, Split, account_figures, split, turnovers
from socai.books.table import INDEXED_DETAILS
from socai.core import report as language
from socai.core.entry import VND
from socai.core.report import CLOSING, LINE, MONTH, MONTH_CLOSING, OPENING_ROW, QUARTER, TOTAL, Movements, ReportSpec

NUMBER_MAX, PLACE_MAX = 10**18, 2**31 - 2  # what a cursor may hold: a sum; a day or a line
ROWS_PER_READ = 1_000  # of one account and side, when streaming
ROWS_PER_READ_MIN = 50
FIRST_VOUCHER = "00000000-0000-0000-0000-000000000000"

Place = tuple[int, str, int, int]  # day, voucher, line, side (0 debit, 1 credit): the order of every book


class Movement(NamedTuple):
    """One side of an entry, as the store gave it."""

    place: Place
    amount: int
    foreign: int
    currency: str
    account: str
    counter: str
    partner: str
    written: tuple[Any, ...]  # description, the voucher's description, number, voucher date, rate, type


LINE_NAMES = (
    "accounting_date", "voucher_number", "voucher_date", "description", "account", "counter_account",
    "debit", "credit", "amount_in", "amount_out", "number_in", "number_out",
    "debit_foreign", "credit_foreign", "line", "partner_code", "partner_name", "currency", "rate", "posted_mark",
    "type",
    "balance", "balance_foreign", "balance_debit", "balance_credit", "balance_debit_foreign", "balance_credit_foreign",
)  # fmt: skip

Sides = Callable[[tuple[Any, ...]], list[Movement]]  # a stored row to the sides it shows


@dataclass(slots=True)
class State:
    """Where a reader of the book stands: all that the next page needs to know, as plain numbers."""

    place: Place
    line: int = 0
    net: int = 0
    net_foreign: int = 0
    month: int = 0
    month_sums: list[int] = field(default_factory=lambda: [0] * 4)
    quarter_sums: list[int] = field(default_factory=lambda: [0] * 4)
    sums: list[int] = field(default_factory=lambda: [0] * 4)
    figures: list[list[int]] = field(default_factory=lambda: [[0] * 4] * 3)  # opening, turnover, closing of the report

    def cursor(self) -> str:
        """This state as the client carries it."""
        sums = [self.month_sums, self.quarter_sums, self.sums, self.figures]
        return encode_cursor([list(self.place), self.line, self.net, self.net_foreign, self.month, *sums])

    @staticmethod
    def of(cursor: str) -> State:
        """The state of a cursor; ValueError for a text that is none."""
        try:
            place, line, net, net_foreign, month, *sums = decode_cursor(cursor)
            month_sums, quarter_sums, whole, figures = sums
            day, voucher, at, side = place
            numbers = [day, at, side, line, net, net_foreign, month, *month_sums, *quarter_sums, *whole]
            numbers += [amount for part in figures for amount in part]
        except (TypeError, ValueError) as error:
            raise ValueError("not a cursor of a book") from error
        sound = all(isinstance(number, int) and abs(number) <= NUMBER_MAX for number in numbers) and len(numbers) == 31
        if not sound or isinstance(parse_ident(voucher, "after"), Fault) or max(day, at) > PLACE_MAX:
            raise ValueError("not a cursor of a book")
        return State((day, voucher, at, side), line, net, net_foreign, month, month_sums, quarter_sums, whole, figures)


def movement_page(spec: ReportSpec, request: Request, reader: Reader, context: Context) -> Page:
    """Up to `limit` lines after the cursor, with the rows that stand between and around them."""
    book = _Book(spec, request, reader, context)
    rows = book.open()
    following = ""
    for taken, movement in enumerate(book.movements(request.limit + 1)):
        if taken == request.limit:
            following = book.state.cursor()
            break
        rows += book.step(movement)
    else:
        rows += book.close()
    book.name_partners(rows)
    opening, turnover, closing = (Split(*part) for part in book.state.figures)
    return Page(shown_columns(spec, request), rows, following, turnover._asdict(), opening._asdict(), closing._asdict())


def movement_stream(spec: ReportSpec, request: Request, reader: Reader, context: Context) -> Iterator[Row]:
    """All rows from the first, read in portions."""
    book = _Book(spec, request, reader, context)
    rows = book.open()
    for movement in book.movements(ROWS_PER_READ):
        rows += book.step(movement)
        if len(rows) >= ROWS_PER_READ:
            book.name_partners(rows)
            yield from rows
            rows = []
    rows += book.close()
    book.name_partners(rows)
    yield from rows


class _Book:
    """One reading of a book: turns movements into rows and keeps the state between them."""

    def __init__(self, spec: ReportSpec, request: Request, reader: Reader, context: Context) -> None:
        source = spec.source
        assert isinstance(source, Movements)
        self._source, self._request, self._reader, self._context = source, request, reader, context
        self._names = frozenset(column.name for column in spec.columns) | {"currency"}
        self._line_names = tuple(name for name in LINE_NAMES if name in self._names)
        self._chosen = itemgetter(*(LINE_NAMES.index(name) for name in self._line_names))
        self._partners = bool(self._names & {"partner_code", "partner_name"})
        dimension, detail = detail_of(source, request)
        self._scope = Scope(
            book_of(request), branches_of(request, context), accounts_of(spec, request, context.chart),
            dimension, detail, request.get(language.CURRENCY),
        )  # fmt: skip
        self._span = Span(*period_of(request))
        self._first_page = not request.after
        self.state = State.of(request.after) if request.after else self._begin()

    # --- sums before the first line --------------------------------------------------------------------------------

    def _begin(self) -> State:
        figures = self._figures(self._span)
        opening = figures.opening
        state = State((self._span.first, FIRST_VOUCHER, 0, 0), net=opening.net, net_foreign=opening.net_foreign)
        state.figures = [list(part) for part in figures]
        if self._source.months:
            state.quarter_sums = list(self._quarter_before())
        return state

    def _figures(self, span: Span) -> Figures:
        scope, chart = self._scope, self._context.chart
        if scope.detail or not self._source.of:
            found = turnovers(self._reader, scope, span, ()).get((), Figures())
            return found if self._source.of else Figures(turnover=found.turnover)
        gross = not self._source.running
        nodes = rolled(chart, account_figures(self._reader, scope, span, chart, gross))
        root = self._request.get(language.ACCOUNT)
        if root:
            figures = nodes.get(root, Figures())
        else:
            figures = Figures()
            for code in scope.accounts or tuple(nodes):
                parent = chart.accounts[code].parent if code in chart.accounts else ""
                if parent not in nodes:
                    figures = figures.plus(nodes.get(code, Figures()))
        return figures if gross else figures.netted()

    def _quarter_before(self) -> Split:
        """The turnover of this quarter before the first day asked for."""
        first = self._span.first
        begin = (self._span.month - (self._span.month % 100 - 1) % 3) * 100 + 1
        if first == begin:
            return Split()
        return self._figures(Span(begin, day_key(day_of_key(first) - timedelta(days=1)))).turnover

    # --- reading ------------------------------------------------------------------------------------------------------

    def movements(self, wanted: int) -> Iterator[Movement]:
        """Everything after the state's place, in the book's order, read in portions that suit `wanted` lines."""
        scope, place = self._scope, self.state.place
        if scope.empty:
            return iter(())
        branches = len(scope.branches or ())
        if not self._source.of:
            return self._read(journal_rows(branches), {}, place, wanted // 2 + 2, _both_sides)
        # A detail with an index of its own is one stream a side; else each account is read through the accounts' index.
        whole = scope.detail and scope.dimension in INDEXED_DETAILS
        lists = [scope.accounts or ()] if whole or scope.accounts is None else [(code,) for code in scope.accounts]
        portion = min(wanted, max(ROWS_PER_READ_MIN, 2 * wanted // len(lists)))
        streams = []
        for accounts in lists:
            values = dict(zip(among("account", len(accounts)), accounts, strict=True))
            for at, side in enumerate(("d", "c")):
                query = side_rows(side, len(accounts), scope.dimension, branches, bool(scope.currency))
                streams.append(self._read(query, values, place, portion, _one_side(at)))
        return merge(*streams, key=lambda movement: movement.place)

    def _read(self, query: Query, extra: Values, after: Place, portion: int, sides: Sides) -> Iterator[Movement]:
        values = {**self._scope.values(), **extra, "to_day": self._span.last}
        while True:
            # The line itself is read again, for its credit side may still be due.
            place = {"from_day": after[0], "after_day": after[0], "after_voucher": after[1], "after_line": after[2] - 1}
            rows = self._reader.rows(query, values | place | {"count": portion})
            for row in rows:
                for movement in sides(row):
                    if movement.place > after:
                        yield movement
            if len(rows) < portion:
                return
            after = (rows[-1][0], str(rows[-1][1]), rows[-1][2], 1)
            portion = ROWS_PER_READ

    # --- rows -------------------------------------------------------------------------------------------------------

    def open(self) -> list[Row]:
        """The opening balance, on the first page of a book that has one."""
        if not self._first_page or not self._source.of:
            return []
        return [self._balance_row(OPENING_ROW, Split(*self.state.figures[0]))]

    def step(self, movement: Movement) -> list[Row]:
        """The rows one movement adds: those that end the month before it, and its line."""
        state = self.state
        day, voucher, _, side = state.place = movement.place
        rows = self._end_month() if state.month and day // 100 != state.month else []
        if day // 100 != state.month:
            self._enter_month(day // 100)
        for sums in (state.month_sums, state.quarter_sums, state.sums):
            sums[side] += movement.amount
            sums[side + 2] += movement.foreign
        sign = -1 if side else 1
        state.net += sign * movement.amount
        state.net_foreign += sign * movement.foreign
        state.line += 1
        row = Row(LINE, self._line_cells(movement, day, side), voucher, movement.written[5])
        return [*rows, row]

    def close(self) -> list[Row]:
        """The rows that end the report: last month, total of the period, closing balance."""
        state = self.state
        rows = self._end_month() if state.month else []
        rows.append(self._sums_row(TOTAL, state.sums))
        if self._source.of:
            rows.append(self._balance_row(CLOSING, Split(*state.figures[2])))
        return rows

    def _enter_month(self, month: int) -> None:
        state = self.state
        before = state.month or self._span.month
        if _quarter(month) != _quarter(before):
            state.quarter_sums = [0] * 4
        state.month, state.month_sums = month, [0] * 4

    def _end_month(self) -> list[Row]:
        if not self._source.months:
            return []
        state = self.state
        rows = [self._sums_row(MONTH, state.month_sums)]
        if self._source.running or not self._gross():
            rows.append(self._balance_row(MONTH_CLOSING, split(state.net, state.net_foreign)))
        rows.append(self._sums_row(QUARTER, state.quarter_sums))
        return rows

    def _gross(self) -> bool:
        account = self._context.chart.accounts.get(self._request.get(language.ACCOUNT))
        return account is not None and account.gross and not self._scope.detail

    def _line_cells(self, movement: Movement, day: int, side: int) -> dict[str, object]:
        """All that a line could say, in LINE_NAMES order, and of that what the columns ask for."""
        _, amount, foreign, currency, account, counter, partner, written = movement
        described, title, number, voucher_date, rate, kind = written
        state = self.state
        net, net_foreign = state.net, state.net_foreign
        debit, credit = (0, amount) if side else (amount, 0)
        debit_foreign, credit_foreign = (0, foreign) if side else (foreign, 0)
        values = (
            _iso(day), number, _iso(voucher_date) if voucher_date else "", described or title, account, counter,
            debit, credit, debit, credit, "" if side else number, number if side else "",
            debit_foreign, credit_foreign, state.line, partner, "", currency, rate if currency != VND else "", "x",
            kind,
            net, net_foreign, max(net, 0), max(-net, 0), max(net_foreign, 0), max(-net_foreign, 0),
        )  # fmt: skip
        return dict(zip(self._line_names, self._chosen(values), strict=True))

    def _balance_cells(self, balance: Split) -> dict[str, object]:
        return {
            "balance": balance.net,
            "balance_foreign": balance.net_foreign,
            "balance_debit": balance.debit,
            "balance_credit": balance.credit,
            "balance_debit_foreign": balance.debit_foreign,
            "balance_credit_foreign": balance.credit_foreign,
        }

    def _label(self, kind: str) -> dict[str, object]:
        return {"description": label(kind, self._request.language, self.state.month if kind.startswith("month") else 0)}

    def _balance_row(self, kind: str, balance: Split) -> Row:
        """A balance in the columns that show one; in a book without them, in its debit and credit columns."""
        cells = self._balance_cells(balance)
        if not self._source.running:
            cells = {"debit": balance.debit, "credit": balance.credit}
            cells |= {"debit_foreign": balance.debit_foreign, "credit_foreign": balance.credit_foreign}
        return Row(kind, self._label(kind) | {name: cells[name] for name in cells if name in self._names})

    def _sums_row(self, kind: str, sums: list[int]) -> Row:
        debit, credit, debit_foreign, credit_foreign = sums
        cells = {
            "debit": debit,
            "credit": credit,
            "amount_in": debit,
            "amount_out": credit,
            "debit_foreign": debit_foreign,
            "credit_foreign": credit_foreign,
        }
        return Row(kind, self._label(kind) | {name: cells[name] for name in cells if name in self._names})

    def name_partners(self, rows: list[Row]) -> None:
        """Code and name in place of the partner's id, looked up once for all rows of a portion."""
        if not self._partners:
            return
        ids = {str(row.cells["partner_code"]) for row in rows if row.cells.get("partner_code")}
        names = self._context.names(language.PARTNER, ids) if ids else {}
        for row in rows:
            ident = row.cells.get("partner_code")
            if ident:
                code, name = names.get(str(ident), (str(ident), ""))
                row.cells["partner_code"] = code
                if "partner_name" in self._names:
                    row.cells["partner_name"] = name


def _one_side(side: int) -> Sides:
    def made(row: tuple[Any, ...]) -> list[Movement]:
        day, voucher, line, amount, foreign, currency, account, counter, partner, *written = row
        place = (day, voucher, line, side)
        return [Movement(place, amount, foreign, currency, account, counter, partner, tuple(written))]

    return made


def _both_sides(row: tuple[Any, ...]) -> list[Movement]:
    """An entry of the journal: its debit row, then its credit row; an opening balance has one of them."""
    day, voucher, line, amount, *rest = row
    sides, written = (rest[:4], rest[4:8]), tuple(rest[8:])
    return [
        Movement((day, voucher, line, at), amount, foreign, currency, account, sides[1 - at][2], partner, written)
        for at, (foreign, currency, account, partner) in enumerate(sides)
        if account
    ]


def _iso(day: int) -> str:
    return f"{day // 10_000:04d}-{day // 100 % 100:02d}-{day % 100:02d}"


def _quarter(month: int) -> int:
    return month // 100 * 4 + (month % 100 - 1) // 3
