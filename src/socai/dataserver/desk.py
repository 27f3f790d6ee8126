"""What every act on one tenant's file needs at hand: file, clock, settings, whom to tell. Decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from socai.base.fault import Fault, Faults
from socai.core.life import Facts
from socai.dataserver.clock import Clock, SystemClock
from socai.dataserver.store.known import KnownCache
from socai.dataserver.store.replica import Replica
from socai.sync.refused import RefusedAct

VOUCHER, CATALOG, SYNC, DOWNLOAD, STORAGE = "voucher", "catalog", "sync", "download", "storage"
ROUND = "round"  # the running round of syncing moved on
ELSEWHERE = "elsewhere"  # an act of somebody who may be at work here was refused at another office

RESOLVE, DISCARD = "resolve", "discard"  # acts the cloud does not hear of: a conflict settled, a refused form put away
THEIRS, MINE, NEW = CHOICES = ("theirs", "mine", "new")  # how a conflict is settled

Listener = Callable[[str, str, str, str], None]
"""(tenant, kind, object kind, id) of something that changed. Called after the commit, from any thread; never blocks."""


@dataclass
class Desk:
    """The file and its surroundings. `branches`: what this office may touch, empty for all."""

    code: str
    file: Replica
    clock: Clock = field(default_factory=SystemClock)
    cache: KnownCache = field(default_factory=KnownCache)
    branches: frozenset[str] = frozenset()
    listeners: list[Listener] = field(default_factory=list)
    wake: Callable[[], None] = lambda: None  # tells the agent that there is something to send
    awaited: Callable[[], bool] = lambda: False  # whether anybody waits for the outcome of an act
    watched: Callable[[], bool] = lambda: False  # whether anybody looks at a screen
    elsewhere: dict[str, RefusedAct] = field(
        default_factory=dict
    )  # what was refused lately at other offices, by act id
    put_away: set[str] = field(default_factory=set)  # which of these its person has put away here
    pressed_at: float = 0.0  # when a person last saved, on the monotonic clock: sync steps aside for people

    def tell(self, kind: str, object_kind: str = "", ident: str = "") -> None:
        """Tell every listener of one change."""
        for listener in self.listeners:
            listener(self.code, kind, object_kind, ident)

    def tell_all(self, changes: Iterable[tuple[str, str, str]]) -> None:
        """Tell every listener of several changes."""
        for change in changes:
            self.tell(*change)


@dataclass(frozen=True, slots=True)
class Saved:
    """What an act came to. `repeated` says that it had been done before under the same act id.

    `facts` are a voucher's facts in the act's own transaction, so that nobody need read them again; None for others.
    """

    id: str
    type: str
    revision: int
    number: str = ""
    body: bytes = b""
    repeated: bool = False
    facts: Facts | None = None
    book: str = ""  # the first book of the voucher


@dataclass(frozen=True, slots=True)
class Theirs:
    """The form that stands, told to someone whose form is older."""

    revision: int
    version: int
    author: str
    at: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an act was not done. `asks`: the faults are warnings to be answered, from books as of `as_of` (UTC).

    `stale`: the form that stands now.
    """

    faults: Faults
    asks: bool = False
    stale: Theirs | None = None
    mine: bytes = b""
    as_of: str = ""


def refused(*faults: Fault) -> Refused:
    """A refusal by faults."""
    return Refused(tuple(faults))


def local_day(desk: Desk) -> date:
    """The day it is where this data server stands."""
    return datetime.fromtimestamp(desk.clock.now().wall / 1000, UTC).astimezone().date()
