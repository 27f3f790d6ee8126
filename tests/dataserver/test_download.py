"""Row 10: history on demand, by period, type and branch; goes on after a restart; stopped when nobody wants it.

A server far behind takes a snapshot in place of the feed, and what is not held whole is read from the cloud.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from dataserver.test_http_system import offices
from socai.dataserver.books import REPORTS_AT_ONCE_MAX, Books
from socai.dataserver.store import download, ledger, meta, voucher
from socai.dataserver.store.enrolment import Enrolment
from socai.dataserver.syncing import incoming, loading
from socai.edge.client import CloudClient, CloudRefused, CloudUnreachable
from socai.edge.signature import new_key
from socai.sync.message import DownloadPage, FeedItem, encode, raw_body
from socai.sync.report import ReportAnswer, ReportWish
from support.desk import BRANCH, Office, ident, journal, open_office, saved
from support.system import CHIEF, Place, make_company, running, until

JANUARY = {"from": "2026-01-01", "to": "2026-01-31"}


@dataclass
class Cloud:
    """A cloud that hands out vouchers one by one and notes what it was asked."""

    vouchers: list[str] = field(default_factory=lambda: [ident() for _ in range(3)])
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    def download(self, first: str, last: str, kind: str, branch: str, after: str, limit: int) -> DownloadPage:
        self.asked.append((kind, branch, after))
        at = int(after or 0)
        body = raw_body(encode(journal(day="2026-01-15", books=["financial"])))
        item = FeedItem("voucher", "journal", self.vouchers[at], 10 + at, 1, "chief", "", False, body)
        onward = str(at + 1) if at + 1 < len(self.vouchers) else ""
        self.meanwhile()
        return DownloadPage("", [item], onward, len(self.vouchers) if not after else 0)


def ready(path: Path) -> Office:
    office = open_office(path / "replica.db")
    office.desk.file.write(lambda db: meta.put(db, {"snapshot_done": 1, "head_seq": 100}))
    return office


def test_a_download_goes_on_where_it_stopped_after_a_restart(tmp_path: Path) -> None:
    office, cloud = ready(tmp_path), Cloud()
    job = loading.ask(office.desk, "clerk", "2026-01-01", "2026-01-31")
    assert isinstance(job, str)
    office.desk.file.write(
        lambda db: db.execute("INSERT INTO month_missing (branch, month) VALUES (?, 202601)", (BRANCH,))
    )
    assert loading.next_page(office.desk, cloud)  # type: ignore[arg-type]
    office.close()
    office = ready(tmp_path)
    found = loading.job_of(office.desk, job)
    assert found is not None
    assert (found.state, found.done, found.total) == ("running", 1, 3)
    while loading.next_page(office.desk, cloud):  # type: ignore[arg-type]
        continue
    found = loading.job_of(office.desk, job)
    assert found is not None
    assert (found.state, found.done, found.total) == ("done", 3, 3)
    assert [after for _, _, after in cloud.asked] == ["", "1", "2"]
    with office.desk.file.read() as db:
        assert ledger.missing_months(db, 202601, 202601, []) == []
    office.close()


def test_a_download_by_types_and_branches_walks_their_pairs_and_claims_no_month(tmp_path: Path) -> None:
    office, cloud = ready(tmp_path), Cloud([ident()])
    job = loading.ask(office.desk, "clerk", "2026-01-01", "2026-01-31", ("journal", "cash_receipt"), (BRANCH,))
    assert isinstance(job, str)
    office.desk.file.write(
        lambda db: db.execute("INSERT INTO month_missing (branch, month) VALUES (?, 202601)", (BRANCH,))
    )
    while loading.next_page(office.desk, cloud):  # type: ignore[arg-type]
        continue
    assert [(kind, branch) for kind, branch, _ in cloud.asked] == [("journal", BRANCH), ("cash_receipt", BRANCH)]
    with office.desk.file.read() as db:
        assert ledger.missing_months(db, 202601, 202601, []) == [202601]
    office.close()


def test_a_cancelled_download_stops_and_keeps_what_it_brought(tmp_path: Path) -> None:
    office, cloud = ready(tmp_path), Cloud()
    job = loading.ask(office.desk, "clerk", "2026-01-01", "2026-01-31")
    assert isinstance(job, str)
    loading.next_page(office.desk, cloud)  # type: ignore[arg-type]
    found = loading.cancel(office.desk, job)
    assert found is not None
    assert (found.state, found.done) == (download.CANCELLED, 1)
    assert not loading.next_page(office.desk, cloud)  # type: ignore[arg-type]
    assert [item.id for item in loading.jobs(office.desk)] == [job]
    again = loading.cancel(office.desk, job)
    assert again is not None
    assert again.state == download.CANCELLED
    assert loading.cancel(office.desk, "nothing") is None
    office.close()


def test_nothing_is_downloaded_while_a_snapshot_is_on_its_way(tmp_path: Path) -> None:
    """Its balances hold those vouchers already: counted before and after, they would stand in the books twice."""
    office, cloud = ready(tmp_path), Cloud()
    loading.ask(office.desk, "clerk", "2026-01-01", "2026-01-31")
    office.desk.file.write(lambda db: meta.put(db, {"snapshot_done": 0}))
    assert not loading.next_page(office.desk, cloud)  # type: ignore[arg-type]
    assert cloud.asked == []
    office.close()


def test_a_download_leaves_to_the_feed_what_the_feed_is_about_to_bring(tmp_path: Path) -> None:
    """Row 18, I5 (seeds 351, 467, 485): its accounts may be on their way too, and the balances came out wrong."""
    office, cloud = ready(tmp_path), Cloud()
    office.desk.file.write(lambda db: meta.put(db, {"head_seq": 11}))  # vouchers 10 and 11 are told of, 12 is not yet
    job = str(loading.ask(office.desk, "clerk", "2026-01-01", "2026-01-31"))
    while loading.next_page(office.desk, cloud):  # type: ignore[arg-type]
        continue
    with office.desk.file.read() as db:
        assert set(voucher.load_many(db, cloud.vouchers)) == set(cloud.vouchers[:2])
    found = loading.job_of(office.desk, job)
    assert found is not None
    assert (found.state, found.done) == ("done", 3)
    office.close()


def test_a_download_under_way_begins_again_with_a_new_snapshot(tmp_path: Path) -> None:
    """Row 18, I5 (seed 471): the books are emptied, also of what it had brought, and it claims whole months."""
    office, cloud = ready(tmp_path), Cloud()
    job = str(loading.ask(office.desk, "clerk", "2026-01-01", "2026-01-31"))
    assert loading.next_page(office.desk, cloud)  # type: ignore[arg-type]
    incoming.begin_snapshot(office.desk)
    found = loading.job_of(office.desk, job)
    assert found is not None
    assert (found.state, found.done, found.after) == ("waiting", 0, "")
    office.desk.file.write(lambda db: meta.put(db, {"snapshot_done": 1, "snapshot_seq": 100}))
    while loading.next_page(office.desk, cloud):  # type: ignore[arg-type]
        continue
    assert [after for _, _, after in cloud.asked] == ["", "", "1", "2"]
    office.close()


def test_a_page_asked_for_before_a_snapshot_is_not_taken_after_it(tmp_path: Path) -> None:
    """What it calls live may have been voided by the snapshot's moment, and no feed tells of that any more."""
    office, cloud = ready(tmp_path), Cloud()
    loading.ask(office.desk, "clerk", "2026-01-01", "2026-01-31")

    def snapshot() -> None:
        incoming.begin_snapshot(office.desk)
        office.desk.file.write(lambda db: meta.put(db, {"snapshot_done": 1, "snapshot_seq": 100}))

    cloud.meanwhile = snapshot
    assert not loading.next_page(office.desk, cloud)  # type: ignore[arg-type]
    with office.desk.file.read() as db:
        assert voucher.load_many(db, cloud.vouchers) == {}
    office.close()


