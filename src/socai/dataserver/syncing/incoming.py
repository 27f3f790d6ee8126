"""What the cloud tells becomes part of the file: feed items, snapshot chunks, downloaded vouchers.

Work of our own that waits for an answer is never overwritten: the cloud's newer form is kept beside it as a shadow
until the answer is here. Books and book states are the cloud's to tell, and are taken at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec

from socai.core.number_use import RENUMBERED, Use
from socai.core.numbering import is_provisional
from socai.dataserver.acts.entry import blank_entry, fill_entry
from socai.dataserver.acts.head import day_of, fill_head, keys_of
from socai.dataserver.acts.numbering import observe_body
from socai.dataserver.acts.save import blank_head
from socai.dataserver.clock import Instant
from socai.dataserver.desk import CATALOG, VOUCHER, Desk
from socai.dataserver.facts import faults_text
from socai.dataserver.store import catalog, conflict, download, ledger, meta, number, outbox, refusal, voucher
from socai.dataserver.store import known as settings
from socai.dataserver.store.conflict import ConflictRow, Theirs
from socai.dataserver.store.file import Connection
from socai.dataserver.store.known import Known
from socai.dataserver.store.refusal import Refusal
from socai.dataserver.store.voucher import BookRow, Head
from socai.dataserver.syncing.form import is_another_base
from socai.dataserver.syncing.losing import lose_entry, lose_voucher, lost_unsent
from socai.dataserver.syncing.slice import BALANCES_MAX, runs, slices, together
from socai.edge.failpoint import reach
from socai.registry import voucher_types
from socai.sync.message import BODY_ACTS, NUMBER, BalanceRow, BookState, FeedItem, FeedPage, SnapshotChunk

FEED, DOWNLOADED = "feed", "download"  # how a body came here, as its history says
Change = tuple[str, str, str]  # what listeners are told: kind, object kind, id


def take_page(desk: Desk, page: FeedPage) -> None:
    """Apply a page in slices, and its cursor with the last; what changed is told after each commit.

    A page of a timeline that has ended meanwhile (the cloud was restored) is left: its cursor means nothing any more.
    """

    def finish(db: Connection) -> None:
        lane = {"lane_depth": page.depth, "lane_seconds": math.ceil(page.estimate_seconds)}
        heard = {"ahead": 1} if page.more else {"ahead": 0, "head_seq": page.head_seq}
        meta.put(db, {"cursor": page.cursor, **heard, **lane})

    take_in_slices(desk, page.items, FEED, lambda db: _is_ours(db, page.timeline), finish, feed=True)
    reach("page.taken")


def _is_ours(db: Connection, timeline: str) -> bool:
    """Whether what the cloud tells belongs to the timeline this file shares with it, as far as either says."""
    ours = meta.text(db, "timeline")
    return not (timeline and ours) or timeline == ours


def take_in_slices(
    desk: Desk,
    items: Sequence[FeedItem],
    how: str,
    stands: Callable[[Connection], bool],
    finish: Callable[[Connection], None],
    prepare: Callable[[Connection, Sequence[FeedItem]], None] = lambda _db, _items: None,
    *,
    feed: bool = False,
) -> bool:
    """Apply items, as many in each transaction as slice.py says, catalog entries before the vouchers that name them.

    Each transaction begins with `stands`, and nothing more is taken where it says no; then comes `prepare` with its
    items. The last one ends with `finish`. Whether it came to that.

    Items that do not come with the `feed` are taken only as far as it has come: newer ones it is about to bring, behind
    the accounts and settings that they are reckoned by.
    """
    ordered = [*(item for item in items if item.kind == CATALOG), *(item for item in items if item.kind != CATALOG)]
    left = slices(ordered)
    while left:

        def job(db: Connection, parts: Sequence[Sequence[FeedItem]] = left) -> tuple[int, list[Change]]:
            if not stands(db):
                return 0, []
            told = math.inf if feed else meta.told_up_to(db)
            done, changes = 0, list[Change]()
            for part in together(desk.file, parts):
                here = [item for item in part if item.seq <= told]
                prepare(db, here)
                changes += take_items(desk, db, here, how)
                reach("page.taking")
                done += 1
            if done == len(parts):
                finish(db)
            elif feed:
                meta.put(db, {"ahead": 1})
            return done, changes

        done, changes = desk.file.write(job)
        if not done:
            return False
        desk.tell_all(changes)
        left = left[done:]
    return True


def take_items(desk: Desk, db: Connection, items: Sequence[FeedItem], how: str) -> list[Change]:
    """Apply items in the caller's transaction, catalog entries before the vouchers that name them."""
    changes: list[Change] = []
    for item in items:
        if item.kind == CATALOG and take_entry(db, item):
            changes.append((CATALOG, item.object_kind, item.id))
    known, snapshot_seq, now = desk.cache.get(db), meta.number(db, "snapshot_seq"), desk.clock.now()
    mark = meta.text(db, "series_mark")
    vouchers = [item for item in items if item.kind == VOUCHER]
    ledger.apply_sets(db, vouchers, snapshot_seq, known)
    for item in vouchers:
        take_voucher(db, item, known, mark, how, now)
        changes.append((VOUCHER, item.object_kind, item.id))
    return changes


