"""How a second command speaks to a running demo: one line of JSON to a port of localhost, one line back.

The port and a secret stand in a file of the demo's folder that only its owner may read.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import secrets
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

FILE = "control.json"
ANSWER_SECONDS_MAX = 30.0
LINE_BYTES_MAX = 10_000

Handler = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class NotRunning(Exception):
    """No demo runs in the folder."""


@contextlib.contextmanager
def listening(folder: Path, handle: Handler) -> Iterator[None]:
    """Answer commands while the block runs. `handle` is called in a thread of its own, one command at a time."""
    secret = secrets.token_hex(16)
    busy = threading.Lock()

    class Door(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            try:
                asked = json.loads(self.rfile.readline(LINE_BYTES_MAX))
                known = hmac.compare_digest(str(asked.get("secret", "")), secret)
            except (ValueError, AttributeError):
                return
            if known:
                with busy:
                    answer = dict(handle(asked))
                self.wfile.write(json.dumps(answer).encode() + b"\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Door) as server:
        file = folder / FILE
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as told:
            json.dump({"port": server.server_address[1], "secret": secret}, told)
        thread = threading.Thread(target=server.serve_forever, name="control", daemon=True)
        thread.start()
        try:
            yield
        finally:
            file.unlink(missing_ok=True)
            server.shutdown()
            thread.join()


def ask(folder: Path, command: Mapping[str, Any]) -> dict[str, Any]:
    """Send a command to the demo of a folder. Raises NotRunning."""
    try:
        door = json.loads((folder / FILE).read_text(encoding="utf-8"))
        with socket.create_connection(("127.0.0.1", door["port"]), ANSWER_SECONDS_MAX) as connection:
            connection.sendall(json.dumps({**command, "secret": door["secret"]}).encode() + b"\n")
            with connection.makefile("rb") as answer:
                return dict(json.loads(answer.readline(LINE_BYTES_MAX)))
    except (OSError, ValueError) as error:
        raise NotRunning(str(folder)) from error
