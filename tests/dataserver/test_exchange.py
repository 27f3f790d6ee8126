"""The file's side of the protocol: epochs, restored clouds, poison, bounded batches, catalogs, snapshots."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from socai.dataserver import facts as fact
from socai.dataserver.acts import act, entry
from socai.dataserver.desk import Refused, Saved
from socai.dataserver.store import catalog, conflict, ledger, meta, outbox, voucher
from socai.dataserver.store.file import MEMORY
from socai.dataserver.syncing import exchange, incoming
from socai.sync.message import (
    BalanceRow,
    BookState,
    FeedItem,
    FeedPage,
    HelloAnswer,
    Outcome,
    Push,
    PushAnswer,
    SnapshotChunk,
    WireEntrySet,
    WireFault,
    encode,
    operation_hash,
    raw_body,
)
from support.desk import BRANCH, CHIEF, PARTNER, Office, hear, ident, journal, open_office, saved


@pytest.fixture
def office() -> Iterator[Office]:
    found = open_office(MEMORY)
    answer_all(found)
    yield found
    found.close()


def send(office: Office) -> Push:
    push = exchange.next_batch(office.desk)
    assert push is not None
    return push


def answer_all(office: Office, seq: int = 1) -> None:
    while (push := exchange.next_batch(office.desk)) is not None:
        outcomes = [Outcome(operation.n, "applied", 1, seq) for operation in push.operations]
        exchange.take_answer(office.desk, push, PushAnswer("", outcomes))


def refusal(push: Push, why: WireFault) -> PushAnswer:
    return PushAnswer("", [Outcome(operation.n, "rejected", faults=[why]) for operation in push.operations])


def standing(office: Office) -> meta.Standing:
    with office.desk.file.read() as db:
        return meta.standing(db)


def draft(office: Office, voucher_id: str) -> str:
    with office.desk.file.read() as db:
        head = voucher.load(db, voucher_id)
    assert head is not None
    return head.refused_act


def test_what_is_sent_stands_in_the_file_with_its_hash(office: Office) -> None:
    saved(office.save(journal()))
    push = send(office)
    operation = push.operations[0]
    assert operation.sha256 == operation_hash(operation)
    with office.desk.file.read() as db:
        row = outbox.by_n(db, 1, operation.n)
        assert row is not None
        assert row.operation == encode(operation)
    hello = exchange.make_hello(office.desk)
    assert (hello.last_n, hello.last_hash) == (operation.n, operation.sha256)


def test_a_batch_is_bounded_in_bytes_and_one_operation_always_fits(office: Office) -> None:
    for _ in range(3):
        saved(office.save(journal(count=3_000)))
    assert len(send(office).operations) == 2


def test_a_new_epoch_sends_what_has_no_answer_again_under_new_numbers(office: Office) -> None:
    first, second = saved(office.save(journal())), saved(office.save(journal()))
    before = send(office)
    exchange.take_hello(office.desk, HelloAnswer("t", "new_epoch", 2, 0))
    again = send(office)
    assert [(o.epoch, o.n, o.id) for o in again.operations] == [(2, 1, first.id), (2, 2, second.id)]
    assert [o.act_id for o in again.operations] == [o.act_id for o in before.operations]


def test_a_restored_cloud_gets_again_what_it_lost_byte_for_byte(office: Office) -> None:
    done = [saved(office.save(journal())) for _ in range(3)]
    push = send(office)
    exchange.take_answer(office.desk, push, PushAnswer("", [Outcome(o.n, "applied", 1, 9) for o in push.operations]))
    lost = push.operations[1:]
    exchange.take_hello(office.desk, HelloAnswer("t2", "rewind", 1, push.operations[0].n, cursor="4"))
    assert send(office).operations == lost
    known = standing(office)
    assert (known.timeline, known.cursor, known.snapshot_done) == ("t2", "4", 0)
    assert len(done) == 3


def test_a_cloud_restored_to_before_our_epoch_gets_again_what_it_lost_of_both(office: Office) -> None:
    first, second = saved(office.save(journal())), saved(office.save(journal()))
    push = send(office)
    kept = push.operations[0].n
    exchange.take_answer(office.desk, push, PushAnswer("", [Outcome(o.n, "applied", 1, 9) for o in push.operations]))
    exchange.take_hello(office.desk, HelloAnswer("", "new_epoch", 2, 0))
    third = saved(office.save(journal()))
    push = send(office)
    exchange.take_answer(office.desk, push, PushAnswer("", [Outcome(o.n, "applied", 1, 9) for o in push.operations]))
    exchange.take_hello(office.desk, HelloAnswer("t2", "rewind", 3, kept, accepted_epoch=1))
    again = send(office)
    assert [(o.epoch, o.n, o.id) for o in again.operations] == [(3, 1, second.id), (3, 2, third.id)]
    assert first.id not in {o.id for o in again.operations}


def test_what_a_restored_cloud_gets_again_goes_by_number_not_by_place(office: Office) -> None:
    """A voucher that waited for its catalog entry was sent after younger ones: a gap would be refused for ever."""
    for _ in range(3):
        saved(office.save(journal()))
    push = send(office)
    exchange.take_answer(office.desk, push, PushAnswer("", [Outcome(o.n, "applied", 1, 9) for o in push.operations]))
    first, last = push.operations[0].n, push.operations[-1].n

    def swap(db: apsw.Connection) -> None:
        for old, new in ((first, -1), (last, first), (-1, last)):
            db.execute("UPDATE outbox SET n = ? WHERE n = ?", (new, old))

    office.desk.file.write(swap)
    exchange.take_hello(office.desk, HelloAnswer("t2", "rewind", 1, first - 1))
    with office.desk.file.read() as db:
        assert [row.n for row in outbox.sent(db, 10)] == list(range(first, last + 1))


def test_what_a_restored_cloud_had_refused_goes_again_as_refused_and_leaves_the_draft_alone(office: Office) -> None:
    """Row 18, I5. The writer has mended or deleted the draft since: taking the old act now would bring it back."""
    made = saved(office.save(journal()))
    push = send(office)
    why = WireFault("DATE_LOCKED", "accounting_date")
    refusal = PushAnswer("", [Outcome(push.operations[0].n, "rejected", faults=[why])])
    exchange.take_answer(office.desk, push, refusal)
    assert draft(office, made.id) == "save"
    mended = saved(office.save(journal(), made.id, made.revision))
    exchange.take_hello(office.desk, HelloAnswer("t2", "rewind", 1, push.operations[0].n - 1))
    again = send(office)
    assert again.operations == push.operations
    assert again.refused == {push.operations[0].n: [why]}
    exchange.take_answer(office.desk, again, refusal)
    assert draft(office, made.id) == ""
    last = send(office)
    assert [operation.id for operation in last.operations] == [mended.id]
    assert last.refused == {}


def test_a_delete_that_a_restored_cloud_lost_and_refuses_now_brings_the_voucher_back(office: Office) -> None:
    """Row 18 (seed 5553): whoever deleted it has lost the right meanwhile, and the cloud has it still."""
    made = saved(office.save(journal()))
    answer_all(office)
    saved(act.delete(office.desk, act.Asked(CHIEF, ident(), made.id, made.revision)))
    push = send(office)
    exchange.take_answer(office.desk, push, PushAnswer("", [Outcome(push.operations[0].n, "applied", 2, 9)]))
    exchange.take_hello(office.desk, HelloAnswer("t2", "rewind", 1, push.operations[0].n - 1))
    again = send(office)
    assert again.operations == push.operations
    exchange.take_answer(office.desk, again, refusal(again, WireFault("RIGHT_MISSING", "user")))
    with office.desk.file.read() as db:
        head = voucher.load(db, made.id)
    assert head is not None
    assert (head.deleted, head.refused_act) == (0, "delete")


def test_what_was_refused_is_not_asked_for_by_a_cloud_that_lost_the_epoch(office: Office) -> None:
    saved(office.save(journal()))
    push = send(office)
    exchange.take_answer(
        office.desk,
        push,
        PushAnswer("", [Outcome(push.operations[0].n, "rejected", faults=[WireFault("DATE_LOCKED")])]),
    )
    exchange.take_hello(office.desk, HelloAnswer("t2", "rewind", 1, push.operations[0].n - 1))
    assert send(office).refused
    exchange.take_hello(office.desk, HelloAnswer("t2", "new_epoch", 2, 0))
    assert exchange.next_batch(office.desk) is None


def test_books_are_taken_anew_from_a_restored_cloud_that_answers_with_a_new_epoch(office: Office) -> None:
    """Row 18: file and cloud both came from backups: nothing is sent again, but the books may hold what is lost."""
    office.desk.file.write(
        lambda db: meta.put(db, {"timeline": "t1", "cursor": "7:~:", "snapshot_done": 1, "acked_seq": 9, "head_seq": 9})
    )
    exchange.take_hello(office.desk, HelloAnswer("t1", "new_epoch", 2, 0))
    assert (standing(office).snapshot_done, standing(office).head_seq) == (1, 9)
    exchange.take_hello(office.desk, HelloAnswer("t2", "new_epoch", 3, 0))
    known = standing(office)
    assert (known.timeline, known.cursor, known.snapshot_done, known.acked_seq, known.head_seq) == (
        "t2",
        "7:~:",
        0,
        0,
        0,
    )


def test_unposting_beside_a_refused_form_leaves_it_a_draft(office: Office) -> None:
    made = saved(office.save(journal()))
    push = send(office)
    exchange.take_answer(office.desk, push, PushAnswer("", [Outcome(o.n, "applied", 1, 9) for o in push.operations]))
    edited = saved(office.save(journal(), made.id, made.revision))
    push = send(office)
    fault = WireFault("RIGHT_MISSING", "user", {"right": "save"})
    exchange.take_answer(office.desk, push, PushAnswer("", [Outcome(push.operations[0].n, "rejected", faults=[fault])]))
    saved(act.post(office.desk, act.Asked(CHIEF, ident(), made.id, edited.revision), "financial"))
    assert draft(office, made.id) == "save"
    push = send(office)
    exchange.take_answer(office.desk, push, PushAnswer("", [Outcome(push.operations[0].n, "applied", 2, 10)]))
    assert draft(office, made.id) == "save", "what is shown is not what the cloud has"


def test_a_form_refused_while_a_delete_waited_is_a_draft_when_the_delete_is_refused_too(office: Office) -> None:
    """Rows 4 and 6 (seed 7787): both are told, and putting the draft away brings back what the cloud has."""
    made = saved(office.save(journal()))
    answer_all(office)
    edited = saved(office.save(journal("250000"), made.id, made.revision))
    save = send(office)
    office.clock.go(301)
    asked = act.Asked(CHIEF, ident(), made.id, edited.revision)
    assert saved(act.delete(office.desk, asked)).revision == edited.revision
    exchange.take_answer(office.desk, save, refusal(save, WireFault("DATE_LOCKED", "accounting_date")))
    assert draft(office, made.id) == ""
    delete = send(office)
    exchange.take_answer(office.desk, delete, refusal(delete, WireFault("RIGHT_MISSING", "user")))
    assert draft(office, made.id) == "save"
    with office.desk.file.read() as db:
        head = voucher.load(db, made.id)
    assert head is not None
    assert [fault.code for fault in fact.wire_faults(head.refused)] == ["DATE_LOCKED", "RIGHT_MISSING"]
    back = saved(act.discard(office.desk, act.Asked(CHIEF, ident(), made.id, edited.revision)))
    assert back.body == made.body


def test_a_form_that_was_never_sent_for_a_delete_in_its_stead_is_a_draft_when_that_is_refused(office: Office) -> None:
    """Row 6 (seed 1690): the cloud never had it, so it does not stand as if it had."""
    made = saved(office.save(journal()))
    answer_all(office)
    edited = saved(office.save(journal("250000"), made.id, made.revision))
    saved(act.delete(office.desk, act.Asked(CHIEF, ident(), made.id, edited.revision)))
    delete = send(office)
    assert [operation.act for operation in delete.operations] == ["delete"]
    exchange.take_answer(office.desk, delete, refusal(delete, WireFault("RIGHT_MISSING", "user")))
    assert draft(office, made.id) == "save"
    back = saved(act.discard(office.desk, act.Asked(CHIEF, ident(), made.id, edited.revision)))
    assert back.body == made.body


def test_an_edit_refused_after_our_own_delete_is_told_against_the_deletion(office: Office) -> None:
    """Row 7 (seed 717): putting it away would bring back a voucher that is deleted."""
    made = saved(office.save(journal()))
    answer_all(office)
    saved(act.delete(office.desk, act.Asked(CHIEF, ident(), made.id, made.revision)))
    delete = send(office)
    office.clock.go(301)
    saved(office.save(journal("250000"), made.id, made.revision))
    exchange.take_answer(office.desk, delete, PushAnswer("", [Outcome(delete.operations[0].n, "applied", 2, 20)]))
    edit = send(office)
    exchange.take_answer(office.desk, edit, refusal(edit, WireFault("ACT_DELETED", "act")))
    told = FeedItem("voucher", "journal", made.id, 20, 2, "chief", "2026-11-22T00:00:00.000Z", deleted=True)
    incoming.take_page(office.desk, FeedPage("t", [told], "20", head_seq=20))
    with office.desk.file.read() as db:
        found = conflict.load(db, "voucher", "journal", made.id)
    assert found is not None
    assert found.winner.deleted


def test_quarantine_and_upgrade_leave_everything_as_it_is(office: Office) -> None:
    saved(office.save(journal()))
    before = send(office)
    for verdict in ("quarantine", "upgrade"):
        exchange.take_hello(office.desk, HelloAnswer("other", verdict, 7, 0))
        assert standing(office).verdict == verdict
        assert (standing(office).epoch, standing(office).timeline) == (1, "")
    assert send(office) == before


def test_other_branches_bring_another_snapshot(office: Office) -> None:
    office.desk.file.write(lambda db: meta.put(db, {"snapshot_done": 1, "cursor": "7"}))
    exchange.take_hello(office.desk, HelloAnswer("t", "ok", 1, 0))
    assert standing(office).snapshot_done == 1
    exchange.take_hello(office.desk, HelloAnswer("t", "ok", 1, 0, branches=[BRANCH]))
    assert (standing(office).snapshot_done, standing(office).cursor) == (0, "7")
    assert office.desk.branches == frozenset((BRANCH,))


def test_a_poison_operation_is_given_up_and_blocks_nobody(office: Office) -> None:
    done = [saved(office.save(journal())) for _ in range(3)]
    push = send(office)
    alone = Push(push.protocol, push.replica, push.epoch, push.operations[:1])
    exchange.give_up(office.desk, alone, [WireFault("BODY_TOO_LARGE")])
    again = send(office)
    assert [(o.n, o.id) for o in again.operations] == [
        (push.operations[0].n, done[1].id),
        (push.operations[1].n, done[2].id),
    ]
    with office.desk.file.read() as db:
        head = voucher.load(db, done[0].id)
        assert head is not None
        assert "BODY_TOO_LARGE" in head.refused


def test_a_refused_catalog_entry_is_told_and_a_refused_delete_brings_it_back(office: Office) -> None:
    assert isinstance(entry.delete_entry(office.desk, CHIEF, ident(), "partner", PARTNER), Saved)
    push = send(office)
    fault = WireFault("CATALOG_USED", "id")
    exchange.take_answer(office.desk, push, PushAnswer("", [Outcome(push.operations[0].n, "rejected", faults=[fault])]))
    with office.desk.file.read() as db:
        row = catalog.load(db, "partner", PARTNER)
        assert row is not None
        assert (row.deleted, row.refused_act) == (0, "delete")
        assert "CATALOG_USED" in row.refused


def test_an_older_page_that_comes_after_the_answer_does_not_undo_a_catalog_entry(office: Office) -> None:
    """Row 7, found by the simulator: the office's next edit would have conflicted with its own."""

    def save(name: str, seq: int, version: int) -> bytes:
        body = {"code": "KH01", "name": name, "is_customer": True}
        base = version - 1  # here each form has been one save
        assert isinstance(entry.save_entry(office.desk, CHIEF, ident(), "partner", PARTNER, base, body), Saved)
        push = send(office)
        told = [Outcome(push.operations[0].n, "applied", version, seq)]
        exchange.take_answer(office.desk, push, PushAnswer("", told))
        return bytes(push.operations[0].body)

    def tell(body: bytes, seq: int, version: int) -> int:
        at = "2026-11-22T00:00:00.000Z"
        item = FeedItem("catalog", "partner", PARTNER, seq, version, "chief", at, body=raw_body(body))
        hear(office, item)
        with office.desk.file.read() as db:
            row = catalog.load(db, "partner", PARTNER)
        assert row is not None
        return row.version

    first, second = save("Một", 15, 2), save("Hai", 17, 3)
    assert tell(first, 15, 2) == 3
    assert tell(second, 17, 3) == 3


