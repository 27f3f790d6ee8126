"""Mistakes planted into the code of production while a world runs: what the simulator is there to find.

Each is a small change somebody could make in good faith. They live here alone, as patches that end with the world, and
`socai sim --mistake NAME` shows that the committed simulator finds them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import msgspec

from socai.cloud import accept as cloud_accept
from socai.cloud.store.memory_table import TenantTables
from socai.cloud.store.row import ChangeRow
from socai.dataserver.desk import Desk
from socai.dataserver.facts import faults_text
from socai.dataserver.store import ledger, meta, number, outbox
from socai.dataserver.store.file import Connection
from socai.dataserver.syncing import answering, exchange, incoming
from socai.sync import accept, push, reading
from socai.sync.message import FeedPage, Outcome, Push, PushAnswer, SnapshotChunk

if TYPE_CHECKING:
    from socai.lab.sim.world import World

Patches = Iterator[tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake: what it is, and the places it changes (dotted name, what stands there instead)."""

    name: str
    says: str
    patches: Callable[[World], Patches]


def _cursor_before_commit(world: World) -> Patches:
    real = incoming.take_page

    def take_page(desk: Desk, page: FeedPage) -> Any:
        empty = msgspec.structs.replace(page, items=[])
        real(desk, empty)
        return real(desk, page)

    yield "socai.dataserver.syncing.incoming.take_page", take_page


def _no_dedupe(world: World) -> Patches:
    def answer(judge: Any, read: reading.Reading) -> Outcome:
        operation = read.operation
        try:
            if read.faults:
                raise accept.Refused(accept.rejected(operation, *read.faults))
            version = judge._voucher(read) if operation.kind == "voucher" else judge._entry(read)
            outcome = Outcome(operation.n, "applied", version)
        except accept.Refused as refusal:
            outcome = refusal.outcome
        judge._record(operation, outcome, outcome.result)
        return outcome

    yield "socai.sync.accept._Judge.answer", answer


def _dedupe_without_hash(world: World) -> Patches:
    real = reading.check_batch

    def check_batch(frame: reading.Frame, operations: Sequence[Any], *timeline: str) -> Any:
        return real(replace(frame, recorded={}), operations, *timeline)

    yield "socai.cloud.accept.check_batch", check_batch


def _edge_triggered_retry(world: World) -> Patches:
    real = push._go_on

    def go_on(state: push.PushState, now: float, pending: bool, effects: list[push.Effect]) -> Any:
        if state.failures and not state.in_flight and state.opened:
            return state, [*effects, push.Wait(None)]  # whoever saves next will try again
        return real(state, now, pending, effects)

    yield "socai.sync.push._go_on", go_on


def _lease_without_chaining(world: World) -> Patches:
    real = exchange._base

    def base(db: Connection, row: outbox.OutRow, epoch: int) -> Any:
        return real(db, replace(row, base_place=0), epoch)

    yield "socai.dataserver.syncing.exchange._base", base


def _balance_applied_twice(world: World) -> Patches:
    real = ledger.was_live

    def was_live(db: Connection, ident: str, wire: Any, snapshot_seq: int) -> tuple[bool, bool]:
        return real(db, ident, wire, 0)  # as if no snapshot had brought it already

    yield "socai.dataserver.store.ledger.was_live", was_live


def _seq_before_commit(world: World) -> Patches:
    def next_seq(tables: TenantTables, changed: Sequence[ChangeRow]) -> int:
        tables.row = replace(tables.row, seq=tables.row.seq + 1)
        seq = tables.row.seq
        for change in changed:
            tables.changes.setdefault((change.kind, change.id), replace(change, seq=0))

        def commit() -> None:
            for change in changed:
                if tables.changes[change.kind, change.id].seq < seq:
                    tables.changes[change.kind, change.id] = replace(change, seq=seq)

        world.later(world.random.uniform(0.0, 1.5), commit)
        return seq

    yield "socai.cloud.store.memory.TenantTables.next_seq", next_seq


def _fence_not_checked(world: World) -> Patches:
    yield "socai.sync.lane.holds", lambda held, claimed: True


def _answer_lost_on_crash(world: World) -> Patches:
    def take_answer(desk: Desk, sent: Push, answer: PushAnswer) -> None:
        with desk.file.read() as db:
            rows = [(each, outbox.by_n(db, sent.epoch, each.n)) for each in answer.outcomes]
        taken = [(each, row) for each, row in rows if row is not None and row.state == outbox.SENT]

        def note(db: Connection) -> None:
            for each, row in taken:
                result = each.first or each.result
                outbox.answer(db, row.place, result, each.version, each.seq, faults_text(each.faults), "")

        def act(db: Connection) -> None:
            for each, row in taken:
                answering.take_outcome(desk, db, row, each)

        note.__qualname__ = act.__qualname__ = "take_answer"
        desk.file.write(note)
        desk.file.write(act)
        desk.tell_all((row.kind, row.object_kind, row.object) for _, row in taken)

    yield "socai.dataserver.syncing.exchange.take_answer", take_answer


