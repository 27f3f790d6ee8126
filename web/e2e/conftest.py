"""Cloud, worker and two offices as real processes, a real browser at each office, and nobody has a mouse."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, sync_playwright

from e2e.desk import SCREEN, Desk
from e2e.mouse import unplug
from socai.core.entry import FINANCIAL
from socai.lab.clerk import Clerk, Event, Line
from socai.lab.client import Workstation, new_ident
from socai.lab.company import FIRST_YEAR, PASSWORD
from socai.lab.sample import HANOI, HCM, Sample, newest_regime
from socai.lab.stack import Stack
from socai.registry import chart_for

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
START_AMOUNT = 500_000_000
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
)  # fmt: skip


@dataclass(frozen=True)
class Company:
    """The sample company on a running stack: its books are set up, its year not yet typed."""

    stack: Stack
    sample: Sample

    def workstation(self, office: str = HANOI, user: str = "admin") -> Workstation:
        """Somebody logged in past the screen, to prepare what a story begins with."""
        return self.sample.workstation(office, user)


Sit = Callable[..., Desk]


@pytest.fixture(scope="package")
def company() -> Iterator[Company]:
    """The whole stack, once for all stories."""
    if not files("socai.dataserver").joinpath("web", "index.html").is_file():
        raise FileNotFoundError("the web client is not built: make web")
    folder = Path(tempfile.mkdtemp(prefix="socai-e2e-"))
    try:
        with Stack(folder, (HANOI, HCM), durable=False) as stack:
            sample = Sample(stack)
            sample.load(None)
            _open_years(sample, datetime.now(ZONE).year)
            _bring_money(sample)
            yield Company(stack, sample)
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
    ids = sample.catalogs.ids
    clerk = Clerk(chart_for(newest_regime()), sample.catalogs.bodies, {ids[HANOI]: ids["QUY-HN"]})
    lines = (Line("cash", "capital", START_AMOUNT),)
    with sample.workstation(HANOI) as station:
        body = clerk.body(Event(date(FIRST_YEAR, 1, 2), ids[HANOI], "Nhận vốn góp bằng tiền mặt", lines))
        station.wait_posted(str(station.save_voucher(body, (FINANCIAL,))["id"]), FINANCIAL)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The system's own browser; none is ever downloaded. Stopped before other tests run: it occupies the event loop."""
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if found is None:
        raise FileNotFoundError(f"no browser: one of {', '.join(BROWSERS)} is needed")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        yield running
        running.close()


@pytest.fixture(autouse=True)
def no_mouse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever would point raises."""
    unplug(monkeypatch)


@pytest.fixture
def sit(company: Company, browser: Browser) -> Iterator[Sit]:
    """Sits somebody down at an office, logged in: sit("hanoi", "ketoan.hn"). An empty name stays before the login."""
    desks: list[Desk] = []

    def sit_down(office: str = HANOI, user: str = "ketoan.hn") -> Desk:
        context = browser.new_context(viewport=SCREEN, locale="vi-VN", timezone_id=ZONE.key, service_workers="block")
        desk = Desk(context, company.stack.offices[office].address)
        desks.append(desk)
        if user:
            desk.log_in(user, PASSWORD)
        return desk

    yield sit_down
    for desk in desks:
        desk.stand_up()
