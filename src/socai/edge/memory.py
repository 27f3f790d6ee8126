"""A long-running process and its memory: what the collector need not look at, and what the system may have back."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from functools import cache

GARBAGE_YOUNG_MAX = 10_000
GARBAGE_YOUNG_BULK = 50_000  # where hundreds of vouchers are in hand at a time


def spare_the_collector(young_max: int = GARBAGE_YOUNG_MAX) -> None:
    """What stands here at the start lives as long as the process, and our work makes next to no cycles: looking through
    all of it again and again would hold a save up for tens of milliseconds, and is a fifth of what accepting costs."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(young_max, 20, 20)


def give_back() -> None:
    """Give the system what was freed. GNU's allocator keeps it otherwise: tens of megabytes after one long download."""
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    try:
        found: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library, or Windows
        return None
    return found
