"""How fast one worker posts: vouchers of five lines into large books, durably, with everything a posting has to do.

Timed is the production worker from its first claim to its last commit: reading the queue, checks, entries, all
balances, money watched for overdrafts, book states, change rows. The raw figure beside it is the same entry rows and
set rows inserted set-based by the same statements into twins of the same tables, committed in turns of the same size.
Nothing is held to a core: the worker runs in this process, the database beside it, as one worker does in production.
"""

from __future__ import annotations

import resource
import tempfile
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import psycopg

from socai.books.write import PostgresWriter
from socai.cloud.facts import TenantFacts
from socai.cloud.post import draft
from socai.cloud.store.connection import POSTER, Database
from socai.cloud.store.migration import migrate
from socai.cloud.store.posting_postgres import PostgresLane
from socai.cloud.worker import Figures, run_worker
from socai.edge.postgres import EmbeddedPostgres
from socai.lab.bench.background import LINES, Sample, add_company, enqueue, multiply
from socai.registry import voucher_types
from socai.sync.lane import QUANTUM_LONE_MAX, Claim, Quantum

BACKGROUND, MEASURED, TEMPLATES = 100_000, 15_000, 2_000
RAW_MAX = 10_000
BUCKET, TENANT = 1, 1
TURN_SECONDS_MAX = 600.0

NEW_TENANT = (
    "insert into tenant (bucket, tenant, code, name, timeline) values (1, 1, 'bench', 'Bench', %s)",
    "insert into lane (bucket, tenant) values (1, 1)",
)


def run(scale: float = 1.0) -> dict[str, float | int | str]:
    """Boot PostgreSQL, load the books, post, and give the figures. `scale` 1 is the full background."""
    measured = max(int(MEASURED * min(scale, 1.0) ** 0.5), QUANTUM_LONE_MAX)
    background = int(BACKGROUND * scale)
    templates = min(TEMPLATES, max(background, 1))
    with tempfile.TemporaryDirectory(prefix="socai-bench-") as folder, EmbeddedPostgres(Path(folder) / "pg") as server:
        dsn = server.dsn()
        migrate(dsn)
        with psycopg.connect(dsn, autocommit=True) as connection:
            sample = Sample()
            loading = time.perf_counter()
            _new_tenant(connection, sample)
            enqueue(connection, BUCKET, TENANT, sample, templates)
            _post(dsn, templates)
            multiply(connection, BUCKET, TENANT, max(round(background / templates) - 1, 0))
            enqueue(connection, BUCKET, TENANT, sample, measured)
            connection.execute("analyze")
            loaded = time.perf_counter() - loading
            raw = _raw(connection, dsn, min(measured, RAW_MAX))
            seconds, figures = _post(dsn, measured)
            found: Any = connection.execute(
                "select (select count(*) from voucher), (select count(*) from entry), (select count(*) from balance)"
            ).fetchone()
    rate = measured / seconds
    return {
        "scale": scale,
        "background_vouchers": background,
        "post_vouchers": measured,
        "lines_per_voucher": LINES,
        "post_vouchers_per_second": round(rate),
        "post_entries_per_second": round(figures.entries / seconds),
        "post_failed": figures.failed,
        "raw_insert_vouchers_per_second": round(raw),
        "ratio_post_raw": round(rate / raw, 3),
        "vouchers_in_books": found[0],
        "entries_in_books": found[1],
        "balances_in_books": found[2],
        "load_seconds": round(loaded, 1),
        "post_seconds": round(seconds, 2),
        "memory_peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _new_tenant(connection: psycopg.Connection[Any], sample: Sample) -> None:
    connection.execute(NEW_TENANT[0], (uuid.uuid4(),))
    connection.execute(NEW_TENANT[1])
    add_company(connection, BUCKET, TENANT, sample)


def _post(dsn: str, works: int) -> tuple[float, Figures]:
    """Run the production worker until it has answered so much work: seconds from its start to its last commit."""
    stop = threading.Event()
    times: list[float] = []

    def on_turn(figures: Figures) -> None:
        times.append(time.perf_counter())
        if figures.works >= works:
            stop.set()

    voucher_types()  # reading the folders is part of a start, not of posting
    begun = time.perf_counter()
    guard = threading.Timer(TURN_SECONDS_MAX, stop.set)
    guard.daemon = True
    guard.start()
    figures = run_worker(dsn, stop, on_turn)
    guard.cancel()
    if figures.works < works:
        raise RuntimeError(f"the worker posted {figures.works} of {works} vouchers")
    return times[-1] - begun, figures


def _raw(connection: psycopg.Connection[Any], dsn: str, count: int) -> float:
    """Vouchers a second of the bare inserts: entry rows and set rows of `count` queued vouchers, twin tables."""
    sets = _decided(dsn, count)
    connection.execute("create schema twin")
    for table in ("tenant", "entry", "entry_set"):
        connection.execute(f"create table twin.{table} (like public.{table} including all)".encode())
    connection.execute("insert into twin.tenant select * from public.tenant")
    connection.execute("set search_path = twin")
    begun = time.perf_counter()
    for at in range(0, len(sets), QUANTUM_LONE_MAX):
        with connection.transaction(), connection.cursor() as cursor:
            writer = PostgresWriter(cursor, BUCKET, TENANT)
            writer.post_entries(sets[at : at + QUANTUM_LONE_MAX])
            writer.post_sets(sets[at : at + QUANTUM_LONE_MAX], posted_seq=1)
    seconds = time.perf_counter() - begun
    connection.execute("set search_path = public")
    connection.execute("drop schema twin cascade")
    return len(sets) / seconds


def _decided(dsn: str, count: int) -> list[Any]:
    """The sets that posting the queue would make, without posting it."""
    specs = {code: known.spec for code, known in voucher_types().items()}
    claim = Claim(BUCKET, TENANT, 0, "")
    with Database(dsn, POSTER, 1) as database:
        lane = PostgresLane(database)
        facts = TenantFacts(*lane.settings(claim))
        queue = lane.look(claim, 0, Quantum(count, count))
        return [made.new for made in draft(queue.items, facts, specs) if made.new is not None]
