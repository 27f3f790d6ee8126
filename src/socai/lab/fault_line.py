"""A line between an office and the cloud on which everything can go wrong that goes wrong on real ones.

A `Line` that reads requests one by one, so that it can also do what needs to know where one ends: lose the answer to
what was received, deliver a request twice, answer for somebody else. Answers are only passed on. `met` counts how often
each fault was met by traffic, so that a test can wait until it really was.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import struct
from collections import Counter
from dataclasses import dataclass

from socai.lab.line import CHUNK_BYTES_MAX, Line

LATENCY = "latency"  # every piece arrives late
HOLE = "hole"  # pieces stop half-way and arrive only when the line has healed, as TCP does it
RESET = "reset"  # the connection is reset in the middle of an answer
TRICKLE = "trickle"  # byte by byte
ANSWER_LOST = "answer_lost"  # the cloud did it and said so; nobody hears it
DOUBLED = "doubled"  # each request arrives twice, by two connections at once
PORTAL = "portal"  # a hotel's login page answers 200 to everything
HALF_OPEN = "half_open"  # the other end is gone and nobody says so: those connections stay dead for ever
FAULTS = (LATENCY, HOLE, RESET, TRICKLE, ANSWER_LOST, DOUBLED, PORTAL, HALF_OPEN)
SLOW = "slow"  # no fault, but late and thin, as at the far end of a mobile network

LATENCY_SECONDS = 0.3
TRICKLE_SECONDS = 0.001  # a pause after so many bytes, each of which goes alone
TRICKLE_BYTES = 8
SLOW_BYTES_PER_SECOND = 16_000  # each way, for all connections together
SLOW_PIECE_BYTES = 800
_LENGTH = re.compile(rb"^content-length:\s*(\d+)\s*$", re.IGNORECASE | re.MULTILINE)
_PAGE = "<!doctype html><html><body><h1>Chào mừng quý khách</h1><form>Số phòng</form></body></html>".encode()
_PORTAL = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(_PAGE) + _PAGE


@dataclass(slots=True, eq=False)
class _Link:
    """One connection of the office with its counterpart to the cloud."""

    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    dead: bool = False


class FaultLine(Line):
    """See Line. `worsen` begins a fault, `heal` ends it; both work from any thread."""

    def __init__(self, target_port: int, port: int = 0) -> None:
        super().__init__(target_port, port)
        self.fault = ""
        self.met: Counter[str] = Counter()
        self._healed = asyncio.Event()
        self._apart: set[asyncio.Task[None]] = set()
        self._free_at = {True: 0.0, False: 0.0}  # when the slow line has room again, towards the cloud and back

    def worsen(self, fault: str) -> None:
        """From now on this goes wrong, on open connections too."""
        self._ask(self._worsen(fault))

    def heal(self) -> None:
        """Nothing goes wrong any more. What a half-open connection swallowed stays lost, and it stays dead."""
        self._ask(self._worsen(""))

    async def _worsen(self, fault: str) -> None:
        self.fault = fault
        if fault:
            self._healed.clear()
        else:
            self._healed.set()

    # --- one connection

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.whole:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(writer, far_writer)
        self._open.update((writer, far_writer))
        with contextlib.suppress(ConnectionError, OSError):
            await asyncio.gather(self._requests(reader, link), self._answers(far_reader, link))
        for each in (writer, far_writer):
            each.transport.abort()
        self._open.difference_update((writer, far_writer))

    async def _requests(self, reader: asyncio.StreamReader, link: _Link) -> None:
        while (request := await _request(reader)) is not None:
            fault = self.fault
            if fault:
                self.met[fault] += 1
            if fault == PORTAL:
                link.near.write(_PORTAL)
                await link.near.drain()
                continue
            if fault == DOUBLED:
                task = asyncio.create_task(self._send_apart(request))
                self._apart.add(task)
                task.add_done_callback(self._apart.discard)
            await self._pass(request, link, link.far)
        link.far.close()

    async def _answers(self, reader: asyncio.StreamReader, link: _Link) -> None:
        while data := await reader.read(CHUNK_BYTES_MAX):
            if self.fault == ANSWER_LOST or (self.fault == RESET and not link.dead):
                if self.fault == RESET:
                    link.near.write(data[: len(data) // 2])
                    await link.near.drain()
                _reset(link.near)
                link.far.transport.abort()
                return
            await self._pass(data, link, link.near)
        link.near.close()

    async def _pass(self, data: bytes, link: _Link, to: asyncio.StreamWriter) -> None:
        """Bytes on their way, as the present fault lets them."""
        if self.fault == HALF_OPEN:
            link.dead = True
        if link.dead:
            return
        if self.fault == HOLE:
            await self._healed.wait()
        if self.fault in (LATENCY, SLOW):
            await asyncio.sleep(LATENCY_SECONDS)
        sent = 0
        while self.fault == SLOW and sent < len(data):
            piece = data[sent : sent + SLOW_PIECE_BYTES]
            await self._room(len(piece), to is link.far)
            to.write(piece)
            await to.drain()
            sent += len(piece)
        while self.fault == TRICKLE and sent < len(data):
            to.write(data[sent : sent + 1])
            await to.drain()
            sent += 1
            await asyncio.sleep(0 if sent % TRICKLE_BYTES else TRICKLE_SECONDS)
        to.write(data[sent:])
        await to.drain()

    async def _room(self, count: int, forth: bool) -> None:
        """Wait until so many bytes have gone over the slow line."""
        now = asyncio.get_running_loop().time()
        self._free_at[forth] = max(self._free_at[forth], now) + count / SLOW_BYTES_PER_SECOND
        await asyncio.sleep(self._free_at[forth] - now)

    async def _send_apart(self, request: bytes) -> None:
        """The same request by a connection of its own; its answer is nobody's."""
        with contextlib.suppress(ConnectionError, OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.target_port)
            self._open.add(writer)
            try:
                writer.write(request)
                await writer.drain()
                await reader.read(CHUNK_BYTES_MAX)
            finally:
                writer.transport.abort()
                self._open.discard(writer)


async def _request(reader: asyncio.StreamReader) -> bytes | None:
    """The next request, whole; None where the office hung up."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        return head + (await reader.readexactly(int(length[1])) if length else b"")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, OSError):
        return None


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection by RST instead of FIN."""
    found = writer.get_extra_info("socket")
    if found is not None:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
