"""The worker on a real PostgreSQL: killed, frozen and restarted at the worst moment it still posts everything once."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from socai.books.audit import Finding, audit
from socai.books.reader import PostgresReader
from socai.cloud.lane import COMMITTED, LOST, Poster, StoreAway
from socai.cloud.store.connection import POSTER, Database
from socai.cloud.store.migration import migrate
from socai.cloud.store.postgres import PostgresStore
from socai.cloud.store.posting_postgres import PostgresLane
from socai.cloud.worker import Figures, run_worker
from socai.edge.postgres import EmbeddedPostgres
from socai.sync.lane import Quantum
from socai.sync.message import DELETE, POST, UNPOST
from support.posting import CHART, account, balances, book, codes, item, items, rebuilt
from support.sender import Sender, company, ident, journal, specs

BOOK = ["financial"]
SECONDS_MAX = 60.0


@pytest.fixture
def dsn(fresh_database: str) -> str:
    """A database with the cloud's schema."""
    migrate(fresh_database)
    return fresh_database


@pytest.fixture
def office(dsn: str) -> Iterator[Sender]:
    """The office of a small company."""
    store = PostgresStore(dsn, size_max=4)
    try:
        yield company(store)
    finally:
        store.close()


@contextmanager
def working(dsn: str, workers: int = 1) -> Iterator[list[Figures]]:
    """Workers in threads; stopped and joined at the end."""
    stop = threading.Event()
    figures: list[Figures] = []
    threads = [threading.Thread(target=lambda: figures.append(run_worker(dsn, stop))) for _ in range(workers)]
    for thread in threads:
        thread.start()
    try:
        yield figures
    finally:
        stop.set()
        for thread in threads:
            thread.join(SECONDS_MAX)
            assert not thread.is_alive()


def until(reached: Callable[[], bool]) -> None:
    """Wait for a state of the world; fails after SECONDS_MAX."""
    waiting = threading.Event()
    deadline = time.monotonic() + SECONDS_MAX
    while not reached():
        assert time.monotonic() < deadline, "never came about"
        waiting.wait(0.02)


def queued(office: Sender, count: int, **given: object) -> list[str]:
    """Vouchers of 1 đồng each, accepted and waiting."""
    ids = [ident() for _ in range(count)]
    for at in range(0, count, 100):
        part = ids[at : at + 100]
        office.push(*(office.save(each, journal(amount=1), post_to=BOOK) for each in part))
    return ids


def depth(dsn: str) -> int:
    with psycopg.connect(dsn, autocommit=True) as connection:
        return int(connection.execute("select coalesce(sum(depth), 0) from lane").fetchone()[0])  # type: ignore[index]


def breaches(dsn: str, office: Sender) -> list[Finding]:
    """What the ledger's own audit finds wrong (I8, I9)."""
    with psycopg.connect(dsn) as connection:
        return list(audit(PostgresReader(connection, office.ref.bucket, office.ref.tenant), CHART))


def test_a_worker_posts_what_is_queued_and_what_comes_later(dsn: str, office: Sender) -> None:
    first = queued(office, 120)
    with working(dsn):
        until(lambda: depth(dsn) == 0)
        later = queued(office, 3)
        until(lambda: depth(dsn) == 0)
    found = items(office.store, office.ref)
    assert all(found[each].books[0].posted for each in first + later)
    assert account(office, "131") == 123


def test_several_workers_post_several_tenants_once_each(dsn: str, office: Sender) -> None:
    others = [company(office.store, f"tenant{number}") for number in range(3)]
    for sender in (office, *others):
        queued(sender, 150)
    with working(dsn, 3) as figures:
        until(lambda: depth(dsn) == 0)
    assert sum(each.works for each in figures) == 600
    for sender in (office, *others):
        found = items(sender.store, sender.ref)
        assert balances(sender.store, sender.ref) == rebuilt(found.values())
        assert account(sender, "131") == 150
        assert breaches(dsn, sender) == []


