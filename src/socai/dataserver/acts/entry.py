"""Catalog entries: save, delete, settle a conflict, put a refused form away; on their way like any other act."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from socai.base.fault import Fault, Faults
from socai.base.folding import fold
from socai.base.ident import parse_ident
from socai.core import balance
from socai.core.catalog import COMPANY_ID, KINDS, REFERENCE, check_entry, check_used, references
from socai.dataserver.acts.outgoing import Wish, put_entry
from socai.dataserver.acts.save import repeated
from socai.dataserver.clock import new_ident
from socai.dataserver.desk import (
    CATALOG,
    CHOICES,
    DISCARD,
    MINE,
    NEW,
    RESOLVE,
    THEIRS,
    Desk,
    Refused,
    Saved,
    Theirs,
    refused,
)
from socai.dataserver.store import audit, catalog, conflict, outbox, voucher
from socai.dataserver.store import known as settings
from socai.dataserver.store.catalog import EntryRow
from socai.dataserver.store.conflict import ConflictRow
from socai.dataserver.store.file import Connection
from socai.dataserver.store.known import Known
from socai.dataserver.store.replica import Undo
from socai.registry import regimes
from socai.sync.grant import Grant, may_catalog
from socai.sync.message import DELETE, SAVE
from socai.sync.reading import code_key

_SEARCHED = ("code", "name", "name_en", "tax_code", "phone", "address", "bank_number", "bank_name")


def blank_entry(kind: str, ident: str, author: str, at: str) -> EntryRow:
    """An entry nobody has saved yet."""
    return EntryRow(kind, ident, 0, 0, 0, "", "", "", "", 1, 0, "", "", author, at, b"")


def fill_entry(row: EntryRow, body: Mapping[str, Any]) -> None:
    """Bring a row to what its body says."""
    row.code = str(body.get("code") or "")
    row.code_key = code_key(row.code)
    row.name = str(body.get("name") or row.code)
    row.search = fold(" ".join(str(body[name]) for name in _SEARCHED if body.get(name)))
    row.active = int(body.get("active") is not False)
    row.body = msgspec.json.encode(body)


def save_entry(
    desk: Desk, grant: Grant, act_id: str, kind: str, ident: str, base: int, raw: Mapping[str, Any]
) -> Saved | Refused:
    """Save an entry. `base` is the revision the form was opened at, 0 for a new one."""
    job = saving(desk, grant, act_id, kind, ident, base, raw)
    return job if isinstance(job, Refused) else _told(desk, kind, desk.file.write(job))


def saving(
    desk: Desk, grant: Grant, act_id: str, kind: str, ident: str, base: int, raw: Mapping[str, Any]
) -> Callable[[Connection], Saved | Refused] | Refused:
    """The save of an entry as a job of the writer, so that several can share one transaction."""
    body, faults = check_entry(kind, raw)
    if isinstance(wrong := parse_ident(act_id, "act_id"), Fault):
        faults = (*faults, wrong)
    if faults:
        return Refused(faults)
    if fault := _ident_fault(kind, ident, body):
        return refused(fault)

    def job(db: Connection) -> Saved | Refused:
        if (done := audit.done(db, act_id)) is not None:
            return repeated(desk, db, done)
        now, old = desk.clock.now(), catalog.load(db, kind, ident)
        faults = _check(desk, db, grant, kind, ident, body, old)
        if faults:
            raise Undo(Refused(faults))
        if old is not None and not old.deleted and old.revision != base:
            raise Undo(_stale(old, body))
        row = old or blank_entry(kind, ident, grant.user, now.text)
        wish = Wish(SAVE, act_id, grant.user, now.text)
        row.deleted = 0
        fill_entry(row, body)
        _write(db, row, wish)
        put_entry(db, kind, ident, row.revision, row.version, wish)
        return Saved(ident, kind, row.revision, row.code, row.body)

    return job


def delete_entry(desk: Desk, grant: Grant, act_id: str, kind: str, ident: str) -> Saved | Refused:
    """Delete an entry nothing uses; the cloud, which sees every office, has the last word."""
    if kind not in KINDS:
        return refused(Fault("TYPE_UNKNOWN", "kind", {"type": kind[:40]}))
    if isinstance(fault := parse_ident(act_id, "act_id"), Fault):
        return refused(fault)

    def job(db: Connection) -> Saved | Refused:
        if (done := audit.done(db, act_id)) is not None:
            return repeated(desk, db, done)
        row = catalog.load(db, kind, ident)
        if row is None or row.deleted:
            raise Undo(refused(Fault("CATALOG_UNKNOWN", "id", {"kind": kind, "id": ident})))
        branch = str(msgspec.json.decode(row.body).get("branch") or "")
        if fault := may_catalog(grant, desk.branches, kind, branch):
            raise Undo(refused(fault))
        if conflict.load(db, CATALOG, kind, ident) is not None:
            raise Undo(refused(Fault("ACT_CONFLICT", "id", {"act": DELETE})))
        if user := used_by(db, kind, ident):
            raise Undo(refused(Fault("CATALOG_USED", "id", {"kind": kind, "id": ident, "code": row.code, "by": user})))
        now = desk.clock.now()
        wish = Wish(DELETE, act_id, grant.user, now.text)
        row.deleted = 1
        _write(db, row, wish)
        put_entry(db, kind, ident, row.revision, row.version, wish)
        return Saved(ident, kind, row.revision, row.code)

    return _told(desk, kind, desk.file.write(job))


def resolve_entry(
    desk: Desk, grant: Grant, act_id: str, kind: str, ident: str, choice: str, new_id: str = "", code: str = ""
) -> Saved | Refused:
    """Settle a conflict. `theirs` takes the cloud's form, `mine` puts ours on top of it, `new` keeps both.

    `new` makes of ours an entry of its own with another `code`; kinds whose code is their identity cannot.
    """
    if choice not in CHOICES or (choice == NEW and kind in KINDS and KINDS[kind].natural):
        return refused(Fault("CHOICE_INVALID", "choice", {"field": "choice", "value": choice[:40]}))

    def work(db: Connection, row: EntryRow) -> Saved:
        lost = conflict.load(db, CATALOG, kind, ident)
        if lost is None:
            raise Undo(refused(Fault("ACT_UNAVAILABLE", "act", {"act": RESOLVE})))
        now = desk.clock.now()
        mine = catalog.body(db, kind, ident, lost.mine)
        conflict.drop(db, CATALOG, kind, ident)
        row.version = lost.winner.version
        catalog.forget_versions(db, kind, ident, lost.winner.version)
        if choice == MINE:
            wish = Wish(lost.mine_act, act_id, grant.user, now.text)
            _keep_theirs(db, row, lost)
            row.deleted = int(lost.mine_act == DELETE)
            _write(db, row, wish)
            put_entry(db, kind, ident, row.revision, row.version, wish)
            return Saved(row.id, row.kind, row.revision, row.code, row.body)
        if choice == THEIRS:
            _take_theirs(db, row, lost, Wish(RESOLVE, act_id, grant.user, now.text))
            return Saved(row.id, row.kind, row.revision, row.code, row.body)
        _take_theirs(db, row, lost, Wish(RESOLVE, new_ident(now), grant.user, now.text))
        body, faults = check_entry(kind, {**msgspec.json.decode(mine), "code": code})
        fresh = blank_entry(kind, new_id or new_ident(now), grant.user, now.text)
        if isinstance(wrong := parse_ident(fresh.id, "new_id"), Fault) or catalog.load(db, kind, fresh.id):
            wrong = wrong if isinstance(wrong, Fault) else Fault("IDENT_INVALID", "new_id", {"value": fresh.id})
            faults = (*faults, wrong)
        if faults := faults or _check(desk, db, grant, kind, fresh.id, body, None):
            raise Undo(Refused(faults))
        fill_entry(fresh, body)
        wish = Wish(SAVE, act_id, grant.user, now.text)
        _write(db, fresh, wish)
        put_entry(db, kind, fresh.id, fresh.revision, 0, wish)
        return Saved(fresh.id, fresh.kind, fresh.revision, fresh.code, fresh.body)

    return _mend(desk, grant, act_id, kind, ident, work)


def discard_entry(desk: Desk, grant: Grant, act_id: str, kind: str, ident: str) -> Saved | Refused:
    """Put away a form the cloud has refused: its own is taken back; what it never had is deleted, unless it is used."""

    def work(db: Connection, row: EntryRow) -> Saved:
        if not row.refused or outbox.open_of(db, CATALOG, row.kind, row.id):
            raise Undo(refused(Fault("ACT_UNAVAILABLE", "act", {"act": DISCARD})))
        wish = Wish(DISCARD, act_id, grant.user, desk.clock.now().text)
        if row.version == 0:  # never taken, or a restored cloud has lost it
            if user := used_by(db, row.kind, row.id):
                params = {"kind": row.kind, "id": row.id, "code": row.code, "by": user}
                raise Undo(refused(Fault("CATALOG_USED", "id", params)))
            row.deleted = 1
        elif (stands := catalog.taken_before(db, row.kind, row.id, row.revision)) is not None:
            fill_entry(row, msgspec.json.decode(stands.body))
        _write(db, row, wish)
        return Saved(row.id, row.kind, row.revision, row.code, row.body)

    return _mend(desk, grant, act_id, kind, ident, work)


def _mend(
    desk: Desk, grant: Grant, act_id: str, kind: str, ident: str, work: Callable[[Connection, EntryRow], Saved]
) -> Saved | Refused:
    """The frame of mending: done once under its act id, by someone who may."""
    if isinstance(fault := parse_ident(act_id, "act_id"), Fault):
        return refused(fault)

    def job(db: Connection) -> Saved | Refused:
        if (done := audit.done(db, act_id)) is not None:
            return repeated(desk, db, done)
        row = catalog.load(db, kind, ident)
        if row is None:
            raise Undo(refused(Fault("ACT_UNAVAILABLE", "act", {"act": RESOLVE})))
        branch = str(msgspec.json.decode(row.body).get("branch") or "") if row.body else ""
        if fault := may_catalog(grant, desk.branches, kind, branch):
            raise Undo(refused(fault))
        return work(db, row)

    found = desk.file.write(job)
    if isinstance(found, Saved) and found.id != ident:
        desk.tell(CATALOG, kind, ident)
    return _told(desk, kind, found)


def _keep_theirs(db: Connection, row: EntryRow, lost: ConflictRow) -> None:
    """The winner among the forms, before ours is put on top of it: what ours stands on, and where it may go back to."""
    if lost.winner.body:
        row.revision += 1
        theirs = replace(row, author=lost.winner.author, at=lost.winner.at, body=lost.winner.body)
        catalog.add_body(db, theirs, RESOLVE)


def _take_theirs(db: Connection, row: EntryRow, lost: ConflictRow, wish: Wish) -> None:
    row.deleted = int(lost.winner.deleted)
    if lost.winner.body:
        fill_entry(row, msgspec.json.decode(lost.winner.body))
    _write(db, row, wish)


def used_by(db: Connection, kind: str, ident: str) -> str:
    """What uses an entry: the number of a voucher, the code of another entry, "…" for the books; empty for nothing."""
    if number := voucher.key_users(db, kind, ident):
        return number
    for other in KINDS.values():
        for attribute in other.attributes:
            named = attribute.kind == REFERENCE and attribute.of == kind
            if named and (code := catalog.naming_entry(db, other.name, attribute.name, ident)):
                return code
    dimension = balance.DETAIL_DIMENSIONS.get(kind)
    if dimension is not None and catalog.in_balances(db, dimension, "detail", ident):
        return "…"
    if kind in ("account", "branch", "currency") and catalog.in_balances(db, balance.ACCOUNT, kind, ident):
        return "…"
    return ""


def _write(db: Connection, row: EntryRow, wish: Wish) -> None:
    """Write the next revision of an entry with its audit row. The operation is the caller's to queue."""
    row.revision += 1
    row.refused = row.refused_act = ""
    row.author, row.at = wish.user, wish.at
    catalog.put(db, row)
    catalog.add_body(db, row, wish.act)
    if row.kind in settings.KINDS:
        settings.changed(db)
    digest = audit.digest(row.body) if wish.act != DELETE else ""
    audit.append(
        db, audit.Act(wish.at, wish.user, wish.act, wish.act_id, CATALOG, row.kind, row.id, row.revision, digest)
    )


