"""How the cloud reaches its database: one address today, several servers or the owning nodes later.

A connection serves one role and shows nothing until a transaction names its tenant.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from socai.cloud.store.migration import API_ROLE, POSTER_ROLE

Connection = psycopg.Connection[tuple[Any, ...]]

POOL_SIZE_MAX = 16
POOL_WAIT_SECONDS_MAX = 10.0
POOL_RECONNECT_SECONDS = 5.0
"""How long the pool itself looks for a database that is away, ever more rarely; then the next who asks begins anew."""
API, POSTER = API_ROLE, POSTER_ROLE

AWAY: tuple[type[Exception], ...] = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout)
"""What a database that cannot be reached, or went away, shows itself as."""


class Database:
    """The servers behind the buckets, for one role. Close it, or use it as a context manager."""

    def __init__(self, dsn: str, role: str = API, size_max: int = POOL_SIZE_MAX) -> None:
        self.dsn = dsn
        self.role = role
        # Citus passes only what SET LOCAL says to its nodes; plain PostgreSQL takes the name as a placeholder.
        options = f"-c role={role} -c citus.propagate_set_commands=local -c timezone=UTC"
        self.pool = ConnectionPool(
            dsn,
            kwargs={"options": options, "prepare_threshold": 2},
            min_size=1,
            max_size=size_max,
            timeout=POOL_WAIT_SECONDS_MAX,
            reconnect_timeout=POOL_RECONNECT_SECONDS,
            open=True,
        )

    @contextmanager
    def connection_for(self, bucket: int) -> Iterator[Connection]:
        """A connection to the server that holds the bucket; returned to the pool rolled back where left open."""
        with self.pool.connection() as connection:
            yield connection

    @contextmanager
    def transaction(self, bucket: int, tenant: int) -> Iterator[Connection]:
        """One transaction in one tenant's rows; commits at the end, rolls back on any exception."""
        with self.connection_for(bucket) as connection, connection.transaction():
            enter_tenant(connection, tenant)
            yield connection

    @contextmanager
    def streamed(self, bucket: int, tenant: int) -> Iterator[Connection]:
        """The same, but statements go out without waiting for one another; who reads a result waits for what led to it.

        A failure shows with the next result that is read, or at the end; a count of rows only once a later result was.
        """
        with self.connection_for(bucket) as connection, connection.pipeline(), connection.transaction():
            enter_tenant(connection, tenant)
            yield connection

    @contextmanager
    def moment(self, bucket: int, tenant: int) -> Iterator[Connection]:
        """One transaction that reads: every statement sees the tenant's rows as they stood at one moment."""
        with self.connection_for(bucket) as connection, connection.transaction():
            connection.execute(b"set transaction isolation level repeatable read read only", prepare=False)
            enter_tenant(connection, tenant)
            yield connection

    def close(self) -> None:
        """Let the connections go."""
        self.pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def enter_tenant(connection: Connection, tenant: int) -> None:
    """Show this tenant's rows until the transaction ends. A literal SET LOCAL: Citus hands on nothing else."""
    connection.execute(f"set local app.tenant = {tenant:d}".encode(), prepare=False)
