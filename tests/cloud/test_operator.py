"""Row 17: what the one who runs the cloud sees: health, metrics, the operator's page, the command, and who may look."""

from __future__ import annotations

import base64
import io
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from socai.cloud.http.api import Api
from socai.cloud.http.operator import may_look
from socai.cloud.http.operator_page import WORDS
from socai.cloud.http.worker import worker_application
from socai.cloud.run import api_on, cloud_application
from socai.cloud.store.connection import Database
from socai.cloud.store.migration import OPERATOR_ROLE, migrate
from socai.cloud.store.operator import OperatorStore
from socai.cloud.worker import Figures, run_worker
from socai.edge import log
from socai.edge.serving import Address, Serving
from socai.lab.cloud_state import cloud_state, lanes_and_machines
from support.desk import journal as office_journal
from support.sender import Sender, company, ident, journal
from support.system import make_company, running, until

SECONDS_MAX = 60.0


@pytest.fixture
def api(fresh_database: str) -> Iterator[Api]:
    migrate(fresh_database)
    found = api_on(fresh_database)
    try:
        yield found
    finally:
        found.close()


@pytest.fixture
def office(api: Api) -> Sender:
    """The office of a small company with three vouchers waiting to be posted."""
    sender = company(api.store)
    sender.push(*(sender.save(ident(), journal(), post_to=["financial"]) for _ in range(3)))
    return sender


def get(url: str, **more: Any) -> httpx.Response:
    return httpx.get(url, trust_env=False, timeout=10, **more)


def samples(text: str) -> dict[str, float]:
    """The samples of a Prometheus text."""
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_row_17_the_page_shows_lanes_data_servers_and_limits_in_both_languages(api: Api, office: Sender) -> None:
    api.store.seen(office.ref, office.replica, "1.2.3", 0)
    with Serving(cloud_application(api), Address(), on_stop=api.watch.close) as running_api:
        url = running_api.address.url
        vi, en = get(f"{url}/operator"), get(f"{url}/operator?lang=en")
        told = get(f"{url}/operator.json").json()
    assert (vi.status_code, vi.headers["content-type"]) == (200, "text/html; charset=utf-8")
    for text, at in ((vi.text, 0), (en.text, 1)):
        assert all(WORDS[name][at] in text for name in ("lanes", "replicas", "gate", "processes"))
        assert "minhphat" in text
        assert "1.2.3" in text
    assert (told["waiting"], told["lanes_waiting"], told["lanes"][0]["depth"]) == (3, 1, 3)
    assert told["lanes"][0]["oldest_seconds"] >= 0
    assert told["replicas"][0]["program"] == "1.2.3"
    assert told["replicas"][0]["behind"] > 0
    assert told["gate"]["limit"] > 0
    assert any(name.startswith("socai api ") for name in told["processes"])


def test_row_17_names_are_written_as_text_and_never_as_markup(api: Api) -> None:
    company(api.store)
    with psycopg.connect(api.store.database.dsn, autocommit=True) as connection:  # type: ignore[attr-defined]
        connection.execute("update replica set name = '<script>alert(1)</script>'")
    with Serving(cloud_application(api), Address(), on_stop=api.watch.close) as running_api:
        text = get(f"{running_api.address.url}/operator").text
    assert "<script" not in text
    assert "&lt;script&gt;" in text


@pytest.mark.parametrize(
    "token, headers, client, may",
    [
        ("", {"host": "127.0.0.1:8700"}, "127.0.0.1", True),
        ("", {"host": "localhost"}, "::1", True),
        ("", {"host": "127.0.0.1:8700"}, "10.0.0.5", False),
        ("", {"host": "cloud.example"}, "127.0.0.1", False),
        ("", {"host": "localhost", "x-forwarded-for": "10.0.0.5"}, "127.0.0.1", False),
        ("secret", {"host": "localhost"}, "127.0.0.1", False),
        ("secret", {"authorization": "Bearer secret"}, "10.0.0.5", True),
        ("secret", {"authorization": "Bearer other"}, "10.0.0.5", False),
        ("secret", {"authorization": "Basic " + base64.b64encode(b"ops:secret").decode()}, "10.0.0.5", True),
        ("secret", {"authorization": "Basic %%%"}, "10.0.0.5", False),
        ("secret", {"authorization": "Bearer bí-mật"}, "10.0.0.5", False),
    ],
)
def test_row_17_the_page_is_for_the_operators_token_or_for_this_machine(
    token: str, headers: dict[str, str], client: str, may: bool
) -> None:
    assert may_look(token, headers, client) is may


def test_row_17_a_stranger_is_asked_for_the_token(api: Api) -> None:
    api.operator_token = "secret"
    with Serving(cloud_application(api), Address(), on_stop=api.watch.close) as running_api:
        refused = get(f"{running_api.address.url}/operator")
        assert (refused.status_code, refused.json()["code"]) == (401, "TOKEN_INVALID")
        assert refused.headers["WWW-Authenticate"].startswith("Basic")
        assert get(f"{running_api.address.url}/operator", auth=("ops", "secret")).status_code == 200
        assert get(f"{running_api.address.url}/metrics").status_code == 200


