"""The feed as both stores have to keep it: order, pages, entitlement, entry sets, snapshot, download; and hello."""

from typing import Any

import msgspec

from socai.base.fault import Fault
from socai.cloud.enrol import release, revoke
from socai.cloud.hello import greet
from socai.cloud.lane import LaneStore, Poster, serve_one
from socai.cloud.store.connection import POSTER, Database
from socai.cloud.store.memory import MemoryStore
from socai.cloud.store.port import CloudStore
from socai.cloud.store.postgres import PostgresStore
from socai.cloud.store.posting_memory import MemoryLane
from socai.cloud.store.posting_postgres import PostgresLane
from socai.cloud.store.row import Cursor, DownloadFilter, ReplicaRow, parse_cursor
from socai.sync.message import DELETE, POST, UNPOST, FeedItem, Hello, HelloAnswer, SnapshotChunk
from support.sender import CATALOGS, HCM, HN, TIMELINE, Sender, company, enrol, ident, journal, specs

ALL = frozenset[str]()
YEAR = DownloadFilter(20260101, 20261231)


def read_all(sender: Sender, branches: frozenset[str] = ALL, limit: int = 3) -> list[FeedItem]:
    """Every item from the beginning, page by page, as a data server reads them."""
    found: list[FeedItem] = []
    cursor = Cursor()
    while True:
        items, cursor, head = sender.store.feed(sender.ref, cursor, branches, limit, 10**9)
        found += items
        if not items and cursor.seq >= head:
            return found


def post_all(store: CloudStore) -> None:
    """Let a worker of this store do all its work."""
    if isinstance(store, MemoryStore):
        _serve(MemoryLane(store))
    else:
        assert isinstance(store, PostgresStore)
        with Database(store.database.dsn, POSTER, 2) as database:
            _serve(PostgresLane(database))


def _serve(lane: LaneStore) -> None:
    poster = Poster(lane, specs())
    done, bucket = 1, None
    while done:
        bucket, done = serve_one(lane, poster, "test", bucket)


