"""The pull machine: a snapshot for a new replica, then the feed, page after page, with a long poll when all is read.

Where the caller looks first, a replica too far behind (the cloud says how far is too far) takes a snapshot in place of
the feed up to that moment.

Events in, effects out, like the push machine; it begins once a session is open. A page and its cursor are applied in
one transaction by the caller, so whatever is lost or doubled on the way only costs a repetition.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from socai.sync.message import POLL_SECONDS_MAX, FeedPage
from socai.sync.push import backoff_seconds

OTHER_TIMELINE = "TIMELINE_OTHER"  # a snapshot of a cloud that was restored since the hello

VOID = frozenset(
    (
        OTHER_TIMELINE,
        "EPOCH_UNKNOWN",
        "REPLICA_QUARANTINED",
        "REPLICA_UNKNOWN",
        "VERSION_TOO_OLD",
        "VERSION_TOO_NEW",
        "SIGNATURE_INVALID",
    )
)
"""Answers that end a session: only a hello helps."""


@dataclass(frozen=True, slots=True)
class PullState:
    """Where the machine stands. `caught_up`: the last page was the newest there was."""

    opened: bool = False
    timeline: str = ""
    snapshot: bool = False  # a whole one is in the file
    cursor: str = ""
    before: str = ""  # the cursor of the page taken last: from there again, where it could not be written
    in_flight: str = ""  # "" | look | snapshot | feed
    caught_up: bool = False
    not_before: float = 0.0
    failures: int = 0
    look: bool = False  # whether the caller wants to know first how much lies ahead
    looked: bool = False
    far: bool = False  # so much lies ahead that a snapshot takes the feed's place


# ---- events


@dataclass(frozen=True, slots=True)
class Opened:
    """A hello was answered and taken; what the file now holds. `look`: count what lies ahead before reading it."""

    now: float
    timeline: str
    cursor: str
    snapshot: bool
    look: bool = False


@dataclass(frozen=True, slots=True)
class Looked:
    """What lies ahead has been counted: `behind` objects; above `behind_max` (0: no bound) a snapshot is better."""

    now: float
    behind: int = 0
    behind_max: int = 0


@dataclass(frozen=True, slots=True)
class Tick:
    """Time went on."""

    now: float


@dataclass(frozen=True, slots=True)
class Loaded:
    """The whole snapshot is in the file."""

    now: float
    cursor: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """A page came."""

    now: float
    page: FeedPage


@dataclass(frozen=True, slots=True)
class Failed:
    """A request brought no usable answer; see push.Failed. `unwritten`: what came last is perhaps not in the file."""

    now: float
    code: str = ""
    retry_after: float = 0.0
    chance: float = 0.5
    unwritten: bool = False


@dataclass(frozen=True, slots=True)
class Closed:
    """The session is void until the next hello."""

    now: float


@dataclass(frozen=True, slots=True)
class Hurry:
    """The line is back, or a person asks: whatever we wait for, try now."""

    now: float


Event = Opened | Looked | Tick | Loaded | Arrived | Failed | Closed | Hurry


# ---- effects


@dataclass(frozen=True, slots=True)
class Look:
    """Ask how much lies after the cursor."""

    cursor: str


@dataclass(frozen=True, slots=True)
class FetchSnapshot:
    """Ask for the snapshot and take it, chunk by chunk. `far`: it takes the place of the feed up to its moment."""

    far: bool = False


@dataclass(frozen=True, slots=True)
class FetchFeed:
    """Ask for the page after the cursor; `wait_seconds` above 0 is a long poll."""

    cursor: str
    wait_seconds: int


@dataclass(frozen=True, slots=True)
class TakePage:
    """Apply a page and its cursor in one transaction."""

    page: FeedPage


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """All the cloud has is here."""


@dataclass(frozen=True, slots=True)
class Greet:
    """The session is void: have the push machine say hello."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do for so many seconds; None for until something happens."""

    seconds: float | None


Effect = Look | FetchSnapshot | FetchFeed | TakePage | CaughtUp | Greet | Wait


def step(state: PullState, event: Event) -> tuple[PullState, list[Effect]]:
    """The next state and what is to be done, in order."""
    effects: list[Effect] = []
    match event:
        case Opened(timeline=timeline, cursor=cursor, snapshot=snapshot, look=look):
            flight = state.in_flight
            state = PullState(True, timeline, snapshot, cursor, cursor, flight, look=look)
        case Looked(behind=behind, behind_max=most):
            far = 0 < most < behind
            state = replace(state, in_flight="", looked=True, far=far, snapshot=state.snapshot and not far)
            state = replace(state, failures=0, not_before=0.0)
        case Tick():
            pass
        case Hurry():
            state = replace(state, not_before=0.0, failures=0)
        case Closed():
            state = replace(state, opened=False)
        case Loaded(cursor=cursor):
            state = replace(state, in_flight="", snapshot=True, far=False, failures=0, not_before=0.0)
            state = replace(state, cursor=cursor, before=cursor)
        case Arrived(page=page):
            state = _arrived(state, page, effects)
        case Failed():
            state = _failed(state, event, effects)
    return _go_on(state, event.now, effects)


def _go_on(state: PullState, now: float, effects: list[Effect]) -> tuple[PullState, list[Effect]]:
    if state.in_flight:
        return state, effects
    if not state.opened:
        effects.append(Wait(None))
        return state, effects
    if now < state.not_before:
        effects.append(Wait(state.not_before - now))
        return state, effects
    if state.snapshot and state.look and not state.looked:
        effects.append(Look(state.cursor))
        return replace(state, in_flight="look"), effects
    if not state.snapshot:
        effects.append(FetchSnapshot(state.far))
        return replace(state, in_flight="snapshot"), effects
    effects.append(FetchFeed(state.cursor, POLL_SECONDS_MAX if state.caught_up else 0))
    return replace(state, in_flight="feed"), effects


def _arrived(state: PullState, page: FeedPage, effects: list[Effect]) -> PullState:
    """A page of another timeline is dropped: the cloud was restored, and its cursor means something else."""
    state = replace(state, in_flight="", failures=0, not_before=0.0)
    if not state.opened:
        return state
    if page.timeline != state.timeline:
        effects.append(Greet())
        return replace(state, opened=False, caught_up=False)
    if page.items or page.cursor != state.cursor:
        effects.append(TakePage(page))
    if not page.more:
        effects.append(CaughtUp())
    return replace(state, before=state.cursor, cursor=page.cursor, caught_up=not page.more)


def _failed(state: PullState, event: Failed, effects: list[Effect]) -> PullState:
    failures = state.failures + 1
    wait = backoff_seconds(failures, event.retry_after, event.chance)
    state = replace(state, in_flight="", failures=failures, not_before=event.now + wait, caught_up=False)
    if event.unwritten:
        state = replace(state, cursor=state.before)
    if not event.code:
        state = replace(state, looked=False)  # the line was cut: who knows what has happened meanwhile
    if event.code in VOID:
        effects.append(Greet())
        return replace(state, opened=False)
    return state
