"""Rows 1-3: every cell of the act table through the real API, and every word of a list with its filter.

The states are made with the messages a cloud sends; the acts are the requests a browser makes. A state no message can
make is no state of a voucher.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from socai.core import life
from socai.dataserver.desk import Desk
from socai.dataserver.store import meta, voucher
from socai.dataserver.syncing import exchange, incoming
from socai.sync.message import (
    BookState,
    FeedItem,
    FeedPage,
    Outcome,
    PushAnswer,
    Winner,
    WireFault,
    raw_body,
)
from support.desk import HandClock
from support.office import HANOI, Served, fresh, receipt, save, served
from support.refusal import REASONS

BOOK = "financial"
LOCKED_DAY = "2026-01-15"
MINUTES = 301


@dataclass
class House:
    """An office served over HTTP whose cloud is this test."""

    served: Served
    clock: HandClock
    client: httpx.Client
    chief: httpx.Client
    seq: int = 0

    @property
    def desk(self) -> Desk:
        books = self.served.office.tenant("minhphat")
        assert books is not None
        return books.desk

    def push(self, answer: Callable[[Any], Outcome] | None) -> None:
        """Send everything that can go, and answer it."""
        while (batch := exchange.next_batch(self.desk)) is not None:
            if answer is None:
                return
            exchange.take_answer(self.desk, batch, PushAnswer("", [answer(each) for each in batch.operations]))

    def applied(self, operation: Any) -> Outcome:
        self.seq += 1
        return Outcome(operation.n, "applied", operation.base.version + 1, 0)

    def tell(self, ident: str, *books: BookState, bonds: tuple[str, ...] = (), deleted: bool = False) -> None:
        """The feed brings a voucher as it stands at the cloud."""
        with self.desk.file.read() as db:
            head = voucher.load(db, ident)
            assert head is not None
            body = voucher.body(db, ident, head.revision)
            self.seq = max(self.seq, head.seq, meta.number(db, "head_seq")) + 1
        item = FeedItem(
            *("voucher", head.type, ident, self.seq, max(head.version, 1), "ketoan", "2026-11-22T01:00:00.000Z"),
            deleted=deleted,
            body=raw_body(b"" if deleted else body),
            books=list(books),
            bonds=list(bonds),
        )
        incoming.take_page(self.desk, FeedPage("", [item], str(self.seq), False, self.seq))

    def new(self, post_to: list[str] | None = None, day: str = "2026-11-20") -> str:
        ident = fresh()
        answer = save(self.client, receipt(day=day), voucher=ident, post_to=post_to or [])
        assert answer.status_code == 200, answer.text
        return ident

    def synced(self, *books: BookState, day: str = "2026-11-20", **more: Any) -> str:
        ident = self.new(day=day)
        self.push(self.applied)
        self.tell(ident, *books, **more)
        return ident

    def read(self, ident: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(f"/vouchers/{ident}").json()
        return found

    def act(self, ident: str, name: str, **more: Any) -> httpx.Response:
        content = {"act_id": fresh(), "revision": self.read(ident)["revision"]} | more
        return self.client.post(f"/vouchers/{ident}/{name}", json=content)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    clock = HandClock()
    with served(tmp_path_factory.mktemp("office"), clock=clock) as found:
        made = House(found, clock, found.client(), found.client("ketoantruong"))
        made.push(made.applied)
        yield made


POSTED = BookState(BOOK, asked=True, posted=True)


def sent(house: House, *post_to: str) -> str:
    ident = house.new(list(post_to))
    house.push(None)
    return ident


def answered(house: House, ident: str, outcome: Callable[[Any], Outcome]) -> str:
    house.push(lambda operation: outcome(operation) if operation.id == ident else house.applied(operation))
    return ident


def refused(house: House, ident: str, code: str = "RIGHT_MISSING") -> str:
    return answered(house, ident, lambda o: Outcome(o.n, "rejected", faults=[WireFault(code, "user", {"right": "x"})]))


def edited(house: House, ident: str, amount: str = "7") -> str:
    revision = house.read(ident)["revision"]
    assert save(house.client, receipt(amount), voucher=ident, revision=revision, post_to=[]).status_code == 200
    return ident


def lost(house: House, ident: str) -> str:
    edited(house, ident)
    theirs = raw_body(house.client.get(f"/vouchers/{ident}").content)
    with house.desk.file.read() as db:
        theirs = raw_body(voucher.body(db, ident, 1))
    winner = Winner(2, "ketoantruong", "2026-11-22T02:00:00.000Z", body=theirs)
    return answered(house, ident, lambda o: Outcome(o.n, "conflict", 2, faults=[WireFault("CONFLICT")], winner=winner))


def after(house: House, ident: str) -> str:
    house.clock.go(MINUTES)
    return ident


def did(house: House, ident: str, name: str, **more: Any) -> str:
    answer = house.act(ident, name, **more)
    assert answer.status_code == 200, answer.text
    return ident


def deleted(house: House, ident: str) -> str:
    content = {"act_id": fresh(), "revision": house.read(ident)["revision"]}
    assert house.client.request("DELETE", f"/vouchers/{ident}", json=content).status_code == 200
    return ident


def flown(house: House, ident: str) -> str:
    """What waits is sent, and never answered."""
    house.push(None)
    return ident


def running(act: str, posted: bool = False) -> BookState:
    return BookState(BOOK, asked=act == "post", posted=posted, running=act)


def failed(act: str, posted: bool = False, **params: str) -> BookState:
    code = "CASH_NEGATIVE" if params else "DATE_LOCKED"
    return BookState(BOOK, asked=act == "post", posted=posted, fault_act=act, faults=[WireFault(code, "", params)])


def held(house: House) -> str:
    """It names a new customer the cloud will not have."""
    partner = fresh()
    body = {"code": f"KH{partner[-6:]}", "name": "Công ty mới", "is_customer": True}
    assert house.client.put(f"/catalog/partner/{partner}", json={"act_id": fresh(), "body": body}).status_code == 200
    ident = fresh()
    assert save(house.client, receipt(partner=partner), voucher=ident, post_to=[]).status_code == 200
    return (
        answered(house, partner, lambda o: Outcome(o.n, "rejected", faults=[WireFault("CATALOG_CODE_TAKEN")])) and ident
    )


def bound(house: House, bond: str) -> str:
    return house.synced(POSTED, bonds=(bond,))


# How each state is reached: its detail in lists, and the row of the act table it stands in.
STATES: dict[str, tuple[Callable[[House], str], str]] = {
    "never sent": (lambda h: h.new(), "local"),
    "never sent, posting wished": (lambda h: h.new([BOOK]), "local"),
    "waits for a catalog entry": (held, "held"),
    "sent": (lambda h: sent(h), "syncing"),
    "sent, five minutes ago": (lambda h: after(h, sent(h)), "syncing"),
    "sent with posting": (lambda h: sent(h, BOOK), "syncing_and_posting"),
    "sent with posting, five minutes ago": (lambda h: after(h, sent(h, BOOK)), "syncing_and_posting"),
    "synced": (lambda h: h.synced(BookState(BOOK)), "synced"),
    "being posted": (lambda h: h.synced(running("post")), "posting"),
    "being posted, five minutes": (lambda h: after(h, h.synced(running("post"))), "posting"),
    "posted": (lambda h: h.synced(POSTED), "posted"),
    "posting failed": (lambda h: h.synced(failed("post")), "post_failed"),
    "posting to be confirmed": (lambda h: h.synced(failed("post", asks="1", account="1111")), "to_confirm"),
    "posting failed, edited, unsent": (lambda h: edited(h, h.synced(failed("post"))), "local"),
    "posting refused by the cloud": (
        lambda h: refused(h, did(h, h.synced(BookState(BOOK)), "post", book=BOOK)),
        "post_failed",
    ),
    "unpost asked, unsent": (lambda h: did(h, h.synced(POSTED), "unpost", book=BOOK), "local"),
    "unpost sent": (lambda h: flown(h, did(h, h.synced(POSTED), "unpost", book=BOOK)), "unposting"),
    "being unposted": (lambda h: h.synced(running("unpost", posted=True)), "unposting"),
    "being unposted, five minutes": (lambda h: after(h, h.synced(running("unpost", posted=True))), "unposting"),
    "unposting failed": (lambda h: h.synced(failed("unpost", posted=True)), "unpost_failed"),
    "unposting refused by the cloud": (
        lambda h: refused(h, did(h, h.synced(POSTED), "unpost", book=BOOK)),
        "unpost_failed",
    ),
    "delete sent": (lambda h: flown(h, deleted(h, h.synced(BookState(BOOK)))), "deleting"),
    "being deleted": (lambda h: h.synced(running("delete")), "deleting"),
    "deleting failed": (lambda h: h.synced(failed("delete")), "delete_failed"),
    "deletion refused by the cloud": (lambda h: refused(h, deleted(h, h.synced(BookState(BOOK)))), "delete_failed"),
    "refused by the cloud": (lambda h: refused(h, h.new()), "sync_failed"),
    "refused edit of a synced one": (lambda h: refused(h, edited(h, h.synced(BookState(BOOK)))), "sync_failed"),
    "conflict": (lambda h: lost(h, h.synced(BookState(BOOK))), "conflict"),
    "e-invoice issued": (lambda h: bound(h, "invoiced:1C26TAA-15"), "posted"),
    "settled": (lambda h: bound(h, "settled:PC00012"), "posted"),
    "locked date": (lambda h: h.synced(BookState(BOOK), day=LOCKED_DAY), "synced"),
    "locked date, posted": (lambda h: h.synced(POSTED, day=LOCKED_DAY), "posted"),
    "deleted": (lambda h: deleted(h, h.new()), "local"),
}

ACT_TABLE = """
                                    |op|pr|co|re|ed|qe|de|po|un|rn|rs|ds|mod
