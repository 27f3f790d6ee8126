"""The cloud worker: claims lanes, posts turn after turn, and outlives whatever happens to the database.

While one turn is being committed in a second thread, the next is read and drafted in this one: the same lane's next
turn where nobody is entitled to go before it, else the lane that is. The order of commits within a lane is kept, and a
turn is sent only after the one before it went in. Nothing here decides what is posted (cloud/post.py) or who is next
(sync/lane.py).
"""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import structlog

from socai.cloud.lane import COMMITTED, LaneStore, LaneStuck, Poster, Prepared, StoreAway, TurnRefused
from socai.cloud.post import FAILED, Specs, Turn
from socai.cloud.store.connection import POSTER, Database
from socai.cloud.store.posting_postgres import PostgresLane
from socai.cloud.store.wake import Listener
from socai.edge.failpoint import reach
from socai.edge.memory import GARBAGE_YOUNG_BULK, spare_the_collector
from socai.registry import voucher_types
from socai.sync import lane as rules
from socai.sync.lane import Claim

IDLE_SECONDS_MIN, IDLE_SECONDS_MAX = 0.01, 0.25  # between two looks of a worker nobody wakes
LISTENING_SECONDS_MAX = 1.0  # … of one that hears when there is work
AWAY_SECONDS_MIN, AWAY_SECONDS_MAX = 0.1, 5.0
CONNECTIONS_MAX = 2

log = structlog.get_logger("worker")


@dataclass(slots=True)
class Figures:
    """What a worker has done since it started."""

    turns: int = 0
    works: int = 0
    entries: int = 0
    failed: int = 0
    refused_turns: int = 0
    lost_turns: int = 0
    reconnects: int = 0
    busy_seconds: float = 0.0
    wakes: int = 0
    commit_ms: float = 0.0  # of the last turn
    beat: float = 0.0  # when it last looked for work, by its own clock
    away: bool = False  # the database cannot be reached


@dataclass(slots=True)
class _Sent:
    """A turn handed to the committing thread."""

    prepared: Prepared
    turn: Turn
    keep: bool
    answer: Future[tuple[str, float]]  # what the store said, and how many milliseconds it took


