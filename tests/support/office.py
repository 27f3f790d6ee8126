"""An office without a cloud: real files with a sample company in them, served over real HTTP.

Run by hand for work on the web client: python -m tests.support.office DIR PORT
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher

from socai import __version__
from socai.dataserver import entry
from socai.dataserver.clock import Clock, SystemClock, new_ident
from socai.dataserver.desk import Desk, Saved
from socai.dataserver.http.app import make_app
from socai.dataserver.http.event import Hub
from socai.dataserver.http.seat import Rim
from socai.dataserver.people import People
from socai.dataserver.store import meta
from socai.dataserver.store.replica import Replica
from socai.edge.serving import Address, serve
from socai.sync.grant import Grant
from socai.sync.message import Person

TENANT, OTHER_TENANT = "minhphat", "phucan"
PASSWORD = "Minh-Phat-2026"
CHIEF = Grant("chief", "admin")
FAST = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


def ident(number: int) -> str:
    """A canonical identifier; the same number gives the same one."""
    return f"0199bbbb-0000-7000-8000-{number:012d}"


HANOI, SAIGON = ident(1), ident(2)
FUND, FUND_SAIGON, BANK = ident(11), ident(12), ident(13)
CUSTOMER, VENDOR, EMPLOYEE = ident(21), ident(22), ident(23)
EXPENSE, DEPARTMENT = ident(31), ident(32)

PEOPLE = (
    ("admin", "Đỗ Hoàng Long", "admin", []),
    ("ketoantruong", "Trần Thị Thu Hà", "chief_accountant", []),
    ("ketoan", "Phạm Quỳnh Anh", "accountant", []),
    ("ketoan.hn", "Lê Ngọc Lan", "accountant", [HANOI]),
)

COMPANY: list[tuple[str, str, dict[str, Any]]] = [
    (
        "company",
        "company",
        {
            "name": "Công ty TNHH Thương mại Minh Phát",
            "address": "Số 18 phố Duy Tân, phường Cầu Giấy, Hà Nội",
            "tax_code": "0107243654",
            "director": "Nguyễn Văn Minh",
            "chief_accountant": "Trần Thị Thu Hà",
            "cashier": "Lê Thị Ngọc Lan",
            "year_first_month": 1,
            "books_first_day": "2026-01-01",
            "negative_cash": "warn",
            "duplicate_invoice": "warn",
            "post_on_save": True,
        },
    ),
    (
        "fiscal_year",
        "2026",
        {"code": "2026", "first_day": "2026-01-01", "last_day": "2026-12-31", "regime": "tt99"},
    ),
    ("branch", HANOI, {"code": "HN", "name": "Trụ sở Hà Nội", "kind": "head_office"}),
    ("branch", SAIGON, {"code": "HCM", "name": "Chi nhánh Thành phố Hồ Chí Minh", "kind": "dependent"}),
    ("currency", "USD", {"code": "USD", "name": "Đô la Mỹ", "decimals": 2, "rates": {"2026-11-20": "26350"}}),
    ("fund", FUND, {"code": "QHN", "name": "Quỹ tiền mặt Hà Nội", "branch": HANOI}),
    ("fund", FUND_SAIGON, {"code": "QHCM", "name": "Quỹ tiền mặt TP.HCM", "branch": SAIGON}),
    (
        "bank_account",
        BANK,
        {"code": "0011004123456", "name": "VCB - Hà Nội", "bank_name": "Vietcombank", "branch": HANOI},
    ),
    ("department", DEPARTMENT, {"code": "HC", "name": "Phòng hành chính", "branch": HANOI}),
    ("expense_item", EXPENSE, {"code": "VPP", "name": "Văn phòng phẩm"}),
    (
        "partner",
        CUSTOMER,
        {
            "code": "KH001",
            "name": "Công ty Cổ phần Xây dựng Đông Đô",
            "address": "Số 5 phố Trần Thái Tông, Cầu Giấy, Hà Nội",
            "tax_code": "0101874325",
            "is_customer": True,
        },
    ),
    (
        "partner",
        VENDOR,
        {
            "code": "NCC001",
            "name": "Công ty TNHH Máy văn phòng Sao Mai",
            "address": "Số 27 phố Lý Nam Đế, Hoàn Kiếm, Hà Nội",
            "tax_code": "0102345678",
            "is_vendor": True,
        },
    ),
    ("partner", EMPLOYEE, {"code": "NV001", "name": "Phạm Quỳnh Anh", "is_employee": True}),
]


@dataclass
class LocalBooks:
    """One tenant's file."""

    name: str
    desk: Desk


@dataclass
class LocalOffice:
    """Tenants in a folder, enrolled with no cloud."""

    folder: Path
    file: Replica
    books: dict[str, LocalBooks] = field(default_factory=dict)

    def tenant(self, code: str) -> LocalBooks | None:
        return self.books.get(code)

    def storage_ok(self) -> bool:
        return not any(item.desk.file.broken for item in self.books.values())

    def close(self) -> None:
        for item in self.books.values():
            item.desk.file.close()
        self.file.close()


def make_office(
    folder: Path, *, clock: Clock | None = None, company: bool = True, tenants: tuple[str, ...] = (TENANT,)
) -> LocalOffice:
    """Open a folder's office, making its files, its people and its sample company the first time."""
    clock = clock or SystemClock()
    office = LocalOffice(folder, Replica(folder / "office.db", kind="office"))
    people = People(office.file, clock, FAST)
    for code in tenants:
        desk = Desk(code, Replica(folder / code / "replica.db"), clock)
        office.books[code] = LocalBooks("Công ty TNHH Thương mại Minh Phát" if code == TENANT else code, desk)
        with desk.file.read() as db:
            fresh = not meta.text(db, "replica")
        if fresh:
            facts: dict[str, str | int] = {"replica": new_ident(clock.now()), "epoch": 1, "next_n": 1, "tenant": code}
            desk.file.write(lambda db, facts=facts: meta.put(db, facts))
            password = FAST.hash(PASSWORD if code == TENANT else PASSWORD + code)
            people.put(code, [Person(user, name, password, role, branches) for user, name, role, branches in PEOPLE])
            for kind, key, body in COMPANY if company and code == TENANT else ():
                saved = entry.save_entry(desk, CHIEF, new_ident(clock.now()), kind, key, 0, body)
                assert isinstance(saved, Saved), saved
    return office


def make_rim(office: LocalOffice, clock: Clock | None = None) -> Rim:
    """The office with its people and its live status, ready to be served."""
    people = People(office.file, clock, FAST)
    found = office.tenant

    def desk_of(code: str) -> Desk | None:
        books = found(code)
        return books.desk if books else None

    hub = Hub(desk_of, lambda code: {"online": False, "pending": 0})
    for books in office.books.values():
        books.desk.listeners.append(hub.tell)
    return Rim(office, people, hub, __version__)


def main() -> None:
    """Serve a sample office until interrupted."""
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    office = make_office(folder)
    rim = make_rim(office)
    origins = ("http://localhost:5173", "http://127.0.0.1:5173")
    print(f"http://127.0.0.1:{port}  {', '.join(user for user, *_ in PEOPLE)} / {PASSWORD}", flush=True)
    serve(make_app(rim, known_origins=origins), Address(port=port), on_stop=rim.hub.close)
    office.close()


if __name__ == "__main__":
    main()
