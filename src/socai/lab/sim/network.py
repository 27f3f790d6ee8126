"""The simulated line: carries a request to the cloud and its answer back, or loses, delays or doubles either.

A network step hits the next request of its office. A cut line fails at once; a half-open one swallows everything and
says nothing; a partition lets through one way only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from socai.lab.sim.step import Step

if TYPE_CHECKING:
    from socai.lab.sim.office import Office
    from socai.lab.sim.world import World

TIMEOUT_SECONDS = 30.0
WAY_SECONDS = (0.01, 0.3)

Answer = Callable[[Any], None]
Failure = Callable[[str, float], None]
UP_LOST = frozenset(("cut", "half_open", "partition_up"))
DOWN_LOST = frozenset(("cut", "half_open", "partition_down"))


class Network:
    """Every office's line."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.armed: dict[tuple[str, str], list[Step]] = {}

    def arm(self, step: Step) -> None:
        """Plan a fault for the next request of an office."""
        self.armed.setdefault((step.office, step.what), []).append(step)

    def request(self, office: Office, kind: str, payload: Any, answered: Answer, failed: Failure) -> None:
        """Carry a request and its answer.

        `failed(code, retry after)` is called with a fault code of the cloud, or "" where nothing came back in time.
        Exactly one of the two is called, unless the office crashes meanwhile.
        """
        world, life, over = self.world, office.life, [False]

        def end(run: Callable[[], None]) -> None:
            if not over[0] and office.life == life and office.up:
                over[0] = True
                run()

        def back(found: tuple[str, Any, float]) -> None:
            code, body, retry_after = found
            if office.line in DOWN_LOST:
                return
            end(lambda: failed(code, retry_after) if code else answered(body))

        def deliver(last: bool = True) -> None:
            if office.line in UP_LOST:
                return
            result = world.cloud.serve(office, kind, payload)
            if result is None or not last or self._hit("drop_answer", office):
                return
            late = self._hit("reorder", office)  # the feed may bring the outcome before its answer
            world.later(world.random.uniform(*WAY_SECONDS) + late, lambda: back(result))

        if office.line == "cut":
            world.later(world.random.uniform(0.05, 1.0), lambda: end(lambda: failed("", 0.0)))
            return
        world.later(TIMEOUT_SECONDS, lambda: end(lambda: failed("", 0.0)))
        if self._hit("drop_request", office):
            return
        # What is delayed may arrive after the office has given it up and sent again.
        away = world.random.uniform(*WAY_SECONDS) + self._hit("delay", office)
        world.later(away, deliver)
        if again := self._hit("duplicate", office):
            world.later(away + again, lambda: deliver(last=False))

    def _hit(self, kind: str, office: Office) -> float:
        """The seconds of a fault of this kind that waits for this office, and something above 0 where it has none."""
        waiting = self.armed.get((office.name, kind))
        if not waiting or self.world.healed:
            return 0.0
        step = waiting.pop(0)
        self.world.befell(kind, f"{office.name}: {kind}")
        return step.seconds or 1.0
