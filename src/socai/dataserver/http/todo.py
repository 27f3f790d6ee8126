"""What needs a person over HTTP: the list, and trying again what failed."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from socai.base.fault import Fault
from socai.base.ident import parse_ident
from socai.core.catalog import KINDS
from socai.dataserver.acts import retry
from socai.dataserver.http.catalog import EntryAct
from socai.dataserver.http.seat import Seated, done, given
from socai.dataserver.http.voucher import Query
from socai.dataserver.views import catalog as view_catalog
from socai.dataserver.views import todo as view_todo
from socai.dataserver.views.catalog import EntryView
from socai.dataserver.views.todo import TodoPage
from socai.edge.http import problems


@get("/todo", sync_to_thread=True, responses=problems(400, 401, 404, 422))
def list_todo(
    seat: Seated,
    mine: FromQuery[bool] = False,
    after: Query = "",
    limit: Annotated[int, QueryParameter(ge=1, le=view_todo.TODO_MAX)] = 50,
) -> TodoPage:
    """Việc cần xử lý: refused, in conflict, not posted as asked, to be confirmed, held; the newest act first."""
    found: TodoPage = given(view_todo.todo_page(seat.desk, seat.session.user, mine, seat.branches, after, limit))
    return found


@post("/todo/elsewhere/{act_id:str}/away", status_code=204, sync_to_thread=True, responses=problems(401, 404))
def put_away(seat: Seated, act_id: FromPath[str]) -> None:
    """What was refused at another office is known: it leaves the list and the badge here."""
    given(view_todo.put_away(seat.desk, seat.session.user, act_id))


@post(
    "/catalog/{kind:str}/{ident:str}/retry",
    status_code=200,
    sync_to_thread=True,
    responses=problems(400, 401, 403, 404, 409, 422),
)
def retry_entry(seat: Seated, kind: FromPath[str], ident: FromPath[str], data: JSONBody[EntryAct]) -> EntryView:
    """Send a refused catalog entry again, as it was."""
    given(parse_ident(data.act_id, "act_id"))
    given(None if kind in KINDS else Fault("TYPE_UNKNOWN", "kind", {"type": kind[:40]}))
    saved = done(retry.retry_entry(seat.desk, seat.grant, data.act_id, kind, ident))
    found: EntryView = given(view_catalog.entry_view(seat.desk, kind, saved.id, None))
    return found


HANDLERS: list[Any] = [list_todo, put_away, retry_entry]
