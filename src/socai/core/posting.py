"""Posting: a voucher's normal body to entries, by the spec's postings and the chart. Pure, and our hottest code.

Rules: one row, one entry (the counter account of every side is unambiguous). A side carries only the details its
account carries, and the voucher's currency only where the account is monetary; other accounts are booked in đồng alone.
A foreign payment posts at the typed rate; the cash-issue rate is run later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from socai.base.fault import Fault, Faults
from socai.core.account import Chart
from socai.core.entry import DETAILS, VND, Entry, Side
from socai.core.spec import Posting, SideRule, VoucherSpec

Row = Mapping[str, object]
Names = tuple[str, ...]


class _Reading(NamedTuple):
    """How one account is read on one side: which names give each detail of DETAILS, and which it needs."""

    names: tuple[Names, ...]  # () for a detail the account does not carry
    requires: tuple[int, ...]  # positions in DETAILS
    monetary: bool
    allowed: bool


class _Plan:
    """One side of one posting under one chart. Readings are worked out the first time an account is met."""

    __slots__ = ("account", "chart", "groups", "limits", "readings", "rule", "side")

    def __init__(self, rule: SideRule, side: str, groups: tuple[str, ...], chart: Chart) -> None:
        self.rule, self.side, self.groups, self.chart = rule, side, groups, chart
        self.account = rule.account
        self.limits = chart.members(*groups)
        self.readings: dict[str, _Reading] = {}

    def reading(self, code: str) -> _Reading | None:
        """The reading of an account; None where it may not be posted to."""
        account = self.chart.leaves.get(code)
        if account is None:
            return None
        extra = dict(self.rule.details)
        names: list[Names] = []
        for detail in DETAILS:
            tried = [f"{self.side}_{detail}", detail]
            if detail in extra:
                tried.insert(1, extra[detail])
            if detail == "partner":
                tried.append("employee")
            names.append(tuple(tried) if detail in account.carries else ())
        requires = tuple(DETAILS.index(detail) for detail in DETAILS if detail in account.requires)
        allowed = not self.groups or code in self.limits
        found = self.readings[code] = _Reading(tuple(names), requires, account.monetary, allowed)
        return found


class _PostingPlan(NamedTuple):
    posting: Posting
    debit: _Plan | None
    credit: _Plan | None


def _plans(spec: VoucherSpec, chart: Chart) -> tuple[_PostingPlan, ...]:
    """The plans of a spec's postings, kept with the chart. Only grids of plain lines are limited to account groups."""
    found: tuple[_PostingPlan, ...] | None = chart.plans.get(spec.code)
    if found is not None and found[0].posting is spec.postings[0]:
        return found
    plans = []
    for posting in spec.postings:
        limited = spec.grid(posting.grid).kind == "lines"
        debit, credit = posting.debit, posting.credit
        plans.append(
            _PostingPlan(
                posting,
                _Plan(debit, "debit", spec.debit_accounts if limited else (), chart) if debit else None,
                _Plan(credit, "credit", spec.credit_accounts if limited else (), chart) if credit else None,
            )
        )
    chart.plans[spec.code] = tuple(plans)
    return tuple(plans)


def post_voucher(spec: VoucherSpec, body: Mapping[str, object], chart: Chart) -> tuple[list[Entry], Faults]:
    """The entries of a voucher, or the faults that stop it. With faults the list is empty.

    Faults: ACCOUNT_UNKNOWN, ACCOUNT_NOT_LEAF, ACCOUNT_INACTIVE, ACCOUNT_NOT_ALLOWED, ACCOUNT_SAME, DETAIL_REQUIRED,
    UNBALANCED, LINES_EMPTY. The body is trusted to be a normal form (`parse_voucher`).
    """
    entries: list[Entry] = []
    faults: list[Fault] = []
    balanced = True
    for posting, debit, credit in _plans(spec, chart):
        rows = body.get(posting.grid)
        if not isinstance(rows, list):
            continue
        if posting.single:
            balanced = False
            for position, row in enumerate(rows, start=1):
                if row.get("debit_amount"):
                    _post(
                        posting, debit, None, "debit_amount", "debit_amount_vnd", body, row, position, entries, faults
                    )
                if row.get("credit_amount"):
                    _post(
                        posting,
                        None,
                        credit,
                        "credit_amount",
                        "credit_amount_vnd",
                        body,
                        row,
                        position,
                        entries,
                        faults,
                    )
        else:
            for position, row in enumerate(rows, start=1):
                _post(posting, debit, credit, posting.amount, posting.converted, body, row, position, entries, faults)
    if not entries and not faults:
        faults.append(Fault("LINES_EMPTY", spec.postings[0].grid, {"field": spec.postings[0].grid}))
    if not balanced and not faults:
        _check_balance(spec, entries, faults)
    return ([], tuple(faults)) if faults else (entries, ())


