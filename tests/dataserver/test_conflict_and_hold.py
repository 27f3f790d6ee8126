"""Row 7: both sides of a conflict field by field; what cannot win is told before it is sent; refused forms put away.

Row 8: what names a catalog entry made here goes after it; a refused entry holds what names it, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from socai.core import life
from socai.dataserver import facts as fact
from socai.dataserver.acts import act, entry
from socai.dataserver.acts.act import Asked
from socai.dataserver.desk import Refused, Saved
from socai.dataserver.store import catalog, outbox, voucher
from socai.dataserver.store.file import MEMORY
from socai.dataserver.syncing import exchange
from socai.dataserver.views import catalog as view_catalog
from socai.dataserver.views import sync as view_sync
from socai.dataserver.views import voucher as view
from socai.sync.message import (
    FeedItem,
    HelloAnswer,
    Operation,
    Outcome,
    PushAnswer,
    Winner,
    WireFault,
    raw_body,
)
from support.desk import CHIEF, CLERK, PARTNER, Office, hear, ident, journal, open_office, saved


def answer_all(office: Office, **refused: str) -> list[Operation]:
    """Answer everything that goes: applied, unless the object's id is given with a fault code."""
    gone = []
    while (push := exchange.next_batch(office.desk)) is not None:
        outcomes = []
        for operation in push.operations:
            code = refused.get(operation.id)
            faults = [WireFault(code, "code")] if code else []
            done = Outcome(operation.n, "applied", operation.base.version + 1, 1)
            outcomes.append(Outcome(operation.n, "rejected", faults=faults) if code else done)
        exchange.take_answer(office.desk, push, PushAnswer("", outcomes))
        gone += push.operations
    return gone


@pytest.fixture
def office() -> Iterator[Office]:
    found = open_office(MEMORY)
    answer_all(found)
    yield found
    found.close()


def code(found: Saved | Refused) -> str:
    assert isinstance(found, Refused), found
    return found.faults[0].code


def status(office: Office, ident_: str) -> life.Status:
    with office.desk.file.read() as db:
        head = voucher.load(db, ident_)
        assert head is not None
        return life.status(fact.read_one(db, head, office.desk.cache.get(db).calendar, office.clock.now()), "financial")


def told(office: Office, kind: str, object_kind: str, ident_: str, version: int, body: bytes) -> None:
    """The feed brings what another office made of it."""
    item = FeedItem(kind, object_kind, ident_, 90 + version, version, "lan.sg", "2026-11-22T02:00:00.000Z",
                    deleted=not body, body=raw_body(body))  # fmt: skip
    hear(office, item)


def shown(office: Office, ident_: str) -> view.VoucherView:
    found = view.voucher_view(office.desk, ident_, "financial", None)
    assert isinstance(found, view.VoucherView)
    return found


def with_(body: bytes, **changes: Any) -> bytes:
    return msgspec.json.encode({**msgspec.json.decode(body), **changes})


def asked(ident_: str, revision: int) -> Asked:
    return Asked(CLERK, ident(), ident_, revision)


# ---- row 7: vouchers


def synced(office: Office) -> Saved:
    done = saved(office.save(journal("100000")))
    answer_all(office)
    return done


def test_row_7_unsent_work_that_cannot_win_is_told_before_it_is_sent(office: Office) -> None:
    """The feed has brought another office's change: ours is a conflict at once, and nothing of it is sent."""
    done = synced(office)
    saved(office.save(journal("222", description="Sửa ở Hà Nội"), done.id, 1))
    told(office, "voucher", "journal", done.id, 2, with_(done.body, description="Sửa ở Sài Gòn"))
    assert status(office, done.id).sync == "conflict"
    assert exchange.next_batch(office.desk) is None
    with office.desk.file.read() as db:
        (row,) = outbox.results(db, "conflict", 0, 9)
    assert (row.n, fact.first_code(row.faults)) == (None, "CONFLICT")


