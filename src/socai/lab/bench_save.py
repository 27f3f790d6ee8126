"""How fast a data server saves: ten people at work at once, vouchers of five lines, every answer durable.

Each presses save about four times a second at moments of their own; no office of ten comes near that, and yet the
queue is mostly empty, so that what is timed is a save and not the length of a queue. Apart, at the end: all ten in the
same instant, and the most that can be saved when each presses again as soon as the answer is there.

Three states of the cloud in one run, taken in turns so that the machine's moods are shared: *up* (what is saved is
synced, posted, and comes back meanwhile), *idle* (it answers and accepts, but its worker is stopped: nothing is posted
or comes back) and *down* (the line is cut). Data server and load share one core, cloud and database have the other.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from socai.core.entry import FINANCIAL
from socai.lab.background import Sample
from socai.lab.clerk import Clerk, Event, Line
from socai.lab.client import Workstation, new_ident, wait_for
from socai.lab.load import Measured, Pause, Request, no_pause, own_moments, press, same_instant
from socai.lab.sample import HANOI
from socai.lab.stack import Cores, Office, Stack, held_to
from socai.lab.stocked import CHIEF, TENANT, stock

PEOPLE = 10
LINES = 5
VOUCHERS = 100_000
SCALE = 0.1
ROUNDS = 3
SECONDS_A_TURN = 2.0
APART_SECONDS = 0.25
BURST_SECONDS = 2.0
MOST_SECONDS = 2.0
SEED = 1
WARM_SECONDS = 2.0
UP, IDLE, DOWN = "up", "idle", "down"
SETTLED_SECONDS_MAX = 60.0


@dataclass(slots=True)
class Taken:
    """Everything measured in one run."""

    states: dict[str, Measured] = field(default_factory=lambda: {state: Measured() for state in (UP, IDLE, DOWN)})
    burst: Measured = field(default_factory=Measured)
    most: Measured = field(default_factory=Measured)
    memory: dict[str, float] = field(default_factory=dict)


def run(scale: float = SCALE) -> dict[str, Any]:
    """The figures; `scale` 1 is books of VOUCHERS vouchers, and turns ten times as long."""
    cores = _cores()
    with tempfile.TemporaryDirectory(prefix="socai-bench-") as folder:
        with Stack(Path(folder), (HANOI,), cores=cores) as stack, held_to(cores.office if cores else None):
            stocked = stock(stack, HANOI, round(VOUCHERS * scale))
            with stack.offices[HANOI].workstation(TENANT, CHIEF.user, CHIEF.password) as station:
                taken = _take(stack, station, requests(stocked.sample), scale / SCALE)
    return {"vouchers_in_books": stocked.vouchers, **_figures(taken, scale, cores)}


def _take(stack: Stack, station: Workstation, request: Request, times: float) -> Taken:
    office, taken = stack.offices[HANOI], Taken()
    token = station.http.headers["Authorization"].removeprefix("Bearer ")

    def turn(seconds: float, pause: Pause) -> Measured:
        spent = office.program.cpu_seconds()
        measured = press(office.address, token, PEOPLE, seconds, request, pause)
        measured.cpu_seconds = office.program.cpu_seconds() - spent
        return measured

    turn(WARM_SECONDS, no_pause)
    taken.memory["ds_memory_mb_start"] = office.program.memory_mb()
    pause = own_moments(APART_SECONDS, Random(SEED))
    for _ in range(ROUNDS):
        for state, measured in taken.states.items():
            _enter(state, stack, office, station)
            measured.add(turn(SECONDS_A_TURN * times, pause))
    _enter(UP, stack, office, station)
    taken.burst = turn(BURST_SECONDS, same_instant(APART_SECONDS))
    taken.most = turn(MOST_SECONDS * times, no_pause)
    assert stack.worker is not None
    taken.memory |= {"ds_memory_mb_end": office.program.memory_mb(), "worker_memory_mb_end": stack.worker.memory_mb()}
    return taken


def _enter(state: str, stack: Stack, office: Office, station: Workstation) -> None:
    """Bring the cloud into a state, with nothing left over from the one before."""
    assert stack.worker is not None
    office.line.mend()
    stack.worker.start()
    station.wait_drained(SETTLED_SECONDS_MAX)
    wait_for("everything posted", lambda: _settled(station), SETTLED_SECONDS_MAX)
    if state == IDLE:
        stack.worker.stop()
    if state == DOWN:
        office.line.cut()
        wait_for("the cut is noticed", lambda: None if station.sync_state()["online"] else True)


def _settled(station: Workstation) -> bool | None:
    open_ones = station.books("GET", "/vouchers", state="in_flight", limit=1)
    return None if open_ones["items"] else True


def requests(sample: Sample) -> Request:
    """Makes saves of one voucher of five lines, each under ids of its own."""
    branch, fund = sample.catalogs["branch"][0], sample.catalogs["fund"][0]
    lines = tuple(Line("admin_expense", "cash", 100_000 + at, f"Chi phí {at}") for at in range(LINES))
    day = date(2026, 3, 2) + timedelta(days=1)
    clerk = Clerk(sample.chart, {ident: body for _, ident, body in sample.entries()}, {branch: fund})
    body = clerk.body(Event(day, branch, "Chi phí văn phòng", lines))
    act = {"act_id": "ACT", "revision": 0, "body": body, "post_to": [FINANCIAL], "answered": ["CASH_NEGATIVE"]}
    template = msgspec.json.encode(act)

    def request() -> tuple[str, str, bytes]:
        path = f"/api/t/{TENANT}/vouchers/{new_ident()}"
        return "PUT", path, template.replace(b'"ACT"', b'"' + new_ident().encode() + b'"', 1)

    return request


def _cores() -> Cores | None:
    """Core 0 for the office, core 1 for the cloud, where this process may use two."""
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return Cores(usable[0], usable[1]) if len(usable) > 1 else None


def _figures(taken: Taken, scale: float, cores: Cores | None) -> dict[str, Any]:
    medians = {state: measured.percentile(0.5) for state, measured in taken.states.items()}
    figures: dict[str, Any] = {
        "scale": scale,
        "people": PEOPLE,
        "lines_per_voucher": LINES,
        "pinned": cores is not None,
        "saves": sum(len(measured.milliseconds) for measured in taken.states.values()),
        "refused": sum(measured.refused for measured in taken.states.values()),
    }
    for state, measured in taken.states.items():
        figures[f"save_p50_ms_{state}"] = round(medians[state], 2)
        figures[f"save_p99_ms_{state}"] = round(measured.percentile(0.99), 2)
        figures[f"cpu_ms_per_save_{state}"] = round(measured.cpu_seconds * 1000 / max(len(measured.milliseconds), 1), 2)
    for state in (DOWN, IDLE):
        figures[f"ratio_p50_{state}_up"] = round(medians[state] / medians[UP], 3) if medians[UP] else 0.0
    figures["save_p99_ms_same_instant"] = round(taken.burst.percentile(0.99), 2)
    figures["saves_per_second_most"] = round(len(taken.most.milliseconds) / taken.most.seconds)
    return figures | taken.memory
