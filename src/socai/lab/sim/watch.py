"""What is watched while a simulated office runs: what its screens show from one moment to the next.

The watch hears of every change as the screens do, after the commit, and looks at what they would now read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from socai.core import life
from socai.core.life import LEASE_SECONDS
from socai.dataserver.desk import VOUCHER
from socai.dataserver.store import outbox
from socai.dataserver.store.voucher import Head
from socai.lab.sim.step import COME_OF_IT
from socai.sync.message import APPLIED, CONFLICT, DUPLICATE, NUMBER, REJECTED, FeedPage, Push, PushAnswer

if TYPE_CHECKING:
    from socai.lab.sim.office import Office
    from socai.lab.sim.world import World

SLACK_SECONDS = 1.0
LOCK_CODE = "DATE_LOCKED"

_SHOWN = f"""
SELECT v.revision, v.version, v.deleted,
  v.refused <> '' OR EXISTS (SELECT 1 FROM conflict c WHERE c.object = v.id),
  EXISTS (SELECT 1 FROM outbox o WHERE o.object = v.id AND o.result = 'rejected' AND (o.revision = v.revision
    OR o.revision IN (SELECT w.revision FROM outbox w WHERE w.object = v.id AND w.state < 2))),
  coalesce((SELECT max(o.revision) FROM outbox o WHERE o.object = v.id AND o.state < 2), 0),
  EXISTS (SELECT 1 FROM outbox o WHERE o.object = v.id AND o.state < 2 AND o.act NOT IN {outbox.BODILESS}),
  (SELECT group_concat(b.book || '/' || b.posted || '/' || b.running) FROM voucher_book b WHERE b.voucher = v.id)