def test_a_catalog_used_by_a_voucher_is_not_deleted(office: Office) -> None:
    lines = [{"debit_account": "131", "credit_account": "5111", "amount": "9", "debit_partner": PARTNER}]
    saved(office.save(journal(lines=lines)))
    found = entry.delete_entry(office.desk, CHIEF, ident(), "partner", PARTNER)
    assert isinstance(found, Refused)
    assert found.faults[0].code == "CATALOG_USED"


def test_an_account_in_use_keeps_its_place_in_the_chart(office: Office) -> None:
    """I8: its balances are kept by what the account above it says; an account nobody has used may move."""

    def account(code: str, parent: str, base: int) -> Saved | Refused:
        return office.entry("account", code, {"code": code, "name": f"Tiền {parent}", "parent": parent}, base=base)

    for code in ("1118", "1119"):
        saved(account(code, "111", 0))
    saved(office.save(journal(lines=[{"debit_account": "1118", "credit_account": "5111", "amount": "9"}])))
    moved = account("1118", "138", 1)
    assert isinstance(moved, Refused)
    assert [(fault.code, fault.field) for fault in moved.faults] == [("ACCOUNT_PARENT_USED", "parent")]
    saved(office.entry("account", "1118", {"code": "1118", "name": "Tên mới", "parent": "111"}, base=1))
    saved(account("1119", "138", 1))


