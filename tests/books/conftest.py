"""The two stores of the books, as one fixture: every test that takes `books` runs on each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import apsw
import psycopg
import pytest

from books.ledger import Ledger
from socai.books.reader import PostgresReader, Reader, SqliteReader
from socai.books.table import ddl_postgres, ddl_sqlite
from socai.books.write import PostgresWriter, SqliteWriter
from socai.edge.postgres import EmbeddedPostgres

BUCKET = 3
TENANT, NEIGHBOUR = 7, 8  # the first is filled for a whole file, the second empty at each test


@dataclass
class Books:
    """A store with empty books: how to read them, and a ledger that writes them."""

    reader: Reader
    ledger: Ledger
    store: str


def sqlite_books() -> Books:
    """Books in memory."""
    connection = apsw.Connection(":memory:")
    for statement in ddl_sqlite():
        connection.execute(statement)
    return Books(SqliteReader(connection), Ledger(SqliteWriter(connection)), "sqlite")


def postgres_books(connection: psycopg.Connection[tuple[object, ...]], tenant: int = TENANT) -> Books:
    """Books of one tenant in a database that has them already."""
    writer = PostgresWriter(connection.cursor(), BUCKET, tenant)
    return Books(PostgresReader(connection, BUCKET, tenant), Ledger(writer), "postgres")


@pytest.fixture(scope="module")
def database(postgres_server: EmbeddedPostgres) -> str:
    """One database with the books' tables for all tests of a file."""
    name = "books_tests"
    with psycopg.connect(postgres_server.dsn(), autocommit=True) as connection:
        connection.execute(f'drop database if exists "{name}" with (force)')
        connection.execute(f'create database "{name}"')
    dsn = postgres_server.dsn(name)
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "create table tenant (bucket smallint, tenant int, seq bigint, primary key (bucket, tenant))"
        )
        connection.execute(f"insert into tenant values ({BUCKET}, {TENANT}, 0), ({BUCKET}, {NEIGHBOUR}, 0)")
        for statement in ddl_postgres():
            connection.execute(statement)
    return dsn


@pytest.fixture(params=["sqlite", "postgres"])
def books(request: pytest.FixtureRequest) -> Iterator[Books]:
    """Empty books on each store; what a test writes on PostgreSQL is rolled back after it."""
    if request.param == "sqlite":
        yield sqlite_books()
        return
    with psycopg.connect(request.getfixturevalue("database")) as connection:
        yield postgres_books(connection, NEIGHBOUR)
        connection.rollback()
