"""Vouchers over real HTTP on real files: what a browser is promised, from login to the history of a voucher."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support.office import BANK, CUSTOMER, HANOI, PASSWORD, SAIGON, Served, fresh, receipt, save, served


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("office")) as found:
        yield found


@pytest.fixture(scope="module")
def clerk(house: Served) -> httpx.Client:
    return house.client()


def test_login_tells_who_and_which_companies(house: Served) -> None:
    answer = httpx.post(f"{house.url}/api/login", json={"user": "ketoan", "password": PASSWORD})
    told = answer.json()
    assert (told["user"], told["name"], told["language"]) == ("ketoan", "Phạm Quỳnh Anh", "vi")
    assert [(item["code"], item["role"], item["branches"]) for item in told["tenants"]] == [
        ("minhphat", "accountant", [])
    ]
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    by_cookie = httpx.get(f"{house.url}/api/session", cookies={house.rim.cookie_name: told["token"]}).json()
    assert (by_cookie["user"], by_cookie["token"]) == ("ketoan", "")


def test_logout_ends_the_session_at_once(house: Served) -> None:
    browser = httpx.Client(base_url=house.url)
    browser.post("/api/login", json={"user": "ketoan", "password": PASSWORD})
    assert browser.get("/api/session").status_code == 200
    token = dict(browser.cookies)[house.rim.cookie_name]
    assert browser.post("/api/logout").status_code == 204
    answer = httpx.get(f"{house.url}/api/session", headers={"authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_INVALID")


def test_a_receipt_is_saved_and_read_back(clerk: httpx.Client) -> None:
    voucher = fresh()
    answer = save(clerk, receipt(), voucher=voucher, post_to=["financial"])
    assert answer.status_code == 200, answer.text
    saved = answer.json()
    assert (saved["id"], saved["revision"], saved["status"]["sync"]) == (voucher, 1, "local")
    assert saved["number"].startswith("PT")
    read = clerk.get(f"/vouchers/{voucher}").json()
    assert read["body"]["lines"][0] == {
        "description": "Thu tiền hàng tháng 11",
        "debit_account": "1111",
        "credit_account": "131",
        "amount": "15000000",
        "amount_vnd": "15000000",
    }
    assert (read["acts"]["edit"], read["acts"]["unpost"]) == ("", "ACT_NOT_POSTED")
    assert [(item["user"], item["act"], item["revision"]) for item in read["history"]] == [("ketoan", "save", 1)]
    assert read["conflict"] is None


def test_a_retried_save_is_the_same_save(clerk: httpx.Client) -> None:
    voucher, act = fresh(), fresh()
    first = save(clerk, receipt(), voucher=voucher, act_id=act).json()
    again = save(clerk, receipt("1"), voucher=voucher, act_id=act)
    assert again.status_code == 200
    assert (again.json()["revision"], again.json()["number"]) == (1, first["number"])
    assert again.json()["body"]["lines"][0]["amount"] == "15000000"


def test_a_stale_save_is_refused_with_both_forms(house: Served, clerk: httpx.Client) -> None:
    """Somebody else saved after the form was opened: both are shown and nothing typed is lost."""
    voucher, other = fresh(), house.client("ketoantruong")
    save(clerk, receipt(), voucher=voucher)
    assert save(other, receipt("20000000"), voucher=voucher, revision=1).json()["revision"] == 2
    answer = save(clerk, receipt("30000000"), voucher=voucher, revision=1)
    told = answer.json()
    assert (answer.status_code, told["code"]) == (409, "STALE_VERSION")
    assert told["mine"]["lines"][0]["amount"] == "30000000"
    assert (told["theirs"]["author"], told["theirs"]["revision"]) == ("ketoantruong", 2)
    assert told["theirs"]["body"]["lines"][0]["amount"] == "20000000"
    assert save(clerk, receipt("30000000"), voucher=voucher, revision=2).json()["revision"] == 3


def test_a_warning_is_asked_once_and_its_answer_taken(clerk: httpx.Client) -> None:
    """Paying out more than the fund holds is a question here, the company chose to be warned; it names whose it is."""
    fund = fresh()
    drawer = {"code": "QUY-1", "name": "Quỹ văn phòng", "branch": HANOI}
    clerk.put(f"/catalog/fund/{fund}", json={"act_id": fresh(), "base": 0, "body": drawer}).raise_for_status()
    payment = {
        "fund": fund,
        "type": "cash_payment",
        "branch": HANOI,
        "voucher_date": "2026-11-20",
        "accounting_date": "2026-11-20",
        "description": "Mua văn phòng phẩm",
        "lines": [{"debit_account": "6428", "credit_account": "1111", "amount": "999000000"}],
    }
    voucher = fresh()
    asked = save(clerk, payment, voucher=voucher)
    assert (asked.status_code, asked.json()["code"]) == (409, "WARNING_ASK")
    assert [warning["code"] for warning in asked.json()["warnings"]] == ["CASH_NEGATIVE"]
    assert asked.json()["warnings"][0]["detail_vi"] == (
        "Chi quá số tồn của tài khoản 1111 (QUY-1 Quỹ văn phòng), VND, Trụ sở Hà Nội, sổ tài chính: còn 0,"
        " âm từ ngày 20/11/2026."
    )
    assert asked.json()["as_of"] == ""  # the moment of the figures it is judged by: never synced, so none
    assert clerk.get(f"/vouchers/{voucher}").status_code == 404
    assert save(clerk, payment, voucher=voucher, answered=["CASH_NEGATIVE"]).status_code == 200


def test_quick_edit_renumber_and_delete(clerk: httpx.Client) -> None:
    voucher = fresh()
    save(clerk, receipt(), voucher=voucher)
    edited = clerk.patch(
        f"/vouchers/{voucher}", json={"act_id": fresh(), "revision": 1, "fields": {"payer": "Ông Bình"}}
    )
    assert (edited.status_code, edited.json()["body"]["payer"]) == (200, "Ông Bình")
    numbered = clerk.patch(
        f"/vouchers/{voucher}", json={"act_id": fresh(), "revision": 2, "fields": {"number": "PT-77"}}
    )
    assert numbered.json()["number"] == "PT-77"
    refused = clerk.patch(f"/vouchers/{voucher}", json={"act_id": fresh(), "revision": 3, "fields": {"lines": []}})
    assert refused.json()["code"] == "ACT_UNAVAILABLE"
    gone = clerk.request("DELETE", f"/vouchers/{voucher}", json={"act_id": fresh(), "revision": 3})
    assert gone.status_code == 200
    assert clerk.get(f"/vouchers/{voucher}").json()["deleted"] is True


def test_posting_is_asked_and_refused_by_the_life_table(clerk: httpx.Client) -> None:
    voucher = fresh()
    save(clerk, receipt(), voucher=voucher)
    posted = clerk.post(f"/vouchers/{voucher}/post", json={"act_id": fresh(), "revision": 1, "book": "financial"})
    assert posted.status_code == 200, posted.text
    unposted = clerk.post(f"/vouchers/{voucher}/unpost", json={"act_id": fresh(), "revision": 1})
    assert (unposted.status_code, unposted.json()["code"]) == (409, "ACT_NOT_POSTED")
    unresolved = clerk.post(f"/vouchers/{voucher}/resolve", json={"act_id": fresh(), "choice": "mine"})
    assert (unresolved.status_code, unresolved.json()["code"]) == (409, "ACT_UNAVAILABLE")


def test_a_new_voucher_begins_with_defaults_and_a_number(clerk: httpx.Client) -> None:
    told = clerk.get("/vouchers/new", params={"type": "cash_receipt", "branch": SAIGON}).json()
    assert told["row_defaults"]["lines"]["debit_account"] == "1111"
    assert told["body"]["branch"] == SAIGON
    assert told["number"] == "PT00001"  # Sài Gòn has a series of its own
    assert clerk.get("/vouchers/new", params={"type": "nothing"}).json()["code"] == "TYPE_UNKNOWN"
    opening = clerk.get("/vouchers/new", params={"type": "opening", "branch": HANOI}).json()
    assert opening["body"]["accounting_date"] == "2025-12-31"  # the day before the books begin


def test_printing_and_reports_come_as_files(clerk: httpx.Client) -> None:
    voucher = fresh()
    save(clerk, receipt(), voucher=voucher)
    paper = clerk.get("/print", params={"ids": voucher, "paper": "A5", "copies": 2})
    assert (paper.status_code, paper.headers["content-type"], paper.content[:5]) == (200, "application/pdf", b"%PDF-")
    period = {"from": "2026-01-01", "to": "2026-11-30"}
    page = clerk.get("/reports/trial_balance", params=period).json()
    assert page["form"]["number"] == "S06-DN"
    assert page["pending"] >= 1  # nothing has been posted: no cloud is here, and the figures say so
    assert clerk.get("/reports/trial_balance.pdf", params=period).content[:5] == b"%PDF-"
    assert clerk.get("/reports/trial_balance.xlsx", params=period).content[:2] == b"PK"
    assert clerk.get("/print", params={"ids": fresh()}).json()["code"] == "VOUCHER_UNKNOWN"
    assert clerk.get("/print", params={"ids": voucher, "paper": "A9"}).json()["code"] == "CHOICE_INVALID"


@pytest.mark.parametrize(
    ("parameters", "status", "code", "field"),
    [
        ({}, 422, "FIELD_REQUIRED", "from"),
        ({"from": "2026-02-30", "to": "2026-03-01"}, 422, "DAY_INVALID", "from"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, 422, "PARAMETER_INVALID", "to"),
        ({"from": "2026-03-01", "to": "2026-03-31", "branch": BANK}, 422, "ACCOUNT_UNKNOWN", "account"),
        ({"from": "2026-03-01", "to": "2026-03-31", "account": "999"}, 422, "ACCOUNT_UNKNOWN", "account"),
    ],
)
def test_a_report_says_what_is_wrong_with_its_parameters(
    clerk: httpx.Client, parameters: dict[str, str], status: int, code: str, field: str
) -> None:
    if code == "ACCOUNT_UNKNOWN":
        parameters = {"account": "999"} | parameters
    answer = clerk.get("/reports/account_ledger", params=parameters)
    found = {(item["code"], item["field"]) for item in answer.json()["faults"]}
    assert answer.status_code == status
    assert (code, field) in found


def test_similar_vouchers_are_found_without_accents(clerk: httpx.Client) -> None:
    save(clerk, receipt(description="Thu tiền đặt cọc thuê kho"))
    found = clerk.get("/suggest", params={"type": "cash_receipt", "text": "dat coc"}).json()
    assert found[0]["description"] == "Thu tiền đặt cọc thuê kho"
    assert found[0]["body"]["partner"] == CUSTOMER
    assert clerk.get("/suggest", params={"type": "cash_receipt", "text": "không có gì như thế"}).json() == []


def test_sessions_outlive_the_server(tmp_path: Path) -> None:
    """A token stays good when the server is started again: it is kept in the office's file, as a hash."""
    with served(tmp_path) as first:
        client = first.client()
        header = dict(client.headers)["authorization"]
        done = save(client, receipt()).json()
    with served(tmp_path) as second:
        again = httpx.get(f"{second.url}/api/t/minhphat/vouchers/{done['id']}", headers={"authorization": header})
        assert (again.status_code, again.json()["number"]) == (200, done["number"])
    token = header.removeprefix("Bearer ").encode()
    files = [path.read_bytes() for path in tmp_path.iterdir() if path.is_file()]
    assert not any(token in content for content in files)
