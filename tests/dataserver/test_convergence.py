"""Convergence, the office's side: a file that somebody tampered with is found out, fetched again, and equal again.

The cloud is the real one over its memory store; only the line between is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from socai.base.fault import Fault
from socai.cloud.feed import Feeder, download_filter
from socai.cloud.store.memory import MemoryStore
from socai.cloud.store.posting_memory import MemoryLane
from socai.dataserver.desk import Saved
from socai.dataserver.store import audit, catalog, digest, meta, voucher
from socai.dataserver.store.file import MEMORY, Connection
from socai.dataserver.syncing import convergence, exchange, incoming
from socai.edge.client import CloudClient
from socai.sync.digest import DIFFERS, EQUAL, MOVED, Digests
from socai.sync.message import DELETE, DownloadPage, FeedPage, HelloAnswer, SnapshotChunk, encode
from support.desk import Office, open_office
from support.posting import BOOK, drain
from support.sender import CUSTOMER, HCM, HN, TIMELINE, VENDOR, Sender, company, ident, journal, memory_store

CATALOG_BODY = b'{"code":"KH01","name":"Ai \xc4\x91\xc3\xb3"}'


class Line(CloudClient):
    """What a replica asks the cloud, answered in place and through the wire's JSON. `busy` runs before each answer."""

    def __init__(self, store: MemoryStore, sender: Sender) -> None:
        self.feeder, self.store, self.sender = Feeder(store, store), store, sender
        self.busy: Callable[[], None] = lambda: None

    def _row(self) -> Any:
        row = self.store.replica(self.sender.ref, self.sender.replica)
        assert row is not None
        return row

    def digests(self) -> Digests:
        found = encode(self.store.digests(self.sender.ref, frozenset(self._row().branches)))
        self.busy()
        return msgspec.json.decode(found, type=Digests)

    def feed(self, cursor: str, limit: int, wait_seconds: int) -> FeedPage:
        found = self.feeder.page(self.sender.ref, self._row(), cursor, limit)
        assert not isinstance(found, Fault)
        return msgspec.json.decode(encode(found), type=FeedPage)

    def download(self, first: str, last: str, kind: str, branch: str, after: str, limit: int) -> DownloadPage:
        self.busy()
        wanted = download_filter(self._row(), first, last, kind, branch)
        assert not isinstance(wanted, Fault)
        found = self.feeder.download(self.sender.ref, wanted, after, 2)
        assert not isinstance(found, Fault)
        return msgspec.json.decode(encode(found), type=DownloadPage)

    def snapshot(self) -> Iterator[SnapshotChunk]:
        for text in self.feeder.snapshot(self.sender.ref, self._row()):
            yield msgspec.json.decode(text, type=SnapshotChunk)


@dataclass
class Pair:
    """A cloud with vouchers of three months in two branches, and an office that has read all of it."""

    sender: Sender
    office: Office
    line: Line
    lane: MemoryLane
    vouchers: list[str]

    def read(self) -> None:
        """Let the office read what is new."""
        while True:
            with self.office.desk.file.read() as db:
                cursor = meta.text(db, "cursor")
            page = self.line.feed(cursor, 100, 0)
            incoming.take_page(self.office.desk, page)
            if not page.more:
                return

    def check(self) -> str:
        return convergence.check(self.office.desk, self.line)

    def tamper(self, statement: str, *given: object) -> None:
        """Somebody changes the file behind the program's back."""

        def job(db: Connection) -> None:
            db.execute(statement, given)
            assert db.changes(), "nothing was tampered with"

        self.office.desk.file.write(job)

    def ours(self) -> list[Any]:
        with self.office.desk.file.read() as db:
            return digest.local(db, frozenset())


