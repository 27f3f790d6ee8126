"""Writes of the ledger: post sets of entries, void them, move balances. The hot statements, one for each step.

Two writers with one face: `PostgresWriter` for the poster, `SqliteWriter` for a replica. Neither opens or ends a
transaction, nor decides anything. Entries and balances may be written before the transaction's sequence number is
known; the small rows of `entry_set` carry it and so come after (`post_sets`, `void_sets`).

An entry whose description is its voucher's own stores an empty text; readers put the voucher's back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import apsw
import msgspec

from socai.books import table
from socai.core.balance import Movements
from socai.core.entry import DETAILS, Entry, Side

if TYPE_CHECKING:
    import psycopg


class Void(NamedTuple):
    """Names a live set that has to leave the books. A voucher has at most one live set in a book."""

    voucher: str
    book: str
    set_no: int


@dataclass(frozen=True, slots=True)
class NewSet:
    """All entries of one version of a voucher in one book. `set_no` counts the voucher's sets in that book from 1.

    `voided_seq` above 0 brings a set that is already void (a feed may carry it): it goes straight to history.
    """

    voucher: str
    book: str
    set_no: int
    version: int
    type: str
    number: str
    voucher_date: int  # yyyymmdd
    day: int  # accounting date, yyyymmdd
    branch: str
    description: str
    entries: Sequence[Entry]
    rate: str = "1"
    posted_seq: int = 0
    voided_seq: int = 0
    posted_at: str = ""  # UTC, audit only


@dataclass(frozen=True, slots=True)
class StoredSet:
    """A set as the books hold it, or held it: what `core.balance.move` needs to take it out (sign -1)."""

    voucher: str
    book: str
    set_no: int
    day: int
    branch: str
    entries: tuple[Entry, ...]


class Writer(Protocol):
    """What a poster or a replica may do to the books inside its own transaction."""

    def post_entries(self, sets: Sequence[NewSet]) -> None:
        """Store the entries. A second live set of a voucher in a book breaks the primary key."""

    def post_sets(self, sets: Sequence[NewSet], posted_seq: int | None = None) -> None:
        """Store the sets' own rows, all with `posted_seq` where given."""

    def live_sets(self, keys: Iterable[tuple[str, str]]) -> list[StoredSet]:
        """The live sets of these (voucher, book), by voucher and book; what is not in the books gives nothing."""

    def void_entries(self, voids: Sequence[Void]) -> list[StoredSet]:
        """Move live entries to history and return them; a set that is not live gives nothing."""

    def void_sets(self, voids: Sequence[Void], voided_seq: int) -> None:
        """Mark these live sets as void."""

    def add_balances(self, changes: Mapping[str, Movements]) -> None:
        """Add movements, by book, to the kept balances."""


# --- rows: one flat record an entry, empty values left out on the wire -----------------------------------------------


ENTRY_COLUMNS = tuple(column.name for column in table.entry.columns)[2:]  # without bucket and tenant
SET_COLUMNS = tuple(column.name for column in table.entry_set.columns)[2:]
BALANCE_COLUMNS = tuple(column.name for column in table.balance.columns)[2:]
_SHORT = {name: chr(97 + at) for at, name in enumerate(ENTRY_COLUMNS)}  # keys of the JSON records: a, b, c …
_NO_SIDE = ("", "", 0, *("",) * len(DETAILS))
_encode = msgspec.json.Encoder().encode


class _EntryRow(msgspec.Struct, frozen=True, omit_defaults=True, rename=lambda name: _SHORT[name]):
    voucher: str
    book: str
    set_no: int
    line: int
    day: int
    branch: str
    amount: int
    d_account: str = ""
    d_currency: str = ""
    d_foreign: int = 0
    d_partner: str = ""
    d_bank_account: str = ""
    d_fund: str = ""
    d_expense_item: str = ""
    d_department: str = ""
    c_account: str = ""
    c_currency: str = ""
    c_foreign: int = 0
    c_partner: str = ""
    c_bank_account: str = ""
    c_fund: str = ""
    c_expense_item: str = ""
    c_department: str = ""
    description: str = ""
    cash_flow: str = ""


