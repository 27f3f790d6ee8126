"""Row 9 at one data server, without a network: stock, leftovers, and every answer a final number can get."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from dataserver.test_numbering import rule, saved
from socai.core.numbering import is_provisional
from socai.dataserver.acts.act import Asked, post, quick_edit, resolve
from socai.dataserver.desk import Refused, Saved
from socai.dataserver.store import conflict, number, voucher
from socai.dataserver.syncing import exchange, incoming, settling
from socai.dataserver.syncing.settling import SETTLED_AT_ONCE, make_asked, settle, take_answer
from socai.sync.message import (
    FeedItem,
    FeedPage,
    HelloAnswer,
    NumberRange,
    NumbersAnswer,
    Outcome,
    PushAnswer,
    SeriesWish,
    Winner,
    WireFault,
    raw_body,
)
from support.desk import BRANCH, CLERK, Office, hear, ident, journal, open_office
from support.desk import head as head_of

NOVEMBER, OCTOBER = f"{BRANCH}|journal|202611", f"{BRANCH}|journal|202610"


@pytest.fixture
def office() -> Office:
    found = open_office()
    rule(found, shared=True, reset="month")
    answer_all(found)  # the catalogs are known to the cloud
    return found


def wishes(office: Office) -> dict[str, SeriesWish]:
    asked = make_asked(office.desk)
    return {wish.day[:7]: wish for wish in asked.wants} if asked is not None else {}


def lease(office: Office, series: str, first: int, last: int) -> None:
    asked = make_asked(office.desk)
    assert asked is not None
    take_answer(office.desk, asked, NumbersAnswer("t", [NumberRange(series, first, last)]))


def answer_all(office: Office, **outcome: Any) -> list[str]:
    """Send everything that waits; the cloud takes it, unless told otherwise. The acts sent."""
    push = exchange.next_batch(office.desk)
    if push is None:
        return []
    told = [
        Outcome(item.n, **({"result": "applied", "version": item.base.version + 1} | outcome))
        for item in push.operations
    ]
    exchange.take_answer(office.desk, push, PushAnswer("t", told))
    return [item.act for item in push.operations]


def number_of(office: Office, key: str) -> str:
    return head_of(office, key).number


def settled(office: Office) -> tuple[str, Saved]:
    """A voucher that the cloud has under a provisional number; the final one is drawn, and not sent yet."""
    key = ident()
    first = saved(office.save(journal(), key))
    answer_all(office)
    lease(office, NOVEMBER, 1, 5)
    settle(office.desk)
    return key, first


def changed_elsewhere(first: Saved) -> bytes:
    """The form another office made of it."""
    return msgspec.json.encode({**msgspec.json.decode(first.body), "description": "Của chi nhánh khác"})


def test_row_9_many_provisional_numbers_are_made_final_in_one_go_a_few_in_each_transaction(office: Office) -> None:
    """Row 1 too: whoever saves meanwhile waits for a few of them."""
    count = SETTLED_AT_ONCE * 2 + 3
    keys = [saved(office.save(journal())).id for _ in range(count)]
    answer_all(office)
    assert all(is_provisional(number_of(office, key)) for key in keys)
    lease(office, NOVEMBER, 1, count)
    commits: list[int] = []

    def count_final() -> None:
        commits.append(sum(not is_provisional(number_of(office, key)) for key in keys))

    office.desk.wake = count_final
    assert not settle(office.desk)
    assert commits == [SETTLED_AT_ONCE, SETTLED_AT_ONCE * 2, count]
    assert len({number_of(office, key) for key in keys}) == count


def test_row_9_the_stock_is_renewed_when_low_and_larger_when_fast(office: Office) -> None:
    """Row 9: asked for around today; asked again before it is used up."""
    assert {day: wish.count for day, wish in wishes(office).items()} == {"2026-11": 50}
    lease(office, NOVEMBER, 1, 25)
    assert wishes(office) == {}
    for count in range(1, 7):
        assert saved(office.save(journal())).number == f"NVK{count:05d}"
    assert (wishes(office)["2026-11"].count, wishes(office)["2026-11"].held) == (50, 25)
    office.clock.go(7200)
    assert wishes(office)["2026-11"].count == 50


def test_row_9_leftovers_go_back_when_their_days_are_long_over(office: Office) -> None:
    """Row 9: what was not used is told, and not used any more."""
    lease(office, NOVEMBER, 1, 50)
    saved(office.save(journal()))
    office.clock.go(40 * 86_400)
    asked = make_asked(office.desk)
    assert asked is not None
    assert asked.returns == [NumberRange(NOVEMBER, 2, 50)]
    take_answer(office.desk, asked, NumbersAnswer("t"))
    assert is_provisional(saved(office.save(journal())).number)


def test_row_9_a_typed_number_of_a_shared_series_must_be_leased_here(office: Office) -> None:
    """Row 9: nobody types what another office will draw."""
    lease(office, NOVEMBER, 1, 50)
    found = office.save(journal(number="NVK00070"))
    assert isinstance(found, Refused)
    assert [fault.code for fault in found.faults] == ["NUMBER_NOT_LEASED"]
    assert saved(office.save(journal(number="NVK00007"))).number == "NVK00007"
    assert saved(office.save(journal(number="ĐC-1"))).number == "ĐC-1"
    assert saved(office.save(journal())).number == "NVK00001"


def test_row_9_a_provisional_number_becomes_final_in_every_state(office: Office) -> None:
    """Row 9: never sent, sent without an answer, taken by the cloud; each gets one number, by an act of its own."""
    taken, flying, waiting = ident(), ident(), ident()
    saved(office.save(journal(), taken))
    answer_all(office)
    saved(office.save(journal(), flying))
    batch = exchange.next_batch(office.desk)
    assert batch is not None
    saved(office.save(journal(day="2026-10-05"), waiting))
    assert set(wishes(office)) == {"2026-11", "2026-10"}
    lease(office, NOVEMBER, 1, 2)
    lease(office, OCTOBER, 31, 40)
    assert not settle(office.desk)
    assert [number_of(office, key) for key in (taken, flying, waiting)] == ["NVK00001", "NVK00002", "NVK00031"]
    exchange.take_answer(
        office.desk, batch, PushAnswer("t", [Outcome(item.n, "applied", 1) for item in batch.operations])
    )
    assert sorted(answer_all(office)) == ["number", "number", "number", "save"]
    settle(office.desk)
    with office.desk.file.read() as db:
        assert number.waiting(db, 10) == []


def test_row_9_a_final_number_somebody_has_is_drawn_again(office: Office) -> None:
    """Row 9: the provisional one is back at once, the next final one goes after it; no person is asked."""
    key = ident()
    saved(office.save(journal(), key))
    answer_all(office)
    lease(office, NOVEMBER, 1, 5)
    settle(office.desk)
    assert number_of(office, key) == "NVK00001"
    answer_all(office, result="rejected", version=0, faults=[WireFault("NUMBER_TAKEN", "number")])
    assert is_provisional(number_of(office, key))
    settle(office.desk)
    assert number_of(office, key) == "NVK00002"
    assert answer_all(office) == ["number"]


def test_row_9_a_voucher_changed_elsewhere_takes_their_form_and_keeps_the_number(office: Office) -> None:
    """Row 9: the number drawn for it is not lost."""
    key, first = settled(office)
    theirs = changed_elsewhere(first)
    winner = Winner(2, "lan", "2026-11-22T00:00:00.000Z", body=raw_body(theirs))
    answer_all(office, result="conflict", version=2, winner=winner)
    assert is_provisional(number_of(office, key))
    settle(office.desk)
    head = head_of(office, key)
    assert (head.number, head.version, head.description) == ("NVK00001", 2, "Của chi nhánh khác")


def test_row_9_a_final_number_not_yet_sent_waits_again_for_a_form_changed_elsewhere(office: Office) -> None:
    """Row 9: nobody here did anything, so nobody is asked about a conflict; nothing is kept beside their form."""
    key, first = settled(office)
    theirs = changed_elsewhere(first)
    item = FeedItem("voucher", "journal", key, 20, 2, "lan", "2026-11-22T00:00:00.000Z", body=raw_body(theirs))
    hear(office, item)
    assert answer_all(office) == []
    with office.desk.file.read() as db:
        assert conflict.load(db, "voucher", "journal", key) is None
        assert conflict.shadow(db, "voucher", "journal", key) is None
    assert is_provisional(number_of(office, key))
    settle(office.desk)
    head = head_of(office, key)
    assert (head.number, head.version, head.description) == ("NVK00001", 2, "Của chi nhánh khác")
    assert answer_all(office) == ["number"]


def test_row_9_a_final_number_a_conflict_put_in_doubt_is_kept_until_it_is_settled(office: Office) -> None:
    """Row 9 (seed 1923): a person saved on top of it and lost; whoever takes theirs gets the number drawn for it."""
    key, first = settled(office)
    ours = msgspec.json.decode(first.body) | {"number": "NVK00001", "description": "Của tôi"}
    saved(office.save(ours, key, 2))
    theirs = changed_elsewhere(first)
    winner = Winner(2, "lan", "2026-11-22T00:00:00.000Z", body=raw_body(theirs))
    answer_all(office, result="conflict", version=2, winner=winner)
    assert not settle(office.desk)
    taken = resolve(office.desk, Asked(CLERK, ident(), key, 3), "theirs")
    assert is_provisional(saved(taken).number)
    settle(office.desk)
    assert number_of(office, key) == "NVK00001"


def test_row_9_vouchers_a_person_has_to_mend_stand_in_nobodys_way(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 9: however many of them wait, what was saved after them gets its final number."""
    monkeypatch.setattr(settling, "SETTLED_MAX", 2)
    refused = [saved(office.save(journal())).id for _ in range(5)]
    answer_all(office, result="rejected", version=0, faults=[WireFault("DATE_LOCKED", "accounting_date")])
    after = saved(office.save(journal())).id
    answer_all(office)
    lease(office, NOVEMBER, 1, 50)
    settle(office.desk)
    assert number_of(office, after) == "NVK00001"
    assert all(is_provisional(number_of(office, key)) for key in refused)