# ---- catalog entries


def take_entry(db: Connection, item: FeedItem, lost: bool = False) -> bool:
    """A catalog entry at its newest; whether anything changed here.

    `lost`: a restored cloud tells it, which may have an older form than the one work of ours was made on.
    """
    row = catalog.load(db, item.object_kind, item.id)
    if row is not None and item.seq <= row.seq:
        return False
    if row is None:
        row = blank_entry(item.object_kind, item.id, item.author, item.at)
    row.seq = item.seq
    theirs = Theirs(item.version, item.author, item.at, item.deleted, bytes(item.body))
    draft = row.refused_act if row.refused else ""
    if lost:
        _step_back(db, row, theirs, draft)
    if _ours_waits(db, row, theirs, draft):
        catalog.put(db, row)
        return True
    adopt_entry(db, row, theirs)
    return True


def adopt_entry(db: Connection, row: catalog.EntryRow, theirs: Theirs) -> None:
    """The cloud's form becomes ours."""
    fresh = _is_another(row, theirs, row.body)
    if fresh and (theirs.version <= row.version or row.version < 0):
        catalog.forget_versions(db, row.kind, row.id, theirs.version)
    row.version, row.author, row.at = theirs.version, theirs.author, theirs.at
    row.deleted = int(theirs.deleted)
    if fresh:
        row.refused = row.refused_act = ""
    if theirs.body:
        fill_entry(row, msgspec.json.decode(theirs.body))
        row.body = theirs.body
    if fresh:
        row.revision += 1
        catalog.add_body(db, row, FEED)
    catalog.put(db, row)
    if row.kind in settings.KINDS:
        settings.changed(db)


def _is_another(ours: Head | catalog.EntryRow, theirs: Theirs, held: bytes) -> bool:
    """Whether the cloud's form is not the one held. A restored cloud may give a version out again for another form."""
    if ours.revision == 0 or theirs.version != ours.version:
        return True
    if not theirs.body or theirs.body == held:
        return False
    return bool(msgspec.json.decode(theirs.body) != msgspec.json.decode(held or b"{}"))  # it orders the fields anew


# ---- vouchers


def take_voucher(db: Connection, item: FeedItem, known: Known, mark: str, how: str, now: Instant) -> None:
    """A voucher at its newest, its entries apart: the states of its books, and its body unless work of ours waits."""
    head = voucher.load(db, item.id)
    if head is not None and item.seq <= head.seq:
        return
    new = head is None  # then nothing of ours can wait, and nothing older stands in the way
    if head is None:
        if not bytes(item.body):
            return  # deleted before it was ever here
        head = blank_head(item.id, item.author, item.at)
        head.type = item.object_kind
    head.seq = item.seq
    head.bonds = ",".join(item.bonds)
    others = new or (item.version > head.version and not outbox.open_of(db, VOUCHER, head.type, head.id))
    _take_books(db, head, item.version, item.books, now, others)
    theirs = Theirs(item.version, item.author, item.at, item.deleted, bytes(item.body))
    draft = head.refused_act if head.refused else ""
    _step_back(db, head, theirs, draft)
    if not new and _ours_waits(db, head, theirs, draft):
        voucher.put(db, head)
        return
    adopt_voucher(db, head, theirs, known, mark, how)


def adopt_voucher(db: Connection, head: Head, theirs: Theirs, known: Known, mark: str, how: str) -> None:
    """The cloud's form becomes ours: a new revision where the body is another."""
    held = voucher.body(db, head.id, head.revision) if head.revision else b""
    fresh = _is_another(head, theirs, held)
    head.version = theirs.version
    head.deleted = int(theirs.deleted)
    if fresh:
        head.refused = head.refused_act = ""
    if theirs.body and fresh:
        head.author, head.at = theirs.author, theirs.at
        _fill(db, head, theirs.body, known, mark)
        if head.revision == 0 or held != theirs.body:
            head.revision += 1
            voucher.add_body(db, head.id, head.revision, theirs.version, how, theirs.author, theirs.at, theirs.body)
    voucher.put(db, head)


