"""Who asks, and for which books: the session of a request and its rights, checked before any handler runs.

Another tenant's code and a tenant that does not exist are told apart by nothing: both are TENANT_UNKNOWN.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NoReturn

from litestar import Request
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath

from socai.base.fault import LANGUAGES, Fault
from socai.dataserver import desk as engine
from socai.dataserver.books import Books
from socai.dataserver.desk import Desk, Saved
from socai.dataserver.http.event import Hub
from socai.dataserver.office import Office
from socai.dataserver.people import SESSION_WHOLE, Access, People, Session
from socai.dataserver.views.conflict import raw
from socai.dataserver.views.voucher import Branches
from socai.edge import log
from socai.edge.http import Refused
from socai.edge.problem import worded
from socai.sync.grant import Grant

COOKIE = "socai_session"
BEARER = "bearer "

AnyRequest = Request[Any, Any, Any]


@dataclass(frozen=True)
class Rim:
    """What the handlers share. `cookie_name` tells servers of one machine apart: browsers do not, by their ports."""

    office: Office
    people: People
    hub: Hub
    version: str
    cookie_name: str = COOKIE
    secure: bool = False

    def cookie(self, token: str) -> Cookie:
        """The login cookie; an empty token takes it back."""
        age = int(SESSION_WHOLE.total_seconds()) if token else 0
        return Cookie(
            key=self.cookie_name,
            value=token,
            path="/",
            max_age=age,
            httponly=True,
            samesite="strict",
            secure=self.secure,
        )


@dataclass(frozen=True, slots=True)
class Seat:
    """A person before one tenant's books."""

    rim: Rim
    session: Session
    access: Access
    books: Books
    desk: Desk = field(repr=False)

    @property
    def grant(self) -> Grant:
        """The person's rights here."""
        return self.access.grant

    @property
    def branches(self) -> Branches:
        """The branches both the person and this office may see; None for all."""
        mine, office = self.grant.branches, self.desk.branches
        if mine and office:
            return tuple(sorted(mine & office))
        return tuple(sorted(mine or office)) or None

    def among(self, branch: str) -> Branches:
        """The branches of a list limited to one; BRANCH_UNKNOWN where the person may not see it."""
        if not branch:
            return self.branches
        if self.branches is not None and branch not in self.branches:
            raise Refused(Fault("BRANCH_UNKNOWN", "branch", {"branch": branch[:40]}))
        return (branch,)


Seated = NamedDependency[Seat]
"""The seat as handlers ask for it."""


def rim_of(request: AnyRequest) -> Rim:
    """What the handlers share."""
    rim: Rim = request.app.state.rim
    return rim


def token_of(request: AnyRequest) -> str:
    """The token of a request: the Authorization header, else the cookie."""
    header = request.headers.get("authorization", "")
    if header:
        return header[len(BEARER) :].strip() if header.lower().startswith(BEARER) else ""
    return request.cookies.get(rim_of(request).cookie_name, "")


def provide_session(request: AnyRequest) -> Session:
    """The session of a request. Refuses with TOKEN_INVALID or LOGIN_EXPIRED."""
    token = token_of(request)
    session = rim_of(request).people.session(token) if token else Fault("TOKEN_INVALID")
    if isinstance(session, Fault):
        raise Refused(session, headers={"www-authenticate": "Bearer"})
    log.bind(user=session.user)
    return session


def provide_seat(request: AnyRequest, tenant: FromPath[str]) -> Seat:
    """The person and the books of a request below /api/t/{tenant}."""
    rim, session = rim_of(request), provide_session(request)
    access = rim.people.access(session, tenant)
    if isinstance(access, Fault):
        raise Refused(access)
    books = rim.office.tenant(tenant)
    if books is None:
        raise Refused(Fault("TENANT_UNKNOWN", "tenant"))
    log.bind(tenant=tenant)
    return Seat(rim, session, access, books, books.desk)


def language_of(session: Session, asked: str) -> str:
    """The language asked for, else the one of the login."""
    return asked if asked in LANGUAGES else session.language


def given(answer: Any) -> Any:
    """What a view answered, or the refusal of its fault."""
    if isinstance(answer, Fault):
        raise Refused(answer)
    return answer


def done(answer: Saved | engine.Refused) -> Saved:
    """What an act came to, or its refusal: both forms of a stale one, the warnings of one that asks."""
    if not isinstance(answer, Saved):
        refuse(answer)
    return answer


def refuse(answer: engine.Refused) -> NoReturn:
    """Tell why an act was not done."""
    if answer.stale is not None:
        theirs = answer.stale
        told = {
            "revision": theirs.revision,
            "version": theirs.version,
            "author": theirs.author,
            "at": theirs.at,
            "body": raw(theirs.body),
        }
        raise Refused(*answer.faults, more={"mine": raw(answer.mine), "theirs": told})
    if answer.asks:
        warnings = [worded(fault) for fault in answer.faults]
        raise Refused(Fault("WARNING_ASK"), more={"warnings": warnings, "as_of": answer.as_of})
    raise Refused(*answer.faults)
