"""Serving an application in this process: granian on one event loop, stopped by a signal or by its owner.

One process, so that a file has one writer; threads do the synchronous work. No request is known here.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from socai.edge import log

START_SECONDS = 30.0
STOP_SECONDS = 5
BACKLOG = 512
BACKPRESSURE = 512

_log = log.logger("serving")


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; with a certificate and key the answers go by TLS."""

    host: str = "127.0.0.1"
    port: int = 0
    certificate: Path | None = None
    key: Path | None = None

    @property
    def url(self) -> str:
        """The address a browser on this machine types."""
        name = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"{'https' if self.certificate else 'http'}://{f'[{name}]' if ':' in name else name}:{self.port}"


def free_port(host: str = "127.0.0.1") -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _refuse_taken(address: Address) -> None:
    """OSError where somebody listens already: the server's own socket would share the port and take half of it."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((address.host, address.port))


def _server(app: Any, address: Address) -> Any:
    return Server(
        app,
        address=address.host,
        port=address.port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(keep_alive=True),
        websockets=False,
        backlog=BACKLOG,
        backpressure=BACKPRESSURE,
        log_enabled=False,
        ssl_cert=address.certificate,
        ssl_key=address.key,
    )


async def _run(
    app: Any, address: Address, stop: asyncio.Event, on_ready: Callable[[], None], on_stop: Callable[[], None]
) -> None:
    _refuse_taken(address)
    server = _server(app, address)
    server.workers_kill_timeout = STOP_SECONDS
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    try:
        await _listening(address, serving)
        on_ready()
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        on_stop()
    finally:
        stopping.cancel()
        server.stop()
        await serving


async def _listening(address: Address, serving: asyncio.Task[None]) -> None:
    """Wait until the port answers, or the server has given up."""
    host = "127.0.0.1" if address.host in ("0.0.0.0", "") else address.host
    deadline = asyncio.get_running_loop().time() + START_SECONDS
    while not serving.done():
        try:
            _, writer = await asyncio.open_connection(host, address.port)
            writer.close()
            return
        except OSError:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.01)
    serving.result()
    raise OSError(f"nothing listens at {address.url}")


def serve(
    app: Any,
    address: Address,
    *,
    on_ready: Callable[[], None] = lambda: None,
    on_stop: Callable[[], None] = lambda: None,
) -> None:
    """Serve until SIGTERM or SIGINT. `on_stop` is called first, so that answers that never end are ended."""

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await _run(app, address, stop, on_ready, on_stop)

    asyncio.run(main())
    _log.info("stopped", address=address.url)


class Serving:
    """The same in a thread of its own, for a program that does something beside it (demo, tests)."""

    def __init__(self, app: Any, address: Address, on_stop: Callable[[], None] = lambda: None) -> None:
        port = address.port or free_port()
        self.address = Address(address.host, port, address.certificate, address.key)
        self._app, self._on_stop = app, on_stop
        self._ready = threading.Event()
        self._failed: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._main, name=f"http {port}", daemon=True)

    def _main(self) -> None:
        async def main() -> None:
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            await _run(self._app, self.address, self._stop, self._ready.set, self._on_stop)

        try:
            asyncio.run(main())
        except BaseException as error:
            self._failed = error
        finally:
            self._ready.set()

    def __enter__(self) -> Serving:
        self._thread.start()
        self._ready.wait()
        if self._failed is not None:
            raise self._failed
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening, finish what is being answered."""
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
