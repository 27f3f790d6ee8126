"""Rule: days are ISO and real; months and fiscal years are counted, never guessed."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socai.base.calendar import (
    day_key,
    day_of_key,
    day_text,
    fiscal_year_of,
    month_first,
    month_key,
    month_last,
    month_plus,
    months_between,
    next_month,
    parse_day,
    previous_month,
)
from socai.base.fault import Fault

DAYS = st.dates(date(1990, 1, 1), date(2100, 12, 31))
TODAY = date(2026, 11, 22)


@given(DAYS)
def test_iso_days_come_back(day: date) -> None:
    assert parse_day(day.isoformat(), "date") == day
    assert day_of_key(day_key(day)) == day


@pytest.mark.parametrize(
    "text",
    ["2026-02-29", "2026-13-01", "2026-00-10", "2026-01-00", "1989-12-31", "2101-01-01", "22/11/2026", "2026-1-1",
     "20260101", "2026-01-01T00:00", "٢٠٢٦-01-01", 20260101, 1.5, True, ["2026-01-01"], " 2026-01-01"],
)  # fmt: skip
def test_refused_days(text: object) -> None:
    fault = parse_day(text, "date")
    assert isinstance(fault, Fault)
    assert (fault.code, fault.field) == ("DAY_INVALID", "date")


@pytest.mark.parametrize("text", [None, ""])
def test_an_empty_day_is_missing(text: object) -> None:
    assert parse_day(text, "date") == Fault("FIELD_REQUIRED", "date")


def test_keys() -> None:
    assert (day_key(TODAY), month_key(TODAY), day_text(TODAY)) == (20261122, 202611, "22/11/2026")
    assert (month_first(202402), month_last(202402)) == (date(2024, 2, 1), date(2024, 2, 29))
    assert (next_month(202612), previous_month(202701), month_plus(202611, 14)) == (202701, 202612, 202801)
    assert months_between(202611, 202702) == (202611, 202612, 202701, 202702)
    assert months_between(202702, 202611) == ()


@given(DAYS, st.integers(-600, 600))
def test_months_add_and_come_back(day: date, months: int) -> None:
    assert month_plus(month_plus(month_key(day), months), -months) == month_key(day)


@given(DAYS, st.integers(1, 12), st.integers(1, 28))
def test_a_day_lies_in_its_fiscal_year(day: date, first_month: int, first_day: int) -> None:
    year = fiscal_year_of(day, first_month, first_day)
    assert year.first <= day <= year.last
    assert (year.first.month, year.first.day) == (first_month, first_day)
    assert (year.last - year.first).days in (364, 365)
