"""Row 20: the lane against a model of its rules: who is next, fences, virtual time, zombies, and nothing posted twice.

Three tenants of one bucket, three workers that stall, come back from the dead, give up and go on; the production poster
over the memory store, whose clock is in the machine's hands. tests/cloud/test_lane_contract.py holds PostgreSQL to the
same answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from socai.cloud.lane import COMMITTED, LOST, STALE, Poster, Prepared
from socai.cloud.post import Turn
from socai.cloud.store.memory import MemoryStore
from socai.cloud.store.posting_memory import MemoryLane
from socai.sync.lane import LEASE_MS, RETRY_MS_MAX, WEIGHT_NORMAL, Claim, advanced, charge, due
from socai.sync.message import DELETE
from support.machine import cases
from support.posting import balances, items, rebuilt
from support.sender import company, ident, journal, specs

BOOK = ["financial"]
TENANTS = ("an", "binh", "chi")
WORKERS = ("w1", "w2", "w3")


@dataclass
class Lane:
    """One tenant's lane as the model keeps it."""

    tenant: int
    depth: int = 0
    virtual: int = 0
    fence: int = 0
    until: int = 0
    ready: int = 0


@dataclass
class Held:
    """What a worker believes to hold; it may be a zombie's belief."""

    claim: Claim
    poster: Poster
    turn: tuple[Prepared, Turn] | None = None


