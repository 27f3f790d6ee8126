"""Row 18: after a cloud restore an office goes back to what the cloud has, and keeps what is its own (I5, I15)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec
import pytest

from socai.dataserver.acts import act
from socai.dataserver.acts.act import Asked
from socai.dataserver.acts.entry import discard_entry
from socai.dataserver.store import catalog, conflict, meta, voucher
from socai.dataserver.store.file import MEMORY
from socai.dataserver.syncing import exchange, incoming
from socai.dataserver.syncing.rejoin import next_reheard
from socai.edge.client import CloudClient
from socai.sync.message import (
    BookState,
    FeedItem,
    Held,
    Outcome,
    PushAnswer,
    Reheard,
    SnapshotChunk,
    Winner,
    WireFault,
    raw_body,
)
from support.desk import CHIEF, CLERK, PARTNER, Office, amount, head, hear, ident, journal, open_office, restored, saved

OLD, NEW = 10, 50  # seqs: what the backup has, and what came after it
AGAIN, SNAPSHOT = 900, 1_000  # of the new timeline: what was sent again by now, and the snapshot


@dataclass
class Cloud:
    """What the restored cloud has of the vouchers it is asked for."""

    has: dict[str, FeedItem] = field(default_factory=dict)
    meanwhile: Callable[[], None] = lambda: None
    asked: list[str] = field(default_factory=list)

    def reheard(self, held: Held) -> Reheard:
        self.asked += held.vouchers
        found = [self.has[key] for key, seq in held.vouchers.items() if key in self.has and self.has[key].seq != seq]
        self.meanwhile()
        return Reheard("t2", found, [key for key in held.vouchers if key not in self.has])


@pytest.fixture
def office() -> Iterator[Office]:
    found = open_office(MEMORY)
    answer(found)
    found.desk.file.write(lambda db: meta.put(db, {"timeline": "t1", "snapshot_done": 1}))
    yield found
    found.close()


def answer(office: Office, result: str = "applied", seq: int = 1) -> None:
    """Send what waits, and answer it."""
    push = exchange.next_batch(office.desk)
    assert push is not None
    faults = [WireFault("DATE_LOCKED", "accounting_date")] if result == "rejected" else []
    told = [
        Outcome(each.n, result, each.base.version + 1 if not faults else 0, seq, faults=faults)
        for each in push.operations
    ]
    exchange.take_answer(office.desk, push, PushAnswer("", told))


def item(key: str, seq: int, version: int, amount: str = "100000", **more: Any) -> FeedItem:
    body = journal(amount, number=f"X{key[-4:]}", books=["financial"])
    return FeedItem(
        "voucher", "journal", key, seq, version, "other", "", body=raw_body(msgspec.json.encode(body)), **more
    )


def rejoin(office: Office, cloud: Cloud, *entries: FeedItem) -> None:
    incoming.begin_snapshot(office.desk)
    incoming.take_chunk(office.desk, SnapshotChunk("t2", SNAPSHOT, f"{SNAPSHOT}:~:", list(entries)))
    incoming.take_chunk(office.desk, SnapshotChunk(end=True))
    while next_reheard(office.desk, cast(CloudClient, cloud)):
        pass
    with office.desk.file.read() as db:
        assert not meta.standing(db).recheck


def test_what_the_restored_cloud_lost_goes_back_to_what_it_has(office: Office) -> None:
    """An older version, another form under the same version, and nothing at all; what it kept is not taken again."""
    older, other, gone, kept = ident(), ident(), ident(), ident()
    posted = [BookState("financial", True, True)]
    hear(office, item(kept, OLD, 1), item(older, NEW, 3, "300", books=posted), item(other, NEW + 1, 2, "200"))
    hear(office, item(gone, NEW + 2, 1))
    restored(office)
    revision = head(office, kept).revision
    has = {kept: item(kept, OLD, 1), older: item(older, OLD + 1, 2, "250"), other: item(other, AGAIN, 2, "222")}
    rejoin(office, Cloud(has))
    assert [(head(office, key).version, amount(office, key)) for key in (older, other)] == [(2, "250"), (2, "222")]
    assert (head(office, gone).deleted, head(office, kept).revision) == (1, revision)
    with office.desk.file.read() as db:
        assert voucher.book_rows(db, [older]).get(older, []) == []
    hear(office, item(gone, 10**6 + 1, 1))
    assert head(office, gone).deleted == 0, "somebody has sent it again"


def test_news_that_come_while_it_is_asked_for_stand(office: Office) -> None:
    """The answer is older than the page of the feed that was taken meanwhile."""
    changed, made = ident(), ident()
    hear(office, item(changed, NEW, 3, "300"), item(made, NEW + 1, 1, "10"))
    restored(office)

    def news() -> None:
        hear(office, item(changed, 10**6, 3, "333"), item(made, 10**6 + 1, 1, "10"))

    rejoin(office, Cloud({changed: item(changed, OLD, 2, "250")}, news))
    assert (head(office, changed).version, amount(office, changed)) == (3, "333")
    assert (head(office, made).version, head(office, made).deleted) == (1, 0)


@pytest.mark.parametrize("before", [True, False], ids=["refused before", "refused after"])
def test_ours_that_the_restored_cloud_refuses_is_a_draft_on_what_it_has(office: Office, before: bool) -> None:
    """I15: sent again and refused; the typed form stays, told as refused, whichever comes first."""
    made = saved(office.save(journal()))
    answer(office, seq=OLD)
    office.desk.file.write(lambda db: meta.put(db, {"recheck": 0}))
    with office.desk.file.read() as db:
        sent = meta.standing(db).next_n - 1
    saved(office.save(journal("777"), made.id, made.revision))
    answer(office, seq=NEW)
    assert head(office, made.id).version == 2
    restored(office, sent)
    if before:
        answer(office, "rejected")
    first = msgspec.structs.replace(item(made.id, OLD, 1), body=raw_body(made.body), books=[])
    rejoin(office, Cloud({made.id: first}))
    if not before:
        answer(office, "rejected")
    found = head(office, made.id)
    assert (found.version, found.refused_act, found.deleted, amount(office, made.id)) == (1, "save", 0, "777")


def test_ours_stands_again_where_what_came_on_top_of_it_is_lost(office: Office) -> None:
    """It is told of our act, sent again, before that is answered: our form is its newest, not the one it lost."""
    made = saved(office.save(journal("100")))
    answer(office, seq=OLD)
    with office.desk.file.read() as db:
        sent = meta.standing(db).next_n - 1
    saved(office.save(journal("777"), made.id, made.revision))
    answer(office, seq=NEW)
    hear(office, item(made.id, NEW + 1, 3, "999"))
    restored(office, sent)
    rejoin(office, Cloud({made.id: item(made.id, AGAIN, 2, "777")}))
    answer(office, seq=AGAIN)
    assert (head(office, made.id).version, amount(office, made.id)) == (2, "777")
    with office.desk.file.read() as db:
        assert conflict.shadow(db, "voucher", "journal", made.id) is None


def test_ours_stands_again_where_its_deletion_is_lost(office: Office) -> None:
    """Seed 380: told of our act, sent again, before that is answered, it went on as deleted by another office."""
    with office.desk.file.read() as db:
        sent = meta.standing(db).next_n - 1
    made = saved(office.save(journal("100")))
    answer(office, seq=OLD)
    hear(office, FeedItem("voucher", "journal", made.id, NEW, 2, "other", "", True))
    assert head(office, made.id).deleted == 1
    restored(office, sent)
    rejoin(office, Cloud())
    held = head(office, made.id)
    with office.desk.file.read() as db:
        body = voucher.body(db, made.id, held.revision)
    hear(office, FeedItem("voucher", "journal", made.id, 10**6, 1, "clerk", "", body=raw_body(body)))
    answer(office, seq=10**6)
    assert (head(office, made.id).version, head(office, made.id).deleted) == (1, 0)


def test_what_the_feed_is_about_to_bring_is_left_to_it(office: Office) -> None:
    """What came after the snapshot may be reckoned by accounts that came after it too."""
    key = ident()
    hear(office, item(key, NEW, 1, "100"))
    restored(office)
    rejoin(office, Cloud({key: item(key, SNAPSHOT + 1, 2, "200")}))
    assert (head(office, key).version, amount(office, key)) == (1, "100")
    hear(office, item(key, SNAPSHOT + 1, 2, "200"))
    assert (head(office, key).version, amount(office, key)) == (2, "200")


def test_ours_that_it_never_heard_of_stands_on_nothing(office: Office) -> None:
    """Made after the backup, sent again, refused: a draft, not a voucher that is gone."""
    with office.desk.file.read() as db:
        sent = meta.standing(db).next_n - 1
    made = saved(office.save(journal()))
    answer(office, seq=NEW)
    restored(office, sent)
    rejoin(office, Cloud())
    assert (head(office, made.id).version, head(office, made.id).deleted) == (0, 0)
    answer(office, "rejected")
    assert (head(office, made.id).version, head(office, made.id).refused_act) == (0, "save")


def test_what_was_never_heard_of_ours_is_told_by_the_restored_cloud(office: Office) -> None:
    """Seed 10426: the seq reckoned from our act's is the one at which the backup has our voucher posted."""
    made = saved(office.save(journal()))
    answer(office, seq=OLD - 1)
    with office.desk.file.read() as db:
        sent = meta.standing(db).next_n - 1
    saved(office.save(journal("777"), made.id, made.revision))
    answer(office, seq=OLD + 1)
    assert head(office, made.id).seq == OLD
    restored(office, sent)
    answer(office, "rejected")
    rejoin(office, Cloud({made.id: item(made.id, OLD, 1, books=[BookState("financial", True, True)])}))
    assert (head(office, made.id).version, head(office, made.id).refused_act) == (1, "save")
    with office.desk.file.read() as db:
        assert [row.posted for row in voucher.book_rows(db, [made.id])[made.id]] == [True]


