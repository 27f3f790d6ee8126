"""Lists and catalogs over real HTTP: filters, paging, search without accents, set-up of an empty company, locks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.office import (
    BANK,
    CUSTOMER,
    FUND,
    HANOI,
    SAIGON,
    VENDOR,
    Served,
    fresh,
    receipt,
    save,
    served,
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An office with six vouchers on six days."""
    with served(tmp_path_factory.mktemp("office")) as found:
        client = found.client()
        bodies = [
            receipt("1000000", "2026-01-05"),
            receipt("2000000", "2026-02-10", description="Thu tiền bán máy in", branch=SAIGON),
            receipt("3000000", "2026-03-15", partner_name="Đặng Thị Ánh"),
            receipt("4000000", "2026-04-20"),
            bank(VENDOR, "5000000", "2026-05-25"),
            bank(CUSTOMER, "6000000", "2026-06-30"),
        ]
        for body in bodies:
            answer = save(client, body, answered=["CASH_NEGATIVE"])
            assert answer.status_code == 200, answer.text
        yield found


def bank(partner: str, amount: str, day: str) -> dict[str, Any]:
    """Money that came into the bank account from a partner."""
    account = "331" if partner == VENDOR else "131"
    return {
        "type": "bank_receipt",
        "branch": HANOI,
        "voucher_date": day,
        "accounting_date": day,
        "partner": partner,
        "partner_name": "Khách chuyển khoản",
        "description": "Thu qua ngân hàng",
        "bank_account": BANK,
        "lines": [{"debit_account": "1121", "credit_account": account, "amount": amount}],
    }


@pytest.fixture(scope="module")
def clerk(house: Served) -> httpx.Client:
    return house.client()


