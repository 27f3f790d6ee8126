"""The load generator measures what it says, and counts what was refused."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from threading import Thread

import pytest

from socai.lab.load import Measured, no_pause, own_moments, press, same_instant


class Answering(BaseHTTPRequestHandler):
    """Refuses every path that says so."""

    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:  # the name is the protocol's
        self.rfile.read(int(self.headers["Content-Length"]))
        assert self.headers["Authorization"] == "Bearer token"
        body = b'{"code": "NO"}' if "no" in self.path else b"{}"
        self.send_response(422 if "no" in self.path else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.mark.parametrize("path", ["/yes", "/no"])
def test_answers_are_counted(path: str) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        found = press(address, "token", 3, 0.2, lambda: ("PUT", path, b"{}"), no_pause)
        server.shutdown()
    assert bool(found.milliseconds) is (path == "/yes")
    assert bool(found.refused) is (path == "/no")
    assert found.first_refusal == ("" if path == "/yes" else '{"code": "NO"}')


def test_percentiles_of_the_measured() -> None:
    found = Measured([float(number) for number in range(100, 0, -1)])
    assert (found.percentile(0.5), found.percentile(0.99), Measured().percentile(0.5)) == (51.0, 100.0, 0.0)


def test_pauses_stay_in_their_bounds() -> None:
    pause = own_moments(0.25, Random(1))
    assert all(0 <= pause() <= 0.5 for _ in range(100))
    assert all(0 < same_instant(0.25)() <= 0.25 for _ in range(100))
    assert no_pause() == 0