def _told(desk: Desk, kind: str, found: Saved | Refused) -> Saved | Refused:
    """Tell whoever listens of an act on an entry; its answer."""
    if isinstance(found, Saved) and not found.repeated:
        desk.tell(CATALOG, kind, found.id)
        desk.wake()
    return found


def _stale(row: EntryRow, mine: Mapping[str, Any]) -> Refused:
    fault = Fault("STALE_VERSION", "base", {"author": row.author, "time": row.at})
    theirs = Theirs(row.revision, row.version, row.author, row.at, row.body)
    return Refused((fault,), stale=theirs, mine=msgspec.json.encode(mine))


def _ident_fault(kind: str, ident: str, body: Mapping[str, Any]) -> Fault | None:
    spec = KINDS[kind]
    if spec.natural:
        expected = COMPANY_ID if spec.single else str(body.get("code") or "")
        return None if ident == expected else Fault("IDENT_INVALID", "id", {"value": ident[:40]})
    found = parse_ident(ident, "id")
    return found if isinstance(found, Fault) else None


def _check(
    desk: Desk,
    db: Connection,
    grant: Grant,
    kind: str,
    ident: str,
    body: Mapping[str, Any],
    old: EntryRow | None,
) -> Faults:
    """Why an entry may not be saved like this: rights, conflict, code, what it names."""
    branches = {str(body.get("branch") or "")}
    before: Mapping[str, Any] = msgspec.json.decode(old.body) if old is not None and old.body else {}
    branches.add(str(before.get("branch") or ""))
    for branch in sorted(branches - {""}) or [""]:
        if fault := may_catalog(grant, desk.branches, kind, branch):
            return (fault,)
    faults = []
    if conflict.load(db, CATALOG, kind, ident) is not None:
        faults.append(Fault("ACT_CONFLICT", "id", {"act": SAVE}))
    code = str(body.get("code") or "")
    if code and not KINDS[kind].natural and catalog.code_holder(db, kind, code_key(code), ident):
        faults.append(Fault("CATALOG_CODE_TAKEN", "code", {"code": code, "kind": kind}))
    fault = check_used(kind, before, body) if before else None
    if fault and used_by(db, kind, ident):
        faults.append(fault)
    faults += _check_references(db, desk.cache.get(db), kind, body, before)
    return tuple(faults)


def _check_references(
    db: Connection, known: Known, kind: str, body: Mapping[str, Any], before: Mapping[str, Any]
) -> list[Fault]:
    faults = []
    for place, of, ident in references(kind, body):
        if of == "account":
            if not _account_known(known, ident):
                faults.append(Fault("ACCOUNT_UNKNOWN", place, {"account": ident}))
            continue
        if of == "currency":
            if ident not in known.decimals:
                faults.append(Fault("CURRENCY_UNKNOWN", place, {"currency": ident}))
            continue
        state = catalog.known(db, of, ident)
        if state is None:
            faults.append(Fault("CATALOG_UNKNOWN", place, {"kind": of, "id": ident}))
        elif not state and before.get(place) != ident:
            faults.append(Fault("CATALOG_INACTIVE", place, {"kind": of, "id": ident}))
    if kind == "fiscal_year" and str(body.get("regime")) not in regimes():
        faults.append(Fault("CHOICE_INVALID", "regime", {"field": "regime", "value": str(body.get("regime"))[:20]}))
    return faults


def _account_known(known: Known, code: str) -> bool:
    years = known.calendar.years
    return not years or any(code in known.chart(year.regime).accounts for year in years)