@pytest.fixture
def pair() -> Iterator[Pair]:
    store = memory_store()
    sender, lane = company(store), MemoryLane(store)
    vouchers = []
    for at in range(9):
        body = journal(
            f"N{at}", branch=HCM if at % 2 else HN, amount=1_000 + at, accounting_date=f"2026-0{at % 3 + 1}-10"
        )
        save = sender.save(ident(), body, post_to=BOOK if at != 8 else [])
        sender.push(save)
        vouchers.append(save.id)
    drain(lane)
    office = open_office(MEMORY, company=False)
    answer = HelloAnswer(TIMELINE, "ok", 1, 0, tenant="minhphat")
    exchange.take_hello(office.desk, answer)
    line = Line(store, sender)
    found = Pair(sender, office, line, lane, vouchers)
    incoming.begin_snapshot(office.desk)
    for chunk in line.snapshot():
        incoming.take_chunk(office.desk, chunk)
    found.read()
    for month in ("2026-01", "2026-02", "2026-03"):
        page_after = ""
        while True:
            page = line.download(f"{month}-01", f"{month}-28", "", "", page_after, 100)
            office.desk.file.write(lambda db, items=page.items: incoming.take_items(office.desk, db, items, "download"))
            page_after = page.after
            if not page_after:
                break
    office.desk.file.write(lambda db: db.execute("DELETE FROM month_missing"))
    yield found
    office.close()


def test_what_was_received_is_equal(pair: Pair) -> None:
    assert pair.check() == EQUAL
    with pair.office.desk.file.read() as db:
        assert (meta.number(db, "differs"), bool(meta.text(db, "compared_at"))) == (0, True)


TAMPERED = {
    "a number": "UPDATE voucher SET number = 'X9' WHERE id = ?",
    "a day": "UPDATE voucher SET day = 20260228 WHERE id = ?",
    "a voucher gone": "DELETE FROM voucher WHERE id = ?",
    "a voucher deleted": "UPDATE voucher SET deleted = 1 WHERE id = ?",
    "a voucher of an older moment": "UPDATE voucher SET seq = seq - 1 WHERE id = ?",
    "an amount in the books": "UPDATE entry SET amount = amount + 1 WHERE voucher = ?",
    "entries gone": "DELETE FROM entry WHERE voucher = ?",
    "a set gone": "DELETE FROM entry_set WHERE voucher = ?",
    "a set counted as void": "UPDATE entry_set SET live = 0 WHERE voucher = ?",
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_tampered_voucher_is_found_fetched_again_and_equal_again(pair: Pair, what: str) -> None:
    good = pair.ours()
    pair.tamper(TAMPERED[what], pair.vouchers[1])
    assert pair.check() == DIFFERS
    assert pair.check() == EQUAL
    assert pair.ours() == good
    with pair.office.desk.file.read() as db:
        head = voucher.load(db, pair.vouchers[1])
        assert head is not None
        assert (head.number, head.day, head.version, head.deleted) == ("N1", 20260210, 1, 0)
        assert meta.text(db, "differed_at")
        acts = [row[0] for row in db.execute("SELECT act FROM audit ORDER BY n")]
        assert convergence.MENDED in acts
        assert audit.broken_link(db) == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE balance SET debit = debit + 5 WHERE dimension = 0 AND account = '131' AND period = 202602",
        "UPDATE balance SET credit = 0 WHERE dimension = 0 AND account = '5111'",
        "DELETE FROM balance WHERE dimension = 1 AND period = 202601",
        "INSERT INTO balance (bucket, tenant, book, dimension, branch, account, currency, detail, period, debit)"
        " VALUES (0, 0, 'financial', 0, 'nobody', '1111', 'VND', '', 202601, 7)",
    ],
)
def test_tampered_balances_are_those_of_the_cloud_again(pair: Pair, statement: str) -> None:
    good = pair.ours()
    pair.tamper(statement)
    assert pair.check() == DIFFERS
    assert (pair.check(), pair.ours()) == (EQUAL, good)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE catalog_entry SET seq = seq + 1000 WHERE kind = 'partner' AND code = 'KH01'",
        "DELETE FROM catalog_entry WHERE kind = 'partner' AND code = 'KH01'",
        "UPDATE catalog_entry SET deleted = 1 WHERE kind = 'fund'",
    ],
)
def test_tampered_catalogs_are_those_of_the_cloud_again(pair: Pair, statement: str) -> None:
    good = pair.ours()
    pair.tamper(statement)
    assert pair.check() == DIFFERS
    assert (pair.check(), pair.ours()) == (EQUAL, good)


