"""How long quiet companies wait to be posted while twenty others come back with 10,000 vouchers each.

Fifty quiet companies save one voucher a second each, at moments of their own: first alone, then while the lanes of
twenty others are full and their offices push still more. Timed is from the moment a push leaves the office to the
moment the posting begins to be written, by the clock of this machine, which is the database's too; and, as a part of
it (`…_accept_…`), to the answer of the push. The rule is that the slowest in a hundred waits at most twice as long as
alone, and two seconds. The load has one core; cloud, worker and database the other.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from socai.lab.bench.background import enqueue
from socai.lab.bench.fleet import Fleet, Line, Machine, database_cpu_seconds, parts, percentile, two_cores
from socai.lab.client import wait_for
from socai.lab.stack import Stack, held_to
from socai.sync.message import OPERATIONS_PER_PUSH_MAX

SECONDS, SECONDS_MIN = 30.0, 6.0
SCALE = 0.05
QUIET, PER_SECOND = 50, 50
BACKLOGS, BACKLOG = 20, 10_000
PUSHED_MOST = 500  # of each backlog is still pushed while it is measured; the rest waits in the lanes
TEMPLATES = 200
SETTLED_SECONDS_MAX = 120.0
BEYOND_SECONDS = 2.0

# A backlog as accept leaves it: the templates again and again under new ids. All companies share one set of catalogs.
# An idle lane comes in at the bucket's present virtual time, as accept lets it; nobody begins before all are filled.
COME_IN = """
update lane set ready_at = 9e15, virtual_time = greatest(virtual_time, lane_floor(0::smallint))
where bucket = 0 and tenant = %s
"""
COPIES = """
with made as (
    insert into voucher (bucket, tenant, id, version, body_version, type, branch, number, day, body, author, at)
    select 0, %(tenant)s, gen_random_uuid(), 1, 1, v.type, v.branch, v.number, v.day, v.body, v.author, now()
    from voucher v cross join generate_series(1, %(copies)s) where v.bucket = 0 and v.tenant = %(from)s
    limit %(count)s returning id, branch
), queued as (
    insert into work (bucket, tenant, voucher, book, act, version, author)
    select 0, %(tenant)s, id, 'financial', 'post', 1, 'bench' from made returning voucher, n
), changed as (
    insert into change (bucket, tenant, kind, id, seq, branch)
    select 0, %(tenant)s, 'voucher', id::text, 1, branch from made
), stated as (
    insert into voucher_book (bucket, tenant, voucher, book, asked, running, work)
    select 0, %(tenant)s, voucher, 'financial', true, 'post', n from queued
)
update lane set depth = depth + (select count(*) from made) where bucket = 0 and tenant = %(tenant)s
"""
POSTED = """
select v.id::text, extract(epoch from b.posted_at)::float8 from voucher v
join voucher_book b on b.bucket = v.bucket and b.tenant = v.tenant and b.voucher = v.id
where v.bucket = 0 and v.tenant = any(%s) and b.posted
"""

PROCESSES = ("api", "worker", "database")


@dataclass(slots=True)
class Waited:
    """Of the quiet vouchers, in seconds: how long each push took to be answered, and each voucher to be posted."""

    accepted: list[float] = field(default_factory=list)
    posted: list[float] = field(default_factory=list)

    def figures(self, name: str) -> dict[str, float]:
        """The keys that tell of it."""
        return {
            f"{name}_{what}{share}_ms": round(percentile(values, at) * 1000, 1)
            for what, values in (("accept_", self.accepted), ("", self.posted))
            for share, at in (("p50", 0.5), ("p99", 0.99))
        }


def run(scale: float = SCALE) -> dict[str, Any]:
    """The figures; `scale` 1 is twenty times 10,000 vouchers and thirty seconds."""
    seconds = max(SECONDS * scale, SECONDS_MIN)
    backlog = int(BACKLOG * scale)
    cores = two_cores()
    with tempfile.TemporaryDirectory(prefix="socai-bench-") as folder:
        with Stack(Path(folder), (), cores=cores) as stack, held_to(cores.office if cores else None):
            fleet = Fleet(stack.dsn)
            quiet = [offices[0] for offices in fleet.companies(QUIET)]
            returning = [offices[0] for offices in fleet.companies(BACKLOGS)]
            _warm(stack, fleet, quiet)
            spent = _cpu(stack)
            alone = _stream(stack, fleet, quiet, seconds)
            spent = [after - before for before, after in zip(spent, _cpu(stack), strict=True)]
            _fill(stack.dsn, fleet, returning, max(backlog - PUSHED_MOST, backlog // 2))
            pushes = [_pushes(fleet, machine, min(PUSHED_MOST, backlog // 2)) for machine in returning]
            begun, before = time.perf_counter(), _depth(stack.dsn)
            beside = _stream(stack, fleet, quiet, seconds, pushes)
            served = before + sum(min(PUSHED_MOST, backlog // 2) for _ in returning) - _depth(stack.dsn)
            took = time.perf_counter() - begun
            left = _depth(stack.dsn)
    beside_p99, allowed_p99 = percentile(beside.posted, 0.99), 2 * percentile(alone.posted, 0.99) + BEYOND_SECONDS
    return {
        "scale": scale,
        "pinned": cores is not None,
        "quiet_companies": QUIET,
        "quiet_vouchers_per_second": PER_SECOND,
        "backlogs": BACKLOGS,
        "vouchers_per_backlog": backlog,
        "stream_seconds": round(seconds, 1),
        **{
            f"alone_{name}_cpu_ms": round(used * 1000 / len(alone.posted), 2)
            for name, used in zip(PROCESSES, spent, strict=True)
        },
        **alone.figures("alone"),
        **beside.figures("beside"),
        "allowed_p99_ms": round(allowed_p99 * 1000, 1),
        "ratio_beside_allowed": round(beside_p99 / allowed_p99, 3),
        "backlog_vouchers_per_second": round(served / took),
        "backlog_vouchers_left": left,
    }


def _cpu(stack: Stack) -> list[float]:
    """Processor time so far of what has the cloud's core: see PROCESSES."""
    assert stack.cloud is not None
    assert stack.worker is not None
    return [stack.cloud.cpu_seconds(), stack.worker.cpu_seconds(), database_cpu_seconds(stack.database.data)]


