"""The pull machine, event by event: snapshot first, page after page, a long poll when all is read."""

from __future__ import annotations

from socai.sync.message import POLL_SECONDS_MAX, FeedItem, FeedPage
from socai.sync.pull import (
    Arrived,
    CaughtUp,
    Closed,
    Failed,
    FetchFeed,
    FetchSnapshot,
    Greet,
    Hurry,
    Loaded,
    Look,
    Looked,
    Opened,
    PullState,
    TakePage,
    Tick,
    Wait,
    step,
)

READY = PullState(opened=True, timeline="t1", snapshot=True, cursor="5")


def page(cursor: str = "6", *, more: bool = False, timeline: str = "t1", items: int = 1) -> FeedPage:
    item = FeedItem("catalog", "partner", "x", 6, 1)
    return FeedPage(timeline, [item] * items, cursor, more, 6)


def test_a_new_file_takes_the_snapshot_before_the_feed() -> None:
    state, effects = step(PullState(), Tick(0))
    assert effects == [Wait(None)]
    state, effects = step(state, Opened(1, "t1", "", snapshot=False))
    assert effects == [FetchSnapshot()]
    state, effects = step(state, Loaded(2, "5"))
    assert effects == [FetchFeed("5", 0)]


def test_pages_are_fetched_until_there_is_nothing_more_and_then_waited_for() -> None:
    state, effects = step(READY, Tick(0))
    assert effects == [FetchFeed("5", 0)]
    state, effects = step(state, Arrived(1, page("6", more=True)))
    assert effects == [TakePage(page("6", more=True)), FetchFeed("6", 0)]
    state, effects = step(state, Arrived(2, page("7")))
    assert effects == [TakePage(page("7")), CaughtUp(), FetchFeed("7", POLL_SECONDS_MAX)]
    _, effects = step(state, Arrived(3, page("7", items=0)))
    assert effects == [CaughtUp(), FetchFeed("7", POLL_SECONDS_MAX)]


def test_a_page_of_another_timeline_is_dropped() -> None:
    state, _ = step(READY, Tick(0))
    state, effects = step(state, Arrived(1, page(timeline="t2")))
    assert effects == [Greet(), Wait(None)]
    _, effects = step(state, Opened(2, "t2", "3", snapshot=True))
    assert effects == [FetchFeed("3", 0)]


def test_a_page_that_arrives_after_the_session_was_closed_is_dropped() -> None:
    state, _ = step(READY, Tick(0))
    state, effects = step(state, Closed(1))
    assert effects == []
    _, effects = step(state, Arrived(2, page()))
    assert effects == [Wait(None)]


def test_a_cut_snapshot_is_asked_for_again() -> None:
    state, _ = step(PullState(), Opened(0, "t1", "", snapshot=False))
    state, effects = step(state, Failed(1, chance=0.5))
    assert isinstance(effects[0], Wait)
    _, effects = step(state, Tick(state.not_before))
    assert effects == [FetchSnapshot()]


def test_the_line_being_back_ends_the_back_off() -> None:
    state, _ = step(READY, Tick(0))
    state, _ = step(state, Failed(1, chance=0.9))
    _, effects = step(state, Hurry(1.001))
    assert effects == [FetchFeed("5", 0)]


def test_a_replica_that_looks_first_reads_the_feed_when_it_is_near() -> None:
    """Row 11: what lies ahead is asked before it is read, and asked again after the line was cut."""
    state, effects = step(PullState(), Opened(0, "t1", "5", snapshot=True, look=True))
    assert effects == [Look("5")]
    state, effects = step(state, Looked(1, behind=20, behind_max=20))
    assert effects == [FetchFeed("5", 0)]
    state, _ = step(state, Failed(2, chance=0.5))
    _, effects = step(state, Hurry(3))
    assert effects == [Look("5")]


def test_a_refusal_of_the_moment_does_not_ask_again_what_lies_ahead() -> None:
    state, _ = step(PullState(), Opened(0, "t1", "5", snapshot=True, look=True))
    state, _ = step(state, Looked(1))
    state, _ = step(state, Failed(2, "RATE_LIMITED", chance=0.5))
    _, effects = step(state, Hurry(3))
    assert effects == [FetchFeed("5", 0)]


def test_a_replica_too_far_behind_takes_a_snapshot_in_place_of_the_feed() -> None:
    """Row 10: the bound is the cloud's."""
    state, _ = step(PullState(), Opened(0, "t1", "5", snapshot=True, look=True))
    state, effects = step(state, Looked(1, behind=21, behind_max=20))
    assert effects == [FetchSnapshot(far=True)]
    state, _ = step(state, Failed(2, chance=0.5))
    state, effects = step(state, Hurry(3))
    assert effects == [FetchSnapshot(far=True)]
    _, effects = step(state, Loaded(4, "900"))
    assert effects == [Look("900")]


def test_a_new_file_looks_at_nothing_before_its_snapshot() -> None:
    _, effects = step(PullState(), Opened(0, "t1", "", snapshot=False, look=True))
    assert effects == [FetchSnapshot()]


def test_a_page_that_could_not_be_written_is_fetched_again() -> None:
    """Row 19: the disk was full for a moment; what that page told is never passed over."""
    state, _ = step(READY, Tick(0))
    state, effects = step(state, Arrived(1, page("6", more=True)))
    assert effects == [TakePage(page("6", more=True)), FetchFeed("6", 0)]
    for _ in range(2):  # and again, while the disk still refuses
        state, effects = step(state, Failed(2, "STORAGE_FAILED", unwritten=True))
        assert isinstance(effects[0], Wait)
        state, effects = step(state, Hurry(3))
        assert effects == [FetchFeed("5", 0)]
        state, _ = step(state, Arrived(4, page("6", more=True)))
    state, _ = step(state, Failed(5, "RATE_LIMITED"))  # it was written: the cloud is busy with the next
    assert step(state, Hurry(6))[1] == [FetchFeed("6", 0)]


def test_the_first_page_behind_a_snapshot_goes_back_no_further_than_that() -> None:
    state, _ = step(PullState(), Opened(0, "t1", "", snapshot=False))
    state, _ = step(state, Loaded(1, "5"))
    state, _ = step(state, Failed(2, "STORAGE_FAILED", unwritten=True))
    assert step(state, Hurry(3))[1] == [FetchFeed("5", 0)]
