"""Rule: rates are exact decimals; conversion rounds once, halves away from zero."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socai.base.fault import Fault
from socai.base.rate import convert, parse_rate, rate_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("25450", Decimal(25450)),
        ("25450.50", Decimal("25450.5")),
        ("1.0", Decimal(1)),
        (1, Decimal(1)),
        ("0.0001", Decimal("0.0001")),
    ],
)
def test_wire_rates(text: object, expected: Decimal) -> None:
    rate = parse_rate(text, "rate")
    assert rate == expected
    assert isinstance(rate, Decimal)
    assert parse_rate(rate_text(rate), "rate") == expected


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "0",
        "0.000",
        "-1",
        "1e3",
        "NaN",
        1.5,
        True,
        0,
        -1,
        "1.00000000001",
        "9999999999999",
        "٣",
        "1,5",
    ],
)
def test_refused_rates(text: object) -> None:
    fault = parse_rate(text, "rate")
    assert isinstance(fault, Fault)
    assert fault.code == "RATE_INVALID"


def test_a_number_too_long_to_print_is_refused() -> None:
    fault = parse_rate(10**5_000, "rate")
    assert isinstance(fault, Fault)
    assert fault.params == {"value": "…"}


@pytest.mark.parametrize(
    ("amount", "rate", "decimals", "expected"),
    [
        (10_000, "25450", 2, 2_545_000),  # 100.00 USD x 25,450 = 2,545,000
        (1, "25450", 2, 255),  # 0.01 USD x 25,450 = 254.5, half away from zero
        (-1, "25450", 2, -255),
        (1, "25449.99", 2, 254),
        (1_000, "165.5", 0, 165_500),  # 1,000 JPY x 165.5
        (1, "0.5", 0, 1),
        (-1, "0.5", 0, -1),
        (0, "25450", 2, 0),
        (10**15, "1", 0, 10**15),
    ],
)
def test_conversion(amount: int, rate: str, decimals: int, expected: int) -> None:
    assert convert(amount, Decimal(rate), decimals) == expected


@given(
    st.integers(-(10**15), 10**15),
    st.decimals(min_value="0.0000000001", max_value="1000000000000", allow_nan=False, places=10),
    st.integers(0, 3),
)
def test_conversion_is_the_nearest_integer(amount: int, rate: Decimal, decimals: int) -> None:
    exact = Fraction(rate) * amount / 10**decimals
    error = convert(amount, rate, decimals) - exact
    assert abs(error) <= Fraction(1, 2)
    if abs(error) == Fraction(1, 2):
        assert (error > 0) == (amount > 0)