def test_a_server_far_behind_takes_a_snapshot_and_is_right_about_everything(
    fresh_database: str, tmp_path: Path
) -> None:
    """Changed, deleted and new vouchers of others: books at once, what was held brought again, the feed skipped."""
    with running(fresh_database, behind_max=5) as system:
        hanoi = system.open(tmp_path / "hn", "Hà Nội")
        make_company(hanoi)
        days = ("2026-01-15", "2026-01-20", "2026-02-15", "2026-03-15")
        old = [saved(hanoi.save(journal("100", day=day), post_to=("financial",))) for day in days]
        until(lambda: all(hanoi.is_posted(item.id) for item in old), "posted")
        saigon = system.open(tmp_path / "hcm", "TP.HCM")
        until(lambda: saigon.books.sync_state().green, "green")
        job = saigon.books.download("chief", "2026-01-01", "2026-02-28")
        until(lambda: (found := saigon.books.download_job(str(job))) and found.state == "done", "downloaded")
        saigon.line.cut()
        until(lambda: not saigon.books.sync_state().online, "offline")
        mine = saved(saigon.save(journal("5"), post_to=("financial",)))
        changed, gone = old[0], old[1]
        for item in (changed, gone):
            saved(hanoi.books.unpost(CHIEF, ident(), item.id, 1, "financial"))
            until(lambda item=item: hanoi.status(item.id).book == "unposted", "unposted")
        saved(hanoi.save(journal("700", day=days[0]), changed.id, 1, post_to=("financial",)))
        saved(hanoi.books.delete(CHIEF, ident(), gone.id, 1))
        new = [saved(hanoi.save(journal("9"), post_to=("financial",))) for _ in range(6)]
        until(lambda: all(hanoi.is_posted(item.id) for item in (*new, changed)), "posted")
        until(lambda: hanoi.books.sync_state().green, "green")
        saigon.line.mend()
        saigon.books.sync_now()
        until(lambda: saigon.books.sync_state().green, "green")
        with saigon.books.read() as db:
            assert meta.number(db, "snapshot_seq") > 0
        until(lambda: all(job.state == "done" for job in saigon.books.downloads()), "brought again")
        until(lambda: saigon.is_posted(mine.id) and hanoi.is_posted(mine.id), "mine too")
        users = [job.user for job in saigon.books.downloads()]  # mine may have been heard of first: two stretches
        assert (users[-1], set(users[:-1])) == ("chief", {""})
        assert body_of(saigon, changed.id) == body_of(hanoi, changed.id)
        assert is_deleted(saigon, gone.id)
        assert all(saigon.is_posted(item.id) for item in new)
        assert saigon.status(old[3].id) is None or saigon.is_posted(old[3].id)
        until(lambda: balances(saigon) == balances(hanoi), "the same books")
        assert saigon.books.missing_months(202601, 202602) == []


