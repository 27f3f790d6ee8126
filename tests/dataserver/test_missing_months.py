"""Row 10: after a snapshot every month that is not wholly here is named, whatever the office held of it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from socai.dataserver.store import download, ledger, meta
from socai.dataserver.store.file import MEMORY
from socai.dataserver.syncing import exchange, incoming, rejoin
from socai.dataserver.views import report as view_report
from socai.dataserver.views.report import Asked, ReportView
from socai.sync.message import BalanceRow, FeedItem, Outcome, PushAnswer, SnapshotChunk, raw_body
from support.desk import BRANCH, Office, hear, ident, journal, open_office, saved


@pytest.fixture
def office() -> Iterator[Office]:
    found = open_office(MEMORY)
    answer(found)
    yield found
    found.close()


def answer(office: Office) -> None:
    while (push := exchange.next_batch(office.desk)) is not None:
        outcomes = [Outcome(each.n, "applied", 1, 1) for each in push.operations]
        exchange.take_answer(office.desk, push, PushAnswer("", outcomes))


def hear_of(office: Office, day: str) -> None:
    """Another office's voucher, in no book."""
    body = raw_body(msgspec.json.encode({**journal(day=day), "number": f"N{day}", "books": ["financial"]}))
    item = FeedItem("voucher", "journal", ident(), 10, 1, "other", "2026-11-22T00:00:00.000Z", body=body)
    hear(office, item)


def snapshot(office: Office, *turnover: int) -> None:
    rows = [BalanceRow("financial", 0, BRANCH, "1111", "VND", "", month, 100, 0) for month in turnover]
    incoming.begin_snapshot(office.desk)
    incoming.take_chunk(office.desk, SnapshotChunk("", 50, "50", balances=rows))
    incoming.take_chunk(office.desk, SnapshotChunk(end=True))


def missing(office: Office) -> list[int]:
    with office.desk.file.read() as db:
        return ledger.missing_months(db, 202601, 202612, [])


def test_row_10_a_month_of_unposted_vouchers_is_missing_after_a_snapshot_in_the_feeds_place(office: Office) -> None:
    """What others saved in it meanwhile, without posting, came with no feed: its reports name it."""
    hear_of(office, "2026-04-10")
    office.desk.file.write(lambda db: meta.put(db, {"snapshot_done": 1}))
    rejoin.begin_far(office.desk)
    snapshot(office, 202602)
    assert missing(office) == [202602, 202604]
    asked = Asked("general_journal", {"from": "2026-04-01", "to": "2026-04-30"}, None, "vi")
    found = view_report.report_page(office.desk, asked, "", 50)
    assert not isinstance(found, ReportView)
    assert [(fault.code, fault.params["months"]) for fault in found] == [("PERIOD_NOT_HELD", "04/2026")]


def test_row_10_such_a_month_that_was_wholly_here_is_brought_again(office: Office) -> None:
    """Then it is missing no more; and it is no second wish beside a month of posted ones next to it."""
    hear_of(office, "2026-04-10")
    hear_of(office, "2026-05-10")
    office.desk.file.write(lambda db: meta.put(db, {"snapshot_done": 1}))
    rejoin.begin_far(office.desk)
    with office.desk.file.read() as db:
        jobs = download.newest(db, 9)
    assert [(job.first_day, job.branches) for job in jobs] == [("2026-04-01", BRANCH)]
    snapshot(office)
    office.desk.file.write(lambda db: ledger.months_brought(db, 202604, 202605, [BRANCH]))
    assert missing(office) == []


def test_row_10_a_new_replica_hears_of_everything_unposted_and_misses_no_month_for_it(office: Office) -> None:
    """People typed before its first snapshot: it reads the feed from the beginning."""
    saved(office.save(journal(day="2026-04-10"), post_to=()))
    answer(office)
    snapshot(office, 202602)
    assert missing(office) == [202602]
