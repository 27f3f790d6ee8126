"""Row 18. The simulator finds nothing, reaches everything, tells the same story for the same number, finds mistakes."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from socai.lab.sim.mistake import MISTAKES
from socai.lab.sim.simulator import children, hunt, replay, run
from socai.lab.sim.step import Step, write
from socai.lab.sim.story import Story, law, load, save, shrink

SEEDS = 300
SEEDS_LONG = 10_000
SEEDS_HUNT = 1_000
QUICK = ("lease_without_chaining", "balance_applied_twice", "feed_overwrites_waiting", "tombstone_skipped")
STORIES = sorted((Path(__file__).parent / "stories").glob("*.json"))


@pytest.mark.timeout(900)  # two minutes where nothing else runs
def test_seeds_are_clean_and_reach_every_fault_every_commit_and_every_cell() -> None:
    """200 acts and 20 faults a seed; every kind of fault, every commit to die at, every cell of the act table."""
    found = run(SEEDS, seed=1)
    assert found["violations"] == []
    assert found["unreached"] == []
    assert found["operations"] >= 195 * SEEDS  # an act finds nobody where all offices are down
    assert sum(found["faults"].values()) >= 20 * SEEDS


def test_one_number_replays_a_world() -> None:
    code = "from socai.lab.sim.world import World\nwith World(7) as w:\n w.live(); w.heal(4000)\n print(w.log)"
    told = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for _ in range(2)
    ]
    assert len(told[0]) > 1_000
    assert told[0] == told[1]


def test_a_story_keeps_only_the_steps_it_needs(tmp_path: Path) -> None:
    """Shrinking leaves out whatever the failure does without; the file gives the same story back."""
    needed = {write(5)[10], write(5)[150]}

    def world(steps: Sequence[Step]) -> tuple[list[str], list[str]]:
        return (["I5 something", "I1 another"] if needed <= set(steps) else []), ["told"]

    found = shrink(5, world)
    assert found is not None
    assert set(found.steps) == needed
    assert (found.breaks, found.found) == ("I5", "I5 something")
    save(found, tmp_path / "story.json")
    assert load(tmp_path / "story.json") == Story(5, "I5", "I5 something", found.steps)


@pytest.mark.parametrize("file", STORIES, ids=lambda file: file.stem)
def test_kept_stories_end_as_they_should(file: Path) -> None:
    """A story of our own bug stays mended; a story of a planted mistake is still found."""
    story = load(file)
    with children(1) as pool:
        found = pool.submit(replay, file).result()
    assert (story.breaks in {law(text) for text in found.violations}) == bool(story.mistake), found.violations


@pytest.mark.parametrize("mistake", QUICK)
def test_a_planted_mistake_is_found(mistake: str) -> None:
    assert hunt(mistake, 40, shrunk=False)["found"]


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("mistake", sorted(MISTAKES))
def test_every_planted_mistake_is_found_within_a_thousand_seeds(mistake: str) -> None:
    assert hunt(mistake, SEEDS_HUNT, shrunk=False)["found"]


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_ten_thousand_seeds_are_clean() -> None:
    violations = run(SEEDS_LONG, seed=10_001)["violations"]
    assert not violations, "\n".join(violations)  # every seed: each cost a share of an hour to find
