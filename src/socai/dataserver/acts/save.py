"""Cất: a voucher becomes durable. Checked in the caller's thread, written in the writer's, answered after the commit.

One transaction holds the head, the body, what the voucher names, the operation for the cloud and the audit row. The
number is drawn in the same transaction, so a series has no gaps however many people save at once.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from socai.base.fault import Fault, Faults
from socai.base.ident import parse_ident
from socai.core import life
from socai.core.number_use import RENUMBERED, Use
from socai.core.numbering import is_provisional
from socai.core.spec import VoucherSpec
from socai.core.voucher import Body, parse_voucher
from socai.dataserver import facts as fact
from socai.dataserver.acts.checking import check_body
from socai.dataserver.acts.head import fill_head, keys_of
from socai.dataserver.acts.numbering import number_voucher
from socai.dataserver.acts.outgoing import Wish, is_running, put_voucher
from socai.dataserver.clock import Instant
from socai.dataserver.desk import VOUCHER, Desk, Refused, Saved, Theirs, refused
from socai.dataserver.store import audit, meta, number, voucher
from socai.dataserver.store.file import Connection
from socai.dataserver.store.known import Known
from socai.dataserver.store.replica import Ticket, Undo, told
from socai.dataserver.store.voucher import Head
from socai.edge.failpoint import reach
from socai.registry import voucher_types
from socai.sync.grant import Grant, may_voucher
from socai.sync.message import BODY_BYTES_MAX, SAVE

LINES_IN_WRITER_MAX = 200
ANSWERED_MAX = 20
CODE = re.compile("[A-Z][A-Z_]{1,59}", re.ASCII)

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Request:
    """A save as asked for. `revision` 0 says that the voucher is new; `answered`: codes of accepted warnings.

    `post_to`: the books to post to; none at all leaves it unposted, and None leaves it to the company's setting "cất
    đồng thời ghi sổ", which means every book of the voucher.
    """

    act_id: str
    id: str
    revision: int
    body: Mapping[str, Any]
    post_to: Sequence[str] | None = ()
    answered: Sequence[str] = ()


@dataclass(slots=True)
class Prepared:
    """A save that has been checked and only waits for the writer."""

    grant: Grant
    request: Request
    spec: VoucherSpec
    body: Body
    known: Known
    post_to: tuple[str, ...] = ()


def blank_head(ident: str, author: str, at: str) -> Head:
    """The head of a voucher that nobody has saved yet."""
    return Head(
        id=ident, revision=0, version=0, seq=0, type="", branch="", number="", series="", day=0, voucher_date=0,
        books="", partner_name="", description="", total=0, currency="", amount=0, search="", deleted=0, refused="",
        refused_act="", author=author, at=at, lease_wall=0, lease_tick=0, lease_boot="",
    )  # fmt: skip


def save_voucher(desk: Desk, grant: Grant, request: Request) -> Saved | Refused:
    """Save a voucher and wait until it is on the disk."""
    return begin_save(desk, grant, request).wait()


def begin_save(
    desk: Desk,
    grant: Grant,
    request: Request,
    then: Callable[[Ticket[Saved | Refused]], None] | None = None,
) -> Ticket[Saved | Refused]:
    """Hand a save to the writer; returns at once. `then` is called in its thread once it is durable or refused.

    The writer checks and writes in one go, which costs least where many save at once. A long voucher is checked here
    first, so that nobody waits behind its lines; see `is_long`.
    """
    desk.pressed_at = time.monotonic()
    prepared: Prepared | None = None
    if is_long(request):
        with desk.file.read() as db:
            found = None if audit.done(db, request.act_id) else prepare(desk, db, grant, request)
        if isinstance(found, Refused):
            return told(found, then)
        prepared = found

    def settled(ticket: Ticket[Saved | Refused]) -> None:
        if ticket.error is None and isinstance(ticket.result, Saved) and not ticket.result.repeated:
            desk.tell(VOUCHER, ticket.result.type, ticket.result.id)
            desk.wake()
        if then is not None:
            then(ticket)

    return desk.file.submit(lambda db: _write(desk, db, grant, request, prepared), settled)


def asking(db: Connection, warnings: Faults) -> Refused:
    """Warnings to be answered, with the moment of the figures they come from."""
    return Refused(warnings, asks=True, as_of=meta.text(db, "as_of"))


def is_long(request: Request) -> bool:
    """Whether checking takes so long that others would feel it in the writer's thread."""
    return sum(len(value) for value in request.body.values() if isinstance(value, list)) > LINES_IN_WRITER_MAX


