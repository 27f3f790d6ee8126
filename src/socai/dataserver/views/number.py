"""Every number of a series accounted for, as people see it: gaps, duplicates, provisional ones. Reads only.

While the line is up the cloud is asked, which knows every office; else this file answers, and says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

import msgspec

from socai.base.calendar import day_key, parse_day
from socai.base.fault import Fault
from socai.core.number_use import MISSING, Account, Span, Use, account
from socai.core.numbering import FUND, Series, numbering_of, series_for, stretch
from socai.dataserver.books import Books
from socai.dataserver.desk import local_day
from socai.dataserver.store import meta, number
from socai.dataserver.store import series as counter
from socai.dataserver.store.file import Connection
from socai.dataserver.syncing.settling import funds_of
from socai.edge.client import CloudRefused, CloudUnreachable
from socai.registry import voucher_types
from socai.sync.message import AccountAsked

CLOUD, OFFICE = "cloud", "office"
SERIES_CHECKED_MAX = 200


class RunView(msgspec.Struct, frozen=True):
    """Numbers one after another with one fate: used, deleted, renumbered, returned, leased, dropped or missing.

    `mark`: the data server's in a series of its own. `voucher`, `by`, `at`, `to` (the number that took its place) are
    given for deleted and renumbered ones; `holder` is the data server that has leased them.
    """

    mark: str
    first: int
    last: int
    first_number: str
    last_number: str
    fate: str
    voucher: str
    by: str
    at: str
    to: str
    holder: str


class UseView(msgspec.Struct, frozen=True):
    """A number on a voucher."""

    number: str
    voucher: str


class DuplicateView(msgspec.Struct, frozen=True):
    """A number on several living vouchers."""

    number: str
    vouchers: list[str]


class NumbersView(msgspec.Struct, frozen=True):
    """One series. `source` is `cloud` (all offices) or `office` (this one alone, as of its last sync).

    `sound`: nothing is missing, doubled or provisional. `others`: numbers typed by hand in another form.
    """

    type: str
    branch: str
    fund: str
    first_day: str
    last_day: str
    shared: bool
    source: str
    as_of: str
    sound: bool
    missing: int
    runs: list[RunView]
    provisional: list[UseView]
    duplicates: list[DuplicateView]
    others: list[UseView]


class SeriesCheck(msgspec.Struct, frozen=True):
    """A series in short, before a lock: what is not in order, and where to look."""

    type: str
    branch: str
    fund: str
    day: str
    first_day: str
    last_day: str
    source: str
    missing: int
    provisional: int
    duplicates: int


def numbers_view(books: Books, type_code: str, branch: str, day: str = "", fund: str = "") -> NumbersView | Fault:
    """Every number of the series a voucher of this day draws from; today's where none is said."""
    kind = voucher_types().get(type_code)
    if kind is None:
        return Fault("TYPE_UNKNOWN", "type", {"type": type_code[:40]})
    on = parse_day(day, "day") if day else local_day(books.desk)
    if isinstance(on, Fault):
        return on
    with books.read() as db:
        numbering = numbering_of(kind.spec, books.known(db).company.numbering)
        standing = meta.standing(db)
        series = series_for(type_code, numbering, branch, on, fund)
        uses = own_uses(db, type_code, series, branch)
        spans = [Span(item.next, item.last, holder=standing.name) for item in number.leases(db, series.key)]
        lasts = [] if series.shared else [(standing.series_mark, counter.find(db, series.key) or 0)]
        unsent = number.unsent(db, [use.voucher for use in uses])
    own = [use for use in uses if use.voucher in unsent]
    found = _from_cloud(books, AccountAsked(standing.replica, type_code, branch, on.isoformat(), fund, own))
    source, as_of = (CLOUD, books.desk.clock.now().text) if found is not None else (OFFICE, standing.as_of)
    if found is None:
        found = _known_here(account(series, uses, spans, lasts), series, standing.series_mark)
    return _view(type_code, branch, fund, series, found, source, as_of)