never sent                          |. |. |. |. |. |. |. |. |N |. |U |U |S
never sent, posting wished          |. |. |. |. |. |. |. |. |N |. |U |U |S
waits for a catalog entry           |. |. |. |. |. |. |. |. |N |. |U |U |S
sent                                |. |. |. |. |F |F |F |F |F |F |F |F |F
sent, five minutes ago              |. |. |. |. |. |. |. |. |N |. |U |U |S
sent with posting                   |. |. |. |. |F |F |F |F |F |F |F |F |F
sent with posting, five minutes ago |. |. |. |. |. |. |. |. |N |. |U |U |S
synced                              |. |. |. |. |. |. |. |. |N |. |U |U |V
being posted                        |. |. |. |. |F |F |F |F |F |F |F |F |F
being posted, five minutes          |. |. |. |. |. |. |. |. |N |. |U |U |V
posted                              |. |. |. |. |P |. |P |P |. |. |U |U |V
posting failed                      |. |. |. |. |. |. |. |. |N |. |U |U |V
posting to be confirmed             |. |. |. |. |. |. |. |. |N |. |U |U |V
posting failed, edited, unsent      |. |. |. |. |. |. |. |. |N |. |U |U |S
posting refused by the cloud        |. |. |. |. |. |. |. |. |N |. |U |. |V
unpost asked, unsent                |. |. |. |. |P |. |P |P |. |. |U |U |S
unpost sent                         |. |. |. |. |F |F |F |F |F |F |F |F |F
being unposted                      |. |. |. |. |F |F |F |F |F |F |F |F |F
being unposted, five minutes        |. |. |. |. |P |. |P |P |. |. |U |U |V
unposting failed                    |. |. |. |. |P |. |P |P |. |. |U |U |V
unposting refused by the cloud      |. |. |. |. |P |. |P |P |. |. |U |. |V
delete sent                         |. |. |. |. |F |F |F |F |F |F |F |F |F
being deleted                       |. |. |. |. |F |F |F |F |F |F |F |F |F
deleting failed                     |. |. |. |. |. |. |. |. |N |. |U |U |V
deletion refused by the cloud       |. |. |. |. |. |. |. |. |N |. |U |. |V
refused by the cloud                |. |. |. |. |. |. |. |. |N |. |U |. |S
refused edit of a synced one        |. |. |. |. |. |. |. |. |N |. |U |. |S
conflict                            |. |. |. |. |C |C |C |C |C |C |. |C |C
e-invoice issued                    |. |. |. |. |I |. |I |P |I |. |U |U |V
settled                             |. |. |. |. |X |. |X |P |X |. |U |U |V
locked date                         |. |. |. |. |L |L |L |L |L |L |U |U |V
locked date, posted                 |. |. |. |. |L |L |L |L |L |L |U |U |V
deleted                             |. |D |. |. |D |D |D |D |D |D |D |D |D
"""
CODES = {**REASONS, "V": "ACT_NOT_BUILT"}


def read_it(house: House, ident: str) -> httpx.Response:
    return house.client.get(f"/vouchers/{ident}")


def print_it(house: House, ident: str) -> httpx.Response:
    return house.client.get("/print", params={"ids": ident})


def copy_it(house: House, ident: str) -> httpx.Response:
    body = {name: value for name, value in house.read(ident)["body"].items() if name != "number"}
    return save(house.client, body | {"accounting_date": "2026-11-20", "voucher_date": "2026-11-20"}, post_to=[])


def edit_it(house: House, ident: str) -> httpx.Response:
    found = house.read(ident)
    return save(house.client, found["body"], voucher=ident, revision=found["revision"], post_to=[])


def quick_edit_it(house: House, ident: str) -> httpx.Response:
    content = {"act_id": fresh(), "revision": house.read(ident)["revision"], "fields": {"payer": "Bà Sáu"}}
    return house.client.patch(f"/vouchers/{ident}", json=content)


def renumber_it(house: House, ident: str) -> httpx.Response:
    content = {"act_id": fresh(), "revision": house.read(ident)["revision"], "fields": {"number": f"R{ident[-9:]}"}}
    # In the books, a number is changed only by a chief accountant.
    return house.chief.patch(f"/vouchers/{ident}", json=content)


def delete_it(house: House, ident: str) -> httpx.Response:
    content = {"act_id": fresh(), "revision": house.read(ident)["revision"]}
    return house.client.request("DELETE", f"/vouchers/{ident}", json=content)


REQUESTS: dict[str, Callable[[House, str], httpx.Response]] = {
    "open": read_it,
    "print": print_it,
    "copy": copy_it,
    "reload": read_it,
    "edit": edit_it,
    "quick_edit": quick_edit_it,
    "delete": delete_it,
    "post": lambda house, ident: house.act(ident, "post", book=BOOK),
    "unpost": lambda house, ident: house.act(ident, "unpost", book=BOOK),
    "renumber": renumber_it,
    "resolve": lambda house, ident: house.act(ident, "resolve", choice="theirs"),
    "discard": lambda house, ident: house.act(ident, "discard"),
}


def rows() -> dict[str, list[str]]:
    lines = [line for line in ACT_TABLE.splitlines() if line.strip()][1:]
    return {line.split("|")[0].strip(): [cell.strip() for cell in line.split("|")[1:]] for line in lines}


def reach(house: House, state: str) -> str:
    """A voucher in that state, with nothing of an earlier one on its way."""
    if state.startswith("locked"):
        lock(house, "")
    house.push(house.applied)
    ident = STATES[state][0](house)
    if state.startswith("locked"):
        lock(house, "2026-01-31")
    return ident


@pytest.fixture
def locked_if(house: House, state: str) -> Iterator[None]:
    """The lock is set once the state is reached."""
    yield
    if state.startswith("locked"):
        lock(house, "")


def lock(house: House, day: str) -> None:
    with house.served.client("ketoantruong") as chief:
        content = {"act_id": fresh(), "day": day, "branches": [HANOI], "reason": "Khóa sổ tháng 1"}
        answer = chief.put("/locks", json=content)
        assert answer.status_code == 200, answer.text
    house.push(house.applied)


def code_of(answer: httpx.Response) -> str:
    if answer.status_code == 200:
        return ""
    return str(answer.json()["code"])


def test_row_3_the_table_tells_of_every_state_and_every_act() -> None:
    assert list(rows()) == list(STATES)
    assert set(REQUESTS) | set(life.MODULE_ACTS) | {"close"} == set(life.ACTS)


@pytest.mark.parametrize("state", STATES)
def test_row_3_every_act_in_this_state(house: House, state: str, locked_if: None) -> None:
    """Each cell: the buttons' map says it, and the request itself is answered so. Closing asks nothing of a server."""
    cells = rows()[state]
    expected = {act: CODES[cell] for act, cell in zip(REQUESTS, cells, strict=False)}
    module = CODES[cells[-1]]
    ident = reach(house, state)
    # What is refused leaves the state as it is; what is done needs another voucher afterwards.
    for act, request in sorted(REQUESTS.items(), key=lambda item: not expected[item[0]]):
        told = house.read(ident)["acts"]
        assert (told[act], told["close"]) == (expected[act], ""), (state, act)
        answer = request(house, ident)
        assert code_of(answer) == expected[act], (state, act, answer.text)
        if not expected[act] and act not in life.READING:
            ident = reach(house, state)
    for act in life.MODULE_ACTS:
        answer = house.act(ident, f"acts/{act}", book=BOOK)
        assert (answer.status_code, code_of(answer)) == (501 if module == "ACT_NOT_BUILT" else 409, module), (
            state,
            act,
        )