def test_what_nobody_has_any_more_is_gone_when_a_refused_form_of_it_is_discarded(office: Office) -> None:
    """Seed 11103: another office's, lost with the cloud while we worked on it; its base is nowhere any more."""
    key = ident()
    hear(office, item(key, NEW, 1))
    saved(office.save(journal("777"), key, head(office, key).revision))
    restored(office)
    rejoin(office, Cloud())
    answer(office, "rejected")
    assert (head(office, key).version, head(office, key).refused_act) == (0, "save")
    saved(act.discard(office.desk, Asked(CLERK, ident(), key, head(office, key).revision)))
    assert head(office, key).deleted == 1


@pytest.mark.parametrize("kind", ["voucher", "catalog"])
def test_what_had_lost_and_is_taken_by_the_restored_cloud_is_no_conflict(office: Office, kind: str) -> None:
    """Seed 14962: its winner is lost, so that to take theirs would bring back a form that nobody has."""
    made = saved(office.save(journal()))
    answer(office, seq=OLD)
    with office.desk.file.read() as db:
        sent, row = meta.standing(db).next_n - 1, catalog.load(db, "partner", PARTNER)
    assert row is not None
    if kind == "voucher":
        key = ("voucher", "journal", made.id)
        saved(office.save(journal("777"), made.id, made.revision))
    else:
        key = ("catalog", "partner", PARTNER)
        saved(office.entry("partner", PARTNER, {"code": "KH01", "name": "Tên mới", "is_customer": True}, base=1))
    push = exchange.next_batch(office.desk)
    assert push is not None
    theirs = Winner(
        2, "other", "", body=raw_body(msgspec.json.encode(journal("200")) if kind == "voucher" else row.body)
    )
    lost = Outcome(push.operations[0].n, "conflict", 2, faults=[WireFault("CONFLICT", "")], winner=theirs)
    exchange.take_answer(office.desk, push, PushAnswer("", [lost]))
    old = FeedItem("catalog", "partner", PARTNER, OLD, 1, "chief", "", body=raw_body(row.body))
    restored(office, sent)
    rejoin(office, Cloud({made.id: item(made.id, OLD, 1)}), old)
    with office.desk.file.read() as db:
        assert conflict.load(db, *key) is not None
    answer(office, seq=AGAIN)
    with office.desk.file.read() as db:
        assert conflict.load(db, *key) is None


