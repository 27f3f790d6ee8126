"""The cloud's HTTP face over a real database and a real socket: signatures, limits, and every path once."""

import base64
import gzip
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import pytest

from socai.cloud.clock import iso, utc_now
from socai.cloud.enrol import make_code
from socai.cloud.people import PersonWish, add_user
from socai.cloud.run import serving
from socai.cloud.store.migration import migrate
from socai.cloud.store.postgres import PostgresStore
from socai.cloud.store.row import TenantRef
from socai.cloud.tenant import create_tenant
from socai.edge.signature import new_key, signed_headers
from socai.sync.message import (
    FeedPage,
    Hello,
    HelloAnswer,
    Operation,
    Push,
    PushAnswer,
    SnapshotChunk,
    encode,
)
from support.sender import CATALOGS, HN, Sender, ident, journal

ANY = b""


@dataclass
class Machine:
    """A data server as the network sees it."""

    url: str
    replica: str
    private: bytes
    http: httpx.Client

    def ask(self, method: str, target: str, body: bytes = ANY, **changed: Any) -> httpx.Response:
        headers = signed_headers(
            changed.get("private", self.private),
            changed.get("replica", self.replica),
            method,
            target,
            changed.get("time", iso(utc_now())),
            changed.get("signed", body),
        )
        return self.http.request(method, self.url + target, content=body, headers=headers)

    def push(self, *operations: Operation, **changed: Any) -> httpx.Response:
        return self.ask("POST", "/sync/push", encode(Push(1, self.replica, 1, list(operations))), **changed)


@dataclass
class Cloud:
    """A running API, its store, and one tenant."""

    url: str
    store: PostgresStore
    ref: TenantRef
    http: httpx.Client

    def machine(self, ref: TenantRef | None = None, branches: tuple[str, ...] = ()) -> Machine:
        private, public = new_key()
        code = make_code(self.store, ref or self.ref, "Văn phòng", branches)
        answer = self.http.post(f"{self.url}/enrol", json={"code": code, "public_key": b64(public), "name": "Máy 1"})
        assert answer.status_code == 200, answer.text
        return Machine(self.url, answer.json()["replica"], private, self.http)

    def sender(self, machine: Machine, ref: TenantRef | None = None) -> Sender:
        return Sender(self.store, ref or self.ref, machine.replica)


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def code_of(answer: httpx.Response) -> str:
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.text
    return str(answer.json()["code"])


def tenant(store: PostgresStore, code: str) -> TenantRef:
    ref = create_tenant(store, code, "Công ty Minh Phát")
    assert isinstance(ref, TenantRef)
    for login, role in (("admin", "admin"), ("chief", "chief_accountant")):
        add_user(store, ref, PersonWish(login, login, role, password="mat-khau-dai"))
    return ref


@pytest.fixture
def cloud(fresh_database: str) -> Iterator[Cloud]:
    migrate(fresh_database)
    store = PostgresStore(fresh_database, size_max=2)
    try:
        with serving(fresh_database) as url, httpx.Client(timeout=30) as http:
            yield Cloud(url, store, tenant(store, "minhphat"), http)
    finally:
        store.close()


def test_a_data_server_enrols_greets_pushes_and_reads(cloud: Cloud) -> None:
    machine = cloud.machine()
    sender = cloud.sender(machine)
    said = machine.ask("POST", "/sync/hello", encode(Hello(1, machine.replica, 1, 0, "", 1, "")))
    greeting = msgspec.json.decode(said.content, type=HelloAnswer)
    assert (greeting.verdict, greeting.tenant, greeting.accepted_n) == ("ok", "minhphat", 0)
    answer = machine.push(
        *(sender.entry(kind, ident_, body) for kind, ident_, body in CATALOGS),
        sender.save(ident(), journal("NVK1"), post_to=["financial"]),
    )
    outcomes = msgspec.json.decode(answer.content, type=PushAnswer)
    assert {outcome.result for outcome in outcomes.outcomes} == {"applied"}
    assert outcomes.depth == 1
    page = msgspec.json.decode(machine.ask("GET", "/sync/feed?cursor=&limit=4").content, type=FeedPage)
    rest = msgspec.json.decode(machine.ask("GET", f"/sync/feed?cursor={page.cursor}").content, type=FeedPage)
    assert (len(page.items), page.more, rest.more) == (4, True, False)
    assert len(page.items) + len(rest.items) == len(CATALOGS) + 1
    empty = msgspec.json.decode(machine.ask("GET", f"/sync/feed?cursor={rest.cursor}").content, type=FeedPage)
    assert (empty.items, empty.cursor) == ([], rest.cursor)


def test_a_long_poll_answers_when_something_changes(cloud: Cloud) -> None:
    machine = cloud.machine()
    sender = cloud.sender(machine)
    cursor = msgspec.json.decode(machine.ask("GET", "/sync/feed").content, type=FeedPage).cursor
    found: list[FeedPage] = []

    def wait() -> None:
        answer = machine.ask("GET", f"/sync/feed?cursor={cursor}&wait=20")
        found.append(msgspec.json.decode(answer.content, type=FeedPage))

    waiting = threading.Thread(target=wait)
    began = time.monotonic()
    waiting.start()
    # Straight into the store, as another API process or the poster would: found by the timed look.
    sender.push(*(sender.entry(kind, ident_, body) for kind, ident_, body in CATALOGS))
    waiting.join()
    assert time.monotonic() - began < 10
    seen = {item.id for item in found[0].items}
    assert seen
    assert seen <= {ident_ for _, ident_, _ in CATALOGS}


