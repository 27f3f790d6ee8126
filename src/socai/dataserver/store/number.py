"""Leased ranges, provisional numbers, and notes on numbers no voucher carries any more."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import apsw

from socai.core.number_use import DELETED, USED, Use


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """A leased range of counts. Those from `next` on are free."""

    series: str
    first: int
    last: int
    next: int
    granted_at: int


@dataclass(frozen=True, slots=True)
class WaitRow:
    """A voucher that waits for its final number; `reserved` is that number where one was drawn already."""

    voucher: str
    series: str
    reserved: str
    tries: int


# ---- leases


def leases(db: apsw.Connection, series: str | None = None) -> list[LeaseRow]:
    """All leases with something left in them, or those of one series, lowest first."""
    where = "next <= last" if series is None else "next <= last AND series = ?"
    given = () if series is None else (series,)
    rows = db.execute(
        f"SELECT series, first, last, next, granted_at FROM number_lease WHERE {where} ORDER BY series, first", given
    )
    return [LeaseRow(*row) for row in rows]


def all_leases(db: apsw.Connection, series: str) -> list[LeaseRow]:
    """The leases of a series, also those used up."""
    rows = db.execute(
        "SELECT series, first, last, next, granted_at FROM number_lease WHERE series = ? ORDER BY first", (series,)
    )
    return [LeaseRow(*row) for row in rows]


def newest_leases(db: apsw.Connection) -> dict[str, LeaseRow]:
    """The newest lease of each series, used up or not."""
    rows = db.execute("SELECT series, first, last, next, granted_at FROM number_lease ORDER BY granted_at, first")
    return {row[0]: LeaseRow(*row) for row in rows}


def add_lease(db: apsw.Connection, lease: LeaseRow) -> bool:
    """Keep a lease the cloud granted; False where it is here already."""
    db.execute(
        "INSERT INTO number_lease (series, first, last, next, granted_at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (series, first) DO UPDATE SET last = excluded.last, next = excluded.next,"
        " granted_at = excluded.granted_at WHERE number_lease.last < number_lease.first",
        (lease.series, lease.first, lease.last, lease.next, lease.granted_at),
    )
    return db.changes() > 0


def use_lease(db: apsw.Connection, series: str, first: int, following: int) -> None:
    """The next count of a lease."""
    db.execute("UPDATE number_lease SET next = ? WHERE series = ? AND first = ?", (following, series, first))


def end_lease(db: apsw.Connection, series: str, first: int, last: int) -> None:
    """Cut a lease short behind `last`: what lay behind was returned, and may be granted here again."""
    if last < first:
        db.execute("DELETE FROM number_lease WHERE series = ? AND first = ?", (series, first))
    db.execute("UPDATE number_lease SET last = ? WHERE series = ? AND first = ?", (last, series, first))


def drop_leases(db: apsw.Connection) -> None:
    """Forget all leases: this file may not be the only one that holds them."""
    db.execute("DELETE FROM number_lease")


def is_leased(db: apsw.Connection, series: str, count: int) -> bool:
    """Whether a count was leased to this data server."""
    row = db.execute(
        "SELECT 1 FROM number_lease WHERE series = ? AND first <= ? AND last >= ? LIMIT 1", (series, count, count)
    ).fetchone()
    return row is not None


# ---- provisional numbers


def wait(db: apsw.Connection, voucher: str, series: str, reserved: str = "", tries: int = 0) -> None:
    """A voucher waits for its final number."""
    db.execute(
        "INSERT INTO number_wait (voucher, series, reserved, tries) VALUES (?, ?, ?, ?) ON CONFLICT (voucher)"
        " DO UPDATE SET series = excluded.series, reserved = excluded.reserved, tries = excluded.tries",
        (voucher, series, reserved, tries),
    )


def waiting(db: apsw.Connection, limit: int, after: str = "") -> list[WaitRow]:
    """Vouchers that wait for their final numbers, oldest first (identifiers rise with time)."""
    rows = db.execute(
        "SELECT voucher, series, reserved, tries FROM number_wait WHERE voucher > ? ORDER BY voucher LIMIT ?",
        (after, limit),
    )
    return [WaitRow(*row) for row in rows]


def waits(db: apsw.Connection, voucher: str) -> WaitRow | None:
    """The wait of one voucher."""
    row = db.execute(
        "SELECT voucher, series, reserved, tries FROM number_wait WHERE voucher = ?", (voucher,)
    ).fetchone()
    return WaitRow(*row) if row else None


def waiting_counts(db: apsw.Connection) -> dict[str, int]:
    """How many vouchers wait in each series."""
    return dict(db.execute("SELECT series, count(*) FROM number_wait WHERE reserved = '' GROUP BY series"))


def settled(db: apsw.Connection, voucher: str) -> None:
    """A voucher waits no longer."""
    db.execute("DELETE FROM number_wait WHERE voucher = ?", (voucher,))


# ---- notes


def note(db: apsw.Connection, series: str, use: Use, told: bool = False) -> None:
    """Note what became of a number that no voucher carries any more. `told`: the cloud said so itself."""
    db.execute(
        "INSERT INTO number_note (series, number, fate, voucher, successor, user, at, told)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (series, use.number, use.fate, use.voucher, use.to, use.by, use.at, int(told)),
    )


def untold(db: apsw.Connection, limit: int) -> list[tuple[int, str, Use]]:
    """Notes the cloud has not been told: (n, series, use)."""
    rows = db.execute(
        "SELECT n, series, number, fate, voucher, user, at, successor FROM number_note"
        " WHERE told = 0 ORDER BY n LIMIT ?",
        (limit,),
    )
    return [(n, series, Use(*rest)) for n, series, *rest in rows]


def told(db: apsw.Connection, notes: Sequence[int]) -> None:
    """The cloud has these notes."""
    db.executemany("UPDATE number_note SET told = 1 WHERE n = ?", [(n,) for n in notes])


def noted(db: apsw.Connection, series: str) -> list[Use]:
    """All notes of a series."""
    rows = db.execute(
        "SELECT number, fate, voucher, user, at, successor FROM number_note WHERE series = ? ORDER BY n", (series,)
    )
    return [Use(*row) for row in rows]


# ---- what vouchers carry


def carried(db: apsw.Connection, type_code: str, branch: str, fund: str, first: int, last: int) -> list[Use]:
    """The numbers of a type's vouchers in a span of days, living and deleted; empty branch and fund are all."""
    rows = db.execute(
        "SELECT v.number, v.deleted, v.id, v.author, v.at FROM voucher v WHERE v.type = ?1 AND v.number <> ''"
        " AND v.day BETWEEN ?4 AND ?5 AND (?2 = '' OR v.branch = ?2) AND (?3 = '' OR EXISTS (SELECT 1"
        " FROM voucher_key k WHERE k.voucher = v.id AND k.kind = 'fund' AND k.value = ?3)) ORDER BY v.id",
        (type_code, branch, fund, first, last),
    )
    return [Use(row[0], DELETED if row[1] else USED, row[2], row[3], row[4]) for row in rows]


def unsent(db: apsw.Connection, idents: Sequence[str]) -> set[str]:
    """Which of these vouchers stand here otherwise than at the cloud: never sent, on their way, or refused."""
    rows = db.execute(
        "SELECT v.id FROM voucher v JOIN json_each(?) j ON v.id = j.value WHERE v.version = 0 OR v.refused <> ''"
        " OR EXISTS (SELECT 1 FROM outbox o WHERE o.object = v.id AND o.state < 2)",
        (json.dumps(list(idents)),),
    )
    return {row[0] for row in rows}


def types_in(db: apsw.Connection, branch: str, first: int, last: int) -> list[str]:
    """The types a branch has vouchers of in a span of days."""
    rows = db.execute(
        "SELECT DISTINCT type FROM voucher WHERE deleted = 0 AND branch = ? AND day BETWEEN ? AND ? ORDER BY type",
        (branch, first, last),
    )
    return [row[0] for row in rows]
