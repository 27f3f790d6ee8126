"""The statements about people of the office: the cached users of each tenant, and login sessions (hashes of tokens)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import apsw

from socai.dataserver.store.joined import split


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A user of one tenant as the cloud last told it. `branches` comma-joined, empty for all."""

    tenant: str
    user: str
    name: str
    password_hash: str
    role: str
    branches: str
    active: int
    valid_until: str

    @property
    def branch_list(self) -> list[str]:
        """The granted branches; empty for all."""
        return split(self.branches)


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One login. `tenants` tells, per tenant the password opened, a mark of the password it was opened with."""

    token_hash: str
    user: str
    language: str
    made_at: str
    seen_at: str
    ends_at: str
    tenants: Mapping[str, str]


_PERSON = "SELECT tenant, user, name, password_hash, role, branches, active, valid_until FROM person"
_SESSION = "SELECT token_hash, user, language, made_at, seen_at, ends_at, tenants FROM session"


def persons(db: apsw.Connection) -> list[PersonRow]:
    """Everybody, of every tenant."""
    return [PersonRow(*row) for row in db.execute(_PERSON)]


def replace_tenant(db: apsw.Connection, tenant: str, people: Iterable[PersonRow]) -> None:
    """The users of a tenant are these and no others."""
    db.execute("DELETE FROM person WHERE tenant = ?", (tenant,))
    db.executemany(
        "INSERT INTO person (tenant, user, name, password_hash, role, branches, active, valid_until)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(p.tenant, p.user, p.name, p.password_hash, p.role, p.branches, p.active, p.valid_until) for p in people],
    )


def put_session(db: apsw.Connection, session: SessionRow) -> None:
    """Begin a session, and forget those that have run out."""
    db.execute("DELETE FROM session WHERE ends_at < ?", (session.made_at,))
    db.execute(
        "INSERT INTO session (token_hash, user, language, made_at, seen_at, ends_at, tenants)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            session.token_hash,
            session.user,
            session.language,
            session.made_at,
            session.seen_at,
            session.ends_at,
            json.dumps(dict(session.tenants)),
        ),
    )


def session(db: apsw.Connection, token_hash: str) -> SessionRow | None:
    """The session of a token."""
    row = db.execute(f"{_SESSION} WHERE token_hash = ?", (token_hash,)).fetchone()
    if row is None:
        return None
    hashed, user, language, made_at, seen_at, ends_at, tenants = row
    return SessionRow(hashed, user, language, made_at, seen_at, ends_at, json.loads(tenants))


def touch_session(db: apsw.Connection, token_hash: str, seen_at: str, ends_at: str) -> None:
    """Note that a session was used, and until when it now lasts."""
    db.execute("UPDATE session SET seen_at = ?, ends_at = ? WHERE token_hash = ?", (seen_at, ends_at, token_hash))


def drop_session(db: apsw.Connection, token_hash: str) -> None:
    """End a session."""
    db.execute("DELETE FROM session WHERE token_hash = ?", (token_hash,))
