"""The lane: who is served next, for how long, and what one piece of work means. Pure decisions, no clock and no SQL.

One serial lane per tenant holds all its background work. Lanes of a bucket are served by fair queueing: a lane's
virtual time grows by the cost of what it was served, divided by its weight, and the one whose next turn would end first
goes next; a lane that was idle starts at the bucket's present virtual time: nobody saves up credit, nobody pays for old
service. Going by the end of a turn, not by its beginning, lets a single voucher pass backlogs that came in with it, by
less than one of their turns: what anybody gets over time is the same.
A claim raises the fence; every commit checks it, so a worker that was thought dead can change nothing (the fence
decides, never the time). The stores follow these rules in their own words: the memory store by calling them, PostgreSQL
by statements that a contract test holds to the same answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

QUANTUM_WORK_MAX = 50  # pieces of work in one turn while others wait
QUANTUM_LONE_MAX = 500  # … while nobody else waits in the bucket
QUANTUM_ENTRIES_MAX = 5_000  # a turn of very long vouchers ends here, though one voucher is always taken whole
QUANTUM_MS = 200  # a turn that has taken this long shrinks the next one
QUANTUM_LONE_MS = 1_000  # … while nobody else waits
QUANTUM_WORK_MIN = 5
LEASE_MS = 10_000  # silence after which another worker may take the lane
RETRY_MS_MIN, RETRY_MS_MAX = 200, 60_000

WEIGHT_NORMAL = 100
COST_OF_WORK = 4  # in entry rows: book state, change row, set and queue row
VIRTUAL_SCALE = 1_000

POST, UNPOST, REPLACE, DELETE = "post", "unpost", "replace", "delete"


@dataclass(frozen=True, slots=True)
class Lane:
    """One tenant's lane. `depth` counts work not done; times are milliseconds of the database's clock.

    `lease_until` is 0 while nobody holds the lane. `ready_at` keeps a lane that failed for outside reasons waiting.
    """

    bucket: int
    tenant: int
    weight: int = WEIGHT_NORMAL
    virtual_time: int = 0
    depth: int = 0
    fence: int = 0
    holder: str = ""
    lease_until: int = 0
    ready_at: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on a lane until it is lost: good only while the lane still shows this fence and holder."""

    bucket: int
    tenant: int
    fence: int
    holder: str
    virtual_time: int = 0
    weight: int = WEIGHT_NORMAL
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Work:
    """One piece of work: what an accepted act asks of one book.

    `version` is the voucher's version the act made. `asked` says whether a replace ends in a posting even where the old
    version was not in the books. `answered` lists the codes of warnings the person has accepted.
    """

    n: int  # order in the tenant's lane
    voucher: str
    book: str
    act: str
    version: int
    user: str = ""
    asked: bool = True
    answered: tuple[str, ...] = ()
    act_id: str = ""  # the person's act it comes from, for the log


@dataclass(frozen=True, slots=True)
class Standing:
    """How a voucher stands in one book when the lane comes to it.

    `body_version` is the newest version that changed the body; a post or unpost raises the version alone.
    `live_set` is the number of the set in the books, 0 for none, and `live_version` the version it was posted from.
    """

    body_version: int
    deleted: bool = False
    live_set: int = 0
    live_version: int = 0
    last_set: int = 0


SUPERSEDED, NOTHING, ENTER, VOID, EXCHANGE = "superseded", "nothing", "enter", "void", "exchange"


def step(work: Work, standing: Standing) -> str:
    """What a piece of work comes to.

    SUPERSEDED: a newer version exists, whose own work decides. NOTHING: the books are already as asked. ENTER: post a
    new set. VOID: take the live set out. EXCHANGE: both in one transaction. Never two live sets (I9).
    """
    if work.act in (UNPOST, DELETE):
        return VOID if standing.live_set else NOTHING
    if standing.deleted or standing.body_version > work.version:
        return SUPERSEDED
    if standing.live_set and standing.live_version >= standing.body_version:
        return NOTHING
    if standing.live_set:
        return EXCHANGE
    return ENTER if work.act == POST or work.asked else NOTHING


# --- fair queueing --------------------------------------------------------------------------------------------------


def present(lanes: Iterable[Lane]) -> int:
    """The bucket's present virtual time: the lowest of the lanes with work, or the furthest anybody got."""
    waiting, furthest = None, 0
    for lane in lanes:
        furthest = max(furthest, lane.virtual_time)
        if lane.depth and (waiting is None or lane.virtual_time < waiting):
            waiting = lane.virtual_time
    return furthest if waiting is None else waiting


def enqueue(lane: Lane, count: int, floor: int) -> Lane:
    """The lane with `count` more pieces of work. An idle lane comes in at `floor` (see `present`)."""
    if count <= 0:
        return lane
    virtual_time = lane.virtual_time if lane.depth else max(lane.virtual_time, floor)
    return replace(lane, depth=lane.depth + count, virtual_time=virtual_time)


