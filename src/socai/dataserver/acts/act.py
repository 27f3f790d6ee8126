"""What people do with a saved voucher: post, unpost, delete, quick edit, renumber, resolve a conflict.

Each is judged by the life table from the facts in the writer's transaction, recorded with its audit row, and put in the
outbox; none waits for the cloud.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from socai.base.fault import Fault, Faults
from socai.base.ident import parse_ident
from socai.core import life
from socai.core.number_use import DELETED, Use
from socai.core.voucher import parse_voucher
from socai.dataserver.acts.checking import check_body, check_removal
from socai.dataserver.acts.head import fill_head, keys_of
from socai.dataserver.acts.numbering import number_voucher, observe_body
from socai.dataserver.acts.outgoing import Wish, is_running, never_told, put_voucher
from socai.dataserver.acts.save import (
    accepted,
    asking,
    blank_head,
    check_open,
    record,
    repeated,
    saved_now,
    stale,
    stamp_act,
    write_body,
)
from socai.dataserver.clock import Instant, new_ident
from socai.dataserver.desk import CHOICES, DISCARD, MINE, RESOLVE, THEIRS, VOUCHER, Desk, Refused, Saved, refused
from socai.dataserver.store import audit, conflict, meta, number, outbox, voucher
from socai.dataserver.store.conflict import ConflictRow
from socai.dataserver.store.file import Connection
from socai.dataserver.store.joined import split
from socai.dataserver.store.known import Known
from socai.dataserver.store.replica import Undo
from socai.dataserver.store.voucher import Head
from socai.registry import voucher_types
from socai.sync.grant import Grant, may_renumber, may_voucher
from socai.sync.message import BODY_ACTS, DELETE, POST, QUICK_EDIT, RENUMBER, SAVE, UNPOST


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks what of which voucher. `revision` is the form the person looked at."""

    grant: Grant
    act_id: str
    id: str
    revision: int


@dataclass(slots=True)
class _Open:
    """A voucher an act may be done on, inside the writer's transaction."""

    db: Connection
    head: Head
    known: Known
    now: Instant
    wish: Wish


def post(desk: Desk, asked: Asked, book: str, answered: Sequence[str] = ()) -> Saved | Refused:
    """Ghi sổ in one book. What the last known facts forbid is told at once; warnings are asked once."""

    def work(found: _Open) -> Saved:
        if book not in found.head.book_list:
            raise Undo(refused(Fault("BOOK_UNKNOWN", "book", {"book": book[:40]})))
        _check_postable(found, answered)
        return _queue(found, replace(found.wish, books=(book,), post_to=(book,), answered=accepted(answered)))

    return _do(desk, asked, POST, work, book)


def unpost(desk: Desk, asked: Asked, book: str, answered: Sequence[str] = ()) -> Saved | Refused:
    """Bỏ ghi in one book. Money that later payments lean on, as far as the last known books tell, is asked about."""

    def work(found: _Open) -> Saved:
        faults, warnings = check_removal(found.db, found.known, found.head.id, (book,))
        _refuse_or_ask(found.db, faults, warnings, answered)
        return _queue(found, replace(found.wish, books=(book,), answered=accepted(answered)))

    return _do(desk, asked, UNPOST, work, book)


def delete(desk: Desk, asked: Asked) -> Saved | Refused:
    """Xóa. What the cloud never heard of is gone at once; its forms stay in the history."""

    def work(found: _Open) -> Saved:
        head = found.head
        pending = outbox.open_of(found.db, VOUCHER, head.type, head.id)
        if head.version == 0 and (not pending or (len(pending) == 1 and never_told(pending[0]))):
            head.deleted = 1
            for row in pending:
                outbox.drop(found.db, row.place)
            use = Use(head.number, DELETED, head.id, found.wish.user, found.wish.at)
            number.note(found.db, head.series, use)
            return _note(found)
        return _queue(found, found.wish)

    return _do(desk, asked, DELETE, work)


def quick_edit(desk: Desk, asked: Asked, changes: Mapping[str, Any]) -> Saved | Refused:
    """Sửa nhanh: fields that do not touch the books' amounts, allowed on a posted voucher too."""
    return _do(desk, asked, QUICK_EDIT, lambda found: _edit(found, changes, None))


def renumber(desk: Desk, asked: Asked, text: str) -> Saved | Refused:
    """Give a voucher another number. Where a book holds it, that is a chief accountant's right."""

    def work(found: _Open) -> Saved:
        head = found.head
        held = any(row.posted for row in voucher.book_rows(found.db, [head.id]).get(head.id, ()))
        if held and (fault := may_renumber(asked.grant, desk.branches, RENUMBER, (head.branch,))):
            raise Undo(refused(fault))
        return _edit(found, {"number": text}, frozenset(("number",)))

    return _do(desk, asked, RENUMBER, work)


