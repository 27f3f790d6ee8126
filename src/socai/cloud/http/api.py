"""What the handlers of the cloud's HTTP face share: the store, its threads, the door, who waits; reading requests."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import msgspec
from litestar import Request, Response
from litestar.status_codes import HTTP_200_OK

from socai.base.fault import Fault
from socai.cloud.accept import Acceptor
from socai.cloud.feed import Feeder
from socai.cloud.http.caller import Caller, Callers
from socai.cloud.http.door import Depths, Door
from socai.cloud.http.figures import Figures
from socai.cloud.http.watch import Watch
from socai.cloud.store.operator import OperatorStore
from socai.cloud.store.port import CloudStore
from socai.cloud.store.row import TenantRef
from socai.cloud.store.wake import Waker
from socai.core.spec import VoucherSpec
from socai.edge import log
from socai.edge.http import Refused
from socai.sync.message import FeedPage, Hello, Push, encode

THREADS_MAX = 16
COMPRESS_BYTES_MIN = 2_000
LOOK_SECONDS = 0.5
SEEN_SECONDS = 30.0  # how often it is written down that a data server is here
SEEN_KEPT_MAX = 100_000

T = TypeVar("T")
M = TypeVar("M", Hello, Push)
Call = Request[Any, Any, Any]
JSON, NDJSON = "application/json", "application/x-ndjson"

_log = log.logger("cloud")


@dataclass(slots=True)
class Api:
    """What the handlers share. Without an `operator` the lanes are not looked at: no estimates, no operator's page.

    `operator_token` opens the operator's page to callers beyond this machine; without one it is for this machine only.
    """

    store: CloudStore
    specs: Mapping[str, VoucherSpec]
    operator: OperatorStore | None = None
    operator_token: str = ""
    waker: Waker | None = None
    acceptor: Acceptor = field(init=False)
    feeder: Feeder = field(init=False)
    callers: Callers = field(init=False)
    figures: Figures = field(init=False)
    door: Door = field(init=False)
    threads: ThreadPoolExecutor = field(init=False)
    watch: Watch = field(init=False)
    _looking: asyncio.Task[None] | None = None
    _first_look: asyncio.Task[bool] | None = None
    _looked_at: float = 0.0
    _seen: dict[str, tuple[float, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.acceptor = Acceptor(self.store, self.specs)
        self.feeder = Feeder(self.store, self.store)
        self.callers = Callers(self.store)
        self.figures = Figures(lambda: self.door, lambda: self.watch.waiters)
        self.door = Door()
        self.threads = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="cloud")
        self.watch = Watch(lambda refs: self.run(self.store.heads, refs))

    async def run(self, work: Callable[..., T], *given: Any) -> T:
        """Do synchronous work in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, partial(work, *given))

    async def called(self, request: Call) -> tuple[Caller, bytes]:
        """The caller and the body; Refused where the signature is not good."""
        body = await request.body()
        return passed(await self.run(self.caller, request, body)), body

    def caller(self, request: Call, body: bytes, known: bool = False) -> Caller | Fault:
        """Whose signature this request bears. `known`: see Callers."""
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return self.callers.caller(request.method, target, headers_of(request), body, known)

    # ---- the lanes, looked at while anything waits in them

    def look(self) -> None:
        """Work came or went: look at the lanes, and go on looking now and then until they are empty."""
        if self.operator is not None and (self._looking is None or self._looking.done()):
            self._looking = asyncio.get_running_loop().create_task(self._look(self.operator))

    async def freshly_looked(self) -> None:
        """Wait until the lanes were looked at of late: who lets a backlog in has to know whether postings go on."""
        if self.operator is None or time.monotonic() - self._looked_at <= 2 * LOOK_SECONDS:
            return
        if self._first_look is None or self._first_look.done():
            self._first_look = asyncio.get_running_loop().create_task(self._look_once(self.operator))
        await asyncio.wait([self._first_look])

    async def _look(self, operator: OperatorStore) -> None:
        going = True
        while going and not self.watch.closed:
            await asyncio.sleep(max(self._looked_at + LOOK_SECONDS - time.monotonic(), 0))
            going = await self._look_once(operator)

    async def _look_once(self, operator: OperatorStore) -> bool:
        """Whether work waits in some lane; False as well where the database is away: who needs it will say so."""
        try:
            totals = await self.run(operator.totals)
        except Exception as error:
            _log.warning("lanes not seen", error=str(error).splitlines()[:1])
            return False
        finally:
            self._looked_at = time.monotonic()
        self.door.looked(Depths(totals.waiting, totals.lanes, totals.done, totals.held))
        return totals.waiting > 0

    # ---- who is here

    def note_seen(self, ref: TenantRef, replica: str, page: FeedPage) -> None:
        """Write down, now and then, that a data server reads the feed and how far it has come. In a thread."""
        now = time.monotonic()
        at, seq = self._seen.get(replica, (-SEEN_SECONDS, -1))
        reached = page.head_seq if not page.more else 0
        if page.more or now - at < SEEN_SECONDS or (reached == seq and now - at < 4 * SEEN_SECONDS):
            return
        if len(self._seen) > SEEN_KEPT_MAX:
            self._seen.clear()
        self._seen[replica] = (now, reached)
        self.store.seen(ref, replica, "", reached)

    def wake(self) -> None:
        """Tell workers that there is work."""
        if self.waker is not None:
            self.waker.wake()

    def close(self) -> None:
        """Let waiters, threads and the store go."""
        self.watch.close()
        if self.waker is not None:
            self.waker.close()
        self.threads.shutdown(wait=True, cancel_futures=True)
        self.store.close()
        if self.operator is not None:
            self.operator.close()


def api_of(request: Call) -> Api:
    """The shared things of this application."""
    api = request.app.state["api"]
    assert isinstance(api, Api)
    return api


def headers_of(request: Call) -> dict[str, str]:
    """The headers, by small letters."""
    return {name.lower(): value for name, value in request.headers.items()}


def passed(found: T | Fault, status: int = 0) -> T:
    """A result, or the refusal that its fault is."""
    if isinstance(found, Fault):
        raise Refused(found, status=status)
    return found


def own(caller: Caller, message: M) -> M:
    """The message, where it speaks of the replica that signed it; a key opens no other machine's history."""
    if message.replica != caller.replica.replica:
        raise Refused(Fault("REPLICA_UNKNOWN", "replica", {"replica": message.replica[:60]}))
    return message


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
