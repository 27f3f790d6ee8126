"""Reports as people see them: a page for the screen, and the whole as rows for paper and spreadsheet. Reads only.

Figures are those of the last sync and say so: as of when, and how many vouchers are still in progress.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import msgspec

from socai.base.calendar import day_key, month_first, month_key, month_last, parse_day
from socai.base.fault import Fault, Faults
from socai.base.money import amount_text
from socai.books import report as books
from socai.books.reader import SqliteReader
from socai.books.report import Context, Request, Row
from socai.core import report as language_of_reports
from socai.core.company import Company
from socai.core.entry import FINANCIAL, VND
from socai.core.report import Column, Movements, ReportSpec
from socai.dataserver.desk import Desk
from socai.dataserver.store import catalog, ledger, listing, meta
from socai.dataserver.store.file import Connection
from socai.dataserver.store.known import Known
from socai.dataserver.views.voucher import Branches
from socai.registry import Form, Regime, ReportType, regimes, reports, say
from socai.sync.report import ReportAnswer

PARAMETERS = ("from", "to", "branch", "book", "level", "account", "partner", "bank_account", "fund", "currency")
MONTHS_NAMED_MAX = 24
ROWS_BROUGHT_MAX = 100_000
HERE, CLOUD = "here", "cloud"  # where the figures were read


class ColumnView(msgspec.Struct, frozen=True):
    """One column with its words; `group_label` heads neighbouring columns together."""

    name: str
    label: str
    kind: str
    width: int
    group: str
    group_label: str
    foreign: bool
    total: bool


class RowView(msgspec.Struct, frozen=True):
    """One row. Amounts are decimal strings; a line names its voucher, to be opened from here."""

    kind: str
    cells: dict[str, Any]
    voucher: str
    voucher_type: str


class FormView(msgspec.Struct, frozen=True):
    """The printed form as the regime numbers it; empty where the regime has none."""

    number: str
    title: str
    circular: str


class ReportView(msgspec.Struct, frozen=True):
    """A page of a report. `next` is empty on the last page; sums are of the whole report."""

    code: str
    title: str
    subtitle: str
    form: FormView
    columns: list[ColumnView]
    rows: list[RowView]
    next: str
    totals: dict[str, str]
    opening: dict[str, str]
    closing: dict[str, str]
    currency: str
    as_of: str
    pending: int
    source: str = HERE


Elsewhere = Callable[["Asked", str, int], ReportAnswer | Faults | None]
"""Asks the cloud for a page of a report (after, limit); None where it cannot be asked now."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for which report: `parameters` by PARAMETERS, empty where all is meant."""

    code: str
    parameters: Mapping[str, str]
    branches: Branches
    language: str


