"""The statements of accept, each named, with bucket and tenant fixed in all of them.

Rows come as one JSON array a statement; inserts are anchored on the tenant's row. Sets of things are read and locked in
key order, so that two batches of one tenant may wait for each other but never in a ring.

Stored rows are found by keys given as arrays, or in a lateral subquery with `offset 0`, never by a plain join: the
planner cannot know how many rows one tenant of many has, and a join lets it read all of them to find a hundred.
"""

from __future__ import annotations

_MINE = "bucket = %(bucket)s and tenant = %(tenant)s"
_TENANT = "tenant t cross join json_to_recordset(%(rows)s::json)"
_AT = "t.bucket = %(bucket)s and t.tenant = %(tenant)s"

# --- the frame ------------------------------------------------------------------------------------------------------

# One batch of a replica at a time; a doubled request waits here and then finds everything recorded.
REPLICA = f"""
select replica::text, name, public_key, epoch, last_n, last_hash, branches, series_mark, state, now(),
    (select timeline::text from tenant where {_MINE})
from replica where {_MINE} and replica = %(replica)s for no key update
"""

PEOPLE = f"select login, name, password_hash, role, branches, active from person where {_MINE} order by login"

FRAME_BODIES = f"""
select kind, body::text from catalog_entry where {_MINE} and kind = any(%(kinds)s) and not deleted order by kind, id
"""

RECORDED = f"""
select n, act_id, sha256, id, result, version, seq, faults::text, epoch
from operation where {_MINE} and replica = %(replica)s and epoch = %(epoch)s and n = any(%(numbers)s)
"""

EARLIER = f"""
select n, act_id, sha256, id, result, version, seq, faults::text, epoch
from operation
where {_MINE} and replica = %(replica)s and epoch < %(epoch)s and act_id = any(%(acts)s)
order by epoch, n
"""

# --- objects --------------------------------------------------------------------------------------------------------

ENTRY_COLUMNS = "c.kind, c.id, c.version, c.code_key, c.body::text, c.author, c.at, c.used, c.deleted"

ENTRIES_BY_KEY = f"""
select {ENTRY_COLUMNS}
from catalog_entry c
where c.bucket = %(bucket)s and c.tenant = %(tenant)s and c.kind = any(%(kinds)s) and c.id = any(%(ids)s)
order by c.kind, c.id
"""

ENTRIES_LOCKED = f"{ENTRIES_BY_KEY} for no key update of c"

# Entries that are only named are not locked: what matters of them is checked again when they become `used`.
ENTRIES_NAMED = ENTRIES_BY_KEY

CODES = """
select x.kind, x.code_key, c.id
from json_to_recordset(%(rows)s::json) as x(kind text, code_key text)
cross join lateral (
    select id from catalog_entry c
    where c.bucket = %(bucket)s and c.tenant = %(tenant)s and c.kind = x.kind and c.code_key = x.code_key
        and not c.deleted and c.code_key <> '' offset 0) c
"""

VOUCHER_COLUMNS = (
    "v.id::text, v.version, v.body_version, v.type, v.branch, v.number, v.series, v.day, v.body::text, v.author, v.at, "
    "v.was_in, v.deleted"
)

VOUCHERS_LOCKED = f"""
select {VOUCHER_COLUMNS} from voucher v
where v.bucket = %(bucket)s and v.tenant = %(tenant)s and v.id = any(%(ids)s::uuid[]) order by v.id for no key update
"""

BOOKS = f"""
select voucher::text, book, asked, posted, running, work, set_no, version, fault_act, faults::text, posted_at
from voucher_book where {_MINE} and voucher = any(%(ids)s::uuid[]) order by voucher, book
"""

# Locked, because what is decided depends on them and the poster writes them without looking at the voucher.
BOOKS_LOCKED = f"{BOOKS} for no key update"

STRETCH = f"""
select id::text from voucher
where {_MINE} and type = %(type)s and day between %(first_day)s and %(last_day)s and number <> '' and not deleted
    and (%(branch)s = '' or branch = %(branch)s) and (%(fund)s = '' or body->>'fund' = %(fund)s)
order by id limit %(limit)s
"""

NUMBERS = """
select x.series, x.number, m.voucher::text
from json_to_recordset(%(rows)s::json) as x(series text, number text)
cross join lateral (
    select voucher from number_taken m
    where m.bucket = %(bucket)s and m.tenant = %(tenant)s and m.series = x.series and m.number = x.number offset 0) m
"""

