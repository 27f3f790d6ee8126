"""The HTTP frame both tiers stand in: every refusal is problem+json, bodies are limited, answers carry safe headers.

A handler leaves early by raising `Refused` with faults: the one place where a fault travels as an exception, because a
handler has no other way past the frameworks that called it. What a request does is none of this module's business.
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec
from litestar import Litestar, Request, Response, Router
from litestar.datastructures import State
from litestar.exceptions import (
    ClientException,
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    SerializationException,
    ValidationException,
)
from litestar.handlers import BaseRouteHandler
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.types import ASGIApp, ControllerRouterHandler, ExceptionHandlersMap, Message, Receive, Scope, Send

from socai.base.fault import Fault
from socai.edge import log
from socai.edge.problem import MEDIA_TYPE, Problem, problem
from socai.edge.reader import make_readers

BODY_BYTES_MAX = 4_000_000
OPERATION_HEADER = "socai-operation"
READING_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))

HEADERS: Mapping[bytes, bytes] = {
    b"content-security-policy": (
        b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        b"font-src 'self'; connect-src 'self'; frame-src 'self' blob:; worker-src 'self'; manifest-src 'self'; "
        b"base-uri 'none'; form-action 'self'; frame-ancestors 'self'; object-src 'none'"
    ),
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"SAMEORIGIN",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=(), payment=()",
    b"cache-control": b"no-store",
}
"""Sent with every answer that does not say otherwise. Inline styles are allowed because the component library makes
them; scripts come from files of this server only."""

LEAN_HEADERS: Mapping[bytes, bytes] = {
    b"content-security-policy": b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    b"x-content-type-options": b"nosniff",
    b"cache-control": b"no-store",
}
"""The same for a server that programs talk to: nothing of it may be run, framed or kept, said in few bytes."""

_log = log.logger("http")
_encode = msgspec.json.Encoder().encode


class Refused(Exception):
    """Leaves a handler: the request is refused with these faults. `status` 0 takes the first code's own."""

    def __init__(
        self,
        *faults: Fault,
        status: int = 0,
        more: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(", ".join(fault.code for fault in faults))
        self.faults, self.status, self.more, self.headers = faults, status, more, headers


def refusal(
    *faults: Fault, status: int = 0, more: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
) -> Response[bytes]:
    """The answer that tells faults."""
    body = problem(faults, status, more)
    return Response(_encode(body), status_code=body["status"], media_type=MEDIA_TYPE, headers=dict(headers or {}))


# ---- failures as problems


def _refused(_: Request[Any, Any, Any], error: Refused) -> Response[bytes]:
    return refusal(*error.faults, status=error.status, more=error.more, headers=error.headers)


def _misshapen(_: Request[Any, Any, Any], error: ValidationException) -> Response[bytes]:
    found = error.extra if isinstance(error.extra, list) else []
    faults = [
        Fault("REQUEST_INVALID", str(item.get("key", "")), {"reason": str(item.get("message", ""))}) for item in found
    ]
    return refusal(*(faults or [Fault("REQUEST_INVALID")]))


def _client(_: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    if isinstance(error.__cause__, SerializationException | RecursionError):
        return refusal(Fault("JSON_INVALID", "", {"reason": str(error.__cause__)[:200]}))
    if error.status_code == 413:
        return refusal(Fault("BODY_TOO_LARGE", "", {"max": f"{BODY_BYTES_MAX // 1_000_000} MB"}))
    return refusal(Fault("REQUEST_INVALID", "", {"reason": str(error.detail)[:200]}))


def _unreadable(_: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """What the JSON reader raises besides its own errors: endless nesting, and strings that are not UTF-8."""
    reason = "nested too deeply" if isinstance(error, RecursionError) else "not UTF-8"
    return refusal(Fault("JSON_INVALID", "", {"reason": reason}))


def _lost(_: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    return refusal(Fault("PATH_UNKNOWN"), status=error.status_code, headers=error.headers)


def _broken(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A bug: told by a reference that the log knows, never by its details."""
    reference = str(request.scope.get("state", {}).get("operation", ""))
    _log.error("internal", path=request.url.path, exc_info=error)
    return refusal(Fault("INTERNAL", "", {"reference": reference}))


# ---- the application


def application(
    handlers: Sequence[ControllerRouterHandler],
    *,
    title: str,
    version: str,
    state: Mapping[str, Any] | None = None,
    failures: ExceptionHandlersMap | None = None,
    on_startup: Sequence[Callable[[], Any]] = (),
    on_shutdown: Sequence[Callable[[], Any]] = (),
    body_bytes_max: int = BODY_BYTES_MAX,
    known_origins: Sequence[str] = (),
    headers: Mapping[bytes, bytes] = HEADERS,
) -> ASGIApp:
    """An ASGI application of these handlers inside the frame; its OpenAPI description is at /schema.

    `failures` adds answers to exceptions of the program's own (a disk that refuses). `known_origins` are addresses
    beside the server's own from which a browser may change things (a development server).
    """
    make_readers()
    exceptions: ExceptionHandlersMap = {
        Refused: _refused,
        ValidationException: _misshapen,
        NotFoundException: _lost,
        MethodNotAllowedException: _lost,
        ClientException: _client,
        RecursionError: _unreadable,
        UnicodeDecodeError: _unreadable,
        HTTPException: _broken,
        Exception: _broken,
        **(failures or {}),
    }
    app = Litestar(
        list(handlers),
        exception_handlers=exceptions,
        request_max_body_size=body_bytes_max,
        openapi_config=OpenAPIConfig(
            title=title,
            version=version,
            path="/schema",
            render_plugins=[JsonRenderPlugin(path=["/", "/openapi.json"])],
            use_handler_docstrings=True,
            operation_id_creator=_operation_id,
        ),
        state=State(dict(state or {})),
        on_startup=list(on_startup),
        on_shutdown=list(on_shutdown),
        logging_config=None,
    )
    return Frame(app, frozenset(known_origins), headers)


def _operation_id(handler: BaseRouteHandler, method: Any, _path: Any) -> str:
    """`save_voucher` for a handler of that name; handlers are named once."""
    name = str(handler.handler_name)
    return name if str(getattr(method, "value", method)).upper() != "HEAD" else f"{name}_head"


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """What a handler's OpenAPI description says of its refusals."""
    return {
        status: ResponseSpec(Problem, generate_examples=False, description="Refused", media_type=MEDIA_TYPE)
        for status in statuses
    }


def rooms(path: str, handlers: Sequence[ControllerRouterHandler], **options: Any) -> Router:
    """Handlers below a path."""
    return Router(path=path, route_handlers=list(handlers), **options)


class Frame:
    """Around the application: an operation id, safe headers, one log line, and the refusal of foreign origins.

    Cookies are SameSite=Strict; that a changing request must also come from this server's own pages (or from no page)
    is the second lock on the same door.
    """

    def __init__(self, app: ASGIApp, known_origins: frozenset[str], headers: Mapping[bytes, bytes] = HEADERS) -> None:
        self.app, self.known_origins, self.headers = app, known_origins, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if str(scope["type"]) != "http":
            await self.app(scope, receive, send)
            return
        operation = os.urandom(8).hex()
        log.begin_operation(operation)
        state: dict[str, Any] = scope.setdefault("state", {})
        state["operation"] = operation
        began, told = time.perf_counter(), [0]
        sender = _with_headers(send, operation, told, self.headers)
        try:
            if self._foreign(scope):
                await refusal_asgi(Fault("ORIGIN_REFUSED"))(scope, receive, sender)
            else:
                await self.app(scope, receive, sender)
        finally:
            self._record(scope, told[0], time.perf_counter() - began)

    def _foreign(self, scope: Any) -> bool:
        if scope["method"] in READING_METHODS:
            return False
        headers: dict[bytes, str] = {name: value.decode("latin-1") for name, value in scope["headers"]}
        origin = headers.get(b"origin")
        if origin is None:
            return headers.get(b"sec-fetch-site", "same-origin") not in ("same-origin", "none")
        if origin in self.known_origins:
            return False
        return urlsplit(origin).netloc.lower() != headers.get(b"host", "").lower()

    @staticmethod
    def _record(scope: Any, status: int, seconds: float) -> None:
        tell = _log.error if status >= 500 else _log.info if status >= 400 else _log.debug
        tell("request", method=scope["method"], path=scope["path"], status=status, ms=round(seconds * 1000, 1))


def _with_headers(
    send: Send, operation: str, told: list[int], safe: Mapping[bytes, bytes]
) -> Callable[[Message], Awaitable[None]]:
    async def sender(message: Message) -> None:
        if message["type"] == "http.response.start":
            told[0] = message["status"]
            headers = list(message.get("headers", ()))
            given = {name.lower() for name, _ in headers}
            headers += [(name, value) for name, value in safe.items() if name not in given]
            headers.append((OPERATION_HEADER.encode(), operation.encode()))
            message["headers"] = headers
        await send(message)

    return sender


def refusal_asgi(fault: Fault) -> ASGIApp:
    """A refusal as an application of its own, for places before the framework."""

    async def answer(_: Scope, __: Receive, send: Send) -> None:
        body = problem([fault])
        content = _encode(body)
        await send(
            {
                "type": "http.response.start",
                "status": body["status"],
                "headers": [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(content)).encode())],
            }
        )
        await send({"type": "http.response.body", "body": content, "more_body": False})

    return answer
