"""Live status over server-sent events: told to those who may see it, and never a burden to the server."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import httpx
import pytest

from socai.dataserver.desk import ELSEWHERE, ROUND, Desk
from socai.dataserver.http import event
from socai.dataserver.http.event import Hub, Listener
from socai.dataserver.syncing import exchange
from socai.sync.message import Outcome, PushAnswer, WireFault
from socai.sync.refused import RefusedAct
from support.office import HANOI, SAIGON, TENANT, Served, fresh, receipt, save, served

WAIT_SECONDS = 20


class Ear:
    """A connection that listens in a thread of its own."""

    def __init__(self, client: httpx.Client, book: str = "") -> None:
        self.heard: Queue[tuple[str, dict[str, object]]] = Queue()
        self.ended = threading.Event()
        self._client, self._book = client, book
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        assert self.next("sync") is not None  # told at once, so the line is open

    def _listen(self) -> None:
        try:
            with self._client.stream("GET", "/events", params={"book": self._book}, timeout=60) as stream:
                assert stream.headers["content-type"].startswith("text/event-stream")
                name = ""
                for line in stream.iter_lines():
                    if line.startswith("event: "):
                        name = line.removeprefix("event: ")
                    elif line.startswith("data: "):
                        self.heard.put((name, json.loads(line.removeprefix("data: "))))
        except httpx.HTTPError:
            pass
        finally:
            self.ended.set()

    def next(self, name: str) -> dict[str, object]:
        """The next event of this name; others are passed over."""
        while True:
            found, content = self.heard.get(timeout=WAIT_SECONDS)
            if found == name:
                return content


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("office")) as found:
        yield found


def test_a_save_is_told_with_its_status(house: Served) -> None:
    ear, voucher = Ear(house.client("ketoantruong")), fresh()
    save(house.client(), receipt(), voucher=voucher)
    told = ear.next("voucher")
    assert (told["id"], told["revision"], told["type"]) == (voucher, 1, "cash_receipt")
    assert told["status"] == {"sync": "local", "book": "unposted", "in_flight": False, "detail": "local", "icon": 1}
    assert ear.next("sync")["pending"]


def test_a_catalog_entry_is_told(house: Served) -> None:
    ear, partner = Ear(house.client()), fresh()
    body = {"code": f"KH{partner[-4:]}", "name": "Khách mới", "is_customer": True}
    house.client().put(f"/catalog/partner/{partner}", json={"act_id": fresh(), "body": body})
    assert ear.next("catalog") == {"kind": "partner", "id": partner}


def test_another_branch_is_not_told(house: Served) -> None:
    """Who may see Hà Nội only hears of Hà Nội only."""
    ear, clerk, mine = Ear(house.client("ketoan.hn")), house.client(), fresh()
    save(clerk, receipt(branch=SAIGON))
    save(clerk, receipt(), voucher=mine)
    told = ear.next("voucher")
    assert (told["id"], told["branch"]) == (mine, HANOI)


def test_trouble_is_told_to_the_person_who_saved(tmp_path: Path) -> None:
    """Row 6: a notice with the reason wherever that person is logged in, to nobody else; badges to each their own."""
    with served(tmp_path) as house:
        desk = house.office.tenant(TENANT).desk  # type: ignore[union-attr]
        answer_all(desk, "applied")
        mine, voucher = house.client(), fresh()
        own, own_too, chief = Ear(mine), Ear(house.client()), Ear(house.client("ketoantruong"))
        save(mine, receipt(), voucher=voucher)
        answer_all(desk, "rejected", [WireFault("DATE_LOCKED", "accounting_date", {"lock_date": "2026-11-30"})])
        for ear in (own, own_too):
            told = ear.next("notice")
            assert (told["id"], told["state"], told["user"]) == (voucher, "sync_failed", "ketoan")
            assert told["faults"][0]["code"] == "DATE_LOCKED"  # type: ignore[index]
        badges = {}
        for name, ear in (("ketoan", own), ("ketoantruong", chief)):
            while not (sync := ear.next("sync"))["todo"]:
                continue
            badges[name] = (sync["todo"], sync["todo_mine"])
        assert badges == {"ketoan": (1, 1), "ketoantruong": (1, 0)}
        assert house.client().get("/sync").json()["todo_mine"] == 1
        page = house.client("ketoantruong").get("/todo", params={"mine": True}).json()
        assert (page["items"], page["count"], page["count_mine"]) == ([], 1, 0)
        revision = house.client().get("/todo").json()["items"][0]["revision"]
        again = mine.post(f"/vouchers/{voucher}/retry", json={"act_id": fresh(), "revision": revision})
        assert (again.status_code, again.json()["status"]["sync"]) == (200, "local")
        save(house.client("ketoantruong"), receipt())
        names = {name for name, _ in list(chief.heard.queue)}
        assert "notice" not in names


def test_row_6_what_was_refused_at_another_office_stands_in_its_persons_list_until_it_is_mended(
    tmp_path: Path,
) -> None:
    """In the list and the badge of nobody else; it may be put away."""
    with served(tmp_path) as house:
        desk = house.office.tenant(TENANT).desk  # type: ignore[union-attr]
        mine, chief = house.client(), house.client("ketoantruong")
        ear = Ear(mine)
        locked = [WireFault("DATE_LOCKED", "accounting_date", {"lock_date": "2026-11-30"})]
        told = [
            RefusedAct(
                *(act, "rejected", user, "Sài Gòn", "2026-11-22T02:00:00.000Z", "voucher", "journal", act, "save"),
                *(f"NVK-{act}", HANOI, locked),
            )
            for act, user in (("one", "ketoan"), ("two", "ketoan"), ("somebody else's", "thuquy"))
        ]
        desk.elsewhere = {act.act_id: act for act in told}
        desk.tell(ELSEWHERE, "journal", "one")
        assert ear.next("notice")["number"] == "NVK-one (Sài Gòn)"
        assert ear.next("sync")["todo_mine"] == 2
        page = mine.get("/todo").json()
        seen = [(item["elsewhere"], item["office"], item["mends"]) for item in page["items"]]
        assert seen == [("one", "Sài Gòn", []), ("two", "Sài Gòn", [])]
        assert (page["count"], page["count_mine"], page["items"][0]["state"]) == (2, 2, "sync_failed")
        assert "30/11/2026" in page["items"][0]["faults"][0]["detail_vi"]
        assert chief.get("/todo").json()["count"] == 0
        assert chief.get("/sync").json()["todo"] == 0
        assert chief.post("/todo/elsewhere/one/away").status_code == 404
        assert mine.post("/todo/elsewhere/one/away").status_code == 204
        assert ear.next("sync")["todo"] == 1
        desk.elsewhere = {}  # done again at its own office
        assert mine.get("/todo").json()["items"] == []


def answer_all(desk: Desk, result: str, faults: list[WireFault] | None = None) -> None:
    """Answer what waits as the cloud would."""
    while (push := exchange.next_batch(desk)) is not None:
        outcomes = [Outcome(item.n, result, 1, 1, faults=faults or []) for item in push.operations]
        exchange.take_answer(desk, push, PushAnswer("", outcomes))


def test_a_round_of_syncing_is_told_as_it_goes(house: Served) -> None:
    """Row 11: both halves live, to everybody."""
    ear, desk = Ear(house.client()), house.office.tenant(TENANT).desk  # type: ignore[union-attr]
    desk.tell(ROUND)
    assert ear.next("result") == {"running": None, "items": []}


def test_events_want_a_session(house: Served) -> None:
    answer = httpx.get(f"{house.url}/api/t/{TENANT}/events")
    assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_INVALID")


def test_a_logout_ends_the_line(house: Served) -> None:
    client = house.client()
    ear = Ear(client)
    httpx.post(f"{house.url}/api/logout", headers={"authorization": client.headers["authorization"]})
    save(house.client("ketoantruong"), receipt())
    assert ear.ended.wait(WAIT_SECONDS)


def test_stopping_does_not_wait_for_listeners(tmp_path: Path) -> None:
    with served(tmp_path) as house:
        ear = Ear(house.client())
    assert ear.ended.wait(WAIT_SECONDS)


def test_a_slow_listener_is_told_to_load_anew() -> None:
    """A full queue is dropped whole: what is missed is asked for again, and memory stays bounded."""

    async def fill() -> list[bytes | None]:
        listener = Listener(TENANT, None, "financial")
        for number in range(event.QUEUE_MAX + 5):
            listener.put(b"%d" % number)
        return [listener.queue.get_nowait() for _ in range(listener.queue.qsize())]

    kept = asyncio.run(fill())
    assert kept == [event.RELOAD] + [b"%d" % number for number in range(event.QUEUE_MAX, event.QUEUE_MAX + 5)]


def test_nobody_listening_costs_nothing() -> None:
    hub = Hub(lambda _: None, lambda _: None)
    for number in range(10_000):
        hub.tell(TENANT, "voucher", "", str(number))
    assert hub.gathered() == 0
    hub.close()
