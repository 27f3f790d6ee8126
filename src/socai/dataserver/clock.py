"""Clocks of a data server. The lease of a voucher counts real minutes: sleep counts, a set-back clock does not matter.

Three readings tell an instant: the wall (what people read), a tick that goes on while the machine sleeps, and the name
of the boot the tick belongs to.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

from socai.base.ident import RANDOM_BYTES, make_ident


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment on three clocks: wall and tick in milliseconds, and the boot whose tick it is."""

    wall: int
    tick: int
    boot: str

    @property
    def text(self) -> str:
        """The wall's time as stored and sent: UTC, milliseconds, Z."""
        seconds, milliseconds = divmod(self.wall, 1000)
        t = time.gmtime(seconds)
        day = f"{t.tm_year:04d}-{t.tm_mon:02d}-{t.tm_mday:02d}"
        return f"{day}T{t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d}.{milliseconds:03d}Z"


class Clock(Protocol):
    """What tells the time; tests bring their own."""

    def now(self) -> Instant:
        """This moment."""


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> Instant:
        """This moment."""
        return Instant(time.time_ns() // 1_000_000, _tick(), boot_name())


def _tick() -> int:
    """Milliseconds since boot, sleep included (CLOCK_BOOTTIME; elsewhere the monotonic clock, which counts it too)."""
    kind = getattr(time, "CLOCK_BOOTTIME", None)
    return time.clock_gettime_ns(kind) // 1_000_000 if kind is not None else time.monotonic_ns() // 1_000_000


@cache
def boot_name() -> str:
    """What distinguishes this boot from another; where the system names none, each process counts as a boot."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return os.urandom(8).hex()


def elapsed_seconds(since: Instant, now: Instant) -> float:
    """Real seconds between two instants, at least.

    In one boot the tick tells. Across boots the wall tells, and where the wall was set back, the time since this boot:
    the earlier instant lies before it.
    """
    if since.boot == now.boot:
        return max(now.tick - since.tick, 0) / 1000
    return max(now.wall - since.wall, now.tick) / 1000


def new_ident(now: Instant) -> str:
    """A new identifier made at this moment."""
    return make_ident(now.wall, os.urandom(RANDOM_BYTES))
