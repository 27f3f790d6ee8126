"""A line between an office and the cloud that can be cut and mended: a TCP proxy in one thread.

It forwards bytes and knows nothing of HTTP. A cut line refuses new connections and resets the open ones, as a pulled
cable does; what was already forwarded stays forwarded.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from types import TracebackType
from typing import Self

CHUNK_BYTES_MAX = 65_536
CONNECTIONS_MAX = 256


class Line:
    """Listens on a free port of 127.0.0.1 and forwards to `target_port`. `cut()` and `mend()` work from any thread."""

    def __init__(self, target_port: int, port: int = 0) -> None:
        self.target_port = target_port
        self.port = port
        self.whole = True
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._serve, name="line", daemon=True)
        self._ready = threading.Event()
        self._failed: OSError | None = None

    def __enter__(self) -> Self:
        """Listen. Raises OSError where the port is taken."""
        self._thread.start()
        self._ready.wait()
        if self._failed is not None:
            raise self._failed
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ask(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def address(self) -> str:
        """The URL an office uses instead of the cloud's own."""
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Cut the line: open connections are reset, new ones refused, until it is mended."""
        self._ask(self._set(False))

    def mend(self) -> None:
        """Mend the line."""
        self._ask(self._set(True))

    def _ask(self, coroutine: object) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()  # type: ignore[arg-type]

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._listen())
        except OSError as error:
            self._failed = error
            return
        finally:
            self._ready.set()
        self._loop.run_forever()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _set(self, whole: bool) -> None:
        if whole == self.whole:
            return
        self.whole = whole
        if whole:
            await self._listen()
            return
        if self._server is not None:
            self._server.close()
        self._drop()

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        self._drop()
        await asyncio.sleep(0)

    def _drop(self) -> None:
        for writer in list(self._open):
            if writer.transport is not None:
                writer.transport.abort()
        self._open.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.whole or len(self._open) >= CONNECTIONS_MAX * 2:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            writer.transport.abort()
            return
        self._open.update((writer, far_writer))
        await asyncio.gather(self._forward(reader, far_writer), self._forward(far_reader, writer))
        self._open.difference_update((writer, far_writer))

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, OSError):
            while data := await reader.read(CHUNK_BYTES_MAX):
                writer.write(data)
                await writer.drain()
        with contextlib.suppress(ConnectionError, OSError):
            writer.close()
