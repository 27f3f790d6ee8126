"""What is checked when a voucher is saved or posted, from the last known facts: faults, and warnings to be answered.

The cloud checks all of it again. Here it is told while the voucher is still on the screen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from socai.base.fault import Fault, Faults
from socai.core import balance
from socai.core.check import check_dates, check_invoices, check_references
from socai.core.company import ALLOW, REFUSE
from socai.core.entry import FINANCIAL, Entry
from socai.core.posting import post_voucher
from socai.core.spec import VoucherSpec
from socai.dataserver.head import INVOICE_KEY, day_of
from socai.dataserver.known import Known
from socai.dataserver.store import catalog, ledger, voucher
from socai.dataserver.store.file import Connection


def check_body(
    db: Connection, known: Known, spec: VoucherSpec, body: Mapping[str, Any], ident: str
) -> tuple[list[Entry], Faults, Faults]:
    """(entries, faults, warnings) of a normal body. Faults stop the save; warnings are asked."""
    remembered: dict[tuple[str, str], bool | None] = {}

    def is_known(kind: str, entry: str) -> bool | None:
        if (kind, entry) not in remembered:
            remembered[kind, entry] = catalog.known(db, kind, entry)
        return remembered[kind, entry]

    faults: list[Fault] = [
        *check_references(spec, body, is_known),
        *check_dates(spec, body, known.calendar, body["books"]),
    ]
    if any(fault.code in ("DATE_OUTSIDE_YEAR",) for fault in faults):
        return [], tuple(faults), ()  # no year, no chart to judge the accounts by
    chart = known.chart_on(date.fromisoformat(str(body["accounting_date"])))
    entries, found = post_voucher(spec, body, chart)
    faults += found
    if faults:
        return [], tuple(faults), ()
    asked: list[Fault] = []
    for policy, doubts in (
        (known.company.duplicate_invoice, _invoices(db, known, spec, body, ident)),
        (known.company.negative_cash, _overdraft(db, known, body, entries)),
    ):
        (faults if policy == REFUSE else asked).extend(doubts)
    return entries, tuple(faults), tuple(asked)


def _invoices(db: Connection, known: Known, spec: VoucherSpec, body: Mapping[str, Any], ident: str) -> Faults:
    """INVOICE_DUPLICATE: the same seller, series and number on another voucher held here, posted or not.

    The poster asks again, of all posted vouchers of the tenant: another office may have entered the same invoice.
    """
    if known.company.duplicate_invoice == ALLOW:
        return ()
    return check_invoices(spec, body, lambda key: voucher.key_users(db, INVOICE_KEY, key, ident) or None)


def _overdraft(db: Connection, known: Known, body: Mapping[str, Any], entries: Sequence[Entry]) -> list[Fault]:
    """CASH_NEGATIVE: money the last known books do not have, on the voucher's day or any later one."""
    if known.company.negative_cash == ALLOW:
        return []
    chart = known.chart_on(date.fromisoformat(str(body["accounting_date"])))
    day = day_of(body, "accounting_date")
    out: dict[tuple[str, str, str, str], int] = {}
    for entry in entries:
        for side, amount in ((entry.debit, -entry.amount), (entry.credit, entry.amount)):
            account = chart.accounts.get(side.account) if side is not None else None
            if side is not None and account is not None and account.money:
                key = (side.branch, side.account, side.currency, side.bank_account or side.fund)
                out[key] = out.get(key, 0) + amount
    book = body["books"][0] if body["books"] else FINANCIAL
    faults = []
    for key, amount in out.items():
        if amount <= 0:
            continue
        lowest, low_day = ledger.lowest_balance(db, book, balance.MONEY_DAY, key, day)
        if lowest - amount < 0:
            params = {"account": key[1], "balance": str(lowest - amount), "date": _iso(low_day)}
            faults.append(Fault("CASH_NEGATIVE", "lines", params))
    return faults


def _iso(day: int) -> str:
    return f"{day // 10_000:04d}-{day // 100 % 100:02d}-{day % 100:02d}"
