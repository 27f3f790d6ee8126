"""Many offices of other companies that push all at once, more than the cloud can take.

For benches of one office beside them: the crowd shares that office's core, as every load does, but has a process of its
own there and takes only what the office leaves (nice). Whoever is told to come back does so as a data server does.
Nothing of it is posted, so that nothing is left in the lanes when it stops.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Self

from socai.lab.bench.fleet import Fleet, Machine
from socai.lab.bench.pushing import Outbox, Pushed, push_until

COMPANIES, OFFICES = 10, 8
BATCH = 40
NICE = 15
READY_SECONDS_MAX, REFUSED_SECONDS_MAX = 120.0, 30.0
VOUCHERS_A_SECOND = 2_500  # made ready beforehand, more than can be taken

_BEGIN, _END, _READY, _REFUSED = "begin", "end", "ready", "refused"


class CrowdFailed(Exception):
    """The process of the crowd has ended, or does not answer."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """What the process is told at its start."""

    dsn: str
    address: str
    seconds: float


class Crowd:
    """COMPANIES with OFFICES each, at the cloud at `address` with its database. As a context manager it ends them.

    `seconds`: how long a turn of theirs may last; more is made ready after each.
    """

    def __init__(self, dsn: str, address: str, seconds: float) -> None:
        context = multiprocessing.get_context("spawn")
        self._line, theirs = context.Pipe()
        self._process = context.Process(target=_live, args=(theirs, _Wish(dsn, address, seconds)), daemon=True)
        self._process.start()
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._line.close()
        self._process.terminate()
        self._process.join()

    def ready(self) -> None:
        """Wait until everything they will send is made."""
        self._expect(_READY, READY_SECONDS_MAX)

    def begin(self) -> None:
        """Let them push, and wait until the cloud has refused one. `ready` comes before."""
        self._line.send(_BEGIN)
        self._expect(_REFUSED, REFUSED_SECONDS_MAX)

    def end(self) -> Pushed:
        """Stop them; what they came to."""
        self._line.send(_END)
        found = self._heard(READY_SECONDS_MAX)
        assert isinstance(found, Pushed)
        return found

    def _expect(self, word: str, seconds: float) -> None:
        heard = self._heard(seconds)
        if heard != word:
            raise CrowdFailed(f"the crowd said {heard!r} instead of {word}")

    def _heard(self, seconds: float) -> object:
        try:
            if self._line.poll(seconds):
                return self._line.recv()
        except (EOFError, OSError) as error:
            raise CrowdFailed("the process of the crowd has ended; what it said stands above") from error
        raise CrowdFailed(f"the crowd was silent for {seconds:.0f} s")


def _live(line: Connection, wish: _Wish) -> None:
    """In the process of the crowd: make ready, push from `begin` to `end`, again and again."""
    _stand_back()
    fleet = Fleet(wish.dsn)
    machines = [machine for offices in fleet.companies(COMPANIES, OFFICES) for machine in offices]
    outboxes: list[Outbox] = [[] for _ in machines]
    try:
        while True:
            _fill(fleet, machines, outboxes, wish.seconds)
            line.send(_READY)
            if line.recv() != _BEGIN:
                return
            line.send(asyncio.run(_push(line, wish.address, machines, outboxes)))
    except (EOFError, OSError):
        return  # nobody listens any more


def _stand_back() -> None:
    """Take only what is left of the core: also where the system shares it out between sessions first (autogroup)."""
    os.setsid()
    os.nice(NICE)
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(NICE), encoding="ascii")


def _fill(fleet: Fleet, machines: Sequence[Machine], outboxes: Sequence[Outbox], seconds: float) -> None:
    each = BATCH + round(VOUCHERS_A_SECOND * seconds / len(machines))
    for machine, outbox in zip(machines, outboxes, strict=True):
        outbox += fleet.operations(machine, max(each - len(outbox), 0), post=False)


async def _push(line: Connection, address: str, machines: Sequence[Machine], outboxes: Sequence[Outbox]) -> Pushed:
    """Push until told to end; says when the first of them is refused."""
    loop, over, found = asyncio.get_running_loop(), asyncio.Event(), Pushed()
    loop.add_reader(line.fileno(), over.set)
    begun = loop.time()
    found.on_refused = lambda: line.send(_REFUSED)
    tasks = [
        asyncio.create_task(push_until(address, machine, outbox, float("inf"), found, BATCH))
        for machine, outbox in zip(machines, outboxes, strict=True)
    ]
    await over.wait()
    line.recv()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    loop.remove_reader(line.fileno())
    found.seconds = loop.time() - begun
    found.on_refused = None
    return found
