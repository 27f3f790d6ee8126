"""Row 15: what a data server does beside sending and receiving keeps one pace: the cloud says when to come back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import cast

import pytest

from socai.base.fault import Fault
from socai.dataserver.store.file import MEMORY
from socai.dataserver.syncing.chore import ELSEWHERE_SECONDS, FAILED_SECONDS, PEOPLE_SECONDS, Chores
from socai.dataserver.syncing.round import ASKED, Rounds
from socai.edge.client import CloudClient, CloudRefused, CloudUnreachable
from socai.sync.message import Overview, People
from socai.sync.refused import RefusedAct, RefusedActs
from support.desk import open_office

RETRY_SECONDS = 60.0
CHANCE = 0.25


class BusyCloud:
    """A cloud that answers, or refuses as it is told; `asked` is what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.refusals: dict[str, Exception] = {}
        self.refused: list[RefusedAct] = []

    def _answer(self, what: str) -> None:
        self.asked.append(what)
        if what in self.refusals:
            raise self.refusals[what]

    def people(self) -> People:
        self._answer("people")
        return People([])

    def refused_acts(self) -> RefusedActs:
        self._answer("refused")
        return RefusedActs(self.refused)

    def overview(self, cursor: str) -> Overview:
        self._answer("overview")
        return Overview("")


class Host:
    """An agent whose line is up."""

    closed, open, caught_up = False, True, True

    def __init__(self, rounds: Rounds) -> None:
        self.rounds = rounds
        self.settled = 0

    def step_aside(self) -> None: ...

    def greet(self) -> None: ...

    def settle_round(self) -> None:
        self.settled += 1


class Work:
    """Chores by a clock that goes on by hand."""

    def __init__(self) -> None:
        self.office = open_office(MEMORY)
        self.now = 1_000.0
        self.cloud = BusyCloud()
        self.host = Host(Rounds(self.office.desk, lambda: self.now))
        self.chores = Chores(self.office.desk, self.host, lambda _people: None, lambda: self.now, lambda: CHANCE)

    def go(self, seconds: float = 0.0) -> list[str]:
        """What the cloud is asked after so many seconds."""
        self.now += seconds
        begun = len(self.cloud.asked)
        self.chores.go(cast("CloudClient", self.cloud))
        return self.cloud.asked[begun:]


@pytest.fixture
def work() -> Iterator[Work]:
    found = Work()
    yield found
    found.office.close()


def busy(retry_after: float = RETRY_SECONDS) -> CloudRefused:
    return CloudRefused([Fault("RATE_LIMITED")], 429, retry_after)


def test_row_15_a_longer_retry_after_told_to_one_chore_holds_them_all(work: Work) -> None:
    """Never before the time it said, and spread over as long again: 60 s × 1.25."""
    work.cloud.refusals["people"] = busy()
    assert work.go() == ["people"]
    work.host.rounds.begin(ASKED, "")  # something else becomes due
    for _ in range(74):
        assert work.go(1) == []
    del work.cloud.refusals["people"]
    assert work.go(1) == ["overview", "people"]
    assert work.go(1) == []


def test_row_15_what_the_cloud_told_the_sender_holds_the_chores_too(work: Work) -> None:
    work.chores.put_off(RETRY_SECONDS)
    work.chores.put_off(1.0)  # a shorter one does not take that back
    assert work.go(74) == []
    assert work.go(1) == ["people"]


def test_row_15_one_that_is_always_refused_starves_no_other_and_comes_ever_more_rarely(work: Work) -> None:
    work.cloud.refusals["people"] = CloudRefused([Fault("INTERNAL")], 500)
    work.host.rounds.begin(ASKED, "")
    assert work.go() == ["overview", "people"]
    assert work.go(0.1) == []  # 0.5 s × 0.25 is not over
    times, begun = [], work.now
    while work.now < begun + 60:
        if work.go(0.1):
            times.append(work.now)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert max(gaps) == pytest.approx(30 * CHANCE, abs=0.2)
    assert gaps[0] < 1


def test_row_15_a_person_who_asks_is_not_kept_waiting(work: Work) -> None:
    work.chores.put_off(RETRY_SECONDS)
    assert work.go() == []
    work.chores.ask()
    assert "people" in work.go()


@pytest.mark.parametrize("wait, asks", [(FAILED_SECONDS - 1, []), (FAILED_SECONDS, ["people"])])
def test_a_line_that_failed_is_tried_again_soon(work: Work, wait: float, asks: list[str]) -> None:
    work.cloud.refusals["people"] = CloudUnreachable("reset")
    assert work.go() == ["people"]
    work.cloud.refusals.clear()
    assert work.go(wait) == asks


def test_people_are_asked_for_now_and_then(work: Work) -> None:
    asks: Callable[[float], list[str]] = work.go
    assert [asks(0), asks(PEOPLE_SECONDS / 2), asks(PEOPLE_SECONDS / 2)] == [["people"], [], ["people"]]


def test_what_needs_no_line_goes_on_while_the_cloud_is_busy(work: Work) -> None:
    work.chores.put_off(RETRY_SECONDS)
    work.go()
    work.host.open = False
    work.go()
    assert work.host.settled == 2


def test_row_6_refusals_at_other_offices_are_asked_for_while_somebody_looks_and_told_once(work: Work) -> None:
    desk, told = work.office.desk, work.office.told
    work.cloud.refused = [
        RefusedAct("act-1", "rejected", "lan", "Sài Gòn", "", "voucher", "journal", "v1", "save", "N1")
    ]
    assert work.go() == ["people"]
    desk.watched = lambda: True
    assert work.go(1) == ["refused"]
    assert work.go(ELSEWHERE_SECONDS - 1) == []
    assert work.go(1) == ["refused"]
    assert told.count(("elsewhere", "journal", "act-1")) == 1
    work.cloud.refused = []
    desk.put_away.add("act-1")
    badges = told.count(("sync", "", ""))
    work.go(ELSEWHERE_SECONDS)
    assert (desk.elsewhere, desk.put_away) == ({}, set())
    assert told.count(("sync", "", "")) == badges + 1  # mended there
    work.cloud.refusals["refused"] = CloudRefused([Fault("PATH_UNKNOWN")], 404)  # an older cloud
    assert work.go(ELSEWHERE_SECONDS) == ["refused"]
    assert work.go(1) == []
