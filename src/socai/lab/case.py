"""A worked case with its answers, read from a file, and what has to be in the catalogs before its vouchers can be.

The format is that of published exercises: accounts, partners and amounts as the book names them. What stands in a file
as a type or a regime is the case's own word; nothing in this module knows one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from socai.core import spec as language
from socai.core.account import Chart
from socai.core.spec import Field, Grid, VoucherSpec
from socai.lab.clerk import grid_for, opening_type
from socai.registry import chart_for, regimes, voucher_types

Body = dict[str, object]

COMPARED_LATER = ("issues", "issues_total", "stock", "statements")  # expectations whose modules do not exist yet
BOOK_DEFAULTS = {"partner": "MD", "bank_account": "MD", "fund": "MD"}  # one entry a kind, for what a case leaves out


class CaseWrong(Exception):
    """A file that is no case, and why."""


@dataclass(frozen=True)
class Case:
    """One case as written, with the chart that its accounts are read by."""

    name: str
    regime: str
    open: date
    opening: Sequence[Mapping[str, Any]]
    vouchers: Sequence[Mapping[str, Any]]
    expect: Mapping[str, Any]
    chart: Chart
    own_accounts: Sequence[Body] = field(default=())

    def partners(self) -> list[str]:
        """Every partner the case names, in order, the stand-in for those it leaves out first."""
        named = [str(row["partner"]) for row in self.opening if row.get("partner")]
        for voucher in self.vouchers:
            for line in voucher.get("lines", ()):
                named += [str(line[key]) for key in ("debit_partner", "credit_partner") if line.get(key)]
        return list(dict.fromkeys([BOOK_DEFAULTS["partner"], *named]))

    def years(self) -> list[tuple[date, date]]:
        """The calendar years the case's dates fall in."""
        days = [self.open, *(_day(voucher["date"]) for voucher in self.vouchers)]
        return [(date(year, 1, 1), date(year, 12, 31)) for year in sorted({day.year for day in days})]

    def unsupported(self) -> list[str]:
        """What the case asks for that this version has not got: types without a folder, and later expectations."""
        known = voucher_types()
        types = {str(voucher["type"]) for voucher in self.vouchers} - set(known)
        later = [name for name in COMPARED_LATER if self.expect.get(name)]
        opened = ["opening stock"] if any(row.get("item") for row in self.opening) else []
        return [f"voucher type {name}" for name in sorted(types)] + later + opened

    def bodies(self, branch: str, ids: Mapping[tuple[str, str], str]) -> Iterator[tuple[str, Body]]:
        """(reference, body) of every voucher that can be written. `ids` gives catalog ids by (kind, code)."""
        if self.opening and not any(row.get("item") for row in self.opening):
            yield "opening", self._opening(branch, self.opening, ids)
        for voucher in self.vouchers:
            known = voucher_types().get(str(voucher["type"]))
            if known is not None:
                yield str(voucher["ref"]), self._voucher(known.spec, voucher, branch, ids)

    # --- bodies

    def _opening(self, branch: str, rows: Sequence[Mapping[str, Any]], ids: Mapping[tuple[str, str], str]) -> Body:
        spec = opening_type()
        day = (self.open - timedelta(days=1)).isoformat()
        body: Body = {"type": spec.code, "branch": branch, "voucher_date": day, "accounting_date": day}
        for row in rows:
            code = self.chart.leaf(str(row["account"]))
            grid = grid_for(spec, self.chart.accounts[code].requires)
            cells: Body = {"account": code}
            cells |= {f"{side}_amount": str(row[side]) for side in ("debit", "credit") if row.get(side)}
            for item in grid.columns:
                if item.kind in language.CATALOG_CELLS and item.required:
                    cells[item.name] = _entry(ids, item, row.get(item.name))
            rows_of = body.setdefault(grid.name, [])
            assert isinstance(rows_of, list)
            rows_of.append(cells)
        return body

    def _voucher(
        self, spec: VoucherSpec, voucher: Mapping[str, Any], branch: str, ids: Mapping[tuple[str, str], str]
    ) -> Body:
        day = str(voucher["date"])
        body: Body = {"type": spec.code, "branch": branch, "voucher_date": day, "accounting_date": day}
        body["description"] = f"{voucher['ref']}: {voucher.get('description', '')}".strip(": ")
        for item in spec.header:
            if item.required and item.kind in language.CATALOG_CELLS:
                body[item.name] = _entry(ids, item, None)
        grid = spec.grid(spec.postings[0].grid)
        body[grid.name] = [self._line(grid, line, voucher, ids) for line in voucher["lines"]]
        return body

    def _line(
        self, grid: Grid, line: Mapping[str, Any], voucher: Mapping[str, Any], ids: Mapping[tuple[str, str], str]
    ) -> Body:
        columns = {item.name: item for item in grid.columns}
        cells: Body = {"amount": str(line["amount"])}
        for side in ("debit", "credit"):
            code = self.chart.leaf(str(line[side]))
            cells[f"{side}_account"] = code
            account = self.chart.accounts[code]
            for detail in sorted(account.carries):
                column = columns.get(f"{side}_{detail}") or columns.get(detail)
                given = line.get(f"{side}_{detail}")
                if column is not None and (given or detail in account.requires):
                    cells[column.name] = _entry(ids, column, given)
        if voucher.get("cash_flow") and "cash_flow" in columns:
            cells["cash_flow"] = str(voucher["cash_flow"])
        return cells


def read_case(path: Path) -> Case:
    """The case in a file. Raises CaseWrong with what is missing."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        regime = str(raw["regime"])
        if regime not in regimes():
            raise CaseWrong(f"{path}: no regime is called {regime}")
        own = _own_accounts(regime, raw)
        chart = chart_for(regime, own)
        return Case(
            str(raw["name"]), regime, _day(raw["open"]), raw.get("opening") or [], raw["vouchers"],
            raw.get("expect") or {}, chart, own,
        )  # fmt: skip
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise CaseWrong(f"{path}: {error!r}") from error


def _own_accounts(regime: str, raw: Mapping[str, Any]) -> list[Body]:
    """Accounts the case posts to and the chart lacks, as catalog bodies; parents before children."""
    named = {str(row["account"]) for row in raw.get("opening") or ()}
    for side in ("debit", "credit"):
        named |= {str(line[side]) for voucher in raw["vouchers"] for line in voucher["lines"]}
    known = set(chart_for(regime).accounts)
    own: list[Body] = []
    for code in sorted(named - known):
        parent = next((code[:size] for size in range(len(code) - 1, 2, -1) if code[:size] in known), "")
        own.append({"code": code, "name": f"Tài khoản {code}", "parent": parent} if parent else _first_level(code))
        known.add(code)
    return own


def _first_level(code: str) -> Body:
    return {"code": code, "name": f"Tài khoản {code}"}


def _entry(ids: Mapping[tuple[str, str], str], item: Field, given: object) -> str:
    return ids[item.kind, str(given) if given else BOOK_DEFAULTS[item.kind]]


def _day(value: object) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))
