"""The tables of the store in memory: plain dicts, one set of them for each tenant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from socai.books.write import NewSet
from socai.cloud.store.row import ChangeRow, CodeRow, PersonRow, ReplicaRow, TenantRow
from socai.core.balance import Movements
from socai.sync.fact import EntryFact, VoucherFact
from socai.sync.lane import Lane, Work
from socai.sync.message import NumberNote, Operation
from socai.sync.number import Lease
from socai.sync.reading import Key, Number, Record


@dataclass
class NumberTables:
    """One tenant's rows."""

    last: dict[str, int] = field(default_factory=dict)
    leases: dict[tuple[str, int], Lease] = field(default_factory=dict)
    notes: dict[tuple[str, int, int], NumberNote] = field(default_factory=dict)


@dataclass
class TenantTables:
    """One tenant's rows. Vouchers carry their book states; `sets` keeps live and void ones (voided_seq above 0)."""

    row: TenantRow
    lane: Lane
    replicas: dict[str, ReplicaRow] = field(default_factory=dict)
    codes: dict[str, CodeRow] = field(default_factory=dict)
    codes_used: set[str] = field(default_factory=set)
    people: dict[str, PersonRow] = field(default_factory=dict)
    vouchers: dict[str, VoucherFact] = field(default_factory=dict)
    voucher_history: dict[tuple[str, int], VoucherFact] = field(default_factory=dict)
    entries: dict[Key, EntryFact] = field(default_factory=dict)
    entry_history: dict[tuple[str, str, int], EntryFact] = field(default_factory=dict)
    numbers: dict[Number, str] = field(default_factory=dict)
    log: dict[tuple[str, int, int], tuple[Operation, Record]] = field(default_factory=dict)
    arrived: dict[tuple[str, int, int], str] = field(default_factory=dict)  # when each was recorded
    voided_at: dict[tuple[str, str, int], str] = field(default_factory=dict)  # when each set went out of the books
    changes: dict[tuple[str, str], ChangeRow] = field(default_factory=dict)
    work: dict[int, Work] = field(default_factory=dict)
    work_last: int = 0
    settings_version: int = 1
    sets: dict[tuple[str, str, int], NewSet] = field(default_factory=dict)
    balances: dict[str, Movements] = field(default_factory=dict)  # by book
    number_tables: NumberTables = field(default_factory=NumberTables)
    invoices: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)  # (book, key) -> voucher -> number
    invoices_of: dict[tuple[str, str], list[tuple[str, str]]] = field(default_factory=dict)  # (voucher, book) -> places

    def next_seq(self, changed: Sequence[ChangeRow]) -> int:
        """Take the counter and stamp the changed objects; the last thing of a transaction."""
        self.row = replace(self.row, seq=self.row.seq + 1)
        for change in changed:
            self.changes[change.kind, change.id] = replace(change, seq=self.row.seq)
        return self.row.seq
