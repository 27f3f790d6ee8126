"""Row 9 over HTTP: every number accounted for, alone and with the cloud; before a lock it is offered (row 14)."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from python_calamine import CalamineWorkbook

from dataserver.test_http_system import offices, receipt, set_up
from support.office import HANOI, SAIGON, Served, fresh, save, served
from support.office import receipt as sample
from support.system import running, until


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("numbers")) as found:
        yield found


def numbers(client: httpx.Client, branch: str, **more: Any) -> dict[str, Any]:
    answer = client.get("/numbers", params={"type": "cash_receipt", "branch": branch} | more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def told(found: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    return [(run["first_number"], run["last_number"], run["fate"], run["to"]) for run in found["runs"]]


def test_row_9_an_office_alone_accounts_for_its_own_numbers(office: Served) -> None:
    """Row 9: the gap report of one office; what was skipped by hand is missing, and the lock's offer says so."""
    clerk = office.client()
    ids = [fresh() for _ in range(3)]
    for ident_ in ids:
        assert save(clerk, sample(), voucher=ident_).status_code == 200
    assert clerk.request("DELETE", f"/vouchers/{ids[1]}", json={"act_id": fresh(), "revision": 1}).status_code == 200
    assert save(clerk, sample(number="PT00006")).status_code == 200
    assert save(clerk, sample(number="ĐC-1")).status_code == 200
    found = numbers(clerk, HANOI, day="2026-11-20")
    assert told(found) == [
        ("PT00001", "PT00001", "used", ""),
        ("PT00002", "PT00002", "deleted", ""),
        ("PT00003", "PT00003", "used", ""),
        ("PT00004", "PT00005", "missing", ""),
        ("PT00006", "PT00006", "used", ""),
    ]
    assert (found["source"], found["missing"], found["sound"]) == ("office", 2, False)
    assert [item["number"] for item in found["others"]] == ["ĐC-1"]
    (check,) = clerk.get("/numbers/check", params={"to": "2026-11-30", "branch": HANOI}).json()
    assert (check["type"], check["missing"], check["day"]) == ("cash_receipt", 2, "2026-11-30")
    assert numbers(clerk, SAIGON)["runs"] == []
    asked = {"type": "cash_receipt", "branch": HANOI, "day": "2026-11-20"}
    paper, book = (clerk.get("/numbers/file", params=asked | {"format": form}) for form in ("pdf", "xlsx"))
    assert paper.content.startswith(b"%PDF")
    rows = CalamineWorkbook.from_filelike(BytesIO(book.content)).get_sheet_by_index(0).to_python()
    assert [row[:4] for row in rows if row[0] == "PT00004"] == [
        ["PT00004", "PT00005", "2", "Chưa rõ (thiếu số, hoặc đơn vị chưa đồng bộ)"]
    ]


def test_row_9_a_person_of_one_branch_sees_its_series_only(office: Served) -> None:
    """Row 9: rights as everywhere."""
    limited = office.client("ketoan.hn")
    answer = limited.get("/numbers", params={"type": "cash_receipt", "branch": SAIGON})
    assert (answer.status_code, answer.json()["code"]) == (422, "BRANCH_UNKNOWN")
    assert limited.get("/numbers", params={"type": "nothing", "branch": HANOI}).json()["code"] == "TYPE_UNKNOWN"


def test_row_9_with_the_line_up_all_offices_are_accounted_for(fresh_database: str, tmp_path: Path) -> None:
    """Row 9: the cloud tells of every office; what is not sent yet is added by the office that asks."""
    with running(fresh_database) as system, offices(system, tmp_path, "hanoi", "saigon") as (hanoi, saigon):
        chief = hanoi.client()
        branch = set_up(chief)
        other = saigon.client()
        until(lambda: other.get("/spec").json()["branches"], "the company is known elsewhere")
        assert save(chief, receipt(branch, "1")).status_code == 200
        assert save(other, receipt(branch, "2")).status_code == 200
        until(lambda: len(told(numbers(chief, branch, day="2026-11-20"))) == 2, "both are there")
        found = numbers(chief, branch, day="2026-11-20")
        assert told(found) == [("PT00001", "PT00001", "used", ""), ("PTB00001", "PTB00001", "used", "")]
        assert (found["source"], found["sound"], found["shared"]) == ("cloud", True, False)
        renumbered_by_the_chief_and_seen_everywhere(chief, other, branch)
        clerk = saigon.client("clerk")
        asked = {"type": "cash_receipt", "branch": branch, "from": "2026-11-01", "to": "2026-11-30"}
        assert clerk.post("/numbers/renumber", json=asked).json()["code"] == "RIGHT_MISSING"
        hanoi.place.line.cut()
        assert chief.post("/numbers/renumber", json=asked).json()["code"] == "CLOUD_UNREACHABLE"
        until(lambda: numbers(chief, branch, day="2026-11-20")["source"] == "office", "alone")


def renumbered_by_the_chief_and_seen_everywhere(chief: httpx.Client, other: httpx.Client, branch: str) -> None:
    """Row 9: a voucher put in later for an earlier day; the period gets its numbers in the order of days."""
    late = fresh()
    assert save(chief, receipt(branch, "3", "2026-11-02"), voucher=late, post_to=["financial"]).status_code == 200
    posted = {"sync": "synced", "book": "posted"}
    until(lambda: chief.get(f"/vouchers/{late}").json()["status"].items() >= posted.items(), "posted")
    asked = {"type": "cash_receipt", "branch": branch, "from": "2026-11-01", "to": "2026-11-30"}
    shown = chief.post("/numbers/renumber", json=asked | {"dry": True}).json()
    assert [(item["old"], item["new"]) for item in shown["changes"]] == [
        ("PT00002", "PT00001"),
        ("PT00001", "PT00002"),
    ]
    assert not shown["done"]
    assert chief.post("/numbers/renumber", json=asked).json()["done"]
    for place in (chief, other):
        until(lambda at=place: at.get(f"/vouchers/{late}").json().get("number") == "PT00001", "renumbered")
        until(lambda at=place: at.get(f"/vouchers/{late}").json()["status"].items() >= posted.items(), "exchanged")
    assert [run["fate"] for run in numbers(chief, branch, day="2026-11-20")["runs"]] == ["used", "used"]
