"""A fleet of offices without data servers, for benches of the cloud: companies, keys, sealed pushes, a lean client.

Everything that costs the processor (bodies, hashes, signatures) is made before anything is timed. What is sent is what
a data server would send, byte for byte, and every answer is read.
"""

from __future__ import annotations

import asyncio
import base64
import os
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import psycopg

from socai.base.fault import Fault
from socai.cloud.enrol import Enrol, enrol, make_code
from socai.cloud.people import PersonWish, add_user
from socai.cloud.store.postgres import PostgresStore
from socai.cloud.store.row import PersonRow, TenantRef
from socai.core.entry import FINANCIAL
from socai.edge.signature import new_key, signed_headers
from socai.lab.bench.background import Sample, add_company
from socai.lab.bench.load import HEADER_BYTES_MAX
from socai.lab.client import Workstation, wait_for
from socai.lab.office import enrol_folder
from socai.lab.stack import Cores, Stack
from socai.sync.message import PROTOCOL, SAVE, VOUCHER, Base, Operation, Push, encode, raw_body, sealed

USER, CLERK, PASSWORD = "bench", "clerk", "Do-Toc-Do-2026"
ANSWER_SECONDS = 60.0
ACCEPTED = ("CASH_NEGATIVE",)
"""Warnings accepted beforehand: the sample spends before it earns."""
PUSH_PATH = "/sync/push"
TEMPLATES = 200
PARTNERS = 200  # of each company: there may be many companies, and all must be made before anything is timed
NUMBER = "NUMBER-TO-COME"