@pytest.mark.parametrize("name", ["delete", "post"])
def test_row_7_unsent_acts_lose_before_they_are_sent_too(office: Office, name: str) -> None:
    done = synced(office)
    if name == "delete":
        saved(act.delete(office.desk, asked(done.id, 1)))
    else:
        saved(act.post(office.desk, asked(done.id, 1), "financial"))
    told(office, "voucher", "journal", done.id, 2, with_(done.body, description="Sửa ở Sài Gòn"))
    found = shown(office, done.id).conflict
    assert found is not None
    assert (found.mine.act, found.mine.deleted, found.winner.author) == (name, name == "delete", "lan.sg")
    assert [item.by for item in found.differences] == ["theirs"]


def test_row_7_what_is_on_its_way_is_left_to_the_cloud(office: Office) -> None:
    """Sent and not answered: the newer version may be our own act's, so only the cloud can say."""
    done = synced(office)
    saved(office.save(journal("222"), done.id, 1))
    assert exchange.next_batch(office.desk) is not None
    told(office, "voucher", "journal", done.id, 2, with_(done.body, description="Sửa ở Sài Gòn"))
    assert status(office, done.id).sync == "syncing"


def test_row_7_a_restored_file_sends_what_the_cloud_may_know_already(office: Office) -> None:
    """After a restore the waiting act may be the very one the feed tells of: the cloud finds its own again."""
    done = synced(office)
    saved(office.save(journal("222"), done.id, 1))
    exchange.take_hello(office.desk, HelloAnswer("t", "new_epoch", 2, 0))
    told(office, "voucher", "journal", done.id, 2, with_(done.body, description="Sửa ở Hà Nội"))
    push = exchange.next_batch(office.desk)
    assert push is not None
    assert [operation.id for operation in push.operations] == [done.id]


def test_row_7_both_sides_are_compared_field_by_field_with_who_and_when(office: Office) -> None:
    done = synced(office)
    mine = journal("222", description="Sửa ở Hà Nội")
    mine["lines"][0]["description"] = "Phân bổ chi phí tháng 11"
    saved(office.save(mine, done.id, 1))
    theirs = msgspec.json.decode(done.body)
    theirs["description"] = "Sửa ở Sài Gòn"
    theirs["lines"][0]["debit_account"] = "6422"
    told(office, "voucher", "journal", done.id, 2, msgspec.json.encode(theirs))
    found = shown(office, done.id).conflict
    assert found is not None
    assert found.base is not None
    cells = {item.place: (item.theirs, item.mine, item.by) for item in found.differences}
    assert cells["description"] == ("Sửa ở Sài Gòn", "Sửa ở Hà Nội", "both")
    assert cells["lines.1.debit_account"] == ("6422", "6428", "theirs")
    assert cells["lines.1.amount"] == ("100000", "222", "mine")
    assert (found.winner.author, found.winner.at) == ("lan.sg", "2026-11-22T02:00:00.000Z")
    assert (found.mine.author, found.base.revision, found.base.version) == ("clerk", 1, 1)


def test_row_7_a_refused_form_is_put_away_and_stays_readable(office: Office) -> None:
    done = synced(office)
    saved(office.save(journal("222"), done.id, 1))
    answer_all(office, **{done.id: "RIGHT_MISSING"})
    assert status(office, done.id).sync == "sync_failed"
    found = saved(act.discard(office.desk, asked(done.id, 2)))
    assert (status(office, done.id).detail, found.body) == ("synced", done.body)
    assert exchange.next_batch(office.desk) is None
    with office.desk.file.read() as db:
        assert b'"222"' in voucher.body(db, done.id, 2)
    assert code(act.discard(office.desk, asked(done.id, found.revision))) == "ACT_UNAVAILABLE"


def test_row_7_a_refused_form_the_cloud_never_had_is_deleted(office: Office) -> None:
    done = saved(office.save(journal()))
    answer_all(office, **{done.id: "RIGHT_MISSING"})
    saved(act.discard(office.desk, asked(done.id, 1)))
    assert shown(office, done.id).deleted
    assert {item.act for item in shown(office, done.id).history} == {"save", "discard"}


def test_row_7_an_act_refused_without_a_form_is_only_put_away(office: Office) -> None:
    done = synced(office)
    saved(act.post(office.desk, asked(done.id, 1), "financial"))
    answer_all(office, **{done.id: "RIGHT_MISSING"})
    assert status(office, done.id).detail == "post_failed"
    saved(act.discard(office.desk, asked(done.id, 1)))
    assert (status(office, done.id).detail, shown(office, done.id).revision) == ("synced", 1)