@pytest.mark.parametrize("state", [state for state in STATES if state != "deleted"])
def test_row_2_the_word_of_a_list_and_its_filter(house: House, state: str) -> None:
    """The list says the state's one word, and the filter by that word finds it: no other filter does."""
    ident, word = reach(house, state), STATES[state][1]
    # The page is the newest of the day, and this test's own are many: a partner's text narrows it to one.
    number = house.read(ident)["number"]
    found = {
        detail: [
            row["id"] for row in house.client.get("/vouchers", params={"detail": detail, "q": number}).json()["items"]
        ]
        for detail in life.DETAILS
    }
    assert [detail for detail, idents in found.items() if ident in idents] == [word]


def test_row_2_every_word_is_walked() -> None:
    assert {word for _, word in STATES.values()} == set(life.DETAILS)


def test_row_2_a_filter_nobody_knows_is_refused(house: House) -> None:
    answer = house.client.get("/vouchers", params={"detail": "lost"})
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, "CHOICE_INVALID", "detail")


@pytest.mark.parametrize(
    ("setting", "asked", "detail"),
    [
        (True, None, "syncing_and_posting"),
        (True, [], "syncing"),
        (False, None, "syncing"),
        (False, [BOOK], "syncing_and_posting"),
    ],
)
def test_row_1_posting_on_save_is_the_companys_setting_and_each_saves_own_word(
    house: House, setting: bool, asked: list[str] | None, detail: str
) -> None:
    with house.served.client("ketoantruong") as chief:
        company = chief.get("/company").json()
        body = company["body"] | {"post_on_save": setting}
        chief.put("/company", json={"act_id": fresh(), "base": company["revision"], "body": body})
    house.push(house.applied)
    ident = fresh()
    more: dict[str, Any] = {} if asked is None else {"post_to": asked}
    assert save(house.client, receipt(), voucher=ident, **more).status_code == 200
    house.push(None)
    assert house.read(ident)["status"]["detail"] == detail


