"""The log of one voucher, and what was refused lately, in PostgreSQL."""

from __future__ import annotations

import msgspec

from socai.cloud.store.port import ACTS_MAX, REFUSED_MAX, VoucherRows
from socai.cloud.store.postgres_accept import iso
from socai.cloud.store.postgres_feed import PostgresFeed, Row
from socai.cloud.store.row import TenantRef
from socai.sync.log import LoggedAct, LoggedSet
from socai.sync.message import WireFault
from socai.sync.refused import LoggedRefusal

_MINE = "bucket = %(bucket)s and tenant = %(tenant)s"
HOLDER = f"select branch, was_in from voucher where {_MINE} and id = %(id)s"
ACTS = f"""
select replica::text, epoch, n, act_id, author, made_at, arrived_at, act, version, seq, result, books, post_to,
    faults::text
from operation where {_MINE} and id = %(id)s and kind = 'voucher' order by arrived_at desc, n desc limit {ACTS_MAX}
"""
REFUSED = f"""
select replica::text, epoch, n, act_id, author, made_at, arrived_at, act, version, seq, result, books, post_to,
    faults::text, kind, object_kind, id, body
from operation o where {_MINE} and result in ('rejected', 'conflict') and arrived_at > %(since)s::timestamptz
    and replica::text <> %(but)s and act <> 'number' and not exists (
        select 1 from operation p where p.bucket = o.bucket and p.tenant = o.tenant and p.id = o.id
            and p.kind = o.kind and p.object_kind = o.object_kind
            and (p.arrived_at, p.n) > (o.arrived_at, o.n))
order by arrived_at desc, n desc limit {REFUSED_MAX}
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

    def refused_acts(self, ref: TenantRef, but: str, since: str) -> list[LoggedRefusal]:
        """See LogStore."""
        with self._moment(ref) as reading:
            rows = reading.all(REFUSED, but=but, since=since)
        return [LoggedRefusal(_act(row[:14]), row[14], row[15], row[16], row[17].encode()) for row in rows]


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
