"""The numbers of shared series in the store in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import msgspec

from socai.cloud.store.memory_table import TenantTables
from socai.cloud.store.number import Stretch
from socai.cloud.store.row import ReplicaRow
from socai.core.number_use import DELETED, RENUMBERED, USED, Use
from socai.sync.fact import VoucherFact
from socai.sync.message import NumberNote
from socai.sync.number import GONE, GRANTED, Lease


class MemoryNumbering:
    """See Numbering. The store's lock is held while it is open."""

    def __init__(self, tables: TenantTables) -> None:
        self._tables = tables
        self._own = tables.number_tables

    def replica(self, replica: str) -> tuple[ReplicaRow, Mapping[str, object]] | None:
        """See Numbering."""
        row = self._tables.replicas.get(replica)
        if row is None:
            return None
        entry = self._tables.entries.get(("company", "company"))
        return row, msgspec.json.decode(entry.body) if entry is not None and not entry.deleted else {}

    def last(self, series: str) -> int | None:
        """See Numbering."""
        found = self._own.last.get(series)
        self._own.last.setdefault(series, 0)
        return found

    def leases(self, series: str) -> list[Lease]:
        """See Numbering."""
        return [lease for (of, _), lease in sorted(self._own.leases.items()) if of == series]

    def taken(self, series: str, numbers: Sequence[str]) -> set[str]:
        """See Numbering."""
        return {number for number in numbers if (series, number) in self._tables.numbers}

    def keep(self, series: str, leases: Iterable[Lease], last: int) -> None:
        """See Numbering."""
        self._own.leases.update({(lease.series, lease.first): lease for lease in leases})
        self._own.last[series] = last

    def drop(self, replica: str, epoch: int) -> None:
        """See Numbering."""
        for key, lease in self._own.leases.items():
            if lease.replica == replica and lease.epoch < epoch and lease.state == GRANTED:
                self._own.leases[key] = replace(lease, state=GONE)

    def note(self, replica: str, epoch: int, notes: Sequence[NumberNote]) -> None:
        """See Numbering."""
        for note in notes:
            self._own.notes.setdefault((replica, epoch, note.n), note)

    def uses(self, series: str, stretch: Stretch) -> list[Use]:
        """See Numbering."""
        tables = self._tables
        found = [
            Use(fact.number, DELETED if fact.deleted else USED, fact.id, fact.author, fact.at)
            for fact in of_stretch(tables.vouchers.values(), stretch)
        ]
        for old in of_stretch(tables.voucher_history.values(), stretch):
            now = tables.vouchers[old.id]
            if now.number != old.number or now not in of_stretch([now], stretch):
                found.append(Use(old.number, RENUMBERED, old.id, now.author, now.at, now.number))
        notes = (note for note in self._own.notes.values() if note.series == series)
        return found + [Use(note.number, note.fate, note.voucher, note.user, note.at, note.to) for note in notes]


def of_stretch(facts: Iterable[VoucherFact], stretch: Stretch) -> Collection[VoucherFact]:
    """The vouchers with numbers that a stretch holds."""
    return [
        fact
        for fact in facts
        if fact.type == stretch.type
        and fact.number
        and stretch.first_day <= fact.day <= stretch.last_day
        and stretch.branch in ("", fact.branch)
        and (not stretch.fund or msgspec.json.decode(fact.body).get("fund") == stretch.fund)
    ]