def _fill(db: Connection, head: Head, content: bytes, known: Known, mark: str) -> None:
    """Head and names from a body. A type this program does not have yet is kept and shown by what it says itself."""
    body = msgspec.json.decode(content)
    kind = voucher_types().get(head.type)
    if kind is None:
        head.branch, head.number = str(body.get("branch") or ""), str(body.get("number") or "")
        head.day, head.voucher_date = day_of(body, "accounting_date"), day_of(body, "voucher_date")
        head.description = str(body.get("description") or "")
        return
    series, old = head.series, head.number if head.revision else ""
    fill_head(head, kind.spec, body, known)
    if old and old != head.number and not is_provisional(old):
        number.note(db, series, Use(old, RENUMBERED, head.id, head.author, head.at, head.number), told=True)
    voucher.replace_keys(db, head.id, keys_of(kind.spec, body), known=head.revision > 0)
    observe_body(db, head.id, kind.spec, body, known, mark)


def _take_books(
    db: Connection, head: Head, version: int, states: Sequence[BookState], now: Instant, others: bool
) -> None:
    """The books' states at a version. `others`: the newest act is another office's."""
    rows = [
        BookRow(
            state.book,
            state.asked,
            state.posted,
            state.running,
            state.fault_act,
            faults_text(state.faults),
            state.posted_at,
        )
        for state in states
    ]
    if any(row.faults for row in rows):
        _note_refusals(db, head, version, rows, now)
    voucher.put_books(db, head.id, rows)
    if (others or not head.lease_wall) and any(row.running for row in rows):
        # Begun at another office: the five minutes run from when we first heard of that act.
        head.lease_wall, head.lease_tick, head.lease_boot = now.wall, now.tick, now.boot


def _note_refusals(db: Connection, head: Head, version: int, rows: Sequence[BookRow], now: Instant) -> None:
    """Keep what is refused now and was not before: the state is gone once it is mended, the timeline tells it still."""
    before = {row.book: (row.fault_act, row.faults) for row in voucher.book_rows(db, [head.id]).get(head.id, ())}
    for row in rows:
        if row.faults and not row.running and before.get(row.book) != (row.fault_act, row.faults):
            refusal.note(db, Refusal(head.id, row.book, version, row.fault_act, row.faults, now.text))


# ---- ours against theirs


def _ours_waits(db: Connection, ours: Head | catalog.EntryRow, theirs: Theirs, draft: str) -> bool:
    """Whether work of ours stands against the cloud's form; then that form is kept beside it.

    `draft`: the act the cloud refused, whose typed form is still ours alone. What was never sent and cannot win any
    more is told as a conflict at once.
    """
    key = (VOUCHER, ours.type, ours.id) if isinstance(ours, Head) else (CATALOG, ours.kind, ours.id)
    found = conflict.load(db, *key)
    if pending := outbox.open_of(db, *key):
        unchanged = theirs.version <= ours.version and not theirs.deleted
        if unchanged and found is None and not is_another_base(db, ours, theirs):
            return True
        if lost := lost_unsent(db, pending, theirs, theirs.at):
            conflict.drop_shadow(db, *key)  # whatever was kept beside ours, this is newer
            if isinstance(ours, Head) and lost.act == NUMBER and len(pending) == 1:
                wait_again(db, ours)  # nobody here did anything, so nobody is asked
                return False
            if isinstance(ours, Head):
                lose_voucher(db, ours, lost, theirs, theirs.at)
            else:
                lose_entry(db, ours, lost, theirs, theirs.at)
        else:
            conflict.put_shadow(db, *key, theirs)
        return True
    if found is not None:
        conflict.put(db, replace(found, winner=theirs))
        return True
    if draft not in BODY_ACTS:
        return False
    if theirs.version > ours.version or is_another_base(db, ours, theirs):
        # Somebody changed it after our draft was refused: the draft is told against the newer form.
        conflict.put(db, ConflictRow(*key, theirs, ours.revision, draft, "", theirs.at))
    return True


def wait_again(db: Connection, head: Head, redraw: bool = False, tried: int = 0) -> None:
    """A final number that was not taken waits to be given again, to whatever form of the voucher stands now.

    `redraw`: somebody else has it, so another one is drawn. `tried`: how often the cloud has refused it since.
    """
    waits = number.waits(db, head.id)
    reserved, tries = (waits.reserved, waits.tries) if waits is not None else (head.number, 0)
    number.wait(db, head.id, head.series, "" if redraw else reserved, tries + tried)


