"""Long work in short transactions: the file has one writer, and whoever presses save must never wait for a whole page.

One transaction takes a slice, and further ones as long as nobody saves: most of what a small one costs is its commit.
What is taken in slices can be cut off between any two of them: each object is taken whole and takes nothing when it is
taken again, and the mark that says how far we are (cursor, place in a download) is written with the last slice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from socai.dataserver.store.replica import Replica
from socai.sync.message import FeedItem

ROWS_MAX = 60  # of one slice, about: some two milliseconds of the writer's time
TOGETHER_MAX = 8  # slices in one transaction
ROWS_OF_A_VOUCHER = 4  # head, body, keys and book states, beside its entries
OUTCOMES_MAX = 12  # answers taken in one slice
SEALED_MAX = 25  # operations sealed in one slice
BALANCES_MAX = 200

T = TypeVar("T")


def slices(items: Sequence[FeedItem]) -> list[list[FeedItem]]:
    """Items in runs of about ROWS_MAX rows, in their order; one empty run for none."""
    found: list[list[FeedItem]] = [[]]
    rows = 0
    for item in items:
        weight = ROWS_OF_A_VOUCHER + sum(len(each.entries) for each in item.sets)
        if found[-1] and rows + weight > ROWS_MAX:
            found.append([])
            rows = 0
        found[-1].append(item)
        rows += weight
    return found


def together(file: Replica, parts: Iterable[T]) -> Iterator[T]:
    """Those of the parts that go into one transaction: the first, and more of them while nobody comes to save.

    Whoever comes meanwhile waits for one part and the commit.
    """
    for count, part in enumerate(parts):
        if count and (count == TOGETHER_MAX or file.people()):
            return
        yield part


def runs(items: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    """Items in runs of at most so many."""
    for at in range(0, len(items), most):
        yield items[at : at + most]
