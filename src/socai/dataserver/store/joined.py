"""Lists of names in one column, joined by commas: books, branches, accepted warnings."""

from __future__ import annotations


def split(joined: str) -> list[str]:
    """The names; none for an empty column."""
    return joined.split(",") if joined else []