# ---- row 7: catalog entries


def quarrel(office: Office) -> str:
    """A partner changed here, unsent, and elsewhere."""
    body = {"code": "KH01", "name": "Cửa hàng Ánh Dương 2", "phone": "0903", "is_customer": True}
    saved(office.entry("partner", PARTNER, body, base=1))
    with office.desk.file.read() as db:
        was = catalog.body(db, "partner", PARTNER, 1)
    told(office, "catalog", "partner", PARTNER, 2, with_(was, name="Siêu thị Ánh Dương"))
    return PARTNER


def partner(office: Office, ident_: str = PARTNER) -> view_catalog.EntryView:
    found = view_catalog.entry_view(office.desk, "partner", ident_, None)
    assert isinstance(found, view_catalog.EntryView)
    return found


def listed(office: Office, state: str) -> list[str]:
    """What the sync results show under a state."""
    found = view_sync.results(office.desk, state, None, 0, 10)
    assert isinstance(found, view_sync.SyncResults)
    return [item.id for item in found.items]


def test_row_7_entries_are_compared_field_by_field_too(office: Office) -> None:
    found = partner(office, quarrel(office))
    assert (found.status, exchange.next_batch(office.desk)) == ("conflict", None)
    cells = {item.place: (item.theirs, item.mine, item.by) for item in found.differences}
    assert cells == {
        "name": ("Siêu thị Ánh Dương", "Cửa hàng Ánh Dương 2", "both"),
        "phone": (None, "0903", "mine"),
    }
    assert found.mine is not None
    assert found.base is not None
    assert (found.mine.author, found.base.version) == ("chief", 1)


@pytest.mark.parametrize(
    ("choice", "name", "goes"), [("theirs", "Siêu thị Ánh Dương", 0), ("mine", "Cửa hàng Ánh Dương 2", 1)]
)
def test_row_7_an_entrys_conflict_is_settled(office: Office, choice: str, name: str, goes: int) -> None:
    quarrel(office)
    assert listed(office, "conflict") == [PARTNER]
    saved(entry.resolve_entry(office.desk, CHIEF, ident(), "partner", PARTNER, choice))
    assert listed(office, "conflict") == []  # settled: the sync results tell of it no longer
    gone = answer_all(office)
    assert (partner(office).name, len(gone)) == (name, goes)
    assert [operation.base.version for operation in gone] == [2] * goes


def test_row_7_an_entrys_loser_is_kept_as_another_entry(office: Office) -> None:
    quarrel(office)
    assert code(entry.resolve_entry(office.desk, CHIEF, ident(), "partner", PARTNER, "new", "", "KH01")) == (
        "CATALOG_CODE_TAKEN"
    )
    assert partner(office).status == "conflict"
    new = saved(entry.resolve_entry(office.desk, CHIEF, ident(), "partner", PARTNER, "new", "", "KH01B"))
    assert (partner(office).name, partner(office, new.id).name) == ("Siêu thị Ánh Dương", "Cửa hàng Ánh Dương 2")
    assert [operation.id for operation in answer_all(office)] == [new.id]


def test_row_7_an_entrys_conflict_is_told_against_the_newest_form_heard(office: Office) -> None:
    """Seed 13346: the answer comes late and tells of version 2, while the feed has brought version 3."""
    saved(office.entry("partner", PARTNER, {"code": "KH01", "name": "Tên của tôi", "is_customer": True}, base=1))
    push = exchange.next_batch(office.desk)
    assert push is not None
    with office.desk.file.read() as db:
        was = catalog.body(db, "partner", PARTNER, 1)
    forms = {version: with_(was, name=f"Tên thứ {version}") for version in (2, 3)}
    for version, body in forms.items():
        told(office, "catalog", "partner", PARTNER, version, body)
    winner = Winner(2, "lan.sg", "2026-11-22T02:00:00.000Z", body=raw_body(forms[2]))
    lost = Outcome(push.operations[0].n, "conflict", 2, faults=[WireFault("CONFLICT", "")], winner=winner)
    exchange.take_answer(office.desk, push, PushAnswer("", [lost]))
    assert {item.place: item.theirs for item in partner(office).differences}["name"] == "Tên thứ 3"


