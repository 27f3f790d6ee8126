"""The statements about what the cloud holds against ours: shadows (its newer body while ours waits) and conflicts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import apsw


@dataclass(frozen=True, slots=True)
class Theirs:
    """The cloud's form of an object: version, who made it, when; the body is empty where it was deleted."""

    version: int
    author: str
    at: str
    deleted: bool
    body: bytes


@dataclass(frozen=True, slots=True)
class ConflictRow:
    """A conflict: the winner, and which of our revisions lost by which act."""

    kind: str
    object_kind: str
    object: str
    winner: Theirs
    mine: int
    mine_act: str
    mine_post: str
    told_at: str


def shadow(db: apsw.Connection, kind: str, object_kind: str, ident: str) -> Theirs | None:
    """The cloud's newer form, kept while ours is on its way."""
    row = db.execute(
        "SELECT version, author, at, deleted, body FROM shadow WHERE kind = ? AND object_kind = ? AND object = ?",
        (kind, object_kind, ident),
    ).fetchone()
    return Theirs(row[0], row[1], row[2], bool(row[3]), bytes(row[4])) if row else None


def put_shadow(db: apsw.Connection, kind: str, object_kind: str, ident: str, theirs: Theirs) -> None:
    """Keep the cloud's newer form beside ours."""
    db.execute(
        "INSERT INTO shadow (kind, object_kind, object, version, author, at, deleted, body) VALUES (?,?,?,?,?,?,?,?)"
        " ON CONFLICT (kind, object_kind, object) DO UPDATE SET version = excluded.version, author = excluded.author,"
        " at = excluded.at, deleted = excluded.deleted, body = excluded.body WHERE excluded.version >= version",
        (kind, object_kind, ident, theirs.version, theirs.author, theirs.at, int(theirs.deleted), theirs.body),
    )


def drop_shadow(db: apsw.Connection, kind: str, object_kind: str, ident: str) -> None:
    """Ours has been answered: the shadow has been looked at."""
    db.execute("DELETE FROM shadow WHERE kind = ? AND object_kind = ? AND object = ?", (kind, object_kind, ident))


_SELECT = (
    "SELECT kind, object_kind, object, version, author, at, deleted, body, mine, mine_act, mine_post, told_at"
    " FROM conflict"
)


def _row(row: tuple[object, ...]) -> ConflictRow:
    kind, object_kind, ident, version, author, at, deleted, body, mine, act, post, told = row
    theirs = Theirs(int(str(version)), str(author), str(at), bool(deleted), bytes(body))  # type: ignore[call-overload]
    return ConflictRow(str(kind), str(object_kind), str(ident), theirs, int(str(mine)), str(act), str(post), str(told))


def load(db: apsw.Connection, kind: str, object_kind: str, ident: str) -> ConflictRow | None:
    """The conflict of one object."""
    row = db.execute(
        f"{_SELECT} WHERE kind = ? AND (kind = 'voucher' OR object_kind = ?) AND object = ?", (kind, object_kind, ident)
    ).fetchone()
    return _row(row) if row else None


def of_vouchers(db: apsw.Connection, idents: Sequence[str]) -> set[str]:
    """Which of these vouchers are in conflict."""
    rows = db.execute(
        "SELECT c.object FROM json_each(?) j JOIN conflict c ON c.object = j.value WHERE c.kind = 'voucher'",
        (json.dumps(idents),),
    )
    return {str(row[0]) for row in rows}


def put(db: apsw.Connection, found: ConflictRow) -> None:
    """Note a conflict, or its newer winner."""
    winner = found.winner
    db.execute(
        "INSERT INTO conflict (kind, object_kind, object, version, author, at, deleted, body, mine, mine_act,"
        " mine_post, told_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (kind, object_kind, object) DO UPDATE SET"
        " version = excluded.version, author = excluded.author, at = excluded.at, deleted = excluded.deleted,"
        " body = excluded.body",
        (
            found.kind, found.object_kind, found.object, winner.version, winner.author, winner.at, int(winner.deleted),
            winner.body, found.mine, found.mine_act, found.mine_post, found.told_at,
        ),
    )  # fmt: skip


def drop(db: apsw.Connection, kind: str, object_kind: str, ident: str) -> None:
    """The conflict is resolved."""
    db.execute("DELETE FROM conflict WHERE kind = ? AND object_kind = ? AND object = ?", (kind, object_kind, ident))


def drop_taken(db: apsw.Connection, kind: str, object_kind: str, ident: str, mine: int) -> None:
    """Our form that had lost was taken by a restored cloud, which has the winner no more: nothing is left to decide."""
    db.execute(
        "DELETE FROM conflict WHERE kind = ? AND object_kind = ? AND object = ? AND mine = ?",
        (kind, object_kind, ident, mine),
    )


def count(db: apsw.Connection) -> int:
    """How many objects are in conflict."""
    row = db.execute("SELECT count(*) FROM conflict").fetchone()
    return int(row[0]) if row else 0
