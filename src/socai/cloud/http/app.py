"""The cloud's HTTP face: what data servers ask, each request signed by its replica. Thin: it decides nothing.

Handlers are asynchronous only to wait; stores and decisions run in a pool of threads, once the door has let them in.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Any

import msgspec
from litestar import Response, get, post, put
from litestar.exceptions import HTTPException
from litestar.response import Stream
from litestar.status_codes import HTTP_413_REQUEST_ENTITY_TOO_LARGE

from socai import __version__
from socai.base.fault import Fault
from socai.cloud.accept import Accepted
from socai.cloud.clock import utc_now
from socai.cloud.enrol import Enrol, enrol
from socai.cloud.feed import download_filter
from socai.cloud.hello import greet
from socai.cloud.http import digest, number, operator, voucher_log
from socai.cloud.http.api import (
    NDJSON,
    Api,
    Call,
    answer,
    api_of,
    compressed,
    headers_of,
    number_of,
    own,
    passed,
    read_body,
)
from socai.cloud.http.caller import Caller
from socai.cloud.http.door import STRANGER, Turn
from socai.cloud.people import PersonWish, change_person, people
from socai.cloud.report import report
from socai.cloud.store.connection import AWAY
from socai.cloud.store.port import ReportStore
from socai.edge import log
from socai.edge.http import LEAN_HEADERS, Refused, application, problems, refusal
from socai.edge.signature import REPLICA_HEADER
from socai.sync.admission import BACKLOG, REPORT, push_cost
from socai.sync.message import (
    APPLIED,
    FEED_ITEMS_MAX,
    OPERATIONS_PER_PUSH_MAX,
    POLL_SECONDS_MAX,
    FeedPage,
    Held,
    Hello,
    Push,
    PushAnswer,
)
from socai.sync.report import ReportWish
from socai.sync.version import check_version

BODY_BYTES_MAX = 4_500_000
RETRY_SECONDS = 5
OPERATION_MARK = b'"sha256":"'  # each operation of a push carries one

FEED_ITEMS_AN_OPERATION = 5  # items read that count as one operation pushed

_log = log.logger("accept")


class PeopleWish(msgspec.Struct, frozen=True):
    """A change of a user on behalf of somebody."""

    acting_user: str
    person: PersonWish


@post("/enrol", status_code=200, responses=problems(400, 403, 413, 422))
async def enrol_replica(request: Call) -> Response[bytes]:
    """Make a data server's key known, by a one-time code."""
    wish = read_body(Enrol, await request.body())
    return answer(request, passed(await api_of(request).run(enrol, api_of(request).store, wish), 403))


@post("/sync/hello", status_code=200, responses=problems(400, 401))
async def hello(request: Call) -> Response[bytes]:
    """Open a session: do both share one history?"""
    api = api_of(request)
    caller, body = await api.called(request)
    said = own(caller, read_body(Hello, body))
    return answer(request, passed(await api.run(greet, api.store, caller.ref, said)))


@post("/sync/push", status_code=200, responses=problems(400, 401, 403, 409, 413, 422, 426, 429, 503))
async def push(request: Call) -> Response[bytes]:
    """Record operations: one outcome for each, in order. 429 or 503 say when to come back and with what batches."""
    api = api_of(request)
    body = await request.body()
    replica = headers_of(request).get(REPLICA_HEADER.lower(), "")
    place = api.callers.place(replica)
    count = max(body.count(OPERATION_MARK), 1)
    if place is not None:
        api.door.hold_tenant(place.tenant, push_cost(count))
    rank = api.door.rank_of_push(replica, count, len(body))
    if rank == BACKLOG:
        await api.freshly_looked()
    async with api.door.turn(rank, place.tenant if place else STRANGER, push_cost(count)) as turn:
        caller, sent, done, timeline = await api.run(_push, api, request, body, turn)
    api.door.spend(caller.ref.tenant, replica, len(sent.operations), push_cost(len(sent.operations)))
    for result, told in Counter(outcome.result for outcome in done.outcomes).items():
        api.figures.operations.labels(result).inc(told)
    api.watch.tell(caller.ref, max((outcome.seq for outcome in done.outcomes), default=0))
    if done.fault is not None:
        api.figures.batches_refused.labels(done.fault.code).inc()
        raise Refused(done.fault, status=409 if done.fault.code == "EPOCH_UNKNOWN" else 0)
    api.look()
    if done.depth:
        api.wake()
    estimate = round(api.door.estimate(done.depth), 1)
    return answer(request, PushAnswer(timeline, done.outcomes, done.depth, estimate, api.door.max_batch))