def test_a_long_poll_without_news_ends_by_its_own_time(cloud: Cloud) -> None:
    machine = cloud.machine()
    page = msgspec.json.decode(machine.ask("GET", "/sync/feed?wait=1").content, type=FeedPage)
    assert (page.items, page.more) == ([], False)


def test_a_request_must_bear_the_replica_s_own_signature(cloud: Cloud) -> None:
    machine = cloud.machine()
    stranger, _ = new_key()
    target = "/sync/people"
    refused = [
        machine.http.get(machine.url + target),
        machine.ask("GET", target, private=stranger),
        machine.ask("GET", target, time="2026-01-01T00:00:00Z"),
        machine.ask("GET", target, time="yesterday"),
        machine.ask("GET", target, replica="'; drop table tenant; --"),
        machine.ask("GET", target, signed=b"another body"),
    ]
    assert [answer.status_code for answer in refused] == [401] * 6
    assert {code_of(answer) for answer in refused} == {"SIGNATURE_INVALID"}
    unknown = machine.ask("GET", target, replica=ident())
    assert code_of(unknown) == "REPLICA_UNKNOWN"
    assert "date" in refused[0].headers


def test_one_tenant_s_key_opens_no_other_tenant(cloud: Cloud) -> None:
    """A voucher, a replica and people of another tenant cannot be named into reach."""
    other = tenant(cloud.store, "khac")
    mine, theirs = cloud.machine(), cloud.machine(other)
    my_office, their_office = cloud.sender(mine), cloud.sender(theirs, other)
    for machine, sender in ((mine, my_office), (theirs, their_office)):
        machine.push(*(sender.entry(kind, ident_, body) for kind, ident_, body in CATALOGS))
    voucher = ident()
    theirs.push(their_office.save(voucher, journal("NVK1", amount=5)))
    edited = mine.push(my_office.save(voucher, journal("NVK1", amount=6), base=1))
    (outcome,) = msgspec.json.decode(edited.content, type=PushAnswer).outcomes
    assert (outcome.result, outcome.winner) == ("rejected", None)
    assert [fault.code for fault in outcome.faults] == ["VOUCHER_UNKNOWN"]
    page = msgspec.json.decode(mine.ask("GET", "/sync/feed").content, type=FeedPage)
    assert voucher not in {item.id for item in page.items}
    spoken_for = mine.ask("POST", "/sync/push", encode(Push(1, theirs.replica, 1, [])))
    assert (spoken_for.status_code, code_of(spoken_for)) == (401, "REPLICA_UNKNOWN")


def test_bodies_too_large_malformed_or_of_another_shape_are_told_so(cloud: Cloud) -> None:
    machine = cloud.machine()
    big = machine.ask("POST", "/sync/push", b'{"x": "' + b"a" * 5_000_000 + b'"}')
    broken = machine.ask("POST", "/sync/push", b'{"protocol": 1, "repl')
    deep = machine.ask("POST", "/sync/push", b"[" * 100_000)
    shape = machine.ask("POST", "/sync/push", b'{"protocol": "one"}')
    old = machine.ask("POST", "/sync/push", encode(Push(0, machine.replica, 1, [])))
    many = machine.push(*[cloud.sender(machine).save(ident(), journal()) for _ in range(501)])
    assert (big.status_code, code_of(big)) == (413, "BODY_TOO_LARGE")
    assert (broken.status_code, code_of(broken)) == (400, "JSON_INVALID")
    assert deep.status_code == 400
    assert (shape.status_code, code_of(shape)) == (400, "REQUEST_INVALID")
    assert (old.status_code, code_of(old)) == (426, "VERSION_TOO_OLD")
    assert (many.status_code, code_of(many)) == (413, "BODY_TOO_LARGE")
    replica = cloud.store.replica(cloud.ref, machine.replica)
    assert replica is not None
    assert replica.last_n == 0


