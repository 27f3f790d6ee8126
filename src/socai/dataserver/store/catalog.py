"""The statements about catalog entries: the newest form, all forms, codes taken, who uses an entry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import apsw


@dataclass(slots=True)
class EntryRow:
    """A catalog entry at its newest."""

    kind: str
    id: str
    revision: int
    version: int
    seq: int
    code: str
    code_key: str
    name: str
    search: str
    active: int
    deleted: int
    refused: str
    refused_act: str
    author: str
    at: str
    body: bytes


COLUMNS = tuple(item.name for item in fields(EntryRow))
SELECT = f"SELECT {', '.join(COLUMNS)} FROM catalog_entry"
_PUT = (
    f"INSERT INTO catalog_entry ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
    " ON CONFLICT (kind, id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in COLUMNS if name not in ("kind", "id"))
)


def load(db: apsw.Connection, kind: str, ident: str) -> EntryRow | None:
    """One entry, deleted ones too."""
    row = db.execute(f"{SELECT} WHERE kind = ? AND id = ?", (kind, ident)).fetchone()
    return EntryRow(*row) if row else None


def put(db: apsw.Connection, entry: EntryRow) -> None:
    """Write an entry, new or not."""
    db.execute(_PUT, tuple([getattr(entry, name) for name in COLUMNS]))


def add_body(db: apsw.Connection, entry: EntryRow, act: str) -> None:
    """Keep this form of an entry."""
    db.execute(
        "INSERT INTO catalog_body (kind, id, revision, version, act, author, at, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (entry.kind, entry.id, entry.revision, entry.version, act, entry.author, entry.at, entry.body),
    )


def body(db: apsw.Connection, kind: str, ident: str, revision: int) -> bytes:
    """One form of an entry; empty where unknown."""
    row = db.execute(
        "SELECT body FROM catalog_body WHERE kind = ? AND id = ? AND revision = ?", (kind, ident, revision)
    ).fetchone()
    return bytes(row[0]) if row else b""


@dataclass(frozen=True, slots=True)
class Form:
    """One saved form of an entry. `version` is the cloud's, or the one it was made on."""

    revision: int
    version: int
    act: str
    author: str
    at: str
    body: bytes


_FORM = "SELECT revision, version, act, author, at, body FROM catalog_body WHERE kind = ? AND id = ?"


def form(db: apsw.Connection, kind: str, ident: str, revision: int) -> Form | None:
    """One form of an entry."""
    row = db.execute(f"{_FORM} AND revision = ?", (kind, ident, revision)).fetchone()
    return Form(*row) if row else None


def taken_before(db: apsw.Connection, kind: str, ident: str, revision: int) -> Form | None:
    """The newest form the cloud has up to a revision of ours: what that was made on."""
    row = db.execute(
        f"{_FORM} AND version > 0 AND revision <= ? ORDER BY version DESC, revision LIMIT 1", (kind, ident, revision)
    ).fetchone()
    return Form(*row) if row else None


def known(db: apsw.Connection, kind: str, ident: str) -> bool | None:
    """True where the entry is followed, False where no longer, None where there is none: core.check's question."""
    row = db.execute("SELECT active, deleted FROM catalog_entry WHERE kind = ? AND id = ?", (kind, ident)).fetchone()
    return None if row is None or row[1] else bool(row[0])


def bodies(db: apsw.Connection, kind: str) -> list[bytes]:
    """All living bodies of a kind, in order of id: settings, years, locks, accounts, currencies."""
    rows = db.execute("SELECT body FROM catalog_entry WHERE kind = ? AND deleted = 0 ORDER BY id", (kind,))
    return [bytes(row[0]) for row in rows]


def living(db: apsw.Connection, kind: str) -> Iterator[EntryRow]:
    """All living entries of a kind, in order of code."""
    for row in db.execute(f"{SELECT} WHERE kind = ? AND deleted = 0 ORDER BY code_key, id", (kind,)):
        yield EntryRow(*row)


def history(db: apsw.Connection, kind: str, limit: int) -> list[tuple[str, str, bytes]]:
    """(author, at, body) of every form the entries of a kind ever had, newest first."""
    rows = db.execute(
        "SELECT author, at, body FROM catalog_body WHERE kind = ? ORDER BY place DESC LIMIT ?", (kind, limit)
    )
    return [(row[0], row[1], bytes(row[2])) for row in rows]


