"""Tenants: making them, and beginning a new timeline after the cloud was restored from a backup."""

from __future__ import annotations

import re

from socai.base.fault import Fault
from socai.cloud.clock import new_ident
from socai.cloud.store.port import TenantStore
from socai.cloud.store.row import TenantRef

CODE = re.compile(r"[a-z][a-z0-9-]{1,39}", re.ASCII)
BUCKETS = 64
"""How many buckets new tenants are spread over. A tenant keeps its bucket for ever; nothing else knows this figure."""


def create_tenant(store: TenantStore, code: str, name: str, bucket: int | None = None) -> TenantRef | Fault:
    """A new tenant under a public code (`minhphat`: small letters, digits, hyphens).

    Faults: IDENT_INVALID for a code of another shape, CATALOG_CODE_TAKEN, FIELD_REQUIRED without a name.
    """
    if not CODE.fullmatch(code):
        return Fault("IDENT_INVALID", "code", {"value": code[:40]})
    if not name.strip():
        return Fault("FIELD_REQUIRED", "name", {"field": "name"})
    place = bucket if bucket is not None else _bucket_of(code)
    made = store.create_tenant(code, name.strip(), new_ident(), place)
    return made or Fault("CATALOG_CODE_TAKEN", "code", {"code": code, "kind": "tenant"})


def begin_timelines(store: TenantStore) -> int:
    """After a restore: every tenant gets a new timeline, so that data servers send again what the backup lacks."""
    refs = store.tenants()
    for ref in refs:
        store.set_timeline(ref, new_ident())
    return len(refs)


def _bucket_of(code: str) -> int:
    """Spreads codes; computed once, when the tenant is made, and kept in the directory from then on."""
    value = 0
    for letter in code:
        value = (value * 31 + ord(letter)) % 1_000_003
    return value % BUCKETS
