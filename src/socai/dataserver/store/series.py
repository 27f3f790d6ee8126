"""Number series: the last count of each, and whether a number is taken."""

from __future__ import annotations

import apsw


def last(db: apsw.Connection, series: str) -> int:
    """The last count given in a series; 0 for none."""
    row = db.execute("SELECT last FROM number_series WHERE series = ?", (series,)).fetchone()
    return int(row[0]) if row else 0


def put(db: apsw.Connection, series: str, count: int) -> None:
    """Raise a series to `count`; it never goes back, so that no number is given twice."""
    db.execute(
        "INSERT INTO number_series (series, last) VALUES (?, ?)"
        " ON CONFLICT (series) DO UPDATE SET last = max(last, excluded.last)",
        (series, count),
    )


def taken(db: apsw.Connection, series: str, number: str, voucher: str) -> bool:
    """Whether another voucher in the series carries the number."""
    row = db.execute(
        "SELECT 1 FROM voucher WHERE series = ? AND number = ? AND deleted = 0 AND id <> ? LIMIT 1",
        (series, number, voucher),
    ).fetchone()
    return row is not None