def test_row_1_each_book_of_a_voucher_is_posted_or_not_by_itself(house: House) -> None:
    """On both books and to be posted in one: the other holds it unposted until somebody posts it there."""
    house.push(house.applied)
    ident = fresh()
    answer = save(house.client, receipt(books=["financial", "management"]), voucher=ident, post_to=["management"])
    assert answer.status_code == 200, answer.text
    house.push(None)
    states = {item["book"]: item["status"]["detail"] for item in house.read(ident)["books"]}
    assert states == {"financial": "syncing", "management": "syncing_and_posting"}
    house.push(house.applied)
    house.tell(ident, BookState("financial"), BookState("management", asked=True, posted=True))
    states = {item["book"]: item["status"]["detail"] for item in house.read(ident)["books"]}
    assert states == {"financial": "synced", "management": "posted"}
    assert code_of(house.act(ident, "post", book="management")) == "ACT_POSTED"
    assert code_of(house.act(ident, "post", book="financial")) == ""


def test_row_7_a_refused_entry_is_put_away_over_http(house: House) -> None:
    ident = reach(house, "waits for a catalog entry")
    partner = house.read(ident)["held_by"][0]["id"]
    path = f"/catalog/partner/{partner}/discard"
    assert code_of(house.client.post(path, json={"act_id": fresh()})) == "CATALOG_USED"
    deleted(house, ident)
    assert code_of(house.client.post(path, json={"act_id": fresh()})) == ""
    assert code_of(house.client.get(f"/catalog/partner/{partner}")) == "CATALOG_UNKNOWN"


def test_row_3_an_act_that_is_no_modules_is_unavailable(house: House) -> None:
    ident = reach(house, "synced")
    assert code_of(house.act(ident, "acts/fly")) == "ACT_UNAVAILABLE"


def test_row_8_what_holds_a_voucher_is_named_with_its_reason(house: House) -> None:
    ident = reach(house, "waits for a catalog entry")
    found = house.read(ident)
    assert found["status"]["detail"] == "held"
    (holder,) = found["held_by"]
    assert (holder["kind"], holder["name"]) == ("partner", "Công ty mới")
    assert [fault["code"] for fault in holder["faults"]] == ["CATALOG_CODE_TAKEN"]
    entry = house.client.get(f"/catalog/partner/{holder['id']}").json()
    assert entry["status"] == "sync_failed"
