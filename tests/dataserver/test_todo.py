"""Row 6: what needs a person is told to that person, stands in one list with its reason and cure, and can be mended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from socai.base.fault import Fault
from socai.dataserver.acts import act, retry
from socai.dataserver.acts.act import Asked
from socai.dataserver.desk import Refused
from socai.dataserver.store import meta
from socai.dataserver.store.file import MEMORY
from socai.dataserver.syncing import exchange, incoming
from socai.dataserver.views import todo as view_todo
from socai.dataserver.views.todo import TodoItem
from socai.sync.message import (
    BookState,
    FeedItem,
    FeedPage,
    Operation,
    Outcome,
    PushAnswer,
    SnapshotChunk,
    Winner,
    WireEntrySet,
    WireFault,
    encode,
    raw_body,
)
from support.desk import BRANCH, CHIEF, CLERK, PARTNER, Office, ident, journal, open_office, saved
from support.system import CHIEF as BOSS
from support.system import make_company, running, until

NO_PARTNER = WireFault("CATALOG_UNKNOWN", "lines.1.debit_partner", {"kind": "partner", "id": PARTNER})
SHORT = WireFault("CASH_NEGATIVE", "lines", {"account": "1111", "balance": "-5", "date": "2026-11-20", "asks": "1"})
LOCKED = WireFault("DATE_LOCKED", "accounting_date", {"lock_date": "2026-11-30"})
SIDES = [[code, "VND", 0, BRANCH, "", "", "", "", ""] for code in ("6428", "242")]
WINNER = Winner(2, "other", "2026-11-22T02:00:00.000Z", False, raw_body(encode(journal("7"))))


@pytest.fixture
def office() -> Iterator[Office]:
    found = open_office(MEMORY)
    answer(found)
    yield found
    found.close()


def answer(office: Office, result: str = "applied", seq: int = 1, **more: object) -> list[Operation]:
    """Answer all that waits alike; the operations."""
    done: list[Operation] = []
    while (push := exchange.next_batch(office.desk)) is not None:
        outcomes = [Outcome(item.n, result, 1, seq, **more) for item in push.operations]  # type: ignore[arg-type]
        exchange.take_answer(office.desk, push, PushAnswer("", outcomes))
        done += push.operations
    return done


def tell(office: Office, voucher: str, state: BookState, seq: int, body: bytes = b"") -> None:
    """The feed tells what became of a voucher's posting."""
    item = FeedItem("voucher", "journal", voucher, seq, 1, "clerk", "", False, raw_body(body), [state])
    incoming.take_page(office.desk, FeedPage("", [item], f"{seq}:~:"))


def todo(office: Office, mine: bool = False, user: str = "clerk") -> list[TodoItem]:
    page = view_todo.todo_page(office.desk, user, mine, None, "", 50)
    assert not isinstance(page, Fault)
    assert page.count == len({item.id for item in page.items}) or mine
    return page.items


def failed(act_name: str, fault: WireFault, posted: bool = False) -> BookState:
    return BookState("financial", act_name == "post", posted, "", act_name, [fault])


def test_every_kind_of_trouble_is_in_the_list_with_what_mends_it(office: Office) -> None:
    refused_one = saved(office.save(journal()))
    answer(office, "rejected", faults=[NO_PARTNER])
    lost = saved(office.save(journal()))
    answer(office)
    saved(office.save(journal("2"), lost.id, 1))
    answer(office, "conflict", winner=WINNER)
    partner = ident()
    saved(office.entry("partner", partner, {"code": "KH99", "name": "Khách 99", "is_customer": True}, grant=CLERK))
    answer(office, "rejected", faults=[WireFault("CATALOG_CODE_TAKEN", "code", {"code": "KH99", "kind": "partner"})])
    lines = [{"debit_account": "131", "credit_account": "5111", "amount": "9", "debit_partner": partner}]
    held = saved(office.save(journal(lines=lines)))
    books = {}
    for name, state in {
        "post_failed": failed("post", LOCKED),
        "to_confirm": failed("post", SHORT),
        "unpost_failed": failed("unpost", LOCKED, posted=True),
        "delete_failed": failed("delete", LOCKED, posted=True),
    }.items():
        books[name] = saved(office.save(journal()))
        answer(office)
        tell(office, books[name].id, state, 100 + len(books), bytes(books[name].body))
    found = {(item.id, item.state): item for item in todo(office)}
    expected = {
        (refused_one.id, "sync_failed"): ["open", "retry", "discard"],
        (lost.id, "conflict"): ["resolve", "open"],
        (partner, "sync_failed"): ["open", "retry", "discard"],
        (held.id, "held"): ["open_entry", "open"],
        (books["post_failed"].id, "post_failed"): ["retry", "redate", "open"],
        (books["to_confirm"].id, "to_confirm"): ["post_anyway", "open"],
        (books["unpost_failed"].id, "unpost_failed"): ["retry", "open"],
        (books["delete_failed"].id, "delete_failed"): ["open"],
    }
    assert {key: item.mends for key, item in found.items()} == expected
    for item in found.values():
        assert item.faults, item
        assert item.faults[0].detail_vi
        assert item.faults[0].cure_vi
        assert item.user == "clerk"
    assert found[held.id, "held"].held_by[0].code == "KH99"
    assert found[books["to_confirm"].id, "to_confirm"].asks == ["CASH_NEGATIVE"]
    assert "other" in found[lost.id, "conflict"].faults[0].detail_vi


