"""The cloud store in both its forms: every test of the contract runs against memory and against PostgreSQL."""

from collections.abc import Iterator

import pytest

from socai.cloud.lane import LaneStore
from socai.cloud.store.connection import POSTER, Database
from socai.cloud.store.memory import MemoryStore
from socai.cloud.store.migration import migrate
from socai.cloud.store.port import CloudStore
from socai.cloud.store.postgres import PostgresStore
from socai.cloud.store.posting_memory import MemoryLane
from socai.cloud.store.posting_postgres import PostgresLane
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


@pytest.fixture
def lane(cloud_store: CloudStore) -> Iterator[LaneStore]:
    """The lane of the same store that `cloud_store` accepts into."""
    if isinstance(cloud_store, MemoryStore):
        yield MemoryLane(cloud_store)
        return
    assert isinstance(cloud_store, PostgresStore)
    with Database(cloud_store.database.dsn, POSTER, 4) as database:
        yield PostgresLane(database)
