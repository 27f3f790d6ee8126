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

KNOWN_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Caller:
    """The replica whose signature this request bears."""

    ref: TenantRef
    replica: ReplicaRow


class Callers:
    """Tells replicas by their signatures. Remembers each replica's tenant and key: they never change."""

    def __init__(self, store: TenantStore) -> None:
        self._store = store
        self._known: dict[str, Caller] = {}

    def place(self, replica: str) -> TenantRef | None:
        """Where a replica that was here before belongs: only what it claims, until its signature is looked at."""
        known = self._known.get(replica)
        return known.ref if known is not None else None

    def caller(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, known: bool = False
    ) -> Caller | Fault:
        """The caller of this request. Faults: SIGNATURE_INVALID, REPLICA_UNKNOWN.

        `known`: the row may be as it was when the replica was last here, all but its key. It is for whoever looks at
        the row again himself, as accepting does under its lock.
        """
        ident = headers.get(REPLICA_HEADER.lower(), "")
        time, signature = headers.get(TIME_HEADER.lower(), ""), headers.get(SIGNATURE_HEADER.lower(), "")
        if isinstance(parse_ident(ident, REPLICA_HEADER), Fault) or not timely(time, utc_now()):
            return Fault("SIGNATURE_INVALID", TIME_HEADER if ident else REPLICA_HEADER)
        found = self._known.get(ident)
        if found is None or not known:
            ref = found.ref if found is not None else self._store.find_replica(ident)
            row = self._store.replica(ref, ident) if ref is not None else None
            if ref is None or row is None or row.state == REVOKED:
                self._known.pop(ident, None)
                return Fault("REPLICA_UNKNOWN", REPLICA_HEADER, {"replica": ident})
            if len(self._known) > KNOWN_MAX:
                self._known.clear()
            found = self._known[ident] = Caller(ref, row)
        if not verified(found.replica.public_key, signature, method, target, time, body):
            return Fault("SIGNATURE_INVALID", SIGNATURE_HEADER)
        return found
