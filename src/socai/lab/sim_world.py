"""One simulated world: virtual time, a faulty network, offices on files in memory, the cloud on its store in memory.

The offices run the push and pull machines, `exchange` and `incoming` of production; the cloud its acceptor, feeder,
greeter and poster. Only what moves bytes and tells time is simulated. A crash loses everything but the
store; it may come before or after any commit.
"""

from __future__ import annotations

import heapq
import itertools
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from types import TracebackType
from typing import Any, Self

from socai.dataserver.clock import Instant
from socai.lab.sim_act import People
from socai.lab.sim_cloud import Cloud
from socai.lab.sim_office import Office

ACTS_MIN = 200
FAULTS_MIN = 20
FAULT_KINDS = (
    "drop_request", "drop_answer", "duplicate", "delay", "reorder", "cut", "crash_office", "crash_cloud",
    "crash_worker", "zombie_worker", "clock_jump", "sleep",
)  # fmt: skip
BEGAN_MILLISECONDS = 1_795_000_000_000  # 2026-11-18, where all clocks start
LOG_LINES_MAX = 4_000
TIMEOUT_SECONDS = 30.0

Answer = Callable[[Any], None]


@dataclass(order=True, slots=True)
class Event:
    """Something that happens at a moment; equal moments keep the order in which they were planned."""

    at: float
    order: int
    run: Callable[[], None] = field(compare=False)


class World:
    """A seed's world. Use as a context manager: identifiers come from the seed while it is entered."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.now = 0.0
        self.healed = False
        self.faults: Counter[str] = Counter()
        self.cells: Counter[tuple[str, str]] = Counter()
        self.log: list[str] = []
        self.acts_done = 0
        self._events: list[Event] = []
        self._order = itertools.count()
        self._bytes = Random(seed + 1)
        self._urandom = os.urandom

    def __enter__(self) -> Self:
        os.urandom = self._bytes.randbytes
        self.cloud = Cloud(self)
        names = (("a", 3), ("b", 2))
        self.offices = [
            Office(self, tenant, f"{tenant}{number}") for tenant, count in names for number in range(1, count + 1)
        ]
        self.people = People(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for office in getattr(self, "offices", ()):
            office.file.close()
        os.urandom = self._urandom

    # ---- time

    def later(self, seconds: float, run: Callable[[], None]) -> None:
        """Plan something."""
        heapq.heappush(self._events, Event(self.now + max(seconds, 0.0), next(self._order), run))

    def instant(self, skew: float = 0.0, boot: str = "boot", since: float = 0.0) -> Instant:
        """This moment on an office's clocks: the wall may be set wrong, the tick counts from its boot."""
        wall = BEGAN_MILLISECONDS + int((self.now + skew) * 1000)
        return Instant(wall, int((self.now - since) * 1000) + 1000, boot)

    def note(self, text: str) -> None:
        """A line of the story."""
        if len(self.log) < LOG_LINES_MAX:
            self.log.append(f"{self.now:9.2f}  {text}")

    def chance(self, percent: float) -> bool:
        """Whether something of this probability happens; never once the world is healed."""
        return not self.healed and self.random.random() * 100 < percent

    # ---- life

    def live(self) -> None:
        """Everybody works and everything goes wrong, until enough of both has happened."""
        for office in self.offices:
            office.boot()
        self.later(1.0, self._work)
        self.later(1.0, self.people.act)
        self.later(3.0, self._disturb)
        while self.acts_done < ACTS_MIN or sum(self.faults.values()) < FAULTS_MIN:
            self._step()

    def heal(self, seconds: float) -> bool:
        """Mend all, let time pass; whether everything came to rest."""
        self.healed = True
        self.note("healed")
        for office in self.offices:
            office.mend()
        self.cloud.mend()
        end, quiet_since = self.now + seconds, None
        while self._events and self.now < end:
            self._step()
            if not self.quiet():
                quiet_since = None
            elif quiet_since is None:
                quiet_since = self.now
            elif self.now - quiet_since > 90.0:  # past every long poll: the feed has brought what there was
                return True
        return False

    def quiet(self) -> bool:
        """Whether nothing waits anywhere."""
        return self.cloud.idle() and all(office.idle() for office in self.offices)

    def _step(self) -> None:
        event = heapq.heappop(self._events)
        self.now = max(self.now, event.at)
        event.run()

    def _work(self) -> None:
        self.cloud.work()
        self.later(self.random.uniform(0.2, 2.0), self._work)

    def _disturb(self) -> None:
        if self.healed:
            return
        office = self.random.choice(self.offices)
        kind = self.random.choice(("cut", "crash_office", "crash_cloud", "crash_worker", "clock_jump", "sleep"))
        if kind == "cut":
            office.cut(self.random.choice(("both", "up", "down")), self.random.uniform(5, 400))
        elif kind == "crash_office":
            office.lay_bomb()
        elif kind == "crash_cloud":
            self.cloud.lay_bomb()
        elif kind == "crash_worker":
            self.cloud.lay_worker_bomb()
        elif kind == "clock_jump":
            office.jump(self.random.uniform(-7_200, 7_200))
        else:
            office.sleep(self.random.uniform(30, 900))
        self.later(self.random.uniform(5, 40), self._disturb)

    # ---- the network

    def request(self, office: Office, kind: str, payload: Any, answered: Answer, failed: Callable[[str], None]) -> None:
        """Carry a request to the cloud and its answer back, or lose, delay or double either.

        `failed(code)` is called with a fault code of the cloud, or "" where nothing came back in time. Exactly one of
        the two is called, unless the office crashes meanwhile.
        """
        life, over = office.life, [False]

        def end(run: Callable[[], None]) -> None:
            if not over[0] and office.life == life and office.up:
                over[0] = True
                run()

        def deliver(last: bool = True) -> None:
            if office.cut_way in ("both", "up"):
                return
            result = self.cloud.serve(office, kind, payload)
            if result is None or not last:
                return
            if self._hit("drop_answer", 4) or office.cut_way in ("both", "down"):
                return
            code, body = result
            back = self.random.uniform(0.01, 0.3)
            if self._hit("reorder", 4):
                back += self.random.uniform(5, 25)  # the feed may bring the outcome before its answer
            self.later(back, lambda: end(lambda: failed(code) if code else answered(body)))

        self.later(TIMEOUT_SECONDS, lambda: end(lambda: failed("")))
        if self._hit("drop_request", 4):
            return
        away = self.random.uniform(0.01, 0.3)
        if self._hit("delay", 4):
            away += self.random.uniform(1, 60)  # may arrive after the office has given it up and sent again
        self.later(away, deliver)
        if self._hit("duplicate", 4):
            self.later(away + self.random.uniform(0, 90), lambda: deliver(last=False))

    def _hit(self, kind: str, percent: float) -> bool:
        if not self.chance(percent):
            return False
        self.faults[kind] += 1
        self.note(f"network: {kind}")
        return True