def _push(api: Api, request: Call, body: bytes, turn: Turn) -> tuple[Caller, Push, Accepted, str]:
    """Everything of a push that takes time, in one thread."""
    caller = passed(api.caller(request, body, known=OPERATION_MARK in body))  # with operations, accept looks again
    sent = own(caller, read_body(Push, body))
    if fault := check_version(sent.protocol, utc_now().date()):
        raise Refused(fault)
    if len(sent.operations) > OPERATIONS_PER_PUSH_MAX:
        raise Refused(Fault("BODY_TOO_LARGE", "operations", {"max": str(OPERATIONS_PER_PUSH_MAX)}))
    with api.figures.push_seconds.time():
        begun = time.perf_counter()
        done = api.acceptor.push(caller.ref, caller.replica.replica, sent.operations, sent)
        took = (time.perf_counter() - begun) * 1000
    applied = sum(outcome.result == APPLIED for outcome in done.outcomes)
    if applied * 2 > len(sent.operations):  # what was known already, or refused, costs little and teaches nothing
        turn.ms, turn.cost = took, push_cost(len(sent.operations))
    acts = [operation.act_id for operation in sent.operations]
    _log.info("pushed", tenant=caller.ref.code, replica=sent.replica, act_ids=acts, applied=applied, ms=round(took, 1))
    return caller, sent, done, done.timeline or api.store.tenant(caller.ref).timeline


@get("/sync/feed", responses=problems(401, 422, 503))
async def feed(request: Call) -> Response[bytes]:
    """What changed after a cursor; with `wait` the answer comes when something did, or after that many seconds."""
    api = api_of(request)
    caller, _ = await api.called(request)
    cursor = request.query_params.get("cursor", "")
    limit = number_of(request, "limit", FEED_ITEMS_MAX, FEED_ITEMS_MAX)
    wait = number_of(request, "wait", 0, POLL_SECONDS_MAX)
    page = await _page(api, caller, cursor, limit)
    until = asyncio.get_running_loop().time() + wait
    while not page.items and not page.more and (left := until - asyncio.get_running_loop().time()) > 0:
        moved = await api.watch.wait(caller.ref, page.head_seq, left)
        if not moved:
            break
        cursor = page.cursor
        page = await _page(api, caller, cursor, limit)
        if api.watch.closed:
            break
    api.figures.feed_items.inc(len(page.items))
    if page.depth:
        api.look()
        page = msgspec.structs.replace(page, estimate_seconds=round(api.door.estimate(page.depth), 1))
    return await api.run(answer, request, page)


async def _page(api: Api, caller: Caller, cursor: str, limit: int) -> FeedPage:
    """One page: news for an office that follows, a download for one that is far behind."""
    replica = caller.replica.replica
    async with api.door.turn(api.door.rank_of_feed(replica), caller.ref.tenant):
        page = passed(await api.run(_read_page, api, caller, cursor, limit))
    spent = len(page.items) / FEED_ITEMS_AN_OPERATION
    api.door.spend(caller.ref.tenant, replica, spent, spent)
    return page


def _read_page(api: Api, caller: Caller, cursor: str, limit: int) -> FeedPage | Fault:
    page = api.feeder.page(caller.ref, caller.replica, cursor, limit)
    if not isinstance(page, Fault):
        api.note_seen(caller.ref, caller.replica.replica, page)
    return page


@get("/sync/overview", responses=problems(401, 422))
async def overview(request: Call) -> Response[bytes]:
    """How much changed after a cursor, by kind and type: what an office shows before it reads it."""
    api = api_of(request)
    caller, _ = await api.called(request)
    cursor = request.query_params.get("cursor", "")
    async with api.door.turn(BACKLOG, caller.ref.tenant):
        found = await api.run(api.feeder.overview, caller.ref, caller.replica, cursor)
    return answer(request, passed(found))