# ---- books from the feed


def wire_set(set_no: int, posted: int, voided: int = 0, amount: int = 100) -> WireEntrySet:
    sides = [["6428", "VND", 0, BRANCH, "", "", "", "", ""], ["242", "VND", 0, BRANCH, "", "", "", "", ""]]
    entries = [[1, amount, sides[0], sides[1], "", ""]]
    return WireEntrySet("financial", set_no, set_no, "2026-11-20", posted, voided, entries, branch=BRANCH)


def tell(office: Office, body: bytes, ident_: str, seq: int, *sets: WireEntrySet) -> None:
    books = [BookState("financial", asked=True, posted=any(not item.voided_seq for item in sets))]
    item = FeedItem(
        "voucher", "journal", ident_, seq, seq, "x", "2026-11-22T00:00:00.000Z", body=raw_body(body), books=books,
        sets=list(sets),
    )  # fmt: skip
    hear(office, item)


def balance(office: Office) -> int:
    with office.desk.file.read() as db:
        found = db.execute("SELECT coalesce(sum(debit), 0) FROM balance WHERE dimension = 0").fetchone()
        return int(found[0])


def live(office: Office) -> int:
    with office.desk.file.read() as db:
        found = db.execute("SELECT coalesce(sum(amount), 0) FROM entry").fetchone()
        return int(found[0])


