"""The door of the cloud: the admission gate (sync/admission.py) in this process's event loop. Decides nothing itself.

Requests pass `turn`, which waits for a slot or leaves with Refused and when to come back. Buckets and the gate know a
data server only by what it claims until its signature was looked at, so nothing is taken from them before that.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from socai.base.fault import Fault
from socai.edge.http import Refused
from socai.sync import admission
from socai.sync.admission import (
    BACKLOG,
    CONFIRMATION,
    Arrived,
    Begin,
    Bucket,
    Finished,
    Gate,
    Left,
    Looked,
    Pace,
    Refuse,
    Tick,
    Ticket,
)
from socai.sync.message import OPERATIONS_PER_PUSH_MAX

BUCKETS_KEPT_MAX = 50_000
TICK_SECONDS = 0.25
STRANGER = 0  # the tenant of whoever was never here before


@dataclass(slots=True)
class Turn:
    """A request being served. Whoever serves it notes how long its commits took, and corrects what they cost."""

    ms: float = 0.0
    cost: int = 0
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Depths:
    """A look at all lanes: work waiting, lanes it waits in, work ever done, whether a worker is at it."""

    waiting: int = 0
    lanes: int = 0
    done: int = 0
    held: bool = False


class Door:
    """Admission for one process. Belongs to one event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.gate = Gate()
        self.pace = Pace()
        self.depths = Depths()
        self.begun = [0] * len(admission.RANKS)
        self.refused = [0] * len(admission.RANKS)
        self._clock = clock
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Refuse | None]] = {}
        self._ticking: asyncio.Task[None] | None = None
        self._fresh: dict[str, Bucket] = {}
        self._tenants: dict[int, Bucket] = {}

    # ---- passing

    @asynccontextmanager
    async def turn(self, rank: int, tenant: int = STRANGER, cost: int = 1) -> AsyncIterator[Turn]:
        """Serve the block when its turn has come. Raises Refused (503) where it would wait too long."""
        number = next(self._numbers)
        future: asyncio.Future[Refuse | None] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        self._step(Arrived(self._clock(), Ticket(number, rank, tenant, cost, self._clock())))
        try:
            refuse = await future
        except BaseException:
            self._drop(number, future)
            raise
        finally:
            self._waiting.pop(number, None)
        if refuse is not None:
            self.refused[rank] += 1
            raise self.refusal(refuse)
        self.begun[rank] += 1
        served = Turn(cost=cost)
        try:
            yield served
        except Refused:
            raise  # the cloud said no, and nothing of the database is to be learned from that
        except BaseException:
            served.failed = True
            raise
        finally:
            ms = served.ms * cost / max(served.cost, 1)
            self._step(Finished(self._clock(), number, ms, served.failed))

    def hold_tenant(self, tenant: int, cost: int) -> None:
        """Raises Refused (429) where a tenant has spent what it may for now."""
        bucket = self._tenants.get(tenant)
        seconds = bucket.seconds_until(cost, self._clock()) if bucket is not None else 0.0
        if seconds > 0:
            self.refused[BACKLOG] += 1
            wait = max(math.ceil(seconds), admission.RETRY_SECONDS_MIN)
            raise self.refusal(Refuse(0, wait, self.gate.limit.batch(), admission.TOO_MUCH))

    def spend(self, tenant: int, replica: str, operations: float, cost: float) -> None:
        """Count what a known data server was served: its operations for itself, what they cost for its tenant."""
        now = self._clock()
        for buckets in (self._fresh, self._tenants):
            if len(buckets) > BUCKETS_KEPT_MAX:
                buckets.clear()
        mine = self._tenants.get(tenant) or admission.full(admission.TENANT_RATE, admission.TENANT_BURST, now)
        self._tenants[tenant] = mine.take(cost, now)
        self._fresh[replica] = self.fresh(replica).take(operations, now)

    def fresh(self, replica: str) -> Bucket:
        """How much of what this data server sends still counts as people at work."""
        known = self._fresh.get(replica)
        return known or admission.full(admission.FRESH_RATE, admission.FRESH_BURST, self._clock())

    def rank_of_push(self, replica: str, operations: int, size: int) -> int:
        """People at work, or a backlog."""
        return admission.rank_of_push(operations, size, self.fresh(replica), self._clock())

    def rank_of_feed(self, replica: str) -> int:
        """News for an office that follows, or a download for one that is far behind."""
        return CONFIRMATION if self.fresh(replica).now(self._clock()).tokens >= 0 else BACKLOG

    # ---- what is told

    def refusal(self, refuse: Refuse) -> Refused:
        """How a refusal is told: when to come back, with what batches, and how much waits."""
        seconds = str(refuse.retry_seconds)
        return Refused(
            Fault("RATE_LIMITED", "", {"seconds": seconds}),
            status=refuse.status,
            more={
                "max_batch": refuse.max_batch,
                "depth": self.depths.waiting,
                "estimate_seconds": round(self.estimate(self.depths.waiting), 1),
            },
            headers={"Retry-After": seconds},
        )

    def estimate(self, depth: int) -> float:
        """Seconds until a lane of this depth will be posted."""
        return self.pace.seconds(depth, self.depths.waiting, self.depths.lanes)

    @property
    def max_batch(self) -> int:
        """The size hint for the next push; 0 while it may be as large as it likes."""
        batch = self.gate.limit.batch()
        return 0 if batch >= OPERATIONS_PER_PUSH_MAX else batch

    def looked(self, depths: Depths) -> None:
        """Take in a look at the lanes."""
        now = self._clock()
        self.pace = self.pace.after(depths.done, depths.waiting, now)
        self.depths = depths
        self._step(Looked(now, depths.waiting > 0, depths.held))

    # ---- steps

    def _step(self, event: admission.Event) -> None:
        self.gate, effects = admission.step(self.gate, event)
        for effect in effects:
            future = self._waiting.get(effect.number)
            if future is not None and not future.done():
                future.set_result(effect if isinstance(effect, Refuse) else None)
            elif isinstance(effect, Begin):
                self._step(Finished(self._clock(), effect.number))
        if self.gate.waiting and (self._ticking is None or self._ticking.done()):
            self._ticking = asyncio.get_running_loop().create_task(self._tick())

    async def _tick(self) -> None:
        """Time passes for those who wait."""
        while self.gate.waiting:
            await asyncio.sleep(TICK_SECONDS)
            self._step(Tick(self._clock()))

    def _drop(self, number: int, future: asyncio.Future[Refuse | None]) -> None:
        """Whoever waited has gone; a slot given to it in the same moment is given on."""
        if future.done() and not future.cancelled() and future.result() is None:
            self._step(Finished(self._clock(), number))
        else:
            self._step(Left(self._clock(), number))
