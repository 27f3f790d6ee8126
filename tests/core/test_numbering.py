"""Voucher numbers: series and text."""

from datetime import date

import pytest

from core.books import spec
from socai.core.numbering import Series, is_provisional, numbering_of, series_for, series_key
from socai.core.spec import Numbering

DAY = date(2026, 3, 5)


@pytest.mark.parametrize("reset, key", [
    ("year", "HN|cash_receipt|2026"),
    ("month", "HN|cash_receipt|202603"),
    ("never", "HN|cash_receipt|"),
])  # fmt: skip
def test_a_series_restarts_when_it_should(reset: str, key: str) -> None:
    assert series_key("HN", "cash_receipt", DAY, Numbering("PT", 5, reset)) == key


def test_the_mark_keeps_two_servers_of_one_branch_apart() -> None:
    assert Series("", "PT", 5).text("", 1) == "PT00001"
    assert Series("", "PT", 5).text("B", 1) == "PTB00001"
    assert Series("", "PT", 3).text("", 12345) == "PT12345"


def test_a_company_may_have_its_own_series() -> None:
    receipt = spec("cash_receipt")
    assert numbering_of(receipt, {}) == receipt.numbering
    assert numbering_of(receipt, {"cash_receipt": {"prefix": "THU", "digits": 4}}) == Numbering("THU", 4, "year")
    assert numbering_of(receipt, {"cash_receipt": {"digits": 99}}).digits == 10
    assert numbering_of(receipt, {"cash_receipt": {"digits": "many", "reset": "daily"}}) == receipt.numbering


def test_row_9_a_series_is_of_a_branch_a_fund_or_the_company() -> None:
    """Row 9: who counts together, and which prefix they have, is the company's setting."""
    settings = {"cash_receipt": {"scope": "fund", "prefixes": {"F2": "PTB"}, "suffix": "/26", "reset": "month"}}
    numbering = numbering_of(spec("cash_receipt"), settings)
    one, two = (series_for("cash_receipt", numbering, "HN", DAY, fund) for fund in ("F1", "F2"))
    assert (one.key, one.text("", 7)) == ("HN|cash_receipt|202603|F1", "PT00007/26")
    assert (two.key, two.text("", 7)) == ("HN|cash_receipt|202603|F2", "PTB00007/26")
    assert (one.first, one.last) == (date(2026, 3, 1), date(2026, 3, 31))
    whole = series_for("x", Numbering("PT", scope="company", reset="year"), "HN", DAY)
    assert (whole.key, whole.last) == ("|x|2026", date(2026, 12, 31))


def test_row_9_a_rule_makes_only_numbers_that_may_stand_on_a_voucher() -> None:
    """Row 9: whatever was typed into the settings, no save is refused for it."""
    found = numbering_of(spec("cash_receipt"), {"cash_receipt": {"prefix": "- PT~ thu", "suffix": " /2026-HN"}})
    assert (found.prefix, found.suffix) == ("PTthu", "/2026-")


@pytest.mark.parametrize("shared, text, parts", [
    (False, "PT00012", ("", 12)), (False, "PTB00012", ("B", 12)), (False, "PT123456", ("", 123456)),
    (False, "PT0012", None), (False, "PC00012", None), (False, "PT~00012", None), (False, "PT00012/A", None),
    (True, "PT00012", ("", 12)), (True, "PTB00012", None),
])  # fmt: skip
def test_row_9_a_number_of_the_series_own_form_is_read_back(
    shared: bool, text: str, parts: tuple[str, int] | None
) -> None:
    """Row 9: what is not of the form was typed by hand and does not move the series."""
    assert series_for("x", Numbering("PT", shared=shared), "HN", DAY).parts(text) == parts


def test_row_9_a_provisional_number_shows_that_it_is_one() -> None:
    """Row 9: marked with ~ and with the data server's own mark, so that no two are the same."""
    series = series_for("x", Numbering("PT", shared=True), "HN", DAY)
    assert (series.provisional("B", 3), series.text("B", 3)) == ("PT~B00003", "PT00003")
    assert is_provisional("PT~B00003")
    assert not is_provisional("PT00003")