def test_a_conflict_is_told_against_what_the_restored_cloud_has(office: Office) -> None:
    """The winner is lost, or an older form of it has won."""
    older, gone = saved(office.save(journal())), saved(office.save(journal()))
    answer(office, seq=OLD)
    for made in (older, gone):
        saved(office.save(journal("777"), made.id, made.revision))
        hear(office, item(made.id, NEW, 2, "200"))
    restored(office)
    rejoin(office, Cloud({older.id: item(older.id, OLD, 1, "100")}))
    with office.desk.file.read() as db:
        told = [conflict.load(db, "voucher", "journal", made.id) for made in (older, gone)]
    assert [(each.winner.version, each.winner.deleted) for each in told if each] == [(1, False), (0, True)]
    done = act.resolve(office.desk, Asked(CLERK, ident(), older.id, head(office, older.id).revision), "theirs")
    assert (saved(done).id, amount(office, older.id)) == (older.id, "100")


def test_ours_that_the_restored_cloud_lost_unanswered_conflicts_with_nothing(office: Office) -> None:
    """Seed 985: told of our act, the answer lost, then the cloud restored: it refuses it, and has nothing of it."""
    with office.desk.file.read() as db:
        sent = meta.standing(db).next_n - 1
    made = saved(office.save(journal()))
    assert exchange.next_batch(office.desk) is not None
    hear(office, item(made.id, NEW, 1, "100000"))
    restored(office, sent)
    answer(office, "rejected")
    rejoin(office, Cloud())
    with office.desk.file.read() as db:
        told = conflict.load(db, "voucher", "journal", made.id)
    assert told is not None
    assert (told.winner.version, told.winner.deleted, head(office, made.id).version) == (0, True, 0)


