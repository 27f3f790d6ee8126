"""A simulated office: a replica file in memory, the machines of production around it, a bad line, a lying clock.

A crash loses machines and everything on the way; the file stays as its last commit left it. What the agent does between
the machines and the line is done here as it does it, only in virtual time.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec

from socai.base.ident import make_ident
from socai.cloud.accept import Accepted
from socai.cloud.store.row import parse_cursor
from socai.dataserver.clock import Instant
from socai.dataserver.desk import Desk
from socai.dataserver.store import meta, outbox
from socai.dataserver.store.joined import split
from socai.dataserver.syncing import exchange, incoming
from socai.dataserver.syncing.form import stands_on
from socai.dataserver.syncing.rejoin import begin_far
from socai.lab.sim.chore import Chores
from socai.lab.sim.file import OfficeCrashed, OfficeFile, blank_image
from socai.lab.sim.watch import Watch
from socai.sync import pull, push
from socai.sync.message import FEED_ITEMS_MAX, OPERATIONS_PER_PUSH_MAX, PROTOCOL, Push, PushAnswer, encode, form_hash

if TYPE_CHECKING:
    from socai.lab.sim.world import World

TICK_SECONDS = 20.0  # how often the state is looked at though nothing happens: production's 5 s find nothing more
POLL_SECONDS = 3.0  # how often a long poll looks up
OLD_PROTOCOL = 0  # of a program older than what the cloud still speaks


class OfficeClock:
    """The office's clock: may be set wrong; starts its tick anew at every boot."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.skew = 0.0
        self.booted_at = 0.0
        self.boots = 0

    def now(self) -> Instant:
        """This moment."""
        return self.world.instant(self.skew, f"boot-{self.boots}", self.booted_at)


