"""Amounts of money as integers of the currency's minor unit (VND: whole đồng; USD: cents).

On the wire an amount is a decimal string. Which sign is allowed is the caller's to judge.
"""

from socai.base.decimals import Refusal, grouped, scaled, unscaled
from socai.base.fault import Fault

AMOUNT_MAX = 10**15
"""The largest amount of one line or one total, in minor units, either sign."""


MOST_BITS_SHOWN = 1_000
"""Python refuses to print integers of many thousand digits; none of ours come near."""


def parse_amount(text: object, field: str, decimals: int = 0) -> int | Fault:
    """A wire amount in minor units.

    Faults: AMOUNT_EMPTY, AMOUNT_INVALID, AMOUNT_FRACTIONAL (more decimals than the currency has), AMOUNT_TOO_LARGE.
    A Python int counts whole units of the currency, as the same digits in a string would.
    """
    value = scaled(text, decimals)
    if isinstance(value, Refusal):
        return _amount_fault(value, text, field, decimals)
    if abs(value) > AMOUNT_MAX:
        return Fault("AMOUNT_TOO_LARGE", field, {"max": format_amount(AMOUNT_MAX, decimals)})
    return value


def amount_text(amount: int, decimals: int = 0) -> str:
    """The wire form: all decimals of the currency, no thousands marks."""
    return unscaled(amount, decimals)


def format_amount(amount: int, decimals: int = 0, language: str = "vi") -> str:
    """The form people read: 1.234.567 (vi) or 1,234,567 (en), with the currency's decimals."""
    return grouped(amount_text(amount, decimals), language)


def _amount_fault(reason: Refusal, text: object, field: str, decimals: int) -> Fault:
    if reason is Refusal.EMPTY:
        return Fault("AMOUNT_EMPTY", field)
    if reason is Refusal.FRACTIONAL:
        return Fault("AMOUNT_FRACTIONAL", field, {"value": shown(text), "decimals": str(decimals)})
    return Fault("AMOUNT_INVALID", field, {"value": shown(text)})


def shown(text: object, longest: int = 40) -> str:
    """A refused input as it is quoted back: short and on one line."""
    if isinstance(text, int) and text.bit_length() > MOST_BITS_SHOWN:
        return "…"
    line = " ".join(str(text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
