"""Checks of a voucher against what the books know: years, locks, catalogs, invoices, cash. Facts in, faults out.

Accept runs `check_references`; the poster runs `check_dates` and the poster's own `post_voucher`. A DS runs all of them
at save from its last known facts, so that most refusals are told while the voucher is still on the screen. Whether a
repeated invoice or negative cash is allowed, asked or refused is the setting of the company, and not judged here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from socai.base.calendar import day_of_key
from socai.base.fault import Fault, Faults
from socai.base.money import amount_text
from socai.core.balance import MONEY_DAY, Movements
from socai.core.entry import VND
from socai.core.spec import VoucherSpec
from socai.core.voucher import Reference, catalog_references


@dataclass(frozen=True, slots=True)
class FiscalYear:
    """One fiscal year and its regime. Days inclusive."""

    code: str
    first_day: date
    last_day: date
    regime: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """The company's years, the books' first day and the lock dates per (branch, book)."""

    years: tuple[FiscalYear, ...]
    books_first_day: date | None
    locks: Mapping[tuple[str, str], date]

    def year_of(self, day: date) -> FiscalYear | None:
        """The fiscal year `day` falls in."""
        return next((year for year in self.years if year.first_day <= day <= year.last_day), None)

    def lock_of(self, branch: str, book: str) -> date | None:
        """The lock date of a branch's book; dates on or before it are closed."""
        return self.locks.get((branch, book))


def locked(calendar: Calendar, branch: str, books: Sequence[str], day: date) -> Fault | None:
    """DATE_LOCKED where `day` is on or before the lock date in any of the books, with the first open day if any."""
    for book in books:
        lock = calendar.lock_of(branch, book)
        if lock is not None and day <= lock:
            params = {"date": day.isoformat(), "lock_date": lock.isoformat()}
            if (open_day := first_open_day(calendar, branch, books)) is not None:
                params["first_open_day"] = open_day.isoformat()
            return Fault("DATE_LOCKED", "accounting_date", params)
    return None


def first_open_day(calendar: Calendar, branch: str, books: Sequence[str]) -> date | None:
    """The first day open in all of the books of a branch; None where no fiscal year has one."""
    locks = [lock for book in books if (lock := calendar.lock_of(branch, book)) is not None]
    after = max(locks) + timedelta(days=1) if locks else date.min
    days = [max(after, calendar.books_first_day or after, year.first_day) for year in calendar.years]
    return min((day for day, year in zip(days, calendar.years, strict=True) if day <= year.last_day), default=None)


def check_dates(spec: VoucherSpec, body: Mapping[str, object], calendar: Calendar, books: Sequence[str]) -> Faults:
    """DATE_LOCKED, DATE_OUTSIDE_YEAR, DATE_BEFORE_BOOKS, OPENING_LOCKED, OPENING_DATE for the accounting date."""
    day = date.fromisoformat(str(body["accounting_date"]))
    branch = str(body["branch"])
    if spec.before_books:
        return _check_opening(day, [lock for book in books if (lock := calendar.lock_of(branch, book))], calendar)
    if fault := locked(calendar, branch, books, day):
        return (fault,)
    if calendar.books_first_day is not None and day < calendar.books_first_day:
        first = calendar.books_first_day.isoformat()
        return (Fault("DATE_BEFORE_BOOKS", "accounting_date", {"date": day.isoformat(), "first_day": first}),)
    if calendar.year_of(day) is None:
        years = ", ".join(year.code for year in calendar.years)
        return (Fault("DATE_OUTSIDE_YEAR", "accounting_date", {"date": day.isoformat(), "years": years}),)
    return ()


def _check_opening(day: date, locks: Sequence[date], calendar: Calendar) -> Faults:
    """Opening balances stand on the day before the books' first day, and are closed by the first lock.

    Where the company never said when its books begin, they may at least not stand inside them.
    """
    if locks:
        return (opening_locked(locks),)
    begun = calendar.books_first_day
    first = begun or (calendar.years[0].first_day if calendar.years else None)
    if first is not None and (day >= first or (begun and day != begun - timedelta(days=1))):
        expected = first - timedelta(days=1)
        params = {"date": day.isoformat(), "expected": expected.isoformat()}
        return (Fault("OPENING_DATE", "accounting_date", params),)
    return ()


def opening_locked(locks: Sequence[date]) -> Fault:
    """OPENING_LOCKED: after the first lock opening balances neither come nor go."""
    return Fault("OPENING_LOCKED", "accounting_date", {"lock_date": max(locks).isoformat()})


def check_references(spec: VoucherSpec, body: Mapping[str, object], known: Callable[[str, str], bool | None]) -> Faults:
    """CATALOG_UNKNOWN and CATALOG_INACTIVE. `known(kind, id)` is True, False (no longer followed) or None (unknown)."""
    return check_named(catalog_references(spec, body), known)


