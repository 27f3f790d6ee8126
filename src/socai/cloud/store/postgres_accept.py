"""Accept on PostgreSQL: facts loaded set-based in key order, changes written set-based, the counter last."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import psycopg

from socai.cloud.store import accept_sql as statements
from socai.cloud.store.connection import Connection
from socai.cloud.store.number import Stretch
from socai.cloud.store.port import Applied, FrameRows, Raced
from socai.cloud.store.row import FRAME_KINDS, PersonRow, ReplicaRow, TenantRef, changed_rows
from socai.sync.fact import BookFact, Changes, EntryFact, Objects, VoucherFact
from socai.sync.message import APPLIED, Operation, WireFault
from socai.sync.reading import NUL_ESCAPED, Key, Record, Wanted

Row = tuple[Any, ...]
_faults = msgspec.json.Decoder(list[WireFault])
_encode = msgspec.json.Encoder().encode


class PostgresAccepting:
    """See Accepting. Lives inside one open transaction of one tenant."""

    def __init__(self, connection: Connection, ref: TenantRef) -> None:
        self._connection = connection
        self._owner: dict[str, object] = {"bucket": ref.bucket, "tenant": ref.tenant}
        self._replica = ""
        self._expected: list[tuple[psycopg.Cursor[Row], int]] = []

    def frame(self, replica: str, numbers: Collection[int], act_ids: Collection[str]) -> FrameRows | None:
        """See Accepting."""
        asked = self._run(statements.REPLICA, replica=replica)
        settings = self._run(statements.FRAME_BODIES, kinds=list(FRAME_KINDS))
        people = self._run(statements.PEOPLE)
        rows = asked.fetchall()
        if not rows:
            return None
        found, now, timeline = replica_row(rows[0]), *rows[0][9:]
        self._replica = replica
        bodies: dict[str, list[Mapping[str, object]]] = {kind: [] for kind in FRAME_KINDS}
        for kind, body in settings.fetchall():
            bodies[kind].append(msgspec.json.decode(body))
        recorded: list[Row] = []
        if any(n <= found.last_n for n in numbers):
            recorded = self._read(statements.RECORDED, replica=replica, epoch=found.epoch, numbers=list(numbers))
        earlier: dict[str, tuple[Record, ...]] = {}
        if found.epoch > 1:
            for row in self._read(statements.EARLIER, replica=replica, epoch=found.epoch, acts=list(act_ids)):
                earlier[row[1]] = (*earlier.get(row[1], ()), record_of(row))
        return FrameRows(
            found,
            [person_row(row) for row in people.fetchall()],
            bodies,
            {row[0]: record_of(row) for row in recorded},
            earlier,
            iso(now),
            timeline,
        )

    def objects(self, wanted: Wanted) -> Objects:
        """See Accepting."""
        locked = self._entries(statements.ENTRIES_LOCKED, wanted.entries)
        held = self._run(statements.VOUCHERS_LOCKED, ids=list(wanted.vouchers)) if wanted.vouchers else None
        named = self._entries(statements.ENTRIES_NAMED, wanted.named)
        codes, numbers = self._codes(wanted), self._numbers(wanted)
        vouchers = held.fetchall() if held is not None else []
        entries = _asked(locked, wanted.entries) | _asked(named, wanted.named)
        books: dict[str, list[BookFact]] = {}
        if vouchers:
            for row in self._read(statements.BOOKS_LOCKED, ids=[row[0] for row in vouchers]):
                books.setdefault(row[0], []).append(book_fact(row[1:]))
        return Objects(
            {row[0]: voucher_fact(row, books.get(row[0], ())) for row in vouchers},
            entries,
            {(row[0], row[1]): row[2] for row in codes.fetchall()} if codes is not None else {},
            {(row[0], row[1]): row[2] for row in numbers.fetchall()} if numbers is not None else {},
        )

    def stretch(self, wanted: Stretch, limit: int) -> list[str]:
        """See Accepting."""
        given = {name: getattr(wanted, name) for name in wanted.__slots__}
        return [row[0] for row in self._read(statements.STRETCH, limit=limit, **given)]

    def apply(self, changes: Changes) -> Applied:
        """See Accepting."""
        self._write_entries(changes)
        self._write_vouchers(changes)
        self._write_numbers(changes)
        books = [_book_row(voucher, fact) for (voucher, _), fact in sorted(changes.books.items())]
        if books:
            work = [
                {"at": at, **{name: getattr(item, name) for name in item.__slots__}}
                for at, item in enumerate(changes.work)
            ]
            self._run(statements.WORK_AND_BOOKS, rows=_json(books), work=_json(work))
        if changes.work or changes.settings:
            moved = self._run(statements.ENQUEUE, count=len(changes.work), settings=int(changes.settings))
        else:
            moved = self._run(statements.DEPTH)
        seq = self._commit(changes)
        depth = moved.fetchall()[0][0]
        for cursor, expected in self._expected:  # all answers are here by now
            if cursor.rowcount != expected:
                raise Raced(f"{cursor.rowcount} of {expected} rows")
        return Applied(seq, depth)

    def quarantine(self, replica: str) -> None:
        """See Accepting."""
        self._run(statements.QUARANTINE, replica=replica)

    # --- steps --------------------------------------------------------------------------------------------------

    def _write_entries(self, changes: Changes) -> None:
        new = [_entry_row(fact) for key, fact in changes.entries.items() if not changes.entries_known[key]]
        old = [_entry_row(fact) for key, fact in changes.entries.items() if changes.entries_known[key]]
        self._write(statements.ENTRY_HISTORY, [_entry_row(fact) for fact in changes.entry_history])
        # Changed ones first: a code that one of them gives up may be taken by a new one.
        kinds, ids = _columns(key for key, known in changes.entries_known.items() if known)
        self._write(statements.CHANGED_ENTRIES, old, len(old), kinds=kinds, ids=ids)
        self._write(statements.NEW_ENTRIES, new, len(new))
        used = [{"kind": kind, "id": ident} for kind, ident in sorted(changes.used)]
        kinds, ids = _columns(changes.used)
        self._write(statements.USED, used, len(used), kinds=kinds, ids=ids)

    def _write_vouchers(self, changes: Changes) -> None:
        new = [_voucher_row(fact) for key, fact in changes.vouchers.items() if not changes.vouchers_known[key]]
        old = [_voucher_row(fact) for key, fact in changes.vouchers.items() if changes.vouchers_known[key]]
        self._write(statements.VOUCHER_HISTORY, [_voucher_row(fact) for fact in changes.voucher_history])
        self._write(statements.CHANGED_VOUCHERS, old, len(old), ids=[row["id"] for row in old])
        self._write(statements.NEW_VOUCHERS, new, len(new))

    def _write_numbers(self, changes: Changes) -> None:
        freed, taken = (
            [{"series": series, "number": number, "voucher": voucher} for (series, number), voucher in each.items()]
            for each in (changes.freed, changes.taken)
        )
        series, numbers = _columns(changes.freed)
        self._write(statements.FREED_NUMBERS, freed, series=series, numbers=numbers)
        self._write(statements.TAKEN_NUMBERS, taken, len(taken))

    def _commit(self, changes: Changes) -> int:
        if not changes.records:
            return self._commit_direct(changes) if changes.anything else 0
        last = changes.records[-1][0]
        given = {"last_n": last.n, "last_hash": last.sha256, "replica": self._replica}
        log = [_log_row(operation, record) for operation, record in changes.records]
        if not changes.anything:
            self._run(statements.COMMIT_LOG, rows=_json(log), **given)
            return 0
        changed = [
            {"kind": row.kind, "id": row.id, "branch": row.branch, "was_in": row.was_in}
            for row in changed_rows(changes)
        ]
        seq = self._read(statements.COMMIT_CHANGES, changed=_json(changed), rows=_json(log), **given)[0][0]
        return int(seq)

    def _commit_direct(self, changes: Changes) -> int:
        """What the cloud did itself, on no operation's behalf."""
        changed = [
            {"kind": row.kind, "id": row.id, "branch": row.branch, "was_in": row.was_in}
            for row in changed_rows(changes)
        ]
        return int(self._read(statements.COMMIT_DIRECT, changed=_json(changed))[0][0])

    def _entries(self, statement: str, keys: Sequence[Key]) -> psycopg.Cursor[Row] | None:
        if not keys:
            return None
        kinds, ids = _columns(keys)
        return self._run(statement, kinds=kinds, ids=ids)

    def _codes(self, wanted: Wanted) -> psycopg.Cursor[Row] | None:
        rows = [{"kind": kind, "code_key": code} for kind, code in wanted.codes]
        return self._run(statements.CODES, rows=_json(rows)) if rows else None

    def _numbers(self, wanted: Wanted) -> psycopg.Cursor[Row] | None:
        rows = [{"series": series, "number": number} for series, number in wanted.numbers]
        return self._run(statements.NUMBERS, rows=_json(rows)) if rows else None

    def _read(self, statement: str, **values: object) -> list[Row]:
        return self._run(statement, **values).fetchall()

    def _run(self, statement: str, **values: object) -> psycopg.Cursor[Row]:
        return self._connection.execute(statement.encode(), {**self._owner, **values})

    def _write(self, statement: str, rows: Sequence[object], expected: int | None = None, **keys: object) -> None:
        """Send a statement over rows; `apply` raises Raced where it did not reach all that it had to."""
        if not rows:
            return
        cursor = self._run(statement, rows=_json(rows), **keys)
        if expected is not None:
            self._expected.append((cursor, expected))


