"""Numbers over HTTP: ranges of shared series, and a series accounted for. Signed by the replica like all of sync."""

from __future__ import annotations

from typing import Any

from litestar import Response, post

from socai.base.fault import Fault
from socai.cloud import number
from socai.cloud.http.api import Api, Call, answer, api_of, passed, read_body
from socai.cloud.renumber import renumber
from socai.cloud.store.row import TenantRef
from socai.core.number_use import Account
from socai.edge.http import Refused, problems
from socai.sync.message import AccountAsked, NumbersAnswer, NumbersAsked, RenumberAnswer, RenumberAsked


@post("/sync/numbers", status_code=200, responses=problems(400, 401, 403, 409, 503))
async def exchange_numbers(request: Call) -> Response[bytes]:
    """Lease, give back, note: what a data server has to say about numbers."""
    api = api_of(request)
    caller, body = await api.called(request)
    asked = read_body(NumbersAsked, body)
    _own(caller.replica.replica, asked.replica)
    found = await api.run(number.exchange, api.store, caller.ref, asked, api.specs)
    if isinstance(found, Fault):
        raise Refused(found, status=409 if found.code == "EPOCH_UNKNOWN" else 0)
    timeline = (await api.run(api.store.tenant, caller.ref)).timeline
    return answer(request, NumbersAnswer(timeline, found))


@post("/sync/numbers/account", status_code=200, responses=problems(400, 401, 422, 503))
async def account_numbers(request: Call) -> Response[bytes]:
    """Every number of one series with what became of it."""
    api = api_of(request)
    caller, body = await api.called(request)
    asked = read_body(AccountAsked, body)
    _own(caller.replica.replica, asked.replica)
    return answer(request, passed(await api.run(_accounted, api, caller.ref, asked)))


@post("/sync/renumber", status_code=200, responses=problems(400, 401, 403, 409, 422, 503))
async def renumber_period(request: Call) -> Response[bytes]:
    """Renumber a period in the order of days, on behalf of a user who may."""
    api = api_of(request)
    caller, body = await api.called(request)
    asked = read_body(RenumberAsked, body)
    _own(caller.replica.replica, asked.replica)
    done = passed(await api.run(renumber, api.store, caller.ref, asked, api.specs))
    if done.seq:
        api.watch.tell(caller.ref, done.seq)
        api.wake()
    timeline = (await api.run(api.store.tenant, caller.ref)).timeline
    return answer(request, RenumberAnswer(timeline, done.changes, done.seq))


def _accounted(api: Api, ref: TenantRef, asked: AccountAsked) -> Account | Fault:
    names = {row.replica: row.name for row in api.store.replicas(ref)}
    return number.accounted(api.store, ref, asked, api.specs, names)


def _own(caller: str, named: str) -> None:
    if caller != named:
        raise Refused(Fault("REPLICA_UNKNOWN", "replica", {"replica": named[:60]}))


HANDLERS: list[Any] = [exchange_numbers, account_numbers, renumber_period]
