"""The five minutes: how long a voucher in flight is nobody's to change. Pure.

The lease runs from the person's act on the data server. It counts the time the machine slept, survives a restart, and
no retry or partial answer renews it; the caller measures the seconds.
"""

from __future__ import annotations

from socai.core.life import LEASE_SECONDS


def over(elapsed_seconds: float) -> bool:
    """Whether the lease of an act made that long ago has ended."""
    return elapsed_seconds >= LEASE_SECONDS
