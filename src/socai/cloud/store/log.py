"""The log of one voucher, as stores offer it and as both stores read it."""

from __future__ import annotations

import msgspec

from socai.cloud.store.memory_feed import MemoryFeed
from socai.cloud.store.port import VoucherRows
from socai.cloud.store.postgres_accept import iso
from socai.cloud.store.postgres_feed import PostgresFeed, Row
from socai.cloud.store.row import TenantRef
from socai.sync.log import LoggedAct, LoggedSet
from socai.sync.message import VOUCHER, WireFault

ACTS_MAX = 500

_MINE = "bucket = %(bucket)s and tenant = %(tenant)s"
HOLDER = f"select branch, was_in from voucher where {_MINE} and id = %(id)s"
ACTS = f"""
select replica::text, epoch, n, act_id, author, made_at, arrived_at, act, version, seq, result, books, post_to,
    faults::text
from operation where {_MINE} and id = %(id)s and kind = 'voucher' order by arrived_at desc, n desc limit {ACTS_MAX}
"""
SETS = f"""
select book, set_no, version, posted_seq, posted_at, voided_seq, voided_at from entry_set
where {_MINE} and voucher = %(id)s order by posted_seq
"""


class PostgresLog(PostgresFeed):
    """See LogStore."""

    def voucher_rows(self, ref: TenantRef, ident: str) -> VoucherRows:
        """See LogStore."""
        with self._moment(ref) as reading:
            holders = reading.all(HOLDER, id=ident)
            acts, sets = reading.all(ACTS, id=ident), reading.all(SETS, id=ident)
        branches = frozenset(name for branch, was_in in holders for name in (branch, *was_in))
        return VoucherRows(branches, tuple(_act(row) for row in acts), tuple(_set(row) for row in sets))


def _act(row: Row) -> LoggedAct:
    replica, epoch, n, act_id, author, made_at, arrived_at, act, version, seq, result, books, post_to, faults = row
    told = msgspec.json.decode(faults, type=list[WireFault])
    return LoggedAct(
        *(replica, epoch, n, act_id, author, made_at, iso(arrived_at), act, version, seq, result),
        books=tuple(books),
        post_to=tuple(post_to),
        faults=tuple(told),
    )


def _set(row: Row) -> LoggedSet:
    book, set_no, version, posted_seq, posted_at, voided_seq, voided_at = row
    ended = iso(voided_at) if voided_at is not None else ""
    return LoggedSet(book, set_no, version, posted_seq, posted_at, voided_seq, ended)


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
