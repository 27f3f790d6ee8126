"""The simulated cloud: the production acceptor, feeder, greeter and poster over the store in memory, with crashes.

A bomb goes off at a commit: before it (nothing happened) or after it (it happened and nobody was told).
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from socai.base.fault import Fault
from socai.cloud.accept import Acceptor
from socai.cloud.enrol import Enrol, Enrolled, enrol, make_code
from socai.cloud.feed import Feeder
from socai.cloud.hello import greet
from socai.cloud.lane import LOST, Poster, Prepared
from socai.cloud.post import Turn
from socai.cloud.store.memory import MemoryAccepting, MemoryStore
from socai.cloud.store.posting_memory import MemoryLane
from socai.cloud.store.row import PersonRow, TenantRef
from socai.cloud.tenant import create_tenant
from socai.registry import voucher_types
from socai.sync import lane as rules
from socai.sync.message import FEED_ITEMS_MAX, Hello, Push, SnapshotChunk, encode

if TYPE_CHECKING:
    from socai.lab.sim_office import Office
    from socai.lab.sim_world import World

WORKERS = 2
PEOPLE = (("chief", "admin"), ("clerk", "accountant"))


class CloudCrashed(Exception):
    """The cloud's process died at a commit."""


@dataclass
class Worker:
    """A worker process: its poster and, when it has fallen asleep holding a lane, the turn it believes in."""

    name: str
    poster: Poster
    held: tuple[Prepared, Turn] | None = None
    asleep_until: float = 0.0


class CrashingStore(MemoryStore):
    """The store in memory whose process may die around an accepting transaction."""

    def __init__(self, world: World) -> None:
        super().__init__(lambda: cloud_time(world))
        self.bomb = ""  # "" | before | after

    @contextmanager
    def accepting(self, ref: TenantRef) -> Iterator[MemoryAccepting]:
        """See AcceptStore."""
        if self.bomb == "before":
            raise CloudCrashed
        with super().accepting(ref) as accepting:
            yield accepting
        if self.bomb == "after":
            raise CloudCrashed


