"""What the disk alone takes: a bare append and fsync in a thread beside a measurement, in the same folder.

A data server answers a save after its own fsync, so whoever reads its slowest saves has to know how slow the disk was
in the same seconds.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from socai.lab.bench.load import Measured, Pause

APPENDED_BYTES = 4_096
FILE = "disk-probe"


@contextlib.contextmanager
def probing(folder: Path, pause: Pause) -> Iterator[Measured]:
    """Append and fsync in `folder` while the block runs, waiting in between as `pause` says; how long each took."""
    found, over = Measured(), threading.Event()
    thread = threading.Thread(target=_probe, args=(folder / FILE, pause, found, over), name="disk", daemon=True)
    begun = time.perf_counter()
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()
        found.seconds = time.perf_counter() - begun


def _probe(file: Path, pause: Pause, found: Measured, over: threading.Event) -> None:
    piece = bytes(APPENDED_BYTES)
    try:
        with file.open("ab", buffering=0) as open_file:
            while not over.wait(pause()):
                begun = time.perf_counter()
                open_file.write(piece)
                os.fsync(open_file.fileno())
                found.milliseconds.append((time.perf_counter() - begun) * 1000)
    finally:
        file.unlink(missing_ok=True)
