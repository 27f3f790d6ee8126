"""For the one who runs the cloud: health, metrics, and a page of lanes, data servers, limits and versions.

Health and metrics say nothing of any tenant and are open. The page names tenants: it is for whoever knows the
operator's token (as the password of HTTP Basic, or as a bearer token), or, where none is set, for this machine alone.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Any
from urllib.parse import urlsplit

from litestar import Response, get

from socai import __version__
from socai.base.fault import Fault
from socai.cloud.http.api import Api, Call, answer, api_of, headers_of
from socai.cloud.http.door import Depths
from socai.cloud.http.figures import CONTENT_TYPE
from socai.cloud.http.operator_page import GateFigure, Picture, page
from socai.cloud.store.operator import OperatorStore
from socai.edge.http import Refused, problems
from socai.sync import admission
from socai.sync.admission import RANK_NAMES

LOCAL = frozenset(("127.0.0.1", "::1", "localhost"))
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


@get("/healthz")
async def healthy(request: Call) -> Response[bytes]:
    """The process answers."""
    return answer(request, {"ok": True, "version": __version__})


@get("/readyz", responses=problems(503))
async def ready(request: Call) -> Response[bytes]:
    """The database answers too."""
    await api_of(request).run(api_of(request).store.find_tenant, "")
    return answer(request, {"ok": True})


@get("/health", responses=problems(503))
async def health(request: Call) -> Response[bytes]:
    """Both at once: alive, and ready with its database; 503 while it is not."""
    await api_of(request).run(api_of(request).store.find_tenant, "")
    return answer(request, {"live": True, "ready": True, "database": True, "version": __version__})


@get("/metrics")
async def metrics(request: Call) -> Response[bytes]:
    """Figures for Prometheus."""
    api = api_of(request)
    if api.operator is not None:
        totals = await api.run(api.operator.totals)
        api.door.looked(Depths(totals.waiting, totals.lanes, totals.done, totals.held))
    return Response(api.figures.text(), media_type=CONTENT_TYPE)


@get("/operator", responses=problems(401, 404))
async def operator_page(request: Call) -> Response[bytes]:
    """The page for a browser, in Vietnamese, or in English with ?lang=en. It loads itself again."""
    picture = await _picture(request)
    language = "en" if request.query_params.get("lang") == "en" else "vi"
    return Response(page(picture, language).encode(), media_type="text/html")


@get("/operator.json", responses=problems(401, 404))
async def operator_figures(request: Call) -> Response[bytes]:
    """The same for a program."""
    return answer(request, await _picture(request))


async def _picture(request: Call) -> Picture:
    api = api_of(request)
    if api.operator is None:
        raise Refused(Fault("PATH_UNKNOWN"))
    if not may_look(api.operator_token, headers_of(request), request.client.host if request.client else ""):
        headers = {"WWW-Authenticate": 'Basic realm="socai", charset="UTF-8"'}
        raise Refused(Fault("TOKEN_INVALID"), headers=headers)
    api.look()
    return await api.run(picture_of, api, api.operator)


def picture_of(api: Api, store: OperatorStore) -> Picture:
    """What the operator sees, as of now."""
    lanes, totals = store.lanes(), store.totals()
    gate, door = api.door.gate, api.door
    return Picture(
        version=__version__,
        waiting=totals.waiting,
        lanes_waiting=totals.lanes,
        oldest_seconds=round(max((lane.oldest_seconds for lane in lanes), default=0.0), 1),
        lanes=lanes,
        replicas=store.replicas(),
        processes=store.processes(),
        server=store.server(),
        gate=GateFigure(
            limit=round(gate.limit.value, 1),
            under_way=gate.held,
            waiting=len(gate.waiting),
            max_batch=gate.limit.batch(),
            commit_ms_of_late=round(gate.limit.late_ms * admission.push_cost(1), 1),
            begun=dict(zip(RANK_NAMES, door.begun, strict=True)),
            refused=dict(zip(RANK_NAMES, door.refused, strict=True)),
            posted_per_second=round(door.pace.per_second, 1),
            feed_waiters=api.watch.waiters,
        ),
    )


def may_look(token: str, headers: dict[str, str], client: str) -> bool:
    """Whether a caller may see the page: by the token, or, where there is none, from this machine itself.

    A request that a proxy passed on is not from this machine, nor is one sent by a page of some other name that was
    made to lead here.
    """
    if token:
        return hmac.compare_digest(_told(headers.get("authorization", "")).encode(), token.encode())
    named = urlsplit(f"//{headers.get('host', '')}").hostname or ""
    return client in LOCAL and named in LOCAL and not any(name in headers for name in FORWARDED)


def _told(authorization: str) -> str:
    """The token in an Authorization header: of Basic the password."""
    kind, _, value = authorization.partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


HANDLERS: list[Any] = [healthy, ready, health, metrics, operator_page, operator_figures]
