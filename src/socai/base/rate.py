"""Rates and unit prices as exact decimals, and the conversion of foreign money to đồng."""

import re
from decimal import Decimal

from socai.base.decimals import power_of_ten
from socai.base.fault import Fault
from socai.base.money import shown

RATE_DECIMALS_MAX = 10
RATE_MAX = Decimal(10**12)
WIRE_RATE = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?", re.ASCII)


def parse_rate(text: object, field: str) -> Decimal | Fault:
    """A wire rate (VND for one unit of the foreign currency): positive, at most ten decimals; else RATE_INVALID."""
    refused = Fault("RATE_INVALID", field, {"value": "" if text is None else shown(text)})
    if isinstance(text, int) and not isinstance(text, bool) and 0 < text <= RATE_MAX:
        text = str(text)
    if not isinstance(text, str) or not WIRE_RATE.fullmatch(text.strip(" ")):
        return refused
    whole, _, fraction = text.strip(" ").partition(".")
    fraction = fraction.rstrip("0")
    if len(fraction) > RATE_DECIMALS_MAX:
        return refused
    rate = Decimal(f"{int(whole)}.{fraction}" if fraction else str(int(whole)))
    return rate if 0 < rate <= RATE_MAX else refused


def rate_text(rate: Decimal) -> str:
    """The wire form: plain digits, no exponent, no trailing zeros."""
    plain = format(rate, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def convert(amount_minor: int, rate: Decimal, decimals: int) -> int:
    """Foreign minor units at `rate` đồng per whole unit, in đồng, halves away from zero.

    Integer arithmetic throughout, so neither the size of the amount nor the decimal context can round it twice.
    """
    numerator, denominator = rate.as_integer_ratio()
    product = abs(amount_minor) * numerator
    divisor = denominator * power_of_ten(decimals)
    rounded = (2 * product + divisor) // (2 * divisor)
    return -rounded if amount_minor < 0 else rounded
