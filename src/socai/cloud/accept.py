"""Accept: takes a push of a data server into the cloud, slice by slice. Loads, lets `sync.accept` decide, writes.

Each slice is one transaction, so an answer that is lost costs nothing: what was recorded comes back as duplicate. A
slice the database will not take is tried again, then one operation at a time, and an operation that fails alone is
recorded as refused: a poison one never blocks the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from socai.base.fault import Fault
from socai.cloud.store.port import Accepting, AcceptStore, Applied, FrameRows, Raced
from socai.cloud.store.row import FRAME_KINDS, TenantRef
from socai.core.company import calendar_of, company_of, decimals_of
from socai.core.spec import VoucherSpec
from socai.edge.failpoint import reach
from socai.sync.accept import decide, rejected
from socai.sync.fact import Changes
from socai.sync.grant import Grant
from socai.sync.message import APPLIED, CATALOG, PROTOCOL, Operation, Outcome, Push, WireFault
from socai.sync.reading import Frame, Record, check_batch, read, wanted

OPERATIONS_PER_SLICE_MAX = 250
BYTES_PER_SLICE_MAX = 400_000
TRIES_MAX = 5

NOTHING = Push(PROTOCOL, "", 0, [])


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a push. With a `fault` nothing after `outcomes` was taken.

    `timeline` is the tenant's as it was recorded; empty where nothing was.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    depth: int = 0
    fault: Fault | None = None
    timeline: str = ""


@dataclass(frozen=True, slots=True)
class _Slice:
    outcomes: list[Outcome]
    depth: int
    fault: Fault | None = None
    timeline: str = ""


class Acceptor:
    """Accept for one store. Without state; safe to use from many threads at once."""

    def __init__(self, store: AcceptStore, specs: Mapping[str, VoucherSpec]) -> None:
        self._store = store
        self._specs = specs

    def push(self, ref: TenantRef, replica: str, operations: Sequence[Operation], said: Push = NOTHING) -> Accepted:
        """Record these operations. A fault of the batch (quarantine, epoch, damage) ends it where it stands.

        `said`: the push they came in, for what it says of them to a cloud that was restored (sync/message.py).
        """
        outcomes: list[Outcome] = []
        depth, timeline = 0, ""
        for part in slices(operations):
            done = self._take(ref, replica, part, said)
            reach("accept.after_commit")
            outcomes += done.outcomes
            depth, timeline = done.depth or depth, done.timeline or timeline
            if done.fault is not None:
                return Accepted(outcomes, depth, done.fault)
        return Accepted(outcomes, depth, timeline=timeline)

    def _take(self, ref: TenantRef, replica: str, part: Sequence[Operation], said: Push) -> _Slice:
        """One slice; split where the database keeps refusing it."""
        try:
            return self._retry(lambda: self._once(ref, replica, part, said))
        except Raced:
            if len(part) == 1:
                return self._retry(lambda: self._refuse(ref, replica, part[0], said))
        outcomes: list[Outcome] = []
        depth, timeline = 0, ""
        for operation in part:
            done = self._take(ref, replica, [operation], said)
            outcomes += done.outcomes
            depth, timeline = done.depth or depth, done.timeline or timeline
            if done.fault is not None:
                return _Slice(outcomes, depth, done.fault)
        return _Slice(outcomes, depth, timeline=timeline)

    def _retry(self, attempt: Callable[[], _Slice]) -> _Slice:
        for _ in range(TRIES_MAX - 1):
            try:
                return attempt()
            except Raced:
                continue
        return attempt()

    def _once(self, ref: TenantRef, replica: str, part: Sequence[Operation], said: Push) -> _Slice:
        with self._store.accepting(ref) as accepting:
            frame = self._frame(accepting, replica, part, said)
            if isinstance(frame, Fault):
                return _Slice([], 0, frame)
            if fault := check_batch(frame, part, said.timeline):
                if fault.code == "REPLICA_QUARANTINED" and frame.state == "active":
                    accepting.quarantine(replica)
                return _Slice([], 0, fault)
            readings = [read(frame, operation) for operation in part]
            objects = accepting.objects(wanted(readings))
            outcomes, changes = decide(frame, objects, readings)
            reach("accept.judged")
            applied = accepting.apply(changes)
            reach("accept.before_commit")
            return _Slice([_stamped(outcome, applied) for outcome in outcomes], applied.depth, timeline=frame.timeline)

    def _refuse(self, ref: TenantRef, replica: str, operation: Operation, said: Push) -> _Slice:
        """Record an operation that the database would not take even alone: told as our own failure."""
        with self._store.accepting(ref) as accepting:
            frame = self._frame(accepting, replica, [operation], said)
            if isinstance(frame, Fault):
                return _Slice([], 0, frame)
            if fault := check_batch(frame, [operation], said.timeline):
                return _Slice([], 0, fault)
            outcome = rejected(operation, Fault("INTERNAL", "", {"reference": f"{operation.epoch}.{operation.n}"}))
            told: tuple[WireFault, ...] = tuple(outcome.faults)
            record = Record(
                *(operation.n, operation.act_id, operation.sha256, operation.id, outcome.result), faults=told
            )
            applied = accepting.apply(Changes(records=[(operation, record)]))
            return _Slice([outcome], applied.depth, timeline=frame.timeline)

    def _frame(self, accepting: Accepting, replica: str, part: Sequence[Operation], said: Push) -> Frame | Fault:
        numbers = {operation.n for operation in part}
        numbers |= {operation.base.operation for operation in part if operation.base.operation}
        rows = accepting.frame(replica, sorted(numbers), sorted({operation.act_id for operation in part}))
        if rows is None or rows.replica.state == "revoked":
            return Fault("REPLICA_UNKNOWN", "replica", {"replica": replica})
        return frame_of(rows, self._specs, said)


def frame_of(rows: FrameRows, specs: Mapping[str, VoucherSpec], said: Push = NOTHING) -> Frame:
    """The frame of a batch from what the store has."""
    company = next(iter(rows.bodies.get("company", ())), None)
    replica = rows.replica
    return Frame(
        replica.replica,
        replica.epoch,
        replica.last_n,
        replica.last_hash,
        rows.arrived_at,
        specs,
        decimals_of(rows.bodies.get("currency", ())),
        company_of(company).numbering,
        calendar_of(company, rows.bodies.get("fiscal_year", ()), rows.bodies.get("lock", ())),
        {row.login: Grant(row.login, row.role, frozenset(row.branches), row.active) for row in rows.people},
        replica.state,
        frozenset(replica.branches),
        rows.recorded,
        rows.earlier,
        said.refused,
        rows.timeline,
        said.forms,
    )


def slices(operations: Sequence[Operation]) -> Iterator[list[Operation]]:
    """Runs of operations to take in one transaction each.

    A slice ends behind an entry that the reading of what follows depends on (currency, company, fiscal year).
    """
    part: list[Operation] = []
    size = 0
    shifted = False
    for operation in operations:
        weight = len(memoryview(operation.body))
        framing = operation.kind == CATALOG and operation.object_kind in FRAME_KINDS
        full = len(part) >= OPERATIONS_PER_SLICE_MAX or (part and size + weight > BYTES_PER_SLICE_MAX)
        if full or (shifted and not framing):
            yield part
            part, size, shifted = [], 0, False
        part.append(operation)
        size += weight
        shifted = shifted or framing
    if part:
        yield part


def _stamped(outcome: Outcome, applied: Applied) -> Outcome:
    return msgspec.structs.replace(outcome, seq=applied.seq) if outcome.result == APPLIED else outcome
