"""Row 15 over HTTP, with a real cloud: who is refused and what it is told, and that nothing accepted is dropped."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import httpx
import msgspec
import psycopg
import pytest

from socai.cloud.clock import iso, utc_now
from socai.cloud.enrol import make_code
from socai.cloud.http.api import Api
from socai.cloud.http.door import Door
from socai.cloud.run import api_on, cloud_application
from socai.cloud.store.migration import migrate
from socai.edge.serving import Address, Serving
from socai.edge.signature import new_key, signed_headers
from socai.sync.admission import BACKLOG, WAIT_SECONDS_MAX, Limit
from socai.sync.message import FeedPage, Operation, Push, PushAnswer, encode
from support.sender import Sender, company, ident, journal

SECONDS_MAX = 60.0


@dataclass
class Clock:
    """Seconds that pass when the test says so."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Machine:
    """A data server as the network sees it."""

    url: str
    office: Sender
    key: bytes

    def push(self, operations: list[Operation], seconds: float = 30.0) -> httpx.Response:
        body = encode(Push(1, self.office.replica, 1, operations))
        moment = iso(utc_now())
        headers = signed_headers(self.key, self.office.replica, "POST", "/sync/push", moment, body)
        return httpx.post(f"{self.url}/sync/push", content=body, headers=headers, timeout=seconds, trust_env=False)

    def saves(self, count: int) -> list[Operation]:
        return [self.office.save(ident(), journal(), post_to=["financial"]) for _ in range(count)]


@dataclass
class Cloud:
    """A running API whose door has a clock of the test's own, and machines of a small company it knows."""

    dsn: str
    api: Api
    clock: Clock
    machines: list[Machine]


def enrolled(api: Api, url: str, office: Sender) -> Machine:
    """A data server of the company, with a real key, that was here before."""
    private, public = new_key()
    code = make_code(api.store, office.ref, "Văn phòng", ())
    wish = {"code": code, "public_key": base64.b64encode(public).decode(), "name": "Máy 1"}
    replica = httpx.post(f"{url}/enrol", json=wish, trust_env=False).json()["replica"]
    machine = Machine(url, Sender(api.store, office.ref, replica), private)
    assert machine.push([]).status_code == 200
    return machine


@pytest.fixture
def cloud(fresh_database: str) -> Iterator[Cloud]:
    migrate(fresh_database)
    api, clock = api_on(fresh_database), Clock()
    api.door = Door(clock)
    try:
        with Serving(cloud_application(api), Address(), on_stop=api.watch.close) as running:
            office = company(api.store)
            machines = [enrolled(api, running.address.url, office) for _ in range(4)]
            yield Cloud(fresh_database, api, clock, machines)
    finally:
        api.close()


def until(reached: Callable[[], object]) -> None:
    waiting = threading.Event()
    for _ in range(int(SECONDS_MAX / 0.02)):
        if reached():
            return
        waiting.wait(0.02)
    raise AssertionError("never came about")


@contextmanager
def database_held(dsn: str) -> Iterator[None]:
    """Nobody can take the next seq of any tenant: every push waits in its last statement."""
    with psycopg.connect(dsn) as blocker:
        blocker.execute("select 1 from tenant for update")
        yield


def in_thread(machine: Machine, operations: list[Operation], answers: list[httpx.Response]) -> threading.Thread:
    thread = threading.Thread(target=lambda: answers.append(machine.push(operations)))
    thread.start()
    return thread


def test_row_15_a_tenant_that_spent_too_much_is_told_when_to_come_back_and_how_much_to_bring(cloud: Cloud) -> None:
    machine = cloud.machines[0]
    saves = machine.saves(2)
    assert machine.push(saves[:1]).status_code == 200
    cloud.api.door.spend(machine.office.ref.tenant, machine.office.replica, 0, 40_000)
    refused = machine.push(saves[1:])
    assert (refused.status_code, refused.json()["code"]) == (429, "RATE_LIMITED")
    assert int(refused.headers["Retry-After"]) == 5
    assert refused.json()["max_batch"] == 500
    cloud.clock.now += 6
    assert machine.push(saves[1:]).status_code == 200


