"""How fast reports are over big books, on both stores: a million entries of one year, balances beside them.

Timed is what a screen waits for: the report's interpreter from the request to a whole page of rows, in process (without
HTTP). Beside it stands the plain question that kept balances spare: GROUP BY over all entries, in the same run.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import apsw
import psycopg

from socai.books import table
from socai.books.reader import PostgresReader, Reader, SqliteReader
from socai.books.report import Context, Page, Request
from socai.books.report import run as run_report
from socai.core.account import Chart
from socai.core.balance import ACCOUNT, BANK_ACCOUNT, FUND, MONEY_DAY, PARTNER
from socai.core.report import Balances, ReportSpec
from socai.edge.postgres import EmbeddedPostgres
from socai.registry import chart_for, regimes, reports

SCALE = 0.3  # ends within 50 seconds on two cores
ENTRIES, LINES, PARTNERS, BANKS = 1_000_000, 5, 2_000, 4
YEAR = 2025
BRANCHES = ("HN", "SG")
ROUNDS = 9
PARTNER_ID = "0190aaaa-0000-7000-8000-"
VOUCHER_ID = "0190bbbb-0000-7000-8000-"

# Pairs of roles, debit and credit, in about the proportions of a trading company; expenses go over all leaves of 6.
PAIRS = (
    ("receivable", "revenue_goods"), ("receivable", "output_vat"), ("cost_of_goods", "goods"), ("bank", "receivable"),
    ("receivable", "revenue_service"), ("goods", "payable"), ("input_vat", "payable"), ("payable", "bank"),
    ("cash", "receivable"), ("payable", "cash"), ("input_vat", "cash"), ("bank", "cash"), ("advance", "cash"),
    ("salary_payable", "bank"), ("output_vat", "input_vat"), ("prepaid_expense", "payable"),
)  # fmt: skip

# Written alike for both dialects, but for how a series is made and how an id is spelled. v counts vouchers from 0.
_DAY = f"({YEAR * 10_000 + 101} + (v * 12 / :vouchers) * 100 + (v * 336 / :vouchers) % 28)"
_BRANCH = f"CASE v % 3 WHEN 0 THEN '{BRANCHES[1]}' ELSE '{BRANCHES[0]}' END"
LOAD_SETS = (
    "INSERT INTO entry_set (bucket, tenant, voucher, book, set_no, version, type, number, voucher_date, day, branch, "
    "description, rate, posted_seq, live) "
    f"SELECT :bucket, :tenant, {{voucher}}, 'financial', 1, 1, 'bench', 'CT' || v, {_DAY}, {_DAY}, {_BRANCH}, "
    "'Chứng từ của phép đo', '1', v, 1 FROM {series}"
)
# Customers, vendors and others apart; each deals with one branch; few of them with much of the business.
_PARTNER = (
    f"p.{{s}}_first + 2 * (p.{{s}}_partners / 2 * ((v * {LINES} + l) * 31 % 1000) * ((v * {LINES} + l) * 31 % 1000) "
    "/ 1000000) + CASE v % 3 WHEN 0 THEN 1 ELSE 0 END"
)
_ID = f"'{PARTNER_ID}' || substr(CAST(1000000000000 + {_PARTNER} AS TEXT), 2)"
_SIDE = (
    f"p.{{s}}_account, 'VND', CASE WHEN p.{{s}}_partners > 0 THEN {_ID} ELSE '' END, "
    f"CASE p.{{s}}_bank WHEN 1 THEN 'NH' || (v % {BANKS}) ELSE '' END, CASE p.{{s}}_fund WHEN 1 THEN 'QUY' ELSE '' END"
)
LOAD_ENTRIES = (
    "INSERT INTO entry (bucket, tenant, voucher, book, set_no, line, day, branch, amount, d_account, d_currency, "
    "d_partner, d_bank_account, d_fund, c_account, c_currency, c_partner, c_bank_account, c_fund, description) "
    f"SELECT :bucket, :tenant, {{voucher}}, 'financial', 1, l, {_DAY}, {_BRANCH}, "
    f"1000 * (1 + (v * {LINES} + l) * 7919 % 100000), {_SIDE.format(s='d')}, {_SIDE.format(s='c')}, 'Dòng ' || l "
    "FROM {series} CROSS JOIN {lines} JOIN pattern p ON p.n = (v * 7 + l * 13 + v / 11) % :patterns"
)
_SIDES = " UNION ALL ".join(
    f"SELECT branch, day, {s}_account AS account, {s}_partner AS partner, {s}_bank_account AS bank_account, "
    f"{s}_fund AS fund, {debit} AS debit, {credit} AS credit FROM entry"
    for s, debit, credit in (("d", "amount", "0"), ("c", "0", "amount"))
)
LOAD_BALANCES = (
    "INSERT INTO balance (bucket, tenant, book, dimension, branch, account, currency, detail, period, debit, credit) "
    "SELECT {bucket}, {tenant}, 'financial', {dimension}, branch, account, 'VND', {detail}, {period}, sum(debit), "
    f"sum(credit) FROM ({_SIDES}) s WHERE {{chosen}} GROUP BY 5, 6, 8, 9"
)
PLAIN = (
    "SELECT account, sum(debit), sum(credit) FROM ("
    "SELECT d_account AS account, amount AS debit, 0 AS credit FROM entry WHERE book = 'financial' UNION ALL "
    "SELECT c_account, 0, amount FROM entry WHERE book = 'financial') s GROUP BY account"
)
BUCKET, TENANT = 1, 1


def run(scale: float = SCALE) -> dict[str, float | int | str]:
    """Load both stores and give the figures. `scale` 1 is a million entries."""
    chart = chart_for(next(iter(regimes())))
    vouchers = max(int(ENTRIES * scale) // LINES, 1_000)
    figures: dict[str, float | int | str] = {"scale": scale, "entries": vouchers * LINES}
    context = Context(chart, lambda kind, ids: {ident: (ident[-6:], f"Tên {ident[-6:]}") for ident in ids}, BRANCHES)
    with tempfile.TemporaryDirectory(prefix="socai-bench-") as folder, EmbeddedPostgres(Path(folder) / "pg") as server:
        loading = time.perf_counter()
        with psycopg.connect(server.dsn(), autocommit=True) as cloud:
            kept = _load_postgres(cloud, chart, vouchers)
            replica = apsw.Connection(str(Path(folder) / "replica.db"))
            _load_sqlite(replica, chart, vouchers, kept)
            figures |= {"balances": len(kept), "load_seconds": round(time.perf_counter() - loading, 1)}
            stores: dict[str, tuple[Reader, Callable[[], object]]] = {
                "cloud": (PostgresReader(cloud, BUCKET, TENANT), lambda: cloud.execute(PLAIN).fetchall()),
                "ds": (SqliteReader(replica), lambda: replica.execute(PLAIN).fetchall()),
            }
            for store, (reader, plain) in stores.items():
                figures |= _measure(store, reader, plain, context)
            replica.close()
    return figures


# --- measuring --------------------------------------------------------------------------------------------------------


def _measure(store: str, reader: Reader, plain: Callable[[], object], context: Context) -> dict[str, float | int | str]:
    found: dict[str, float | int | str] = {}
    grouped, _ = _milliseconds(plain, rounds=1)
    found[f"group_by_entries_ms_{store}"] = grouped
    for report in reports().values():
        spec = report.spec
        wait, page = _milliseconds(partial(run_report, spec, _request(spec, context.chart), reader, context))
        suffix = "ms" if isinstance(spec.source, Balances) else "first_page_ms"
        found[f"{spec.code}_{suffix}_{store}"] = wait
        if spec.form == "balance_of_accounts":
            found[f"ratio_group_by_{spec.code}_{store}"] = round(grouped / wait, 1)
        if spec.form == "account_book":
            found[f"ledger_first_page_ms_{store}"] = wait
            found[f"ledger_later_page_ms_{store}"] = _later(spec, page, reader, context)
    return found


def _later(spec: ReportSpec, page: Page, reader: Reader, context: Context) -> float:
    """The page after the tenth: it must not cost more than the first."""
    request = _request(spec, context.chart)
    for _ in range(10):
        if page.next:
            request = Request(request.parameters, after=page.next)
            page = run_report(spec, request, reader, context)
    return _milliseconds(partial(run_report, spec, request, reader, context))[0]


def _request(spec: ReportSpec, chart: Chart) -> Request:
    """The whole year; the accounts with the most entries."""
    chosen = {"from": f"{YEAR}-01-01", "to": f"{YEAR}-12-31"}
    for parameter in spec.parameters:
        if parameter.required:
            chosen[parameter.name] = {
                "account": chart.role("receivable"),
                "partner": f"{PARTNER_ID}{100:012d}",
                "bank_account": "NH1",
            }[parameter.name]
    return Request(chosen)


def _milliseconds(act: Callable[[], Any], rounds: int = ROUNDS) -> tuple[float, Any]:
    """The median wait after one warm-up, and what the act gave."""
    result, waits = act(), []
    for _ in range(rounds):
        start = time.perf_counter()
        result = act()
        waits.append(time.perf_counter() - start)
    return round(statistics.median(waits) * 1000, 2), result


# --- loading: the same books on both stores, indexes after the rows --------------------------------------------------


def _patterns(chart: Chart) -> Iterator[tuple[int | str, ...]]:
    """(n, both accounts, both pools of partners, then whether each side carries a bank account, a fund)."""
    pairs = [(chart.role(debit), chart.role(credit)) for debit, credit in PAIRS]
    expenses = [code for code in sorted(chart.leaves) if code.startswith("6")]
    pairs += [(code, chart.role(other)) for code in expenses for other in ("payable", "cash", "bank")]
    for at, pair in enumerate(pairs):
        accounts = [chart.accounts[code] for code in pair]
        pools = [POOLS.get(each.partner_kind, POOLS[""]) if "partner" in each.carries else (0, 0) for each in accounts]
        flags = [int(name in each.carries) for name in ("bank_account", "fund") for each in accounts]
        yield (at, *pair, *(first for first, _ in pools), *(size for _, size in pools), *flags)


POOLS = {"customer": (0, 1_200), "vendor": (1_200, 700), "": (1_900, PARTNERS - 1_900)}  # first partner, how many
PATTERN = (
    "CREATE TEMPORARY TABLE pattern (n int primary key, d_account text, c_account text, d_first int, c_first int, "
    "d_partners int, c_partners int, d_bank int, c_bank int, d_fund int, c_fund int)"
)


def _load_postgres(connection: psycopg.Connection[Any], chart: Chart, vouchers: int) -> list[tuple[Any, ...]]:
    tables, rest = _split(table.ddl_postgres())
    for statement in (*tables, PATTERN):
        connection.execute(statement)
    patterns = list(_patterns(chart))
    connection.cursor().executemany(f"INSERT INTO pattern VALUES ({', '.join(['%s'] * 11)})", patterns)
    spelled = {
        "series": f"generate_series(0::bigint, {vouchers - 1}) AS x(v)",
        "lines": f"generate_series(1, {LINES}) AS y(l)",
        "voucher": f"('{VOUCHER_ID}' || lpad(to_hex(v), 12, '0'))::uuid",
    }
    values = {":vouchers": vouchers, ":patterns": len(patterns), ":bucket": BUCKET, ":tenant": TENANT}
    for statement in (LOAD_SETS, LOAD_ENTRIES):
        text = statement.format(**spelled)
        for name, value in values.items():
            text = text.replace(name, str(value))
        connection.execute(text.encode())
    money = ", ".join(f"'{code}'" for code, account in chart.accounts.items() if account.money)
    dimensions = (
        (ACCOUNT, "''", "day / 100", "true"),
        (PARTNER, "partner", "day / 100", "partner <> ''"),
        (BANK_ACCOUNT, "bank_account", "day / 100", "bank_account <> ''"),
        (FUND, "fund", "day / 100", "fund <> ''"),
        (MONEY_DAY, "bank_account || fund", "day", f"account IN ({money})"),
    )
    for dimension, detail, period, chosen in dimensions:
        named = {"dimension": dimension, "detail": detail, "period": period, "chosen": chosen}
        connection.execute(LOAD_BALANCES.format(**named, bucket=BUCKET, tenant=TENANT).encode())
    for statement in (*rest, "ANALYZE"):
        connection.execute(statement.encode())
    return connection.execute(
        "SELECT book, dimension, branch, account, currency, detail, period, debit, credit FROM balance ORDER BY "
        "book, dimension, branch, account, currency, detail, period"
    ).fetchall()


def _load_sqlite(connection: apsw.Connection, chart: Chart, vouchers: int, kept: list[tuple[Any, ...]]) -> None:
    tables, rest = _split(table.ddl_sqlite())
    connection.execute("PRAGMA journal_mode = off")
    connection.execute("PRAGMA synchronous = off")
    for statement in ("BEGIN", *tables, PATTERN):
        connection.execute(statement)
    patterns = list(_patterns(chart))
    connection.executemany(f"INSERT INTO pattern VALUES ({', '.join('?' * 11)})", patterns)
    spelled = {
        "series": f"(WITH RECURSIVE x(v) AS (VALUES (0) UNION ALL SELECT v + 1 FROM x WHERE v < {vouchers - 1}) "
        "SELECT v FROM x)",
        "lines": f"(SELECT column1 AS l FROM (VALUES {', '.join(f'({line})' for line in range(1, LINES + 1))}))",
        "voucher": f"printf('{VOUCHER_ID}%012x', v)",
    }
    values = {"vouchers": vouchers, "patterns": len(patterns), "bucket": 0, "tenant": 0}
    for statement in (LOAD_SETS, LOAD_ENTRIES):
        connection.execute(statement.format(**spelled), values)
    connection.executemany(
        "INSERT INTO balance (bucket, tenant, book, dimension, branch, account, currency, detail, period, debit, "
        "credit) VALUES (0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        kept,
    )
    for statement in (*rest, "COMMIT", "PRAGMA optimize"):
        connection.execute(statement)


def _split(statements: list[str]) -> tuple[list[str], list[str]]:
    """Tables now, indexes and settings after the rows."""
    tables = [text for text in statements if text.startswith("CREATE TABLE")]
    return tables, [text for text in statements if text not in tables]
