"""Vouchers over HTTP: lists, one voucher, save and the other acts, what a new one begins with, similar ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from litestar import delete, get, patch, post, put
from litestar.concurrency import sync_to_thread
from litestar.params import FromPath, JSONBody, QueryParameter

from socai.base.calendar import day_key, parse_day
from socai.base.fault import Fault
from socai.base.money import parse_amount
from socai.core import life
from socai.core.entry import FINANCIAL
from socai.dataserver import desk as engine
from socai.dataserver.acts import act, redate, retry, save
from socai.dataserver.http.recording import VoucherSaved, recorded
from socai.dataserver.http.seat import Seat, Seated, given
from socai.dataserver.store.listing import STATES, Filters
from socai.dataserver.views import company as view_company
from socai.dataserver.views import timeline as view_timeline
from socai.dataserver.views import voucher as view
from socai.dataserver.views.company import NewVoucher
from socai.dataserver.views.timeline import Timeline
from socai.dataserver.views.voucher import Similar, VoucherPage, VoucherView
from socai.edge import log
from socai.edge.http import Refused, problems

REVISION_MAX = 2**53
ANSWERS_MAX = 20
TYPES_MAX = 50
TEXT_MAX = 200

Revision = Annotated[int, msgspec.Meta(ge=0, le=REVISION_MAX)]
_log = log.logger("act")

Word = Annotated[str, msgspec.Meta(max_length=TEXT_MAX)]
Words = Annotated[list[Word], msgspec.Meta(max_length=ANSWERS_MAX)]
Query = Annotated[str, QueryParameter(max_length=TEXT_MAX)]


class Save(msgspec.Struct, forbid_unknown_fields=True):
    """A save. `revision` is the form it was opened at, 0 for a new voucher; `answered` the warnings accepted.

    `post_to`: the books to post to at once; an empty list posts to none, and null (or nothing) leaves it to the
    company's setting.
    """

    act_id: Word
    revision: Revision
    body: dict[str, Any]
    post_to: Words | None = None
    answered: Words = []


class QuickEdit(msgspec.Struct, forbid_unknown_fields=True):
    """A quick edit: new values of free fields, or of the number alone."""

    act_id: Word
    revision: Revision
    fields: dict[str, Any]


class Act(msgspec.Struct, forbid_unknown_fields=True):
    """An act on a voucher as it was looked at."""

    act_id: Word
    revision: Revision


class BookAct(msgspec.Struct, forbid_unknown_fields=True):
    """Posting or unposting in one book."""

    act_id: Word
    revision: Revision
    book: Word = FINANCIAL
    answered: Words = []


class Redate(msgspec.Struct, forbid_unknown_fields=True):
    """Moving to the first open day, or to `day`."""

    act_id: Word
    revision: Revision
    day: Word = ""
    answered: Words = []


class Retry(msgspec.Struct, forbid_unknown_fields=True):
    """What failed, once more: in one book where that is named, with warnings answered."""

    act_id: Word
    revision: Revision
    book: Word = ""
    answered: Words = []


class Resolve(msgspec.Struct, forbid_unknown_fields=True):
    """Settling a conflict: `theirs`, `mine` (on top of theirs) or `new` (mine as a voucher of its own, `new_id`)."""

    act_id: Word
    choice: Word
    revision: Revision = 0
    new_id: Word = ""


@get("/vouchers", sync_to_thread=True, responses=problems(400, 401, 404, 422))
def list_vouchers(
    seat: Seated,
    types: Annotated[str, QueryParameter(name="type", max_length=1_000)] = "",
    wanted: Annotated[str, QueryParameter(name="state", max_length=TEXT_MAX)] = "",
    detail: Query = "",
    q: Query = "",
    first: Annotated[str, QueryParameter(name="from", max_length=TEXT_MAX)] = "",
    last: Annotated[str, QueryParameter(name="to", max_length=TEXT_MAX)] = "",
    partner: Query = "",
    account: Query = "",
    amount_min: Query = "",
    amount_max: Query = "",
    branch: Query = "",
    book: Query = "",
    after: Query = "",
    limit: Annotated[int, QueryParameter(ge=1, le=view.PAGE_MAX)] = 50,
) -> VoucherPage:
    """A page of vouchers, newest accounting day first. `type` takes several, comma-joined; `q` needs no accents.

    `state` is a word of one axis or a group (in_flight, failed); `detail` is the one word of the list.
    """
    for name, value, choices in (("state", wanted, sorted(STATES)), ("detail", detail, life.DETAILS)):
        if value and value not in choices:
            raise Refused(Fault("CHOICE_INVALID", name, {"value": value[:40], "choices": ", ".join(choices)}))
    filters = Filters(
        types=tuple(item for item in types.split(",")[:TYPES_MAX] if item),
        state=wanted,
        words=view.words_of(q),
        first_day=_day(first, "from"),
        last_day=_day(last, "to"),
        partner=partner,
        account=account,
        amount_min=_amount(amount_min, "amount_min"),
        amount_max=_amount(amount_max, "amount_max"),
        branches=seat.among(branch),
        book=book,
        detail=detail,
    )
    return view.voucher_page(seat.desk, filters, book, given(view.place_of(after)), limit)


def _day(text: str, name: str) -> int:
    return day_key(given(parse_day(text, name))) if text else 0


def _amount(text: str, name: str) -> int | None:
    return int(given(parse_amount(text, name))) if text else None


@get("/vouchers/new", sync_to_thread=True, responses=problems(401, 404, 422))
def new_voucher(seat: Seated, kind: Annotated[str, QueryParameter(name="type")], branch: Query = "") -> NewVoucher:
    """What the form of a new voucher begins with, its provisional number too."""
    seat.among(branch)
    found: NewVoucher = given(view_company.new_voucher(seat.desk, kind, branch))
    return found


@get("/suggest", sync_to_thread=True, responses=problems(401, 404))
def suggest(seat: Seated, kind: Annotated[str, QueryParameter(name="type")], text: Query = "") -> list[Similar]:
    """Past vouchers of a type most like what is being typed; accents are folded."""
    return view.similar(seat.desk, kind, text, seat.branches)


@get("/vouchers/{ident:str}", sync_to_thread=True, responses=problems(401, 404))
def read_voucher(seat: Seated, ident: FromPath[str], book: Query = "") -> VoucherView:
    """One voucher whole: body, status, what may be done, faults, both sides of a conflict, history."""
    found: VoucherView = given(view.voucher_view(seat.desk, ident, book, seat.branches))
    return found


@get("/vouchers/{ident:str}/timeline", sync_to_thread=True, responses=problems(401, 404))
def read_timeline(seat: Seated, ident: FromPath[str]) -> Timeline:
    """The life of one voucher, oldest first: saved, sent, accepted, posted, taken out; where, when and by whom."""
    found: Timeline = given(view_timeline.timeline(seat.books, ident, seat.branches))
    return found


@put("/vouchers/{ident:str}", responses=problems(400, 401, 404, 409, 413, 422, 503))
async def save_voucher(seat: Seated, ident: FromPath[str], data: JSONBody[Save]) -> VoucherSaved:
    """Cất: durable when this answers. Sent to the cloud, and posted where asked, by itself."""
    posts = None if data.post_to is None else tuple(data.post_to)
    _log.info("act", act_id=data.act_id, voucher=ident, tenant=seat.desk.code, user=seat.session.user)
    request = save.Request(data.act_id, ident, data.revision, data.body, posts, tuple(data.answered))
    if save.is_long(request):
        return await _do(seat, save.save_voucher, seat.grant, request)
    loop = asyncio.get_running_loop()
    durable: asyncio.Future[None] = loop.create_future()

    def on_disk() -> None:
        if not durable.done():  # the browser may have gone
            durable.set_result(None)

    def settled(_: object) -> None:
        loop.call_soon_threadsafe(on_disk)

    # No thread waits: the writer tells the loop when the save is on the disk.
    ticket = save.begin_save(seat.desk, seat.grant, request, settled)
    await durable
    return await recorded(seat, ticket.outcome())


@patch("/vouchers/{ident:str}", responses=problems(400, 401, 404, 409, 422, 503))
async def quick_edit(seat: Seated, ident: FromPath[str], data: JSONBody[QuickEdit]) -> VoucherSaved:
    """Sửa nhanh: free fields, on a posted voucher too; `number` alone renumbers."""
    asked = _asked(seat, ident, data.act_id, data.revision)
    if set(data.fields) == {"number"}:
        return await _do(seat, act.renumber, asked, str(data.fields["number"]))
    return await _do(seat, act.quick_edit, asked, data.fields)


@delete("/vouchers/{ident:str}", status_code=200, responses=problems(400, 401, 404, 409, 503))
async def delete_voucher(seat: Seated, ident: FromPath[str], data: JSONBody[Act]) -> VoucherSaved:
    """Xóa: kept as a tombstone, its forms stay in the history."""
    return await _do(seat, act.delete, _asked(seat, ident, data.act_id, data.revision))


@post("/vouchers/{ident:str}/post", status_code=200, responses=problems(400, 401, 404, 409, 422))
async def post_voucher(seat: Seated, ident: FromPath[str], data: JSONBody[BookAct]) -> VoucherSaved:
    """Ghi sổ in one book."""
    asked = _asked(seat, ident, data.act_id, data.revision)
    return await _do(seat, act.post, asked, data.book, tuple(data.answered))


@post("/vouchers/{ident:str}/unpost", status_code=200, responses=problems(400, 401, 404, 409))
async def unpost_voucher(seat: Seated, ident: FromPath[str], data: JSONBody[BookAct]) -> VoucherSaved:
    """Bỏ ghi in one book."""
    asked = _asked(seat, ident, data.act_id, data.revision)
    return await _do(seat, act.unpost, asked, data.book, tuple(data.answered))


@post("/vouchers/{ident:str}/redate", status_code=200, responses=problems(400, 401, 404, 409, 422))
async def redate_voucher(seat: Seated, ident: FromPath[str], data: JSONBody[Redate]) -> VoucherSaved:
    """Move a voucher that no book holds out of a locked period, to the first open day unless `day` says another."""
    asked = _asked(seat, ident, data.act_id, data.revision)
    return await _do(seat, redate.redate, asked, data.day, tuple(data.answered))


@post("/vouchers/{ident:str}/resolve", status_code=200, responses=problems(400, 401, 404, 409))
async def resolve_voucher(seat: Seated, ident: FromPath[str], data: JSONBody[Resolve]) -> VoucherSaved:
    """Settle a conflict: take theirs, put mine on top, or save mine as a new voucher."""
    revision = data.revision
    if not revision:
        # The screen of a conflict shows both forms; which one lies on top here is not asked of the person.
        found = await sync_to_thread(view.voucher_view, seat.desk, ident, "", seat.branches)
        revision = given(found).revision
    asked = _asked(seat, ident, data.act_id, revision)
    return await _do(seat, act.resolve, asked, data.choice, data.new_id)


@post("/vouchers/{ident:str}/retry", status_code=200, responses=problems(400, 401, 404, 409, 422))
async def retry_voucher(seat: Seated, ident: FromPath[str], data: JSONBody[Retry]) -> VoucherSaved:
    """Ask again for what the cloud refused or could not do, as it was."""
    asked = _asked(seat, ident, data.act_id, data.revision)
    return await _do(seat, retry.retry, asked, data.book, tuple(data.answered))


@post("/vouchers/{ident:str}/discard", status_code=200, responses=problems(400, 401, 404, 409))
async def discard_draft(seat: Seated, ident: FromPath[str], data: JSONBody[Act]) -> VoucherSaved:
    """Put away a form the cloud has refused: its own form is taken back, what it never had is deleted."""
    return await _do(seat, act.discard, _asked(seat, ident, data.act_id, data.revision))


@post(
    "/vouchers/{ident:str}/acts/{name:str}",
    status_code=200,
    responses=problems(400, 401, 404, 409, 501),
)
async def module_act(seat: Seated, ident: FromPath[str], name: FromPath[str], data: JSONBody[BookAct]) -> VoucherSaved:
    """Acts of modules: allocate_purchase_cost, assign_invoice_number, record_sales, issue_e_invoice."""
    return await _do(seat, act.module_act, _asked(seat, ident, data.act_id, data.revision), name, data.book)


async def _do(seat: Seat, work: Callable[..., engine.Saved | engine.Refused], *given_: Any) -> VoucherSaved:
    """Do an act in a thread of its own; its answer as the company records."""
    return await recorded(seat, await sync_to_thread(work, seat.desk, *given_))


def _asked(seat: Seat, ident: str, act_id: str, revision: int) -> act.Asked:
    _log.info("act", act_id=act_id, voucher=ident, tenant=seat.desk.code, user=seat.session.user)
    return act.Asked(seat.grant, act_id, ident, revision)


HANDLERS: list[Any] = [
    list_vouchers,
    new_voucher,
    suggest,
    read_voucher,
    read_timeline,
    save_voucher,
    quick_edit,
    delete_voucher,
    post_voucher,
    unpost_voucher,
    redate_voucher,
    resolve_voucher,
    discard_draft,
    retry_voucher,
    module_act,
]
