"""Row 19: kill -9 at every named place of data server, cloud and worker, until no new place is reached.

Real processes. A place is armed, a person saves (the same act until it is acknowledged, as the web client does) until
the process that came there is dead, and it is started again. In the end every acknowledged voucher is in the books of
both offices once, every number was given once, and no invariant is broken.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest

from socai.core.entry import FINANCIAL
from socai.edge.failpoint import KILL, VARIABLE
from socai.lab.clerk import Clerk, Event, Line
from socai.lab.client import WaitedTooLong, Workstation, new_ident, wait_for
from socai.lab.inspection import inspect
from socai.lab.program import Program, ProgramFailed
from socai.lab.replay import closing_balances
from socai.lab.sample import HANOI, HCM, TENANT, Sample, newest_regime
from socai.lab.stack import Stack
from socai.registry import chart_for
from support.system import until

SAVES_PER_PLACE_MAX = 30
DRAINED_SECONDS_MAX = 120.0
ONE_OF_EACH = ("push.heard", "accept.after_commit", "lane.before_commit")  # data server, cloud, worker
ALL_KNOWN = frozenset(
    (
        *("save.written", "store.before_commit", "store.after_commit", "store.checkpointed"),
        *("hello.taken", "push.sealed", "push.heard", "answer.taking", "answer.taken"),
        *("page.taking", "page.taken", "chunk.taken"),
        *("accept.judged", "accept.before_commit", "accept.after_commit"),
        *("lane.claimed", "lane.settled", "lane.before_commit", "lane.after_commit"),
    )
)


class Killing:
    """The company, the folder of places, and what has been acknowledged."""

    def __init__(self, sample: Sample, places: Path, station: Workstation) -> None:
        self.sample, self.stack, self.places, self.station = sample, sample.stack, places, station
        self.acknowledged: dict[str, str] = {}
        self.killed: set[str] = set()
        assert self.stack.cloud is not None
        assert self.stack.worker is not None
        offices = [self.stack.offices[name].program for name in (HANOI, HCM)]
        self.programs = [*offices, self.stack.cloud, self.stack.worker]

    # --- places

    def reached(self) -> set[str]:
        """Places that some process has come to."""
        return {path.name for path in self.places.iterdir() if path.suffix != KILL}

    def arm(self, place: str) -> None:
        (self.places / f"{place}{KILL}").touch()

    def is_armed(self, place: str) -> bool:
        return (self.places / f"{place}{KILL}").exists()

    def kill_at(self, place: str) -> None:
        """Arm it, work until somebody died there, and start him again."""
        before = self.pids()
        self.arm(place)
        for turn in range(SAVES_PER_PLACE_MAX):
            self.save(lines=1 if turn < 5 else 150)  # long ones fill the log, so that it is moved into the file
            if not self.is_armed(place):
                break
            if turn >= 3 and not self.dies_meanwhile(place):
                self.provoke(turn)
        assert not self.is_armed(place), f"nobody came to {place}"
        self.killed.add(place)
        until(lambda: self.pids() != before, "somebody died")
        self.revive()

    def dies_meanwhile(self, place: str) -> bool:
        """Whether somebody comes there soon by what is already under way."""
        with contextlib.suppress(WaitedTooLong):
            return wait_for("a death", lambda: not self.is_armed(place) or None, 2.0)
        return False

    def provoke(self, turn: int) -> None:
        """What does not happen by saving: a session is opened, a new replica asks for its snapshot."""
        other = self.stack.offices[HCM]
        other.program.stop()
        if turn % 2:
            for suffix in ("", "-wal", "-shm"):
                (other.folder / TENANT / f"replica.db{suffix}").unlink(missing_ok=True)
        self.start(other.program)
        wait_for("the line is up", lambda: self.is_up() or None)

    def is_up(self) -> bool:
        if 0 in self.pids():
            return True
        try:
            with self.sample.workstation(HCM) as there:
                return bool(there.sync_state()["online"])
        except httpx.TransportError:
            return False

    def revive(self) -> None:
        """Start whoever is dead."""
        for program in self.programs:
            self.start(program)

    def pids(self) -> list[int]:
        return [program.pid if program.running else 0 for program in self.programs]

    @staticmethod
    def start(program: Program) -> None:
        for _ in range(3):
            try:
                program.start()
                program.wait()
                return
            except ProgramFailed:
                program.kill()
        raise AssertionError(f"{program.name} does not start: {program.said()}")

    # --- people

    def save(self, lines: int = 1) -> None:
        """Press save, again as the same act, until an answer comes."""
        ident, act, number = new_ident(), new_ident(), len(self.acknowledged)
        while True:
            try:
                saved = self.station.save_voucher(self.body(number, lines), (FINANCIAL,), ident, act)
            except httpx.TransportError:
                self.start(self.programs[0])
                continue
            self.acknowledged[ident] = str(saved["number"])
            return

    def body(self, number: int, lines: int) -> dict[str, object]:
        ids = self.sample.catalogs.ids
        clerk = Clerk(chart_for(newest_regime()), self.sample.catalogs.bodies, {ids[HANOI]: ids["QUY-HN"]})
        day = date(2026, 1, 2) + timedelta(days=number % 300)
        each = tuple(Line("cash", "receivable", 1_000 + number) for _ in range(lines))
        return clerk.body(Event(day, ids[HANOI], f"Thu tiền {number}", each, ids["KH001"]))

    # --- the end

    def judge(self) -> None:
        """Everything acknowledged is there once, at both offices and in the cloud."""
        count = len(self.acknowledged)
        assert len(set(self.acknowledged.values())) == count
        with self.sample.workstation(HANOI) as here, self.sample.workstation(HCM) as there:
            here.wait_drained(DRAINED_SECONDS_MAX)
            wait_for("posted", lambda: posted(here) == count or None, DRAINED_SECONDS_MAX)
            there.wait_drained(DRAINED_SECONDS_MAX)
            sums = [closing_balances(station, "2026-01-01", "2026-12-31") for station in (here, there)]
        assert sums[0] == sums[1]
        folders = [self.stack.offices[name].folder for name in (HANOI, HCM)]
        sources = [self.stack.dsn, *(str(folder / TENANT / "replica.db") for folder in folders)]
        assert [finding for source in sources for finding in inspect(source)] == []


def posted(station: Workstation) -> int:
    return int(station.books("GET", "/vouchers", state="posted", book=FINANCIAL, limit=1)["count"])


@pytest.fixture
def killing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Killing]:
    """The sample company at two offices, whose processes leave a mark at every place they come to."""
    places = tmp_path / "places"
    places.mkdir()
    monkeypatch.setenv(VARIABLE, str(places))
    with Stack(tmp_path / "stack", (HANOI, HCM)) as stack:
        sample = Sample(stack)
        sample.load(None)
        with sample.workstation(HANOI) as station:
            yield Killing(sample, places, station)


def test_row_19_killed_when_the_other_side_does_not_know_yet(killing: Killing) -> None:
    for place in ONE_OF_EACH:
        killing.kill_at(place)
    killing.judge()


@pytest.mark.long
def test_row_19_killed_at_every_place_until_no_new_one_is_reached(killing: Killing) -> None:
    while places := sorted((ALL_KNOWN | killing.reached()) - killing.killed):
        for place in places:
            killing.kill_at(place)
    killing.judge()
    assert killing.reached() == killing.killed >= ALL_KNOWN
