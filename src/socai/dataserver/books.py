"""One tenant as the rim sees it: plain Python, synchronous, safe to use from many threads.

Every act answers `Saved` or `Refused` once it is durable; nothing here waits for the cloud but what says so.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from socai.base.fault import Fault
from socai.core import life
from socai.core.account import Chart
from socai.core.check import Calendar
from socai.core.company import SYNCHRONOUS, Company
from socai.dataserver import facts as fact
from socai.dataserver.acts import act, entry, numbering, save
from socai.dataserver.acts.act import Asked
from socai.dataserver.acts.save import Request
from socai.dataserver.awaiting import Awaiting
from socai.dataserver.clock import Clock, SystemClock
from socai.dataserver.desk import STORAGE, Desk, Listener, Refused, Saved
from socai.dataserver.store import conflict, ledger, meta, number, outbox
from socai.dataserver.store.download import DownloadJob
from socai.dataserver.store.enrolment import Enrolment
from socai.dataserver.store.file import Connection
from socai.dataserver.store.joined import split
from socai.dataserver.store.known import Known
from socai.dataserver.store.replica import Replica, Ticket
from socai.dataserver.store.voucher import Head
from socai.dataserver.syncing import loading
from socai.dataserver.syncing.agent import Agent, Standing
from socai.dataserver.syncing.round import Round, kept
from socai.edge.client import CloudClient, CloudRefused
from socai.sync.grant import Grant
from socai.sync.message import POLL_SECONDS_MAX, People, Person
from socai.sync.report import ReportAnswer, ReportWish

REPLICA_FILE = "replica.db"
REPORTS_AT_ONCE_MAX = 4  # read from the cloud
REPORT_SECONDS, REPORT_RETRY_SECONDS = 15.0, 5


@dataclass(frozen=True, slots=True)
class SyncState:
    """The mark at the top of the screen and the counts beside it."""

    online: bool
    reason: str  # fault code while the cloud sends this replica away
    green: bool  # all sent, answered and received
    pending: int
    in_flight: int
    failed: int
    conflicts: int
    last_sync_at: str
    as_of: str
    oldest_pending_at: str
    progress: str
    seconds_left: int  # of the running round, -1 while unknown
    storage: str  # why nothing can be saved, empty while all is well
    lane_depth: int = 0  # how much of this company waits to be posted at the cloud, as it last told
    lane_seconds: int = 0  # … and for how long, about
    compared_at: str = ""  # when this file was last compared with the cloud, and how many places differed then
    differs: int = 0
    differed_at: str = ""  # when something was last found to differ, and was mended


class Books:
    """One tenant's file, its acts, its agent."""

    def __init__(
        self,
        folder: Path,
        enrolment: Enrolment,
        *,
        clock: Clock | None = None,
        on_people: Callable[[People], None] = lambda _people: None,
        listeners: list[Listener] | None = None,
        poll_seconds: int = POLL_SECONDS_MAX,
        vfs: str | None = None,
    ) -> None:
        self.enrolment = enrolment
        self.code, self.name = enrolment.tenant, enrolment.name
        self._on_people, self._poll_seconds = on_people, poll_seconds
        self.file = Replica(folder / REPLICA_FILE, vfs=vfs, on_broken=lambda _broken: self.desk.tell(STORAGE))
        self.desk = Desk(self.code, self.file, clock or SystemClock(), listeners=[] if listeners is None else listeners)
        self.file.write(self._introduce)
        with self.file.read() as db:
            branches = meta.text(db, "branches")
        self.desk.branches = frozenset(split(branches))
        self.agent: Agent | None = None
        self._reading = threading.BoundedSemaphore(REPORTS_AT_ONCE_MAX)
        self.awaiting = Awaiting(self.desk, self._is_cut)

    def _introduce(self, db: Connection) -> None:
        """Give a fresh file its identity; a file enrolled anew begins another life with what it holds."""
        known, mine = meta.standing(db), self.enrolment
        if known.replica == mine.replica:
            return
        outbox.unsend(db, 0, known.epoch, answered_too=False)
        number.drop_leases(db)
        meta.put(
            db,
            {
                "replica": mine.replica,
                "tenant": mine.tenant,
                "name": mine.name,
                "epoch": 1,
                "next_n": 1,
                "last_hash": "",
                "timeline": mine.timeline,
                "branches": mine.branches,
                "series_mark": mine.series_mark,
            },
        )

    # ---- the agent

    def start(self) -> None:
        """Begin to sync; does nothing for books without a cloud."""
        if self.agent is None and self.enrolment.cloud:
            self.agent = Agent(self.desk, self.client, self._on_people, poll_seconds=self._poll_seconds)
            self.agent.start()

    def close(self) -> None:
        """Stop syncing and close the file."""
        if self.agent is not None:
            self.agent.stop()
        self.awaiting.close()
        self.file.close()

    def client(self) -> CloudClient:
        """A connection to the cloud in this replica's name; the caller closes it."""
        return CloudClient(self.enrolment.cloud, self.enrolment.replica, self.enrolment.private_key)

    def sync_now(self, user: str = "") -> None:
        """Đồng bộ dữ liệu, asked by `user`."""
        if self.agent is not None:
            self.agent.sync_now(user)

    def round_running(self) -> Round | None:
        """The running round of syncing."""
        return self.agent.rounds.running if self.agent is not None else None

    def standing(self) -> Standing:
        """What the agent last knew."""
        return self.agent.standing if self.agent is not None else Standing()

    def _is_cut(self) -> bool:
        """Whether the line is down, or the cloud sends this replica away."""
        standing = self.standing()
        return not standing.online or bool(standing.reason)

    def sync_state(self) -> SyncState:
        """The sync mark and its counts."""
        standing = self.standing()
        with self.file.read() as db:
            waiting, sent, oldest = outbox.counts(db)
            failed, conflicts = outbox.failures(db), conflict.count(db)
            known = meta.standing(db)
            lane = meta.number(db, "lane_depth"), meta.number(db, "lane_seconds")
            compared = meta.text(db, "compared_at"), meta.number(db, "differs"), meta.text(db, "differed_at")
        received = standing.caught_up and known.received
        running = self.round_running()
        green = standing.online and received and not waiting + sent and not standing.reason and running is None
        return SyncState(
            online=standing.online,
            reason=standing.reason,
            green=green,
            pending=waiting + sent,
            in_flight=sent,
            failed=failed,
            conflicts=conflicts,
            last_sync_at=standing.as_of or known.last_sync_at,
            as_of=standing.as_of or known.as_of,
            oldest_pending_at=oldest,
            progress=standing.progress,
            seconds_left=running.seconds_left if running is not None else 0,
            storage=self.file.broken,
            lane_depth=lane[0],
            lane_seconds=lane[1],
            compared_at=compared[0],
            differs=compared[1],
            differed_at=compared[2],
        )

    def rounds(self) -> list[Round]:
        """The newest rounds of syncing that have ended, newest first."""
        return kept(self.desk)

    def report_from_cloud(self, wish: ReportWish) -> ReportAnswer:
        """A page of a report from the cloud's books. Raises CloudRefused or CloudUnreachable.

        Few at once and not for long: whoever waits for the cloud keeps a thread from those who do not.
        """
        if not self._reading.acquire(blocking=False):
            raise CloudRefused([Fault("RATE_LIMITED", "", {"seconds": str(REPORT_RETRY_SECONDS)})], 429)
        mine = self.enrolment
        client = CloudClient(mine.cloud, mine.replica, mine.private_key, answer_seconds=REPORT_SECONDS)
        try:
            return client.report(wish)
        finally:
            client.close()
            self._reading.release()

    def save_person(self, acting_user: str, person: dict[str, object]) -> Person:
        """Add or change a user at the cloud, online only. Raises CloudRefused or CloudUnreachable."""
        client = self.client()
        try:
            found = client.save_person(acting_user, person)
            self._on_people(client.people())
            return found
        finally:
            client.close()

    # ---- acts on vouchers

    def save_voucher(self, grant: Grant, request: Request) -> Saved | Refused:
        """Cất."""
        return save.save_voucher(self.desk, grant, request)

    def begin_save(
        self, grant: Grant, request: Request, then: Callable[[Ticket[Saved | Refused]], None] | None = None
    ) -> Ticket[Saved | Refused]:
        """Cất without blocking: a ticket whose `then` is called when it is durable or refused."""
        return save.begin_save(self.desk, grant, request, then)

    def quick_edit(
        self, grant: Grant, act_id: str, ident: str, revision: int, changes: Mapping[str, Any]
    ) -> Saved | Refused:
        """Sửa nhanh."""
        return act.quick_edit(self.desk, Asked(grant, act_id, ident, revision), changes)

    def renumber(self, grant: Grant, act_id: str, ident: str, revision: int, number: str) -> Saved | Refused:
        """Another number."""
        return act.renumber(self.desk, Asked(grant, act_id, ident, revision), number)

    def delete(self, grant: Grant, act_id: str, ident: str, revision: int) -> Saved | Refused:
        """Xóa."""
        return act.delete(self.desk, Asked(grant, act_id, ident, revision))

    def post(
        self, grant: Grant, act_id: str, ident: str, revision: int, book: str, answered: Sequence[str] = ()
    ) -> Saved | Refused:
        """Ghi sổ."""
        return act.post(self.desk, Asked(grant, act_id, ident, revision), book, answered)

    def unpost(
        self, grant: Grant, act_id: str, ident: str, revision: int, book: str, answered: Sequence[str] = ()
    ) -> Saved | Refused:
        """Bỏ ghi."""
        return act.unpost(self.desk, Asked(grant, act_id, ident, revision), book, answered)

    def resolve(
        self, grant: Grant, act_id: str, ident: str, revision: int, choice: str, new_id: str = ""
    ) -> Saved | Refused:
        """Settle a conflict: theirs | mine | new."""
        return act.resolve(self.desk, Asked(grant, act_id, ident, revision), choice, new_id)

    def next_number(self, type_code: str, branch: str, day: date) -> str:
        """The provisional next number."""
        return numbering.next_number(self.desk, type_code, branch, day)

    # ---- catalogs

    def save_entry(
        self, grant: Grant, act_id: str, kind: str, ident: str, base: int, body: Mapping[str, Any]
    ) -> Saved | Refused:
        """Save a catalog entry; `base` is the revision the form was opened at."""
        return entry.save_entry(self.desk, grant, act_id, kind, ident, base, body)

    def delete_entry(self, grant: Grant, act_id: str, kind: str, ident: str) -> Saved | Refused:
        """Delete a catalog entry nothing uses."""
        return entry.delete_entry(self.desk, grant, act_id, kind, ident)

    def resolve_entry(self, grant: Grant, act_id: str, kind: str, ident: str, choice: str) -> Saved | Refused:
        """Settle a conflict about a catalog entry: theirs | mine."""
        return entry.resolve_entry(self.desk, grant, act_id, kind, ident, choice)

    # ---- reading

    def read(self) -> AbstractContextManager[Connection]:
        """A reader of one moment, for views and reports."""
        return self.file.read()

    def known(self, db: Connection) -> Known:
        """Settings as this reader sees them: company, calendar, decimals, charts."""
        return self.desk.cache.get(db)

    @property
    def company(self) -> Company:
        """The company's settings."""
        return self._now_known().company

    @property
    def calendar(self) -> Calendar:
        """Years, locks, the books' first day."""
        return self._now_known().calendar

    @property
    def decimals(self) -> Mapping[str, int]:
        """Minor units of each currency."""
        return self._now_known().decimals

    def chart_on(self, day: date) -> Chart:
        """The chart in force on a day."""
        return self._now_known().chart_on(day)

    def _now_known(self) -> Known:
        with self.file.read() as db:
            return self.known(db)

    def facts(self, db: Connection, heads: Sequence[Head]) -> dict[str, life.Facts]:
        """The life facts of some vouchers."""
        return fact.read_many(db, heads, self.known(db).calendar, self.desk.clock.now())

    def missing_months(self, first_month: int, last_month: int, branches: Sequence[str] = ()) -> list[int]:
        """Months (yyyymm) of a span whose vouchers are not wholly here."""
        with self.file.read() as db:
            return ledger.missing_months(db, first_month, last_month, branches)

    # ---- download

    def download(
        self, user: str, first_day: str, last_day: str, types: Sequence[str] = (), branches: Sequence[str] = ()
    ) -> str | Refused:
        """Tải chứng từ: note the wish; its id."""
        found = loading.ask(self.desk, user, first_day, last_day, types, branches)
        if self.agent is not None and isinstance(found, str):
            self.agent.load_now()
        return found

    def cancel_download(self, ident: str) -> DownloadJob | None:
        """Stop a download; what it has brought stays. The job as it is then."""
        return loading.cancel(self.desk, ident)

    def downloads(self) -> list[DownloadJob]:
        """The newest downloads, newest first."""
        return loading.jobs(self.desk)

    def download_job(self, ident: str) -> DownloadJob | None:
        """How far a download is."""
        return loading.job_of(self.desk, ident)

    # ---- waiting, for those who switched asynchronous recording off

    def recording_seconds(self) -> int:
        """How long an act's answer waits for its outcome: 0 where recording is asynchronous or there is no cloud."""
        known = self.desk.cache.newest()  # every act has just looked at them
        company = known.company if known is not None else self.company
        waits = company.recording == SYNCHRONOUS and self.enrolment.cloud
        return company.recording_seconds if waits else 0

    def backup(self, target: Path) -> None:
        """A consistent copy of the file while it is in use."""
        self.file.backup(target)
