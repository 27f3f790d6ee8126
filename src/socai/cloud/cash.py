"""Money that would go negative: the balances of cash funds and bank accounts by day, as the poster watches them. Pure.

The kept balances give, per money account and detail, the turnover of each day (core/balance.py, MONEY_DAY). A payment
is short where, on its day or on any later one, what was there no longer covers it. While a worker holds a lane nobody
else posts, so the days it has loaded stay true as long as it adds what it posts itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

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
    for entry in entries:
        for side, direction in ((entry.debit, sign), (entry.credit, -sign)):
            if side is not None and (known := accounts.get(side.account)) is not None and known.money:
                place = (_key(book, side), day)
                moves[place] = moves.get(place, 0) + direction * (
                    entry.amount if side.currency == VND else side.foreign
                )


def _key(book: str, side: Side) -> MoneyKey:
    return (book, side.branch, side.account, side.currency, side.bank_account or side.fund)


@dataclass(slots=True)
class MoneyDays:
    """One money balance: what stood before `first_day`, and what each day from then on added."""

    first_day: int
    before: int
    days: dict[int, int] = field(default_factory=dict)

    def shortest(self, added: Mapping[int, int]) -> tuple[int, int] | None:
        """(day, balance before) of the first day's end that `added` would both worsen and leave below zero, or None."""
        running = self.before
        change = 0
        for day in sorted(self.days.keys() | added.keys()):
            running += self.days.get(day, 0)
            change += added.get(day, 0)
            if change < 0 and running + change < 0:
                return day, running
        return None


@dataclass(frozen=True, slots=True)
class Short:
    """A money balance that would not suffice: what is there on the tightest day."""

    key: MoneyKey
    day: int
    balance: int

    def fault(self, decimals: Mapping[str, int], asks: bool) -> Fault:
        """CASH_NEGATIVE; `asks` in its parameters says that a person may answer it and post all the same."""
        _, _, account, currency, _ = self.key
        params = {
            "account": account,
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
        for key in {key for (key, _), amount in moves.items() if amount < 0}:
            line = self._lines.get(key)
            short = line.shortest({day: amount for (own, day), amount in moves.items() if own == key}) if line else None
            if short is not None:
                return Short(key, *short)
        return None

    def add(self, moves: MoneyMoves) -> None:
        """Count what has been decided."""
        for (key, day), amount in moves.items():
            line = self._lines.get(key)
            if line is None:
                continue
            if day < line.first_day:
                line.before += amount
            else:
                line.days[day] = line.days.get(day, 0) + amount
