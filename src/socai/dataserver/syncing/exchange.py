"""The file's side of the protocol: makes hello and batches, takes answers. The machines in sync/ say when.

Whatever is sent stands in the file before it leaves, and whatever is answered is taken in one transaction, so a crash
anywhere leads to the same bytes being sent again or to the same answer being taken again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import msgspec

from socai import __version__
from socai.dataserver.acts.outgoing import BODY_ACTS, never_told
from socai.dataserver.desk import CATALOG, SYNC, VOUCHER, Desk
from socai.dataserver.facts import faults_text, wire_faults
from socai.dataserver.store import catalog, conflict, dependency, meta, number, outbox, voucher
from socai.dataserver.store.conflict import Theirs
from socai.dataserver.store.file import Connection
from socai.dataserver.store.outbox import OutRow
from socai.dataserver.store.voucher import BookRow, Head
from socai.dataserver.syncing import form
from socai.dataserver.syncing.incoming import Change, adopt_entry, adopt_voucher, stepped_back
from socai.dataserver.syncing.losing import lose_entry, lose_voucher
from socai.dataserver.syncing.settling import note_drawn_twice, take_back
from socai.dataserver.syncing.slice import OUTCOMES_MAX, SEALED_MAX, runs, together
from socai.edge.failpoint import reach
from socai.sync.accept import VISIBLE_IN_BOOKS
from socai.sync.message import (
    APPLIED,
    CONFLICT,
    DELETE,
    DUPLICATE,
    NUMBER,
    OPERATIONS_PER_PUSH_MAX,
    POST,
    PROTOCOL,
    PUSH_BYTES_MAX,
    QUICK_EDIT,
    REJECTED,
    RENUMBER,
    SAVE,
    UNPOST,
    Base,
    Hello,
    HelloAnswer,
    Operation,
    Outcome,
    Push,
    PushAnswer,
    Winner,
    WireFault,
    encode,
    raw_body,
    sealed,
)
from socai.sync.push import NEW_EPOCH, QUARANTINE, REWIND, UPGRADE

ENVELOPE_BYTES = 600  # of an operation without its body, reckoned generously

_operation = msgspec.json.Decoder(Operation)


def make_hello(desk: Desk) -> Hello:
    """The greeting of this file as it stands."""
    with desk.file.read() as db:
        known = meta.standing(db)
    return Hello(
        *(PROTOCOL, known.replica, known.epoch, known.next_n - 1, known.last_hash, PROTOCOL, known.timeline),
        cursor=known.cursor,
        program=__version__,
    )


def pending(desk: Desk) -> bool:
    """Whether the outbox holds anything to send: what waits for a catalog entry is not."""
    with desk.file.read() as db:
        if not outbox.any_open(db):
            return False
        but = dependency.waiting_for(db)
        return not but or bool(outbox.sent(db, 1)) or bool(outbox.waiting(db, 1, but))


def unanswered(desk: Desk) -> bool:
    """Whether something was sent and has no answer yet."""
    with desk.file.read() as db:
        return outbox.counts(db)[1] > 0


def take_hello(desk: Desk, answer: HelloAnswer) -> None:
    """Bring the file to what the cloud said about it."""

    def job(db: Connection) -> None:
        known = meta.standing(db)
        facts: dict[str, str | int] = {"verdict": answer.verdict}
        if answer.verdict in (QUARANTINE, UPGRADE):
            meta.put(db, facts)
            return
        branches = ",".join(answer.branches)
        facts |= {"office": answer.office} if answer.office else {}
        facts |= {"timeline": answer.timeline, "branches": branches, "series_mark": answer.series_mark}
        if known.snapshot_done and set(known.branches.split(",")) != set(branches.split(",")):
            facts["snapshot_done"] = 0  # other branches, other balances: taken anew, history by download
        if answer.verdict == NEW_EPOCH or answer.epoch != known.epoch:
            # Restored or cloned: what has no answer goes again under new numbers; its act ids say what it is.
            # A restored cloud that lost our epoch as well has lost all it answered us after what it says it has.
            if answer.verdict == REWIND and answer.accepted_epoch:
                outbox.unsend(db, answer.accepted_n, answer.accepted_epoch, answered_too=True)
            outbox.unsend(db, 0, known.epoch, answered_too=False)
            number.drop_leases(db)  # another copy of this file may hold them too
            doubt = outbox.last_place(db)  # up to here the cloud may have taken more than this file knows
            facts |= {"epoch": answer.epoch, "next_n": 1, "last_hash": "", "doubt_place": doubt}
        elif answer.verdict == REWIND:
            outbox.resend(db, answer.accepted_n, known.epoch)
            number.drop_leases(db)  # the cloud may not know that it granted them
        if answer.verdict == REWIND or (known.timeline and answer.timeline != known.timeline):
            # The books here may hold what the restored cloud has lost, whatever it says of our acts: taken anew.
            # What was told of each voucher stays told: a new timeline counts on beyond every seq of the old one. What
            # was told and then lost, perhaps for ever, comes out when the vouchers held are asked for again (rejoin).
            cursor = answer.cursor if answer.verdict == REWIND else known.cursor
            facts |= {"snapshot_done": 0, "cursor": cursor, "acked_seq": 0, "head_seq": 0}
            facts |= {"recheck": 1, "recheck_after": "", "restored": 1, "ahead": 0}
        meta.put(db, facts)

    desk.file.write(job)
    desk.branches = frozenset(answer.branches) if answer.verdict not in (QUARANTINE, UPGRADE) else desk.branches
    desk.tell(SYNC)


# ---- sending


def next_batch(desk: Desk, limit: int = OPERATIONS_PER_PUSH_MAX) -> Push | None:
    """What goes next: what was sent without an answer, byte for byte, else what waits, sealed now. None for nothing.

    What names a catalog entry made here waits until the cloud has taken that entry; the rest goes past it. Sealed in
    slices: what a crash leaves sealed and not sent is sent first afterwards.
    """
    if (again := _again(desk, limit)) is not None:
        return again
    taken: list[Operation] = []

    def job(db: Connection) -> tuple[meta.Standing, list[Operation], bool]:
        sealed_now: list[Operation] = []
        for places in together(desk.file, runs(range(limit - len(taken)), SEALED_MAX)):
            known, size = meta.standing(db), sum(map(_weight, (*taken, *sealed_now)))
            rows = _bounded(outbox.waiting(db, len(places), dependency.waiting_for(db)), db, size)
            sealed_now += _seal(desk, db, known, rows)
            if whole := len(rows) < len(places):
                break
        return known, sealed_now, whole

    while True:
        known, sealed_now, whole = desk.file.write(job)
        taken += sealed_now
        reach("push.sealed")
        desk.tell_all((each.kind, each.object_kind, each.id) for each in sealed_now)
        if whole or len(taken) >= limit:
            return _push(desk, known, taken) if taken else None


def _again(desk: Desk, limit: int) -> Push | None:
    """What was sent without an answer."""
    with desk.file.read() as db:
        known, rows = meta.standing(db), _bounded(outbox.sent(db, limit))
    operations = [_operation.decode(row.operation or b"") for row in rows]
    refused = {row.n: wire_faults(row.faults) for row in rows if row.result and row.n}
    return _push(desk, known, operations, refused) if operations else None


def _push(
    desk: Desk, known: meta.Standing, operations: list[Operation], refused: dict[int, list[WireFault]] | None = None
) -> Push:
    """The push of these operations. To a cloud that was restored once it says what the versions are they stand on."""
    with desk.file.read() as db:
        forms = form.said_of(db, known.epoch, operations)
    return Push(PROTOCOL, known.replica, known.epoch, operations, refused or {}, known.timeline, forms)


def _weight(operation: Operation) -> int:
    return ENVELOPE_BYTES + len(memoryview(operation.body))


def _bounded(rows: Sequence[OutRow], db: Connection | None = None, size: int = 0) -> list[OutRow]:
    """As many rows, from the first, as fit a push that has so many bytes already; one always fits an empty push."""
    taken: list[OutRow] = []
    for row in rows:
        weight = len(row.operation) if row.operation else ENVELOPE_BYTES + (len(_body(db, row)) if db else 0)
        if size and size + weight > PUSH_BYTES_MAX:
            break
        taken.append(row)
        size += weight
    return taken


def _body(db: Connection, row: OutRow) -> bytes:
    if row.act in form.BODILESS:
        return b""
    if row.kind == VOUCHER:
        return voucher.body(db, row.object, row.revision)
    return catalog.body(db, row.object_kind, row.object, row.revision)


def _seal(desk: Desk, db: Connection, known: meta.Standing, rows: Sequence[OutRow]) -> list[Operation]:
    """Give each row its n, its base and its bytes, and note them, before anything leaves."""
    n, last_hash, at = known.next_n, known.last_hash, desk.clock.now().text
    operations = []
    for row in rows:
        base, version = _base(db, row, known.epoch)
        operation = Operation(
            *(known.replica, known.epoch, n, row.act_id, row.user, row.made_at, row.schema),
            *(row.kind, row.object_kind, row.object, row.act, base, _split(row.books), _split(row.post_to)),
            *(raw_body(_body(db, row)), _split(row.answered)),
        )
        operation = sealed(operation)
        outbox.seal(db, row.place, known.epoch, n, encode(operation), operation.sha256, version, at)
        operations.append(operation)
        n, last_hash = n + 1, operation.sha256
    meta.put(db, {"next_n": n, "last_hash": last_hash})
    return operations


def _base(db: Connection, row: OutRow, epoch: int) -> tuple[Base, int]:
    """What an operation is made on: our own earlier one in this epoch, or a version."""
    before = outbox.row(db, row.base_place) if row.base_place else None
    if before is None:
        return Base(version=row.base_version), row.base_version
    if before.n is not None and before.epoch == epoch:
        return Base(operation=before.n), before.version or row.base_version
    version = before.version or row.base_version
    return Base(version=version), version


def _split(joined: str) -> list[str]:
    return joined.split(",") if joined else []


# ---- answers


def take_answer(desk: Desk, push: Push, answer: PushAnswer) -> list[Change]:
    """Write the outcomes of a push, in slices; what changed is told after each commit."""
    told: list[Change] = []
    left = list(runs(answer.outcomes, OUTCOMES_MAX)) or [[]]
    while left:

        def job(db: Connection, parts: Sequence[Sequence[Outcome]] = left) -> tuple[int, list[Change]]:
            done, changes, seq = 0, list[Change](), 0
            for outcomes in together(desk.file, parts):
                for outcome in outcomes:
                    row = outbox.by_n(db, push.epoch, outcome.n)
                    if row is not None and row.state == outbox.SENT:
                        take_outcome(desk, db, row, outcome)
                        reach("answer.taking")
                        changes.append((row.kind, row.object_kind, row.object))
                    seq = max(seq, outcome.seq)
                done += 1
            if seq > meta.number(db, "acked_seq"):
                meta.put(db, {"acked_seq": seq})
            meta.put(db, {"lane_depth": answer.depth, "lane_seconds": math.ceil(answer.estimate_seconds)})
            return done, changes

        done, changes = desk.file.write(job)
        desk.tell_all(changes)
        told += changes
        left = left[done:]
    reach("answer.taken")
    desk.tell(SYNC)
    return told


def note_lane(desk: Desk, depth: int, seconds: float) -> None:
    """Keep what a busy cloud said of how much it has to post, for the screen."""
    desk.file.write(lambda db: meta.put(db, {"lane_depth": depth, "lane_seconds": math.ceil(seconds)}))
    desk.tell(SYNC)


def give_up(desk: Desk, push: Push, faults: Sequence[WireFault]) -> None:
    """An operation the cloud will not even read: told as refused, and its number goes to the one behind it.

    Only for a push of this one operation, refused whole: then the cloud has recorded neither it nor any after it.
    """
    operation = push.operations[0]

    def job(db: Connection) -> list[Change]:
        row = outbox.by_n(db, push.epoch, operation.n)
        if row is None or row.state != outbox.SENT:
            return []
        before = outbox.by_n(db, push.epoch, operation.n - 1)
        outbox.unsend(db, operation.n - 1, push.epoch, answered_too=False)
        meta.put(db, {"next_n": operation.n, "last_hash": before.sha256 if before is not None else ""})
        take_outcome(desk, db, row, Outcome(operation.n, REJECTED, faults=list(faults)))
        return [(row.kind, row.object_kind, row.object), (SYNC, "", "")]

    desk.tell_all(desk.file.write(job))


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
    if row.act not in form.BODILESS:
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
    posts, asked = _split(row.post_to), _split(row.books)
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
    newest = falling[-1] if falling and row.act in form.BODILESS else None
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
    if act in form.BODILESS and form.is_draft(db, head):
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
