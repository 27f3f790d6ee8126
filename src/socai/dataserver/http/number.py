"""Numbers over HTTP: every number of a series accounted for, what is not in order before a lock, renumbering."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, get, post
from litestar.params import JSONBody, QueryParameter

from socai.base.fault import Fault
from socai.dataserver.desk import local_day
from socai.dataserver.http.report import PDF, XLSX, file_response
from socai.dataserver.http.seat import Seat, Seated, given, language_of
from socai.dataserver.http.voucher import TEXT_MAX, Query, Word
from socai.dataserver.views import catalog as view_catalog
from socai.dataserver.views import number as view_number
from socai.dataserver.views import number_paper
from socai.dataserver.views.number import NumbersView, SeriesCheck
from socai.edge.client import CloudRefused, CloudUnreachable
from socai.edge.http import Refused, problems
from socai.sync.grant import may_renumber
from socai.sync.message import RENUMBER, RenumberAsked


@get("/numbers", sync_to_thread=True, responses=problems(400, 401, 404, 422))
def account_numbers(
    seat: Seated,
    kind: Annotated[str, QueryParameter(name="type", max_length=TEXT_MAX)],
    branch: Query = "",
    day: Query = "",
    fund: Query = "",
) -> NumbersView:
    """Every number of the series a voucher of this day draws from: used, deleted, renumbered, leased, missing."""
    _one_branch(seat, branch)
    found: NumbersView = given(view_number.numbers_view(seat.books, kind, branch, day, fund))
    return found


@get("/numbers/file", sync_to_thread=True, responses=problems(400, 401, 404, 422), media_type=PDF)
def print_account(
    seat: Seated,
    kind: Annotated[str, QueryParameter(name="type", max_length=TEXT_MAX)],
    branch: Query = "",
    day: Query = "",
    fund: Query = "",
    form: Annotated[Literal["pdf", "xlsx"], QueryParameter(name="format")] = "pdf",
    language: Query = "",
) -> Response[bytes]:
    """The same as a PDF or a workbook."""
    _one_branch(seat, branch)
    view: NumbersView = given(view_number.numbers_view(seat.books, kind, branch, day, fund))
    content = number_paper.print_numbers(seat.books, view, form == "xlsx", language_of(seat.session, language))
    return file_response(content, XLSX if form == "xlsx" else PDF, f"numbers.{form}")


@get("/numbers/check", sync_to_thread=True, responses=problems(400, 401, 404, 422))
def check_numbers(
    seat: Seated,
    last: Annotated[str, QueryParameter(name="to", max_length=TEXT_MAX)] = "",
    first: Annotated[str, QueryParameter(name="from", max_length=TEXT_MAX)] = "",
    branch: Query = "",
) -> list[SeriesCheck]:
    """Every series with vouchers in a span of days, in short: look at it before a lock. No branch: all one may see."""
    branches = [branch] if branch else [item.id for item in view_catalog.all_branches(seat.desk, seat.branches)]
    if branch:
        seat.among(branch)
    until = last or local_day(seat.desk).isoformat()
    found: list[SeriesCheck] = given(view_number.check_series(seat.books, branches, first, until))
    return found


def _one_branch(seat: Seat, branch: str) -> None:
    """A series is of one branch, which the person may see."""
    if not branch:
        raise Refused(Fault("BRANCH_UNKNOWN", "branch", {"branch": ""}))
    seat.among(branch)


class RenumberPeriod(
    msgspec.Struct, forbid_unknown_fields=True, rename={"kind": "type", "first": "from", "last": "to"}
):
    """Numbers of a series in the order of days. Without `start` the vouchers share out the numbers they have.

    `dry`: only tell what would be done.
    """

    kind: Word
    branch: Word
    first: Word
    last: Word
    fund: Word = ""
    start: Annotated[int, msgspec.Meta(ge=0, le=10**9)] = 0
    dry: bool = False


class RenumberedView(msgspec.Struct, frozen=True):
    """One voucher that gets another number."""

    id: str
    accounting_date: str
    old: str
    new: str


class RenumberDone(msgspec.Struct, frozen=True):
    """What was renumbered; `done` is false where it was only asked, or nothing was to be done."""

    changes: list[RenumberedView]
    done: bool


@post("/numbers/renumber", status_code=200, sync_to_thread=True, responses=problems(400, 401, 403, 404, 409, 422, 503))
def renumber_period(seat: Seated, data: JSONBody[RenumberPeriod]) -> RenumberDone:
    """Đánh lại số chứng từ: at the cloud, for all offices at once; CLOUD_UNREACHABLE without the line."""
    seat.among(data.branch)
    if fault := may_renumber(seat.grant, seat.desk.branches, RENUMBER, (data.branch,)):
        raise Refused(fault)
    books = seat.books
    if not books.enrolment.cloud:
        raise Refused(Fault("CLOUD_UNREACHABLE"))
    asked = RenumberAsked(
        *(books.enrolment.replica, seat.session.user, data.kind, data.branch, data.first, data.last),
        *(data.fund, data.start, data.dry),
    )
    client = books.client()
    try:
        answer = client.renumber(asked)
    except CloudUnreachable:
        raise Refused(Fault("CLOUD_UNREACHABLE")) from None
    except CloudRefused as refused:
        raise Refused(*refused.faults, status=refused.status if refused.status in (403, 409, 422) else 0) from None
    finally:
        client.close()
    changes = [RenumberedView(item.voucher, item.day, item.old, item.new) for item in answer.changes]
    return RenumberDone(changes, answer.seq > 0)


HANDLERS: list[Any] = [account_numbers, print_account, check_numbers, renumber_period]
