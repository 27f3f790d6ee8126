"""Runs the books' queries on either store. A query is said once in SQLAlchemy Core and its text kept for each dialect.

A reader never opens a transaction: whoever made the connection decides what a report sees. Reports that are read in
several rounds (pages of a stream) want one snapshot: REPEATABLE READ on PostgreSQL, a read transaction on SQLite.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import apsw
from sqlalchemy import Select
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine import Dialect

from socai.books.table import BUCKET_LOCAL, TENANT_LOCAL

if TYPE_CHECKING:
    import psycopg

_POSTGRES: Dialect = PGDialect_psycopg()  # type: ignore[no-untyped-call]
_SQLITE: Dialect = sqlite.dialect(paramstyle="named")

Values = Mapping[str, object]
Found = list[tuple[Any, ...]]


class Query:
    """A statement with its text for each store. Made once (the makers are cached), so compiling costs nothing later."""

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement

    @cached_property
    def postgres(self) -> tuple[str, dict[str, object]]:
        """Text for psycopg, and the values written into the statement itself."""
        return self._compiled(_POSTGRES)

    @cached_property
    def sqlite(self) -> tuple[str, dict[str, object]]:
        """Text for apsw, and the values written into the statement itself."""
        return self._compiled(_SQLITE)

    def _compiled(self, dialect: Dialect) -> tuple[str, dict[str, object]]:
        compiled = self.statement.compile(dialect=dialect)
        return str(compiled), {name: value for name, value in compiled.params.items() if value is not None}


class Reader(Protocol):
    """What reports and checks ask of a store: the rows of one query for one tenant."""

    def rows(self, query: Query, values: Values) -> Found:
        """All rows. Queries bound how many there can be; no page holds more than its limit."""


class SqliteReader:
    """Reads a replica's file: one tenant, so the keys are constants."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def rows(self, query: Query, values: Values) -> Found:
        """See Reader."""
        text, fixed = query.sqlite
        owner = {"bucket": BUCKET_LOCAL, "tenant": TENANT_LOCAL}
        return self._connection.execute(text, {**fixed, **owner, **values}).fetchall()


class PostgresReader:
    """Reads one tenant of the cloud through the connection of its bucket, in the caller's transaction."""

    def __init__(self, connection: psycopg.Connection[Any], bucket: int, tenant: int) -> None:
        from psycopg.types.string import TextLoader  # a data server never needs these 18 MB

        self._cursor: psycopg.Cursor[Any] = connection.cursor()
        self._cursor.adapters.register_loader("uuid", TextLoader)
        self._owner = {"bucket": bucket, "tenant": tenant}

    def rows(self, query: Query, values: Values) -> Found:
        """See Reader."""
        text, fixed = query.postgres
        self._cursor.execute(text, {**fixed, **self._owner, **values})
        return self._cursor.fetchall()
