"""The feed, the snapshot and the download on PostgreSQL. Every answer is read at one moment (repeatable read)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any

import msgspec

from socai.books.write import NewSet, entry_of_row
from socai.cloud.store import accept_sql, feed_sql, tenant_sql
from socai.cloud.store.connection import Connection, Database
from socai.cloud.store.item import counted, entry_item, size_of, voucher_item
from socai.cloud.store.postgres_accept import book_fact, entry_fact, voucher_fact
from socai.cloud.store.postgres_report import PostgresReports
from socai.cloud.store.row import CURSOR_LAST, Cursor, DownloadFilter, TenantRef
from socai.core.entry import Entry
from socai.sync.fact import BookFact, VoucherFact
from socai.sync.message import VOUCHER, BalanceRow, ChangeCount, FeedItem, SnapshotChunk

Row = tuple[Any, ...]
SET_NAMES = (
    *("voucher", "book", "set_no", "version", "type", "number", "voucher_date", "day", "branch", "description"),
    *("rate", "posted_seq", "voided_seq", "posted_at"),
)
LIVE_ONLY = 2**62  # above every seq
REFUSED_AT_ONCE = 100  # vouchers in a line of the snapshot
REHEARD_BYTES_MAX = 2**40  # an answer that left some out would lose them: the number of vouchers is the bound


class PostgresFeed(PostgresReports):
    """See FeedStore."""

    database: Database

    def heads(self, refs: Sequence[TenantRef]) -> Mapping[TenantRef, int]:
        """See FeedStore."""
        found: dict[TenantRef, int] = {}
        for bucket in {ref.bucket for ref in refs}:
            mine = {ref.tenant: ref for ref in refs if ref.bucket == bucket}
            with self.database.connection_for(bucket) as connection:
                given = {"bucket": bucket, "tenants": list(mine)}
                for tenant, seq in connection.execute(tenant_sql.HEADS.encode(), given):
                    found[mine[tenant]] = seq
        return found

    def feed(
        self, ref: TenantRef, after: Cursor, branches: frozenset[str], limit: int, bytes_max: int
    ) -> tuple[list[FeedItem], Cursor, int]:
        """See FeedStore."""
        with self._moment(ref) as reading:
            head = reading.one(feed_sql.HEAD)[0]
            if head < after.seq or (head == after.seq and after.kind == CURSOR_LAST):
                return [], after, head
            keys = [
                Cursor(*row)
                for row in reading.all(feed_sql.CHANGED, **after._asdict(), **_limits(branches), limit=limit)
            ]
            items = reading.items(keys, after.since, branches, bytes_max)
            if len(items) < len(keys) or len(keys) == limit:
                return items, keys[len(items) - 1]._replace(floor=after.since), head
            return items, Cursor(head, CURSOR_LAST), head

    def ahead(
        self, ref: TenantRef, after: Cursor, branches: frozenset[str], most: int
    ) -> tuple[list[ChangeCount], int]:
        """See FeedStore."""
        with self._moment(ref) as reading:
            head = reading.one(feed_sql.HEAD)[0]
            rows = reading.all(feed_sql.AHEAD, **after._asdict(), **_limits(branches), most=most)
            return [counted(*row) for row in rows], head

    def reheard(
        self, ref: TenantRef, held: Mapping[str, int], branches: frozenset[str]
    ) -> tuple[list[FeedItem], list[str]]:
        """See FeedStore."""
        rows = msgspec.json.encode([{"id": ident, "seq": seq} for ident, seq in held.items()]).decode()
        with self._moment(ref) as reading:
            keys = [Cursor(*row) for row in reading.all(feed_sql.REHEARD, rows=rows, **_limits(branches))]
            unknown = [str(row[0]) for row in reading.all(feed_sql.UNKNOWN, rows=rows, **_limits(branches))]
            return reading.items(keys, LIVE_ONLY, branches, REHEARD_BYTES_MAX), unknown

    def snapshot(self, ref: TenantRef, branches: frozenset[str], rows: int) -> Iterator[SnapshotChunk]:
        """See FeedStore."""
        with self._moment(ref) as reading:
            head, timeline = reading.one(feed_sql.HEAD)
            yield SnapshotChunk(timeline, head, Cursor(head, CURSOR_LAST).text())
            for batch in reading.stream(feed_sql.ALL_ENTRIES, rows):
                facts = [entry_fact(row) for row in batch]
                seqs = reading.seqs([(fact.kind, fact.id) for fact in facts])
                yield SnapshotChunk(catalog=[entry_item(fact, seqs[fact.kind, fact.id]) for fact in facts])
            for batch in reading.stream(feed_sql.BALANCES, rows, **_limits(branches)):
                yield SnapshotChunk(balances=[BalanceRow(*row) for row in batch])
            keys = [Cursor(*row) for row in reading.all(feed_sql.REFUSED, **_limits(branches))]
            for start in range(0, len(keys), REFUSED_AT_ONCE):
                part = keys[start : start + REFUSED_AT_ONCE]
                yield SnapshotChunk(vouchers=reading.items(part, LIVE_ONLY, branches, REHEARD_BYTES_MAX))
        yield SnapshotChunk(end=True)

    def download(
        self, ref: TenantRef, wanted: DownloadFilter, after: tuple[int, str], limit: int, bytes_max: int
    ) -> tuple[list[FeedItem], tuple[int, str] | None]:
        """See FeedStore."""
        with self._moment(ref) as reading:
            rows = reading.all(feed_sql.DOWNLOAD, **_filter(wanted), day=after[0], id=after[1], limit=limit)
            facts = reading.vouchers(rows)
            sets, seqs = reading.sets(list(facts), LIVE_ONLY), reading.seqs([(VOUCHER, ident) for ident in facts])
            items: list[FeedItem] = []
            size = 0
            for ident, fact in facts.items():
                made = voucher_item(fact, seqs[VOUCHER, ident], sets.get(ident, ()), frozenset())
                size += size_of(made)
                if items and size > bytes_max:
                    break
                items.append(made)
            if len(items) == len(rows) and len(rows) < limit:
                return items, None
            last = facts[items[-1].id]
            return items, (last.day, last.id)

    def download_count(self, ref: TenantRef, wanted: DownloadFilter) -> int:
        """See FeedStore."""
        with self._moment(ref) as reading:
            return int(reading.one(feed_sql.DOWNLOAD_COUNT, **_filter(wanted))[0])

    @contextmanager
    def _moment(self, ref: TenantRef) -> Iterator[_Moment]:
        with self.database.moment(ref.bucket, ref.tenant) as connection:
            yield _Moment(connection, ref)


class _Moment:
    """One tenant's rows as they stood at one moment."""

    def __init__(self, connection: Connection, ref: TenantRef) -> None:
        self._connection = connection
        self._owner: dict[str, object] = {"bucket": ref.bucket, "tenant": ref.tenant}

    def all(self, statement: str, **values: object) -> list[Row]:
        return self._connection.execute(statement.encode(), {**self._owner, **values}).fetchall()

    def one(self, statement: str, **values: object) -> Row:
        found = self._connection.execute(statement.encode(), {**self._owner, **values}).fetchone()
        if found is None:
            raise LookupError("no such tenant")
        return found

    def stream(self, statement: str, rows: int, **values: object) -> Iterator[list[Row]]:
        """Rows in batches, never all at once: the server keeps the place."""
        with self._connection.cursor("stream") as cursor:
            cursor.execute(statement.encode(), {**self._owner, **values})
            while batch := cursor.fetchmany(rows):
                yield batch

    def seqs(self, objects: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """When each of these (kind, id) changed last."""
        kinds, ids = sorted({kind for kind, _ in objects}), sorted({ident for _, ident in objects})
        return {(kind, ident): seq for kind, ident, seq in self.all(feed_sql.SEQS, kinds=kinds, ids=ids)}

    def items(self, keys: Sequence[Cursor], since: int, branches: frozenset[str], bytes_max: int) -> list[FeedItem]:
        """The objects of these change rows, in order, as many as the page may hold."""
        vouchers = [key.id for key in keys if key.kind == VOUCHER]
        rows = self.all(feed_sql.VOUCHERS, ids=vouchers) if vouchers else []
        facts, sets = self.vouchers(rows), self.sets(vouchers, since)
        wanted = [key for key in keys if key.kind != VOUCHER]
        kinds, ids = sorted({key.kind for key in wanted}), sorted({key.id for key in wanted})
        found = self.all(feed_sql.ENTRIES, kinds=kinds, ids=ids) if wanted else []
        entries = {(row[0], row[1]): entry_fact(row) for row in found}
        items: list[FeedItem] = []
        size = 0
        for key in keys:
            if key.kind == VOUCHER:
                made = voucher_item(facts[key.id], key.seq, sets.get(key.id, ()), branches)
            else:
                made = entry_item(entries[key.kind, key.id], key.seq)
            size += size_of(made)
            if items and size > bytes_max:
                break
            items.append(made)
        return items

    def vouchers(self, rows: Iterable[Row]) -> dict[str, VoucherFact]:
        """Vouchers with their book states."""
        kept = list(rows)
        books: dict[str, list[BookFact]] = {}
        if kept:
            for row in self.all(accept_sql.BOOKS, ids=[row[0] for row in kept]):
                books.setdefault(row[0], []).append(book_fact(row[1:]))
        return {row[0]: voucher_fact(row, books.get(row[0], ())) for row in kept}

    def sets(self, vouchers: Sequence[str], since: int) -> dict[str, list[NewSet]]:
        """The entry sets a reader behind `since` needs, by voucher."""
        rows = self.all(feed_sql.SETS, ids=vouchers, since=since) if vouchers else []
        gone = [{"voucher": row[0], "book": row[1], "set_no": row[2]} for row in rows if row[12]]
        titles = {(row[0], row[1], row[2]): row[9] for row in rows}
        live = self.all(feed_sql.LIVE, ids=sorted({row[0] for row in rows if not row[12]})) if rows else []
        void = self.all(feed_sql.VOID, rows=msgspec.json.encode(gone).decode()) if gone else []
        entries: dict[Row, list[Entry]] = {}
        for (voucher, book, set_no), group in groupby([*live, *void], key=lambda row: (str(row[0]), row[1], row[2])):
            title = titles.get((voucher, book, set_no), "")
            entries[voucher, book, set_no] = [entry_of_row(row, title) for row in group]
        found: dict[str, list[NewSet]] = {}
        for row in rows:
            values = dict(zip(SET_NAMES, row, strict=True))
            made = NewSet(**values, entries=entries.get(row[:3], []))
            found.setdefault(row[0], []).append(made)
        return found


def _limits(branches: frozenset[str]) -> dict[str, object]:
    return {"all": not branches, "branches": sorted(branches)}


def _filter(wanted: DownloadFilter) -> dict[str, object]:
    return {
        "first_day": wanted.first_day,
        "last_day": wanted.last_day,
        "type": wanted.type,
        **_limits(wanted.branches),
    }
