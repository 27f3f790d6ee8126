"""Money that would go negative: the balances of cash funds and bank accounts by day, as the poster watches them. Pure.

The kept balances give, per money account and detail, the turnover of each day (core/balance.py, MONEY_DAY). A payment
is short where, on its day or on any later one, what was there no longer covers it. While a worker holds a lane nobody
else posts, so the days it has loaded stay true as long as it adds what it posts itself.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from socai.base.calendar import day_of_key
from socai.base.fault import Fault
from socai.base.money import amount_text
from socai.core.account import Chart
from socai.core.entry import VND, Entry, Side

MoneyKey = tuple[str, str, str, str, str]  # (book, branch, account, currency, detail)
MoneyMoves = dict[tuple[MoneyKey, int], int]  # what is added on a day (yyyymmdd), in minor units of the currency

KEYS_MAX = 5_000


def money_moves(moves: MoneyMoves, book: str, entries: Iterable[Entry], day: int, sign: int, chart: Chart) -> None:
    """Add what entries move on money accounts. Sides in foreign currency count in that currency."""
    accounts = chart.accounts
    for _, amount, debit, credit, _, _ in entries:
        if debit is not None and (known := accounts.get(debit.account)) is not None and known.money:
            place = (_key(book, debit), day)
            moves[place] = moves.get(place, 0) + sign * (amount if debit.currency == VND else debit.foreign)
        if credit is not None and (known := accounts.get(credit.account)) is not None and known.money:
            place = (_key(book, credit), day)
            moves[place] = moves.get(place, 0) - sign * (amount if credit.currency == VND else credit.foreign)


def _key(book: str, side: Side) -> MoneyKey:
    return (book, side.branch, side.account, side.currency, side.bank_account or side.fund)


def year_start(day: int) -> int:
    """The day from which a balance is loaded when `day` matters: most later questions then need no further reading."""
    return day // 10_000 * 10_000 + 101


class MoneyDays:
    """One money balance from `first_day` on: what stood before it, and what each day has added.

    Kept as sorted days with the balance at the end of each, so that a question is a search and a minimum.
    """

    __slots__ = ("_balances", "_days", "before", "first_day")

    def __init__(self, first_day: int, before: int = 0, added: Mapping[int, int] | None = None) -> None:
        self.first_day = first_day
        self.before = before
        self._days = sorted(added or ())
        self._balances = list(accumulate(((added or {})[day] for day in self._days), initial=before))[1:]

    def add(self, day: int, amount: int) -> None:
        """Add to one day; a day before the first is part of what stood before."""
        days, balances = self._days, self._balances
        if day < self.first_day:
            self.before += amount
            at = 0
        else:
            at = bisect_left(days, day)
            if at == len(days) or days[at] != day:
                days.insert(at, day)
                balances.insert(at, balances[at - 1] if at else self.before)
        balances[at:] = [balance + amount for balance in balances[at:]]

    def shortest(self, moves: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
        """(first day, balance before) that the moves (day, amount) would worsen and leave below zero, or None.

        Between two moves the change stays the same, so each stretch of days is tried by its lowest balance.
        """
        change = 0
        moves = sorted(moves)
        for number, (day, amount) in enumerate(moves):
            change += amount
            if change >= 0:
                continue
            first = bisect_right(self._days, day)
            until = bisect_left(self._days, moves[number + 1][0]) if number + 1 < len(moves) else len(self._days)
            stretch = [self._balances[first - 1] if first else self.before, *self._balances[first:until]]
            if min(stretch) + change < 0:
                at = next(place for place, balance in enumerate(stretch) if balance + change < 0)
                return (self._days[first + at - 1] if at else day), stretch[at]
        return None


@dataclass(frozen=True, slots=True)
class Short:
    """A money balance that would not suffice: what is there on the first day it would fall below zero."""

    key: MoneyKey
    day: int
    balance: int

    def fault(self, decimals: Mapping[str, int], asks: bool) -> Fault:
        """CASH_NEGATIVE; `asks` in its parameters says that a person may answer it and post all the same."""
        book, branch, account, currency, detail = self.key
        params = {
            "book": book,
            "branch": branch,
            "account": account,
            "detail": detail,
            "currency": currency,
            "balance": amount_text(self.balance, decimals.get(currency, 2)),
            "date": day_of_key(self.day).isoformat(),
        }
        return Fault("CASH_NEGATIVE", "lines", params | ({"asks": "1"} if asks else {}))


class Cash:
    """The money balances a worker has loaded for the lane it holds."""

    def __init__(self) -> None:
        self._lines: dict[MoneyKey, MoneyDays] = {}

    def covers(self, key: MoneyKey, day: int) -> bool:
        """Whether the balance is known from `day` on."""
        line = self._lines.get(key)
        return line is not None and line.first_day <= day

    def load(self, key: MoneyKey, line: MoneyDays) -> None:
        """Take in what the books say. A balance nobody wrote yet is loaded as zero."""
        self._lines[key] = line

    def make_room(self) -> None:
        """Forget everything when it has grown large; to be called between turns."""
        if len(self._lines) > KEYS_MAX:
            self._lines.clear()

    def short_of(self, moves: MoneyMoves) -> Short | None:
        """The first balance that the moves would overdraw, or None. Only balances that lose are looked at."""
        for key in dict.fromkeys(key for (key, _), amount in moves.items() if amount < 0):
            line = self._lines.get(key)
            if line is None:
                continue
            short = line.shortest([(day, amount) for (own, day), amount in moves.items() if own == key])
            if short is not None:
                return Short(key, *short)
        return None

    def add(self, moves: MoneyMoves) -> None:
        """Count what has been decided."""
        for (key, day), amount in moves.items():
            line = self._lines.get(key)
            if line is not None:
                line.add(day, amount)
