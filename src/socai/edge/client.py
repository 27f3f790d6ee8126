"""The data server's way to the cloud: signed requests, and only two ways to fail. Knows HTTP; decides nothing.

`CloudRefused` is the cloud speaking (a fault code, perhaps when to come back); `CloudUnreachable` is everything else:
no line, a time-out, a cut answer, and (`CloudForeign`) a page of somebody else's: a hotel's login page answers 200 with
HTML.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

import httpx
import msgspec

from socai.base.fault import Fault
from socai.core.number_use import Account
from socai.edge.signature import signed_headers
from socai.sync.digest import Digests
from socai.sync.message import (
    AccountAsked,
    DownloadPage,
    FeedPage,
    Held,
    Hello,
    HelloAnswer,
    NumbersAnswer,
    NumbersAsked,
    Overview,
    People,
    Person,
    Push,
    PushAnswer,
    Reheard,
    RenumberAnswer,
    RenumberAsked,
    SnapshotChunk,
    VoucherLog,
    encode,
)
from socai.sync.refused import RefusedActs
from socai.sync.report import ReportAnswer, ReportWish

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0
POLL_SLACK_SECONDS = 15.0
SEEN_BYTES = 120  # of somebody else's answer, kept for the log
LOCAL = frozenset(("127.0.0.1", "::1", "localhost"))

T = TypeVar("T")


class CloudUnreachable(Exception):
    """Nothing usable came back; whether the request arrived is unknown."""


class CloudForeign(CloudUnreachable):
    """Something answered that is not the cloud: a login page, a proxy, another server at its address."""


class CloudSlow(CloudUnreachable):
    """Nothing came back in time: perhaps the line is too slow for so much at once."""


class CloudRefused(Exception):
    """The cloud answered with faults. `retry_after` in seconds, 0 where it said nothing.

    A busy cloud also says how large the next batch had better be, how much it has to post, and for how long; else 0.
    """

    def __init__(
        self,
        faults: Sequence[Fault],
        status: int,
        retry_after: float = 0.0,
        max_batch: int = 0,
        depth: int = 0,
        estimate_seconds: float = 0.0,
    ) -> None:
        super().__init__(", ".join(fault.code for fault in faults))
        self.faults, self.status, self.retry_after = tuple(faults), status, retry_after
        self.max_batch, self.depth, self.estimate_seconds = max_batch, depth, estimate_seconds

    @property
    def code(self) -> str:
        """The first fault's code."""
        return self.faults[0].code if self.faults else "INTERNAL"


class Enrolled(msgspec.Struct, frozen=True):
    """What an enrolment code opened: the replica, its tenant, its branches (none: all)."""

    replica: str
    tenant: str
    name: str
    branches: list[str] = []
    series_mark: str = ""
    timeline: str = ""


class _Told(msgspec.Struct, frozen=True):
    code: str
    field: str = ""
    params: dict[str, str] = {}


class _Problem(msgspec.Struct, frozen=True):
    code: str
    field: str = ""
    params: dict[str, str] = {}
    faults: list[_Told] = []
    max_batch: int = 0
    depth: int = 0
    estimate_seconds: float = 0.0


def _utc_now() -> datetime:
    return datetime.now(UTC)


