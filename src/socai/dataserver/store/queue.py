"""The way to the one writer: what people wait for goes first and together, what stands behind it one at a time.

Everything the agent brings, sends or tidies stands behind: there is much of it, and nobody looks at the clock. It never
stands there for ever: what has waited for BEHIND_SECONDS goes along with whoever comes next.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Final, Generic, TypeVar

T = TypeVar("T")

GROUP_MAX = 64
BEHIND_SECONDS = 0.25

_NEWS: Final = object()  # wakes the writer: something stands behind
_END: Final = object()


class Queue(Generic[T]):
    """Filled from any thread, emptied by one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._front: SimpleQueue[T | object] = SimpleQueue()
        self._behind: deque[tuple[float, T]] = deque()
        self.ended = False
        self.pressed_at = -math.inf  # when somebody last came to the front

    def put(self, job: T) -> None:
        """Somebody waits for it."""
        self.pressed_at = self._clock()
        self._front.put(job)

    def put_behind(self, job: T) -> None:
        """It can wait until nobody else does."""
        self._behind.append((self._clock(), job))
        self._front.put(_NEWS)

    def end(self) -> None:
        """Nothing more comes."""
        self._front.put(_END)

    def take(self, seconds: float | None = None) -> list[T]:
        """What is to be done next, in one go; waits for it, at most so long. May be empty, at the end it always is."""
        group: list[T] = []
        wait = not self._behind
        while len(group) < GROUP_MAX:
            try:
                job = self._front.get(wait, seconds) if wait else self._front.get_nowait()
            except Empty:
                break
            wait = False
            if job is _END:
                self.ended = True
                break
            if job is not _NEWS:
                group.append(job)  # type: ignore[arg-type]
        if self._behind and (not group or self._clock() - self._behind[0][0] > BEHIND_SECONDS):
            group.append(self._behind.popleft()[1])
        return group

    def rest(self) -> list[T]:
        """What nobody will do any more."""
        left: list[T] = []
        while group := self.take(0):
            left += group
        return left
