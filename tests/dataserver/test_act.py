"""Acts on saved vouchers: what the life table allows, what replaces what on its way, and what five minutes release."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from socai.core import life
from socai.dataserver import facts as fact
from socai.dataserver.acts import act
from socai.dataserver.acts.act import Asked
from socai.dataserver.desk import Refused, Saved
from socai.dataserver.store import outbox, voucher
from socai.dataserver.store.file import MEMORY
from socai.dataserver.syncing import exchange
from socai.sync.message import (
    BookState,
    FeedItem,
    Outcome,
    Push,
    PushAnswer,
    Winner,
    WireEntrySet,
    WireFault,
    raw_body,
)
from support.desk import BRANCH, CLERK, FUND, PARTNER, Office, hear, ident, journal, open_office, saved


@pytest.fixture(params=["memory", "file"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    """The DS store's contract: the same on a file with its writer thread and in memory without one."""
    found = open_office(MEMORY if request.param == "memory" else tmp_path / "replica.db")
    while (push := exchange.next_batch(found.desk)) is not None:  # the company's catalogs are taken by the cloud
        exchange.take_answer(found.desk, push, PushAnswer("", [Outcome(o.n, "applied", 1, 1) for o in push.operations]))
    yield found
    found.close()


def code(found: Saved | Refused) -> str:
    assert isinstance(found, Refused), found
    return found.faults[0].code


def asked(ident_: str, revision: int = 1) -> Asked:
    return Asked(CLERK, ident(), ident_, revision)


def status(office: Office, ident_: str) -> life.Status:
    with office.desk.file.read() as db:
        head = voucher.load(db, ident_)
        assert head is not None
        return life.status(fact.read_one(db, head, office.desk.cache.get(db).calendar, office.clock.now()), "financial")


def queue(office: Office, ident_: str) -> list[tuple[Any, ...]]:
    with office.desk.file.read() as db:
        return [
            (row.act, row.state, row.base_version, bool(row.base_place), row.post_to)
            for row in outbox.open_of(db, "voucher", "journal", ident_)
        ]


def send(office: Office) -> Push:
    push = exchange.next_batch(office.desk)
    assert push is not None
    return push


def answer(office: Office, push: Push, *outcomes: Outcome) -> None:
    exchange.take_answer(office.desk, push, PushAnswer("", list(outcomes)))


def told(office: Office, done: Saved, seq: int, version: int, *books: BookState, body: bytes = b"") -> None:
    item = FeedItem("voucher", "journal", done.id, seq, version, "other", "2026-11-22T00:00:00.000Z", books=list(books))
    item = FeedItem(*[getattr(item, name) for name in ("kind", "object_kind", "id", "seq", "version", "author", "at")],
                    body=raw_body(body or done.body), books=list(books))  # fmt: skip
    hear(office, item)


def synced(office: Office, posted: bool = False) -> Saved:
    done = saved(office.save(journal(), post_to=("financial",) if posted else ()))
    push = send(office)
    answer(office, push, Outcome(push.operations[0].n, "applied", 1, 10))
    told(office, done, 11, 1, BookState("financial", asked=posted, posted=posted))
    return done


# ---- what was never sent


def test_everything_is_allowed_before_it_was_sent(office: Office) -> None:
    done = saved(office.save(journal()))
    assert status(office, done.id).in_flight is False
    saved(act.post(office.desk, asked(done.id), "financial"))
    saved(office.save(journal("5"), done.id, 1))
    saved(act.quick_edit(office.desk, asked(done.id, 2), {"description": "Khác"}))
    assert queue(office, done.id) == [("save", 0, 0, False, "")]
    saved(act.post(office.desk, asked(done.id, 3), "financial"))
    assert queue(office, done.id) == [("save", 0, 0, False, "financial")]


def test_deleting_what_the_cloud_never_heard_of_says_nothing_to_it(office: Office) -> None:
    done = saved(office.save(journal()))
    saved(act.delete(office.desk, asked(done.id)))
    assert queue(office, done.id) == []
    with office.desk.file.read() as db:
        head = voucher.load(db, done.id)
        assert head is not None
        assert head.deleted == 1
        assert voucher.body(db, done.id, 1) == done.body
    assert exchange.next_batch(office.desk) is None