# --- writing --------------------------------------------------------------------------------------------------------

_VOUCHER_RECORD = (
    "x(id uuid, version integer, body_version integer, type text, branch text, was_in text[], number text, "
    "series text, day integer, body json, deleted boolean, author text)"
)

NEW_VOUCHERS = f"""
insert into voucher (bucket, tenant, id, version, body_version, type, branch, was_in, number, series, day, body,
    deleted, author, at)
select t.bucket, t.tenant, x.id, x.version, x.body_version, x.type, x.branch, x.was_in, x.number, x.series, x.day,
    x.body, x.deleted, x.author, now()
from {_TENANT} as {_VOUCHER_RECORD} where {_AT} order by x.id
on conflict do nothing
"""

CHANGED_VOUCHERS = f"""
update voucher v set version = x.version, body_version = x.body_version, branch = x.branch, was_in = x.was_in,
    number = x.number, series = x.series, day = x.day, body = x.body, deleted = x.deleted, author = x.author, at = now()
from json_to_recordset(%(rows)s::json) as {_VOUCHER_RECORD}
where v.bucket = %(bucket)s and v.tenant = %(tenant)s and v.id = x.id and v.id = any(%(ids)s::uuid[])
"""

VOUCHER_HISTORY = f"""
insert into voucher_version (bucket, tenant, id, version, type, branch, number, day, body, deleted, author, at)
select t.bucket, t.tenant, x.id, x.version, x.type, x.branch, x.number, x.day, x.body, x.deleted, x.author, x.at
from {_TENANT} as x(id uuid, version integer, type text, branch text, number text, day integer, body json,
    deleted boolean, author text, at timestamptz)
where {_AT}
"""

_ENTRY_RECORD = (
    "x(kind text, id text, version integer, code_key text, body json, used boolean, deleted boolean, author text)"
)

NEW_ENTRIES = f"""
insert into catalog_entry (bucket, tenant, kind, id, version, code_key, body, used, deleted, author, at)
select t.bucket, t.tenant, x.kind, x.id, x.version, x.code_key, x.body, x.used, x.deleted, x.author, now()
from {_TENANT} as {_ENTRY_RECORD} where {_AT} order by x.kind, x.id
on conflict do nothing
"""

CHANGED_ENTRIES = f"""
update catalog_entry c set version = x.version, code_key = x.code_key, body = x.body, used = x.used,
    deleted = x.deleted, author = x.author, at = now()
from json_to_recordset(%(rows)s::json) as {_ENTRY_RECORD}
where c.bucket = %(bucket)s and c.tenant = %(tenant)s and c.kind = x.kind and c.id = x.id
    and c.kind = any(%(kinds)s) and c.id = any(%(ids)s)
"""

ENTRY_HISTORY = f"""
insert into catalog_version (bucket, tenant, kind, id, version, body, deleted, author, at)
select t.bucket, t.tenant, x.kind, x.id, x.version, x.body, x.deleted, x.author, x.at
from {_TENANT} as x(kind text, id text, version integer, body json, deleted boolean, author text, at timestamptz)
where {_AT}
"""

# Fewer rows than asked for: one of them was deleted since it was read, so the batch is judged again.
USED = """
update catalog_entry c set used = true
from json_to_recordset(%(rows)s::json) as x(kind text, id text)
where c.bucket = %(bucket)s and c.tenant = %(tenant)s and c.kind = x.kind and c.id = x.id and not c.deleted
    and c.kind = any(%(kinds)s) and c.id = any(%(ids)s)
"""

FREED_NUMBERS = """
delete from number_taken m using json_to_recordset(%(rows)s::json) as x(series text, number text, voucher uuid)
where m.bucket = %(bucket)s and m.tenant = %(tenant)s and m.series = x.series and m.number = x.number
    and m.voucher = x.voucher and m.series = any(%(series)s) and m.number = any(%(numbers)s)
"""

TAKEN_NUMBERS = f"""
insert into number_taken (bucket, tenant, series, number, voucher)
select t.bucket, t.tenant, x.series, x.number, x.voucher
from {_TENANT} as x(series text, number text, voucher uuid) where {_AT} order by x.series, x.number
on conflict do nothing
"""

