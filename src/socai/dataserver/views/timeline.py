"""The life of one voucher: saved, sent, accepted, posted, unposted: where, when, by whom. Reads only.

What happened here comes from this server's own record and outbox; what happened at the cloud and in other offices comes
from the cloud's log while the line is up, and else from what the feed has told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from socai.base.fault import Fault
from socai.dataserver.books import Books
from socai.dataserver.desk import VOUCHER
from socai.dataserver.facts import faults_of, wire_faults
from socai.dataserver.store import audit, ledger, meta, outbox, refusal, voucher
from socai.dataserver.store.file import Connection
from socai.dataserver.store.joined import split
from socai.dataserver.store.outbox import OutRow
from socai.dataserver.store.refusal import Refusal
from socai.dataserver.views.told import told
from socai.dataserver.views.voucher import Branches
from socai.edge.client import CloudRefused, CloudUnreachable
from socai.edge.problem import WordedFault
from socai.sync.log import ACCEPTED, POSTED, REFUSED, VOIDED
from socai.sync.message import APPLIED, CONFLICT, LogItem, WireFault

SAVED, SENT = "saved", "sent"
ACTS_MAX = 500
Tell = Callable[[Sequence[Fault]], list[WordedFault]]
"""Puts faults into words."""

_ANSWERS = {APPLIED: ACCEPTED, CONFLICT: CONFLICT}


class Moment(msgspec.Struct, frozen=True):
    """One moment. `what`: saved | sent | accepted | refused | conflict | posted | voided (taken out of the books).

    Work on the books that was refused is a moment too, at the time this office was told and of no office; `books` says
    in which.
    `at` is UTC: the cloud's clock where `at_cloud`, else this server's or the other office's own. `office` is where
    `by` acted, `here` whether that was this office. `operation` is `epoch.n` where one was sent.
    """

    what: str
    at: str
    at_cloud: bool
    act: str
    by: str
    office: str
    here: bool
    revision: int
    version: int
    books: list[str]
    operation: str
    faults: list[WordedFault]


class Timeline(msgspec.Struct, frozen=True):
    """A voucher's life, oldest first. `whole`: the cloud was asked; else other offices' acts may be missing."""

    items: list[Moment]
    whole: bool


def timeline(books: Books, ident: str, branches: Branches) -> Timeline | Fault:
    """The life of one voucher. VOUCHER_UNKNOWN where it is not here, or of a branch the person may not see."""
    with books.file.read() as db:
        head = voucher.load(db, ident)
        if head is None or (branches is not None and head.branch not in branches):
            return Fault("VOUCHER_UNKNOWN", "id", {"id": ident[:40]})
        standing = meta.standing(db)
        acts = list(reversed(audit.history(db, ident, ACTS_MAX)))
        rows = outbox.all_of(db, VOUCHER, ident, ACTS_MAX)
        refusals = refusal.all_of(db, ident, ACTS_MAX)
    log = _ask(books, ident)
    mine = Here(standing.office, standing.replica, acts, rows, lambda faults: _tell(books, faults))
    if log is None:
        with books.file.read() as db:
            return Timeline(mine.moments(_told_here(db, ident, rows), refusals), False)
    return Timeline(mine.moments(log, refusals), True)


def _tell(books: Books, faults: Sequence[Fault]) -> list[WordedFault]:
    if not faults:
        return []
    with books.file.read() as db:
        return told(db, faults)


def _ask(books: Books, ident: str) -> list[LogItem] | None:
    """The cloud's log; None where it cannot be asked. What it never heard of has an empty one."""
    standing = books.standing()
    if not standing.online or standing.reason:
        return None
    client = books.client()
    try:
        return client.voucher_log(ident).items
    except CloudRefused as refused:
        return [] if refused.code == "VOUCHER_UNKNOWN" else None
    except CloudUnreachable:
        return None
    finally:
        client.close()


def _told_here(db: Connection, ident: str, rows: Sequence[OutRow]) -> list[LogItem]:
    """The cloud's log as far as it is known here: answers to our own acts, forms and sets the feed has brought."""
    found = [
        LogItem(
            *(_ANSWERS.get(row.result, REFUSED), row.answered_at, row.seq, row.act, row.user),
            epoch=row.epoch or 0,
            n=row.n or 0,
            version=row.version,
            act_id=row.act_id,
            faults=wire_faults(row.faults),
        )
        for row in rows
        if row.state == outbox.ANSWERED
    ]
    found += [
        LogItem(ACCEPTED, form.at, 0, "", form.author, "", version=form.version)
        for form in voucher.revisions(db, ident, ACTS_MAX)
        if form.act in ("feed", "download")
    ]
    for book, version, posted_at, voided in ledger.sets_of(db, ident):
        found.append(LogItem(POSTED, posted_at, 0, "", "", "", version=version, books=[book]))
        if voided:
            found.append(LogItem(VOIDED, "", 0, "", "", "", version=version, books=[book]))
    return sorted(found, key=lambda item: (item.version, item.at == "", item.at))