def test_sets_move_the_books_once_however_often_they_are_told(office: Office) -> None:
    done = saved(office.save(journal()))
    answer_all(office)
    for _ in range(2):
        tell(office, done.body, done.id, 10, wire_set(1, 10))
    assert (balance(office), live(office)) == (100, 100)
    tell(office, done.body, done.id, 12, wire_set(1, 10, 12), wire_set(2, 12, amount=70))
    assert (balance(office), live(office)) == (70, 70)
    tell(office, done.body, done.id, 13, wire_set(1, 10, 12), wire_set(2, 12, 13, amount=70))
    assert (balance(office), live(office)) == (0, 0)


def test_a_set_the_snapshot_held_is_not_counted_again_and_its_voiding_is(office: Office) -> None:
    body, voucher_id = saved(office.save(journal())).body, ident()
    incoming.begin_snapshot(office.desk)
    rows = [
        BalanceRow("financial", 0, BRANCH, "6428", "VND", "", 202611, 100, 0),
        BalanceRow("financial", 0, BRANCH, "242", "VND", "", 202611, 0, 100),
    ]
    incoming.take_chunk(office.desk, SnapshotChunk("t", 50, "50"))
    incoming.take_chunk(office.desk, SnapshotChunk(balances=rows))
    incoming.take_chunk(office.desk, SnapshotChunk(end=True))
    assert standing(office).snapshot_seq == 50
    with office.desk.file.read() as db:
        assert ledger.missing_months(db, 202601, 202612, ()) == [202611]
    tell(office, body, voucher_id, 60, wire_set(1, 40))  # told because of another change: known, not counted
    assert (balance(office), live(office)) == (100, 100)
    tell(office, body, voucher_id, 61, wire_set(1, 40, 61))
    assert (balance(office), live(office)) == (0, 0)
    tell(office, b"", ident(), 62, wire_set(1, 45, 62))  # voided without ever having been here
    assert balance(office) == -100


