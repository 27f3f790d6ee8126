"""The frame both tiers share, with an application of its own: refusals, bugs, limits, logs."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import httpx
import msgspec
import pytest
import structlog
from litestar import get, post
from litestar.params import JSONBody

from socai.base.fault import Fault
from socai.edge import log
from socai.edge.http import OPERATION_HEADER, Refused, application, problems, rooms
from socai.edge.problem import problem, status_of
from socai.edge.serving import Address, Serving, free_port


class Named(msgspec.Struct):
    """A sample body."""

    name: str


@get("/refuse", sync_to_thread=True)
def refuse() -> None:
    raise Refused(Fault("TENANT_UNKNOWN"), Fault("DAY_INVALID", "day", {"value": "x"}), more={"hint": 1})


@get("/bug", sync_to_thread=True)
def bug() -> None:
    password = "mật khẩu trong biến"
    raise ZeroDivisionError(f"{len(password) // 0}")


@post("/name", status_code=200, sync_to_thread=True, responses=problems(400))
def name(data: JSONBody[Named]) -> dict[str, str]:
    """Say a name back."""
    return {"name": data.name}


@pytest.fixture(scope="module")
def lines() -> io.StringIO:
    return io.StringIO()


@pytest.fixture(scope="module")
def url(lines: io.StringIO) -> Iterator[str]:
    log.configure("info", lines)
    app = application(
        [rooms("/api", [refuse, bug, name])], title="t", version="1", body_bytes_max=1_000, known_origins=["http://dev"]
    )
    with Serving(app, Address()) as serving:
        yield serving.address.url
    structlog.reset_defaults()


def logged(lines: io.StringIO, operation: str) -> list[dict[str, object]]:
    return [line for text in lines.getvalue().splitlines() if (line := json.loads(text)).get("operation") == operation]


def test_a_refusal_carries_every_fault_and_what_belongs_to_it(url: str) -> None:
    answer = httpx.get(f"{url}/api/refuse")
    told = answer.json()
    assert (answer.status_code, told["status"], told["code"], told["hint"]) == (404, 404, "TENANT_UNKNOWN", 1)
    assert [item["code"] for item in told["faults"]] == ["TENANT_UNKNOWN", "DAY_INVALID"]
    assert told["type"] == "urn:socai:fault:tenant-unknown"


def test_a_bug_is_told_by_a_reference_that_the_log_knows(url: str, lines: io.StringIO) -> None:
    answer = httpx.get(f"{url}/api/bug")
    told = answer.json()
    operation = answer.headers[OPERATION_HEADER]
    assert (answer.status_code, told["code"], told["params"]) == (500, "INTERNAL", {"reference": operation})
    found = logged(lines, operation)
    assert [line["event"] for line in found] == ["internal", "request"]
    assert "ZeroDivisionError" in json.dumps(found)
    assert "mật khẩu trong biến" not in lines.getvalue()  # variables stay out of the log


def test_limits_and_misshapen_bodies(url: str) -> None:
    codes = [
        httpx.post(f"{url}/api/name", content=content).json()["code"]
        for content in (b"x" * 2_000, b"{", b'{"name": 1}', b"[]", b"")
    ]
    assert codes == ["BODY_TOO_LARGE", "JSON_INVALID", "REQUEST_INVALID", "REQUEST_INVALID", "REQUEST_INVALID"]


def test_unknown_paths_and_methods_are_problems_too(url: str) -> None:
    assert httpx.get(f"{url}/api/nothing").json()["code"] == "PATH_UNKNOWN"
    answer = httpx.delete(f"{url}/api/name")
    assert (answer.status_code, answer.json()["code"]) == (405, "PATH_UNKNOWN")


def test_a_known_origin_may_change_things(url: str) -> None:
    for origin, status in (("http://dev", 200), ("http://other", 403), (url, 200)):
        answer = httpx.post(f"{url}/api/name", json={"name": "a"}, headers={"origin": origin})
        assert answer.status_code == status


def test_every_status_is_of_a_fault_in_the_table() -> None:
    assert (status_of("DAY_INVALID"), status_of("STALE_VERSION"), status_of("STORAGE_FAILED")) == (422, 409, 503)
    assert problem([Fault("DAY_INVALID", "day", {"value": "x"})])["status"] == 422


def test_a_port_that_is_taken_is_said(url: str) -> None:
    port = int(url.rsplit(":", 1)[1])
    app = application([rooms("/api", [name])], title="t", version="1")
    with pytest.raises((OSError, RuntimeError)):
        serve_once(app, port)
    assert free_port() != port


def serve_once(app: object, port: int) -> None:
    with Serving(app, Address(port=port)):
        pass
