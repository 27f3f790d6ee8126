"""Admission: who is served now, who waits a moment, and who is told to come back. Events in, effects out, like push.py.

Confirmations are always served. Everything else shares a limit of requests at once, learned from how long commits
take: near the time a lone commit takes it rises a little, slower it falls (a gradient), and a failed one cuts it.
Interactive saves may use all of it; backlogs, downloads and reports leave some free for them, and more while postings
wait. What waits is served by priority, but every so many seconds a waiting request rises by one, so nobody waits for
ever. One that has risen all the way takes its turn among the saves, though never more than one at a time: else a flood
of backlogs, all risen, would leave the saves nothing. Within a priority the tenant with the fewest requests under way
goes first. What would wait too long is refused with the time it should come back after and the size its batches should
have. Nothing is refused once it was begun.

While postings are under way and people save, backlogs go one by one, and each is followed by a rest as long as serving
it took: accepting and posting share the same machines, and what is accepted faster than it can be posted only makes
those wait who sent one voucher.

Seconds are the caller's, of any clock that only goes forward.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from socai.sync.message import OPERATIONS_PER_PUSH_MAX

CONFIRMATION, INTERACTIVE, POSTING, BACKLOG, REPORT = range(5)
RANKS = (CONFIRMATION, INTERACTIVE, POSTING, BACKLOG, REPORT)
RANK_NAMES = ("confirmation", "interactive", "posting", "backlog", "report")

LIMIT_FIRST, LIMIT_MIN, LIMIT_MAX = 4.0, 2.0, 12.0
TOLERANCE = 2.0  # how much slower than a lone commit is still well
PROBE = 2  # with so few under way, the time they take is that of a lone one
HEADROOM = 1.0
SMOOTH = 0.1
FAILED_FACTOR = 0.9
LARGE_COST = 60
COST_OF_SLICE = 10  # what a transaction costs besides its operations, in operations
OPERATIONS_PER_SLICE = 250

KEPT_FREE = 0.2  # of the limit, from backlogs, downloads and reports, for interactive saves
KEPT_FOR_POSTING = 0.5  # … and so much more while postings wait
REST = 1.0  # while people save as well: how long backlogs rest after one of them, in times of what it took
REST_SECONDS_MAX = 5.0
PEOPLE_SECONDS = 2.0  # how long after a save people count as saving
WAIT_SECONDS_MAX = {INTERACTIVE: 10.0, POSTING: 10.0, BACKLOG: 5.0, REPORT: 5.0}
WAITING_MAX = {INTERACTIVE: 400, POSTING: 50, BACKLOG: 50, REPORT: 10}
RISE_SECONDS = 1.0

RETRY_SECONDS_MIN, RETRY_SECONDS_MAX = 1, 60
BATCH_MS = 1_500.0  # what a push should take at most, as things go
BATCH_MIN = 100

FRESH_OPERATIONS_MAX, FRESH_BYTES_MAX = 20, 60_000
FRESH_RATE, FRESH_BURST = 50.0, 200.0  # operations a second of one data server that count as people at work
TENANT_RATE, TENANT_BURST = 5_000.0, 20_000.0  # operations a second of one tenant, whatever is free

BUSY, TOO_MUCH = 503, 429


def push_cost(operations: int) -> int:
    """What a push costs: its operations, and the transactions they take."""
    return operations + COST_OF_SLICE * max(math.ceil(operations / OPERATIONS_PER_SLICE), 1)


# ---- token buckets


@dataclass(frozen=True, slots=True)
class Bucket:
    """Tokens that come at a rate up to a burst. Taking may leave a debt, which is paid before anything else."""

    rate: float
    burst: float
    tokens: float
    at: float = 0.0

    def now(self, now: float) -> Bucket:
        """The bucket as it stands at `now`."""
        gone = max(now - self.at, 0.0)
        return replace(self, tokens=min(self.tokens + gone * self.rate, self.burst), at=max(now, self.at))

    def take(self, count: float, now: float) -> Bucket:
        """The bucket without `count` tokens."""
        held = self.now(now)
        return replace(held, tokens=max(held.tokens - count, -self.burst))

    def seconds_until(self, count: float, now: float) -> float:
        """How long until `count` tokens (never more than a whole burst) are there; 0 where they are."""
        held = self.now(now)
        return max(min(count, self.burst) - held.tokens, 0.0) / self.rate


def full(rate: float, burst: float, now: float) -> Bucket:
    """A bucket nobody has taken from."""
    return Bucket(rate, burst, burst, now)


def rank_of_push(operations: int, size: int, fresh: Bucket, now: float) -> int:
    """Whether a push is people at work or a backlog: small, from a data server that has not sent much of late."""
    small = operations <= FRESH_OPERATIONS_MAX and size <= FRESH_BYTES_MAX
    return INTERACTIVE if small and fresh.now(now).tokens >= min(operations, fresh.burst) else BACKLOG


# ---- the limit


@dataclass(frozen=True, slots=True)
class Taken:
    """Milliseconds that a unit of cost takes: alone, and of late."""

    alone: float = 0.0
    late: float = 0.0

    def after(self, ms: float, under_way: int) -> Taken:
        """What is known after one that took `ms` while so many were under way.

        Only a lone one can make `alone` worse: else a full cloud would come to think of its slowness as its best.
        """
        if not self.late:
            return Taken(ms, ms)
        late = self.late + SMOOTH * (ms - self.late)
        alone = self.alone + SMOOTH * (ms - self.alone) if under_way <= PROBE else min(self.alone, late)
        return Taken(alone, late)


@dataclass(frozen=True, slots=True)
class Limit:
    """How many at once, and what it was learned from; small and large requests apart, for each has its own best."""

    value: float = LIMIT_FIRST
    small: Taken = field(default_factory=Taken)
    large: Taken = field(default_factory=Taken)

    @property
    def slots(self) -> int:
        """The limit as a whole number."""
        return int(self.value)

    @property
    def late_ms(self) -> float:
        """Milliseconds that a unit of cost takes of late, where the bulk of the work goes."""
        return self.large.late or self.small.late

    def after(self, ms: float, cost: int, under_way: int) -> Limit:
        """The limit after a request whose commits took `ms`, while so many were under way, itself included."""
        each = ms / max(cost, 1)
        if each <= 0 or not math.isfinite(each):
            return self
        large = cost > LARGE_COST
        taken = (self.large if large else self.small).after(each, under_way)
        gradient = min(max(TOLERANCE * taken.alone / taken.late, 0.5), 1.0)
        wanted = self.value * gradient + HEADROOM
        if wanted > self.value and under_way < self.value / 2:
            wanted = self.value  # it was not the limit that held anybody back
        value = min(max(self.value + SMOOTH * (wanted - self.value), LIMIT_MIN), LIMIT_MAX)
        return replace(self, value=value, large=taken) if large else replace(self, value=value, small=taken)

    def failed(self) -> Limit:
        """The limit after a commit that failed or never came."""
        return replace(self, value=max(self.value * FAILED_FACTOR, LIMIT_MIN))

    def batch(self) -> int:
        """How many operations a push had better carry; the most there may be while all is well."""
        if not self.large.late:
            return OPERATIONS_PER_PUSH_MAX
        fits = BATCH_MS / self.large.late / (1 + COST_OF_SLICE / OPERATIONS_PER_SLICE)
        return int(min(max(fits, BATCH_MIN), OPERATIONS_PER_PUSH_MAX))


# ---- the gate


@dataclass(frozen=True, slots=True)
class Ticket:
    """A request that wants to be served."""

    number: int
    rank: int
    tenant: int
    cost: int = 1
    at: float = 0.0
    begun: float = 0.0

    def risen(self, now: float) -> int:
        """Its rank by now: waiting lifts it, as far as people's saves and no further."""
        return max(self.rank - int((now - self.at) / RISE_SECONDS), min(self.rank, INTERACTIVE))


