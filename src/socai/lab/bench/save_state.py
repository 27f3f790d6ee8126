"""The states in which saves are timed: a cloud that is well, idle, far, overloaded, away, or waited for."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from types import TracebackType
from typing import Self

from socai.core.company import ASYNCHRONOUS, SYNCHRONOUS
from socai.lab.bench.crowd import Crowd
from socai.lab.bench.pushing import Pushed
from socai.lab.client import Refused, Workstation, new_ident, wait_for
from socai.lab.fault_line import SLOW, FaultLine
from socai.lab.stack import Stack

UP = "up"  # what is saved is synced, posted, and comes back meanwhile
IDLE = "idle"  # the cloud answers and accepts, but its worker is frozen: nothing is posted or comes back
SLOWLY = "slow"  # the line is late and thin: what is saved piles up in the outbox
WAITING = "synchronous"  # as up, but the company records synchronously: a save answers after sync and posting
OVERLOADED = "overloaded"  # others push more than the cloud can take, and it tells some of them to come back
DOWN = "down"  # the line is cut
STATES = (UP, IDLE, SLOWLY, WAITING, OVERLOADED, DOWN)
ASYNC_STATES = tuple(state for state in STATES if state != WAITING)

SETTLED_SECONDS_MAX = 60.0
SECONDS_WAITED_MAX = 60


class World:
    """A running stack of one office whose cloud can be brought into each state. As a context manager it comes back up.

    `line` is the office's; `others` is what the crowd came to in all overloaded turns so far.
    """

    def __init__(self, stack: Stack, line: FaultLine, station: Workstation, crowd: Crowd) -> None:
        assert stack.worker is not None
        self.state = UP
        self.line = line
        self.others = Pushed()
        self._worker = stack.worker
        self._station = station
        self._crowd = crowd
        crowd.ready()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._freeze(False)

    def enter(self, state: str) -> None:
        """Bring the world into a state, with nothing left over from the one before."""
        self._leave()
        self.state = state
        if state == IDLE:
            self._freeze(True)
        if state == SLOWLY:
            self.line.worsen(SLOW)
        if state == WAITING:
            self._record(SYNCHRONOUS)
        if state == OVERLOADED:
            self._crowd.begin()
        if state == DOWN:
            self.line.cut()
            wait_for("the cut is noticed", lambda: None if self._station.sync_state()["online"] else True)

    def _leave(self) -> None:
        """Up again, everything synced and posted."""
        station = self._station
        if self.state == OVERLOADED:
            self._add(self._crowd.end())
            self._crowd.ready()  # making its next pushes ready must not fall into a turn
        if self.state == WAITING:
            self._record(ASYNCHRONOUS)
        self._freeze(False)
        self.line.heal()
        self.line.mend()
        with suppress(Refused):
            station.books("POST", "/sync")  # at once, whatever pause it has been told or has chosen
        station.wait_drained(SETTLED_SECONDS_MAX)
        wait_for("everything posted", lambda: _settled(station), SETTLED_SECONDS_MAX)
        self.state = UP

    def _freeze(self, frozen: bool) -> None:
        """A worker that stands still with nothing in hand: starting it anew would take longer than a turn."""
        if self._worker.running:
            os.kill(self._worker.pid, signal.SIGSTOP if frozen else signal.SIGCONT)

    def _record(self, how: str) -> None:
        """Choose how the company records."""
        company = self._station.books("GET", "/company")
        body = company["body"] | {"recording": how, "recording_seconds": SECONDS_WAITED_MAX}
        act = {"act_id": new_ident(), "base": company["revision"], "body": body}
        self._station.books("PUT", "/company", act)
        self._station.wait_drained(SETTLED_SECONDS_MAX)

    def _add(self, pushed: Pushed) -> None:
        self.others.applied += pushed.applied
        self.others.pushes += pushed.pushes
        self.others.refused += pushed.refused
        self.others.seconds += pushed.seconds


def _settled(station: Workstation) -> bool | None:
    open_ones = station.books("GET", "/vouchers", state="in_flight", limit=1)
    return None if open_ones["items"] else True
