"""The cloud's HTTP face: what data servers ask, each request signed by its replica. Thin: it decides nothing.

Handlers are asynchronous only to wait; stores and decisions run in a pool of threads.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import msgspec
from litestar import Request, Response, get, post, put
from litestar.exceptions import HTTPException
from litestar.response import Stream
from litestar.status_codes import HTTP_200_OK, HTTP_413_REQUEST_ENTITY_TOO_LARGE

from socai import __version__
from socai.base.fault import Fault
from socai.cloud.accept import Acceptor
from socai.cloud.enrol import Enrol, enrol
from socai.cloud.feed import Feeder, download_filter
from socai.cloud.hello import PROTOCOL_OLDEST, greet
from socai.cloud.http.caller import Caller, Callers
from socai.cloud.http.figures import Figures
from socai.cloud.http.watch import Watch
from socai.cloud.people import PersonWish, change_person, people
from socai.cloud.store.connection import AWAY
from socai.cloud.store.port import CloudStore
from socai.core.spec import VoucherSpec
from socai.edge.http import Refused, application, problems, refusal
from socai.sync.message import (
    FEED_ITEMS_MAX,
    OPERATIONS_PER_PUSH_MAX,
    POLL_SECONDS_MAX,
    PROTOCOL,
    Held,
    Hello,
    Push,
    PushAnswer,
    encode,
)

BODY_BYTES_MAX = 4_500_000
THREADS_MAX = 16
RETRY_SECONDS = 5
COMPRESS_BYTES_MIN = 2_000
POSTED_PER_SECOND_EXPECTED = 1_000
"""What an estimate of the waiting time is made with; a figure for people, nothing is decided by it."""

T = TypeVar("T")
Call = Request[Any, Any, Any]
JSON, NDJSON = "application/json", "application/x-ndjson"


class PeopleWish(msgspec.Struct, frozen=True):
    """A change of a user on behalf of somebody."""

    acting_user: str
    person: PersonWish


class Api:
    """What the handlers share: the store, its threads, and who waits."""

    def __init__(self, store: CloudStore, specs: Mapping[str, VoucherSpec]) -> None:
        self.store = store
        self.acceptor = Acceptor(store, specs)
        self.feeder = Feeder(store, store)
        self.callers = Callers(store)
        self.figures = Figures()
        self.threads = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="cloud")
        self.watch = Watch(lambda refs: self.run(store.heads, refs))

    async def run(self, work: Callable[..., T], *given: Any) -> T:
        """Do synchronous work in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, partial(work, *given))

    async def called(self, request: Call) -> tuple[Caller, bytes]:
        """The caller and the body; Refused where the signature is not good."""
        body = await request.body()
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        headers = {name.lower(): value for name, value in request.headers.items()}
        return passed(await self.run(self.callers.caller, request.method, target, headers, body)), body

    def close(self) -> None:
        """Let waiters, threads and the store go."""
        self.watch.close()
        self.threads.shutdown(wait=True, cancel_futures=True)
        self.store.close()


def passed(found: T | Fault, status: int = 0) -> T:
    """A result, or the refusal that its fault is."""
    if isinstance(found, Fault):
        raise Refused(found, status=status)
    return found