def test_what_the_cloud_does_not_have_leaves_the_lists_and_the_books(pair: Pair) -> None:
    ghost = ident()
    for table in ("voucher", "entry_set", "entry"):
        columns = pair.office.desk.file
        with columns.read() as db:
            names = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        key = "id" if table == "voucher" else "voucher"
        picked = ", ".join("?1" if name == key else name for name in names)
        pair.tamper(
            f"INSERT INTO {table} ({', '.join(names)}) SELECT {picked} FROM {table} WHERE {key} = ?2",
            ghost,
            pair.vouchers[1],
        )
    assert pair.check() == DIFFERS
    assert pair.check() == EQUAL
    with pair.office.desk.file.read() as db:
        head = voucher.load(db, ghost)
        assert head is not None
        assert head.deleted == 1
        assert db.execute("SELECT count(*) FROM entry WHERE voucher = ?", (ghost,)).fetchone() == (0,)


def test_months_not_held_are_not_compared_and_balances_are(pair: Pair) -> None:
    pair.tamper(TAMPERED["a number"], pair.vouchers[1])
    pair.tamper("INSERT INTO month_missing (branch, month) VALUES (?, 202602)", HCM)
    assert pair.check() == EQUAL
    pair.tamper("UPDATE balance SET debit = debit + 5 WHERE dimension = 0 AND account = '131' AND period = 202602")
    assert pair.check() == DIFFERS


def test_what_is_being_worked_on_here_is_left_alone(pair: Pair) -> None:
    body = journal("N1", branch=HCM, amount=77, accounting_date="2026-03-10")  # was in February
    with pair.office.desk.file.read() as db:
        head = voucher.load(db, pair.vouchers[8])
    assert head is not None
    saved = pair.office.save(journal("N8X", amount=77, accounting_date="2026-02-11"), head.id, head.revision)
    assert isinstance(saved, Saved), saved
    assert pair.check() == EQUAL
    pair.tamper(TAMPERED["a day"], pair.vouchers[1])  # its own month is compared all the same
    assert pair.check() == DIFFERS
    with pair.office.desk.file.read() as db:
        mine = voucher.load(db, head.id)
        assert mine is not None
        assert (mine.number, mine.day) == ("N8X", 20260211)
    assert body["number"] == "N1"


def test_what_the_feed_has_still_to_tell_of_our_own_acts_is_not_compared(pair: Pair) -> None:
    """Seed 528: saved and answered between the cloud's count and ours, it was counted here and not there."""

    def saves() -> None:
        pair.office.desk.file.write(lambda db: meta.put(db, {"acked_seq": meta.number(db, "head_seq") + 1}))

    pair.line.busy = saves
    assert pair.check() == MOVED


def test_a_page_taken_in_part_is_not_compared(pair: Pair) -> None:
    """What of a page stands here already is not in the digests of the seq before it: no difference, nothing to mend."""
    old = pair.line.digests()
    for at in range(2):
        pair.sender.push(pair.sender.save(ident(), journal(f"N9{at}"), post_to=BOOK))
    drain(pair.lane)
    with pair.office.desk.file.read() as db:
        cursor = meta.text(db, "cursor")
    page = pair.line.feed(cursor, 1, 0)
    assert page.more
    incoming.take_page(pair.office.desk, page)
    now, pair.line.digests = pair.line.digests, lambda: old  # type: ignore[method-assign]
    assert pair.check() == MOVED
    pair.line.digests = now  # type: ignore[method-assign]
    pair.read()
    assert pair.check() == EQUAL


def test_row_1_a_mend_is_written_a_few_objects_at_a_time(pair: Pair) -> None:
    """Whoever saves while a large month is fetched again waits for a slice of it, not for a page."""
    desk = pair.office.desk
    body = journal("N1", branch=HCM, accounting_date="2026-02-10", lines=[journal()["lines"][0]] * 60)
    for at in range(4):
        pair.sender.push(pair.sender.save(ident(), {**body, "number": f"M{at}"}, post_to=BOOK))
    drain(pair.lane)
    pair.read()
    pair.tamper("UPDATE voucher SET number = number || 'x' WHERE number LIKE 'M%'")
    pair.tamper("UPDATE balance SET debit = debit + 5 WHERE dimension = 0")
    pair.tamper("UPDATE catalog_entry SET seq = seq + 1")
    changed: list[int] = []
    write = desk.file.write

    def watched(job: Callable[[Connection], Any]) -> Any:
        with desk.file.read() as db:
            before = db.total_changes()
        found = write(job)
        with desk.file.read() as db:
            changed.append(db.total_changes() - before)
        return found

    desk.file.write = watched  # type: ignore[method-assign]
    assert pair.check() == DIFFERS
    desk.file.write = write  # type: ignore[method-assign]
    assert pair.check() == EQUAL
    assert max(changed) < sum(changed) / 4


