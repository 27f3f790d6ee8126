"""Việc cần xử lý: everything that needs a person, why, what mends it, and whose it is. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from socai.base.fault import Fault
from socai.core import life
from socai.core.entry import FINANCIAL
from socai.dataserver import facts as fact
from socai.dataserver.acts.redate import may_move
from socai.dataserver.desk import SYNC, VOUCHER, Desk
from socai.dataserver.store import catalog, conflict, dependency, todo, voucher
from socai.dataserver.store.file import Connection
from socai.dataserver.store.todo import Candidate, Place
from socai.dataserver.store.voucher import BookRow, Head
from socai.dataserver.views.told import told_of
from socai.dataserver.views.voucher import Branches
from socai.edge.problem import WordedFault, worded
from socai.sync.message import CONFLICT
from socai.sync.refused import RefusedAct

OPEN, OPEN_ENTRY, RETRY, POST_ANYWAY, REDATE, RESOLVE, DISCARD = (
    "open", "open_entry", "retry", "post_anyway", "redate", "resolve", "discard",
)  # fmt: skip
TODO_MAX = 200
WHOLE = frozenset(("conflict", "sync_failed", "held"))  # the whole voucher's, whatever its books say
IN_BOOK = {"post_failed": "post", "to_confirm": "post", "unpost_failed": "unpost", "delete_failed": "delete"}


class Counts(NamedTuple):
    """How much needs a person: (who did it, branch, how many) here, and what was refused at other offices."""

    here: Sequence[tuple[str, str, int]]
    elsewhere: Sequence[RefusedAct]


class HeldBy(msgspec.Struct, frozen=True):
    """A refused catalog entry that holds a voucher back."""

    kind: str
    id: str
    code: str
    name: str


class TodoItem(msgspec.Struct, frozen=True):
    """One thing to do. `state` is the word of the list (core/life.py), `act` what was not done, in which `book`.

    `mends`, the first the likeliest: open | open_entry | retry | post_anyway | redate (to the first open day) |
    resolve | discard. `user` did it last, at `at`; `revision` is the form the mending act is about. `asks`: codes of
    warnings whose answer would mend it. `elsewhere`: the act, where it was refused at another `office`, to be mended
    there.
    """

    kind: str
    object_kind: str
    id: str
    revision: int
    number: str
    description: str
    branch: str
    book: str
    state: str
    act: str
    faults: list[WordedFault]
    asks: list[str]
    held_by: list[HeldBy]
    mends: list[str]
    user: str
    at: str
    elsewhere: str = ""
    office: str = ""


class TodoPage(msgspec.Struct, frozen=True):
    """A page, the newest act first; `next` is empty on the last page. `count` all, `count_mine` the asker's own.

    At the end of the first page stands what the asker did at other offices and was refused, told to nobody else here.
    """

    items: list[TodoItem]
    next: str
    count: int
    count_mine: int


def todo_page(desk: Desk, user: str, mine: bool, branches: Branches, after: str, limit: int) -> TodoPage | Fault:
    """What needs a person; with `mine` only what `user` did last."""
    place = _place(after)
    if isinstance(place, Fault):
        return place
    with desk.file.read() as db:
        found = todo.page(db, user if mine else "", branches, place, limit + 1)
        more, found = len(found) > limit, found[:limit]
        items = items_of(desk, db, found)
        counts = Counts(todo.counts(db), _elsewhere(desk))
    own, every = share(counts, user, branches)
    if not after:
        items += [refused_elsewhere(act) for act in _of_person(counts.elsewhere, user, branches)]
    return TodoPage(items, f"{found[-1].at}|{found[-1].id}" if more else "", every, own)


def share(counts: Counts, user: str, branches: Branches) -> tuple[int, int]:
    """(the person's own, all the person may see) of the counts of a tenant."""
    seen = [row for row in counts.here if branches is None or not row[1] or row[1] in branches]
    away = len(_of_person(counts.elsewhere, user, branches))
    return sum(count for author, _, count in seen if author == user) + away, sum(count for _, _, count in seen) + away


def _elsewhere(desk: Desk) -> list[RefusedAct]:
    return [act for key, act in list(desk.elsewhere.items()) if key not in desk.put_away]


def put_away(desk: Desk, user: str, act_id: str) -> Fault | None:
    """The person knows what was refused at another office: it stands in the list here no more."""
    act = desk.elsewhere.get(act_id)
    if act is None or act.user != user:
        return Fault("PATH_UNKNOWN", "act_id")
    desk.put_away.add(act_id)
    desk.tell(SYNC)
    return None


def _of_person(acts: Iterable[RefusedAct], user: str, branches: Branches) -> list[RefusedAct]:
    return [act for act in acts if act.user == user and (branches is None or not act.branch or act.branch in branches)]


def todo_counts(desk: Desk) -> Counts:
    """How much needs a person, by who did it and branch."""
    with desk.file.read() as db:
        return Counts(todo.counts(db), _elsewhere(desk))


def todo_among(desk: Desk, idents: Sequence[str] | None, limit: int) -> list[TodoItem]:
    """What of these objects (None: of all) needs a person."""
    with desk.file.read() as db:
        return items_of(desk, db, todo.page(db, "", None, None, limit, idents))


def _place(after: str) -> Place | Fault | None:
    if not after:
        return None
    at, mark, ident = after.partition("|")
    if not mark or not at or not ident:
        return Fault("PARAMETER_INVALID", "after", {"field": "after", "value": after[:40]})
    return Place(at, ident)


def items_of(desk: Desk, db: Connection, found: Sequence[Candidate]) -> list[TodoItem]:
    """The items of some candidates, in their order."""
    idents = [item.id for item in found if item.kind == VOUCHER]
    heads = voucher.load_many(db, idents)
    facts = fact.read_many(db, list(heads.values()), desk.cache.get(db).calendar, desk.clock.now())
    books = voucher.book_rows(db, idents)
    items: list[TodoItem] = []
    for item in found:
        if item.kind != VOUCHER:
            items += _entry_items(db, item)
        elif item.id in heads:
            items += _voucher_items(db, heads[item.id], facts[item.id], books.get(item.id, ()))
    return items


def refused_elsewhere(act: RefusedAct) -> TodoItem:
    """An act refused at another office, where it is mended: here its person is only told."""
    faults = [Fault(fault.code, fault.field, fault.params) for fault in act.faults]
    return TodoItem(
        kind=act.kind,
        object_kind=act.object_kind,
        id=act.id,
        revision=0,
        number=f"{act.number} ({act.office})" if act.office else act.number,
        description="",
        branch=act.branch,
        book="",
        state="conflict" if act.result == CONFLICT else "sync_failed",
        act=act.act,
        faults=[worded(fault) for fault in faults],
        asks=[],
        held_by=[],
        mends=[],
        user=act.user,
        at=act.at,
        elsewhere=act.act_id,
        office=act.office,
    )


def _voucher_items(db: Connection, head: Head, facts: life.Facts, rows: Iterable[BookRow]) -> list[TodoItem]:
    books = {row.book: row for row in rows}
    names = [item.book for item in facts.books] or [FINANCIAL]
    items = []
    for name in names:
        state = life.status(facts, name).detail
        if state in WHOLE:
            return [_whole(db, head, facts, state)]
        if state in IN_BOOK:
            text = head.refused or (books[name].faults if name in books else "")
            act = IN_BOOK[state]
            mends = [*_moves(facts, text), OPEN]
            if life.allow(facts, act, name) is None:
                mends.insert(0, POST_ANYWAY if state == "to_confirm" else RETRY)
            if head.refused and life.allow(facts, DISCARD) is None:
                mends.append(DISCARD)
            items.append(_item(db, head, name, state, act, text, mends))
    return items


def _whole(db: Connection, head: Head, facts: life.Facts, state: str) -> TodoItem:
    if state == "conflict":
        lost = conflict.load(db, VOUCHER, head.type, head.id)
        told = [] if lost is None else [worded(_taken(lost.winner.author, lost.winner.at, lost.winner.deleted))]
        return _item(db, head, "", state, lost.mine_act if lost else "", "", [RESOLVE, OPEN], told)
    if state == "held":
        causes = dependency.causes(db, head.id)
        text = causes[0].faults if causes else ""
        held_by = [HeldBy(cause.kind, cause.id, cause.code, cause.name) for cause in causes]
        return _item(db, head, "", state, "save", text, [OPEN_ENTRY, OPEN], held_by=held_by)
    mends = [*_moves(facts, head.refused), OPEN]
    if life.allow(facts, "edit" if head.refused_act == "save" else head.refused_act) is None:
        mends.append(RETRY)
    if life.allow(facts, DISCARD) is None:
        mends.append(DISCARD)
    return _item(db, head, "", state, head.refused_act, head.refused, mends)


def _moves(facts: life.Facts, text: str) -> list[str]:
    """Whether moving it to the first open day would mend it: refused for a locked date, and in no book."""
    locked = any(fault.code == "DATE_LOCKED" for fault in fact.faults_of(text))
    return [REDATE] if locked and (life.allow(facts, "edit") is None or may_move(facts)) else []


def _taken(author: str, at: str, deleted: bool) -> Fault:
    """Who was first, and when."""
    return Fault("CONFLICT", "base", {"author": author, "time": at} | ({"deleted": "1"} if deleted else {}))


def _item(
    db: Connection,
    head: Head,
    book: str,
    state: str,
    act: str,
    text: str,
    mends: list[str],
    told: list[WordedFault] | None = None,
    held_by: list[HeldBy] | None = None,
) -> TodoItem:
    return TodoItem(
        kind=VOUCHER,
        object_kind=head.type,
        id=head.id,
        revision=head.revision,
        number=head.number,
        description=head.description or head.partner_name,
        branch=head.branch,
        book=book,
        state=state,
        act=act,
        faults=told_of(db, text) if told is None else told,
        asks=sorted({fault.code for fault in fact.faults_of(text) if fault.params.get("asks")}),
        held_by=held_by or [],
        mends=mends,
        user=head.author,
        at=head.at,
    )


def _entry_items(db: Connection, found: Candidate) -> list[TodoItem]:
    row = catalog.load(db, found.object_kind, found.id)
    if row is None:
        return []
    lost = conflict.load(db, "catalog", row.kind, row.id)
    if lost is not None:
        faults = [worded(_taken(lost.winner.author, lost.winner.at, lost.winner.deleted))]
        state, act, mends = "conflict", lost.mine_act, [RESOLVE, OPEN]
    else:
        faults = told_of(db, row.refused)
        state, act, mends = "sync_failed", row.refused_act, [OPEN, RETRY, DISCARD]
    return [
        TodoItem(
            kind="catalog",
            object_kind=row.kind,
            id=row.id,
            revision=row.revision,
            number=row.code,
            description=row.name,
            branch=found.branch,
            book="",
            state=state,
            act=act,
            faults=faults,
            asks=[],
            held_by=[],
            mends=mends,
            user=row.author,
            at=row.at,
        )
    ]
