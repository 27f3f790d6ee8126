"""Does this file hold what the cloud holds? Compared when all is received; what differs is fetched again and reported.

A differing month of vouchers comes anew through the download, balances and catalogs through the snapshot. The entries
of a mended voucher are put back without moving balances: those are compared, and mended, for themselves. Whatever the
feed is about to tell is left to it, and so is what work of ours stands against.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial

import structlog

from socai.base.calendar import month_first, month_last
from socai.books.write import SqliteWriter
from socai.dataserver.acts.entry import blank_entry
from socai.dataserver.acts.save import blank_head
from socai.dataserver.desk import SYNC, Desk
from socai.dataserver.facts import faults_text
from socai.dataserver.store import audit, catalog, digest, ledger, meta, voucher
from socai.dataserver.store import known as settings
from socai.dataserver.store.conflict import Theirs
from socai.dataserver.store.file import Connection
from socai.dataserver.store.known import Known
from socai.dataserver.store.meta import Footing
from socai.dataserver.store.voucher import BookRow
from socai.dataserver.syncing import incoming
from socai.edge.client import CloudClient
from socai.sync.digest import BALANCES, DIFFERS, EQUAL, MOVED, SETS, VOUCHERS, Difference, differences, month_of
from socai.sync.message import CATALOG, FEED_ITEMS_MAX, VOUCHER, BalanceRow, FeedItem

MENDED = "converge"  # the act in the audit, and how a body came here
REPORTED_MAX = 20

_log = structlog.get_logger("socai.convergence")


@dataclass
class _Fetched:
    """What the snapshot said of the places that differ."""

    balances: list[BalanceRow] = field(default_factory=list)
    entries: list[FeedItem] = field(default_factory=list)


def check(desk: Desk, client: CloudClient) -> str:
    """Compare with the cloud and mend: EQUAL, MOVED (nothing could be said), or DIFFERS."""
    theirs = client.digests()
    with desk.file.read() as db:
        known, footing = meta.standing(db), meta.footing(db)
        if (theirs.timeline, theirs.seq) != (known.timeline, known.head_seq) or footing is None:
            return MOVED
        if not known.received:  # what our own acts led to is still to be told, or what was held heard again
            return MOVED
        working = digest.working(db)
        found = differences(
            theirs.digests, digest.local(db, desk.branches), digest.missing(db), digest.unsettled(db, working)
        )
    _report(desk, found)
    if not found:
        return EQUAL
    for branch, month in sorted({item.place[1:] for item in found if item.place.kind in (VOUCHERS, SETS)}):
        _mend_month(desk, client, branch, month, footing)
    _mend_rest(desk, client, found, theirs.seq, footing)
    desk.tell(SYNC)
    return DIFFERS


def _report(desk: Desk, found: Sequence[Difference]) -> None:
    """To the log, to the audit, and to the standing that screens read."""
    now = desk.clock.now()
    for item in found[:REPORTED_MAX]:
        kind, branch, month = item.place
        told = {"tenant": desk.code, "kind": kind, "branch": branch, "month": month}
        _log.warning("this file differs from the cloud and is mended", **told, at_cloud=item.theirs, here=item.ours)

    def job(db: Connection) -> None:
        for kind, branch, month in [item.place for item in found[:REPORTED_MAX]]:
            audit.append(db, audit.Act(now.text, "", MENDED, "", "digest", kind, f"{branch}|{month}", 0, ""))
        facts: dict[str, str | int] = {"compared_at": now.text, "differs": len(found)}
        if found:
            facts["differed_at"] = now.text
        meta.put(db, facts)

    desk.file.write(job)


# ---- months of vouchers


def _busy(db: Connection) -> set[str]:
    """Vouchers that work of ours stands against. Looked up where it is written: people go on while we ask the cloud."""
    return {ident for kind, _, ident in digest.working(db) if kind == VOUCHER}


def _mend_month(desk: Desk, client: CloudClient, branch: str, month: int, footing: Footing) -> None:
    """Fetch a month of a branch again; what is held here and is not among it leaves. Not into other books meanwhile."""
    with desk.file.read() as db:
        before, holders = digest.held(db, branch, month), digest.set_holders(db, branch, month)
    told: set[str] = set()
    first, last, after = month_first(month).isoformat(), month_last(month).isoformat(), ""
    while True:
        page = client.download(first, last, "", branch, after, FEED_ITEMS_MAX)
        told.update(item.id for item in page.items)
        changes = desk.file.write(partial(_mend_vouchers, desk, page.items, footing))
        desk.tell_all(changes)
        after = page.after
        if not after:
            break
    gone = {ident: before.get(ident, -1) for ident in {*before, *holders} if ident not in told}
    if gone:
        desk.file.write(lambda db: _drop(db, gone) if meta.footing(db) == footing else None)


def _mend_vouchers(desk: Desk, items: Sequence[FeedItem], footing: Footing, db: Connection) -> list[incoming.Change]:
    if meta.footing(db) != footing:
        return []
    busy = _busy(db)
    changes = [_mend_voucher(desk, db, item, busy) for item in items]
    return [change for change in changes if change is not None]


def _mend_voucher(desk: Desk, db: Connection, item: FeedItem, busy: Collection[str]) -> incoming.Change | None:
    """Put a voucher as the cloud has it, unless the feed is about to tell of it, or work of ours stands against it."""
    if item.seq > meta.number(db, "head_seq"):
        return None
    known = desk.cache.get(db)
    digest.forget_sets(db, item.id, [(wire.book, wire.set_no) for wire in item.sets])
    for wire in item.sets:
        day = date.fromisoformat(wire.day)
        ledger.store_set(SqliteWriter(db), item.id, item.object_kind, wire, ledger.entries_of(wire), day)
    if item.id in busy:
        return None
    head = voucher.load(db, item.id)
    if head is None:
        head = blank_head(item.id, item.author, item.at)
        head.revision = digest.last_revision(db, item.kind, item.object_kind, item.id)
    head.type, head.seq, head.version = item.object_kind, item.seq, -1  # another version: its body is taken anew
    voucher.put_books(
        db,
        item.id,
        [
            BookRow(
                *(state.book, state.asked, state.posted, state.running, state.fault_act),
                faults_text(state.faults),
                state.posted_at,
            )
            for state in item.books
        ],
    )
    _adopt(db, head, item, known)
    return (VOUCHER, item.object_kind, item.id)


def _adopt(db: Connection, head: voucher.Head, item: FeedItem, known: Known) -> None:
    theirs = Theirs(item.version, item.author, item.at, item.deleted, bytes(item.body))
    incoming.adopt_voucher(db, head, theirs, known, meta.text(db, "series_mark"), MENDED)


def _drop(db: Connection, gone: dict[str, int]) -> None:
    """Vouchers the cloud does not have where they stand here, and has not told of since (`seq`)."""
    busy = _busy(db)
    for ident, seq in gone.items():
        if ident in busy:
            continue
        head = voucher.load(db, ident)
        if head is None or (seq >= 0 and head.seq == seq):
            digest.forget_sets(db, ident)
        if head is not None and head.seq == seq:
            head.deleted = 1  # its forms stay in the history
            voucher.put(db, head)


# ---- balances and catalogs


def _mend_rest(desk: Desk, client: CloudClient, found: Sequence[Difference], seq: int, footing: Footing) -> None:
    """Balances and catalog entries of the places that differ, from the snapshot, if it is of the same moment."""
    places = {item.place[1:] for item in found if item.place.kind == BALANCES}
    kinds = {item.place.kind for item in found} - {VOUCHERS, SETS, BALANCES}
    if not places and not kinds:
        return
    fetched, whole = _Fetched(), False
    for chunk in client.snapshot():
        if chunk.cursor and chunk.seq != seq:
            return  # the cloud went on: the next check sees
        fetched.balances += [row for row in chunk.balances if (row.branch, month_of(row.period)) in places]
        fetched.entries += [item for item in chunk.catalog if item.object_kind in kinds]
        whole = chunk.end
    if whole:
        desk.file.write(lambda db: _put_rest(db, places, kinds, fetched, seq) if meta.footing(db) == footing else None)


def _put_rest(
    db: Connection, places: Collection[tuple[str, int]], kinds: Collection[str], fetched: _Fetched, seq: int
) -> None:
    if meta.number(db, "head_seq") != seq:
        return
    for branch, month in places:
        digest.forget_balances(db, branch, month)
    ledger.take_balances(db, fetched.balances)
    ours = {(of, ident) for kind, of, ident in digest.working(db) if kind == CATALOG}
    told = {(item.object_kind, item.id) for item in fetched.entries} | ours
    for item in fetched.entries:
        if (item.object_kind, item.id) in ours:
            continue
        row = catalog.load(db, item.object_kind, item.id)
        if row is None:
            row = blank_entry(item.object_kind, item.id, item.author, item.at)
            row.revision = digest.last_revision(db, item.kind, item.object_kind, item.id)
        elif (row.seq, row.version, row.deleted, row.body) == (item.seq, item.version, 0, bytes(item.body)):
            continue
        row.seq, row.version = item.seq, -1
        incoming.adopt_entry(db, row, Theirs(item.version, item.author, item.at, item.deleted, bytes(item.body)))
    for kind in kinds:
        for ident in digest.entries_held(db, kind):
            if (kind, ident) not in told and (row := catalog.load(db, kind, ident)) is not None:
                row.deleted = 1
                catalog.put(db, row)
    if kinds:
        settings.changed(db)
