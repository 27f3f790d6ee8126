"""Catalogs over HTTP: search, one entry, save, delete, settle a conflict."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from socai.base.fault import Fault
from socai.base.ident import parse_ident
from socai.core.catalog import KINDS
from socai.dataserver import desk as engine
from socai.dataserver.acts import entry
from socai.dataserver.http.seat import Seat, Seated, done, given
from socai.dataserver.http.voucher import Query, Revision, Word
from socai.dataserver.views import catalog as view_catalog
from socai.dataserver.views.catalog import EntryPage, EntryView
from socai.dataserver.views.voucher import PAGE_MAX
from socai.edge.http import problems


class EntrySave(msgspec.Struct, forbid_unknown_fields=True):
    """A save. `base` is the revision the form was opened at, 0 for a new entry."""

    act_id: Word
    body: dict[str, Any]
    base: Revision = 0


class EntryAct(msgspec.Struct, forbid_unknown_fields=True):
    """An act on an entry."""

    act_id: Word


class EntryResolve(msgspec.Struct, forbid_unknown_fields=True):
    """Settling a conflict: `theirs`, `mine`, or `new` (mine as an entry of its own under another `code`)."""

    act_id: Word
    choice: Word
    new_id: Word = ""
    code: Word = ""


@get("/catalog/{kind:str}", sync_to_thread=True, responses=problems(400, 401, 404, 422))
def list_entries(
    seat: Seated,
    kind: FromPath[str],
    q: Query = "",
    active: FromQuery[bool | None] = None,
    branch: Query = "",
    after: Query = "",
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX * 5)] = 50,
) -> EntryPage:
    """Entries of a kind in order of code; `q` needs no accents."""
    found: EntryPage = given(view_catalog.catalog_page(seat.desk, kind, q, active, seat.among(branch), after, limit))
    return found


@get("/catalog/{kind:str}/{ident:str}", sync_to_thread=True, responses=problems(401, 404, 422))
def read_entry(seat: Seated, kind: FromPath[str], ident: FromPath[str]) -> EntryView:
    """One entry."""
    found: EntryView = given(view_catalog.entry_view(seat.desk, kind, ident, seat.branches))
    return found


@put("/catalog/{kind:str}/{ident:str}", sync_to_thread=True, responses=problems(400, 401, 403, 404, 409, 422, 503))
def save_entry(seat: Seated, kind: FromPath[str], ident: FromPath[str], data: JSONBody[EntrySave]) -> EntryView:
    """Save an entry; kinds with a code of law or custom (accounts, currencies) have their code as id."""
    given(parse_ident(data.act_id, "act_id"))
    given(_known(kind))
    saved = entry.save_entry(seat.desk, seat.grant, data.act_id, kind, ident, data.base, data.body)
    return _view(seat, kind, saved)


@delete(
    "/catalog/{kind:str}/{ident:str}", status_code=200, sync_to_thread=True, responses=problems(400, 401, 403, 404, 409)
)
def delete_entry(seat: Seated, kind: FromPath[str], ident: FromPath[str], data: JSONBody[EntryAct]) -> dict[str, str]:
    """Delete an entry nothing uses."""
    given(parse_ident(data.act_id, "act_id"))
    saved = done(entry.delete_entry(seat.desk, seat.grant, data.act_id, kind, ident))
    return {"id": saved.id}


@post(
    "/catalog/{kind:str}/{ident:str}/resolve",
    status_code=200,
    sync_to_thread=True,
    responses=problems(400, 401, 403, 404, 409),
)
def resolve_entry(seat: Seated, kind: FromPath[str], ident: FromPath[str], data: JSONBody[EntryResolve]) -> EntryView:
    """Settle a conflict about an entry."""
    given(parse_ident(data.act_id, "act_id"))
    given(_known(kind))
    asked = (data.act_id, kind, ident, data.choice, data.new_id, data.code)
    return _view(seat, kind, entry.resolve_entry(seat.desk, seat.grant, *asked))


@post(
    "/catalog/{kind:str}/{ident:str}/discard",
    status_code=200,
    sync_to_thread=True,
    responses=problems(400, 401, 403, 404, 409),
)
def discard_entry(seat: Seated, kind: FromPath[str], ident: FromPath[str], data: JSONBody[EntryAct]) -> dict[str, Any]:
    """Put away a form the cloud has refused: its own is taken back, what it never had is deleted."""
    given(_known(kind))
    saved = done(entry.discard_entry(seat.desk, seat.grant, data.act_id, kind, ident))
    return {"id": saved.id, "revision": saved.revision}


def _known(kind: str) -> Fault | None:
    return None if kind in KINDS else Fault("TYPE_UNKNOWN", "kind", {"type": kind[:40]})


def _view(seat: Seat, kind: str, answer: engine.Saved | engine.Refused) -> EntryView:
    saved = done(answer)
    found: EntryView = given(view_catalog.entry_view(seat.desk, kind, saved.id, None, gone_too=True))
    return found


HANDLERS: list[Any] = [list_entries, read_entry, save_entry, delete_entry, resolve_entry, discard_entry]