@pytest.mark.parametrize(
    ("parameters", "totals"),
    [
        ({}, [6, 5, 4, 3, 2, 1]),  # the newest accounting day first
        ({"type": "cash_receipt"}, [4, 3, 2, 1]),
        ({"type": "cash_receipt,bank_receipt"}, [6, 5, 4, 3, 2, 1]),
        ({"from": "2026-02-10", "to": "2026-04-20"}, [4, 3, 2]),
        ({"amount_min": "3000000", "amount_max": "5000000"}, [5, 4, 3]),
        ({"q": "may in"}, [2]),
        ({"q": "dang anh"}, [3]),
        ({"q": "4.000.000"}, [4]),
        ({"q": "100% '; drop table voucher --"}, []),
        ({"partner": VENDOR}, [5]),
        ({"account": "331"}, [5]),
        ({"account": "11"}, [6, 5, 4, 3, 2, 1]),  # an account with all below it
        ({"account": "112"}, [6, 5]),
        ({"branch": SAIGON}, [2]),
        ({"state": "local"}, [6, 5, 4, 3, 2, 1]),
        ({"state": "unposted"}, [6, 5, 4, 3, 2, 1]),
        ({"state": "posted"}, []),
        ({"state": "conflict"}, []),
        ({"book": "management"}, []),
    ],
)
def test_filters(clerk: httpx.Client, parameters: dict[str, str], totals: list[int]) -> None:
    page = clerk.get("/vouchers", params=parameters).json()
    assert [int(row["total"]) // 1_000_000 for row in page["items"]] == totals
    if "state" not in parameters:
        assert (page["count"], int(page["total"]) // 1_000_000) == (len(totals), sum(totals))


def test_pages_follow_each_other_without_gap_or_repeat(clerk: httpx.Client) -> None:
    for state in ("", "local"):
        seen, after = [], ""
        while True:
            page = clerk.get("/vouchers", params={"limit": 2, "after": after, "state": state}).json()
            seen += [row["total"] for row in page["items"]]
            after = page["next"]
            if not after:
                break
        assert seen == [f"{number}000000" for number in (6, 5, 4, 3, 2, 1)]


def test_previous_and_next_go_by_type_and_day(clerk: httpx.Client) -> None:
    rows = clerk.get("/vouchers", params={"type": "cash_receipt"}).json()["items"]
    newest, second = rows[0]["id"], rows[1]["id"]
    assert clerk.get(f"/vouchers/{newest}").json()["previous"] == second
    assert clerk.get(f"/vouchers/{newest}").json()["next"] == ""
    assert clerk.get(f"/vouchers/{second}").json()["next"] == newest


# ---- catalogs


def test_a_catalog_entry_lives_its_life(clerk: httpx.Client) -> None:
    partner = fresh()
    body = {"code": "KH900", "name": "Đỗ Văn Khánh", "is_customer": True}
    made = clerk.put(f"/catalog/partner/{partner}", json={"act_id": fresh(), "base": 0, "body": body}).json()
    assert (made["revision"], made["status"], made["used"]) == (1, "local", False)
    taken = clerk.put(f"/catalog/partner/{fresh()}", json={"act_id": fresh(), "base": 0, "body": body}).json()
    assert (taken["code"], taken["field"]) == ("CATALOG_CODE_TAKEN", "code")
    changed = body | {"name": "Đỗ Văn Khanh", "active": False}
    stale = clerk.put(f"/catalog/partner/{partner}", json={"act_id": fresh(), "base": 7, "body": changed}).json()
    assert (stale["code"], stale["theirs"]["body"]["name"]) == ("STALE_VERSION", "Đỗ Văn Khánh")
    clerk.put(f"/catalog/partner/{partner}", json={"act_id": fresh(), "base": 1, "body": changed})
    assert [item["id"] for item in clerk.get("/catalog/partner", params={"q": "do khanh"}).json()["items"]] == [partner]
    active = clerk.get("/catalog/partner", params={"active": "true"}).json()["items"]
    assert partner not in [item["id"] for item in active]
    refused = save(clerk, receipt(partner=partner)).json()
    assert (refused["code"], refused["field"]) == ("CATALOG_INACTIVE", "partner")
    gone = clerk.request("DELETE", f"/catalog/partner/{partner}", json={"act_id": fresh()})
    assert gone.status_code == 200
    assert clerk.get(f"/catalog/partner/{partner}").json()["code"] == "CATALOG_UNKNOWN"


def test_a_used_entry_is_not_deleted(clerk: httpx.Client) -> None:
    answer = clerk.request("DELETE", f"/catalog/partner/{CUSTOMER}", json={"act_id": fresh()})
    assert (answer.status_code, answer.json()["code"]) == (409, "CATALOG_USED")
    assert clerk.get(f"/catalog/partner/{CUSTOMER}").json()["used"] is True


def test_catalog_pages_follow_each_other(clerk: httpx.Client) -> None:
    codes, after = [], ""
    while True:
        page = clerk.get("/catalog/account", params={"limit": 40, "after": after}).json()
        codes += [item["code"] for item in page["items"]]
        after = page["next"]
        if not after:
            break
    assert len(codes) == len(set(codes)) > 100
    assert codes == sorted(codes)
    spec = clerk.get("/spec").json()
    assert codes == [account["code"] for account in spec["chart"]["accounts"]]


def test_an_account_of_the_company_joins_the_chart(house: Served, clerk: httpx.Client) -> None:
    body = {"code": "6428A", "name": "Chi phí tiếp khách", "parent": "6428"}
    refused = clerk.put("/catalog/account/6428A", json={"act_id": fresh(), "base": 0, "body": body})
    assert (refused.status_code, refused.json()["code"]) == (403, "RIGHT_MISSING")  # a clerk does not change the chart
    chief = house.client("ketoantruong")
    made = chief.put("/catalog/account/6428A", json={"act_id": fresh(), "base": 0, "body": body})
    assert made.status_code == 200, made.text
    found = {item["code"]: item for item in clerk.get("/catalog/account", params={"q": "6428"}).json()["items"]}
    assert (found["6428"]["revision"], found["6428A"]["revision"]) == (0, 1)
    leaves = {item["code"]: item["leaf"] for item in clerk.get("/spec").json()["chart"]["accounts"]}
    assert (leaves["6428"], leaves["6428A"]) == (False, True)


# ---- the company


def test_an_empty_company_is_set_up_as_one_act(tmp_path: Path) -> None:
    with served(tmp_path, company=False) as house:
        chief, clerk = house.client("ketoantruong"), house.client()
        assert clerk.get("/company").json() == {"body": {}, "revision": 0, "set_up": False}
        assert clerk.get("/spec").json()["chart"]["accounts"] == []
        wanted = {
            "act_id": fresh(),
            "company": {"name": "Công ty Cổ phần Khởi Nguyên", "director": "Ngô Bá Khởi"},
            "regime": "tt133",
            "books_first_day": "2026-07-01",
            "branch": {"code": "TSC", "name": "Trụ sở chính"},
        }
        assert clerk.post("/setup", json=wanted).json()["code"] == "RIGHT_MISSING"
        wrong = chief.post("/setup", json=wanted | {"regime": "tt48", "books_first_day": "x"}).json()
        assert {(item["code"], item["field"]) for item in wrong["faults"]} == {
            ("CHOICE_INVALID", "regime"),
            ("DAY_INVALID", "books_first_day"),
        }
        nameless = chief.post("/setup", json=wanted | {"company": {}, "act_id": fresh()}).json()
        assert (nameless["code"], nameless["field"]) == ("FIELD_REQUIRED", "company.name")
        assert clerk.get("/company").json()["set_up"] is False  # nothing of a refused act is left
        assert clerk.get("/catalog/branch").json()["items"] == []
        done = chief.post("/setup", json=wanted)
        assert (done.status_code, done.json()["set_up"]) == (200, True)
        assert chief.post("/setup", json=wanted).json()["set_up"] is True  # the same act again
        assert chief.post("/setup", json=wanted | {"act_id": fresh()}).json()["code"] == "SETUP_DONE"
        spec = clerk.get("/spec").json()
        assert [(year["code"], year["regime"]) for year in spec["fiscal_years"]] == [("2026", "tt133")]
        assert [branch["code"] for branch in spec["branches"]] == ["TSC"]
        branch = spec["branches"][0]["id"]
        fund = clerk.get("/catalog/fund").json()["items"][0]
        new = clerk.get("/vouchers/new", params={"type": "cash_receipt", "branch": branch}).json()
        assert new["body"]["fund"] == fund["id"]
        first = receipt(branch=branch, fund=fund["id"], partner="", day="2026-07-01")
        first["lines"][0]["credit_account"] = "711"
        assert save(clerk, first).json()["number"] == "PT00001"


def test_locks_close_days_and_open_them_again(house: Served, clerk: httpx.Client) -> None:
    chief = house.client("ketoantruong")
    wish = {"act_id": fresh(), "day": "2026-01-31", "branches": [HANOI]}
    assert clerk.put("/locks", json=wish).json()["code"] == "RIGHT_MISSING"
    locks = chief.put("/locks", json=wish).json()
    assert [(lock["branch"], lock["book"], lock["day"]) for lock in locks] == [(HANOI, "financial", "2026-01-31")]
    refused = save(clerk, receipt(day="2026-01-31")).json()
    assert (refused["code"], refused["field"]) == ("DATE_LOCKED", "accounting_date")
    locked = clerk.get("/vouchers", params={"to": "2026-01-31"}).json()["items"][0]
    assert clerk.get(f"/vouchers/{locked['id']}").json()["acts"]["edit"] == "ACT_LOCKED"
    assert chief.put("/locks", json=wish | {"act_id": fresh(), "day": ""}).json()["code"].startswith("LOCK_")
    opened = wish | {"act_id": fresh(), "day": "", "reason": "Bổ sung chứng từ tháng 1"}
    assert [lock["day"] for lock in chief.put("/locks", json=opened).json() if lock["day"]] == []
    assert save(clerk, receipt(day="2026-01-31")).status_code == 200


def test_company_settings_are_changed_by_the_chief(house: Served, clerk: httpx.Client) -> None:
    chief = house.client("ketoantruong")
    old = chief.get("/company").json()
    body = old["body"] | {"director": "Nguyễn Thị Bình"}
    content = {"act_id": fresh(), "base": old["revision"], "body": body}
    assert clerk.put("/company", json=content).json()["code"] == "RIGHT_MISSING"
    assert chief.put("/company", json=content).json()["body"]["director"] == "Nguyễn Thị Bình"
    year = {"code": "2027", "first_day": "2027-01-01", "last_day": "2027-12-31", "regime": "tt99"}
    made = chief.put("/fiscal-years/2027", json={"act_id": fresh(), "base": 0, "body": year})
    assert made.status_code == 200, made.text
    assert [item["code"] for item in clerk.get("/fiscal-years").json()] == ["2026", "2027"]


# ---- people and syncing without a cloud


def test_users_are_the_administrators_affair(house: Served, clerk: httpx.Client) -> None:
    assert clerk.get("/users").json()["code"] == "RIGHT_MISSING"
    admin = house.client("admin")
    users = admin.get("/users").json()
    assert {user["user"] for user in users} == {"admin", "ketoan", "ketoan.hn", "ketoantruong"}
    assert all("hash" not in name for user in users for name in user)
    wish = {"name": "Người mới", "role": "accountant", "password": "Mat-khau-1"}
    answer = admin.put("/users/moi", json=wish)
    assert (answer.status_code, answer.json()["code"]) == (503, "CLOUD_UNREACHABLE")


def test_sync_tells_what_waits(clerk: httpx.Client) -> None:
    state = clerk.get("/sync").json()
    assert (state["online"], state["green"], state["cloud"]) == (False, False, False)
    assert state["pending"] > 6
    pending = clerk.get("/sync/results", params={"state": "pending", "limit": 3}).json()
    assert len(pending["items"]) == 3
    assert pending["next"] > 0
    assert {item["state"] for item in pending["items"]} == {"local"}
    assert clerk.get("/sync/results", params={"state": "failed"}).json()["items"] == []
    assert clerk.get("/sync/results", params={"state": "lost"}).json()["code"] == "CHOICE_INVALID"
    assert clerk.post("/sync").json()["online"] is False
    assert clerk.get("/sync/result").json() == {"running": None, "items": []}


def test_a_download_is_noted_and_its_progress_told(clerk: httpx.Client) -> None:
    begun = clerk.post("/download", json={"from": "2026-01-01", "to": "2026-03-31", "types": [], "branches": []})
    assert begun.status_code == 200, begun.text
    job = begun.json()["job"]
    told = clerk.get(f"/download/{job}").json()
    assert (told["job"], told["state"], told["done"], told["total"], told["faults"]) == (job, "waiting", 0, 0, [])
    assert (told["user"], told["first_day"], told["last_day"], told["types"]) == (
        "ketoan", "2026-01-01", "2026-03-31", [],
    )  # fmt: skip
    assert [item["job"] for item in clerk.get("/downloads").json()] == [job]
    assert clerk.delete(f"/download/{job}").json()["state"] == "cancelled"
    assert clerk.get(f"/download/{job}").json()["state"] == "cancelled"
    assert clerk.delete(f"/download/{FUND}").status_code == 404
    wrong = clerk.post("/download", json={"from": "x", "to": "2026-03-31"}).json()
    assert (wrong["code"], wrong["field"]) == ("DAY_INVALID", "from")
    assert clerk.get(f"/download/{FUND}").status_code == 404
