"""Row 11: the line was cut and is back. Both halves are shown, and the mark is green only after the second."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec
import pytest

from socai.dataserver.store import outbox
from socai.dataserver.store import round as store
from socai.dataserver.syncing import exchange
from socai.dataserver.syncing.round import ASKED, CUT, DONE, LINE, UNKNOWN, Round, Rounds, kept
from socai.edge.client import CloudClient
from socai.sync.message import ChangeCount, Outcome, Push, PushAnswer, WireFault
from support.desk import HandClock, Office, ident, journal, open_office
from support.system import CHIEF, Place, make_company, running, until

PARTNER = {"code": "KH88", "name": "Khách mới", "is_customer": True}


def answer_all(rounds: Rounds, office: Office, count: int, results: list[str]) -> None:
    """Answer the oldest operations of an office as the cloud would; `results` are what the round is told."""
    while count:
        push = exchange.next_batch(office.desk, count)
        assert push is not None
        outcomes = [Outcome(item.n, "applied", 1, 1) for item in push.operations]
        exchange.take_answer(office.desk, push, PushAnswer("", outcomes))
        count -= len(outcomes)
    rounds.answered([Outcome(n, result) for n, result in enumerate(results)])


def test_a_round_counts_both_halves_and_reckons_the_time_left() -> None:
    """40 to send at 10 a second: 3 seconds after the first ten; the second half ends after the first."""
    office, seconds = open_office(), HandClock()
    for _ in range(40 - len(with_outbox(office))):
        office.save(journal())
    rounds = Rounds(office.desk, lambda: seconds.wall / 1000)
    rounds.begin(LINE, "2026-11-22T02:00:00Z")
    found = rounds.running
    assert found is not None
    assert (found.push.total, found.push.done, found.seconds_left) == (40, 0, UNKNOWN)
    rounds.ahead([ChangeCount("voucher", "journal", 7), ChangeCount("catalog", "partner", 1)])
    office.save(journal())  # saved after the round began: not of this round
    seconds.go(1)
    rounds.taken(8)
    answer_all(rounds, office, 10, ["applied"] * 8 + ["rejected", "conflict"])
    rounds.settle(received=True)
    found = rounds.running
    assert found is not None
    assert (found.push.done, found.push.failed, found.push.conflicts, found.seconds_left) == (10, 1, 1, 3)
    assert (found.pull.done, found.pull.total, found.pull.ended_at) == (8, 8, "")
    answer_all(rounds, office, 30, [])
    rounds.settle(received=False)
    assert rounds.running is not None
    assert rounds.running.push.ended_at
    rounds.settle(received=True)
    assert rounds.running is None
    (last,) = kept(office.desk)
    assert (last.state, last.push.done, last.pull.done, last.seconds_left) == (DONE, 40, 8, 0)
    assert [(item.object_kind, item.count) for item in last.elsewhere] == [("journal", 7), ("partner", 1)]
    office.close()


def with_outbox(office: Office) -> list[object]:
    """What already stands in the outbox: the sample company."""
    with office.desk.file.read() as db:
        return list(outbox.waiting(db, 1000))


def test_what_a_refused_entry_holds_does_not_keep_the_first_half_open() -> None:
    """Rows 8 and 11: it cannot be sent before a person mends the entry, and is counted as held."""
    office, partner = open_office(), ident()
    rounds = Rounds(office.desk)
    answer_all(rounds, office, len(with_outbox(office)), [])
    office.entry("partner", partner, PARTNER)
    lines = [{"debit_account": "131", "credit_account": "5111", "amount": "9", "debit_partner": partner}]
    office.save(journal(lines=lines))
    rounds.begin(LINE, "")
    rounds.ahead([])
    push = exchange.next_batch(office.desk)
    assert push is not None
    faults = [WireFault("CATALOG_CODE_TAKEN", "code", {"code": "KH88", "kind": "partner"})]
    outcomes = [Outcome(push.operations[0].n, "rejected", faults=faults)]
    exchange.take_answer(office.desk, push, PushAnswer("", outcomes))
    rounds.answered(outcomes)
    rounds.settle(received=True)
    (last,) = kept(office.desk)
    assert (last.state, last.push.total, last.push.done, last.push.failed, last.push.held) == (DONE, 2, 1, 1, 1)
    office.close()


def test_a_round_that_is_cut_says_so_and_one_that_did_nothing_is_not_kept() -> None:
    office = open_office()
    rounds = Rounds(office.desk)
    rounds.begin(LINE, "")
    rounds.cut()
    assert kept(office.desk) == []
    rounds.begin(ASKED, "", "clerk")
    answer_all(rounds, office, 1, ["applied"])
    rounds.cut()  # before anybody looked how far it was
    (last,) = kept(office.desk)
    assert (last.state, last.why, last.user, last.push.done) == (CUT, ASKED, "clerk", 1)
    office.close()


def test_only_the_newest_rounds_are_kept() -> None:
    office = open_office()
    text = msgspec.json.encode(Round(0, LINE, "", "", "")).decode()
    for _ in range(store.ROUNDS_KEPT + 5):
        office.desk.file.write(lambda db: store.add(db, text))
    with office.desk.file.read() as db:
        found = store.newest(db, 1000)
    assert (len(found), found[0][0]) == (store.ROUNDS_KEPT, store.ROUNDS_KEPT + 5)
    office.close()


def test_after_an_outage_both_halves_are_told_and_then_the_mark_is_green(fresh_database: str, tmp_path: Path) -> None:
    """What changed elsewhere, everything sent with its answer, then everything brought: in the file, with counts."""
    with running(fresh_database) as system:
        hanoi = system.open(tmp_path / "hn", "Hà Nội")
        make_company(hanoi)
        saigon = system.open(tmp_path / "hcm", "TP.HCM")
        until(lambda: hanoi.books.sync_state().green and saigon.books.sync_state().green, "green")
        hanoi.line.cut()
        until(lambda: not hanoi.books.sync_state().online, "offline is noticed")
        for _ in range(3):
            saigon.save(journal())
        saigon.books.save_entry(CHIEF, ident(), "partner", ident(), 0, PARTNER)
        until(lambda: not saigon.books.sync_state().pending, "sent at the other office")
        for _ in range(5):
            hanoi.save(journal(), post_to=("financial",))
        greens: list[bool] = []

        def look(_tenant: str, kind: str, *_: str) -> None:
            found = hanoi.books.round_running()
            if kind == "round" and found is not None:
                greens.append(hanoi.books.sync_state().green)

        hanoi.books.desk.listeners.append(look)
        hanoi.line.mend()
        hanoi.books.sync_now("chief")
        until(lambda: hanoi.books.sync_state().green, "green")
        (last, *_) = [found for found in hanoi.books.rounds() if found.push.total]
        assert last.why in (LINE, ASKED)  # the line was back, or the person quicker than the agent to notice
        assert (last.state, last.push.total, last.push.done, last.push.failed) == (DONE, 5, 5, 0)
        assert sorted((item.kind, item.object_kind, item.count) for item in last.elsewhere) == [
            ("catalog", "partner", 1), ("voucher", "journal", 3),
        ]  # fmt: skip
        assert last.pull.done >= 4
        assert last.since
        assert last.since < last.began_at <= last.push.ended_at <= last.pull.ended_at
        assert greens
        assert not any(greens)


def test_what_was_sent_while_the_feeds_side_missed_the_line_is_told(
    fresh_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request of the feed from before the line was back may fail while a push is under way: the round counts it."""
    push = CloudClient.push
    with running(fresh_database) as system:
        hanoi = system.open(tmp_path / "hn", "Hà Nội")
        make_company(hanoi)
        until(lambda: hanoi.books.sync_state().green, "green")
        agent = hanoi.books.agent
        assert agent is not None

        def pushed(self: CloudClient, message: Push) -> PushAnswer:
            answer = push(self, message)
            agent._stand(online=False)
            return answer

        monkeypatch.setattr(CloudClient, "push", pushed)
        hanoi.save(journal())
        until(lambda: any(item.why == LINE for item in hanoi.books.rounds()), "told")
        (told,) = [item for item in hanoi.books.rounds() if item.why == LINE]
        assert (told.push.total, told.push.done) == (1, 1)


