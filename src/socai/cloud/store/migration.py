"""Makes and raises the cloud's schema: roles, numbered SQL files, and the books' tables from their one definition.

Nothing here serves a request. It runs as the login that owns the database, and makes everything as `socai_migration`.
"""

from __future__ import annotations

import contextlib
from importlib.resources import files

import psycopg
from psycopg import sql

from socai.books import table as books

MIGRATION_ROLE, API_ROLE, POSTER_ROLE = "socai_migration", "socai_api", "socai_poster"
OPERATOR_ROLE = "socai_operator"
ROLES = (MIGRATION_ROLE, API_ROLE, POSTER_ROLE, OPERATOR_ROLE)
MADE_MEANWHILE = (
    psycopg.errors.UniqueViolation,
    psycopg.errors.DuplicateTable,
    psycopg.errors.DuplicateObject,
)
BOOKS_BEFORE = "0002_rights.sql"  # the books' tables must stand when rights are given


def migrate(dsn: str) -> list[str]:
    """Bring the database at `dsn` up to date; the names of what was applied. Safe to run by several at once."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        _make_roles(connection)
        # Two at once: the second finds the table made behind its back, which is as good.
        with contextlib.suppress(*MADE_MEANWHILE):
            with connection.transaction():
                connection.execute(sql.SQL("set local role {}").format(sql.Identifier(MIGRATION_ROLE)))
                connection.execute(
                    "create table if not exists schema_step "
                    "(name text primary key, applied_at timestamptz not null default now())"
                )
        with connection.transaction():
            connection.execute(sql.SQL("set local role {}").format(sql.Identifier(MIGRATION_ROLE)))
            connection.execute("lock table schema_step in exclusive mode")
            done = {row[0] for row in connection.execute("select name from schema_step")}
            return [name for name in step_names() if name not in done and _apply(connection, name)]


def step_names() -> list[str]:
    """The numbered files, in order."""
    folder = files("socai.cloud.store.schema")
    return sorted(item.name for item in folder.iterdir() if item.name.endswith(".sql"))


def _apply(connection: psycopg.Connection[tuple[object, ...]], name: str) -> bool:
    if name == BOOKS_BEFORE:
        for statement in books.ddl_postgres():
            connection.execute(statement.encode())
    text = files("socai.cloud.store.schema").joinpath(name).read_text(encoding="utf-8")
    connection.execute(text.encode())
    connection.execute("insert into schema_step (name) values (%s)", (name,))
    return True


def _make_roles(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """The roles of the cluster; another database of the same server may have made them already."""
    known = {
        row[0] for row in connection.execute("select rolname from pg_roles where rolname = any(%s)", (list(ROLES),))
    }
    for role in ROLES:
        name = sql.Identifier(role)
        if role not in known:
            with contextlib.suppress(*MADE_MEANWHILE):
                connection.execute(sql.SQL("create role {} login").format(name))
        with contextlib.suppress(psycopg.errors.InternalError):  # two at once grant the same
            connection.execute(sql.SQL("grant {} to current_user").format(name))
    with contextlib.suppress(psycopg.errors.InternalError):
        connection.execute(sql.SQL("grant create, usage on schema public to {}").format(sql.Identifier(MIGRATION_ROLE)))
