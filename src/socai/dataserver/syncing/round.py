"""One round of syncing as people see it: what changed elsewhere, then everything sent, then everything brought.

A round begins when the program starts, when the line is back, and when a person asks. Its first half ends when every
operation that stood in the outbox at its beginning and can be sent has its answer, its second when after that the
newest the cloud has is here, and the cloud has been asked: a line that only seems to be up ends no round. Sending and
bringing run side by side all the time; this only watches them.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from socai.dataserver.desk import ROUND, Desk
from socai.dataserver.store import outbox
from socai.dataserver.store import round as store
from socai.dataserver.syncing import exchange
from socai.edge.client import CloudClient, CloudRefused
from socai.sync.message import CONFLICT, DUPLICATE, REJECTED, ChangeCount, Outcome, Overview

START, LINE, ASKED = "start", "line", "asked"
RUNNING, DONE, CUT = "running", "done", "cut"
UNKNOWN = -1
ROUNDS_SHOWN_MAX = 20
NOT_FOUND = 404


class Changed(msgspec.Struct, frozen=True):
    """How many objects of a kind were changed elsewhere: `kind` voucher or catalog, `object_kind` which of them."""

    kind: str
    object_kind: str
    count: int


class Half(msgspec.Struct, frozen=True):
    """One half of a round. `total` is what is known so far; `ended_at` UTC, empty while it runs or was cut.

    `held`: what cannot be sent before a person mends the catalog entry it names.
    """

    total: int = 0
    done: int = 0
    failed: int = 0
    conflicts: int = 0
    held: int = 0
    ended_at: str = ""


class Round(msgspec.Struct, frozen=True):
    """A round. `why`: start | line | asked (then by `user`); `state`: running | done | cut.

    `since` is the moment figures stood at before. `elsewhere` is what had changed by the beginning. `seconds_left` is
    reckoned from the measured pace, -1 where nothing can be said yet.
    """

    id: int
    why: str
    user: str
    since: str
    began_at: str
    ended_at: str = ""
    state: str = RUNNING
    seconds_left: int = UNKNOWN
    elsewhere: list[Changed] = []
    push: Half = Half()
    pull: Half = Half()


@dataclass(slots=True)
class _Course:
    """A running round with what its estimate is made of. `mark`: the newest place in the outbox at its beginning."""

    round: Round
    mark: int
    began: float
    pull_began: float = 0.0


_decode = msgspec.json.Decoder(Round).decode
change = msgspec.structs.replace


class Rounds:
    """The running round of one tenant and those kept. Safe to use from several threads."""

    def __init__(self, desk: Desk, clock: Callable[[], float] = time.monotonic) -> None:
        self._desk, self._clock = desk, clock
        self._lock = threading.Lock()
        self._course: _Course | None = None
        self._told = threading.Event()  # what lies ahead of the running round

    @property
    def unseen(self) -> bool:
        """Whether a running round has not been told yet what lies ahead: its second half cannot end before."""
        course = self._course
        return course is not None and not course.pull_began

    @property
    def running(self) -> Round | None:
        """The running round, if there is one."""
        course = self._course
        return course.round if course is not None else None

    def begin(self, why: str, since: str, user: str = "") -> None:
        """Begin a round; one that runs already goes on."""
        with self._desk.file.read() as db:
            total, mark = outbox.extent(db)
        with self._lock:
            if self._course is not None:
                return
            self._told.clear()
            began = Round(0, why, user, since, self._desk.clock.now().text, push=Half(total))
            self._course = _Course(began, mark, self._clock())
        self._desk.tell(ROUND)

    def await_ahead(self, seconds: float) -> None:
        """Let what changed elsewhere be counted first, at most so long: later our own would be counted with it."""
        if self.unseen:
            self._told.wait(seconds)

    def ahead(self, counts: Sequence[ChangeCount]) -> None:
        """What changed elsewhere, as the cloud counts it."""
        self._told.set()
        with self._lock:
            if (course := self._course) is None:
                return
            total = sum(item.count for item in counts)
            course.pull_began = self._clock()
            course.round = change(
                course.round,
                elsewhere=[Changed(item.kind, item.object_kind, item.count) for item in counts],
                pull=change(course.round.pull, total=course.round.pull.done + total),
            )
        self._desk.tell(ROUND)

    def taken(self, count: int) -> None:
        """So many objects were brought."""
        with self._lock:
            if (course := self._course) is None or not count:
                return
            pull = course.round.pull
            course.round = change(course.round, pull=_grown(pull, pull.done + count))
        self._desk.tell(ROUND)

    def answered(self, outcomes: Sequence[Outcome]) -> None:
        """Answers to what was sent."""
        results = [item.first if item.result == DUPLICATE else item.result for item in outcomes]
        failed, conflicts = results.count(REJECTED), results.count(CONFLICT)
        with self._lock:
            if (course := self._course) is None or not failed + conflicts:
                return
            push = course.round.push
            push = change(push, failed=push.failed + failed, conflicts=push.conflicts + conflicts)
            course.round = change(course.round, push=push)

    def settle(self, received: bool) -> None:
        """Look how far it is. `received`: all that the cloud has is here, as far as anybody knows."""
        if (course := self._course) is None:
            return
        with self._desk.file.read() as db:
            left = outbox.left(db, course.mark)
        held = left if left and not exchange.pending(self._desk) else 0
        now = self._desk.clock.now().text
        with self._lock:
            if self._course is not course:
                return
            before, push, pull = course.round, course.round.push, course.round.pull
            ended = push.ended_at or ("" if left > held else now)
            push = change(push, done=max(push.total - left, 0), held=held, ended_at=ended)
            if push.ended_at and received and course.pull_began:
                pull = change(pull, total=pull.done, ended_at=now)
            course.round = change(before, push=push, pull=pull)
            if push.ended_at and pull.ended_at:
                course.round = change(course.round, state=DONE, ended_at=now, seconds_left=0)
                self._course = None
            else:
                course.round = change(course.round, seconds_left=self._seconds_left(course))
        if course.round.state == DONE:
            self._keep(course.round)
        if course.round != before:
            self._desk.tell(ROUND)

    def cut(self) -> None:
        """The line was cut: what was under way begins anew when it is back."""
        self.settle(received=False)  # an answer that was taken a moment ago counts
        with self._lock:
            course, self._course = self._course, None
        self._told.set()
        if course is None:
            return
        ended = change(course.round, state=CUT, ended_at=self._desk.clock.now().text, seconds_left=UNKNOWN)
        if ended.push.done or ended.pull.done:
            self._keep(ended)
        self._desk.tell(ROUND)

    def _keep(self, ended: Round) -> None:
        self._desk.file.write(lambda db: store.add(db, msgspec.json.encode(ended).decode()))

    def _seconds_left(self, course: _Course) -> int:
        """The longer of both halves at the pace measured so far."""
        now, found = self._clock(), []
        for half, began in ((course.round.push, course.began), (course.round.pull, course.pull_began)):
            if half.ended_at or half.done >= half.total:
                continue
            if not half.done or not began or now <= began:
                return UNKNOWN
            found.append((half.total - half.done) * (now - began) / half.done)
        return math.ceil(max(found)) if found else UNKNOWN


def look_ahead(client: CloudClient, cursor: str) -> Overview:
    """What lies after a cursor, counted; nothing where the cloud is too old to say."""
    try:
        return client.overview(cursor)
    except CloudRefused as refused:
        if refused.status != NOT_FOUND:
            raise
        return Overview("")


def _grown(half: Half, done: int) -> Half:
    return change(half, done=done, total=max(half.total, done))


def kept(desk: Desk, limit: int = ROUNDS_SHOWN_MAX) -> list[Round]:
    """The newest rounds of a file that have ended, newest first."""
    with desk.file.read() as db:
        return [change(_decode(content), id=ident) for ident, content in store.newest(db, limit)]