class CloudClient:
    """One replica's connection. Use one per thread that may wait; `close` ends what waits."""

    def __init__(
        self,
        address: str,
        replica: str = "",
        private_key: bytes = b"",
        now: Callable[[], datetime] = _utc_now,
        transport: httpx.BaseTransport | None = None,
        answer_seconds: float = 0.0,
    ) -> None:
        self._replica, self._key, self._now = replica, private_key, now
        self._ahead = timedelta()  # how far the cloud's clock is ahead of ours
        self._prefix = urlsplit(address).path.rstrip("/")
        self._answer_seconds = answer_seconds or ANSWER_SECONDS
        self._http = httpx.Client(
            base_url=address,
            timeout=httpx.Timeout(self._answer_seconds, connect=CONNECT_SECONDS),
            transport=transport,
            trust_env=(urlsplit(address).hostname or "") not in LOCAL,
            headers={"Accept-Encoding": "gzip"},
        )

    def close(self) -> None:
        """Let the connections go."""
        self._http.close()

    # ---- what a replica says

    def enrol(self, code: str, public_key: bytes, name: str) -> Enrolled:
        """Spend an enrolment code on a key."""
        wish = {"code": code, "public_key": base64.b64encode(public_key).decode(), "name": name}
        return self._read(self._send("POST", "/enrol", encode(wish), signed=False), Enrolled)

    def hello(self, message: Hello) -> HelloAnswer:
        """Open a session."""
        return self._read(self._send("POST", "/sync/hello", encode(message)), HelloAnswer)

    def push(self, message: Push) -> PushAnswer:
        """Send operations."""
        return self._read(self._send("POST", "/sync/push", encode(message)), PushAnswer)

    def feed(self, cursor: str, limit: int, wait_seconds: int) -> FeedPage:
        """What changed after the cursor."""
        target = "/sync/feed?" + urlencode({"cursor": cursor, "limit": limit, "wait": wait_seconds})
        return self._read(self._send("GET", target, seconds=wait_seconds + POLL_SLACK_SECONDS), FeedPage)

    def overview(self, cursor: str) -> Overview:
        """What lies after the cursor, counted."""
        return self._read(self._send("GET", "/sync/overview?" + urlencode({"cursor": cursor})), Overview)

    def reheard(self, held: Held) -> Reheard:
        """Those of the held vouchers that changed since."""
        return self._read(self._send("POST", "/sync/reheard", encode(held)), Reheard)

    def download(self, first: str, last: str, kind: str, branch: str, after: str, limit: int) -> DownloadPage:
        """A page of vouchers of a period; empty `kind` and `branch` are all."""
        asked = {"from": first, "to": last, "type": kind, "branch": branch, "after": after, "limit": limit}
        return self._read(self._send("GET", "/sync/download?" + urlencode(asked)), DownloadPage)

    def numbers(self, message: NumbersAsked) -> NumbersAnswer:
        """Lease numbers of shared series, give some back, tell what became of others."""
        return self._read(self._send("POST", "/sync/numbers", encode(message)), NumbersAnswer)

    def number_account(self, message: AccountAsked) -> Account:
        """Every number of one series, as all offices together know it."""
        return self._read(self._send("POST", "/sync/numbers/account", encode(message)), Account)

    def report(self, wish: ReportWish) -> ReportAnswer:
        """A page of a report from the cloud's books."""
        return self._read(self._send("POST", "/sync/report", encode(wish)), ReportAnswer)

    def voucher_log(self, ident: str) -> VoucherLog:
        """One voucher's life at the cloud."""
        return self._read(self._send("GET", f"/sync/vouchers/{ident}/log"), VoucherLog)

    def refused_acts(self) -> RefusedActs:
        """What was refused lately at other offices."""
        return self._read(self._send("GET", "/sync/refused"), RefusedActs)

    def digests(self) -> Digests:
        """Counts and hashes of everything this replica is entitled to."""
        return self._read(self._send("GET", "/sync/digest"), Digests)

    def renumber(self, message: RenumberAsked) -> RenumberAnswer:
        """Renumber a period, or ask what it would come to."""
        return self._read(self._send("POST", "/sync/renumber", encode(message)), RenumberAnswer)

    def people(self) -> People:
        """All users of the tenant."""
        return self._read(self._send("GET", "/sync/people"), People)

    def save_person(self, acting_user: str, person: dict[str, object]) -> Person:
        """Add or change a user on behalf of an administrator."""
        wish = encode({"acting_user": acting_user, "person": person})
        return self._read(self._send("PUT", "/sync/people", wish), Person)

    def snapshot(self) -> Iterator[SnapshotChunk]:
        """The snapshot, chunk by chunk; it is whole only if the last chunk says `end`."""
        decoder = msgspec.json.Decoder(SnapshotChunk)
        request = self._request("GET", "/sync/snapshot", b"", True, self._answer_seconds)
        try:
            response = self._http.send(request, stream=True)
            try:
                if response.status_code != httpx.codes.OK:
                    response.read()
                    raise self._refusal(response)
                for line in response.iter_lines():
                    if line:
                        yield decoder.decode(line)
            finally:
                response.close()
        except (httpx.HTTPError, httpx.StreamError, msgspec.MsgspecError, UnicodeDecodeError, OSError) as error:
            raise CloudUnreachable(str(error)) from error

    # ---- requests

    def _send(
        self, method: str, target: str, body: bytes = b"", signed: bool = True, seconds: float = 0.0
    ) -> httpx.Response:
        response = self._try(method, target, body, signed, seconds)
        if response.status_code == httpx.codes.UNAUTHORIZED and signed and self._learn_clock(response):
            response = self._try(method, target, body, signed, seconds)
        if response.status_code != httpx.codes.OK:
            raise self._refusal(response)
        return response

    def _try(self, method: str, target: str, body: bytes, signed: bool, seconds: float) -> httpx.Response:
        request = self._request(method, target, body, signed, seconds or self._answer_seconds)
        try:
            return self._http.send(request)
        except (httpx.ReadTimeout, httpx.WriteTimeout) as error:
            raise CloudSlow(type(error).__name__) from error
        except (httpx.HTTPError, httpx.StreamError, OSError, RuntimeError) as error:
            raise CloudUnreachable(str(error) or type(error).__name__) from error

    def _request(self, method: str, target: str, body: bytes, signed: bool, seconds: float) -> httpx.Request:
        headers = {"Content-Type": "application/json"} if body else {}
        if signed:
            moment = (self._now() + self._ahead).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            headers |= signed_headers(self._key, self._replica, method, self._prefix + target, moment, body)
        timeout = httpx.Timeout(seconds, connect=CONNECT_SECONDS)
        return self._http.build_request(
            method, target, content=body or None, headers=headers, extensions={"timeout": timeout.as_dict()}
        )

    def _learn_clock(self, response: httpx.Response) -> bool:
        """The cloud's clock from a refusal; True where ours was so far off that signing again may help."""
        try:
            theirs = parsedate_to_datetime(response.headers.get("Date", ""))
        except (TypeError, ValueError):
            return False
        ahead = theirs - self._now()
        changed = abs((ahead - self._ahead).total_seconds()) > 60
        self._ahead = ahead
        return changed

    @staticmethod
    def _refusal(response: httpx.Response) -> CloudRefused | CloudUnreachable:
        try:
            told = msgspec.json.decode(response.content, type=_Problem)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return CloudForeign(_seen(response))
        faults = [Fault(item.code, item.field, item.params) for item in told.faults]
        text = response.headers.get("Retry-After", "")
        wait = float(text) if text.isascii() and text.isdigit() else 0.0
        faults = faults or [Fault(told.code, told.field, told.params)]
        busy = (max(told.max_batch, 0), max(told.depth, 0), max(told.estimate_seconds, 0.0))
        return CloudRefused(faults, response.status_code, wait, *busy)

    @staticmethod
    def _read(response: httpx.Response, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(response.content, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise CloudForeign(_seen(response)) from error


def _seen(response: httpx.Response) -> str:
    """What somebody else answered, for the log: enough to recognise a login page or a proxy by."""
    kind = response.headers.get("Content-Type", "")[:60]
    start = " ".join(response.content[:SEEN_BYTES].decode("utf-8", "replace").split())
    return f"HTTP {response.status_code} {kind}: {start}"
