"""Stories: a failing seed shrunk to the steps it needs, told in a few lines, kept in a file, replayed by a test.

A story holds its steps and not only its seed, so it goes on being told when the simulator learns to write other worlds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from socai.lab.sim.step import Step, write

SHRINK_SECONDS = 60.0
LINES_MAX = 120

Run = Callable[[Sequence[Step]], tuple[list[str], list[str]]]
"""Runs a world of these steps: (violations, log)."""


@dataclass(frozen=True, slots=True)
class Story:
    """What breaks which law. `mistake`: what was planted into the code; empty for a bug of our own."""

    seed: int
    breaks: str
    found: str
    steps: tuple[Step, ...]
    mistake: str = ""
    log: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """The story as people read it: what was done to the world, what came of it, what broke."""
        told = [f"seed {self.seed}{f', {self.mistake} planted' if self.mistake else ''}: {len(self.steps)} steps"]
        return [*told, *(step.line() for step in self.steps), "", *self.log[-LINES_MAX:], self.found]


def law(violation: str) -> str:
    """The law a violation names."""
    return violation.partition(" ")[0].rstrip(":")


def shrink(seed: int, run: Run, mistake: str = "", seconds: float = SHRINK_SECONDS) -> Story | None:
    """Leave out steps while the same law still breaks, the last ones first; None where the seed breaks none."""
    steps = write(seed)
    violations, log = run(steps)
    if not violations:
        return None
    broken, until = law(violations[0]), time.monotonic() + seconds
    size = max(len(steps) // 2, 1)
    while size and time.monotonic() < until:
        at = len(steps) - size
        while at > -size and time.monotonic() < until:
            fewer = steps[: max(at, 0)] + steps[at + size :]
            found, told = run(fewer)
            if broken in {law(text) for text in found}:
                steps, violations, log = fewer, found, told
            at -= size
        size //= 2
    sentence = next(text for text in violations if law(text) == broken)
    return Story(seed, broken, sentence, tuple(steps), mistake, tuple(log))


def save(story: Story, file: Path) -> None:
    """Write a story down. The log is not kept: it is made anew whenever the story is told."""
    kept: dict[str, Any] = {
        "seed": story.seed,
        "breaks": story.breaks,
        "found": story.found,
        "mistake": story.mistake,
        "steps": [step.told() for step in story.steps],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")


def load(file: Path) -> Story:
    """Read a story."""
    kept = msgspec.json.decode(file.read_bytes())
    steps = tuple(Step(**{"at": 0.0, **step}) for step in kept["steps"])
    return Story(kept["seed"], kept["breaks"], kept["found"], steps, kept["mistake"])