def test_a_person_who_asks_is_told_what_came_of_it(fresh_database: str, tmp_path: Path) -> None:
    """With the line up and everything here, "Đồng bộ dữ liệu" asks the cloud anew and says so, under that name."""
    with running(fresh_database) as system:
        hanoi = system.open(tmp_path / "hn", "Hà Nội")
        make_company(hanoi)
        until(lambda: hanoi.books.sync_state().green, "green")
        done = hanoi.save(journal())
        hanoi.books.sync_now("chief")
        asked = until(lambda: [item for item in hanoi.books.rounds() if item.why == ASKED], "kept")[0]
        assert (asked.user, asked.state, asked.push.failed) == ("chief", DONE, 0)
        assert asked.push.done == asked.push.total
        until(lambda: hanoi.status(done.id).sync == "synced", "sent")  # type: ignore[union-attr]
        (start, *_) = reversed(hanoi.books.rounds())
        assert (start.why, start.state) == ("start", DONE)


def test_a_round_ends_only_after_the_cloud_was_asked() -> None:
    """A line that only seems to be up (a poll into nothing) makes no green mark."""
    office = open_office()
    rounds = Rounds(office.desk)
    answer_all(rounds, office, len(with_outbox(office)), [])
    rounds.begin(ASKED, "", "clerk")
    rounds.settle(received=True)
    assert rounds.unseen
    assert rounds.running is not None
    rounds.ahead([])
    rounds.settle(received=True)
    assert rounds.running is None
    office.close()


