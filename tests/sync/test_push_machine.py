"""The push machine, event by event: never idle while there is something to send, and never two requests at once."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as some

from socai.sync import push
from socai.sync.message import HelloAnswer, PushAnswer
from socai.sync.push import Answered, Asked, Failed, Greeted, PushState, SayHello, SendBatch, Tick, Wait, step

OPEN = PushState(opened=True, online=True, timeline="t1")


def hello(verdict: str = "ok", timeline: str = "t1") -> HelloAnswer:
    return HelloAnswer(timeline, verdict, 1, 0)


def test_a_session_opens_with_a_hello_and_then_sends() -> None:
    state, effects = step(PushState(), Tick(0, pending=True))
    assert effects == [SayHello()]
    state, effects = step(state, Greeted(1, hello(), pending=True))
    assert effects[0] == push.TakeHello(hello())
    assert effects[-1] == SendBatch()
    state, effects = step(state, Answered(2, PushAnswer("t1", []), pending=False))
    assert effects == [push.Online(True), push.TakeAnswer(PushAnswer("t1", [])), Wait(None)]


def test_nothing_is_sent_twice_at_once() -> None:
    state, effects = step(OPEN, Tick(0, pending=True))
    assert effects == [SendBatch()]
    state, effects = step(state, Tick(1, pending=True))
    assert effects == []
    _, effects = step(state, Asked(1, pending=True))
    assert effects == []


def test_a_failure_is_tried_again_by_the_timer_alone() -> None:
    state, _ = step(OPEN, Tick(0, pending=True))
    state, effects = step(state, Failed(10, chance=0.5))
    assert isinstance(effects[-1], Wait)
    assert effects[-1].seconds is not None
    _, effects = step(state, Tick(10 + effects[-1].seconds, pending=True))
    assert effects == [SendBatch()]


def test_retry_after_is_kept_and_back_off_has_a_ceiling() -> None:
    state, _ = step(OPEN, Tick(0, pending=True))
    state, effects = step(state, Failed(0, "RATE_LIMITED", retry_after=20, chance=0.0))
    assert effects == [Wait(20)]
    for _ in range(40):
        state, _ = step(state, Tick(state.not_before, pending=True))
        state, _ = step(state, Failed(state.not_before, chance=0.999))
    assert (
        state.not_before - step(state, Tick(state.not_before, pending=True))[0].not_before <= push.BACKOFF_MOST_SECONDS
    )


def test_an_answer_of_another_timeline_is_not_taken() -> None:
    state, _ = step(OPEN, Tick(0, pending=True))
    state, effects = step(state, Answered(1, PushAnswer("t2", []), pending=True))
    assert effects == [SayHello()]


def test_quarantine_stops_sending_and_asks_again_much_later() -> None:
    state, _ = step(PushState(), Tick(0, pending=True))
    state, effects = step(state, Greeted(0, hello("quarantine"), pending=True))
    assert push.Online(True, "REPLICA_QUARANTINED") in effects
    assert effects[-1] == Wait(push.STOPPED_SECONDS)
    _, effects = step(state, Tick(push.STOPPED_SECONDS, pending=True))
    assert effects == [SayHello()]


def test_an_unknown_epoch_is_greeted_again() -> None:
    state, _ = step(OPEN, Tick(0, pending=True))
    state, _ = step(state, Failed(0, "EPOCH_UNKNOWN"))
    _, effects = step(state, Tick(1_000, pending=True))
    assert effects == [SayHello()]


def test_a_person_who_asks_does_not_wait_for_the_back_off() -> None:
    state, _ = step(OPEN, Tick(0, pending=True))
    state, _ = step(state, Failed(0, chance=0.9))
    _, effects = step(state, Asked(0.001, pending=True))
    assert effects == [SendBatch()]


def test_what_is_known_of_a_silence_is_told_and_told_anew_when_it_changes() -> None:
    """Row 19: a login page is not a cut line, and the screen says which it is."""
    state, seen = OPEN, []
    for about in ("", "CLOUD_FOREIGN", "CLOUD_FOREIGN", ""):
        state, _ = step(replace(state, not_before=0), Tick(1, pending=True))
        state, effects = step(state, Failed(1, about=about))
        seen.append([effect for effect in effects if isinstance(effect, push.Online)])
    assert seen == [[push.Online(False)], [push.Online(False, "CLOUD_FOREIGN")], [], [push.Online(False)]]
    assert state.opened


EVENTS = some.lists(
    some.one_of(
        some.tuples(some.just("tick"), some.booleans()),
        some.tuples(some.just("fail"), some.sampled_from(("", "EPOCH_UNKNOWN", "RATE_LIMITED", "REPLICA_QUARANTINED"))),
        some.tuples(some.just("hello"), some.sampled_from(("ok", "new_epoch", "rewind", "quarantine", "upgrade"))),
        some.tuples(some.just("answer"), some.sampled_from(("t1", "t2"))),
        some.tuples(some.just("asked"), some.booleans()),
    ),
    max_size=60,
)


@given(EVENTS)
def test_whatever_happens_it_comes_back_to_sending(events: list[tuple[str, object]]) -> None:
    """I11: after any history, ticks alone bring the next request, and there is never more than one in flight."""
    state, now = PushState(), 0.0
    for kind, value in events:
        now += 1
        if kind == "tick":
            state, effects = step(state, Tick(now, bool(value)))
        elif kind == "asked":
            state, effects = step(state, Asked(now, True, bool(value)))
        elif not state.in_flight:
            continue
        elif kind == "fail":
            state, effects = step(state, Failed(now, str(value)))
        elif kind == "hello" and state.in_flight == "hello":
            state, effects = step(state, Greeted(now, hello(str(value)), True))
        elif kind == "answer" and state.in_flight == "push":
            state, effects = step(state, Answered(now, PushAnswer(str(value), []), True))
        else:
            continue
        assert sum(isinstance(effect, SayHello | SendBatch) for effect in effects) <= 1
        assert bool(state.in_flight) or isinstance(effects[-1], Wait)
    if state.in_flight:
        state, _ = step(state, Failed(now))
    state, effects = step(state, Tick(max(now, state.not_before), pending=True))
    assert any(isinstance(effect, SayHello | SendBatch) for effect in effects)