@pytest.mark.parametrize(
    ("acts", "left"),
    [
        (("save", "delete"), [("delete", 0, 1, False, "")]),
        (("delete", "save"), [("save", 0, 1, False, "")]),
        (("quick_edit", "quick_edit"), [("quick_edit", 0, 1, False, "")]),
        (("quick_edit", "post"), [("quick_edit", 0, 1, False, ""), ("post", 0, 1, True, "financial")]),
        (("post", "save"), [("save", 0, 1, False, "")]),
        (("post", "delete"), [("delete", 0, 1, False, "")]),
        (("renumber", "save"), [("save", 0, 1, False, "")]),
    ],
)
def test_what_replaces_what(office: Office, acts: tuple[str, ...], left: list[tuple[Any, ...]]) -> None:
    done = synced(office)
    revision = 1
    for name in acts:
        if name == "save":
            found = office.save(journal("7"), done.id, revision)
        elif name == "quick_edit":
            found = act.quick_edit(office.desk, asked(done.id, revision), {"description": f"Khác {revision}"})
        elif name == "renumber":
            found = act.renumber(office.desk, asked(done.id, revision), "NVK00077")
        elif name == "post":
            found = act.post(office.desk, asked(done.id, revision), "financial")
        else:
            found = act.delete(office.desk, asked(done.id, revision))
        revision = saved(found).revision
    assert queue(office, done.id) == left


# ---- in flight, and the five minutes


def test_in_flight_only_reading_is_allowed_until_five_minutes_have_passed(office: Office) -> None:
    done = saved(office.save(journal(), post_to=("financial",)))
    push = send(office)
    found = status(office, done.id)
    assert (found.sync, found.book, found.in_flight, found.detail) == (
        "syncing",
        "posting",
        True,
        "syncing_and_posting",
    )
    assert code(office.save(journal("5"), done.id, 1)) == "ACT_IN_FLIGHT"
    for name in (act.delete,):
        assert code(name(office.desk, asked(done.id))) == "ACT_IN_FLIGHT"
    office.clock.go(299)
    assert exchange.next_batch(office.desk) == push  # a retry sends the same bytes and renews nothing
    assert code(office.save(journal("5"), done.id, 1)) == "ACT_IN_FLIGHT"
    office.clock.go(1)
    saved(office.save(journal("5"), done.id, 1))
    assert queue(office, done.id) == [("save", 1, 0, False, "financial"), ("save", 0, 0, True, "")]


def test_a_save_after_release_is_based_on_the_unanswered_operation(office: Office) -> None:
    done = saved(office.save(journal(), post_to=("financial",)))
    first = send(office)
    office.clock.go(300)
    saved(office.save(journal("5"), done.id, 1))
    answer(office, first, Outcome(first.operations[0].n, "applied", 1, 10))
    second = send(office)
    assert second.operations[0].base.operation == first.operations[0].n
    assert second.operations[0].n == first.operations[0].n + 1


def test_a_save_over_work_the_cloud_has_not_done_is_based_on_our_own_act(office: Office) -> None:
    """The overloaded cloud: accepted, not yet posted, five minutes gone."""
    done = saved(office.save(journal(), post_to=("financial",)))
    push = send(office)
    answer(office, push, Outcome(push.operations[0].n, "applied", 1, 10))
    assert status(office, done.id).book == "posting"
    office.clock.go(300)
    assert status(office, done.id).in_flight is False
    saved(office.save(journal("5"), done.id, 1, post_to=("financial",)))
    assert send(office).operations[0].base.operation == push.operations[0].n


def test_a_refused_operation_lets_the_newer_save_stand_on_what_it_stood_on(office: Office) -> None:
    done = synced(office)
    office.clock.go(301)
    saved(office.save(journal("5"), done.id, 1))
    first = send(office)
    office.clock.go(301)
    saved(office.save(journal("6"), done.id, 2))
    answer(office, first, Outcome(first.operations[0].n, "rejected", faults=[WireFault("DATE_LOCKED")]))
    assert queue(office, done.id) == [("save", 0, 1, False, "")]
    assert status(office, done.id).sync == "local"


# ---- answers


