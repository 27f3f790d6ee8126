"""Row 12: who waits for the outcome of an act is told of it once, and costs nothing while others' outcomes come."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from queue import Empty, SimpleQueue
from types import SimpleNamespace

import msgspec
import pytest

from socai.dataserver.awaiting import Awaiting, Recorded
from socai.dataserver.desk import SYNC, VOUCHER
from socai.dataserver.store.file import MEMORY, Connection
from socai.dataserver.syncing import agent, exchange
from socai.dataserver.syncing.agent import AWAITED_SECONDS, STEP_ASIDE_MOST_SECONDS, STEP_ASIDE_SECONDS, Agent
from socai.sync.message import Outcome, PushAnswer, Winner, WireFault
from support.desk import Office, journal, open_office, saved

PATIENCE_SECONDS = 30
PEOPLE = 10


class Crowd:
    """People who wait, and how often the file was looked at for them."""

    def __init__(self, office: Office) -> None:
        self.office, self.cut, self.looks = office, False, 0
        self.told: SimpleQueue[tuple[str, Recorded | None]] = SimpleQueue()
        self._read, self._looked = office.desk.file.read, threading.Semaphore(0)
        office.desk.file.read = self._counted  # type: ignore[method-assign]
        self.awaiting = Awaiting(office.desk, lambda: self.cut)

    def _counted(self) -> AbstractContextManager[Connection]:
        if threading.current_thread() is not threading.main_thread():
            self.looks += 1
            self._looked.release()
        return self._read()

    def wait(self, ident: str) -> None:
        """One more waits; the look that begins it is over when this ends, or has said what came."""
        self.awaiting.begin(ident, lambda found: self.told.put((ident, found)))
        assert self._looked.acquire(timeout=PATIENCE_SECONDS)

    def next(self) -> tuple[str, Recorded | None]:
        return self.told.get(timeout=PATIENCE_SECONDS)


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    office = open_office(MEMORY)
    _answer_all(office)
    found = Crowd(office)
    yield found
    found.awaiting.close()
    office.close()


def _answer_all(office: Office) -> None:
    while (push := exchange.next_batch(office.desk)) is not None:
        outcomes = [Outcome(operation.n, "applied", 1, 1) for operation in push.operations]
        exchange.take_answer(office.desk, push, PushAnswer("", outcomes))


def _answer_next(office: Office, outcome: Outcome) -> str:
    """The cloud answers the next act; whose it is."""
    push = exchange.next_batch(office.desk, 1)
    assert push is not None
    outcome = msgspec.structs.replace(outcome, n=push.operations[0].n)
    exchange.take_answer(office.desk, push, PushAnswer("", [outcome]))
    return push.operations[0].id


def test_row_12_an_outcome_is_looked_up_for_the_one_who_waits_for_it(crowd: Crowd) -> None:
    """Ten wait, the line stays up, and ten outcomes come one by one: each is told once, and nobody looks in vain."""
    idents = [saved(crowd.office.save(journal())).id for _ in range(PEOPLE)]
    for ident in idents:
        crowd.wait(ident)
    begun = crowd.looks
    crowd.office.desk.tell(VOUCHER, "journal", "another")
    crowd.office.desk.tell(SYNC)
    for _ in range(PEOPLE):
        answered = _answer_next(crowd.office, Outcome(0, "applied", 1, 1))
        told, found = crowd.next()
        assert told == answered
        assert found is not None
        assert found.settled
    assert crowd.looks - begun <= 2 * PEOPLE  # when it was sealed and when it was answered
    with pytest.raises(Empty):
        crowd.told.get_nowait()


def test_row_12_what_came_before_the_waiting_began_is_told_at_once(crowd: Crowd) -> None:
    done = saved(crowd.office.save(journal()))
    _answer_all(crowd.office)
    crowd.wait(done.id)
    told, found = crowd.next()
    assert told == done.id
    assert found is not None
    assert found.settled


def test_row_12_a_cut_line_lets_everybody_go_with_what_is_known(crowd: Crowd) -> None:
    idents = {saved(crowd.office.save(journal())).id for _ in range(3)}
    for ident in idents:
        crowd.wait(ident)
    crowd.cut = True
    crowd.office.desk.tell(SYNC)
    told = [crowd.next() for _ in idents]
    assert {ident for ident, _ in told} == idents
    assert all(found is not None and not found.settled for _, found in told)


@pytest.mark.parametrize(
    "outcome, codes",
    [
        (Outcome(0, "rejected", faults=[WireFault("DATE_LOCKED", "accounting_date")]), ["DATE_LOCKED"]),
        (Outcome(0, "conflict", winner=Winner(7, "other", "2026-11-22T00:00:00.000Z")), []),
    ],
)
def test_row_12_a_refusal_and_a_conflict_are_outcomes_too(crowd: Crowd, outcome: Outcome, codes: list[str]) -> None:
    done = saved(crowd.office.save(journal()))
    crowd.wait(done.id)
    _answer_next(crowd.office, outcome)
    _, found = crowd.next()
    assert found is not None
    assert (found.settled, [fault.code for fault in found.faults]) == (True, codes)
    assert found.facts.conflict == (outcome.winner is not None)


def test_row_12_whoever_stops_waiting_hears_nothing(crowd: Crowd) -> None:
    done = saved(crowd.office.save(journal()))
    crowd.awaiting.begin(done.id, lambda found: crowd.told.put(("gone", found)))()
    crowd.wait(done.id)
    _answer_all(crowd.office)
    assert crowd.next()[0] == done.id


@pytest.mark.parametrize("waits, most", [(True, AWAITED_SECONDS * 2), (False, STEP_ASIDE_MOST_SECONDS)])
def test_row_12_what_people_wait_for_is_sent_while_others_still_save(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch, waits: bool, most: float
) -> None:
    """Else sending lets those who save go first, up to half a second: nobody waits for it."""
    desk, now = crowd.office.desk, [1_000.0]
    worker = Agent(desk, lambda: pytest.fail("nothing is sent"))
    monkeypatch.setattr(agent, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def pass_by(seconds: float) -> None:
        now[0] += seconds
        desk.pressed_at = now[0]  # somebody has saved again

    monkeypatch.setattr(worker._end, "wait", pass_by)
    if waits:
        crowd.wait(saved(crowd.office.save(journal())).id)
    desk.pressed_at = now[0]
    worker.step_aside()
    assert now[0] - 1_000 == pytest.approx(most, abs=STEP_ASIDE_SECONDS)
    quiet = now[0] = now[0] + 60
    worker.step_aside()
    assert now[0] == quiet  # nobody has saved for long
