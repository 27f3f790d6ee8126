"""The statements about enrolments: which tenants this office serves, and with which key."""

from __future__ import annotations

from dataclasses import dataclass

import apsw


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One tenant of this office. `branches` comma-joined, empty for all; the key is Ed25519, raw."""

    tenant: str
    name: str
    replica: str
    private_key: bytes
    cloud: str
    branches: str = ""
    series_mark: str = ""
    timeline: str = ""
    enrolled_at: str = ""

    def __repr__(self) -> str:
        """Without the key: this may end in a log."""
        return f"Enrolment({self.tenant}, {self.replica}, {self.cloud})"


_SELECT = (
    "SELECT tenant, name, replica, private_key, cloud, branches, series_mark, timeline, enrolled_at FROM enrolment"
)


def every(db: apsw.Connection) -> list[Enrolment]:
    """All tenants of this office, by code."""
    return [Enrolment(*row) for row in db.execute(f"{_SELECT} ORDER BY tenant")]


def put(db: apsw.Connection, new: Enrolment) -> None:
    """Enrol, or enrol again with another key."""
    db.execute(
        "INSERT INTO enrolment"
        " (tenant, name, replica, private_key, cloud, branches, series_mark, timeline, enrolled_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant) DO UPDATE SET name = excluded.name,"
        " replica = excluded.replica, private_key = excluded.private_key, cloud = excluded.cloud,"
        " branches = excluded.branches, series_mark = excluded.series_mark, timeline = excluded.timeline,"
        " enrolled_at = excluded.enrolled_at",
        (
            new.tenant, new.name, new.replica, new.private_key, new.cloud, new.branches, new.series_mark, new.timeline,
            new.enrolled_at,
        ),
    )  # fmt: skip
