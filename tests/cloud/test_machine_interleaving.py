"""Row 20: two real connections against PostgreSQL, taken step by step through every order their steps can come in.

An actor is a thread that stops between its steps. A step that waits for a lock of the other's transaction is left
waiting (the database itself says that it waits), and ends when the other has committed. After every step a reader goes
on in the feed; in the end it has seen the newest form of everything.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec
import psycopg
import pytest
from _pytest.mark import ParameterSet

from socai.cloud.accept import frame_of
from socai.cloud.lane import COMMITTED, LOST, LaneStore, Poster
from socai.cloud.store.connection import POSTER, Database
from socai.cloud.store.migration import migrate
from socai.cloud.store.port import Raced
from socai.cloud.store.postgres import PostgresStore
from socai.cloud.store.posting_postgres import PostgresLane
from socai.cloud.store.row import Cursor
from socai.edge.postgres import EmbeddedPostgres
from socai.sync.accept import decide
from socai.sync.lane import Claim
from socai.sync.message import DELETE, FeedItem, Operation, Outcome
from socai.sync.reading import read, wanted
from support.posting import balances, drain, items, rebuilt
from support.sender import Sender, company, enrol, ident, journal, specs
from support.system import until

BOOK = ["financial"]
ALL = frozenset[str]()
Steps = Generator[None, None, None]


class Actor:
    """Runs a generator in a thread of its own, one step whenever it is told to."""

    def __init__(self, work: Callable[[], Steps]) -> None:
        self._go, self._idle = threading.Semaphore(0), threading.Event()
        self.done = False
        self.error: BaseException | None = None
        self._idle.set()
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def _run(self, work: Callable[[], Steps]) -> None:
        try:
            for _ in self._each(work()):
                pass
        except BaseException as error:
            self.error = error
        self.done = True
        self._idle.set()

    def _each(self, steps: Steps) -> Iterator[None]:
        while True:
            self._go.acquire()
            try:
                next(steps)
            except StopIteration:
                return
            yield
            self._idle.set()

    @property
    def idle(self) -> bool:
        return self._idle.is_set()

    def tell(self) -> None:
        """One step more; returns at once."""
        self._idle.clear()
        self._go.release()


@dataclass
class Stage:
    """The store, its lane, a reader, and an eye on who waits for whom."""

    store: PostgresStore
    lane: LaneStore
    eye: psycopg.Connection[tuple[int]]
    offices: list[Sender] = field(default_factory=list)
    seen: dict[str, FeedItem] = field(default_factory=dict)
    cursor: Cursor = field(default_factory=Cursor)

    def somebody_waits(self) -> bool:
        found = self.eye.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        ).fetchone()
        return bool(found and found[0])

    def read_on(self) -> None:
        """What a data server does: the page after its cursor."""
        news, self.cursor, _ = self.store.feed(self.offices[0].ref, self.cursor, ALL, 1000, 10**9)
        self.seen |= {item.id: item for item in news}

    def play(self, order: Sequence[int], actors: Sequence[Actor]) -> None:
        """One order of steps. Whoever waits for a lock loses his turn, and goes on when he can."""
        for at in order:
            actor = actors[at]
            if actor.done or not actor.idle:
                continue
            actor.tell()
            until(lambda actor=actor: actor.idle or self.somebody_waits(), "a step ends or waits")
            self.read_on()
        while not all(actor.done for actor in actors):
            for actor in actors:
                if actor.idle and not actor.done:
                    actor.tell()
            until(lambda: any(actor.idle for actor in actors if not actor.done) or all(a.done for a in actors), "end")
            self.read_on()
        for actor in actors:
            if actor.error is not None:
                raise actor.error
        self.read_on()
        truth = {key: (item.version, item.seq) for key, item in items(self.store, self.offices[0].ref).items()}
        assert {key: (item.version, item.seq) for key, item in self.seen.items()} == truth

    # --- actors

    def accept(self, sender: Sender, operation: Operation, told: list[Outcome]) -> Callable[[], Steps]:
        """The steps of cloud/accept.py, with a stop before each that touches the database."""

        def work() -> Steps:
            try:
                with self.store.accepting(sender.ref) as accepting:
                    rows = accepting.frame(sender.replica, [operation.n, operation.base.operation], [])
                    assert rows is not None
                    frame = frame_of(rows, specs())
                    readings = [read(frame, operation)]
                    yield
                    objects = accepting.objects(wanted(readings))
                    yield
                    (outcome,), changes = decide(frame, objects, readings)
                    accepting.apply(changes)
                    yield
                told.append(outcome)
            except Raced:
                told.extend(sender.push(operation))  # the acceptor judges the slice again

        return work

    def serve(self, name: str, answers: list[str]) -> Callable[[], Steps]:
        """A worker's turn, with a stop between claim, decision and commit."""

        def work() -> Steps:
            claim = self.lane.claim(self.offices[0].ref.bucket, name)
            yield
            if claim is None:
                return
            poster = Poster(self.lane, specs())
            prepared = poster.prepare(claim)
            if prepared is None:
                self.lane.release(claim)
                return
            turn = poster.finish(prepared)
            yield
            answers.append(poster.commit(prepared, turn, keep=False))
            if answers[-1] != COMMITTED:
                self.lane.release(claim)  # the next turn looks again

        return work