class Lanes(RuleBasedStateMachine):
    """Workers over the lanes of one bucket."""

    @initialize()
    def open(self) -> None:
        self.at = 0
        start = datetime(2026, 11, 22, 3, tzinfo=UTC)
        self.store = MemoryStore(
            lambda: (start + timedelta(milliseconds=self.at)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        )
        self.offices = [company(self.store, code) for code in TENANTS]
        self.lane = MemoryLane(self.store)
        self.lanes = [Lane(office.ref.tenant) for office in self.offices]
        self.held: list[Held] = []
        self.vouchers: list[tuple[int, str]] = []  # (office, voucher)
        self.gone: set[str] = set()

    # --- words

    def of(self, claim: Claim) -> Lane:
        return next(lane for lane in self.lanes if lane.tenant == claim.tenant)

    def is_mine(self, held: Held) -> bool:
        return self.of(held.claim).fence == held.claim.fence

    def draw(self, data: st.DataObject) -> Held:
        return data.draw(st.sampled_from(self.held))

    # --- people and time

    @rule(at=st.integers(0, 2), count=st.integers(1, 12))
    def save(self, at: int, count: int) -> None:
        office, lane = self.offices[at], self.lanes[at]
        fresh = [ident() for _ in range(count)]
        self.vouchers += [(at, voucher) for voucher in fresh]
        made = [office.save(key, journal(amount=number + 1), post_to=BOOK) for number, key in enumerate(fresh)]
        assert {outcome.result for outcome in office.push(*made)} == {"applied"}
        if not lane.depth:
            # An idle lane comes in at the bucket's present: no credit is saved up.
            waiting = [other.virtual for other in self.lanes if other.depth]
            lane.virtual = max(lane.virtual, min(waiting) if waiting else max(other.virtual for other in self.lanes))
        lane.depth += count

    @precondition(lambda self: self.vouchers)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """Gone at once where no book holds it; its work stays in the lane and comes to nothing."""
        at, voucher = data.draw(st.sampled_from(self.vouchers))
        office = self.offices[at]
        posted = items(self.store, office.ref)[voucher].books[0].posted
        (outcome,) = office.push(office.act(voucher, DELETE, base=1))
        if posted or voucher in self.gone:
            assert outcome.result != "applied"
        else:
            assert outcome.result == "applied"
            self.gone.add(voucher)

    @rule(ms=st.sampled_from((1, 500, LEASE_MS - 1, LEASE_MS)))
    def time_passes(self, ms: int) -> None:
        self.at += ms

    # --- workers

    @rule(worker=st.sampled_from(WORKERS))
    def claim(self, worker: str) -> None:
        """The lane that is due first of those that wait and that nobody holds."""
        free = [lane for lane in self.lanes if lane.depth and lane.until <= self.at and lane.ready <= self.at]
        claim = self.lane.claim(0, worker)
        if not free:
            assert claim is None
            return
        lane = min(free, key=lambda lane: (due(lane.virtual, lane.depth, WEIGHT_NORMAL), lane.tenant))
        assert claim is not None
        assert (claim.tenant, claim.fence, claim.virtual_time) == (lane.tenant, lane.fence + 1, lane.virtual)
        lane.fence, lane.until = lane.fence + 1, self.at + LEASE_MS
        self.held.append(Held(claim, Poster(self.lane, specs())))

    @precondition(lambda self: self.held)
    @rule(data=st.data(), limit=st.integers(1, 10))
    def prepare(self, data: st.DataObject, limit: int) -> None:
        """Read, draft and decide; the commit may come much later, or never."""
        held = self.draw(data)
        prepared = held.poster.prepare(held.claim, limit=limit)
        held.turn = (prepared, held.poster.finish(prepared)) if prepared is not None else None

    @precondition(lambda self: any(held.turn for held in self.held))
    @rule(data=st.data(), keep=st.booleans())
    def commit(self, data: st.DataObject, keep: bool) -> None:
        """Goes in whole where the fence still is this one's, whatever the time; else changes nothing at all.

        Nor does it where a wish to post was taken back since it was read.
        """
        held = data.draw(st.sampled_from([held for held in self.held if held.turn]))
        assert held.turn is not None
        prepared, turn = held.turn
        held.turn = None
        lane, mine = self.of(held.claim), self.is_mine(held)
        taken_back = any(change.enters and change.voucher in self.gone for change in turn.books)
        answer = held.poster.commit(prepared, turn, keep)
        assert answer == (LOST if not mine else STALE if taken_back else COMMITTED)
        if answer != COMMITTED:
            held.poster.forget(held.claim)
            return
        lane.depth -= len(turn.done)
        lane.virtual = charge(lane.virtual, turn.cost, held.claim.weight)
        lane.until, lane.ready = (self.at + LEASE_MS, 0) if keep else (0, 0)
        held.claim = advanced(held.claim, len(turn.done), turn.cost)
        if not keep:
            self.held.remove(held)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        """A zombie gives back nothing."""
        held = self.draw(data)
        self.lane.release(held.claim)
        if self.is_mine(held):
            self.of(held.claim).until = 0
        self.held.remove(held)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), jitter=st.floats(0, 1))
    def postpone(self, data: st.DataObject, jitter: float) -> None:
        """Only this tenant waits, and not for ever."""
        held = self.draw(data)
        self.lane.postpone(held.claim, jitter)
        if self.is_mine(held):
            lane = self.of(held.claim)
            ready = self.store.at(self.offices[self.lanes.index(lane)].ref).lane.ready_at
            now = self.epoch()
            assert now < ready <= now + 2 * RETRY_MS_MAX
            lane.until, lane.ready = 0, self.at + ready - now
        self.held.remove(held)

    def epoch(self) -> int:
        return int(datetime.fromisoformat(self.store.now()).timestamp() * 1000)

    # --- what must hold

    @invariant()
    def the_same(self) -> None:
        if not hasattr(self, "store"):
            return
        for office, lane in zip(self.offices, self.lanes, strict=True):
            kept = self.store.at(office.ref).lane
            assert (kept.depth, kept.virtual_time, kept.fence) == (lane.depth, lane.virtual, lane.fence)
            assert len(self.store.at(office.ref).work) == lane.depth

    @invariant()
    def nothing_is_posted_twice(self) -> None:
        """I9 and I8: one set a voucher, ever, and the balances are their sum."""
        if not hasattr(self, "store"):
            return
        for office, lane in zip(self.offices, self.lanes, strict=True):
            found = items(self.store, office.ref)
            sets = [len(item.sets) for item in found.values() if item.kind == "voucher"]
            assert all(count <= 1 for count in sets)
            assert len(sets) - sum(sets) <= lane.depth + len(self.gone)
            assert not any(item.deleted and item.sets for item in found.values())
            assert balances(self.store, office.ref) == rebuilt(found.values())

    def teardown(self) -> None:
        """I11: whoever died holding what, an honest worker ends it."""
        if not hasattr(self, "store"):
            return
        self.at += max(LEASE_MS, 2 * RETRY_MS_MAX)
        poster = Poster(self.lane, specs())
        while (claim := self.lane.claim(0, "honest")) is not None:
            assert poster.serve(claim)
        sets = [item.sets for office in self.offices for item in items(self.store, office.ref).values() if item.sets]
        assert len(sets) == len(self.vouchers) - len(self.gone)


TestRow20Lane, TestRow20LaneLong = cases(Lanes, 15)
