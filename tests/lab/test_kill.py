"""kill -9 of a data server, of the cloud's API and of the worker, at random moments while people save (I1, I2, I5).

Real processes and real files. Each person keeps pressing save with the same act until it is acknowledged, as the web
client does. In the end every acknowledged voucher is posted once, at both offices, and all goes on.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from random import Random

import httpx
import pytest

from socai.core.entry import FINANCIAL
from socai.lab.clerk import Clerk, Event, Line
from socai.lab.client import Workstation, new_ident, wait_for
from socai.lab.inspection import inspect
from socai.lab.program import Program
from socai.lab.replay import closing_balances
from socai.lab.sample import HANOI, HCM, TENANT, Sample, newest_regime
from socai.lab.stack import Stack
from socai.registry import chart_for

PEOPLE = 6
VOUCHERS = 300
KILLS = 8
SEED = 11
DRAINED_SECONDS_MAX = 120.0


class Progress:
    """How many saves were acknowledged, and whether the server of the first office is there."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.acknowledged: dict[str, str] = {}
        self.serving = threading.Event()
        self.serving.set()

    def add(self, ident: str, number: str) -> None:
        with self._changed:
            self.acknowledged[ident] = number
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        """Return when that many have been acknowledged."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.acknowledged) >= count, timeout=DRAINED_SECONDS_MAX)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    """The sample company at two offices, without vouchers."""
    with Stack(tmp_path_factory.mktemp("kill"), (HANOI, HCM)) as stack:
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


def kill_and_start(program: Program) -> None:
    program.kill()
    program.start()
    program.wait()


def test_nothing_acknowledged_is_lost_or_doubled(sample: Sample) -> None:
    stack, progress, random = sample.stack, Progress(), Random(SEED)
    assert stack.cloud is not None
    assert stack.worker is not None
    victims = [stack.offices[HANOI].program, stack.cloud, stack.worker, stack.offices[HCM].program]
    moments = sorted(random.sample(range(5, VOUCHERS - 5), KILLS))

    def person(at: int) -> None:
        with sample.workstation(HANOI) as station:
            for number in range(at, VOUCHERS, PEOPLE):
                save_until_acknowledged(station, body_of(sample, number), progress)

    with ThreadPoolExecutor(PEOPLE) as threads:
        people = [threads.submit(person, at) for at in range(PEOPLE)]
        for turn, moment in enumerate(moments):
            progress.wait_for(moment)
            victim = victims[turn % len(victims)]
            if victim is victims[0]:
                progress.serving.clear()
            kill_and_start(victim)
            progress.serving.set()
        for each in people:
            each.result()

    acknowledged = progress.acknowledged
    assert len(acknowledged) == VOUCHERS
    assert len(set(acknowledged.values())) == VOUCHERS  # every number given once (I13)
    with sample.workstation(HANOI) as here, sample.workstation(HCM) as there:
        here.wait_drained(DRAINED_SECONDS_MAX)
        for station in (here, there):
            wait_for("all posted", lambda station=station: counted(station) or None, DRAINED_SECONDS_MAX)
            listed = {str(item["id"]) for item in everything(station)}
            assert listed == set(acknowledged)
            closing = closing_balances(station, "2026-01-01", "2026-12-31")
            cash = chart_for(newest_regime()).role("cash")
            assert closing[cash] == sum(amount_of(number) for number in range(VOUCHERS))
    sources = [stack.dsn, *(str(stack.offices[name].folder / TENANT / "replica.db") for name in (HANOI, HCM))]
    assert [finding for source in sources for finding in inspect(source)] == []


def counted(station: Workstation) -> bool:
    found = station.books("GET", "/vouchers", state="posted", book=FINANCIAL, limit=1)
    return int(found["count"]) == VOUCHERS


def everything(station: Workstation) -> Iterator[dict[str, object]]:
    """Every voucher of the list, page by page."""
    after = ""
    while True:
        page = station.books("GET", "/vouchers", limit=100, after=after)
        yield from page["items"]
        after = page["next"] or ""
        if not after:
            return
