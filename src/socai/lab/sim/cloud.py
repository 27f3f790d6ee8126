"""The simulated cloud: the production acceptor, feeder, greeter and poster over the store in memory.

Its process dies at commits; its workers die at every step of a turn, or fall asleep with a lane in their hands and wake
as zombies; it is busy; it is lost and restored from a backup.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from socai.base.fault import Fault
from socai.cloud.accept import Acceptor
from socai.cloud.enrol import Enrol, Enrolled, enrol, make_code, release
from socai.cloud.feed import BEHIND_MAX, Feeder, download_filter
from socai.cloud.hello import PROTOCOL_OLDEST, greet
from socai.cloud.lane import COMMITTED, LOST, Poster, Prepared, TurnRefused
from socai.cloud.number import exchange
from socai.cloud.post import Turn
from socai.cloud.store.memory_table import TenantTables
from socai.cloud.store.row import QUARANTINED, PersonRow, ReplicaRow, TenantRef
from socai.cloud.tenant import begin_timelines, create_tenant
from socai.lab.sim.step import AFTER, BEFORE, CLOUD_COMMITS, TENANTS, WORKER_COMMITS
from socai.lab.sim.store import CloudCrashed, CrashingStore, PoisonLane
from socai.registry import voucher_types
from socai.sync import lane as rules
from socai.sync.fact import EntryFact, VoucherFact
from socai.sync.lane import Claim
from socai.sync.message import (
    APPLIED,
    DUPLICATE,
    VOUCHER,
    Held,
    Hello,
    NumbersAnswer,
    NumbersAsked,
    Operation,
    Outcome,
    Push,
    SnapshotChunk,
    encode,
    form_hash,
)

if TYPE_CHECKING:
    from socai.lab.sim.office import Office
    from socai.lab.sim.world import World

WORKERS = 2
PEOPLE = (("chief", "admin"), ("clerk", "accountant"))
CLERK = "clerk"
BUSY_SECONDS = 5.0
NEAR = 12  # so many changes are too many for the feed, where offices are to fall far behind


class WorkerCrashed(Exception):
    """A worker's process died."""


@dataclass
class Worker:
    """A worker process: its poster and, when it has fallen asleep holding a lane, the turn it believes in."""

    name: str
    poster: Poster
    held: tuple[Prepared, Turn] | None = None
    asleep_until: float = 0.0


@dataclass
class Revoked:
    """A time in which the clerk's right was taken away, as seqs of one timeline."""

    tenant: str
    timeline: str
    first: int
    last: int | None = None


