"""Users over HTTP: read from the office's cache, changed at the cloud, which owns them; so changing needs the line."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import get, put
from litestar.params import FromPath, JSONBody

from socai.base.fault import Fault
from socai.dataserver.http.seat import Seated
from socai.dataserver.http.voucher import Word
from socai.dataserver.people import PASSWORD_LENGTH_MAX
from socai.edge.client import CloudRefused, CloudUnreachable
from socai.edge.http import Refused, problems
from socai.sync.grant import may_people

BRANCHES_MAX = 1_000


class UserView(msgspec.Struct, frozen=True):
    """A user without anything secret. No branches means all."""

    user: str
    name: str
    role: str
    branches: list[str]
    active: bool


class UserSave(msgspec.Struct, forbid_unknown_fields=True):
    """A user as an administrator wants it; without a password the old one stays."""

    name: Word
    role: Word
    branches: Annotated[list[Word], msgspec.Meta(max_length=BRANCHES_MAX)] = []
    active: bool = True
    password: Annotated[str, msgspec.Meta(max_length=PASSWORD_LENGTH_MAX)] = ""


@get("/users", sync_to_thread=True, responses=problems(401, 403, 404))
def list_users(seat: Seated) -> list[UserView]:
    """The users of the company; for administrators."""
    if fault := may_people(seat.grant):
        raise Refused(fault)
    return [
        UserView(row.user, row.name, row.role, row.branch_list, bool(row.active))
        for row in seat.rim.people.of_tenant(seat.access.tenant)
    ]


@put("/users/{user:str}", sync_to_thread=True, responses=problems(400, 401, 403, 404, 422, 503))
def save_user(seat: Seated, user: FromPath[str], data: JSONBody[UserSave]) -> UserView:
    """Add or change a user, at the cloud; CLOUD_UNREACHABLE without the line."""
    if fault := may_people(seat.grant):
        raise Refused(fault)
    if not seat.books.enrolment.cloud:
        raise Refused(Fault("CLOUD_UNREACHABLE"))
    person: dict[str, object] = {
        "user": user,
        "name": data.name,
        "role": data.role,
        "branches": data.branches,
        "active": data.active,
    }
    if data.password:
        person["password"] = data.password
    try:
        found = seat.books.save_person(seat.session.user, person)
    except CloudUnreachable:
        raise Refused(Fault("CLOUD_UNREACHABLE")) from None
    except CloudRefused as refused:
        raise Refused(*refused.faults, status=refused.status if refused.status in (403, 409, 422) else 0) from None
    return UserView(found.user, found.name, found.role, list(found.branches), found.active)


HANDLERS: list[Any] = [list_users, save_user]
