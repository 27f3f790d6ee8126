"""Checks of a voucher against what the books know: years, locks, catalogs. Facts in, faults out.

Accept runs `check_references`; the poster runs `check_dates` and the poster's own `post_voucher`. A DS runs all of them
at save from its last known facts, so that most refusals are told while the voucher is still on the screen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from socai.base.fault import Fault, Faults
from socai.core.spec import VoucherSpec
from socai.core.voucher import catalog_references


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
    """DATE_LOCKED where `day` is on or before the lock date in any of the books."""
    for book in books:
        lock = calendar.lock_of(branch, book)
        if lock is not None and day <= lock:
            return Fault("DATE_LOCKED", "accounting_date", {"date": day.isoformat(), "lock_date": lock.isoformat()})
    return None


def check_dates(spec: VoucherSpec, body: Mapping[str, object], calendar: Calendar, books: Sequence[str]) -> Faults:
    """DATE_LOCKED, DATE_OUTSIDE_YEAR, DATE_BEFORE_BOOKS, OPENING_LOCKED for the accounting date."""
    day = date.fromisoformat(str(body["accounting_date"]))
    branch = str(body["branch"])
    if spec.before_books:
        if any(calendar.lock_of(branch, book) is not None for book in books):
            return (Fault("OPENING_LOCKED", "accounting_date", {"date": day.isoformat()}),)
        return ()
    if fault := locked(calendar, branch, books, day):
        return (fault,)
    if calendar.books_first_day is not None and day < calendar.books_first_day:
        first = calendar.books_first_day.isoformat()
        return (Fault("DATE_BEFORE_BOOKS", "accounting_date", {"date": day.isoformat(), "first_day": first}),)
    if calendar.year_of(day) is None:
        years = ", ".join(year.code for year in calendar.years)
        return (Fault("DATE_OUTSIDE_YEAR", "accounting_date", {"date": day.isoformat(), "years": years}),)
    return ()


def check_references(spec: VoucherSpec, body: Mapping[str, object], known: Callable[[str, str], bool | None]) -> Faults:
    """CATALOG_UNKNOWN and CATALOG_INACTIVE. `known(kind, id)` is True, False (no longer followed) or None (unknown)."""
    faults = []
    for place, kind, ident in catalog_references(spec, body):
        state = known(kind, ident)
        if state is not True:
            code = "CATALOG_UNKNOWN" if state is None else "CATALOG_INACTIVE"
            faults.append(Fault(code, place, {"kind": kind, "id": ident}))
    return tuple(faults)