def _step_back(db: Connection, ours: Head | catalog.EntryRow, theirs: Theirs, draft: str) -> None:
    """A restored cloud has an older version than was heard: ours that waits stands on that one, as it does there."""
    if theirs.version >= ours.version:
        return
    key = (VOUCHER, ours.type, ours.id) if isinstance(ours, Head) else (CATALOG, ours.kind, ours.id)
    conflict.drop_shadow(db, *key)
    if outbox.open_of(db, *key):
        ours.version = theirs.version
        conflict.put_shadow(db, *key, theirs)  # the form lying on top here may be one that is lost
    elif draft in BODY_ACTS:
        ours.version = theirs.version


def stepped_back(ours: Head | catalog.EntryRow, shadow: Theirs, held: bytes) -> bool:
    """Whether the form held is one that a restored cloud has lost, and the shadow the one it has."""
    return shadow.version == ours.version and _is_another(ours, shadow, held)


# ---- snapshot


def begin_snapshot(desk: Desk) -> None:
    """Before the first chunk: the books go. Catalogs stay until the snapshot has told which of them still are."""

    def job(db: Connection) -> None:
        ledger.clear_balances(db)
        download.begin_again(db)
        catalog.forget_seqs(db)
        meta.put(db, {"snapshot_done": 0, "snapshot_seq": 0})

    desk.file.write(job)
    while desk.file.write(ledger.clear_some):
        pass  # in slices: large books take seconds, and people save meanwhile


def take_chunk(desk: Desk, chunk: SnapshotChunk) -> bool:
    """One chunk of a snapshot, in slices. Nothing of it counts before the last has come; one cut short begins anew.

    False for a snapshot of another timeline: the cloud was restored, and first has to be told what it lost.
    """
    with desk.file.read() as db:
        if not _is_ours(db, chunk.timeline):
            return False
    if chunk.seq or chunk.cursor:
        begun: dict[str, str | int] = {"snapshot_seq": chunk.seq, "snapshot_cursor": chunk.cursor}
        begun["snapshot_timeline"] = chunk.timeline
        desk.file.write(lambda db: meta.put(db, begun))
    for items in slices(chunk.catalog):

        def entries(db: Connection, items: Sequence[FeedItem] = items) -> None:
            lost = bool(meta.number(db, "recheck"))
            for item in items:
                take_entry(db, item, lost)

        desk.file.write(entries)
    for rows in runs(chunk.balances, BALANCES_MAX):

        def balances(db: Connection, rows: Sequence[BalanceRow] = rows) -> None:
            ledger.take_balances(db, rows)

        desk.file.write(balances)
    for items in slices(chunk.vouchers):

        def vouchers(db: Connection, items: Sequence[FeedItem] = items) -> list[Change]:
            return take_items(desk, db, items, FEED)

        desk.tell_all(desk.file.write(vouchers))

    def job(db: Connection) -> bool:
        if chunk.end:
            if not _is_ours(db, meta.text(db, "snapshot_timeline")):
                return False  # a hello came between its first line and its last
            ledger.note_missing_months(db)
            catalog.drop_untold(db)
            if meta.number(db, "recheck"):
                catalog.step_back_untold(db)
            settings.changed(db)
            # A replica that had a cursor goes on from there, so that it hears of every voucher changed meanwhile. One
            # in which people typed before its first snapshot reads from the beginning: the cloud may have taken and
            # posted their vouchers before the snapshot's moment, and tells of that nowhere else.
            cursor, heard = meta.text(db, "cursor"), meta.number(db, "head_seq")
            if far := meta.number(db, "far"):
                meta.put(db, {"far": 0})  # see rejoin.py
            if far or (not cursor and not voucher.any_entered(db)):
                # Everything up to the snapshot's moment is here, whatever page comes next, even an empty one. But for
                # what one that was cut short told of vouchers: those are asked for again.
                cursor, heard = meta.text(db, "snapshot_cursor"), meta.number(db, "snapshot_seq")
                meta.put(db, {"recheck": int(voucher.any_held(db)), "recheck_after": "", "ahead": 0})
            meta.put(db, {"snapshot_done": 1, "cursor": cursor, "head_seq": heard})
        return True

    taken = desk.file.write(job)
    reach("chunk.taken")
    if chunk.end:
        desk.tell(CATALOG)
    return taken
