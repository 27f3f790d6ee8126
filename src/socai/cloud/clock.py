"""Time and randomness of the cloud's rim: ids and ISO times for those modules that make new things."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta

from socai.base.ident import RANDOM_BYTES, make_ident


def utc_now() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def iso(at: datetime) -> str:
    """As times travel: UTC, milliseconds, Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_in(days: float) -> str:
    """The time that many days from now."""
    return iso(utc_now() + timedelta(days=days))


def new_ident() -> str:
    """A new UUIDv7."""
    return make_ident(time.time_ns() // 1_000_000, os.urandom(RANDOM_BYTES))
