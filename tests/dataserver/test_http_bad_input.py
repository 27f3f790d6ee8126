"""Bad input: each gets a fault with code, field and cure, and nothing is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from socai.dataserver.store import outbox
from support.office import (
    CUSTOMER,
    HANOI,
    OTHER_TENANT,
    SAIGON,
    TENANT,
    VENDOR,
    Served,
    fresh,
    receipt,
    save,
    served,
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("office"), tenants=(TENANT, OTHER_TENANT)) as found:
        yield found


@pytest.fixture(scope="module")
def clerk(house: Served) -> httpx.Client:
    return house.client()


def stored(house: Served) -> tuple[int, ...]:
    """How much every tenant's file holds: vouchers, their forms, operations, audit rows, counters."""
    counts = []
    for books in house.office.tenants():
        with books.file.read() as db:
            for table in ("voucher", "voucher_body", "outbox", "audit", "number_series", "catalog_entry"):
                counts.append(int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]))
            counts.append(outbox.counts(db)[0])
    return tuple(counts)


def line(**cells: Any) -> dict[str, Any]:
    """The receipt's line with other cells; None leaves a cell out."""
    row = {"debit_account": "1111", "credit_account": "131", "amount": "1000000"} | cells
    return receipt(lines=[{name: value for name, value in row.items() if value is not None}])


WRONG: list[tuple[str, dict[str, Any], int, str, str]] = [
    ("unknown account", line(credit_account="999"), 422, "ACCOUNT_UNKNOWN", "lines.1.credit_account"),
    ("parent account", line(debit_account="111"), 422, "ACCOUNT_NOT_LEAF", "lines.1.debit_account"),
    ("account of another kind", line(debit_account="6428"), 422, "ACCOUNT_NOT_ALLOWED", "lines.1.debit_account"),
    ("no partner on 131", receipt(partner=""), 422, "DETAIL_REQUIRED", "lines.1.credit_partner"),
    ("both sides alike", line(credit_account="1111"), 422, "ACCOUNT_SAME", "lines.1"),
    ("no amount", line(amount=None), 422, "AMOUNT_EMPTY", "lines.1.amount"),
    ("empty amount", line(amount=""), 422, "AMOUNT_EMPTY", "lines.1.amount"),
    ("zero amount", line(amount="0"), 422, "AMOUNT_EMPTY", "lines.1.amount"),
    ("half a đồng", line(amount="1000.5"), 422, "AMOUNT_FRACTIONAL", "lines.1.amount"),
    ("a JSON fraction", line(amount=1000.5), 422, "AMOUNT_INVALID", "lines.1.amount"),
    ("words", line(amount="một triệu"), 422, "AMOUNT_INVALID", "lines.1.amount"),
    ("an absurd amount", line(amount="9" * 30), 422, "AMOUNT_TOO_LARGE", "lines.1.amount"),
    ("a list for an amount", line(amount=[1]), 422, "AMOUNT_INVALID", "lines.1.amount"),
    ("negative amount", line(amount="-1000000"), 422, "AMOUNT_NEGATIVE", "lines.1.amount"),
    ("no such day", receipt(day="2026-02-30"), 422, "DAY_INVALID", "voucher_date"),
    ("a day in words", receipt(day="hôm nay"), 422, "DAY_INVALID", "voucher_date"),
    ("no day", receipt(accounting_date=""), 422, "FIELD_REQUIRED", "accounting_date"),
    ("a day outside the years", receipt(day="2027-01-01"), 422, "DATE_OUTSIDE_YEAR", "accounting_date"),
    ("before the books", receipt(day="2025-12-31"), 422, "DATE_BEFORE_BOOKS", "accounting_date"),
    ("unknown partner", receipt(partner=HANOI), 422, "CATALOG_UNKNOWN", "partner"),
    ("unknown branch", receipt(branch=CUSTOMER), 422, "CATALOG_UNKNOWN", "branch"),
    ("no branch", receipt(branch=""), 422, "FIELD_REQUIRED", "branch"),
    ("unknown type", receipt(type="nothing"), 422, "TYPE_UNKNOWN", "type"),
    ("unknown currency", receipt(currency="USX"), 422, "CURRENCY_UNKNOWN", "currency"),
    ("đồng at a rate", receipt(rate="25450"), 422, "RATE_NOT_ONE", "rate"),
    ("unknown field", receipt(colour="red"), 422, "FIELD_UNKNOWN", "colour"),
    ("text too long", receipt(description="x" * 2000), 422, "TEXT_TOO_LONG", "description"),
    ("a control character", receipt(description="a\x00b"), 422, "TEXT_INVALID", "description"),
    ("no lines", receipt(lines=[]), 422, "LINES_EMPTY", "lines"),
    ("lines that are no list", receipt(lines="x"), 422, "TEXT_INVALID", "lines"),
    ("a line that is no object", receipt(lines=[1]), 422, "TEXT_INVALID", "lines.1"),
    ("10,001 lines", receipt(lines=receipt()["lines"] * 10_001), 422, "LINES_TOO_MANY", "lines"),
]


