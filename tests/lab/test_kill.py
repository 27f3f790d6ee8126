"""kill -9 of a data server, of the cloud's API and of the worker, at random moments while people save (I1, I2, I5).

Real processes and real files. Each person keeps pressing save with the same act until it is acknowledged, as the web
client does. In the end every acknowledged voucher is posted once, at both offices, and all goes on.
"""

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from random import Random

import httpx
import pytest

from socai.core.entry import FINANCIAL
from socai.lab.clerk import Clerk, Event, Line
from socai.lab.client import Workstation, new_ident, wait_for
from socai.lab.inspection import inspect
from socai.lab.replay import closing_balances
from socai.lab.sample import HANOI, HCM, TENANT, Sample, newest_regime
from socai.lab.stack import Stack
from socai.registry import chart_for

PEOPLE = 6
SEED = 11
DRAINED_SECONDS_MAX = 120.0


class Progress:
    """How many saves were acknowledged, and whether the server of the first office is there."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.acknowledged: dict[str, str] = {}
        self.stopped: list[BaseException] = []
        self.serving = threading.Event()
        self.serving.set()

    def add(self, ident: str, number: str) -> None:
        with self._changed:
            self.acknowledged[ident] = number
            self._changed.notify_all()

    def stop(self, error: BaseException) -> None:
        """Somebody could not go on."""
        with self._changed:
            self.stopped.append(error)
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        """Return when that many have been acknowledged; raise what stopped a person."""
        with self._changed:
            enough = self._changed.wait_for(
                lambda: self.stopped or len(self.acknowledged) >= count, timeout=DRAINED_SECONDS_MAX
            )
            if self.stopped:
                raise self.stopped[0]
            assert enough, f"{len(self.acknowledged)} of {count}"


@pytest.fixture
def sample(tmp_path: Path) -> Iterator[Sample]:
    """The sample company at two offices, without vouchers."""
    with Stack(tmp_path, (HANOI, HCM)) as stack:
        made = Sample(stack)
        made.load(None)
        yield made


def body_of(sample: Sample, number: int) -> dict[str, object]:
    """A receipt of its own amount, so that the balance tells which are in the books."""
    ids = sample.catalogs.ids
    clerk = Clerk(chart_for(newest_regime()), sample.catalogs.bodies, {ids[HANOI]: ids["QUY-HN"]})
    day = date(2026, 1, 2) + timedelta(days=number % 300)
    lines = (Line("cash", "receivable", amount_of(number)),)
    return clerk.body(Event(day, ids[HANOI], f"Thu tiền {number}", lines, ids["KH001"]))


def amount_of(number: int) -> int:
    return 1_000_000 + number * number


def save_until_acknowledged(station: Workstation, body: dict[str, object], progress: Progress) -> None:
    """Press save again, as the same act, until an answer comes."""
    ident, act = new_ident(), new_ident()
    while True:
        assert progress.serving.wait(DRAINED_SECONDS_MAX)
        try:
            saved = station.save_voucher(body, (FINANCIAL,), ident, act)
        except httpx.TransportError:
            continue
        progress.add(ident, str(saved["number"]))
        return


class Victims:
    """What may be killed: both data servers, the API, the worker, and the database as by a power loss."""

    def __init__(self, stack: Stack, progress: Progress) -> None:
        assert stack.cloud is not None
        assert stack.worker is not None
        self._stack, self._progress = stack, progress
        self._typed_at = stack.offices[HANOI].program
        self.programs = [self._typed_at, stack.cloud, stack.worker, stack.offices[HCM].program]

    def kill(self, turn: int) -> None:
        """Kill one and start it again at once."""
        if turn % (len(self.programs) + 1) == len(self.programs):
            self._stack.database.stop(immediate=True)
            self._stack.database.start()
            return
        program = self.programs[turn % (len(self.programs) + 1)]
        if program is self._typed_at:
            self._progress.serving.clear()
        program.kill()
        program.start()
        program.wait()
        self._progress.serving.set()


def killed_while_saving(sample: Sample, seed: int, vouchers: int, kills: int) -> None:
    """People save `vouchers`, something is killed at `kills` random moments; then everything is counted."""
    stack, progress, random = sample.stack, Progress(), Random(seed)
    victims = Victims(stack, progress)
    moments = sorted(random.sample(range(5, vouchers - 5), kills))

    def person(at: int, station: Workstation) -> None:
        try:
            for number in range(at, vouchers, PEOPLE):
                save_until_acknowledged(station, body_of(sample, number), progress)
        except BaseException as error:
            progress.stop(error)
            raise

    with contextlib.ExitStack() as opened, ThreadPoolExecutor(PEOPLE) as threads:
        stations = [opened.enter_context(sample.workstation(HANOI)) for _ in range(PEOPLE)]
        people = [threads.submit(person, at, station) for at, station in enumerate(stations)]
        for turn, moment in enumerate(moments):
            progress.wait_for(moment)
            victims.kill(turn)
        for each in people:
            each.result()

    acknowledged = progress.acknowledged
    assert len(acknowledged) == vouchers
    assert len(set(acknowledged.values())) == vouchers  # every number given once (I13)
    with sample.workstation(HANOI) as here, sample.workstation(HCM) as there:
        here.wait_drained(DRAINED_SECONDS_MAX)
        for station in (here, there):
            wait_for("all posted", lambda station=station: counted(station, vouchers) or None, DRAINED_SECONDS_MAX)
            assert {str(item["id"]) for item in everything(station)} == set(acknowledged)
            closing = closing_balances(station, "2026-01-01", "2026-12-31")
            cash = chart_for(newest_regime()).role("cash")
            assert closing[cash] == sum(amount_of(number) for number in range(vouchers))
    sources = [stack.dsn, *(str(stack.offices[name].folder / TENANT / "replica.db") for name in (HANOI, HCM))]
    assert [finding for source in sources for finding in inspect(source)] == []


def test_nothing_acknowledged_is_lost_or_doubled(sample: Sample) -> None:
    killed_while_saving(sample, SEED, vouchers=300, kills=10)


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_is_lost_however_often_things_are_killed(sample: Sample, seed: int) -> None:
    killed_while_saving(sample, seed, vouchers=3_000, kills=60)


def counted(station: Workstation, vouchers: int) -> bool:
    found = station.books("GET", "/vouchers", state="posted", book=FINANCIAL, limit=1)
    return int(found["count"]) == vouchers


def everything(station: Workstation) -> Iterator[dict[str, object]]:
    """Every voucher of the list, page by page."""
    after = ""
    while True:
        page = station.books("GET", "/vouchers", limit=100, after=after)
        yield from page["items"]
        after = page["next"] or ""
        if not after:
            return
