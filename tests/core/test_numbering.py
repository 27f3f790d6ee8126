"""Voucher numbers: series, text, and the number after a typed one."""

from datetime import date

import pytest

from core.books import spec
from socai.core.numbering import next_typed, number_text, numbering_of, series_key
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
    assert number_text(Numbering("PT"), "", 1) == "PT00001"
    assert number_text(Numbering("PT"), "B", 1) == "PTB00001"
    assert number_text(Numbering("PT", 3), "", 12345) == "PT12345"


@pytest.mark.parametrize("typed, following", [
    ("PT00009", "PT00010"), ("PT99", "PT100"), ("PT00001/T01", "PT00001/T02"), ("PT", "PT1"), ("12-A", "13-A"),
])  # fmt: skip
def test_the_number_after_a_typed_one(typed: str, following: str) -> None:
    assert next_typed(typed) == following


def test_a_company_may_have_its_own_series() -> None:
    receipt = spec("cash_receipt")
    assert numbering_of(receipt, {}) == receipt.numbering
    assert numbering_of(receipt, {"cash_receipt": {"prefix": "THU", "digits": 4}}) == Numbering("THU", 4, "year")
    assert numbering_of(receipt, {"cash_receipt": {"digits": 99}}).digits == 10
    assert numbering_of(receipt, {"cash_receipt": {"digits": "many", "reset": "daily"}}) == receipt.numbering
