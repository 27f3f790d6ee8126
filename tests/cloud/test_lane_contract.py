"""Posting through the lane, as both stores have to keep it: what enters the books, what leaves, what stays queued."""

from typing import Any

import pytest

from socai.cloud.lane import COMMITTED, LOST, STALE, LaneStore, Poster
from socai.cloud.store.port import CloudStore
from socai.sync.lane import WEIGHT_NORMAL, Quantum, due
from socai.sync.message import DELETE, POST, UNPOST
from support.posting import (
    BOOK,
    CHART,
    account,
    balances,
    book,
    codes,
    drain,
    item,
    items,
    payment,
    posted,
    rebuilt,
    receipt,
    set_company,
)
from support.sender import FUND, HN, Sender, company, ident, journal, specs


@pytest.fixture
def office(cloud_store: CloudStore) -> Sender:
    """The office of a small company."""
    return company(cloud_store)


class TestPosting:
    def test_a_posted_voucher_is_in_the_books_and_its_change_carries_the_sets_seq(
        self, office: Sender, lane: LaneStore
    ) -> None:
        voucher = posted(office, journal("NVK00001", amount=1_000_000))
        before = item(office, voucher)
        assert (before.books[0].running, before.books[0].posted, before.sets) == ("post", False, [])
        drain(lane)
        after = item(office, voucher)
        (entry_set,) = after.sets
        assert (after.books[0].posted, after.books[0].running, after.books[0].faults) == (True, "", [])
        assert (entry_set.set_no, entry_set.version, entry_set.voided_seq) == (1, 1, 0)
        assert entry_set.posted_seq == after.seq > before.seq
        assert (after.version, entry_set.day, len(entry_set.entries)) == (1, "2026-03-05", 1)
        assert after.books[0].posted_at
        assert (account(office, "131"), account(office, "5111")) == (1_000_000, -1_000_000)

    def test_post_then_unpost_leaves_zero_and_keeps_the_history(self, office: Sender, lane: LaneStore) -> None:
        voucher = posted(office, journal(amount=700_000))
        drain(lane)
        office.push(office.act(voucher, UNPOST, base=1))
        assert book(office, voucher).running == "unpost"
        drain(lane)
        after = item(office, voucher)
        assert balances(office.store, office.ref) == {}
        assert (after.books[0].posted, after.books[0].running) == (False, "")
        (entry_set,) = after.sets
        assert entry_set.voided_seq == after.seq > entry_set.posted_seq
        assert len(entry_set.entries) == 1

    def test_reposting_makes_the_next_set_and_only_one_is_live(self, office: Sender, lane: LaneStore) -> None:
        voucher = posted(office, journal(amount=700_000))
        drain(lane)
        office.push(office.act(voucher, UNPOST, base=1))
        drain(lane)
        office.push(office.act(voucher, POST, base=2))
        drain(lane)
        sets = item(office, voucher).sets
        assert [(each.set_no, bool(each.voided_seq)) for each in sets] == [(1, True), (2, False)]
        assert account(office, "131") == 700_000

    def test_post_and_unpost_queued_together_are_done_in_order(self, office: Sender, lane: LaneStore) -> None:
        voucher = ident()
        first = office.save(voucher, journal(amount=5), post_to=BOOK)
        office.push(first, office.act(voucher, UNPOST, after=first.n))
        drain(lane)
        assert book(office, voucher).posted is False
        assert balances(office.store, office.ref) == {}
        assert len(item(office, voucher).sets) == 1

    def test_an_edit_behind_a_posting_replaces_the_set_in_one_step(self, office: Sender, lane: LaneStore) -> None:
        voucher = ident()
        first = office.save(voucher, journal(amount=100), post_to=BOOK)
        office.push(first)
        drain(lane)
        office.push(office.save(voucher, journal(amount=250), after=first.n, post_to=BOOK))
        drain(lane)
        old, new = item(office, voucher).sets
        assert (old.version, old.voided_seq) == (1, new.posted_seq)
        assert (new.version, new.set_no, new.voided_seq) == (2, 2, 0)
        assert account(office, "131") == 250

    def test_a_queued_posting_of_an_older_version_is_superseded_not_failed(
        self, office: Sender, lane: LaneStore
    ) -> None:
        voucher = ident()
        first = office.save(voucher, journal(amount=100), post_to=BOOK)
        office.push(first, office.save(voucher, journal(amount=250), after=first.n, post_to=BOOK))
        drain(lane)
        (only,) = item(office, voucher).sets
        assert (only.version, only.set_no) == (2, 1)
        assert (book(office, voucher).posted, book(office, voucher).fault_act) == (True, "")
        assert account(office, "131") == 250

    def test_an_edit_that_asks_no_posting_takes_the_queued_one_back(self, office: Sender, lane: LaneStore) -> None:
        voucher = ident()
        first = office.save(voucher, journal(amount=100), post_to=BOOK)
        office.push(first, office.save(voucher, journal(amount=250), after=first.n))
        drain(lane)
        assert (book(office, voucher).posted, item(office, voucher).sets) == (False, [])

    def test_a_delete_behind_a_posting_takes_it_out_and_frees_the_number(self, office: Sender, lane: LaneStore) -> None:
        voucher = ident()
        first = office.save(voucher, journal("NVK00007"), post_to=BOOK)
        office.push(first)
        drain(lane)
        office.push(office.act(voucher, DELETE, after=first.n))
        assert (item(office, voucher).deleted, book(office, voucher).running) == (False, "delete")
        drain(lane)
        gone = item(office, voucher)
        assert gone.deleted is True
        assert [bool(each.voided_seq) for each in gone.sets] == [True]
        assert balances(office.store, office.ref) == {}
        (outcome,) = office.push(office.save(ident(), journal("NVK00007")))
        assert outcome.result == "applied"

    def test_each_book_has_its_own_set_and_its_own_balances(self, office: Sender, lane: LaneStore) -> None:
        both = ["financial", "management"]
        voucher = ident()
        office.push(office.save(voucher, journal(amount=40, books=both), post_to=both))
        drain(lane)
        assert [(state.book, state.posted) for state in item(office, voucher).books] == [(name, True) for name in both]
        assert {name for name, _ in balances(office.store, office.ref)} == set(both)

    def test_a_voucher_deleted_before_its_posting_never_enters_the_books(self, office: Sender, lane: LaneStore) -> None:
        voucher = ident()
        first = office.save(voucher, journal("NVK00007"), post_to=BOOK)
        office.push(first, office.act(voucher, DELETE, after=first.n))
        drain(lane)
        assert (item(office, voucher).deleted, item(office, voucher).sets) == (True, [])


