"""The lane and the poster in memory: the same contract as PostgreSQL's, over the tables of `MemoryStore`.

A commit is one step under the store's lock, so it is whole or not at all, as a transaction is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from socai.books.write import StoredSet
from socai.cloud.cash import MoneyDays, MoneyKey
from socai.cloud.facts import SETTING_KINDS
from socai.cloud.invoice import Holders, Place
from socai.cloud.lane import COMMITTED, LOST, STALE, Queue, TurnRefused
from socai.cloud.post import FAILED, BookChange, Item, Turn
from socai.cloud.store.memory import MemoryStore
from socai.cloud.store.memory_table import TenantTables
from socai.cloud.store.row import ChangeRow
from socai.core.balance import MONEY_DAY
from socai.core.entry import VND
from socai.sync import lane as rules
from socai.sync.fact import BookFact
from socai.sync.lane import Claim, Lane, Quantum, Standing, Work
from socai.sync.message import VOUCHER, WireFault

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class MemoryLane:
    """The store of lanes over a `MemoryStore`, whose clock it goes by."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def _at(self, claim: Claim) -> TenantTables:
        return self._store.tables[claim.bucket, claim.tenant]

    def _lanes(self, bucket: int) -> Iterator[Lane]:
        return (tables.lane for (where, _), tables in self._store.tables.items() if where == bucket)

    def _now(self) -> int:
        return int(datetime.fromisoformat(self._store.now()).timestamp() * 1000)

    # --- the lane -----------------------------------------------------------------------------------------------

    def waiting_buckets(self) -> list[int]:
        """See LaneStore."""
        return sorted({bucket for (bucket, _), tables in self._store.tables.items() if tables.lane.depth})

    def claim(self, bucket: int, holder: str, below: int | None = None) -> Claim | None:
        """See LaneStore."""
        with self._store.lock:
            now = self._now()
            found = rules.next_lane(self._lanes(bucket), now, below)
            if found is None:
                return None
            held, claim = rules.claim(found, holder, now)
            self._at(claim).lane = held
            return claim

    def let_go(self, holder: str) -> None:
        """See LaneStore."""
        with self._store.lock:
            for tables in self._store.tables.values():
                if tables.lane.holder == holder:
                    tables.lane = replace(tables.lane, lease_until=0)

    def release(self, claim: Claim) -> None:
        """See LaneStore."""
        with self._store.lock:
            tables = self._at(claim)
            if rules.holds(tables.lane, claim):
                tables.lane = replace(tables.lane, lease_until=0)

    def postpone(self, claim: Claim, jitter: float) -> None:
        """See LaneStore."""
        with self._store.lock:
            tables = self._at(claim)
            if rules.holds(tables.lane, claim):
                tables.lane = rules.postpone(tables.lane, self._now(), jitter)

    # --- reading ------------------------------------------------------------------------------------------------

    def look(self, claim: Claim, after: int, quantum: Quantum) -> Queue:
        """See LaneStore."""
        with self._store.lock:
            tables, now = self._at(claim), self._now()
            lone = not any(
                lane.tenant != claim.tenant and rules.claimable(lane, now) for lane in self._lanes(claim.bucket)
            )
            numbers = sorted(n for n in tables.work if n > after)
            taken = numbers[: quantum.size(lone)]
            items = [_item(tables, tables.work[n]) for n in taken]
            return Queue(items, tables.settings_version, lone, len(numbers) > len(taken))

    def settings(self, claim: Claim) -> tuple[int, Mapping[str, list[Mapping[str, object]]]]:
        """See LaneStore."""
        bodies: dict[str, list[Mapping[str, object]]] = {kind: [] for kind in SETTING_KINDS}
        with self._store.lock:
            tables = self._at(claim)
            for kind, ident in sorted(tables.entries):
                entry = tables.entries[kind, ident]
                if kind in bodies and not entry.deleted:
                    bodies[kind].append(_decode(entry.body))
            return tables.settings_version, bodies

    def live_sets(self, claim: Claim, keys: Sequence[tuple[str, str]]) -> list[StoredSet]:
        """See LaneStore."""
        wanted = set(keys)
        with self._store.lock:
            found = [
                StoredSet(kept.voucher, kept.book, kept.set_no, kept.day, kept.branch, tuple(kept.entries))
                for kept in self._at(claim).sets.values()
                if not kept.voided_seq and (kept.voucher, kept.book) in wanted
            ]
        return sorted(found, key=lambda kept: (kept.voucher, kept.book))

    def existing(self, claim: Claim, pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """See LaneStore."""
        with self._store.lock:
            entries = self._at(claim).entries
            return {pair for pair in pairs if pair in entries and not entries[pair].deleted}

    def money(self, claim: Claim, wanted: Mapping[MoneyKey, int]) -> dict[MoneyKey, MoneyDays]:
        """See LaneStore."""
        found = {key: MoneyDays(first) for key, first in wanted.items()}
        with self._store.lock:
            for book, movements in self._at(claim).balances.items():
                for (dimension, branch, account, currency, detail, day), turnover in movements.items():
                    line = found.get((book, branch, account, currency, detail))
                    if dimension == MONEY_DAY and line is not None:
                        debit, credit = turnover[:2] if currency == VND else turnover[2:]
                        line.add(day, debit - credit)
        return found

    def invoices(self, claim: Claim, wanted: Iterable[Place]) -> Holders:
        """See LaneStore."""
        with self._store.lock:
            known = self._at(claim).invoices
            return {place: dict(known[place]) for place in wanted if place in known}

    # --- the commit ---------------------------------------------------------------------------------------------

    def pack(self, claim: Claim, turn: Turn) -> object:
        """See LaneStore: nothing needs to be made ready."""
        return None

    def commit(self, claim: Claim, turn: Turn, settings_version: int, keep: bool) -> str:
        """See LaneStore."""
        with self._store.lock:
            tables = self._at(claim)
            if not rules.holds(tables.lane, claim):
                return LOST
            if tables.settings_version != settings_version:
                return STALE
            if any(change.enters and _work_of(tables, change) < change.work for change in turn.books):
                return STALE
            _guard(tables, turn)
            tables.lane = rules.settle(tables.lane, len(turn.done), turn.cost, keep, self._now())
            for n in turn.done:
                tables.work.pop(n, None)
            self._write(tables, turn)
            return COMMITTED

    def _write(self, tables: TenantTables, turn: Turn) -> None:
        changed = [tables.changes.get((VOUCHER, ident), ChangeRow(VOUCHER, ident, 0)) for ident in turn.changed]
        seq, now = tables.next_seq(changed), self._store.now()
        for void in turn.voids:
            tables.sets[void] = replace(tables.sets[void], voided_seq=seq)
            tables.voided_at[void.voucher, void.book, void.set_no] = now
            for place in tables.invoices_of.pop((void.voucher, void.book), ()):
                del tables.invoices[place][void.voucher]
        for posted in turn.sets:
            key = (posted.voucher, posted.book, posted.set_no)
            tables.sets[key] = replace(posted, posted_seq=seq, posted_at=now, entries=tuple(posted.entries))
        for declared in turn.declared:
            place = (declared.book, declared.invoice)
            tables.invoices.setdefault(place, {})[declared.voucher] = declared.number
            tables.invoices_of.setdefault((declared.voucher, declared.book), []).append(place)
        for book, movements in turn.movements.items():
            kept = tables.balances.setdefault(book, {})
            for balance, turnover in movements.items():
                old = kept.get(balance, [0, 0, 0, 0])
                kept[balance] = [before + added for before, added in zip(old, turnover, strict=True)]
        for change in turn.books:
            _change_book(tables, change, now)
        for ident in turn.deleted:
            tables.vouchers[ident] = replace(tables.vouchers[ident], deleted=True)
            for number in [number for number, voucher in tables.numbers.items() if voucher == ident]:
                del tables.numbers[number]


def _item(tables: TenantTables, work: Work) -> Item:
    fact = tables.vouchers.get(work.voucher)
    if fact is None:
        return Item(work, Standing(0), "", {})
    book = fact.book(work.book)
    live_set = book.set_no if book.posted else 0
    standing = Standing(fact.body_version, fact.deleted, live_set, book.version, book.set_no)
    body = _decode(fact.body) if work.act in (rules.POST, rules.REPLACE) else {}
    live_books = tuple(sorted(item.book for item in fact.books if item.posted)) if work.act == rules.DELETE else ()
    return Item(work, standing, fact.type, body, live_books)


def _guard(tables: TenantTables, turn: Turn) -> None:
    """What the keys of the tables refuse: a second live set of a voucher in a book (I9)."""
    live = {key[:2] for key, kept in tables.sets.items() if not kept.voided_seq}
    live -= {void[:2] for void in turn.voids}
    for posted in turn.sets:
        if (posted.voucher, posted.book) in live:
            raise TurnRefused(f"a second live set of {posted.voucher} in {posted.book}")


def _work_of(tables: TenantTables, change: BookChange) -> int:
    """The newest work of a book; 0 where it was taken back."""
    return tables.vouchers[change.voucher].book(change.book).work


def _change_book(tables: TenantTables, change: BookChange, now: str) -> None:
    """The book's state; what runs and what failed only for the newest work of that book."""
    fact = tables.vouchers.get(change.voucher)
    book = next((item for item in fact.books if item.book == change.book), None) if fact else None
    if fact is None or book is None:
        return
    posted_at = (now if change.set_no != book.set_no else book.posted_at) if change.posted else ""
    changed: BookFact = replace(
        book, posted=change.posted, set_no=change.set_no, version=change.version, posted_at=posted_at
    )
    if book.work == change.work:
        faults = tuple(WireFault(fault.code, fault.field, dict(fault.params)) for fault in change.faults)
        act = change.fault_act if change.result == FAILED else ""
        changed = replace(changed, running="", fault_act=act, faults=faults)
    books = tuple(changed if item.book == change.book else item for item in fact.books)
    tables.vouchers[change.voucher] = replace(fact, books=books)
