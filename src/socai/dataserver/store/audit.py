"""The record of who did what on this data server, each row chained to the one before by its hash.

The chain makes a change behind the program's back show; the act's id makes a retried act the same act.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import apsw


class Act(NamedTuple):
    """One act as recorded. `digest` is the sha256 of the body it left, empty where it left none."""

    at: str
    user: str
    act: str
    act_id: str
    kind: str
    object_kind: str
    object: str
    revision: int
    digest: str


_COLUMNS = "at, user, act, coalesce(act_id, ''), kind, object_kind, object, revision, digest"


def digest(body: bytes) -> str:
    """The hash of a body as the audit keeps it."""
    return hashlib.sha256(body).hexdigest()


def _link(chain: str, act: Act) -> str:
    return hashlib.sha256("\x1f".join((chain, *map(str, act))).encode()).hexdigest()


def append(db: apsw.Connection, act: Act) -> None:
    """Record an act behind the last one."""
    last = db.execute("SELECT chain FROM audit ORDER BY n DESC LIMIT 1").fetchone()
    db.execute(
        "INSERT INTO audit (at, user, act, act_id, kind, object_kind, object, revision, digest, chain)"
        " VALUES (?, ?, ?, nullif(?, ''), ?, ?, ?, ?, ?, ?)",
        (*act, _link(last[0] if last else "", act)),
    )


def done(db: apsw.Connection, act_id: str) -> Act | None:
    """The act recorded under this id, if it was done before."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM audit WHERE act_id = ?",
        (act_id,),
    ).fetchone()
    return Act(*row) if row else None


def broken_link(db: apsw.Connection) -> int:
    """The first row that does not follow from the one before it; 0 where the chain holds."""
    chain = ""
    rows = db.execute(f"SELECT n, chain, {_COLUMNS} FROM audit ORDER BY n")
    for n, told, *act in rows:
        chain = _link(chain, Act(*act))
        if chain != told:
            return int(n)
    return 0


def history(db: apsw.Connection, object_id: str, limit: int) -> list[Act]:
    """The newest acts on one object, newest first."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM audit WHERE object = ? ORDER BY n DESC LIMIT ?",
        (object_id, limit),
    )
    return [Act(*row) for row in rows]
