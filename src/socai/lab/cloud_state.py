"""What a cloud holds and what waits in it, in a few figures for `socai cloud status`."""

from __future__ import annotations

from typing import Any

import msgspec
import psycopg

from socai.cloud.store.operator import OperatorStore

FIGURES = {
    "companies": "SELECT count(*) FROM tenant",
    "data_servers": "SELECT count(*) FROM replica WHERE state = 'active'",
    "data_servers_quarantined": "SELECT count(*) FROM replica WHERE state = 'quarantined'",
    "people": "SELECT count(*) FROM person WHERE active",
    "vouchers": "SELECT count(*) FROM voucher WHERE NOT deleted",
    "entries": "SELECT count(*) FROM entry",
    "operations": "SELECT count(*) FROM operation",
    "operations_refused": "SELECT count(*) FROM operation WHERE result IN ('rejected', 'conflict')",
    "waiting_to_be_posted": "SELECT coalesce(sum(depth), 0)::bigint FROM lane",
    "lanes_waiting": "SELECT count(*) FROM lane WHERE depth > 0",
    "oldest_waiting_seconds": "SELECT coalesce(extract(epoch FROM now() - min(enqueued_at)), 0)::bigint FROM work",
    "lanes_failing": "SELECT count(*) FROM lane WHERE failures > 0",
    "database_bytes": "SELECT pg_database_size(current_database())",
}


def cloud_state(dsn: str) -> dict[str, int]:
    """The figures, as of one moment."""
    with psycopg.connect(dsn) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        found: dict[str, int] = {}
        for name, statement in FIGURES.items():
            row: Any = connection.execute(statement.encode()).fetchone()
            found[name] = int(row[0])
        return found


def lanes_and_machines(dsn: str) -> dict[str, list[dict[str, Any]]]:
    """What the operator's page lists: lanes with work, data servers, running programs."""
    store = OperatorStore(dsn)
    try:
        programs = [{"program": name, "running": count} for name, count in store.processes().items()]
        return {
            "lanes": [msgspec.structs.asdict(lane) for lane in store.lanes()],
            "replicas": [msgspec.structs.asdict(replica) for replica in store.replicas()],
            "programs": programs,
        }
    finally:
        store.close()
