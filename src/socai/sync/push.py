"""The push machine: events in, effects out. At most one request in flight, retried by state and timer until answered.

It is driven by levels, never by edges: every event, a tick of the timer too, ends in the question "what is to be done
now?", so no lost wake-up can leave the outbox standing. Seconds are the caller's, of any clock that only goes forward;
`chance` is a number in [0, 1) that spreads retries (full jitter).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from socai.sync.message import HelloAnswer, PushAnswer

BACKOFF_FIRST_SECONDS = 0.5
BACKOFF_MOST_SECONDS = 30.0
STOPPED_SECONDS = 120.0  # between two hellos of a replica the cloud has sent away
RETRY_AFTER_MOST_SECONDS = 600.0

OK, NEW_EPOCH, QUARANTINE, UPGRADE, REWIND = "ok", "new_epoch", "quarantine", "upgrade", "rewind"
_GREET_AGAIN = frozenset(("EPOCH_UNKNOWN",))
_SENT_AWAY = frozenset(
    (
        "REPLICA_QUARANTINED",
        "REPLICA_UNKNOWN",
        "VERSION_TOO_OLD",
        "VERSION_TOO_NEW",
        "SIGNATURE_INVALID",
        "TENANT_UNKNOWN",
    )
)


@dataclass(frozen=True, slots=True)
class PushState:
    """Where the machine stands. `reason` is a fault code while the cloud sends us away, or another answers for it."""

    opened: bool = False
    in_flight: str = ""  # "" | hello | push
    not_before: float = 0.0
    failures: int = 0
    online: bool = False
    timeline: str = ""
    reason: str = ""


# ---- events


@dataclass(frozen=True, slots=True)
class Tick:
    """Time went on, or somebody saved: `pending` says whether the outbox holds anything unanswered."""

    now: float
    pending: bool
    chance: float = 0.5


@dataclass(frozen=True, slots=True)
class Greeted:
    """The cloud answered a hello."""

    now: float
    answer: HelloAnswer
    pending: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """The cloud answered a push."""

    now: float
    answer: PushAnswer
    pending: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """A request brought no usable answer. `code` is a fault code of the cloud, empty where none spoke.

    `about`: then a fault code of our own for what is known of the silence (somebody else answered), for the screen.
    """

    now: float
    code: str = ""
    retry_after: float = 0.0
    chance: float = 0.5
    about: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A person pressed "Đồng bộ dữ liệu", or the pull found the session void: whatever we wait for, try now."""

    now: float
    pending: bool
    greet: bool = False


Event = Tick | Greeted | Answered | Failed | Asked


# ---- effects


@dataclass(frozen=True, slots=True)
class SayHello:
    """Send a hello made from the file."""


@dataclass(frozen=True, slots=True)
class SendBatch:
    """Send what was sent without an answer, else the next of what waits."""


@dataclass(frozen=True, slots=True)
class TakeHello:
    """Bring the file to what the hello said (epoch, timeline, branches), before anything else is sent."""

    answer: HelloAnswer


@dataclass(frozen=True, slots=True)
class TakeAnswer:
    """Write the outcomes into the file."""

    answer: PushAnswer


@dataclass(frozen=True, slots=True)
class Online:
    """The line is up or down; `reason` says why we were sent away, or what is known of the silence."""

    up: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do for so many seconds, unless something happens; None for until something happens."""

    seconds: float | None


Effect = SayHello | SendBatch | TakeHello | TakeAnswer | Online | Wait


def step(state: PushState, event: Event) -> tuple[PushState, list[Effect]]:
    """The next state and what is to be done, in order. `Wait` comes last, and only while nothing is in flight."""
    effects: list[Effect] = []
    pending = False
    match event:
        case Tick(pending=pending):
            pass
        case Asked(pending=pending, greet=greet):
            state = replace(state, not_before=0.0, failures=0, opened=state.opened and not greet and not state.reason)
        case Greeted(answer=answer, pending=pending):
            state = _greeted(state, answer, event.now, effects)
        case Answered(answer=answer, pending=pending):
            state = _answered(state, answer, effects)
        case Failed():
            state = _failed(state, event, effects)
            pending = True  # unknown, and asked again at the next tick
    return _go_on(state, event.now, pending, effects)


def _go_on(state: PushState, now: float, pending: bool, effects: list[Effect]) -> tuple[PushState, list[Effect]]:
    if state.in_flight:
        return state, effects
    if now < state.not_before:
        effects.append(Wait(state.not_before - now))
        return state, effects
    if not state.opened:
        effects.append(SayHello())
        return replace(state, in_flight="hello"), effects
    if pending:
        effects.append(SendBatch())
        return replace(state, in_flight="push"), effects
    effects.append(Wait(None))
    return state, effects


def _greeted(state: PushState, answer: HelloAnswer, now: float, effects: list[Effect]) -> PushState:
    state = replace(state, in_flight="", failures=0)
    if answer.verdict in (QUARANTINE, UPGRADE):
        code = answer.faults[0].code if answer.faults else "REPLICA_QUARANTINED"
        effects += [TakeHello(answer), Online(True, code)]
        return replace(state, opened=False, online=True, reason=code, not_before=now + STOPPED_SECONDS)
    effects += [TakeHello(answer), Online(True)]
    return replace(state, opened=True, online=True, reason="", timeline=answer.timeline, not_before=0.0)


def _answered(state: PushState, answer: PushAnswer, effects: list[Effect]) -> PushState:
    """Outcomes of another timeline are not taken: the cloud was restored meanwhile, and a hello sorts that out."""
    state = replace(state, in_flight="", failures=0, not_before=0.0)
    if answer.timeline != state.timeline:
        return replace(state, opened=False)
    # The line first, even where this machine never missed it: the feed's side may have, and a round that begins now
    # counts what this answer is about.
    effects += [Online(True), TakeAnswer(answer)]
    return replace(state, online=True, reason="")


def backoff_seconds(failures: int, retry_after: float, chance: float) -> float:
    """How long to wait after so many failures in a row: full jitter.

    A cloud that said when to come back is taken at its word: never before that time, and spread over as long again, so
    that all who were sent away together do not come back together.
    """
    if retry_after > 0:
        return min(retry_after, RETRY_AFTER_MOST_SECONDS) * (1 + chance)
    longest: float = min(BACKOFF_MOST_SECONDS, BACKOFF_FIRST_SECONDS * 2 ** min(failures - 1, 20))
    return chance * longest


def _failed(state: PushState, event: Failed, effects: list[Effect]) -> PushState:
    failures = state.failures + 1
    wait = backoff_seconds(failures, event.retry_after, event.chance)
    state = replace(state, in_flight="", failures=failures, not_before=event.now + wait)
    if event.code in _GREET_AGAIN:
        return replace(state, opened=False)
    if event.code in _SENT_AWAY:
        effects.append(Online(True, event.code))
        return replace(
            state, opened=False, online=True, reason=event.code, not_before=event.now + max(wait, STOPPED_SECONDS)
        )
    if event.code:
        return state  # the cloud spoke: busy, or a fault of the moment. The line is up
    if state.online or event.about != state.reason:
        effects.append(Online(False, event.about))
    # A session outlives a cut line; a restored cloud shows by the timeline of its next answer.
    return replace(state, online=False, reason=event.about)