def discard(desk: Desk, asked: Asked) -> Saved | Refused:
    """Bỏ bản bị từ chối: the form the cloud has is taken back, and what no cloud has is deleted.

    The typed form stays in the history. Where the cloud refused an act that left the body alone, only that is put away.
    """

    def work(found: _Open) -> Saved:
        head = found.head
        if head.refused_act not in BODY_ACTS:
            return _note(found)
        stands = voucher.newest_taken(found.db, head.id)
        if stands is None or head.version == 0:  # never taken, or a restored cloud has lost all of it
            head.deleted = 1
            return _note(found)
        content = voucher.body(found.db, head.id, stands.revision)
        _take_body(found, content, stands.version, DISCARD, stands.author, stands.at)
        return _note(found)

    return _do(desk, asked, DISCARD, work)


def module_act(desk: Desk, asked: Asked, act: str, book: str = "") -> Refused | Saved:
    """An act of a module to come: the table's answer, and where that allows it, that this version has it not."""
    if act not in life.MODULE_ACTS:
        return refused(Fault("ACT_UNAVAILABLE", "act", {"act": act[:40]}))

    def work(_: _Open) -> Saved:
        raise Undo(refused(Fault("ACT_NOT_BUILT", "act", {"act": act})))

    return _do(desk, asked, act, work, book)


def resolve(desk: Desk, asked: Asked, choice: str, new_id: str = "") -> Saved | Refused:
    """Settle a conflict: take theirs, put mine on top of it, or save mine as a new voucher beside it."""
    if choice not in CHOICES:
        return refused(Fault("CHOICE_INVALID", "choice", {"field": "choice", "value": choice[:40]}))

    def work(found: _Open) -> Saved:
        lost = conflict.load(found.db, VOUCHER, found.head.type, found.head.id)
        if lost is None:
            raise Undo(refused(Fault("ACT_UNAVAILABLE", "act", {"act": RESOLVE})))
        conflict.drop(found.db, VOUCHER, lost.object_kind, lost.object)
        if choice == MINE:
            return _mine_on_top(found, lost)
        mine = voucher.body(found.db, found.head.id, lost.mine)
        _take_theirs(found, lost)
        return _note(found) if choice == THEIRS else _as_new(found, mine, lost, new_id)

    return _do(desk, asked, RESOLVE, work)


# ---- the frame of every act


def framed(desk: Desk, asked: Asked, act: str, work: Callable[[Connection, Head], Saved]) -> Saved | Refused:
    """One act on a voucher that stands here: done once whatever is repeated, by who may, and told when it stands."""
    for name, value in (("id", asked.id), ("act_id", asked.act_id)):
        if isinstance(fault := parse_ident(value, name), Fault):
            return refused(fault)

    def job(db: Connection) -> Saved | Refused:
        if (done := audit.done(db, asked.act_id)) is not None:
            return repeated(desk, db, done)
        head = voucher.load(db, asked.id)
        if head is None:
            raise Undo(refused(Fault("VOUCHER_UNKNOWN", "id", {"id": asked.id})))
        if fault := may_voucher(asked.grant, desk.branches, act, (head.branch,)):
            raise Undo(refused(fault))
        return work(db, head)

    found = desk.file.write(job)
    if isinstance(found, Saved) and not found.repeated:
        desk.tell(VOUCHER, found.type, found.id)
        if found.id != asked.id:
            desk.tell(VOUCHER, found.type, asked.id)
        desk.wake()
    return found


def _do(desk: Desk, asked: Asked, act: str, work: Callable[[_Open], Saved], book: str = "") -> Saved | Refused:
    """The same for an act on the form that was opened."""

    def opened(db: Connection, head: Head) -> Saved:
        known, now = desk.cache.get(db), desk.clock.now()
        check_open(db, head, act, known, now, book)
        if head.revision != asked.revision:
            raise Undo(stale(db, head, {}))
        return work(_Open(db, head, known, now, Wish(act, asked.act_id, asked.grant.user, now.text)))

    return framed(desk, asked, act, opened)


def _queue(found: _Open, wish: Wish) -> Saved:
    """An act that leaves the body alone, on its way."""
    put_voucher(found.db, found.head, wish, is_running(found.db, found.head.id))
    return _note(found)


def _note(found: _Open) -> Saved:
    head, wish = found.head, found.wish
    if wish.act not in (POST, UNPOST) or head.refused_act not in BODY_ACTS:
        head.refused = head.refused_act = ""  # else the refused form is a draft still: posting is of the one taken
    stamp_act(head, wish, found.now)
    voucher.put(found.db, head)
    record(found.db, head, wish)
    body = voucher.body(found.db, head.id, head.revision)
    return saved_now(found.db, head, body, found.known, found.now)


def _check_postable(found: _Open, answered: Sequence[str]) -> None:
    spec = voucher_types()[found.head.type].spec
    body = msgspec.json.decode(voucher.body(found.db, found.head.id, found.head.revision))
    _, faults, warnings = check_body(found.db, found.known, spec, body, found.head.id)
    _refuse_or_ask(found.db, faults, warnings, answered)


def _refuse_or_ask(db: Connection, faults: Faults, warnings: Faults, answered: Sequence[str]) -> None:
    if faults:
        raise Undo(Refused(faults))
    if asks := tuple(fault for fault in warnings if fault.code not in answered):
        raise Undo(asking(db, asks))


