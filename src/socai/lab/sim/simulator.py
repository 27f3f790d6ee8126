"""The simulator: seeded worlds of offices, one cloud and workers, run on the decisions and stores' code of production.

One number replays a world: chance, identifiers and time all come from it. `run` goes through many seeds, in several
processes; a world ends with every line mended and every process up, and is then judged. The first failing seed is
shrunk to the steps it needs.
"""

from __future__ import annotations

import gc
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from socai.lab.sim import story as stories
from socai.lab.sim.act import CELLS
from socai.lab.sim.damage import prove
from socai.lab.sim.judge import judge
from socai.lab.sim.mistake import MISTAKES, planted
from socai.lab.sim.step import FAULT_KINDS, POINTS, Step
from socai.lab.sim.world import World

COVERAGE_SEEDS_MIN = 50
"""From this many seeds on, every kind of fault, every cell of the act table and every commit must have been reached."""

VIOLATIONS_SHOWN_MAX = 20
SETTLE_SECONDS = 1_500.0  # virtual: long enough for every back-off and lease to run out
SEEDS_PER_JOB = 5
HUNT_WAVE = 4  # seeds a process is given at once while a mistake is looked for


@dataclass(frozen=True, slots=True)
class Told:
    """What one seed came to. `violations` are sentences that begin with the invariant's number."""

    seed: int
    operations: int
    faults: Counter[str]
    cells: Counter[tuple[str, str]]
    points: Counter[str]
    violations: list[str]
    log: list[str] = field(default_factory=list)


def one(seed: int, steps: Sequence[Step] | None = None, mistake: str = "") -> Told:
    """Run one world from its seed, or from the steps of a story, to its judgement. `mistake` is planted first."""
    with World(seed, steps) as world, planted(world, mistake):
        try:
            world.live()
            quiet = not world.violations and world.heal(SETTLE_SECONDS)
            restless = [f"I11 not quiet {SETTLE_SECONDS:.0f} s after healing"]
            violations = world.violations or (list(judge(world)) if quiet else restless)
            violations = violations or list(prove(world))
        except Exception as error:  # a process that dies of our own code is the gravest finding
            at = error.__traceback__
            while at is not None and at.tb_next is not None:
                at = at.tb_next
            where = f"{os.path.basename(at.tb_frame.f_code.co_filename)}:{at.tb_lineno}" if at is not None else ""
            violations = [f"bug: {type(error).__name__}: {error} ({where})"]
        log = world.log if violations else []
        return Told(seed, world.acts_done, world.faults, world.cells, world.points, violations, log)


def some(seeds: Sequence[int], mistake: str = "") -> list[Told]:
    """Several seeds, one after the other. Rubbish is collected between them, not while they run."""
    gc.disable()
    try:
        return [one(seed, None, mistake) for seed in seeds]
    finally:
        gc.enable()
        gc.collect()


def run(
    seeds: int,
    seed: int | None = None,
    *,
    processes: int | None = None,
    told: Callable[[int], None] = lambda _n: None,
    story: Path | None = None,
) -> dict[str, Any]:
    """Run `seeds` worlds from `seed` (default 1) on; `told` hears of each one's end.

    Keys: seeds, operations, faults {kind: times}, cells_reached, points_reached, unreached, violations, seconds. With a
    violation the first failing seed is shrunk and stands under `story`; it is written to the file `story` if one is
    named.
    """
    began, first = time.monotonic(), seed or 1
    faults: Counter[str] = Counter()
    cells: Counter[tuple[str, str]] = Counter()
    points: Counter[str] = Counter()
    violations: list[str] = []
    failed: list[int] = []
    operations = 0
    with children(processes or default_processes()) as pool:
        for found in _all(pool, range(first, first + seeds), told):
            faults.update(found.faults)
            cells.update(found.cells)
            points.update(found.points)
            operations += found.operations
            violations += [f"seed {found.seed}: {text}" for text in found.violations]
            failed += [found.seed] if found.violations else []
        tale = pool.submit(tell, failed[0], "", story).result() if failed else []
    unreached = [f"fault {kind}" for kind in FAULT_KINDS if not faults[kind]]
    unreached += [f"cell {standing} x {act}" for standing, act in CELLS if not cells[standing, act]]
    unreached += [f"crash {point}" for point in POINTS if not points[point]]
    if seeds >= COVERAGE_SEEDS_MIN:
        violations += [f"never reached: {what}" for what in unreached]
    figures: dict[str, Any] = {
        "seeds": seeds,
        "operations": operations,
        "faults": {kind: faults[kind] for kind in FAULT_KINDS},
        "cells_reached": sum(1 for cell in CELLS if cells[cell]),
        "cells": len(CELLS),
        "points_reached": sum(1 for point in POINTS if points[point]),
        "points": len(POINTS),
        "unreached": unreached,
        "violations": violations[:VIOLATIONS_SHOWN_MAX],
        "violation_count": len(violations),
        "seconds": round(time.monotonic() - began, 1),
    }
    return figures | ({"story": tale} if tale else {})