@dataclass(slots=True)
class Worker:
    """One worker over one store. `run` returns when `stop` is set and the turn in hand has been committed."""

    store: LaneStore
    specs: Specs
    stop: threading.Event
    clock: Callable[[], float] = time.monotonic
    figures: Figures = field(default_factory=Figures)
    holder: str = field(default_factory=lambda: secrets.token_hex(8))
    on_turn: Callable[[Figures], None] | None = None
    listener: Listener | None = None
    _poster: Poster = field(init=False)
    _bucket: int | None = None
    _sent: _Sent | None = None
    _away: float = AWAY_SECONDS_MIN

    def __post_init__(self) -> None:
        self._poster = Poster(self.store, self.specs)

    def run(self) -> None:
        """Serve until stopped."""
        with ThreadPoolExecutor(1, "commit") as committer:
            while not self.stop.is_set():
                try:
                    self._serve(committer)
                except Exception as error:  # whatever it is, the worker lives on and tries the same work again
                    if isinstance(error, StoreAway):
                        log.warning("database away", error=str(error).splitlines()[:1], again_in_seconds=self._away)
                    else:
                        log.exception("worker failed", again_in_seconds=self._away)
                    self._drop()
                    self._poster.reset()
                    self.figures.reconnects += 1
                    self.figures.away = isinstance(error, StoreAway)
                    self.stop.wait(self._away * random.uniform(0.5, 1.0))
                    self._away = min(self._away * 2, AWAY_SECONDS_MAX)

    def _serve(self, committer: ThreadPoolExecutor) -> None:
        """Serve until stopped, or until the database is away (StoreAway)."""
        idle = 0.0
        if self.listener is not None:
            self.listener.begin()
        if self.figures.reconnects:
            self.store.let_go(self.holder)
        claim: Claim | None = None
        after = 0
        while not self.stop.is_set():
            if claim is None:
                claim, after = self._claim(), 0
                self.figures.beat, self.figures.away = self.clock(), False
            if claim is None:
                self._settle()
                idle = self._rest(idle)
                continue
            idle = 0.0
            claim, after = self._turn(committer, claim, after)
        self._settle()
        if claim is not None:
            self.store.release(claim)

    def _rest(self, idle: float) -> float:
        """Wait until there may be work; how long the last rest was, so that the next may be longer."""
        if not idle or self.listener is None or not self.listener.begin():
            idle = min(max(idle * 2, IDLE_SECONDS_MIN), IDLE_SECONDS_MAX)
            self.stop.wait(idle)
            return idle
        if self.listener.wait(LISTENING_SECONDS_MAX):
            self.figures.wakes += 1
            return 0.0
        return idle

    def _claim(self, below: int | None = None, only: int | None = None) -> Claim | None:
        """The next lane, in the bucket after the one served last; or one of bucket `only` due before `below`."""
        buckets = [only] if only is not None else rules.next_bucket(self.store.waiting_buckets(), self._bucket)
        for bucket in buckets:
            claim = self.store.claim(bucket, self.holder, below)
            if claim is not None:
                reach("lane.claimed")
                self._bucket = bucket
                return claim
        return None

    def _turn(self, committer: ThreadPoolExecutor, claim: Claim, after: int) -> tuple[Claim | None, int]:
        """Prepare one turn, send it, and say which lane is next and from where."""
        try:
            prepared, turn = self._prepare(claim, after)
        except StoreAway:
            raise
        except Exception:
            log.exception("a lane could not be read", tenant=claim.tenant)
            self._drop()
            self._poster.reset()
            self.store.postpone(claim, random.random())
            return None, 0
        if prepared is None or turn is None:
            waited = self._sent is not None
            if self._settle() and waited:
                return claim, 0  # the turn that stood in the way is in: look again from the front
            self.store.release(claim)
            return None, 0
        later = rules.advanced(claim, len(turn.done), turn.cost)
        following = self._claim(rules.due(later.virtual_time, later.depth, later.weight), claim.bucket)
        keep = following is None and prepared.more and not self.stop.is_set()
        if not self._settle():
            if following is not None:
                self.store.release(following)
            return None, 0
        self._sent = _Sent(prepared, turn, keep, committer.submit(self._commit, prepared, turn, keep))
        if keep:
            return later, prepared.last_n
        return following, 0

    def _prepare(self, claim: Claim, after: int) -> tuple[Prepared | None, Turn | None]:
        """Read, draft and decide while the last turn is under way; wait for it where the answer depends on it."""
        sent = self._sent
        pending = sent.prepared.vouchers if sent and sent.prepared.claim.tenant == claim.tenant else frozenset()
        prepared = self._poster.prepare(claim, after, pending)
        if prepared is None:
            return None, None
        if self._poster.needs(prepared) and not self._settle():
            return None, None
        return prepared, self._poster.finish(prepared)

    def _commit(self, prepared: Prepared, turn: Turn, keep: bool) -> tuple[str, float]:
        """In the committing thread."""
        begun = self.clock()
        answer = self._poster.commit(prepared, turn, keep)
        return answer, (self.clock() - begun) * 1000

    def _settle(self) -> bool:
        """Wait for the turn that was sent. True where it went in (or none was), False where its lane is given up."""
        sent, self._sent = self._sent, None
        if sent is None:
            return True
        claim = sent.prepared.claim
        try:
            answer, took = sent.answer.result()
        except TurnRefused as refusal:
            self.figures.refused_turns += 1
            log.warning("turn refused by the database", tenant=claim.tenant, error=str(refusal).splitlines()[:1])
            self._bisect(sent.prepared)
            return False
        self._poster.quantum = self._poster.quantum.after(took, len(sent.turn.done), sent.prepared.lone)
        self.figures.commit_ms = took
        self.figures.busy_seconds += took / 1000
        if answer != COMMITTED:
            self.figures.lost_turns += 1
            log.info("turn not committed", tenant=claim.tenant, answer=answer)
            self._poster.forget(claim)
            self.store.release(claim)
            return False
        self._count(sent.prepared, sent.turn)
        return True

    def _bisect(self, prepared: Prepared) -> None:
        """Serve what a refused turn held in ever smaller turns, until the poison stands alone and is answered."""
        claim, last = prepared.claim, prepared.last_n
        try:
            limit = self._poster.narrow(prepared)
            while (again := self._poster.prepare(claim, limit=limit)) and again.drafts[0].item.work.n <= last:
                turn = self._poster.finish(again)
                try:
                    answer = self._poster.commit(again, turn, keep=True)
                except TurnRefused:
                    limit = self._poster.narrow(again)
                    continue
                if answer != COMMITTED:
                    self._poster.forget(claim)
                    break
                self._count(again, turn)
        except LaneStuck as stuck:
            log.error("a lane is stuck", reason=str(stuck))
            self.store.postpone(claim, 1.0)
        self.store.release(claim)

    def _drop(self) -> None:
        """Forget what was under way: the database decides what became of it, the queue tells."""
        sent, self._sent = self._sent, None
        if sent is not None:
            sent.answer.exception()

    def _count(self, prepared: Prepared, turn: Turn) -> None:
        self._away = AWAY_SECONDS_MIN
        acts = [made.item.work.act_id for made in prepared.drafts if made.item.work.act_id]
        figures = self.figures
        figures.turns += 1
        figures.works += len(turn.done)
        figures.entries += turn.entries
        failed = sum(change.result == FAILED for change in turn.books)
        figures.failed += failed
        log.info("served", tenant=prepared.claim.tenant, fence=prepared.claim.fence, act_ids=acts, failed=failed)
        for bug in turn.bugs:
            log.error("a voucher could not be decided", traceback=bug)
        if self.on_turn is not None:
            self.on_turn(figures)


def run_worker(
    dsn: str,
    stop: threading.Event,
    on_turn: Callable[[Figures], None] | None = None,
    figures: Figures | None = None,
) -> Figures:
    """Work off the lanes of the database at `dsn` until `stop` is set. Any number of workers may run at once.

    `figures` are counted up while it works, for somebody who watches.
    """
    specs = {code: known.spec for code, known in voucher_types().items()}
    spare_the_collector(GARBAGE_YOUNG_BULK)
    listener = Listener(dsn, stop.is_set)
    try:
        with Database(dsn, POSTER, CONNECTIONS_MAX) as database:
            told = figures if figures is not None else Figures()
            worker = Worker(PostgresLane(database), specs, stop, figures=told, on_turn=on_turn, listener=listener)
            worker.run()
            return worker.figures
    finally:
        listener.close()
