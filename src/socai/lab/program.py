"""One real process of the product: started, awaited by its health address, stopped, or killed as a power loss would.

Its process id stands in a file beside its log, so that a later start in the same folder finds what an earlier one,
itself killed, has left running.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

READY_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 20.0
POLL_SECONDS_MIN, POLL_SECONDS_MAX = 0.01, 0.2
SAID_CHARACTERS_MAX = 2_000


class ProgramFailed(Exception):
    """A process ended before it was ready, or was never ready; the message carries the end of its log."""


class Program:
    """`socai ARGUMENTS` as a process of its own. `ready` is an address that answers 200 once it serves; "" for none.

    `core` pins it to one processor core where the system can. `start` after `kill` or `stop` starts it again.
    """

    def __init__(
        self, name: str, arguments: Sequence[str], folder: Path, ready: str = "", core: int | None = None
    ) -> None:
        self.name = name
        self.arguments = tuple(arguments)
        self.ready = ready
        self.core = core
        self.log = folder / f"{name}.log"
        self.mark = folder / f"{name}.pid"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The number of the running process."""
        if self._process is None or not self.running:
            raise ProgramFailed(f"{self.name} is not running")
        return self._process.pid

    def cpu_seconds(self) -> float:
        """Processor time it has used so far; 0 where the system does not tell."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        """Memory it holds now, in megabytes; 0 where the system does not tell."""
        try:
            pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        except OSError:
            return 0.0
        return round(pages * os.sysconf("SC_PAGE_SIZE") / 1_000_000, 1)

    def start(self) -> None:
        """Start it; `wait` tells when it serves."""
        if self.running:
            return
        self.log.parent.mkdir(parents=True, exist_ok=True)
        end_leftover(self.mark)
        with self.log.open("ab") as log:
            # Its own session: Ctrl+C reaches the owner alone, who then stops everything in order.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "socai.cli", *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.mark.write_text(f"{self._process.pid} {start_mark(self._process.pid)}", encoding="ascii")
        if self.core is not None and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(self._process.pid, {self.core})

    def wait(self, seconds_max: float = READY_SECONDS_MAX) -> None:
        """Wait until its address answers. Raises ProgramFailed where it ends or takes too long."""
        deadline, pause = time.monotonic() + seconds_max, POLL_SECONDS_MIN
        while self.ready:
            if not self.running:
                raise ProgramFailed(f"{self.name} ended at its start: {self.said()}")
            try:
                if httpx.get(self.ready, timeout=5.0, trust_env=False).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            if time.monotonic() > deadline:
                raise ProgramFailed(f"{self.name} was not ready within {seconds_max:.0f} s: {self.said()}")
            time.sleep(pause)
            pause = min(pause * 1.5, POLL_SECONDS_MAX)

    def said(self) -> str:
        """The end of its log."""
        if not self.log.exists():
            return ""
        return self.log.read_bytes()[-SAID_CHARACTERS_MAX:].decode("utf-8", "replace").strip()

    def ask_to_end(self) -> None:
        """Ask it to end, without waiting: `stop` does."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def stop(self) -> None:
        """Ask it to end and wait; kill it where it does not."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._process = None
        self.mark.unlink(missing_ok=True)

    def kill(self) -> None:
        """End it at once, as a power loss would."""
        process = self._process
        if process is not None and process.poll() is None:
            process.kill()
            process.wait()
        self._process = None
        self.mark.unlink(missing_ok=True)


def start_mark(pid: int) -> str:
    """When a process began, in the kernel's own count: two processes of one number differ in it. Empty elsewhere."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def end_leftover(mark: Path) -> None:
    """Stop the process a mark names, if it is the very one that wrote it and still lives."""
    if not mark.is_file():
        return
    number, _, began = mark.read_text(encoding="ascii").partition(" ")
    if number.isdigit() and began and start_mark(int(number)) == began:
        os.kill(int(number), signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS_MAX
        while start_mark(int(number)) == began and not _dead(int(number)):
            if time.monotonic() > deadline:
                os.kill(int(number), signal.SIGKILL)
                deadline = time.monotonic() + STOP_SECONDS_MAX
            time.sleep(POLL_SECONDS_MIN)
    mark.unlink(missing_ok=True)


def _dead(pid: int) -> bool:
    """Whether a process has ended and only waits to be collected by its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return True