def test_a_conflict_is_told_against_what_came_while_more_of_ours_waited(office: Office) -> None:
    """Seed 978: of two acts sent again the first lost, the second was refused; the winner changed in between."""
    made = saved(office.save(journal("100")))
    answer(office, seq=OLD)
    with office.desk.file.read() as db:
        sent = meta.standing(db).next_n - 1
    edited = saved(office.save(journal("200"), made.id, made.revision))
    answer(office, seq=NEW)
    saved(office.save(journal("300"), made.id, edited.revision))
    answer(office, seq=NEW + 1)
    restored(office, sent)
    push = exchange.next_batch(office.desk)
    assert push is not None
    lost, refused = push.operations
    told = Winner(2, "other", "", body=raw_body(msgspec.json.encode(journal("222"))))
    exchange.take_answer(office.desk, push, PushAnswer("", [Outcome(lost.n, "conflict", 2, winner=told)]))
    hear(office, item(made.id, 10**6, 3, "333"))
    fault = WireFault("BASE_REFUSED", "base")
    exchange.take_answer(office.desk, push, PushAnswer("", [Outcome(refused.n, "rejected", faults=[fault])]))
    with office.desk.file.read() as db:
        found = conflict.load(db, "voucher", "journal", made.id)
        assert conflict.shadow(db, "voucher", "journal", made.id) is None
    assert found is not None
    assert found.winner.version == 3


def test_what_a_first_snapshot_cut_short_told_of_vouchers_is_asked_for_again() -> None:
    """Row 6, I5: refused when that snapshot was begun and posted when the next is, which says nothing of it."""
    office, key = open_office(MEMORY, company=False), ident()
    office.desk.file.write(lambda db: meta.put(db, {"timeline": "t2"}))
    refused = [BookState("financial", True, False, "", "post", [WireFault("DATE_LOCKED")])]
    first = (SnapshotChunk("t2", 5, "5:~:"), SnapshotChunk(vouchers=[item(key, 5, 1, books=refused)]))
    second = (SnapshotChunk("t2", 9, "9:~:"), SnapshotChunk(end=True))
    incoming.begin_snapshot(office.desk)
    for chunk in first:
        incoming.take_chunk(office.desk, chunk)
    incoming.begin_snapshot(office.desk)
    for chunk in second:
        incoming.take_chunk(office.desk, chunk)
    cloud = Cloud({key: item(key, 8, 1, books=[BookState("financial", True, True)])})
    while next_reheard(office.desk, cast(CloudClient, cloud)):
        pass
    with office.desk.file.read() as db:
        assert [(row.posted, row.faults) for row in voucher.book_rows(db, [key])[key]] == [(True, "")]
        assert meta.standing(db).received
    office.close()


@pytest.mark.parametrize("known", [True, False], ids=["an older form", "nothing"])
def test_a_catalog_entry_of_ours_stands_on_what_the_restored_cloud_has(office: Office, known: bool) -> None:
    with office.desk.file.read() as db:
        sent, row = meta.standing(db).next_n - 1, catalog.load(db, "partner", PARTNER)
    assert row is not None
    old = FeedItem("catalog", "partner", PARTNER, OLD, 1, "chief", "", body=raw_body(row.body))
    new = {"code": "KH01", "name": "Tên mới", "is_customer": True}
    saved(office.entry("partner", PARTNER, new, base=1))
    answer(office, seq=NEW)
    restored(office, sent)
    rejoin(office, Cloud(), *([old] if known else []))
    answer(office, "rejected")
    with office.desk.file.read() as db:
        row = catalog.load(db, "partner", PARTNER)
    assert row is not None
    assert (row.version, row.refused_act, row.deleted) == (int(known), "save", 0)
    assert msgspec.json.decode(row.body)["name"] == "Tên mới"
    saved(discard_entry(office.desk, CHIEF, ident(), "partner", PARTNER))
    with office.desk.file.read() as db:
        row = catalog.load(db, "partner", PARTNER)
    assert row is not None
    assert row.deleted == int(not known)


def test_an_entry_told_back_and_then_lost_is_refused_and_no_conflict(office: Office) -> None:
    """Row 18 (seed 9179): the answer was lost on its way, the feed told of it, and the restored cloud has none."""
    with office.desk.file.read() as db:
        sent = meta.standing(db).next_n - 1
    key, body = ident(), {"code": "KH88", "name": "Khách mới", "is_customer": True}
    saved(office.entry("partner", key, body))
    push = exchange.next_batch(office.desk)
    assert push is not None
    hear(office, FeedItem("catalog", "partner", key, NEW, 1, "chief", "", body=raw_body(msgspec.json.encode(body))))
    restored(office, sent)
    rejoin(office, Cloud())
    answer(office, "rejected")
    with office.desk.file.read() as db:
        row = catalog.load(db, "partner", key)
        assert conflict.load(db, "catalog", "partner", key) is None
    assert row is not None
    assert (row.version, row.refused_act, row.deleted) == (0, "save", 0)
