"""All three tiers on this machine, as real processes: a cloud with its database and worker, and offices on their lines.

Each office reaches the cloud through a line of its own that can be cut. Everything lives in one folder and is there
again at the next start: `cloud/` (database), `office-NAME/` (data server), `log/`, and `stack.json` with the ports,
which offices remember in their enrolment.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from socai.cloud.run import POSTGRES_FOLDER
from socai.cloud.store.migration import migrate
from socai.cloud.store.postgres import PostgresStore
from socai.edge.postgres import EmbeddedPostgres, free_port
from socai.lab.client import Workstation
from socai.lab.line import Line
from socai.lab.program import Program, end_leftover

DATABASE = "postgres"
LINE = "-line"


@dataclass(frozen=True, slots=True)
class Cores:
    """Which processor core each tier is held to: what is measured never shares one with what it must not wait for."""

    office: int
    cloud: int


@dataclass(slots=True)
class Office:
    """One office: its data server, and the line it reaches the cloud by."""

    name: str
    folder: Path
    address: str
    program: Program
    line: Line

    def workstation(self, tenant: str, user: str, password: str) -> Workstation:
        """A person logged in at this office."""
        station = Workstation(self.address, tenant)
        station.login(user, password)
        return station


class Stack:
    """Cloud, worker and offices in `folder`. As a context manager it starts the cloud and stops everything.

    Offices are started one by one (`start_office`), after they have been enrolled.
    """

    def __init__(
        self,
        folder: Path,
        offices: Sequence[str],
        *,
        durable: bool = True,
        cores: Cores | None = None,
        ports: Mapping[str, int] | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self.cores = cores
        self.ports = self._remembered(offices, ports or {})
        self.database = EmbeddedPostgres(self.folder / "cloud" / POSTGRES_FOLDER, durable=durable)
        self.dsn = ""
        self.log = self.folder / "log"
        self.cloud_address = f"http://127.0.0.1:{self.ports['cloud']}"
        self.cloud: Program | None = None
        self.worker: Program | None = None
        self.offices: dict[str, Office] = {name: self._office(name) for name in offices}
        self._lines = contextlib.ExitStack()

    # --- life

    def __enter__(self) -> Self:
        try:
            self.start_cloud()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start_cloud(self) -> None:
        """Start database, lines, cloud and worker, and wait until the cloud serves."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with held_to(self.cores.cloud if self.cores else None):
            self.database.start()
        self.dsn = self.database.dsn(DATABASE)
        migrate(self.dsn)
        core = self.cores.cloud if self.cores else None
        port = str(self.ports["cloud"])
        run = ("cloud", "run", "--database", self.dsn, "--port", port)
        self.cloud = Program("cloud", run, self.log, f"{self.cloud_address}/readyz", core)
        self.worker = Program("worker", ("cloud", "worker", "--database", self.dsn), self.log, core=core)
        for office in self.offices.values():
            self._lines.enter_context(office.line)
        self.cloud.start()
        self.worker.start()
        self.cloud.wait()

    def start_office(self, name: str) -> Office:
        """Start an office's data server and wait until it serves."""
        office = self.offices[name]
        office.program.start()
        office.program.wait()
        return office

    def start_offices(self) -> None:
        """Start every office's data server side by side."""
        for office in self.offices.values():
            office.program.start()
        for office in self.offices.values():
            office.program.wait()

    def stop(self) -> None:
        """Stop everything, the offices first. Nothing is lost by stopping; nothing would be by killing."""
        offices = [office.program for office in self.offices.values()]
        for programs in (offices, [program for program in (self.worker, self.cloud) if program is not None]):
            for program in programs:
                program.ask_to_end()
            for program in programs:
                program.stop()
        self._lines.close()
        self.database.stop()

    def stop_leftovers(self) -> None:
        """Stop what an earlier stack of this folder, itself killed, has left running."""
        for mark in sorted(self.log.glob("*.pid")):
            end_leftover(mark)
        if self.database.folder.is_dir():
            self.database.stop()

    # --- tenants

    @contextlib.contextmanager
    def store(self) -> Iterator[PostgresStore]:
        """The cloud's store, as its own commands use it."""
        store = PostgresStore(self.dsn)
        try:
            yield store
        finally:
            store.close()

    # --- parts

    def _office(self, name: str) -> Office:
        folder = self.folder / f"office-{name}"
        address = f"http://127.0.0.1:{self.ports[name]}"
        program = Program(
            f"office-{name}",
            ("ds", "run", "--dir", str(folder), "--port", str(self.ports[name])),
            self.log,
            f"{address}/api/health",
            self.cores.office if self.cores else None,
        )
        return Office(name, folder, address, program, Line(self.ports["cloud"], self.ports[name + LINE]))

    def _remembered(self, offices: Sequence[str], liked: Mapping[str, int]) -> dict[str, int]:
        """The ports of the last start; for what is new the one it would like, if free, else any free one."""
        file = self.folder / "stack.json"
        ports: dict[str, int] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        wanted = ["cloud", *(name + part for name in offices for part in ("", LINE))]
        missing = [name for name in wanted if name not in ports]
        ports |= {name: liked[name] for name in missing if name in liked and is_free(liked[name])}
        missing = [name for name in missing if name not in ports]
        ports |= dict(zip(missing, free_ports(len(missing), set(ports.values())), strict=True))
        self.folder.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(ports, indent=1), encoding="utf-8")
        return ports


def is_free(port: int) -> bool:
    """Whether nobody listens on a port of localhost."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(count: int, taken: set[int]) -> list[int]:
    """Ports that are free now, all different and none of `taken`."""
    found: list[int] = []
    while len(found) < count:
        port = free_port()
        if port not in taken and port not in found:
            found.append(port)
    return found


@contextlib.contextmanager
def held_to(core: int | None) -> Iterator[None]:
    """Hold this thread, and the processes it starts meanwhile, to one core; the cores of before come back after."""
    if core is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
