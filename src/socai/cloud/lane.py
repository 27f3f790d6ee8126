"""One lane served turn by turn: what a store must offer for it, and the poster that loads, decides and commits turns.

A turn is prepared (read and drafted), finished (decided) and committed. A worker prepares the next turn while the last
one is being committed; the simulator does one after the other with `serve_one`. What a commit can answer: it went in;
LOST, the lane has passed to another worker; STALE, a setting changed under it; or `TurnRefused`, the database would not
take some value, and the turn is halved until the one voucher is found and told INTERNAL.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from socai.books.write import StoredSet
from socai.cloud.cash import Cash, MoneyDays, MoneyKey
from socai.cloud.facts import TenantFacts
from socai.cloud.invoice import Holders, Invoices, Place
from socai.cloud.post import (
    Draft,
    Item,
    Specs,
    Turn,
    decide_posts,
    details_wanted,
    draft,
    invoices_wanted,
    money_wanted,
    refuse_unknown,
    take,
)
from socai.sync import lane as rules
from socai.sync.lane import EXCHANGE, VOID, Claim, Quantum

COMMITTED, LOST, STALE = "committed", "lost", "stale"
FACTS_OF_TENANTS_MAX = 200


class TurnRefused(Exception):
    """The database would not take a value of this turn: one of its vouchers is poison."""


class LaneStuck(Exception):
    """The database will not even take the answer INTERNAL for one voucher: a broken database, no voucher's fault."""


class StoreAway(Exception):
    """The database can not be reached or gave up: nothing was changed, and the same work is tried again later."""


@dataclass(frozen=True, slots=True)
class Queue:
    """What a look into a lane gives: work in order, and how the lane stands. `more`: there is work behind these."""

    items: Sequence[Item]
    settings_version: int
    lone: bool  # nobody else waits in the bucket
    more: bool