class TestRefusals:
    def test_a_fault_stands_at_its_voucher_and_the_others_are_posted(self, office: Sender, lane: LaneStore) -> None:
        no_partner = [{"debit_account": "131", "credit_account": "5111", "amount": "5"}]
        unknown = [{"debit_account": "9999", "credit_account": "5111", "amount": "5"}]
        parent = [{"debit_account": "511", "credit_account": "1111", "amount": "5"}]
        faulty = [posted(office, journal(lines=lines)) for lines in (no_partner, unknown, parent)]
        sound = posted(office, journal(amount=9))
        drain(lane)
        assert [codes(office, voucher) for voucher in faulty] == [
            ["DETAIL_REQUIRED"], ["ACCOUNT_UNKNOWN"], ["ACCOUNT_NOT_LEAF"],
        ]  # fmt: skip
        state = book(office, faulty[0])
        assert (state.posted, state.running, state.fault_act, state.asked) == (False, "", "post", True)
        assert book(office, sound).posted is True

    def test_a_failed_posting_is_mended_by_an_edit(self, office: Sender, lane: LaneStore) -> None:
        voucher = posted(office, journal(lines=[{"debit_account": "131", "credit_account": "5111", "amount": "5"}]))
        drain(lane)
        office.push(office.save(voucher, journal(amount=5), base=1, post_to=BOOK))
        drain(lane)
        assert (book(office, voucher).posted, codes(office, voucher)) == (True, [])

    @pytest.mark.parametrize(
        "day, code",
        [("2025-12-31", "DATE_BEFORE_BOOKS"), ("2027-01-01", "DATE_OUTSIDE_YEAR"), ("2026-02-28", "DATE_LOCKED")],
    )
    def test_days_outside_the_open_books(self, office: Sender, lane: LaneStore, day: str, code: str) -> None:
        if code == "DATE_LOCKED":
            _lock(office, "2026-02-28")
        voucher = posted(office, journal(accounting_date=day))
        drain(lane)
        assert codes(office, voucher) == [code]

    def test_a_locked_set_stays_and_the_unpost_fails(self, office: Sender, lane: LaneStore) -> None:
        voucher = posted(office, journal(amount=3))
        drain(lane)
        office.push(office.act(voucher, UNPOST, base=1))
        _lock(office, "2026-03-31")
        drain(lane)
        state = book(office, voucher)
        assert (state.posted, state.fault_act, codes(office, voucher)) == (True, "unpost", ["DATE_LOCKED"])
        assert account(office, "131") == 3

    def test_a_replacing_version_with_faults_leaves_nothing_old_in_the_books(
        self, office: Sender, lane: LaneStore
    ) -> None:
        voucher = ident()
        first = office.save(voucher, journal(amount=100), post_to=BOOK)
        office.push(first)
        drain(lane)
        bad = [{"debit_account": "131", "credit_account": "5111", "amount": "5"}]
        office.push(office.save(voucher, journal(lines=bad), after=first.n, post_to=BOOK))
        drain(lane)
        assert (book(office, voucher).posted, codes(office, voucher)) == (False, ["DETAIL_REQUIRED"])
        assert balances(office.store, office.ref) == {}

    def test_opening_balances_are_one_sided_balanced_and_closed_by_the_first_lock(
        self, office: Sender, lane: LaneStore
    ) -> None:
        def opening(credit: int) -> dict[str, Any]:
            rows = [{"account": "1111", "fund": FUND, "debit_amount": "500"}]
            rows += [{"account": CHART.role("capital"), "credit_amount": str(credit)}]
            return {"type": "opening", "branch": HN, "voucher_date": "2025-12-31", "accounting_date": "2025-12-31",
                    "accounts": rows}  # fmt: skip

        right, wrong = posted(office, opening(500)), posted(office, opening(499))
        drain(lane)
        assert (book(office, right).posted, codes(office, wrong)) == (True, ["UNBALANCED"])
        assert account(office, "1111") == 500
        _lock(office, "2026-01-31")
        late = posted(office, opening(500))
        drain(lane)
        assert codes(office, late) == ["OPENING_LOCKED"]