def _entry_values(posted: NewSet) -> Iterator[tuple[Any, ...]]:
    day = posted.day
    head = (posted.voucher, posted.book, posted.set_no)
    branch, title = posted.branch, posted.description
    for line, amount, debit, credit, description, cash_flow in posted.entries:
        if (debit and debit.branch != branch) or (credit and credit.branch != branch):
            raise ValueError(f"an entry of {posted.voucher} leaves its branch")
        yield (
            *head, line, day, branch, amount,
            *((*debit[:3], *debit[4:]) if debit else _NO_SIDE),
            *((*credit[:3], *credit[4:]) if credit else _NO_SIDE),
            "" if description == title else description, cash_flow,
        )  # fmt: skip


def _set_values(posted: NewSet, posted_seq: int | None) -> tuple[Any, ...]:
    seq = posted.posted_seq if posted_seq is None else posted_seq
    return (
        posted.voucher, posted.book, posted.set_no, posted.version, posted.type, posted.number,
        posted.voucher_date, posted.day, posted.branch, posted.description, posted.rate,
        seq, posted.voided_seq, 0 if posted.voided_seq else 1, posted.posted_at,
    )  # fmt: skip


def _balance_values(changes: Mapping[str, Movements]) -> Iterator[tuple[Any, ...]]:
    """In key order, so that two writers of one tenant would wait for each other and never deadlock."""
    for book in sorted(changes):
        for key, turnover in sorted(changes[book].items()):
            if any(turnover):
                yield (book, *key, *turnover)


def entry_of_row(row: Sequence[Any], title: str = "") -> Entry:
    """The entry of a row in ENTRY_COLUMNS order; `title` is the voucher's description."""
    debit = Side(row[7], row[8], row[9], row[5], *row[10:15]) if row[7] else None
    credit = Side(row[15], row[16], row[17], row[5], *row[18:23]) if row[15] else None
    return Entry(row[3], row[6], debit, credit, row[23] or title, row[24])


def _stored(rows: Iterable[Sequence[Any]]) -> list[StoredSet]:
    """Rows in ENTRY_COLUMNS order, sorted by voucher, book and line, as sets."""
    sets = []
    for (voucher, book, set_no), group in groupby(rows, key=lambda row: (row[0], row[1], row[2])):
        found = list(group)
        entries = tuple(entry_of_row(row) for row in found)
        sets.append(StoredSet(str(voucher), book, set_no, found[0][4], found[0][5], entries))
    return sets


# --- PostgreSQL: one JSON array a batch, set-based, anchored on the tenant's row -------------------------------------

_TYPES = {"voucher": "uuid", "amount": "bigint", "d_foreign": "bigint", "c_foreign": "bigint"} | dict.fromkeys(
    ("set_no", "line", "day"), "int"
)
_RECORD = ", ".join(f"{_SHORT[name]} {_TYPES.get(name, 'text')}" for name in ENTRY_COLUMNS)


def _insert_entries(into: str) -> str:
    """Values left out of the JSON come back as '' and 0."""
    given = ", ".join(
        f"x.{_SHORT[name]}" if at < 7 else f"coalesce(x.{_SHORT[name]}, {0 if name in _TYPES else chr(39) * 2})"
        for at, name in enumerate(ENTRY_COLUMNS)
    )
    return (
        f"INSERT INTO {into} (bucket, tenant, {', '.join(ENTRY_COLUMNS)}) SELECT t.bucket, t.tenant, {given} "
        f"FROM tenant t CROSS JOIN json_to_recordset(%s::json) AS x({_RECORD}) WHERE t.bucket = %s AND t.tenant = %s"
    )


POST_ENTRIES = _insert_entries("entry")
POST_HISTORY = _insert_entries("entry_history")

# A set's row as an array would need casts from text for each value; a record of names is parsed once.
_SET_TYPES = {"voucher": "uuid", "posted_seq": "bigint", "voided_seq": "bigint", "live": "smallint"} | dict.fromkeys(
    ("set_no", "version", "voucher_date", "day"), "int"
)
POST_SETS = (
    f"INSERT INTO entry_set (bucket, tenant, {', '.join(SET_COLUMNS)}) "
    f"SELECT t.bucket, t.tenant, {', '.join(f'x.{name}' for name in SET_COLUMNS)} "
    "FROM tenant t CROSS JOIN json_to_recordset(%s::json) AS x("
    + ", ".join(f"{name} {_SET_TYPES.get(name, 'text')}" for name in SET_COLUMNS)
    + ") WHERE t.bucket = %s AND t.tenant = %s"
)