def test_row_15_a_backlog_waits_then_is_refused_while_a_save_gets_its_slot(cloud: Cloud) -> None:
    """The database stands still: two backlogs are begun, a third is sent away, none that was begun is lost."""
    door = cloud.api.door
    first, second, third, clerk = cloud.machines
    backlog = third.saves(60)
    door.gate = replace(door.gate, limit=Limit(3.0))
    assert door.gate.room(BACKLOG) == 2
    answers: list[httpx.Response] = []
    with database_held(cloud.dsn):
        threads = [in_thread(first, first.saves(60), answers)]
        until(lambda: door.gate.held == 1)
        threads.append(in_thread(second, second.saves(60), answers))
        until(lambda: door.gate.held == 2)
        threads.append(in_thread(third, backlog, answers))
        until(lambda: len(door.gate.waiting) == 1)
        threads.append(in_thread(clerk, clerk.saves(1), answers))
        until(lambda: door.gate.held == 3)  # a save finds room where a backlog does not
        cloud.clock.now += WAIT_SECONDS_MAX[BACKLOG]
        until(lambda: answers)
        assert (answers[0].status_code, answers[0].json()["code"]) == (503, "RATE_LIMITED")
        assert int(answers[0].headers["Retry-After"]) >= 1
        assert answers[0].json()["max_batch"] >= 100
        assert door.refused[BACKLOG] == 1
    for thread in threads:
        thread.join(SECONDS_MAX)
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 503]
    until(lambda: not door.gate.running)
    again = msgspec.json.decode(third.push(backlog).content, type=PushAnswer)
    assert {outcome.result for outcome in again.outcomes} == {"applied"}  # it was never recorded before
    with psycopg.connect(cloud.dsn) as connection:
        assert connection.execute("select count(*) from voucher").fetchone() == (181,)


def test_row_15_an_answer_tells_depth_and_estimate_of_the_lane(cloud: Cloud) -> None:
    machine = cloud.machines[0]
    told = msgspec.json.decode(machine.push(machine.saves(40)).content, type=PushAnswer)
    assert told.depth == 40
    assert told.estimate_seconds > 0
    row = cloud.api.store.replica(machine.office.ref, machine.office.replica)
    assert row is not None
    page = cloud.api.feeder.page(machine.office.ref, row, "", 5)
    assert isinstance(page, FeedPage)
    assert page.depth == 40
    until(lambda: cloud.api.door.depths.waiting == 40)


def test_row_15_who_goes_away_while_waiting_leaves_no_slot_behind(cloud: Cloud) -> None:
    door = cloud.api.door
    first, second, *_ = cloud.machines
    door.gate = replace(door.gate, limit=Limit(2.0))
    answers: list[httpx.Response] = []
    with database_held(cloud.dsn):
        thread = in_thread(first, first.saves(60), answers)
        until(lambda: door.gate.held == 1)
        with pytest.raises(httpx.ReadTimeout):
            second.push(second.saves(60), 0.2)
        cloud.clock.now += WAIT_SECONDS_MAX[BACKLOG] + 1
        until(lambda: not door.gate.waiting)
    thread.join(SECONDS_MAX)
    until(lambda: not door.gate.running)
    assert [answer.status_code for answer in answers] == [200]


def test_row_16_a_backlog_is_let_in_by_what_the_lanes_are_now(cloud: Cloud) -> None:
    """A worker is at some lane and somebody saves: of two offices that come back the second waits for the first."""
    door = cloud.api.door
    clerk, first, second, _ = cloud.machines
    assert clerk.push(clerk.saves(1)).status_code == 200
    until(lambda: door.depths.waiting == 1)
    with psycopg.connect(cloud.dsn) as connection:
        connection.execute("update lane set lease_until = 9e15 where depth > 0")
    cloud.api._looked_at = 0.0  # it was long ago
    answers: list[httpx.Response] = []
    with database_held(cloud.dsn):
        threads = [in_thread(each, each.saves(60), answers) for each in (first, second)]
        until(lambda: len(door.gate.running) + len(door.gate.waiting) == 2)
        assert (door.gate.worked, door.gate.held, len(door.gate.waiting)) == (True, 1, 1)
        cloud.clock.now += 1.0
    until(lambda: len(answers) == 1 and not door.gate.running)
    assert len(door.gate.waiting) == 1  # a rest as long as the first one took
    cloud.clock.now += 1.0
    for thread in threads:
        thread.join(SECONDS_MAX)
    assert [answer.status_code for answer in answers] == [200, 200]


@pytest.mark.parametrize("operations", [0, 1])
def test_row_6_a_data_server_that_was_shut_out_since_it_was_last_here_is_not_taken_from(
    cloud: Cloud, operations: int
) -> None:
    """Its key is remembered; what it may do is looked at again with every push."""
    machine = cloud.machines[0]
    assert machine.push(machine.saves(1)).status_code == 200
    with psycopg.connect(cloud.dsn) as connection:
        connection.execute("update replica set state = 'revoked' where replica = %s", (machine.office.replica,))
    assert machine.push(machine.saves(operations)).json()["code"] == "REPLICA_UNKNOWN"