def code_holder(db: apsw.Connection, kind: str, code_key: str, but: str) -> str:
    """The entry that has this code, other than `but`; empty where it is free."""
    row = db.execute(
        "SELECT id FROM catalog_entry WHERE kind = ? AND code_key = ? AND deleted = 0 AND id <> ? LIMIT 1",
        (kind, code_key, but),
    ).fetchone()
    return str(row[0]) if row else ""


def naming_entry(db: apsw.Connection, kind: str, attribute: str, value: str) -> str:
    """The code of an entry of `kind` whose attribute names `value`; empty where none does."""
    row = db.execute(
        "SELECT code, id FROM catalog_entry WHERE kind = ? AND deleted = 0 AND body ->> ? = ? LIMIT 1",
        (kind, "$." + attribute, value),
    ).fetchone()
    return str(row[0] or row[1]) if row else ""


def set_version(db: apsw.Connection, kind: str, ident: str, revision: int, version: int) -> None:
    """Note that the cloud took this form as its version."""
    db.execute(
        "UPDATE catalog_body SET version = ? WHERE kind = ? AND id = ? AND revision = ?",
        (version, kind, ident, revision),
    )


def forget_versions(db: apsw.Connection, kind: str, ident: str, since: int) -> None:
    """Note that the forms which had these versions, or were made on them, are not what the cloud has any more."""
    db.execute("UPDATE catalog_body SET version = 0 WHERE kind = ? AND id = ? AND version >= ?", (kind, ident, since))


def in_balances(db: apsw.Connection, dimension: int, column: str, value: str) -> bool:
    """Whether a kept balance stands on this account, detail or branch: used even where no voucher is here."""
    if column not in ("account", "detail", "branch", "currency"):
        raise ValueError(column)
    row = db.execute(
        f"SELECT 1 FROM balance WHERE bucket = 0 AND tenant = 0 AND dimension = ? AND {column} = ? LIMIT 1",
        (dimension, value),
    ).fetchone()
    return row is not None


def names(db: apsw.Connection, kind: str, idents: Sequence[str]) -> dict[str, tuple[str, str]]:
    """(code, name) of entries by id, deleted ones too: what reports and forms print."""
    found: dict[str, tuple[str, str]] = {}
    for ident in idents:
        row = db.execute("SELECT code, name FROM catalog_entry WHERE kind = ? AND id = ?", (kind, ident)).fetchone()
        if row:
            found[ident] = (str(row[0]), str(row[1]))
    return found


def drop_untold(db: apsw.Connection) -> None:
    """After a whole snapshot: entries the cloud had told of once and now does not have are deleted here too.

    What the cloud accepted from here after the snapshot's moment is not untold, only younger. Rows stay, because their
    forms do.
    """
    db.execute(
        "UPDATE catalog_entry SET deleted = 1 WHERE seq = 0 AND version > 0 AND refused = ''"
        " AND NOT EXISTS (SELECT 1 FROM outbox o WHERE"
        " (o.state < 2 OR o.seq > coalesce((SELECT value FROM meta WHERE name = 'snapshot_seq'), 0))"
        " AND o.kind = 'catalog' AND o.object_kind = catalog_entry.kind AND o.object = catalog_entry.id)"
        " AND NOT EXISTS (SELECT 1 FROM conflict c WHERE c.kind = 'catalog'"
        " AND c.object_kind = catalog_entry.kind AND c.object = catalog_entry.id)"
    )


def step_back_untold(db: apsw.Connection) -> None:
    """The same where a restored cloud has lost entries that work of ours is about: that work stands on nothing now."""
    here = (
        "seq = 0 AND deleted = 0 AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.kind = 'catalog'"
        " AND o.object_kind = catalog_entry.kind AND o.object = catalog_entry.id"
        " AND o.seq > coalesce((SELECT value FROM meta WHERE name = 'snapshot_seq'), 0))"
    )
    # What the lost cloud told of an entry it had not answered yet was our own form: nobody has another one.
    db.execute(
        "DELETE FROM shadow WHERE kind = 'catalog' AND (object_kind, object)"
        f" IN (SELECT kind, id FROM catalog_entry WHERE version = 0 AND {here})"
    )
    for table in ("conflict", "shadow"):
        db.execute(
            f"UPDATE {table} SET version = 0, deleted = 1, body = x'' WHERE kind = 'catalog' AND (object_kind, object)"
            f" IN (SELECT kind, id FROM catalog_entry WHERE {here})"
        )
    db.execute(f"UPDATE catalog_entry SET version = 0 WHERE version > 0 AND {here}")


def forget_seqs(db: apsw.Connection) -> None:
    """Whatever a snapshot tells next is news."""
    db.execute("UPDATE catalog_entry SET seq = 0")
