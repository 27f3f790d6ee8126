"""Browsers of two offices and a real cloud: everything through HTTP, from the set-up of an empty company on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from socai.dataserver.http.app import make_app
from socai.dataserver.run import rim_over
from socai.edge.serving import Address, Serving, free_port
from support.office import fresh, save
from support.system import Place, System, running, until

PASSWORD = "Minh-Phat-2026"


@dataclass
class Rimmed:
    """An office with its address."""

    place: Place
    url: str

    def login(self, user: str, password: str = PASSWORD) -> httpx.Response:
        return httpx.post(f"{self.url}/api/login", json={"user": user, "password": password}, timeout=30)

    def client(self, user: str = "chief") -> httpx.Client:
        """Somebody's browser, as soon as the office has heard of its people."""
        answer = until(lambda: (found := self.login(user)).is_success and found, f"{user} can log in")
        headers = {"authorization": f"Bearer {answer.json()['token']}"}
        return httpx.Client(base_url=f"{self.url}/api/t/minhphat", headers=headers, timeout=30)


@contextmanager
def offices(system: System, folder: Path, *names: str) -> Iterator[list[Rimmed]]:
    """Offices of one company, served."""
    with ExitStack() as stack:
        yield [serve(system, stack, folder, name) for name in names]


def serve(system: System, stack: ExitStack, folder: Path, name: str) -> Rimmed:
    place = system.open(folder / name, name)
    port = free_port()
    rim = rim_over(place.office, port)
    serving = stack.enter_context(Serving(make_app(rim), Address(port=port), rim.hub.close))
    return Rimmed(place, serving.address.url)


SETUP = {
    "company": {"name": "Công ty Cổ phần Khởi Nguyên", "negative_cash": "allow", "post_on_save": True},
    "regime": "tt99",
    "books_first_day": "2026-01-01",
    "branch": {"code": "TSC", "name": "Trụ sở chính"},
}


def set_up(client: httpx.Client) -> str:
    """Set the empty company up; its branch."""
    done = client.post("/setup", json=SETUP | {"act_id": fresh()})
    assert done.status_code == 200, done.text
    return str(client.get("/spec").json()["branches"][0]["id"])


def receipt(branch: str, amount: str, day: str = "2026-11-20") -> dict[str, Any]:
    return {
        "type": "cash_receipt",
        "branch": branch,
        "voucher_date": day,
        "accounting_date": day,
        "partner_name": "Cổ đông sáng lập",
        "description": "Góp vốn bằng tiền mặt",
        "lines": [{"debit_account": "1111", "credit_account": "41111", "amount": amount}],
    }


def status(client: httpx.Client, voucher: str) -> tuple[str, str]:
    """(sync, book) of a voucher; empty while the office does not know it."""
    answer = client.get(f"/vouchers/{voucher}")
    found = answer.json()["status"] if answer.is_success else {"sync": "", "book": ""}
    return found["sync"], found["book"]