FROM voucher v WHERE v.id = ?"""


@dataclass(frozen=True, slots=True)
class Shown:
    """One voucher as a list shows it. `asked`: newest form an act waits for an answer on; `books`: book/posted/running.

    `typed`: whether one of these brings a form. What does not, as a delete, may wait under a form that `fell`, or be
    asked on one that did and was put away since.
    """

    revision: int
    version: int
    deleted: int
    draft: int
    fell: int
    asked: int
    typed: int
    books: str | None

    @property
    def at_rest(self) -> bool:
        """Whether nothing is asked and nothing is to be decided."""
        return not self.asked and not self.draft


class Watch:
    """Compares what one office shows of a voucher with what it showed before (I6)."""

    def __init__(self, world: World, office: Office) -> None:
        self.world, self.office = world, office
        self._shown: dict[str, Shown] = {}
        self._acted: dict[str, tuple[float, int]] = {}  # true time and boot of the newest act
        self._own: set[tuple[str, int]] = set()  # versions made here
        self._clock_set_at = -1.0

    def forget(self) -> None:
        """The file was restored, or the cloud was: what was shown before counts no more."""
        self._shown.clear()
        self._acted.clear()

    def clock_set(self) -> None:
        """Somebody set the clock: across a restart the five minutes may now be shorter or longer."""
        self._clock_set_at = self.world.now

    def told(self, _tenant: str, kind: str, _object_kind: str, ident: str) -> None:
        """A listener of the desk."""
        if kind != VOUCHER or not ident:
            return
        with self.office.file.read() as db:
            row = db.execute(_SHOWN, (ident,)).fetchone()
        if row is None:
            return
        before, now = self._shown.get(ident), Shown(*row)
        self._shown[ident] = now
        if self.world.cloud.restored:
            return  # what was lost is sent and seen to come again, beside what others made of it meanwhile
        if now.asked > now.revision or (0 < now.asked < now.revision and (now.typed or not now.fell)):
            self._broken(ident, f"shows form {now.revision} while form {now.asked} waits for its answer")
        if before is not None:
            self._compare(ident, before, now)

    def _compare(self, ident: str, before: Shown, now: Shown) -> None:
        if now.revision < before.revision:
            self._broken(ident, f"went back from form {before.revision} to {now.revision}")
        if now.version < before.version:
            self._broken(ident, f"went back from version {before.version} to {now.version}")
        if before.at_rest and now.at_rest and before.version == now.version:
            if before.deleted and not now.deleted:
                self._broken(ident, "was deleted and is back")
            self._flicker(ident, before.books or "", now.books or "")

    def _flicker(self, ident: str, before: str, now: str) -> None:
        """Of one version, what has ended does not begin again and what was told stays told."""
        after = {book: rest for book, _, rest in (item.partition("/") for item in now.split(",") if item)}
        for item in before.split(","):
            book, _, rest = item.partition("/")
            posted, _, running = rest.partition("/")
            if book and not running and after.get(book, "0/") != rest:
                self._broken(ident, f"flickers in {book}: {posted}/- became {after.get(book)}")

    def _broken(self, ident: str, text: str) -> None:
        self.world.broken(f"I6 {self.office.name}: {ident[-6:]} {text}")

    # ---- the five minutes

    def acted(self, ident: str) -> None:
        """A person did something with a voucher here."""
        self._acted[ident] = (self.world.now, self.office.clock.boots)

    def settled(self, ident: str) -> None:
        """A conflict was settled by the winner, whose books the feed may still have to bring."""
        self._shown.pop(ident, None)

    def forget_acts(self) -> None:
        """A person's act ended in a crash: nobody knows whether it was done, and when its five minutes began."""
        self._acted.clear()

    def standing(self, head: Head, facts: life.Facts) -> None:
        """The lease runs from the act, whatever the clocks say; across a restart only as far as the wall can tell."""
        if head.id not in self._acted:
            return
        at, boot = self._acted[head.id]
        since = self.world.now - at
        if boot != self.office.clock.boots and self._clock_set_at >= at:
            return
        if (since > LEASE_SECONDS + SLACK_SECONDS) != facts.lease_over and abs(since - LEASE_SECONDS) > SLACK_SECONDS:
            self.world.broken(
                f"lease: {self.office.name} {head.id[-6:]}: over is {facts.lease_over} after {since:.0f} s"
            )

    # ---- what comes back

    def answered(self, push: Push, answer: PushAnswer) -> None:
        """Count what the answers say, and how late they are."""
        told = {outcome.n: outcome for outcome in answer.outcomes}
        for operation in push.operations:
            outcome = told.get(operation.n)
            if outcome is None:
                continue
            result = outcome.first if outcome.result == DUPLICATE else outcome.result
            if result == APPLIED:  # a conflict tells the version of who has won: that act is not ours (seed 2587)
                self._own.add((operation.id, outcome.version))
            codes = {fault.code for fault in outcome.faults}
            for kind, seen in (
                ("conflict", result == CONFLICT),
                ("entry_refused", result == REJECTED and operation.kind != VOUCHER),
                ("right_refused", "RIGHT_MISSING" in codes),
                ("poison_told", "INTERNAL" in codes),
                ("made_final", result == APPLIED and operation.act == NUMBER),
                ("late_answer", result == APPLIED and self._late(operation.id)),
            ):
                if seen and kind in COME_OF_IT:
                    self.world.befell(kind, f"{self.office.name}: {kind} {operation.id[-6:]}")

    def taken(self, push: Push, answer: PushAnswer) -> None:
        """A final number lost to somebody's form, which stands here from now on: its books come with the feed."""
        lost = {outcome.n for outcome in answer.outcomes if CONFLICT in (outcome.result, outcome.first)}
        for operation in push.operations:
            if operation.act == NUMBER and operation.n in lost:
                self.settled(operation.id)
                self.world.befell("number_taken_back", f"{self.office.name}: {operation.id[-6:]} changed elsewhere")

    def page(self, page: FeedPage) -> None:
        """Count what the feed brings late, and what a lock refused."""
        for item in page.items:
            if (item.id, item.version) not in self._own:
                self._acted.pop(item.id, None)  # somebody else's act: its five minutes run here too
            if item.deleted and self.office.desk.branches and self._is_elsewhere(item.id):
                self.world.befell("branch_left", f"{self.office.name}: {item.id[-6:]} has left its branch")
            for state in item.books:
                if state.posted and self._late(item.id) and f"{state.book}/0/post" in (self._books(item.id) or ""):
                    self.world.befell("late_posting", f"{self.office.name}: posted late {item.id[-6:]}")
                if any(fault.code == LOCK_CODE for fault in state.faults):
                    self.world.befell("lock_refused", f"{self.office.name}: locked {item.id[-6:]}")

    def _is_elsewhere(self, ident: str) -> bool:
        cloud = self.world.cloud
        fact = cloud.store.at(cloud.refs[self.office.tenant]).vouchers.get(ident)
        return fact is not None and not fact.deleted

    def _books(self, ident: str) -> str | None:
        shown = self._shown.get(ident)
        return shown.books if shown is not None else None

    def _late(self, ident: str) -> bool:
        return ident in self._acted and self.world.now - self._acted[ident][0] > LEASE_SECONDS