# Stored rows are found by whole keys, never by a plain join: the planner cannot know how many rows one tenant of many
# has, and a join lets it read all of them to find one.
_KEYS = "json_to_recordset(%s::json) AS k(voucher uuid, book text, set_no int)"
_KEYS_ONCE = f"WITH k AS MATERIALIZED (SELECT * FROM {_KEYS})"
_CHOSEN = "ANY (ARRAY(SELECT voucher FROM k))"
LIVE_SETS = (
    f"SELECT {', '.join(f'e.{name}' for name in ENTRY_COLUMNS)} FROM {_KEYS} CROSS JOIN LATERAL ("
    "SELECT * FROM entry x WHERE x.bucket = %s AND x.tenant = %s AND x.voucher = k.voucher AND x.book = k.book "
    "ORDER BY x.line OFFSET 0) e ORDER BY e.voucher, e.book, e.line"  # the order inside makes the primary key cheapest
)
VOID_ENTRIES = (
    f"{_KEYS_ONCE}, gone AS (DELETE FROM entry e USING k WHERE e.bucket = %s AND e.tenant = %s "
    f"AND e.voucher = {_CHOSEN} AND e.voucher = k.voucher AND e.book = k.book AND e.set_no = k.set_no RETURNING e.*), "
    "kept AS (INSERT INTO entry_history SELECT * FROM gone) "
    f"SELECT {', '.join(ENTRY_COLUMNS)} FROM gone ORDER BY voucher, book, line"
)
VOID_SETS = (
    f"{_KEYS_ONCE} UPDATE entry_set s SET live = 0, voided_seq = %s FROM k WHERE s.bucket = %s AND s.tenant = %s "
    f"AND s.voucher = {_CHOSEN} AND s.voucher = k.voucher AND s.book = k.book AND s.set_no = k.set_no AND s.live = 1"
)

_BALANCE_KEY = ", ".join(BALANCE_COLUMNS[:7])
_BALANCE_TYPES = dict.fromkeys(("dimension", "period"), "int") | dict.fromkeys(BALANCE_COLUMNS[7:], "bigint")
_ADD = ", ".join(f"{name} = balance.{name} + excluded.{name}" for name in BALANCE_COLUMNS[7:])
ADD_BALANCES = (
    f"INSERT INTO balance (bucket, tenant, {', '.join(BALANCE_COLUMNS)}) "
    f"SELECT t.bucket, t.tenant, {', '.join(f'x.{name}' for name in BALANCE_COLUMNS)} "
    "FROM tenant t CROSS JOIN json_to_recordset(%s::json) AS x("
    + ", ".join(f"{name} {_BALANCE_TYPES.get(name, 'text')}" for name in BALANCE_COLUMNS)
    + ") WHERE t.bucket = %s AND t.tenant = %s "
    f"ON CONFLICT (bucket, tenant, {_BALANCE_KEY}) DO UPDATE SET {_ADD}"
)


class PostgresWriter:
    """The poster's writer: a psycopg cursor inside an open transaction, fixed to one tenant of one bucket."""

    def __init__(self, cursor: psycopg.Cursor[Any], bucket: int, tenant: int) -> None:
        self._cursor = cursor
        self._owner = (bucket, tenant)

    def post_entries(self, sets: Sequence[NewSet]) -> None:
        """See Writer."""
        for statement, chosen in ((POST_ENTRIES, False), (POST_HISTORY, True)):
            rows = [_EntryRow(*row) for each in sets if bool(each.voided_seq) is chosen for row in _entry_values(each)]
            self._run(statement, rows)

    def post_sets(self, sets: Sequence[NewSet], posted_seq: int | None = None) -> None:
        """See Writer."""
        self._run(POST_SETS, [dict(zip(SET_COLUMNS, _set_values(each, posted_seq), strict=True)) for each in sets])

    def live_sets(self, keys: Iterable[tuple[str, str]]) -> list[StoredSet]:
        """See Writer."""
        return self._read(LIVE_SETS, [Void(*key, 0) for key in keys])

    def void_entries(self, voids: Sequence[Void]) -> list[StoredSet]:
        """See Writer."""
        return self._read(VOID_ENTRIES, voids)

    def void_sets(self, voids: Sequence[Void], voided_seq: int) -> None:
        """See Writer."""
        if voids:
            self._cursor.execute(VOID_SETS, (_keys(voids), voided_seq, *self._owner))

    def add_balances(self, changes: Mapping[str, Movements]) -> None:
        """See Writer."""
        self._run(ADD_BALANCES, [dict(zip(BALANCE_COLUMNS, row, strict=True)) for row in _balance_values(changes)])

    def _read(self, statement: str, voids: Sequence[Void]) -> list[StoredSet]:
        if not voids:
            return []
        self._cursor.execute(statement, (_keys(voids), *self._owner))
        return _stored(self._cursor.fetchall())

    def _run(self, statement: str, records: Sequence[object]) -> None:
        if records:
            self._cursor.execute(statement, (_encode(records).decode(), *self._owner))