def test_row_7_an_entry_deleted_here_and_changed_elsewhere_is_shown_until_it_is_settled(office: Office) -> None:
    saved(entry.delete_entry(office.desk, CHIEF, ident(), "partner", PARTNER))
    with office.desk.file.read() as db:
        was = catalog.body(db, "partner", PARTNER, 1)
    told(office, "catalog", "partner", PARTNER, 2, with_(was, name="Siêu thị Ánh Dương"))
    found = partner(office)
    assert (found.status, found.deleted) == ("conflict", True)
    assert found.mine is not None
    assert found.mine.deleted
    saved(entry.resolve_entry(office.desk, CHIEF, ident(), "partner", PARTNER, "mine"))
    assert [operation.act for operation in answer_all(office)] == ["delete"]
    assert not isinstance(view_catalog.entry_view(office.desk, "partner", PARTNER, None), view_catalog.EntryView)
    answer = view_catalog.entry_view(office.desk, "partner", PARTNER, None, gone_too=True)
    assert isinstance(answer, view_catalog.EntryView)
    assert answer.deleted


def test_row_7_a_refused_entry_is_put_away_unless_it_is_used(office: Office) -> None:
    saved(office.entry("partner", PARTNER, {"code": "KH01", "name": "Tên khác", "is_customer": True}, base=1))
    answer_all(office, **{PARTNER: "RIGHT_MISSING"})
    assert listed(office, "failed") == [PARTNER]
    saved(entry.discard_entry(office.desk, CHIEF, ident(), "partner", PARTNER))
    assert (partner(office).name, partner(office).status) == ("Cửa hàng Ánh Dương", "synced")
    assert listed(office, "failed") == []
    fresh, receipt = new_partner(office), ident()
    saved(office.save(of_partner(fresh), receipt))
    answer_all(office, **{fresh: "CATALOG_CODE_TAKEN"})
    assert code(entry.discard_entry(office.desk, CHIEF, ident(), "partner", fresh)) == "CATALOG_USED"
    saved(act.delete(office.desk, asked(receipt, 1)))
    saved(entry.discard_entry(office.desk, CHIEF, ident(), "partner", fresh))
    assert exchange.next_batch(office.desk) is None


# ---- row 8


def new_partner(office: Office, code_: str = "KH77") -> str:
    ident_ = ident()
    saved(office.entry("partner", ident_, {"code": code_, "name": "Công ty mới", "is_customer": True}))
    return ident_


def of_partner(partner_: str, amount: str = "1000") -> dict[str, Any]:
    line = {"debit_account": "131", "debit_partner": partner_, "credit_account": "5111", "amount": amount}
    return {**journal(), "lines": [line]}


def test_row_8_what_names_a_new_entry_goes_after_the_cloud_has_taken_it(office: Office) -> None:
    fresh = new_partner(office)
    waits, free = saved(office.save(of_partner(fresh))), saved(office.save(journal()))
    first = exchange.next_batch(office.desk)
    assert first is not None
    assert {operation.id for operation in first.operations} == {fresh, free.id}
    assert (status(office, waits.id).detail, exchange.next_batch(office.desk)) == ("local", first)
    assert [operation.id for operation in answer_all(office)] == [fresh, free.id, waits.id]


def test_row_8_a_refused_entry_holds_only_what_names_it_and_says_so(office: Office) -> None:
    fresh = new_partner(office)
    waits, free = saved(office.save(of_partner(fresh))), saved(office.save(journal()))
    answer_all(office, **{fresh: "CATALOG_CODE_TAKEN"})
    assert (status(office, waits.id).detail, status(office, free.id).detail) == ("held", "synced")
    assert not exchange.pending(office.desk)  # nothing is to be sent, so nobody asks again and again
    (holder,) = shown(office, waits.id).held_by
    assert (holder.kind, holder.id, holder.code) == ("partner", fresh, "KH77")
    assert [fault.code for fault in holder.faults] == ["CATALOG_CODE_TAKEN"]
    later = saved(office.save(journal()))
    assert [operation.id for operation in answer_all(office)] == [later.id]
    results = view_sync.results(office.desk, "pending", None, 0, 9)
    assert isinstance(results, view_sync.SyncResults)
    assert [(item.id, item.state) for item in results.items] == [(waits.id, "held")]


