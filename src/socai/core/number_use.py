"""What became of every number of a series: used, deleted, renumbered, leased, returned, dropped, or not known. Pure.

Two books of one truth feed it: a data server's own file, or the cloud, which sees every office (I13).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from socai.core.numbering import Series, is_provisional

USED, DELETED, RENUMBERED, RETURNED, LEASED, DROPPED, MISSING = (
    "used", "deleted", "renumbered", "returned", "leased", "dropped", "missing",
)  # fmt: skip
FATES = (USED, DELETED, RENUMBERED, RETURNED, LEASED, DROPPED, MISSING)
"""In order of precedence. `dropped`: leased to a data server whose file was restored or replaced, given up for good.
`missing`: nothing is known; it may still be at an office that has not synced, or it is a gap."""


@dataclass(frozen=True, slots=True)
class Use:
    """One thing that happened to a number. `to` is the number that took its place."""

    number: str
    fate: str
    voucher: str = ""
    by: str = ""
    at: str = ""
    to: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """Counts of a shared series that were leased to one data server."""

    first: int
    last: int
    fate: str = LEASED
    holder: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """Counts one after another with one fate. Details are of the one number where there is but one."""

    mark: str
    first: int
    last: int
    first_number: str
    last_number: str
    fate: str
    voucher: str = ""
    by: str = ""
    at: str = ""
    to: str = ""
    holder: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """A series accounted for. `others`: living numbers that are not of the series' form (typed by hand)."""

    key: str
    runs: tuple[Run, ...]
    provisional: tuple[Use, ...] = ()
    duplicates: tuple[tuple[str, tuple[str, ...]], ...] = ()
    others: tuple[Use, ...] = field(default=())

    @property
    def missing(self) -> int:
        """How many numbers nothing is known of."""
        return sum(run.last - run.first + 1 for run in self.runs if run.fate == MISSING)


def account(
    series: Series, uses: Iterable[Use], spans: Sequence[Span] = (), lasts: Iterable[tuple[str, int]] = ()
) -> Account:
    """Every number of the series from 1 to the last one given out, each with what became of it.

    `lasts`: (mark, last count given), where that is known beyond what the uses show.
    """
    best: dict[str, dict[int, Use]] = {}
    holders: dict[str, list[str]] = {}
    provisional: list[Use] = []
    others: list[Use] = []
    for use in uses:
        if use.fate == USED:
            holders.setdefault(use.number, []).append(use.voucher)
        parts = series.parts(use.number)
        if parts is None:
            if use.fate == USED:
                (provisional if is_provisional(use.number) else others).append(use)
            continue
        counts = best.setdefault(parts[0], {})
        known = counts.get(parts[1])
        if known is None or FATES.index(use.fate) < FATES.index(known.fate):
            counts[parts[1]] = use
    ends = {mark: max(counts) for mark, counts in best.items()}
    for mark, last in lasts:
        ends[mark] = max(ends.get(mark, 0), last)
    if spans:
        ends[""] = max(ends.get("", 0), max(span.last for span in spans))
    runs = [run for mark in sorted(ends) for run in _runs(series, mark, ends[mark], best.get(mark, {}), spans)]
    twice = tuple((number, tuple(who)) for number, who in sorted(holders.items()) if len(set(who)) > 1)
    return Account(series.key, tuple(runs), tuple(provisional), twice, tuple(others))


def _runs(series: Series, mark: str, end: int, counts: dict[int, Use], spans: Sequence[Span]) -> list[Run]:
    """The counts 1 to `end` of one mark as runs: those that are used or of one lease together, others one by one."""
    found: list[Run] = []
    for count in range(1, end + 1):
        use = counts.get(count)
        span = next((item for item in spans if item.first <= count <= item.last), None) if use is None else None
        fate = use.fate if use is not None else span.fate if span is not None else MISSING
        holder, text = (span.holder if span is not None else ""), series.text(mark, count)
        before = found[-1] if found else None
        joins = before is not None and before.fate == fate and before.holder == holder
        if before is not None and joins and fate not in (DELETED, RENUMBERED):
            found[-1] = Run(mark, before.first, count, before.first_number, text, fate, holder=holder)
        elif use is not None:
            found.append(Run(mark, count, count, text, text, fate, use.voucher, use.by, use.at, use.to))
        else:
            found.append(Run(mark, count, count, text, text, fate, holder=holder))
    return found
