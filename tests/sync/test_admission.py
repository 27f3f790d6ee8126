"""Row 15, admission: priorities, a limit learned from commits, token buckets; nobody is put off for ever."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as some

from socai.sync import admission
from socai.sync.admission import (
    BACKLOG,
    CONFIRMATION,
    INTERACTIVE,
    LIMIT_MAX,
    LIMIT_MIN,
    POSTING,
    RANKS,
    REPORT,
    Arrived,
    Begin,
    Bucket,
    Finished,
    Gate,
    Left,
    Limit,
    Looked,
    Pace,
    Refuse,
    Taken,
    Tick,
    Ticket,
    full,
    rank_of_push,
    step,
)

numbers = itertools.count(1)


def begun(effects: list[admission.Effect]) -> list[int]:
    return [effect.number for effect in effects if isinstance(effect, Begin)]


def refused(effects: list[admission.Effect]) -> list[Refuse]:
    return [effect for effect in effects if isinstance(effect, Refuse)]


def busy_gate(rank: int = INTERACTIVE, now: float = 0.0, **changed: object) -> Gate:
    """A gate whose slots are all in use."""
    gate = Gate(**changed)  # type: ignore[arg-type]
    while gate.held < gate.room(rank):
        gate, _ = step(gate, Arrived(now, Ticket(next(numbers), rank, 1, 10, now)))
    return gate


def test_row_15_confirmations_are_served_however_busy_the_cloud_is() -> None:
    gate = busy_gate()
    _, effects = step(gate, Arrived(0, Ticket(9_000, CONFIRMATION, 1)))
    assert begun(effects) == [9_000]


def test_row_15_backlogs_leave_room_for_saves_and_more_while_postings_wait() -> None:
    calm, posting = busy_gate(BACKLOG), busy_gate(BACKLOG, posting=True)
    assert posting.held < calm.held < calm.limit.slots
    for gate in (calm, posting):
        _, effects = step(gate, Arrived(0, Ticket(9_001, BACKLOG, 2)))
        assert effects == []
        _, effects = step(gate, Arrived(0, Ticket(9_002, INTERACTIVE, 2)))
        assert begun(effects) == [9_002]
    assert Gate().room(REPORT) < Gate().room(BACKLOG) < Gate().room(INTERACTIVE) == Gate().room(POSTING)


def test_row_15_who_waits_is_served_by_priority_then_by_the_tenant_with_least_under_way() -> None:
    gate = busy_gate()
    first = gate.running[0].number
    for number, rank, tenant in ((1, REPORT, 2), (2, BACKLOG, 2), (3, INTERACTIVE, 1), (4, INTERACTIVE, 2)):
        gate, effects = step(gate, Arrived(0.1, Ticket(number + 9_010, rank, tenant, 1, 0.1)))
        assert effects == []
    _, effects = step(gate, Finished(0.2, first))
    assert begun(effects) == [9_014]  # of the two saves the one whose tenant has nothing under way


def test_row_15_what_waits_rises_so_a_flood_of_saves_does_not_starve_a_backlog() -> None:
    gate = busy_gate()
    gate, _ = step(gate, Arrived(0, Ticket(9_020, BACKLOG, 7, 1, 0)))
    now = 0.0
    for _ in range(200):
        now += 0.05
        gate, effects = step(gate, Arrived(now, Ticket(next(numbers), INTERACTIVE, 1, 1, now)))
        gate, more = step(gate, Finished(now, gate.running[0].number))
        if 9_020 in begun(effects + more):
            break
    assert now < admission.WAIT_SECONDS_MAX[BACKLOG]
    assert 9_020 in {ticket.number for ticket in gate.running}


def test_row_15_backlogs_that_have_risen_leave_the_other_slots_to_saves() -> None:
    """Five times too much: twenty backlogs wait long enough to rise, and still a save finds a slot at once."""
    gate = Gate(posting=True)
    for at in range(20):
        gate, _ = step(gate, Arrived(0.0, Ticket(9_200 + at, BACKLOG, at, 510, 0.0)))
    now = 4.0  # all of them have risen
    gate, effects = step(gate, Tick(now))
    assert (begun(effects), gate.held) == ([], 1)
    for at in range(50):
        now += 0.01
        save = Ticket(9_300 + at, INTERACTIVE, 100 + at, 11, now)
        gate, effects = step(gate, Arrived(now, save))
        assert begun(effects) == [save.number]
        gate, _ = step(gate, Finished(now, save.number))
    gate, effects = step(gate, Finished(now, gate.running[0].number))
    assert begun(effects) == [9_201]  # one after the other they are served as well


def served(gate: Gate, seconds: float) -> Gate:
    """A backlog comes at 10.0, is begun and served in so many seconds; the next one waits."""
    gate, effects = step(gate, Arrived(10.0, Ticket(9_400, BACKLOG, 1, 510, 10.0)))
    assert begun(effects) == [9_400]
    gate, _ = step(gate, Finished(10.0 + seconds, 9_400))
    gate, _ = step(gate, Arrived(10.0 + seconds, Ticket(9_401, BACKLOG, 2, 510, 10.0 + seconds)))
    return gate


def test_row_16_backlogs_rest_while_people_save_and_postings_are_under_way() -> None:
    """Accepting and posting share the machines: one voucher is posted in time although twenty offices push."""
    gate = served(Gate(posting=True, worked=True, saved_at=10.0), 0.5)
    assert [ticket.number for ticket in gate.waiting] == [9_401]
    _, effects = step(gate, Arrived(10.6, Ticket(9_402, INTERACTIVE, 3, 11, 10.6)))
    assert begun(effects) == [9_402]  # a save does not rest
    assert begun(step(gate, Tick(10.9))[1]) == []
    assert begun(step(gate, Tick(11.0))[1]) == [9_401]


def test_row_15_backlogs_do_not_rest_where_nobody_saves_or_nothing_is_posted() -> None:
    """So that an office that comes back alone is done as soon as the cloud can do it."""
    idle = Gate(posting=True, saved_at=10.0)
    for gate in (idle, Gate(posting=True, worked=True), Gate(posting=True, worked=True, saved_at=7.0)):
        assert not served(gate, 0.5).waiting


def test_row_16_backlogs_go_one_by_one_while_people_save_and_postings_are_under_way() -> None:
    """Threads that read a backlog each hold a save up at every turn it takes with the database."""
    gate = Gate(posting=True, worked=True, saved_at=9.9)
    for at in range(3):
        gate, effects = step(gate, Arrived(10.0, Ticket(9_500 + at, BACKLOG, at, 510, 10.0)))
        assert begun(effects) == ([9_500] if at == 0 else [])
    for at in range(gate.limit.slots - 1):
        gate, effects = step(gate, Arrived(10.1, Ticket(9_600 + at, INTERACTIVE, at, 11, 10.1)))
        assert begun(effects) == [9_600 + at]  # all other slots are theirs


def test_row_15_a_rest_is_never_long_and_a_refusal_counts_it_in() -> None:
    gate = served(Gate(posting=True, worked=True, saved_at=69.0, limit=Limit(2.0, large=Taken(10.0, 10.0))), 60.0)
    assert gate.rest_until == 70.0 + admission.REST_SECONDS_MAX
    assert admission.retry_seconds(gate, 290, 70.0) == 8  # (510 waiting + 290) x 10 ms over two slots, twice
    assert admission.retry_seconds(gate, 290, 80.0) == 4


def test_row_15_a_refusal_says_when_to_come_back_and_how_much_to_bring() -> None:
    slow = Limit(2.0, large=Taken(10.0, 30.0))
    gate = busy_gate(limit=slow)
    gate, _ = step(gate, Arrived(0, Ticket(9_030, BACKLOG, 3, 510, 0)))
    gate, effects = step(gate, Tick(admission.WAIT_SECONDS_MAX[BACKLOG]))
    told = refused(effects)
    assert [each.number for each in told] == [9_030]
    assert told[0].retry_seconds == 8  # (20 under way + 510) x 30 ms over two slots
    assert told[0].max_batch == admission.BATCH_MIN
    assert Limit(4.0, large=Taken(1.0, 1.0)).batch() == 500


def test_row_15_a_queue_has_an_end_and_the_newest_is_sent_away() -> None:
    gate = busy_gate()
    away: list[Refuse] = []
    for at in range(admission.WAITING_MAX[REPORT] + 1):
        gate, effects = step(gate, Arrived(0.1, Ticket(9_100 + at, REPORT, at, 1, 0.1)))
        away += refused(effects)
    assert [each.number for each in away] == [9_100 + admission.WAITING_MAX[REPORT]]


def test_row_15_the_limit_settles_near_what_the_database_can_do() -> None:
    """A database that serves `capacity` at once without slowing down; beyond that each takes its share longer."""
    for capacity in (2, 4, 8):
        limit = Limit()
        for at in range(2_000):
            under_way = limit.slots if at > 2 else 1
            limit = limit.after(500 * max(1.0, under_way / capacity), 100, under_way)
        assert min(capacity, LIMIT_MAX - 1) <= limit.value <= min(capacity * 2.5 + 2, LIMIT_MAX)


def test_row_15_a_failed_commit_cuts_the_limit_and_one_far_below_it_does_not_raise_it() -> None:
    assert Limit(8.0).failed().value < 8.0
    limit = Limit(8.0, Taken(5.0, 5.0))
    assert limit.after(55.0, 11, 1).value == 8.0
    assert limit.after(55.0, 11, 8).value > 8.0


def test_row_15_small_and_large_requests_are_measured_each_by_their_own_best() -> None:
    """A lone save pays a whole flush for itself; that it takes longer a unit than a backlog's says nothing."""
    limit = Limit(8.0).after(50, 500, 1)
    for _ in range(100):
        limit = limit.after(22, 11, 8)
    assert limit.value == LIMIT_MAX or limit.value > 8.0


