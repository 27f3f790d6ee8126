"""Leasing numbers of shared series: when a data server asks for more or gives back, and what the cloud grants. Pure.

A data server asks while it still has some left, so that a cut line does not stop it: the faster it used up its last
range, the larger the next. What it has not used when the series' days are long over goes back and is granted again, so
that a shared series ends without gaps. A range is never granted twice: not even to a replica whose file was restored,
which comes with a new epoch and holds nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

LOW = 20  # fewer than these left: ask
SIZE, SIZE_MAX = 50, 1_000
FAST_SECONDS = 3_600  # a range used up within this makes the next one twice as large
AHEAD_DAYS, BEHIND_DAYS = 5, 15  # a series is kept stocked from so long before its days until so long after them
GRANTED, GIVEN_BACK, GONE = "leased", "returned", "dropped"


@dataclass(frozen=True, slots=True)
class Stock:
    """What a data server holds of one series. `waiting` vouchers carry provisional numbers of it."""

    left: int
    waiting: int = 0
    newest_size: int = 0
    newest_age_seconds: float = FAST_SECONDS


def wanted(stock: Stock) -> int:
    """How many counts to ask for now; 0 for none."""
    if stock.left >= LOW and stock.left >= stock.waiting:
        return 0
    size = SIZE
    if stock.newest_size and stock.newest_age_seconds < FAST_SECONDS:
        size = min(stock.newest_size * 2, SIZE_MAX)
    return min(size + stock.waiting, SIZE_MAX)


def days_served(today: date) -> tuple[date, date, date]:
    """Days whose series are kept stocked: people enter last month's vouchers, and the next month comes."""
    return today, today + timedelta(days=AHEAD_DAYS), today - timedelta(days=BEHIND_DAYS)


def is_over(last: date | None, today: date) -> bool:
    """Whether a series whose last day this is needs its leftover no more."""
    return last is not None and today > last + timedelta(days=BEHIND_DAYS + 1)


# --- the cloud --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lease:
    """Counts of a series at the cloud: granted to a replica's epoch, given back by it, or gone with a lost file."""

    series: str
    first: int
    last: int
    replica: str
    epoch: int
    state: str = GRANTED


@dataclass(frozen=True, slots=True)
class Granting:
    """What a grant writes: ranges to keep (by their first count), and the series' new last count."""

    granted: tuple[Lease, ...]
    kept: tuple[Lease, ...]
    last: int


def held_already(leases: Iterable[Lease], replica: str, epoch: int, above: int) -> list[Lease]:
    """Ranges this replica was granted and does not know of: the answer was lost."""
    return [
        lease
        for lease in leases
        if (lease.replica, lease.epoch, lease.state) == (replica, epoch, GRANTED) and lease.first > above
    ]


def grant(
    series: str, leases: Sequence[Lease], last: int, taken: Collection[int], count: int, replica: str, epoch: int
) -> Granting:
    """A range for a replica: of what was given back, the lowest first; else behind the last count.

    `taken`: counts behind `last` that vouchers carry already (typed by hand): the range begins behind them.
    """
    count = max(1, min(count, SIZE_MAX))
    free = min((lease for lease in leases if lease.state == GIVEN_BACK), key=lambda lease: lease.first, default=None)
    if free is not None:
        end = min(free.last, free.first + count - 1)
        mine = Lease(series, free.first, end, replica, epoch)
        rest = (Lease(series, end + 1, free.last, free.replica, free.epoch, GIVEN_BACK),) if end < free.last else ()
        return Granting((mine,), (mine, *rest), last)
    first = last + 1
    while blocking := [item for item in taken if first <= item < first + count]:
        first = max(blocking) + 1
    mine = Lease(series, first, first + count - 1, replica, epoch)
    return Granting((mine,), (mine, *_skipped(series, last + 1, first - 1, taken)), mine.last)


def _skipped(series: str, first: int, last: int, taken: Collection[int]) -> list[Lease]:
    """The free counts among taken ones, as ranges for the next who asks."""
    found: list[Lease] = []
    for count in range(first, last + 1):
        if count in taken:
            continue
        if found and found[-1].last == count - 1:
            found[-1] = Lease(series, found[-1].first, count, "", 0, GIVEN_BACK)
        else:
            found.append(Lease(series, count, count, "", 0, GIVEN_BACK))
    return found


def give_back(leases: Iterable[Lease], replica: str, epoch: int, first: int, last: int) -> tuple[Lease, ...]:
    """The ranges as they are once a replica gave `first` to `last` back; none where it did not hold them."""
    for lease in leases:
        holds = (lease.replica, lease.epoch, lease.state) == (replica, epoch, GRANTED)
        if holds and lease.first <= first and lease.last == last and first <= last:
            back = Lease(lease.series, first, last, replica, epoch, GIVEN_BACK)
            kept = Lease(lease.series, lease.first, first - 1, replica, epoch)
            return (back,) if lease.first == first else (kept, back)
    return ()
