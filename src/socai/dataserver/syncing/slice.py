"""Long work in short transactions: the file has one writer, and whoever presses save must never wait for a whole page.

What is taken in slices can be cut off between any two of them: each object is taken whole and takes nothing when it is
taken again, and the mark that says how far we are (cursor, place in a download) is written with the last slice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from socai.sync.message import FeedItem

ROWS_MAX = 60  # of one transaction, about: some three milliseconds of the writer's time
ROWS_OF_A_VOUCHER = 4  # head, body, keys and book states, beside its entries
OUTCOMES_MAX = 12  # answers taken in one transaction
SEALED_MAX = 25  # operations sealed in one transaction
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


def runs(items: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    """Items in runs of at most so many."""
    for at in range(0, len(items), most):
        yield items[at : at + most]
