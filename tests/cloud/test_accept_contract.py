"""Accept, as both stores have to keep it: what is recorded, what is refused, what is asked of the lane."""

import msgspec

from socai.cloud.store.port import CloudStore
from socai.cloud.store.row import Cursor
from socai.core.voucher import parse_voucher
from socai.sync.message import DELETE, POST, QUICK_EDIT, RENUMBER, UNPOST, FeedItem, Outcome, Push, form_hash
from support.sender import CUSTOMER, FUND, HCM, HN, TIMELINE, Sender, company, enrol, ident, journal, specs


def codes(outcome: Outcome) -> list[str]:
    return [fault.code for fault in outcome.faults]


def item(sender: Sender, ident_: str) -> FeedItem:
    items, _, _ = sender.store.feed(sender.ref, Cursor(), frozenset(), 10_000, 10**9)
    return next(each for each in items if each.id == ident_)


class TestAcceptContract:
    def test_a_saved_voucher_is_version_1_and_its_change_carries_the_seq_it_was_answered(
        self, cloud_store: CloudStore
    ) -> None:
        office = company(cloud_store)
        voucher = ident()
        (outcome,) = office.push(office.save(voucher, journal("NVK00001")))
        found = item(office, voucher)
        assert (outcome.result, outcome.version) == ("applied", 1)
        assert (found.version, found.seq, found.author, found.object_kind) == (1, outcome.seq, "chief", "journal")
        normal, faults = parse_voucher(specs()["journal"], journal("NVK00001"), {"VND": 0})
        assert faults == ()
        assert bytes(found.body) == msgspec.json.encode(normal)
        assert found.books == []

    def test_an_operation_sent_twice_is_duplicate_with_its_first_answer(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        operation = office.save(ident(), journal("NVK00001"))
        refused = office.save(ident(), journal("NVK00001"))
        first = office.push(operation, refused)
        again = office.push(operation, refused)
        assert [outcome.result for outcome in again] == ["duplicate", "duplicate"]
        assert [outcome.first for outcome in again] == ["applied", "rejected"]
        assert (again[0].version, again[0].seq) == (first[0].version, first[0].seq)
        assert codes(again[1]) == codes(first[1]) == ["NUMBER_TAKEN"]

    def test_the_same_n_with_another_hash_quarantines_the_replica(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        office.push(office.save(ident(), journal()))
        office.n -= 1
        answer = office.send([office.save(ident(), journal())])
        assert answer.fault is not None
        assert answer.fault.code == "REPLICA_QUARANTINED"
        further = office.send([office.save(ident(), journal())])
        assert further.fault is not None
        assert further.fault.code == "REPLICA_QUARANTINED"
        assert further.outcomes == []

    def test_a_gap_an_old_epoch_and_damage_are_refused_whole_and_nothing_is_recorded(
        self, cloud_store: CloudStore
    ) -> None:
        office = company(cloud_store)
        last = office.n
        office.n += 1
        gap = office.send([office.save(ident(), journal())])
        office.n, office.epoch = last, 7
        epoch = office.send([office.save(ident(), journal())])
        office.n, office.epoch = last, 1
        damaged = msgspec.structs.replace(office.save(ident(), journal()), user="admin")
        office.n = last
        found = [each.fault.code for each in (gap, epoch, office.send([damaged])) if each.fault]
        assert found == ["EPOCH_UNKNOWN", "EPOCH_UNKNOWN", "HASH_MISMATCH"]
        replica = cloud_store.replica(office.ref, office.replica)
        assert replica is not None
        assert replica.last_n == last

    def test_an_edit_on_the_version_it_saw_is_the_next_version(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        voucher = ident()
        office.push(office.save(voucher, journal(amount=1)))
        (outcome,) = office.push(office.save(voucher, journal(amount=2), base=1))
        assert (outcome.result, outcome.version) == ("applied", 2)
        assert msgspec.json.decode(item(office, voucher).body)["lines"][0]["amount"] == "2"

    def test_two_offices_edit_one_version_and_the_second_gets_the_winner(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        other = Sender(cloud_store, office.ref, enrol(cloud_store, office.ref), user="admin")
        voucher = ident()
        office.push(office.save(voucher, journal(amount=1)))
        other.push(other.save(voucher, journal(amount=2), base=1))
        (outcome,) = office.push(office.save(voucher, journal(amount=3), base=1))
        assert outcome.result == "conflict"
        assert outcome.winner is not None
        assert (outcome.winner.version, outcome.winner.author) == (2, "admin")
        assert msgspec.json.decode(outcome.winner.body)["lines"][0]["amount"] == "2"
        assert codes(outcome) == ["CONFLICT"]

    def test_a_chain_of_own_operations_goes_through_in_one_batch(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        voucher = ident()
        first = office.save(voucher, journal(amount=1), post_to=["financial"])
        second = office.save(voucher, journal(amount=2), after=first.n, post_to=["financial"])
        third = office.act(voucher, DELETE, after=second.n)
        outcomes = office.push(first, second, third)
        assert [(each.result, each.version) for each in outcomes] == [("applied", 1), ("applied", 2), ("applied", 3)]
        assert item(office, voucher).deleted

    def test_what_is_built_on_a_refused_operation_is_refused_with_that_reason(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        voucher = ident()
        first = office.save(voucher, journal(branch=ident(999)))
        second = office.save(voucher, journal(), after=first.n)
        other = office.save(ident(), journal())
        outcomes = office.push(first, second, other)
        assert [(each.result, codes(each)) for each in outcomes] == [
            ("rejected", ["CATALOG_UNKNOWN"]),
            ("rejected", ["BASE_REFUSED"]),
            ("applied", []),
        ]

    def test_a_wish_to_post_becomes_work_and_the_book_says_so(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        voucher = ident()
        office.push(office.save(voucher, journal(), post_to=["financial"]))
        (book,) = item(office, voucher).books
        assert (book.book, book.asked, book.running, book.posted) == ("financial", True, "post", False)

    def test_post_and_unpost_are_versions_and_need_the_right_state(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        voucher = ident()
        office.push(office.save(voucher, journal()))
        (early,) = office.push(office.act(voucher, UNPOST, base=1))
        (posted,) = office.push(office.act(voucher, POST, base=1))
        (back,) = office.push(office.act(voucher, UNPOST, base=2))
        assert codes(early) == ["ACT_NOT_POSTED"]
        assert (posted.version, back.version) == (2, 3)
        (book,) = item(office, voucher).books
        assert (book.asked, book.running) == (False, "unpost")

    def test_a_quick_edit_changes_free_fields_only(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        voucher = ident()
        office.push(office.save(voucher, journal(amount=1)))
        (refused,) = office.push(office.save(voucher, journal(amount=2), act=QUICK_EDIT, base=1))
        (renumbered,) = office.push(office.save(voucher, journal("NVK7", amount=1), act=RENUMBER, base=1))
        assert codes(refused) == ["ACT_UNAVAILABLE"]
        assert refused.faults[0].field == "lines"
        assert renumbered.version == 2

    def test_a_number_is_taken_once_and_given_back(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        voucher, other = ident(), ident()
        office.push(office.save(voucher, journal("NVK1")))
        (taken,) = office.push(office.save(other, journal("NVK1")))
        (elsewhere,) = office.push(office.save(ident(), journal("NVK1", branch=HCM)))
        office.push(office.save(voucher, journal("NVK2"), base=1))
        (now_free,) = office.push(office.save(other, journal("NVK1")))
        assert codes(taken) == ["NUMBER_TAKEN"]
        assert (elsewhere.result, now_free.result) == ("applied", "applied")
        office.push(office.act(other, DELETE, base=1))
        (after_delete,) = office.push(office.save(ident(), journal("NVK1")))
        assert after_delete.result == "applied"

    def test_rights_are_checked_again_for_the_user_and_the_office(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        south = Sender(cloud_store, office.ref, enrol(cloud_store, office.ref, (HCM,)), user="chief")
        found = [
            *office.push(office.save(ident(), journal(branch=HCM), user="clerk")),
            *office.push(office.save(ident(), journal(), user="nobody")),
            *south.push(south.save(ident(), journal(branch=HN))),
            *office.push(office.entry("company", "company", {"name": "Khác"}, base=1, user="clerk")),
            *office.push(office.save(ident(), journal(branch=HN), user="clerk")),
        ]
        assert [codes(each) for each in found] == [
            ["BRANCH_UNKNOWN"], ["RIGHT_MISSING"], ["BRANCH_UNKNOWN"], ["RIGHT_MISSING"], [],
        ]  # fmt: skip

    def test_catalog_codes_are_unique_whatever_their_case(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        (twice,) = office.push(office.entry("partner", ident(), {"code": "kh01", "name": "Trùng mã"}))
        assert codes(twice) == ["CATALOG_CODE_TAKEN"]
        office.push(office.entry("partner", CUSTOMER, {"code": "KH-CU", "name": "An Bình"}, base=1))
        (now,) = office.push(office.entry("partner", ident(), {"code": "kh01", "name": "Mã đã trả lại"}))
        assert now.result == "applied"

    def test_a_used_entry_is_not_deleted_and_an_unused_one_is(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        office.push(office.save(ident(), journal()))
        (used,) = office.push(office.entry("partner", CUSTOMER, None, base=1))
        (unused,) = office.push(office.entry("fund", FUND, None, base=1))
        (gone,) = office.push(office.entry("fund", FUND, None, base=2))
        assert codes(used) == ["CATALOG_USED"]
        assert unused.result == "applied"
        assert codes(gone) == ["ACT_DELETED"]
        assert item(office, FUND).deleted
        assert bytes(item(office, FUND).body) == b""

    def test_an_entry_no_longer_followed_stays_where_it_stood_and_enters_nowhere_new(
        self, cloud_store: CloudStore
    ) -> None:
        office = company(cloud_store)
        voucher = ident()
        office.push(office.save(voucher, journal()))
        office.push(office.entry("partner", CUSTOMER, {"code": "KH01", "name": "An Bình", "active": False}, base=1))
        (edited,) = office.push(office.save(voucher, journal(amount=2), base=1))
        (new,) = office.push(office.save(ident(), journal()))
        assert edited.result == "applied"
        assert codes(new) == ["CATALOG_INACTIVE"]

    def test_bad_bodies_are_recorded_as_refused_and_the_queue_goes_on(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        found = office.push(
            office.save(ident(), b'{"type": "journal"'),
            office.save(ident(), b"[1]"),
            office.save(ident(), journal(colour="red")),
            office.save(ident(), journal(description="a\0b")),
            office.save("not-an-id", journal()),
            office.operation("voucher", "no_such_type", ident(), "save", body={}),
            office.operation("voucher", "journal", ident(), "burn"),
            office.entry("partner", ident(), {"code": "X\0", "name": "NUL"}),
            office.save(ident(), journal()),
        )
        assert [codes(each) for each in found] == [
            ["JSON_INVALID"], ["JSON_INVALID"], ["FIELD_UNKNOWN"], ["TEXT_INVALID"], ["IDENT_INVALID"],
            ["TYPE_UNKNOWN"], ["ACT_UNAVAILABLE"], ["TEXT_INVALID"], [],
        ]  # fmt: skip

    def test_a_restored_file_sends_again_under_a_new_epoch_and_nothing_happens_twice(
        self, cloud_store: CloudStore
    ) -> None:
        office = company(cloud_store)
        voucher = ident()
        operation = office.save(voucher, journal("NVK1"), act_id=ident(77))
        office.push(operation)
        cloud_store.change_replica(office.ref, office.replica, 2, 0, "", "active")
        office.epoch, office.n = 2, 0
        again = office.save(voucher, journal("NVK1"), act_id=ident(77))
        further = office.save(voucher, journal("NVK1", amount=5), after=again.n)
        first, second = office.push(again, further)
        assert (first.result, first.first, first.version) == ("duplicate", "applied", 1)
        assert (second.result, second.version) == ("applied", 2)

    def test_many_operations_are_taken_in_order_whatever_the_slices(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        voucher = ident()
        batch = [office.save(voucher, journal("NVK1", amount=1))]
        for amount in range(2, 252):
            batch.append(office.save(voucher, journal("NVK1", amount=amount), after=batch[-1].n))
        outcomes = office.push(*batch)
        assert [outcome.version for outcome in outcomes] == list(range(1, 252))

    def test_a_voucher_moved_to_another_branch_reads_as_gone_where_it_was(self, cloud_store: CloudStore) -> None:
        office = company(cloud_store)
        voucher = ident()
        office.push(office.save(voucher, journal(branch=HCM)))
        office.push(office.save(voucher, journal(branch=HN), base=1))
        items, _, _ = cloud_store.feed(office.ref, Cursor(), frozenset([HCM]), 1000, 10**9)
        south = next(each for each in items if each.id == voucher)
        assert south.deleted
        assert bytes(south.body) == b""
        assert not item(office, voucher).deleted

    def test_a_version_given_out_again_for_another_form_is_a_conflict(self, cloud_store: CloudStore) -> None:
        """Row 18, I4: after a restore version 2 is another office's; who saw the lost one does not overwrite it."""
        office = company(cloud_store)
        key, partner = ident(), ident()
        seen, stands = journal("NVK00001", amount=200), journal("NVK00001", amount=999)
        office.push(office.save(key, journal("NVK00001")), office.save(key, stands, base=1))
        office.push(office.entry("partner", partner, {"code": "P1", "name": "Của họ", "is_vendor": True}))
        mine = [
            office.save(key, journal("NVK00001", amount=5), base=2),
            office.act(key, "post", post_to=["financial"], base=2),
            office.act(key, "delete", base=2),
            office.entry("partner", partner, {"code": "P1", "name": "Của tôi", "is_vendor": True}, base=1),
        ]
        name = msgspec.json.encode({"code": "P1", "name": "Bản đã mất", "is_vendor": True})
        lost = [form_hash(msgspec.json.encode(seen))] * 3 + [form_hash(name)]
        said = Push(1, office.replica, 1, mine, forms={each.n: form for each, form in zip(mine, lost, strict=True)})
        found = office.acceptor.push(office.ref, office.replica, mine, said).outcomes
        assert [(each.result, each.version) for each in found] == [("conflict", 2)] * 3 + [("conflict", 1)]
        assert found[0].winner is not None
        assert msgspec.json.decode(found[0].winner.body)["lines"][0]["amount"] == "999"
        again = office.save(key, journal("NVK00001", amount=6), base=2)
        normal, _ = parse_voucher(specs()["journal"], stands, {"VND": 0})
        backwards = msgspec.json.encode(dict(reversed(normal.items())))
        said = Push(1, office.replica, 1, [again], forms={again.n: form_hash(backwards)})
        (taken,) = office.acceptor.push(office.ref, office.replica, [again], said).outcomes
        assert (taken.result, taken.version) == ("applied", 3), "the same form, whatever the order of its fields"

    def test_a_push_of_another_timeline_is_taken_after_a_hello_only(self, cloud_store: CloudStore) -> None:
        """Row 18: its numbers may fit by chance, and its versions mean other forms."""
        office = company(cloud_store)
        batch = [office.save(ident(), journal("NVK00001"))]
        cloud_store.set_timeline(office.ref, ident())
        answer = office.acceptor.push(
            office.ref, office.replica, batch, Push(1, office.replica, 1, batch, timeline=TIMELINE)
        )
        assert answer.fault is not None
        assert (answer.fault.code, answer.outcomes) == ("EPOCH_UNKNOWN", [])
