"""Row 12: where a company records synchronously, an answer waits for sync and posting, and loses nothing by waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from dataserver.test_http_system import Rimmed, receipt, serve, set_up, status
from socai.cloud.worker import run_worker
from support.office import fresh, save
from support.system import System, running, until

BOOK = ["financial"]


@contextmanager
def working(dsn: str) -> Iterator[None]:
    """A worker that posts while the block runs."""
    stop = threading.Event()
    thread = threading.Thread(target=run_worker, args=(dsn, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)


def record(client: httpx.Client, how: str, seconds: int = 20) -> None:
    """Choose how the company records."""
    company = client.get("/company").json()
    body = company["body"] | {"recording": how, "recording_seconds": seconds}
    answer = client.put("/company", json={"act_id": fresh(), "base": company["revision"], "body": body})
    assert answer.status_code == 200, answer.text


def put(client: httpx.Client, branch: str, voucher: str, **more: Any) -> tuple[dict[str, Any], float]:
    """A save that succeeds: its answer, and how long it took."""
    began = time.monotonic()
    answer = save(client, receipt(branch, "1000"), voucher=voucher, **more)
    assert answer.status_code == 200, answer.text
    return answer.json(), time.monotonic() - began


@pytest.fixture
def office(fresh_database: str, tmp_path: Path) -> Iterator[tuple[System, Rimmed, httpx.Client, str]]:
    """One office, served, with its company at the cloud; nobody posts until a test lets a worker work."""
    with running(fresh_database, worker=False) as system, ExitStack() as stack:
        found = serve(system, stack, tmp_path, "hanoi")
        chief = found.client()
        branch = set_up(chief)
        until(lambda: chief.get("/sync").json()["green"], "the company is at the cloud")
        yield system, found, chief, branch


def test_row_12_the_answer_waits_for_sync_and_posting(office: tuple[System, Rimmed, httpx.Client, str]) -> None:
    system, _, chief, branch = office
    record(chief, "synchronous")
    voucher = fresh()
    with working(system.dsn):
        told, _ = put(chief, branch, voucher, post_to=BOOK)
        assert (told["status"]["sync"], told["status"]["book"]) == ("synced", "posted")
        recording = told["recording"]
        assert (recording["mode"], recording["settled"], recording["notice"]) == ("synchronous", True, None)
        assert (recording["issue_cost"], recording["cash_issue_rate"], recording["stock"]) == ([], "", [])
        again = chief.post(
            f"/vouchers/{voucher}/unpost", json={"act_id": fresh(), "revision": 1, "book": BOOK[0]}
        ).json()
        assert (again["status"]["detail"], again["recording"]["settled"]) == ("synced", True)
        refused, _ = put(chief, branch, fresh(), post_to=[])
        assert refused["status"]["detail"] == "synced"


def test_row_12_after_a_set_time_it_says_so_and_loses_nothing(
    office: tuple[System, Rimmed, httpx.Client, str],
) -> None:
    """Nobody posts: the answer comes after the set time, the work goes on, and all is posted once somebody does."""
    system, found, chief, branch = office
    first, second, third, fourth = fresh(), fresh(), fresh(), fresh()
    told, _ = put(chief, branch, first, post_to=BOOK)  # asynchronously, and in flight from here on
    assert told["recording"] is None
    record(chief, "synchronous", 1)
    told, took = put(chief, branch, second, post_to=BOOK)
    assert told["recording"]["settled"] is False
    assert told["recording"]["notice"]["detail_vi"] == "Đã lưu tại máy chủ, chưa ghi nhận xong."
    assert took >= 1
    assert status(chief, second) == ("synced", "posting")
    found.place.line.cut()
    until(lambda: not chief.get("/sync").json()["online"], "offline is noticed")
    told, took = put(chief, branch, third, post_to=BOOK)  # nothing can come: it does not keep anybody waiting
    assert (told["recording"]["settled"], took < 1) == (False, True)
    record(chief, "asynchronous")  # back, with everything in flight
    told, _ = put(chief, branch, fourth, post_to=BOOK)
    assert told["recording"] is None
    found.place.line.mend()
    with working(system.dsn):
        for voucher in (first, second, third, fourth):
            until(lambda voucher=voucher: status(chief, voucher) == ("synced", "posted"), "posted after all")  # type: ignore[misc]
    page = chief.get("/reports/cash_book", params={"from": "2026-11-01", "to": "2026-11-30", "account": "1111"}).json()
    lines = [row["voucher"] for row in page["rows"] if row["kind"] == "line"]
    assert sorted(lines) == sorted((first, second, third, fourth))  # each once


def test_row_12_an_office_changes_its_way_without_a_restart(
    office: tuple[System, Rimmed, httpx.Client, str], tmp_path: Path
) -> None:
    """The setting is the company's: another office follows as soon as it hears of it, while it runs."""
    system, _, chief, branch = office
    with ExitStack() as stack:
        saigon = serve(system, stack, tmp_path, "saigon").client()
        until(lambda: saigon.get("/company").json()["set_up"], "the company is here")
        told, _ = put(saigon, branch, fresh())
        assert told["recording"] is None
        record(chief, "synchronous", 1)
        until(lambda: saigon.get("/company").json()["body"].get("recording") == "synchronous", "heard")
        told, _ = put(saigon, branch, fresh(), post_to=BOOK)
        assert told["recording"]["settled"] is False
