"""Cloud, worker and two offices as real processes, a real browser at each office, and nobody has a mouse."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser

from e2e.desk import SCREEN, Desk
from e2e.mouse import unplug
from socai.cloud.enrol import make_code
from socai.core.entry import FINANCIAL
from socai.lab.browser import driven_browser
from socai.lab.clerk import Clerk, Event, Line
from socai.lab.client import Workstation, new_ident, wait_for
from socai.lab.company import FIRST_YEAR, PASSWORD
from socai.lab.line import Line as Cable
from socai.lab.office import enrol_folder
from socai.lab.program import Program
from socai.lab.sample import HANOI, HCM, TENANT, Sample, newest_regime
from socai.lab.stack import Office, Stack
from socai.registry import chart_for

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
START_AMOUNT = 500_000_000
LATE = "danang"


@dataclass(frozen=True)
class Company:
    """The sample company on a running stack: its books are set up, its year not yet typed."""

    stack: Stack
    sample: Sample
    late: Office

    def join_late(self) -> Office:
        """A third office is enrolled, when the books already hold vouchers: it begins with a snapshot."""
        with self.stack.store() as store:
            ref = store.find_tenant(TENANT)
            assert ref is not None
            secret = make_code(store, ref, LATE)
        enrol_folder(self.late.folder, self.late.line.address, secret, LATE)
        self.stack.offices[LATE] = self.late
        return self.stack.start_office(LATE)

    def workstation(self, office: str = HANOI, user: str = "admin") -> Workstation:
        """Somebody logged in past the screen, to prepare what a story begins with."""
        return self.sample.workstation(office, user)

    def receipt(self, day: date, amount: int, text: str = "Thu tiền khách hàng") -> dict[str, Any]:
        """A customer's cash receipt of Hà Nội, as a workstation sends it."""
        return receipt(self.sample, day, Line("cash", "receivable", amount), text, "KH004")

    def lock(self, day: str, office: str = HCM) -> None:
        """The chief accountant locks the books until a day."""
        self._lock(day, "", office)

    def unlock(self) -> None:
        """The books are open again, and both offices know it."""
        self._lock("", "Mở lại sau kiểm tra", HCM)
        with self.workstation(HANOI) as station:
            wait_for("the books open here too", lambda: _opened(station))

    def _lock(self, day: str, reason: str, office: str) -> None:
        body = {"act_id": new_ident(), "day": day, "book": FINANCIAL, "branches": [], "reason": reason}
        with self.workstation(office, "ketoantruong") as station:
            station.http.put(f"/api/t/{station.tenant}/locks", json=body).raise_for_status()
            station.wait_drained()

    def bring_back(self) -> None:
        """What a story left dead serves again for the next one; the story fails, with the last words of the dead."""
        stack = self.stack
        programs = [stack.cloud, stack.worker, *(office.program for office in stack.offices.values())]
        dead = [program for program in programs if program is not None and not program.running]
        said = {program.name: program.said() for program in dead}
        for program in dead:
            program.start()
        for program in dead:
            program.wait()
        assert said == {}


Sit = Callable[..., Desk]


def _opened(station: Workstation) -> bool | None:
    """Whether an office knows of no lock; None to go on looking."""
    locks = station.http.get(f"/api/t/{station.tenant}/locks").json()
    return None if any(item["day"] for item in locks) else True


def receipt(sample: Sample, day: date, line: Line, text: str, partner: str = "") -> dict[str, Any]:
    """A cash receipt of Hà Nội in one line, as a workstation sends it."""
    ids = sample.catalogs.ids
    clerk = Clerk(chart_for(newest_regime()), sample.catalogs.bodies, {ids[HANOI]: ids["QUY-HN"]})
    return clerk.body(Event(day, ids[HANOI], text, (line,), ids[partner] if partner else ""))


@contextmanager
def cut(line: Cable) -> Iterator[None]:
    """Meanwhile the line is cut."""
    line.cut()
    try:
        yield
    finally:
        line.mend()


@contextmanager
def still(program: Program | None) -> Iterator[None]:
    """Meanwhile a process stands still and says nothing, and what waits for it stays under way."""
    assert program is not None
    os.kill(program.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(program.pid, signal.SIGCONT)


@pytest.fixture(scope="package")
def company() -> Iterator[Company]:
    """The whole stack, once for all stories."""
    if not files("socai.dataserver").joinpath("web", "index.html").is_file():
        raise FileNotFoundError("the web client is not built: make web")
    folder = Path(tempfile.mkdtemp(prefix="socai-e2e-"))
    try:
        with Stack(folder, (HANOI, HCM, LATE), durable=False) as stack:
            late = stack.offices.pop(LATE)
            sample = Sample(stack)
            sample.load(None)
            _open_years(sample, datetime.now(ZONE).year)
            _bring_money(sample)
            yield Company(stack, sample, late)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _open_years(sample: Sample, until: int) -> None:
    """The books go on to the year in which the stories are told."""
    with sample.workstation(HANOI) as station:
        for year in range(FIRST_YEAR + 1, until + 1):
            days = {"first_day": f"{year}-01-01", "last_day": f"{year}-12-31"}
            body = {"code": str(year), "regime": newest_regime(), **days}
            station.books("PUT", f"/fiscal-years/{year}", {"act_id": new_ident(), "base": 0, "body": body})


def _bring_money(sample: Sample) -> None:
    """A year's first receipt, so that the fund can pay what the stories spend."""
    line = Line("cash", "capital", START_AMOUNT)
    body = receipt(sample, date(FIRST_YEAR, 1, 2), line, "Nhận vốn góp bằng tiền mặt")
    with sample.workstation(HANOI) as station:
        station.wait_posted(str(station.save_voucher(body, (FINANCIAL,))["id"]), FINANCIAL)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The system's own browser; none is ever downloaded. Stopped before other tests run: it occupies the event loop."""
    with driven_browser() as running:
        yield running


@pytest.fixture(autouse=True)
def no_mouse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever would point raises."""
    unplug(monkeypatch)


@pytest.fixture
def sit(company: Company, browser: Browser) -> Iterator[Sit]:
    """Sits somebody down at an office, logged in: sit("hanoi", "ketoan.hn"). An empty name stays before the login."""
    with ExitStack() as leaving:
        leaving.callback(company.bring_back)

        def sit_down(office: str = HANOI, user: str = "ketoan.hn") -> Desk:
            context = browser.new_context(
                viewport=SCREEN, locale="vi-VN", timezone_id=ZONE.key, service_workers="block"
            )
            desk = Desk(context, company.stack.offices[office].address)
            leaving.callback(desk.stand_up)
            if user:
                desk.log_in(user, PASSWORD)
            return desk

        yield sit_down
