"""The interpreter of `Balances`: accounts with their parents, or the entries of a detail, with six columns of figures.

Rows are few (accounts, partners), so a page is a slice of the whole list; nothing here reads entries one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from socai.books.label import label
from socai.books.reader import Reader
from socai.books.request import (
    Context,
    Page,
    Request,
    Row,
    accounts_of,
    book_of,
    branches_of,
    decode_cursor,
    encode_cursor,
    period_of,
    shown_columns,
)
from socai.books.sums import Figures, Scope, Span, account_figures, turnovers
from socai.core import report as language
from socai.core.account import Chart
from socai.core.report import LINE, TOTAL, Balances, ReportSpec

_FIGURE_NAMES = tuple(
    f"{prefix}{side}{currency}"
    for prefix in ("opening_", "", "closing_")
    for currency in ("", "_foreign")
    for side in ("debit", "credit")
)


def balance_page(spec: ReportSpec, request: Request, reader: Reader, context: Context) -> Page:
    """One page of a list of balances; the row of sums closes the last page."""
    rows, total = _rows(spec, request, reader, context)
    start = _start(request)
    shown = rows[start : start + request.limit]
    end = start + len(shown)
    following = encode_cursor([end]) if end < len(rows) else ""
    if not following:
        shown.append(_sum_row(request, total))
    cells = _figure_cells(total)
    totals = {name: cells[name] for name in ("debit", "credit", "debit_foreign", "credit_foreign")}
    opening = {name: amount for name, amount in cells.items() if name.startswith("opening")}
    closing = {name: amount for name, amount in cells.items() if name.startswith("closing")}
    return Page(shown_columns(spec, request), shown, following, totals, opening, closing)


def balance_stream(spec: ReportSpec, request: Request, reader: Reader, context: Context) -> Iterator[Row]:
    """All rows and the row of sums."""
    rows, total = _rows(spec, request, reader, context)
    yield from rows
    yield _sum_row(request, total)


def _start(request: Request) -> int:
    if not request.after:
        return 0
    start = (decode_cursor(request.after) or [None])[0]
    if not isinstance(start, int) or start < 0:
        raise ValueError("not a cursor of a list of balances")
    return start


def _rows(spec: ReportSpec, request: Request, reader: Reader, context: Context) -> tuple[list[Row], Figures]:
    source = spec.source
    assert isinstance(source, Balances)
    scope = Scope(
        book_of(request),
        branches_of(request, context),
        accounts_of(spec, request, context.chart),
        currency=request.get(language.CURRENCY),
    )
    span = Span(*period_of(request))
    if source.by == language.ACCOUNT:
        return _account_rows(source, request, scope, span, reader, context)
    return _detail_rows(source, request, scope, span, reader, context)


def rolled(chart: Chart, figures: Mapping[str, Figures]) -> dict[str, Figures]:
    """Figures of each account and of all above it. A parent that is not kept gross stands on its net side."""
    found = dict(figures)
    chain = {code: _above(chart, code) for code in figures}
    for code in figures:
        for parent in chain[code]:
            found.setdefault(parent, Figures())
    by_depth = sorted(found, key=lambda code: -len(_above(chart, code)))
    for code in by_depth:  # children before their parents
        account = chart.accounts.get(code)
        if account is not None and not account.gross:
            found[code] = found[code].netted()
        if account is not None and account.parent in found:
            found[account.parent] = found[account.parent].plus(found[code])
    return found


def _above(chart: Chart, code: str) -> list[str]:
    above = []
    while code in chart.accounts and chart.accounts[code].parent in chart.accounts:
        code = chart.accounts[code].parent
        above.append(code)
    return above


def _account_rows(
    source: Balances, request: Request, scope: Scope, span: Span, reader: Reader, context: Context
) -> tuple[list[Row], Figures]:
    chart = context.chart
    leaves = account_figures(reader, scope, span, chart, source.gross)
    nodes = rolled(chart, leaves) if source.levels else leaves
    deepest = int(request.get(language.LEVEL) or 99)
    rows, total = [], Figures()
    for code in sorted(nodes):
        figures, depth = nodes[code], len(_above(chart, code))
        if not depth or not source.levels:
            total = total.plus(figures)
        if figures.nothing or depth >= deepest:
            continue
        account = chart.accounts.get(code)
        name = "" if account is None else account.name_en if request.language == "en" else account.name_vi
        head: dict[str, object] = {
            "code": code,
            "name": name or (account.name_vi if account else ""),
            "level": depth + 1,
        }
        rows.append(Row(LINE, head | _figure_cells(figures)))
    return rows, total


def _detail_rows(
    source: Balances, request: Request, scope: Scope, span: Span, reader: Reader, context: Context
) -> tuple[list[Row], Figures]:
    """By code of the detail. What the chosen accounts hold without any detail is one row more, at the end."""
    by_detail: dict[str, Figures] = {}
    held: dict[str, Figures] = {}
    keys = turnovers(reader, replace(scope, dimension=source.by), span, ("account", "detail"))
    for (account, detail), figures in keys.items():
        by_detail[detail] = by_detail[detail].plus(figures) if detail in by_detail else figures
        held[account] = held[account].plus(figures) if account in held else figures
    total = Figures()
    names = context.names(source.by, [detail for detail, figures in by_detail.items() if not figures.nothing])
    rows = []
    for detail, figures in sorted(by_detail.items(), key=lambda item: (names.get(item[0], (item[0], ""))[0], item[0])):
        if not figures.nothing:
            code, name = names.get(detail, (detail, ""))
            rows.append(Row(LINE, {"code": code, "name": name, "id": detail, "level": 1, **_figure_cells(figures)}))
            total = total.plus(figures)
    if scope.accounts is not None:
        left = Figures()
        for (account,), figures in turnovers(reader, scope, span, ("account",)).items():
            left = left.plus(figures.minus(held.get(account, Figures())).netted())
        if not left.nothing:
            name = label("unassigned", request.language)
            rows.append(Row(LINE, {"code": "", "name": name, "id": "", "level": 1, **_figure_cells(left)}))
            total = total.plus(left)
    return rows, total


def _figure_cells(figures: Figures) -> dict[str, int]:
    opening, turnover, closing = figures
    return dict(zip(_FIGURE_NAMES, (*opening, *turnover, *closing), strict=True))


def _sum_row(request: Request, total: Figures) -> Row:
    return Row(TOTAL, {"code": "", "name": label("sum", request.language), **_figure_cells(total)})
