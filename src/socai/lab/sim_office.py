"""A simulated office: a replica file in memory, the machines of production around it, a bad line, a lying clock.

A crash loses machines and everything on the way; the file stays as its last commit left it. Crash points stand at every
place where the agent has done one thing and not yet the next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from socai.base.ident import make_ident
from socai.cloud.accept import Accepted
from socai.cloud.store.row import parse_cursor
from socai.dataserver import exchange, incoming
from socai.dataserver.clock import Instant
from socai.dataserver.desk import Desk
from socai.dataserver.store import meta, outbox
from socai.dataserver.store.file import MEMORY
from socai.dataserver.store.replica import Replica
from socai.sync import pull, push
from socai.sync.message import Push, PushAnswer, encode

if TYPE_CHECKING:
    from socai.lab.sim_world import World

TICK_SECONDS = 5.0
POINTS = ("sealed", "answered", "taken", "greeted", "page", "chunk", "saved")


class OfficeCrashed(Exception):
    """The office's process died at a crash point."""


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
    """One DS with one tenant. `life` counts process starts, so that answers to a dead process are dropped."""

    def __init__(self, world: World, tenant: str, name: str) -> None:
        self.world, self.tenant, self.name = world, tenant, name
        self.clock = OfficeClock(world)
        self.file = Replica(MEMORY, threaded=False)
        enrolled = world.cloud.enrol(tenant, name)
        self.replica = enrolled.replica
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
        self.up = False
        self.life = 0
        self.cut_way = ""
        self.asleep = False
        self.bomb = ""

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
        self.batch: Push | None = None
        self.push_state = push.PushState()
        self.pull_state = pull.PullState()
        with self.file.read() as db:
            self.push_state = push.PushState(timeline=meta.standing(db).timeline)
        self._soon(self._tick_push, 0.0)
        self._soon(self._tick_pull, 0.0)

    def ident(self) -> str:
        """A new identifier, as a client in this office makes it."""
        return make_ident(self.clock.now().wall, self.world.random.randbytes(10))

    def lay_bomb(self) -> None:
        """Die at the next point of some kind."""
        self.bomb = self.world.random.choice(POINTS)

    def point(self, name: str) -> None:
        """A place where the process may die."""
        if self.bomb == name and not self.world.healed:
            raise OfficeCrashed(name)

    def crash(self, where: str) -> None:
        """Die here and start again a little later."""
        self.world.faults["crash_office"] += 1
        self.world.note(f"{self.name} dies: {where}")
        self.bomb = ""
        self.up = False
        self.life += 1
        self.world.later(self.world.random.uniform(1, 60), self.boot)

    def guarded(self, run: Callable[[], None]) -> None:
        """Run a piece of the process; it may die in it."""
        if not self.up or self.asleep:
            return
        try:
            run()
        except OfficeCrashed as crash:
            self.crash(str(crash))

    def _soon(self, run: Callable[[], None], seconds: float) -> None:
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
        """Cut the line: both ways, or only what goes up or comes down."""
        if self.cut_way:
            return
        self.world.faults["cut"] += 1
        self.world.note(f"{self.name}: line cut ({way}) for {seconds:.0f} s")
        self.cut_way = way
        self.world.later(seconds, self._joined)

    def _joined(self) -> None:
        self.cut_way = ""

    def jump(self, seconds: float) -> None:
        """Somebody sets the clock."""
        self.world.faults["clock_jump"] += 1
        self.world.note(f"{self.name}: clock set by {seconds:.0f} s")
        self.clock.skew += seconds

    def sleep(self, seconds: float) -> None:
        """The lid is closed: nothing runs, time goes on."""
        if self.asleep or not self.up:
            return
        self.world.faults["sleep"] += 1
        self.world.note(f"{self.name}: sleeps {seconds:.0f} s")
        self.asleep = True
        life = self.life
        self.world.later(seconds, lambda: self._awake(life))

    def _awake(self, life: int) -> None:
        if self.life == life:
            self.asleep = False

    def mend(self) -> None:
        """Line whole, awake, no bomb."""
        self.cut_way = self.bomb = ""
        self.asleep = False

    def idle(self) -> bool:
        """Whether everything is sent, answered and received."""
        if not self.up or self.asleep or not self.pull_state.caught_up:
            return False
        with self.file.read() as db:
            waiting, sent, _ = outbox.counts(db)
            cursor = meta.text(db, "cursor")
        head = self.world.cloud.store.tenant(self.world.cloud.refs[self.tenant]).seq
        place = parse_cursor(cursor)
        return waiting + sent == 0 and place is not None and place.seq >= head

    # ---- sending

    def _wake(self) -> None:
        if self.up:
            self._soon(self._tick_push, 0.0)

    def _tick_push(self) -> None:
        self._push(push.Tick(self.world.now, exchange.pending(self.desk), self.world.random.random()))

    def _push(self, event: push.Event) -> None:
        self.push_state, effects = push.step(self.push_state, event)
        for effect in effects:
            match effect:
                case push.TakeHello(answer=answer):
                    self.point("greeted")
                    exchange.take_hello(self.desk, answer)
                    if answer.verdict not in (push.QUARANTINE, push.UPGRADE):
                        self._open()
                case push.TakeAnswer(answer=answer):
                    self.point("answered")
                    if self.batch is not None:
                        exchange.take_answer(self.desk, self.batch, answer)
                        self.batch = None
                    self.point("taken")
                case push.SayHello():
                    self.request("hello", encode(exchange.make_hello(self.desk)), self._greeted, self._push_failed)
                case push.SendBatch():
                    self._send_batch()
                case push.Wait(seconds=seconds):
                    self._soon(self._tick_push, min(seconds or TICK_SECONDS, TICK_SECONDS))
                case push.Online():
                    pass

    def _open(self) -> None:
        with self.file.read() as db:
            known = meta.standing(db)
        opened = pull.Opened(self.world.now, known.timeline, known.cursor, bool(known.snapshot_done))
        self._soon(lambda: self._pull(opened), 0.0)

    def _send_batch(self) -> None:
        self.batch = exchange.next_batch(self.desk)
        self.point("sealed")
        if self.batch is None:
            answer = PushAnswer(self.push_state.timeline, [])
            self._push(push.Answered(self.world.now, answer, exchange.pending(self.desk)))
            return
        self.request("push", encode(self.batch), self._pushed, self._push_failed)

    def _greeted(self, answer: Any) -> None:
        self._push(push.Greeted(self.world.now, answer, exchange.pending(self.desk)))

    def _pushed(self, done: Accepted) -> None:
        timeline = self.world.cloud.store.tenant(self.world.cloud.refs[self.tenant]).timeline
        answer = PushAnswer(timeline, done.outcomes, done.depth)
        self._push(push.Answered(self.world.now, answer, exchange.pending(self.desk)))

    def _push_failed(self, code: str) -> None:
        self._push(push.Failed(self.world.now, code, chance=self.world.random.random()))

    def request(self, kind: str, payload: Any, answered: Callable[[Any], None], failed: Callable[[str], None]) -> None:
        """Send a request; the answer is taken in the process, which may sleep or die meanwhile."""
        life = self.life

        def guard(run: Callable[[], None]) -> None:
            if self.life != life:
                return
            if self.asleep:
                self.world.later(1.0, lambda: guard(run))
            else:
                self.guarded(run)

        self.world.request(
            self,
            kind,
            payload,
            lambda found: guard(lambda: answered(found)),
            lambda code: guard(lambda: failed(code)),
        )

    # ---- receiving

    def _tick_pull(self) -> None:
        self._pull(pull.Tick(self.world.now))

    def _pull(self, event: pull.Event) -> None:
        self.pull_state, effects = pull.step(self.pull_state, event)
        for effect in effects:
            match effect:
                case pull.TakePage(page=page):
                    self.point("page")
                    incoming.take_page(self.desk, page)
                case pull.Greet():
                    self._soon(lambda: self._push(push.Asked(self.world.now, True, greet=True)), 0.0)
                case pull.FetchFeed(cursor=cursor, wait_seconds=wait):
                    self._fetch(cursor, wait)
                case pull.FetchSnapshot():
                    incoming.begin_snapshot(self.desk)
                    self.request("snapshot", "", self._loaded, self._pull_failed)
                case pull.Wait(seconds=seconds):
                    self._soon(self._tick_pull, min(seconds or TICK_SECONDS, TICK_SECONDS))
                case pull.CaughtUp():
                    pass

    def _fetch(self, cursor: str, wait: int) -> None:
        """A long poll is a request that leaves a little later: nobody in here is told early."""
        pause = self.world.random.uniform(0.5, 6) if wait else 0.0
        self._soon(lambda: self.request("feed", cursor, self._arrived, self._pull_failed), pause)

    def _arrived(self, page: Any) -> None:
        self._pull(pull.Arrived(self.world.now, page))

    def _loaded(self, chunks: list[Any]) -> None:
        cut_at = self.world.random.randrange(len(chunks)) if self.world.chance(20) else len(chunks)
        for chunk in chunks[:cut_at]:
            incoming.take_chunk(self.desk, chunk)
            self.point("chunk")
        if cut_at < len(chunks):
            self._pull_failed("")
            return
        with self.file.read() as db:
            cursor = meta.text(db, "cursor")
        self._pull(pull.Loaded(self.world.now, cursor))

    def _pull_failed(self, code: str) -> None:
        self._pull(pull.Failed(self.world.now, code, chance=self.world.random.random()))