def prepare(desk: Desk, db: Connection, grant: Grant, request: Request) -> Prepared | Refused:
    """Everything that can be said without the writer: shape, rights, references, dates, accounts, warnings."""
    ident = parse_ident(request.id, "id")
    if isinstance(ident, Fault):
        return refused(ident)
    if isinstance(act_id := parse_ident(request.act_id, "act_id"), Fault):
        return refused(act_id)
    kind = voucher_types().get(str(request.body.get("type")))
    if kind is None:
        return refused(Fault("TYPE_UNKNOWN", "type", {"type": str(request.body.get("type"))[:40]}))
    known = desk.cache.get(db)
    body, faults = parse_voucher(kind.spec, request.body, known.decimals)
    if faults:
        return Refused(faults)
    branches = [str(body["branch"])]
    head = voucher.load(db, ident)
    if head is not None:
        branches.append(head.branch)
        if head.revision != request.revision and not head.deleted:
            return stale(db, head, body)
    if fault := may_voucher(grant, desk.branches, SAVE, branches):
        return refused(fault)
    if head is not None and (wrong := barred(db, head, "edit", known, desk.clock.now())):
        return refused(wrong)
    post_to = _posts(request, body, known)
    if strange := [book for book in post_to if book not in body["books"]]:  # type: ignore[operator]
        return refused(Fault("BOOK_UNKNOWN", "post_to", {"book": str(strange[0])[:40]}))
    _, faults, warnings = check_body(db, known, kind.spec, body, ident)
    if faults:
        return Refused(faults)
    if asked := tuple(fault for fault in warnings if fault.code not in request.answered):
        return asking(db, asked)
    return Prepared(grant, request, kind.spec, body, known, post_to)


def _posts(request: Request, body: Body, known: Known) -> tuple[str, ...]:
    """The books a save is to be posted to."""
    if request.post_to is not None:
        return tuple(request.post_to)
    books = body["books"]
    return tuple(books) if known.company.post_on_save and isinstance(books, list) else ()


def _write(desk: Desk, db: Connection, grant: Grant, request: Request, prepared: Prepared | None) -> Saved | Refused:
    """The save itself, in the writer's transaction."""
    if (done := audit.done(db, request.act_id)) is not None:
        return repeated(desk, db, done)
    known = desk.cache.get(db)
    if prepared is None or known.stamp != prepared.known.stamp:
        # Not checked before, or a setting changed since: judged by what holds now.
        found = prepare(desk, db, grant, request)
        if isinstance(found, Refused):
            raise Undo(found)
        prepared = found
    spec, body, now = prepared.spec, prepared.body, desk.clock.now()
    head = voucher.load(db, request.id)
    fresh, running = head is None, False
    if head is None:
        if request.revision:
            raise Undo(refused(Fault("VOUCHER_UNKNOWN", "id", {"id": request.id})))
        head = blank_head(request.id, grant.user, now.text)
    else:
        check_open(db, head, "edit", known, now)
        if head.revision != request.revision:
            raise Undo(stale(db, head, body))
        if head.type != spec.code:
            raise Undo(refused(Fault("TYPE_UNKNOWN", "type", {"type": spec.code})))
        running = is_running(db, head.id)
    number_voucher(db, head, spec, body, known)
    wish = Wish(SAVE, request.act_id, grant.user, now.text, (), prepared.post_to, accepted(request.answered))
    content = write_body(db, head, spec, body, known, wish, now)
    reach("save.written")
    put_voucher(db, head, wish, running)
    if fresh:
        return _first_saved(head, wish, content)
    return saved_now(db, head, content, known, now)


def _first_saved(head: Head, wish: Wish, content: bytes) -> Saved:
    """The answer to the first save of a voucher, whose facts need no looking up."""
    books = tuple(life.BookFacts(book) for book in head.book_list)
    facts = life.Facts(pending=life.UNSENT, pending_act=SAVE, pending_posts=tuple(sorted(wish.post_to)), books=books)
    return Saved(
        head.id, head.type, head.revision, head.number, content, facts=facts, book=books[0].book if books else ""
    )


