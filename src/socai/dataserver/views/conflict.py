"""A conflict as people see it: both forms, what they were made from, and the cells in which they differ. Reads only."""

from __future__ import annotations

from typing import Any

import msgspec

from socai.dataserver.desk import CATALOG, VOUCHER
from socai.dataserver.facts import faults_of
from socai.dataserver.store import catalog, conflict, dependency, voucher
from socai.dataserver.store.conflict import ConflictRow
from socai.dataserver.store.dependency import Cause
from socai.dataserver.store.file import Connection
from socai.edge.problem import WordedFault, worded
from socai.sync.conflict import compare
from socai.sync.message import DELETE


class Version(msgspec.Struct, frozen=True):
    """One side of a conflict, what both started from, or the form that stands against a stale save."""

    author: str
    at: str
    deleted: bool
    version: int
    revision: int
    act: str
    body: Any


class DifferenceView(msgspec.Struct, frozen=True):
    """One cell that is not alike. `place` is `description` or `lines.3.amount`, a whole row `lines.3`.

    `by` says who changed it since the base: theirs | mine | both; a value that is absent is null.
    """

    place: str
    theirs: Any
    mine: Any
    by: str


class ConflictView(msgspec.Struct, frozen=True):
    """Both sides, field by field: what the cloud took, and what was saved here. `base` is null where it is not here."""

    winner: Version
    mine: Version
    base: Version | None
    differences: list[DifferenceView]


class HeldView(msgspec.Struct, frozen=True):
    """A catalog entry that holds this back: which, and why the cloud refused it."""

    kind: str
    id: str
    code: str
    name: str
    faults: list[WordedFault]


def raw(content: bytes) -> Any:
    """A stored body as it stands, to be sent without being read; null where there is none."""
    return msgspec.Raw(content) if content else None


def voucher_conflict(db: Connection, object_kind: str, ident: str) -> ConflictView | None:
    """The conflict of a voucher."""
    lost = conflict.load(db, VOUCHER, object_kind, ident)
    if lost is None:
        return None
    mine, base = voucher.revision_of(db, ident, lost.mine), voucher.taken_before(db, ident, lost.mine)
    content = voucher.body(db, ident, lost.mine)
    started = voucher.body(db, ident, base.revision) if base else b""
    own = _own(lost, mine.author if mine else "", mine.at if mine else lost.told_at, content)
    from_ = Version(base.author, base.at, False, base.version, base.revision, base.act, raw(started)) if base else None
    return ConflictView(_winner(lost), own, from_, _differences(lost.winner.body, content, started))


def entry_conflict(db: Connection, kind: str, ident: str) -> ConflictView | None:
    """The conflict of a catalog entry."""
    lost = conflict.load(db, CATALOG, kind, ident)
    if lost is None:
        return None
    mine, base = catalog.form(db, kind, ident, lost.mine), catalog.taken_before(db, kind, ident, lost.mine)
    content, started = (mine.body if mine else b""), (base.body if base else b"")
    own = _own(lost, mine.author if mine else "", mine.at if mine else lost.told_at, content)
    from_ = Version(base.author, base.at, False, base.version, base.revision, base.act, raw(started)) if base else None
    return ConflictView(_winner(lost), own, from_, _differences(lost.winner.body, content, started))


def _own(lost: ConflictRow, author: str, at: str, content: bytes) -> Version:
    return Version(author, at, lost.mine_act == DELETE, 0, lost.mine, lost.mine_act, raw(content))


def _winner(lost: ConflictRow) -> Version:
    theirs = lost.winner
    return Version(theirs.author, theirs.at, theirs.deleted, theirs.version, 0, "", raw(theirs.body))


def _differences(theirs: bytes, mine: bytes, base: bytes) -> list[DifferenceView]:
    """Cell by cell; nothing where one side is deleted: there is nothing beside which to set the other."""
    if not theirs or not mine:
        return []
    started = msgspec.json.decode(base) if base else None
    found = compare(msgspec.json.decode(theirs), msgspec.json.decode(mine), started)
    return [DifferenceView(item.place, item.theirs, item.mine, item.by) for item in found]


def held_by(db: Connection, ident: str) -> list[HeldView]:
    """The refused entries a voucher waits for."""
    return [_held(cause) for cause in dependency.causes(db, ident)]


def entry_held_by(db: Connection, kind: str, ident: str) -> list[HeldView]:
    """The refused entries a catalog entry waits for."""
    return [_held(cause) for cause in dependency.causes_of_entry(db, kind, ident)]


def _held(cause: Cause) -> HeldView:
    faults = [worded(fault) for fault in faults_of(cause.faults)]
    return HeldView(cause.kind, cause.id, cause.code, cause.name, faults)
