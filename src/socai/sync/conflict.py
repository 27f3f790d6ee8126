"""A conflict field by field: what theirs says, what mine says, what both started from. Never merged by itself. Pure.

Rows of a grid are compared by position: people see two columns of the same lines, and choose whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

THEIRS, MINE, BOTH = "theirs", "mine", "both"


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell that is not alike: its place (`lines.3.amount`), both values, and who changed it since the base.

    `by` is theirs | mine | both; where no base is known every difference is both's.
    """

    place: str
    theirs: Any
    mine: Any
    by: str


def compare(theirs: Mapping[str, Any], mine: Mapping[str, Any], base: Mapping[str, Any] | None) -> list[Difference]:
    """The cells in which two forms of a voucher or an entry differ, in the order of mine and then of theirs."""
    found: list[Difference] = []
    for name in dict.fromkeys((*mine, *theirs)):
        left, right = theirs.get(name), mine.get(name)
        if left == right:
            continue
        origin = base.get(name) if base is not None else None
        if _is_grid(left) or _is_grid(right):
            found += _rows(name, left or [], right or [], origin or [], base is not None)
        else:
            found.append(Difference(name, left, right, _by(left, right, origin, base is not None)))
    return found


def _is_grid(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(row, Mapping) for row in value)


def _rows(name: str, theirs: list[Any], mine: list[Any], base: list[Any], known: bool) -> list[Difference]:
    found: list[Difference] = []
    for position in range(max(len(theirs), len(mine))):
        left, right, origin = (rows[position] if position < len(rows) else None for rows in (theirs, mine, base))
        place = f"{name}.{position + 1}"
        if left == right:
            continue
        if left is None or right is None:
            found.append(Difference(place, left, right, _by(left, right, origin, known)))
            continue
        for cell in dict.fromkeys((*right, *left)):
            if left.get(cell) != right.get(cell):
                was = origin.get(cell) if isinstance(origin, Mapping) else None
                by = _by(left.get(cell), right.get(cell), was, known)
                found.append(Difference(f"{place}.{cell}", left.get(cell), right.get(cell), by))
    return found


def _by(theirs: Any, mine: Any, base: Any, known: bool) -> str:
    if not known or (theirs != base and mine != base):
        return BOTH
    return THEIRS if mine == base else MINE
