"""People who press the save key again and again, all at once: a load generator that costs the processor little.

One event loop, one connection a person, requests made of prepared bytes. It shares a core with the data server it
measures, so what it spends itself would be counted as the server's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from urllib.parse import urlsplit

HEADER_BYTES_MAX = 16_384
UNSETTLED = b'"settled":false'

Pause = Callable[[], float]
"""Seconds to wait before the next press."""

Request = Callable[[], tuple[str, str, bytes]]
"""The next request: method, path, body."""


@dataclass(slots=True)
class Measured:
    """Latencies in milliseconds of what was answered well, and how many answers were not.

    `unsettled`: saved and answered well, but what the answer waited for had not come in time.
    """

    milliseconds: list[float] = field(default_factory=list)
    refused: int = 0
    unsettled: int = 0
    first_refusal: str = ""
    seconds: float = 0.0
    cpu_seconds: float = 0.0  # of the process that was pressed, where the caller counts it

    def percentile(self, share: float) -> float:
        """The latency below which this share of requests stayed; 0 where there are none."""
        if not self.milliseconds:
            return 0.0
        ordered = sorted(self.milliseconds)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]

    def add(self, other: Measured) -> None:
        """Count another measurement in."""
        self.milliseconds += other.milliseconds
        self.refused += other.refused
        self.unsettled += other.unsettled
        self.first_refusal = self.first_refusal or other.first_refusal
        self.seconds += other.seconds
        self.cpu_seconds += other.cpu_seconds


def press(address: str, token: str, people: int, seconds: float, request: Request, pause: Pause) -> Measured:
    """`people` send what `request` gives (method, path, body), each waiting after an answer as `pause` says."""
    return asyncio.run(_press(address, token, people, seconds, request, pause))


def no_pause() -> float:
    """Each presses again as soon as the answer is there: the most a server can take."""
    return 0.0


def own_moments(mean_seconds: float, random: Random) -> Pause:
    """People who work each for themselves: so many seconds apart on average, at moments of their own."""
    return lambda: random.uniform(0, 2 * mean_seconds)


def same_instant(every_seconds: float) -> Pause:
    """All at once, every so many seconds; whoever has no answer by then misses that beat."""
    return lambda: every_seconds - time.perf_counter() % every_seconds


async def _press(address: str, token: str, people: int, seconds: float, request: Request, pause: Pause) -> Measured:
    found = Measured()
    begun = time.perf_counter()
    until = begun + seconds
    await asyncio.gather(*(_person(address, token, until, request, pause, found) for _ in range(people)))
    found.seconds = time.perf_counter() - begun
    return found


async def _person(
    address: str,
    token: str,
    until: float,
    request: Request,
    pause: Pause,
    found: Measured,
) -> None:
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=HEADER_BYTES_MAX)
    common = f"Host: {parts.netloc}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    try:
        while (left := until - time.perf_counter()) > 0:
            wait = pause()
            await asyncio.sleep(min(wait, left))
            if wait > left:
                break
            method, path, body = request()
            head = f"{method} {path} HTTP/1.1\r\n{common}Content-Length: {len(body)}\r\n\r\n".encode()
            begun = time.perf_counter()
            writer.write(head + body)
            status, answer = await _answer(reader)
            took = (time.perf_counter() - begun) * 1000
            if 200 <= status < 300:
                found.milliseconds.append(took)
                found.unsettled += UNSETTLED in answer
            else:
                found.refused += 1
                found.first_refusal = found.first_refusal or answer[:300].decode("utf-8", "replace")
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    lines: Sequence[bytes] = head.split(b"\r\n")
    length = next((int(line[15:]) for line in lines if line[:15].lower() == b"content-length:"), 0)
    return int(lines[0].split(b" ", 2)[1]), await reader.readexactly(length) if length else b""