@pytest.fixture(scope="module")
def database(postgres_server: EmbeddedPostgres) -> str:
    with psycopg.connect(postgres_server.dsn(), autocommit=True) as connection:
        connection.execute("create database interleaving")
    dsn = postgres_server.dsn("interleaving")
    migrate(dsn)
    return dsn


@pytest.fixture
def stage(database: str) -> Iterator[Stage]:
    with (
        psycopg.connect(database, autocommit=True) as eye,
        Database(database, POSTER, 4) as posting,
    ):
        store = PostgresStore(database, size_max=8)
        try:
            yield Stage(store, PostgresLane(posting), eye)
        finally:
            store.close()


_companies = itertools.count(1)


def open_company(stage: Stage) -> tuple[Sender, Sender]:
    """A fresh company with two offices, so that each order begins from nothing."""
    first = company(stage.store, f"company{next(_companies)}")
    stage.offices = [first, Sender(stage.store, first.ref, enrol(stage.store, first.ref), user="admin")]
    stage.seen, stage.cursor = {}, Cursor()
    stage.read_on()
    return stage.offices[0], stage.offices[1]


ORDINARY = 3  # of so many orders one is played in the ordinary run, all in the long one


def orders(first: int, second: int) -> list[ParameterSet]:
    """Every order of so many steps of one and so many of another."""
    places = enumerate(itertools.combinations(range(first + second), first))
    return [
        pytest.param(
            tuple(0 if at in chosen else 1 for at in range(first + second)),
            marks=() if number % ORDINARY == 0 else pytest.mark.long,
        )
        for number, chosen in places
    ]


def results(*told: list[Outcome]) -> list[str]:
    return sorted(outcome.faults[0].code if outcome.faults else outcome.result for each in told for outcome in each)


@pytest.mark.parametrize("order", orders(3, 3))
def test_row_20_two_accepts_of_one_voucher(stage: Stage, order: tuple[int, ...]) -> None:
    """One edit replaces the version both were made on; the other is told who won. A new number is given once."""
    one, two = open_company(stage)
    voucher = ident()
    one.push(one.save(voucher, journal("N1", amount=1)))
    told: tuple[list[Outcome], list[Outcome]] = ([], [])
    edits = [sender.save(voucher, journal("N1", amount=at + 2), base=1) for at, sender in enumerate((one, two))]
    stage.play(order, [Actor(stage.accept(s, o, t)) for s, o, t in zip((one, two), edits, told, strict=True)])
    assert results(*told) == ["CONFLICT", "applied"]
    winner = 0 if told[0][0].result == "applied" else 1
    item = items(stage.store, one.ref)[voucher]
    assert item.version == 2
    assert msgspec.json.decode(item.body)["lines"][0]["amount"] == str(winner + 2)

    fresh = [sender.save(ident(), journal("N2")) for sender in (one, two)]
    told = ([], [])
    stage.play(order, [Actor(stage.accept(s, o, t)) for s, o, t in zip((one, two), fresh, told, strict=True)])
    assert results(*told) == ["NUMBER_TAKEN", "applied"]