def _warm(stack: Stack, fleet: Fleet, quiet: Sequence[Machine]) -> None:
    """Every quiet company posts one voucher, so that nobody pays for being new."""
    _stream(stack, fleet, quiet, 1.0)


def _fill(dsn: str, fleet: Fleet, returning: Sequence[Machine], each: int) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        first = returning[0].ref.tenant
        connection.execute(COME_IN, (first,))
        enqueue(connection, 0, first, fleet.sample, min(TEMPLATES, each))
        given = {"from": first, "copies": each // min(TEMPLATES, each) + 1, "count": each}
        for machine in returning[1:]:
            connection.execute(COME_IN, (machine.ref.tenant,))
            connection.execute(COPIES, given | {"tenant": machine.ref.tenant})
        more = each - min(TEMPLATES, each)
        connection.execute(COPIES, given | {"tenant": first, "count": more})
        connection.execute("analyze")
        connection.execute("update lane set ready_at = 0 where ready_at > 0")


def _pushes(fleet: Fleet, machine: Machine, count: int) -> list[bytes]:
    return [machine.push(part) for part in parts(fleet.operations(machine, count), OPERATIONS_PER_PUSH_MAX)]


def _stream(
    stack: Stack, fleet: Fleet, quiet: Sequence[Machine], seconds: float, pushes: Sequence[Sequence[bytes]] = ()
) -> Waited:
    """Send what the quiet companies save in so many seconds, and the pushes of the returning offices beside it."""
    count = max(int(seconds * PER_SECOND / len(quiet)), 1)
    saves = [[(each.id, machine.push([each])) for each in fleet.operations(machine, count)] for machine in quiet]
    waited = Waited()
    sent = asyncio.run(_all(stack.cloud_address, saves, seconds, pushes, waited))
    tenants = [machine.ref.tenant for machine in quiet]

    def look() -> dict[str, float] | None:
        with psycopg.connect(stack.dsn) as connection:
            rows = {row[0]: row[1] for row in connection.execute(POSTED, (tenants,)).fetchall()}
        return rows if all(voucher in rows for voucher in sent) else None

    posted = wait_for("every quiet voucher posted", look, SETTLED_SECONDS_MAX)
    waited.posted = [posted[voucher] - at for voucher, at in sent.items()]
    return waited


async def _all(
    address: str,
    saves: Sequence[Sequence[tuple[str, bytes]]],
    seconds: float,
    pushes: Sequence[Sequence[bytes]],
    waited: Waited,
) -> dict[str, float]:
    """When each quiet voucher was sent."""
    sent: dict[str, float] = {}
    others = [asyncio.create_task(_returning(address, mine)) for mine in pushes]
    await asyncio.gather(*(_clerk(address, mine, seconds, sent, waited) for mine in saves))
    for task in others:
        with suppress(asyncio.CancelledError):
            await task
    return sent


async def _clerk(
    address: str, saves: Sequence[tuple[str, bytes]], seconds: float, sent: dict[str, float], waited: Waited
) -> None:
    line, apart = Line(address), seconds / max(len(saves), 1)
    first = time.perf_counter()
    for at, (voucher, request) in enumerate(saves):
        due = first + (at + random.random()) * apart
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        sent[voucher] = time.time()
        while (answer := await line.send(request)).status in (429, 503):
            await asyncio.sleep(float(answer.headers["retry-after"]))
        waited.accepted.append(time.time() - sent[voucher])
    line.close()


async def _returning(address: str, mine: Sequence[bytes]) -> None:
    line = Line(address)
    for request in mine:
        while (answer := await line.send(request)).status in (429, 503):
            await asyncio.sleep(float(answer.headers["retry-after"]) * (1 + random.random()))
    line.close()


def _depth(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        row: Any = connection.execute("select coalesce(sum(depth), 0) from lane").fetchone()
        return int(row[0])
