"""Balances kept in the posting transaction: which keys an entry moves and by how much. Pure; for poster and feed.

A key is (dimension, branch, account, currency, detail, period). Period is yyyymm for monthly dimensions and yyyymmdd
for `money_day`. Sums are turnovers: debit, credit in đồng and debit, credit in the currency's minor units. A trial
balance sums months; it never sums entries.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from socai.core.account import Chart
from socai.core.entry import Entry, Side

ACCOUNT, PARTNER, BANK_ACCOUNT, FUND, EXPENSE_ITEM, DEPARTMENT, MONEY_DAY = range(7)
DETAIL_DIMENSIONS: dict[str, int] = {
    "partner": PARTNER,
    "bank_account": BANK_ACCOUNT,
    "fund": FUND,
    "expense_item": EXPENSE_ITEM,
    "department": DEPARTMENT,
}

Key = tuple[int, str, str, str, str, int]
Turnover = list[int]  # [debit, credit, debit_foreign, credit_foreign]
Movements = dict[Key, Turnover]


def move(movements: Movements, entries: Iterable[Entry], day: date, chart: Chart, sign: int = 1) -> None:
    """Add the entries of one voucher dated `day` to `movements`; `sign` -1 takes a voided set out again."""
    month = day.year * 100 + day.month
    day_key = month * 100 + day.day
    for entry in entries:
        if entry.debit is not None:
            _move_side(movements, entry.debit, 0, sign * entry.amount, sign, month, day_key, chart)
        if entry.credit is not None:
            _move_side(movements, entry.credit, 1, sign * entry.amount, sign, month, day_key, chart)


def _move_side(
    movements: Movements, side: Side, index: int, amount: int, sign: int, month: int, day_key: int, chart: Chart
) -> None:
    account, branch, currency = side.account, side.branch, side.currency
    foreign = sign * side.foreign
    _add(movements, (ACCOUNT, branch, account, currency, "", month), index, amount, foreign)
    if side.partner:
        _add(movements, (PARTNER, branch, account, currency, side.partner, month), index, amount, foreign)
    if side.bank_account:
        _add(movements, (BANK_ACCOUNT, branch, account, currency, side.bank_account, month), index, amount, foreign)
    if side.fund:
        _add(movements, (FUND, branch, account, currency, side.fund, month), index, amount, foreign)
    known = chart.accounts.get(account)
    if known is not None and known.money:
        detail = side.bank_account or side.fund
        _add(movements, (MONEY_DAY, branch, account, currency, detail, day_key), index, amount, foreign)


def _add(movements: Movements, key: Key, index: int, amount: int, foreign: int) -> None:
    turnover = movements.get(key)
    if turnover is None:
        turnover = movements[key] = [0, 0, 0, 0]
    turnover[index] += amount
    turnover[index + 2] += foreign