def _edit(found: _Open, changes: Mapping[str, Any], only: frozenset[str] | None) -> Saved:
    head = found.head
    spec = voucher_types()[head.type].spec
    free = spec.free_fields if only is None else only
    for name in changes:
        if name not in free:
            raise Undo(refused(Fault("ACT_UNAVAILABLE", str(name)[:60], {"act": found.wish.act})))
    old = msgspec.json.decode(voucher.body(found.db, head.id, head.revision))
    body, faults = parse_voucher(spec, {**old, **changes}, found.known.decimals)
    if faults:
        raise Undo(Refused(faults))
    if "number" in changes:
        number_voucher(found.db, head, spec, body, found.known)
    running = is_running(found.db, head.id)
    content = write_body(found.db, head, spec, body, found.known, found.wish, found.now)
    put_voucher(found.db, head, found.wish, running)
    return saved_now(found.db, head, content, found.known, found.now)


# ---- conflicts


def _take_theirs(found: _Open, lost: ConflictRow) -> None:
    """The winner becomes the voucher; what lost stays in the history."""
    head, winner = found.head, lost.winner
    head.version = winner.version
    head.deleted = int(winner.deleted)
    if winner.body:
        _take_body(found, winner.body, winner.version, RESOLVE, winner.author, winner.at)


def _take_body(found: _Open, content: bytes, version: int, act: str, author: str, at: str) -> None:
    """A form the cloud has becomes the voucher's newest."""
    head = found.head
    spec = voucher_types()[head.type].spec
    body = msgspec.json.decode(content)
    fill_head(head, spec, body, found.known)
    head.revision += 1
    voucher.add_body(found.db, head.id, head.revision, version, act, author, at, content)
    voucher.replace_keys(found.db, head.id, keys_of(spec, body), known=True)
    observe_body(found.db, head.id, spec, body, found.known, meta.text(found.db, "series_mark"))


def _mine_on_top(found: _Open, lost: ConflictRow) -> Saved:
    """The act that lost, done again on the winner's version."""
    head = found.head
    if lost.winner.deleted:
        raise Undo(refused(Fault("ACT_DELETED", "choice", {"act": lost.mine_act})))
    posts = tuple(split(lost.mine_post))
    if lost.mine_act not in (SAVE, QUICK_EDIT, RENUMBER):
        _take_theirs(found, lost)
        books = posts or tuple(head.book_list)
        wish = replace(found.wish, act=lost.mine_act, books=books, post_to=posts if lost.mine_act == POST else ())
        return _queue(replace_wish(found, wish), wish)
    if any(row.posted for row in voucher.book_rows(found.db, [head.id]).get(head.id, ())):
        raise Undo(refused(Fault("ACT_POSTED", "choice", {"act": lost.mine_act})))
    spec = voucher_types()[head.type].spec
    body, faults = parse_voucher(
        spec, msgspec.json.decode(voucher.body(found.db, head.id, lost.mine)), found.known.decimals
    )
    if faults:
        raise Undo(Refused(faults))
    head.version, head.revision = lost.winner.version, head.revision + 1
    # Theirs among the forms: what mine stands on from now on, and where it may go back to.
    told = (RESOLVE, lost.winner.author, lost.winner.at, lost.winner.body)
    voucher.add_body(found.db, head.id, head.revision, lost.winner.version, *told)
    number_voucher(found.db, head, spec, body, found.known, as_it_was=True)
    wish = replace(found.wish, act=SAVE, post_to=posts)
    content = write_body(found.db, head, spec, body, found.known, wish, found.now)
    put_voucher(found.db, head, wish, running=False)
    return saved_now(found.db, head, content, found.known, found.now)


def replace_wish(found: _Open, wish: Wish) -> _Open:
    """The same voucher with another wish."""
    return _Open(found.db, found.head, found.known, found.now, wish)


def _as_new(found: _Open, mine: bytes, lost: ConflictRow, new_id: str) -> Saved:
    """What lost becomes a voucher of its own with the next number; the conflict ends with the winner."""
    head = found.head
    head.refused = head.refused_act = ""
    head.author, head.at = lost.winner.author, lost.winner.at
    voucher.put(found.db, head)
    raw = {name: value for name, value in msgspec.json.decode(mine).items() if name != "number"}
    spec = voucher_types()[str(raw["type"])].spec
    body, faults = parse_voucher(spec, raw, found.known.decimals)
    if faults:
        raise Undo(Refused(faults))
    fresh = blank_head(new_id or new_ident(found.now), found.wish.user, found.now.text)
    if voucher.load(found.db, fresh.id) is not None:
        raise Undo(refused(Fault("IDENT_INVALID", "new_id", {"value": fresh.id})))
    number_voucher(found.db, fresh, spec, body, found.known)
    wish = replace(found.wish, act=SAVE, post_to=tuple(split(lost.mine_post)))
    content = write_body(found.db, fresh, spec, body, found.known, wish, found.now)
    put_voucher(found.db, fresh, wish, running=False)
    return saved_now(found.db, fresh, content, found.known, found.now)