def test_row_9_a_data_server_that_comes_back_after_its_vouchers_were_renumbered_tells_what_it_had_drawn(
    office: Office,
) -> None:
    """Row 9: the cloud gave the voucher a number meanwhile; that stands, and the one drawn here is accounted for."""
    key = ident()
    first = saved(office.save(journal(), key))
    answer_all(office)
    lease(office, NOVEMBER, 1, 50)
    settle(office.desk)
    assert number_of(office, key) == "NVK00001"
    theirs = msgspec.json.encode({**msgspec.json.decode(first.body), "number": "NVK00077"})
    winner = Winner(2, "ke-toan-truong", "2026-11-22T00:00:00.000Z", body=raw_body(theirs))
    answer_all(office, result="conflict", version=2, winner=winner)
    settle(office.desk)
    assert number_of(office, key) == "NVK00077"
    asked = make_asked(office.desk)
    assert asked is not None
    assert [(note.number, note.fate, note.voucher, note.to) for note in asked.notes] == [
        ("NVK00001", "renumbered", key, "NVK00077")
    ]
    with office.desk.file.read() as db:
        assert number.waiting(db, 10) == []
    assert saved(office.save(journal())).number == "NVK00002"


def test_row_9_a_number_drawn_twice_by_a_restored_file_is_drawn_again(office: Office) -> None:
    """Row 9: a save refused because its drawn number stands elsewhere goes again with the next, posted as wished."""
    lease(office, NOVEMBER, 1, 5)
    key = ident()
    saved(office.save(journal(), key, post_to=("financial",)))
    answer_all(office, result="rejected", version=0, faults=[WireFault("NUMBER_TAKEN", "number")])
    settle(office.desk)
    assert number_of(office, key) == "NVK00002"
    push = exchange.next_batch(office.desk)
    assert push is not None
    assert [(item.act, item.post_to, item.base.version) for item in push.operations] == [("save", ["financial"], 0)]