def _known_here(found: Account, series: Series, mark: str) -> Account:
    """Without what only others can say: numbers of their own counts, and of a series they share."""
    runs = (run for run in found.runs if run.fate != MISSING or (run.mark == mark and not series.shared))
    return replace(found, runs=tuple(runs))


def own_uses(db: Connection, type_code: str, series: Series, branch: str) -> list[Use]:
    """What this file knows of a series: its vouchers, and numbers left behind here."""
    parts = [*series.key.split("|"), ""]
    first = day_key(series.first) if series.first else 0
    last = day_key(series.last) if series.last else 99_999_999
    return [*number.carried(db, type_code, parts[0] and branch, parts[3], first, last), *number.noted(db, series.key)]


def _from_cloud(books: Books, asked: AccountAsked) -> Account | None:
    """The cloud's answer; None while it cannot be reached or does not know how."""
    if not books.standing().online:
        return None
    client = books.client()
    try:
        return client.number_account(asked)
    except (CloudRefused, CloudUnreachable):
        return None
    finally:
        client.close()


def _view(
    type_code: str, branch: str, fund: str, series: Series, found: Account, source: str, as_of: str
) -> NumbersView:
    missing = found.missing
    return NumbersView(
        *(type_code, branch, fund, _iso(series.first), _iso(series.last), series.shared, source, as_of),
        sound=not (missing or found.provisional or found.duplicates),
        missing=missing,
        runs=[RunView(*(getattr(run, name) for name in RunView.__struct_fields__)) for run in found.runs],
        provisional=[UseView(use.number, use.voucher) for use in found.provisional],
        duplicates=[DuplicateView(text, list(vouchers)) for text, vouchers in found.duplicates],
        others=[UseView(use.number, use.voucher) for use in found.others],
    )


def check_series(books: Books, branches: Sequence[str], first: str, last: str) -> list[SeriesCheck] | Fault:
    """All series with vouchers of these branches in a span of days: what is offered before a lock."""
    begin, end = parse_day(first, "from") if first else date(1, 1, 1), parse_day(last, "to")
    for day in (begin, end):
        if isinstance(day, Fault):
            return day
    assert isinstance(begin, date)
    assert isinstance(end, date)
    with books.read() as db:
        wanted = list(_series_in(db, books, branches, begin, end))[:SERIES_CHECKED_MAX]
    checks = []
    for type_code, branch, fund, day in wanted:
        view = numbers_view(books, type_code, branch, day.isoformat(), fund)
        if isinstance(view, NumbersView):
            checks.append(
                SeriesCheck(
                    *(type_code, branch, fund, day.isoformat(), view.first_day, view.last_day, view.source),
                    *(view.missing, len(view.provisional), len(view.duplicates)),
                )
            )
    return checks


def _series_in(
    db: Connection, books: Books, branches: Sequence[str], first: date, last: date
) -> Iterator[tuple[str, str, str, date]]:
    """(type, branch, fund, a day in it) of every series with vouchers in the span, each once."""
    seen: set[str] = set()
    known = books.known(db)
    begin = max(first, known.calendar.books_first_day or first)
    for branch in branches:
        for type_code in number.types_in(db, branch, day_key(begin), day_key(last)):
            kind = voucher_types().get(type_code)
            if kind is None:
                continue
            numbering = numbering_of(kind.spec, known.company.numbering)
            for fund in funds_of(db, branch) if numbering.scope == FUND else [""]:
                day: date | None = last
                while day is not None and day >= begin:
                    series = series_for(type_code, numbering, branch, day, fund)
                    if series.key not in seen:
                        seen.add(series.key)
                        yield type_code, branch, fund, day
                    start = stretch(numbering, day)[0]
                    day = start - timedelta(days=1) if start is not None and start > date.min else None


def _iso(day: date | None) -> str:
    return day.isoformat() if day is not None else ""
