"""An office comes back after three days offline with 10,000 vouchers: how long until all are synced, and all posted.

Ten people save at a real data server whose line is cut; then it is mended. Timed is from that moment until the office
itself has the answer of every voucher (synced), and until it knows every one as posted: what a person at the screen
sees. The ratio is to how fast the same vouchers were saved offline at the same data server. The office and the load
have one core; cloud, worker and database the other.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from socai.core.entry import FINANCIAL
from socai.lab.bench.fleet import ACCEPTED, NUMBER, Fleet, two_cores
from socai.lab.bench.load import Measured, Request, no_pause, press
from socai.lab.client import Workstation, new_ident, wait_for
from socai.lab.stack import Stack, held_to

VOUCHERS = 10_000
SCALE = 0.05
OFFICE = "office"
PEOPLE = 10
SLICE_SECONDS = 2.0
SETTLED_SECONDS_MAX = 180.0


def run(scale: float = SCALE) -> dict[str, Any]:
    """The figures; `scale` 1 is ten thousand vouchers."""
    wanted = int(VOUCHERS * scale)
    cores = two_cores()
    with tempfile.TemporaryDirectory(prefix="socai-bench-") as folder:
        with Stack(Path(folder), (OFFICE,), cores=cores) as stack, held_to(cores.office if cores else None):
            assert stack.worker is not None
            assert stack.cloud is not None
            fleet = Fleet(stack.dsn)
            ref = fleet.companies(1)[0][0].ref
            office = stack.offices[OFFICE]
            with fleet.office(stack, OFFICE, ref) as station:
                office.line.cut()
                wait_for("the cut is noticed", lambda: None if station.sync_state()["online"] else True)
                saved = _save(office.address, station, _request(fleet, ref.code), wanted)
                count = len(saved.milliseconds)
                spent = [program.cpu_seconds() for program in (office.program, stack.cloud, stack.worker)]
                synced, posted = _come_back(office, station, count)
                used = [program.cpu_seconds() for program in (office.program, stack.cloud, stack.worker)]
                state = station.sync_state()
    cpu = [(after - before) * 1000 / count for before, after in zip(spent, used, strict=True)]
    return {
        "scale": scale,
        "pinned": cores is not None,
        "backlog_vouchers": count,
        "saved_offline_per_second": round(count / saved.seconds),
        "backlog_synced_seconds": round(synced, 2),
        "backlog_posted_seconds": round(posted, 2),
        "backlog_posted_per_second": round(count / posted),
        "backlog_seconds_for_10000": round(posted * VOUCHERS / count, 1),
        "ratio_posted_saved": round((count / posted) / (count / saved.seconds), 3),
        "office_cpu_ms_per_voucher": round(cpu[0], 3),
        "api_cpu_ms_per_voucher": round(cpu[1], 3),
        "worker_cpu_ms_per_voucher": round(cpu[2], 3),
        "backlog_failed": int(state["failed"]),
        "backlog_conflicts": int(state["conflicts"]),
    }


def _request(fleet: Fleet, tenant: str) -> Request:
    """Makes saves of the sample's vouchers, the templates in turn, without numbers: the data server gives its own."""
    templates: list[bytes] = []
    for _, spec, body in fleet.sample.bodies(50):
        kept = {name: value for name, value in body.items() if name != "number"} | {"type": spec.code}
        act = {"act_id": NUMBER, "revision": 0, "body": kept, "post_to": [FINANCIAL], "answered": list(ACCEPTED)}
        templates.append(msgspec.json.encode(act))
    made = 0

    def request() -> tuple[str, str, bytes]:
        nonlocal made
        made += 1
        body = templates[made % len(templates)].replace(NUMBER.encode(), new_ident().encode(), 1)
        return "PUT", f"/api/t/{tenant}/vouchers/{new_ident()}", body

    return request


def _save(address: str, station: Workstation, request: Request, wanted: int) -> Measured:
    token = station.http.headers["Authorization"].removeprefix("Bearer ")
    saved = Measured()
    while len(saved.milliseconds) < wanted:
        saved.add(press(address, token, PEOPLE, SLICE_SECONDS, request, no_pause))
        if saved.refused:
            raise RuntimeError(f"a save was refused: {saved.first_refusal}")
    return saved


def _come_back(office: Any, station: Workstation, count: int) -> tuple[float, float]:
    """Seconds until all were synced and until all were posted, as the office knows it."""
    begun = time.perf_counter()
    office.line.mend()
    station.wait_drained(SETTLED_SECONDS_MAX)
    synced = time.perf_counter() - begun

    def posted() -> bool | None:
        found = station.books("GET", "/vouchers", state="posted", book=FINANCIAL, limit=1)
        return True if int(found["count"]) >= count else None

    wait_for("all posted", posted, SETTLED_SECONDS_MAX)
    return synced, time.perf_counter() - begun