def balances(place: Place) -> list[tuple[Any, ...]]:
    with place.books.read() as db:
        return list(
            db.execute("SELECT dimension, account, period, debit, credit FROM balance WHERE debit <> 0 OR credit <> 0")
        )


def body_of(place: Place, voucher: str) -> Any:
    with place.books.read() as db:
        row = db.execute(
            "SELECT b.body FROM voucher v JOIN voucher_body b ON b.voucher = v.id AND b.revision = v.revision"
            " WHERE v.id = ?",
            (voucher,),
        ).fetchone()
    return msgspec.json.decode(row[0])


def is_deleted(place: Place, voucher: str) -> bool:
    with place.books.read() as db:
        return bool(db.execute("SELECT deleted FROM voucher WHERE id = ?", (voucher,)).fetchone()[0])


@pytest.fixture(scope="module")
def reports() -> tuple[tuple[str, dict[str, str]], ...]:
    """Reports whose lines or edges need the entries of January."""
    return (
        ("general_journal", JANUARY),
        ("account_ledger", JANUARY | {"account": "242"}),
        ("trial_balance", {"from": "2026-01-01", "to": "2026-01-20"}),
    )


def test_a_new_server_works_at_once_and_reads_from_the_cloud_what_it_lacks(
    fresh_database: str, tmp_path: Path, reports: tuple[tuple[str, dict[str, str]], ...]
) -> None:
    """Online the whole report comes from the cloud, in the same shape; offline the months are named, never a part."""
    with running(fresh_database) as system, offices(system, tmp_path, "Hà Nội") as (hanoi,):
        make_company(hanoi.place)
        old = [
            saved(hanoi.place.save(journal("100", day=day, count=2), post_to=("financial",)))
            for day in ("2026-01-15", "2026-01-25", "2026-02-15")
        ]
        until(lambda: all(hanoi.place.is_posted(item.id) for item in old), "posted")
        with offices(system, tmp_path, "TP.HCM") as (saigon,):
            until(lambda: saigon.place.books.sync_state().green, "green")
            mine = saved(saigon.place.save(journal("7"), post_to=("financial",)))
            until(lambda: saigon.place.is_posted(mine.id) and hanoi.place.is_posted(mine.id), "a new one works at once")
            here, there = hanoi.client(), saigon.client()
            year = {"from": "2026-01-01", "to": "2026-12-31"}
            found = there.get("/reports/trial_balance", params=year).json()
            assert found["source"] == "here"
            assert found["rows"] == here.get("/reports/trial_balance", params=year).json()["rows"]
            for code, asked in reports:
                same = compare(here, there, code, asked)
                assert same["rows"], code
            pdf = there.get("/reports/general_journal.pdf", params=JANUARY)
            assert pdf.content.startswith(b"%PDF")
            refused = there.get("/reports/account_ledger", params=JANUARY | {"account": "nothing"})
            assert (refused.status_code, refused.json()["code"]) == (422, "ACCOUNT_UNKNOWN")
            saigon.place.line.cut()
            until(lambda: not saigon.place.books.sync_state().online, "offline")
            for code, asked in reports:
                refused = there.get(f"/reports/{code}", params=asked)
                assert (refused.status_code, refused.json()["code"]) == (503, "PERIOD_NOT_HELD"), code
                assert refused.json()["params"]["months"] == "01/2026"
            assert there.get("/reports/general_journal.pdf", params=JANUARY).status_code == 503
            assert there.get("/reports/trial_balance", params=year).status_code == 200


