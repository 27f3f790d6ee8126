"""Rights in the database: each role logs in and tries. The second fence behind the one in the code."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from socai.cloud.store.connection import API, POSTER, Database
from socai.cloud.store.migration import ROLES, migrate
from socai.cloud.store.postgres import PostgresStore
from socai.cloud.store.row import TenantRef
from support.sender import Sender, company, ident, journal

DIRECTORIES = {"tenant_directory", "replica_directory", "schema_step"}


@pytest.fixture
def two(fresh_database: str) -> tuple[str, TenantRef, TenantRef]:
    """A database with two tenants, each with a voucher to post."""
    migrate(fresh_database)
    store = PostgresStore(fresh_database)
    found = []
    for code in ("minhphat", "khac"):
        office: Sender = company(store, code)
        office.push(office.save(ident(), journal("N1"), post_to=["financial"]))
        found.append(office.ref)
    store.close()
    return fresh_database, found[0], found[1]


def owned_tables(dsn: str) -> list[str]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("select tablename from pg_tables where schemaname = 'public' order by 1").fetchall()
    return [row[0] for row in rows if row[0] not in DIRECTORIES]


def login(dsn: str, role: str) -> psycopg.Connection[tuple[object, ...]]:
    """A connection whose session user is the role itself: nothing to go back to."""
    return psycopg.connect(dsn, user=role)


@pytest.mark.parametrize("role", [API, POSTER])
def test_without_a_tenant_a_role_sees_nothing(two: tuple[str, TenantRef, TenantRef], role: str) -> None:
    dsn, _, _ = two
    with login(dsn, role) as connection:
        for table in owned_tables(dsn):
            expected = 2 if (role, table) == (POSTER, "lane") else 0
            assert connection.execute(f"select count(*) from {table}").fetchone() == (expected,), table


@pytest.mark.parametrize("role", [API, POSTER])
def test_a_role_sees_and_touches_the_rows_of_its_tenant_only(two: tuple[str, TenantRef, TenantRef], role: str) -> None:
    dsn, mine, theirs = two
    with login(dsn, role) as connection:
        connection.execute(f"set local app.tenant = {mine.tenant}")
        assert connection.execute("select count(*), min(tenant) from voucher").fetchone() == (1, mine.tenant)
        assert connection.execute("update tenant set seq = seq + 1").rowcount == 1
        assert connection.execute(f"update tenant set seq = 0 where tenant = {theirs.tenant}").rowcount == 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"insert into change values (0, {theirs.tenant}, 'voucher', 'x', 1)")


@pytest.mark.parametrize("role", [API, POSTER])
def test_the_context_ends_with_its_transaction(two: tuple[str, TenantRef, TenantRef], role: str) -> None:
    dsn, mine, _ = two
    with Database(dsn, role, 1) as database:
        with database.transaction(mine.bucket, mine.tenant) as connection:
            assert connection.execute("select count(*) from voucher").fetchone() == (1,)
        with database.connection_for(mine.bucket) as connection:
            assert connection.execute("select current_user, count(*) from voucher").fetchone() == (role, 0)


@pytest.mark.parametrize(
    "role, statement",
    [
        (API, "insert into entry_set (bucket, tenant, voucher) select 0, 1, gen_random_uuid()"),
        (API, "delete from entry"),
        (API, "update balance set debit = 0"),
        (API, "delete from voucher"),
        (API, "delete from operation"),
        (API, "update operation set result = 'applied'"),
        (API, "truncate voucher"),
        (API, "alter table voucher disable row level security"),
        (API, "create policy everything on voucher using (true)"),
        (API, "create table mine (x integer)"),
        (API, "set role socai_migration"),
        (POSTER, "insert into voucher (bucket) select 0"),
        (POSTER, "update person set role = 'admin'"),
        (POSTER, "insert into person (bucket) select 0"),
        (POSTER, "delete from entry_set where false; alter table entry disable row level security"),
        (POSTER, "select * from heads(0::smallint, array[1])"),
        (POSTER, "set role socai_api"),
    ],
)
def test_what_a_role_has_no_business_with_is_refused(
    two: tuple[str, TenantRef, TenantRef], role: str, statement: str
) -> None:
    with login(two[0], role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


def test_the_serving_roles_own_nothing_and_bypass_nothing(two: tuple[str, TenantRef, TenantRef]) -> None:
    with psycopg.connect(two[0]) as connection:
        roles = connection.execute(
            "select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles where rolname = any(%s)",
            (list(ROLES),),
        ).fetchall()
        owners = connection.execute("select distinct tableowner from pg_tables where schemaname = 'public'").fetchall()
    assert sorted(roles) == [(role, False, False, False, False) for role in sorted(ROLES)]
    assert owners == [("socai_migration",)]


def test_every_tenant_s_table_has_row_security_without_force_and_keys_that_begin_with_bucket_and_tenant(
    two: tuple[str, TenantRef, TenantRef],
) -> None:
    dsn = two[0]
    tables = owned_tables(dsn)
    with psycopg.connect(dsn) as connection:
        secured = connection.execute(
            "select relname, relrowsecurity, relforcerowsecurity from pg_class where relname = any(%s)", (tables,)
        ).fetchall()
        keys = connection.execute(
            """
            select t.relname, i.indexrelid::regclass::text, array(
                select a.attname::text from unnest(i.indkey) with ordinality k(n, at)
                join pg_attribute a on a.attrelid = t.oid and a.attnum = k.n order by k.at limit 2)
            from pg_index i join pg_class t on t.oid = i.indrelid
            where t.relname = any(%s) and (i.indisunique or i.indisprimary)
            """,
            (tables,),
        ).fetchall()
    assert {row[1:] for row in secured} == {(True, False)}
    assert len(secured) == len(tables) >= 18
    assert [row for row in keys if row[2] != ["bucket", "tenant"]] == []


def test_migrating_again_changes_nothing(two: tuple[str, TenantRef, TenantRef]) -> None:
    assert migrate(two[0]) == []


def test_several_may_migrate_at_once(fresh_database: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(migrate, [fresh_database] * 4))
    assert sorted(len(each) for each in applied)[:3] == [0, 0, 0]
