"""What the cloud still does when five times as much comes as it can take, and whether anything is lost.

First the peak: as many offices as keep it busy, each with a backlog that never ends, push as fast as they are answered.
Then five times as many, and beside them offices where people save one voucher after the other. Whoever is told to come
back does so as a data server does: not before that time, spread over as long again, with batches of the size that was
asked for. Goodput is vouchers applied a second. In the end every voucher that was answered `applied` is in the
database, and no other. The worker is stopped; the load has one core, API and database the other.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from socai.lab.bench.fleet import Fleet, Line, Machine, percentile, two_cores
from socai.lab.bench.pushing import TOLD_TO_WAIT, Pushed, push_until
from socai.lab.stack import Stack, held_to
from socai.sync.message import OPERATIONS_PER_PUSH_MAX, Operation

SECONDS = 30.0
SCALE = 0.2
PEAK_OFFICES, TIMES = 4, 5
CLERKS, CLERK_APART_SECONDS = 5, 0.5
MOST_PER_SECOND = 5_000  # vouchers made ready for each second, more than can be taken


@dataclass(slots=True)
class Taken(Pushed):
    """What a phase came to."""

    clerk_seconds: list[float] = field(default_factory=list)


def run(scale: float = SCALE) -> dict[str, Any]:
    """The figures; `scale` 1 takes thirty seconds for each phase."""
    seconds = SECONDS * scale
    cores = two_cores()
    with tempfile.TemporaryDirectory(prefix="socai-bench-") as folder:
        with Stack(Path(folder), (), cores=cores) as stack, held_to(cores.office if cores else None):
            assert stack.worker is not None
            stack.worker.stop()
            fleet = Fleet(stack.dsn)
            peak_offices = [each[0] for each in fleet.companies(PEAK_OFFICES)]
            offices = [each[0] for each in fleet.companies(PEAK_OFFICES * TIMES)]
            clerks = [each[0] for each in fleet.companies(CLERKS)]
            warm = _phase(stack, fleet, peak_offices, [], 1.0)
            peak = _phase(stack, fleet, peak_offices, clerks, seconds)
            over = _phase(stack, fleet, offices, clerks, seconds)
            answered = warm.applied + peak.applied + over.applied
            with psycopg.connect(stack.dsn) as connection:
                row: Any = connection.execute("select count(*), count(distinct id) from voucher").fetchone()
    return {
        "scale": scale,
        "pinned": cores is not None,
        "offices_peak": PEAK_OFFICES,
        "offices_overload": PEAK_OFFICES * TIMES,
        "phase_seconds": round(seconds, 1),
        "peak_vouchers_per_second": round(peak.applied / peak.seconds),
        "overload_vouchers_per_second": round(over.applied / over.seconds),
        "ratio_overload_peak": round(over.applied / over.seconds / (peak.applied / peak.seconds), 3),
        "overload_pushes": over.pushes,
        "overload_pushes_refused": over.refused,
        "save_p50_ms_peak": round(percentile(peak.clerk_seconds, 0.5) * 1000, 1),
        "save_p50_ms_overload": round(percentile(over.clerk_seconds, 0.5) * 1000, 1),
        "save_p99_ms_overload": round(percentile(over.clerk_seconds, 0.99) * 1000, 1),
        "vouchers_answered_applied": answered,
        "vouchers_in_database": row[0],
        "vouchers_lost": answered - row[0],
        "vouchers_doubled": row[0] - row[1],
    }


def _phase(stack: Stack, fleet: Fleet, offices: Sequence[Machine], clerks: Sequence[Machine], seconds: float) -> Taken:
    """All at once for so long. Operations are sealed beforehand; they are signed as they are sent."""
    ready = int(MOST_PER_SECOND * seconds / len(offices)) + OPERATIONS_PER_PUSH_MAX
    outboxes = [list(fleet.operations(office, ready)) for office in offices]
    saves = [list(fleet.operations(clerk, int(seconds / CLERK_APART_SECONDS) + 2)) for clerk in clerks]
    found = asyncio.run(_serve(stack.cloud_address, offices, outboxes, clerks, saves, seconds))
    for machine, outbox in [*zip(offices, outboxes, strict=True), *zip(clerks, saves, strict=True)]:
        machine.n = outbox[0].n - 1 if outbox else machine.n  # what was not sent gets its number again
    return found


async def _serve(
    address: str,
    offices: Sequence[Machine],
    outboxes: list[list[Operation]],
    clerks: Sequence[Machine],
    saves: list[list[Operation]],
    seconds: float,
) -> Taken:
    taken = Taken()
    begun = time.perf_counter()
    until = begun + seconds
    await asyncio.gather(
        *(push_until(address, *each, until, taken) for each in zip(offices, outboxes, strict=True)),
        *(_clerk(address, *each, until, taken) for each in zip(clerks, saves, strict=True)),
    )
    taken.seconds = time.perf_counter() - begun
    return taken


async def _clerk(address: str, machine: Machine, outbox: list[Operation], until: float, taken: Taken) -> None:
    line = Line(address)
    await asyncio.sleep(random.random() * CLERK_APART_SECONDS)
    while time.perf_counter() < until and outbox:
        begun = time.perf_counter()
        answer = await line.send(machine.push(outbox[:1]))
        if answer.status in TOLD_TO_WAIT:
            await asyncio.sleep(float(answer.headers["retry-after"]))
            continue
        taken.take(answer.body, outbox)
        taken.clerk_seconds.append(time.perf_counter() - begun)
        await asyncio.sleep(CLERK_APART_SECONDS)
    line.close()
