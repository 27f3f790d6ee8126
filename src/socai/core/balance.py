"""Balances kept in the posting transaction: which keys an entry moves and by how much. Pure; for poster and feed.

A key is (dimension, branch, account, currency, detail, period). Period is yyyymm for monthly dimensions and yyyymmdd
for `money_day`. Sums are turnovers: debit, credit in đồng and debit, credit in the currency's minor units. A trial
balance sums months; it never sums entries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from socai.core.account import Account, Chart
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
    for _, amount, debit, credit, _, _ in entries:
        if debit is not None:
            _move_side(movements, debit, 0, sign * amount, sign, month, day_key, chart.accounts)
        if credit is not None:
            _move_side(movements, credit, 1, sign * amount, sign, month, day_key, chart.accounts)


def _move_side(
    movements: Movements,
    side: Side,
    index: int,
    amount: int,
    sign: int,
    month: int,
    day_key: int,
    accounts: Mapping[str, Account],
) -> None:
    account, currency, foreign, branch, partner, bank_account, fund, _, _ = side
    keys = [(ACCOUNT, branch, account, currency, "", month)]
    if partner:
        keys.append((PARTNER, branch, account, currency, partner, month))
    if bank_account:
        keys.append((BANK_ACCOUNT, branch, account, currency, bank_account, month))
    if fund:
        keys.append((FUND, branch, account, currency, fund, month))
    known = accounts.get(account)
    if known is not None and known.money:
        keys.append((MONEY_DAY, branch, account, currency, bank_account or fund, day_key))
    for key in keys:
        turnover = movements.get(key)
        if turnover is None:
            turnover = movements[key] = [0, 0, 0, 0]
        turnover[index] += amount
        if foreign:
            turnover[index + 2] += sign * foreign
