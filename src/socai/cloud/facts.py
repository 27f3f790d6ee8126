"""What the poster knows about a tenant: its chart per fiscal year, its calendar with locks, its settings. Pure.

Read once and kept until the tenant's settings version moves on; a turn decided on an older version does not commit, so
a lock or a new account is never overtaken by a posting that did not know it (I14).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from socai.base.calendar import day_key
from socai.base.fault import Fault, Faults
from socai.core.account import Chart
from socai.core.check import Calendar
from socai.core.company import Company, calendar_of, company_of, decimals_of
from socai.core.spec import VoucherSpec
from socai.registry import chart_for

SETTING_KINDS = ("company", "fiscal_year", "lock", "account", "currency")
KNOWN_MAX = 200_000
DAYS_MAX = 20_000

Bodies = Mapping[str, Iterable[Mapping[str, object]]]


@dataclass(frozen=True, slots=True)
class Day:
    """One accounting day of one branch, book and type: the chart of its year, or why nothing may enter."""

    day: date
    key: int
    chart: Chart | None
    faults: Faults


class TenantFacts:
    """The facts of one tenant at one settings version. `known` are catalog entries seen to exist."""

    def __init__(self, version: int, bodies: Bodies) -> None:
        company = next(iter(bodies.get("company", ())), None)
        self.version = version
        self.company: Company = company_of(company)
        self.calendar: Calendar = calendar_of(company, bodies.get("fiscal_year", ()), bodies.get("lock", ()))
        self.decimals = decimals_of(bodies.get("currency", ()))
        self.known: set[tuple[str, str]] = set()
        self._accounts = list(bodies.get("account", ()))
        self._charts: dict[str, Chart] = {}
        self._days: dict[tuple[str, str, str, str], Day] = {}

    def chart_on(self, day: date) -> Chart | None:
        """The chart in force on a day; before the first year (opening balances) that year's. None without years."""
        year = self.calendar.year_of(day)
        if year is None and self.calendar.years and day < self.calendar.years[0].first_day:
            year = self.calendar.years[0]
        return None if year is None else self._chart(year.regime)

    def _chart(self, regime: str) -> Chart:
        if regime not in self._charts:
            self._charts[regime] = chart_for(regime, self._accounts)
        return self._charts[regime]

    def known_day(self, spec: VoucherSpec, branch: str, text: str, book: str) -> Day | None:
        """What was found out about this day before."""
        return self._days.get((spec.code, branch, text, book))

    def keep_day(self, spec: VoucherSpec, branch: str, text: str, book: str, faults: Faults) -> Day:
        """Keep what `check_dates` said about a day, with the chart to post by where nothing stands against it."""
        day = date.fromisoformat(text)
        if len(self._days) > DAYS_MAX:
            self._days.clear()
        chart = None if faults else self.chart_on(day)
        if chart is None and not faults:
            faults = (Fault("DATE_OUTSIDE_YEAR", "accounting_date", {"date": text}),)
        found = Day(day, day_key(day), chart, faults)
        self._days[spec.code, branch, text, book] = found
        return found

    def learn(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Remember catalog entries (kind, id) that exist."""
        if len(self.known) > KNOWN_MAX:
            self.known.clear()
        self.known.update(pairs)
