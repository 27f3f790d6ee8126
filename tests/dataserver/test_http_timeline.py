"""Done when: the timeline of a voucher can be opened: saved, sent, accepted, posted, unposted; where, when, by whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from dataserver.test_http_events import Ear
from dataserver.test_http_system import offices, put, receipt, set_up, status
from support.office import fresh
from support.system import running, until

FINANCIAL = "financial"


def steps(client: httpx.Client, voucher: str) -> list[tuple[Any, ...]]:
    """(what, act, office, here, version) of every moment."""
    found = client.get(f"/vouchers/{voucher}/timeline").json()
    return [(item["what"], item["act"], item["office"], item["here"], item["version"]) for item in found["items"]]


def test_the_life_of_a_voucher_is_told_at_every_office(fresh_database: str, tmp_path: Path) -> None:
    with running(fresh_database) as system, offices(system, tmp_path, "hanoi", "saigon") as (hanoi, saigon):
        chief = hanoi.client()
        branch = set_up(chief)
        until(lambda: chief.get("/sync").json()["green"], "the company is at the cloud")
        hanoi.place.line.cut()
        until(lambda: not chief.get("/sync").json()["online"], "offline is noticed")
        voucher = fresh()
        put(chief, receipt(branch, "1000"), voucher=voucher, post_to=[])
        put(chief, receipt(branch, "2000"), voucher=voucher, revision=1, post_to=[FINANCIAL])  # replaces the unsent one
        before = chief.get(f"/vouchers/{voucher}/timeline").json()
        assert [(item["what"], item["revision"], item["operation"]) for item in before["items"]] == [
            ("saved", 1, ""),
            ("saved", 2, ""),
        ]
        assert before["whole"] is False
        hanoi.place.line.mend()
        until(lambda: status(chief, voucher) == ("synced", "posted"), "posted")
        other = saigon.client()
        until(lambda: status(other, voucher) == ("synced", "posted"), "seen in Saigon")
        unposted = other.post(f"/vouchers/{voucher}/unpost", json={"act_id": fresh(), "revision": 1, "book": FINANCIAL})
        assert unposted.status_code == 200, unposted.text
        until(lambda: status(chief, voucher) == ("synced", "unposted"), "unposted")
        until(lambda: chief.get("/sync").json()["online"], "online")

        expected = [
            ("saved", "save", "hanoi", 0),
            ("saved", "save", "hanoi", 0),
            ("sent", "save", "hanoi", 0),
            ("accepted", "save", "hanoi", 1),
            ("posted", "save", "hanoi", 1),
            ("saved", "unpost", "saigon", 2),
            ("accepted", "unpost", "saigon", 2),
            ("voided", "unpost", "saigon", 1),
        ]
        told = chief.get(f"/vouchers/{voucher}/timeline").json()
        assert told["whole"] is True
        items = told["items"]
        assert [(item["what"], item["act"], item["office"], item["version"]) for item in items] == expected
        assert {item["by"] for item in items} == {"chief"}
        assert [item["here"] for item in items] == [item["office"] == "hanoi" for item in items]
        assert all(item["at"] for item in items)
        assert items[4]["books"] == [FINANCIAL]
        assert items[2]["operation"] == items[3]["operation"] != ""
        assert [item["at_cloud"] for item in items] == [False, False, False, True, True, False, True, True]

        seen = [(what, act, office) for what, act, office, *_ in steps(other, voucher)]
        assert [step for step in seen if step[0] != "sent"] == [
            ("saved", "save", "hanoi"),
            *[(what, act, office) for what, act, office, _ in expected[3:]],
        ]
        assert ("sent", "unpost", "saigon") in seen

        hanoi.place.line.cut()
        until(lambda: not chief.get("/sync").json()["online"], "offline is noticed")
        kept = chief.get(f"/vouchers/{voucher}/timeline").json()
        assert kept["whole"] is False  # what this office knows by itself: its own acts and what went into the books
        assert {"saved", "sent", "accepted", "posted"} <= {item["what"] for item in kept["items"]}


def test_a_refusal_stands_in_the_timeline_with_its_reason(fresh_database: str, tmp_path: Path) -> None:
    with running(fresh_database, worker=False) as system, offices(system, tmp_path, "hanoi", "saigon") as (one, two):
        chief = one.client()
        branch = set_up(chief)
        other = two.client()
        until(lambda: other.get("/company").json()["set_up"], "the company is here")
        until(lambda: other.get("/sync").json()["green"], "all is here")
        first, second = fresh(), fresh()
        put(chief, receipt(branch, "1000") | {"number": "PT-9"}, voucher=first)
        two.place.line.cut()
        put(other, receipt(branch, "1000") | {"number": "PT-9"}, voucher=second)
        ear, deaf = Ear(chief), Ear(one.client("clerk"))
        until(lambda: status(chief, first)[0] == "synced", "taken")
        two.place.line.mend()
        until(lambda: status(other, second)[0] == "sync_failed", "refused")
        until(lambda: other.get("/sync").json()["online"], "online")
        items = other.get(f"/vouchers/{second}/timeline").json()["items"]
        assert [item["what"] for item in items] == ["saved", "sent", "refused"]
        assert [fault["code"] for fault in items[-1]["faults"]] == ["NUMBER_TAKEN"]
        assert chief.get(f"/vouchers/{second}/timeline").json()["code"] == "VOUCHER_UNKNOWN"
        # Row 6: whoever saved it is told at the other office too, where it never came; nobody else is.
        assert chief.post("/sync").is_success
        told = ear.next("notice")
        assert (told["id"], told["number"], told["state"], told["mends"]) == (
            second,
            "PT-9 (saigon)",
            "sync_failed",
            [],
        )
        assert [fault["code"] for fault in told["faults"]] == ["NUMBER_TAKEN"]  # type: ignore[attr-defined]
        listed = chief.get("/todo").json()["items"]
        assert [(item["id"], item["office"], item["mends"]) for item in listed] == [(second, "saigon", [])]
        assert one.client("clerk").get("/todo").json()["items"] == []
        assert "notice" not in {name for name, _ in list(deaf.heard.queue)}
