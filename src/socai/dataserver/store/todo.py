"""The statements about what needs a person: refused, in conflict, not posted as asked, held by a refused entry."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import apsw

# Each names ids by a partial index: nearly always there is nothing, and that is found out at once.
_IDLE = "NOT EXISTS (SELECT 1 FROM outbox p WHERE p.object = b.voucher AND p.kind = 'voucher' AND p.state < 2)"
# From the few refused entries outwards (CROSS JOIN keeps that order): the outbox may be long while the line is cut.
_HELD = (
    "SELECT k.voucher FROM catalog_entry e CROSS JOIN voucher_key k ON k.kind = e.kind AND k.value = e.id"
    " CROSS JOIN outbox o ON o.object = k.voucher AND o.kind = 'voucher' AND +o.state = 0"
    " WHERE e.refused <> '' AND e.version = 0"
)
_VOUCHERS = (
    "SELECT id FROM voucher WHERE refused <> '' UNION SELECT object FROM conflict WHERE kind = 'voucher'"
    " UNION SELECT b.voucher FROM voucher_book b WHERE (b.running <> '' OR b.faults <> '') AND b.faults <> ''"
    f" AND b.running = '' AND {_IDLE} UNION {_HELD}"
)
_ALL = (
    "SELECT 'voucher' AS kind, v.type AS object_kind, v.id AS id, v.at AS at, v.author AS author, v.branch AS branch"
    f" FROM voucher v WHERE v.id IN ({_VOUCHERS})"
    " AND (v.deleted = 0 OR v.refused <> '' OR v.id IN (SELECT object FROM conflict WHERE kind = 'voucher'))"
    " UNION ALL SELECT 'catalog', c.kind, c.id, c.at, c.author, coalesce(c.body ->> '$.branch', '')"
    " FROM catalog_entry c WHERE c.refused <> ''"
    " UNION ALL SELECT 'catalog', c.kind, c.id, c.at, c.author, coalesce(c.body ->> '$.branch', '')"
    " FROM conflict x JOIN catalog_entry c ON c.kind = x.object_kind AND c.id = x.object"
    " WHERE x.kind = 'catalog' AND c.refused = ''"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: the newest act first."""

    at: str
    id: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """An object that needs a person. `kind` is voucher or catalog."""

    kind: str
    object_kind: str
    id: str
    at: str
    author: str
    branch: str


def page(
    db: apsw.Connection,
    user: str,
    branches: tuple[str, ...] | None,
    after: Place | None,
    limit: int,
    only: Sequence[str] | None = None,
) -> list[Candidate]:
    """What needs a person, the newest act first. `user`: only what that person did last; `only`: among these ids."""
    clauses, values = ["1"], dict[str, object](limit=limit)
    if user:
        clauses.append("author = :user")
        values["user"] = user
    if branches is not None:
        clauses.append("(branch = '' OR branch IN (SELECT value FROM json_each(:branches)))")
        values["branches"] = json.dumps(branches)
    if after is not None:
        clauses.append("(at, id) < (:at, :id)")
        values |= {"at": after.at, "id": after.id}
    if only is not None:
        clauses.append("id IN (SELECT value FROM json_each(:only))")
        values["only"] = json.dumps(list(only))
    rows = db.execute(
        f"SELECT kind, object_kind, id, at, author, branch FROM ({_ALL}) WHERE {' AND '.join(clauses)}"
        " ORDER BY at DESC, id DESC LIMIT :limit",
        values,
    )
    return [Candidate(*row) for row in rows]


def counts(db: apsw.Connection) -> list[tuple[str, str, int]]:
    """(who did it, branch, how many)."""
    rows = db.execute(f"SELECT author, branch, count(*) FROM ({_ALL}) GROUP BY author, branch")
    return [(str(author), str(branch), int(count)) for author, branch, count in rows]
