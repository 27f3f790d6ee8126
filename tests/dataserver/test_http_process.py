"""The data server as a process of its own: how it starts, stops, dies and meets a full disk."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from socai.edge.serving import free_port
from support.office import PASSWORD, TENANT, fresh, make_office, receipt, save
from support.system import until

PROGRAM = """
import resource, sys
from pathlib import Path
from socai.dataserver.run import run
limit = int(sys.argv[3])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
run(Path(sys.argv[1]), int(sys.argv[2]), on_ready=lambda: print("ready", flush=True))
"""
IDLE_MEGABYTES_MAX = 200
STOP_SECONDS = 20


@dataclass
class Running:
    """One process and where it answers."""

    process: subprocess.Popen[str]
    url: str

    def client(self) -> httpx.Client:
        answer = httpx.post(f"{self.url}/api/login", json={"user": "ketoan", "password": PASSWORD}, timeout=30)
        headers = {"authorization": f"Bearer {answer.json()['token']}"}
        return httpx.Client(base_url=f"{self.url}/api/t/{TENANT}", headers=headers, timeout=30)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)


@contextmanager
def process(folder: Path, file_bytes_max: int = 0) -> Iterator[Running]:
    """A data server over a folder; `file_bytes_max` makes its disk full beyond that size of a file."""
    port = free_port()
    command = [sys.executable, "-c", PROGRAM, str(folder), str(port), str(file_bytes_max)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as found:
        try:
            assert found.stdout is not None
            line = found.stdout.readline()
            assert line == "ready\n", found.communicate()[1]
            yield Running(found, f"http://127.0.0.1:{port}")
        finally:
            found.kill()


def sample(folder: Path) -> None:
    make_office(folder).close()


def test_it_stops_cleanly_though_a_browser_listens(tmp_path: Path) -> None:
    sample(tmp_path)
    with process(tmp_path) as server:
        client = server.client()
        done = save(client, receipt()).json()
        with client.stream("GET", "/events", timeout=60) as stream:
            assert next(stream.iter_lines()).startswith("retry")
            assert server.stop() == 0
    with make_office(tmp_path) as office:
        books = office.tenant(TENANT)
        assert books is not None
        with books.file.read() as db:
            assert db.execute("SELECT count(*) FROM voucher WHERE id = ?", (done["id"],)).fetchone() == (1,)


def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    sample(tmp_path)
    with process(tmp_path) as server:
        client = server.client()
        done = [save(client, receipt()).json()["id"] for _ in range(20)]
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    with process(tmp_path) as server:
        client = server.client()
        assert {row["id"] for row in client.get("/vouchers").json()["items"]} == set(done)
        assert save(client, receipt()).json()["number"] == "PT00021"


def test_one_folder_is_served_once(tmp_path: Path) -> None:
    sample(tmp_path)
    with process(tmp_path):
        command = [sys.executable, "-c", PROGRAM, str(tmp_path), str(free_port()), "0"]
        second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert second.returncode != 0
        assert "is served by another process" in second.stderr


def test_an_idle_server_is_small(tmp_path: Path) -> None:
    """With its first pages, a report and a print behind it."""
    sample(tmp_path)
    with process(tmp_path) as server:
        client = server.client()
        done = save(client, receipt()).json()
        client.get("/spec")
        client.get("/reports/trial_balance", params={"from": "2026-01-01", "to": "2026-12-31"})
        assert client.get("/print", params={"ids": done["id"]}).content[:5] == b"%PDF-"
        text = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
        megabytes = int(text.split("VmRSS:")[1].split()[0]) / 1024
        assert megabytes < IDLE_MEGABYTES_MAX


def test_a_full_disk_is_told_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    """STORAGE_FAILED, with the cure; reading goes on, health says so, and a retry after mending saves it."""
    sample(tmp_path)
    act, voucher = fresh(), fresh()
    with process(tmp_path, file_bytes_max=600_000) as server:
        client = server.client()
        done: list[str] = []

        def full() -> httpx.Response | None:
            answer = save(client, receipt(), act_id=act, voucher=voucher) if len(done) > 5 else None
            if answer is None or answer.is_success:
                answer = save(client, receipt(lines=receipt()["lines"] * 200))
                done.extend([answer.json()["id"]] if answer.is_success else [])
            return None if answer.is_success else answer

        refused = until(full, "the disk is full")
        assert (refused.status_code, refused.json()["code"]) == (503, "STORAGE_FAILED")
        assert refused.json()["cure_vi"]
        assert httpx.get(f"{server.url}/api/health").json()["storage"] is False
    with process(tmp_path) as server:
        client = server.client()
        page = client.get("/vouchers", params={"limit": 200}).json()
        assert set(done) <= {row["id"] for row in page["items"]}
        assert save(client, receipt(), act_id=act, voucher=voucher).is_success
        assert httpx.get(f"{server.url}/api/health").json()["storage"] is True
