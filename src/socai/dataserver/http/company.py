"""The company over HTTP: the spec clients draw from, settings, fiscal years, first set-up, locks."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import get, post, put
from litestar.params import FromPath, JSONBody

from socai.base.fault import Fault
from socai.base.ident import parse_ident
from socai.core.catalog import COMPANY_ID
from socai.core.entry import FINANCIAL
from socai.dataserver import desk as engine
from socai.dataserver.acts import entry, setup
from socai.dataserver.http.catalog import EntrySave
from socai.dataserver.http.seat import Seated, done, given, language_of, refuse
from socai.dataserver.http.voucher import Query, Word
from socai.dataserver.views import catalog as view_catalog
from socai.dataserver.views import company as view_company
from socai.dataserver.views.catalog import EntryView
from socai.dataserver.views.company import CompanyView
from socai.edge.http import Refused, problems


class BranchNamed(msgspec.Struct, forbid_unknown_fields=True):
    """The first branch of a new company."""

    code: Word
    name: Word


class SetupAsked(msgspec.Struct, forbid_unknown_fields=True):
    """The first set-up of an empty company, as one act."""

    act_id: Word
    company: dict[str, Any]
    regime: Word
    books_first_day: Word
    branch: BranchNamed
    year_first_month: Annotated[int, msgspec.Meta(ge=1, le=12)] = 1


class LockAsked(msgspec.Struct, forbid_unknown_fields=True):
    """A lock up to a day; an empty day opens. Moving back needs a reason. No branches: all the person may see."""

    act_id: Word
    day: Word
    book: Word = FINANCIAL
    branches: list[Word] = []
    reason: Word = ""


@get("/spec", sync_to_thread=True, responses=problems(401, 404))
def spec(seat: Seated, language: Query = "") -> dict[str, Any]:
    """Voucher types, reports, catalogs, words and faults in one language, and the company's own facts."""
    return view_company.spec_view(seat.desk, seat.grant, seat.branches, language_of(seat.session, language))


@get("/company", sync_to_thread=True, responses=problems(401, 404))
def read_company(seat: Seated) -> CompanyView:
    """The company's settings and their revision."""
    return view_company.company_view(seat.desk)


@put("/company", sync_to_thread=True, responses=problems(400, 401, 403, 404, 409, 422, 503))
def save_company(seat: Seated, data: JSONBody[EntrySave]) -> CompanyView:
    """Save the company's settings."""
    given(parse_ident(data.act_id, "act_id"))
    done(entry.save_entry(seat.desk, seat.grant, data.act_id, "company", COMPANY_ID, data.base, data.body))
    return view_company.company_view(seat.desk)


@get("/fiscal-years", sync_to_thread=True, responses=problems(401, 404))
def list_fiscal_years(seat: Seated) -> list[dict[str, Any]]:
    """The fiscal years in order."""
    return view_company.fiscal_year_views(seat.desk)


@put("/fiscal-years/{code:str}", sync_to_thread=True, responses=problems(400, 401, 403, 404, 409, 422, 503))
def save_fiscal_year(seat: Seated, code: FromPath[str], data: JSONBody[EntrySave]) -> EntryView:
    """Save a fiscal year: its days and its regime."""
    given(parse_ident(data.act_id, "act_id"))
    body = data.body | {"code": code}
    done(entry.save_entry(seat.desk, seat.grant, data.act_id, "fiscal_year", code, data.base, body))
    found: EntryView = given(view_catalog.entry_view(seat.desk, "fiscal_year", code, None))
    return found


@post("/setup", status_code=200, sync_to_thread=True, responses=problems(400, 401, 403, 404, 409, 422, 503))
def set_up(seat: Seated, data: JSONBody[SetupAsked]) -> CompanyView:
    """Company, fiscal year, first branch and cash fund of an empty company, all or none."""
    wanted = setup.Setup(
        data.company, data.regime, data.year_first_month, data.books_first_day, data.branch.code, data.branch.name
    )
    answer = setup.set_up(seat.desk, seat.grant, data.act_id, wanted)
    if isinstance(answer, engine.Refused):
        refuse(answer)
    return view_company.company_view(seat.desk)


@get("/locks", sync_to_thread=True, responses=problems(401, 404))
def list_locks(seat: Seated) -> list[dict[str, Any]]:
    """The lock dates per branch and book."""
    return view_company.lock_views(seat.desk)


@get("/locks/history", sync_to_thread=True, responses=problems(401, 404))
def list_lock_history(seat: Seated) -> list[dict[str, Any]]:
    """Every lock set or moved, newest first, with its reason."""
    return view_company.lock_history(seat.desk)


@put("/locks", sync_to_thread=True, responses=problems(400, 401, 403, 404, 409, 422, 503))
def set_lock(seat: Seated, data: JSONBody[LockAsked]) -> list[dict[str, Any]]:
    """Lock books up to a day, or open them again."""
    branches = data.branches or [item.id for item in view_catalog.all_branches(seat.desk, seat.branches)]
    if not branches:
        raise Refused(Fault("BRANCH_UNKNOWN", "branches", {"branch": ""}))
    answer = setup.set_lock(seat.desk, seat.grant, data.act_id, branches, data.book, data.day, data.reason)
    if isinstance(answer, engine.Refused):
        refuse(answer)
    return view_company.lock_views(seat.desk)


HANDLERS: list[Any] = [
    spec,
    read_company,
    save_company,
    list_fiscal_years,
    save_fiscal_year,
    set_up,
    list_locks,
    list_lock_history,
    set_lock,
]