def test_books_are_sound_after_posts_unposts_reposts_edits_and_deletes(dsn: str, office: Sender) -> None:
    first = [office.save(ident(), journal(amount=10 + at), post_to=BOOK) for at in range(30)]
    office.push(*first)
    with working(dsn, 2):
        until(lambda: depth(dsn) == 0)
        out = [office.act(each.id, UNPOST, after=each.n) for each in first[:20]]
        office.push(*out)
        until(lambda: depth(dsn) == 0)
        office.push(
            *(office.act(each.id, POST, after=each.n) for each in out[:5]),
            *(office.save(each.id, journal(amount=1_000), after=each.n, post_to=BOOK) for each in out[5:10]),
            *(office.act(each.id, DELETE, after=each.n) for each in out[10:15]),
            *(office.save(each.id, journal(amount=7), after=each.n, post_to=BOOK) for each in first[20:25]),
        )
        until(lambda: depth(dsn) == 0)
    # reposted 10 … 14: 60; edited 5 × 1000; replaced 5 × 7; untouched 35 … 39: 185
    assert account(office, "131") == 60 + 5_000 + 35 + 185
    assert breaches(dsn, office) == []


def test_a_turn_killed_between_writing_and_commit_leaves_the_work_queued(dsn: str, office: Sender) -> None:
    """The tenant's row is held, so the turn stops before its last statement; then its session is killed."""
    (voucher,) = queued(office, 1)
    with Database(dsn, POSTER, 4) as database:
        lane = PostgresLane(database)
        poster = Poster(lane, specs())
        claim = lane.claim(0, "victim")
        assert claim is not None
        prepared = poster.prepare(claim)
        assert prepared is not None
        turn = poster.finish(prepared)
        came: list[object] = []
        with psycopg.connect(dsn) as blocker:
            blocker.execute("select 1 from tenant for update")

            def commit() -> None:
                try:
                    came.append(poster.commit(prepared, turn, keep=False))
                except StoreAway as away:
                    came.append(away)

            victim = threading.Thread(target=commit)
            victim.start()
            with psycopg.connect(dsn, autocommit=True) as watcher:
                waiting = (
                    "select pid from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
                )
                until(lambda: watcher.execute(waiting).fetchone() is not None)
                assert watcher.execute(f"select pg_terminate_backend(pid) from ({waiting}) x").fetchone() == (True,)
            victim.join(SECONDS_MAX)
        assert isinstance(came[0], StoreAway)
        assert (item(office, voucher).sets, balances(office.store, office.ref), depth(dsn)) == ([], {}, 1)
        poster.reset()
        assert poster.serve(claim) == 1
    assert account(office, "131") == 1


def test_a_frozen_workers_open_transaction_is_undone_when_the_lane_has_passed_on(dsn: str, office: Sender) -> None:
    """Two real connections: the zombie has written everything but its lane when the other claims, posts and commits."""
    (voucher,) = queued(office, 1)
    with Database(dsn, POSTER, 2) as old_database, Database(dsn, POSTER, 2) as new_database:
        zombie_lane, fresh_lane = PostgresLane(old_database), PostgresLane(new_database)
        zombie, fresh = Poster(zombie_lane, specs()), Poster(fresh_lane, specs())
        old = zombie_lane.claim(0, "zombie")
        assert old is not None
        prepared = zombie.prepare(old)
        assert prepared is not None
        turn = zombie.finish(prepared)
        with psycopg.connect(dsn) as blocker:  # the lane's row is held while both want it
            blocker.execute("select 1 from lane for update")
            came: list[str] = []
            frozen = threading.Thread(target=lambda: came.append(zombie.commit(prepared, turn, keep=False)))
            frozen.start()
            with psycopg.connect(dsn, autocommit=True) as watcher:
                waits = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
                until(lambda: watcher.execute(waits).fetchone() is not None)
            blocker.execute("update lane set fence = fence + 1, holder = 'fresh', lease_until = 0")
            blocker.commit()
            frozen.join(SECONDS_MAX)
        assert came == [LOST]
        assert item(office, voucher).sets == []
        claim = fresh_lane.claim(0, "fresh")
        assert claim is not None
        assert claim.fence == old.fence + 2
        assert fresh.serve(claim) == 1
        assert zombie.commit(prepared, turn, keep=False) == LOST
    assert account(office, "131") == 1
    assert len(item(office, voucher).sets) == 1


def test_a_voucher_the_database_will_not_take_is_answered_internal_and_blocks_nobody(dsn: str, office: Sender) -> None:
    sound = queued(office, 40)
    poison = ident()
    office.push(office.save(poison, journal(amount=666), post_to=BOOK))
    sound += queued(office, 40)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("alter table entry add constraint not_this_one check (amount <> 666)")
    with working(dsn):
        until(lambda: depth(dsn) == 0)
    assert codes(office, poison) == ["INTERNAL"]
    found = items(office.store, office.ref)
    assert all(found[each].books[0].posted for each in sound)
    assert account(office, "131") == 80