def cloud_time(world: World) -> str:
    """The cloud's clock, which nobody sets wrong."""
    moment = datetime.fromtimestamp(world.instant().wall / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Cloud:
    """The one cloud. `up` is False between a crash and its restart."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.up = True
        self.store = CrashingStore(lambda: cloud_time(world), self._died)
        self.specs = {code: kind.spec for code, kind in voucher_types().items()}
        self.acceptor = Acceptor(self.store, self.specs)
        self.feeder = Feeder(self.store, self.store, NEAR if world.traits.near else BEHIND_MAX)
        if not world.traits.shared:
            self.store.commits = tuple(commit for commit in CLOUD_COMMITS if commit != "numbers")
        self.lanes = PoisonLane(self.store)
        self.workers = [self._worker(number) for number in range(WORKERS)]
        self.worker_bomb = ("", "")
        self.sleep_seconds = self.busy_until = 0.0
        self.refs: dict[str, TenantRef] = {}
        self.seen: dict[str, str] = {}  # by act: the form (hashed) its office had on the screen
        self.retold: set[tuple[str, int]] = set()  # (object, version) of acts that restored offices did again
        self.revoked: list[Revoked] = []
        self.restored = 0
        self._backup: dict[tuple[int, int], TenantTables] = {}
        for code in TENANTS:
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
        limited = self.world.branches[tenant][1:] if name in self.world.traits.limited else ()
        code = make_code(self.store, self.refs[tenant], name, limited)
        key = Ed25519PrivateKey.from_private_bytes(self.world.random.randbytes(32)).public_key()
        found = enrol(self.store, Enrol(code, base64.b64encode(key.public_bytes_raw()).decode(), name))
        if isinstance(found, Fault):
            raise AssertionError(found)
        return found

    # ---- requests

    def serve(self, office: Office, kind: str, payload: Any) -> tuple[str, Any, float] | None:
        """(fault code, answer, retry after) as the wire would carry it; None where no answer ever leaves."""
        if not self.up:
            return None
        if self.world.now < self.busy_until:
            return "RATE_LIMITED", None, BUSY_SECONDS
        try:
            found = self._serve(self.refs[office.tenant], office.replica, kind, payload)
        except CloudCrashed:
            self._crash()
            return None
        return (found.code, None, 0.0) if isinstance(found, Fault) else ("", found, 0.0)

    def _serve(self, ref: TenantRef, replica: str, kind: str, payload: Any) -> Any:
        if kind == "hello":
            return greet(self.store, ref, msgspec.json.decode(payload, type=Hello))
        if kind == "push":
            push = msgspec.json.decode(payload, type=Push)
            if push.protocol < PROTOCOL_OLDEST:
                return Fault("VERSION_TOO_OLD", "protocol")
            done = self.acceptor.push(ref, replica, push.operations, push)
            self._judge_bases(ref, push.operations, done.outcomes)
            return done.fault or (self.store.tenant(ref).timeline, done)
        row = self.store.replica(ref, replica)
        if row is None:
            return Fault("REPLICA_UNKNOWN", "replica")
        if kind == "snapshot":
            lines = self.feeder.snapshot(ref, row)
            return [msgspec.json.decode(line, type=SnapshotChunk) for line in lines]
        if kind == "numbers":
            leased = exchange(self.store, ref, msgspec.json.decode(payload, type=NumbersAsked), self.specs)
            return leased if isinstance(leased, Fault) else NumbersAnswer(self.store.tenant(ref).timeline, leased)
        page = self._read(ref, row, kind, payload)
        return page if isinstance(page, Fault) else msgspec.json.decode(encode(page), type=type(page))

    def _judge_bases(self, ref: TenantRef, operations: Sequence[Operation], outcomes: Sequence[Outcome]) -> None:
        """I4: what was applied replaced the very form its person saw, not another one under the same version.

        Whoever did the same act again after a restore of the office's file sees it as drawn there, perhaps under
        another number, until the feed tells how it stands (seed 3199).
        """
        tables = self.store.at(ref)
        for operation, outcome in zip(operations, outcomes, strict=False):
            seen, version = self.seen.get(operation.act_id), operation.base.version
            if outcome.result == DUPLICATE:
                self.retold.add((operation.id, outcome.version))
            if outcome.result != APPLIED or not seen or not version or (operation.id, version) in self.retold:
                continue
            found: VoucherFact | EntryFact | None = tables.voucher_history.get((operation.id, version))
            if operation.kind != VOUCHER:
                found = tables.entry_history.get((operation.object_kind, operation.id, version))
            if found is not None and not found.deleted and form_hash(found.body) != seen:
                self.world.broken(f"I4 {operation.act} of {operation.id} replaced another form than was seen")

    def _read(self, ref: TenantRef, row: ReplicaRow, kind: str, payload: Any) -> Any:
        """What is asked for and changes nothing."""
        if kind == "overview":
            return self.feeder.overview(ref, row, payload)
        if kind == "reheard":
            return self.feeder.reheard(ref, row, msgspec.json.decode(payload, type=Held))
        if kind == "digests":
            return self.store.digests(ref, frozenset(row.branches))
        if kind == "download":
            *wanted, after, limit = payload
            chosen = download_filter(row, *wanted)
            return chosen if isinstance(chosen, Fault) else self.feeder.download(ref, chosen, after, limit)
        return self.feeder.page(ref, row, *payload)

    # ---- work

    def work(self) -> None:
        """One turn of some worker, with whatever befalls it."""
        if not self.up:
            return
        worker = self.world.random.choice(self.workers)
        if worker.held is not None:
            self._wake(worker)
            return
        try:
            for bucket in rules.next_bucket(self.lanes.waiting_buckets(), None):
                if (claim := self.lanes.claim(bucket, worker.name)) is not None:
                    self._turn(worker, claim)
                    return
        except WorkerCrashed:
            self.workers[self.workers.index(worker)] = self._worker(int(worker.name[-1]))

    def _turn(self, worker: Worker, claim: Claim) -> None:
        """A turn as `Poster.serve` goes through it, with places to die and to fall asleep."""
        limit: int | None = None
        while True:
            self._worker_may_die(worker, "prepare", BEFORE)
            prepared = worker.poster.prepare(claim, limit=limit)
            if prepared is None:
                self.lanes.release(claim)
                return
            turn = worker.poster.finish(prepared)
            self._worker_may_die(worker, "prepare", AFTER)
            if self.sleep_seconds:
                self._doze(worker, prepared, turn)
                return
            try:
                self._worker_may_die(worker, "commit", BEFORE)
                self._commit(worker, prepared, turn)
                return
            except TurnRefused:
                limit = worker.poster.narrow(prepared)

    def _doze(self, worker: Worker, prepared: Prepared, turn: Turn) -> None:
        self.world.befell("zombie_worker", f"{worker.name} falls asleep holding fence {prepared.claim.fence}")
        worker.held = (prepared, turn)
        worker.asleep_until, self.sleep_seconds = self.world.now + self.sleep_seconds, 0.0

    def _wake(self, worker: Worker) -> None:
        if self.world.now < worker.asleep_until or worker.held is None:
            return
        prepared, turn = worker.held
        worker.held = None
        self.world.note(f"{worker.name} wakes")
        try:
            self._commit(worker, prepared, turn)
        except TurnRefused:
            worker.poster.forget(prepared.claim)
            self.lanes.release(prepared.claim)
        except WorkerCrashed:
            self.workers[self.workers.index(worker)] = self._worker(int(worker.name[-1]))

    def _commit(self, worker: Worker, prepared: Prepared, turn: Turn) -> None:
        answer = worker.poster.commit(prepared, turn, keep=False)
        self.world.note(f"{worker.name} commits {len(turn.done)} works: {answer}")
        self._worker_may_die(worker, "commit", AFTER)
        worker.poster.forget(prepared.claim)
        if answer not in (LOST, COMMITTED):
            self.lanes.release(prepared.claim)

    # ---- what befalls it

    def lay_bomb(self, random: Random) -> None:
        """Some next transaction kills the cloud."""
        self.store.lay_bomb(random)

    def lay_worker_bomb(self, random: Random) -> None:
        """Some next step of a turn kills its worker."""
        self.worker_bomb = (random.choice(WORKER_COMMITS), random.choice((BEFORE, AFTER)))

    def _worker_may_die(self, worker: Worker, commit: str, side: str) -> None:
        if self.worker_bomb != (commit, side):
            return
        self.worker_bomb = ("", "")
        self.world.points[f"worker {commit} {side}"] += 1
        self.world.befell("crash_worker", f"{worker.name} dies {side} {commit}")
        raise WorkerCrashed

    def _died(self, where: str) -> None:
        self.world.points[f"cloud {where}"] += 1
        self.world.befell("crash_cloud", f"cloud dies: {where}")

    def _crash(self) -> None:
        self.up = False
        self._new_workers()
        self.world.later(self.world.random.uniform(1, 60), self._restart)

    def _new_workers(self) -> None:
        self.workers = [self._worker(number) for number in range(WORKERS)]

    def _restart(self) -> None:
        if not self.up:
            self.world.note("cloud is back")
        self.up = True

    def be_busy(self, seconds: float) -> None:
        """Turn everybody away for a while."""
        self.world.befell("busy", f"cloud is busy for {seconds:.0f} s")
        self.busy_until = self.world.now + seconds

    def keep_backup(self) -> None:
        """Write a backup of everything."""
        self.world.note("cloud: backup written")
        self._backup = self.store.backup()

    def restore(self) -> None:
        """The database is lost; the backup is put back, and `socai cloud restored` is run."""
        self.world.befell("restore_cloud", "cloud: restored from its backup")
        self.restored += 1
        self.store.restore(self._backup)
        self._new_workers()
        begin_timelines(self.store)

    # ---- rights

    def revoke(self, tenant: str) -> None:
        """The clerk may do nothing any more."""
        self.world.befell("revoke_right", f"{tenant}: the clerk's right is taken away")
        row = self.store.tenant(self.refs[tenant])
        self.store.save_person(self.refs[tenant], replace(self._clerk(tenant), active=False), "sim")
        self.revoked.append(Revoked(tenant, row.timeline, row.seq))

    def grant(self, tenant: str) -> None:
        """The clerk may work again."""
        if self._clerk(tenant).active:
            return
        self.store.save_person(self.refs[tenant], replace(self._clerk(tenant), active=True), "sim")
        row = self.store.tenant(self.refs[tenant])
        for item in self.revoked:
            if item.tenant == tenant and item.last is None:
                item.last = row.seq if row.timeline == item.timeline else item.first

    def _clerk(self, tenant: str) -> PersonRow:
        return next(row for row in self.store.people(self.refs[tenant]) if row.login == CLERK)

    # ---- the end

    def mend(self) -> None:
        """No more bombs, everybody's rights back, the right copy chosen where two ran, and up."""
        self.store.bomb = self.worker_bomb = ("", "")
        self.busy_until = self.sleep_seconds = 0.0
        self._restart()
        for tenant in self.refs:
            self.grant(tenant)
        self.release()

    def release(self) -> None:
        """A person has switched the copies off and ends the quarantines."""
        for ref in self.refs.values():
            for row in self.store.replicas(ref):
                if row.state == QUARANTINED:
                    release(self.store, ref, row.replica)

    def idle(self) -> bool:
        """Whether no lane has work."""
        return self.up and all(not tables.work for tables in self.store.tables.values())
