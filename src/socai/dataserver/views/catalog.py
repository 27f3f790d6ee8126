"""Catalogs as people see them: entries by search, one entry, the chart of accounts as a catalog too. Reads only."""

from __future__ import annotations

from typing import Any

import msgspec

from socai.base.fault import Fault
from socai.base.folding import fold
from socai.core.account import Account
from socai.core.catalog import KINDS
from socai.dataserver import facts as fact
from socai.dataserver.desk import Desk, local_day
from socai.dataserver.store import catalog, listing, outbox
from socai.dataserver.store.catalog import EntryRow
from socai.dataserver.store.file import Connection
from socai.dataserver.views.conflict import DifferenceView, HeldView, Version, entry_conflict, entry_held_by, raw
from socai.dataserver.views.voucher import Branches, words_of
from socai.edge.problem import WordedFault, worded

ACCOUNT = "account"


class EntryView(msgspec.Struct, frozen=True):
    """One entry. `id` is what vouchers hold; `revision` is what a change names as its `base`.

    `status`: local | held | syncing | synced | sync_failed | conflict. `used`: some voucher here names it. In a
    conflict `conflict` is the form that won, `mine` the one that lost, `base` what both started from, `differences`
    the cells. `deleted`: it is gone, and told all the same, as the answer to an act or for the sake of its conflict.
    """

    id: str
    kind: str
    code: str
    name: str
    revision: int
    version: int
    active: bool
    body: Any
    status: str
    used: bool
    faults: list[WordedFault]
    conflict: Version | None = None
    mine: Version | None = None
    base: Version | None = None
    differences: list[DifferenceView] = []
    held_by: list[HeldView] = []
    deleted: bool = False


class EntryPage(msgspec.Struct, frozen=True):
    """A page of a catalog in order of code."""

    items: list[EntryView]
    next: str


def catalog_page(
    desk: Desk, kind: str, text: str, active: bool | None, branches: Branches, after: str, limit: int
) -> EntryPage | Fault:
    """Entries that hold every word of `text`. Accounts are the regime's chart with the company's own over it."""
    if kind not in KINDS:
        return Fault("TYPE_UNKNOWN", "kind", {"type": kind[:40]})
    words = words_of(text)
    with desk.file.read() as db:
        if kind == ACCOUNT:
            return _accounts(desk, db, text, active, after, limit)
        place = (after.rpartition("|")[0], after.rpartition("|")[2]) if after else None
        rows = listing.entries(db, kind, words, active, branches, place, limit + 1)
        items = _views(db, kind, rows[:limit])
    last = rows[limit - 1] if len(rows) > limit else None
    return EntryPage(items, f"{last.code_key}|{last.id}" if last else "")


def entry_view(desk: Desk, kind: str, ident: str, branches: Branches, gone_too: bool = False) -> EntryView | Fault:
    """One entry whole. CATALOG_UNKNOWN where there is none, or it belongs to a branch the person may not see.

    A deleted one is told while it is in conflict, so that the conflict can be settled, and with `gone_too`.
    """
    if kind not in KINDS:
        return Fault("TYPE_UNKNOWN", "kind", {"type": kind[:40]})
    unknown = Fault("CATALOG_UNKNOWN", "id", {"kind": kind, "id": ident[:40]})
    with desk.file.read() as db:
        row = catalog.load(db, kind, ident)
        if row is None or (row.deleted and not gone_too and ident not in listing.in_conflict(db, kind)):
            if kind == ACCOUNT:
                account = desk.cache.get(db).chart_on(local_day(desk)).accounts.get(ident)
                return _account(account, frozenset()) if account else unknown
            return unknown
        view = _views(db, kind, [row])[0]
        branch = row.id if kind == "branch" else str(msgspec.json.decode(row.body).get("branch") or "")
    return unknown if branches is not None and branch and branch not in branches else view


def _views(db: Connection, kind: str, rows: list[EntryRow]) -> list[EntryView]:
    idents = [row.id for row in rows]
    used, waiting = listing.used(db, kind, idents), listing.waiting(db, kind, idents)
    fought = listing.in_conflict(db, kind)
    return [_view(db, row, row.id in used, waiting.get(row.id), row.id in fought) for row in rows]


def _view(db: Connection, row: EntryRow, used: bool, waiting: int | None, fought: bool) -> EntryView:
    lost = entry_conflict(db, row.kind, row.id) if fought else None
    holders = entry_held_by(db, row.kind, row.id) if waiting == outbox.WAITING else []
    return EntryView(
        id=row.id,
        kind=row.kind,
        code=row.code,
        name=row.name,
        revision=row.revision,
        version=row.version,
        active=bool(row.active),
        body=raw(row.body),
        status="held" if holders else _status(row, waiting, lost is not None),
        used=used,
        faults=[worded(fault) for fault in fact.faults_of(row.refused)],
        conflict=lost.winner if lost else None,
        mine=lost.mine if lost else None,
        base=lost.base if lost else None,
        differences=lost.differences if lost else [],
        held_by=holders,
        deleted=bool(row.deleted),
    )


def _status(row: EntryRow, waiting: int | None, in_conflict: bool) -> str:
    if in_conflict:
        return "conflict"
    if waiting is not None:
        return "syncing" if waiting else "local"
    if row.refused:
        return "sync_failed"
    return "synced" if row.version else "local"


# ---- accounts


def _accounts(desk: Desk, db: Connection, text: str, active: bool | None, after: str, limit: int) -> EntryPage:
    """The chart in force today. A word of digits is the beginning of a code, any other is searched in the names."""
    chart = desk.cache.get(db).chart_on(local_day(desk))
    own = {row.id: row for row in catalog.living(db, ACCOUNT)}
    words = words_of(text)
    found = [
        account
        for code, account in sorted(chart.accounts.items())
        if code > after and (active is None or account.active is active) and _named(account, words)
    ]
    page = found[:limit]
    used = listing.used(db, ACCOUNT, [account.code for account in page])
    waiting, fought = listing.waiting(db, ACCOUNT, list(own)), listing.in_conflict(db, ACCOUNT)
    items = [
        _view(db, own[account.code], account.code in used, waiting.get(account.code), account.code in fought)
        if account.code in own
        else _account(account, used)
        for account in page
    ]
    return EntryPage(items, page[-1].code if len(found) > limit else "")


def _named(account: Account, words: tuple[str, ...]) -> bool:
    name = fold(f"{account.name_vi} {account.name_en}")
    return all(account.code.startswith(word) if word.isdigit() else word in name for word in words)


def _account(account: Account, used: frozenset[str]) -> EntryView:
    """An account of the regime the company has not touched: revision 0, as if nobody had saved it yet."""
    body = {
        "code": account.code,
        "name": account.name_vi,
        "name_en": account.name_en,
        "parent": account.parent,
        "active": account.active,
    }
    return EntryView(
        account.code, ACCOUNT, account.code, account.name_vi, 0, 0, account.active, body, "synced",
        account.code in used, [],
    )  # fmt: skip


def all_branches(desk: Desk, branches: Branches) -> list[EntryRow]:
    """The living branches a person may see."""
    with desk.file.read() as db:
        return listing.entries(db, "branch", (), None, branches, None, 1_000)
