"""The replica file of a simulated office: SQLite in memory, opened from an image, whose process dies around commits."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random
from typing import TYPE_CHECKING, TypeVar

import apsw

from socai.dataserver.store import meta
from socai.dataserver.store.file import MEMORY
from socai.dataserver.store.replica import Job, Replica, Ticket
from socai.lab.sim.step import AFTER, BEFORE, FAR_COMMITS, NUMBER_COMMITS, OFFICE_COMMITS

if TYPE_CHECKING:
    from socai.lab.sim.world import World

T = TypeVar("T")

_COMMITS = {
    "begin_save": "save", "framed": "act", "saving": "entry", "delete_entry": "entry", "resolve_entry": "entry",
    "take_hello": "hello", "next_batch": "seal", "take_answer": "answer", "take_in_slices": "page",
    "begin_snapshot": "snapshot_begin", "take_chunk": "snapshot_chunk", "begin_far": "far_begin",
    "_settle_some": "settle", "settling.take_answer": "lease",
}  # fmt: skip
"""The function whose job is committed, with its module where two have the name, and what the step list calls it."""


def commit_of(job: object) -> str:
    """What the step list calls the commit of a job; empty for one at which nobody dies."""
    name = getattr(job, "__qualname__", "").partition(".")[0]
    module = str(getattr(job, "__module__", "")).rpartition(".")[2]
    return _COMMITS.get(f"{module}.{name}") or _COMMITS.get(name, "")


class OfficeCrashed(Exception):
    """The office's process died at a commit."""


@cache
def blank_image() -> bytes:
    """A file as the first start makes it. Made once: every office of every world begins from it."""
    made = Replica(MEMORY, threaded=False)
    try:
        with made.read() as db:
            return db.serialize("main")
    finally:
        made.close()


class OfficeFile(Replica):
    """A file in memory. A bomb is laid at a kind of commit and kills the process before or after the next one."""

    def __init__(self, world: World, image: bytes) -> None:
        self._image = image
        self._world = world
        self.bomb = ("", "")
        super().__init__(MEMORY, threaded=False)

    def _open(self) -> apsw.Connection:
        db = super()._open()
        db.deserialize("main", self._image)
        return db

    def image(self) -> bytes:
        """The whole file, as a backup has it."""
        with self.read() as db:
            return db.serialize("main")

    def lay_bomb(self, random: Random) -> str:
        """Die at the next commit of some kind; which. A file that has just begun has the commits of a beginning."""
        with self.read() as db:
            begun = meta.number(db, "snapshot_done")
        traits = self._world.traits
        commits: tuple[str, ...] = ("hello", "snapshot_begin", "snapshot_chunk")
        if begun:
            commits = (*OFFICE_COMMITS, *NUMBER_COMMITS * (2 * traits.shared), *FAR_COMMITS * (2 * traits.near))
        self.bomb = (random.choice(commits), random.choice((BEFORE, AFTER)))
        return self.bomb[0]

    def people(self) -> bool:
        """See Replica. In the end everything goes in long transactions; until then in short ones, between crashes."""
        return not self._world.healed

    def submit(self, job: Job[T], then: Callable[[Ticket[T]], None] | None = None) -> Ticket[T]:
        """See Replica."""
        if not self.bomb[0]:
            return super().submit(job, then)
        commit = commit_of(job)
        self._die(commit, BEFORE)
        ticket = super().submit(job, then)
        self._die(commit, AFTER)
        return ticket

    def _die(self, commit: str, side: str) -> None:
        if self.bomb == (commit, side) and not self._world.healed:
            self.bomb = ("", "")
            self._world.points[f"office {commit} {side}"] += 1
            raise OfficeCrashed(f"{side} {commit}")