def test_row_9_a_number_of_ones_own_count_given_twice_by_a_restored_file_is_drawn_again() -> None:
    """Row 9: behind all the cloud tells of, with the warnings answered before; the account says what became of it."""
    office = open_office()
    answer_all(office)
    key, typed = ident(), ident()
    wished: dict[str, Any] = {"post_to": ("financial",), "answered": ("CASH_NEGATIVE",)}
    assert saved(office.save(journal(), key, **wished)).number == "NVK00001"
    saved(office.save(journal(number="ĐC-1"), typed))
    answer_all(office, result="rejected", version=0, faults=[WireFault("NUMBER_TAKEN", "number")])
    settle(office.desk, caught_up=False)
    assert number_of(office, key) == "NVK00001", "what is still to come tells how far the count had got"
    other = journal(number="NVK00004", books=["financial"])
    item = FeedItem("voucher", "journal", ident(), 20, 1, "other", "", body=raw_body(msgspec.json.encode(other)))
    hear(office, item)
    settle(office.desk)
    assert (number_of(office, key), number_of(office, typed)) == ("NVK00005", "ĐC-1")
    push = exchange.next_batch(office.desk)
    assert push is not None
    (again,) = push.operations
    assert (again.act, again.post_to, again.answered, again.id) == ("save", ["financial"], ["CASH_NEGATIVE"], key)
    assert head_of(office, typed).refused_act == "save", "a typed number is a person's"
    with office.desk.file.read() as db:
        (note,) = number.noted(db, f"{BRANCH}|journal|2026")
    assert (note.number, note.fate, note.voucher, note.to) == ("NVK00001", "renumbered", key, "NVK00005")


