"""Users of a tenant. They belong to the cloud; data servers keep their hashes and grants for a bounded time."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import cache

import msgspec
from argon2 import PasswordHasher

from socai.base.fault import Fault
from socai.cloud.clock import iso_in
from socai.cloud.store.port import TenantStore
from socai.cloud.store.row import PersonRow, TenantRef
from socai.core.catalog import normalize
from socai.sync.grant import ADMIN, ROLES, Grant, may_people
from socai.sync.message import People, Person

LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{0,59}", re.ASCII)
NAME_LENGTH_MAX = 100
PASSWORD_LENGTH_MAX = 200
BRANCHES_MAX = 1_000
VALID_DAYS = 30
"""How long a data server may let people in without having heard from the cloud."""


class PersonWish(msgspec.Struct, frozen=True):
    """A user as a screen sends it. Without a password an existing one keeps theirs."""

    user: str
    name: str
    role: str
    branches: list[str] = []
    active: bool = True
    password: str = ""


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


def add_user(store: TenantStore, ref: TenantRef, wish: PersonWish, by: str = "cloud") -> Person | Fault:
    """Add or change a user, no questions asked about who wants it: the cloud's own command line."""
    known = {row.login: row for row in store.people(ref)}
    row = _row(wish, known.get(wish.user))
    if isinstance(row, Fault):
        return row
    if fault := _last_admin(known.values(), row):
        return fault
    store.save_person(ref, row, by)
    return wire_person(row)


def change_person(store: TenantStore, ref: TenantRef, acting_user: str, wish: PersonWish) -> Person | Fault:
    """Add or change a user on behalf of an administrator of the tenant. Faults: RIGHT_MISSING and those of input."""
    acting = next((row for row in store.people(ref) if row.login == acting_user), None)
    grant = Grant(acting.login, acting.role, frozenset(acting.branches), acting.active) if acting else None
    if fault := may_people(grant):
        return fault
    return add_user(store, ref, wish, acting_user)


def people(store: TenantStore, ref: TenantRef) -> People:
    """All users as a data server caches them; `version` changes when any of them does."""
    rows = store.people(ref)
    mark = hashlib.sha256(repr(rows).encode()).hexdigest()[:16]
    return People([wire_person(row) for row in rows], mark)


def wire_person(row: PersonRow) -> Person:
    """A user as it travels."""
    until = iso_in(VALID_DAYS)
    return Person(row.login, row.name, row.password_hash, row.role, list(row.branches), row.active, until)


def _row(wish: PersonWish, known: PersonRow | None) -> PersonRow | Fault:
    name = normalize(wish.name)
    if not LOGIN.fullmatch(wish.user):
        return Fault("IDENT_INVALID", "user", {"value": wish.user[:60]})
    if not name:
        return Fault("FIELD_REQUIRED", "name", {"field": "name"})
    for field, text, most in (("name", name, NAME_LENGTH_MAX), ("password", wish.password, PASSWORD_LENGTH_MAX)):
        if len(text) > most:
            return Fault("TEXT_TOO_LONG", field, {"field": field, "max": str(most)})
    if any("\0" in text or len(text) > NAME_LENGTH_MAX for text in (name, *wish.branches)):
        return Fault("TEXT_INVALID", "name", {"field": "name"})
    if len(wish.branches) > BRANCHES_MAX:
        return Fault("TEXT_INVALID", "branches", {"field": "branches"})
    if wish.role not in ROLES:
        return Fault("CHOICE_INVALID", "role", {"value": wish.role[:40], "choices": ", ".join(ROLES)})
    if known is None and not wish.password:
        return Fault("FIELD_REQUIRED", "password", {"field": "password"})
    hashed = _hasher().hash(wish.password) if wish.password else known.password_hash if known else ""
    return PersonRow(wish.user, name, hashed, wish.role, tuple(wish.branches), wish.active)


def _last_admin(known: Iterable[PersonRow], row: PersonRow) -> Fault | None:
    """A tenant always keeps one administrator, or nobody could ever change its people again."""
    admins = {each.login for each in known if each.active and each.role == ADMIN}
    if admins == {row.login} and not (row.active and row.role == ADMIN):
        return Fault("RIGHT_MISSING", "role", {"right": "people"})
    return None
