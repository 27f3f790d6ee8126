"""What the cloud's answer to one act does to the voucher or the catalog entry it was done on.

Applied: the form has its version, and the books stand as the act asked until the feed tells. Refused: the typed form
stays, with the reason. Lost: both forms are kept for a person to choose from (losing.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from socai.dataserver.acts.outgoing import never_told
from socai.dataserver.desk import CATALOG, VOUCHER, Desk
from socai.dataserver.facts import faults_text, wire_faults
from socai.dataserver.store import catalog, conflict, meta, outbox, voucher
from socai.dataserver.store.conflict import Theirs
from socai.dataserver.store.file import Connection
from socai.dataserver.store.joined import split
from socai.dataserver.store.outbox import OutRow
from socai.dataserver.store.voucher import BookRow, Head
from socai.dataserver.syncing import form
from socai.dataserver.syncing.incoming import adopt_entry, adopt_voucher, stepped_back
from socai.dataserver.syncing.losing import lose_entry, lose_voucher
from socai.dataserver.syncing.settling import note_drawn_twice, take_back
from socai.sync.accept import VISIBLE_IN_BOOKS
from socai.sync.message import (
    APPLIED,
    BODILESS_ACTS,
    BODY_ACTS,
    CONFLICT,
    DELETE,
    DUPLICATE,
    NUMBER,
    POST,
    QUICK_EDIT,
    REJECTED,
    RENUMBER,
    SAVE,
    UNPOST,
    Outcome,
    Winner,
    WireFault,
)


def take_outcome(desk: Desk, db: Connection, row: OutRow, outcome: Outcome) -> None:
    """One outcome. A duplicate counts as what it was the first time."""
    result = outcome.first if outcome.result == DUPLICATE else outcome.result
    at = desk.clock.now().text
    if row.result == result:  # a restored cloud took our word that it had refused this: nothing new to tell
        outbox.answer(db, row.place, result, 0, 0, row.faults, at)
        return
    outbox.answer(db, row.place, result, outcome.version, outcome.seq, faults_text(outcome.faults), at)
    form.answered(db, row, result == APPLIED)
    if row.kind == VOUCHER:
        head = voucher.load(db, row.object)
        if head is None:
            return
        if result == APPLIED:
            _voucher_applied(desk, db, head, row, outcome)
        elif row.act == NUMBER and take_back(desk, db, head, row, outcome):
            return
        elif result == CONFLICT:
            _voucher_lost(db, head, row, outcome.winner, at)
        else:
            _voucher_refused(desk, db, head, row, outcome.faults, at)
            note_drawn_twice(desk, db, head)
        return
    entry = catalog.load(db, row.object_kind, row.object)
    if entry is not None:
        _entry_answered(db, entry, row, outcome, result, at)


def _voucher_applied(desk: Desk, db: Connection, head: Head, row: OutRow, outcome: Outcome) -> None:
    later = outbox.open_of(db, VOUCHER, head.type, head.id)
    head.version = max(head.version, outcome.version)
    if row.act not in BODILESS_ACTS:
        voucher.set_body_version(db, head.id, row.revision, outcome.version)
    if not later and not _beside_draft(head, row):
        head.refused = head.refused_act = ""
    if outcome.seq > head.seq:
        # The feed has not told of it yet: until it does, the books stand as the act asked.
        head.seq = outcome.seq - 1
        rows = {item.book: item for item in voucher.book_rows(db, [head.id]).get(head.id, ())}
        posted = any(item.posted or item.running for item in rows.values())
        if row.act == DELETE and not posted:
            head.deleted = 1
        voucher.put_books(db, head.id, _asked_books(head, row, rows, _reposts(db, row, outcome.version)))
    shadow = conflict.shadow(db, VOUCHER, head.type, head.id)
    if shadow is not None and not later:
        conflict.drop_shadow(db, VOUCHER, head.type, head.id)
        held = voucher.body(db, head.id, head.revision)
        if shadow.version > outcome.version or stepped_back(head, shadow, held):
            adopt_voucher(db, head, shadow, desk.cache.get(db), meta.text(db, "series_mark"), "feed")
            return
        if shadow.version == outcome.version:
            head.deleted = int(shadow.deleted)  # also back again: who had deleted it did so in what the cloud has lost
    voucher.put(db, head)


def _beside_draft(head: Head, row: OutRow) -> bool:
    """Whether an act that left the body alone was done while a refused form of it is still a draft here."""
    return row.act in (POST, UNPOST) and bool(head.refused) and head.refused_act in BODY_ACTS


def _reposts(db: Connection, row: OutRow, version: int) -> bool:
    """Whether a light edit changed what the books print, so that the cloud makes a new set (sync/accept.py)."""
    if row.act not in (QUICK_EDIT, RENUMBER, NUMBER):
        return False
    bodies = (voucher.body_before(db, row.object, version), voucher.body(db, row.object, row.revision))
    before, after = (msgspec.json.decode(body or b"{}") for body in bodies)
    return any(before.get(name) != after.get(name) for name in (*VISIBLE_IN_BOOKS, "number"))


def _asked_books(head: Head, row: OutRow, known: dict[str, BookRow], reposts: bool) -> list[BookRow]:
    """The books' states as an accepted act leaves them before the lane has done anything (sync/accept.py)."""
    books = dict(known)
    for book in head.book_list:
        books.setdefault(book, BookRow(book))
    posts, asked = split(row.post_to), split(row.books)
    for name, state in books.items():
        if name in posts or (reposts and (state.posted or state.running == "post")):
            books[name] = BookRow(name, True, state.posted, "post", posted_at=state.posted_at)
        elif row.act == UNPOST and name in asked:
            books[name] = BookRow(name, False, state.posted, "unpost", posted_at=state.posted_at)
        elif row.act == DELETE and state.posted:
            books[name] = BookRow(name, False, True, "delete", posted_at=state.posted_at)
        elif row.act == SAVE:
            running = "post" if state.posted else ""
            books[name] = BookRow(name, state.posted, state.posted, running, posted_at=state.posted_at)
    return [state for state in books.values() if state != BookRow(state.book)]


