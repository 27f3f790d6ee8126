"""Reports and prints over HTTP: a page for the screen, PDF, spreadsheet; vouchers on paper."""

from __future__ import annotations

import re
from typing import Annotated, Any

from litestar import Response, get
from litestar.params import FromPath, FromQuery, QueryParameter

from socai.base.fault import Fault, Faults
from socai.core.report import ROWS_PER_PAGE_MAX
from socai.dataserver.http.seat import AnyRequest, Seat, Seated, given, language_of
from socai.dataserver.http.voucher import Query
from socai.dataserver.views import print as view_print
from socai.dataserver.views import report as view_report
from socai.dataserver.views.report import PARAMETERS, Asked, Elsewhere, ReportView
from socai.edge.client import CloudRefused, CloudUnreachable
from socai.edge.http import Refused, problems
from socai.sync.report import ReportAnswer, ReportWish

PDF = "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
IDS_LENGTH_MAX = 20_000
CURSOR_LENGTH_MAX = 2_000
VALUE_LENGTH_MAX = 100
TOLD = frozenset((403, 422))  # refusals of the cloud that are about the person or the question
SAFE = re.compile(r"[^A-Za-z0-9_-]+")


def _asked(request: AnyRequest, seat: Seat, code: str, language: str) -> Asked:
    """The report asked for, limited to what the person may see."""
    given_parameters = {name: request.query_params.get(name, "")[:VALUE_LENGTH_MAX] for name in PARAMETERS}
    return Asked(code, given_parameters, seat.branches, language_of(seat.session, language))


def _elsewhere(seat: Seat) -> Elsewhere | None:
    """The cloud, asked in the person's name for what is not held here; None for books without one, or offline."""
    if not seat.books.enrolment.cloud or not seat.books.standing().online:
        return None

    def ask(asked: Asked, after: str, limit: int) -> ReportAnswer | Faults | None:
        parameters = {name: value for name, value in asked.parameters.items() if value}
        branches = list(asked.branches or ())
        wish = ReportWish(seat.session.user, asked.code, parameters, branches, asked.language, after, limit)
        try:
            return seat.books.report_from_cloud(wish)
        except CloudUnreachable:
            return None
        except CloudRefused as refused:
            return refused.faults if refused.status in TOLD or refused.code == "RATE_LIMITED" else None

    return ask


def file_response(content: bytes, media_type: str, name: str) -> Response[bytes]:
    """A file to be shown or kept."""
    headers = {"content-disposition": f'inline; filename="{name}"'}
    if media_type == PDF:
        # The browser's own viewer shows it; the page's policy would forbid the viewer its parts.
        headers["content-security-policy"] = "frame-ancestors 'self'"
    return Response(content, media_type=media_type, headers=headers)


@get("/reports/{code:str}", sync_to_thread=True, responses=problems(400, 401, 404, 422, 503))
def report(
    request: AnyRequest,
    seat: Seated,
    code: FromPath[str],
    first: Annotated[str, QueryParameter(name="from")] = "",
    last: Annotated[str, QueryParameter(name="to")] = "",
    branch: Query = "",
    book: Query = "",
    level: Query = "",
    account: Query = "",
    partner: Query = "",
    bank_account: Query = "",
    fund: Query = "",
    currency: Query = "",
    language: Query = "",
    after: Annotated[str, QueryParameter(max_length=CURSOR_LENGTH_MAX)] = "",
    limit: Annotated[int, QueryParameter(ge=1, le=ROWS_PER_PAGE_MAX)] = ROWS_PER_PAGE_MAX,
) -> Response[ReportView]:
    """A page of a report as of the last sync, or from the cloud where it is not wholly here.

    With `.pdf` or `.xlsx` behind the code, the whole of it as a file."""
    name, _, suffix = code.partition(".")
    asked = _asked(request, seat, name, language)
    if suffix in ("pdf", "xlsx"):
        content: Any = _or_refuse(view_print.print_report(seat.desk, asked, suffix == "xlsx", _elsewhere(seat)))
        file: Any = file_response(content, XLSX if suffix == "xlsx" else PDF, f"{SAFE.sub('-', name)}.{suffix}")
        return file  # type: ignore[no-any-return]
    page: ReportView = _or_refuse(view_report.report_page(seat.desk, asked, after, limit, _elsewhere(seat)))
    return Response(page)


def _or_refuse(answer: Any | Faults) -> Any:
    if isinstance(answer, tuple):
        raise Refused(*answer)
    return answer


@get("/print", sync_to_thread=True, responses=problems(400, 401, 404, 422), media_type=PDF)
def print_vouchers(
    seat: Seated,
    ids: Annotated[str, QueryParameter(max_length=IDS_LENGTH_MAX)],
    paper: Query = "",
    copies: FromQuery[int] = 0,
    language: Query = "",
) -> Response[bytes]:
    """Several vouchers as one PDF, in the order of `ids` (comma-joined). `copies` 0 takes the type's own."""
    people = {row.user: row.name for row in seat.rim.people.of_tenant(seat.access.tenant)}
    content = given(
        view_print.print_vouchers(
            seat.desk,
            [item for item in ids.split(",") if item],
            seat.branches,
            paper=paper,
            copies=copies,
            language=language_of(seat.session, language),
            name_of=lambda user: people.get(user, ""),
        )
    )
    if not isinstance(content, bytes):
        raise Refused(Fault("INTERNAL"))
    return file_response(content, PDF, "chung-tu.pdf")


HANDLERS: list[Any] = [report, print_vouchers]