class Here:
    """What this office did with a voucher: its acts, oldest first, and its operations."""

    def __init__(
        self, office: str, replica: str, acts: Sequence[audit.Act], rows: Sequence[OutRow], tell: Tell
    ) -> None:
        self.office, self.replica, self.tell = office, replica, tell
        self.rows = {row.act_id: row for row in rows}
        # An act replaced before it was sent went with the next one that was.
        self.acts: dict[str, list[audit.Act]] = {}
        waiting: list[audit.Act] = []
        for act in acts:
            waiting.append(act)
            if act.act_id in self.rows:
                self.acts[act.act_id] = waiting
                waiting = []
        self.left = waiting  # what never needed to be sent

    def moments(self, log: Sequence[LogItem], refusals: Sequence[Refusal] = ()) -> list[Moment]:
        """Everything in order: each operation's own steps stand together, in the order the cloud took them."""
        found = self._taken(log)
        for one in refusals:
            found.insert(_behind(found, one), self._refused(one))
        return found + [self._act(act) for act in self.left]

    def _taken(self, log: Sequence[LogItem]) -> list[Moment]:
        found: list[Moment] = []
        seen: set[str] = set()
        for item in log:
            row = self.rows.get(item.act_id) if item.act_id else None
            if row is not None and item.act_id not in seen:
                seen.add(item.act_id)
                found += self._before(row)
            elif row is None and item.made_at:
                found.append(self._moment(SAVED, item.made_at, item, at_cloud=False))
            found.append(self._moment(item.what, item.at, item, at_cloud=bool(item.replica) or row is None))
        for act_id, row in self.rows.items():
            if act_id not in seen:
                found += self._before(row)
        return found

    def _refused(self, one: Refusal) -> Moment:
        return Moment(
            *(REFUSED, one.at, False, one.act, "", "", False, 0, one.version, [one.book], ""),
            self.tell(faults_of(one.faults)),
        )

    def _before(self, row: OutRow) -> list[Moment]:
        """An operation's steps here: the acts it stands for, and when it was sent."""
        found = [self._act(act, row) for act in self.acts.get(row.act_id, ())]
        if row.sent_at:
            found.append(
                Moment(
                    *(SENT, row.sent_at, False, row.act, row.user, self.office, True, row.revision, 0),
                    *(_books(row), f"{row.epoch or 0}.{row.n or 0}", []),
                )
            )
        return found

    def _act(self, act: audit.Act, row: OutRow | None = None) -> Moment:
        books = _books(row) if row is not None and row.act_id == act.act_id else []
        return Moment(SAVED, act.at, False, act.act, act.user, self.office, True, act.revision, 0, books, "", [])

    def _moment(self, what: str, at: str, item: LogItem, at_cloud: bool) -> Moment:
        row = self.rows.get(item.act_id) if item.act_id else None
        here = row is not None or (bool(item.replica) and item.replica == self.replica)
        operation = f"{item.epoch}.{item.n}" if item.n else ""
        return Moment(
            *(what, at, at_cloud, item.act, item.by, item.office or (self.office if here else ""), here),
            *(row.revision if row is not None else 0, item.version, list(item.books), operation),
            self.tell([_fault(fault) for fault in item.faults]),
        )


def _behind(found: Sequence[Moment], one: Refusal) -> int:
    """Where a refusal stands: behind the act it answers, the newest of its version or before that had been taken."""
    taken = [place for place, item in enumerate(found) if item.what in (ACCEPTED, REFUSED) and item.version]
    asked = [place for place in taken if found[place].version <= one.version]
    earlier = [place for place in asked if found[place].at <= one.at]
    return (earlier or asked[:1] or [-1])[-1] + 1


def _fault(fault: WireFault) -> Fault:
    return Fault(fault.code, fault.field, fault.params)


def _books(row: OutRow) -> list[str]:
    return list(dict.fromkeys((*split(row.books), *split(row.post_to))))
