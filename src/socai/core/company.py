"""What the single catalog entries say about the company: its settings, its years and locks, its currencies. Pure.

The bodies come from the catalog kinds `company`, `fiscal_year`, `lock` and `currency` (core/catalog.py); a body that
was never written gives the defaults of a new company.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from socai.base.fault import Fault
from socai.core.check import Calendar, FiscalYear

Body = Mapping[str, object]

ALLOW, WARN, REFUSE = "allow", "warn", "refuse"
ASYNCHRONOUS, SYNCHRONOUS = "asynchronous", "synchronous"
RECORDING_SECONDS, RECORDING_SECONDS_MAX = 20, 60

DECIMALS: Mapping[str, int] = {
    "VND": 0, "USD": 2, "EUR": 2, "JPY": 0, "CNY": 2, "KRW": 0, "GBP": 2, "SGD": 2, "AUD": 2, "THB": 2, "CAD": 2,
    "CHF": 2, "HKD": 2, "TWD": 2, "MYR": 2, "IDR": 2, "INR": 2, "LAK": 2, "KHR": 2, "PHP": 2, "NZD": 2, "SEK": 2,
    "NOK": 2, "DKK": 2, "RUB": 2, "KWD": 3,
}  # fmt: skip
"""Minor units of the currencies every company knows from the start (ISO 4217)."""


@dataclass(frozen=True, slots=True)
class Company:
    """The company as its settings screen knows it. `negative_cash`, `duplicate_invoice`: allow | warn | refuse.

    `recording`: asynchronous answers a save as soon as it is safe here; synchronous waits for the cloud's outcome, at
    most `recording_seconds`.
    """

    name: str = ""
    address: str = ""
    tax_code: str = ""
    phone: str = ""
    director: str = ""
    chief_accountant: str = ""
    cashier: str = ""
    preparer: str = ""
    year_first_month: int = 1
    books_first_day: date | None = None
    post_on_save: bool = True
    two_books: bool = False
    negative_cash: str = WARN
    duplicate_invoice: str = WARN
    recording: str = ASYNCHRONOUS
    recording_seconds: int = RECORDING_SECONDS
    numbering: Mapping[str, object] = field(default_factory=dict)


def company_of(body: Body | None) -> Company:
    """The settings of a catalog entry `company`; defaults where it says nothing."""
    body = body or {}
    numbering = body.get("numbering")
    month = body.get("year_first_month")
    return Company(
        name=_text(body, "name"),
        address=_text(body, "address"),
        tax_code=_text(body, "tax_code"),
        phone=_text(body, "phone"),
        director=_text(body, "director"),
        chief_accountant=_text(body, "chief_accountant"),
        cashier=_text(body, "cashier"),
        preparer=_text(body, "preparer"),
        year_first_month=month if isinstance(month, int) and 1 <= month <= 12 else 1,
        books_first_day=_day(body, "books_first_day"),
        post_on_save=body.get("post_on_save", True) is not False,
        two_books=body.get("two_books") is True,
        negative_cash=_text(body, "negative_cash") or WARN,
        duplicate_invoice=_text(body, "duplicate_invoice") or WARN,
        recording=_text(body, "recording") or ASYNCHRONOUS,
        recording_seconds=min(seconds, RECORDING_SECONDS_MAX)
        if isinstance(seconds := body.get("recording_seconds"), int) and seconds > 0
        else RECORDING_SECONDS,
        numbering=dict(numbering) if isinstance(numbering, Mapping) else {},
    )


def calendar_of(company_body: Body | None, fiscal_year_bodies: Iterable[Body], lock_bodies: Iterable[Body]) -> Calendar:
    """The company's calendar: years in order, the books' first day, the lock dates per (branch, book).

    Bodies are trusted to have passed `check_entry`; two locks of one branch and book count as the later one.
    """
    years = [
        FiscalYear(_text(body, "code"), first, last, _text(body, "regime"))
        for body in fiscal_year_bodies
        if (first := _day(body, "first_day")) and (last := _day(body, "last_day"))
    ]
    locks: dict[tuple[str, str], date] = {}
    for body in lock_bodies:
        key, day = (_text(body, "branch"), _text(body, "book")), _day(body, "day")
        if day is not None and day > locks.get(key, date.min):
            locks[key] = day
    return Calendar(
        tuple(sorted(years, key=lambda year: year.first_day)), company_of(company_body).books_first_day, locks
    )


def check_lock_moved(before: Body, after: Body) -> Fault | None:
    """LOCK_REASON_MISSING where a lock is moved back, or taken away, and nobody says why."""
    old, new = _text(before, "day"), _text(after, "day")
    if new < old and not _text(after, "reason"):
        return Fault("LOCK_REASON_MISSING", "reason")
    return None


def decimals_of(currency_bodies: Iterable[Body]) -> Mapping[str, int]:
    """Minor units of every currency a voucher may be in: the built-in ones and the company's own."""
    decimals = dict(DECIMALS)
    for body in currency_bodies:
        code, own = _text(body, "code"), body.get("decimals")
        if code and code != "VND" and isinstance(own, int) and not isinstance(own, bool) and 0 <= own <= 6:
            decimals[code] = own
        elif code:
            decimals.setdefault(code, 2)
    return decimals


def _text(body: Body, name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


def _day(body: Body, name: str) -> date | None:
    text = _text(body, name)
    return date.fromisoformat(text) if text else None
