"""The company as people see it: the spec clients draw from, settings, years, branches, locks, a new voucher's form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from typing import Any

import msgspec

from socai import registry
from socai.base.fault import Fault
from socai.core.catalog import COMPANY_ID
from socai.core.check import FiscalYear
from socai.core.company import DECIMALS
from socai.core.entry import BOOKS, FINANCIAL, VND
from socai.core.spec import VoucherSpec
from socai.core.wording import describe_chart
from socai.dataserver.acts.numbering import preview
from socai.dataserver.desk import Desk, local_day
from socai.dataserver.store import catalog, listing
from socai.dataserver.store.file import Connection
from socai.dataserver.store.known import Known
from socai.dataserver.views.voucher import Branches
from socai.sync.grant import Grant

LOCKS_TOLD_MAX = 500


class CompanyView(msgspec.Struct, frozen=True):
    """The settings and the revision a change must name. `set_up`: there is a company and a fiscal year."""

    body: Any
    revision: int
    set_up: bool


class NewVoucher(msgspec.Struct, frozen=True):
    """What the form of a new voucher begins with. `number` is the one expected: the save gives it.

    `row_defaults`: per grid, what a fresh row holds; a detail (the only fund there is) where its account carries it.
    """

    body: dict[str, Any]
    number: str
    row_defaults: dict[str, dict[str, str]]


def books_of(known: Known) -> list[str]:
    """The books in use: the financial one, and the management one where the company keeps two."""
    return list(BOOKS) if known.company.two_books else [FINANCIAL]


def company_view(desk: Desk) -> CompanyView:
    """The company's settings."""
    with desk.file.read() as db:
        return _company(db, desk.cache.get(db))


def _company(db: Connection, known: Known) -> CompanyView:
    row = catalog.load(db, "company", COMPANY_ID)
    body = msgspec.json.decode(row.body) if row else {}
    return CompanyView(body, row.revision if row else 0, bool(row and known.calendar.years))


def fiscal_year_views(desk: Desk) -> list[dict[str, Any]]:
    """The fiscal years in order, with the revision a change must name."""
    with desk.file.read() as db:
        return _years(db)


def _years(db: Connection) -> list[dict[str, Any]]:
    years = [msgspec.json.decode(row.body) | {"revision": row.revision} for row in catalog.living(db, "fiscal_year")]
    return sorted(years, key=lambda year: str(year.get("first_day")))


def lock_views(desk: Desk) -> list[dict[str, Any]]:
    """The lock dates per branch and book."""
    with desk.file.read() as db:
        return [
            {"day": "", "reason": ""}
            | msgspec.json.decode(row.body)
            | {"id": row.id, "revision": row.revision, "author": row.author, "at": row.at}
            for row in catalog.living(db, "lock")
        ]


def lock_history(desk: Desk) -> list[dict[str, Any]]:
    """Every lock ever set or moved, newest first: who, when, up to which day (empty: opened), why."""
    with desk.file.read() as db:
        return [
            {"day": "", "reason": ""} | msgspec.json.decode(body) | {"author": author, "at": at}
            for author, at, body in catalog.history(db, "lock", LOCKS_TOLD_MAX)
        ]


def spec_view(desk: Desk, grant: Grant, branches: Branches, language: str) -> dict[str, Any]:
    """All that the client of one person draws from: the words of the program and the facts of the company."""
    with desk.file.read() as db:
        known = desk.cache.get(db)
        company, years = _company(db, known), _years(db)
        units = listing.entries(db, "branch", (), None, branches, None, 1_000)
        money = {row.id: msgspec.json.decode(row.body) for row in catalog.living(db, "currency")}
    year = _year_now(known, local_day(desk))
    regime = year.regime if year else ""
    return dict(_described(language)) | {
        "company": company.body | {"revision": company.revision, "set_up": company.set_up},
        "fiscal_years": years,
        "chart": {"regime": regime, **describe_chart(known.chart(regime), language)},
        "branches": [{**msgspec.json.decode(row.body), "id": row.id, "active": bool(row.active)} for row in units],
        "books": books_of(known),
        "currencies": _currencies(known, money),
        "locks": [
            {"branch": branch, "book": book, "day": day.isoformat()}
            for (branch, book), day in sorted(known.calendar.locks.items())
        ],
        "books_first_day": known.calendar.books_first_day.isoformat() if known.calendar.books_first_day else "",
        "role": grant.role,
        "user": grant.user,
        "stamp": str(known.stamp),
    }


