"""Rule: money is an exact integer of the minor unit; whatever is not exactly that is refused, never rounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socai.base.fault import Fault, fault_words
from socai.base.money import AMOUNT_MAX, amount_text, format_amount, parse_amount


@pytest.mark.parametrize(
    ("text", "decimals", "expected"),
    [
        ("0", 0, 0),
        ("-0", 0, 0),
        ("1500000", 0, 1_500_000),
        ("-1500000", 0, -1_500_000),
        ("1500000.00", 0, 1_500_000),  # zeros after the point are not a fraction
        ("0001", 0, 1),
        (" 12 ", 0, 12),
        ("12.5", 2, 1_250),
        ("12.05", 2, 1_205),
        ("-0.01", 2, -1),
        ("12", 2, 1_200),
        (12, 2, 1_200),  # an integer of JSON counts whole units, as its digits in a string would
        (str(AMOUNT_MAX), 0, AMOUNT_MAX),
        (f"-{AMOUNT_MAX}", 0, -AMOUNT_MAX),
    ],
)
def test_wire_amounts(text: object, decimals: int, expected: int) -> None:
    assert parse_amount(text, "amount", decimals) == expected


@pytest.mark.parametrize(
    ("text", "decimals", "code"),
    [
        (None, 0, "AMOUNT_EMPTY"),
        ("", 0, "AMOUNT_EMPTY"),
        ("   ", 0, "AMOUNT_EMPTY"),
        ("1.5", 0, "AMOUNT_FRACTIONAL"),
        ("1.001", 2, "AMOUNT_FRACTIONAL"),
        (str(AMOUNT_MAX + 1), 0, "AMOUNT_TOO_LARGE"),
        (str(-AMOUNT_MAX - 1), 0, "AMOUNT_TOO_LARGE"),
        ("10000000000000.01", 2, "AMOUNT_TOO_LARGE"),
        ("9" * 300, 0, "AMOUNT_TOO_LARGE"),
        (10**400, 0, "AMOUNT_TOO_LARGE"),
        ("9" * 5_000, 0, "AMOUNT_INVALID"),
        (1.0, 0, "AMOUNT_INVALID"),  # a float is refused even when it is whole
        (float("nan"), 0, "AMOUNT_INVALID"),
        (True, 0, "AMOUNT_INVALID"),
        ([], 0, "AMOUNT_INVALID"),
        ({"a": 1}, 0, "AMOUNT_INVALID"),
        ("NaN", 0, "AMOUNT_INVALID"),
        ("Infinity", 0, "AMOUNT_INVALID"),
        ("1e6", 0, "AMOUNT_INVALID"),
        ("1_000", 0, "AMOUNT_INVALID"),
        ("1,000", 0, "AMOUNT_INVALID"),
        ("1.000.000", 0, "AMOUNT_INVALID"),
        ("+5", 0, "AMOUNT_INVALID"),
        ("--5", 0, "AMOUNT_INVALID"),
        ("5.", 0, "AMOUNT_INVALID"),
        (".5", 2, "AMOUNT_INVALID"),
        ("٣٤", 0, "AMOUNT_INVALID"),  # Arabic digits
        ("１２", 0, "AMOUNT_INVALID"),  # full-width digits
        ("1\n", 0, "AMOUNT_INVALID"),
    ],
)
def test_refused_amounts(text: object, decimals: int, code: str) -> None:
    fault = parse_amount(text, "lines.0.amount", decimals)
    assert isinstance(fault, Fault)
    assert (fault.code, fault.field) == (code, "lines.0.amount")
    assert len(fault_words(fault, "vi").sentence) < 200


@given(st.integers(-AMOUNT_MAX, AMOUNT_MAX), st.integers(0, 4))
def test_wire_form_comes_back(amount: int, decimals: int) -> None:
    assert parse_amount(amount_text(amount, decimals), "a", decimals) == amount


@given(st.one_of(st.text(), st.floats(), st.binary(), st.lists(st.integers()), st.integers()))
def test_no_input_raises(text: object) -> None:
    assert isinstance(parse_amount(text, "a", 2), (int, Fault))


@pytest.mark.parametrize(
    ("amount", "decimals", "language", "expected"),
    [
        (0, 0, "vi", "0"),
        (999, 0, "vi", "999"),
        (1_234_567, 0, "vi", "1.234.567"),
        (-1_234_567, 0, "vi", "-1.234.567"),
        (1_234_567, 0, "en", "1,234,567"),
        (123_456, 2, "vi", "1.234,56"),
        (-5, 2, "en", "-0.05"),
        (100_000, 2, "vi", "1.000,00"),
    ],
)
def test_form_people_read(amount: int, decimals: int, language: str, expected: str) -> None:
    assert format_amount(amount, decimals, language) == expected
