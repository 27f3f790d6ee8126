"""An office of the fleet with a backlog: it pushes as fast as it is answered, and comes back when it is told to."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from socai.lab.bench.fleet import Line, Machine
from socai.sync.message import APPLIED, OPERATIONS_PER_PUSH_MAX, Operation, PushAnswer

TOLD_TO_WAIT = (429, 503)

Outbox = list[Operation]

_answer = msgspec.json.Decoder(PushAnswer)


@dataclass(slots=True)
class Pushed:
    """What pushing came to. `on_refused` is called at the first refusal."""

    applied: int = 0
    pushes: int = 0
    refused: int = 0
    seconds: float = 0.0
    on_refused: Callable[[], None] | None = None

    def take(self, body: bytes, outbox: Outbox) -> int:
        """Count what was applied and take it out of the outbox; the size the next batch should have, 0 for any."""
        answer = _answer.decode(body)
        wrong = [outcome for outcome in answer.outcomes if outcome.result != APPLIED]
        if wrong:
            raise RuntimeError(f"not applied: {wrong[0]}")
        self.applied += len(answer.outcomes)
        del outbox[: len(answer.outcomes)]
        return answer.max_batch

    def refuse(self) -> None:
        """Count a refusal."""
        self.refused += 1
        if self.refused == 1 and self.on_refused is not None:
            self.on_refused()


async def push_until(
    address: str,
    machine: Machine,
    outbox: Outbox,
    until: float,
    pushed: Pushed,
    batch: int = OPERATIONS_PER_PUSH_MAX,
) -> None:
    """Push the outbox in batches of at most `batch`, until it is empty or the moment `until` has come.

    Whoever is told to come back does so as a data server does: not before that time, spread over as long again, with
    batches of the size that was asked for.
    """
    line, limit = Line(address), batch
    try:
        while time.perf_counter() < until and outbox:
            answer = await line.send(machine.push(outbox[:limit]))
            pushed.pushes += 1
            if answer.status not in TOLD_TO_WAIT:
                limit = min(pushed.take(answer.body, outbox) or batch, batch)
                continue
            pushed.refuse()
            limit = min(msgspec.json.decode(answer.body)["max_batch"] or limit, batch)
            wait = float(answer.headers["retry-after"]) * (1 + random.random())
            if time.perf_counter() + wait >= until:
                break
            await asyncio.sleep(wait)
    finally:
        line.close()