def test_row_8_mending_the_entry_releases_what_it_held(office: Office) -> None:
    fresh = new_partner(office)
    waits = saved(office.save(of_partner(fresh)))
    answer_all(office, **{fresh: "CATALOG_CODE_TAKEN"})
    saved(office.entry("partner", fresh, {"code": "KH78", "name": "Công ty mới", "is_customer": True}, base=1))
    assert status(office, waits.id).detail == "local"
    assert [operation.id for operation in answer_all(office)] == [fresh, waits.id]
    assert status(office, waits.id).detail == "synced"


def test_row_8_naming_another_entry_releases_the_voucher(office: Office) -> None:
    fresh = new_partner(office)
    waits = saved(office.save(of_partner(fresh)))
    answer_all(office, **{fresh: "CATALOG_CODE_TAKEN"})
    saved(office.save(of_partner(PARTNER), waits.id, 1))
    assert [operation.id for operation in answer_all(office)] == [waits.id]


def test_row_8_entries_wait_for_entries(office: Office) -> None:
    department, employee = ident(), ident()
    saved(office.entry("department", department, {"code": "KD", "name": "Phòng kinh doanh"}))
    body = {"code": "NV9", "name": "Lê Minh", "is_employee": True, "department": department}
    saved(office.entry("partner", employee, body))
    answer_all(office, **{department: "CATALOG_CODE_TAKEN"})
    found = partner(office, employee)
    assert (found.status, [holder.code for holder in found.held_by]) == ("held", ["KD"])
    saved(office.entry("department", department, {"code": "KD2", "name": "Phòng kinh doanh"}, base=1))
    assert [operation.id for operation in answer_all(office)] == [department, employee]


def test_row_8_an_entry_in_conflict_holds_nobody(office: Office) -> None:
    """The cloud has an entry of that id, though not ours: what names it may go."""
    saved(office.entry("currency", "USD", {"code": "USD", "name": "Đô la Mỹ", "decimals": 2}))
    told(office, "catalog", "currency", "USD", 1, b'{"code":"USD","name":"Dollar","decimals":2,"active":true}')
    done = saved(office.save({**journal(), "currency": "USD", "rate": "26000", "lines": [
        {"debit_account": "6428", "credit_account": "242", "amount": "10", "amount_vnd": "260000"}]}))  # fmt: skip
    assert [operation.id for operation in answer_all(office)] == [done.id]


def test_row_8_many_held_ones_do_not_stand_before_the_rest(office: Office) -> None:
    """The queue is asked for what can go, not for its first so many."""
    fresh = new_partner(office)
    for _ in range(30):
        saved(office.save(of_partner(fresh)))
    answer_all(office, **{fresh: "CATALOG_CODE_TAKEN"})
    free = saved(office.save(journal()))
    push = exchange.next_batch(office.desk, 5)
    assert push is not None
    assert [operation.id for operation in push.operations] == [free.id]


def test_row_8_holding_and_releasing_outlive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "replica.db"
    first = open_office(path)
    answer_all(first)
    fresh = new_partner(first)
    waits = saved(first.save(of_partner(fresh)))
    push = exchange.next_batch(first.desk)  # the entry is sent, the power fails before the answer
    assert push is not None
    first.close()
    second = open_office(path)
    assert exchange.next_batch(second.desk) == push
    answer_all(second, **{fresh: "CATALOG_CODE_TAKEN"})
    second.close()
    third = open_office(path)
    assert (status(third, waits.id).detail, exchange.next_batch(third.desk)) == ("held", None)
    saved(third.entry("partner", fresh, {"code": "KH78", "name": "Công ty mới", "is_customer": True}, base=1))
    third.close()
    fourth = open_office(path)
    assert [operation.id for operation in answer_all(fourth)] == [fresh, waits.id]
    fourth.close()