def test_taking_vouchers_leaves_no_cursor_behind(office: Office) -> None:
    """Each statement looks through its connection's open cursors: a download would get slower with every voucher."""
    opened: weakref.WeakSet[apsw.Cursor] = weakref.WeakSet()

    class Counted(apsw.Cursor):
        def __init__(self, connection: apsw.Connection) -> None:
            super().__init__(connection)
            opened.add(self)

    def count(db: apsw.Connection) -> None:
        db.cursor_factory = Counted

    office.desk.file.write(count)
    body = saved(office.save(journal())).body
    for seq in range(20, 25):
        tell(office, body, ident(), seq, wire_set(1, seq))
        tell(office, body, ident(), seq + 10, wire_set(1, seq, seq + 10))
    assert not opened


def test_a_snapshot_cut_in_the_middle_begins_again(office: Office) -> None:
    for _ in range(2):
        incoming.begin_snapshot(office.desk)
        row = BalanceRow("financial", 0, BRANCH, "6428", "VND", "", 202611, 100, 0)
        incoming.take_chunk(office.desk, SnapshotChunk("t", 50, "50", balances=[row]))
        assert standing(office).snapshot_done == 0
    incoming.take_chunk(office.desk, SnapshotChunk(end=True))
    assert (balance(office), standing(office).snapshot_done) == (100, 1)


def test_what_the_snapshot_held_is_received_though_no_page_tells_of_it(office: Office) -> None:
    """Our own entries were taken by the cloud before the snapshot: the feed behind it is empty, and nothing is due."""
    assert not standing(office).received
    incoming.begin_snapshot(office.desk)
    incoming.take_chunk(office.desk, SnapshotChunk("t", 50, "50", end=True))
    assert (standing(office).cursor, standing(office).received) == ("50", True)


def test_a_backup_is_a_whole_file_of_one_moment(tmp_path: Path) -> None:
    office = open_office(tmp_path / "replica.db")
    done = saved(office.save(journal()))
    office.desk.file.backup(tmp_path / "copy" / "replica.db")
    saved(office.save(journal()))
    office.close()
    copy = open_office(tmp_path / "copy" / "replica.db")
    with copy.desk.file.read() as db:
        assert [row[0] for row in db.execute("SELECT id FROM voucher")] == [done.id]
    copy.close()
