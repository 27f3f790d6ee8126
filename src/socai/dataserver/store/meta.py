"""Single facts of a file: who it is, where it stands with the cloud. One row a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import apsw


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a replica stands with the cloud. `epoch` 0 means never enrolled; `branches` empty means all."""

    replica: str = ""
    tenant: str = ""
    name: str = ""
    epoch: int = 0
    next_n: int = 1
    last_hash: str = ""
    timeline: str = ""
    cursor: str = ""
    snapshot_seq: int = 0
    snapshot_done: int = 0
    series_mark: str = ""
    branches: str = ""
    head_seq: int = 0  # newest seq the feed has brought
    acked_seq: int = 0  # newest seq an answer to our own acts has told
    verdict: str = ""
    last_sync_at: str = ""
    as_of: str = ""
    people_version: str = ""
    office: str = ""  # what the cloud calls this replica
    recheck: int = 0  # 1 while held vouchers are asked for again: a snapshot has taken the feed's place

    @property
    def received(self) -> bool:
        """Whether the feed has brought everything our own acts have led to, as far as their answers tell."""
        return self.head_seq >= self.acked_seq and not self.recheck


_NAMES = tuple(Standing.__dataclass_fields__)


def standing(db: apsw.Connection) -> Standing:
    """All facts at once."""
    return Standing(**{name: value for name, value in db.execute("SELECT name, value FROM meta") if name in _NAMES})


def put(db: apsw.Connection, facts: Mapping[str, str | int]) -> None:
    """Set some facts."""
    db.executemany(
        "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        list(facts.items()),
    )


def number(db: apsw.Connection, name: str) -> int:
    """One fact that is a number; 0 where unknown."""
    row = db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return int(row[0]) if row else 0


def text(db: apsw.Connection, name: str) -> str:
    """One fact that is text; empty where unknown."""
    row = db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return str(row[0]) if row else ""