def cloud_time(world: World) -> str:
    """The cloud's clock, which nobody sets wrong."""
    moment = datetime.fromtimestamp(world.instant().wall / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Cloud:
    """The one cloud. `up` is False between a crash and its restart."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.up = True
        self.store = CrashingStore(world)
        self.specs = {code: kind.spec for code, kind in voucher_types().items()}
        self.acceptor, self.feeder = Acceptor(self.store, self.specs), Feeder(self.store, self.store)
        self.lanes = MemoryLane(self.store)
        self.workers = [self._worker(number) for number in range(WORKERS)]
        self.worker_bomb = ""
        self.refs: dict[str, TenantRef] = {}
        for code in ("a", "b"):
            made = create_tenant(self.store, f"tenant-{code}", f"Công ty {code.upper()}", bucket=0)
            if isinstance(made, Fault):
                raise AssertionError(made)
            self.refs[code] = made
            for login, role in PEOPLE:
                self.store.save_person(made, PersonRow(login, login, "", role), "sim")

    def _worker(self, number: int) -> Worker:
        return Worker(f"worker-{number}", Poster(self.lanes, self.specs))

    def enrol(self, tenant: str, name: str) -> Enrolled:
        """A replica for an office, by a one-time code as in life."""
        code = make_code(self.store, self.refs[tenant], name)
        key = Ed25519PrivateKey.from_private_bytes(self.world.random.randbytes(32)).public_key()
        found = enrol(self.store, Enrol(code, base64.b64encode(key.public_bytes_raw()).decode(), name))
        if isinstance(found, Fault):
            raise AssertionError(found)
        return found

    # ---- requests

    def serve(self, office: Office, kind: str, payload: Any) -> tuple[str, Any] | None:
        """(fault code, answer) as the wire would carry it; None where no answer ever leaves."""
        if not self.up:
            return None
        ref = self.refs[office.tenant]
        try:
            found = self._serve(ref, office.replica, kind, payload)
        except CloudCrashed:
            self._crash()
            return None
        return (found.code, None) if isinstance(found, Fault) else ("", found)

    def _serve(self, ref: TenantRef, replica: str, kind: str, payload: Any) -> Any:
        if kind == "hello":
            return greet(self.store, ref, msgspec.json.decode(payload, type=Hello))
        if kind == "push":
            push = msgspec.json.decode(payload, type=Push)
            done = self.acceptor.push(ref, replica, push.operations)
            return done.fault or done
        row = self.store.replica(ref, replica)
        if row is None:
            return Fault("REPLICA_UNKNOWN", "replica")
        if kind == "snapshot":
            lines = self.feeder.snapshot(ref, row)
            return [msgspec.json.decode(line, type=SnapshotChunk) for line in lines]
        page = self.feeder.page(ref, row, payload, self.world.random.choice((3, 20, FEED_ITEMS_MAX)))
        return page if isinstance(page, Fault) else msgspec.json.decode(encode(page), type=type(page))

    # ---- work

    def work(self) -> None:
        """One turn of some worker, with whatever befalls it."""
        if not self.up:
            return
        worker = self.world.random.choice(self.workers)
        if worker.held is not None:
            self._wake(worker)
            return
        for bucket in rules.next_bucket(self.lanes.waiting_buckets(), None):
            claim = self.lanes.claim(bucket, worker.name)
            if claim is None:
                continue
            prepared = worker.poster.prepare(claim)
            if prepared is None:
                self.lanes.release(claim)
                continue
            turn = worker.poster.finish(prepared)
            if self.worker_bomb == "before":
                self._worker_crash(worker)
                return
            if self.world.chance(4):
                self.world.faults["zombie_worker"] += 1
                self.world.note(f"{worker.name} falls asleep holding fence {claim.fence}")
                worker.held = (prepared, turn)
                worker.asleep_until = self.world.now + self.world.random.uniform(5, 120)
                return
            self._commit(worker, prepared, turn)
            if self.worker_bomb == "after":
                self._worker_crash(worker)
            return

    def _wake(self, worker: Worker) -> None:
        if self.world.now < worker.asleep_until or worker.held is None:
            return
        prepared, turn = worker.held
        worker.held = None
        self.world.note(f"{worker.name} wakes")
        self._commit(worker, prepared, turn)

    def _commit(self, worker: Worker, prepared: Prepared, turn: Turn) -> None:
        answer = worker.poster.commit(prepared, turn, keep=False)
        self.world.note(f"{worker.name} commits {len(turn.done)} works: {answer}")
        worker.poster.forget(prepared.claim)
        if answer != LOST:
            self.lanes.release(prepared.claim)

    # ---- crashes

    def lay_bomb(self) -> None:
        """The next accepting transaction kills the cloud."""
        self.store.bomb = self.world.random.choice(("before", "after"))

    def lay_worker_bomb(self) -> None:
        """The next turn kills its worker."""
        self.worker_bomb = self.world.random.choice(("before", "after"))

    def _crash(self) -> None:
        self.world.faults["crash_cloud"] += 1
        self.world.note(f"cloud dies {self.store.bomb} a commit")
        self.store.bomb = ""
        self.up = False
        self.workers = [self._worker(number) for number in range(WORKERS)]
        self.world.later(self.world.random.uniform(1, 60), self._restart)

    def _restart(self) -> None:
        if not self.up:
            self.world.note("cloud is back")
        self.up = True

    def _worker_crash(self, worker: Worker) -> None:
        self.world.faults["crash_worker"] += 1
        self.world.note(f"{worker.name} dies {self.worker_bomb} its commit")
        self.worker_bomb = ""
        self.workers[self.workers.index(worker)] = self._worker(int(worker.name[-1]))

    def mend(self) -> None:
        """No more bombs, and up."""
        self.store.bomb = self.worker_bomb = ""
        self._restart()

    def idle(self) -> bool:
        """Whether no lane has work."""
        return self.up and all(not tables.work for tables in self.store.tables.values())