def opening(day: str = "2025-12-31", amount: int = 500) -> dict[str, Any]:
    """Opening cash against capital."""
    rows = [{"account": "1111", "fund": FUND, "debit_amount": str(amount)}]
    rows += [{"account": CHART.role("capital"), "credit_amount": str(amount)}]
    return {"type": "opening", "branch": HN, "voucher_date": day, "accounting_date": day, "accounts": rows}


class TestOpening:
    """Row 6: opening balances stand on the day before the books, whatever an office that knew less has sent."""

    @pytest.mark.parametrize("day", ["2026-01-01", "2026-05-31", "2025-12-30"])
    def test_a_date_inside_the_books_is_refused_with_the_day_to_use(
        self, office: Sender, lane: LaneStore, day: str
    ) -> None:
        voucher = posted(office, opening(day))
        drain(lane)
        (fault,) = book(office, voucher).faults
        assert (fault.code, fault.field) == ("OPENING_DATE", "accounting_date")
        assert (fault.params["date"], fault.params["expected"]) == (day, "2025-12-31")
        assert balances(office.store, office.ref) == {}

    def test_a_company_that_never_said_when_its_books_begin_goes_by_its_first_year(
        self, office: Sender, lane: LaneStore
    ) -> None:
        (outcome,) = office.push(office.entry("company", "company", {"name": "Công ty"}, base=1, user="admin"))
        assert outcome.result == "applied"
        inside, before = posted(office, opening("2026-02-01")), posted(office, opening("2025-06-30"))
        drain(lane)
        assert (codes(office, inside), codes(office, before)) == (["OPENING_DATE"], [])

    @pytest.mark.parametrize("act", [UNPOST, DELETE])
    def test_after_the_first_lock_posted_ones_do_not_leave(self, office: Sender, lane: LaneStore, act: str) -> None:
        voucher = ident()
        first = office.save(voucher, opening(), post_to=BOOK)
        office.push(first)
        drain(lane)
        office.push(office.operation("voucher", "opening", voucher, act, after=first.n, books=BOOK))
        _lock(office, "2026-01-31")
        drain(lane)
        assert (codes(office, voucher), account(office, "1111")) == (["OPENING_LOCKED"], 500)

    def test_one_left_behind_by_a_moved_first_day_can_be_taken_out(self, office: Sender, lane: LaneStore) -> None:
        voucher = posted(office, opening())
        drain(lane)
        set_company(office, books_first_day="2026-02-01")
        office.push(office.operation("voucher", "opening", voucher, UNPOST, base=1, books=BOOK))
        drain(lane)
        assert (codes(office, voucher), balances(office.store, office.ref)) == ([], {})


