"""The agent: what keeps one tenant's file and the cloud together, while nobody waits for it.

Three threads: one sends (at most one push in flight), one receives (it may sit in a long poll), one does chores
(chore.py). The machines in sync/ decide; this performs what they say, by state and timer.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from socai.dataserver.desk import SYNC, Desk
from socai.dataserver.store import meta
from socai.dataserver.store.file import StorageFailed
from socai.dataserver.syncing import exchange, incoming
from socai.dataserver.syncing.chore import Chores
from socai.dataserver.syncing.rejoin import begin_far
from socai.dataserver.syncing.round import ASKED, LINE, START, Rounds, look_ahead
from socai.edge.client import CloudClient, CloudForeign, CloudRefused, CloudSlow, CloudUnreachable
from socai.edge.failpoint import reach
from socai.sync import pull, push
from socai.sync.message import (
    FEED_ITEMS_MAX,
    OPERATIONS_PER_PUSH_MAX,
    POLL_SECONDS_MAX,
    People,
    Push,
    PushAnswer,
    WireFault,
)

TICK_SECONDS = 5.0  # how often the state is looked at even though nothing seems to happen
CHORE_SECONDS = 1.0
LINGER_SECONDS = 0.03  # what comes together goes together: one page, one commit
AHEAD_SECONDS = 0.5  # a round tells what changed elsewhere before anything of ours is sent, if that comes soon
STEP_ASIDE_SECONDS = 0.04
STEP_ASIDE_MOST_SECONDS = 0.5
AWAITED_SECONDS = 0.01  # the same where people wait for the outcome of what they saved: then this is for them
STAND_SECONDS = 300.0  # how often an unchanged standing is written down
JOIN_SECONDS = 2.0
FOREIGN = "CLOUD_FOREIGN"
UNREADABLE = frozenset(("BODY_TOO_LARGE", "JSON_INVALID", "REQUEST_INVALID"))

_log = structlog.get_logger("socai.agent")


@dataclass(frozen=True, slots=True)
class Standing:
    """The agent as the screen shows it. `green`: everything is sent, answered and received."""

    online: bool = False
    reason: str = ""
    caught_up: bool = False
    as_of: str = ""
    progress: str = ""


class Agent:
    """One tenant's agent. `on_people` takes the users the cloud tells; `client` makes a connection, one per thread."""

    def __init__(
        self,
        desk: Desk,
        client: Callable[[], CloudClient],
        on_people: Callable[[People], None] = lambda _people: None,
        *,
        poll_seconds: int = POLL_SECONDS_MAX,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._desk, self._client = desk, client
        self._poll_seconds, self._clock, self._chance = poll_seconds, clock, chance
        self._lock = threading.Lock()
        self._send_wake, self._receive_wake, self._chore_wake = (threading.Event() for _ in range(3))
        self._asked: push.Asked | None = None
        self._mail: list[pull.Event] = []
        self._closed = False
        self._end = threading.Event()
        self._stood_at = 0.0
        self._push: Push | None = None
        self._limit = OPERATIONS_PER_PUSH_MAX
        self._threads: list[threading.Thread] = []
        with desk.file.read() as db:
            known = meta.standing(db)
        self.standing = Standing(as_of=known.as_of)
        self._push_state = push.PushState(timeline=known.timeline)
        self._pull_state = pull.PullState()
        self.rounds = Rounds(desk, clock)
        self._was_online = False
        self._foreign = ""  # what answered last in the cloud's place
        self._chores = Chores(desk, self, on_people, clock, chance)

    # ---- for others

    def start(self) -> None:
        """Begin."""
        self._desk.wake = self.wake
        for name, work in (("send", self._send), ("receive", self._receive), ("chores", self._chore)):
            thread = threading.Thread(target=self._work, args=(work,), name=f"{name} {self._desk.code}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self, work: Callable[[], None]) -> None:
        self._desk.file.stand_behind()
        work()

    def stop(self) -> None:
        """End. A thread inside a long poll ends by itself when it comes back; nothing of it is taken any more."""
        self._closed = True
        self._end.set()
        for wake in (self._send_wake, self._receive_wake, self._chore_wake):
            wake.set()
        for thread in self._threads:
            thread.join(JOIN_SECONDS)

    def wake(self) -> None:
        """There is something to send."""
        self._send_wake.set()

    def sync_now(self, user: str = "") -> None:
        """Đồng bộ dữ liệu: whatever is being waited for, try now. `user` asks."""
        if _is_open(self.standing):
            self.rounds.begin(ASKED, self.standing.as_of, user)
        self._ask(greet=False)
        self._post(pull.Hurry(self._clock()))
        self._chores.ask()
        self._chore_wake.set()

    def load_now(self) -> None:
        """There is a download to go on with."""
        self._chore_wake.set()

    # ---- for its chores

    @property
    def closed(self) -> bool:
        """Whether it has been told to end."""
        return self._closed

    @property
    def open(self) -> bool:
        """Whether the line is up and the cloud takes what comes from here."""
        return _is_open(self.standing)

    @property
    def caught_up(self) -> bool:
        """Whether all the cloud has is here."""
        return self.standing.caught_up

    def greet(self) -> None:
        """Say hello again: the session is void."""
        self._ask(greet=True)

    # ---- sending

    def _ask(self, greet: bool) -> None:
        with self._lock:
            greet = greet or (self._asked is not None and self._asked.greet)
            self._asked = push.Asked(self._clock(), True, greet)
        self._send_wake.set()

    def _send(self) -> None:
        client = self._client()
        event: push.Event = push.Tick(self._clock(), True, self._chance())
        while not self._closed:
            with self._lock:
                asked, self._asked = self._asked, None
            if asked is not None and isinstance(event, push.Tick):
                event = push.Asked(self._clock(), event.pending, asked.greet)
            elif asked is not None:
                with self._lock:
                    self._asked = asked
            self._push_state, effects = push.step(self._push_state, event)
            try:
                event = self._perform(client, effects)
            except StorageFailed:
                event = push.Failed(self._clock(), "STORAGE_FAILED", chance=self._chance())
            except Exception:
                _log.exception("sending failed", tenant=self._desk.code)
                event = push.Failed(self._clock(), "INTERNAL", chance=self._chance())
        client.close()

    def _perform(self, client: CloudClient, effects: list[push.Effect]) -> push.Event:
        for effect in effects:
            match effect:
                case push.TakeHello(answer=answer):
                    exchange.take_hello(self._desk, answer)
                    reach("hello.taken")
                    if answer.verdict not in (push.QUARANTINE, push.UPGRADE):
                        self._open()
                case push.TakeAnswer(answer=answer):
                    if self._push is not None:
                        exchange.take_answer(self._desk, self._push, answer)
                        self._push = None
                        self.rounds.answered(answer.outcomes)
                        self.settle_round()
                case push.Online(up=up, reason=reason):
                    self._stand(online=up, reason=reason)
                case push.SayHello():
                    return self._try(lambda: self._greet(client))
                case push.SendBatch():
                    return self._try(lambda: self._push_batch(client))
                case push.Wait(seconds=seconds):
                    self._send_wake.wait(min(seconds or TICK_SECONDS, TICK_SECONDS))
                    self._send_wake.clear()
        return push.Tick(self._clock(), self._closed or exchange.pending(self._desk), self._chance())

    def _try(self, request: Callable[[], push.Event]) -> push.Event:
        try:
            return request()
        except CloudRefused as refused:
            _log.info("the cloud refused", tenant=self._desk.code, code=refused.code, again=refused.retry_after)
            self._chores.put_off(refused.retry_after)
            if refused.max_batch:
                self._limit = min(refused.max_batch, OPERATIONS_PER_PUSH_MAX)
                exchange.note_lane(self._desk, refused.depth, refused.estimate_seconds)
            return push.Failed(self._clock(), refused.code, refused.retry_after, self._chance())
        except CloudUnreachable as error:
            return push.Failed(self._clock(), chance=self._chance(), about=self._about(error))

    def _about(self, error: CloudUnreachable) -> str:
        """What is known of a silence, for the screen. Whoever answers in the cloud's place is logged once."""
        if not isinstance(error, CloudForeign):
            return ""
        with self._lock:
            before, self._foreign = self._foreign, str(error)
        if before != str(error):
            _log.warning("answered by something that is not the cloud", tenant=self._desk.code, answer=str(error))
        return FOREIGN

    def _greet(self, client: CloudClient) -> push.Event:
        answer = client.hello(exchange.make_hello(self._desk))
        return push.Greeted(self._clock(), answer, exchange.pending(self._desk))

    def step_aside(self) -> None:
        """Wait until nobody has saved for a moment: people first. Also lets what comes together go together."""
        quiet, most = STEP_ASIDE_SECONDS, STEP_ASIDE_MOST_SECONDS
        if self._desk.awaited():
            quiet, most = AWAITED_SECONDS, AWAITED_SECONDS * 2
        waited = 0.0
        while not self._end.is_set() and waited < most:
            left = quiet - (time.monotonic() - self._desk.pressed_at)
            if left <= 0:
                return
            self._end.wait(left)
            waited += left

    def _push_batch(self, client: CloudClient) -> push.Event:
        self.step_aside()
        if not self.standing.online and not exchange.unanswered(self._desk):
            return self._greet(client)  # an operation sealed for a line known to be cut would be in flight for nothing
        self.rounds.await_ahead(AHEAD_SECONDS)
        self._push = exchange.next_batch(self._desk, self._limit)
        if self._push is None:
            return push.Answered(self._clock(), PushAnswer(self._push_state.timeline, []), False)
        try:
            answer = client.push(self._push)
        except CloudRefused as refused:
            if refused.code in UNREADABLE:
                self._narrow(self._push, refused)
            raise
        except CloudSlow:
            # The whole of it would be sent again and be late again, for ever: less at once gets through.
            self._limit = max(len(self._push.operations) // 2, 1)
            raise
        reach("push.heard")
        _log.info("sent", tenant=self._desk.code, act_ids=[each.act_id for each in self._push.operations])
        self._limit = min(self._limit * 2, answer.max_batch or OPERATIONS_PER_PUSH_MAX, OPERATIONS_PER_PUSH_MAX)
        return push.Answered(self._clock(), answer, exchange.pending(self._desk))

    def _narrow(self, refused_push: Push, refused: CloudRefused) -> None:
        """A batch the cloud will not read holds something wrong: halve it until that is alone, then give that up."""
        count = len(refused_push.operations)
        if count > 1:
            self._limit = count // 2
            return
        faults = [WireFault(fault.code, fault.field, dict(fault.params)) for fault in refused.faults]
        exchange.give_up(self._desk, refused_push, faults)

    # ---- receiving

    def _open(self) -> None:
        with self._desk.file.read() as db:
            known = meta.standing(db)
        self._post(pull.Opened(self._clock(), known.timeline, known.cursor, bool(known.snapshot_done), look=True))

    def _post(self, event: pull.Event) -> None:
        with self._lock:
            self._mail.append(event)
        self._receive_wake.set()

    def _letter(self) -> pull.Event | None:
        with self._lock:
            return self._mail.pop(0) if self._mail else None

    def _receive(self) -> None:
        client = self._client()
        event: pull.Event = pull.Tick(self._clock())
        while not self._closed:
            while self._pull_state.in_flight and (letter := self._letter()) is not None:
                # Nothing is begun while something is under way.
                self._pull_state, _ = pull.step(self._pull_state, letter)
            self._pull_state, effects = pull.step(self._pull_state, event)
            try:
                event = self._absorb(client, effects)
            except CloudRefused as refused:
                self._chores.put_off(refused.retry_after)
                event = pull.Failed(self._clock(), refused.code, refused.retry_after, self._chance())
            except CloudUnreachable as error:
                self._stand(online=False, reason=self._about(error))
                event = pull.Failed(self._clock(), chance=self._chance())
            except StorageFailed:
                event = pull.Failed(self._clock(), "STORAGE_FAILED", chance=self._chance(), unwritten=True)
            except Exception:
                _log.exception("receiving failed", tenant=self._desk.code)
                event = pull.Failed(self._clock(), "INTERNAL", chance=self._chance(), unwritten=True)
        client.close()

    def _absorb(self, client: CloudClient, effects: list[pull.Effect]) -> pull.Event:
        for effect in effects:
            match effect:
                case pull.TakePage(page=page):
                    self.step_aside()
                    incoming.take_page(self._desk, page)
                    self.rounds.taken(len(page.items))
                    if not page.more:
                        self._end.wait(LINGER_SECONDS)
                case pull.CaughtUp():
                    self._caught_up()
                case pull.Greet():
                    self._ask(greet=True)
                case pull.FetchFeed(cursor=cursor, wait_seconds=wait):
                    page = client.feed(cursor, FEED_ITEMS_MAX, min(wait, self._poll_seconds))
                    self._heard()
                    return pull.Arrived(self._clock(), page)
                case pull.Look(cursor=cursor):
                    return self._look(client, cursor)
                case pull.FetchSnapshot(far=far):
                    return self._load_snapshot(client, far)
                case pull.Wait(seconds=seconds):
                    self._receive_wake.wait(min(seconds or TICK_SECONDS, TICK_SECONDS))
                    self._receive_wake.clear()
        return self._letter() or pull.Tick(self._clock())

    def _look(self, client: CloudClient, cursor: str) -> pull.Event:
        """What changed elsewhere, before it is read."""
        seen = look_ahead(client, cursor)
        self._heard()
        self.rounds.ahead(seen.counts)
        return pull.Looked(self._clock(), seen.total, seen.behind_max)

    def settle_round(self) -> None:
        """See how far the running round is."""
        if self.rounds.running is None:
            return
        with self._desk.file.read() as db:
            received = meta.standing(db).received
        self.rounds.settle(received and self.standing.caught_up)

    def _load_snapshot(self, client: CloudClient, far: bool) -> pull.Event:
        self._stand(progress="snapshot")
        try:
            if far:
                begin_far(self._desk)
            incoming.begin_snapshot(self._desk)
            whole = False
            for chunk in client.snapshot():
                if self._closed:
                    break
                if not incoming.take_chunk(self._desk, chunk):
                    return pull.Failed(self._clock(), pull.OTHER_TIMELINE, chance=self._chance())
                whole = chunk.end
        finally:
            self._stand(progress="")
        if not whole:
            raise CloudUnreachable("the snapshot was cut")
        with self._desk.file.read() as db:
            return pull.Loaded(self._clock(), meta.text(db, "cursor"))

    def _heard(self) -> None:
        """The cloud answered: the line is up, so whoever waits for it need not."""
        if not self.standing.online:
            self._stand(online=True, reason="")
            self._ask(greet=False)

    def _caught_up(self) -> None:
        now = self._desk.clock.now().text
        due = self._clock() - self._stood_at >= STAND_SECONDS
        if due or not self.standing.caught_up:
            self._stood_at = self._clock()
            self._desk.file.write(lambda db: meta.put(db, {"as_of": now, "last_sync_at": now}))
        self._stand(caught_up=True, as_of=now)
        self.settle_round()

    def _stand(self, **changes: bool | str) -> None:
        """Note a change of standing and tell it; the mere passing of time is not told."""
        if changes.get("online") is False:
            changes["caught_up"] = False  # who knows what happens there meanwhile
        with self._lock:
            before = self.standing
            after = replace(before, **changes)  # type: ignore[arg-type]
            try:
                if _is_open(after) and not _is_open(before):
                    # Before anybody sees that the line is up: whoever looks ahead at once has a round to tell of it.
                    self.rounds.begin(LINE if self._was_online else START, before.as_of)
                    self._was_online = True
            finally:
                self.standing = after
        if replace(before, as_of="") != replace(after, as_of=""):
            self._desk.tell(SYNC)
        if _is_open(before) and not _is_open(after):
            self.rounds.cut()
        if after.online and not before.online:
            self._foreign = ""
            self._post(pull.Hurry(self._clock()))
            self._chore_wake.set()

    # ---- chores

    def _chore(self) -> None:
        client = self._client()
        while not self._closed:
            try:
                self._chores.go(client)
            except Exception:
                _log.exception("a chore failed", tenant=self._desk.code)
                self._chore_wake.wait(TICK_SECONDS)
            self._chore_wake.wait(CHORE_SECONDS)
            self._chore_wake.clear()
        client.close()


def _is_open(standing: Standing) -> bool:
    """Whether the line is up and the cloud takes what comes from here."""
    return standing.online and not standing.reason
