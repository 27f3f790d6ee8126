"""Opening, turnover and closing of any part of the books: months from kept balances, broken months from entries.

A report never sums entries for more than the two broken months at the ends of its period.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from socai.base.calendar import day_key, month_last, next_month, previous_month
from socai.books.query import among, balance_sides, balance_sums, edge_sums
from socai.books.reader import Reader
from socai.core.account import Chart
from socai.core.balance import ACCOUNT, DETAIL_DIMENSIONS

PARTNER_DETAIL = "partner"


@dataclass(frozen=True, slots=True)
class Span:
    """A period of days (yyyymmdd, both ends in it), cut into whole months and the parts of months at its ends."""

    first: int
    last: int

    @property
    def month(self) -> int:
        """The month `first` falls in: opening balances are of the months before it."""
        return self.first // 100

    @property
    def whole(self) -> tuple[int, int]:
        """First and last whole month; the wrong way round when there is none."""
        first, last = self.first // 100, self.last // 100
        starts = self.first % 100 == 1
        ends = self.last == day_key(month_last(last))
        return (first if starts else next_month(first)), (last if ends else previous_month(last))

    @property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """Days to read from entries: the month `first` breaks (from its first day on), the month `last` breaks."""
        first, last = self.whole
        month, month_end = self.month, self.last // 100
        found = []
        if first > month:
            found.append((month * 100 + 1, min(self.last, day_key(month_last(month)))))
        if last < month_end and (month_end > month or not found):
            found.append((month_end * 100 + 1, self.last))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which part of the books. `accounts` and `branches`: None for all; `detail` is an entry of `dimension`."""

    book: str
    branches: tuple[str, ...] | None = None
    accounts: tuple[str, ...] | None = None
    dimension: str = ""  # "" | partner | bank_account | fund …
    detail: str = ""
    currency: str = ""

    def values(self) -> dict[str, object]:
        """The values every query of this scope needs."""
        found: dict[str, object] = {"book": self.book, "detail": self.detail, "currency": self.currency}
        for prefix, items in (("branch", self.branches or ()), ("account", self.accounts or ())):
            found |= dict(zip(among(prefix, len(items)), items, strict=True))
        return found

    @property
    def empty(self) -> bool:
        """Whether nothing can be in it: a list that names nobody."""
        return self.branches == () or self.accounts == ()


class Split(NamedTuple):
    """A balance on its two sides, in đồng and in the currency."""

    debit: int = 0
    credit: int = 0
    debit_foreign: int = 0
    credit_foreign: int = 0

    def plus(self, other: Split) -> Split:
        """Both, side by side: nothing is netted."""
        a, b, c, d = self
        w, x, y, z = other
        return Split(a + w, b + x, c + y, d + z)

    def minus(self, other: Split) -> Split:
        """What is left of each side without the other's."""
        a, b, c, d = self
        w, x, y, z = other
        return Split(a - w, b - x, c - y, d - z)

    def netted(self) -> Split:
        """On one side only."""
        return split(self.debit - self.credit, self.debit_foreign - self.credit_foreign)

    @property
    def net(self) -> int:
        """Debit positive."""
        return self.debit - self.credit

    @property
    def net_foreign(self) -> int:
        """Debit positive, in the currency."""
        return self.debit_foreign - self.credit_foreign


def split(net: int, net_foreign: int = 0) -> Split:
    """A net balance on the side it belongs to."""
    return Split(max(net, 0), max(-net, 0), max(net_foreign, 0), max(-net_foreign, 0))


class Figures(NamedTuple):
    """Opening, turnover and closing."""

    opening: Split = Split()
    turnover: Split = Split()
    closing: Split = Split()

    def plus(self, other: Figures) -> Figures:
        """Both, side by side."""
        opening, turnover, closing = other
        return Figures(self.opening.plus(opening), self.turnover.plus(turnover), self.closing.plus(closing))

    def minus(self, other: Figures) -> Figures:
        """What is left without the other."""
        opening, turnover, closing = other
        return Figures(self.opening.minus(opening), self.turnover.minus(turnover), self.closing.minus(closing))

    def netted(self) -> Figures:
        """Opening and closing on one side; turnover is never netted."""
        return Figures(self.opening.netted(), self.turnover, self.closing.netted())

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to show."""
        return self == NOTHING


NOTHING = Figures()


def moved(opening: Split, turnover: Split) -> Figures:
    """Figures of raw sums: the opening's turnovers before, and those within."""
    closing = split(opening.net + turnover.net, opening.net_foreign + turnover.net_foreign)
    return Figures(opening.netted(), turnover, closing)


