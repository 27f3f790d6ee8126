"""The log of one voucher, and what was refused lately, in the store in memory."""

from __future__ import annotations

from socai.cloud.store.memory_feed import MemoryFeed
from socai.cloud.store.memory_table import TenantTables
from socai.cloud.store.port import ACTS_MAX, REFUSED_MAX, VoucherRows
from socai.cloud.store.row import TenantRef
from socai.sync.log import LoggedAct, LoggedSet
from socai.sync.message import CONFLICT, NUMBER, REJECTED, VOUCHER, Operation
from socai.sync.reading import Record
from socai.sync.refused import LoggedRefusal


class MemoryLog(MemoryFeed):
    """See LogStore."""

    def voucher_rows(self, ref: TenantRef, ident: str) -> VoucherRows:
        """See LogStore."""
        with self.lock:
            tables = self.tables[ref.bucket, ref.tenant]
            fact = tables.vouchers.get(ident)
            acts = [
                _act(tables, key, *logged)
                for key, logged in tables.log.items()
                if logged[0].id == ident and logged[0].kind == VOUCHER
            ]
            sets = [
                LoggedSet(
                    *(kept.book, kept.set_no, kept.version, kept.posted_seq, kept.posted_at, kept.voided_seq),
                    voided_at=tables.voided_at.get(key, ""),
                )
                for key, kept in tables.sets.items()
                if kept.voucher == ident
            ]
        branches = frozenset((fact.branch, *fact.was_in)) if fact is not None else frozenset[str]()
        return VoucherRows(branches, tuple(acts[-ACTS_MAX:]), tuple(sets))

    def refused_acts(self, ref: TenantRef, but: str, since: str) -> list[LoggedRefusal]:
        """See LogStore."""
        with self.lock:
            tables = self.tables[ref.bucket, ref.tenant]
            newest: dict[tuple[str, str, str], tuple[str, int, str, int]] = {}
            for (replica, epoch, n), (one, _) in tables.log.items():
                key = (one.kind, one.object_kind, one.id)
                newest[key] = max(newest.get(key, ("", 0, "", 0)), _place(tables, (replica, epoch, n)))
            found = [
                (key, LoggedRefusal(_act(tables, key, one, record), one.kind, one.object_kind, one.id, bytes(one.body)))
                for key, (one, record) in tables.log.items()
                if record.result in (REJECTED, CONFLICT)
                and key[0] != but
                and one.act != NUMBER
                and tables.arrived.get(key, "") > since
                and newest[one.kind, one.object_kind, one.id] == _place(tables, key)
            ]
        found.sort(key=lambda item: (item[1].logged.arrived_at, item[1].logged.n), reverse=True)
        return [item for _, item in found[:REFUSED_MAX]]


def _place(tables: TenantTables, key: tuple[str, int, int]) -> tuple[str, int, str, int]:
    replica, epoch, n = key
    return tables.arrived.get(key, ""), n, replica, epoch


def _act(tables: TenantTables, key: tuple[str, int, int], one: Operation, record: Record) -> LoggedAct:
    replica, epoch, n = key
    return LoggedAct(
        *(replica, epoch, n, one.act_id, one.user, one.made_at),
        tables.arrived.get(key, ""),
        *(one.act, record.version, record.seq, record.result, tuple(one.books), tuple(one.post_to)),
        record.faults,
    )
