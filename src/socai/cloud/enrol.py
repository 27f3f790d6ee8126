"""Enrolment: a one-time code shown by the cloud makes a data server's key known, and the replica begins its life."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence

import msgspec

from socai.base.fault import Fault
from socai.cloud.clock import iso, iso_in, new_ident, utc_now
from socai.cloud.store.port import TenantStore
from socai.cloud.store.row import ACTIVE, REVOKED, CodeRow, ReplicaRow, TenantRef
from socai.core.catalog import normalize
from socai.edge.signature import key_of_text

CODE_DAYS = 7
SECRET_BYTES = 10  # 80 bits: 16 letters and digits, four groups of four
NAME_LENGTH_MAX = 100


class Enrol(msgspec.Struct, frozen=True):
    """What a data server sends to become known. `public_key` is base64 of the raw ed25519 key."""

    code: str
    public_key: str
    name: str = ""


class Enrolled(msgspec.Struct, frozen=True):
    """What it gets: its replica of one tenant. No branches means all of them."""

    replica: str
    tenant: str
    name: str
    branches: list[str]
    series_mark: str
    timeline: str


def make_code(
    store: TenantStore, ref: TenantRef, name: str = "", branches: Sequence[str] = (), days: float = CODE_DAYS
) -> str:
    """A code for one data server of these branches (none: all). It is returned once and kept only as a hash."""
    secret = base64.b32encode(os.urandom(SECRET_BYTES)).decode()
    code = f"{ref.code}." + "-".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    store.add_code(ref, CodeRow(_hash(code), name, tuple(branches), iso_in(days)))
    return code


def enrol(store: TenantStore, wish: Enrol) -> Enrolled | Fault:
    """Spend a code. Faults: ENROL_CODE_INVALID, SIGNATURE_INVALID for a key that is none, TEXT_TOO_LONG."""
    key = key_of_text(wish.public_key)
    if key is None:
        return Fault("SIGNATURE_INVALID", "public_key")
    name = normalize(wish.name)
    if len(name) > NAME_LENGTH_MAX or "\0" in name:
        return Fault("TEXT_TOO_LONG", "name", {"field": "name", "max": str(NAME_LENGTH_MAX)})
    ref = store.find_tenant(_tidy(wish.code).partition(".")[0].lower())
    invalid = Fault("ENROL_CODE_INVALID", "code")
    if ref is None:
        return invalid
    replica = new_ident()
    used = store.use_code(ref, _hash(wish.code), iso(utc_now()), ReplicaRow(replica, name, key))
    row = store.replica(ref, replica) if used else None
    if row is None:
        return invalid
    tenant = store.tenant(ref)
    return Enrolled(replica, ref.code, tenant.name, list(row.branches), row.series_mark, tenant.timeline)


def release(store: TenantStore, ref: TenantRef, replica: str) -> ReplicaRow | Fault:
    """End a quarantine: a person has made sure that only the right copy runs on. It goes on under a new epoch."""
    return _change(store, ref, replica, ACTIVE)


def revoke(store: TenantStore, ref: TenantRef, replica: str) -> ReplicaRow | Fault:
    """Take a machine off the list: its key opens nothing any more, and it has to be enrolled anew."""
    return _change(store, ref, replica, REVOKED)


def _change(store: TenantStore, ref: TenantRef, replica: str, state: str) -> ReplicaRow | Fault:
    row = store.replica(ref, replica)
    if row is None:
        return Fault("REPLICA_UNKNOWN", "replica", {"replica": replica[:40]})
    # A copy that still speaks of the old epoch is told so, and never mistaken for the one that was chosen.
    store.change_replica(ref, replica, row.epoch + 1, 0, "", state)
    return store.replica(ref, replica) or row


def _tidy(code: str) -> str:
    """A code as people type it: spaces, hyphens of the secret and case do not matter. The tenant's own hyphens stay."""
    tenant, dot, secret = code[:200].upper().partition(".")
    return "".join(tenant.split()) + dot + "".join(letter for letter in secret if letter.isalnum())


def _hash(code: str) -> str:
    return hashlib.sha256(_tidy(code).encode()).hexdigest()