def check_named(named: Iterable[Reference], known: Callable[[str, str], bool | None]) -> Faults:
    """The same for references that were found before."""
    faults = []
    for place, kind, ident in named:
        state = known(kind, ident)
        if state is not True:
            code = "CATALOG_UNKNOWN" if state is None else "CATALOG_INACTIVE"
            faults.append(Fault(code, place, {"kind": kind, "id": ident}))
    return tuple(faults)


# ---- input invoices


def invoice_key(tax_code: str, series: str, number: str) -> str:
    """What makes an input invoice the same: supplier's tax code, series and number; "" where it cannot be told.

    Case, blanks and leading zeros of the number make no difference: `1c26taa 0000123` is `1C26TAA 123`.
    """
    code, mark = "".join(tax_code.split()).upper(), "".join(series.split()).upper()
    digits = "".join(number.split()).upper().lstrip("0")
    return f"{code}|{mark}|{digits}" if code and digits else ""


class InputInvoice(NamedTuple):
    """An input invoice as one voucher declares it: the place of its number in the body, and the words as typed."""

    place: str
    tax_code: str
    series: str
    number: str


def invoice_keys(spec: VoucherSpec, body: Mapping[str, object]) -> dict[str, InputInvoice]:
    """The invoices a voucher declares, by key, each as its first row has it. One invoice may take several rows."""
    found: dict[str, InputInvoice] = {}
    for grid in spec.grids:
        rows = body.get(grid.name)
        if grid.kind != "taxes" or not isinstance(rows, list):
            continue
        for position, row in enumerate(rows, start=1):
            names = ("supplier_tax_code", "invoice_series", "invoice_number")
            tax_code, series, number = (str(row.get(name) or "").strip() for name in names)
            if key := invoice_key(tax_code, series, number):
                place = f"{grid.name}.{position}.invoice_number"
                found.setdefault(key, InputInvoice(place, tax_code, series, number))
    return found


def check_invoices(spec: VoucherSpec, body: Mapping[str, object], taken: Callable[[str], str | None]) -> Faults:
    """INVOICE_DUPLICATE. `taken(key)` gives the number of another voucher that declares the invoice, or None.

    The fault tells the invoice as this voucher writes it: who reads it compares it with the paper.
    """
    faults = []
    for key, invoice in invoice_keys(spec, body).items():
        voucher = taken(key)
        if voucher is not None:
            params = {"tax_code": invoice.tax_code, "series": invoice.series, "number": invoice.number}
            faults.append(Fault("INVOICE_DUPLICATE", invoice.place, params | {"voucher": voucher}))
    return tuple(faults)


# ---- negative cash


class MoneyKey(NamedTuple):
    """One pocket of money: a fund or bank account of a branch, under an account and currency."""

    branch: str
    account: str
    currency: str
    detail: str


Daily = Mapping[int, int]  # day key -> net movement, debits less credits


def money_movements(movements: Movements) -> dict[MoneyKey, dict[int, int]]:
    """What a voucher's movements do to each pocket, by day: đồng for VND, minor units for foreign money."""
    found: dict[MoneyKey, dict[int, int]] = {}
    for (dimension, branch, account, currency, detail, day), turnover in movements.items():
        if dimension == MONEY_DAY:
            debit, credit, debit_foreign, credit_foreign = turnover
            net = debit - credit if currency == VND else debit_foreign - credit_foreign
            if net:
                found.setdefault(MoneyKey(branch, account, currency, detail), {})[day] = net
    return found


def negative_day(opening: int, daily: Daily, added: Daily) -> tuple[int, int] | None:
    """The first day (key, balance) that `added` takes below zero, at its own day or any later one; None if none.

    `opening` is the balance before the first added day and `daily` the known movements from that day on. A day already
    negative is blamed only on what lowers it further: money received never is.
    """
    balance, change = opening, 0
    first = min(added, default=0)
    for day in sorted({*added, *(day for day in daily if day >= first)}):
        change += added.get(day, 0)
        balance += daily.get(day, 0) + added.get(day, 0)
        if balance < 0 and change < 0:
            return day, balance
    return None


def check_cash(
    movements: Movements, history: Callable[[MoneyKey, int], tuple[int, Daily]], decimals: Mapping[str, int]
) -> Faults:
    """CASH_NEGATIVE for every pocket that the movements would overdraw on some day.

    `history(pocket, day)` gives the balance before the day and the movements from it on, without the voucher itself.
    The fault tells what is there on the first day that would not do.
    """
    faults = []
    for pocket, added in money_movements(movements).items():
        if min(added.values()) >= 0:
            continue
        found = negative_day(*history(pocket, min(added)), added)
        if found is not None:
            day, balance = found
            balance -= sum(amount for at, amount in added.items() if at <= day)
            params = {
                "branch": pocket.branch,
                "account": pocket.account,
                "detail": pocket.detail,
                "currency": pocket.currency,
                "date": day_of_key(day).isoformat(),
                "balance": amount_text(balance, decimals.get(pocket.currency, 0)),
            }
            faults.append(Fault("CASH_NEGATIVE", "lines", params))
    return tuple(faults)
