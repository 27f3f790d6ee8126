"""The statements about who waits for whom: what names a catalog entry made here goes only after the cloud has taken it.

An entry the cloud has refused holds what names it, and nothing else, until it is mended.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import apsw

from socai.core.catalog import KINDS, REFERENCE


@dataclass(frozen=True, slots=True)
class Cause:
    """A refused entry that holds others: which, and why (faults as stored)."""

    kind: str
    id: str
    code: str
    name: str
    faults: str


def held(db: apsw.Connection, idents: Sequence[str]) -> frozenset[str]:
    """Which of these vouchers name an entry the cloud has refused and never had."""
    rows = db.execute(
        "SELECT DISTINCT k.voucher FROM catalog_entry e JOIN voucher_key k ON k.kind = e.kind AND k.value = e.id"
        " WHERE e.refused <> '' AND e.version = 0 AND k.voucher IN (SELECT value FROM json_each(?))",
        (json.dumps(idents),),
    )
    return frozenset(str(row[0]) for row in rows)


def causes(db: apsw.Connection, ident: str) -> list[Cause]:
    """The refused entries that hold a voucher."""
    rows = db.execute(
        "SELECT e.kind, e.id, e.code, e.name, e.refused FROM catalog_entry e"
        " JOIN voucher_key k ON k.kind = e.kind AND k.value = e.id"
        " WHERE e.refused <> '' AND e.version = 0 AND k.voucher = ? ORDER BY e.kind, e.code",
        (ident,),
    )
    return [Cause(*row) for row in rows]


def causes_of_entry(db: apsw.Connection, kind: str, ident: str) -> list[Cause]:
    """The refused entries that hold a catalog entry."""
    found = []
    for name, of in _REFERENCES.get(kind, ()):
        rows = db.execute(
            "SELECT e.kind, e.id, e.code, e.name, e.refused FROM catalog_entry c"
            f" JOIN catalog_entry e ON e.kind = ? AND e.id = c.body ->> '$.{name}'"
            " WHERE c.kind = ? AND c.id = ? AND e.refused <> '' AND e.version = 0",
            (of, kind, ident),
        )
        found += [Cause(*row) for row in rows]
    return found


def waiting_for(db: apsw.Connection) -> frozenset[tuple[str, str, str]]:
    """(kind, object kind, id) of everything in the outbox that names an entry no cloud has taken.

    The object kind is empty for vouchers. Nearly always nothing, and then found out at once.
    """
    if db.execute("SELECT 1 FROM catalog_entry WHERE version = 0 LIMIT 1").fetchone() is None:
        return frozenset()
    rows = db.execute(
        "SELECT DISTINCT k.voucher FROM catalog_entry e JOIN voucher_key k ON k.kind = e.kind AND k.value = e.id"
        " JOIN outbox o ON o.object = k.voucher AND o.kind = 'voucher' AND o.state = 0 AND o.state < 2"
        f" WHERE {_UNKNOWN}"
    )
    found = {("voucher", "", str(row[0])) for row in rows}
    open_entries = db.execute(
        "SELECT DISTINCT o.object_kind, o.object FROM outbox o WHERE o.state = 0 AND o.state < 2 AND o.kind = 'catalog'"
    ).fetchall()
    for kind, ident in open_entries:
        for name, of in _REFERENCES.get(str(kind), ()):
            row = db.execute(
                f"SELECT 1 FROM catalog_entry c JOIN catalog_entry e ON e.kind = ? AND e.id = c.body ->> '$.{name}'"
                f" WHERE c.kind = ? AND c.id = ? AND {_UNKNOWN} AND (e.kind, e.id) <> (c.kind, c.id)",
                (of, kind, ident),
            ).fetchone()
            if row is not None:
                found.add(("catalog", str(kind), str(ident)))
    return frozenset(found)


# In conflict the cloud has an entry of this id, even though it is not ours yet.
_UNKNOWN = (
    "e.version = 0 AND NOT EXISTS (SELECT 1 FROM conflict x"
    " WHERE x.kind = 'catalog' AND x.object_kind = e.kind AND x.object = e.id)"
)
_REFERENCES = {
    kind.name: [(attribute.name, attribute.of) for attribute in kind.attributes if attribute.kind == REFERENCE]
    for kind in KINDS.values()
}