class TestFeedContract:
    def test_pages_hold_every_object_once_in_seq_kind_id_order(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        vouchers = [ident() for _ in range(7)]
        office.push(*(office.save(each, journal(f"N{at}")) for at, each in enumerate(vouchers)))
        items = read_all(office)
        keys = [(item.seq, "voucher" if item.kind == "voucher" else item.object_kind, item.id) for item in items]
        assert keys == sorted(keys)
        assert sorted(item.id for item in items) == sorted([*vouchers, *(each[1] for each in CATALOGS)])

    def test_what_lies_ahead_is_counted_by_kind_and_type(self, cloud_store: CloudStore) -> None:
        """Row 11: what changed elsewhere is told before it is read."""
        office = company(cloud_store)
        counts, head = cloud_store.ahead(office.ref, Cursor(), ALL, 1000)
        assert sum(item.count for item in counts) == len(CATALOGS)
        assert [item.count for item in counts if item.object_kind == "partner"] == [3]
        _, cursor, _ = cloud_store.feed(office.ref, Cursor(), ALL, 1000, 10**9)
        office.push(office.save(ident(), journal("N1")), office.save(ident(), journal("N2", branch=HCM)))
        counts, head = cloud_store.ahead(office.ref, cursor, ALL, 1000)
        assert [(item.kind, item.object_kind, item.count) for item in counts] == [("voucher", "journal", 2)]
        assert head > cursor.seq
        counts, _ = cloud_store.ahead(office.ref, cursor, frozenset([HN]), 1000)
        assert [item.count for item in counts] == [1]

    def test_held_vouchers_are_heard_again_where_they_changed(self, cloud_store: CloudStore) -> None:
        """Row 10: after a snapshot took the feed's place, what is held is brought up to date, tombstones too."""
        office = company(cloud_store)
        kept, changed, gone = ident(), ident(), ident()
        office.push(*(office.save(each, journal(f"N{at}")) for at, each in enumerate((kept, changed, gone))))
        items, _, _ = cloud_store.feed(office.ref, Cursor(), ALL, 1000, 10**9)
        unknown = ident()
        held = {item.id: item.seq for item in items if item.kind == "voucher"} | {unknown: 0}
        assert cloud_store.reheard(office.ref, held, ALL) == ([], [unknown])
        office.push(office.save(changed, journal("N1", amount=700), base=1, post_to=["financial"]))
        office.push(office.act(gone, DELETE, base=1))
        post_all(cloud_store)
        found = {item.id: item for item in cloud_store.reheard(office.ref, held, ALL)[0]}
        assert set(found) == {changed, gone}
        assert (found[gone].deleted, found[changed].version) == (True, 2)
        assert [each.voided_seq for each in found[changed].sets] == [0]

    def test_what_a_restored_cloud_has_older_than_it_was_heard_is_heard_again(self, cloud_store: CloudStore) -> None:
        """Row 18: of what it has nothing of, it says so; and so it does of another branch's to an office of one.

        That office held it, so it was lost, and somebody else has sent it again in another branch (seed 2058).
        """
        office = company(cloud_store)
        north, south, lost = ident(), ident(), ident()
        office.push(office.save(north, journal("N1")), office.save(south, journal("N2", branch=HCM)))
        ahead = cloud_store.tenant(office.ref).seq + 100
        items, unknown = cloud_store.reheard(office.ref, dict.fromkeys((north, south, lost), ahead), frozenset([HN]))
        assert ([item.id for item in items], unknown) == ([north], sorted((south, lost)))

    def test_a_changed_object_moves_behind_the_cursor_and_is_read_again_at_its_newest(
        self, cloud_store: CloudStore
    ) -> None:
        office = company(cloud_store)
        voucher = ident()
        office.push(office.save(voucher, journal("N1", amount=1)))
        _, cursor, _ = cloud_store.feed(office.ref, Cursor(), ALL, 1000, 10**9)
        assert cloud_store.feed(office.ref, cursor, ALL, 1000, 10**9)[0] == []
        office.push(office.save(voucher, journal("N1", amount=2), base=1))
        items, further, _ = cloud_store.feed(office.ref, cursor, ALL, 1000, 10**9)
        assert [(item.id, item.version) for item in items] == [(voucher, 2)]
        assert further > cursor

    def test_an_office_of_one_branch_reads_its_vouchers_and_all_catalogs(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        north, south = ident(), ident()
        office.push(office.save(north, journal("N1")), office.save(south, journal("N1", branch=HCM)))
        seen = {item.id for item in read_all(office, frozenset([HCM]), 2)}
        assert seen == {south, *(each[1] for each in CATALOGS)}

    def test_a_page_ends_where_its_bytes_do_but_is_never_empty_for_that(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        items, cursor, head = cloud_store.feed(office.ref, Cursor(), ALL, 1000, 1)
        assert len(items) == 1
        assert cursor < (head, "~")

    def test_cursors_travel_as_text_and_strangers_are_refused(self, cloud_store: CloudStore) -> None:
        cursor = Cursor(12, "fiscal_year", "2026:a")
        assert parse_cursor(cursor.text()) == cursor
        assert parse_cursor("") == Cursor()
        assert [parse_cursor(text) for text in ("x", "-1:a:b", "1" * 30, "1:a:\0")] == [None] * 4

    def test_posting_shows_as_a_change_with_its_entry_set(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        voucher = ident()
        office.push(office.save(voucher, journal("N1", amount=700), post_to=["financial"]))
        _, cursor, _ = cloud_store.feed(office.ref, Cursor(), ALL, 1000, 10**9)
        post_all(cloud_store)
        ((item,), _, _) = cloud_store.feed(office.ref, cursor, ALL, 1000, 10**9)
        (book,), (posted,) = item.books, item.sets
        assert (book.posted, book.running, book.faults) == (True, "", [])
        assert (posted.set_no, posted.version, posted.day, posted.posted_seq) == (1, 1, "2026-03-05", item.seq)
        assert (posted.number, posted.branch, posted.voucher_date) == ("N1", HN, "2026-03-05")
        line, amount, debit, credit, text, _ = msgspec.json.decode(msgspec.json.encode(posted.entries[0]))
        assert (line, amount, debit[0], credit[0], text) == (1, 700, "131", "5111", "Bán hàng chưa thu tiền")

    def test_a_voided_set_travels_to_those_who_have_not_read_past_it(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        voucher = ident()
        office.push(office.save(voucher, journal("N1", amount=700), post_to=["financial"]))
        post_all(cloud_store)
        _, cursor, _ = cloud_store.feed(office.ref, Cursor(), ALL, 1000, 10**9)
        office.push(office.act(voucher, UNPOST, base=1))
        post_all(cloud_store)
        ((item,), behind, _) = cloud_store.feed(office.ref, cursor, ALL, 1000, 10**9)
        (void,) = item.sets
        assert (void.set_no, void.voided_seq, len(void.entries)) == (1, item.seq, 1)
        office.push(office.act(voucher, POST, base=2))
        post_all(cloud_store)
        ((item,), _, _) = cloud_store.feed(office.ref, behind, ALL, 1000, 10**9)
        assert [(each.set_no, each.voided_seq > 0) for each in item.sets if each.voided_seq == 0] == [(2, False)]

    def test_the_snapshot_is_the_balances_of_the_branches_and_feeds_on_from_its_seq(
        self, cloud_store: CloudStore
    ) -> None:
        office = company(cloud_store)
        office.push(
            office.save(ident(), journal("N1", amount=700), post_to=["financial"]),
            office.save(ident(), journal("N1", branch=HCM, amount=50), post_to=["financial"]),
        )
        post_all(cloud_store)
        chunks = list(cloud_store.snapshot(office.ref, frozenset([HCM]), 2))
        rows = [row for chunk in chunks for row in chunk.balances]
        assert {row.branch for row in rows} == {HCM}
        assert {(row.account, row.debit, row.credit) for row in rows if row.dimension == 0} == {
            ("131", 50, 0), ("5111", 0, 50),
        }  # fmt: skip
        assert {item.id for chunk in chunks for item in chunk.catalog} == {each[1] for each in CATALOGS}
        first, last = chunks[0], chunks[-1]
        assert (first.seq, last) == (cloud_store.tenant(office.ref).seq, SnapshotChunk(end=True))
        cursor = parse_cursor(first.cursor)
        assert cursor is not None
        assert cloud_store.feed(office.ref, cursor, ALL, 10, 10**9)[0] == []

    def test_a_download_gives_a_period_by_day_with_live_sets_and_can_be_resumed(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        days = ["2026-03-05", "2026-02-01", "2026-04-30", "2026-02-01"]
        for at, day in enumerate(days):
            office.push(office.save(ident(), journal(f"N{at}", accounting_date=day), post_to=["financial"]))
        office.push(office.save(ident(), journal("S1", branch=HCM)))
        post_all(cloud_store)
        wanted = DownloadFilter(20260201, 20260331, "journal", frozenset([HN]))
        found: list[FeedItem] = []
        after: tuple[int, str] | None = (0, "00000000-0000-0000-0000-000000000000")
        while after is not None:
            items, after = cloud_store.download(office.ref, wanted, after, 2, 10**9)
            found += items
        numbers = [msgspec.json.decode(item.body)["number"] for item in found]
        assert sorted(numbers[:2]) == ["N1", "N3"]
        assert numbers[2:] == ["N0"]
        assert [len(item.sets) for item in found] == [1, 1, 1]
        assert cloud_store.download_count(office.ref, wanted) == 3
        assert cloud_store.download_count(office.ref, YEAR) == 5


class TestHelloContract:
    def ask(self, office: Sender, **changed: Any) -> HelloAnswer:
        replica = office.store.replica(office.ref, office.replica)
        assert replica is not None
        known = {
            "protocol": 1,
            "replica": office.replica,
            "epoch": office.epoch,
            "last_n": replica.last_n,
            "last_hash": replica.last_hash,
            "schema": 1,
            "timeline": TIMELINE,
        }
        answer = greet(office.store, office.ref, Hello(**{**known, **changed}))
        assert isinstance(answer, HelloAnswer)
        return answer

    def test_one_history_is_ok_and_says_how_far_it_was_recorded(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        answer = self.ask(office)
        assert (answer.verdict, answer.accepted_n, answer.epoch, answer.tenant) == ("ok", office.n, 1, "minhphat")

    def test_operations_numbered_but_never_arrived_are_no_trouble(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        answer = self.ask(office, last_n=office.n + 5, last_hash="of an operation the cloud has not seen")
        assert (answer.verdict, answer.accepted_n) == ("ok", office.n)

    def test_a_restored_file_goes_on_under_a_new_epoch(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        office.n, known = 0, office.n
        first = office.entry(*CATALOGS[0])
        record = cloud_store.record(office.ref, office.replica, 1, known - 2)
        assert record is not None
        answer = self.ask(office, last_n=known - 2, last_hash=record.sha256)
        assert (answer.verdict, answer.epoch, answer.accepted_n) == ("new_epoch", 2, 0)
        again = self.ask(office, last_n=known - 2, last_hash=record.sha256)
        assert (again.verdict, again.epoch) == ("new_epoch", 3)
        assert office.send([first]).fault is not None

    def test_a_file_whose_past_differs_is_quarantined_until_a_person_decides(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        clone = self.ask(office, last_hash="0" * 64)
        after = self.ask(office)
        assert (clone.verdict, after.verdict) == ("quarantine", "quarantine")
        assert [fault.code for fault in after.faults] == ["REPLICA_QUARANTINED"]

    def test_a_restored_cloud_asks_for_what_its_backup_lacks(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        lost = cloud_store.tenant(office.ref).seq + 1_000  # the feed was read further than the backup goes
        cloud_store.set_timeline(office.ref, ident())
        cursor = f"{lost}:~:"
        answer = self.ask(office, last_n=office.n + 9, last_hash="acknowledged before the restore", cursor=cursor)
        assert (answer.verdict, answer.accepted_n) == ("rewind", office.n)
        assert answer.cursor == cursor, "what others send again before we come lies behind it"
        assert cloud_store.tenant(office.ref).seq > lost
        assert answer.timeline != TIMELINE
        assert self.ask(office, timeline=answer.timeline).verdict == "ok"

    def test_a_cloud_restored_to_before_the_epoch_begins_another_and_says_what_it_has(
        self, cloud_store: CloudStore
    ) -> None:
        office = company(cloud_store)
        cloud_store.set_timeline(office.ref, ident())
        answer = self.ask(office, epoch=office.epoch + 1, last_n=3)
        assert (answer.verdict, answer.epoch) == ("rewind", office.epoch + 2)
        assert (answer.accepted_epoch, answer.accepted_n) == (office.epoch, office.n)
        # Where that answer was lost, the same hello comes again: nothing of what the backup lacks may be left out.
        again = self.ask(office, epoch=office.epoch + 1, last_n=3)
        assert (again.verdict, again.epoch) == ("rewind", answer.epoch + 1)
        assert (again.accepted_epoch, again.accepted_n) == (1, 0), "all of it: act ids tell what is here"

    def test_a_protocol_the_cloud_does_not_speak_is_told_to_upgrade(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        answer = self.ask(office, protocol=0)
        assert (answer.verdict, [fault.code for fault in answer.faults]) == ("upgrade", ["VERSION_TOO_OLD"])

    def test_every_data_server_gets_its_own_series_mark(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        for _ in range(2):
            enrol(cloud_store, office.ref)
        assert sorted(row.series_mark for row in cloud_store.replicas(office.ref)) == ["", "B", "C"]

    def test_a_person_ends_a_quarantine_or_takes_the_machine_off_the_list(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        self.ask(office, last_hash="0" * 64)
        released = release(cloud_store, office.ref, office.replica)
        assert isinstance(released, ReplicaRow)
        assert (released.state, released.epoch, released.last_n) == ("active", 2, 0)
        assert self.ask(office, epoch=2).verdict == "ok"
        assert self.ask(office, epoch=1, last_n=office.n, last_hash="the other copy").verdict == "new_epoch"
        revoke(cloud_store, office.ref, office.replica)
        gone = greet(cloud_store, office.ref, Hello(1, office.replica, 3, 0, "", 1, TIMELINE))
        assert isinstance(gone, Fault)
        assert gone.code == "REPLICA_UNKNOWN"
        unknown = release(cloud_store, office.ref, ident())
        assert isinstance(unknown, Fault)
