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
    head_seq: int = 0  # newest seq the feed has brought, and all before it
    ahead: int = 0  # 1 while some of what it tells behind that seq is here, too: the rest is on its way
    acked_seq: int = 0  # newest seq an answer to our own acts has told
    verdict: str = ""
    last_sync_at: str = ""
    as_of: str = ""
    office: str = ""  # what the cloud calls this replica
    recheck: int = 0  # 1 while held vouchers are asked for again: a snapshot has taken the feed's place
    restored: int = 0  # 1 once the cloud was restored from a backup: since then a version alone names no form

    @property
    def received(self) -> bool:
        """Whether the feed has brought everything our own acts have led to, as far as their answers tell."""
        return self.head_seq >= self.acked_seq and not self.ahead and not self.recheck


Footing = tuple[str, int]
"""What the books of a file stand on: timeline and seq of their snapshot."""

_NAMES = tuple(Standing.__dataclass_fields__)


def standing(db: apsw.Connection) -> Standing:
    """All facts at once."""
    return Standing(**{name: value for name, value in db.execute("SELECT name, value FROM meta") if name in _NAMES})


def footing(db: apsw.Connection) -> Footing | None:
    """What the books here stand on; None while a snapshot is on its way."""
    known = standing(db)
    return (known.timeline, known.snapshot_seq) if known.snapshot_done else None


def told_up_to(db: apsw.Connection) -> int:
    """The seq up to which everything is here, by the feed or the snapshot. What is newer the feed is about to bring."""
    known = standing(db)
    return max(known.head_seq, known.snapshot_seq)


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