@dataclass(frozen=True, slots=True)
class Ready:
    """A report that may run, with what stands around it."""

    kind: ReportType
    request: Request
    context: Context
    regime: Regime | None
    form: Form | None
    company: Company
    decimals: int
    as_of: str
    pending: int
    source: str = HERE

    @property
    def spec(self) -> ReportSpec:
        """What the report declares."""
        return self.kind.spec

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns shown for this request."""
        return books.shown_columns(self.spec, self.request)


def report_page(
    desk: Desk, asked: Asked, after: str, limit: int, elsewhere: Elsewhere | None = None
) -> ReportView | Faults:
    """A page. Faults: those of the request, REPORT_UNKNOWN, PERIOD_NOT_HELD where lines of a month are not here.

    With `elsewhere` such a report is read from the cloud, whole: never a part of it from here.
    """
    with desk.file.read() as db:
        ready = prepare(desk, db, asked, after, limit)
        if isinstance(ready, Ready):
            try:
                page = books.run(ready.spec, ready.request, SqliteReader(db), ready.context)
            except ValueError:
                return (Fault("PARAMETER_INVALID", "after", {"field": "after", "value": after[:40]}),)
            return _page_view(ready, asked, page)
    if not _not_held(ready) or elsewhere is None or (answer := elsewhere(asked, after, limit)) is None:
        return ready
    if isinstance(answer, tuple):
        return answer
    with desk.file.read() as db:
        ready = prepare(desk, db, asked, after, limit, held=False)
        if not isinstance(ready, Ready):
            return ready
        return _page_view(replace(ready, as_of=answer.as_of, source=CLOUD), asked, _page_of(ready, answer))


def _not_held(found: Ready | Faults) -> bool:
    return isinstance(found, tuple) and [fault.code for fault in found] == ["PERIOD_NOT_HELD"]


def _page_of(ready: Ready, answer: ReportAnswer) -> books.Page:
    rows = [Row(row.kind, row.cells, row.voucher, row.type) for row in answer.rows]
    return books.Page(ready.columns, rows, answer.next, answer.totals, answer.opening, answer.closing)


def _page_view(ready: Ready, asked: Asked, page: books.Page) -> ReportView:
    columns, places = ready.columns, ready.decimals
    return ReportView(
        code=ready.spec.code,
        title=title_of(ready, asked.language),
        subtitle=ready.form.subtitle(asked.language) if ready.form else "",
        form=_form_view(ready, asked.language),
        columns=[_column_view(ready, column, asked.language) for column in columns],
        rows=[
            RowView(row.kind, _cells(row.cells, columns, places), row.voucher, row.type if row.voucher else "")
            for row in page.rows
        ],
        next=page.next,
        totals=_sums(page.totals, places),
        opening=_sums(page.opening, places),
        closing=_sums(page.closing, places),
        currency=ready.request.get(language_of_reports.CURRENCY) or VND,
        as_of=ready.as_of,
        pending=ready.pending,
        source=ready.source,
    )


@dataclass(frozen=True, slots=True)
class Whole:
    """A report with all its rows, to be read once."""

    ready: Ready
    rows: Iterator[Row]


@contextmanager
def whole(desk: Desk, asked: Asked, elsewhere: Elsewhere | None = None) -> Iterator[Whole | Faults]:
    """The report with all its rows, read while the caller lays them out; everything read is of one moment.

    What is not wholly here is brought from the cloud first, page after page, all of it or nothing.
    """
    with desk.file.read() as db:
        ready = prepare(desk, db, asked, "", language_of_reports.ROWS_PER_PAGE_MAX)
        if isinstance(ready, Ready):
            yield Whole(ready, books.stream(ready.spec, ready.request, SqliteReader(db), ready.context))
            return
    if not _not_held(ready) or elsewhere is None:
        yield ready
        return
    brought = _bring(asked, elsewhere)
    if not isinstance(brought, Brought):
        yield brought or ready
        return
    with desk.file.read() as db:
        ready = prepare(desk, db, asked, "", language_of_reports.ROWS_PER_PAGE_MAX, held=False)
        if isinstance(ready, Ready):
            yield Whole(replace(ready, as_of=brought.as_of, source=CLOUD), iter(brought.rows))
        else:
            yield ready


@dataclass(frozen=True, slots=True)
class Brought:
    """All rows of a report from the cloud; as of the moment of the first page."""

    rows: list[Row]
    as_of: str


def _bring(asked: Asked, elsewhere: Elsewhere) -> Brought | Faults | None:
    """Every page; None where the cloud could not be asked to the end."""
    rows: list[Row] = []
    after, as_of = "", ""
    while True:
        answer = elsewhere(asked, after, language_of_reports.ROWS_PER_PAGE_MAX)
        if not isinstance(answer, ReportAnswer):
            return answer
        if as_of == "":
            as_of = answer.as_of
        rows += [Row(row.kind, row.cells, row.voucher, row.type) for row in answer.rows]
        after = answer.next
        if not after:
            return Brought(rows, as_of)
        if len(rows) > ROWS_BROUGHT_MAX:
            span = f"{asked.parameters.get('from', '')} – {asked.parameters.get('to', '')}"
            return (Fault("PARAMETER_INVALID", "to", {"field": "to", "value": span}),)


def prepare(desk: Desk, db: Connection, asked: Asked, after: str, limit: int, held: bool = True) -> Ready | Faults:
    """Judge a request and gather what the report needs. `held`: refuse where lines of a month are not here."""
    kind = reports().get(asked.code)
    if kind is None:
        return (Fault("REPORT_UNKNOWN", "report", {"report": asked.code[:40]}),)
    known = desk.cache.get(db)
    request = Request(asked.parameters, asked.language, after, limit)
    last = parse_day(request.get("to"), "to")
    regime = _regime_on(known, last) if isinstance(last, date) else None
    chart = known.chart_on(last) if isinstance(last, date) else known.chart("")

    def names(kind: str, idents: Collection[str]) -> Mapping[str, tuple[str, str]]:
        return catalog.names(db, kind, list(idents))

    context = Context(chart, names, asked.branches)
    if faults := books.check_request(kind.spec, request, context):
        return faults
    missing = _missing(db, kind.spec, request, asked.branches) if held else ()
    if missing:
        months = ", ".join(f"{month % 100:02d}/{month // 100}" for month in missing[:MONTHS_NAMED_MAX])
        return (Fault("PERIOD_NOT_HELD", "from", {"months": months}),)
    standing = meta.standing(db)
    currency = request.get(language_of_reports.CURRENCY) or VND
    return Ready(
        kind=kind,
        request=request,
        context=context,
        regime=regime,
        form=_form(kind.spec, request, regime),
        company=known.company,
        decimals=known.decimals.get(currency, 2) if currency != VND else 0,
        as_of=standing.as_of or standing.last_sync_at,
        pending=_in_progress(db, request, asked.branches),
    )


TOUCHING = (language_of_reports.ACCOUNT, language_of_reports.PARTNER, language_of_reports.BANK_ACCOUNT,
            language_of_reports.FUND, language_of_reports.CURRENCY)  # fmt: skip


def _in_progress(db: Connection, request: Request, branches: Branches) -> int:
    """How many vouchers under way will move this report's figures: of its book, branches, days and details."""
    last = parse_day(request.get("to"), "to")
    chosen = request.get(language_of_reports.BRANCH)
    keys = [(name, request.get(name)) for name in TOUCHING if request.get(name) not in ("", VND)]
    book = request.get(language_of_reports.BOOK) or FINANCIAL
    among = (chosen,) if chosen else branches
    return listing.in_progress(db, day_key(last) if isinstance(last, date) else 0, book, among, keys)