@dataclass(slots=True)
class Machine:
    """One office's replica of one company: it numbers, seals and signs. `mark` keeps its voucher numbers its own."""

    ref: TenantRef
    replica: str
    key: bytes
    n: int = 0
    mark: str = ""

    def operation(self, ident: str, kind: str, body: bytes, post: bool = True) -> Operation:
        """A new voucher, sealed under the next number."""
        self.n += 1
        made = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return sealed(
            Operation(
                *(self.replica, 1, self.n, str(uuid.uuid4()), USER, made, PROTOCOL, VOUCHER, kind, ident, SAVE, Base()),
                post_to=[FINANCIAL] if post else [],
                body=raw_body(body),
                answered=list(ACCEPTED),
            )
        )

    def push(self, operations: Sequence[Operation]) -> bytes:
        """A signed push as it goes on the wire."""
        return self.request("POST", PUSH_PATH, encode(Push(PROTOCOL, self.replica, 1, list(operations))))

    def request(self, method: str, target: str, body: bytes = b"", gzip: bool = False) -> bytes:
        """A signed request as it goes on the wire. Good for ten minutes."""
        moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        headers = signed_headers(self.key, self.replica, method, target, moment, body)
        lines = [f"{method} {target} HTTP/1.1", "Host: cloud", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += ["Accept-Encoding: gzip"] if gzip else []
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass(slots=True)
class Fleet:
    """Companies of one sample, each with its offices."""

    dsn: str
    sample: Sample = field(default_factory=lambda: Sample(partners=PARTNERS))
    made: int = 0
    templates: list[tuple[str, str, bytes]] = field(default_factory=list)

    def companies(self, count: int, offices: int = 1) -> list[list[Machine]]:
        """New companies with their catalogs; the offices of each."""
        store = PostgresStore(self.dsn, size_max=2)
        try:
            return [self._company(store, offices) for _ in range(count)]
        finally:
            store.close()

    def _company(self, store: PostgresStore, offices: int) -> list[Machine]:
        self.made += 1
        code = f"bench{self.made}"
        ref = store.create_tenant(code, code, str(uuid.uuid4()), 0)
        assert ref is not None
        store.save_person(ref, PersonRow(USER, USER, "none", "chief_accountant"), USER)
        with psycopg.connect(self.dsn) as connection:
            add_company(connection, ref.bucket, ref.tenant, self.sample)
            connection.execute("update tenant set seq = 1 where tenant = %s", (ref.tenant,))
        return [self._enrolled(store, ref, f"{at}-" if at else "") for at in range(offices)]

    def _enrolled(self, store: PostgresStore, ref: TenantRef, mark: str) -> Machine:
        private, public = new_key()
        wish = Enrol(make_code(store, ref), base64.b64encode(public).decode(), "bench")
        found = enrol(store, wish)
        assert not isinstance(found, Fault)
        return Machine(ref, found.replica, private, mark=mark)

    def office(self, stack: Stack, name: str, ref: TenantRef) -> Workstation:
        """A real data server of a company, enrolled and running; somebody logged in there. Waits until it is green."""
        with stack.store() as store:
            added = add_user(store, ref, PersonWish(CLERK, CLERK, "admin", password=PASSWORD))
            assert not isinstance(added, Fault)
            code = make_code(store, ref, name)
        office = stack.offices[name]
        enrol_folder(office.folder, office.line.address, code, name)
        stack.start_office(name)
        station = office.workstation(ref.code, CLERK, PASSWORD)
        wait_for("the office is up to date", lambda: station.sync_state()["green"] or None, ANSWER_SECONDS)
        return station

    def operations(self, machine: Machine, count: int, post: bool = True) -> Iterator[Operation]:
        """New vouchers of five lines, sealed by a machine: templates in turn, under ids and numbers of their own."""
        if not self.templates:
            for _, spec, body in self.sample.bodies(TEMPLATES):
                body["number"] = NUMBER
                self.templates.append((spec.code, spec.numbering.prefix, msgspec.json.encode(body)))
        for at in range(count):
            code, prefix, template = self.templates[at % len(self.templates)]
            number = f"{prefix}{machine.mark}{machine.n + 1:06d}".encode()
            yield machine.operation(self.sample.ident(), code, template.replace(NUMBER.encode(), number, 1), post)


@dataclass(slots=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float


class LineBroke(Exception):
    """The cloud hung up in the middle of an answer."""


class Line:
    """One connection, kept open, opened again where it was closed while nothing went over it."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._host, self._port = parts.hostname, parts.port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def send(self, request: bytes) -> Answer:
        """Send a request and read its answer. Raises LineBroke."""
        begun = time.perf_counter()
        kept = self._writer is not None and not self._writer.is_closing()
        if not kept:
            await self._open()
        try:
            head = await self._exchange(request)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            if not kept:
                raise LineBroke("no answer") from error
            await self._open()  # the cloud closes what has been quiet for long, and may do so in this very moment
            head = await self._exchange(request)
        lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines[1:] if line)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        body = await self._read(int(headers.get("content-length", "0")))
        return Answer(int(lines[0].split(" ", 2)[1]), headers, body, time.perf_counter() - begun)

    async def _open(self) -> None:
        self.close()
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port, limit=HEADER_BYTES_MAX)

    async def _exchange(self, request: bytes) -> bytes:
        """Send a request; the head of its answer."""
        assert self._reader is not None
        assert self._writer is not None
        self._writer.write(request)
        async with asyncio.timeout(ANSWER_SECONDS):
            return await self._reader.readuntil(b"\r\n\r\n")

    async def _read(self, count: int) -> bytes:
        assert self._reader is not None
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._reader.readexactly(count)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise LineBroke("half an answer") from error

    def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.close()


def parts(operations: Iterable[Operation], size: int) -> Iterator[list[Operation]]:
    """Runs of at most `size`."""
    part: list[Operation] = []
    for operation in operations:
        part.append(operation)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


def two_cores() -> Cores | None:
    """One core for offices and load, one for cloud and database, where this process may use two."""
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return Cores(usable[0], usable[1]) if len(usable) > 1 else None


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of all stayed; 0 where there are none."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def database_cpu_seconds(folder: Path) -> float:
    """Processor time of a PostgreSQL and all its sessions, those that ended included; 0 where the system is silent."""
    try:
        root = (folder / "postmaster.pid").read_text(encoding="ascii").split()[0]
    except (OSError, IndexError):
        return 0.0
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        if stat.parent.name == root:
            ticks += sum(map(int, fields[11:15]))
        elif fields[1] == root:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
