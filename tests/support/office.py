"""An office without a cloud: real files with a sample company in them, served over real HTTP.

Run by hand for work on the web client: python -m tests.support.office DIR PORT
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher

from socai.dataserver.clock import Clock, new_ident
from socai.dataserver.desk import Saved
from socai.dataserver.http.app import make_app
from socai.dataserver.http.seat import Rim
from socai.dataserver.office import Office
from socai.dataserver.run import rim_over
from socai.edge import log
from socai.edge.serving import Address, Serving, free_port, serve
from socai.sync.grant import Grant
from socai.sync.message import Person

TENANT, OTHER_TENANT = "minhphat", "phucan"
COMPANY_NAME = "Công ty TNHH Thương mại Minh Phát"
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


def make_office(
    folder: Path, *, clock: Clock | None = None, company: bool = True, tenants: tuple[str, ...] = (TENANT,)
) -> Office:
    """Open a folder's office, making its files, its people and its sample company the first time."""
    office = Office(folder, clock=clock)
    for code in tenants:
        if office.tenant(code) is not None:
            continue
        books = office.enrol_local(code, COMPANY_NAME if code == TENANT else code)
        password = FAST.hash(PASSWORD if code == TENANT else PASSWORD + code)
        office.people.put(code, [Person(user, name, password, role, branches) for user, name, role, branches in PEOPLE])
        for kind, key, body in COMPANY if company and code == TENANT else ():
            saved = books.save_entry(CHIEF, new_ident(office.clock.now()), kind, key, 0, body)
            assert isinstance(saved, Saved), saved
    return office


_numbers = itertools.count(1_000_000)


def fresh() -> str:
    """An identifier nobody has used."""
    return ident(next(_numbers))


def receipt(amount: object = "15000000", day: str = "2026-11-20", **more: Any) -> dict[str, Any]:
    """A cash receipt from the sample customer."""
    line = {"debit_account": "1111", "credit_account": "131", "amount": amount}
    return {
        "type": "cash_receipt",
        "branch": HANOI,
        "voucher_date": day,
        "accounting_date": day,
        "partner": CUSTOMER,
        "partner_name": "Công ty Cổ phần Xây dựng Đông Đô",
        "description": "Thu tiền hàng tháng 11",
        "fund": FUND,
        "lines": [line],
        **more,
    }


@dataclass
class Served:
    """An office that answers at a real address."""

    office: Office
    rim: Rim
    url: str

    def client(self, user: str = "ketoan", tenant: str = TENANT) -> httpx.Client:
        """Somebody's browser, logged in by token, its paths below the tenant."""
        password = PASSWORD if tenant == TENANT else PASSWORD + tenant
        answer = httpx.post(f"{self.url}/api/login", json={"user": user, "password": password})
        assert answer.status_code == 200, answer.text
        headers = {"authorization": f"Bearer {answer.json()['token']}"}
        return httpx.Client(base_url=f"{self.url}/api/t/{tenant}", headers=headers, timeout=30)


@contextmanager
def served(folder: Path, **options: Any) -> Iterator[Served]:
    """A sample office served over HTTP while the block runs."""
    office = make_office(folder, **options)
    port = free_port()
    rim = rim_over(office, port)
    try:
        with Serving(make_app(rim), Address(port=port), rim.hub.close) as serving:
            yield Served(office, rim, serving.address.url)
    finally:
        office.close()


def save(client: httpx.Client, body: dict[str, Any], **more: Any) -> httpx.Response:
    """Save a voucher as a browser does; a new one unless `voucher` and `revision` say otherwise."""
    content = {
        "act_id": more.pop("act_id", "") or fresh(),
        "revision": more.pop("revision", 0),
        "body": body,
    }
    return client.put(f"/vouchers/{more.pop('voucher', '') or fresh()}", json=content | more)


def main() -> None:
    """Serve a sample office until interrupted."""
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    log.configure("info")
    with make_office(folder) as office:
        rim = rim_over(office, port)
        origins = ("http://localhost:5173", "http://127.0.0.1:5173")
        print(f"http://127.0.0.1:{port}  {', '.join(user for user, *_ in PEOPLE)} / {PASSWORD}", flush=True)
        serve(make_app(rim, known_origins=origins), Address(port=port), on_stop=rim.hub.close)


if __name__ == "__main__":
    main()
