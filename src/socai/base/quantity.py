"""Quantities as integers of one millionth of the item's unit.

On the wire a quantity is a decimal string with at most six decimals, shown without trailing zeros.
"""

from socai.base.decimals import Refusal, grouped, scaled, unscaled
from socai.base.fault import Fault
from socai.base.money import shown

QUANTITY_DECIMALS = 6
MICRO = 10**QUANTITY_DECIMALS
QUANTITY_MAX = 10**9 * MICRO
"""The largest quantity of one line, in micro units, either sign: 1,000,000,000 units."""


def parse_quantity(text: object, field: str) -> int | Fault:
    """A wire quantity in micro units; the fault is QUANTITY_INVALID with the reason in the words of its value."""
    value = scaled(text, QUANTITY_DECIMALS)
    if isinstance(value, Refusal):
        given = "" if value is Refusal.EMPTY else shown(text)
        return Fault("QUANTITY_INVALID", field, {"value": given})
    if abs(value) > QUANTITY_MAX:
        return Fault("QUANTITY_INVALID", field, {"value": shown(text)})
    return value


def quantity_text(quantity: int) -> str:
    """The wire form, without trailing zeros: 1.5, 200."""
    return unscaled(quantity, QUANTITY_DECIMALS, trim=True)


def format_quantity(quantity: int, language: str = "vi") -> str:
    """The form people read: 1.234,5 (vi) or 1,234.5 (en)."""
    return grouped(quantity_text(quantity), language)