def test_row_15_a_small_push_is_people_at_work_until_the_data_server_sends_too_much() -> None:
    fresh = full(admission.FRESH_RATE, admission.FRESH_BURST, 0)
    assert rank_of_push(1, 1_000, fresh, 0) == INTERACTIVE
    assert rank_of_push(500, 500_000, fresh, 0) == BACKLOG
    assert rank_of_push(1, 900_000, fresh, 0) == BACKLOG
    for _ in range(20):
        fresh = fresh.take(20, 0)
    assert rank_of_push(20, 20_000, fresh, 0) == BACKLOG
    assert rank_of_push(20, 20_000, fresh, 60) == INTERACTIVE


def test_row_15_a_tenants_bucket_says_how_long_until_there_is_enough() -> None:
    bucket = full(100.0, 1_000.0, 0).take(1_500, 0)
    assert bucket.seconds_until(0, 0) == 5.0
    assert bucket.seconds_until(100, 2) == 4.0
    assert bucket.seconds_until(10_000, 60) == 0.0  # never more than a whole burst is asked for


def test_the_estimate_follows_what_was_posted_and_counts_the_lanes_that_share() -> None:
    pace = Pace().after(1_000, 500, 0).after(1_200, 300, 1)
    assert pace.per_second == 200
    assert pace.seconds(100, 300, 3) == 1.5
    assert pace.seconds(100, 120, 5) == 0.6
    assert pace.seconds(0, 300, 3) == 0
    assert pace.after(1_210, 0, 2).per_second == 200  # it was idle most of that second