def test_a_refusal_is_told_and_the_typed_form_stays(office: Office) -> None:
    done = saved(office.save(journal("123")))
    push = send(office)
    answer(office, push, Outcome(push.operations[0].n, "rejected", faults=[WireFault("RIGHT_MISSING", "user")]))
    assert status(office, done.id).sync == "sync_failed"
    with office.desk.file.read() as db:
        assert voucher.body(db, done.id, 1) == done.body
        assert [row.object for row in outbox.results(db, "failed", 0, 9)] == [done.id]
    saved(office.save(journal("124"), done.id, 1))
    assert status(office, done.id).sync == "local"


def test_a_lost_answer_and_its_duplicate_change_nothing_twice(office: Office) -> None:
    done = saved(office.save(journal()))
    push = send(office)
    again = send(office)
    assert again == push
    outcome = Outcome(push.operations[0].n, "duplicate", 1, 10, "applied")
    answer(office, again, outcome)
    answer(office, push, outcome)
    assert status(office, done.id).sync == "synced"
    assert exchange.next_batch(office.desk) is None


def test_the_echo_in_the_feed_before_the_answer_overwrites_nothing(office: Office) -> None:
    done = saved(office.save(journal("100")))
    push = send(office)
    told(office, done, 10, 1)
    assert status(office, done.id).sync == "syncing"
    answer(office, push, Outcome(push.operations[0].n, "applied", 1, 10))
    with office.desk.file.read() as db:
        head = voucher.load(db, done.id)
        assert head is not None
        assert (head.revision, head.version) == (1, 1)


def test_a_newer_form_from_elsewhere_waits_beside_ours_until_ours_is_answered(office: Office) -> None:
    done = saved(office.save(journal("100")))
    push = send(office)
    told(office, done, 12, 2, body=done.body.replace(b'"100"', b'"900"'))
    with office.desk.file.read() as db:
        assert voucher.body(db, done.id, 1) == done.body
    answer(office, push, Outcome(push.operations[0].n, "applied", 1, 10))
    with office.desk.file.read() as db:
        head = voucher.load(db, done.id)
        assert head is not None
        assert (head.version, head.total) == (2, 900)


# ---- conflicts


def lose(office: Office) -> tuple[Saved, Saved]:
    done = synced(office)
    mine = saved(office.save(journal("222"), done.id, 1))
    push = send(office)
    theirs = done.body.replace(b'"100000"', b'"333"')
    winner = Winner(2, "other", "2026-11-22T00:00:00.000Z", body=raw_body(theirs))
    answer(office, push, Outcome(push.operations[0].n, "conflict", 2, faults=[WireFault("CONFLICT")], winner=winner))
    assert status(office, done.id).sync == "conflict"
    assert code(office.save(journal("5"), done.id, mine.revision)) == "ACT_CONFLICT"
    return done, mine


def total(office: Office, ident_: str) -> tuple[int, int]:
    with office.desk.file.read() as db:
        head = voucher.load(db, ident_)
        assert head is not None
        return head.total, head.version


def test_take_theirs(office: Office) -> None:
    done, mine = lose(office)
    saved(act.resolve(office.desk, asked(done.id, mine.revision), "theirs"))
    assert total(office, done.id) == (333, 2)
    assert queue(office, done.id) == []
    with office.desk.file.read() as db:
        assert b'"222"' in voucher.body(db, done.id, mine.revision)  # I15: what lost can still be read


def test_put_mine_on_top(office: Office) -> None:
    done, mine = lose(office)
    saved(act.resolve(office.desk, asked(done.id, mine.revision), "mine"))
    assert total(office, done.id) == (222, 2)
    assert queue(office, done.id) == [("save", 0, 2, False, "")]


def test_save_mine_as_a_new_voucher(office: Office) -> None:
    done, mine = lose(office)
    new = saved(act.resolve(office.desk, asked(done.id, mine.revision), "new"))
    assert new.id != done.id
    assert new.number != done.number
    assert total(office, done.id) == (333, 2)
    assert total(office, new.id) == (222, 0)
    assert queue(office, new.id) == [("save", 0, 0, False, "")]


def test_a_newer_winner_replaces_the_one_beside_the_draft(office: Office) -> None:
    done, mine = lose(office)
    told(office, done, 20, 3, body=done.body.replace(b'"100000"', b'"444"'))
    saved(act.resolve(office.desk, asked(done.id, mine.revision), "theirs"))
    assert total(office, done.id) == (444, 3)


