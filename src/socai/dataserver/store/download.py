"""The statements about "Tải chứng từ": what was asked for, how far it has come. A job goes on after a restart."""

from __future__ import annotations

from dataclasses import dataclass

import apsw

WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"
_OPEN = "state IN ('waiting', 'running')"


@dataclass(frozen=True, slots=True)
class DownloadJob:
    """One wish: vouchers of a period by type and branch (comma-joined, empty for all). Days are ISO text."""

    id: str
    user: str
    made_at: str
    first_day: str
    last_day: str
    types: str
    branches: str
    after: str = ""
    done: int = 0
    total: int = 0
    state: str = WAITING
    fault: str = ""


_SELECT = (
    "SELECT id, user, made_at, first_day, last_day, types, branches, after, done, total, state, fault FROM download_job"
)


def add(db: apsw.Connection, job: DownloadJob) -> None:
    """A new wish."""
    db.execute(
        "INSERT INTO download_job (id, user, made_at, first_day, last_day, types, branches)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (job.id, job.user, job.made_at, job.first_day, job.last_day, job.types, job.branches),
    )


def load(db: apsw.Connection, ident: str) -> DownloadJob | None:
    """One job."""
    row = db.execute(f"{_SELECT} WHERE id = ?", (ident,)).fetchone()
    return DownloadJob(*row) if row else None


def unfinished(db: apsw.Connection) -> DownloadJob | None:
    """The oldest job that is not done."""
    row = db.execute(f"{_SELECT} WHERE {_OPEN} ORDER BY made_at, id LIMIT 1").fetchone()
    return DownloadJob(*row) if row else None


def advance(db: apsw.Connection, ident: str, after: str, count: int, total: int) -> None:
    """A page has come; an empty `after` is the end."""
    db.execute(
        "UPDATE download_job SET after = ?, done = done + ?, total = max(?, done + ?), state = ?, fault = ''"
        f" WHERE id = ? AND {_OPEN}",
        (after, count, total, count, RUNNING if after else DONE, ident),
    )


def begin_again(db: apsw.Connection) -> None:
    """The books were emptied: what unfinished jobs have brought so far is to be brought again."""
    db.execute(f"UPDATE download_job SET after = '', done = 0, total = 0, state = ? WHERE {_OPEN}", (WAITING,))


def newest(db: apsw.Connection, limit: int) -> list[DownloadJob]:
    """The newest wishes, newest first."""
    return [DownloadJob(*row) for row in db.execute(f"{_SELECT} ORDER BY made_at DESC, id DESC LIMIT ?", (limit,))]


def cancel(db: apsw.Connection, ident: str) -> None:
    """Somebody does not want it any more; what has come stays."""
    db.execute(f"UPDATE download_job SET state = ? WHERE id = ? AND {_OPEN}", (CANCELLED, ident))


def fail(db: apsw.Connection, ident: str, fault: str) -> None:
    """The cloud refused the wish; it is not tried again by itself."""
    db.execute("UPDATE download_job SET state = ?, fault = ? WHERE id = ?", (FAILED, fault, ident))