def saved_now(db: Connection, head: Head, content: bytes, known: Known, now: Instant) -> Saved:
    """The answer to an act on a voucher, with its facts as this transaction leaves them."""
    facts = fact.read_one(db, head, known.calendar, now)
    book = head.book_list[0] if head.books else ""
    return Saved(head.id, head.type, head.revision, head.number, content, facts=facts, book=book)


def accepted(answered: Sequence[str]) -> tuple[str, ...]:
    """The codes of warnings a person accepted, as they travel: codes only, whatever a client sent."""
    return tuple(sorted({code for code in answered if CODE.fullmatch(code)}))[:ANSWERED_MAX]


def check_open(db: Connection, head: Head, act: str, known: Known, now: Instant, book: str = "") -> None:
    """Undo with the reason where the life table does not allow the act."""
    if fault := barred(db, head, act, known, now, book):
        raise Undo(refused(fault))


def barred(db: Connection, head: Head, act: str, known: Known, now: Instant, book: str = "") -> Fault | None:
    """Why the life table does not allow the act on a voucher as it stands; None where it does."""
    found = fact.read_one(db, head, known.calendar, now)
    fault = life.allow(found, act, book)
    return fact.explain(fault, found, head, known.calendar) if fault else None


def write_body(
    db: Connection, head: Head, spec: VoucherSpec, body: Body, known: Known, wish: Wish, now: Instant
) -> bytes:
    """Write the next revision of a voucher: head, body, names, audit. The operation is the caller's to queue."""
    content = _encode(body)
    if len(content) > BODY_BYTES_MAX:
        raise Undo(refused(Fault("BODY_TOO_LARGE", "", {"max": f"{BODY_BYTES_MAX // 1_000_000} MB"})))
    series, old = head.series, head.number if head.revision else ""
    fill_head(head, spec, body, known)
    if old and old != head.number and not is_provisional(old):
        number.note(db, series, Use(old, RENUMBERED, head.id, wish.user, wish.at, head.number))
    head.revision += 1
    head.refused = head.refused_act = ""
    stamp_act(head, wish, now)
    voucher.put(db, head)
    voucher.add_body(db, head.id, head.revision, 0, wish.act, wish.user, wish.at, content)
    voucher.replace_keys(db, head.id, keys_of(spec, body), known=head.revision > 1)
    record(db, head, wish, content)
    return content


def stamp_act(head: Head, wish: Wish, now: Instant) -> None:
    """Note who acted and when; the five minutes run from here."""
    head.author, head.at = wish.user, wish.at
    head.lease_wall, head.lease_tick, head.lease_boot = now.wall, now.tick, now.boot


def record(db: Connection, head: Head, wish: Wish, content: bytes = b"") -> None:
    """The audit row of an act on a voucher."""
    digest = audit.digest(content) if content else ""
    audit.append(
        db,
        audit.Act(wish.at, wish.user, wish.act, wish.act_id, VOUCHER, head.type, head.id, head.revision, digest),
    )


def repeated(desk: Desk, db: Connection, done: audit.Act) -> Saved:
    """The answer an act had the first time, with the facts as they are now."""
    if done.kind != VOUCHER:
        return Saved(done.object, done.object_kind, done.revision, repeated=True)
    body = voucher.body(db, done.object, done.revision)
    number = str(_decode(body).get("number", "")) if body else ""
    head = voucher.load(db, done.object)
    if head is None:
        return Saved(done.object, done.object_kind, done.revision, number, body, repeated=True)
    facts = fact.read_one(db, head, desk.cache.get(db).calendar, desk.clock.now())
    book = head.book_list[0] if head.books else ""
    return Saved(done.object, done.object_kind, done.revision, number, body, True, facts, book)


def stale(db: Connection, head: Head, mine: Mapping[str, Any]) -> Refused:
    """STALE_VERSION with both forms: nothing typed is lost."""
    fault = Fault("STALE_VERSION", "revision", {"author": head.author, "time": head.at})
    body = voucher.body(db, head.id, head.revision)
    return Refused((fault,), stale=Theirs(head.revision, head.version, head.author, head.at, body), mine=_encode(mine))
