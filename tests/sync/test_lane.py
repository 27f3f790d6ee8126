"""The lane's decisions: what work comes to, who is next, and who may still commit."""

from dataclasses import replace

import pytest

from socai.sync.lane import (
    DELETE,
    ENTER,
    EXCHANGE,
    LEASE_MS,
    NOTHING,
    POST,
    QUANTUM_LONE_MAX,
    QUANTUM_WORK_MAX,
    QUANTUM_WORK_MIN,
    REPLACE,
    RETRY_MS_MAX,
    RETRY_MS_MIN,
    SUPERSEDED,
    UNPOST,
    VOID,
    Lane,
    Quantum,
    Standing,
    Work,
    advanced,
    charge,
    claim,
    cost,
    due,
    enqueue,
    holds,
    next_bucket,
    next_lane,
    postpone,
    present,
    settle,
    step,
)


class TestWhatWorkComesTo:
    """Work was made by version 3 of the voucher."""

    @pytest.mark.parametrize(
        "act, asked, body, live, deleted, expected",
        [
            # act     asked  body  live  deleted
            (POST, True, 3, 0, False, ENTER),  # nothing in the books yet
            (POST, True, 3, 3, False, NOTHING),  # this very body is in the books: once is enough (I9)
            (POST, True, 3, 2, False, EXCHANGE),  # an older body is in the books: never both
            (POST, True, 4, 0, False, SUPERSEDED),  # a newer body exists, whose own work decides
            (POST, True, 3, 0, True, SUPERSEDED),  # deleted meanwhile
            (REPLACE, True, 3, 2, False, EXCHANGE),
            (REPLACE, True, 3, 0, False, ENTER),  # the older posting never came about, this one is asked
            (REPLACE, False, 3, 0, False, NOTHING),  # … and where none is asked nothing is posted
            (REPLACE, False, 3, 2, False, EXCHANGE),  # the books never show what the voucher no longer says
            (REPLACE, True, 4, 2, False, SUPERSEDED),
            (UNPOST, True, 3, 2, False, VOID),
            (UNPOST, True, 3, 0, False, NOTHING),
            (UNPOST, True, 4, 2, False, VOID),  # out is out, whichever version is in
            (DELETE, True, 3, 2, False, VOID),
            (DELETE, True, 3, 0, False, NOTHING),
        ],
    )
    def test_the_table(self, act: str, asked: bool, body: int, live: int, deleted: bool, expected: str) -> None:
        standing = Standing(body, deleted, live_set=1 if live else 0, live_version=live, last_set=1)
        assert step(Work(9, "v", "financial", act, 3, asked=asked), standing) == expected


class TestFairQueueing:
    def test_an_idle_lane_comes_in_at_the_present_time_of_the_bucket(self) -> None:
        busy, idle = Lane(0, 1, virtual_time=5_000, depth=3), Lane(0, 2, virtual_time=100)
        assert enqueue(idle, 1, present([busy, idle])).virtual_time == 5_000  # no credit saved up
        assert enqueue(busy, 1, 9_000).virtual_time == 5_000  # a lane with work keeps its place

    def test_with_nobody_waiting_the_present_is_the_furthest_anybody_got(self) -> None:
        assert present([Lane(0, 1, virtual_time=7_000), Lane(0, 2, virtual_time=100)]) == 7_000
        assert present([]) == 0

    def test_the_first_to_be_due_goes_next_and_ties_go_to_the_lower_tenant(self) -> None:
        lanes = [
            Lane(0, 3, virtual_time=20, depth=1),
            Lane(0, 2, virtual_time=10, depth=1),
            Lane(0, 1, virtual_time=10),
        ]
        found = next_lane(lanes, 0)
        assert found is not None
        assert found.tenant == 2
        assert next_lane(lanes, 0, below=due(10, 1, 100)) is None
        assert next_lane(lanes, 0, below=due(10, 1, 100) + 1) == found

    def test_a_lane_is_due_when_its_next_turn_would_end(self) -> None:
        assert due(10, 1, 100) == 10 + 40
        assert due(10, 7_000, 100) == 10 + 2_000  # a turn takes no more than 50
        assert due(10, 50, 400) == 10 + 500
        assert due(10, 0, 0) == 10

    @pytest.mark.parametrize(
        "change", [{"depth": 0}, {"lease_until": 1_001}, {"ready_at": 1_001}], ids=["no work", "leased", "put off"]
    )
    def test_who_may_not_be_claimed(self, change: dict[str, int]) -> None:
        assert next_lane([replace(Lane(0, 1, depth=1), **change)], 1_000) is None  # type: ignore[arg-type]

    def test_a_quiet_tenant_is_served_within_two_turns_beside_ten_thousand(self) -> None:
        lanes = {1: enqueue(Lane(0, 1), 10_000, 0), 2: Lane(0, 2)}
        served = []
        for turn in range(200):
            if turn in (3, 90):  # one voucher of the quiet tenant
                lanes[2] = enqueue(lanes[2], 1, present(lanes.values()))
            found = next_lane(lanes.values(), turn)
            assert found is not None
            held, _ = claim(found, "w", turn)
            done = min(held.depth, QUANTUM_WORK_MAX)
            lanes[held.tenant] = settle(held, done, cost(done, done * 5), False, turn)
            served.append(held.tenant)
        assert [turn for turn, tenant in enumerate(served) if tenant == 2] in ([4, 91], [3, 90], [3, 91], [4, 90])

    def test_row_16_one_voucher_passes_twenty_backlogs_that_came_in_with_it(self) -> None:
        """Each quiet tenant saves now and then: it never waits until all the others have had a long turn each."""
        lanes = {tenant: enqueue(Lane(0, tenant), 10_000, 0) for tenant in range(1, 21)}
        lanes |= {tenant: Lane(0, tenant) for tenant in range(21, 31)}
        shares, waits = dict.fromkeys(lanes, 0), []
        came: dict[int, int] = {}
        for turn in range(600):
            if turn % 3 == 0:  # every third turn somebody quiet saves one voucher
                tenant = 21 + turn // 3 % 10
                lanes[tenant] = enqueue(lanes[tenant], 1, present(lanes.values()))
                came[tenant] = turn
            found = next_lane(lanes.values(), turn)
            assert found is not None
            held, _ = claim(found, "w", turn)
            done = min(held.depth, QUANTUM_WORK_MAX)
            lanes[held.tenant] = settle(held, done, cost(done, done * 5), False, turn)
            shares[held.tenant] += done
            if held.tenant > 20:
                waits.append(turn - came[held.tenant])
        assert max(waits) <= 1
        backlogs = [shares[tenant] for tenant in range(1, 21)]
        assert max(backlogs) - min(backlogs) <= QUANTUM_WORK_MAX

    def test_weights_share_the_service(self) -> None:
        """Weight 300 gets three turns of four beside weight 100."""
        lanes = {1: Lane(0, 1, weight=300, depth=10**6), 2: Lane(0, 2, weight=100, depth=10**6)}
        served = {1: 0, 2: 0}
        for turn in range(400):
            found = next_lane(lanes.values(), turn)
            assert found is not None
            held, _ = claim(found, "w", turn)
            lanes[held.tenant] = settle(held, 50, cost(50, 250), False, turn)
            served[held.tenant] += 1
        assert served == {1: 300, 2: 100}

    def test_long_vouchers_cost_more_turns(self) -> None:
        """1 voucher of 1,000 entries: 4 + 1,000. 1 of 5 entries: 4 + 5. So 111 short ones for each long one."""
        assert (cost(1, 1_000), cost(1, 5)) == (1_004, 9)
        assert charge(10, 9, 100) == 10 + 9 * 1_000 // 100

    def test_buckets_rotate(self) -> None:
        assert next_bucket([1, 2, 5], None) == [1, 2, 5]
        assert next_bucket([5, 2, 1], 2) == [5, 1, 2]
        assert next_bucket([1], 1) == [1]