def _missing(db: Connection, spec: ReportSpec, request: Request, branches: Branches) -> tuple[int, ...]:
    """Months whose entries are needed and not wholly here. Balances of whole months are always here."""
    first, last = (parse_day(request.get(name), name) for name in ("from", "to"))
    if isinstance(first, Fault) or isinstance(last, Fault):
        return ()
    chosen = request.get(language_of_reports.BRANCH)
    among = (chosen,) if chosen else branches or ()
    missing = ledger.missing_months(db, month_key(first), month_key(last), among)
    if isinstance(spec.source, Movements):
        return tuple(missing)
    # The edges of a period that begins or ends inside a month are summed from that month's entries.
    edges = {month_key(first)} if first != month_first(month_key(first)) else set()
    edges |= {month_key(last)} if last != month_last(month_key(last)) else set()
    return tuple(month for month in missing if month in edges)


def _regime_on(known: Known, day: date) -> Regime | None:
    years = known.calendar.years
    year = known.calendar.year_of(day) or (years[-1] if years else None)
    return regimes().get(year.regime) if year else None


def _form(spec: ReportSpec, request: Request, regime: Regime | None) -> Form | None:
    if regime is None:
        return None
    foreign = regime.forms.get(spec.form_foreign) if request.foreign and spec.form_foreign else None
    return foreign or regime.forms.get(spec.form)


def title_of(ready: Ready, language: str) -> str:
    """The form's title where the regime has one, else the report's own."""
    return ready.form.title(language) if ready.form else say(ready.kind.words, language, "title")


def _form_view(ready: Ready, language: str) -> FormView:
    form = ready.form
    return FormView(form.number, form.title(language), form.circular(language)) if form else FormView("", "", "")


def _column_view(ready: Ready, column: Column, language: str) -> ColumnView:
    words = ready.kind.words
    return ColumnView(
        column.name,
        say(words, language, "column", column.name),
        column.kind,
        column.width,
        column.group,
        say(words, language, "column_group", column.group) if column.group else "",
        column.foreign,
        column.total,
    )


def _cells(cells: Mapping[str, object], columns: Sequence[Column], decimals: int) -> dict[str, Any]:
    """Cells for the wire: amounts as decimal strings of đồng or of the chosen currency."""
    money = {column.name for column in columns if column.kind == language_of_reports.MONEY}
    return {
        name: _amount(name, value, decimals) if isinstance(value, int) and name in money else value
        for name, value in cells.items()
    }


def _sums(sums: Mapping[str, int], decimals: int) -> dict[str, str]:
    return {name: _amount(name, value, decimals) for name, value in sums.items()}


def _amount(name: str, value: int, decimals: int) -> str:
    return amount_text(value, decimals if name.endswith("_foreign") else 0)
