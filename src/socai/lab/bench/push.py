"""How fast the cloud accepts: offices push vouchers of five lines in batches of 500, durably, each answered.

Accepting is everything between the request and its answer: signature, hashes, grants, checks, versions, numbers, the
operation log, the lane, the change rows. The worker is stopped, so that what is timed is accepting alone. The load has
one core, the API and its database together the other. The raw figure beside it is the same voucher rows and log rows
inserted set-based, slice by slice, into twins of the same tables by one connection in the same database.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from socai.cloud.accept import OPERATIONS_PER_SLICE_MAX
from socai.lab.bench.background import LINES
from socai.lab.bench.fleet import Fleet, Line, Machine, database_cpu_seconds, parts, percentile, two_cores
from socai.lab.stack import Stack, held_to
from socai.sync.message import APPLIED, OPERATIONS_PER_PUSH_MAX, Operation, PushAnswer

VOUCHERS = 40_000
SCALE = 0.2
OFFICES = 4
WARM = 500

_answer = msgspec.json.Decoder(PushAnswer)


def run(scale: float = SCALE) -> dict[str, Any]:
    """The figures; `scale` 1 pushes the full number of vouchers."""
    each = max(int(VOUCHERS * scale / OFFICES), OPERATIONS_PER_PUSH_MAX)
    cores = two_cores()
    with tempfile.TemporaryDirectory(prefix="socai-bench-") as folder:
        with Stack(Path(folder), (), cores=cores) as stack, held_to(cores.office if cores else None):
            assert stack.worker is not None
            assert stack.cloud is not None
            stack.worker.stop()
            fleet = Fleet(stack.dsn)
            machines = [offices[0] for offices in fleet.companies(OFFICES)]
            asyncio.run(_push(stack, [[machine.push(list(fleet.operations(machine, WARM)))] for machine in machines]))
            operations = [list(fleet.operations(machine, each)) for machine in machines]
            pushes = [_pushes(machine, mine) for machine, mine in zip(machines, operations, strict=True)]
            spent, stored = stack.cloud.cpu_seconds(), database_cpu_seconds(stack.database.data)
            seconds, latencies = asyncio.run(_push(stack, pushes))
            spent = stack.cloud.cpu_seconds() - spent
            stored = database_cpu_seconds(stack.database.data) - stored
            raw = _raw(stack.dsn, [operation for mine in operations for operation in mine])
            memory = stack.cloud.memory_mb()
    count = each * OFFICES
    return {
        "scale": scale,
        "pinned": cores is not None,
        "offices": OFFICES,
        "lines_per_voucher": LINES,
        "push_vouchers": count,
        "push_vouchers_per_second": round(count / seconds),
        "push_p50_ms": round(percentile(latencies, 0.5) * 1000, 1),
        "push_p99_ms": round(percentile(latencies, 0.99) * 1000, 1),
        "api_cpu_ms_per_voucher": round(spent * 1000 / count, 3),
        "database_cpu_ms_per_voucher": round(stored * 1000 / count, 3),
        "raw_insert_vouchers_per_second": round(raw),
        "ratio_push_raw": round(count / seconds / raw, 3),
        "api_memory_mb": memory,
        "push_seconds": round(seconds, 2),
    }


def _pushes(machine: Machine, operations: Sequence[Operation]) -> list[bytes]:
    return [machine.push(part) for part in parts(operations, OPERATIONS_PER_PUSH_MAX)]


async def _push(stack: Stack, pushes: Sequence[Sequence[bytes]]) -> tuple[float, list[float]]:
    """All offices at once, each one push after the other: seconds in all, and those of each push."""
    latencies: list[float] = []

    async def office(mine: Sequence[bytes]) -> None:
        line = Line(stack.cloud_address)
        for request in mine:
            while (answer := await line.send(request)).status in (429, 503):
                await asyncio.sleep(float(answer.headers["retry-after"]))
            if answer.status != 200:
                raise RuntimeError(f"a push was refused: {answer.body[:300]!r}")
            outcomes = _answer.decode(answer.body).outcomes
            wrong = [outcome for outcome in outcomes if outcome.result != APPLIED]
            if wrong:
                raise RuntimeError(f"not applied: {wrong[0]}")
            latencies.append(answer.seconds)
        line.close()

    begun = time.perf_counter()
    await asyncio.gather(*(office(mine) for mine in pushes))
    return time.perf_counter() - begun, latencies


VOUCHER = """
insert into twin.voucher (bucket, tenant, id, version, body_version, type, branch, number, day, body, author, at)
select 0, 1, x.id, 1, 1, x.type, x.branch, x.number, 20260101, x.body, 'bench', now()
from json_to_recordset(%s::json) as x(id uuid, type text, branch text, number text, body json)
"""
LOG = """
insert into twin.operation (bucket, tenant, replica, epoch, n, act_id, sha256, author, made_at, arrived_at, kind,
    object_kind, id, act, base_version, base_operation, result, version)
select 0, 1, x.replica, 1, x.n, x.act_id, x.sha256, 'bench', x.made_at, now(), 'voucher', x.type, x.id, 'save', 0, 0,
    'applied', 1
from json_to_recordset(%s::json)
    as x(replica uuid, n bigint, act_id text, sha256 text, made_at text, type text, id text)
"""


def _raw(dsn: str, operations: Sequence[Operation]) -> float:
    """Vouchers a second of the bare inserts, the JSON made beforehand."""
    slices = [_rows(part) for part in parts(operations, OPERATIONS_PER_SLICE_MAX)]
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("create schema twin")
        for table in ("voucher", "operation"):
            connection.execute(f"create table twin.{table} (like public.{table} including all)".encode())
        begun = time.perf_counter()
        for vouchers, log in slices:
            with connection.transaction():
                connection.execute(VOUCHER, (vouchers,))
                connection.execute(LOG, (log,))
        return len(operations) / (time.perf_counter() - begun)


def _rows(part: Sequence[Operation]) -> tuple[str, str]:
    bodies = [msgspec.json.decode(operation.body) for operation in part]
    vouchers = [
        {"id": each.id, "type": each.object_kind, "branch": body["branch"], "number": body["number"], "body": each.body}
        for each, body in zip(part, bodies, strict=True)
    ]
    names = ("replica", "n", "act_id", "sha256", "made_at", "id")
    log = [{name: getattr(each, name) for name in names} | {"type": each.object_kind} for each in part]
    return msgspec.json.encode(vouchers).decode(), msgspec.json.encode(log).decode()
