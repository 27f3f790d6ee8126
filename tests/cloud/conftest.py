"""The cloud store in both its forms: every test of the contract runs against memory and against PostgreSQL."""

from collections.abc import Iterator

import pytest

from socai.cloud.store.migration import migrate
from socai.cloud.store.port import CloudStore
from socai.cloud.store.postgres import PostgresStore
from support.sender import memory_store


@pytest.fixture(params=["memory", "postgres"])
def cloud_store(request: pytest.FixtureRequest) -> Iterator[CloudStore]:
    """An empty store."""
    if request.param == "memory":
        yield memory_store()
        return
    dsn = request.getfixturevalue("fresh_database")
    migrate(dsn)
    store = PostgresStore(dsn, size_max=8)
    try:
        yield store
    finally:
        store.close()
