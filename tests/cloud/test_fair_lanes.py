"""Row 16, fair lanes: backlogs do not delay a quiet tenant, poison blocks nobody, zombies change nothing, workers come.

PostgreSQL and the production worker, in threads where that is enough and as real processes where it is not.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from socai.books.audit import audit
from socai.books.reader import PostgresReader
from socai.cloud.store.migration import migrate
from socai.cloud.store.postgres import PostgresStore
from socai.cloud.worker import Figures, run_worker
from socai.lab.program import Program
from socai.sync.lane import QUANTUM_WORK_MAX
from support.posting import CHART, account, codes, items
from support.sender import Sender, company, ident, journal

BOOK = ["financial"]
SECONDS_MAX = 90.0
BACKLOGS, BACKLOG = 20, 400


@pytest.fixture
def store(fresh_database: str) -> Iterator[PostgresStore]:
    migrate(fresh_database)
    found = PostgresStore(fresh_database, size_max=4)
    try:
        yield found
    finally:
        found.close()


def until(reached: Callable[[], object], what: str) -> None:
    waiting = threading.Event()
    deadline = time.monotonic() + SECONDS_MAX
    while not reached():
        assert time.monotonic() < deadline, f"never came about: {what}"
        waiting.wait(0.01)


def queued(office: Sender, count: int) -> list[str]:
    """Vouchers of 1 đồng each, accepted and waiting."""
    ids = [ident() for _ in range(count)]
    for at in range(0, count, 100):
        office.push(*(office.save(each, journal(amount=1), post_to=BOOK) for each in ids[at : at + 100]))
    return ids


def depths(dsn: str) -> dict[int, int]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        return dict(connection.execute("select tenant, depth from lane").fetchall())


@contextmanager
def working(dsn: str, on_turn: Callable[[Figures], None] | None = None) -> Iterator[None]:
    """One worker in a thread."""
    stop = threading.Event()
    thread = threading.Thread(target=run_worker, args=(dsn, stop, on_turn))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(SECONDS_MAX)
        assert not thread.is_alive()


@contextmanager
def processes(dsn: str, folder: Path) -> Iterator[Callable[[], Program]]:
    """Worker processes, started by calling; whatever still lives is killed at the end."""
    begun: list[Program] = []

    def begin() -> Program:
        program = Program(f"worker-{len(begun)}", ("cloud", "worker", "--database", dsn), folder)
        begun.append(program)
        program.start()
        return program

    try:
        yield begin
    finally:
        for program in begun:
            program.kill()


def backlogs(dsn: str, store: PostgresStore, count: int, each: int) -> None:
    """Lanes deep with work that asks nothing of the books (to unpost what was never posted)."""
    for number in range(count):
        ref = store.create_tenant(f"returning{number}", "Trở lại", "0199bbbb-0000-7000-8000-000000000001", 0)
        assert ref is not None
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(
                "insert into work (bucket, tenant, voucher, book, act, version) "
                "select 0, %s, gen_random_uuid(), 'financial', 'unpost', 1 from generate_series(1, %s)",
                (ref.tenant, each),
            )
            connection.execute("update lane set depth = %s where tenant = %s", (each, ref.tenant))


def test_row_16_twenty_backlogs_share_alike_and_a_quiet_tenant_waits_for_a_few_turns_only(
    fresh_database: str, store: PostgresStore
) -> None:
    """Counted in work done meanwhile, so that the speed of the machine says nothing."""
    quiet = company(store)
    backlogs(fresh_database, store, BACKLOGS, BACKLOG)
    behind: list[int] = []
    spread: list[int] = []
    done = Figures()

    def on_turn(figures: Figures) -> None:
        done.works = figures.works

    with working(fresh_database, on_turn):
        for _ in range(10):
            before = done.works
            (voucher,) = queued(quiet, 1)
            until(lambda: depths(fresh_database)[quiet.ref.tenant] == 0, "posted")
            behind.append(done.works - before)
            left = [depth for tenant, depth in depths(fresh_database).items() if tenant != quiet.ref.tenant]
            if min(left) > 0:
                spread.append(max(left) - min(left))
            assert items(store, quiet.ref)[voucher].books[0].posted
        until(lambda: sum(depths(fresh_database).values()) == 0, "everything served")
    assert done.works == BACKLOGS * BACKLOG + 10
    # In a first-come queue the first quiet voucher would have waited for eight thousand. A look here and there is late.
    assert sorted(behind)[len(behind) // 2] <= 12 * QUANTUM_WORK_MAX
    assert max(spread, default=0) <= 3 * QUANTUM_WORK_MAX


def test_row_16_a_poison_voucher_blocks_neither_its_lane_nor_the_others(
    fresh_database: str, store: PostgresStore
) -> None:
    sick, sound = company(store), company(store, "hoanglong")
    with psycopg.connect(fresh_database, autocommit=True) as connection:
        connection.execute("alter table entry add constraint not_this_one check (amount <> 666)")
    before = queued(sick, 60)
    poison = [ident(), ident()]
    sick.push(*(sick.save(each, journal(amount=666), post_to=BOOK) for each in poison))
    after = queued(sick, 60)
    others = queued(sound, 60)
    with working(fresh_database):
        until(lambda: sum(depths(fresh_database).values()) == 0, "everything answered")
    assert [codes(sick, each) for each in poison] == [["INTERNAL"], ["INTERNAL"]]
    for office, ids in ((sick, before + after), (sound, others)):
        found = items(store, office.ref)
        assert all(found[each].books[0].posted for each in ids)
    assert (account(sick, "131"), account(sound, "131")) == (120, 60)


def test_row_16_a_worker_process_stopped_overtaken_and_woken_commits_nothing(
    fresh_database: str, store: PostgresStore, tmp_path: Path
) -> None:
    """SIGSTOP while it reads its lane; another takes the lane with a higher fence; SIGCONT: its turn is lost."""
    office = company(store)
    with processes(fresh_database, tmp_path) as begin, psycopg.connect(fresh_database, autocommit=True) as watcher:
        zombie = begin()
        ids = queued(office, 40)
        until(lambda: sum(depths(fresh_database).values()) == 0, "served once")
        with psycopg.connect(fresh_database) as blocker:  # its look will wait here, its claim will not
            blocker.execute("lock table voucher_book in access exclusive mode")
            watcher.execute(
                "insert into work (bucket, tenant, voucher, book, act, version) "
                "select 0, tenant, id, 'financial', 'unpost', 1 from voucher"
            )
            watcher.execute("update lane set depth = 40 where tenant = %s", (office.ref.tenant,))
            waits = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
            until(lambda: watcher.execute(waits).fetchone() is not None, "it has claimed and reads")
            os.kill(zombie.pid, signal.SIGSTOP)
        fence = watcher.execute("update lane set lease_until = 0 where depth > 0 returning fence").fetchone()
        with working(fresh_database):  # as if the lease had run out: the next one takes the lane
            until(lambda: sum(depths(fresh_database).values()) == 0, "served by the other")
            os.kill(zombie.pid, signal.SIGCONT)
            until(lambda: b"turn not committed" in zombie.log.read_bytes(), "its commit failed")
        found = watcher.execute("select fence from lane where tenant = %s", (office.ref.tenant,)).fetchone()
        assert fence is not None
        assert found is not None
        assert found[0] > fence[0]
    assert b'"answer": "lost"' in zombie.log.read_bytes()
    found_items = items(store, office.ref)
    assert all(not found_items[each].books[0].posted and len(found_items[each].sets) == 1 for each in ids)
    assert account(office, "131") == 0


def test_row_16_workers_are_added_and_killed_while_they_run(
    fresh_database: str, store: PostgresStore, tmp_path: Path
) -> None:
    offices = [company(store, f"tenant{number}") for number in range(2)]
    for office in offices:
        queued(office, 300)
    total = 600
    with processes(fresh_database, tmp_path) as begin:
        first, second = begin(), begin()
        until(lambda: sum(depths(fresh_database).values()) < total, "begun")
        first.kill()
        third = begin()
        left = sum(depths(fresh_database).values())
        until(lambda: left == 0 or sum(depths(fresh_database).values()) < left, "going on")
        second.kill()
        for office in offices:
            queued(office, 20)
        until(lambda: sum(depths(fresh_database).values()) == 0, "everything posted")
        assert third.running
    for office in offices:
        found = items(store, office.ref)
        assert [len(each.sets) for each in found.values() if each.kind == "voucher"] == [1] * 320
        assert account(office, "131") == 320
        with psycopg.connect(fresh_database) as connection:
            assert list(audit(PostgresReader(connection, office.ref.bucket, office.ref.tenant), CHART)) == []
