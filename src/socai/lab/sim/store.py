"""The store of a simulated cloud: the one in memory, with processes that die around commits, backups, and poison.

Poison is what a database refuses for reasons of its own: a voucher it will not take, or a posting it will not write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from random import Random

from socai.cloud.lane import TurnRefused
from socai.cloud.post import Turn
from socai.cloud.store.memory import MemoryAccepting, MemoryStore
from socai.cloud.store.memory_number import MemoryNumbering
from socai.cloud.store.memory_table import NumberTables, TenantTables
from socai.cloud.store.port import Applied, Raced
from socai.cloud.store.posting_memory import MemoryLane
from socai.cloud.store.row import TenantRef
from socai.lab.sim.step import AFTER, BEFORE, CLOUD_COMMITS
from socai.sync.fact import Changes
from socai.sync.lane import Claim


class CloudCrashed(Exception):
    """The cloud's process died at a commit."""


class PoisonAccepting(MemoryAccepting):
    """An accepting transaction whose database will not take the vouchers called poison."""

    def apply(self, changes: Changes) -> Applied:
        """See Accepting."""
        store = self.store
        if isinstance(store, CrashingStore):
            for ident in changes.vouchers:
                if ident in store.poison_accept:
                    raise Raced(ident)
        return super().apply(changes)


class CrashingStore(MemoryStore):
    """The store in memory whose process may die around the transactions of accept and hello."""

    def __init__(self, now: Callable[[], str], died: Callable[[str], None]) -> None:
        super().__init__(now)
        self._died = died
        self.bomb = ("", "")
        self.commits: tuple[str, ...] = CLOUD_COMMITS
        self.poison_accept: set[str] = set()
        self.poison_post: set[str] = set()

    def lay_bomb(self, random: Random) -> None:
        """The next transaction of some kind kills the cloud."""
        self.bomb = (random.choice(self.commits), random.choice((BEFORE, AFTER)))

    def _die(self, commit: str, side: str) -> None:
        if self.bomb == (commit, side):
            self.bomb = ("", "")
            self._died(f"{commit} {side}")
            raise CloudCrashed

    @contextmanager
    def accepting(self, ref: TenantRef) -> Iterator[MemoryAccepting]:
        """See AcceptStore."""
        self._die("accept", BEFORE)
        with super().accepting(ref):
            yield PoisonAccepting(self, ref)
        self._die("accept", AFTER)

    def change_replica(self, ref: TenantRef, replica: str, epoch: int, last_n: int, last_hash: str, state: str) -> None:
        """See TenantStore."""
        self._die("greet", BEFORE)
        super().change_replica(ref, replica, epoch, last_n, last_hash, state)
        self._die("greet", AFTER)

    @contextmanager
    def numbering(self, ref: TenantRef) -> Iterator[MemoryNumbering]:
        """See NumberStore."""
        self._die("numbers", BEFORE)
        with super().numbering(ref) as numbers:
            yield numbers
        self._die("numbers", AFTER)

    # ---- backups

    def backup(self) -> dict[tuple[int, int], TenantTables]:
        """All tenants as they are. Rows never change in place, but for balances, so a copy of the tables is enough."""
        kept = {}
        for place, tables in self.tables.items():
            made = copy(tables)
            for name, value in vars(tables).items():
                if isinstance(value, dict | set):
                    setattr(made, name, copy(value))
            made.balances = {book: dict(movements) for book, movements in tables.balances.items()}
            own = tables.number_tables
            made.number_tables = NumberTables(dict(own.last), dict(own.leases), dict(own.notes))
            kept[place] = made
        return kept

    def restore(self, kept: dict[tuple[int, int], TenantTables]) -> None:
        """Put a backup back. Nobody holds a lane: the workers were stopped."""
        for tables in kept.values():
            tables.lane = replace(tables.lane, holder="", lease_until=0)
        self.tables = kept


class PoisonLane(MemoryLane):
    """The lanes over such a store: a turn that posts a poisonous voucher is refused whole."""

    def __init__(self, store: CrashingStore) -> None:
        super().__init__(store)
        self._poisoned = store

    def commit(self, claim: Claim, turn: Turn, settings_version: int, keep: bool) -> str:
        """See LaneStore."""
        for posted in turn.sets:
            if posted.voucher in self._poisoned.poison_post:
                raise TurnRefused(posted.voucher)
        return super().commit(claim, turn, settings_version, keep)
