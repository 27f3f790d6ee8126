"""Rows of tenants, machines and people as both stores give and take them. Plain data."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple

from socai.sync.fact import Changes
from socai.sync.message import VOUCHER

FRAME_KINDS = ("company", "currency", "fiscal_year", "lock")
"""Catalog kinds that the reading of an operation depends on: whole, and few."""

ACTIVE, QUARANTINED, REVOKED = "active", "quarantined", "revoked"


class TenantRef(NamedTuple):
    """Where one tenant lives, with its public code."""

    bucket: int
    tenant: int
    code: str


@dataclass(frozen=True, slots=True)
class TenantRow:
    """A tenant. `seq` is the last change number given out; `timeline` changes when the cloud is restored.

    `depth` is how much work waits in its lane.
    """

    ref: TenantRef
    name: str
    seq: int
    timeline: str
    active: bool = True
    depth: int = 0


@dataclass(frozen=True, slots=True)
class ReplicaRow:
    """One tenant's file on one data server. No branches means all; `last_n` counts recorded operations of `epoch`."""

    replica: str
    name: str
    public_key: bytes
    epoch: int = 1
    last_n: int = 0
    last_hash: str = ""
    branches: tuple[str, ...] = ()
    series_mark: str = ""
    state: str = ACTIVE


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A one-time enrolment code, known by its sha256 only. `expires_at` is UTC ISO."""

    code_hash: str
    name: str
    branches: tuple[str, ...]
    expires_at: str


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A user of a tenant. No branches means all."""

    login: str
    name: str
    password_hash: str
    role: str
    branches: tuple[str, ...] = ()
    active: bool = True


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """Where an object stands in the feed. `kind` is "voucher" or the catalog's kind."""

    kind: str
    id: str
    seq: int
    branch: str = ""
    was_in: tuple[str, ...] = ()


CURSOR_LAST = "~"
"""A kind that sorts behind every real one: the cursor of somebody who has read all of a seq."""


class Cursor(NamedTuple):
    """A place in the feed: everything up to and including this key has been read. Opaque to data servers.

    `floor` is where the reader last was at the end of the feed, -1 for here. An object that changes while a reader is
    on its way moves ahead of it, so what happened to it since the floor must be told when the reader gets there.
    """

    seq: int = 0
    kind: str = ""
    id: str = ""
    floor: int = -1

    @property
    def since(self) -> int:
        """The seq from which an object's history has to be told to this reader."""
        return self.seq if self.floor < 0 else self.floor

    def text(self) -> str:
        """As it travels: `seq:kind:id`, or `seq-floor:kind:id` on the way."""
        place = str(self.seq) if self.floor < 0 else f"{self.seq}-{self.floor}"
        return f"{place}:{self.kind}:{self.id}"


_CURSOR = re.compile(r"(\d{1,18})(?:-(\d{1,18}))?:([^:\0]{0,60}):([^\0]{0,140})", re.ASCII)


def parse_cursor(text: str) -> Cursor | None:
    """The place a text names, the beginning for an empty one, None where it is not of our making."""
    if not text:
        return Cursor()
    found = _CURSOR.fullmatch(text)
    if found is None:
        return None
    seq, floor, kind, ident = found.groups()
    return Cursor(int(seq), kind, ident, -1 if floor is None else int(floor))


@dataclass(frozen=True, slots=True)
class DownloadFilter:
    """Which vouchers are asked for. Days are yyyymmdd, both included; empty texts and sets mean all."""

    first_day: int
    last_day: int
    type: str = ""
    branches: frozenset[str] = field(default_factory=frozenset)


def changed_rows(changes: Changes) -> list[ChangeRow]:
    """One change row per changed object; entries that only became `used` are no news to anybody."""
    rows = [ChangeRow(VOUCHER, fact.id, 0, fact.branch, fact.was_in) for fact in changes.vouchers.values()]
    return rows + [ChangeRow(entry.kind, entry.id, 0) for entry in changes.entries.values()]


def next_mark(taken: Collection[str]) -> str:
    """The series mark of the next data server: none for the first, then B, C … Z, then AA, AB …"""
    if "" not in taken:
        return ""
    count = 1
    while (mark := _letters(count)) in taken:
        count += 1
    return mark


def _letters(count: int) -> str:
    text = ""
    count += 1
    while count:
        count, rest = divmod(count - 1, 26)
        text = chr(65 + rest) + text
    return text