class LaneStore(Protocol):
    """The store of lanes and work. Everything but `commit` may be lost in a crash without harm."""

    def waiting_buckets(self) -> list[int]:
        """Buckets where some lane has work: a hint, never relied upon."""

    def claim(self, bucket: int, holder: str, below: int | None = None) -> Claim | None:
        """Take the lane of a bucket that is next (sync/lane.py, `next_lane`), or None."""

    def let_go(self, holder: str) -> None:
        """Give back all lanes of a holder that no longer knows what it held (it has lost its database for a while)."""

    def look(self, claim: Claim, after: int, quantum: Quantum) -> Queue:
        """The next work with n above `after`, with vouchers and book states; bodies only where they are posted."""

    def settings(self, claim: Claim) -> tuple[int, Mapping[str, list[Mapping[str, object]]]]:
        """The settings version and the bodies of catalog entries of SETTING_KINDS, read together."""

    def live_sets(self, claim: Claim, keys: Sequence[tuple[str, str]]) -> list[StoredSet]:
        """The live sets of these vouchers and books, with their entries."""

    def existing(self, claim: Claim, pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Which of these catalog entries (kind, id) there are, deleted ones not counted."""

    def money(self, claim: Claim, wanted: Mapping[MoneyKey, int]) -> dict[MoneyKey, MoneyDays]:
        """The money balances by day from the given first days on."""

    def invoices(self, claim: Claim, wanted: Iterable[Place]) -> Holders:
        """Which posted vouchers declare these input invoices in these books; those nobody has may be left out."""

    def pack(self, claim: Claim, turn: Turn) -> object:
        """Make ready what `commit` will send, while the turn before is still under way. Kept in `turn.packed`."""

    def commit(self, claim: Claim, turn: Turn, settings_version: int, keep: bool) -> str:
        """Write a turn in one durable transaction: COMMITTED, or nothing at all and LOST or STALE.

        `keep`: the lane stays leased to the holder. Raises TurnRefused and StoreAway, and has then changed nothing
        (StoreAway may also hide a commit whose answer was lost: the fence and the queue tell on the next look).
        """

    def release(self, claim: Claim) -> None:
        """Give the lane back unserved."""

    def postpone(self, claim: Claim, jitter: float) -> None:
        """Give the lane back and let this tenant alone wait (sync/lane.py, `postpone`)."""


@dataclass(slots=True)
class Prepared:
    """A turn on its way: read and drafted, not yet decided."""

    claim: Claim
    facts: TenantFacts
    drafts: list[Draft]
    lone: bool
    more: bool
    last_n: int
    vouchers: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Held:
    """What the poster knows only while it holds a lane."""

    claim: Claim
    cash: Cash = field(default_factory=Cash)
    invoices: Invoices = field(default_factory=Invoices)
    poison: set[int] = field(default_factory=set)


class Poster:
    """Prepares, finishes and commits turns against a store. Not for several threads, but for `commit`."""

    def __init__(self, store: LaneStore, specs: Specs) -> None:
        self.store = store
        self.quantum = Quantum()
        self._specs = specs
        self._facts: dict[tuple[int, int], TenantFacts] = {}
        self._held: _Held | None = None

    def forget(self, claim: Claim) -> None:
        """Drop what was learnt of a tenant, because a commit failed or found it changed."""
        self._facts.pop((claim.bucket, claim.tenant), None)
        self._held = None

    def reset(self) -> None:
        """Drop everything that was learnt."""
        self._facts.clear()
        self._held = None

    def poison(self, claim: Claim, works: Iterable[int]) -> None:
        """Work the database will not take: the next turn answers it INTERNAL."""
        self._holding(claim).poison.update(works)

    def prepare(
        self, claim: Claim, after: int = 0, pending: Collection[str] = (), limit: int | None = None
    ) -> Prepared | None:
        """The next turn of a claimed lane, or None where nothing can be taken now.

        `pending` are the vouchers of the turn before, still being committed: a turn never reaches past them.
        """
        quantum = self.quantum if limit is None else Quantum(limit, limit)
        queue = self.store.look(claim, after, quantum)
        items = take(queue.items, pending, rules.QUANTUM_ENTRIES_MAX)
        if not items:
            return None
        facts = self._facts_of(claim, queue.settings_version)
        items = self._with_live_sets(claim, items)
        drafts = draft(items, facts, self._specs, self._holding(claim).poison)
        more = queue.more or len(items) < len(queue.items)
        vouchers = frozenset(item.work.voucher for item in items)
        return Prepared(claim, facts, drafts, queue.lone, more, items[-1].work.n, vouchers)

    def needs(self, prepared: Prepared) -> bool:
        """Whether finishing has to read balances: then the turn before must be committed first."""
        return bool(money_wanted(prepared.drafts, self._holding(prepared.claim).cash))

    def finish(self, prepared: Prepared) -> Turn:
        """Decide a prepared turn. From here on the cash in memory counts it, so it must be committed or forgotten."""
        claim, facts, drafts = prepared.claim, prepared.facts, prepared.drafts
        cash, invoices = self._holding(claim).cash, self._holding(claim).invoices
        details = details_wanted(drafts, facts.known)
        if details:
            existing = self.store.existing(claim, details)
            facts.learn(existing)
            refuse_unknown(drafts, details - existing, facts, self._specs)
        cash.make_room()
        wanted = money_wanted(drafts, cash)
        if wanted:
            for key, line in self.store.money(claim, wanted).items():
                cash.load(key, line)
        asked = invoices_wanted(drafts, facts)
        invoices.begin(asked, self.store.invoices(claim, asked) if asked else {})
        turn = decide_posts(drafts, facts, self._specs, cash, invoices)
        with contextlib.suppress(Exception):  # what can not be packed fails again in its commit, where it is found
            turn.packed = self.store.pack(claim, turn)
        return turn

    def commit(self, prepared: Prepared, turn: Turn, keep: bool) -> str:
        """Write a finished turn; the store's answer. A value that our own code can not write is poison as well."""
        try:
            return self.store.commit(prepared.claim, turn, prepared.facts.version, keep)
        except (TurnRefused, StoreAway):
            raise
        except Exception as error:
            raise TurnRefused(repr(error)) from error

    def serve(self, claim: Claim) -> int:
        """One turn from beginning to end, without keeping the lane; how many pieces of work were answered."""
        limit: int | None = None
        while True:
            prepared = self.prepare(claim, limit=limit)
            if prepared is None:
                self.store.release(claim)
                return 0
            turn = self.finish(prepared)
            try:
                answer = self.commit(prepared, turn, keep=False)
            except TurnRefused:
                limit = self.narrow(prepared)
                continue
            if answer == COMMITTED:
                return len(turn.done)
            self.forget(claim)
            if answer == LOST:
                return 0

    def narrow(self, prepared: Prepared) -> int:
        """After TurnRefused: the size of the next try. The last voucher left is marked as the poison."""
        works = [made.item.work.n for made in prepared.drafts]
        claim, poison = prepared.claim, set(self._holding(prepared.claim).poison)
        if poison.issuperset(works):
            raise LaneStuck(f"tenant {claim.tenant}, work {works}")
        self.forget(claim)
        self.poison(claim, poison)
        if len(works) == 1:
            self.poison(claim, works)
        return max(len(works) // 2, 1)

    def _holding(self, claim: Claim) -> _Held:
        """What is known under this claim; knowledge of another lane or an older lease is dropped."""
        held = self._held
        same = held is not None and (held.claim.tenant, held.claim.fence) == (claim.tenant, claim.fence)
        if held is None or not same:
            held = self._held = _Held(claim)
        return held

    def _facts_of(self, claim: Claim, version: int) -> TenantFacts:
        key = (claim.bucket, claim.tenant)
        facts = self._facts.get(key)
        if facts is None or facts.version != version:
            facts = TenantFacts(*self.store.settings(claim))
            if len(self._facts) >= FACTS_OF_TENANTS_MAX:
                self._facts.pop(next(iter(self._facts)))
            self._facts[key] = facts
        return facts

    def _with_live_sets(self, claim: Claim, items: list[Item]) -> list[Item]:
        """The items, each with the set it may have to take out."""
        steps = [rules.step(item.work, item.standing) for item in items]
        keys = [
            (item.work.voucher, item.work.book)
            for item, step in zip(items, steps, strict=True)
            if step in (VOID, EXCHANGE)
        ]
        if not keys:
            return items
        found = {(held.voucher, held.book): held for held in self.store.live_sets(claim, keys)}
        return [
            item.with_live(found.get((item.work.voucher, item.work.book))) if step in (VOID, EXCHANGE) else item
            for item, step in zip(items, steps, strict=True)
        ]


def serve_one(store: LaneStore, poster: Poster, holder: str, last_bucket: int | None = None) -> tuple[int | None, int]:
    """Claim the lane that is next and serve one turn: (bucket served or None, pieces of work answered)."""
    for bucket in rules.next_bucket(store.waiting_buckets(), last_bucket):
        claim = store.claim(bucket, holder)
        if claim is not None:
            return bucket, poster.serve(claim)
    return None, 0
