"""Does this file hold what the cloud holds? Compared when all is received; what differs is fetched again and reported.

A differing month of vouchers comes anew through the download, balances and catalogs through the snapshot. The entries
of a mended voucher are put back without moving balances: those are compared, and mended, for themselves. Whatever the
feed is about to tell is left to it, and so is what work of ours stands against.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
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
from socai.dataserver.syncing.slice import runs, slices
from socai.edge.client import CloudClient
from socai.sync.digest import BALANCES, DIFFERS, EQUAL, MOVED, SETS, VOUCHERS, Difference, differences, month_of
from socai.sync.message import CATALOG, FEED_ITEMS_MAX, VOUCHER, BalanceRow, FeedItem

MENDED = "converge"  # the act in the audit, and how a body came here
REPORTED_MAX = 20
ENTRIES_MAX = 60  # catalog entries in one transaction: whoever saves meanwhile waits for no more
DROPPED_MAX = 25  # vouchers or entries

_log = structlog.get_logger("socai.convergence")


@dataclass
class _Fetched:
    """What the snapshot said of the places that differ."""

    balances: dict[tuple[str, int], list[BalanceRow]] = field(default_factory=dict)  # by branch and month
    entries: list[FeedItem] = field(default_factory=list)


def check(desk: Desk, client: CloudClient) -> str:
    """Compare with the cloud and mend: EQUAL, MOVED (nothing could be said), or DIFFERS."""
    theirs = client.digests()
    with desk.file.read() as db:
        known, footing = meta.standing(db), meta.footing(db)
        if (theirs.timeline, theirs.seq) != (known.timeline, known.head_seq) or footing is None:
            return MOVED
        if not known.received:  # more is on its way: of a page, of what our own acts led to, or heard again
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
        for items in slices(page.items):
            desk.tell_all(desk.file.write(partial(_mend_vouchers, desk, items, footing)))
        after = page.after
        if not after:
            break
    gone = [(ident, before.get(ident, -1)) for ident in sorted({*before, *holders}) if ident not in told]
    for vouchers in runs(gone, DROPPED_MAX):
        desk.file.write(partial(_drop, vouchers, footing))


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


def _drop(vouchers: Sequence[tuple[str, int]], footing: Footing, db: Connection) -> None:
    """Vouchers the cloud does not have where they stand here, and has not told of since (`seq`)."""
    if meta.footing(db) != footing:
        return
    busy = _busy(db)
    for ident, seq in vouchers:
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
        for row in chunk.balances:
            if (place := (row.branch, month_of(row.period))) in places:
                fetched.balances.setdefault(place, []).append(row)
        fetched.entries += [item for item in chunk.catalog if item.object_kind in kinds]
        whole = chunk.end
    if whole:
        _put_rest(desk, places, kinds, fetched, lambda db: meta.footing(db) == footing and _is_at(db, seq))


def _is_at(db: Connection, seq: int) -> bool:
    """Whether the file holds what the feed has told up to `seq`, and nothing of what it tells next."""
    known = meta.standing(db)
    return known.head_seq == seq and not known.ahead


def _put_rest(
    desk: Desk,
    places: Collection[tuple[str, int]],
    kinds: Collection[str],
    fetched: _Fetched,
    stands: Callable[[Connection], bool],
) -> None:
    """Put it into the file in short transactions, as long as it `stands`: people save meanwhile."""

    def put(job: Callable[[Connection], None]) -> None:
        desk.file.write(lambda db: job(db) if stands(db) else None)

    for place in sorted(places):
        put(partial(_put_balances, place, fetched.balances.get(place, [])))
    for items in runs(fetched.entries, ENTRIES_MAX):
        put(partial(_put_entries, items))
    told = {(item.object_kind, item.id) for item in fetched.entries}
    with desk.file.read() as db:
        gone = [(kind, ident) for kind in kinds for ident in digest.entries_held(db, kind) if (kind, ident) not in told]
    for entries in runs(gone, DROPPED_MAX):
        put(partial(_drop_entries, entries))


def _put_balances(place: tuple[str, int], rows: Sequence[BalanceRow], db: Connection) -> None:
    digest.forget_balances(db, *place)
    ledger.take_balances(db, rows)


def _ours(db: Connection) -> set[tuple[str, str]]:
    """Catalog entries that work of ours stands against."""
    return {(of, ident) for kind, of, ident in digest.working(db) if kind == CATALOG}


def _put_entries(items: Sequence[FeedItem], db: Connection) -> None:
    ours = _ours(db)
    for item in items:
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


def _drop_entries(entries: Sequence[tuple[str, str]], db: Connection) -> None:
    """Entries the cloud does not have."""
    ours = _ours(db)
    for kind, ident in entries:
        if (kind, ident) not in ours and (row := catalog.load(db, kind, ident)) is not None:
            row.deleted = 1
            catalog.put(db, row)
    settings.changed(db)
