"""The cloud's store in memory: the same contract as PostgreSQL's, for the simulator and for fast tests.

A transaction is a lock and a copy of nothing: decisions come whole before anything is written, and writing cannot fail.
Tables are plain dicts on `TenantTables`, which the lane's and poster's memory store share.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

import msgspec

from socai.cloud.store.memory_digest import MemoryDigests
from socai.cloud.store.memory_log import MemoryLog
from socai.cloud.store.memory_number import MemoryNumbering, of_stretch
from socai.cloud.store.memory_table import TenantTables
from socai.cloud.store.number import Stretch
from socai.cloud.store.port import Applied, FrameRows, Raced
from socai.cloud.store.row import (
    FRAME_KINDS,
    QUARANTINED,
    CodeRow,
    PersonRow,
    ReplicaRow,
    TenantRef,
    TenantRow,
    changed_rows,
    next_mark,
)
from socai.sync import lane as lanes
from socai.sync.fact import BookFact, Changes, Objects
from socai.sync.lane import Lane, Work
from socai.sync.message import APPLIED
from socai.sync.reading import Record, Wanted


class MemoryStore(MemoryLog, MemoryDigests):
    """All tenants in one process. `now` gives UTC ISO times."""

    def __init__(self, now: Callable[[], str]) -> None:
        self.now = now
        self.lock = threading.RLock()
        self.tables: dict[tuple[int, int], TenantTables] = {}
        self.codes: dict[str, TenantRef] = {}
        self.machines: dict[str, TenantRef] = {}

    def at(self, ref: TenantRef) -> TenantTables:
        """A tenant's tables."""
        return self.tables[ref.bucket, ref.tenant]

    def close(self) -> None:
        """Nothing to let go."""

    # --- tenants, machines, people ------------------------------------------------------------------------------

    def create_tenant(self, code: str, name: str, timeline: str, bucket: int) -> TenantRef | None:
        """See TenantStore."""
        with self.lock:
            if code in self.codes:
                return None
            ref = TenantRef(bucket, len(self.codes) + 1, code)
            self.codes[code] = ref
            self.tables[ref.bucket, ref.tenant] = TenantTables(
                TenantRow(ref, name, 0, timeline), Lane(ref.bucket, ref.tenant)
            )
            return ref

    def tenants(self) -> list[TenantRef]:
        """See TenantStore."""
        return [self.codes[code] for code in sorted(self.codes)]

    def find_tenant(self, code: str) -> TenantRef | None:
        """See TenantStore."""
        return self.codes.get(code)

    def find_replica(self, replica: str) -> TenantRef | None:
        """See TenantStore."""
        return self.machines.get(replica)

    def tenant(self, ref: TenantRef) -> TenantRow:
        """See TenantStore."""
        tables = self.at(ref)
        return replace(tables.row, depth=tables.lane.depth)

    def set_timeline(self, ref: TenantRef, timeline: str) -> None:
        """See TenantStore."""
        with self.lock:
            row = self.at(ref).row
            moment = int(datetime.fromisoformat(self.now()).timestamp() * 1_000_000)
            self.at(ref).row = replace(row, timeline=timeline, seq=max(row.seq + 1, moment))

    def replica(self, ref: TenantRef, replica: str) -> ReplicaRow | None:
        """See TenantStore."""
        return self.at(ref).replicas.get(replica)

    def replicas(self, ref: TenantRef) -> list[ReplicaRow]:
        """See TenantStore."""
        return sorted(self.at(ref).replicas.values(), key=lambda row: (row.name, row.replica))

    def record(self, ref: TenantRef, replica: str, epoch: int, n: int | None) -> Record | None:
        """See TenantStore."""
        with self.lock:
            log = self.at(ref).log
            if n is None:
                n = max((key[2] for key in log if key[:2] == (replica, epoch)), default=0)
            found = log.get((replica, epoch, n))
            return found[1] if found else None

    def change_replica(self, ref: TenantRef, replica: str, epoch: int, last_n: int, last_hash: str, state: str) -> None:
        """See TenantStore."""
        with self.lock:
            rows = self.at(ref).replicas
            rows[replica] = replace(rows[replica], epoch=epoch, last_n=last_n, last_hash=last_hash, state=state)

    def seen(self, ref: TenantRef, replica: str, program: str = "", cursor_seq: int = -1) -> None:
        """See TenantStore."""

    def add_code(self, ref: TenantRef, code: CodeRow) -> None:
        """See TenantStore."""
        with self.lock:
            self.at(ref).codes[code.code_hash] = code

    def use_code(self, ref: TenantRef, code_hash: str, now: str, replica: ReplicaRow) -> CodeRow | None:
        """See TenantStore."""
        with self.lock:
            tables = self.at(ref)
            code = tables.codes.get(code_hash)
            if code is None or code_hash in tables.codes_used or code.expires_at < now:
                return None
            tables.codes_used.add(code_hash)
            marks = {row.series_mark for row in tables.replicas.values()}
            tables.replicas[replica.replica] = replace(
                replica, name=replica.name or code.name, branches=code.branches, series_mark=next_mark(marks)
            )
            self.machines[replica.replica] = ref
            return code

    def people(self, ref: TenantRef) -> list[PersonRow]:
        """See TenantStore."""
        return [self.at(ref).people[login] for login in sorted(self.at(ref).people)]

    def save_person(self, ref: TenantRef, person: PersonRow, by: str) -> None:
        """See TenantStore."""
        with self.lock:
            self.at(ref).people[person.login] = person

    # --- accept -------------------------------------------------------------------------------------------------

    @contextmanager
    def accepting(self, ref: TenantRef) -> Iterator[MemoryAccepting]:
        """See AcceptStore."""
        with self.lock:
            yield MemoryAccepting(self, ref)

    @contextmanager
    def renumbering(self, ref: TenantRef) -> Iterator[tuple[MemoryAccepting, MemoryNumbering]]:
        """See AcceptStore."""
        with self.lock:
            yield MemoryAccepting(self, ref), MemoryNumbering(self.at(ref))

    @contextmanager
    def numbering(self, ref: TenantRef) -> Iterator[MemoryNumbering]:
        """See NumberStore."""
        with self.lock:
            yield MemoryNumbering(self.at(ref))

    def floor(self, bucket: int) -> int:
        """Where an idle lane of the bucket comes in."""
        return lanes.present(tables.lane for (where, _), tables in self.tables.items() if where == bucket)


