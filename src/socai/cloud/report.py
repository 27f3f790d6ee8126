"""Reports read from the cloud's books: for an office that does not hold the whole period. Same specs, same rows.

Who asks is checked here again: the person's grant, the office's branches, and what the request itself leaves of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

import msgspec

from socai.base.calendar import parse_day
from socai.base.fault import Fault, Faults
from socai.books import report as books
from socai.cloud.clock import iso, utc_now
from socai.cloud.facts import TenantFacts
from socai.cloud.store.port import Reading, ReportStore, TenantStore
from socai.cloud.store.row import ReplicaRow, TenantRef
from socai.core.account import Chart
from socai.core.report import ROWS_PER_PAGE_MAX
from socai.registry import reports
from socai.sync.grant import Grant, may_voucher
from socai.sync.report import ReportAnswer, ReportRow, ReportWish

RIGHT = "report"


def report(
    store: ReportStore, tenants: TenantStore, ref: TenantRef, replica: ReplicaRow, wish: ReportWish
) -> ReportAnswer | Faults:
    """A page of a report. Faults: RIGHT_MISSING, BRANCH_UNKNOWN, REPORT_UNKNOWN, those of the request."""
    person = next((row for row in tenants.people(ref) if row.login == wish.user), None)
    grant = Grant(person.login, person.role, frozenset(person.branches), person.active) if person else None
    if fault := may_voucher(grant, frozenset(), RIGHT, ()):
        return (fault,)
    limits = [frozenset(item) for item in (replica.branches, person.branches if person else (), wish.branches) if item]
    seen = frozenset.intersection(*limits) if limits else None
    if seen is not None and not seen:
        return (Fault("BRANCH_UNKNOWN", "branch", {"branch": ""}),)
    kind = reports().get(wish.code)
    if kind is None:
        return (Fault("REPORT_UNKNOWN", "report", {"report": wish.code[:40]}),)
    request = books.Request(wish.parameters, wish.language, wish.after, min(wish.limit, ROWS_PER_PAGE_MAX))
    timeline = tenants.tenant(ref).timeline
    with store.reading(ref) as reading:
        context = _context(reading, request, None if seen is None else tuple(sorted(seen)))
        if faults := books.check_request(kind.spec, request, context):
            return faults
        try:
            page = books.run(kind.spec, request, reading.reader, context)
        except ValueError:
            return (Fault("PARAMETER_INVALID", "after", {"field": "after", "value": wish.after[:40]}),)
    return ReportAnswer(
        timeline,
        iso(utc_now()),
        [ReportRow(row.kind, row.cells, row.voucher, row.type) for row in page.rows],
        page.next,
        dict(page.totals),
        dict(page.opening),
        dict(page.closing),
    )


def _context(reading: Reading, request: books.Request, branches: tuple[str, ...] | None) -> books.Context:
    facts = TenantFacts(0, reading.settings())
    last = parse_day(request.get("to"), "to")
    years = facts.calendar.years
    chart = facts.chart_on(last) if isinstance(last, date) else None
    if chart is None and years:
        chart = facts.chart_on(years[-1].last_day)

    def names(kind: str, idents: Collection[str]) -> Mapping[str, tuple[str, str]]:
        found = {}
        for ident, body in reading.entries(kind, list(idents)).items():
            told = msgspec.json.decode(body)
            code = str(told.get("code") or "")
            found[ident] = (code, str(told.get("name") or code))
        return found

    return books.Context(chart or Chart({}), names, branches)
