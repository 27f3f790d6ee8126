"""What a person may do, as the cloud checks it again for every operation. Three fixed roles; pure.

An accountant works with vouchers and catalogs of the granted branches; a chief accountant also sets locks, the
company's settings, chart, fiscal years and branches; an administrator also manages people.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from socai.base.fault import Fault

ADMIN, CHIEF_ACCOUNTANT, ACCOUNTANT = "admin", "chief_accountant", "accountant"
ROLES = (ADMIN, CHIEF_ACCOUNTANT, ACCOUNTANT)

SETTINGS_KINDS = frozenset(("company", "fiscal_year", "lock", "account", "branch"))
"""Catalog kinds only a chief accountant or an administrator changes."""

POSTING_KINDS = SETTINGS_KINDS | {"currency"}
"""Catalog kinds that readings of vouchers or postings depend on: a change makes what was loaded before out of date."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One user's rights in one tenant. No branches means all of them."""

    user: str
    role: str
    branches: frozenset[str] = frozenset()
    active: bool = True


MACHINE = Grant("", ADMIN)
"""What a data server does by itself, as it may in its own branches: nobody's right is asked."""


def may_people(grant: Grant | None) -> Fault | None:
    """Whether this user may add and change users."""
    if grant is not None and grant.active and grant.role == ADMIN:
        return None
    return Fault("RIGHT_MISSING", "user", {"right": "people"})


def may_voucher(grant: Grant | None, office: frozenset[str], act: str, branches: Iterable[str]) -> Fault | None:
    """Whether this user, from an office limited to the branches `office`, may do `act` in all of `branches`."""
    if grant is None or not grant.active or grant.role not in ROLES:
        return Fault("RIGHT_MISSING", "user", {"right": act})
    for branch in branches:
        if (grant.branches and branch not in grant.branches) or (office and branch not in office):
            return Fault("BRANCH_UNKNOWN", "branch", {"branch": branch})
    return None


def may_renumber(grant: Grant | None, office: frozenset[str], act: str, branches: Iterable[str]) -> Fault | None:
    """Whether this user may give other numbers to what books hold: a chief accountant's or an administrator's."""
    if fault := may_voucher(grant, office, act, branches):
        return fault
    if grant is not None and grant.role == ACCOUNTANT:
        return Fault("RIGHT_MISSING", "user", {"right": "renumber"})
    return None


def may_catalog(grant: Grant | None, office: frozenset[str], kind: str, branch: str) -> Fault | None:
    """Whether this user may change an entry of `kind`; `branch` is the one it belongs to, empty for shared ones."""
    if grant is None or not grant.active or grant.role not in ROLES:
        return Fault("RIGHT_MISSING", "user", {"right": "catalog"})
    if kind in SETTINGS_KINDS:
        if grant.role == ACCOUNTANT:
            return Fault("RIGHT_MISSING", "user", {"right": "lock" if kind == "lock" else "settings"})
        if kind == "lock" and branch:
            return may_voucher(grant, office, "lock", (branch,))
        return None
    return may_voucher(grant, office, "catalog", (branch,)) if branch else None