class MemoryAccepting:
    """See Accepting."""

    def __init__(self, store: MemoryStore, ref: TenantRef) -> None:
        self.store = store
        self.ref = ref
        self.tables = store.at(ref)
        self._replica = ""

    def frame(self, replica: str, numbers: Collection[int], act_ids: Collection[str]) -> FrameRows | None:
        """See Accepting."""
        tables = self.tables
        row = tables.replicas.get(replica)
        if row is None:
            return None
        self._replica = replica
        bodies: dict[str, list[dict[str, object]]] = {kind: [] for kind in FRAME_KINDS}
        for (kind, _), entry in tables.entries.items():
            if kind in bodies and not entry.deleted:
                bodies[kind].append(msgspec.json.decode(entry.body))
        recorded = {n: tables.log[key][1] for n in numbers if (key := (replica, row.epoch, n)) in tables.log}
        earlier: dict[str, tuple[Record, ...]] = {}
        if row.epoch > 1:
            for (whose, epoch, _), (operation, record) in tables.log.items():
                if whose == replica and epoch < row.epoch and operation.act_id in act_ids:
                    earlier[operation.act_id] = (*earlier.get(operation.act_id, ()), record)
        people, now = list(tables.people.values()), self.store.now()
        return FrameRows(row, people, bodies, recorded, earlier, now, tables.row.timeline)

    def objects(self, wanted: Wanted) -> Objects:
        """See Accepting."""
        tables = self.tables
        codes = {
            (entry.kind, entry.code_key): entry.id
            for entry in tables.entries.values()
            if not entry.deleted and (entry.kind, entry.code_key) in wanted.codes
        }
        return Objects(
            {ident: tables.vouchers[ident] for ident in wanted.vouchers if ident in tables.vouchers},
            {key: tables.entries[key] for key in (*wanted.entries, *wanted.named) if key in tables.entries},
            codes,
            {number: tables.numbers[number] for number in wanted.numbers if number in tables.numbers},
        )

    def stretch(self, wanted: Stretch, limit: int) -> list[str]:
        """See Accepting."""
        living = (fact for fact in self.tables.vouchers.values() if not fact.deleted)
        return sorted(fact.id for fact in of_stretch(living, wanted))[:limit]

    def apply(self, changes: Changes) -> Applied:
        """See Accepting."""
        tables = self.tables
        self._guard(changes)
        for fact in changes.voucher_history:
            tables.voucher_history[fact.id, fact.version] = fact
        for entry in changes.entry_history:
            tables.entry_history[entry.kind, entry.id, entry.version] = entry
        tables.entries.update(changes.entries)
        for key in changes.used:
            tables.entries[key] = replace(tables.entries[key], used=True)
        for number, voucher in changes.freed.items():
            if tables.numbers.get(number) == voucher:
                del tables.numbers[number]
        tables.numbers.update(changes.taken)
        newest = self._enqueue(changes)
        for ident, fact in changes.vouchers.items():
            tables.vouchers[ident] = replace(fact, books=tuple(_numbered(ident, book, newest) for book in fact.books))
        tables.lane = lanes.enqueue(tables.lane, len(changes.work), self.store.floor(self.ref.bucket))
        tables.settings_version += changes.settings
        seq = tables.next_seq(changed_rows(changes)) if changes.anything else 0
        self._log(changes, seq)
        return Applied(seq, tables.lane.depth)

    def quarantine(self, replica: str) -> None:
        """See Accepting."""
        self.tables.replicas[replica] = replace(self.tables.replicas[replica], state=QUARANTINED)

    def _guard(self, changes: Changes) -> None:
        """What the constraints of the tables refuse; under the lock only a wrong decision gets here."""
        tables = self.tables
        for ident, known in changes.vouchers_known.items():
            found = tables.vouchers.get(ident)
            if (found.version if found else 0) != known:
                raise Raced(ident)
        for number, voucher in changes.taken.items():
            if tables.numbers.get(number, voucher) != voucher and number not in changes.freed:
                raise Raced(number)

    def _enqueue(self, changes: Changes) -> dict[tuple[str, str], int]:
        tables, newest = self.tables, {}
        for item in changes.work:
            tables.work_last += 1
            n = tables.work_last
            tables.work[n] = Work(
                *(n, item.voucher, item.book, item.act, item.version, item.author, item.asked, item.answered),
                item.act_id,
            )
            newest[item.voucher, item.book] = n
        return newest

    def _log(self, changes: Changes, seq: int) -> None:
        if not changes.records:
            return
        tables = self.tables
        row = tables.replicas[self._replica]
        for operation, record in changes.records:
            stamped = replace(record, seq=record.seq or (seq if record.result == APPLIED else 0))
            tables.log[operation.replica, operation.epoch, operation.n] = (operation, stamped)
            tables.arrived[operation.replica, operation.epoch, operation.n] = self.store.now()
            row = replace(row, last_n=operation.n, last_hash=operation.sha256)
        tables.replicas[self._replica] = row


def _numbered(voucher: str, book: BookFact, newest: dict[tuple[str, str], int]) -> BookFact:
    return replace(book, work=newest[voucher, book.book]) if book.work < 0 else book