def test_a_month_fetched_for_books_that_are_no_more_is_not_taken(pair: Pair) -> None:
    """A snapshot begins while it is fetched: its entries would stand in books that have them in their balances."""
    pair.tamper("DELETE FROM entry_set WHERE voucher = ?", pair.vouchers[1])
    theirs = pair.line.digests()
    pair.line.digests = lambda: theirs  # type: ignore[method-assign]
    pair.line.busy = lambda: incoming.begin_snapshot(pair.office.desk)
    assert pair.check() == DIFFERS
    with pair.office.desk.file.read() as db:
        assert db.execute("SELECT count(*) FROM entry_set").fetchone() == (0,)


def test_a_cloud_that_went_on_meanwhile_is_not_compared(pair: Pair) -> None:
    pair.line.busy = lambda: None
    pair.sender.push(pair.sender.save(ident(), journal("N90")))
    assert pair.check() == MOVED
    pair.read()
    assert pair.check() == EQUAL


def test_what_changes_while_a_month_is_fetched_is_told_by_the_feed_and_counted_once(pair: Pair) -> None:
    pair.tamper(TAMPERED["a number"], pair.vouchers[1])
    moved: list[str] = []

    def meanwhile() -> None:
        """Before the first page: one more voucher of the month is posted, and another one unposted and deleted."""
        if not moved:
            moved.append(ident())
            sender = pair.sender
            sender.push(
                sender.save(moved[0], journal("N91", branch=HCM, amount=5, accounting_date="2026-02-12"), post_to=BOOK),
                sender.act(pair.vouchers[7], "unpost", base=1),
                sender.act(pair.vouchers[7], DELETE, base=2),
            )
            drain(pair.lane)

    real, pair.line.busy = pair.line.digests, lambda: None
    found = real()
    pair.line.digests = lambda: found  # type: ignore[method-assign]
    pair.line.busy = meanwhile
    assert pair.check() == DIFFERS
    pair.line.busy, pair.line.digests = lambda: None, real  # type: ignore[method-assign]
    pair.read()
    assert pair.check() == EQUAL


def test_what_people_change_while_it_is_fetched_stays_on_their_screens(pair: Pair) -> None:
    """I6: a form typed between the comparison and the mend waits for its answer like any other."""
    pair.tamper(TAMPERED["a number"], pair.vouchers[2])
    pair.tamper("UPDATE catalog_entry SET seq = seq + 1 WHERE id = ?", VENDOR)
    theirs, typed = pair.line.digests(), list[Any]()
    pair.line.digests = lambda: theirs  # type: ignore[method-assign]
    key = pair.vouchers[8]  # of the same branch and month, unposted

    def meanwhile() -> None:
        if not typed:
            with pair.office.desk.file.read() as db:
                head, row = voucher.load(db, key), catalog.load(db, "partner", CUSTOMER)
            assert head is not None
            assert row is not None
            mine = journal("N8", amount=77, accounting_date="2026-03-10")
            typed.append(pair.office.save(mine, key, head.revision))
            partner = {"code": "KH01", "name": "Tên vừa gõ", "is_customer": True}
            typed.append(pair.office.entry("partner", CUSTOMER, partner, base=row.revision))

    pair.line.busy = meanwhile
    assert pair.check() == DIFFERS
    assert all(isinstance(each, Saved) for each in typed), typed
    with pair.office.desk.file.read() as db:
        mine, row = voucher.load(db, key), catalog.load(db, "partner", CUSTOMER)
        mended = voucher.load(db, pair.vouchers[2])
        assert mine is not None
        assert voucher.body(db, key, mine.revision) == typed[0].body
    assert row is not None
    assert mended is not None
    assert (mine.revision, row.body, mended.number) == (typed[0].revision, typed[1].body, "N2")
