"""Turns what happened in a company, told in roles, into the body of a voucher: the accountant of demo and tests.

The type and the reason are found by walking the registry: whichever declares the pair of roles. So a new voucher type
is used as soon as its folder is there, and none is known here by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache

from socai.base.money import amount_text
from socai.core import spec as language
from socai.core.account import Chart
from socai.core.company import DECIMALS
from socai.core.entry import VND
from socai.core.report import Balances
from socai.core.spec import Field, Grid, Reason, VoucherSpec
from socai.registry import reports, voucher_types

Body = dict[str, object]
Attributes = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Line:
    """One amount between two roles, in minor units of the event's currency. Details are ids of catalog entries."""

    debit: str
    credit: str
    amount: int
    description: str = ""
    expense_item: str = ""
    department: str = ""


@dataclass(frozen=True, slots=True)
class Invoice:
    """An input invoice with its tax, in đồng."""

    net: int
    rate: str
    series: str
    number: str
    day: date


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: who, why, how much. `bank` and `to_bank` are ids of the company's own accounts."""

    day: date
    branch: str
    description: str
    lines: tuple[Line, ...]
    partner: str = ""
    bank: str = ""
    to_bank: str = ""
    currency: str = VND
    rate: Decimal = Decimal(1)
    invoice: Invoice | None = None
    fee: int = 0
    papers: int = 0


@dataclass(frozen=True, slots=True)
class OpeningRow:
    """One opening balance in đồng: a role and a side, with the details the account asks for."""

    role: str
    debit: int = 0
    credit: int = 0
    partner: str = ""
    bank: str = ""


@dataclass(frozen=True)
class Clerk:
    """Knows the chart and the catalogs by id. `funds` gives each branch's cash fund."""

    chart: Chart
    entries: Mapping[str, Attributes]
    funds: Mapping[str, str] = field(default_factory=dict)

    def body(self, event: Event) -> Body:
        """The voucher of an event, of the type whose reason is about its first line's pair."""
        first = event.lines[0]
        spec, reason = type_of(first.debit, first.credit)
        body: Body = {
            "type": spec.code,
            "branch": event.branch,
            "voucher_date": event.day.isoformat(),
            "accounting_date": event.day.isoformat(),
            "currency": event.currency,
            "description": event.description,
        }
        if event.currency != VND:
            body["rate"] = format(event.rate, "f")
        if reason is not None and any(item.kind == language.REASON for item in spec.header):
            body["reason"] = reason.code
        self._fill_header(spec, event, body)
        grid = spec.grid(spec.postings[0].grid)
        body[grid.name] = [self._row(grid, spec, event, line, reason) for line in self._lines(spec, event)]
        if event.invoice is not None and (taxes := _tax_grid(spec)) is not None:
            body[taxes.name] = [self._tax_row(taxes, event, first, event.invoice)]
        if event.fee and (fees := fee_grid(spec)) is not None:
            body[fees.name] = [
                {item.name: value for item in fees.columns if (value := self._fee_cell(item, event)) is not None}
            ]
        return body

    def opening(self, branch: str, day: date, rows: Sequence[OpeningRow], description: str) -> Body:
        """The opening balances of a branch, each row in the grid made for its details."""
        spec = opening_type()
        body: Body = {
            "type": spec.code,
            "branch": branch,
            "voucher_date": day.isoformat(),
            "accounting_date": day.isoformat(),
            "description": description,
        }
        for row in rows:
            code = self.chart.role(row.role)
            cells: Body = {"account": code}
            if row.debit:
                cells["debit_amount"] = str(row.debit)
            if row.credit:
                cells["credit_amount"] = str(row.credit)
            details = {language.PARTNER: row.partner, language.BANK_ACCOUNT: row.bank}
            if code in self.chart.members("cash"):
                details[language.FUND] = self.funds.get(branch, "")
            grid = grid_for(spec, self.chart.accounts[code].requires)
            cells |= {item.name: value for item in grid.columns if (value := details.get(item.kind, ""))}
            rows_of = body.setdefault(grid.name, [])
            assert isinstance(rows_of, list)
            rows_of.append(cells)
        return body

    # --- cells

    def _lines(self, spec: VoucherSpec, event: Event) -> Iterator[Line]:
        """The event's lines; where the type has no tax tab, the invoice's tax is a line of its own."""
        yield from event.lines
        if event.invoice is not None and _tax_grid(spec) is None:
            tax = language.tax_rows_total(event.invoice.net, event.invoice.rate) or 0
            yield Line("input_vat", event.lines[0].credit, tax, "Thuế GTGT đầu vào")

    def _fill_header(self, spec: VoucherSpec, event: Event, body: Body) -> None:
        partner = self.entries.get(event.partner, {})
        banks = [event.bank, event.to_bank]
        for item in spec.header:
            if item.kind == language.PARTNER and item.name == "partner" and event.partner:
                body[item.name] = event.partner
                body |= {name: str(partner[source]) for name, source in item.fills if partner.get(source)}
            elif item.kind == language.BANK_ACCOUNT and item.required and any(banks):
                body[item.name] = banks.pop(0) or banks[-1]
            elif item.kind == language.FUND and self._touches_cash(event) and event.branch in self.funds:
                body[item.name] = self.funds[event.branch]
            elif item.name in ("payer", "receiver") and partner.get("name"):
                body[item.name] = str(partner.get("contact") or partner["name"])
            elif item.kind == language.COUNT and event.papers:
                body[item.name] = event.papers

    def _touches_cash(self, event: Event) -> bool:
        cash = self.chart.members("cash")
        return any(self._account(role, event) in cash for line in event.lines for role in (line.debit, line.credit))

    def _account(self, role: str, event: Event) -> str:
        return self.chart.role(role, foreign=event.currency != VND)

    def _row(self, grid: Grid, spec: VoucherSpec, event: Event, line: Line, reason: Reason | None) -> Body:
        debit, credit = self._account(line.debit, event), self._account(line.credit, event)
        bank_in_header = any(item.kind == language.BANK_ACCOUNT and item.required for item in spec.header)
        values: Body = {
            "description": line.description or event.description,
            "debit_account": debit,
            "credit_account": credit,
            "amount": amount_text(line.amount, DECIMALS[event.currency]),
        }
        if not bank_in_header and event.bank and self.chart.members("bank") & {debit, credit}:
            values["bank_account"] = event.bank
        for code in (debit, credit):
            carried = self.chart.accounts[code].carries
            values |= {"expense_item": line.expense_item} if "expense_item" in carried and line.expense_item else {}
            values |= {"department": line.department} if "department" in carried and line.department else {}
        if reason is not None and reason.cash_flow:
            values["cash_flow"] = reason.cash_flow
        names = {item.name for item in grid.columns}
        return {name: value for name, value in values.items() if name in names}

    def _tax_row(self, grid: Grid, event: Event, line: Line, invoice: Invoice) -> Body:
        supplier = self.entries.get(event.partner, {})
        values: Body = {
            "description": f"Thuế GTGT hóa đơn {invoice.number}",
            "net_amount": str(invoice.net),
            "tax_rate": invoice.rate,
            "tax_amount": str(language.tax_rows_total(invoice.net, invoice.rate) or 0),
            "tax_account": self.chart.role("input_vat"),
            "credit_account": self._account(line.credit, event),
            "invoice_series": invoice.series,
            "invoice_number": invoice.number,
            "invoice_date": invoice.day.isoformat(),
        }
        for item in grid.columns:
            if item.kind == language.PARTNER and event.partner:
                values[item.name] = event.partner
                values |= {name: str(supplier[source]) for name, source in item.fills if supplier.get(source)}
        return values

    def _fee_cell(self, item: Field, event: Event) -> object:
        if item.kind == language.ACCOUNT and item.default.startswith("role:"):
            return self._account(item.default.removeprefix("role:"), event)
        if item.kind == language.MONEY:
            return amount_text(event.fee, DECIMALS[event.currency])
        return "Phí chuyển tiền" if item.name == "description" else None