@post("/sync/reheard", status_code=200, responses=problems(400, 401, 413))
async def reheard(request: Call) -> Response[bytes]:
    """Vouchers a replica holds and has not heard the newest of."""
    api = api_of(request)
    caller, body = await api.called(request)
    held = read_body(Held, body)
    async with api.door.turn(BACKLOG, caller.ref.tenant):
        found = await api.run(api.feeder.reheard, caller.ref, caller.replica, held)
    return answer(request, passed(found))


@get("/sync/snapshot", responses=problems(401))
async def snapshot(request: Call) -> Stream:
    """All catalogs and the balances of the office's branches as of one moment, line by line."""
    api = api_of(request)
    caller, _ = await api.called(request)
    async with api.door.turn(BACKLOG, caller.ref.tenant):
        lines = api.feeder.snapshot(caller.ref, caller.replica)
    headers = {"Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        lines = compressed(lines)
        headers["Content-Encoding"] = "gzip"
    return Stream(lines, media_type=NDJSON, headers=headers)


@get("/sync/download", responses=problems(401, 422))
async def download(request: Call) -> Response[bytes]:
    """Vouchers of a period, type and branch with their live entry sets, page by page."""
    api = api_of(request)
    caller, _ = await api.called(request)
    asked = request.query_params
    first, last, kind, branch = (asked.get(name, "") for name in ("from", "to", "type", "branch"))
    wanted = passed(download_filter(caller.replica, first, last, kind, branch))
    limit = number_of(request, "limit", FEED_ITEMS_MAX, FEED_ITEMS_MAX)
    after = asked.get("after", "")
    async with api.door.turn(BACKLOG, caller.ref.tenant):
        page = passed(await api.run(api.feeder.download, caller.ref, wanted, after, limit))
    return await api.run(answer, request, page)


@post("/sync/report", status_code=200, responses=problems(400, 401, 403, 404, 422, 503))
async def read_report(request: Call) -> Response[bytes]:
    """A page of a report over the cloud's books, for a person of the office."""
    api = api_of(request)
    caller, body = await api.called(request)
    wish = read_body(ReportWish, body)
    store = api.store
    if not isinstance(store, ReportStore):
        raise Refused(Fault("PATH_UNKNOWN"))
    async with api.door.turn(REPORT, caller.ref.tenant):
        found = await api.run(report, store, api.store, caller.ref, caller.replica, wish)
    if isinstance(found, tuple):
        raise Refused(*found)
    return await api.run(answer, request, found)


@get("/sync/people", responses=problems(401))
async def list_people(request: Call) -> Response[bytes]:
    """All users of the tenant, for logging in while the line is down."""
    api = api_of(request)
    caller, _ = await api.called(request)
    return answer(request, await api.run(people, api.store, caller.ref))


@put("/sync/people", responses=problems(400, 401, 403, 422))
async def save_person(request: Call) -> Response[bytes]:
    """Add or change a user, on behalf of an administrator."""
    api = api_of(request)
    caller, body = await api.called(request)
    wish = read_body(PeopleWish, body)
    changed = await api.run(change_person, api.store, caller.ref, wish.acting_user, wish.person)
    return answer(request, passed(changed))


def _away(_: Call, __: Exception) -> Response[bytes]:
    params = {"seconds": str(RETRY_SECONDS)}
    return refusal(Fault("RATE_LIMITED", "", params), status=503, headers={"Retry-After": str(RETRY_SECONDS)})


def _too_large(_: Call, __: HTTPException) -> Response[bytes]:
    return refusal(Fault("BODY_TOO_LARGE", "", {"max": f"{BODY_BYTES_MAX / 1_000_000:g} MB"}))


def cloud_application(api: Api) -> Any:
    """The ASGI application over these shared things; the caller closes them."""
    handlers = [
        *(enrol_replica, hello, push, feed, overview, reheard, snapshot, download, read_report),
        *(list_people, save_person),
        *digest.HANDLERS,
        *voucher_log.HANDLERS,
        *operator.HANDLERS,
        *number.HANDLERS,
    ]
    return application(
        handlers,
        title="Sổ Cái cloud",
        version=__version__,
        state={"api": api},
        failures={HTTP_413_REQUEST_ENTITY_TOO_LARGE: _too_large, **dict.fromkeys(AWAY, _away)},
        body_bytes_max=BODY_BYTES_MAX,
        headers=LEAN_HEADERS,
    )
