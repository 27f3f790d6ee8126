"""Books of any size for the benches: believable bodies of every voucher type, and posted books multiplied set-based.

Nothing here names a voucher type: bodies are made from what the specs declare.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import msgspec
import psycopg

from socai.base.ident import make_ident
from socai.core import spec as language
from socai.core.account import Chart
from socai.core.company import decimals_of
from socai.core.entry import DETAILS, FINANCIAL
from socai.core.spec import VoucherSpec
from socai.core.voucher import parse_voucher
from socai.registry import chart_for, regimes, voucher_types

BRANCHES, PARTNERS, FUNDS, BANK_ACCOUNTS, EXPENSE_ITEMS, DEPARTMENTS = 3, 2_000, 3, 4, 40, 15
FIRST_DAY = date(2026, 1, 1)
LAST_DAY = date(2026, 12, 31)
DAYS = 320
LINES = 5
FIRST_RECEIPTS = 400
MILLISECONDS_A_DAY = 86_400_000
MILLISECONDS_FIRST = 1_767_225_600_000  # 1 January 2026, UTC

_encode = msgspec.json.Encoder().encode


@dataclass
class Sample:
    """A company's catalogs and a seeded source of bodies."""

    seed: int = 1
    partners: int = PARTNERS
    chance: random.Random = field(init=False)
    chart: Chart = field(init=False)
    catalogs: dict[str, list[str]] = field(init=False)
    made: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.regime = next(iter(regimes()))
        self.chart = chart_for(self.regime)
        counts = {
            "branch": BRANCHES,
            "partner": self.partners,
            "fund": FUNDS,
            "bank_account": BANK_ACCOUNTS,
            "expense_item": EXPENSE_ITEMS,
            "department": DEPARTMENTS,
        }
        self.catalogs = {kind: [self.ident() for _ in range(count)] for kind, count in counts.items()}
        every = [known.spec for known in voucher_types().values()]
        self.specs = [
            spec for spec in every if not spec.before_books and not (spec.debit_accounts and spec.credit_accounts)
        ]

    def ident(self, day: date = FIRST_DAY) -> str:
        """The next id, made on a day: vouchers are typed about when they are dated, and so come in the order of ids."""
        self.made += 1
        milliseconds = MILLISECONDS_FIRST + (day - FIRST_DAY).days * MILLISECONDS_A_DAY + self.made
        return make_ident(milliseconds, self.chance.randbytes(10))

    def entries(self) -> Iterator[tuple[str, str, dict[str, object]]]:
        """(kind, id, body) of every catalog entry the books need."""
        company = {"name": "Công ty TNHH Đo Tốc Độ", "books_first_day": FIRST_DAY.isoformat()}
        year = {"code": "2026", "first_day": FIRST_DAY.isoformat(), "last_day": LAST_DAY.isoformat()}
        yield "company", "company", dict[str, object](company)
        yield "fiscal_year", "2026", {**year, "regime": self.regime}
        for kind, ids in self.catalogs.items():
            for at, ident in enumerate(ids):
                yield kind, ident, {"code": f"{kind[:2].upper()}{at:05d}", "name": f"{kind} {at}", "active": True}

    def bodies(self, count: int) -> Iterator[tuple[str, VoucherSpec, dict[str, object]]]:
        """(id, spec, normal body) of vouchers of LINES lines, dated over the year, the types in turn."""
        decimals = decimals_of(())
        for at in range(count):
            spec = self.specs[at % len(self.specs)]
            body, faults = parse_voucher(spec, self._raw(spec, at), decimals)
            if faults:
                raise AssertionError(f"a sample body of {spec.code} is refused: {faults[0]}")
            yield self.ident(date.fromisoformat(str(body["accounting_date"]))), spec, body

    def _raw(self, spec: VoucherSpec, at: int) -> dict[str, object]:
        chance = self.chance
        early = at < FIRST_RECEIPTS and bool(spec.debit_accounts)  # money has to come in before it goes out
        day = (FIRST_DAY if early else FIRST_DAY + timedelta(chance.randrange(DAYS))).isoformat()
        raw: dict[str, object] = {
            "branch": chance.choice(self.catalogs["branch"]),
            "number": f"{spec.numbering.prefix}{at:06d}",
            "voucher_date": day,
            "accounting_date": day,
        }
        for item in spec.header:
            if item.kind in language.CATALOG_CELLS and item.name != "employee":
                raw[item.name] = chance.choice(self.catalogs[item.kind])
            elif item.name == "description":
                raw[item.name] = f"Thanh toán theo hợp đồng số {chance.randrange(10_000)}/2026"
            elif item.name == "partner_name":
                raw[item.name] = "Công ty Cổ phần Thương mại Hoàng Long"
        grid = spec.grids[0]
        raw[grid.name] = [self._line(spec, {column.name for column in grid.columns}) for _ in range(LINES)]
        return raw

    def _line(self, spec: VoucherSpec, columns: set[str]) -> dict[str, object]:
        """A line between the type's own group of accounts and a cost or a debt; money in is larger than money out."""
        chance, role = self.chance, self.chart.role
        cost, debt = role("admin_expense"), role("receivable")
        debit = role(spec.debit_accounts[0]) if spec.debit_accounts else cost
        credit = role(spec.credit_accounts[0]) if spec.credit_accounts else debt
        amount = chance.randrange(10_000, 9_000_000) * (10 if spec.debit_accounts else 1)
        line: dict[str, object] = {
            "debit_account": debit,
            "credit_account": credit,
            "amount": str(amount),
            "description": f"Khoản chi tiết {chance.randrange(1_000)}",
            "expense_item": chance.choice(self.catalogs["expense_item"]),
            "department": chance.choice(self.catalogs["department"]),
        }
        return {name: value for name, value in line.items() if name in columns}


