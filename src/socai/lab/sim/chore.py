"""The chores of a simulated office: shared numbers, what a far snapshot left out, downloads, comparing with the cloud.

Production runs them in a thread of their own. Here a chore asks and waits, and while it waits the world goes on: pages,
answers, acts, other offices' chores and crashes come between its question and what it makes of the answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from socai.base.fault import Fault
from socai.dataserver.store import meta
from socai.dataserver.syncing import convergence, exchange
from socai.dataserver.syncing.loading import next_page
from socai.dataserver.syncing.rejoin import next_reheard
from socai.dataserver.syncing.settling import exchange_numbers
from socai.edge.client import CloudClient, CloudRefused, CloudUnreachable
from socai.sync import digest, pull
from socai.sync.message import DownloadPage, Held, NumbersAnswer, NumbersAsked, Reheard, SnapshotChunk, encode

if TYPE_CHECKING:
    from socai.lab.sim.office import Office

CHORE_SECONDS = 20.0  # in production every second: seldom is enough to find the same, and more happens between
PUT_OFF_SECONDS = 5.0
NUMBERS_SECONDS = 30.0


class Gone(Exception):
    """The process in which a chore ran is no more."""


class Line:
    """What chores ask of CloudClient, over the simulated network."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def _ask(self, kind: str, payload: Any) -> Any:
        office, life, box = self._office, self._office.life, list[tuple[str, Any, float]]()
        world = office.world
        world.network.request(
            office,
            kind,
            payload,
            lambda found: box.append(("", found, 0.0)),
            lambda code, wait: box.append((code, None, wait)),
        )
        while office.life == life and not world.violations and (not box or office.asleep):
            world.next()
        if office.life != life or not box:
            raise Gone
        code, found, wait = box[0]
        if code:
            raise CloudRefused([Fault(code)], 503 if wait else 422, wait)
        if found is None:
            raise CloudUnreachable(kind)
        return found

    def numbers(self, message: NumbersAsked) -> NumbersAnswer:
        """See CloudClient."""
        return cast(NumbersAnswer, self._ask("numbers", encode(message)))

    def reheard(self, held: Held) -> Reheard:
        """See CloudClient."""
        return cast(Reheard, self._ask("reheard", encode(held)))

    def download(self, first: str, last: str, kind: str, branch: str, after: str, limit: int) -> DownloadPage:
        """See CloudClient. Pages are short, so that a crash finds a download half done."""
        return cast(DownloadPage, self._ask("download", (first, last, kind, branch, after, min(limit, 8))))

    def digests(self) -> digest.Digests:
        """See CloudClient."""
        return cast(digest.Digests, self._ask("digests", ""))

    def snapshot(self) -> Iterator[SnapshotChunk]:
        """See CloudClient."""
        yield from self._ask("snapshot", "")


class Chores:
    """One process's chores, in the agent's order."""

    def __init__(self, office: Office) -> None:
        self.office, self.world = office, office.world
        self.line = cast(CloudClient, Line(office))
        self.watch = digest.begin(self.world.now)
        self.asked = False
        self._numbers_at = 0.0
        self._begun = False

    def begin(self) -> None:
        """From now on, again and again. In a world without anything to do for them there are no chores.

        Where the cloud was restored there is always something: every voucher held is asked for again. So it may be
        after a first snapshot that was cut short.
        """
        with self.office.file.read() as db:
            recheck = meta.number(db, "recheck")
        if (self.world.traits.chores or self.world.cloud.restored or recheck) and not self._begun:
            self._begun = True
            self.office.soon(self._go, self.world.random.uniform(0.0, CHORE_SECONDS))

    def _go(self) -> None:
        again = CHORE_SECONDS
        try:
            if self.office.push_state.online and not self.office.push_state.reason:
                self._round()
        except Gone:
            return
        except (CloudRefused, CloudUnreachable):
            again = PUT_OFF_SECONDS
        self.office.soon(self._go, again)

    def _round(self) -> None:
        desk = self.office.desk
        while next_reheard(desk, self.line):
            self.world.befell("reheard", f"{self.office.name}: asked for held vouchers again")
        while next_page(desk, self.line):
            self.world.befell("downloaded", f"{self.office.name}: took a page of a download")
        self._compare()
        if self.world.traits.shared and self.world.now >= self._numbers_at:
            self._numbers()

    def _numbers(self) -> None:
        try:
            while exchange_numbers(self.office.desk, self.line):
                pass
        except CloudRefused as refused:
            self._numbers_at = self.world.now + max(NUMBERS_SECONDS, refused.retry_after)
            if refused.code in pull.VOID:
                self.office.greet()

    def _compare(self) -> None:
        now, office = self.world.now, self.office
        if self.asked:
            self.watch, self.asked = digest.asked(self.watch, now), False
        ready = self.world.traits.compared and office.pull_state.caught_up and not exchange.pending(office.desk)
        ready = ready and not self.world.judged  # the judge damages files, and looks himself
        if not digest.due(self.watch, now, ready):
            return
        verdict = digest.MOVED
        try:
            verdict = convergence.check(office.desk, self.line)
            self.world.befell("compared", f"{office.name}: compared with the cloud: {verdict}")
        finally:
            self.watch = digest.after(self.watch, self.world.now, verdict)
        if verdict == digest.DIFFERS and (found := self._unexplained()):
            self.world.broken(f"I5 {office.name} differs from the cloud though nothing was lost: {found}")

    def _unexplained(self) -> list[str]:
        """The differences that nothing in this world explains.

        A snapshot says of a month without turnover nothing at all, so vouchers there that nobody posted are missed,
        and brought by this very comparison.
        """
        return [
            found for found in self.differing() if not (self.office.leapt and found.startswith(f"{digest.VOUCHERS} "))
        ]

    def differing(self) -> list[str]:
        """The newest differences, as the audit has them."""
        with self.office.file.read() as db:
            rows = db.execute(
                "SELECT object_kind || ' ' || object FROM audit WHERE act = ? ORDER BY n DESC LIMIT 4",
                (convergence.MENDED,),
            )
            return [str(row[0]) for row in rows]
