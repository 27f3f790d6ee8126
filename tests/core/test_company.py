"""The company's settings, years, locks and currencies, read from their catalog entries."""

from datetime import date

from socai.core.check import FiscalYear
from socai.core.company import calendar_of, company_of, decimals_of


def test_a_company_that_says_nothing_has_the_settings_of_a_new_one() -> None:
    company = company_of(None)
    assert (company.post_on_save, company.negative_cash, company.duplicate_invoice) == (True, "warn", "warn")
    assert (company.year_first_month, company.books_first_day, company.numbering) == (1, None, {})
    assert company_of({"year_first_month": 13, "post_on_save": False, "name": 7}).year_first_month == 1
    assert company_of({"post_on_save": False}).post_on_save is False


def test_calendar() -> None:
    years = [
        {"code": "2027", "first_day": "2027-01-01", "last_day": "2027-12-31", "regime": "x"},
        {"code": "2026", "first_day": "2026-01-01", "last_day": "2026-12-31", "regime": "x"},
    ]
    locks = [
        {"code": "1", "branch": "HN", "book": "financial", "day": "2026-03-31"},
        {"code": "2", "branch": "HN", "book": "financial", "day": "2026-02-28"},
    ]
    calendar = calendar_of({"books_first_day": "2026-01-01"}, years, locks)
    assert [year.code for year in calendar.years] == ["2026", "2027"]
    assert calendar.year_of(date(2027, 6, 1)) == FiscalYear("2027", date(2027, 1, 1), date(2027, 12, 31), "x")
    assert calendar.books_first_day == date(2026, 1, 1)
    assert calendar.lock_of("HN", "financial") == date(2026, 3, 31)
    assert calendar.lock_of("HN", "management") is None


def test_currencies() -> None:
    """Built in: đồng and yen have no decimals, dollars two. A company's own currency has two unless it says."""
    decimals = decimals_of(
        [{"code": "BTC", "decimals": 6}, {"code": "LAK"}, {"code": "XYZ"}, {"code": "VND", "decimals": 2}]
    )
    assert [decimals[code] for code in ("VND", "USD", "JPY", "BTC", "XYZ")] == [0, 2, 0, 6, 2]
