"""The statements of tenants, machines and people, each named."""

from __future__ import annotations

_MINE = "bucket = %(bucket)s and tenant = %(tenant)s"

NEW_CODE = """
insert into tenant_directory (code, bucket) values (%(code)s, %(bucket)s) on conflict do nothing returning tenant
"""
NEW_TENANT = """
insert into tenant (bucket, tenant, code, name, timeline)
values (%(bucket)s, %(tenant)s, %(code)s, %(name)s, %(timeline)s)
"""
NEW_LANE = "insert into lane (bucket, tenant) values (%(bucket)s, %(tenant)s)"

TENANTS = "select bucket, tenant, code from tenant_directory order by code"
FIND_TENANT = "select bucket, tenant, code from tenant_directory where code = %(code)s"
FIND_REPLICA = """
select d.bucket, d.tenant, d.code
from replica_directory r join tenant_directory d on d.tenant = r.tenant where r.replica = %(replica)s
"""
TENANT = f"""
select name, seq, timeline::text, active, (select depth from lane where {_MINE}) from tenant where {_MINE}
"""
SET_TIMELINE = f"""
update tenant set timeline = %(timeline)s,
    seq = greatest(seq + 1, (extract(epoch from clock_timestamp()) * 1000000)::bigint)
where {_MINE}
"""
HEADS = "select tenant, seq from heads(%(bucket)s::smallint, %(tenants)s)"

_REPLICA = "replica::text, name, public_key, epoch, last_n, last_hash, branches, series_mark, state"
REPLICAS = f"select {_REPLICA} from replica where {_MINE} order by name, replica"
ONE_REPLICA = f"select {_REPLICA} from replica where {_MINE} and replica = %(replica)s"
CHANGE_REPLICA = f"""
update replica set epoch = %(epoch)s, last_n = %(last_n)s, last_hash = %(last_hash)s, state = %(state)s
where {_MINE} and replica = %(replica)s
"""
SEEN = f"""
update replica set seen_at = now(), program = case when %(program)s = '' then program else %(program)s end,
    cursor_seq = case when %(cursor_seq)s < 0 then cursor_seq else %(cursor_seq)s end
where {_MINE} and replica = %(replica)s
"""
RECORD = f"""
select n, act_id, sha256, id, result, version, seq, faults::text
from operation
where {_MINE} and replica = %(replica)s and epoch = %(epoch)s and (%(n)s::bigint is null or n = %(n)s::bigint)
order by n desc limit 1
"""

NEW_ENROLMENT = """
insert into enrolment_code (bucket, tenant, code_hash, name, branches, expires_at)
values (%(bucket)s, %(tenant)s, %(code_hash)s, %(name)s, %(branches)s, %(expires_at)s)
"""
USE_ENROLMENT = f"""
update enrolment_code set used_by = %(replica)s
where {_MINE} and code_hash = %(code_hash)s and used_by is null and expires_at >= %(now)s::timestamptz
returning name, branches, expires_at
"""
# The tenant's row is locked while a series mark is drawn, so that no two machines get the same.
LOCK_TENANT = f"select seq from tenant where {_MINE} for no key update"
NEW_REPLICA = """
insert into replica (bucket, tenant, replica, name, public_key, branches, series_mark)
values (%(bucket)s, %(tenant)s, %(replica)s, %(name)s, %(public_key)s, %(branches)s, %(series_mark)s)
"""
NEW_REPLICA_PLACE = """
insert into replica_directory (replica, bucket, tenant) values (%(replica)s, %(bucket)s, %(tenant)s)
"""

PEOPLE = f"select login, name, password_hash, role, branches, active from person where {_MINE} order by login"
SAVE_PERSON = """
insert into person (bucket, tenant, login, name, password_hash, role, branches, active, changed_by)
values (%(bucket)s, %(tenant)s, %(login)s, %(name)s, %(password_hash)s, %(role)s, %(branches)s, %(active)s, %(by)s)
on conflict (bucket, tenant, login) do update set name = excluded.name, password_hash = excluded.password_hash,
    role = excluded.role, branches = excluded.branches, active = excluded.active, changed_by = excluded.changed_by,
    changed_at = now()
"""
