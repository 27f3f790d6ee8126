"""Tải chứng từ: vouchers of a period by type and branch, page by page. Goes on where it stopped, also after a restart.
A new snapshot empties the books, so what is under way then begins again.

The cloud answers for one type and one branch at a time, so a wish of several is a walk over their pairs; the place in
that walk stands in the job's `after`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from socai.base.calendar import month_first, month_key, month_last, months_between, parse_day
from socai.base.fault import Fault
from socai.dataserver.clock import new_ident
from socai.dataserver.desk import DOWNLOAD, Desk, Refused, refused
from socai.dataserver.facts import faults_of, faults_text
from socai.dataserver.store import download, ledger, meta
from socai.dataserver.store.download import DownloadJob
from socai.dataserver.store.file import Connection
from socai.dataserver.store.joined import split
from socai.dataserver.syncing.incoming import DOWNLOADED, take_in_slices
from socai.edge.client import CloudClient, CloudRefused
from socai.sync.message import FEED_ITEMS_MAX, WireFault

JOBS_SHOWN_MAX = 20
TRANSIENT = frozenset(("RATE_LIMITED", "INTERNAL", "STORAGE_FAILED", "SIGNATURE_INVALID"))


def ask(
    desk: Desk, user: str, first_day: str, last_day: str, types: Sequence[str] = (), branches: Sequence[str] = ()
) -> str | Refused:
    """Note a wish; its id. No types or branches mean all of them."""
    days = (("from", first_day), ("to", last_day))
    faults = [found for name, text in days if isinstance(found := parse_day(text, name), Fault)]
    for branch in branches:
        if desk.branches and branch not in desk.branches:
            faults.append(Fault("BRANCH_UNKNOWN", "branches", {"branch": branch}))
    if faults:
        return refused(*faults)
    now = desk.clock.now()
    job = DownloadJob(new_ident(now), user, now.text, first_day, last_day, ",".join(types), ",".join(branches))
    desk.file.write(lambda db: download.add(db, job))
    desk.tell(DOWNLOAD, "", job.id)
    return job.id


def job_of(desk: Desk, ident: str) -> DownloadJob | None:
    """How far a job is."""
    with desk.file.read() as db:
        return download.load(db, ident)


def jobs(desk: Desk, limit: int = JOBS_SHOWN_MAX) -> list[DownloadJob]:
    """The newest jobs, newest first."""
    with desk.file.read() as db:
        return download.newest(db, limit)


def cancel(desk: Desk, ident: str) -> DownloadJob | None:
    """Stop a job, if it is not over; as it is then."""
    desk.file.write(lambda db: download.cancel(db, ident))
    desk.tell(DOWNLOAD, "", ident)
    return job_of(desk, ident)


def faults_of_job(job: DownloadJob) -> tuple[Fault, ...]:
    """Why a job failed."""
    return faults_of(job.fault)


def next_page(desk: Desk, client: CloudClient) -> bool:
    """Fetch and take one page of the oldest unfinished job; False where there is none, or not now."""
    with desk.file.read() as db:
        footing, job = meta.footing(db), download.unfinished(db)
    if footing is None or job is None:
        return False
    # Not joined.split: where no type or branch is named there is one pair, of all of them.
    pairs = [(kind, branch) for kind in job.types.split(",") for branch in job.branches.split(",")]
    part, _, after = job.after.partition("#") if job.after else ("0", "", "")
    kind, branch = pairs[int(part)]
    try:
        page = client.download(job.first_day, job.last_day, kind, branch, after, FEED_ITEMS_MAX)
    except CloudRefused as refusal:
        if refusal.code in TRANSIENT:
            raise
        fault = faults_text([WireFault(item.code, item.field, dict(item.params)) for item in refusal.faults])
        desk.file.write(lambda db: download.fail(db, job.id, fault))
        desk.tell(DOWNLOAD, "", job.id)
        return True
    total = job.total + page.total if not after else job.total
    onward = f"{part}#{page.after}" if page.after else f"{int(part) + 1}#" if int(part) + 1 < len(pairs) else ""

    def stands(db: Connection) -> bool:
        if meta.footing(db) != footing or page.timeline not in ("", footing[0]):
            return False  # a new snapshot has begun meanwhile: its balances would count these entries twice
        now = download.load(db, job.id)
        return now is not None and now.after == job.after and now.state != download.CANCELLED

    def finish(db: Connection) -> None:
        download.advance(db, job.id, onward, len(page.items), total)
        if not onward and not job.types:
            _note_months(db, job)

    taken = take_in_slices(desk, page.items, DOWNLOADED, stands, finish)
    desk.tell(DOWNLOAD, "", job.id)
    return taken


def _note_months(db: Connection, job: DownloadJob) -> None:
    """Months the job covers from their first to their last day are now wholly here."""
    first, last = date.fromisoformat(job.first_day), date.fromisoformat(job.last_day)
    branches = split(job.branches)
    for month in months_between(month_key(first), month_key(last)):
        if first <= month_first(month) and month_last(month) <= last:
            ledger.months_brought(db, month, month, branches)
