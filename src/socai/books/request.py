"""What a report is asked and what it answers: request, context, row, page. Checks of the request are here too."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from socai.base.calendar import day_key, parse_day
from socai.base.fault import Fault, Faults
from socai.base.money import shown
from socai.core import report as language
from socai.core.account import Chart
from socai.core.entry import BOOKS, FINANCIAL, VND
from socai.core.report import ROWS_PER_PAGE_MAX, Column, Movements, ReportSpec

Names = Callable[[str, Collection[str]], Mapping[str, tuple[str, str]]]
LEVEL_MAX = 9
CURSOR_LENGTH_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Request:
    """One page asked for. `parameters`: from, to (ISO days), branch, book, level, account, partner, bank_account, fund,
    currency; empty or missing means all. `after` is the `next` of the page before.
    """

    parameters: Mapping[str, str]
    language: str = "vi"
    after: str = ""
    limit: int = ROWS_PER_PAGE_MAX

    def get(self, name: str) -> str:
        """A parameter's value, or empty text."""
        return str(self.parameters.get(name) or "")

    @property
    def foreign(self) -> bool:
        """Whether amounts in a foreign currency stand beside đồng."""
        return self.get(language.CURRENCY) not in ("", VND)


@dataclass(frozen=True, slots=True)
class Context:
    """What a report must know besides the books. `branches` are those the asker may see (None: all of the tenant).

    `names(kind, ids)` gives (code, name) of catalog entries; an id nobody knows may be left out.
    """

    chart: Chart
    names: Names
    branches: tuple[str, ...] | None = None


@dataclass(slots=True)
class Row:
    """One row: cells by column name (integers of đồng or minor units, ISO days, text). A line names its voucher."""

    kind: str
    cells: dict[str, object]
    voucher: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a report from a place on. `next` is empty on the last page; the sums are of the whole report."""

    columns: tuple[Column, ...]
    rows: list[Row]
    next: str = ""
    totals: Mapping[str, int] = field(default_factory=dict)
    opening: Mapping[str, int] = field(default_factory=dict)
    closing: Mapping[str, int] = field(default_factory=dict)


def shown_columns(spec: ReportSpec, request: Request) -> tuple[Column, ...]:
    """The spec's columns, those of a foreign currency only where one is chosen."""
    return tuple(column for column in spec.columns if request.foreign or not column.foreign)


def period_of(request: Request) -> tuple[int, int]:
    """First and last day as keys; the request has been checked."""
    first, last = (parse_day(request.get(name), name) for name in ("from", "to"))
    if isinstance(first, Fault) or isinstance(last, Fault):
        raise ValueError("the request was not checked")
    return day_key(first), day_key(last)


def accounts_of(spec: ReportSpec, request: Request, chart: Chart) -> tuple[str, ...] | None:
    """The accounts a report is about: the chosen one's subtree, else its groups' members, else None for all."""
    chosen = request.get(language.ACCOUNT)
    if chosen:
        return subtree(chart, chosen)
    return tuple(sorted(chart.members(*spec.source.groups))) if spec.source.groups else None


def subtree(chart: Chart, root: str) -> tuple[str, ...]:
    """An account and all below it, in order."""
    below = {root}
    for code in sorted(chart.accounts, key=len):
        if chart.accounts[code].parent in below:
            below.add(code)
    return tuple(sorted(below))


def branches_of(request: Request, context: Context) -> tuple[str, ...] | None:
    """The chosen branch, else all the asker may see."""
    chosen = request.get(language.BRANCH)
    return (chosen,) if chosen else context.branches


def book_of(request: Request) -> str:
    """The chosen book; the financial one by default."""
    return request.get(language.BOOK) or FINANCIAL


def encode_cursor(state: object) -> str:
    """A page's end as text that means nothing to the client."""
    return base64.urlsafe_b64encode(json.dumps(state, separators=(",", ":")).encode()).decode().rstrip("=")


def decode_cursor(text: str) -> list[Any]:
    """The state a page ended in; ValueError for a text that is no cursor."""
    if len(text) > CURSOR_LENGTH_MAX:
        raise ValueError("cursor too long")
    try:
        state = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError("not a cursor") from error
    if not isinstance(state, list):
        raise ValueError("not a cursor")
    return state


def check_request(spec: ReportSpec, request: Request, context: Context) -> Faults:
    """Why the report cannot run as asked; empty when it can.

    Faults: FIELD_REQUIRED, DAY_INVALID, PARAMETER_INVALID, BRANCH_UNKNOWN, BOOK_UNKNOWN, ACCOUNT_UNKNOWN.
    """
    faults: list[Fault] = []
    days = [parse_day(request.get(name), name) for name in ("from", "to")]
    faults += [day for day in days if isinstance(day, Fault)]
    if not faults and period_of(request)[0] > period_of(request)[1]:
        faults.append(_invalid("to", request))
    branch = request.get(language.BRANCH)
    if branch and context.branches is not None and branch not in context.branches:
        faults.append(Fault("BRANCH_UNKNOWN", language.BRANCH, {"branch": shown(branch)}))
    if book_of(request) not in BOOKS:
        faults.append(Fault("BOOK_UNKNOWN", language.BOOK, {"book": shown(book_of(request))}))
    faults += _check_parameters(spec, request, context)
    level = request.get(language.LEVEL)
    if level and not (level.isdecimal() and 1 <= int(level[:3]) <= LEVEL_MAX):
        faults.append(_invalid(language.LEVEL, request))
    if not 1 <= request.limit <= ROWS_PER_PAGE_MAX:
        faults.append(Fault("PARAMETER_INVALID", "limit", {"field": "limit", "value": str(request.limit)}))
    return tuple(faults)


def _check_parameters(spec: ReportSpec, request: Request, context: Context) -> list[Fault]:
    faults: list[Fault] = []
    for parameter in spec.parameters:
        value = request.get(parameter.name)
        if not value:
            if parameter.required:
                faults.append(Fault("FIELD_REQUIRED", parameter.name))
        elif parameter.name == language.ACCOUNT:
            if value not in context.chart.accounts:
                faults.append(Fault("ACCOUNT_UNKNOWN", parameter.name, {"account": shown(value)}))
            elif parameter.groups and not context.chart.members(*parameter.groups).issuperset((value,)):
                faults.append(_invalid(parameter.name, request))
    return faults


def _invalid(name: str, request: Request) -> Fault:
    return Fault("PARAMETER_INVALID", name, {"field": name, "value": shown(request.get(name))})


def detail_of(source: Movements, request: Request) -> tuple[str, str]:
    """The chosen detail (its dimension and id): that of the source first; ("", "") when none is chosen."""
    for name in (source.of, language.PARTNER, language.BANK_ACCOUNT, language.FUND):
        if name in (language.PARTNER, language.BANK_ACCOUNT, language.FUND) and request.get(name):
            return name, request.get(name)
    return "", ""
