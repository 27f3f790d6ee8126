"""Who calls: a replica proves itself by its signature over the whole request. Nothing here asks what it wants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from socai.base.fault import Fault
from socai.base.ident import parse_ident
from socai.cloud.clock import utc_now
from socai.cloud.store.port import TenantStore
from socai.cloud.store.row import REVOKED, ReplicaRow, TenantRef
from socai.edge.signature import REPLICA_HEADER, SIGNATURE_HEADER, TIME_HEADER, timely, verified

PLACES_KEPT_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Caller:
    """The replica whose signature this request bears."""

    ref: TenantRef
    replica: ReplicaRow


class Callers:
    """Tells replicas by their signatures. Remembers which tenant a replica belongs to, for that never changes."""

    def __init__(self, store: TenantStore) -> None:
        self._store = store
        self._places: dict[str, TenantRef] = {}

    def place(self, replica: str) -> TenantRef | None:
        """Where a replica that was here before belongs: only what it claims, until its signature is looked at."""
        return self._places.get(replica)

    def caller(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Caller | Fault:
        """The caller of this request. Faults: SIGNATURE_INVALID, REPLICA_UNKNOWN."""
        ident = headers.get(REPLICA_HEADER.lower(), "")
        time, signature = headers.get(TIME_HEADER.lower(), ""), headers.get(SIGNATURE_HEADER.lower(), "")
        if isinstance(parse_ident(ident, REPLICA_HEADER), Fault) or not timely(time, utc_now()):
            return Fault("SIGNATURE_INVALID", TIME_HEADER if ident else REPLICA_HEADER)
        ref = self._places.get(ident) or self._store.find_replica(ident)
        row = self._store.replica(ref, ident) if ref is not None else None
        if ref is None or row is None or row.state == REVOKED:
            return Fault("REPLICA_UNKNOWN", REPLICA_HEADER, {"replica": ident})
        if len(self._places) > PLACES_KEPT_MAX:
            self._places.clear()
        self._places[ident] = ref
        if not verified(row.public_key, signature, method, target, time, body):
            return Fault("SIGNATURE_INVALID", SIGNATURE_HEADER)
        return Caller(ref, row)
