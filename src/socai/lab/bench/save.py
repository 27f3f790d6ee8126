"""How fast a data server saves: ten people at work at once, vouchers of five lines, every answer durable.

Each presses save about four times a second at moments of their own; no office of ten comes near that, and yet the
queue is mostly empty, so that what is timed is a save and not the length of a queue. Apart, at the end: all ten in the
same instant, and the most that can be saved when each presses again as soon as the answer is there.

Six states in one run, taken in turns so that the machine's moods are shared: the cloud *up* (what is saved is synced,
posted, and comes back meanwhile), *idle* (it answers and accepts, but its worker is frozen: nothing is posted or comes
back), *slow* (the line adds 0.3 s each way and carries 16 KB/s: what is saved piles up in the outbox), *synchronous*
(as up, but the company has chosen that a save answers only after sync and posting: what all this spares), *overloaded*
(eighty offices of ten other companies push, twenty times as many as keep the cloud busy; a turn begins when it has told
the first of them to come back) and *down* (the line is cut). Ratios are medians over the median of *up*.

Data server and load share one core, cloud, worker and database have the other. The eighty offices are a process of
their own on the load's core with the lowest claim to it; *overloaded* still pays a little for what they send, which at
a customer's it would not.

A save is durable, so no save is faster than the disk. In every turn a thread appends 4 KB to a file in the data
server's folder and syncs it, about as often as people save: `fsync_p50_ms_…` and `fsync_p99_ms_…` are what that took.
Where the slowest saves are slow and the slowest bare syncs of the same seconds are, too, it was the disk;
`ratio_save_p99_fsync_p99` is the one over the other, over all turns but the synchronous ones. A save syncs once (saves
that come together share it), so a ratio far above the ratio of the medians would be our own doing.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from socai.core.entry import FINANCIAL
from socai.lab.bench.background import Sample
from socai.lab.bench.crowd import COMPANIES, OFFICES, Crowd
from socai.lab.bench.disk import probing
from socai.lab.bench.fleet import two_cores
from socai.lab.bench.load import Measured, Pause, Request, no_pause, own_moments, press, same_instant
from socai.lab.bench.save_state import ASYNC_STATES, STATES, UP, WAITING, World
from socai.lab.bench.stocked import CHIEF, TENANT, stock
from socai.lab.clerk import Clerk, Event, Line
from socai.lab.client import Workstation, new_ident
from socai.lab.fault_line import SLOW, FaultLine
from socai.lab.sample import HANOI
from socai.lab.stack import LINE, Cores, Office, Stack, held_to

PEOPLE = 10
LINES = 5
VOUCHERS = 100_000
SCALE = 0.03
ROUNDS = 2
SECONDS_A_TURN, SECONDS_A_TURN_MIN = 15.0, 1.4
APART_SECONDS = 0.25
BURST_SECONDS = 1.0
MOST_SECONDS = 1.0
SEED = 1
WARM_SECONDS = 0.7


@dataclass(slots=True)
class Taken:
    """Everything measured in one run. `disk` is the bare syncs of each state."""

    states: dict[str, Measured] = field(default_factory=lambda: {state: Measured() for state in STATES})
    disk: dict[str, Measured] = field(default_factory=lambda: {state: Measured() for state in STATES})
    burst: Measured = field(default_factory=Measured)
    most: Measured = field(default_factory=Measured)
    told: dict[str, float] = field(default_factory=dict)


def run(scale: float = SCALE) -> dict[str, Any]:
    """The figures; `scale` 1 is books of VOUCHERS vouchers, and turns of SECONDS_A_TURN."""
    cores, seconds = two_cores(), max(SECONDS_A_TURN * scale, SECONDS_A_TURN_MIN)
    with tempfile.TemporaryDirectory(prefix="socai-bench-") as folder, held_to(cores.office if cores else None):
        stack = Stack(Path(folder), (HANOI,), cores=cores)
        line = stack.offices[HANOI].line = FaultLine(stack.ports["cloud"], stack.ports[HANOI + LINE])
        with stack, Crowd(stack.dsn, stack.cloud_address, seconds) as crowd:
            stocked = stock(stack, HANOI, round(VOUCHERS * scale))
            with (
                stack.offices[HANOI].workstation(TENANT, CHIEF.user, CHIEF.password) as station,
                World(stack, line, station, crowd) as world,
            ):
                taken = _take(stack, world, station, requests(stocked.sample), seconds)
    return {"vouchers_in_books": stocked.vouchers, **_figures(taken, scale, cores)}


def _take(stack: Stack, world: World, station: Workstation, request: Request, length: float) -> Taken:
    office, taken = stack.offices[HANOI], Taken()
    token = station.http.headers["Authorization"].removeprefix("Bearer ")

    def turn(seconds: float, pause: Pause) -> Measured:
        spent = office.program.cpu_seconds()
        measured = press(office.address, token, PEOPLE, seconds, request, pause)
        measured.cpu_seconds = office.program.cpu_seconds() - spent
        return measured

    turn(WARM_SECONDS, no_pause)
    taken.told["ds_memory_mb_start"] = office.program.memory_mb()
    pause, beside = own_moments(APART_SECONDS, Random(SEED)), own_moments(APART_SECONDS / PEOPLE, Random(SEED))
    for _ in range(ROUNDS):
        for state in STATES:
            world.enter(state)
            with probing(office.folder, beside) as disk:
                taken.states[state].add(turn(length, pause))
            taken.disk[state].add(disk)
    world.enter(UP)
    taken.burst = turn(BURST_SECONDS, same_instant(APART_SECONDS))
    taken.most = turn(MOST_SECONDS, no_pause)
    taken.told |= _end(stack, office, world)
    return taken


def _end(stack: Stack, office: Office, world: World) -> dict[str, float]:
    """What stands at the end of a run."""
    assert stack.worker is not None
    others = world.others
    return {
        "slow_line_requests": world.line.met[SLOW],
        "others_offices": COMPANIES * OFFICES,
        "others_pushes": others.pushes,
        "others_pushes_refused": others.refused,
        "others_vouchers_per_second": round(others.applied / others.seconds) if others.seconds else 0,
        "ds_memory_mb_end": office.program.memory_mb(),
        "worker_memory_mb_end": stack.worker.memory_mb(),
    }


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


def _figures(taken: Taken, scale: float, cores: Cores | None) -> dict[str, Any]:
    medians = {state: measured.percentile(0.5) for state, measured in taken.states.items()}
    figures: dict[str, Any] = {
        "scale": scale,
        "people": PEOPLE,
        "lines_per_voucher": LINES,
        "pinned": cores is not None,
        "seconds_a_state": round(taken.states[UP].seconds, 1),
        "saves": sum(len(measured.milliseconds) for measured in taken.states.values()),
        "refused": sum(measured.refused for measured in taken.states.values()),
        "synchronous_unsettled": taken.states[WAITING].unsettled,
    }
    for state, measured in taken.states.items():
        figures[f"save_p50_ms_{state}"] = round(medians[state], 2)
        figures[f"save_p99_ms_{state}"] = round(measured.percentile(0.99), 2)
        figures[f"fsync_p50_ms_{state}"] = round(taken.disk[state].percentile(0.5), 2)
        figures[f"fsync_p99_ms_{state}"] = round(taken.disk[state].percentile(0.99), 2)
        figures[f"cpu_ms_per_save_{state}"] = round(measured.cpu_seconds * 1000 / max(len(measured.milliseconds), 1), 2)
    for state in STATES:
        if state != UP:
            figures[f"ratio_p50_{state}_up"] = _ratio(medians[state], medians[UP])
    saves, syncs = Measured(), Measured()
    for state in ASYNC_STATES:
        saves.add(taken.states[state])
        syncs.add(taken.disk[state])
    for share, name in ((0.5, "p50"), (0.99, "p99")):
        figures[f"ratio_save_{name}_fsync_{name}"] = _ratio(saves.percentile(share), syncs.percentile(share))
    figures["save_p99_ms_same_instant"] = round(taken.burst.percentile(0.99), 2)
    figures["saves_per_second_most"] = round(len(taken.most.milliseconds) / taken.most.seconds)
    return figures | taken.told


def _ratio(of: float, to: float) -> float:
    return round(of / to, 3) if to else 0.0
