"""What PostgreSQL reads to answer about a few vouchers of a tenant it knows nothing of: a new company, or a database
whose tables were never analyzed. It reads those vouchers, not all the tenant has for each of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psycopg
import pytest

from socai.books import write
from socai.cloud.store import feed_sql
from socai.cloud.store.migration import migrate
from socai.edge.postgres import EmbeddedPostgres

VOUCHERS, LINES, ASKED = 20_000, 5, 100
BLOCKS_PER_VOUCHER_MAX = 30
OWNER = {"bucket": 0, "tenant": 1}

ID = "('0199aaaa-%04d-7000-8000-' || lpad(to_hex(v), 12, '0'))"
FILL = (
    "insert into tenant (bucket, tenant, code, name, timeline)"
    " values (0, {tenant}, 't{tenant}', 'x', gen_random_uuid())",
    "insert into voucher (bucket, tenant, id, version, body_version, type, branch, was_in, number, series, day, body,"
    " deleted, author, at) select 0, {tenant}, {id}::uuid, 1, 1, 'journal', 'b', array[]::text[], 'N' || v, 's',"
    " 20260101 + v % 28, '{{}}', false, 'x', now() from generate_series(1, {vouchers}) v",
    "insert into change (bucket, tenant, kind, id, seq, branch, was_in)"
    " select 0, {tenant}, 'voucher', {id}, v, 'b', array[]::text[] from generate_series(1, {vouchers}) v",
    "insert into entry (bucket, tenant, voucher, book, set_no, line, day, branch, amount, d_account, c_account)"
    " select 0, {tenant}, {id}::uuid, 'financial', 1, l, 20260101 + v % 28, 'b', 5, '13' || (l * 7 + v) % 40,"
    " '51' || (l * 3 + v) % 40 from generate_series(1, {vouchers}) v, generate_series(1, {lines}) l",
)


def fill(connection: psycopg.Connection[Any], tenant: int) -> None:
    values = {"tenant": tenant, "id": ID % tenant, "vouchers": VOUCHERS, "lines": LINES}
    for statement in FILL:
        connection.execute(statement.format(**values).encode())


@pytest.fixture(scope="module", params=["never analyzed", "a new company"])
def filled(request: pytest.FixtureRequest, postgres_server: EmbeddedPostgres) -> Iterator[psycopg.Connection[Any]]:
    """A database the planner knows nothing of, or nothing of tenant 1."""
    name = f"plan_{request.param_index}"
    with psycopg.connect(postgres_server.dsn(), autocommit=True) as connection:
        connection.execute(f'create database "{name}"'.encode())
    migrate(postgres_server.dsn(name))
    with psycopg.connect(postgres_server.dsn(name), autocommit=True) as connection:
        for table in ("voucher", "change", "entry"):
            connection.execute(f"alter table {table} set (autovacuum_enabled = off)".encode())
        if request.param == "a new company":
            fill(connection, 2)
            connection.execute("analyze")
        fill(connection, 1)
        yield connection
    with psycopg.connect(postgres_server.dsn(), autocommit=True) as connection:
        connection.execute(f'drop database "{name}" with (force)'.encode())


def blocks(connection: psycopg.Connection[Any], statement: str, values: Mapping[str, Any] | Sequence[Any]) -> int:
    """How many blocks the statement reads or finds in memory."""
    found = connection.execute(f"explain (analyze, buffers, format json) {statement}".encode(), values).fetchone()
    assert found is not None
    plan = found[0][0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def asked(connection: psycopg.Connection[Any]) -> list[str]:
    rows = connection.execute("select id::text from voucher where tenant = 1 order by id limit %s", (ASKED,))
    return [str(row[0]) for row in rows]


def test_the_entries_of_a_page_are_found_by_their_vouchers(filled: psycopg.Connection[Any]) -> None:
    """The feed's page of 500 took 17 s where each voucher's entries were looked for among all of an account."""
    ids = asked(filled)
    assert blocks(filled, feed_sql.LIVE, {**OWNER, "ids": ids}) < ASKED * BLOCKS_PER_VOUCHER_MAX


def test_what_the_poster_voids_is_found_by_its_vouchers(filled: psycopg.Connection[Any]) -> None:
    keys = json.dumps([{"voucher": ident, "book": "financial", "set_no": 1} for ident in asked(filled)])
    for statement in (write.LIVE_SETS, write.VOID_ENTRIES):
        with filled.transaction(force_rollback=True):
            assert blocks(filled, statement, (keys, 0, 1)) < ASKED * BLOCKS_PER_VOUCHER_MAX


def test_a_downloaded_page_reads_the_changes_once(filled: psycopg.Connection[Any]) -> None:
    place = {"type": "", "all": True, "branches": [], "first_day": 20260101, "last_day": 20260131}
    ids = asked(filled)
    values = {**OWNER, **place, "day": 20260110, "id": ids[0], "limit": ASKED}
    page = blocks(filled, feed_sql.DOWNLOAD, values)
    seqs = blocks(filled, feed_sql.SEQS, {**OWNER, "kinds": ["voucher"], "ids": ids})
    assert page + seqs < ASKED * BLOCKS_PER_VOUCHER_MAX