def test_odd_queries_are_refused_and_never_reach_the_database(cloud: Cloud) -> None:
    machine = cloud.machine()
    for target, code in (
        ("/sync/feed?cursor=abc", "PARAMETER_INVALID"),
        ("/sync/feed?cursor=1:a%00:b", "PARAMETER_INVALID"),
        ("/sync/feed?limit=-1", "PARAMETER_INVALID"),
        ("/sync/download?from=2026-01-01", "FIELD_REQUIRED"),
        ("/sync/download?from=2026-01-01&to=2026-02-31", "DAY_INVALID"),
        ("/sync/download?from=2026-01-01&to=2026-02-01&type=%00", "TYPE_UNKNOWN"),
        ("/sync/download?from=2026-01-01&to=2026-02-01&after=9", "PARAMETER_INVALID"),
        ("/nowhere", "PATH_UNKNOWN"),
    ):
        answer = machine.ask("GET", target)
        assert (answer.status_code // 100, code_of(answer)) == (4, code), target


def test_an_old_epoch_a_gap_and_a_clone_are_told_apart(cloud: Cloud) -> None:
    machine = cloud.machine()
    sender = cloud.sender(machine)
    machine.push(sender.entry(*CATALOGS[0]))
    sender.n = 5
    gap = machine.push(sender.entry(*CATALOGS[1]))
    sender.n = 0
    clone = machine.push(sender.entry("partner", ident(), {"code": "X", "name": "Y"}))
    after = machine.push(sender.entry(*CATALOGS[1]))
    assert (gap.status_code, code_of(gap)) == (409, "EPOCH_UNKNOWN")
    assert (clone.status_code, code_of(clone)) == (403, "REPLICA_QUARANTINED")
    assert (after.status_code, code_of(after)) == (403, "REPLICA_QUARANTINED")


def test_an_enrolment_code_works_once_however_it_is_typed(cloud: Cloud) -> None:
    code = make_code(cloud.store, cloud.ref, "Hà Nội", (HN,))
    _, public = new_key()
    typed = code.lower().replace("-", " ")
    first = cloud.http.post(f"{cloud.url}/enrol", json={"code": typed, "public_key": b64(public)})
    again = cloud.http.post(f"{cloud.url}/enrol", json={"code": code, "public_key": b64(public)})
    wrong = cloud.http.post(f"{cloud.url}/enrol", json={"code": "minhphat.AAAA", "public_key": b64(public)})
    no_key = cloud.http.post(f"{cloud.url}/enrol", json={"code": code, "public_key": "abc"})
    assert (first.json()["tenant"], first.json()["name"], first.json()["branches"]) == (
        "minhphat",
        "Công ty Minh Phát",
        [HN],
    )
    assert [code_of(answer) for answer in (again, wrong, no_key)] == [
        "ENROL_CODE_INVALID",
        "ENROL_CODE_INVALID",
        "SIGNATURE_INVALID",
    ]


def test_people_are_changed_by_an_administrator_only(cloud: Cloud) -> None:
    machine = cloud.machine()

    def save(acting: str, **person: Any) -> httpx.Response:
        return machine.ask("PUT", "/sync/people", msgspec.json.encode({"acting_user": acting, "person": person}))

    added = save("admin", user="lan", name="Nguyễn Thị Lan", role="accountant", password="bi-mat-lam", branches=[HN])
    by_chief = save("chief", user="lan", name="Lan", role="admin")
    no_password = save("admin", user="hoa", name="Hoa", role="accountant")
    last_admin = save("admin", user="admin", name="Admin", role="accountant")
    everybody = machine.ask("GET", "/sync/people").json()["people"]
    lan = next(person for person in everybody if person["user"] == "lan")
    assert added.status_code == 200
    assert (lan["name"], lan["role"], lan["branches"]) == ("Nguyễn Thị Lan", "accountant", [HN])
    assert lan["password_hash"].startswith("$argon2id$")
    assert [code_of(answer) for answer in (by_chief, no_password, last_admin)] == [
        "RIGHT_MISSING",
        "FIELD_REQUIRED",
        "RIGHT_MISSING",
    ]


def test_the_snapshot_is_a_stream_of_lines_with_a_beginning_and_an_end(cloud: Cloud) -> None:
    machine = cloud.machine()
    sender = cloud.sender(machine)
    machine.push(*(sender.entry(kind, ident_, body) for kind, ident_, body in CATALOGS))
    answer = machine.ask("GET", "/sync/snapshot")
    chunks = [msgspec.json.decode(line, type=SnapshotChunk) for line in answer.content.splitlines()]
    assert answer.headers["content-encoding"] == "gzip"
    assert chunks[0].seq > 0
    assert chunks[0].cursor
    assert chunks[-1].end
    assert {item.id for chunk in chunks for item in chunk.catalog} == {ident_ for _, ident_, _ in CATALOGS}


def test_large_pages_travel_compressed(cloud: Cloud) -> None:
    machine = cloud.machine()
    sender = cloud.sender(machine)
    machine.push(*(sender.entry(kind, ident_, body) for kind, ident_, body in CATALOGS))
    headers = signed_headers(machine.private, machine.replica, "GET", "/sync/feed", iso(utc_now()), b"")
    headers["accept-encoding"] = "gzip"
    with cloud.http.stream("GET", cloud.url + "/sync/feed", headers=headers) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert len(msgspec.json.decode(gzip.decompress(raw), type=FeedPage).items) == len(CATALOGS)


def test_health_and_figures_need_no_signature(cloud: Cloud) -> None:
    machine = cloud.machine()
    sender = cloud.sender(machine)
    machine.push(sender.entry(*CATALOGS[0]))
    assert cloud.http.get(f"{cloud.url}/healthz").json()["ok"] is True
    assert cloud.http.get(f"{cloud.url}/readyz").json()["ok"] is True
    assert 'socai_operations_total{result="applied"} 1.0' in cloud.http.get(f"{cloud.url}/metrics").text
