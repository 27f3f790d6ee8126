"""The log of one voucher in the store in memory."""

from __future__ import annotations

from socai.cloud.store.memory_feed import MemoryFeed
from socai.cloud.store.port import ACTS_MAX, VoucherRows
from socai.cloud.store.row import TenantRef
from socai.sync.log import LoggedAct, LoggedSet
from socai.sync.message import VOUCHER


class MemoryLog(MemoryFeed):
    """See LogStore."""

    def voucher_rows(self, ref: TenantRef, ident: str) -> VoucherRows:
        """See LogStore."""
        with self.lock:
            tables = self.tables[ref.bucket, ref.tenant]
            fact = tables.vouchers.get(ident)
            acts = [
                LoggedAct(
                    *(replica, epoch, n, one.act_id, one.user, one.made_at),
                    tables.arrived.get((replica, epoch, n), ""),
                    *(one.act, record.version, record.seq, record.result, tuple(one.books), tuple(one.post_to)),
                    record.faults,
                )
                for (replica, epoch, n), (one, record) in tables.log.items()
                if one.id == ident and one.kind == VOUCHER
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
