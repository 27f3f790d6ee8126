"""Number series: the last count of each, and whether a number is taken."""

from __future__ import annotations

import apsw


def find(db: apsw.Connection, series: str) -> int | None:
    """The last count given in a series; None where none was ever."""
    row = db.execute("SELECT last FROM number_series WHERE series = ?", (series,)).fetchone()
    return int(row[0]) if row else None


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


def numbers(db: apsw.Connection, type_code: str, branch: str, fund: str, first: int, last: int) -> list[str]:
    """The numbers living vouchers of a type carry in a span of days; empty branch and fund are all."""
    rows = db.execute(
        "SELECT v.number FROM voucher v WHERE v.type = ?1 AND v.deleted = 0 AND v.day BETWEEN ?4 AND ?5"
        " AND (?2 = '' OR v.branch = ?2) AND (?3 = '' OR EXISTS (SELECT 1 FROM voucher_key k"
        " WHERE k.voucher = v.id AND k.kind = 'fund' AND k.value = ?3))",
        (type_code, branch, fund, first, last),
    )
    return [row[0] for row in rows]
