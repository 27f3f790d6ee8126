"""The statements of the lane and the poster, each named, with the bucket fixed in all of them.

Times are milliseconds of the database's clock. A lane is served under a fence: SETTLE changes nothing for a claim that
has passed to somebody else.

Stored rows are found by keys given as arrays, or in a lateral subquery with `offset 0`, never by a plain join: the
planner cannot know how many rows one tenant of many has, and a join lets it read all of them for each turn.
"""

from __future__ import annotations

from socai.books.write import NewSet
from socai.sync.lane import COST_OF_WORK, QUANTUM_WORK_MAX, VIRTUAL_SCALE

HASTY = b"set local synchronous_commit = off"
STALL = b"set local idle_in_transaction_session_timeout = 10000"

_NOW = "(extract(epoch from clock_timestamp()) * 1000)::bigint"
_CLAIMABLE = f"depth > 0 and ready_at <= {_NOW} and lease_until <= {_NOW}"
_MINE = "bucket = %(bucket)s and tenant = %(tenant)s"
_TURN = f"least(depth, {QUANTUM_WORK_MAX})::bigint * {COST_OF_WORK * VIRTUAL_SCALE}"
_DUE = f"virtual_time + {_TURN} / greatest(weight, 1)"  # sync/lane.py: due

WAITING_BUCKETS = "select distinct bucket from lane where depth > 0"

# The next lane of a bucket (sync/lane.py: next_lane, claim). Others claiming at once take the one behind it.
CLAIM = f"""
update lane set fence = fence + 1, holder = %(holder)s, lease_until = {_NOW} + %(lease)s
where bucket = %(bucket)s and tenant = (
    select tenant from lane
    where bucket = %(bucket)s and {_CLAIMABLE} and (%(below)s::bigint is null or {_DUE} < %(below)s::bigint)
    order by {_DUE}, tenant limit 1 for no key update skip locked)
returning tenant, fence, virtual_time, weight, depth
"""

RELEASE = f"update lane set lease_until = 0 where {_MINE} and fence = %(fence)s and holder = %(holder)s"

LET_GO = """
update lane set lease_until = 0 where bucket = %(bucket)s and depth > 0 and holder = %(holder)s and lease_until > 0
"""

# sync/lane.py: postpone.
POSTPONE = f"""
update lane set lease_until = 0, failures = failures + 1,
    ready_at = {_NOW} + %(least)s + (%(jitter)s * least(%(least)s::bigint << least(failures, 20), %(most)s))::bigint
where {_MINE} and fence = %(fence)s and holder = %(holder)s
"""

# Work in order with its voucher and its book's state; beside each the lane's settings version, whether another lane of
# the bucket waits, and so how much may be taken (one more is read, to know whether more follows). Ends before the
# bodies get too large, though never empty for that; the last column of the last row then says that more follows.
LOOK = f"""
with here as materialized (
    select l.settings_version, o.others, case when o.others then %(limit)s else %(lone_limit)s end as most
    from lane l cross join lateral (
        select exists (select from lane x where x.bucket = %(bucket)s and x.tenant <> %(tenant)s and x.depth > 0
                       and x.ready_at <= {_NOW} and x.lease_until <= {_NOW}) as others) o
    where l.bucket = %(bucket)s and l.tenant = %(tenant)s
), queue as (
    select * from work where bucket = %(bucket)s and tenant = %(tenant)s and n > %(after)s
    order by n limit (select most + 1 from here)
), sized as (
    select q.n, q.voucher, q.book, q.act, q.version, q.author, q.asked, q.answered, q.act_id,
        v.type, v.body_version, v.deleted, v.body, sum(pg_column_size(v.body)) over (order by q.n) as bytes,
        pg_column_size(v.body) as own
    from queue q left join lateral (
        select * from voucher w
        where w.bucket = %(bucket)s and w.tenant = %(tenant)s and w.id = q.voucher offset 0) v on true
)
select s.n, s.voucher::text, s.book, s.act, s.version, s.author, s.asked, s.answered, s.act_id,
    s.type, s.body_version, s.deleted, case when s.act in ('post', 'replace') then s.body::text end,
    coalesce(b.posted, false), b.set_no, b.version,
    case when s.act = 'delete' then array(
        select o.book from voucher_book o
        where o.bucket = %(bucket)s and o.tenant = %(tenant)s and o.voucher = s.voucher and o.posted) end,
    here.settings_version, here.others, here.most, coalesce(s.bytes > %(bytes)s, false)
from sized s cross join here
left join lateral (
    select * from voucher_book w
    where w.bucket = %(bucket)s and w.tenant = %(tenant)s and w.voucher = s.voucher and w.book = s.book offset 0
) b on true
where s.own is null or s.bytes - s.own <= %(bytes)s
order by s.n
"""

