"""Posting: a voucher's normal body to entries, by the spec's postings and the chart. Pure, and the hottest code we have.

Rules: one row, one entry (the counter account of every side is unambiguous). A side carries only the details its
account carries, and the voucher's currency only where the account is monetary; other accounts are booked in đồng alone.
A foreign payment posts at the typed rate; the cash-issue rate is run later.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from socai.base.fault import Fault, Faults
from socai.core.account import Account, Chart
from socai.core.entry import DETAILS, VND, Entry, Side
from socai.core.spec import Posting, SideRule, VoucherSpec

Names = tuple[str, ...]


@lru_cache(maxsize=512)
def _detail_names(rule: SideRule, side: str) -> tuple[tuple[str, Names], ...]:
    """Per detail, the names to try in the line and then in the header."""
    extra = dict(rule.details)
    found = []
    for detail in DETAILS:
        names = [f"{side}_{detail}", detail]
        if detail in extra:
            names.insert(1, extra[detail])
        if detail == "partner":
            names.append("employee")
        found.append((detail, tuple(names)))
    return tuple(found)


def post_voucher(spec: VoucherSpec, body: Mapping[str, object], chart: Chart) -> tuple[list[Entry], Faults]:
    """The entries of a voucher, or the faults that stop it. With faults the list is empty.

    Faults: ACCOUNT_UNKNOWN, ACCOUNT_NOT_LEAF, ACCOUNT_INACTIVE, ACCOUNT_NOT_ALLOWED, ACCOUNT_SAME, DETAIL_REQUIRED,
    UNBALANCED, LINES_EMPTY. The body is trusted to be a normal form (`parse_voucher`).
    """
    entries: list[Entry] = []
    faults: list[Fault] = []
    for posting in spec.postings:
        rows = body.get(posting.grid)
        if isinstance(rows, list):
            for position, row in enumerate(rows, start=1):
                _post_row(spec, posting, body, row, position, chart, entries, faults)
    if not entries and not faults:
        faults.append(Fault("LINES_EMPTY", "lines", {"field": "lines"}))
    if any(posting.single for posting in spec.postings) and not faults:
        debit = sum(entry.amount for entry in entries if entry.debit is not None)
        credit = sum(entry.amount for entry in entries if entry.credit is not None)
        if debit != credit:
            faults.append(Fault("UNBALANCED", "lines", {"debit": str(debit), "credit": str(credit)}))
    return ([], tuple(faults)) if faults else (entries, ())


def _post_row(
    spec: VoucherSpec,
    posting: Posting,
    body: Mapping[str, object],
    row: Mapping[str, object],
    position: int,
    chart: Chart,
    entries: list[Entry],
    faults: list[Fault],
) -> None:
    place = f"{posting.grid}.{position}"
    debit_rule, credit_rule = posting.debit, posting.credit
    amount_name, converted_name = posting.amount, posting.converted
    if posting.single:
        prefix = "debit" if row.get("debit_amount") else "credit"
        amount_name, converted_name = f"{prefix}_amount", f"{prefix}_amount_vnd"
        debit_rule, credit_rule = (debit_rule, None) if prefix == "debit" else (None, credit_rule)
    converted = row.get(converted_name)
    if not isinstance(converted, str):
        faults.append(Fault("AMOUNT_EMPTY", f"{place}.{amount_name}", {"field": amount_name}))
        return
    amount = int(converted)
    if amount == 0:
        return
    currency = str(row.get("currency") or body.get("currency") or VND) if posting.grid != "taxes" else VND
    foreign = int(str(row.get(amount_name, "0")).replace(".", "")) if currency != VND else 0
    debit = _side(debit_rule, "debit", body, row, currency, foreign, chart, place, faults) if debit_rule else None
    credit = _side(credit_rule, "credit", body, row, currency, foreign, chart, place, faults) if credit_rule else None
    if (debit_rule and debit is None) or (credit_rule and credit is None):
        return
    if debit and credit and debit == credit:
        faults.append(Fault("ACCOUNT_SAME", place, {"account": debit.account}))
        return
    if posting.grid == "lines":
        _allowed(spec.debit_accounts, debit, f"{place}.debit_account", faults)
        _allowed(spec.credit_accounts, credit, f"{place}.credit_account", faults)
    description = str(row.get(posting.description) or body.get("description") or "")
    entries.append(Entry(len(entries) + 1, amount, debit, credit, description, str(row.get("cash_flow") or "")))


def _allowed(prefixes: tuple[str, ...], side: Side | None, place: str, faults: list[Fault]) -> None:
    if prefixes and side is not None and not side.account.startswith(prefixes):
        faults.append(Fault("ACCOUNT_NOT_ALLOWED", place, {"account": side.account, "allowed": ", ".join(prefixes)}))


def _side(
    rule: SideRule,
    side: str,
    body: Mapping[str, object],
    row: Mapping[str, object],
    currency: str,
    foreign: int,
    chart: Chart,
    place: str,
    faults: list[Fault],
) -> Side | None:
    code = str(row.get(rule.account) or body.get(rule.account) or "")
    account = chart.leaves.get(code)
    if account is None:
        faults.append(_account_fault(code, chart, f"{place}.{rule.account}"))
        return None
    found: dict[str, str] = {}
    carries = account.carries
    if carries:
        for detail, names in _detail_names(rule, side):
            if detail in carries:
                found[detail] = _first(names, row, body)
        for detail in account.requires:
            if not found.get(detail):
                params = {"account": code, "detail": detail}
                faults.append(Fault("DETAIL_REQUIRED", f"{place}.{side}_{detail}", params))
                return None
    if currency == VND or not account.monetary:
        return Side(code, VND, 0, str(body["branch"]), **found)
    return Side(code, currency, foreign, str(body["branch"]), **found)


def _first(names: Names, row: Mapping[str, object], body: Mapping[str, object]) -> str:
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
    account: Account | None = chart.accounts.get(code)
    if account is None:
        return Fault("ACCOUNT_UNKNOWN", place, {"account": code})
    if code in chart.parents:
        return Fault("ACCOUNT_NOT_LEAF", place, {"account": code, "leaf": chart.leaf(code)})
    return Fault("ACCOUNT_INACTIVE", place, {"account": code})