def _refused_blocks_queue(world: World) -> Patches:
    real = exchange.take_answer

    def take_answer(desk: Desk, sent: Push, answer: PushAnswer) -> Any:
        refused = [at for at, each in enumerate(answer.outcomes) if "rejected" in (each.result, each.first)]
        until = refused[0] if refused else len(answer.outcomes)
        return real(desk, sent, msgspec.structs.replace(answer, outcomes=answer.outcomes[:until]))

    yield "socai.dataserver.syncing.exchange.take_answer", take_answer


def _tombstone_skipped(world: World) -> Patches:
    real = incoming.take_items

    def take_items(desk: Desk, db: Connection, items: Sequence[Any], how: str) -> Any:
        return real(desk, db, [item for item in items if not item.deleted], how)

    yield "socai.dataserver.syncing.incoming.take_items", take_items


def _snapshot_not_received(world: World) -> Patches:
    real = incoming.take_chunk

    def take_chunk(desk: Desk, chunk: SnapshotChunk) -> None:
        with desk.file.read() as db:
            heard = meta.number(db, "head_seq")
        real(desk, chunk)
        if chunk.end:
            desk.file.write(lambda db: meta.put(db, {"head_seq": heard}))

    yield "socai.dataserver.syncing.incoming.take_chunk", take_chunk


def _epoch_without_dedupe(world: World) -> Patches:
    real = cloud_accept.frame_of

    def frame_of(*rows: Any) -> reading.Frame:
        return replace(real(*rows), earlier={})

    yield "socai.cloud.accept.frame_of", frame_of


def _feed_overwrites_waiting(world: World) -> Patches:
    yield "socai.dataserver.syncing.incoming._ours_waits", lambda *ours: False


def _answer_undoes_feed(world: World) -> Patches:
    real = answering._voucher_applied

    def applied(desk: Desk, db: Connection, head: Any, row: Any, outcome: Outcome) -> None:
        head.seq = min(head.seq, outcome.seq - 1)
        real(desk, db, head, row, outcome)

    yield "socai.dataserver.syncing.answering._voucher_applied", applied


def _returned_range_kept(world: World) -> Patches:
    def end_lease(db: Connection, series: str, first: int, last: int) -> None:
        db.execute("UPDATE number_lease SET last = ? WHERE series = ? AND first = ?", (last, series, first))

    def add_lease(db: Connection, lease: number.LeaseRow) -> bool:
        db.execute(
            "INSERT INTO number_lease (series, first, last, next, granted_at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (lease.series, lease.first, lease.last, lease.next, lease.granted_at),
        )
        return db.changes() > 0

    yield "socai.dataserver.store.number.end_lease", end_lease
    yield "socai.dataserver.store.number.add_lease", add_lease


def _version_is_form(world: World) -> Patches:
    yield "socai.dataserver.syncing.form.said_of", lambda *_given: {}
    yield "socai.dataserver.syncing.incoming.is_another_base", lambda *_given: False


def _provisional_forgotten(world: World) -> Patches:
    yield "socai.dataserver.acts.numbering.provisional_mark", lambda _number: None


MISTAKES = {
    mistake.name: mistake
    for mistake in (
        Mistake("cursor_before_commit", "a page's cursor is committed before the page", _cursor_before_commit),
        Mistake("no_dedupe", "an operation that comes again is done again", _no_dedupe),
        Mistake("dedupe_without_hash", "the same number counts as the same operation", _dedupe_without_hash),
        Mistake("edge_triggered_retry", "a failed push waits for the next save", _edge_triggered_retry),
        Mistake("lease_without_chaining", "a save after release does not stand on the one in flight",
                _lease_without_chaining),
        Mistake("balance_applied_twice", "sets the snapshot holds are added to it again", _balance_applied_twice),
        Mistake("seq_before_commit", "the counter is taken before the commit that uses it", _seq_before_commit),
        Mistake("fence_not_checked", "a worker thought dead commits all the same", _fence_not_checked),
        Mistake("answer_lost_on_crash", "an answer is noted in one commit and acted on in the next",
                _answer_lost_on_crash),
        Mistake("refused_blocks_queue", "what stands behind a refused operation is not taken", _refused_blocks_queue),
        Mistake("tombstone_skipped", "deletions in the feed are not taken", _tombstone_skipped),
        Mistake("snapshot_not_received", "a snapshot does not count as received", _snapshot_not_received),
        Mistake("epoch_without_dedupe", "a new epoch forgets what the old one did", _epoch_without_dedupe),
        Mistake("feed_overwrites_waiting", "the feed replaces what waits for its answer", _feed_overwrites_waiting),
        Mistake("answer_undoes_feed", "a late answer puts the books back to what was asked", _answer_undoes_feed),
        Mistake("returned_range_kept", "a range of numbers that was given back can not be leased here again",
                _returned_range_kept),
        Mistake("version_is_form", "after a restore the same version counts as the same form", _version_is_form),
        Mistake("provisional_forgotten", "a restored file does not know its own provisional numbers again",
                _provisional_forgotten),
    )
}  # fmt: skip


@contextmanager
def planted(world: World, name: str) -> Iterator[None]:
    """The mistake stands in the code until the end. No name: none."""
    with ExitStack() as stack:
        for place, changed in MISTAKES[name].patches(world) if name else ():
            stack.enter_context(patch(place, changed))
        yield