def test_row_9_a_provisional_number_given_twice_by_a_restored_file_becomes_final_all_the_same(office: Office) -> None:
    """Row 9: the lost file had given the same provisional number; no person hears of it."""
    key = ident()
    saved(office.save(journal(), key))
    answer_all(office, result="rejected", version=0, faults=[WireFault("NUMBER_TAKEN", "number")])
    lease(office, NOVEMBER, 1, 5)
    settle(office.desk)
    assert (number_of(office, key), answer_all(office)) == ("NVK00001", ["save"])


def test_row_9_a_number_that_fell_with_a_save_a_restored_cloud_refuses_leaves_a_draft(office: Office) -> None:
    """Rows 9 and 18: the save, sent again, was refused, the number finds no voucher: told, and not drawn for ever."""
    key = ident()
    saved(office.save(journal(), key))
    answer_all(office)
    lease(office, NOVEMBER, 1, 5)
    settle(office.desk)
    answer_all(office, result="rejected", version=0, faults=[WireFault("VOUCHER_UNKNOWN", "id")])
    assert not settle(office.desk)
    assert answer_all(office) == []
    assert head_of(office, key).refused_act == "save"


def test_row_7_what_was_typed_goes_on_top_whatever_waited_behind_it(office: Office) -> None:
    """Row 7 (seed 16735): a number made final behind a quick edit that lost is not what its person wants on top."""
    key = ident()
    first = saved(office.save(journal(), key))
    answer_all(office)
    saved(quick_edit(office.desk, Asked(CLERK, ident(), key, 1), {"description": "Của tôi"}))
    push = exchange.next_batch(office.desk)
    assert push is not None
    lease(office, NOVEMBER, 1, 5)
    settle(office.desk)
    assert number_of(office, key) == "NVK00001"
    winner = Winner(2, "lan", "2026-11-22T00:00:00.000Z", body=raw_body(changed_elsewhere(first)))
    lost = Outcome(push.operations[0].n, "conflict", 2, winner=winner)
    exchange.take_answer(office.desk, push, PushAnswer("t", [lost]))
    saved(resolve(office.desk, Asked(CLERK, ident(), key, head_of(office, key).revision), "mine"))
    assert head_of(office, key).description == "Của tôi"
    again = exchange.next_batch(office.desk)
    assert again is not None
    assert [(each.act, each.base.version) for each in again.operations][:1] == [("save", 2)]