def _check_balance(spec: VoucherSpec, entries: list[Entry], faults: list[Fault]) -> None:
    debit = sum(entry.amount for entry in entries if entry.debit is not None)
    credit = sum(entry.amount for entry in entries if entry.credit is not None)
    if debit != credit:
        params = {"debit": str(debit), "credit": str(credit), "difference": str(abs(debit - credit))}
        faults.append(Fault("UNBALANCED", spec.postings[0].grid, params))


def _post(
    posting: Posting,
    debit_plan: _Plan | None,
    credit_plan: _Plan | None,
    amount_name: str,
    converted_name: str,
    body: Row,
    row: Row,
    position: int,
    entries: list[Entry],
    faults: list[Fault],
) -> None:
    """One row, one entry. A row whose amount is zero (an invoice at 0 %) posts nothing."""
    converted = row.get(converted_name)
    if not isinstance(converted, str):
        faults.append(Fault("AMOUNT_EMPTY", f"{posting.grid}.{position}.{amount_name}", {"field": amount_name}))
        return
    amount = int(converted)
    if not amount:
        return
    currency, foreign = VND, 0
    if amount_name != converted_name:
        currency = str(row.get("currency") or body["currency"])
        if currency != VND:
            foreign = int(str(row[amount_name]).replace(".", ""))
    debit = credit = None
    if debit_plan is not None:
        debit = _side(debit_plan, body, row, currency, foreign, posting.grid, position, faults)
    if credit_plan is not None:
        credit = _side(credit_plan, body, row, currency, foreign, posting.grid, position, faults)
    if (debit_plan is not None and debit is None) or (credit_plan is not None and credit is None):
        return
    if debit is not None and debit == credit:
        faults.append(Fault("ACCOUNT_SAME", f"{posting.grid}.{position}", {"account": debit.account}))
        return
    description = row.get(posting.description) or body.get("description") or ""
    cash_flow = row.get("cash_flow") or ""
    entries.append(Entry(len(entries) + 1, amount, debit, credit, str(description), str(cash_flow)))


def _side(
    plan: _Plan, body: Row, row: Row, currency: str, foreign: int, grid: str, position: int, faults: list[Fault]
) -> Side | None:
    code = row.get(plan.account) or body.get(plan.account) or ""
    reading = plan.readings.get(code) if isinstance(code, str) else None
    if reading is None:
        reading = plan.reading(str(code))
        if reading is None:
            faults.append(_account_fault(str(code), plan.chart, f"{grid}.{position}.{plan.account}"))
            return None
    details = [_first(names, row, body) if names else "" for names in reading.names]
    for index in reading.requires:
        if not details[index]:
            params = {"account": str(code), "detail": DETAILS[index]}
            place = f"{grid}.{position}.{plan.side}_{DETAILS[index]}"
            faults.append(Fault("DETAIL_REQUIRED", place, params))
            return None
    if not reading.allowed:
        params = {"account": str(code), "allowed": ", ".join(sorted(plan.limits & plan.chart.leaves.keys()))}
        faults.append(Fault("ACCOUNT_NOT_ALLOWED", f"{grid}.{position}.{plan.account}", params))
        return None
    if not reading.monetary:
        currency, foreign = VND, 0
    return Side(str(code), currency, foreign, str(body["branch"]), *details)


def _first(names: Names, row: Row, body: Row) -> str:
    """The first name that says something, in the line and then in the header."""
    for name in names:
        value = row.get(name)
        if value:
            return str(value)
    for name in names:
        value = body.get(name)
        if value:
            return str(value)
    return ""


def _account_fault(code: str, chart: Chart, place: str) -> Fault:
    if code not in chart.accounts:
        return Fault("ACCOUNT_UNKNOWN", place, {"account": code})
    if code in chart.parents:
        return Fault("ACCOUNT_NOT_LEAF", place, {"account": code, "leaf": chart.leaf(code)})
    return Fault("ACCOUNT_INACTIVE", place, {"account": code})
