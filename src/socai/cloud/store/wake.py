"""Waking workers: a notification that some lane has work, so that nobody asks the database again and again in vain.

It is sent by a transaction of its own, after the accepting one and not waiting for the disk: inside it, every commit of
every tenant would queue behind the one lock that notifications take. It is a hint; a worker that hears nothing looks by
itself once a second.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

import psycopg

from socai import __version__
from socai.cloud.store.connection import Connection

CHANNEL = "socai_work"
API_NAME, WORKER_NAME = f"socai api {__version__}", f"socai worker {__version__}"  # what an operator sees running
APART_SECONDS = 0.02  # between two notifications of one process
SLICE_SECONDS = 0.1  # how soon somebody who waits sees that he is to stop
RETRY_SECONDS = 1.0


class Waker:
    """Tells workers that there is work. `wake` costs nothing and may be called from any thread. Close it."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._asked = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="waker", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There is work."""
        self._asked.set()

    def close(self) -> None:
        """End."""
        self._closed.set()
        self._asked.set()
        self._thread.join()

    def _run(self) -> None:
        connection: Connection | None = None
        while not self._closed.is_set():
            try:
                if connection is None or connection.closed:
                    options = "-c synchronous_commit=off"
                    connection = psycopg.connect(self._dsn, autocommit=True, options=options, application_name=API_NAME)
                self._asked.wait()
                self._asked.clear()
                if self._closed.wait(APART_SECONDS):
                    break
                connection.execute(f"notify {CHANNEL}".encode())
            except psycopg.Error:
                _close(connection)
                connection = None
                self._closed.wait(RETRY_SECONDS)
        _close(connection)


class Listener:
    """Waits for a wake. Belongs to one thread; close it."""

    def __init__(self, dsn: str, stopped: Callable[[], bool]) -> None:
        self._dsn, self._stopped = dsn, stopped
        self._connection: Connection | None = None

    def begin(self) -> bool:
        """Hear what is told from now on. False where the database cannot be reached: then time alone passes."""
        if self._connection is not None and not self._connection.closed:
            return True
        try:
            self._connection = psycopg.connect(self._dsn, autocommit=True, application_name=WORKER_NAME)
            self._connection.execute(f"listen {CHANNEL}".encode())
        except psycopg.Error:
            self.close()
            return False
        return True

    def wait(self, seconds: float) -> bool:
        """Whether somebody woke us within that time, since `begin`. May return early, without reason."""
        left = seconds
        while left > 0 and not self._stopped() and self._connection is not None:
            try:
                for _ in self._connection.notifies(timeout=min(left, SLICE_SECONDS), stop_after=1):
                    return True
            except psycopg.Error:
                self.close()
                return False
            left -= SLICE_SECONDS
        return False

    def close(self) -> None:
        """Let the connection go."""
        _close(self._connection)
        self._connection = None


def _close(connection: Connection | None) -> None:
    if connection is not None:
        with contextlib.suppress(psycopg.Error):
            connection.close()