def test_the_list_is_paged_and_mine_is_what_i_did_last(office: Office) -> None:
    for number in range(5):
        office.clock.go(1)
        saved(office.save(journal(), grant=CLERK if number % 2 else CHIEF))
    answer(office, "rejected", faults=[LOCKED])
    assert [item.user for item in todo(office)] == ["chief", "clerk", "chief", "clerk", "chief"]
    assert len(todo(office, mine=True)) == 2
    seen, after = [], ""
    while True:
        page = view_todo.todo_page(office.desk, "clerk", False, None, after, 2)
        assert not isinstance(page, Fault)
        assert (page.count, page.count_mine) == (5, 2)
        seen += [item.id for item in page.items]
        after = page.next
        if not after:
            break
    assert seen == [item.id for item in todo(office)]
    assert isinstance(view_todo.todo_page(office.desk, "clerk", False, None, "nonsense", 2), Fault)


def test_another_branch_is_nobody_elses_business(office: Office) -> None:
    saved(office.save(journal()))
    answer(office, "rejected", faults=[LOCKED])
    for branches, count in (((BRANCH,), 1), ((ident(),), 0)):
        page = view_todo.todo_page(office.desk, "x", False, branches, "", 10)
        assert not isinstance(page, Fault)
        assert (len(page.items), page.count) == (count, count)


def test_a_refused_save_is_sent_again_as_it_was_and_leaves_the_list(office: Office) -> None:
    done = saved(office.save(journal(), post_to=("financial",), answered=("CASH_NEGATIVE",)))
    answer(office, "rejected", faults=[NO_PARTNER])
    (item,) = todo(office)
    key = ident()
    again = saved(retry.retry(office.desk, Asked(CLERK, key, done.id, item.revision)))
    assert todo(office) == []
    repeated = saved(retry.retry(office.desk, Asked(CLERK, key, done.id, item.revision)))
    assert (repeated.repeated, repeated.revision) == (True, again.revision)
    (operation,) = answer(office)
    assert (operation.act, operation.post_to, operation.answered) == ("save", ["financial"], ["CASH_NEGATIVE"])
    assert todo(office) == []
    nothing = retry.retry(office.desk, Asked(CLERK, ident(), done.id, again.revision))
    assert isinstance(nothing, Refused)
    assert nothing.faults[0].code == "ACT_UNAVAILABLE"


@pytest.mark.parametrize("what, posted", [("post", False), ("unpost", True)])
def test_what_the_cloud_could_not_do_with_the_books_is_tried_again(office: Office, what: str, posted: bool) -> None:
    done = saved(office.save(journal()))
    answer(office)
    tell(office, done.id, failed(what, LOCKED, posted), 50, bytes(done.body))
    (item,) = todo(office)
    saved(retry.retry(office.desk, Asked(CLERK, ident(), done.id, item.revision), item.book))
    assert todo(office) == []
    (operation,) = answer(office)
    assert (operation.act, operation.books) == (what, ["financial"])


def test_a_refused_entry_is_sent_again_and_frees_what_it_held(office: Office) -> None:
    partner = ident()
    saved(office.entry("partner", partner, {"code": "KH98", "name": "Khách 98", "is_customer": True}))
    answer(office, "rejected", faults=[WireFault("CATALOG_CODE_TAKEN", "code", {"code": "KH98", "kind": "partner"})])
    lines = [{"debit_account": "131", "credit_account": "5111", "amount": "9", "debit_partner": partner}]
    held = saved(office.save(journal(lines=lines)))
    assert {item.state for item in todo(office)} == {"sync_failed", "held"}
    saved(retry.retry_entry(office.desk, CHIEF, ident(), "partner", partner))
    assert todo(office) == []
    assert [operation.id for operation in answer(office)] == [partner, held.id]


