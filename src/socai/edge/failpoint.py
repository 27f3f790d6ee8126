"""Named places where a process can be made to die at once: how tests kill it between any two steps that matter.

Off, and nothing at all, unless SOCAI_FAILPOINTS names a folder at the start of the process. Then every place that is
reached leaves a file of its name there, and a process that finds `NAME.kill` takes it away and dies as by kill -9.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

VARIABLE = "SOCAI_FAILPOINTS"
KILL = ".kill"


def _nothing(_name: str) -> None:
    """Off."""


def _watching(folder: Path) -> Callable[[str], None]:
    def reach(name: str) -> None:
        (folder / name).touch()
        with contextlib.suppress(FileNotFoundError):
            (folder / f"{name}{KILL}").unlink()
            os.kill(os.getpid(), signal.SIGKILL)

    return reach


reach: Callable[[str], None] = _watching(Path(os.environ[VARIABLE])) if os.environ.get(VARIABLE) else _nothing
"""Say that a place is reached. Names are ROOM.WHERE; each stands at one place of the code."""
