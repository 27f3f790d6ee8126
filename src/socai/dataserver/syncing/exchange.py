"""The file's side of the protocol: makes hello and batches, takes answers. The machines in sync/ say when.

Whatever is sent stands in the file before it leaves, and whatever is answered is taken in one transaction, so a crash
anywhere leads to the same bytes being sent again or to the same answer being taken again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from socai import __version__
from socai.dataserver.desk import SYNC, VOUCHER, Desk
from socai.dataserver.facts import wire_faults
from socai.dataserver.store import catalog, dependency, meta, number, outbox, voucher
from socai.dataserver.store.file import Connection
from socai.dataserver.store.joined import split
from socai.dataserver.store.outbox import OutRow
from socai.dataserver.syncing import form
from socai.dataserver.syncing.answering import take_outcome
from socai.dataserver.syncing.incoming import Change
from socai.dataserver.syncing.slice import OUTCOMES_MAX, SEALED_MAX, runs, together
from socai.edge.failpoint import reach
from socai.sync.message import (
    BODILESS_ACTS,
    OPERATIONS_PER_PUSH_MAX,
    PROTOCOL,
    PUSH_BYTES_MAX,
    REJECTED,
    Base,
    Hello,
    HelloAnswer,
    Operation,
    Outcome,
    Push,
    PushAnswer,
    WireFault,
    encode,
    raw_body,
    sealed,
)
from socai.sync.push import NEW_EPOCH, QUARANTINE, REWIND, UPGRADE

ENVELOPE_BYTES = 600  # of an operation without its body, reckoned generously

_operation = msgspec.json.Decoder(Operation)


def make_hello(desk: Desk) -> Hello:
    """The greeting of this file as it stands."""
    with desk.file.read() as db:
        known = meta.standing(db)
    return Hello(
        *(PROTOCOL, known.replica, known.epoch, known.next_n - 1, known.last_hash, PROTOCOL, known.timeline),
        cursor=known.cursor,
        program=__version__,
    )


def pending(desk: Desk) -> bool:
    """Whether the outbox holds anything to send: what waits for a catalog entry is not."""
    with desk.file.read() as db:
        if not outbox.any_open(db):
            return False
        but = dependency.waiting_for(db)
        return not but or bool(outbox.sent(db, 1)) or bool(outbox.waiting(db, 1, but))


def unanswered(desk: Desk) -> bool:
    """Whether something was sent and has no answer yet."""
    with desk.file.read() as db:
        return outbox.counts(db)[1] > 0


def take_hello(desk: Desk, answer: HelloAnswer) -> None:
    """Bring the file to what the cloud said about it."""

    def job(db: Connection) -> None:
        known = meta.standing(db)
        facts: dict[str, str | int] = {"verdict": answer.verdict}
        if answer.verdict in (QUARANTINE, UPGRADE):
            meta.put(db, facts)
            return
        branches = ",".join(answer.branches)
        facts |= {"office": answer.office} if answer.office else {}
        facts |= {"timeline": answer.timeline, "branches": branches, "series_mark": answer.series_mark}
        if known.snapshot_done and set(known.branches.split(",")) != set(branches.split(",")):
            facts["snapshot_done"] = 0  # other branches, other balances: taken anew, history by download
        if answer.verdict == NEW_EPOCH or answer.epoch != known.epoch:
            # Restored or cloned: what has no answer goes again under new numbers; its act ids say what it is.
            # A restored cloud that lost our epoch as well has lost all it answered us after what it says it has.
            if answer.verdict == REWIND and answer.accepted_epoch:
                outbox.unsend(db, answer.accepted_n, answer.accepted_epoch, answered_too=True)
            outbox.unsend(db, 0, known.epoch, answered_too=False)
            number.drop_leases(db)  # another copy of this file may hold them too
            doubt = outbox.last_place(db)  # up to here the cloud may have taken more than this file knows
            facts |= {"epoch": answer.epoch, "next_n": 1, "last_hash": "", "doubt_place": doubt}
        elif answer.verdict == REWIND:
            outbox.resend(db, answer.accepted_n, known.epoch)
            number.drop_leases(db)  # the cloud may not know that it granted them
        if answer.verdict == REWIND or (known.timeline and answer.timeline != known.timeline):
            # The books here may hold what the restored cloud has lost, whatever it says of our acts: taken anew.
            # What was told of each voucher stays told: a new timeline counts on beyond every seq of the old one. What
            # was told and then lost, perhaps for ever, comes out when the vouchers held are asked for again (rejoin).
            cursor = answer.cursor if answer.verdict == REWIND else known.cursor
            facts |= {"snapshot_done": 0, "cursor": cursor, "acked_seq": 0, "head_seq": 0}
            facts |= {"recheck": 1, "recheck_after": "", "restored": 1, "ahead": 0}
        meta.put(db, facts)

    desk.file.write(job)
    desk.branches = frozenset(answer.branches) if answer.verdict not in (QUARANTINE, UPGRADE) else desk.branches
    desk.tell(SYNC)


# ---- sending


def next_batch(desk: Desk, limit: int = OPERATIONS_PER_PUSH_MAX) -> Push | None:
    """What goes next: what was sent without an answer, byte for byte, else what waits, sealed now. None for nothing.

    What names a catalog entry made here waits until the cloud has taken that entry; the rest goes past it. Sealed in
    slices: what a crash leaves sealed and not sent is sent first afterwards.
    """
    if (again := _again(desk, limit)) is not None:
        return again
    taken: list[Operation] = []

    def job(db: Connection) -> tuple[meta.Standing, list[Operation], bool]:
        sealed_now: list[Operation] = []
        for places in together(desk.file, runs(range(limit - len(taken)), SEALED_MAX)):
            known, size = meta.standing(db), sum(map(_weight, (*taken, *sealed_now)))
            rows = _bounded(outbox.waiting(db, len(places), dependency.waiting_for(db)), db, size)
            sealed_now += _seal(desk, db, known, rows)
            if whole := len(rows) < len(places):
                break
        return known, sealed_now, whole

    while True:
        known, sealed_now, whole = desk.file.write(job)
        taken += sealed_now
        reach("push.sealed")
        desk.tell_all((each.kind, each.object_kind, each.id) for each in sealed_now)
        if whole or len(taken) >= limit:
            return _push(desk, known, taken) if taken else None


def _again(desk: Desk, limit: int) -> Push | None:
    """What was sent without an answer."""
    with desk.file.read() as db:
        known, rows = meta.standing(db), _bounded(outbox.sent(db, limit))
    operations = [_operation.decode(row.operation or b"") for row in rows]
    refused = {row.n: wire_faults(row.faults) for row in rows if row.result and row.n}
    return _push(desk, known, operations, refused) if operations else None


def _push(
    desk: Desk, known: meta.Standing, operations: list[Operation], refused: dict[int, list[WireFault]] | None = None
) -> Push:
    """The push of these operations. To a cloud that was restored once it says what the versions are they stand on."""
    with desk.file.read() as db:
        forms = form.said_of(db, known.epoch, operations)
    return Push(PROTOCOL, known.replica, known.epoch, operations, refused or {}, known.timeline, forms)


def _weight(operation: Operation) -> int:
    return ENVELOPE_BYTES + len(memoryview(operation.body))


def _bounded(rows: Sequence[OutRow], db: Connection | None = None, size: int = 0) -> list[OutRow]:
    """As many rows, from the first, as fit a push that has so many bytes already; one always fits an empty push."""
    taken: list[OutRow] = []
    for row in rows:
        weight = len(row.operation) if row.operation else ENVELOPE_BYTES + (len(_body(db, row)) if db else 0)
        if size and size + weight > PUSH_BYTES_MAX:
            break
        taken.append(row)
        size += weight
    return taken


def _body(db: Connection, row: OutRow) -> bytes:
    if row.act in BODILESS_ACTS:
        return b""
    if row.kind == VOUCHER:
        return voucher.body(db, row.object, row.revision)
    return catalog.body(db, row.object_kind, row.object, row.revision)


def _seal(desk: Desk, db: Connection, known: meta.Standing, rows: Sequence[OutRow]) -> list[Operation]:
    """Give each row its n, its base and its bytes, and note them, before anything leaves."""
    n, last_hash, at = known.next_n, known.last_hash, desk.clock.now().text
    operations = []
    for row in rows:
        base, version = _base(db, row, known.epoch)
        operation = Operation(
            *(known.replica, known.epoch, n, row.act_id, row.user, row.made_at, row.schema),
            *(row.kind, row.object_kind, row.object, row.act, base, split(row.books), split(row.post_to)),
            *(raw_body(_body(db, row)), split(row.answered)),
        )
        operation = sealed(operation)
        outbox.seal(db, row.place, known.epoch, n, encode(operation), operation.sha256, version, at)
        operations.append(operation)
        n, last_hash = n + 1, operation.sha256
    meta.put(db, {"next_n": n, "last_hash": last_hash})
    return operations


def _base(db: Connection, row: OutRow, epoch: int) -> tuple[Base, int]:
    """What an operation is made on: our own earlier one in this epoch, or a version."""
    before = outbox.row(db, row.base_place) if row.base_place else None
    if before is None:
        return Base(version=row.base_version), row.base_version
    if before.n is not None and before.epoch == epoch:
        return Base(operation=before.n), before.version or row.base_version
    version = before.version or row.base_version
    return Base(version=version), version


# ---- answers


def take_answer(desk: Desk, push: Push, answer: PushAnswer) -> list[Change]:
    """Write the outcomes of a push, in slices; what changed is told after each commit."""
    told: list[Change] = []
    left = list(runs(answer.outcomes, OUTCOMES_MAX)) or [[]]
    while left:

        def job(db: Connection, parts: Sequence[Sequence[Outcome]] = left) -> tuple[int, list[Change]]:
            done, changes, seq = 0, list[Change](), 0
            for outcomes in together(desk.file, parts):
                for outcome in outcomes:
                    row = outbox.by_n(db, push.epoch, outcome.n)
                    if row is not None and row.state == outbox.SENT:
                        take_outcome(desk, db, row, outcome)
                        reach("answer.taking")
                        changes.append((row.kind, row.object_kind, row.object))
                    seq = max(seq, outcome.seq)
                done += 1
            if seq > meta.number(db, "acked_seq"):
                meta.put(db, {"acked_seq": seq})
            meta.put(db, {"lane_depth": answer.depth, "lane_seconds": math.ceil(answer.estimate_seconds)})
            return done, changes

        done, changes = desk.file.write(job)
        desk.tell_all(changes)
        told += changes
        left = left[done:]
    reach("answer.taken")
    desk.tell(SYNC)
    return told


def note_lane(desk: Desk, depth: int, seconds: float) -> None:
    """Keep what a busy cloud said of how much it has to post, for the screen."""
    desk.file.write(lambda db: meta.put(db, {"lane_depth": depth, "lane_seconds": math.ceil(seconds)}))
    desk.tell(SYNC)


def give_up(desk: Desk, push: Push, faults: Sequence[WireFault]) -> None:
    """An operation the cloud will not even read: told as refused, and its number goes to the one behind it.

    Only for a push of this one operation, refused whole: then the cloud has recorded neither it nor any after it.
    """
    operation = push.operations[0]

    def job(db: Connection) -> list[Change]:
        row = outbox.by_n(db, push.epoch, operation.n)
        if row is None or row.state != outbox.SENT:
            return []
        before = outbox.by_n(db, push.epoch, operation.n - 1)
        outbox.unsend(db, operation.n - 1, push.epoch, answered_too=False)
        meta.put(db, {"next_n": operation.n, "last_hash": before.sha256 if before is not None else ""})
        take_outcome(desk, db, row, Outcome(operation.n, REJECTED, faults=list(faults)))
        return [(row.kind, row.object_kind, row.object), (SYNC, "", "")]

    desk.tell_all(desk.file.write(job))