def _keys(voids: Iterable[Void]) -> str:
    return _encode([void._asdict() for void in voids]).decode()


# --- SQLite: prepared once by apsw's cache, run for each row in the writer's own process -----------------------------


def _insert_local(into: str, columns: Sequence[str], conflict: str = "") -> str:
    places = ", ".join("?" for _ in columns)
    return f"INSERT INTO {into} (bucket, tenant, {', '.join(columns)}) VALUES (0, 0, {places}) {conflict}"


LOCAL_ENTRY = _insert_local("entry", ENTRY_COLUMNS)
LOCAL_HISTORY = _insert_local("entry_history", ENTRY_COLUMNS)
LOCAL_SET = _insert_local("entry_set", SET_COLUMNS)
LOCAL_BALANCE = _insert_local(
    "balance", BALANCE_COLUMNS, f"ON CONFLICT (bucket, tenant, {_BALANCE_KEY}) DO UPDATE SET {_ADD}"
)
_LOCAL_KEY = "bucket = 0 AND tenant = 0 AND voucher = ? AND book = ?"
_LOCAL_SET_KEY = f"{_LOCAL_KEY} AND set_no = ?"
LOCAL_LIVE = f"SELECT {', '.join(ENTRY_COLUMNS)} FROM entry WHERE {_LOCAL_KEY} ORDER BY line"
LOCAL_KEEP = f"INSERT INTO entry_history SELECT * FROM entry WHERE {_LOCAL_SET_KEY}"
LOCAL_DELETE = f"DELETE FROM entry WHERE {_LOCAL_SET_KEY}"
LOCAL_VOID = f"UPDATE entry_set SET live = 0, voided_seq = ? WHERE {_LOCAL_SET_KEY} AND live = 1"


class SqliteWriter:
    """A replica's writer: its connection inside an open transaction of the writer thread.

    Each statement has a cursor of its own: one kept for several stays listed in its connection for ever, and every
    later statement looks through that list.
    """

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db

    def post_entries(self, sets: Sequence[NewSet]) -> None:
        """See Writer."""
        for statement, chosen in ((LOCAL_ENTRY, False), (LOCAL_HISTORY, True)):
            chosen_sets = (each for each in sets if bool(each.voided_seq) is chosen)
            self._db.executemany(statement, (row for each in chosen_sets for row in _entry_values(each)))

    def post_sets(self, sets: Sequence[NewSet], posted_seq: int | None = None) -> None:
        """See Writer."""
        self._db.executemany(LOCAL_SET, (_set_values(each, posted_seq) for each in sets))

    def live_sets(self, keys: Iterable[tuple[str, str]]) -> list[StoredSet]:
        """See Writer."""
        found = (self._db.execute(LOCAL_LIVE, key).fetchall() for key in sorted(set(keys)))
        return [stored for rows in found for stored in _stored(rows)]

    def void_entries(self, voids: Sequence[Void]) -> list[StoredSet]:
        """See Writer."""
        wanted = {void[:2]: void for void in voids}
        gone = [held for held in self.live_sets(wanted) if held.set_no == wanted[held.voucher, held.book].set_no]
        keys = [(held.voucher, held.book, held.set_no) for held in gone]
        self._db.executemany(LOCAL_KEEP, keys)
        self._db.executemany(LOCAL_DELETE, keys)
        return gone

    def void_sets(self, voids: Sequence[Void], voided_seq: int) -> None:
        """See Writer."""
        self._db.executemany(LOCAL_VOID, ((voided_seq, *void) for void in voids))

    def add_balances(self, changes: Mapping[str, Movements]) -> None:
        """See Writer."""
        self._db.executemany(LOCAL_BALANCE, _balance_values(changes))
