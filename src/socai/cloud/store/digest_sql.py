"""The statements of convergence (sync/digest.py), each named, with bucket and tenant fixed in all of them.

They read a whole tenant once and are asked rarely. A row's mark is the first 15 hex digits of the MD5 of its parts
joined by `|`, a group's hash the sum of its marks: what `sync.digest.mark` does in Python.
"""

from __future__ import annotations

from socai.sync.digest import MODULUS

_MINE = "{0}.bucket = %(bucket)s and {0}.tenant = %(tenant)s"
_BRANCH = "(%(all)s or {0}.branch = any(%(branches)s))"


def _hash(*parts: str) -> str:
    """The sum of the marks of rows."""
    text = " || '|' || ".join(f"{part}::text" for part in parts)
    return f"(sum(('x' || substr(md5({text}), 1, 15))::bit(60)::bigint) %% {MODULUS})::bigint"


VOUCHERS = f"""
select 'voucher', v.branch, v.day / 100, count(*), {_hash("v.id", "c.seq", "v.number", "v.day")}, 0
from voucher v join change c on c.kind = 'voucher' and c.id = v.id::text
where {_MINE.format("v")} and {_MINE.format("c")} and not v.deleted and {_BRANCH.format("v")}
group by 2, 3
"""
SETS = f"""
select 'set', s.branch, s.day / 100, count(*), {_hash("s.voucher", "s.book", "s.set_no")}, 0
from entry_set s where {_MINE.format("s")} and s.live = 1 and {_BRANCH.format("s")} group by 2, 3
"""
AMOUNTS = f"""
select 'set', e.branch, e.day / 100, 0, 0, sum(e.amount)::bigint
from entry e where {_MINE.format("e")} and {_BRANCH.format("e")} group by 2, 3
"""
ENTRIES = f"""
select c.kind, '', 0, count(*), {_hash("c.id", "g.seq")}, 0
from catalog_entry c join change g on g.kind = c.kind and g.id = c.id
where {_MINE.format("c")} and {_MINE.format("g")} and not c.deleted group by 1
"""
_MONTH = "case when b.period > 999999 then b.period / 100 else b.period end"
_TURNOVER = ("b.debit", "b.credit", "b.debit_foreign", "b.credit_foreign")
BALANCES = f"""
select 'balance', b.branch, {_MONTH}, count(*),
    {_hash("b.book", "b.dimension", "b.account", "b.currency", "b.detail", "b.period", *_TURNOVER)}, 0
from balance b
where {_MINE.format("b")} and {_BRANCH.format("b")}
    and (b.debit <> 0 or b.credit <> 0 or b.debit_foreign <> 0 or b.credit_foreign <> 0)
group by 2, 3
"""
ALL = (VOUCHERS, SETS, AMOUNTS, ENTRIES, BALANCES)
