"""What a simulated world goes through, written down before it begins: who does what when, and what goes wrong when.

A seed is a list of steps; every step brings its own chance, so any of them can be left out and the others stay what
they were. That is how a failing seed shrinks to a story, and how a story outlives the simulator's next change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from random import Random
from typing import Any

OFFICES = (("a", 3), ("b", 2))
TENANTS = tuple(tenant for tenant, _ in OFFICES)
OFFICE_NAMES = tuple(f"{tenant}{number}" for tenant, count in OFFICES for number in range(1, count + 1))
BRANCHES = 2
"""Of every company. An office may be limited to one of them."""

TRIED = ("edit", "quick_edit", "delete", "post", "unpost", "renumber", "resolve")
"""Acts on a voucher; each is tried wherever the voucher may stand."""

ACT, NETWORK, FAULT = "act", "network", "fault"
ACTS = 200
ACT_PAUSE_SECONDS = 3.0

NETWORK_KINDS = ("drop_request", "drop_answer", "duplicate", "delay", "reorder")
CUTS = ("cut", "half_open", "partition_up", "partition_down")
COMMON_KINDS = (
    *CUTS, "crash_office", "crash_cloud", "crash_worker", "zombie_worker", "clock_jump", "sleep", "busy",
)  # fmt: skip
LOSSES = ("restore_office", "clone_office", "restore_cloud")
RARE_KINDS = {
    "restore_office": 0.6, "clone_office": 0.4, "restore_cloud": 0.6, "old_version": 0.2, "revoke_right": 0.25,
    "poison_accept": 0.3, "poison_post": 0.3, "late_office": 0.25,
}  # fmt: skip
"""Faults that befall a world once or not at all, with their chance."""

COME_OF_IT = (
    "conflict", "late_answer", "late_posting", "edit_after_lease", "entry_refused", "entry_mended", "lock_moved",
    "lock_refused", "right_refused", "poison_told", "upgrade_told", "quarantine", "new_epoch", "rewind",
    "branch_refused", "branch_left", "provisional", "made_final", "number_taken_back", "far_snapshot", "reheard",
    "downloaded", "compared", "damage_mended",
)  # fmt: skip
"""What acts and faults lead to, counted where it shows: a world without them has not gone where it hurts."""

FAULT_KINDS = (*NETWORK_KINDS, *COMMON_KINDS, *RARE_KINDS, *COME_OF_IT)

OFFICE_COMMITS = (
    "save", "act", "entry", "hello", "seal", "answer", "page", "snapshot_begin", "snapshot_chunk",
)  # fmt: skip
NUMBER_COMMITS = ("lease", "settle")
FAR_COMMITS = ("far_begin",)
CLOUD_COMMITS = ("accept", "greet", "numbers")
WORKER_COMMITS = ("prepare", "commit")
BEFORE, AFTER = "before", "after"
POINTS = tuple(
    f"{place} {commit} {side}"
    for place, commits in (
        ("office", (*OFFICE_COMMITS, *NUMBER_COMMITS, *FAR_COMMITS)),
        ("cloud", CLOUD_COMMITS),
        ("worker", WORKER_COMMITS),
    )
    for commit in commits
    for side in (BEFORE, AFTER)
)
"""Every place where a process dies: before a commit, or after it and before anybody is told."""

_SECONDS = {
    "cut": (5, 400), "half_open": (40, 600), "partition_up": (40, 600), "partition_down": (40, 600),
    "sleep": (30, 900), "busy": (5, 60), "restore_office": (30, 300), "restore_cloud": (30, 300),
    "old_version": (60, 300), "revoke_right": (30, 200), "clock_jump": (-7_200, 7_200), "clone_office": (1, 20),
    "delay": (1, 60), "reorder": (5, 25), "duplicate": (0, 90), "zombie_worker": (5, 120),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Traits:
    """What kind of companies a world is about. Most worlds have one or two of these, so that each goes its own way."""

    limited: tuple[str, ...] = ()  # offices that are of one branch
    shared: bool = False  # numbers of shared series
    near: bool = False  # a few changes are already too many for the feed
    compared: bool = False  # offices compare themselves with the cloud

    @property
    def chores(self) -> bool:
        """Whether there is anything for an office to do beside sending and receiving."""
        return self.shared or self.near or self.compared


def traits(seed: int) -> Traits:
    """The traits of a seed's world."""
    random = Random(f"traits of {seed}")
    limited = tuple(name for name in ("a3", "b2") if random.random() < 0.35)
    shared, near, compared = (random.random() < chance for chance in (0.4, 0.3, 0.25))
    return Traits(limited, shared, near, compared)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens at a moment. `what`: act or fault; `draw`: the seed of its own chance."""

    at: float
    kind: str
    what: str
    office: str = ""
    seconds: float = 0.0
    draw: int = 0

    def told(self) -> dict[str, Any]:
        """As a story file has it."""
        return {name: value for name, value in asdict(self).items() if value not in ("", 0, 0.0)}

    def line(self) -> str:
        """As a person reads it."""
        lasting = f" {self.seconds:.0f} s" if self.seconds else ""
        return f"{self.at:9.2f}  {self.office or 'cloud'}: {self.what}{lasting}"


def write(seed: int) -> list[Step]:
    """The steps of a seed, in order of time."""
    random = Random(f"steps of {seed}")
    acts = list(_acts(random))
    steps = [*acts, *_network(random, acts[-1].at), *_faults(random, acts[-1].at)]
    return sorted(steps, key=lambda step: step.at)


def _acts(random: Random) -> Iterator[Step]:
    """Two hundred acts. Each world likes some of them more than others."""
    weights = {name: random.uniform(0.3, 1.0) for name in TRIED}
    weights |= {"new": random.uniform(2, 5), "partner": 0.8, "again": 0.3, "mend_entry": 0.4, "resolve_entry": 0.3}
    weights |= {"download": 0.15, "ask": 0.1}
    weights["resolve"] *= 2
    at, locks_from = 1.0, random.uniform(150, 500)
    # In some worlds a whole company does nothing: what then nobody brings along shows.
    places = [name for name in OFFICE_NAMES if name[0] != TENANTS[1]] if random.random() < 0.15 else OFFICE_NAMES
    names, likings = list(weights), list(weights.values())
    for _ in range(ACTS):
        at += random.expovariate(1 / ACT_PAUSE_SECONDS)
        what = random.choices(names, likings)[0]
        if at > locks_from:
            what, locks_from = "lock", at + random.uniform(30, 200)
        yield Step(round(at, 2), ACT, what, random.choice(places), draw=random.getrandbits(32))


def _network(random: Random, until: float) -> Iterator[Step]:
    for kind in NETWORK_KINDS:
        if random.random() < 0.2:
            continue  # some worlds know no such fault: then the others go further
        for _ in range(random.randrange(4, 18)):
            yield _step(random, random.uniform(0.5, until), NETWORK, kind)


def _faults(random: Random, until: float) -> Iterator[Step]:
    if random.random() < 0.3:
        yield _step(random, 0.0, FAULT, "crash_office")  # in its very first minutes
    kinds = [kind for kind in COMMON_KINDS if random.random() < 0.7] or list(COMMON_KINDS)
    at = 3.0
    while (at := at + random.uniform(5, 35)) < until:
        yield _step(random, at, FAULT, random.choice(kinds))
    lost = random.choice(LOSSES)  # of what is lost and put back, one: the rest must know what it held
    for kind, chance in RARE_KINDS.items():
        apart = (kind in LOSSES and kind != lost) or (kind == "late_office" and lost == "restore_cloud")
        if not apart and random.random() < chance:
            step = _step(random, random.uniform(20, until), FAULT, kind)
            yield step
            if kind == "late_office" and random.random() < 0.5:
                yield replace(step, at=step.at + 0.01, what="crash_office", office=f"{step.office[0]}9")


def _step(random: Random, at: float, kind: str, what: str) -> Step:
    seconds = round(random.uniform(*_SECONDS[what]), 1) if what in _SECONDS else 0.0
    return Step(round(at, 2), kind, what, random.choice(OFFICE_NAMES), seconds, random.getrandbits(32))