class TestFence:
    def test_a_zombies_commit_fails_on_the_fence_and_changes_nothing(self, office: Sender, lane: LaneStore) -> None:
        voucher = posted(office, journal(amount=8))
        zombie, fresh = Poster(lane, specs()), Poster(lane, specs())
        old = lane.claim(0, "zombie")
        assert old is not None
        prepared = zombie.prepare(old)
        assert prepared is not None
        turn = zombie.finish(prepared)
        lane.release(old)  # as an expired lease would
        new = lane.claim(0, "fresh")
        assert new is not None
        assert new.fence == old.fence + 1
        assert zombie.commit(prepared, turn, keep=False) == LOST
        assert item(office, voucher).sets == []
        assert fresh.serve(new) == 1
        assert zombie.commit(prepared, turn, keep=False) == LOST
        assert account(office, "131") == 8

    def test_a_holder_that_lost_its_way_gives_back_what_it_held_and_nothing_else(
        self, office: Sender, lane: LaneStore
    ) -> None:
        posted(office, journal())
        old = lane.claim(0, "one")
        assert old is not None
        lane.let_go("two")
        assert lane.claim(0, "two") is None
        lane.let_go("one")
        new = lane.claim(0, "one")
        assert new is not None
        assert new.fence == old.fence + 1

    def test_a_held_lane_is_not_claimed_by_another(self, office: Sender, lane: LaneStore) -> None:
        posted(office, journal())
        assert lane.claim(0, "one") is not None
        assert lane.claim(0, "two") is None

    def test_a_lock_set_while_a_turn_is_decided_stops_its_commit(self, office: Sender, lane: LaneStore) -> None:
        voucher = posted(office, journal())
        poster = Poster(lane, specs())
        claim = lane.claim(0, "one")
        assert claim is not None
        prepared = poster.prepare(claim)
        assert prepared is not None
        turn = poster.finish(prepared)
        _lock(office, "2026-03-31")
        assert poster.commit(prepared, turn, keep=True) == STALE
        poster.forget(claim)
        poster.serve(claim)
        assert codes(office, voucher) == ["DATE_LOCKED"]

    def test_a_kept_lane_serves_turn_after_turn_under_one_claim(self, office: Sender, lane: LaneStore) -> None:
        vouchers = [posted(office, journal(amount=1)) for _ in range(3)]
        poster = Poster(lane, specs())
        claim = lane.claim(0, "one")
        assert claim is not None
        after = 0
        for _ in vouchers:
            prepared = poster.prepare(claim, after, limit=1)
            assert prepared is not None
            assert poster.commit(prepared, poster.finish(prepared), keep=prepared.more) == COMMITTED
            after = prepared.last_n
        assert [book(office, voucher).posted for voucher in vouchers] == [True] * 3
        assert lane.claim(0, "two") is None  # nothing is left

    def test_a_turn_never_reaches_past_a_voucher_that_is_being_committed(self, office: Sender, lane: LaneStore) -> None:
        voucher = ident()
        other = office.save(ident(), journal(), post_to=BOOK)
        first = office.save(voucher, journal(amount=5), post_to=BOOK)
        office.push(other, first, office.act(voucher, UNPOST, after=first.n))
        poster = Poster(lane, specs())
        claim = lane.claim(0, "one")
        assert claim is not None
        prepared = poster.prepare(claim)
        assert prepared is not None
        assert (len(prepared.drafts), prepared.more) == (2, True)  # the unpost waits for the posting it undoes
        assert poster.prepare(claim, prepared.last_n, prepared.vouchers) is None