@dataclass(frozen=True, slots=True)
class Gate:
    """What is under way and what waits. `posting`: postings wait in some lane, so that less is left for backlogs.

    `worked`: a worker is at them. `saved_at` is when the last save came, `rest_until` when backlogs may begin again.
    """

    limit: Limit = field(default_factory=Limit)
    running: tuple[Ticket, ...] = ()
    waiting: tuple[Ticket, ...] = ()
    posting: bool = False
    worked: bool = False
    saved_at: float = -math.inf
    rest_until: float = -math.inf

    @property
    def held(self) -> int:
        """Slots in use; confirmations use none."""
        return sum(ticket.rank != CONFIRMATION for ticket in self.running)

    def room(self, rank: int) -> int:
        """How many slots a request of this rank may see in use and still be begun."""
        slots = self.limit.slots
        if rank <= POSTING:
            return slots
        kept = KEPT_FREE + (KEPT_FOR_POSTING if self.posting else 0.0)
        kept = min(kept * (2 if rank == REPORT else 1), 1.0)
        return max(slots - math.ceil(slots * kept), 1)

    def paces(self, now: float) -> bool:
        """Whether backlogs go one by one, with rests: people save, and their postings are under way."""
        return self.worked and now - self.saved_at < PEOPLE_SECONDS

    def admits(self, ticket: Ticket, now: float) -> bool:
        """Whether there is a slot for a waiting request: in the room of its rank, or for the one risen all the way."""
        alone = self.held < self.limit.slots and all(other.rank <= POSTING for other in self.running)
        if ticket.rank >= BACKLOG and self.paces(now):
            return alone and now >= self.rest_until
        return self.held < self.room(ticket.rank) or (alone and ticket.risen(now) == INTERACTIVE)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request came."""

    now: float
    ticket: Ticket


@dataclass(frozen=True, slots=True)
class Finished:
    """A request that was begun has ended; `ms` is how long its commits took, 0 where it had none."""

    now: float
    number: int
    ms: float = 0.0
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """Whoever waited has gone away."""

    now: float
    number: int


@dataclass(frozen=True, slots=True)
class Looked:
    """A look at the lanes: whether postings wait, and whether a worker is at them."""

    now: float
    posting: bool
    worked: bool = False


@dataclass(frozen=True, slots=True)
class Tick:
    """Time went on."""

    now: float


Event = Arrived | Finished | Left | Looked | Tick


@dataclass(frozen=True, slots=True)
class Begin:
    """Serve it now."""

    number: int


@dataclass(frozen=True, slots=True)
class Refuse:
    """Tell it to come back: after so many seconds, with batches of at most so many operations."""

    number: int
    retry_seconds: int
    max_batch: int
    status: int = BUSY


Effect = Begin | Refuse


def step(gate: Gate, event: Event) -> tuple[Gate, list[Effect]]:
    """The next state and what is to be done."""
    effects: list[Effect] = []
    match event:
        case Arrived(ticket=ticket):
            if ticket.rank == CONFIRMATION:
                return replace(gate, running=(*gate.running, ticket)), [Begin(ticket.number)]
            saved_at = event.now if ticket.rank == INTERACTIVE else gate.saved_at
            gate = replace(gate, waiting=(*gate.waiting, ticket), saved_at=saved_at)
        case Finished():
            gate = _finished(gate, event)
        case Left(number=number):
            gate = replace(gate, waiting=tuple(each for each in gate.waiting if each.number != number))
        case Looked(posting=posting, worked=worked):
            gate = replace(gate, posting=posting, worked=worked)
        case Tick():
            pass
    gate = _begin(gate, event.now, effects)
    return _refuse(gate, event.now, effects), effects


def retry_seconds(gate: Gate, cost: int, now: float) -> int:
    """When to come back: once what is under way and waits has been served, as fast as things go now."""
    ahead = sum(ticket.cost for ticket in (*gate.running, *gate.waiting)) + cost
    seconds = ahead * gate.limit.late_ms / 1000 / max(gate.limit.slots, 1) * (1 + REST if gate.paces(now) else 1)
    return int(min(max(math.ceil(seconds), RETRY_SECONDS_MIN), RETRY_SECONDS_MAX))


def _finished(gate: Gate, event: Finished) -> Gate:
    mine = next((ticket for ticket in gate.running if ticket.number == event.number), None)
    if mine is None:
        return gate
    limit = gate.limit
    if event.failed:
        limit = limit.failed()
    elif event.ms > 0:
        limit = limit.after(event.ms, mine.cost, gate.held)
    rest = gate.rest_until
    if mine.rank == BACKLOG and gate.paces(event.now):
        rest = max(rest, event.now + min(REST * (event.now - mine.begun), REST_SECONDS_MAX))
    running = tuple(each for each in gate.running if each is not mine)
    return replace(gate, limit=limit, running=running, rest_until=rest)


def _begin(gate: Gate, now: float, effects: list[Effect]) -> Gate:
    """Begin whatever may be begun, the most urgent first."""
    while gate.waiting:
        busy: dict[int, int] = {}
        for ticket in gate.running:
            busy[ticket.tenant] = busy.get(ticket.tenant, 0) + (ticket.rank != CONFIRMATION)
        free = [each for each in gate.waiting if gate.admits(each, now)]
        if not free:
            break
        first = min(free, key=lambda each: (each.risen(now), busy.get(each.tenant, 0), each.at, each.number))
        rest = tuple(each for each in gate.waiting if each is not first)
        gate = replace(gate, running=(*gate.running, replace(first, begun=now)), waiting=rest)
        effects.append(Begin(first.number))
    return gate


def _refuse(gate: Gate, now: float, effects: list[Effect]) -> Gate:
    """Refuse what has waited long enough, and the newest of a rank that has too many."""
    gone: list[Ticket] = [each for each in gate.waiting if now - each.at >= WAIT_SECONDS_MAX[each.rank]]
    for rank in RANKS[1:]:
        queue = sorted((each for each in gate.waiting if each.rank == rank and each not in gone), key=_age)
        gone += queue[WAITING_MAX[rank] :]
    if not gone:
        return gate
    gate = replace(gate, waiting=tuple(each for each in gate.waiting if each not in gone))
    effects += [Refuse(each.number, retry_seconds(gate, each.cost, now), gate.limit.batch()) for each in gone]
    return gate


def _age(ticket: Ticket) -> tuple[float, int]:
    return ticket.at, ticket.number


# ---- how long the lane will take


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast postings go: pieces of work done since the last look, smoothed; nothing is learned while none waits."""

    per_second: float = 0.0
    done: int = -1
    at: float = 0.0

    def after(self, done: int, waiting: int, now: float) -> Pace:
        """The pace after a look: `done` counts all work ever done, `waiting` what is left."""
        gone = now - self.at
        if self.done < 0 or done < self.done:
            return Pace(self.per_second, done, now)
        if gone <= 0:
            return self
        rate = (done - self.done) / gone
        if not waiting and rate <= self.per_second:
            return replace(self, done=done, at=now)  # idle for part of the time: it could have gone faster
        smoothed = rate if not self.per_second else self.per_second + 0.3 * (rate - self.per_second)
        return Pace(smoothed, done, now)

    def seconds(self, depth: int, waiting: int, lanes: int) -> float:
        """How long until a lane of this depth is empty: lanes are served in turn, and none waits for more than all."""
        if depth <= 0:
            return 0.0
        ahead = min(max(waiting, depth), depth * max(lanes, 1))
        return ahead / (self.per_second or PACE_UNKNOWN)


PACE_UNKNOWN = 500.0
"""Postings a second, as long as none was seen."""
