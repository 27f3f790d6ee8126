"""The data server's rim against those who mean no good: foreign pages, odd paths, guessed tokens, leaking answers."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from socai.dataserver.http import web
from support.office import PASSWORD, TENANT, Served, fresh, receipt, save, served

SECRET = "này không phải của ai cả"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("office")) as found:
        (found.office.folder / "secret.txt").write_text(SECRET, encoding="utf-8")
        yield found


def raw_get(url: str, path: str) -> tuple[int, bytes]:
    """A GET whose path reaches the server exactly as it is written here: clients tidy paths up."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), timeout=10) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while chunk := line.recv(65_536):
            answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/assets/../../secret.txt",
        "/..%2f..%2fsecret.txt",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/assets/%00.js",
        "/....//....//office.db",
        "/office.db",
        "/..\\..\\office.db",
        "/web/../run.py",
        "/api/../office.db",
        "/file:///etc/passwd",
    ],
)
def test_no_path_leads_out_of_the_web_client(house: Served, path: str) -> None:
    status, body = raw_get(house.url, path)
    assert SECRET.encode() not in body
    assert b"root:" not in body
    assert b"SQLite format" not in body
    assert b"def run" not in body
    assert status in (200, 400, 404)
    if status == 200:  # a path of the client's own: the page, and nothing else
        assert body == web.read_assets()[web.INDEX].content


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    folder, outside = tmp_path / "web", tmp_path / "secret.js"
    folder.mkdir()
    outside.write_text(SECRET, encoding="utf-8")
    (folder / "index.html").write_text("<!doctype html>", encoding="utf-8")
    (folder / "link.js").symlink_to(outside)
    assert set(web.read_assets(folder)) == {"index.html"}


def test_hashed_files_are_kept_and_the_page_is_asked_again(tmp_path: Path) -> None:
    for name in ("index.html", "sw.js", "assets/app-B1x9Zq3k.js", "assets/font.woff2"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x" * 2_000, encoding="utf-8")
    cached = {name: asset.cache for name, asset in web.read_assets(tmp_path).items()}
    assert cached == {
        "index.html": "no-cache",
        "sw.js": "no-cache",
        "assets/app-B1x9Zq3k.js": "public, max-age=31536000, immutable",
        "assets/font.woff2": "no-cache",
    }


def test_every_answer_carries_safe_headers(house: Served) -> None:
    client = house.client()
    paths = ("/", "/vouchers/anything", "/api/health", "/api/nothing", f"/api/t/{TENANT}/spec", "/schema", "/x.js")
    for path in paths:
        headers = client.get(house.url + path).headers
        policy = headers["content-security-policy"]
        assert "script-src 'self';" in policy, path
        assert "object-src 'none'" in policy
        assert "frame-ancestors 'self'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert headers["referrer-policy"] == "no-referrer"
    assert client.get(f"{house.url}/api/t/{TENANT}/spec").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1:1"}, 403),  # another port of the same machine is another site to us
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({}, 200),  # programs send no origin
        ({"sec-fetch-site": "same-origin"}, 200),
    ],
)
def test_a_foreign_page_changes_nothing(house: Served, headers: dict[str, str], status: int) -> None:
    client, voucher = house.client(), fresh()
    content = json.dumps({"act_id": fresh(), "revision": 0, "body": receipt()})
    answer = client.put(f"/vouchers/{voucher}", content=content, headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] == "ORIGIN_REFUSED"
        assert client.get(f"/vouchers/{voucher}").status_code == 404


def test_our_own_page_may_change_things(house: Served) -> None:
    client = house.client()
    assert client.put(
        f"/vouchers/{fresh()}",
        json={"act_id": fresh(), "revision": 0, "body": receipt()},
        headers={"origin": house.url},
    ).is_success


def test_guessing_passwords_is_slowed_down(house: Served) -> None:
    codes = []
    for _ in range(7):
        answer = httpx.post(f"{house.url}/api/login", json={"user": "ketoantruong", "password": "sai"})
        codes.append(answer.json()["code"])
    assert codes == ["LOGIN_FAILED"] * 5 + ["RATE_LIMITED"] * 2
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    right = httpx.post(f"{house.url}/api/login", json={"user": "ketoantruong", "password": PASSWORD})
    assert right.status_code == 429


def test_a_wrong_login_tells_nothing(house: Served) -> None:
    known = httpx.post(f"{house.url}/api/login", json={"user": "ketoan.hn", "password": "sai"})
    unknown = httpx.post(f"{house.url}/api/login", json={"user": "khong-ai", "password": "sai"})
    assert known.json() == unknown.json()
    assert "set-cookie" not in known.headers


def test_answers_leak_no_insides(house: Served) -> None:
    """No answer to a wrong question shows a trace, a statement or a path of the machine."""
    client = house.client()
    for path in ("/vouchers/'", "/vouchers/%F0%9F%92%A9", "/catalog/partner/%00", "/vouchers?after=20260101.%27--"):
        text = client.get(path).text
        for inside in ("Traceback", "SELECT", "sqlite", "apsw", str(house.office.folder), "site-packages"):
            assert inside not in text, path


def test_every_path_of_a_tenant_wants_a_session(house: Served) -> None:
    """Read off the description, so that a new handler cannot forget it."""
    paths: dict[str, dict[str, Any]] = httpx.get(f"{house.url}/schema/openapi.json").json()["paths"]
    tried = 0
    for path, methods in paths.items():
        if not path.startswith("/api/t/"):
            continue
        address = path.replace("{tenant}", TENANT)
        for name in ("kind", "ident", "code", "job", "user"):
            address = address.replace("{" + name + "}", "x")
        for method in methods:
            if method not in ("get", "put", "post", "patch", "delete"):
                continue
            answer = httpx.request(method.upper(), house.url + address, json={}, params={"type": "x", "ids": "x"})
            assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_INVALID"), (method, path)
            tried += 1
    assert tried > 25


def test_nothing_is_stored_without_rights(house: Served) -> None:
    stranger = httpx.Client(base_url=f"{house.url}/api/t/{TENANT}", headers={"authorization": "Bearer " + "a" * 43})
    voucher = fresh()
    assert save(stranger, receipt(), voucher=voucher).json()["code"] == "TOKEN_INVALID"
    assert house.client().get(f"/vouchers/{voucher}").status_code == 404