SETTINGS = """
select l.settings_version, c.kind, c.body::text
from lane l
left join catalog_entry c on c.bucket = %(bucket)s and c.tenant = %(tenant)s and c.kind = any(%(kinds)s)
    and not c.deleted
where l.bucket = %(bucket)s and l.tenant = %(tenant)s
order by c.kind, c.id
"""

EXISTING = """
select c.kind, c.id from json_to_recordset(%(pairs)s::json) as x(kind text, id text)
cross join lateral (
    select kind, id from catalog_entry e
    where e.bucket = %(bucket)s and e.tenant = %(tenant)s and e.kind = x.kind and e.id = x.id and not e.deleted
    offset 0) c
"""

# Money balances by day: what was added before the first day asked for as one sum under day 0, then each day.
# A side counts in its own currency: đồng in `debit`, other money in `debit_foreign`.
MONEY = """
select b.book, b.branch, b.account, b.currency, b.detail,
    case when b.period < x.first then 0 else b.period end as day,
    sum(case when b.currency = 'VND' then b.debit - b.credit else b.debit_foreign - b.credit_foreign end)::bigint
from json_to_recordset(%(keys)s::json)
    as x(book text, branch text, account text, currency text, detail text, first int)
cross join lateral (
    select * from balance e
    where e.bucket = %(bucket)s and e.tenant = %(tenant)s and e.book = x.book and e.dimension = %(dimension)s
        and e.branch = x.branch and e.account = x.account and e.currency = x.currency and e.detail = x.detail
    offset 0) b
group by 1, 2, 3, 4, 5, 6
"""

# Which posted vouchers declare an input invoice, by whole keys.
INVOICES = """
select i.book, i.invoice, i.voucher::text, i.number
from json_to_recordset(%(keys)s::json) as x(book text, invoice text)
cross join lateral (
    select * from invoice_posted e
    where e.bucket = %(bucket)s and e.tenant = %(tenant)s and e.invoice = x.invoice and e.book = x.book
    offset 0) i
"""
INVOICES_DECLARED = """
insert into invoice_posted (bucket, tenant, voucher, book, invoice, number)
select t.bucket, t.tenant, x.voucher, x.book, x.invoice, x.number
from tenant t cross join json_to_recordset(%(rows)s::json) as x(voucher uuid, book text, invoice text, number text)
where t.bucket = %(bucket)s and t.tenant = %(tenant)s
"""
INVOICES_GONE = """
with k as materialized (select * from json_to_recordset(%(voids)s::json) as k(voucher uuid, book text))
delete from invoice_posted i using k
where i.bucket = %(bucket)s and i.tenant = %(tenant)s and i.voucher = any(array(select voucher from k))
    and i.voucher = k.voucher and i.book = k.book
"""

DELETE_VOUCHERS = f"update voucher set deleted = true where {_MINE} and id = any(%(vouchers)s::uuid[])"
# Numbers have no index by voucher, so that taking one stays cheap; the vouchers themselves say which are theirs.
DELETE_NUMBERS = f"""
with v as materialized (
    select id, series, number from voucher where {_MINE} and id = any(%(vouchers)s::uuid[]) and number <> ''
)
delete from number_taken where {_MINE} and series = any(array(select series from v))
    and number = any(array(select number from v)) and voucher = any(%(vouchers)s::uuid[])
"""