def due(virtual_time: int, depth: int, weight: int) -> int:
    """When a lane's next turn ends in virtual time, taking every piece of work for as cheap as it can be."""
    return charge(virtual_time, cost(min(depth, QUANTUM_WORK_MAX), 0), weight)


def claimable(lane: Lane, now: int) -> bool:
    """Whether a worker may take this lane at `now`."""
    return lane.depth > 0 and lane.ready_at <= now and lane.lease_until <= now


def next_lane(lanes: Iterable[Lane], now: int, below: int | None = None) -> Lane | None:
    """The lane to be served next: the first to be due, then by tenant. `below`: only one due before that time."""
    best: tuple[int, int, Lane] | None = None
    for lane in lanes:
        at = due(lane.virtual_time, lane.depth, lane.weight)
        if not claimable(lane, now) or (below is not None and at >= below):
            continue
        if best is None or (at, lane.tenant) < best[:2]:
            best = at, lane.tenant, lane
    return best[2] if best else None


def claim(lane: Lane, holder: str, now: int) -> tuple[Lane, Claim]:
    """The lane under a new lease, and the claim on it. The fence of every older claim is now too low."""
    fence = lane.fence + 1
    held = replace(lane, fence=fence, holder=holder, lease_until=now + LEASE_MS)
    return held, Claim(lane.bucket, lane.tenant, fence, holder, lane.virtual_time, lane.weight, lane.depth)


def holds(lane: Lane, claimed: Claim) -> bool:
    """Whether a commit under this claim is allowed."""
    return lane.fence == claimed.fence and lane.holder == claimed.holder


def cost(works: int, entries: int) -> int:
    """What a turn cost, in entry rows."""
    return works * COST_OF_WORK + entries


def charge(virtual_time: int, spent: int, weight: int) -> int:
    """The virtual time after service of cost `spent`."""
    return virtual_time + spent * VIRTUAL_SCALE // max(weight, 1)


def settle(lane: Lane, done: int, spent: int, keep: bool, now: int) -> Lane:
    """The lane after a committed turn. `keep`: the worker goes on with it; else anybody may take it."""
    return replace(
        lane,
        depth=max(lane.depth - done, 0),
        virtual_time=charge(lane.virtual_time, spent, lane.weight),
        lease_until=now + LEASE_MS if keep else 0,
        failures=0,
        ready_at=0,
    )


def advanced(claimed: Claim, done: int, spent: int) -> Claim:
    """The claim as it stands after a kept turn: the same fence, later virtual time."""
    later = charge(claimed.virtual_time, spent, claimed.weight)
    return replace(claimed, virtual_time=later, depth=max(claimed.depth - done, 0))


def postpone(lane: Lane, now: int, jitter: float) -> Lane:
    """The lane after a failure that is no voucher's fault: only this tenant waits. `jitter` is in 0..1."""
    ceiling = min(RETRY_MS_MIN << min(lane.failures, 20), RETRY_MS_MAX)
    wait = RETRY_MS_MIN + int(ceiling * jitter)
    return replace(lane, lease_until=0, ready_at=now + wait, failures=lane.failures + 1)


@dataclass(frozen=True, slots=True)
class Quantum:
    """How much a worker takes in a turn. It learns from the last turn, so that a slow database gets shorter ones."""

    limit: int = QUANTUM_WORK_MAX
    lone_limit: int = QUANTUM_LONE_MAX
    entries: int = field(default=QUANTUM_ENTRIES_MAX)

    def size(self, lone: bool) -> int:
        """Pieces of work for the next turn."""
        return self.lone_limit if lone else self.limit

    def after(self, took_ms: float, works: int, lone: bool) -> Quantum:
        """The quantum after a turn. Too slow: as many as fit the time; well inside: back towards the full size."""
        most, limit_ms = (QUANTUM_LONE_MAX, QUANTUM_LONE_MS) if lone else (QUANTUM_WORK_MAX, QUANTUM_MS)
        now = self.size(lone)
        if took_ms > limit_ms and works:
            size = max(QUANTUM_WORK_MIN, int(works * limit_ms / took_ms))
        elif took_ms < limit_ms / 2 and works >= now:
            size = min(most, now * 2)
        else:
            return self
        size = min(size, most)
        return replace(self, lone_limit=size) if lone else replace(self, limit=size)


def next_bucket(buckets: Sequence[int], last: int | None) -> list[int]:
    """The buckets in the order to ask them, beginning after the one served last: rotation keeps buckets fair."""
    ordered = sorted(buckets)
    if last is None:
        return ordered
    later = [bucket for bucket in ordered if bucket > last]
    return later + [bucket for bucket in ordered if bucket <= last]
