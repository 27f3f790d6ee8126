"""A small office for tests of the cloud: seals operations as a data server does, without one."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from socai import registry
from socai.cloud.accept import Accepted, Acceptor
from socai.cloud.store.memory import MemoryStore
from socai.cloud.store.port import CloudStore
from socai.cloud.store.row import CodeRow, PersonRow, ReplicaRow, TenantRef
from socai.core.spec import VoucherSpec
from socai.sync.message import (
    CATALOG,
    DELETE,
    POST,
    SAVE,
    UNPOST,
    VOUCHER,
    Base,
    Operation,
    Outcome,
    sealed,
)

TIMELINE = "0199bbbb-0000-7000-8000-000000000001"
LATER = "2030-01-01T00:00:00.000Z"
NOW = "2026-11-22T03:00:00.000Z"

_counter = itertools.count(1)


def ident(number: int | None = None) -> str:
    """A canonical identifier; the same number gives the same one."""
    return f"0199aaaa-0000-7000-8000-{number if number is not None else next(_counter) + 10**9:012d}"


HN, HCM, CUSTOMER, VENDOR, EMPLOYEE, FUND, BANK = (ident(number) for number in range(1, 8))

# What a small company has: (kind, id, body), in the order they may be accepted.
CATALOGS: list[tuple[str, str, dict[str, Any]]] = [
    ("company", "company", {"name": "Công ty TNHH Minh Phát", "books_first_day": "2026-01-01"}),
    ("fiscal_year", "2026",
     {"code": "2026", "first_day": "2026-01-01", "last_day": "2026-12-31", "regime": "tt99"}),
    ("branch", HN, {"code": "HN", "name": "Trụ sở Hà Nội", "kind": "head_office"}),
    ("branch", HCM, {"code": "HCM", "name": "Chi nhánh TP. Hồ Chí Minh", "kind": "dependent"}),
    ("partner", CUSTOMER, {"code": "KH01", "name": "Công ty An Bình", "is_customer": True}),
    ("partner", VENDOR, {"code": "NCC01", "name": "Công ty Đại Phát", "is_vendor": True}),
    ("partner", EMPLOYEE, {"code": "NV01", "name": "Nguyễn Văn Ánh", "is_employee": True}),
    ("fund", FUND, {"code": "TM", "name": "Tiền mặt", "branch": HN}),
    ("bank_account", BANK, {"code": "0011", "name": "Tài khoản VCB", "bank_name": "Vietcombank"}),
]  # fmt: skip


def specs() -> Mapping[str, VoucherSpec]:
    """All voucher specs."""
    return {code: found.spec for code, found in registry.voucher_types().items()}


def journal(number: str = "", branch: str = HN, amount: int = 1_000_000, **changed: Any) -> dict[str, Any]:
    """A journal voucher: capital paid in to the customer's account, one line."""
    body: dict[str, Any] = {
        "type": "journal",
        "branch": branch,
        "number": number,
        "voucher_date": "2026-03-05",
        "accounting_date": "2026-03-05",
        "description": "Bán hàng chưa thu tiền",
        "lines": [{"debit_account": "131", "credit_account": "5111", "amount": str(amount), "debit_partner": CUSTOMER}],
    }
    body.update(changed)
    return {name: value for name, value in body.items() if value != ""}


class Sender:
    """One replica of one tenant, talking to accept without a network."""

    def __init__(self, store: CloudStore, ref: TenantRef, replica: str, user: str = "chief") -> None:
        self.store = store
        self.ref = ref
        self.replica = replica
        self.user = user
        self.epoch = 1
        self.n = 0
        self.acceptor = Acceptor(store, specs())

    def operation(self, kind: str, object_kind: str, ident_: str, act: str, **given: Any) -> Operation:
        """The next operation, sealed. `body` is a dict; `base` a version, `after` an operation it is based on."""
        self.n += 1
        body = given.pop("body", None)
        base = Base(given.pop("base", 0), given.pop("after", 0))
        return sealed(
            Operation(
                replica=self.replica,
                epoch=self.epoch,
                n=self.n,
                act_id=given.pop("act_id", ident()),
                user=given.pop("user", self.user),
                made_at=NOW,
                schema=1,
                kind=kind,
                object_kind=object_kind,
                id=ident_,
                act=act,
                base=base,
                body=msgspec.Raw(body if isinstance(body, bytes) else msgspec.json.encode(body) if body else b""),
                **given,
            )
        )

    def save(self, ident_: str, body: dict[str, Any] | bytes, **given: Any) -> Operation:
        """A saved voucher."""
        kind = body.get("type", "journal") if isinstance(body, dict) else "journal"
        return self.operation(VOUCHER, kind, ident_, given.pop("act", SAVE), body=body, **given)

    def act(self, ident_: str, act: str, **given: Any) -> Operation:
        """Post, unpost or delete a voucher."""
        if act in (POST, UNPOST):
            given.setdefault("books", ["financial"])
        return self.operation(VOUCHER, "journal", ident_, act, **given)

    def entry(self, kind: str, ident_: str, body: dict[str, Any] | None, **given: Any) -> Operation:
        """A saved (or, without a body, deleted) catalog entry."""
        return self.operation(CATALOG, kind, ident_, SAVE if body is not None else DELETE, body=body, **given)

    def push(self, *operations: Operation) -> list[Outcome]:
        """Their outcomes; the whole batch has to be taken."""
        answer = self.send(operations)
        assert answer.fault is None, answer.fault
        return answer.outcomes

    def send(self, operations: Sequence[Operation]) -> Accepted:
        """The answer, whatever it is."""
        return self.acceptor.push(self.ref, self.replica, list(operations))


def memory_store() -> MemoryStore:
    """An empty store whose clock stands a second later at every look."""
    ticks = itertools.count()
    return MemoryStore(
        lambda: f"2026-11-22T{3 + (at := next(ticks)) // 3600 % 20:02d}:{at // 60 % 60:02d}:{at % 60:02d}.000Z"
    )


def enrol(store: CloudStore, ref: TenantRef, branches: tuple[str, ...] = (), replica: str = "") -> str:
    """A new replica of a tenant; its id."""
    replica = replica or ident()
    code = hashlib.sha256(replica.encode()).hexdigest()
    store.add_code(ref, CodeRow(code, "Văn phòng", branches, LATER))
    assert store.use_code(ref, code, NOW, ReplicaRow(replica, "", b"\0" * 32)) is not None
    return replica


def company(
    store: CloudStore, code: str = "minhphat", make: Callable[[CloudStore, TenantRef, str], Sender] = Sender
) -> Sender:
    """A tenant with its catalogs and people, and one office that sees all of it."""
    ref = store.create_tenant(code, code, TIMELINE, 0)
    assert ref is not None
    for login, role, branches in (
        ("chief", "chief_accountant", ()),
        ("admin", "admin", ()),
        ("clerk", "accountant", (HN,)),
        ("clerk_hcm", "accountant", (HCM,)),
    ):
        store.save_person(ref, PersonRow(login, login, "argon2", role, branches), "test")
    sender = make(store, ref, enrol(store, ref))
    outcomes = sender.push(*(sender.entry(kind, ident_, body) for kind, ident_, body in CATALOGS))
    assert {outcome.result for outcome in outcomes} == {"applied"}, outcomes
    return sender
