"""The feed of the store in memory: what changed, the snapshot, and vouchers on demand."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from socai.cloud.store.item import counted, entry_item, size_of, travels, voucher_item
from socai.cloud.store.memory_table import TenantTables
from socai.cloud.store.row import CURSOR_LAST, ChangeRow, Cursor, DownloadFilter, TenantRef
from socai.sync.message import VOUCHER, BalanceRow, ChangeCount, FeedItem, SnapshotChunk

LIVE_ONLY = 2**62  # above every seq


class MemoryFeed:
    """See FeedStore. The store it is part of has the lock and the tables."""

    lock: threading.RLock
    tables: dict[tuple[int, int], TenantTables]

    def heads(self, refs: Sequence[TenantRef]) -> Mapping[TenantRef, int]:
        """See FeedStore."""
        return {ref: self.tables[ref.bucket, ref.tenant].row.seq for ref in refs}

    def feed(
        self, ref: TenantRef, after: Cursor, branches: frozenset[str], limit: int, bytes_max: int
    ) -> tuple[list[FeedItem], Cursor, int]:
        """See FeedStore."""
        with self.lock:
            tables = self.tables[ref.bucket, ref.tenant]
            waiting = sorted(
                (row.seq, row.kind, row.id)
                for row in tables.changes.values()
                if (row.seq, row.kind, row.id) > after and entitled(row, branches)
            )
            items: list[FeedItem] = []
            size = 0
            for key in waiting[:limit]:
                made = self._item(tables, Cursor(*key), after.since, branches)
                size += size_of(made)
                if items and size > bytes_max:
                    break
                items.append(made)
            if len(items) == len(waiting):
                return items, Cursor(max(tables.row.seq, after.seq), CURSOR_LAST), tables.row.seq
            return items, Cursor(*waiting[len(items) - 1], floor=after.since), tables.row.seq

    def ahead(
        self, ref: TenantRef, after: Cursor, branches: frozenset[str], most: int
    ) -> tuple[list[ChangeCount], int]:
        """See FeedStore."""
        with self.lock:
            tables = self.tables[ref.bucket, ref.tenant]
            waiting = sorted(
                (row.seq, row.kind, row.id)
                for row in tables.changes.values()
                if (row.seq, row.kind, row.id) > after and entitled(row, branches)
            )
            found = Counter(
                (kind, tables.vouchers[ident].type if kind == VOUCHER else "") for _, kind, ident in waiting[:most]
            )
            return [counted(*key, count) for key, count in sorted(found.items())], tables.row.seq

    def reheard(
        self, ref: TenantRef, held: Mapping[str, int], branches: frozenset[str]
    ) -> tuple[list[FeedItem], list[str]]:
        """See FeedStore."""
        with self.lock:
            tables = self.tables[ref.bucket, ref.tenant]
            known = [tables.changes[VOUCHER, ident] for ident in held if (VOUCHER, ident) in tables.changes]
            found = [row for row in known if entitled(row, branches)]
            chosen = [row for row in found if row.seq != held[row.id]]
            items = [
                self._item(tables, Cursor(row.seq, row.kind, row.id), LIVE_ONLY, branches)
                for row in sorted(chosen, key=lambda row: (row.seq, row.id))
            ]
            return items, sorted({*held} - {row.id for row in found})

    def snapshot(self, ref: TenantRef, branches: frozenset[str], rows: int) -> Iterator[SnapshotChunk]:
        """See FeedStore."""
        with self.lock:
            tables = self.tables[ref.bucket, ref.tenant]
            cursor = Cursor(tables.row.seq, CURSOR_LAST)
            entries = [
                entry_item(entry, tables.changes[entry.kind, entry.id].seq)
                for key, entry in sorted(tables.entries.items())
                if not entry.deleted
            ]
            balances = [
                BalanceRow(book, *key, *turnover)
                for book, movements in sorted(tables.balances.items())
                for key, turnover in sorted(movements.items())
                if (not branches or key[1] in branches) and any(turnover)
            ]
            refused = [
                self._item(tables, Cursor(change.seq, VOUCHER, fact.id), LIVE_ONLY, branches)
                for fact in tables.vouchers.values()
                if any(book.faults and not book.running for book in fact.books)
                and entitled(change := tables.changes[VOUCHER, fact.id], branches)
            ]
            row = tables.row
        yield SnapshotChunk(row.timeline, row.seq, cursor.text())
        for start in range(0, len(entries), rows):
            yield SnapshotChunk(catalog=entries[start : start + rows])
        for start in range(0, len(balances), rows):
            yield SnapshotChunk(balances=balances[start : start + rows])
        if refused:
            yield SnapshotChunk(vouchers=sorted(refused, key=lambda item: (item.seq, item.id)))
        yield SnapshotChunk(end=True)

    def download(
        self, ref: TenantRef, wanted: DownloadFilter, after: tuple[int, str], limit: int, bytes_max: int
    ) -> tuple[list[FeedItem], tuple[int, str] | None]:
        """See FeedStore."""
        with self.lock:
            tables = self.tables[ref.bucket, ref.tenant]
            waiting = [key for key in self._chosen(tables, wanted) if key > after]
            items: list[FeedItem] = []
            size = 0
            for _, ident in waiting[:limit]:
                fact = tables.vouchers[ident]
                live = [each for key, each in sorted(tables.sets.items()) if key[0] == ident and not each.voided_seq]
                made = voucher_item(fact, tables.changes[VOUCHER, ident].seq, live, frozenset())
                size += size_of(made)
                if items and size > bytes_max:
                    break
                items.append(made)
            return items, None if len(items) == len(waiting) else waiting[len(items) - 1]

    def download_count(self, ref: TenantRef, wanted: DownloadFilter) -> int:
        """See FeedStore."""
        with self.lock:
            return len(self._chosen(self.tables[ref.bucket, ref.tenant], wanted))

    def _chosen(self, tables: TenantTables, wanted: DownloadFilter) -> list[tuple[int, str]]:
        return sorted(
            (fact.day, fact.id)
            for fact in tables.vouchers.values()
            if not fact.deleted
            and wanted.first_day <= fact.day <= wanted.last_day
            and wanted.type in ("", fact.type)
            and (not wanted.branches or fact.branch in wanted.branches)
        )

    def _item(self, tables: TenantTables, key: Cursor, after_seq: int, branches: frozenset[str]) -> FeedItem:
        if key.kind != VOUCHER:
            return entry_item(tables.entries[key.kind, key.id], key.seq)
        sets = [
            each
            for (voucher, _, _), each in sorted(tables.sets.items())
            if voucher == key.id and travels(each, after_seq)
        ]
        return voucher_item(tables.vouchers[key.id], key.seq, sets, branches)


def entitled(row: ChangeRow, branches: frozenset[str]) -> bool:
    """Whether an office limited to `branches` hears of this change."""
    return not branches or not row.branch or row.branch in branches or bool(branches.intersection(row.was_in))
