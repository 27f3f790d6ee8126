"""One simulated world: virtual time, offices on files in memory, the cloud on its store in memory, and its steps.

The offices run the push and pull machines, `exchange` and `incoming` of production; the cloud its acceptor, feeder,
greeter and poster. Only what moves bytes and tells time is simulated. A crash loses everything but the
store; it may come before or after any commit.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from random import Random
from types import TracebackType
from typing import Self
from unittest.mock import patch

from socai.base.ident import make_ident
from socai.dataserver.clock import Instant
from socai.lab.sim.act import People
from socai.lab.sim.cloud import Cloud
from socai.lab.sim.network import Network
from socai.lab.sim.office import Office
from socai.lab.sim.step import ACT, BRANCHES, CUTS, NETWORK, OFFICES, TENANTS, Step, traits, write

BEGAN_MILLISECONDS = 1_795_000_000_000  # 2026-11-18, where all clocks start
LOG_LINES_MAX = 6_000
QUIET_SECONDS = 95.0  # past every long poll and every doubled request: the feed has brought what there was
SETTLE_EVERY_SECONDS = 60.0
QUIET_STEP_SECONDS = 2.0
SLICE, SNAPSHOT_ROWS = 4, 40  # small, so that pushes and snapshots have several commits to die between
LEASE_LOW, LEASE_SIZE = 2, 4  # so few that offices run out of leased numbers


class Log:
    """What the code of production logs, as lines of the story."""

    def __init__(self, world: World) -> None:
        self.world = world

    def warning(self, text: str, **told: object) -> None:
        """A warning."""
        self.world.note(f"{text}: {told}")


Event = tuple[float, int, Callable[[], None]]
"""Something that happens at a moment; equal moments keep the order in which they were planned."""


class World:
    """A seed's world. Use as a context manager: identifiers come from the seed while it is entered."""

    def __init__(self, seed: int, steps: Sequence[Step] | None = None) -> None:
        self.seed = seed
        self.steps = list(write(seed) if steps is None else steps)
        self.traits = traits(seed)
        self.random = Random(seed)
        self.now = 0.0
        self.healed = self.judged = False
        self.faults: Counter[str] = Counter()
        self.cells: Counter[tuple[str, str]] = Counter()
        self.points: Counter[str] = Counter()
        self.violations: list[str] = []
        self.log: list[str] = []
        self.acts_done = 0
        self.events: list[Event] = []
        self._order = itertools.count()
        self._bytes = Random(seed + 1)
        self._patches = ExitStack()

    def __enter__(self) -> Self:
        for target, value in (
            ("os.urandom", self._bytes.randbytes),
            ("socai.cloud.accept.OPERATIONS_PER_SLICE_MAX", SLICE),
            ("socai.cloud.feed.SNAPSHOT_ROWS", SNAPSHOT_ROWS),
            ("socai.sync.number.LOW", LEASE_LOW),
            ("socai.sync.number.SIZE", LEASE_SIZE),
            ("socai.dataserver.syncing.convergence._log", Log(self)),
        ):
            self._patches.enter_context(patch(target, value))
        self.branches = {
            tenant: tuple(make_ident(BEGAN_MILLISECONDS, self.random.randbytes(10)) for _ in range(BRANCHES))
            for tenant in TENANTS
        }
        self.network = Network(self)
        self.cloud = Cloud(self)
        self.offices = [
            Office(self, tenant, f"{tenant}{number}") for tenant, count in OFFICES for number in range(1, count + 1)
        ]
        self.people = People(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for office in getattr(self, "offices", ()):
            office.file.close()
        self._patches.close()

    def office(self, name: str) -> Office:
        """An office by its name."""
        return next((office for office in self.offices if office.name == name), self.offices[0])

    # ---- time

    def later(self, seconds: float, run: Callable[[], None]) -> None:
        """Plan something."""
        heapq.heappush(self.events, (self.now + max(seconds, 0.0), next(self._order), run))

    def instant(self, skew: float = 0.0, boot: str = "boot", since: float = 0.0) -> Instant:
        """This moment on an office's clocks: the wall may be set wrong, the tick counts from its boot."""
        wall = BEGAN_MILLISECONDS + int((self.now + skew) * 1000)
        return Instant(wall, int((self.now - since) * 1000) + 1000, boot)

    def note(self, text: str) -> None:
        """A line of the story."""
        if len(self.log) < LOG_LINES_MAX:
            self.log.append(f"{self.now:9.2f}  {text}")

    def broken(self, text: str) -> None:
        """An invariant was seen broken while the world ran."""
        self.note(f"BROKEN {text}")
        self.violations.append(text)

    def befell(self, kind: str, text: str = "") -> None:
        """A fault, or what came of one."""
        self.faults[kind] += 1
        self.note(text or kind)

    # ---- life

    def live(self) -> None:
        """Everybody works and everything goes wrong, as the steps say."""
        for office in self.offices:
            office.boot()
        self.later(1.0, self._work)
        for step in self.steps:
            self.later(step.at, partial(self._perform, step))
        self.later(max((step.at for step in self.steps), default=0.0), lambda: None)
        end = max((step.at for step in self.steps), default=0.0)
        while self.now < end and not self.violations:
            self.next()

    def heal(self, seconds: float) -> bool:
        """Mend all, let time pass; whether everything came to rest."""
        self.healed = True
        self.note("healed")
        for office in self.offices:
            office.mend()
        self.cloud.mend()
        self.later(SETTLE_EVERY_SECONDS, self._settle)
        end, quiet_since, look = self.now + seconds, self.now, self.now
        while self.events and self.now < end and not self.violations:
            self.next()
            if self.now < look:
                continue
            look = self.now + QUIET_STEP_SECONDS
            if not self.quiet():
                quiet_since = self.now
            elif self.now - quiet_since > QUIET_SECONDS:
                return True
        return False

    def _settle(self) -> None:
        """People settle what only people can, again and again: quarantines, and refused entries that hold vouchers."""
        self.cloud.release()
        for office in self.offices:
            if office.up and not office.out:
                self.people.mend_entries(office)
        self.later(SETTLE_EVERY_SECONDS, self._settle)

    def quiet(self) -> bool:
        """Whether nothing waits anywhere."""
        return self.cloud.idle() and all(office.idle() for office in self.offices)

    def next(self) -> None:
        """The next thing that happens. A chore that waits for its answer calls this too (chore.py)."""
        at, _, run = heapq.heappop(self.events)
        self.now = max(self.now, at)
        run()

    def _work(self) -> None:
        self.cloud.work()
        self.later(self.random.uniform(0.3, 2.5), self._work)

    def _perform(self, step: Step) -> None:
        if self.healed:
            return
        if step.kind == ACT:
            self.people.act(step)
        elif step.kind == NETWORK:
            self.network.arm(step)
        elif step.what in CUTS:
            self.office(step.office).cut(step.what, step.seconds)
        else:
            getattr(self, f"_{step.what}")(step, Random(step.draw))

    # ---- faults; each named as its step

    def _crash_office(self, step: Step, random: Random) -> None:
        self.office(step.office).lay_bomb(random)

    def _crash_cloud(self, step: Step, random: Random) -> None:
        self.cloud.lay_bomb(random)

    def _crash_worker(self, step: Step, random: Random) -> None:
        self.cloud.lay_worker_bomb(random)

    def _zombie_worker(self, step: Step, random: Random) -> None:
        self.cloud.sleep_seconds = step.seconds

    def _clock_jump(self, step: Step, random: Random) -> None:
        self.office(step.office).jump(step.seconds)

    def _sleep(self, step: Step, random: Random) -> None:
        self.office(step.office).sleep(step.seconds)

    def _busy(self, step: Step, random: Random) -> None:
        self.cloud.be_busy(step.seconds)

    def _restore_office(self, step: Step, random: Random) -> None:
        """A copy of the file is made now; later the disk is lost and the copy put back."""
        office = self.office(step.office)
        copy = office.file.image()
        self.note(f"{office.name}: backup made")
        self.later(step.seconds, lambda: None if self.healed else office.restore(copy))

    def _clone_office(self, step: Step, random: Random) -> None:
        """Somebody starts a copy of the file on a second machine; both work until the end."""
        first = self.office(step.office)
        copy = first.file.image()

        def begin() -> None:
            if not self.healed:
                self.befell("clone_office", f"{first.name} runs twice")
                clone = Office(self, first.tenant, f"{first.name}-copy", copied=(first, copy))
                self.offices.append(clone)
                clone.boot()

        self.later(step.seconds, begin)

    def _late_office(self, step: Step, random: Random) -> None:
        """A new office comes to a company that has long been at work."""
        tenant = self.office(step.office).tenant
        self.befell("late_office", f"a new office of {tenant}")
        late = Office(self, tenant, f"{tenant}9")
        self.offices.append(late)
        late.boot()

    def _restore_cloud(self, step: Step, random: Random) -> None:
        self.cloud.keep_backup()
        self.later(step.seconds, lambda: None if self.healed else self.cloud.restore())

    def _old_version(self, step: Step, random: Random) -> None:
        self.office(step.office).grow_old(step.seconds)

    def _revoke_right(self, step: Step, random: Random) -> None:
        tenant = self.office(step.office).tenant
        self.cloud.revoke(tenant)
        self.later(step.seconds, lambda: self.cloud.grant(tenant))

    def _poison_accept(self, step: Step, random: Random) -> None:
        self.people.poison[self.office(step.office).tenant] = "accept"

    def _poison_post(self, step: Step, random: Random) -> None:
        self.people.poison[self.office(step.office).tenant] = "post"
