"""Waiting for news: all long polls of this process share one look at the database, several times a second.

No notification channel: it would make every commit of every tenant queue behind one lock. What this process accepts
itself wakes its own waiters at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from socai.cloud.store.row import TenantRef

LOOK_SECONDS = 0.2
WAITERS_MAX = 20_000

Heads = Callable[[Sequence[TenantRef]], Awaitable[Mapping[TenantRef, int]]]


class Watch:
    """Who waits for which tenant to move past which seq. Belongs to one event loop."""

    def __init__(self, heads: Heads) -> None:
        self._heads = heads
        self._waiting: dict[TenantRef, set[asyncio.Future[None]]] = {}
        self._behind: dict[asyncio.Future[None], int] = {}
        self._looking: asyncio.Task[None] | None = None
        self.closed = False

    @property
    def waiters(self) -> int:
        """How many wait."""
        return len(self._behind)

    async def wait(self, ref: TenantRef, seq: int, seconds: float) -> bool:
        """Whether the tenant went past `seq` within that time (or the process is ending, or too many wait)."""
        if self.closed or len(self._behind) >= WAITERS_MAX:
            return True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(ref, set()).add(future)
        self._behind[future] = seq
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            await asyncio.wait_for(future, seconds)
        except TimeoutError:
            return False
        finally:
            self._forget(ref, future)
        return True

    def tell(self, ref: TenantRef, seq: int) -> None:
        """The tenant has moved to `seq`."""
        for future in list(self._waiting.get(ref, ())):
            if self._behind[future] < seq and not future.done():
                future.set_result(None)

    def close(self) -> None:
        """Let everybody go: the process is ending. May be called from another thread's signal."""
        self.closed = True
        for future in list(self._behind):
            if not future.done():
                future.get_loop().call_soon_threadsafe(_release, future)

    async def _look(self) -> None:
        """Look while anybody waits. A look that failed is tried again: waiters end by their own time anyway."""
        while self._behind:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                heads = await self._heads(list(self._waiting))
            except Exception:  # the database is away: the request after the wait will say so
                continue
            for ref, seq in heads.items():
                self.tell(ref, seq)

    def _forget(self, ref: TenantRef, future: asyncio.Future[None]) -> None:
        self._behind.pop(future, None)
        waiting = self._waiting.get(ref)
        if waiting is not None:
            waiting.discard(future)
            if not waiting:
                del self._waiting[ref]


def _release(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