def test_workers_survive_their_connections_being_cut_again_and_again(dsn: str, office: Sender) -> None:
    queued(office, 400)
    with working(dsn, 2), psycopg.connect(dsn, autocommit=True) as killer:
        for _ in range(5):
            killer.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where query ilike '%lane%' and pid <> pg_backend_pid() and datname = current_database()"
            )
            queued_before = depth(dsn)
            until(lambda before=queued_before: before == 0 or depth(dsn) < before)  # type: ignore[misc]
        until(lambda: depth(dsn) == 0)
    assert account(office, "131") == 400
    found = items(office.store, office.ref)
    assert [len(each.sets) for each in found.values() if each.kind == "voucher"] == [1] * 400


def test_killed_worker_processes_lose_and_double_nothing(dsn: str, office: Sender) -> None:
    """kill -9 in the middle of the work, twice; the third one finishes it."""
    program = "import sys, threading; from socai.cloud import worker; worker.run_worker(sys.argv[1], threading.Event())"
    queued(office, 600)
    for at_most in (450, 50, 0):
        with subprocess.Popen([sys.executable, "-c", program, dsn]) as worker:
            until(lambda left=at_most: depth(dsn) <= left)  # type: ignore[misc]
            worker.kill()
    found = items(office.store, office.ref)
    assert [len(each.sets) for each in found.values() if each.kind == "voucher"] == [1] * 600
    assert account(office, "131") == 600
    assert breaches(dsn, office) == []


def test_a_worker_goes_on_after_the_database_was_restarted(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "pg")
    dsn = server.start()
    try:
        migrate(dsn)
        store = PostgresStore(dsn, size_max=2)
        office = company(store)
        queued(office, 5)
        with working(dsn) as figures:
            until(lambda: depth(dsn) == 0)
            store.close()
            server.stop(immediate=True)
            server.start()
            office = Sender(PostgresStore(dsn, size_max=2), office.ref, office.replica)
            replica = office.store.replica(office.ref, office.replica)
            assert replica is not None
            office.n = replica.last_n
            queued(office, 5)
            until(lambda: depth(dsn) == 0)
        assert figures[0].reconnects >= 1
        assert account(office, "131") == 10
        office.store.close()
    finally:
        server.stop()


def test_a_lane_put_off_lets_only_its_own_tenant_wait(dsn: str, office: Sender) -> None:
    other = company(office.store, "hoanglong")
    queued(office, 1)
    with Database(dsn, POSTER, 2) as database:
        lane = PostgresLane(database)
        claim = lane.claim(0, "one")
        assert claim is not None
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("update lane set failures = 8 where tenant = %s", (office.ref.tenant,))
        lane.postpone(claim, 1.0)
        queued(other, 1)
        following = lane.claim(0, "one")
        assert following is not None
        assert following.tenant == other.ref.tenant


def test_ten_thousand_waiting_do_not_keep_a_quiet_tenant_from_the_next_turns(dsn: str, office: Sender) -> None:
    quiet = company(office.store, "hoanglong")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "insert into work (bucket, tenant, voucher, book, act, version) "
            "select 0, %s, gen_random_uuid(), 'financial', 'unpost', 1 from generate_series(1, 10000)",
            (office.ref.tenant,),
        )
        connection.execute("update lane set depth = 10000 where tenant = %s", (office.ref.tenant,))
    with Database(dsn, POSTER, 2) as database:
        lane = PostgresLane(database)
        poster = Poster(lane, specs())
        poster.quantum = Quantum(50, 50)
        served: list[int] = []
        for turn in range(6):
            if turn == 2:
                queued(quiet, 1)
            claim = lane.claim(0, "one")
            assert claim is not None
            served.append(claim.tenant)
            assert poster.serve(claim) in (1, 50)
    assert quiet.ref.tenant in served[2:4]


def test_a_commit_answers_committed_only_when_another_connection_can_read_it(dsn: str, office: Sender) -> None:
    (voucher,) = queued(office, 1)
    with Database(dsn, POSTER, 2) as database:
        lane = PostgresLane(database)
        poster = Poster(lane, specs())
        claim = lane.claim(0, "one")
        assert claim is not None
        prepared = poster.prepare(claim)
        assert prepared is not None
        assert poster.commit(prepared, poster.finish(prepared), keep=False) == COMMITTED
    assert book(office, voucher).posted is True