# --- straight into the tables: what accept would have written ---------------------------------------------------------

_AT = "from tenant t cross join json_to_recordset(%(rows)s::json)"
_MINE = "where t.bucket = %(bucket)s and t.tenant = %(tenant)s"

CATALOG = f"""
with made as (
    insert into catalog_entry (bucket, tenant, kind, id, version, code_key, body, used, author, at)
    select t.bucket, t.tenant, x.kind, x.id, 1, x.id, x.body, true, 'bench', now()
    {_AT} as x(kind text, id text, body jsonb) {_MINE}
    returning bucket, tenant, kind, id
)
insert into change (bucket, tenant, kind, id, seq, branch) select bucket, tenant, kind, id, 1, '' from made
"""
VOUCHERS = f"""
with made as (
    insert into voucher (bucket, tenant, id, version, body_version, type, branch, number, day, body, author, at)
    select t.bucket, t.tenant, x.id, 1, 1, x.type, x.branch, x.number, x.day, x.body, 'bench', now()
    {_AT} as x(id uuid, type text, branch text, number text, day int, body jsonb) {_MINE}
    returning bucket, tenant, id, branch
), queued as (
    insert into work (bucket, tenant, voucher, book, act, version, author)
    select bucket, tenant, id, '{FINANCIAL}', 'post', 1, 'bench' from made returning bucket, tenant, voucher, n
), changed as (
    insert into change (bucket, tenant, kind, id, seq, branch)
    select bucket, tenant, 'voucher', id::text, 1, branch from made
)
insert into voucher_book (bucket, tenant, voucher, book, asked, running, work)
select bucket, tenant, voucher, '{FINANCIAL}', true, 'post', n from queued
"""
DEPTH = "update lane set depth = depth + %(count)s where bucket = %(bucket)s and tenant = %(tenant)s"
ROWS_PER_STATEMENT = 2_000


def add_company(connection: psycopg.Connection[Any], bucket: int, tenant: int, sample: Sample) -> None:
    """The catalogs of a sample company."""
    rows = [{"kind": kind, "id": ident, "body": body} for kind, ident, body in sample.entries()]
    connection.execute(CATALOG, {"rows": _encode(rows).decode(), "bucket": bucket, "tenant": tenant})


def enqueue(connection: psycopg.Connection[Any], bucket: int, tenant: int, sample: Sample, count: int) -> None:
    """Vouchers accepted and waiting in the lane to be posted."""
    rows: list[dict[str, object]] = []
    for ident, spec, body in sample.bodies(count):
        day = int(str(body["accounting_date"]).replace("-", ""))
        head = {"id": ident, "type": spec.code, "branch": body["branch"], "number": body["number"]}
        rows.append({**head, "day": day, "body": body})
        if len(rows) == ROWS_PER_STATEMENT:
            _put(connection, bucket, tenant, rows)
            rows = []
    _put(connection, bucket, tenant, rows)