@pytest.mark.parametrize("sent_together", [False, True])
def test_row_9_a_final_number_that_fell_with_a_refused_post_waits_again(office: Office, sent_together: bool) -> None:
    """Row 9 (seed 817): the voucher stands under the number the cloud has, and says why it was not posted."""
    done = saved(office.save(journal()))
    answer_all(office)
    saved(post(office.desk, Asked(CLERK, ident(), done.id, done.revision), "financial"))
    push = None if sent_together else exchange.next_batch(office.desk)
    lease(office, NOVEMBER, 1, 5)
    settle(office.desk)
    assert number_of(office, done.id) == "NVK00001"
    push = push or exchange.next_batch(office.desk)
    assert push is not None
    assert len(push.operations) == 1 + sent_together
    told = [
        Outcome(operation.n, "rejected", faults=[WireFault(code, "act")])
        for operation, code in zip(push.operations, ("ACT_POSTED", "BASE_REFUSED"), strict=False)
    ]
    exchange.take_answer(office.desk, push, PushAnswer("t", told))
    with office.desk.file.read() as db:
        head, waits = voucher.load(db, done.id), number.waits(db, done.id)
    assert head is not None
    assert waits is not None
    assert (head.number, head.refused_act, waits.reserved) == (done.number, "post", "NVK00001")


def test_row_9_a_new_epoch_drops_the_leases(office: Office) -> None:
    """Row 9: another copy of this file may hold the same ones."""
    lease(office, NOVEMBER, 1, 5)
    exchange.take_hello(office.desk, HelloAnswer("t", "new_epoch", 2, 0))
    assert is_provisional(saved(office.save(journal())).number)


def test_a_range_given_back_can_be_leased_here_again(office: Office) -> None:
    """Row 9 (seed 57): what was returned to the cloud and is granted here anew is held, and provisional numbers end."""
    lease(office, OCTOBER, 2, 5)
    asked = make_asked(office.desk)
    assert asked is not None
    assert asked.returns == [NumberRange(OCTOBER, 2, 5)]  # October is over
    take_answer(office.desk, asked, NumbersAnswer("t", []))
    waiting = saved(office.save(journal(voucher_date="2026-10-20", accounting_date="2026-10-20")))
    assert is_provisional(waiting.number)
    lease(office, OCTOBER, 2, 3)
    settle(office.desk)
    assert number_of(office, waiting.id) == "NVK00002"


def test_a_provisional_number_of_ours_that_comes_back_waits_again(office: Office) -> None:
    """Row 9 (seed 59): a restored file hears of its own voucher from the cloud; nobody else would make it final."""
    done = saved(office.save(journal()))
    body = msgspec.json.decode(done.body)
    key, foreign, other = ident(), ident(), body | {"number": done.number.replace("~", "~Q")}
    for at, (item, content) in enumerate(((key, body), (foreign, other)), start=20):
        raw = raw_body(msgspec.json.encode(content))
        told = FeedItem("voucher", "journal", item, at, 1, "lan", "2026-11-18T09:00:00Z", body=raw)
        incoming.take_page(office.desk, FeedPage("t", [told], f"{at}", head_seq=at))
    with office.desk.file.read() as db:
        assert number.waits(db, key) is not None
        assert number.waits(db, foreign) is None
