"""The statements of feed, snapshot and download, each named, with bucket and tenant fixed in all of them."""

from __future__ import annotations

from socai.books.write import ENTRY_COLUMNS as LEDGER_COLUMNS
from socai.cloud.store.accept_sql import ENTRIES_BY_KEY, ENTRY_COLUMNS, VOUCHER_COLUMNS

_MINE = "bucket = %(bucket)s and tenant = %(tenant)s"

HEAD = f"select seq, timeline::text from tenant where {_MINE}"

# Walks one index from the cursor on; an office limited to branches skips rows on the way.
CHANGED = f"""
select seq, kind, id from change
where {_MINE} and (seq, kind, id) > (%(seq)s, %(kind)s, %(id)s)
    and (%(all)s or branch = '' or branch = any(%(branches)s) or was_in && %(branches)s)
order by seq, kind, id limit %(limit)s
"""

# A voucher is counted under its type: looked up one by one, for as a join the plan reads all vouchers for each change.
# The cast stands in a CASE: ids of catalog entries are no uuids.
AHEAD = f"""
select c.kind, coalesce((
    select v.type from voucher v where v.bucket = %(bucket)s and v.tenant = %(tenant)s
        and v.id = case when c.kind = 'voucher' then c.id::uuid end), ''), count(*)
from (
    select kind, id from change
    where {_MINE} and (seq, kind, id) > (%(seq)s, %(kind)s, %(id)s)
        and (%(all)s or branch = '' or branch = any(%(branches)s) or was_in && %(branches)s)
    order by seq, kind, id limit %(most)s) c
group by 1, 2 order by 1, 2
"""

REHEARD = """
select g.seq, g.kind, g.id
from json_to_recordset(%(rows)s::json) as h(id text, seq bigint)
join change g on g.bucket = %(bucket)s and g.tenant = %(tenant)s and g.kind = 'voucher' and g.id = h.id
where g.seq <> h.seq
    and (%(all)s or g.branch = '' or g.branch = any(%(branches)s) or g.was_in && %(branches)s)
order by g.seq, g.id
"""
# What a book refused and nobody has mended; by the partial index of 0008.
REFUSED = f"""
select seq, kind, id from change
where {_MINE} and kind = 'voucher' and id = any(array(
        select b.voucher::text from voucher_book b
        where b.bucket = %(bucket)s and b.tenant = %(tenant)s and b.faults <> '[]' and b.running = ''))
    and (%(all)s or branch = '' or branch = any(%(branches)s) or was_in && %(branches)s)
order by seq, id
"""
UNKNOWN = """
select h.id from json_to_recordset(%(rows)s::json) as h(id text)
where not exists (
    select 1 from change g
    where g.bucket = %(bucket)s and g.tenant = %(tenant)s and g.kind = 'voucher' and g.id = h.id
        and (%(all)s or g.branch = '' or g.branch = any(%(branches)s) or g.was_in && %(branches)s))
order by h.id
"""

ENTRIES = ENTRIES_BY_KEY

VOUCHERS = f"""
select {VOUCHER_COLUMNS} from voucher v
where v.bucket = %(bucket)s and v.tenant = %(tenant)s and v.id = any(%(ids)s::uuid[])
"""

# Live sets, and what was posted or voided from a seq on; `since` above every seq leaves only the live ones.
SETS = f"""
select voucher::text, book, set_no, version, type, number, voucher_date, day, branch, description, rate, posted_seq,
    voided_seq, posted_at
from entry_set
where {_MINE} and voucher = any(%(ids)s::uuid[])
    and (live = 1 or posted_seq >= %(since)s or voided_seq >= %(since)s)
order by voucher, book, set_no
"""

_LEDGER = ", ".join(f"e.{name}" for name in LEDGER_COLUMNS)
# The order inside is the primary key's: of several indexes that begin with the tenant, it makes this one the cheapest.
LIVE = f"""
select {_LEDGER}
from unnest(%(ids)s::uuid[]) as k(id)
cross join lateral (
    select * from entry x where x.bucket = %(bucket)s and x.tenant = %(tenant)s and x.voucher = k.id
    order by x.book, x.line offset 0) e
order by e.voucher, e.book, e.line
"""
VOID = f"""
select {_LEDGER}
from json_to_recordset(%(rows)s::json) as k(voucher uuid, book text, set_no integer)
cross join lateral (
    select * from entry_history x
    where x.bucket = %(bucket)s and x.tenant = %(tenant)s and x.voucher = k.voucher and x.book = k.book
        and x.set_no = k.set_no offset 0) e
order by e.voucher, e.book, e.set_no, e.line
"""

# When objects changed last. Asked for a whole page at once: where the planner takes the wrong index, it does so once.
SEQS = f"select kind, id, seq from change where {_MINE} and kind = any(%(kinds)s) and id = any(%(ids)s)"

ALL_ENTRIES = f"""
select {ENTRY_COLUMNS}
from catalog_entry c
where c.bucket = %(bucket)s and c.tenant = %(tenant)s and not c.deleted
order by c.kind, c.id
"""

BALANCES = f"""
select book, dimension, branch, account, currency, detail, period, debit, credit, debit_foreign, credit_foreign
from balance
where {_MINE} and (%(all)s or branch = any(%(branches)s))
    and (debit <> 0 or credit <> 0 or debit_foreign <> 0 or credit_foreign <> 0)
order by book, dimension, branch, account, currency, detail, period
"""

_CHOSEN = """v.bucket = %(bucket)s and v.tenant = %(tenant)s and not v.deleted
    and v.day between %(first_day)s and %(last_day)s
    and (%(type)s = '' or v.type = %(type)s) and (%(all)s or v.branch = any(%(branches)s))"""
DOWNLOAD = f"""
select {VOUCHER_COLUMNS} from voucher v
where {_CHOSEN} and (v.day, v.id) > (%(day)s, %(id)s::uuid)
order by v.day, v.id limit %(limit)s
"""
DOWNLOAD_COUNT = f"select count(*) from voucher v where {_CHOSEN}"
