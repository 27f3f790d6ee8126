"""The life of one voucher, and what was refused lately, over HTTP. Signed by the replica like all of sync."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from socai.base.fault import Fault
from socai.base.ident import parse_ident
from socai.cloud.http.api import Api, Call, answer, api_of, passed
from socai.cloud.http.caller import Caller
from socai.cloud.store.port import LogStore
from socai.edge.http import problems
from socai.sync.admission import BACKLOG
from socai.sync.log import assemble
from socai.sync.message import VoucherLog
from socai.sync.refused import RefusedActs, refused_elsewhere

REFUSED_SECONDS = 86_400  # how long a refusal is told while nothing newer is done: its person is back there by then


@get("/sync/vouchers/{ident:str}/log", responses=problems(401, 404, 422))
async def voucher_log(request: Call, ident: FromPath[str]) -> Response[bytes]:
    """What was asked of a voucher, answered, posted and taken out: by whom, from which office, when."""
    api = api_of(request)
    caller, _ = await api.called(request)
    return answer(request, passed(await api.run(_log, api, api.store, caller, ident)))


def _log(api: Api, store: LogStore, caller: Caller, ident: str) -> VoucherLog | Fault:
    if isinstance(fault := parse_ident(ident, "id"), Fault):
        return fault
    mine = caller.replica
    rows = store.voucher_rows(caller.ref, ident)
    entitled = not mine.branches or bool(rows.branches & frozenset(mine.branches))
    # Of what was never taken an office hears what it sent itself.
    acts = rows.acts if rows.branches else tuple(act for act in rows.acts if act.replica == mine.replica)
    if not acts or (rows.branches and not entitled):
        return Fault("VOUCHER_UNKNOWN", "id", {"id": ident})
    offices = {row.replica: row.name for row in api.store.replicas(caller.ref)}
    return VoucherLog(api.store.tenant(caller.ref).timeline, assemble(acts, rows.sets, offices))


@get("/sync/refused", responses=problems(401))
async def refused_acts(request: Call) -> Response[bytes]:
    """What was refused lately at other offices: its person may be at work at the one that asks."""
    api = api_of(request)
    caller, _ = await api.called(request)
    async with api.door.turn(BACKLOG, caller.ref.tenant):
        return answer(request, await api.run(_refused, api, api.store, caller))


def _refused(api: Api, store: LogStore, caller: Caller) -> RefusedActs:
    mine = caller.replica
    since = datetime.now(UTC) - timedelta(seconds=REFUSED_SECONDS)
    found = store.refused_acts(caller.ref, mine.replica, since.isoformat(timespec="milliseconds"))
    offices = {row.replica: row.name for row in api.store.replicas(caller.ref)} if found else {}
    return RefusedActs(refused_elsewhere(found, offices, mine.branches))


HANDLERS: list[Any] = [voucher_log, refused_acts]