@given(some.floats(0.1, 1_000), some.floats(1, 10_000), some.lists(some.tuples(some.floats(0, 1e5), some.floats(0, 9))))
def test_row_15_a_bucket_holds_never_more_than_its_burst_and_its_debt_is_bounded(
    rate: float, burst: float, acts: list[tuple[float, float]]
) -> None:
    bucket, now = Bucket(rate, burst, burst), 0.0
    for count, gone in acts:
        now += gone
        bucket = bucket.take(count, now)
        assert -burst <= bucket.tokens <= burst
        assert bucket.seconds_until(count, now) >= 0


@given(some.lists(some.tuples(some.floats(0.01, 1e6), some.integers(1, 40), some.booleans())))
def test_row_15_the_limit_stays_within_its_bounds_whatever_commits_take(
    taken: list[tuple[float, int, bool]],
) -> None:
    limit = Limit()
    for ms, under_way, failed in taken:
        limit = limit.failed() if failed else limit.after(ms, 1 + 9 * under_way, under_way)
        assert LIMIT_MIN <= limit.value <= LIMIT_MAX
        assert admission.BATCH_MIN <= limit.batch() <= 500


ACTS = some.lists(
    some.one_of(
        some.tuples(some.just("arrive"), some.sampled_from(RANKS), some.integers(1, 3)),
        some.tuples(some.just("finish"), some.integers(0, 20), some.floats(0, 500)),
        some.tuples(some.just("fail"), some.integers(0, 20), some.just(0)),
        some.tuples(some.just("leave"), some.integers(0, 20), some.just(0)),
        some.tuples(some.just("look"), some.booleans(), some.just(0)),
        some.tuples(some.just("wait"), some.floats(0, 3), some.just(0)),
    ),
    max_size=120,
)


@given(ACTS)
def test_row_15_every_request_is_begun_or_refused_once_and_what_was_begun_is_never_refused(acts: list[tuple]) -> None:
    gate, now, number = Gate(), 0.0, 0
    asked: set[int] = set()
    settled: dict[int, str] = {}
    for act, what, more in acts:
        event: admission.Event = Tick(now)
        if act == "arrive":
            number += 1
            asked.add(number)
            event = Arrived(now, Ticket(number, what, more, 10, now))
        elif act in ("finish", "fail") and gate.running:
            event = Finished(now, gate.running[what % len(gate.running)].number, more, act == "fail")
        elif act == "leave" and gate.waiting:
            gone = gate.waiting[what % len(gate.waiting)].number
            settled[gone] = "left"
            event = Left(now, gone)
        elif act == "look":
            event = Looked(now, what, worked=bool(what and number % 2))
        elif act == "wait":
            now += what
            event = Tick(now)
        gate, effects = step(gate, event)
        for effect in effects:
            assert effect.number not in settled
            settled[effect.number] = type(effect).__name__
            if isinstance(effect, Refuse):
                assert 1 <= effect.retry_seconds <= admission.RETRY_SECONDS_MAX
        assert asked - set(settled) == {ticket.number for ticket in gate.waiting}
        assert all(now - ticket.at < admission.WAIT_SECONDS_MAX[ticket.rank] for ticket in gate.waiting)
    while gate.running or gate.waiting:  # everything drains: no rank is left waiting, though a backlog may have to rest
        now = max(now, gate.rest_until)
        gate, _ = step(gate, Finished(now, gate.running[0].number, 1.0) if gate.running else Tick(now))
    assert not gate.waiting
