"""How fast what happened elsewhere arrives: the feed as the cloud hands it out, and as an office has it in its file.

One office is cut off while another one's vouchers of five lines are accepted and posted. Then the feed is read page by
page by a bare client, which only unpacks and decodes it; and at last the line is mended and the real data server brings
everything into its file, entries and balances included. A row is a voucher's head, one of its lines, or one side of an
entry. The raw figure is the same rows read by plain statements over one connection. Offices have one core, cloud and
database the other. The no-op is one question of somebody who has everything: request and answer, headers and all.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import psycopg

from socai.lab.bench.fleet import Fleet, Line, Machine, database_cpu_seconds, parts, two_cores
from socai.lab.client import wait_for
from socai.lab.stack import Stack, held_to
from socai.sync.message import FEED_ITEMS_MAX, OPERATIONS_PER_PUSH_MAX, VOUCHER, FeedPage

VOUCHERS = 20_000
SCALE = 0.1
OFFICE = "office"
POSTED_SECONDS_MAX = 120.0

_page = msgspec.json.Decoder(FeedPage)

RAW = (
    "select id::text, version, type, branch, number, day, body::text, author, at from voucher where tenant = %s",
    "select * from voucher_book where tenant = %s",
    "select * from entry_set where tenant = %s",
    "select * from entry where tenant = %s",
)


def run(scale: float = SCALE) -> dict[str, Any]:
    """The figures; `scale` 1 is the full number of vouchers."""
    count = max(int(VOUCHERS * scale), OPERATIONS_PER_PUSH_MAX)
    cores = two_cores()
    with tempfile.TemporaryDirectory(prefix="socai-bench-") as folder:
        with Stack(Path(folder), (OFFICE,), cores=cores) as stack, held_to(cores.office if cores else None):
            assert stack.cloud is not None
            fleet = Fleet(stack.dsn)
            machine = fleet.companies(1)[0][0]
            office = stack.offices[OFFICE]
            with fleet.office(stack, OFFICE, machine.ref) as station:
                office.line.cut()
                asyncio.run(_push(stack, fleet, machine, count))
                _wait_posted(stack.dsn)
                spent, stored = stack.cloud.cpu_seconds(), database_cpu_seconds(stack.database.data)
                seconds, rows, size, cursor = asyncio.run(_read(stack.cloud_address, machine))
                spent = stack.cloud.cpu_seconds() - spent
                stored = database_cpu_seconds(stack.database.data) - stored
                no_op = asyncio.run(_no_op(stack.cloud_address, machine, cursor))
                raw = _raw(stack.dsn, machine, rows)
                used = office.program.cpu_seconds()
                begun = time.perf_counter()
                office.line.mend()
                station.books("POST", "/sync")
                asked = {"limit": 1}

                def arrived() -> bool | None:
                    return True if int(station.books("GET", "/vouchers", **asked)["count"]) >= count else None

                wait_for("everything arrived", arrived, POSTED_SECONDS_MAX)
                brought = time.perf_counter() - begun
                used = office.program.cpu_seconds() - used
    return {
        "scale": scale,
        "pinned": cores is not None,
        "feed_vouchers": count,
        "feed_rows": rows,
        "rows_per_voucher": round(rows / count, 2),
        "feed_rows_per_second": round(rows / seconds),
        "feed_bytes_per_row": round(size / rows, 1),
        "api_cpu_ms_per_voucher": round(spent * 1000 / count, 3),
        "database_cpu_ms_per_voucher": round(stored * 1000 / count, 3),
        "raw_select_rows_per_second": round(raw),
        "ratio_feed_raw": round(rows / seconds / raw, 3),
        "office_rows_per_second": round(rows / brought),
        "office_cpu_ms_per_voucher": round(used * 1000 / count, 3),
        "office_seconds": round(brought, 2),
        "no_op_requests": 1,
        "no_op_bytes": no_op,
    }


async def _push(stack: Stack, fleet: Fleet, machine: Machine, count: int) -> None:
    line = Line(stack.cloud_address)
    for part in parts(fleet.operations(machine, count), OPERATIONS_PER_PUSH_MAX):
        while (answer := await line.send(machine.push(part))).status in (429, 503):
            await asyncio.sleep(float(answer.headers["retry-after"]))
        if answer.status != 200:
            raise RuntimeError(f"a push was refused: {answer.body[:300]!r}")
    line.close()


def _wait_posted(dsn: str) -> None:
    def look() -> bool | None:
        with psycopg.connect(dsn) as connection:
            row: Any = connection.execute("select sum(depth) from lane").fetchone()
        return True if not row[0] else None

    wait_for("everything posted", look, POSTED_SECONDS_MAX)


def _feed(machine: Machine, cursor: str) -> bytes:
    asked = urlencode({"cursor": cursor, "limit": FEED_ITEMS_MAX, "wait": 0})
    return machine.request("GET", f"/sync/feed?{asked}", gzip=True)


async def _read(address: str, machine: Machine) -> tuple[float, int, int, str]:
    """Seconds, rows, bytes on the wire, and the cursor at the end. Catalogs come first and are not timed."""
    line, cursor, more = Line(address), "1:~:", True
    seconds, rows, size = 0.0, 0, 0
    while more:
        begun = time.perf_counter()
        answer = await line.send(_feed(machine, cursor))
        if answer.status in (429, 503):
            await asyncio.sleep(float(answer.headers["retry-after"]))
            continue
        content = zlib.decompress(answer.body, 31) if "content-encoding" in answer.headers else answer.body
        page = _page.decode(content)
        seconds += time.perf_counter() - begun
        rows += _rows(page)
        size += len(answer.body)
        cursor, more = page.cursor, page.more
    line.close()
    return seconds, rows, size, cursor


def _rows(page: FeedPage) -> int:
    rows = 0
    for item in page.items:
        if item.kind == VOUCHER:
            grids = [value for value in msgspec.json.decode(item.body).values() if isinstance(value, list)]
            sides = sum((entry[2] is not None) + (entry[3] is not None) for each in item.sets for entry in each.entries)
            rows += 1 + sum(map(len, grids)) + sides
    return rows


async def _no_op(address: str, machine: Machine, cursor: str) -> int:
    """Bytes of one question by somebody who has everything, and of its answer."""
    line = Line(address)
    request = _feed(machine, cursor)
    answer = await line.send(request)
    if _page.decode(answer.body).items:
        raise RuntimeError("there was news where there should be none")
    head = sum(len(name) + len(value) + 4 for name, value in answer.headers.items()) + len("HTTP/1.1 200 OK\r\n\r\n")
    line.close()
    return len(request) + head + len(answer.body)


def _raw(dsn: str, machine: Machine, rows: int) -> float:
    with psycopg.connect(dsn) as connection:
        begun = time.perf_counter()
        for statement in RAW:
            connection.execute(statement.encode(), (machine.ref.tenant,)).fetchall()
        return rows / (time.perf_counter() - begun)
