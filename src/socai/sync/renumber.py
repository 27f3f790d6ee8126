"""Renumbering a period: the vouchers of a series get their numbers in the order of their days. Pure.

In a shared series provisional numbers become final with it: the data server that gave them may never come back to do
so itself.

All or nothing: one voucher in flight or in a locked period refuses the whole act, as the life table says. What is in
the books is exchanged by the lane, for the books print numbers. Every voucher keeps its old form in the history.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from socai.base.calendar import day_of_key
from socai.base.fault import Fault
from socai.core import life
from socai.core.check import Calendar, locked
from socai.core.numbering import Series, is_provisional
from socai.sync.fact import BookFact, Changes, VoucherFact, WorkItem
from socai.sync.lane import REPLACE

VOUCHERS_MAX = 2_000
LAST_OF_DAY = 10**18  # where a voucher without a count stands among those of its day


@dataclass(frozen=True, slots=True)
class Change:
    """One voucher's new number."""

    fact: VoucherFact
    number: str


def provisional(series: Series, facts: Iterable[VoucherFact]) -> list[VoucherFact]:
    """The vouchers of a shared series that carry provisional numbers: each needs a count nobody has."""
    return [fact for fact in facts if series.shared and is_provisional(fact.number) and not fact.deleted]


def plan(
    series: Series, facts: Collection[VoucherFact], start: int = 0, fresh: Sequence[int] = ()
) -> list[Change] | Fault:
    """Who gets which number: for each data server's own count apart, in the order of days. Only what changes.

    Numbers of another form (typed by hand) stay. Vouchers of a day keep the order of their numbers; those with
    provisional ones come last, and `fresh` are the counts they bring in, one each. PARAMETER_INVALID where `start`
    would need counts nobody has given out yet, or is of a shared series.
    """
    groups: dict[str, list[tuple[int, int, str, VoucherFact]]] = {}
    for fact in facts:
        parts = series.parts(fact.number)
        if parts is not None and not fact.deleted:
            groups.setdefault(parts[0], []).append((fact.day, parts[1], fact.id, fact))
    for _, fact in zip(fresh, provisional(series, facts), strict=True):
        groups.setdefault("", []).append((fact.day, LAST_OF_DAY, fact.id, fact))
    if start and (series.shared or len(groups) > 1):
        return Fault("PARAMETER_INVALID", "start", {"field": "start", "value": str(start)})
    changes = []
    for mark, rows in sorted(groups.items()):
        counts = sorted([count for _, count, _, _ in rows if count < LAST_OF_DAY] + list(fresh))
        if start:
            if start + len(rows) - 1 > counts[-1]:
                return Fault("PARAMETER_INVALID", "start", {"field": "start", "value": str(start)})
            counts = list(range(start, start + len(rows)))
        for count, (*_, fact) in zip(counts, sorted(rows), strict=True):
            if (text := series.text(mark, count)) != fact.number:
                changes.append(Change(fact, text))
    return sorted(changes, key=lambda change: (change.fact.day, change.number))


def refusal(changes: Iterable[Change], calendar: Calendar, holders: Mapping[str, str]) -> Fault | None:
    """Why nothing is renumbered: a voucher in flight or locked, or a number on a voucher outside the period.

    `holders`: who carries each of the new numbers now.
    """
    chosen = list(changes)
    moved = {change.fact.id for change in chosen}
    for change in chosen:
        fact = change.fact
        books = msgspec.json.decode(fact.body).get("books") or []
        shut = locked(calendar, fact.branch, books, day_of_key(fact.day))
        facts = life.Facts(
            ever_synced=True,
            locked=shut is not None,
            books=tuple(life.BookFacts(item.book, item.asked, item.posted, item.running) for item in fact.books),
        )
        if (fault := life.allow(facts, "renumber")) is not None:
            told = dict(shut.params) if shut is not None and fault.code == "ACT_LOCKED" else {"operation": "posting"}
            return Fault(fault.code, "number", {**fault.params, **told, "number": fact.number})
        if (holder := holders.get(change.number)) and holder not in moved:
            return Fault("NUMBER_TAKEN", "number", {"number": change.number, "voucher": holder})
    return None


def decide(changes: Sequence[Change], series: str, user: str, at: str) -> Changes:
    """What the store writes: new versions, numbers handed over, and work for the lane where a book holds the old."""
    written = Changes()
    for change in changes:
        fact = change.fact
        written.voucher_history.append(fact)
        written.freed[fact.series, fact.number] = fact.id
        body = msgspec.json.decode(fact.body) | {"number": change.number}
        version = fact.version + 1
        made = replace(
            fact,
            version=version,
            body_version=version,
            number=change.number,
            series=series,
            body=msgspec.json.encode(body),
            author=user,
            at=at,
            books=tuple(_exchanged(book) for book in fact.books),
        )
        written.vouchers[fact.id], written.vouchers_known[fact.id] = made, fact.version
        for before, book in zip(fact.books, made.books, strict=True):
            if before.posted:
                written.books[fact.id, book.book] = book
                written.work.append(WorkItem(fact.id, book.book, REPLACE, version, True, (), user))
    written.taken.update({(series, change.number): change.fact.id for change in changes})
    return written


def _exchanged(book: BookFact) -> BookFact:
    return replace(book, asked=True, running="post", work=-1, fault_act="", faults=()) if book.posted else book
