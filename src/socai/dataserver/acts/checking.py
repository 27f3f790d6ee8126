"""What is checked when a voucher is saved or posted, from the last known facts: faults, and warnings to be answered.

The cloud checks all of it again. Here it is told while the voucher is still on the screen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from socai.base.calendar import day_of_key
from socai.base.fault import Fault, Faults
from socai.books.write import SqliteWriter
from socai.core import balance
from socai.core.check import check_cash, check_dates, check_invoices, check_references
from socai.core.company import ALLOW, REFUSE
from socai.core.entry import FINANCIAL, Entry
from socai.core.posting import post_voucher
from socai.core.spec import VoucherSpec
from socai.dataserver.acts.head import INVOICE_KEY
from socai.dataserver.facts import named
from socai.dataserver.store import catalog, ledger, voucher
from socai.dataserver.store.file import Connection
from socai.dataserver.store.known import Known


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
        (known.company.negative_cash, _overdraft(db, known, body, ident, entries)),
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


def _overdraft(
    db: Connection, known: Known, body: Mapping[str, Any], ident: str, entries: Sequence[Entry]
) -> list[Fault]:
    """CASH_NEGATIVE: money the last known books do not have, on the voucher's day or any later one, in any book."""
    day = date.fromisoformat(str(body["accounting_date"]))
    faults: list[Fault] = []
    for book in body["books"] or (FINANCIAL,):
        movements = _leaving(db, known, ident, book)
        balance.move(movements, entries, day, known.chart_on(day))
        faults += _short(db, known, book, movements)
    return faults


def check_removal(db: Connection, known: Known, ident: str, books: Sequence[str]) -> tuple[Faults, Faults]:
    """(faults, warnings) of taking a voucher out of these books: money that later payments lean on."""
    found = tuple(fault for book in books for fault in _short(db, known, book, _leaving(db, known, ident, book)))
    return (found, ()) if known.company.negative_cash == REFUSE else ((), found)


def _leaving(db: Connection, known: Known, ident: str, book: str) -> balance.Movements:
    """What leaves a book together with the set a voucher has in it, as far as it is held here."""
    movements: balance.Movements = {}
    for live in SqliteWriter(db).live_sets([(ident, book)]):
        day = day_of_key(live.day)
        balance.move(movements, live.entries, day, known.chart_on(day), -1)
    return movements


def _short(db: Connection, known: Known, book: str, movements: balance.Movements) -> Faults:
    if known.company.negative_cash == ALLOW or not movements:
        return ()
    found = check_cash(movements, lambda pocket, day: ledger.money_history(db, book, pocket, day), known.decimals)
    return tuple(named(db, replace(fault, params={**fault.params, "book": book})) for fault in found)