@cache
def _described(language: str) -> Mapping[str, Any]:
    """What the program says of itself; the same as long as it runs."""
    return registry.describe(language)


def _year_now(known: Known, today: date) -> FiscalYear | None:
    """The year today falls in, else the nearest one."""
    years = known.calendar.years
    return (
        known.calendar.year_of(today)
        or (years[-1] if years and today > years[-1].last_day else None)
        or (years[0] if years else None)
    )


def _currencies(known: Known, own: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Every currency a voucher may be in, the company's own first; `rate` is the newest one kept."""
    codes = [
        VND,
        *(code for code in own if code != VND),
        *(code for code in DECIMALS if code not in own and code != VND),
    ]
    return [
        {
            "code": code,
            "name": str(own.get(code, {}).get("name") or code),
            "decimals": known.decimals.get(code, 2),
            "rate": "1" if code == VND else _newest_rate(own.get(code, {}).get("rates")),
            "own": code in own or code == VND,
            "active": own.get(code, {}).get("active", True) is not False,
        }
        for code in codes
    ]


def _newest_rate(rates: object) -> str:
    """`rates` maps days to rates; the newest counts."""
    if not isinstance(rates, dict) or not rates:
        return ""
    return str(rates[max(rates)])


# ---- a new voucher


def new_voucher(desk: Desk, type_code: str, branch: str) -> NewVoucher | Fault:
    """What the form of a new voucher begins with. TYPE_UNKNOWN for a type nobody has."""
    kind = registry.voucher_types().get(type_code)
    if kind is None:
        return Fault("TYPE_UNKNOWN", "type", {"type": type_code[:40]})
    spec = kind.spec
    with desk.file.read() as db:
        known = desk.cache.get(db)
        day = _first_day(known, spec, local_day(desk))
        details = {kind: _only_entry(db, kind, branch) for kind in ("fund", "bank_account")}
        number = preview(db, spec, known, branch, day, details["fund"])
    chart = known.chart_on(day)

    def default(text: str) -> str:
        return chart.role(text[5:]) if text.startswith("role:") else "" if ":" in text or text == "above" else text

    body: dict[str, Any] = {"type": spec.code, "branch": branch, "books": books_of(known)[:1]}
    body |= {"voucher_date": day.isoformat(), "accounting_date": day.isoformat(), "currency": VND, "rate": "1"}
    for item in spec.header:
        value = default(item.default) if item.default not in ("", "today") else details.get(item.kind, "")
        if item.default == "today":
            value = day.isoformat()
        if value:
            body[item.name] = value
    rows = {
        grid.name: {
            column.name: value
            for column in grid.columns
            if (value := default(column.default) or details.get(column.kind, ""))
        }
        for grid in spec.grids
    }
    return NewVoucher(body, number, rows)


def _first_day(known: Known, spec: VoucherSpec, today: date) -> date:
    """Today, or the nearest day the books are open; opening balances stand on the day before the books begin."""
    first = known.calendar.books_first_day
    if spec.before_books:
        years = known.calendar.years
        begin = first or (years[0].first_day if years else today)
        return begin - timedelta(days=1)
    if first is not None and today < first:
        return first
    year = _year_now(known, today)
    return min(max(today, year.first_day), year.last_day) if year else today


def _only_entry(db: Connection, kind: str, branch: str) -> str:
    """The entry nobody has to choose: the only one the branch has."""
    rows = listing.entries(db, kind, (), True, (branch,) if branch else None, None, 2)
    return rows[0].id if len(rows) == 1 else ""