def test_reports_from_the_cloud_leave_threads_for_everybody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that swallows questions: only so many wait for it, the next is told to come back."""
    let_go, inside = threading.Event(), threading.Semaphore(0)

    def swallow(_: CloudClient, __: ReportWish) -> ReportAnswer:
        inside.release()
        let_go.wait(60)
        raise CloudUnreachable("nothing came back")

    monkeypatch.setattr(CloudClient, "report", swallow)
    books = Books(tmp_path, Enrolment("minhphat", "Minh Phát", ident(), new_key()[0], "http://127.0.0.1:9"))
    wish, ended = ReportWish("chief", "general_journal"), []

    def ask() -> None:
        with pytest.raises(CloudUnreachable):
            books.report_from_cloud(wish)
        ended.append(True)

    waiting = [threading.Thread(target=ask) for _ in range(REPORTS_AT_ONCE_MAX)]
    for thread in waiting:
        thread.start()

    try:
        for _ in waiting:
            assert inside.acquire(timeout=20)
        with pytest.raises(CloudRefused) as told:
            books.report_from_cloud(wish)
    finally:
        let_go.set()
        for thread in waiting:
            thread.join()
        books.close()
    assert told.value.code == "RATE_LIMITED"
    assert len(ended) == REPORTS_AT_ONCE_MAX


def compare(here: httpx.Client, there: httpx.Client, code: str, asked: dict[str, str]) -> dict[str, Any]:
    """The report page by page from the office that holds it, and from the cloud: the same but for their moments."""
    after = {"here": "", "there": ""}
    first: dict[str, Any] = {}
    while True:
        one = here.get(f"/reports/{code}", params={**asked, "limit": 2, "after": after["here"]}).json()
        other = there.get(f"/reports/{code}", params={**asked, "limit": 2, "after": after["there"]}).json()
        assert (one["source"], other["source"]) == ("here", "cloud"), other
        for name in ("rows", "totals", "opening", "closing", "columns", "title"):
            assert other[name] == one[name], (code, name)
        first = first or one
        after = {"here": one["next"], "there": other["next"]}
        if not one["next"]:
            return first