@pytest.mark.parametrize(("body", "status", "code", "field"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_a_wrong_voucher_is_refused_whole(
    house: Served, clerk: httpx.Client, body: dict[str, Any], status: int, code: str, field: str
) -> None:
    before, voucher = stored(house), fresh()
    answer = save(clerk, body, voucher=voucher, post_to=["financial"])
    refused(answer, status, code, field)
    assert stored(house) == before
    assert clerk.get(f"/vouchers/{voucher}").json()["code"] == "VOUCHER_UNKNOWN"


def refused(answer: httpx.Response, status: int, code: str, field: str) -> None:
    """A problem with code, field, sentence and cure in both languages."""
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (answer.status_code, told["status"]) == (status, status), told
    found = [item for item in told["faults"] if (item["code"], item["field"]) == (code, field)]
    assert found, told["faults"]
    for name in ("detail_vi", "detail_en", "cure_vi", "cure_en"):
        assert found[0][name].strip()
        assert "{" not in found[0][name]


RAW: list[tuple[str, bytes, int, str]] = [
    ("malformed", b'{"act_id": "', 400, "JSON_INVALID"),
    ("not JSON", b"hello", 400, "JSON_INVALID"),
    ("not UTF-8", b'{"act_id": "\xff\xfe"}', 400, "JSON_INVALID"),
    ("half a surrogate pair", b'{"act_id": "\\ud800", "revision": 0, "body": {}}', 400, "JSON_INVALID"),
    ("nested without end", b'{"act_id":"a","revision":0,"body":' + b'{"a":' * 60_000 + b"1", 400, "JSON_INVALID"),
    ("empty", b"", 400, "REQUEST_INVALID"),
    ("a list", b"[]", 400, "REQUEST_INVALID"),
    ("no act id", b'{"revision": 0, "body": {}}', 400, "REQUEST_INVALID"),
    ("a revision in words", b'{"act_id": "a", "revision": "x", "body": {}}', 400, "REQUEST_INVALID"),
    ("a negative revision", b'{"act_id": "a", "revision": -1, "body": {}}', 400, "REQUEST_INVALID"),
    ("a revision beyond all", b'{"act_id": "a", "revision": ' + b"9" * 400 + b', "body": {}}', 400, "REQUEST_INVALID"),
    ("a body that is none", b'{"act_id": "a", "revision": 0, "body": []}', 400, "REQUEST_INVALID"),
    ("a member too many", b'{"act_id": "a", "revision": 0, "body": {}, "x": 1}', 400, "REQUEST_INVALID"),
    ("5 MB", b" " * 5_000_000, 413, "BODY_TOO_LARGE"),
]


@pytest.mark.parametrize(("content", "status", "code"), [row[1:] for row in RAW], ids=[row[0] for row in RAW])
def test_a_misshapen_request_is_refused(
    house: Served, clerk: httpx.Client, content: bytes, status: int, code: str
) -> None:
    before = stored(house)
    answer = clerk.put(f"/vouchers/{fresh()}", content=content, headers={"content-type": "application/json"})
    told = answer.json()
    assert (answer.status_code, told["code"]) == (status, code), told
    assert told["cure_vi"]
    assert stored(house) == before


def test_a_body_that_comes_in_pieces_is_limited_too(house: Served) -> None:
    """Without a length in front, the limit counts what arrives; the line is not used again after that."""
    answer = house.client().put(f"/vouchers/{fresh()}", content=(b" " * 100_000 for _ in range(50)))
    assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")


def test_identifiers_are_checked(house: Served, clerk: httpx.Client) -> None:
    before = stored(house)
    refused(save(clerk, receipt(), voucher="123"), 422, "IDENT_INVALID", "id")
    refused(save(clerk, receipt(), act_id="x"), 422, "IDENT_INVALID", "act_id")
    refused(save(clerk, receipt(), revision=7), 404, "VOUCHER_UNKNOWN", "id")
    refused(save(clerk, receipt(), post_to=["third"]), 422, "BOOK_UNKNOWN", "post_to")
    assert stored(house) == before


def test_a_wrong_token_opens_nothing(house: Served) -> None:
    for headers in ({}, {"authorization": "Bearer nonsense"}, {"authorization": "Basic a2V0b2Fu"}, {"cookie": "x=y"}):
        answer = httpx.get(f"{house.url}/api/t/{TENANT}/vouchers", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_INVALID")
        assert answer.json()["cure_vi"] == "Đăng nhập lại."


def test_another_tenant_is_not_told_from_none(house: Served, clerk: httpx.Client) -> None:
    """The clerk's password does not open the other company, although a clerk of that name is there too."""
    before = stored(house)
    answers = []
    for tenant in (OTHER_TENANT, "nowhere", "MINHPHAT"):
        for method, path in (("GET", "vouchers"), ("GET", "spec"), ("GET", "events"), ("GET", f"vouchers/{fresh()}")):
            answer = clerk.request(method, f"{house.url}/api/t/{tenant}/{path}")
            answers.append((answer.status_code, answer.json()["code"]))
        content = json.dumps({"act_id": fresh(), "revision": 0, "body": receipt()})
        answer = clerk.put(f"{house.url}/api/t/{tenant}/vouchers/{fresh()}", content=content)
        answers.append((answer.status_code, answer.json()["code"]))
    assert set(answers) == {(404, "TENANT_UNKNOWN")}
    assert stored(house) == before


def test_a_branch_that_is_not_granted_is_out_of_sight(house: Served, clerk: httpx.Client) -> None:
    hanoi = house.client("ketoan.hn")
    mine, theirs = fresh(), fresh()
    save(clerk, receipt(), voucher=mine)
    assert save(clerk, receipt(branch=SAIGON), voucher=theirs).status_code == 200
    before = stored(house)
    refused(save(hanoi, receipt(branch=SAIGON)), 422, "BRANCH_UNKNOWN", "branch")
    assert hanoi.get(f"/vouchers/{theirs}").json()["code"] == "VOUCHER_UNKNOWN"
    assert hanoi.get("/print", params={"ids": theirs}).json()["code"] == "VOUCHER_UNKNOWN"
    act = {"act_id": fresh(), "revision": 1}
    assert hanoi.request("DELETE", f"/vouchers/{theirs}", json=act).json()["code"] == "BRANCH_UNKNOWN"
    assert hanoi.get("/vouchers", params={"branch": SAIGON}).json()["code"] == "BRANCH_UNKNOWN"
    seen = {row["branch"] for row in hanoi.get("/vouchers").json()["items"]}
    assert seen == {HANOI}
    assert {row["id"] for row in hanoi.get("/spec").json()["branches"]} == {HANOI}
    period = {"from": "2026-01-01", "to": "2026-12-31", "branch": SAIGON}
    assert hanoi.get("/reports/trial_balance", params=period).json()["code"] == "BRANCH_UNKNOWN"
    assert stored(house) == before


@pytest.mark.parametrize(
    ("path", "parameters", "code"),
    [
        ("/vouchers", {"from": "x"}, "DAY_INVALID"),
        ("/vouchers", {"amount_min": "abc"}, "AMOUNT_INVALID"),
        ("/vouchers", {"amount_max": "9" * 40}, "AMOUNT_TOO_LARGE"),
        ("/vouchers", {"state": "lost"}, "CHOICE_INVALID"),
        ("/vouchers", {"after": "x"}, "PARAMETER_INVALID"),
        ("/vouchers", {"limit": "100000"}, "REQUEST_INVALID"),
        ("/vouchers", {"limit": "-1"}, "REQUEST_INVALID"),
        ("/vouchers", {"q": "x" * 10_000}, "REQUEST_INVALID"),
        ("/catalog/nothing", {}, "TYPE_UNKNOWN"),
        (f"/catalog/partner/{VENDOR[:-1]}9", {}, "CATALOG_UNKNOWN"),
        ("/nothing", {}, "PATH_UNKNOWN"),
    ],
)
def test_a_wrong_question_is_told(clerk: httpx.Client, path: str, parameters: dict[str, str], code: str) -> None:
    told = clerk.get(path, params=parameters).json()
    assert told["code"] == code
    assert told["cure_vi"]