class Office:
    """One DS with one tenant. `life` counts process starts, so that answers to a dead process are dropped.

    `copied`: this is a second machine that runs on a copy of the first one's file.
    """

    def __init__(self, world: World, tenant: str, name: str, copied: tuple[Office, bytes] | None = None) -> None:
        self.world, self.tenant, self.name = world, tenant, name
        self.clock = OfficeClock(world)
        self.copied_from = copied[0] if copied else None
        self.file = OfficeFile(world, copied[1] if copied else blank_image())
        self.replica: str = copied[0].replica if copied else self._enrol()
        self.restored = 0
        self.leapt = False  # whether a snapshot took the place of vouchers it never heard of
        self.up = self.asleep = False
        self.life = 0
        self.line = ""
        self.protocol = PROTOCOL
        self.watch = Watch(world, self)

    def _enrol(self) -> str:
        enrolled = self.world.cloud.enrol(self.tenant, self.name)
        facts: dict[str, str | int] = {
            "replica": enrolled.replica,
            "tenant": enrolled.tenant,
            "name": enrolled.name,
            "epoch": 1,
            "next_n": 1,
            "timeline": enrolled.timeline,
            "branches": ",".join(enrolled.branches),
            "series_mark": enrolled.series_mark,
        }
        self.file.write(lambda db: meta.put(db, facts))
        return enrolled.replica

    # ---- the process

    def boot(self) -> None:
        """Start the process on the file as it is."""
        self.life += 1
        self.up = True
        self.asleep = False
        self.clock.boots += 1
        self.clock.booted_at = self.world.now
        self.desk = Desk(self.tenant, self.file, self.clock)
        self.desk.wake = self._wake
        self.desk.listeners.append(self.watch.told)
        self.batch: Push | None = None
        self.pull_state = pull.PullState()
        self.wait_until = {"push": 0.0, "pull": 0.0}  # what the cloud asked for when it was busy
        with self.file.read() as db:
            known = meta.standing(db)
        self.push_state = push.PushState(timeline=known.timeline)
        self.desk.branches = frozenset(split(known.branches))
        self.chores = Chores(self)
        self.soon(self._tick_push, 0.0)
        self.soon(self._tick_pull, 0.0)
        self.chores.begin()

    def ident(self) -> str:
        """A new identifier, as a client in this office makes it."""
        return make_ident(self.clock.now().wall, self.world.random.randbytes(10))

    def lay_bomb(self, random: Random) -> None:
        """Die at the next commit of some kind. Some only come when a process has just begun, so then it begins anew."""
        if self.file.lay_bomb(random) == "hello" and self.up and not self.asleep:
            self._down()
            self.boot()

    def crash(self, where: str) -> None:
        """Die here and start again a little later."""
        self.world.befell("crash_office", f"{self.name} dies {where}")
        self._down()
        self.world.later(self.world.random.uniform(1, 60), self._start_again)

    def _down(self) -> None:
        self.up = False
        self.life += 1

    def _start_again(self) -> None:
        if not self.up:
            self.boot()

    def restore(self, copy: bytes) -> None:
        """The disk is lost; a backup of some minutes ago is put back."""
        self.world.befell("restore_office", f"{self.name}: restored from its backup")
        self._down()
        self.restored += 1
        self.file.close()
        self.file = OfficeFile(self.world, copy)
        self.watch.forget()
        self.world.people.lost(self)
        self.boot()

    def grow_old(self, seconds: float) -> None:
        """Run by an older program for a while: an update that was put off."""
        if not self.up or self.protocol != PROTOCOL:
            return
        self.world.befell("old_version", f"{self.name}: runs an old program for {seconds:.0f} s")
        self._run(OLD_PROTOCOL)
        self.world.later(seconds, lambda: self._run(PROTOCOL))

    def _run(self, protocol: int) -> None:
        if self.protocol != protocol:
            self.protocol = protocol
            self._down()
            self.boot()

    def guarded(self, run: Callable[[], None]) -> None:
        """Run a piece of the process; it may die in it."""
        if not self.up or self.asleep:
            return
        try:
            run()
        except OfficeCrashed as crash:
            self.crash(str(crash))

    def soon(self, run: Callable[[], None], seconds: float) -> None:
        """Run something of this office later, unless it has been started anew by then."""
        life = self.life

        def still() -> None:
            if self.life == life:
                if self.asleep:
                    self.world.later(1.0, still)
                else:
                    self.guarded(run)

        self.world.later(seconds, still)

    # ---- what befalls it

    def cut(self, way: str, seconds: float) -> None:
        """The line goes: see network.py for the ways."""
        if self.line:
            return
        self.world.befell(way, f"{self.name}: {way} for {seconds:.0f} s")
        self.line = way
        self.world.later(seconds, self._joined)

    def _joined(self) -> None:
        self.line = ""

    def jump(self, seconds: float) -> None:
        """Somebody sets the clock."""
        self.world.befell("clock_jump", f"{self.name}: clock set by {seconds:.0f} s")
        self.clock.skew += seconds
        self.watch.clock_set()

    def sleep(self, seconds: float) -> None:
        """The lid is closed: nothing runs, time goes on."""
        if self.asleep or not self.up:
            return
        self.world.befell("sleep", f"{self.name}: sleeps {seconds:.0f} s")
        self.asleep = True
        life = self.life
        self.world.later(seconds, lambda: self._awake(life))

    def _awake(self, life: int) -> None:
        if self.life == life:
            self.asleep = False

    def mend(self) -> None:
        """Line whole, awake, no bomb, the newest program."""
        self.line, self.file.bomb = "", ("", "")
        self.asleep = False
        if self.out:
            self._down()
        else:
            self._run(PROTOCOL)

    @property
    def out(self) -> bool:
        """Whether nothing has to come of this office: a copy, when a person has chosen the first one."""
        return self.copied_from is not None

    def idle(self) -> bool:
        """Whether everything is sent, answered and received."""
        if self.out:
            return True
        if not self.up or self.asleep or not self.pull_state.caught_up:
            return False
        with self.file.read() as db:
            if any(outbox.counts(db)[:2]):
                return False
            cursor = meta.text(db, "cursor")
        place = parse_cursor(cursor)
        return place is not None and place.seq >= self._head()

    # ---- sending

    def _wake(self) -> None:
        if self.up:
            self.soon(self._tick_push, 0.0)

    def _tick_push(self) -> None:
        self._push(push.Tick(self.world.now, exchange.pending(self.desk), self.world.random.random()))

    def _push(self, event: push.Event) -> None:
        self.push_state, effects = push.step(self.push_state, event)
        for effect in effects:
            match effect:
                case push.TakeHello(answer=answer):
                    exchange.take_hello(self.desk, answer)
                    self._greeting(answer.verdict)
                case push.TakeAnswer(answer=answer):
                    if self.batch is not None:
                        self.watch.answered(self.batch, answer)
                        exchange.take_answer(self.desk, self.batch, answer)
                        self.watch.taken(self.batch, answer)
                        self.batch = None
                case push.SayHello():
                    hello = msgspec.structs.replace(exchange.make_hello(self.desk), protocol=self.protocol)
                    self.request("hello", encode(hello), self._greeted, self._push_failed)
                case push.SendBatch():
                    self._send_batch()
                case push.Wait(seconds=seconds):
                    self.soon(self._tick_push, min(seconds or TICK_SECONDS, TICK_SECONDS))
                case push.Online():
                    pass

    def _greeting(self, verdict: str) -> None:
        """A hello was answered and is in the file."""
        told = {push.UPGRADE: "upgrade_told", push.QUARANTINE: "quarantine"}
        if verdict != push.OK:
            self.world.befell(told.get(verdict, verdict), f"{self.name} is told: {verdict}")
        if verdict == push.REWIND:
            self.watch.forget()
        if verdict in told:
            return
        self.chores.begin()
        with self.file.read() as db:
            known = meta.standing(db)
        place = (known.timeline, known.cursor, bool(known.snapshot_done))
        opened = pull.Opened(self.world.now, *place, look=self.world.traits.near)
        self.soon(lambda: self._pull(opened), 0.0)

    def greet(self) -> None:
        """Say hello again."""
        self.soon(lambda: self._push(push.Asked(self.world.now, True, greet=True)), 0.0)

    def _send_batch(self) -> None:
        limit = OPERATIONS_PER_PUSH_MAX if self.world.healed else self.world.random.choice((1, 6, 20, 20))
        self.batch = exchange.next_batch(self.desk, limit)
        if self.batch is None:
            answer = PushAnswer(self.push_state.timeline, [])
            self._push(push.Answered(self.world.now, answer, exchange.pending(self.desk)))
            return
        with self.file.read() as db:
            self.world.cloud.seen |= {
                each.act_id: form_hash(body)
                for each in self.batch.operations
                if each.base.version and (body := stands_on(db, self.batch.epoch, each))
            }
        sent = msgspec.structs.replace(self.batch, protocol=self.protocol)
        self.request("push", encode(sent), self._pushed, self._push_failed)

    def _greeted(self, answer: Any) -> None:
        self.wait_until = {"push": 0.0, "pull": 0.0}  # it serves again, and said so itself
        self._push(push.Greeted(self.world.now, answer, exchange.pending(self.desk)))

    def _pushed(self, found: tuple[str, Accepted]) -> None:
        timeline, done = found
        answer = PushAnswer(timeline, done.outcomes, done.depth)
        self._push(push.Answered(self.world.now, answer, exchange.pending(self.desk)))

    def _push_failed(self, code: str, retry_after: float) -> None:
        self._wait("push", retry_after)
        self._push(push.Failed(self.world.now, code, retry_after, self.world.random.random()))

    def _wait(self, machine: str, retry_after: float) -> None:
        if retry_after:
            self.wait_until[machine] = self.world.now + retry_after

    def request(
        self, kind: str, payload: Any, answered: Callable[[Any], None], failed: Callable[[str, float], None]
    ) -> None:
        """Send a request; the answer is taken in the process, which may sleep or die meanwhile."""
        life = self.life
        machine = "push" if kind in ("hello", "push") else "pull"
        if kind != "hello" and self.world.now < self.wait_until[machine]:
            self.world.broken(f"I16 {self.name} asks again before it was told to ({kind})")

        def guard(run: Callable[[], None]) -> None:
            if self.life != life:
                return
            if self.asleep:
                self.world.later(1.0, lambda: guard(run))
            else:
                self.guarded(run)

        self.world.network.request(
            self,
            kind,
            payload,
            lambda found: guard(lambda: answered(found)),
            lambda code, wait: guard(lambda: failed(code, wait)),
        )

    # ---- receiving

    def _tick_pull(self) -> None:
        self._pull(pull.Tick(self.world.now))

    def _pull(self, event: pull.Event) -> None:
        self.pull_state, effects = pull.step(self.pull_state, event)
        for effect in effects:
            match effect:
                case pull.TakePage(page=page):
                    self.watch.page(page)
                    incoming.take_page(self.desk, page)
                case pull.Greet():
                    self.greet()
                case pull.FetchFeed(cursor=cursor, wait_seconds=wait):
                    self._fetch(cursor, wait)
                case pull.Look(cursor=cursor):
                    self.request("overview", cursor, self._looked, self._pull_failed)
                case pull.FetchSnapshot(far=far):
                    if far:
                        self.world.befell("far_snapshot", f"{self.name}: is far behind and takes a snapshot")
                        begin_far(self.desk)
                    incoming.begin_snapshot(self.desk)
                    self.request("snapshot", "", self._loaded, self._pull_failed)
                case pull.Wait(seconds=seconds):
                    self.soon(self._tick_pull, min(seconds or TICK_SECONDS, TICK_SECONDS))
                case pull.CaughtUp():
                    pass

    def _fetch(self, cursor: str, wait: int) -> None:
        """A long poll is a request that leaves when there is something to tell, or its time is over."""
        limit = FEED_ITEMS_MAX if self.world.healed else self.world.random.choice((3, 20, FEED_ITEMS_MAX))
        place, until = parse_cursor(cursor), self.world.now + wait

        def leave() -> None:
            if place is not None and place.seq == self._head() and self.world.now < until:
                self.soon(leave, POLL_SECONDS)
            else:
                self.request("feed", (cursor, limit), self._arrived, self._pull_failed)

        self.soon(leave, self.world.random.uniform(0.5, 6) if wait else 0.0)

    def _head(self) -> int:
        cloud = self.world.cloud
        return cloud.store.tenant(cloud.refs[self.tenant]).seq

    def _arrived(self, page: Any) -> None:
        self._pull(pull.Arrived(self.world.now, page))

    def _looked(self, seen: Any) -> None:
        self._pull(pull.Looked(self.world.now, seen.total, seen.behind_max))

    def _loaded(self, chunks: list[Any]) -> None:
        cut_at = self.world.random.randrange(len(chunks)) if self._unlucky(20) else len(chunks)
        for chunk in chunks[:cut_at]:
            if not incoming.take_chunk(self.desk, chunk):
                self._pull_failed(pull.OTHER_TIMELINE, 0.0)
                return
        if cut_at < len(chunks):
            self._pull_failed("", 0.0)
            return
        self.leapt |= bool(self.world.cloud.store.at(self.world.cloud.refs[self.tenant]).vouchers)
        with self.file.read() as db:
            cursor = meta.text(db, "cursor")
        self.chores.begin()
        self._pull(pull.Loaded(self.world.now, cursor))

    def _unlucky(self, percent: float) -> bool:
        return not self.world.healed and self.world.random.random() * 100 < percent

    def _pull_failed(self, code: str, retry_after: float) -> None:
        self._wait("pull", retry_after)
        self._pull(pull.Failed(self.world.now, code, retry_after, self.world.random.random()))