def put(client: httpx.Client, body: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A save that succeeds; its answer."""
    answer = save(client, body, **more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_from_an_empty_company_to_the_report_at_the_other_office(fresh_database: str, tmp_path: Path) -> None:
    with running(fresh_database) as system, offices(system, tmp_path, "hanoi", "saigon") as (hanoi, saigon):
        chief = hanoi.client()
        branch = set_up(chief)
        user = {"name": "Lê Ngọc Lan", "role": "accountant", "password": "Mat-khau-cua-Lan-1"}
        made = chief.put("/users/lan", json=user)
        assert (made.status_code, made.json()["name"]) == (200, "Lê Ngọc Lan"), made.text
        assert hanoi.login("lan", "Mat-khau-cua-Lan-1").is_success

        voucher = fresh()
        saved = put(chief, receipt(branch, "500000000"), voucher=voucher, post_to=["financial"])
        assert saved["number"] == "PT00001"
        until(lambda: status(chief, voucher) == ("synced", "posted"), "posted")
        told = chief.get(f"/vouchers/{voucher}").json()
        assert (told["acts"]["edit"], told["acts"]["unpost"], told["books"][0]["posted"]) == ("ACT_POSTED", "", True)

        other = saigon.client()
        until(lambda: status(other, voucher) == ("synced", "posted"), "seen elsewhere")
        period = {"from": "2026-01-01", "to": "2026-12-31"}
        page = until(
            lambda: (found := other.get("/reports/trial_balance", params=period).json())["rows"] and found, "in books"
        )
        rows = {row["cells"]["code"]: row["cells"] for row in page["rows"] if row["cells"].get("code")}
        assert (rows["1111"]["closing_debit"], rows["41111"]["closing_credit"]) == ("500000000", "500000000")
        assert page["as_of"]
        book = other.get("/reports/cash_book", params=period | {"account": "1111"}).json()
        lines = [row for row in book["rows"] if row["kind"] == "line"]
        assert [(row["voucher"], row["voucher_type"]) for row in lines] == [(voucher, "cash_receipt")]
        assert lines[0]["cells"]["amount_in"] == "500000000"
        assert other.get("/reports/cash_book.pdf", params=period).content[:5] == b"%PDF-"

        hanoi.place.line.cut()
        until(lambda: not chief.get("/sync").json()["online"], "offline is noticed")
        put(chief, receipt(branch, "1000000"))
        assert chief.get("/sync").json()["pending"] == 1
        refused = chief.put("/users/lan", json=user)
        assert (refused.status_code, refused.json()["code"]) == (503, "CLOUD_UNREACHABLE")
        assert hanoi.login("lan", "Mat-khau-cua-Lan-1").is_success  # login needs no line
        hanoi.place.line.mend()
        chief.post("/sync")
        until(lambda: chief.get("/sync").json()["green"], "green again")


def test_what_the_cloud_refuses_is_told_with_its_cure(fresh_database: str, tmp_path: Path) -> None:
    """A lock set elsewhere while the line was down: synced, posting failed, listed with reason and cure."""
    with running(fresh_database) as system, offices(system, tmp_path, "hanoi", "saigon") as (hanoi, saigon):
        chief = hanoi.client()
        branch = set_up(chief)
        other = saigon.client()
        until(lambda: other.get("/spec").json()["branches"], "the company is known elsewhere")
        saigon.place.line.cut()
        until(lambda: not other.get("/sync").json()["online"], "offline")
        late, twice = fresh(), fresh()
        put(other, receipt(branch, "7000000", "2026-03-31"), voucher=late, post_to=["financial"])
        assert chief.put("/locks", json={"act_id": fresh(), "day": "2026-03-31"}).status_code == 200
        put(chief, receipt(branch, "1"), voucher=twice)
        until(lambda: chief.get("/sync").json()["green"], "the lock is in")
        saigon.place.line.mend()
        other.post("/sync")
        until(lambda: status(other, late) == ("synced", "post_failed"), "told")
        failed = other.get("/sync/results", params={"state": "failed"}).json()["items"]
        assert [(item["id"], item["act"], item["faults"][0]["code"]) for item in failed] == [
            (late, "post", "DATE_LOCKED")
        ]
        assert failed[0]["faults"][0]["cure_vi"]
        assert [row["id"] for row in other.get("/vouchers", params={"state": "post_failed"}).json()["items"]] == [late]
        assert other.get("/vouchers", params={"state": "failed"}).json()["items"][0]["status"]["icon"] == 3


def test_a_conflict_is_shown_and_settled(fresh_database: str, tmp_path: Path) -> None:
    with running(fresh_database) as system, offices(system, tmp_path, "hanoi", "saigon") as (hanoi, saigon):
        chief, voucher = hanoi.client(), fresh()
        branch = set_up(chief)
        put(chief, receipt(branch, "1000"), voucher=voucher, post_to=[])
        other = saigon.client()
        until(lambda: status(other, voucher)[0] == "synced", "seen")
        saigon.place.line.cut()
        until(lambda: not other.get("/sync").json()["online"], "offline")
        mine = other.get(f"/vouchers/{voucher}").json()
        put(other, receipt(branch, "2000"), voucher=voucher, revision=mine["revision"], post_to=[])
        put(chief, receipt(branch, "3000"), voucher=voucher, revision=1, post_to=[])
        until(lambda: chief.get("/sync").json()["green"], "the first one is in")
        saigon.place.line.mend()
        other.post("/sync")
        until(lambda: status(other, voucher)[0] == "conflict", "told")
        told = other.get(f"/vouchers/{voucher}").json()
        assert told["conflict"]["winner"]["body"]["lines"][0]["amount"] == "3000"
        assert told["conflict"]["winner"]["author"] == "chief"
        assert told["conflict"]["mine"]["body"]["lines"][0]["amount"] == "2000"
        assert (told["acts"]["edit"], told["acts"]["resolve"]) == ("ACT_CONFLICT", "")
        assert other.get("/sync").json()["conflicts"] == 1
        results = other.get("/sync/results", params={"state": "conflict"}).json()["items"]
        assert [(item["id"], item["state"]) for item in results] == [(voucher, "conflict")]
        settled = other.post(f"/vouchers/{voucher}/resolve", json={"act_id": fresh(), "choice": "new"})
        assert settled.status_code == 200, settled.text
        until(lambda: other.get("/sync").json()["green"], "green")
        amounts = {row["id"]: row["total"] for row in other.get("/vouchers").json()["items"]}
        assert amounts == {voucher: "3000", settled.json()["id"]: "2000"}


def test_an_office_that_came_later_says_which_months_it_lacks(fresh_database: str, tmp_path: Path) -> None:
    with running(fresh_database) as system, offices(system, tmp_path, "hanoi") as (hanoi,), ExitStack() as later:
        chief = hanoi.client()
        branch = set_up(chief)
        first, second = fresh(), fresh()
        put(chief, receipt(branch, "1000", "2026-02-10"), voucher=first, post_to=["financial"])
        put(chief, receipt(branch, "2000", "2026-05-10"), voucher=second, post_to=["financial"])
        until(lambda: status(chief, first)[1] == status(chief, second)[1] == "posted", "posted")
        saigon = serve(system, later, tmp_path, "saigon")
        other = saigon.client()
        until(lambda: other.get("/sync").json()["green"], "green")
        year = {"from": "2026-01-01", "to": "2026-12-31"}
        assert other.get("/reports/general_journal", params=year).json()["source"] == "cloud"
        saigon.place.line.cut()
        until(lambda: not other.get("/sync").json()["online"], "offline")
        refused = other.get("/reports/general_journal", params=year)
        assert (refused.status_code, refused.json()["code"]) == (503, "PERIOD_NOT_HELD")
        assert refused.json()["params"]["months"] == "02/2026, 05/2026"
        totals = other.get("/reports/trial_balance", params=year).json()  # balances are always whole
        assert {row["cells"]["debit"] for row in totals["rows"] if row["cells"].get("code") == "1111"} == {"3000"}
        saigon.place.line.mend()
        other.post("/sync")
        job = other.post("/download", json={"from": "2026-01-01", "to": "2026-12-31"}).json()["job"]
        until(lambda: other.get(f"/download/{job}").json()["state"] == "done", "downloaded")
        lines = [
            row["voucher"]
            for row in other.get("/reports/general_journal", params=year).json()["rows"]
            if row["kind"] == "line"
        ]
        assert set(lines) == {first, second}
