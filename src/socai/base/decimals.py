"""Exact decimal strings to scaled integers and back.

Only the plain wire form is understood: an optional minus, ASCII digits, an optional point and ASCII digits. No
exponent, no thousands mark, no float, no digit of another script.
"""

import re
from enum import Enum

WIRE = re.compile(r"(-?)([0-9]{1,400})(?:\.([0-9]{1,400}))?", re.ASCII)


class Refusal(Enum):
    """Why a text is not a scaled integer."""

    INVALID = "invalid"
    EMPTY = "empty"
    FRACTIONAL = "fractional"


def power_of_ten(decimals: int) -> int:
    """10^decimals of a count that is not negative, as an int for the type checker too."""
    return int(10**decimals)


def scaled(text: object, decimals: int) -> int | Refusal:
    """The integer of `text` times 10^decimals, or one of the reasons of `Refusal`.

    Python integers are taken as they are (they are exact); booleans and floats are not.
    """
    scale = power_of_ten(decimals)
    if isinstance(text, int) and not isinstance(text, bool):
        return text * scale
    if text is None or (isinstance(text, str) and not text.strip()):
        return Refusal.EMPTY
    if not isinstance(text, str):
        return Refusal.INVALID
    match = WIRE.fullmatch(text.strip(" "))
    if match is None:
        return Refusal.INVALID
    sign, whole, fraction = match.group(1), match.group(2), match.group(3) or ""
    fraction = fraction.rstrip("0")
    if len(fraction) > decimals:
        return Refusal.FRACTIONAL
    value = int(whole) * scale + int(fraction.ljust(decimals, "0") or "0")
    return -value if sign else value


def unscaled(value: int, decimals: int) -> str:
    """The plain decimal text of `value` / 10^decimals, with all its decimals."""
    if not decimals:
        return str(value)
    sign = "-" if value < 0 else ""
    whole, fraction = divmod(abs(value), power_of_ten(decimals))
    return f"{sign}{whole}.{str(fraction).rjust(decimals, '0')}"


def grouped(plain: str, language: str) -> str:
    """A plain decimal text as people write it: 1.234.567,89 in Vietnamese, 1,234,567.89 in English."""
    thousands, point = (",", ".") if language == "en" else (".", ",")
    sign = "-" if plain.startswith("-") else ""
    whole, _, fraction = plain.removeprefix("-").partition(".")
    marked = f"{int(whole):,}".replace(",", thousands)
    return f"{sign}{marked}{point}{fraction}" if fraction else f"{sign}{marked}"
