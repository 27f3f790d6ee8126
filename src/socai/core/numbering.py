"""Voucher numbers: the series a voucher draws from, the text of a number, and what became of every number. Pure.

A series is a run of counts: of a branch (or a fund, or the whole company) and a voucher type, restarted every year or
month. By default each data server counts for itself, told apart by its mark in the number. A *shared* series has one
count for all data servers, who lease ranges of it from the cloud; one that has run out of leased numbers gives a
provisional number (with a `~`) until it can lease again. The stores hold the counters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from socai.core.spec import Numbering, VoucherSpec

PREFIX_MAX, SUFFIX_MAX, DIGITS_MAX, COUNT_DIGITS_MAX = 10, 6, 10, 10
RESETS = ("year", "month", "never")
BRANCH, FUND, COMPANY = "branch", "fund", "company"
SCOPES = (BRANCH, FUND, COMPANY)
PROVISIONAL = "~"
"""Stands in a number that is only provisional, and in no other."""

_FOREIGN = re.compile(r"[^\w./-]")
_GIVEN_BY = re.compile(f"{PROVISIONAL}([A-Z]*)[0-9]", re.ASCII)


def numbering_of(spec: VoucherSpec, settings: Mapping[str, object]) -> Numbering:
    """The company's own numbering for this type, or the spec's.

    Settings `numbering.<type>`: {prefix, suffix, digits, reset, scope, shared, prefixes}, all optional; `prefixes` maps
    ids of funds or branches to prefixes of their own.
    """
    own = settings.get(spec.code)
    if not isinstance(own, Mapping):
        return spec.numbering
    usual = spec.numbering
    digits, reset, scope = str(own.get("digits", "")), str(own.get("reset", "")), str(own.get("scope", ""))
    prefixes = own.get("prefixes")
    return Numbering(
        _clean(own.get("prefix", usual.prefix)).lstrip("_./-")[:PREFIX_MAX],
        min(max(int(digits), 1), DIGITS_MAX) if digits.isdecimal() else usual.digits,
        reset if reset in RESETS else usual.reset,
        suffix=_clean(own.get("suffix", usual.suffix))[:SUFFIX_MAX],
        scope=scope if scope in SCOPES else usual.scope,
        shared=own.get("shared") is True,
        prefixes={str(ident): _clean(prefix).lstrip("_./-")[:PREFIX_MAX] for ident, prefix in prefixes.items()}
        if isinstance(prefixes, Mapping)
        else {},
    )


def _clean(text: object) -> str:
    """Only what may stand in a voucher's number."""
    return _FOREIGN.sub("", str(text))


@dataclass(frozen=True, slots=True)
class Series:
    """One run of numbers. `key` names its counter; `first` and `last` are the days it serves, None for ever."""

    key: str
    prefix: str
    digits: int
    suffix: str = ""
    shared: bool = False
    first: date | None = None
    last: date | None = None

    def text(self, mark: str, count: int) -> str:
        """The number of a count; `mark` is the data server's, which a shared series does not show."""
        return f"{self.prefix}{'' if self.shared else mark}{count:0{self.digits}d}{self.suffix}"

    def provisional(self, mark: str, count: int) -> str:
        """The provisional number of a data server that has no leased number left: PT~B00001."""
        return f"{self.prefix}{PROVISIONAL}{mark}{count:0{self.digits}d}{self.suffix}"

    def parts(self, text: str) -> tuple[str, int] | None:
        """(mark, count) of a number of this series' own form; None for any other text."""
        found = _form(self.prefix, self.suffix).fullmatch(text)
        if found is None or (self.shared and found.group(1)) or len(found.group(2)) > COUNT_DIGITS_MAX:
            return None
        count = int(found.group(2))
        return (found.group(1), count) if self.text(found.group(1), count) == text else None

    def count_of(self, mark: str, text: str) -> int:
        """The count of a number this data server may have given; 0 for any other text."""
        found = self.parts(text)
        return found[1] if found is not None and (self.shared or found[0] == mark) else 0


@lru_cache(256)
def _form(prefix: str, suffix: str) -> re.Pattern[str]:
    return re.compile(f"{re.escape(prefix)}([A-Z]*)([0-9]+){re.escape(suffix)}", re.ASCII)


def series_for(type_code: str, numbering: Numbering, branch: str, day: date, fund: str = "") -> Series:
    """The series a voucher of a branch (and fund) draws from on its accounting day."""
    first, last = stretch(numbering, day)
    own = (numbering.prefixes.get(fund) if fund else None) or numbering.prefixes.get(branch) or numbering.prefix
    key = series_key(branch, type_code, day, numbering, fund)
    return Series(key, own, numbering.digits, numbering.suffix, numbering.shared, first, last)


def series_of_body(spec: VoucherSpec, settings: Mapping[str, object], body: Mapping[str, object]) -> Series:
    """The series of a voucher in normal form."""
    day = date.fromisoformat(str(body["accounting_date"]))
    return series_for(spec.code, numbering_of(spec, settings), str(body["branch"]), day, str(body.get("fund") or ""))


def stretch(numbering: Numbering, day: date) -> tuple[date | None, date | None]:
    """The days around `day` after which numbers restart; None where they never do."""
    if numbering.reset == "year":
        return date(day.year, 1, 1), date(day.year, 12, 31)
    if numbering.reset == "month":
        following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
        return date(day.year, day.month, 1), date.fromordinal(following.toordinal() - 1)
    return None, None


def series_key(branch: str, type_code: str, day: date, numbering: Numbering, fund: str = "") -> str:
    """Counter key: branch (none where the company counts as one), type, stretch, and the fund that has its own."""
    part = {"year": f"{day.year}", "month": f"{day.year}{day.month:02d}"}.get(numbering.reset, "")
    key = f"{'' if numbering.scope == COMPANY else branch}|{type_code}|{part}"
    return f"{key}|{fund}" if numbering.scope == FUND and fund else key


def is_provisional(number: str) -> bool:
    """Whether a number is only provisional and will be replaced by itself."""
    return PROVISIONAL in number


def provisional_mark(number: str) -> str | None:
    """The mark of the data server that gave a provisional number; None for a final one."""
    found = _GIVEN_BY.search(number)
    return found.group(1) if found is not None else None