def _put(connection: psycopg.Connection[Any], bucket: int, tenant: int, rows: list[dict[str, object]]) -> None:
    if rows:
        owner = {"bucket": bucket, "tenant": tenant}
        connection.execute(VOUCHERS, {"rows": _encode(rows).decode(), **owner})
        connection.execute(DEPTH, {"count": len(rows), **owner})


_ENTRY_REST = ", ".join(
    f"{side}_{name}" for side in ("d", "c") for name in ("account", "currency", "foreign", *DETAILS)
)
_TWIN = "join twin w on w.old = s.{key} where s.bucket = %(bucket)s and s.tenant = %(tenant)s"
MULTIPLY = (
    """
    create temporary table twin as
    select v.id as old, (lpad(to_hex((to_date(v.day::text, 'YYYYMMDD') - %(first_day)s) * %(day_ms)s::bigint
        + %(first_ms)s + k * 100000 + row_number() over (order by v.id)), 12, '0')
        || '7' || substr(md5(v.id::text || k), 1, 3) || 'b' || substr(md5(v.id::text || k), 4, 15))::uuid as new
    from voucher v cross join generate_series(1, %(copies)s) k where v.bucket = %(bucket)s and v.tenant = %(tenant)s
    """,
    "analyze twin",
    """
    insert into voucher (bucket, tenant, id, version, body_version, type, branch, number, series, day, body, author, at)
    select s.bucket, s.tenant, w.new, s.version, s.body_version, s.type, s.branch, s.number, s.series, s.day, s.body,
        s.author, s.at from voucher s
    """
    + _TWIN.format(key="id"),
    """
    insert into voucher_book (bucket, tenant, voucher, book, asked, posted, work, set_no, version, posted_at)
    select s.bucket, s.tenant, w.new, s.book, s.asked, s.posted, s.work, s.set_no, s.version, s.posted_at
    from voucher_book s
    """
    + _TWIN.format(key="voucher"),
    """
    insert into entry_set (bucket, tenant, voucher, book, set_no, version, type, number, voucher_date, day, branch,
        description, rate, posted_seq, live, posted_at)
    select s.bucket, s.tenant, w.new, s.book, s.set_no, s.version, s.type, s.number, s.voucher_date, s.day, s.branch,
        s.description, s.rate, s.posted_seq, s.live, s.posted_at from entry_set s
    """
    + _TWIN.format(key="voucher"),
    f"""
    insert into entry (bucket, tenant, voucher, book, set_no, line, day, branch, amount, {_ENTRY_REST}, description,
        cash_flow)
    select s.bucket, s.tenant, w.new, s.book, s.set_no, s.line, s.day, s.branch, s.amount, {_ENTRY_REST},
        s.description, s.cash_flow from entry s
    """
    + _TWIN.format(key="voucher"),
    """
    insert into change (bucket, tenant, kind, id, seq, branch)
    select s.bucket, s.tenant, s.kind, w.new::text, s.seq, s.branch from change s
    join twin w on w.old::text = s.id
    where s.bucket = %(bucket)s and s.tenant = %(tenant)s and s.kind = 'voucher'
    """,
    """
    update balance set debit = debit * (%(copies)s + 1), credit = credit * (%(copies)s + 1),
        debit_foreign = debit_foreign * (%(copies)s + 1), credit_foreign = credit_foreign * (%(copies)s + 1)
    where bucket = %(bucket)s and tenant = %(tenant)s
    """,
    "drop table twin",
)


def multiply(connection: psycopg.Connection[Any], bucket: int, tenant: int, copies: int) -> None:
    """Add `copies` twins of everything posted: the books stay right, only larger. The lane must be empty."""
    given = {"bucket": bucket, "tenant": tenant, "copies": copies, "first_day": FIRST_DAY}
    given |= {"first_ms": MILLISECONDS_FIRST, "day_ms": MILLISECONDS_A_DAY}
    for statement in MULTIPLY:
        connection.execute(statement, given if "%(" in statement else None)
