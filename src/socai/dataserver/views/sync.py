"""Syncing as people see it: the mark at the top, what waits, what was refused and why, downloads. Reads only."""

from __future__ import annotations

import msgspec

from socai.base.fault import Fault
from socai.dataserver.books import Books
from socai.dataserver.desk import CATALOG, VOUCHER, Desk
from socai.dataserver.store import catalog, dependency, listing, outbox, voucher
from socai.dataserver.store.download import DownloadJob
from socai.dataserver.store.file import Connection
from socai.dataserver.store.joined import split
from socai.dataserver.store.outbox import OutRow
from socai.dataserver.syncing.loading import faults_of_job
from socai.dataserver.syncing.round import Round
from socai.dataserver.views.todo import Counts, share
from socai.dataserver.views.told import told_of
from socai.dataserver.views.voucher import Branches
from socai.edge.problem import WordedFault, worded

PENDING, FAILED, CONFLICT = "pending", "failed", "conflict"
STATES = (PENDING, FAILED, CONFLICT)
RESULTS_MAX = 200


class SyncView(msgspec.Struct, frozen=True):
    """The mark at the top of the screen and the counts beside it.

    `green`: all is sent, answered and received. `reason`: fault code while the cloud sends this server away, or
    something else answers in its place; `storage`: true while the disk takes nothing. Times are UTC, empty where never.
    `seconds_left`: of the running round of syncing by its pace so far, -1 where nothing can be said yet, 0 where none
    runs. `lane_depth`, `lane_seconds`: how much of the company waits to be posted at the cloud, and for how long about,
    as the cloud last told. `todo`: what needs a person, as far as the asker may see; `todo_mine`: what the asker did
    last. `compared_at`: when this file was last compared with the cloud; `differs`: how many places differed then;
    `differed_at`: when any did.
    """

    online: bool
    green: bool
    reason: str
    pending: int
    in_flight: int
    failed: int
    conflicts: int
    last_sync_at: str
    as_of: str
    oldest_pending_at: str
    progress: str
    storage: bool
    cloud: bool
    seconds_left: int = 0
    lane_depth: int = 0
    lane_seconds: int = 0
    todo: int = 0
    todo_mine: int = 0
    compared_at: str = ""
    differs: int = 0
    differed_at: str = ""


class SyncResult(msgspec.Struct, frozen=True):
    """One act that waits, or that was refused, with why and what to do."""

    n: int
    at: str
    kind: str
    object_kind: str
    id: str
    number: str
    description: str
    act: str
    user: str
    state: str
    faults: list[WordedFault]


class SyncResults(msgspec.Struct, frozen=True):
    """A page of results, newest first; `next` is 0 on the last page."""

    items: list[SyncResult]
    next: int


class DownloadView(msgspec.Struct, frozen=True):
    """How far a download is. `state`: waiting | running | done | failed | cancelled; `total` 0 while not known.

    `user` is empty for one that a snapshot began by itself; `types` and `branches` empty for all.
    """

    job: str
    state: str
    done: int
    total: int
    faults: list[WordedFault]
    user: str
    made_at: str
    first_day: str
    last_day: str
    types: list[str]
    branches: list[str]


def sync_view(books: Books) -> SyncView:
    """The sync mark and its counts as they are now."""
    state = books.sync_state()
    return SyncView(
        online=state.online,
        green=state.green,
        reason=state.reason,
        pending=state.pending,
        in_flight=state.in_flight,
        failed=state.failed,
        conflicts=state.conflicts,
        last_sync_at=state.last_sync_at,
        as_of=state.as_of,
        oldest_pending_at=state.oldest_pending_at,
        progress=state.progress,
        storage=bool(state.storage),
        cloud=bool(books.enrolment.cloud),
        seconds_left=state.seconds_left,
        lane_depth=state.lane_depth,
        lane_seconds=state.lane_seconds,
        compared_at=state.compared_at,
        differs=state.differs,
        differed_at=state.differed_at,
    )


def for_person(view: SyncView, counts: Counts, user: str, branches: Branches) -> SyncView:
    """The same with the badges of one person."""
    mine, every = share(counts, user, branches)
    return msgspec.structs.replace(view, todo=every, todo_mine=mine)


class RoundsView(msgspec.Struct, frozen=True):
    """The running round of syncing, if any, and the newest that have ended, newest first."""

    running: Round | None
    items: list[Round]


def rounds_view(books: Books) -> RoundsView:
    """Both halves of the running round and of those before it."""
    return RoundsView(books.round_running(), books.rounds())


def results(desk: Desk, state: str, branches: Branches, after: int, limit: int) -> SyncResults | Fault:
    """What waits (`pending`), what was refused (`failed`, refused postings first), what is in conflict."""
    if state not in STATES:
        return Fault("CHOICE_INVALID", "state", {"value": state[:40], "choices": ", ".join(STATES)})
    with desk.file.read() as db:
        rows = outbox.results(db, state, after, limit + 1)
        page = rows[:limit]
        heads = voucher.load_many(db, [row.object for row in page if row.kind == VOUCHER])
        held = dependency.held(db, list(heads)) if state == PENDING else frozenset()
        items = []
        for row in page:
            head = heads.get(row.object)
            if head is not None and branches is not None and head.branch not in branches:
                continue
            entry = catalog.load(db, row.object_kind, row.object) if row.kind == CATALOG else None
            number = head.number if head else entry.code if entry else ""
            description = (head.description or head.partner_name) if head else entry.name if entry else ""
            items.append(_result(db, row, number, description, row.object in held))
        if state == FAILED and not after:
            items = _refused_postings(db, branches) + items
    return SyncResults(items, page[-1].place if len(rows) > limit else 0)


def _result(db: Connection, row: OutRow, number: str, description: str, held: bool) -> SyncResult:
    states = {outbox.WAITING: "held" if held else "local", outbox.SENT: "syncing"}
    return SyncResult(
        n=row.place,
        at=row.answered_at or row.made_at,
        kind=row.kind,
        object_kind=row.object_kind,
        id=row.object,
        number=number,
        description=description,
        act=row.act,
        user=row.user,
        state=states.get(row.state, CONFLICT if row.result == CONFLICT else "sync_failed"),
        faults=told_of(db, row.faults),
    )


def _refused_postings(db: Connection, branches: Branches) -> list[SyncResult]:
    """Vouchers the cloud could not post, unpost or delete as asked."""
    found = []
    for head, book in listing.refused_postings(db, branches, RESULTS_MAX):
        found.append(
            SyncResult(
                n=0,
                at=head.at,
                kind=VOUCHER,
                object_kind=head.type,
                id=head.id,
                number=head.number,
                description=head.description or head.partner_name,
                act=book.fault_act,
                user=head.author,
                state=f"{book.fault_act}_failed",
                faults=told_of(db, book.faults),
            )
        )
    return found


def download_view(job: DownloadJob | None) -> DownloadView | Fault:
    """How far a download is. PATH_UNKNOWN where there is none of this id."""
    if job is None:
        return Fault("PATH_UNKNOWN", "job")
    faults = [worded(fault) for fault in faults_of_job(job)] if job.fault else []
    return DownloadView(
        job=job.id,
        state=job.state,
        done=job.done,
        total=job.total,
        faults=faults,
        user=job.user,
        made_at=job.made_at,
        first_day=job.first_day,
        last_day=job.last_day,
        types=split(job.types),
        branches=split(job.branches),
    )


def downloads_view(books: Books) -> list[DownloadView]:
    """The newest downloads, newest first."""
    found = [download_view(job) for job in books.downloads()]
    return [item for item in found if not isinstance(item, Fault)]
