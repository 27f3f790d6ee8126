"""Days, months and the periods accountants name. Local dates only: no clock and no time zone here."""

import re
from calendar import monthrange
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta

from socai.base.fault import Fault
from socai.base.money import shown

YEAR_FIRST = 1990
YEAR_LAST = 2100
ISO_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Period:
    """An unbroken span of days, both ends included."""

    first: date
    last: date


def parse_day(text: object, field: str) -> date | Fault:
    """A day written as 2026-11-22, in the years 1990 to 2100; else DAY_INVALID (FIELD_REQUIRED when empty)."""
    if text is None or text == "":
        return Fault("FIELD_REQUIRED", field)
    day = None
    if isinstance(text, str) and ISO_DAY.fullmatch(text):
        with suppress(ValueError):
            day = date.fromisoformat(text)
    if day is None or not YEAR_FIRST <= day.year <= YEAR_LAST:
        return Fault("DAY_INVALID", field, {"value": shown(text)})
    return day


def day_text(day: date) -> str:
    """The form people read: 22/11/2026 in both languages."""
    return f"{day.day:02d}/{day.month:02d}/{day.year:04d}"


def day_key(day: date) -> int:
    """20261122 for 22 November 2026."""
    return day.year * 10_000 + day.month * 100 + day.day


def day_of_key(key: int) -> date:
    """The day of a key made by `day_key`."""
    return date(key // 10_000, key // 100 % 100, key % 100)


def month_key(day: date) -> int:
    """202611 for any day of November 2026."""
    return day.year * 100 + day.month


def month_first(key: int) -> date:
    """The first day of a month key."""
    return date(key // 100, key % 100, 1)


def month_last(key: int) -> date:
    """The last day of a month key."""
    year, month = divmod(key, 100)
    return date(year, month, monthrange(year, month)[1])


def next_month(key: int) -> int:
    """The month key after this one."""
    return month_plus(key, 1)


def previous_month(key: int) -> int:
    """The month key before this one."""
    return month_plus(key, -1)


def month_plus(key: int, months: int) -> int:
    """The month key that many months later (earlier when negative)."""
    year, month = divmod(key // 100 * 12 + key % 100 - 1 + months, 12)
    return year * 100 + month + 1


def months_between(first: int, last: int) -> tuple[int, ...]:
    """Every month key from `first` to `last`, both included; empty when they are the wrong way round."""
    keys = []
    key = first
    while key <= last:
        keys.append(key)
        key = next_month(key)
    return tuple(keys)


def fiscal_year_of(day: date, first_month: int = 1, first_day: int = 1) -> Period:
    """The fiscal year the day falls in, when years begin on `first_day` of `first_month`.

    The Law on Accounting (Art. 12) lets a year begin on the first day of a quarter; any day that every year has is
    understood here (so not 29 February).
    """
    start = date(day.year, first_month, first_day)
    if start > day:
        start = date(day.year - 1, first_month, first_day)
    return Period(start, date(start.year + 1, first_month, first_day) - timedelta(days=1))
