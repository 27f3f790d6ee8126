"""The first set-up of an empty company, and locks: several catalog entries written as one act, all or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid5

import msgspec

from socai.base.calendar import fiscal_year_of, parse_day
from socai.base.fault import Fault, Faults
from socai.base.ident import parse_ident
from socai.core.catalog import BRANCH_KINDS, COMPANY_ID, KINDS
from socai.core.company import check_lock_moved
from socai.core.entry import BOOKS
from socai.dataserver.acts.entry import saving
from socai.dataserver.clock import new_ident
from socai.dataserver.desk import CATALOG, Desk, Refused, Saved, refused
from socai.dataserver.store import audit, catalog
from socai.dataserver.store.file import Connection
from socai.registry import regimes
from socai.sync.grant import Grant

FUND_CODE = "QUY"
FUND_NAME = "Quỹ tiền mặt"


@dataclass(frozen=True, slots=True)
class Setup:
    """What the set-up screen asks. `company` holds its settings; the year begins on the first of a month."""

    company: Mapping[str, Any]
    regime: str
    year_first_month: int
    books_first_day: str
    branch_code: str
    branch_name: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One catalog entry to write; `base` is the revision it replaces."""

    kind: str
    id: str
    body: Mapping[str, Any]
    base: int = 0


def set_up(desk: Desk, grant: Grant, act_id: str, wanted: Setup) -> list[Saved] | Refused:
    """Company, fiscal year, branch and cash fund of an empty company, in one transaction.

    Faults: SETUP_DONE where there is a fiscal year already, CHOICE_INVALID for the regime, DAY_INVALID, and those of
    the entries themselves.
    """
    if isinstance(fault := parse_ident(act_id, "act_id"), Fault):
        return refused(fault)
    faults, first = _check(wanted)
    if first is None:
        return Refused(faults)
    with desk.file.read() as db:
        row = catalog.load(db, "company", COMPANY_ID)
        before = audit.done(db, _own_act(act_id, "company", COMPANY_ID))
        if before is None and catalog.bodies(db, "fiscal_year"):
            return refused(Fault("SETUP_DONE"))
        old = None if row is None or row.deleted else row
        has_branch = bool(catalog.bodies(db, "branch"))
    year = fiscal_year_of(first, wanted.year_first_month)
    settings = dict(wanted.company) | {
        "year_first_month": wanted.year_first_month,
        "books_first_day": first.isoformat(),
    }
    entries = [Entry("company", COMPANY_ID, settings, old.revision if old else 0)]
    if not has_branch:
        now = desk.clock.now()
        branch = new_ident(now)
        body = {"code": wanted.branch_code, "name": wanted.branch_name, "kind": BRANCH_KINDS[0]}
        fund = {"code": FUND_CODE, "name": FUND_NAME, "branch": branch}
        entries += [Entry("branch", branch, body), Entry("fund", new_ident(now), fund)]
    code = str(year.first.year) if year.first.month == 1 else f"{year.first.year}-{year.last.year}"
    entries.append(
        Entry(
            "fiscal_year",
            code,
            {
                "code": code,
                "first_day": year.first.isoformat(),
                "last_day": year.last.isoformat(),
                "regime": wanted.regime,
            },
        )
    )
    return save_entries(desk, grant, act_id, entries)


def _check(wanted: Setup) -> tuple[Faults, date | None]:
    faults: list[Fault] = []
    if wanted.regime not in regimes():
        choices = ", ".join(regimes())
        faults.append(Fault("CHOICE_INVALID", "regime", {"value": wanted.regime[:20], "choices": choices}))
    if not 1 <= wanted.year_first_month <= 12:
        value = str(wanted.year_first_month)
        faults.append(Fault("CHOICE_INVALID", "year_first_month", {"value": value, "choices": "1–12"}))
    first = parse_day(wanted.books_first_day, "books_first_day")
    if isinstance(first, Fault):
        faults.append(first)
    return tuple(faults), None if faults or isinstance(first, Fault) else first


def save_entries(desk: Desk, grant: Grant, act_id: str, entries: Sequence[Entry]) -> list[Saved] | Refused:
    """Write several entries as one act: all of them or none. Each has an act id of its own, made from the act's."""
    jobs = []
    for entry in entries:
        own_act = _own_act(act_id, entry.kind, entry.id)
        job = saving(desk, grant, own_act, entry.kind, entry.id, entry.base, entry.body)
        if isinstance(job, Refused):
            return Refused(tuple(Fault(f.code, f"{entry.kind}.{f.field}", f.params) for f in job.faults))
        jobs.append(job)

    def work(db: Connection) -> list[Saved]:
        # A job that refuses raises Undo, and with it all of them are taken back.
        return [saved for job in jobs if isinstance(saved := job(db), Saved)]

    found: list[Saved] | Refused = desk.file.write(work)
    if isinstance(found, Refused):
        return found
    for saved in found:
        if not saved.repeated:
            desk.tell(CATALOG, saved.type, saved.id)
    desk.wake()
    return found


def _own_act(act_id: str, kind: str, ident: str) -> str:
    """The act id of one entry of an act: the same again when the act is retried, whatever ids it makes anew."""
    return str(uuid5(UUID(act_id), f"{kind}/{ident if KINDS[kind].natural else ''}"))


def set_lock(
    desk: Desk, grant: Grant, act_id: str, branches: Sequence[str], book: str, day: str, reason: str
) -> list[Saved] | Refused:
    """Lock the books of branches up to a day; an earlier day moves the lock back, an empty one opens everything.

    Moving back needs a reason: LOCK_REASON_MISSING. The entry stays, so that who did it, when and why stays too.
    """
    if isinstance(fault := parse_ident(act_id, "act_id"), Fault):
        return refused(fault)
    if book not in BOOKS:
        return refused(Fault("BOOK_UNKNOWN", "book", {"book": book[:40]}))
    entries = []
    with desk.file.read() as db:
        for branch in branches:
            row = catalog.load(db, "lock", lock_id(branch, book))
            held = row is not None and not row.deleted
            before = msgspec.json.decode(row.body) if row is not None and held else {}
            if not day and not before.get("day"):
                continue  # nothing is locked
            body = {"code": lock_id(branch, book), "branch": branch, "book": book, "day": day, "reason": reason}
            if audit.done(db, _own_act(act_id, "lock", lock_id(branch, book))) is None and (
                why := check_lock_moved(before, body)
            ):
                return refused(why)
            entries.append(Entry("lock", lock_id(branch, book), body, row.revision if row is not None and held else 0))
    return save_entries(desk, grant, act_id, entries)


def lock_id(branch: str, book: str) -> str:
    """A branch's book has one lock."""
    return f"{branch}|{book}"