# Work is numbered in the order of the batch; the books' states learn the number of their newest piece.
WORK_AND_BOOKS = f"""
with w as (
    insert into work (bucket, tenant, voucher, book, act, version, asked, answered, author, act_id)
    select t.bucket, t.tenant, x.voucher, x.book, x.act, x.version, x.asked, x.answered, x.author, x.act_id
    from tenant t cross join json_to_recordset(%(work)s::json) as x(at integer, voucher uuid, book text, act text,
        version integer, asked boolean, answered text[], author text, act_id text)
    where {_AT} order by x.at
    returning n, voucher, book
)
insert into voucher_book (bucket, tenant, voucher, book, asked, posted, running, work, set_no, version, fault_act,
    faults, posted_at)
select t.bucket, t.tenant, x.voucher, x.book, x.asked, x.posted, x.running,
    case when x.work < 0 then (select max(w.n) from w where w.voucher = x.voucher and w.book = x.book) else x.work end,
    x.set_no, x.version, x.fault_act, x.faults, x.posted_at
from {_TENANT} as x(voucher uuid, book text, asked boolean, posted boolean, running text, work bigint, set_no integer,
    version integer, fault_act text, faults jsonb, posted_at timestamptz)
where {_AT} order by x.voucher, x.book
on conflict (bucket, tenant, voucher, book) do update set asked = excluded.asked, running = excluded.running,
    work = excluded.work, fault_act = excluded.fault_act, faults = excluded.faults
"""

# sync/lane.py, `enqueue`: an idle lane comes in at the bucket's present time.
ENQUEUE = f"""
update lane set depth = depth + %(count)s, settings_version = settings_version + %(settings)s,
    virtual_time = case when depth = 0 and %(count)s > 0
        then greatest(virtual_time, lane_floor(%(bucket)s::smallint)) else virtual_time end
where {_MINE} returning depth
"""

DEPTH = f"select depth from lane where {_MINE}"

_LOG_COLUMNS = (
    "replica, epoch, n, act_id, sha256, author, made_at, kind, object_kind, id, act, base_version, base_operation, "
    "books, post_to, answered, result, version, faults, body"
)
_LOG_RECORD = (
    "x(replica uuid, epoch integer, n bigint, act_id text, sha256 text, author text, made_at text, kind text, "
    "object_kind text, id text, act text, base_version integer, base_operation bigint, books text[], post_to text[], "
    "answered text[], result text, version integer, faults jsonb, body text, seq bigint, now boolean)"
)
_LOG_VALUES = ", ".join(f"x.{name.strip()}" for name in _LOG_COLUMNS.split(","))
_LAST = f"""update replica set last_n = %(last_n)s, last_hash = %(last_hash)s, seen_at = now()
    where {_MINE} and replica = %(replica)s"""

_NEXT_SEQ = f"""with t as (
    update tenant set seq = seq + 1 where {_MINE} returning bucket, tenant, seq
), c as (
    insert into change (bucket, tenant, kind, id, seq, branch, was_in)
    select t.bucket, t.tenant, x.kind, x.id, t.seq, x.branch, x.was_in
    from t cross join json_to_recordset(%(changed)s::json) as x(kind text, id text, branch text, was_in text[])
    on conflict (bucket, tenant, kind, id) do update
        set seq = excluded.seq, branch = excluded.branch, was_in = excluded.was_in
)"""

# The last statement: the counter, the change rows and the log, in one round under the tenant's row lock.
COMMIT_CHANGES = f"""
{_NEXT_SEQ}, r as ({_LAST}), o as (
    insert into operation (bucket, tenant, {_LOG_COLUMNS}, arrived_at, seq)
    select t.bucket, t.tenant, {_LOG_VALUES}, now(), case when x.now then t.seq else x.seq end
    from t cross join json_to_recordset(%(rows)s::json) as {_LOG_RECORD}
)
select seq from t
"""

# The same without operations: what the cloud did itself.
COMMIT_DIRECT = f"""
{_NEXT_SEQ}
select seq from t
"""

# Nothing changed, only answers to keep: the counter stays, and nobody is woken.
COMMIT_LOG = f"""
with r as ({_LAST})
insert into operation (bucket, tenant, {_LOG_COLUMNS}, arrived_at, seq)
select t.bucket, t.tenant, {_LOG_VALUES}, now(), x.seq
from {_TENANT} as {_LOG_RECORD} where {_AT}
"""

QUARANTINE = f"update replica set state = 'quarantined' where {_MINE} and replica = %(replica)s"