def test_row_6_a_snapshot_brings_what_books_have_refused(office: Office) -> None:
    """Whoever saved it elsewhere is told here; it moves no balance, and no feed is read from the beginning for it."""
    fresh = open_office(MEMORY, company=False)
    voucher = ident()
    live = WireEntrySet("financial", 1, 1, "2026-11-20", 40, 0, [[1, 100, *SIDES, "", ""]], branch=BRANCH)
    state = failed("unpost", SHORT, posted=True)
    body = raw_body(encode({**journal(), "number": "NVK00009", "books": ["financial"]}))
    item = FeedItem(
        "voucher", "journal", voucher, 45, 2, "clerk", "2026-11-22T02:00:00.000Z", False, body, [state], [live]
    )
    for _ in range(2):  # the line was cut, and it begins anew
        incoming.begin_snapshot(fresh.desk)
        incoming.take_chunk(fresh.desk, SnapshotChunk("t", 50, "50:~:", vouchers=[item]))
    incoming.take_chunk(fresh.desk, SnapshotChunk(end=True))
    assert [(each.id, each.state, each.user) for each in todo(fresh)] == [(voucher, "unpost_failed", "clerk")]
    assert ("voucher", "journal", voucher) in fresh.told
    with fresh.desk.file.read() as db:
        assert (meta.standing(db).cursor, db.execute("SELECT count(*) FROM balance").fetchone()) == ("50:~:", (0,))
    gone = replace(live, voided_seq=60)
    mended = replace(item, seq=60, sets=[gone], books=[BookState("financial")])
    incoming.take_page(fresh.desk, FeedPage("t", [mended], "60:~:"))
    assert todo(fresh) == []
    with fresh.desk.file.read() as db:  # by the feed, as everywhere: what the snapshot's balances held goes out
        assert db.execute("SELECT sum(debit) FROM balance WHERE dimension = 0").fetchone() == (-100,)
    fresh.close()


def test_money_spent_twice_is_confirmed_with_one_key(fresh_database: str, tmp_path: Path) -> None:
    """Cash 1,000: 800 paid at one office; the other, offline, pays 800 of what it last knew, and 300 it knows is short.

    The second was asked at its save and its answer travels along; the first comes back "ghi sổ lỗi, cần xác nhận".
    """

    def cash(amount: str, out: bool) -> dict[str, object]:
        side = ("6428", "1111") if out else ("1111", "41111")
        return journal(lines=[{"debit_account": side[0], "credit_account": side[1], "amount": amount}])

    with running(fresh_database) as system:
        hanoi = system.open(tmp_path / "hn", "Hà Nội")
        make_company(hanoi)
        until(lambda: hanoi.books.sync_state().green, "green")
        company = {"name": "Công ty Minh Phát", "books_first_day": "2026-01-01", "negative_cash": "warn"}
        saved(hanoi.books.save_entry(BOSS, ident(), "company", "company", 1, company))
        money = saved(hanoi.save(cash("1000", out=False), post_to=("financial",)))
        until(lambda: hanoi.is_posted(money.id), "posted")
        saigon = system.open(tmp_path / "hcm", "TP.HCM")
        until(lambda: saigon.books.sync_state().green, "green")
        saigon.line.cut()
        until(lambda: not saigon.books.sync_state().online, "offline")
        first = saved(hanoi.save(cash("800", out=True), post_to=("financial",)))
        until(lambda: hanoi.is_posted(first.id), "posted")
        second = saved(saigon.save(cash("800", out=True), post_to=("financial",)))
        asked = saigon.save(cash("1200", out=True), post_to=("financial",))
        assert isinstance(asked, Refused)
        assert (asked.asks, asked.faults[0].code) == (True, "CASH_NEGATIVE")
        assert asked.as_of >= "2026"  # judged by figures of a moment, and it says which
        answered = saved(saigon.save(cash("1200", out=True), post_to=("financial",), answered=("CASH_NEGATIVE",)))
        saigon.line.mend()
        saigon.books.sync_now()
        until(lambda: saigon.is_posted(answered.id), "the answer has travelled along")
        until(lambda: saigon.status(second.id).detail == "to_confirm", "told")
        for place in (saigon, hanoi):  # the office that did not save it hears of it by the feed
            found = until(lambda place=place: view_todo.todo_among(place.books.desk, None, 10), "in the list")
            assert [(item.id, item.state, item.mends[0], item.user) for item in found] == [
                (second.id, "to_confirm", "post_anyway", "chief")
            ]
            told = found[0].faults[0]
            assert told.detail_vi.endswith(", VND, Văn phòng Hà Nội, sổ tài chính: còn 200, âm từ ngày 20/11/2026.")
            assert told.detail_en.endswith("financial book: 200 left, negative from 20/11/2026 on.")
        late = system.open(tmp_path / "dn", "Đà Nẵng")  # and one that begins only now, by its snapshot
        until(lambda: late.books.sync_state().green, "green")
        assert [(item.id, item.state, item.user) for item in view_todo.todo_among(late.books.desk, None, 10)] == [
            (second.id, "to_confirm", "chief")
        ]
        assert late.status(first.id) is None
        asked_of = Asked(BOSS, ident(), second.id, second.revision)
        saved(act.post(saigon.books.desk, asked_of, "financial", ("CASH_NEGATIVE",)))
        until(lambda: saigon.is_posted(second.id) and hanoi.is_posted(second.id), "posted all the same")
        for place in (hanoi, late):
            until(lambda place=place: not view_todo.todo_among(place.books.desk, None, 10), "nothing left to do")
        until(lambda: late.is_posted(second.id), "posted there too")
