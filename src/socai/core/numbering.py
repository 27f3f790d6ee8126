"""Voucher numbers: the series a voucher draws from and the text of a number. Pure; the DS store holds the counters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from socai.core.spec import Numbering, VoucherSpec

PREFIX_MAX, DIGITS_MAX = 10, 10
RESETS = ("year", "month", "never")

_TAIL = re.compile(r"(\d+)(?!.*\d)")


def numbering_of(spec: VoucherSpec, settings: Mapping[str, object]) -> Numbering:
    """The company's own series for this type (settings `numbering.<type>` = {prefix, digits, reset}) or the spec's."""
    own = settings.get(spec.code)
    if not isinstance(own, Mapping):
        return spec.numbering
    digits, reset = str(own.get("digits", "")), str(own.get("reset", ""))
    return Numbering(
        str(own.get("prefix", spec.numbering.prefix))[:PREFIX_MAX],
        min(max(int(digits), 1), DIGITS_MAX) if digits.isdecimal() else spec.numbering.digits,
        reset if reset in RESETS else spec.numbering.reset,
    )


def series_key(branch: str, type_code: str, day: date, numbering: Numbering) -> str:
    """Counter key: branch, type and the stretch after which numbers restart."""
    stretch = {"year": f"{day.year}", "month": f"{day.year}{day.month:02d}"}.get(numbering.reset, "")
    return f"{branch}|{type_code}|{stretch}"


def number_text(numbering: Numbering, mark: str, count: int) -> str:
    """`PT` + the DS's series mark + five digits: PT00001, PTB00001 for the second DS of a branch."""
    return f"{numbering.prefix}{mark}{count:0{numbering.digits}d}"


def next_typed(text: str) -> str:
    """The number after a typed one: its last digit run plus one, width kept (PT00009 -> PT00010)."""
    found = _TAIL.search(text)
    if not found:
        return f"{text}1"
    digits = found.group(1)
    return text[: found.start(1)] + str(int(digits) + 1).zfill(len(digits)) + text[found.end(1) :]