class TestLease:
    def test_a_claim_raises_the_fence_and_the_older_claim_no_longer_holds(self) -> None:
        first, old = claim(Lane(0, 1, depth=1), "a", 0)
        assert holds(first, old)
        assert next_lane([first], LEASE_MS - 1) is None
        assert next_lane([first], LEASE_MS) == first
        second, new = claim(first, "b", LEASE_MS)
        assert (new.fence, holds(second, new), holds(second, old)) == (old.fence + 1, True, False)

    def test_the_same_fence_of_another_holder_does_not_hold(self) -> None:
        """A claim may be lost in a crash and its fence given out again; the holder's token tells them apart."""
        lane, _ = claim(Lane(0, 1, depth=1), "a", 0)
        _, lost = claim(Lane(0, 1, depth=1), "b", 0)
        assert not holds(lane, lost)

    def test_a_kept_turn_extends_the_lease_and_moves_the_claim_on(self) -> None:
        lane, held = claim(Lane(0, 1, depth=100), "a", 0)
        after = settle(lane, 50, 300, True, 1_000)
        assert (after.depth, after.virtual_time, after.lease_until) == (50, 3_000, 1_000 + LEASE_MS)
        later = advanced(held, 50, 300)
        assert (later.virtual_time, later.depth, holds(after, later)) == (3_000, 50, True)
        assert settle(after, 50, 300, False, 2_000).lease_until == 0

    @pytest.mark.parametrize("failures, most", [(0, 400), (1, 600), (3, 1_800), (20, RETRY_MS_MIN + RETRY_MS_MAX)])
    def test_putting_off_doubles_with_each_failure_up_to_a_minute(self, failures: int, most: int) -> None:
        lane = replace(Lane(0, 1, depth=1), failures=failures)
        assert postpone(lane, 0, 1.0).ready_at == most
        assert postpone(lane, 0, 0.0).ready_at == RETRY_MS_MIN
        assert settle(postpone(lane, 0, 1.0), 1, 1, False, 0).failures == 0


class TestQuantum:
    def test_a_lone_tenant_gets_longer_turns(self) -> None:
        assert (Quantum().size(False), Quantum().size(True)) == (QUANTUM_WORK_MAX, QUANTUM_LONE_MAX)

    def test_a_slow_turn_shrinks_the_next_to_what_fits_the_time_and_it_grows_back(self) -> None:
        slow = Quantum().after(400, 50, lone=False)  # 50 took 400 ms, so 25 fit 200 ms
        assert (slow.size(False), slow.size(True)) == (25, QUANTUM_LONE_MAX)
        assert slow.after(80, 25, lone=False).size(False) == 50
        assert slow.after(150, 25, lone=False).size(False) == 25
        assert Quantum().after(10**6, 50, lone=False).size(False) == QUANTUM_WORK_MIN

    def test_a_lone_tenants_turn_may_take_a_second(self) -> None:
        assert Quantum().after(900, 500, lone=True).size(True) == QUANTUM_LONE_MAX
        assert Quantum().after(2_000, 500, lone=True).size(True) == 250

    def test_a_fast_turn_never_grows_past_the_full_size(self) -> None:
        assert Quantum().after(1, 50, lone=False).size(False) == QUANTUM_WORK_MAX
