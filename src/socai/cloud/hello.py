"""Hello: what the cloud says to a data server that opens a session. It finds out whether both still share one history.

`last_n` in a hello is the highest number the replica has ever put on an operation. The verdicts:

- the cloud has more: the file was restored from a backup or cloned. It goes on under a new epoch, if what both have in
  common is the same; if even that differs, two copies have been at work and a person has to choose (quarantine);
- another timeline: the cloud was restored. The replica sends again what the backup lacks and takes its cursor back;
- a protocol outside what the cloud speaks: the replica keeps everything and is told to upgrade.
"""

from __future__ import annotations

import msgspec

from socai.base.fault import Fault
from socai.cloud.clock import utc_now
from socai.cloud.store.port import TenantStore
from socai.cloud.store.row import (
    ACTIVE,
    QUARANTINED,
    REVOKED,
    ReplicaRow,
    TenantRef,
    TenantRow,
    parse_cursor,
)
from socai.sync.message import Hello, HelloAnswer, WireFault
from socai.sync.version import VERSIONS, check_version

PROTOCOL_OLDEST = VERSIONS[0].number
EPOCH_FIRST = 1
OK, NEW_EPOCH, QUARANTINE, UPGRADE, REWIND = "ok", "new_epoch", "quarantine", "upgrade", "rewind"


def greet(store: TenantStore, ref: TenantRef, hello: Hello) -> HelloAnswer | Fault:
    """The answer to a hello; REPLICA_UNKNOWN where the machine was taken off the list."""
    row = store.replica(ref, hello.replica)
    if row is None or row.state == REVOKED:
        return Fault("REPLICA_UNKNOWN", "replica", {"replica": hello.replica})
    tenant = store.tenant(ref)
    today = utc_now().date()
    if away := check_version(hello.protocol, today) or check_version(hello.schema, today):
        return _answer(tenant, row, UPGRADE, faults=[WireFault(away.code, away.field, dict(away.params))])
    at = parse_cursor(hello.cursor) if hello.cursor else None
    store.seen(ref, hello.replica, hello.program[:40].replace("\0", ""), at.seq if at is not None else -1)
    verdict = _verdict(store, ref, tenant, row, hello)
    if verdict == QUARANTINE:
        store.change_replica(ref, row.replica, row.epoch, row.last_n, row.last_hash, QUARANTINED)
        fault = WireFault("REPLICA_QUARANTINED", "replica", {"n": str(hello.last_n)})
        return _answer(tenant, row, QUARANTINE, faults=[fault])
    if verdict == NEW_EPOCH:
        return _answer(tenant, _change(store, ref, row, row.epoch + 1, 0, ""), NEW_EPOCH)
    if verdict == REWIND:
        accepted_epoch, accepted_n = row.epoch, row.last_n
        if hello.epoch != row.epoch:
            # The backup is older than the replica's epoch, or we said so before and the answer was lost. Then nobody
            # knows any more how far the backup went: all is sent again, and known by its act ids.
            if hello.epoch < row.epoch:
                accepted_epoch, accepted_n = EPOCH_FIRST, 0
            row = _change(store, ref, row, max(hello.epoch, row.epoch) + 1, 0, "")
        # Where it stood still holds: a new timeline counts on from beyond every seq of the old one (`set_timeline`), so
        # all that others have sent again lies behind this cursor, and all that both have in common lies before it.
        answer = _answer(tenant, row, REWIND, hello.cursor if at is not None else "")
        return msgspec.structs.replace(answer, accepted_epoch=accepted_epoch, accepted_n=accepted_n)
    return _answer(tenant, row, OK)


def _verdict(store: TenantStore, ref: TenantRef, tenant: TenantRow, row: ReplicaRow, hello: Hello) -> str:
    if row.state == QUARANTINED:
        return QUARANTINE
    restored = bool(hello.timeline) and hello.timeline != tenant.timeline
    if hello.epoch > row.epoch:
        return REWIND if restored else QUARANTINE
    if hello.epoch < row.epoch:
        return REWIND if restored else NEW_EPOCH
    shared = min(hello.last_n, row.last_n)
    if shared and hello.last_n <= row.last_n:
        known = store.record(ref, row.replica, row.epoch, shared)
        if known is None or known.sha256 != hello.last_hash:
            return QUARANTINE
    if hello.last_n < row.last_n:
        return NEW_EPOCH
    return REWIND if restored else OK


def _change(store: TenantStore, ref: TenantRef, row: ReplicaRow, epoch: int, last_n: int, last_hash: str) -> ReplicaRow:
    store.change_replica(ref, row.replica, epoch, last_n, last_hash, ACTIVE)
    found = store.replica(ref, row.replica)
    return found if found is not None else row


def _answer(
    tenant: TenantRow, row: ReplicaRow, verdict: str, cursor: str = "", faults: list[WireFault] | None = None
) -> HelloAnswer:
    return HelloAnswer(
        *(tenant.timeline, verdict, row.epoch, row.last_n),
        cursor=cursor,
        tenant=tenant.ref.code,
        branches=list(row.branches),
        series_mark=row.series_mark,
        faults=faults or [],
        office=row.name,
    )