@pytest.mark.parametrize("order", orders(4, 3))
def test_row_20_an_accept_beside_a_posting(stage: Stage, order: tuple[int, ...]) -> None:
    """An edit on the result of our own act overtakes nothing, whenever the worker comes: one live set, the newest."""
    one, _ = open_company(stage)
    voucher = ident()
    first = one.save(voucher, journal("N1", amount=100), post_to=BOOK)
    one.push(first)
    told: list[Outcome] = []
    answers: list[str] = []
    edit = one.save(voucher, journal("N1", amount=250), after=first.n, post_to=BOOK)
    stage.play(order, [Actor(stage.accept(one, edit, told)), Actor(stage.serve("w1", answers))])
    assert results(told) == ["applied"]
    drain(stage.lane)
    item = items(stage.store, one.ref)[voucher]
    live = [each for each in item.sets if not each.voided_seq]
    assert [(each.version, each.entries[0][1]) for each in live] == [(2, 250)]
    assert balances(stage.store, one.ref) == rebuilt(items(stage.store, one.ref).values())


@pytest.mark.parametrize("order", orders(4, 3))
def test_row_20_a_delete_beside_a_posting(stage: Stage, order: tuple[int, ...]) -> None:
    """Deleted on the result of our own act: whatever was posted before is out of the books in the end."""
    one, _ = open_company(stage)
    voucher = ident()
    first = one.save(voucher, journal("N1", amount=100), post_to=BOOK)
    one.push(first)
    told: list[Outcome] = []
    delete = one.act(voucher, DELETE, after=first.n)
    stage.play(order, [Actor(stage.accept(one, delete, told)), Actor(stage.serve("w1", []))])
    assert results(told) == ["applied"]
    drain(stage.lane)
    assert items(stage.store, one.ref)[voucher].deleted
    assert balances(stage.store, one.ref) == {}


@pytest.mark.parametrize("order", orders(3, 3))
def test_row_20_two_workers_on_one_lane(stage: Stage, order: tuple[int, ...]) -> None:
    """One of them has it. What the other finds when he comes later is only what is left."""
    one, _ = open_company(stage)
    one.push(*(one.save(ident(), journal(amount=number + 1), post_to=BOOK) for number in range(5)))
    answers: list[str] = []
    stage.play(order, [Actor(stage.serve(name, answers)) for name in ("w1", "w2")])
    assert answers == [COMMITTED]
    found = items(stage.store, one.ref)
    assert [len(item.sets) for item in found.values() if item.kind == "voucher"] == [1] * 5
    assert balances(stage.store, one.ref) == rebuilt(found.values())


@pytest.mark.parametrize("order", orders(4, 3))
def test_row_20_a_wish_taken_back_beside_a_posting(stage: Stage, order: tuple[int, ...]) -> None:
    """Saved again without the wish: either nothing is in the books, or the newest body is; never the older one."""
    one, _ = open_company(stage)
    voucher = ident()
    first = one.save(voucher, journal("N1", amount=100), post_to=BOOK)
    one.push(first)
    told: list[Outcome] = []
    edit = one.save(voucher, journal("N1", amount=250), after=first.n)
    stage.play(order, [Actor(stage.accept(one, edit, told)), Actor(stage.serve("w1", []))])
    assert results(told) == ["applied"]
    drain(stage.lane)
    item = items(stage.store, one.ref)[voucher]
    live = [(each.version, each.entries[0][1]) for each in item.sets if not each.voided_seq]
    assert live in ([], [(2, 250)])
    assert item.books[0].posted == bool(live)


@pytest.mark.parametrize("order", orders(2, 3))
def test_row_20_a_worker_back_from_the_dead_changes_nothing(stage: Stage, order: tuple[int, ...]) -> None:
    """His lease ran out while he slept and another has the lane: the fence decides, wherever he wakes."""
    one, _ = open_company(stage)
    one.push(*(one.save(ident(), journal(amount=number + 1), post_to=BOOK) for number in range(5)))
    poster, answers, dead = Poster(stage.lane, specs()), list[str](), list[str]()
    claim = stage.lane.claim(one.ref.bucket, "zombie")
    assert isinstance(claim, Claim)
    prepared = poster.prepare(claim)
    assert prepared is not None
    turn = poster.finish(prepared)
    stage.eye.execute("update lane set lease_until = 0 where tenant = %s", (one.ref.tenant,))

    def zombie() -> Steps:
        yield
        dead.append(poster.commit(prepared, turn, keep=False))

    stage.play(order, [Actor(zombie), Actor(stage.serve("w2", answers))])
    drain(stage.lane)
    assert sorted(answers + dead) in ([COMMITTED], [COMMITTED, LOST])
    found = items(stage.store, one.ref)
    assert [len(item.sets) for item in found.values() if item.kind == "voucher"] == [1] * 5
    assert balances(stage.store, one.ref) == rebuilt(found.values())