class TestFairness:
    def test_a_quiet_tenant_is_served_within_three_turns_beside_a_long_backlog(
        self, office: Sender, lane: LaneStore, cloud_store: CloudStore
    ) -> None:
        quiet = company(cloud_store, "hoanglong")
        for _ in range(6):
            office.push(*(office.save(ident(), journal(), post_to=BOOK) for _ in range(100)))
        poster = Poster(lane, specs())
        poster.quantum = Quantum(50, 50)
        served: list[int] = []
        for turn in range(8):
            if turn == 2:
                posted(quiet, journal())
            claim = lane.claim(0, "one")
            assert claim is not None
            served.append(claim.tenant)
            poster.serve(claim)
        assert served.index(quiet.ref.tenant) <= 4

    def test_two_backlogs_share_turn_by_turn(self, office: Sender, lane: LaneStore, cloud_store: CloudStore) -> None:
        other = company(cloud_store, "hoanglong")
        for sender in (office, other):
            for _ in range(3):
                sender.push(*(sender.save(ident(), journal(), post_to=BOOK) for _ in range(100)))
        poster = Poster(lane, specs())
        served: list[int] = []
        for _ in range(6):
            claim = lane.claim(0, "one")
            assert claim is not None
            served.append(claim.tenant)
            assert poster.serve(claim) == 50
        assert sorted(served) == [office.ref.tenant] * 3 + [other.ref.tenant] * 3

    def test_the_next_lane_is_offered_only_below_a_given_time(
        self, office: Sender, lane: LaneStore, cloud_store: CloudStore
    ) -> None:
        posted(office, journal())
        at = due(0, 1, WEIGHT_NORMAL)
        assert lane.claim(0, "one", below=at) is None
        assert lane.claim(0, "one", below=at + 1) is not None

    def test_row_16_one_voucher_goes_before_a_backlog_that_came_first(
        self, office: Sender, lane: LaneStore, cloud_store: CloudStore
    ) -> None:
        """Also where the backlog's office has the lower number, and the quiet one was served a moment ago."""
        other = company(cloud_store, "hoanglong")
        posted(other, journal())
        drain(lane)
        office.push(*(office.save(ident(), journal(), post_to=BOOK) for _ in range(100)))
        posted(other, journal())
        claim = lane.claim(0, "one")
        assert claim is not None
        assert claim.tenant == other.ref.tenant


def test_balances_are_the_sum_of_live_entries_after_a_month_of_work(
    office: Sender, lane: LaneStore, cloud_store: CloudStore
) -> None:
    """I8 over posts, unposts, edits and deletes that reach the lane in one go."""
    set_company(office, negative_cash="allow")
    first = [office.save(ident(), receipt(10_000 + at), post_to=BOOK) for at in range(12)]
    office.push(*first)
    drain(lane)
    acts = [office.act(each.id, UNPOST, after=each.n) for each in first[:4]]
    edits = [office.save(each.id, payment(5 + at), after=each.n, post_to=BOOK) for at, each in enumerate(first[4:8])]
    gone = [office.act(each.id, UNPOST, after=each.n) for each in first[8:]]
    deletes = [office.act(each.id, DELETE, after=each.n) for each in gone]
    office.push(*acts, *edits, *gone, *deletes)
    drain(lane)
    found = items(cloud_store, office.ref)
    assert balances(cloud_store, office.ref) == rebuilt(found.values())
    assert [found[each.id].deleted for each in first] == [False] * 8 + [True] * 4


def _lock(office: Sender, day: str) -> None:
    body = {"code": "HN-F", "branch": HN, "book": "financial", "day": day}
    (outcome,) = office.push(office.entry("lock", "HN-F", body))
    assert outcome.result == "applied", outcome
