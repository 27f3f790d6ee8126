"""The statements about vouchers: heads, bodies, keys, book states. A head is what lists show; all bodies are kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import apsw

from socai.dataserver.clock import Instant
from socai.dataserver.store.joined import split


@dataclass(slots=True)
class Head:
    """A voucher without its body. Days are yyyymmdd, `total` đồng, `amount` minor units of `currency`."""

    id: str
    revision: int
    version: int
    seq: int
    type: str
    branch: str
    number: str
    series: str
    day: int
    voucher_date: int
    books: str
    partner_name: str
    description: str
    total: int
    currency: str
    amount: int
    search: str
    deleted: int
    refused: str
    refused_act: str
    author: str
    at: str
    lease_wall: int
    lease_tick: int
    lease_boot: str
    bonds: str = ""

    @property
    def lease(self) -> Instant:
        """The newest act, from which the five minutes run."""
        return Instant(self.lease_wall, self.lease_tick, self.lease_boot)

    @property
    def book_list(self) -> list[str]:
        """The books the voucher belongs to."""
        return split(self.books)

    @property
    def bond_list(self) -> list[str]:
        """The documents that bind the voucher: `invoiced:1C26TAA-15`, `settled:PC00012`."""
        return split(self.bonds)


@dataclass(frozen=True, slots=True)
class BookRow:
    """What the cloud last said of a voucher in one book."""

    book: str
    asked: bool = False
    posted: bool = False
    running: str = ""
    fault_act: str = ""
    faults: str = ""
    posted_at: str = ""


@dataclass(frozen=True, slots=True)
class Revision:
    """One saved form of a voucher."""

    revision: int
    version: int
    act: str
    author: str
    at: str


COLUMNS = tuple(item.name for item in fields(Head))
SELECT = "SELECT " + ", ".join(f"v.{name}" for name in COLUMNS) + " FROM voucher v"
_LOAD = SELECT + " WHERE v.id = ?"
_LOAD_MANY = SELECT + " JOIN json_each(?) j ON v.id = j.value"
_PUT = (
    f"INSERT INTO voucher ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
    " ON CONFLICT (id) DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in COLUMNS if name != "id")
)


def load(db: apsw.Connection, ident: str) -> Head | None:
    """The head of one voucher."""
    row = db.execute(_LOAD, (ident,)).fetchone()
    return Head(*row) if row else None


def any_held(db: apsw.Connection) -> bool:
    """Whether the file holds any voucher at all."""
    return db.execute("SELECT 1 FROM voucher LIMIT 1").fetchone() is not None


def any_entered(db: apsw.Connection) -> bool:
    """Whether anybody has entered a voucher here, or done anything with one."""
    return db.execute("SELECT 1 FROM outbox WHERE kind = 'voucher' LIMIT 1").fetchone() is not None


def held_after(db: apsw.Connection, ident: str, limit: int) -> dict[str, int]:
    """The next vouchers by id with the newest seq the cloud has told of each."""
    rows = db.execute("SELECT id, seq FROM voucher WHERE id > ? ORDER BY id LIMIT ?", (ident, limit))
    return {str(found): int(seq) for found, seq in rows}


def load_many(db: apsw.Connection, idents: Sequence[str]) -> dict[str, Head]:
    """The heads of several vouchers, those that exist."""
    return {row[0]: Head(*row) for row in db.execute(_LOAD_MANY, (json.dumps(idents),))}


def put(db: apsw.Connection, head: Head) -> None:
    """Write a head, new or not."""
    db.execute(_PUT, tuple([getattr(head, name) for name in COLUMNS]))


def add_body(
    db: apsw.Connection, ident: str, revision: int, version: int, act: str, author: str, at: str, body: bytes
) -> None:
    """Keep one more form of a voucher."""
    db.execute(
        "INSERT INTO voucher_body (voucher, revision, version, act, author, at, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (ident, revision, version, act, author, at, body),
    )


def set_body_version(db: apsw.Connection, ident: str, revision: int, version: int) -> None:
    """Note that the cloud took this form as its version."""
    db.execute("UPDATE voucher_body SET version = ? WHERE voucher = ? AND revision = ?", (version, ident, revision))


def body(db: apsw.Connection, ident: str, revision: int) -> bytes:
    """One form of a voucher; empty where unknown."""
    row = db.execute("SELECT body FROM voucher_body WHERE voucher = ? AND revision = ?", (ident, revision)).fetchone()
    return bytes(row[0]) if row else b""


def body_before(db: apsw.Connection, ident: str, version: int) -> bytes:
    """The form the cloud held before a version; empty where unknown."""
    row = db.execute(
        "SELECT body FROM voucher_body WHERE voucher = ? AND version BETWEEN 1 AND ? - 1"
        " ORDER BY version DESC, revision DESC LIMIT 1",
        (ident, version),
    ).fetchone()
    return bytes(row[0]) if row else b""


def bodies(db: apsw.Connection, idents: Sequence[str]) -> dict[str, bytes]:
    """The newest bodies of several vouchers."""
    rows = db.execute(
        "SELECT v.id, b.body FROM json_each(?) j JOIN voucher v ON v.id = j.value"
        " JOIN voucher_body b ON b.voucher = v.id AND b.revision = v.revision",
        (json.dumps(idents),),
    )
    return {str(ident): bytes(content) for ident, content in rows}


def revisions(db: apsw.Connection, ident: str, limit: int) -> list[Revision]:
    """The newest forms of a voucher, newest first, without their bodies."""
    rows = db.execute(
        "SELECT revision, version, act, author, at FROM voucher_body WHERE voucher = ? ORDER BY revision DESC LIMIT ?",
        (ident, limit),
    )
    return [Revision(*row) for row in rows]


def revision_of(db: apsw.Connection, ident: str, revision: int) -> Revision | None:
    """One form of a voucher, without its body."""
    row = db.execute(
        "SELECT revision, version, act, author, at FROM voucher_body WHERE voucher = ? AND revision = ?",
        (ident, revision),
    ).fetchone()
    return Revision(*row) if row else None


def newest_taken(db: apsw.Connection, ident: str) -> Revision | None:
    """The newest form of a voucher that the cloud has."""
    row = db.execute(
        "SELECT revision, version, act, author, at FROM voucher_body WHERE voucher = ? AND version > 0"
        " ORDER BY revision DESC LIMIT 1",
        (ident,),
    ).fetchone()
    return Revision(*row) if row else None


def taken_before(db: apsw.Connection, ident: str, revision: int) -> Revision | None:
    """The newest form the cloud has up to a revision of ours: what that was made on."""
    row = db.execute(
        "SELECT revision, version, act, author, at FROM voucher_body WHERE voucher = ? AND version > 0"
        " AND revision <= ? ORDER BY revision DESC LIMIT 1",
        (ident, revision),
    ).fetchone()
    return Revision(*row) if row else None


def replace_keys(db: apsw.Connection, ident: str, keys: Iterable[tuple[str, str]], known: bool) -> None:
    """What a voucher names. `known` says that older keys may be there."""
    if known:
        db.execute("DELETE FROM voucher_key WHERE voucher = ?", (ident,))
    db.executemany(
        "INSERT INTO voucher_key (voucher, kind, value) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(ident, kind, value) for kind, value in keys],
    )


def key_users(db: apsw.Connection, kind: str, value: str, but: str = "") -> str:
    """The number of a voucher that names this, other than `but`; empty where none does."""
    row = db.execute(
        "SELECT v.number, v.id FROM voucher_key k JOIN voucher v ON v.id = k.voucher"
        " WHERE k.kind = ? AND k.value = ? AND v.deleted = 0 AND v.id <> ? LIMIT 1",
        (kind, value, but),
    ).fetchone()
    return str(row[0] or row[1]) if row else ""


def book_rows(db: apsw.Connection, idents: Sequence[str]) -> dict[str, list[BookRow]]:
    """The book states of several vouchers."""
    found: dict[str, list[BookRow]] = {}
    rows = db.execute(
        "SELECT b.voucher, b.book, b.asked, b.posted, b.running, b.fault_act, b.faults, b.posted_at"
        " FROM json_each(?) j JOIN voucher_book b ON b.voucher = j.value ORDER BY b.voucher, b.book",
        (json.dumps(idents),),
    )
    for voucher, book, asked, posted, *rest in rows:
        found.setdefault(voucher, []).append(BookRow(book, bool(asked), bool(posted), *rest))
    return found


def put_books(db: apsw.Connection, ident: str, books: Sequence[BookRow]) -> None:
    """Replace all book states of a voucher."""
    db.execute("DELETE FROM voucher_book WHERE voucher = ?", (ident,))
    if books:
        db.executemany(
            "INSERT INTO voucher_book (voucher, book, asked, posted, running, fault_act, faults, posted_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (ident, b.book, int(b.asked), int(b.posted), b.running, b.fault_act, b.faults, b.posted_at)
                for b in books
            ],
        )


def lapsed(db: apsw.Connection, since_wall: int, until_wall: int) -> list[str]:
    """Unsettled vouchers whose newest act lies between two moments: their five minutes have just ended."""
    rows = db.execute(
        "SELECT v.id FROM voucher v WHERE v.lease_wall > ?1 AND v.lease_wall <= ?2 AND v.id IN ("
        " SELECT object FROM outbox WHERE state = 1 AND state < 2 UNION SELECT voucher FROM voucher_book"
        " WHERE (running <> '' OR faults <> '') AND running <> '') LIMIT 500",
        (since_wall, until_wall),
    )
    return [str(row[0]) for row in rows]