def hunt(
    mistake: str,
    seeds: int,
    seed: int = 1,
    *,
    processes: int | None = None,
    told: Callable[[int], None] = lambda _n: None,
    story: Path | None = None,
    shrunk: bool = True,
) -> dict[str, Any]:
    """Plant a mistake and look for it in `seeds` worlds from `seed` on; `found` is the first seed that shows it, or 0.

    Keys: mistake, says, found, tried, violations, seconds, and `story`, shrunk unless told otherwise.
    """
    began, tried = time.monotonic(), 0
    caught: Told | None = None
    with children(processes or default_processes()) as pool:
        wave = (processes or default_processes()) * HUNT_WAVE
        while caught is None and tried < seeds:
            part = range(seed + tried, seed + min(tried + wave, seeds))
            jobs = [pool.submit(some, [each], mistake) for each in part]
            results = [job.result()[0] for job in jobs]
            caught = next((result for result in results if result.violations), None)
            tried += len(part)
            told(tried)
        tale = pool.submit(tell, caught.seed, mistake, story).result() if caught is not None and shrunk else []
    return {
        "mistake": mistake,
        "says": MISTAKES[mistake].says,
        "found": caught.seed if caught is not None else 0,
        "tried": tried,
        "violations": caught.violations[:VIOLATIONS_SHOWN_MAX] if caught is not None else [],
        "story": tale,
        "seconds": round(time.monotonic() - began, 1),
    }


def tell(seed: int, mistake: str = "", file: Path | None = None) -> list[str]:
    """The story of a failing seed, shrunk; written to the file if one is named."""

    def world(steps: Sequence[Step]) -> tuple[list[str], list[str]]:
        found = one(seed, steps, mistake)
        return found.violations, found.log

    found = stories.shrink(seed, world, mistake)
    if found is not None and file is not None:
        stories.save(found, file)
    return found.lines() if found is not None else []


def replay(file: Path) -> Told:
    """Live a kept story again, with its mistake if it has one."""
    found = stories.load(file)
    return one(found.seed, found.steps, found.mistake)


def default_processes() -> int:
    """As many as there are processors, within reason."""
    return min(os.cpu_count() or 1, 4)


def _all(pool: ProcessPoolExecutor, seeds: range, told: Callable[[int], None]) -> list[Told]:
    """What every seed came to, in their order."""
    parts = [seeds[at : at + SEEDS_PER_JOB] for at in range(0, len(seeds), SEEDS_PER_JOB)]
    found: list[Told] = []
    for job in as_completed([pool.submit(some, part) for part in parts]):
        for item in job.result():
            found.append(item)
            told(len(found))
    return sorted(found, key=lambda item: item.seed)


@contextmanager
def children(processes: int) -> Iterator[ProcessPoolExecutor]:
    """Processes with a fixed hash seed, so that one number replays a world exactly."""
    kept = os.environ.get("PYTHONHASHSEED")
    os.environ["PYTHONHASHSEED"] = "0"  # children started from here on read it
    try:
        with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
            yield pool
    finally:
        if kept is None:
            del os.environ["PYTHONHASHSEED"]
        else:
            os.environ["PYTHONHASHSEED"] = kept