def _voucher_refused(desk: Desk, db: Connection, head: Head, row: OutRow, faults: Sequence[WireFault], at: str) -> None:
    """Recorded and told; the typed form stays. A newer save made on it stands on what it was made on itself."""
    if conflict.load(db, VOUCHER, head.type, head.id) is not None:
        _tell_newest(db, VOUCHER, head.type, head.id)
        return  # it was built on what lost a conflict, and is told there
    faults = _first_reason(db, row, faults)
    outbox.rebase(db, row.object, row.place, row.base_version, row.base_place)
    told = [WireFault("BASE_REFUSED", "base", {"n": str(row.n or 0)})]
    later = outbox.open_of(db, VOUCHER, head.type, head.id)
    falling = [each for each in later if each.state == outbox.WAITING and each.act not in (SAVE, DELETE)]
    for each in falling:
        outbox.answer(db, each.place, REJECTED, 0, 0, faults_text(told), at)
    newest = falling[-1] if falling and row.act in BODILESS_ACTS else None
    if newest is not None and (newest.act, newest.revision) == (NUMBER, head.revision):
        take_back(desk, db, head, newest, Outcome(0, REJECTED, faults=told), outbox.row(db, row.place))
    later = outbox.open_of(db, VOUCHER, head.type, head.id)
    if len(later) == 1 and later[0].act == DELETE and never_told(later[0]):
        outbox.drop(db, later[0].place)  # what the cloud never took needs no word to be gone
        head.deleted = 1
        head.refused = head.refused_act = ""
        voucher.put(db, head)
        return
    if later:
        return
    shadow = conflict.shadow(db, VOUCHER, head.type, head.id)
    if shadow is not None:
        conflict.drop_shadow(db, VOUCHER, head.type, head.id)
        if shadow.version > head.version or form.is_another_base(db, head, shadow):
            lose_voucher(db, head, row, shadow, at)
            return
    if _beside_draft(head, row):
        return  # the form that was refused before is still the one to be mended
    act = row.act
    head.deleted = 0 if act == DELETE else head.deleted  # a cloud restored since had taken it: it is here again
    if act in BODILESS_ACTS and form.is_draft(db, head):
        # The form on top is nobody else's: it was refused itself meanwhile, or never sent for the delete in its stead.
        fell = form.fallen(db, head)
        why = _first_reason(db, fell, wire_faults(fell.faults)) if fell is not None else []
        act, faults = fell.act if fell is not None else SAVE, [*why, *(fault for fault in faults if fault not in why)]
    elif act == NUMBER and (before := outbox.row(db, row.base_place)) is not None:
        act = before.act
    head.refused, head.refused_act = faults_text(faults), SAVE if act == NUMBER else act
    voucher.put(db, head)