# Book states. What is posted is always written; what runs and what failed only by the newest work of that book. A book
# whose work was taken back since it was looked at (the voucher deleted, or saved without the wish) is not entered:
# it is missing in what comes back, and the turn is looked at again.
STATES = """
with x as materialized (
    select * from json_to_recordset(%(states)s::json) as x(voucher uuid, book text, work bigint, posted boolean,
        set_no int, version int, fault_act text, faults jsonb, enters boolean)
)
update voucher_book b set
    posted = x.posted, set_no = x.set_no, version = x.version,
    posted_at = case when x.posted and x.set_no <> b.set_no then now() when x.posted then b.posted_at end,
    running = case when b.work = x.work then '' else b.running end,
    fault_act = case when b.work = x.work then x.fault_act else b.fault_act end,
    faults = case when b.work = x.work then x.faults else b.faults end
from x
where b.bucket = %(bucket)s and b.tenant = %(tenant)s and b.voucher = any(array(select voucher from x))
    and b.voucher = x.voucher and b.book = x.book and (not x.enters or b.work >= x.work)
returning x.enters
"""

DONE = f"delete from work where {_MINE} and n = any(%(done)s)"

# sync/lane.py: holds, settle. The fence decides; an older settings version means that something was decided wrongly.
SETTLE = f"""
update lane set depth = greatest(depth - %(done)s, 0), virtual_time = virtual_time + %(charge)s,
    failures = 0, ready_at = 0,
    lease_until = case when %(lease)s > 0 then {_NOW} + %(lease)s else 0 end
where {_MINE} and fence = %(fence)s and holder = %(holder)s and settings_version = %(settings_version)s
returning 1
"""

STILL_HELD = f"select 1 from lane where {_MINE} and fence = %(fence)s and holder = %(holder)s"

_SET_TYPES = {
    "voucher": "uuid",
    "book": "text",
    "set_no": "int",
    "version": "int",
    "type": "text",
    "number": "text",
    "voucher_date": "int",
    "day": "int",
    "branch": "text",
    "description": "text",
    "rate": "text",
}
_SET_NAMES = ", ".join(_SET_TYPES)


def set_record(posted: NewSet) -> dict[str, object]:
    """A set's own row, but for what the database adds when it is stamped."""
    return {name: getattr(posted, name) for name in _SET_TYPES}


# The last statement: the tenant's next seq, and with it the sets that came and went and one change row per voucher.
# Accept has written a change row for every voucher, so it is there to be moved on.
FINISH = f"""
with t as (
    update tenant set seq = seq + 1 where {_MINE} returning bucket, tenant, seq
), posted as (
    insert into entry_set (bucket, tenant, {_SET_NAMES}, posted_seq, voided_seq, live, posted_at)
    select t.bucket, t.tenant, {", ".join(f"x.{name}" for name in _SET_TYPES)}, t.seq, 0, 1,
        to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
    from t cross join json_to_recordset(%(sets)s::json) as x({", ".join(f"{n} {k}" for n, k in _SET_TYPES.items())})
), k as materialized (
    select * from json_to_recordset(%(voids)s::json) as k(voucher uuid, book text, set_no int)
), voided as (
    update entry_set s set live = 0, voided_seq = t.seq, voided_at = now()
    from t cross join k
    where s.bucket = %(bucket)s and s.tenant = %(tenant)s and s.voucher = any(array(select voucher from k))
        and s.voucher = k.voucher and s.book = k.book and s.set_no = k.set_no and s.live = 1
)
update change c set seq = t.seq from t
where c.bucket = %(bucket)s and c.tenant = %(tenant)s and c.kind = 'voucher' and c.id = any(%(changed)s::text[])
"""