def read_body(kind: type[T], body: bytes) -> T:
    """A message from a request's body. Faults: JSON_INVALID, REQUEST_INVALID with what was expected where."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise Refused(Fault("REQUEST_INVALID", "body", {"reason": str(error)[:200]})) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(Fault("JSON_INVALID", "body", {"reason": str(error)[:200]})) from error


def answer(request: Call, message: object) -> Response[bytes]:
    """A message as the response; compressed where it pays and the caller can read it."""
    content = encode(message)
    headers = {"Vary": "Accept-Encoding"}
    if len(content) >= COMPRESS_BYTES_MIN and "gzip" in request.headers.get("accept-encoding", ""):
        content = b"".join(compressed(iter([content])))
        headers["Content-Encoding"] = "gzip"
    return Response(content, media_type=JSON, headers=headers, status_code=HTTP_200_OK)


def compressed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """A stream in gzip form, piece by piece."""
    squeeze = zlib.compressobj(level=2, wbits=31)
    for piece in pieces:
        yield squeeze.compress(piece) + squeeze.flush(zlib.Z_SYNC_FLUSH)
    yield squeeze.flush()


def number_of(request: Call, name: str, default: int, most: int) -> int:
    """A count in the query, held to its limit; PARAMETER_INVALID where it is none."""
    text = request.query_params.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Refused(Fault("PARAMETER_INVALID", name, {"value": text[:40]}))
    return min(int(text), most)


def api_of(request: Call) -> Api:
    """The shared things of this application."""
    api = request.app.state["api"]
    assert isinstance(api, Api)
    return api


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


@post("/sync/push", status_code=200, responses=problems(400, 401, 403, 409, 413, 422, 426, 503))
async def push(request: Call) -> Response[bytes]:
    """Record operations: one outcome for each, in order."""
    api = api_of(request)
    caller, body = await api.called(request)
    sent = own(caller, read_body(Push, body))
    if not PROTOCOL_OLDEST <= sent.protocol <= PROTOCOL:
        params = {"version": str(sent.protocol), "oldest": str(PROTOCOL_OLDEST)}
        raise Refused(Fault("VERSION_TOO_OLD", "protocol", params))
    if len(sent.operations) > OPERATIONS_PER_PUSH_MAX:
        raise Refused(Fault("BODY_TOO_LARGE", "operations", {"max": str(OPERATIONS_PER_PUSH_MAX)}))
    with api.figures.push_seconds.time():
        done = await api.run(api.acceptor.push, caller.ref, caller.replica.replica, sent.operations)
    for outcome in done.outcomes:
        api.figures.operations.labels(outcome.result).inc()
    seq = max((outcome.seq for outcome in done.outcomes), default=0)
    api.watch.tell(caller.ref, seq)
    if done.fault is not None:
        api.figures.batches_refused.labels(done.fault.code).inc()
        raise Refused(done.fault, status=409 if done.fault.code == "EPOCH_UNKNOWN" else 0)
    api.figures.lane_depth.set(done.depth)
    timeline = (await api.run(api.store.tenant, caller.ref)).timeline
    return answer(request, PushAnswer(timeline, done.outcomes, done.depth, done.depth / POSTED_PER_SECOND_EXPECTED))


@get("/sync/feed", responses=problems(401, 422))
async def feed(request: Call) -> Response[bytes]:
    """What changed after a cursor; with `wait` the answer comes when something did, or after that many seconds."""
    api = api_of(request)
    caller, _ = await api.called(request)
    cursor = request.query_params.get("cursor", "")
    limit = number_of(request, "limit", FEED_ITEMS_MAX, FEED_ITEMS_MAX)
    wait = number_of(request, "wait", 0, POLL_SECONDS_MAX)
    page = passed(await api.run(api.feeder.page, caller.ref, caller.replica, cursor, limit))
    until = asyncio.get_running_loop().time() + wait
    while not page.items and not page.more and (left := until - asyncio.get_running_loop().time()) > 0:
        api.figures.waiters.set(api.watch.waiters + 1)
        moved = await api.watch.wait(caller.ref, page.head_seq, left)
        if not moved:
            break
        cursor = page.cursor
        page = passed(await api.run(api.feeder.page, caller.ref, caller.replica, cursor, limit))
        if api.watch.closed:
            break
    api.figures.waiters.set(api.watch.waiters)
    api.figures.feed_items.inc(len(page.items))
    return await api.run(answer, request, page)


@get("/sync/overview", responses=problems(401, 422))
async def overview(request: Call) -> Response[bytes]:
    """How much changed after a cursor, by kind and type: what an office shows before it reads it."""
    api = api_of(request)
    caller, _ = await api.called(request)
    cursor = request.query_params.get("cursor", "")
    return answer(request, passed(await api.run(api.feeder.overview, caller.ref, caller.replica, cursor)))


@post("/sync/reheard", status_code=200, responses=problems(400, 401, 413))
async def reheard(request: Call) -> Response[bytes]:
    """Vouchers a replica holds and has not heard the newest of."""
    api = api_of(request)
    caller, body = await api.called(request)
    held = read_body(Held, body)
    return answer(request, passed(await api.run(api.feeder.reheard, caller.ref, caller.replica, held)))


@get("/sync/snapshot", responses=problems(401))
async def snapshot(request: Call) -> Stream:
    """All catalogs and the balances of the office's branches as of one moment, line by line."""
    api = api_of(request)
    caller, _ = await api.called(request)
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
    page = passed(await api.run(api.feeder.download, caller.ref, caller.replica, wanted, after, limit))
    return await api.run(answer, request, page)


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


@get("/healthz")
async def healthy(request: Call) -> Response[bytes]:
    """The process answers."""
    return answer(request, {"ok": True, "version": __version__})


@get("/readyz", responses=problems(503))
async def ready(request: Call) -> Response[bytes]:
    """The database answers too."""
    await api_of(request).run(api_of(request).store.find_tenant, "")
    return answer(request, {"ok": True})


@get("/metrics")
async def metrics(request: Call) -> Response[bytes]:
    """Figures for Prometheus."""
    return Response(api_of(request).figures.text(), media_type="text/plain; version=0.0.4")


M = TypeVar("M", Hello, Push)


def own(caller: Caller, message: M) -> M:
    """The message, where it speaks of the replica that signed it; a key opens no other machine's history."""
    if message.replica != caller.replica.replica:
        raise Refused(Fault("REPLICA_UNKNOWN", "replica", {"replica": message.replica[:60]}))
    return message


def _away(_: Call, __: Exception) -> Response[bytes]:
    params = {"seconds": str(RETRY_SECONDS)}
    return refusal(Fault("RATE_LIMITED", "", params), status=503, headers={"Retry-After": str(RETRY_SECONDS)})


def _too_large(_: Call, __: HTTPException) -> Response[bytes]:
    return refusal(Fault("BODY_TOO_LARGE", "", {"max": f"{BODY_BYTES_MAX / 1_000_000:g} MB"}))


def cloud_application(api: Api) -> Any:
    """The ASGI application over these shared things; the caller closes them."""
    handlers = [
        *(enrol_replica, hello, push, feed, overview, reheard, snapshot, download),
        *(list_people, save_person, healthy, ready, metrics),
    ]
    return application(
        handlers,
        title="Sổ Cái cloud",
        version=__version__,
        state={"api": api},
        failures={HTTP_413_REQUEST_ENTITY_TOO_LARGE: _too_large, **dict.fromkeys(AWAY, _away)},
        body_bytes_max=BODY_BYTES_MAX,
    )
