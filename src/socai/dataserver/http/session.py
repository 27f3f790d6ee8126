"""Logging in and out, and whether the server is well."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.handlers import BaseRouteHandler
from litestar.params import JSONBody

from socai.base.fault import Fault
from socai.dataserver.http.seat import AnyRequest, Rim, provide_session, rim_of
from socai.dataserver.people import NAME_LENGTH_MAX, PASSWORD_LENGTH_MAX, Session
from socai.edge.http import Refused, problems


class Login(msgspec.Struct, forbid_unknown_fields=True):
    """Name and password; `language` is how the person is spoken to."""

    user: Annotated[str, msgspec.Meta(max_length=NAME_LENGTH_MAX)]
    password: Annotated[str, msgspec.Meta(max_length=PASSWORD_LENGTH_MAX)]
    language: str = "vi"


class TenantView(msgspec.Struct, frozen=True):
    """One of the person's companies. No branches means all of them."""

    code: str
    name: str
    role: str
    branches: list[str]


class SessionView(msgspec.Struct, frozen=True):
    """Who is logged in and what is open to them. `token` is told at login only."""

    user: str
    name: str
    language: str
    tenants: list[TenantView]
    token: str = ""


class Health(msgspec.Struct, frozen=True):
    """The server answers; `storage` is false while a disk refuses."""

    ok: bool
    version: str
    storage: bool


def _view(rim: Rim, session: Session, token: str = "") -> SessionView:
    opened = rim.people.tenants(session)
    tenants = [
        TenantView(item.tenant, books.name, item.grant.role, sorted(item.grant.branches))
        for item in opened
        if (books := rim.office.tenant(item.tenant)) is not None
    ]
    name = opened[0].name if opened else session.user
    return SessionView(session.user, name, session.language, tenants, token)


@post("/login", status_code=200, sync_to_thread=True, responses=problems(400, 401, 429))
def login(request: AnyRequest, data: JSONBody[Login]) -> Response[SessionView]:
    """Log in; works without the cloud. The token also comes as a cookie."""
    rim = rim_of(request)
    address = request.client.host if request.client else ""
    found = rim.people.login(data.user, data.password, address, data.language)
    if isinstance(found, Fault):
        seconds = found.params.get("seconds", "")
        raise Refused(found, headers={"retry-after": seconds} if seconds else None)
    token, session = found
    return Response(_view(rim, session, token), cookies=[rim.cookie(token)])


@post("/logout", status_code=204, sync_to_thread=True, responses=problems(401))
def logout(request: AnyRequest) -> Response[None]:
    """Log out; the token is worth nothing from now on."""
    rim, session = rim_of(request), provide_session(request)
    rim.people.logout(session.token_hash)
    return Response(None, cookies=[rim.cookie("")])


@get("/session", sync_to_thread=True, responses=problems(401))
def session(request: AnyRequest) -> SessionView:
    """Who is logged in."""
    return _view(rim_of(request), provide_session(request))


@get("/health", sync_to_thread=True)
def health(request: AnyRequest) -> Health:
    """Whether the server answers and can save."""
    rim = rim_of(request)
    broken = rim.office.file.broken or any(books.file.broken for books in rim.office.tenants())
    return Health(True, rim.version, not broken)


HANDLERS: list[BaseRouteHandler | Any] = [login, logout, session, health]
