"""Shared number series on PostgreSQL: every statement named, with bucket and tenant fixed in all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import psycopg

from socai.cloud.store.connection import Connection
from socai.cloud.store.number import Stretch
from socai.cloud.store.postgres_accept import iso, replica_row
from socai.cloud.store.row import ReplicaRow, TenantRef
from socai.core.number_use import DELETED, RENUMBERED, USED, Use
from socai.sync.message import NumberNote
from socai.sync.number import Lease

Row = tuple[Any, ...]

_MINE = "bucket = %(bucket)s and tenant = %(tenant)s"
_KEY = "%(bucket)s, %(tenant)s"

REPLICA = f"""
select replica::text, name, public_key, epoch, last_n, last_hash, branches, series_mark, state
from replica where {_MINE} and replica = %(replica)s for no key update
"""
COMPANY = f"select body::text from catalog_entry where {_MINE} and kind = 'company' and id = 'company' and not deleted"

# The row is made first, so that two who ask at once wait for each other here.
NEW_SERIES = f"""
insert into number_series (bucket, tenant, series) values ({_KEY}, %(series)s) on conflict do nothing returning series
"""
LAST = f"select last from number_series where {_MINE} and series = %(series)s for update"
SET_LAST = f"update number_series set last = %(last)s where {_MINE} and series = %(series)s"

LEASES = f"""
select series, first, last, coalesce(replica::text, ''), epoch, state
from number_lease where {_MINE} and series = %(series)s order by first
"""
KEEP_LEASE = f"""
insert into number_lease (bucket, tenant, series, first, last, replica, epoch, state)
values ({_KEY}, %(series)s, %(first)s, %(last)s, nullif(%(replica)s, '')::uuid, %(epoch)s, %(state)s)
on conflict (bucket, tenant, series, first) do update
    set last = excluded.last, replica = excluded.replica, epoch = excluded.epoch, state = excluded.state, at = now()
"""
DROP_LEASES = f"""
update number_lease set state = 'dropped'
where {_MINE} and replica = %(replica)s and epoch < %(epoch)s and state = 'leased'
"""
TAKEN = f"select number from number_taken where {_MINE} and series = %(series)s and number = any(%(numbers)s)"

NEW_NOTES = f"""
insert into number_note (bucket, tenant, replica, epoch, n, series, number, fate, voucher, successor, author, made_at)
values ({_KEY}, %(replica)s, %(epoch)s, %(n)s, %(series)s, %(number)s, %(fate)s, %(voucher)s, %(to)s, %(user)s, %(at)s)
on conflict do nothing
"""
NOTES = f"""
select number, fate, voucher, author, made_at, successor from number_note where {_MINE} and series = %(series)s
order by made_at, n
"""
_STRETCH = """
type = %(type)s and day between %(first_day)s and %(last_day)s and number <> ''
    and (%(branch)s = '' or branch = %(branch)s) and (%(fund)s = '' or body->>'fund' = %(fund)s)
"""
VOUCHERS = f"select id::text, number, deleted, author, at from voucher where {_MINE} and {_STRETCH} order by id"
BEFORE = f"""
select distinct h.id::text, h.number, v.number, v.author, v.at
from (select id, number from voucher_version where {_MINE} and {_STRETCH}) h
join voucher v on v.bucket = %(bucket)s and v.tenant = %(tenant)s and v.id = h.id
where h.number <> v.number or not exists (
    select 1 from voucher where {_MINE} and id = h.id and {_STRETCH})
"""


class PostgresNumbering:
    """See Numbering. Lives inside one open transaction of one tenant."""

    def __init__(self, connection: Connection, ref: TenantRef) -> None:
        self._connection = connection
        self._owner: dict[str, object] = {"bucket": ref.bucket, "tenant": ref.tenant}

    def replica(self, replica: str) -> tuple[ReplicaRow, Mapping[str, object]] | None:
        """See Numbering."""
        rows = self._read(REPLICA, replica=replica)
        if not rows:
            return None
        company = self._read(COMPANY)
        return replica_row(rows[0]), msgspec.json.decode(company[0][0]) if company else {}

    def last(self, series: str) -> int | None:
        """See Numbering."""
        made = self._read(NEW_SERIES, series=series)
        found = int(self._read(LAST, series=series)[0][0])
        return None if made else found

    def leases(self, series: str) -> list[Lease]:
        """See Numbering."""
        return [Lease(*row) for row in self._read(LEASES, series=series)]

    def taken(self, series: str, numbers: Sequence[str]) -> set[str]:
        """See Numbering."""
        return {row[0] for row in self._read(TAKEN, series=series, numbers=list(numbers))}

    def keep(self, series: str, leases: Iterable[Lease], last: int) -> None:
        """See Numbering."""
        for lease in leases:
            self._run(KEEP_LEASE, **{name: getattr(lease, name) for name in lease.__slots__})
        self._run(SET_LAST, series=series, last=last)

    def drop(self, replica: str, epoch: int) -> None:
        """See Numbering."""
        self._run(DROP_LEASES, replica=replica, epoch=epoch)

    def note(self, replica: str, epoch: int, notes: Sequence[NumberNote]) -> None:
        """See Numbering."""
        for note in notes:
            given = {name: getattr(note, name) for name in note.__struct_fields__}
            self._run(NEW_NOTES, replica=replica, epoch=epoch, **given)

    def uses(self, series: str, stretch: Stretch) -> list[Use]:
        """See Numbering."""
        given = {name: getattr(stretch, name) for name in stretch.__slots__}
        found = [
            Use(number, DELETED if deleted else USED, ident, author, iso(at))
            for ident, number, deleted, author, at in self._read(VOUCHERS, **given)
        ]
        found += [
            Use(number, RENUMBERED, ident, author, iso(at), now)
            for ident, number, now, author, at in self._read(BEFORE, **given)
        ]
        return found + [Use(*row) for row in self._read(NOTES, series=series)]

    def _read(self, statement: str, **values: object) -> list[Row]:
        return self._run(statement, **values).fetchall()

    def _run(self, statement: str, **values: object) -> psycopg.Cursor[Row]:
        return self._connection.execute(statement.encode(), {**self._owner, **values})