def test_row_17_the_operators_role_reads_figures_and_nothing_of_any_books(api: Api, office: Sender) -> None:
    dsn = api.store.database.dsn  # type: ignore[attr-defined]
    with Database(dsn, OPERATOR_ROLE, 1) as database, database.connection_for(0) as connection:
        for column in ("name from tenant", "depth from lane", "name from replica"):
            assert connection.execute(f"select {column}".encode()).fetchone() is not None
        for refused in (
            "select body from voucher",
            "select * from entry",
            "select public_key from replica",
            "select settings from tenant",
            "select voucher from work",
            "update lane set depth = 0",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(refused.encode())


def test_row_17_metrics_tell_the_gate_and_the_lanes(api: Api, office: Sender) -> None:
    with Serving(cloud_application(api), Address(), on_stop=api.watch.close) as running_api:
        url = running_api.address.url
        assert get(f"{url}/health").json() | {"version": ""} == {
            "live": True, "ready": True, "database": True, "version": ""}  # fmt: skip
        found = samples(get(f"{url}/metrics").text)
    assert found["socai_lanes_depth"] == 3
    assert found["socai_lanes_waiting"] == 1
    assert found["socai_gate_limit"] >= 2
    assert found['socai_gate_refused_total{class="backlog"}'] == 0


def test_row_17_a_worker_tells_its_health_and_what_it_has_done(api: Api, office: Sender) -> None:
    figures, stop = Figures(), threading.Event()
    with Serving(worker_application(figures), Address()) as serving:
        url = serving.address.url
        assert get(f"{url}/readyz").status_code == 503  # it has not seen its database yet
        dsn = api.store.database.dsn  # type: ignore[attr-defined]
        thread = threading.Thread(target=run_worker, args=(dsn, stop), kwargs={"figures": figures})
        thread.start()
        try:
            until(lambda: figures.works == 3, "posted")
            until(lambda: get(f"{url}/readyz").status_code == 200, "ready")
            assert get(f"{url}/health").json()["live"] is True
            found = samples(get(f"{url}/metrics").text)
            store = OperatorStore(dsn)
            until(lambda: any(name.startswith("socai worker ") for name in store.processes()), "seen by the operator")
            store.close()
        finally:
            stop.set()
            thread.join(SECONDS_MAX)
        assert (found["socai_worker_works_total"], found["socai_worker_entries_total"]) == (3, 3)
        figures.beat = time.monotonic() - 100
        assert get(f"{url}/healthz").status_code == 503


def test_row_17_the_command_tells_lanes_and_machines(api: Api, office: Sender) -> None:
    dsn = api.store.database.dsn  # type: ignore[attr-defined]
    state, more = cloud_state(dsn), lanes_and_machines(dsn)
    assert (state["waiting_to_be_posted"], state["lanes_waiting"]) == (3, 1)
    assert state["oldest_waiting_seconds"] >= 0
    assert more["lanes"][0]["tenant"] == "minhphat"
    assert [row["state"] for row in more["replicas"]] == ["active"]


def test_row_17_an_idle_worker_is_woken_and_hardly_asks_the_database(api: Api) -> None:
    """Woken by a notification: with the poll a second apart, vouchers that come one by one are served at once."""
    dsn = api.store.database.dsn  # type: ignore[attr-defined]
    office = company(api.store)
    figures, stop = Figures(), threading.Event()
    thread = threading.Thread(target=run_worker, args=(dsn, stop), kwargs={"figures": figures})
    thread.start()
    try:
        until(lambda: figures.beat, "begun")
        for count in range(1, 4):
            office.push(office.save(ident(), journal(), post_to=["financial"]))
            api.wake()
            until(lambda wanted=count: figures.works == wanted, "posted")
        assert figures.wakes >= 1
    finally:
        stop.set()
        thread.join(SECONDS_MAX)
    assert not thread.is_alive()


def test_row_17_an_act_keeps_its_id_from_the_keyboard_to_the_ledger(fresh_database: str, tmp_path: Path) -> None:
    lines = io.StringIO()
    log.configure("info", lines)
    try:
        with running(fresh_database) as system:
            place = system.open(tmp_path / "hn", "Hà Nội")
            make_company(place)
            done = place.save(office_journal("1000"), post_to=("financial",))
            until(lambda: place.is_posted(done.id), "posted")  # type: ignore[union-attr]
            with place.books.read() as db:
                act_id = db.execute("SELECT act_id FROM outbox WHERE object = ?", (done.id,)).fetchone()[0]  # type: ignore[union-attr]
    finally:
        log.configure()
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    events = [each["event"] for each in told if act_id in each.get("act_ids", ())]
    assert sorted(events) == ["pushed", "sent", "served"]
