"""The simulator: seeded worlds of offices, one cloud and workers, run on the decisions and stores' code of production.

One number replays a world: chance, identifiers and time all come from it. `run` goes through many seeds, in several
processes; a world ends with every line mended and every process up, and is then judged.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any

from socai.lab.sim_act import CELLS
from socai.lab.sim_judge import judge
from socai.lab.sim_world import FAULT_KINDS, World

COVERAGE_SEEDS_MIN = 50
"""From this many seeds on, every kind of fault and every cell of the act table must have been reached."""

VIOLATIONS_SHOWN_MAX = 20
SETTLE_SECONDS = 4_000.0  # virtual: long enough for every back-off and lease to run out


@dataclass(frozen=True, slots=True)
class Story:
    """What one seed came to. `violations` are sentences that begin with the invariant's number."""

    seed: int
    operations: int
    faults: Counter[str]
    cells: Counter[tuple[str, str]]
    violations: list[str]
    log: list[str] = field(default_factory=list)


def one(seed: int) -> Story:
    """Run one world from its seed to its judgement."""
    with World(seed) as world:
        world.live()
        quiet = world.heal(SETTLE_SECONDS)
        violations = list(judge(world)) if quiet else [f"I11 not quiet {SETTLE_SECONDS:.0f} s after healing"]
        return Story(seed, world.acts_done, world.faults, world.cells, violations, world.log if violations else [])


def run(
    seeds: int, seed: int | None = None, *, processes: int | None = None, told: Callable[[int], None] = lambda _n: None
) -> dict[str, Any]:
    """Run `seeds` worlds from `seed` (default 1) on; `told` hears of each one's end.

    Keys: seeds, operations, faults {kind: times}, cells_reached, unreached, violations, seconds. With a violation the
    story of the first failing seed stands under `story`.
    """
    began, first = time.monotonic(), seed or 1
    stories = _stories(range(first, first + seeds), processes or min(os.cpu_count() or 1, 4), told)
    faults: Counter[str] = Counter()
    cells: Counter[tuple[str, str]] = Counter()
    violations: list[str] = []
    tale: list[str] = []
    operations = 0
    for story in sorted(stories, key=lambda story: story.seed):
        faults.update(story.faults)
        cells.update(story.cells)
        operations += story.operations
        violations += [f"seed {story.seed}: {text}" for text in story.violations]
        if story.violations and not tale:
            tale = story.log
    unreached = [f"fault {kind}" for kind in FAULT_KINDS if not faults[kind]]
    unreached += [f"cell {standing} x {act}" for standing, act in CELLS if not cells[standing, act]]
    if seeds >= COVERAGE_SEEDS_MIN:
        violations += [f"never reached: {what}" for what in unreached]
    found: dict[str, Any] = {
        "seeds": seeds,
        "operations": operations,
        "faults": {kind: faults[kind] for kind in FAULT_KINDS},
        "cells_reached": sum(1 for cell in CELLS if cells[cell]),
        "cells": len(CELLS),
        "unreached": unreached,
        "violations": violations[:VIOLATIONS_SHOWN_MAX],
        "violation_count": len(violations),
        "seconds": round(time.monotonic() - began, 1),
    }
    if tale:
        found["story"] = tale
    return found


def _stories(seeds: range, processes: int, told: Callable[[int], None]) -> list[Story]:
    """Every seed's story. In children with a fixed hash seed, so that one number replays a world exactly."""
    if len(seeds) == 1 and os.environ.get("PYTHONHASHSEED") == "0":
        return [one(seeds[0])]
    kept = os.environ.get("PYTHONHASHSEED")
    os.environ["PYTHONHASHSEED"] = "0"  # children started from here on read it
    try:
        from multiprocessing import get_context

        with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
            found = []
            for future in as_completed([pool.submit(one, seed) for seed in seeds]):
                found.append(future.result())
                told(len(found))
            return found
    finally:
        if kept is None:
            del os.environ["PYTHONHASHSEED"]
        else:
            os.environ["PYTHONHASHSEED"] = kept


if __name__ == "__main__":  # one seed, told at length: python -m socai.lab.sim SEED
    told = one(int(sys.argv[1]))
    print("\n".join([*told.log, *told.violations]) or "clean")