Key = tuple[str, ...]


def turnovers(reader: Reader, scope: Scope, span: Span, by: Key) -> dict[Key, Figures]:
    """Figures by any of account, detail and currency. Opening and closing stand on one side for each key."""
    found: dict[Key, list[int]] = {}
    if scope.empty:
        return {}
    accounts, branches = len(scope.accounts or ()), len(scope.branches or ())
    one, currency = bool(scope.detail), bool(scope.currency)
    first, last = span.whole
    values = scope.values() | {
        "dimension": DETAIL_DIMENSIONS[scope.dimension] if scope.dimension else ACCOUNT,
        "month": span.month,
        "whole_first": first,
        "whole_last": last,
        "whole_max": max(previous_month(span.month), last),
    }
    for row in reader.rows(balance_sums(by, accounts, branches, one, currency), values):
        found[row[: len(by)]] = list(row[len(by) :])
    for edge_first, edge_last in span.edges:
        values |= {"first": span.first, "edge_first": edge_first, "edge_last": edge_last}
        for at, side in enumerate(("d", "c")):
            query = edge_sums(side, by, scope.dimension, accounts, branches, one, currency)
            for row in reader.rows(query, values):
                sums = found.setdefault(row[: len(by)], [0] * 8)
                for place, amount in zip((at, at + 2, at + 4, at + 6), row[len(by) :], strict=True):
                    sums[place] += amount
    return {key: moved(Split(*sums[:4]), Split(*sums[4:])) for key, sums in found.items()}


def account_figures(reader: Reader, scope: Scope, span: Span, chart: Chart, gross: bool = True) -> dict[str, Figures]:
    """Figures of each account posted to. With `gross`, accounts kept gross stand on both sides, by partner."""
    figures = {key[0]: value for key, value in turnovers(reader, scope, span, ("account",)).items()}
    if not gross or scope.dimension:
        return figures
    by_partner = tuple(code for code in figures if _kept_by_partner(chart, code))
    if by_partner:
        for code, (opening, closing) in _gross(reader, replace(scope, accounts=by_partner), span, figures).items():
            figures[code] = Figures(opening, figures[code].turnover, closing)
    return figures


def _kept_by_partner(chart: Chart, code: str) -> bool:
    account = chart.accounts.get(code)
    return account is not None and account.gross and PARTNER_DETAIL in account.carries


def _gross(reader: Reader, scope: Scope, span: Span, figures: Mapping[str, Figures]) -> dict[str, tuple[Split, Split]]:
    """Opening and closing of gross accounts: the sum of the partners' sides; what names no partner is one more."""
    found = _partner_sides(reader, replace(scope, dimension=PARTNER_DETAIL), span)
    whole = {}
    for code in scope.accounts or ():
        opening, closing = found.get(code, (Split(), Split()))
        kept = figures[code]
        whole[code] = (opening.plus(_rest(kept.opening, opening)), closing.plus(_rest(kept.closing, closing)))
    return whole


def _rest(kept: Split, partners: Split) -> Split:
    """What the account holds beside its partners."""
    return split(kept.net - partners.net, kept.net_foreign - partners.net_foreign)


def _partner_sides(reader: Reader, scope: Scope, span: Span) -> dict[str, tuple[Split, Split]]:
    """Opening and closing of each account, its partners side by side."""
    found: dict[str, tuple[Split, Split]] = {}
    if span.edges:
        for key, kept in turnovers(reader, scope, span, ("account", "detail")).items():
            opening, closing = found.get(key[0], (Split(), Split()))
            found[key[0]] = (opening.plus(kept.opening), closing.plus(kept.closing))
        return found
    query = balance_sides(len(scope.accounts or ()), len(scope.branches or ()), bool(scope.currency))
    values = scope.values() | {
        "dimension": DETAIL_DIMENSIONS[scope.dimension],
        "month": span.month,
        "whole_max": span.last // 100,
    }
    for account, od, oc, cd, cc, odf, ocf, cdf, ccf in reader.rows(query, values):
        found[account] = (Split(od, oc, odf, ocf), Split(cd, cc, cdf, ccf))
    return found
