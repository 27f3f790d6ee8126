"""The digests of what an office is entitled to, in memory."""

from __future__ import annotations

from socai.cloud.store.memory_feed import MemoryFeed
from socai.cloud.store.row import TenantRef
from socai.sync.digest import BALANCES, SETS, VOUCHERS, Digest, Digests, Summer, month_of
from socai.sync.message import VOUCHER


class MemoryDigests(MemoryFeed):
    """See DigestStore."""

    def digests(self, ref: TenantRef, branches: frozenset[str]) -> Digests:
        """See DigestStore."""
        summer = Summer()
        with self.lock:
            tables = self.tables[ref.bucket, ref.tenant]
            for fact in tables.vouchers.values():
                if not fact.deleted and (not branches or fact.branch in branches):
                    seq = tables.changes[VOUCHER, fact.id].seq
                    summer.row(VOUCHERS, fact.branch, month_of(fact.day), fact.id, seq, fact.number, fact.day)
            for posted in tables.sets.values():
                if not posted.voided_seq and (not branches or posted.branch in branches):
                    place = (SETS, posted.branch, month_of(posted.day))
                    summer.row(*place, posted.voucher, posted.book, posted.set_no)
                    summer.add(Digest(*place, total=sum(entry.amount for entry in posted.entries)))
            for entry in tables.entries.values():
                if not entry.deleted:
                    summer.row(entry.kind, "", 0, entry.id, tables.changes[entry.kind, entry.id].seq)
            for book, movements in tables.balances.items():
                for (dimension, branch, account, currency, detail, period), turnover in movements.items():
                    if any(turnover) and (not branches or branch in branches):
                        key = (book, dimension, account, currency, detail, period)
                        summer.row(BALANCES, branch, month_of(period), *key, *turnover)
            return Digests(tables.row.timeline, tables.row.seq, summer.digests())
