"""What every test may ask for: one PostgreSQL for the whole run, and a fresh database in it for each test."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings

from socai.edge.postgres import EmbeddedPostgres

# A busy machine is no fault of the code, and a run in CI is the same run every time; at a desk the examples vary.
settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "desk")

_database_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[EmbeddedPostgres]:
    """The carried PostgreSQL, started at the first test that asks. Not durable: nothing here outlives the run."""
    folder = Path(tempfile.mkdtemp(prefix="socai-pg-"))
    try:
        with EmbeddedPostgres(folder, durable=False) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def fresh_database(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """The dsn of an empty database of this test's own, as the superuser; dropped afterwards."""
    name = f"test_{next(_database_numbers)}"
    with psycopg.connect(postgres_server.dsn(), autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
        try:
            yield postgres_server.dsn(name)
        finally:
            connection.execute(f'drop database "{name}" with (force)')