def test_row_11_ours_is_not_sent_before_what_changed_elsewhere_is_counted() -> None:
    """Row 11: what changed elsewhere, then push; a line that was cut keeps nobody waiting."""
    office = open_office()
    rounds = Rounds(office.desk)
    for ends in (lambda: rounds.ahead([]), rounds.cut):
        rounds.begin(LINE, "")
        sender = threading.Thread(target=rounds.await_ahead, args=(60.0,))
        sender.start()
        sender.join(0.1)
        assert sender.is_alive()
        ends()
        sender.join(5.0)
        assert not sender.is_alive()
        rounds.cut()
    rounds.await_ahead(60.0)  # where no round runs nothing is waited for
    office.close()


def test_a_long_backlog_does_not_starve_the_download(fresh_database: str, tmp_path: Path) -> None:
    """While a push stands unanswered for as long as we like, what others save arrives all the same."""
    with running(fresh_database) as system:
        hanoi = system.open(tmp_path / "hn", "Hà Nội")
        make_company(hanoi)
        saigon = slow_pusher(system.open(tmp_path / "hcm", "TP.HCM"))
        until(lambda: saigon.books.sync_state().green, "green")
        mine = [saigon.save(journal()).id for _ in range(20)]  # type: ignore[union-attr]
        until(lambda: saigon.books.sync_state().in_flight, "on its way, unanswered")
        theirs = hanoi.save(journal())
        until(lambda: saigon.status(theirs.id) is not None, "brought meanwhile")  # type: ignore[union-attr]
        assert saigon.books.sync_state().pending == 20
        assert not saigon.books.sync_state().green
        SlowClient.may_push.set()
        until(lambda: all(saigon.status(item).sync == "synced" for item in mine), "sent after all")


class SlowClient(CloudClient):
    """A line on which what is sent takes until the test says so."""

    may_push = threading.Event()

    def push(self, message: Push) -> PushAnswer:
        assert self.may_push.wait(60)
        return super().push(message)


def slow_pusher(place: Place) -> Place:
    """The same office on a line that sends slowly: opened again, so that its agent takes the new line."""
    books, mine = place.books, place.books.enrolment
    books.client = lambda: SlowClient(mine.cloud, mine.replica, mine.private_key)  # type: ignore[method-assign]
    assert books.agent is not None
    books.agent.stop()
    books.agent = None
    books.start()
    return place
