"""Row 10: a report read from the cloud shows a person of an office what both may see, and refuses everybody else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest

from cloud.test_feed_contract import post_all
from cloud.test_http import Cloud, Machine, code_of, tenant
from socai.cloud.people import PersonWish, add_user
from socai.cloud.run import serving
from socai.cloud.store.migration import migrate
from socai.cloud.store.postgres import PostgresStore
from socai.sync.message import encode
from socai.sync.report import ReportAnswer, ReportWish
from support.sender import HCM, HN, company, ident, journal

MARCH = {"from": "2026-03-01", "to": "2026-03-31"}


@pytest.fixture(scope="module")
def database(postgres_server: Any) -> Iterator[str]:
    """One database for the module: nothing here writes after the books are made."""
    import psycopg

    with psycopg.connect(postgres_server.dsn(), autocommit=True) as connection:
        connection.execute("create database cloud_report")
        yield postgres_server.dsn("cloud_report")
        connection.execute("drop database cloud_report with (force)")


@pytest.fixture(scope="module")
def cloud(database: str) -> Iterator[Cloud]:
    """Two branches, each with vouchers of its own in March."""
    migrate(database)
    store = PostgresStore(database, size_max=4)
    try:
        office = company(store)
        for branch, amount in ((HN, 700), (HN, 30), (HCM, 50)):
            office.push(office.save(ident(), journal(f"N{amount}", branch, amount), post_to=["financial"]))
        post_all(store)
        add_user(store, office.ref, PersonWish("hcm", "Người Sài Gòn", "accountant", [HCM], password="mat-khau-dai"))
        wish = PersonWish("gone", "Đã nghỉ", "accountant", password="mat-khau-dai", active=False)
        add_user(store, office.ref, wish)
        with serving(database) as url, httpx.Client(timeout=30) as http:
            yield Cloud(url, store, office.ref, http)
    finally:
        store.close()


def ask(machine: Machine, user: str = "chief", code: str = "general_journal", **more: Any) -> httpx.Response:
    wish = ReportWish(user, code, more.pop("parameters", MARCH), **more)
    return machine.ask("POST", "/sync/report", encode(wish))


def read(answer: httpx.Response) -> ReportAnswer:
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=ReportAnswer)


def numbers(answer: httpx.Response) -> list[str]:
    return sorted({str(row.cells["voucher_number"]) for row in read(answer).rows if row.voucher})


def test_the_rows_of_a_page_name_their_vouchers_and_sums_are_of_the_whole(cloud: Cloud) -> None:
    machine = cloud.machine()
    first = read(ask(machine, limit=2))
    assert len(first.rows) <= 3
    assert first.next
    assert first.totals["debit"] == 700 + 30 + 50
    assert first.as_of
    seen, after = [row for row in first.rows if row.voucher], first.next
    while after:
        page = read(ask(machine, limit=2, after=after))
        seen += [row for row in page.rows if row.voucher]
        after = page.next
    assert len(seen) == 6  # two rows an entry


def test_an_office_and_a_person_see_their_branches_only(cloud: Cloud) -> None:
    everywhere, north = cloud.machine(), cloud.machine(branches=(HN,))
    assert numbers(ask(everywhere)) == ["N30", "N50", "N700"]
    assert numbers(ask(north)) == ["N30", "N700"]
    assert numbers(ask(everywhere, "hcm")) == ["N50"]
    assert numbers(ask(everywhere, branches=[HCM])) == ["N50"]
    assert numbers(ask(everywhere, parameters=MARCH | {"branch": HN})) == ["N30", "N700"]
    for refused in (
        ask(north, "hcm"),
        ask(north, branches=[HCM]),
        ask(north, parameters=MARCH | {"branch": HCM}),
        ask(everywhere, "hcm", parameters=MARCH | {"branch": HN}),
    ):
        assert code_of(refused) == "BRANCH_UNKNOWN"


def test_nobody_and_nonsense_are_refused(cloud: Cloud) -> None:
    machine = cloud.machine()
    for user in ("nobody", "gone", ""):
        answer = ask(machine, user)
        assert (answer.status_code, code_of(answer)) == (403, "RIGHT_MISSING")
    assert code_of(ask(machine, code="nothing")) == "REPORT_UNKNOWN"
    assert code_of(ask(machine, parameters={"from": "yesterday", "to": "2026-03-31"})) == "DAY_INVALID"
    assert code_of(ask(machine, after="nonsense")) == "PARAMETER_INVALID"
    assert code_of(ask(machine, limit=0)) == "PARAMETER_INVALID"
    assert machine.ask("POST", "/sync/report", b"{}", signed=b"[]").status_code == 401
    assert code_of(machine.ask("POST", "/sync/report", b"[]")) == "REQUEST_INVALID"


def test_another_company_reads_its_own_books(cloud: Cloud) -> None:
    other = tenant(cloud.store, "phucan")
    machine = cloud.machine(other)
    assert [row for row in read(ask(machine)).rows if row.voucher] == []
