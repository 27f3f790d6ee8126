"""The load generator measures what it says, and counts what was refused; so do the parts that stand beside it."""

import asyncio
import socket
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from threading import Thread

import pytest

from socai.lab.bench import fleet
from socai.lab.bench.disk import probing
from socai.lab.bench.load import Measured, no_pause, own_moments, press, same_instant
from socai.lab.fault_line import LATENCY_SECONDS, SLOW, SLOW_BYTES_PER_SECOND, FaultLine


class Answering(BaseHTTPRequestHandler):
    """Refuses every path that says so."""

    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:  # the name is the protocol's
        self.rfile.read(int(self.headers["Content-Length"]))
        assert self.headers["Authorization"] == "Bearer token"
        body = b'{"code": "NO"}' if "no" in self.path else b'{"settled":false}' if "late" in self.path else b"{}"
        self.send_response(422 if "no" in self.path else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.mark.parametrize("path", ["/yes", "/no", "/late"])
def test_answers_are_counted(path: str) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        found = press(address, "token", 3, 0.2, lambda: ("PUT", path, b"{}"), no_pause)
        server.shutdown()
    assert bool(found.milliseconds) is (path != "/no")
    assert found.unsettled == (len(found.milliseconds) if path == "/late" else 0)
    assert bool(found.refused) is (path == "/no")
    assert found.first_refusal == ("" if path != "/no" else '{"code": "NO"}')


def test_percentiles_of_the_measured() -> None:
    found = Measured([float(number) for number in range(100, 0, -1)])
    assert (found.percentile(0.5), found.percentile(0.99), Measured().percentile(0.5)) == (51.0, 100.0, 0.0)


def test_pauses_stay_in_their_bounds() -> None:
    pause = own_moments(0.25, Random(1))
    assert all(0 <= pause() <= 0.5 for _ in range(100))
    assert all(0 < same_instant(0.25)() <= 0.25 for _ in range(100))
    assert no_pause() == 0


def test_the_disk_is_probed_beside_a_block_and_nothing_is_left(tmp_path: Path) -> None:
    enough = time.monotonic() + 5
    with probing(tmp_path, no_pause) as found:
        while len(found.milliseconds) < 3 and time.monotonic() < enough:
            pass
    assert len(found.milliseconds) >= 3
    assert all(took > 0 for took in found.milliseconds)
    assert list(tmp_path.iterdir()) == []


def test_row_19_a_slow_line_is_late_and_thin_and_well_again_once_healed() -> None:
    body, took = b"x" * (SLOW_BYTES_PER_SECOND // 10), []
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server, FaultLine(server.server_address[1]) as line:
        Thread(target=server.serve_forever, daemon=True).start()
        for fault in (SLOW, ""):
            line.worsen(fault)
            took.append(press(line.address, "token", 1, 0.01, lambda: ("PUT", "/yes", body), no_pause).milliseconds[0])
        server.shutdown()
    slow, healed = took
    assert slow >= (2 * LATENCY_SECONDS + 0.1) * 1000
    assert healed < slow
    assert line.met[SLOW] == 1


def test_a_line_of_the_fleet_is_opened_again_where_the_cloud_has_closed_it() -> None:
    """A server closes what has been quiet for long, perhaps in the moment in which something is sent."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    def serve(listening: socket.socket) -> None:
        for _ in range(2):
            connection, _address = listening.accept()
            with connection:
                connection.recv(1_000)
                connection.sendall(answer)

    async def ask(port: int) -> list[bytes]:
        line = fleet.Line(f"http://127.0.0.1:{port}")
        found = [(await line.send(b"GET / HTTP/1.1\r\n\r\n")).body for _ in range(2)]
        line.close()
        return found

    with socket.create_server(("127.0.0.1", 0)) as listening:
        Thread(target=serve, args=(listening,), daemon=True).start()
        assert asyncio.run(ask(listening.getsockname()[1])) == [b"ok", b"ok"]