# ---- at rest


def test_a_posted_voucher_is_unposted_before_it_is_edited_or_deleted(office: Office) -> None:
    done = synced(office, posted=True)
    assert status(office, done.id).icon == 2
    assert code(office.save(journal("5"), done.id, 1)) == "ACT_POSTED"
    assert code(act.delete(office.desk, asked(done.id))) == "ACT_POSTED"
    assert code(act.post(office.desk, asked(done.id), "financial")) == "ACT_POSTED"
    edited = saved(act.quick_edit(office.desk, asked(done.id), {"description": "Diễn giải rõ hơn"}))
    assert code(act.quick_edit(office.desk, asked(done.id, edited.revision), {"lines": []})) == "ACT_UNAVAILABLE"
    saved(act.unpost(office.desk, asked(done.id, edited.revision), "financial"))
    assert [row[0] for row in queue(office, done.id)] == ["quick_edit", "unpost"]


def test_an_unposted_voucher_cannot_be_unposted(office: Office) -> None:
    done = synced(office)
    assert code(act.unpost(office.desk, asked(done.id), "financial")) == "ACT_NOT_POSTED"


def test_an_act_from_a_stale_form_is_refused(office: Office) -> None:
    done = synced(office)
    saved(office.save(journal("5"), done.id, 1))
    found = act.post(office.desk, asked(done.id, 1), "financial")
    assert code(found) == "STALE_VERSION"


def test_a_repeated_act_is_done_once(office: Office) -> None:
    done = synced(office)
    wish = asked(done.id)
    first = saved(act.post(office.desk, wish, "financial"))
    second = saved(act.post(office.desk, wish, "financial"))
    assert (first.repeated, second.repeated) == (False, True)
    assert len(queue(office, done.id)) == 1


def test_n_rises_by_one_without_holes_whatever_was_replaced(office: Office) -> None:
    first = [saved(office.save(journal())) for _ in range(5)]
    saved(act.delete(office.desk, asked(first[1].id)))
    saved(office.save(journal("9"), first[0].id, 1))
    numbers = [operation.n for operation in send(office).operations]
    assert numbers == list(range(numbers[0], numbers[0] + 4))


# ---- money that later payments lean on


def entered(office: Office, done: Saved, day: str, entry: list[Any]) -> None:
    """The cloud tells that a voucher is in the books with one entry."""
    sets = [WireEntrySet("financial", 1, 1, day, 20, entries=[entry], branch=BRANCH)]
    books = [BookState("financial", True, True)]
    item = FeedItem("voucher", "journal", done.id, 20, 1, "other", "", body=raw_body(done.body), books=books, sets=sets)
    hear(office, item)


def test_row_6_unposting_what_later_payments_lean_on_is_asked_from_the_last_known_books(office: Office) -> None:
    body = {"name": "Công ty", "books_first_day": "2026-01-01", "negative_cash": "warn"}
    saved(office.entry("company", "company", body, base=1))
    push = send(office)
    answer(office, push, Outcome(push.operations[0].n, "applied", 2, 9))
    receipt, payment = synced(office, posted=True), synced(office, posted=True)
    cash = ["1111", "VND", 0, BRANCH, "", "", FUND, "", ""]
    owed = ["131", "VND", 0, BRANCH, PARTNER, "", "", "", ""]
    entered(office, receipt, "2026-03-05", [1, 100, cash, owed, "", ""])
    entered(office, payment, "2026-03-06", [1, 60, owed, cash, "", ""])
    found = act.unpost(office.desk, asked(receipt.id), "financial")
    assert isinstance(found, Refused)
    assert (found.asks, code(found)) == (True, "CASH_NEGATIVE")
    assert (found.faults[0].params["date"], found.faults[0].params["balance"]) == ("2026-03-06", "40")
    saved(act.unpost(office.desk, asked(receipt.id), "financial", ("CASH_NEGATIVE",)))
    with office.desk.file.read() as db:
        assert outbox.open_of(db, "voucher", "journal", receipt.id)[0].answered == "CASH_NEGATIVE"
    saved(act.unpost(office.desk, asked(payment.id), "financial"))