def _asked(found: psycopg.Cursor[Row] | None, keys: Sequence[Key]) -> dict[Key, EntryFact]:
    """Entries by key. Found by kinds and ids apart, so a stranger may be among them; it is left out here."""
    asked = set(keys)
    rows = found.fetchall() if found is not None else []
    return {(row[0], row[1]): entry_fact(row) for row in rows if (row[0], row[1]) in asked}


def iso(at: datetime) -> str:
    """A time of the database as it travels: UTC, milliseconds, Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def replica_row(row: Row) -> ReplicaRow:
    """A row of REPLICA."""
    return ReplicaRow(row[0], row[1], bytes(row[2]), row[3], row[4], row[5], tuple(row[6]), row[7], row[8])


def person_row(row: Row) -> PersonRow:
    """A row of PEOPLE."""
    return PersonRow(row[0], row[1], row[2], row[3], tuple(row[4]), row[5])


def record_of(row: Row) -> Record:
    """A row of RECORDED."""
    n, act_id, sha256, ident, result, version, seq, faults = row[:8]
    return Record(n, act_id, sha256, ident, result, version, seq, tuple(_faults.decode(faults)))


def entry_fact(row: Row) -> EntryFact:
    """A row of ENTRY_COLUMNS."""
    kind, ident, version, key, text, author, at, used, deleted = row
    body = text.encode()
    active = bool(msgspec.json.decode(body).get("active", True))
    return EntryFact(kind, ident, version, key, body, author, iso(at), active, used, deleted)


def voucher_fact(row: Row, books: Iterable[BookFact]) -> VoucherFact:
    """A row of VOUCHER_COLUMNS."""
    ident, version, body_version, kind, branch, number, series, day, body, author, at, was_in, deleted = row
    return VoucherFact(
        *(ident, version, body_version, kind, branch, number, series, day, body.encode(), author, iso(at)),
        was_in=tuple(was_in),
        deleted=deleted,
        books=tuple(books),
    )


def book_fact(row: Row) -> BookFact:
    """A row of BOOKS without its voucher."""
    book, asked, posted, running, work, set_no, version, fault_act, faults, at = row
    told = tuple(_faults.decode(faults))
    return BookFact(book, asked, posted, running, work, set_no, version, fault_act, told, iso(at) if at else "")


def _columns(keys: Iterable[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """Pairs as two sorted lists without repetition."""
    pairs = list(keys)
    return sorted({first for first, _ in pairs}), sorted({second for _, second in pairs})


def _json(rows: object) -> str:
    """Rows as one JSON text. No database keeps NUL, wherever it was quoted from."""
    text = _encode(rows)
    return (text.replace(NUL_ESCAPED, b"\\ufffd") if NUL_ESCAPED in text else text).decode()


def _voucher_row(fact: VoucherFact) -> dict[str, object]:
    return {
        "id": fact.id,
        "version": fact.version,
        "body_version": fact.body_version,
        "type": fact.type,
        "branch": fact.branch,
        "was_in": fact.was_in,
        "number": fact.number,
        "series": fact.series,
        "day": fact.day,
        "body": msgspec.Raw(fact.body),
        "deleted": fact.deleted,
        "author": fact.author,
        "at": fact.at,
    }


def _entry_row(fact: EntryFact) -> dict[str, object]:
    return {
        "kind": fact.kind,
        "id": fact.id,
        "version": fact.version,
        "code_key": fact.code_key,
        "body": msgspec.Raw(fact.body),
        "used": fact.used,
        "deleted": fact.deleted,
        "author": fact.author,
        "at": fact.at,
    }


def _book_row(voucher: str, fact: BookFact) -> dict[str, object]:
    return {
        "voucher": voucher,
        "book": fact.book,
        "asked": fact.asked,
        "posted": fact.posted,
        "running": fact.running,
        "work": fact.work,
        "set_no": fact.set_no,
        "version": fact.version,
        "fault_act": fact.fault_act,
        "faults": fact.faults,
        "posted_at": fact.posted_at or None,
    }


def _log_row(operation: Operation, record: Record) -> dict[str, object]:
    refused = record.result != APPLIED
    return {
        "replica": operation.replica,
        "epoch": operation.epoch,
        "n": operation.n,
        "act_id": operation.act_id,
        "sha256": operation.sha256,
        "author": operation.user,
        "made_at": operation.made_at,
        "kind": operation.kind,
        "object_kind": operation.object_kind,
        "id": operation.id,
        "act": operation.act,
        "base_version": operation.base.version,
        "base_operation": operation.base.operation,
        "books": operation.books,
        "post_to": operation.post_to,
        "answered": operation.answered,
        "result": record.result,
        "version": record.version,
        "faults": record.faults,
        "body": bytes(operation.body).decode("utf-8", "replace") if refused else "",
        "seq": record.seq,
        "now": record.result == APPLIED and not record.seq,
    }
