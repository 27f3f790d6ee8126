"""Makes a company known to a running stack: its tenant and people at the cloud, its replica at each office.

Everything goes through the cloud's own functions and the offices' own enrolment, as its two command lines do it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from socai.base.fault import Fault, fault_words
from socai.cloud.enrol import make_code
from socai.cloud.people import PersonWish, add_user
from socai.cloud.tenant import create_tenant
from socai.dataserver.office import Office
from socai.lab.stack import Stack
from socai.sync.grant import ADMIN


class NotAdmitted(Exception):
    """The cloud refused a company or a person, in its own words."""


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody of a company. No branches means all."""

    user: str
    password: str
    name: str
    role: str = ADMIN
    branches: tuple[str, ...] = ()


def admit(stack: Stack, code: str, name: str, people: Iterable[Login], offices: Mapping[str, str]) -> None:
    """A new tenant with its people, enrolled at these offices (key: what people call it). Raises NotAdmitted."""
    with stack.store() as store:
        ref = create_tenant(store, code, name)
        if isinstance(ref, Fault):
            raise NotAdmitted(_said(ref))
        for person in people:
            wish = PersonWish(person.user, person.name, person.role, list(person.branches), True, person.password)
            added = add_user(store, ref, wish)
            if isinstance(added, Fault):
                raise NotAdmitted(_said(added))
        codes = {key: make_code(store, ref, called) for key, called in offices.items()}
    for key, secret in codes.items():
        office = stack.offices[key]
        enrol_folder(office.folder, office.line.address, secret, offices[key])


def enrol_folder(folder: Path, cloud: str, secret: str, name: str) -> str:
    """Spend an enrolment code on an office that does not run, and bring its people at once; the company's code.

    Raises OfficeBusy, CloudRefused, CloudUnreachable.
    """
    with Office(folder) as office:
        books = office.enrol(cloud, secret, name)
        with closing(books.client()) as client:
            office.people.put(books.code, client.people().people)
        return books.code


def _said(fault: Fault) -> str:
    return f"{fault.code} {fault.field}: {fault_words(fault, 'en').sentence}"