def _tell_newest(db: Connection, kind: str, of: str, ident: str) -> None:
    """What ours kept aside while it waited: a conflict that stands is told against that newest form from now on."""
    found, newest = conflict.load(db, kind, of, ident), conflict.shadow(db, kind, of, ident)
    if found is None or newest is None or outbox.open_of(db, kind, of, ident):
        return
    conflict.drop_shadow(db, kind, of, ident)
    conflict.put(db, replace(found, winner=newest))


def _first_reason(db: Connection, row: OutRow, faults: Sequence[WireFault]) -> Sequence[WireFault]:
    """Why, to the root: where an act fell with the one it was made on, that one's faults come first."""
    if not faults or faults[0].code != "BASE_REFUSED" or not row.base_place:
        return faults
    before = outbox.row(db, row.base_place)
    return [*wire_faults(before.faults), *faults] if before is not None and before.faults else faults


def _newest(winner: Winner | None, shadow: Theirs | None) -> Theirs | None:
    """The cloud's form that ours is told against: the answer's, or what the feed has brought since it was given."""
    if winner is None or (shadow is not None and shadow.version > winner.version):
        return shadow
    return Theirs(winner.version, winner.author, winner.at, winner.deleted, bytes(winner.body))


def _voucher_lost(db: Connection, head: Head, row: OutRow, winner: Winner | None, at: str) -> None:
    theirs = _newest(winner, conflict.shadow(db, VOUCHER, head.type, head.id)) or Theirs(0, "", at, True, b"")
    conflict.drop_shadow(db, VOUCHER, head.type, head.id)
    lose_voucher(db, head, row, theirs, at)


def _entry_answered(
    db: Connection, entry: catalog.EntryRow, row: OutRow, outcome: Outcome, result: str, at: str
) -> None:
    key = (CATALOG, row.object_kind, row.object)
    later = outbox.open_of(db, *key)
    shadow = conflict.shadow(db, *key)
    if result == APPLIED:
        entry.version = max(entry.version, outcome.version)
        entry.seq = max(entry.seq, outcome.seq - 1)  # an older page that is still on its way does not undo it
        catalog.set_version(db, entry.kind, entry.id, row.revision, outcome.version)
        if not later:
            entry.refused = entry.refused_act = ""
            conflict.drop_shadow(db, *key)
            newer = shadow is not None and shadow.version > outcome.version
            if shadow is not None and (newer or stepped_back(entry, shadow, entry.body)):
                adopt_entry(db, entry, shadow)
                return
            if shadow is not None and shadow.version == outcome.version:
                entry.deleted = int(shadow.deleted)
        catalog.put(db, entry)
        return
    outbox.rebase(db, row.object, row.place, row.base_version, row.base_place)
    if later:
        return
    _tell_newest(db, *key)
    conflict.drop_shadow(db, *key)
    theirs = _newest(outcome.winner, shadow)
    if theirs is not None and (
        result == CONFLICT or theirs.version > entry.version or form.is_another_base(db, entry, theirs)
    ):
        lose_entry(db, entry, row, theirs, at)
        return
    entry.refused, entry.refused_act = faults_text(outcome.faults), row.act
    if row.act == DELETE:
        entry.deleted = 0  # it could not be deleted: it is here again, with the reason
    catalog.put(db, entry)