# --- finding types and reports by what they declare


@cache
def general_type() -> VoucherSpec:
    """The type that takes any pair of accounts."""
    found = [item.spec for item in voucher_types().values() if not _limited(item.spec) and not item.spec.before_books]
    return next(spec for spec in found if not spec.postings[0].single)


@cache
def opening_type() -> VoucherSpec:
    """The type of opening balances."""
    return next(item.spec for item in voucher_types().values() if item.spec.before_books)


@cache
def type_of(debit: str, credit: str) -> tuple[VoucherSpec, Reason | None]:
    """The type and reason declared for a pair of roles; the general type, by its reason if it has one, else without."""
    for item in voucher_types().values():
        for reason in item.spec.reasons:
            if (reason.debit, reason.credit) == (debit, credit):
                return item.spec, reason
    for item in voucher_types().values():
        if item.spec.debit_accounts == (debit,) or item.spec.credit_accounts == (credit,):
            other = "credit" if item.spec.debit_accounts == (debit,) else "debit"
            return item.spec, next((reason for reason in item.spec.reasons if not getattr(reason, other)), None)
    return general_type(), None


@cache
def account_balances_report() -> str:
    """The code of the report that lists every account's opening, turnover and closing."""
    return next(
        code
        for code, item in reports().items()
        if isinstance(item.spec.source, Balances) and item.spec.source.by == "account"
    )


def grid_for(spec: VoucherSpec, needed: frozenset[str]) -> Grid:
    """The grid whose required details are those an account needs; else the first one that asks for none."""

    def asked(grid: Grid) -> frozenset[str]:
        return frozenset(item.kind for item in grid.columns if item.kind in language.CATALOG_CELLS and item.required)

    exact = [grid for grid in spec.grids if asked(grid) == needed]
    return (exact or [grid for grid in spec.grids if not asked(grid)])[0]


def fee_grid(spec: VoucherSpec) -> Grid | None:
    """The grid of the bank's own fee, where the type has one: rows that post but stand outside the total."""
    name = next((posting.grid for posting in spec.postings if not posting.in_total), "")
    return spec.grid(name) if name else None


def _tax_grid(spec: VoucherSpec) -> Grid | None:
    return next((grid for grid in spec.grids if grid.kind == "taxes"), None)


def _limited(spec: VoucherSpec) -> bool:
    return bool(spec.debit_accounts or spec.credit_accounts)
