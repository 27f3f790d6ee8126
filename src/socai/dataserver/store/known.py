"""What this data server knows of the company: settings, years, locks, currencies, charts. Read from the catalogs, kept
until one of them changes.

The stamp of the settings is a row of the file, so a job in the writer sees its own changes and a roll-back takes them
back.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec

from socai.core.account import Chart
from socai.core.check import Calendar
from socai.core.company import Company, calendar_of, company_of, decimals_of
from socai.dataserver.store import catalog, meta
from socai.dataserver.store.file import Connection
from socai.registry import chart_for, regimes

SETTINGS_STAMP = "settings_stamp"
KINDS = frozenset(("company", "fiscal_year", "lock", "currency", "account"))


@dataclass(frozen=True)
class Known:
    """The settings as of one stamp. Charts are built when first asked for."""

    stamp: int
    company: Company
    calendar: Calendar
    decimals: Mapping[str, int]
    account_bodies: tuple[Mapping[str, Any], ...]
    _charts: dict[str, Chart] = field(default_factory=dict)

    def chart(self, regime: str) -> Chart:
        """The company's chart under a regime; empty for a regime this program does not have."""
        found = self._charts.get(regime)
        if found is None:
            found = chart_for(regime, self.account_bodies) if regime in regimes() else Chart({})
            self._charts[regime] = found
        return found

    def chart_on(self, day: date) -> Chart:
        """The chart in force on a day. Opening balances lie before the first year and use its chart."""
        years = self.calendar.years
        year = self.calendar.year_of(day) or next((item for item in years if day < item.first_day), None)
        if year is None and years:
            year = years[-1]
        return self.chart(year.regime) if year is not None else Chart({})


class KnownCache:
    """The newest settings; asks the file only for its stamp."""

    def __init__(self) -> None:
        self._known: Known | None = None
        self._lock = threading.Lock()

    def newest(self) -> Known | None:
        """The settings as anybody last saw them; None before anybody has."""
        return self._known

    def get(self, db: Connection) -> Known:
        """The settings as this connection sees them."""
        stamp = meta.number(db, SETTINGS_STAMP)
        known = self._known
        if known is not None and known.stamp == stamp:
            return known
        with self._lock:
            known = read(db, stamp)
            self._known = known
            return known


def read(db: Connection, stamp: int) -> Known:
    """Read all settings."""
    decoded: dict[str, list[dict[str, Any]]] = {
        kind: [msgspec.json.decode(body) for body in catalog.bodies(db, kind)] for kind in sorted(KINDS)
    }
    company = decoded["company"][0] if decoded["company"] else None
    return Known(
        stamp,
        company_of(company),
        calendar_of(company, decoded["fiscal_year"], decoded["lock"]),
        decimals_of(decoded["currency"]),
        tuple(decoded["account"]),
    )


def changed(db: Connection) -> None:
    """Note in the same transaction that a setting changed."""
    # Never the same value twice, not even after a roll-back: readers compare it with what they keep.
    meta.put(db, {SETTINGS_STAMP: secrets.randbits(60) + 1})
