"""What the one who runs the cloud looks at: lanes, machines, versions. Reads named columns, nothing of any books."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from socai.cloud.store.connection import Database
from socai.cloud.store.migration import OPERATOR_ROLE

ROWS_MAX = 200

DEPTHS = """
select coalesce(sum(depth), 0)::bigint, count(*), coalesce(pg_sequence_last_value('work_n_seq'), 0),
    coalesce(bool_or(lease_until > (extract(epoch from clock_timestamp()) * 1000)::bigint), false)
from lane where depth > 0
"""

# The oldest work of a lane is its first, by the key's own order.
LANES = """
select d.code, l.depth, l.fence, left(l.holder, 8), l.failures,
    l.lease_until > (extract(epoch from clock_timestamp()) * 1000)::bigint as held,
    greatest(l.ready_at - (extract(epoch from clock_timestamp()) * 1000)::bigint, 0)::bigint as waits_ms,
    coalesce(extract(epoch from clock_timestamp() - w.enqueued_at), 0)::float8 as oldest_seconds
from lane l
join tenant_directory d on d.tenant = l.tenant
left join lateral (
    select enqueued_at from work w where w.bucket = l.bucket and w.tenant = l.tenant order by w.n limit 1) w on true
where l.depth > 0
order by l.depth desc, d.code limit %(limit)s
"""

REPLICAS = """
select d.code, r.name, r.replica::text, r.state, r.program, r.epoch, r.last_n,
    coalesce(to_char(r.seen_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), '') as seen_at,
    greatest(t.seq - r.cursor_seq, 0) as behind
from replica r
join tenant t on t.bucket = r.bucket and t.tenant = r.tenant
join tenant_directory d on d.tenant = r.tenant
where r.state <> 'revoked'
order by (r.state = 'active'), r.seen_at desc nulls last, d.code, r.name limit %(limit)s
"""

SERVER = """
select current_setting('server_version'), (select count(*) from pg_stat_activity where datname = current_database()),
    pg_database_size(current_database()), (select max(name) from schema_step)
"""

# Each process holds one connection of this name, which carries its release.
PROCESSES = """
select application_name, count(*) from pg_stat_activity
where datname = current_database() and application_name like 'socai %%' group by 1 order by 1
"""


class LaneFigure(msgspec.Struct, frozen=True):
    """One lane with work in it. `waits_ms`: put off after a failure; `holder` is a worker's token."""

    tenant: str
    depth: int
    fence: int
    holder: str
    failures: int
    held: bool
    waits_ms: int
    oldest_seconds: float


class ReplicaFigure(msgspec.Struct, frozen=True):
    """One data server's file of one tenant. `behind`: changes of the tenant since its feed was last noted."""

    tenant: str
    name: str
    replica: str
    state: str
    program: str
    epoch: int
    last_n: int
    seen_at: str
    behind: int


class ServerFigure(msgspec.Struct, frozen=True):
    """The database itself."""

    postgres: str
    connections: int
    bytes: int
    schema: str


@dataclass(frozen=True, slots=True)
class LaneTotals:
    """Work waiting, lanes it waits in, work ever done (as the numbers given out tell), whether a worker is at it."""

    waiting: int
    lanes: int
    done: int
    held: bool = False


class OperatorStore:
    """Figures over one database, in the operator's role. Close it."""

    def __init__(self, dsn: str, size_max: int = 2) -> None:
        self._database = Database(dsn, OPERATOR_ROLE, size_max)

    def close(self) -> None:
        """Let the connections go."""
        self._database.close()

    def totals(self) -> LaneTotals:
        """A cheap look at all lanes that have work."""
        with self._database.connection_for(0) as connection:
            row = connection.execute(DEPTHS.encode()).fetchone()
        waiting, lanes, given, held = row if row is not None else (0, 0, 0, False)
        return LaneTotals(int(waiting), int(lanes), int(given) - int(waiting), bool(held))

    def lanes(self) -> list[LaneFigure]:
        """Lanes with work, the deepest first."""
        with self._database.connection_for(0) as connection:
            rows = connection.execute(LANES.encode(), {"limit": ROWS_MAX}).fetchall()
        return [LaneFigure(*row) for row in rows]

    def replicas(self) -> list[ReplicaFigure]:
        """Data servers, those in quarantine first, then by when they were last here."""
        with self._database.connection_for(0) as connection:
            return [ReplicaFigure(*row) for row in connection.execute(REPLICAS.encode(), {"limit": ROWS_MAX})]

    def processes(self) -> dict[str, int]:
        """Running workers and APIs on this database, by kind and release."""
        with self._database.connection_for(0) as connection:
            return {str(name): int(count) for name, count in connection.execute(PROCESSES.encode(), {})}

    def server(self) -> ServerFigure:
        """The database's own figures."""
        with self._database.connection_for(0) as connection:
            row = connection.execute(SERVER.encode()).fetchone()
        assert row is not None
        return ServerFigure(*row)
