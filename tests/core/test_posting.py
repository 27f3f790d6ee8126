"""Posting and balances: whatever is booked, debits are credits, and a voided set takes out exactly what it put in."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.books import BANK, BRANCH, CORRECTED, FUND, PARTNER, body, chart, journals, line, spec
from socai import registry
from socai.core import balance
from socai.core.account import Chart
from socai.core.balance import ACCOUNT, MONEY_DAY, Movements, move
from socai.core.company import DECIMALS
from socai.core.entry import VND
from socai.core.posting import post_voucher
from socai.core.voucher import parse_voucher, total_vnd

JOURNAL, RECEIPT = spec("journal"), spec("cash_receipt")
REGIME = next(iter(registry.regimes()))
CHART = chart(REGIME)


def posted(raw: dict[str, Any]) -> tuple[dict[str, object], list[Any]]:
    """The normal form and its entries; nothing where no line was left, or one is worth less than a đồng."""
    raw["lines"] = [line for line in raw["lines"] if line["debit_account"] != line["credit_account"]]
    normal, faults = parse_voucher(JOURNAL, raw, DECIMALS)
    if faults:
        assert {fault.code for fault in faults} <= {
            "LINES_EMPTY",
            "AMOUNT_TOO_LARGE",
            "AMOUNT_EMPTY",
            "CONVERTED_MISMATCH",
        }
        return {}, []
    entries, faults = post_voucher(JOURNAL, normal, CHART)
    assert {fault.code for fault in faults} <= {"LINES_EMPTY"}  # every line was worth less than a đồng
    return normal, entries


@given(journals(CHART))
def test_debits_are_credits_and_nothing_is_added(raw: dict[str, Any]) -> None:
    normal, entries = posted(raw)
    if not entries:
        return
    assert all(entry.debit is not None and entry.credit is not None for entry in entries)
    assert sum(entry.amount for entry in entries) == total_vnd(JOURNAL, normal)
    assert [entry.line for entry in entries] == list(range(1, len(entries) + 1))


@given(journals(CHART))
def test_posting_and_voiding_leaves_every_balance_at_zero(raw: dict[str, Any]) -> None:
    normal, entries = posted(raw)
    if not entries:
        return
    movements: Movements = {}
    day = date.fromisoformat(str(normal["accounting_date"]))
    move(movements, entries, day, CHART)
    assert any(any(turnover) for turnover in movements.values())
    move(movements, entries, day, CHART, -1)
    assert not any(any(turnover) for turnover in movements.values())


@given(journals(CHART))
def test_balances_are_the_sum_of_entries(raw: dict[str, Any]) -> None:
    _, entries = posted(raw)
    movements: Movements = {}
    move(movements, entries, date(2026, 3, 5), CHART)
    accounts = [turnover for key, turnover in movements.items() if key[0] == ACCOUNT]
    assert sum(turnover[0] for turnover in accounts) == sum(turnover[1] for turnover in accounts)
    assert sum(turnover[0] for turnover in accounts) == sum(entry.amount for entry in entries)
    for detail, dimension in balance.DETAIL_DIMENSIONS.items():
        kept = sum(turnover[0] for key, turnover in movements.items() if key[0] == dimension)
        carried = sum(entry.amount for entry in entries if getattr(entry.debit, detail))
        assert kept == (0 if detail in ("expense_item", "department") else carried)
    money = sum(turnover[0] for key, turnover in movements.items() if key[0] == MONEY_DAY)
    assert money == sum(entry.amount for entry in entries if CHART.accounts[entry.debit.account].money)


@given(journals(CHART))
def test_a_side_keeps_the_currency_only_where_its_account_is_monetary(raw: dict[str, Any]) -> None:
    normal, entries = posted(raw)
    for entry in entries:
        for side in (entry.debit, entry.credit):
            if side.currency == VND:
                assert side.foreign == 0
            else:
                assert side.currency == normal["currency"]
                assert CHART.accounts[side.account].monetary


@given(journals(CHART))
def test_a_side_carries_what_its_account_carries_and_never_less_than_it_requires(raw: dict[str, Any]) -> None:
    _, entries = posted(raw)
    for entry in entries:
        for side in (entry.debit, entry.credit):
            account = CHART.accounts[side.account]
            kept = {
                name
                for name in ("partner", "bank_account", "fund", "expense_item", "department")
                if getattr(side, name)
            }
            assert account.requires <= kept <= account.carries


# ---- foreign money

FOREIGN = """
amount in USD | rate     | đồng       | why
1000          | 25450    | 25450000   | 1,000 x 25,450
0.01          | 25450    | 255        | 254.5 rounds away from zero
0.01          | 25449.99 | 254        | 254.4999 rounds down
1234.56       | 25400.5  | 31358441   | 1,234.56 x 25,400.5 = 31,358,441.28
-1234.56      | 25400.5  | -31358441  | the same, negative
"""


@pytest.mark.parametrize("row", [line for line in FOREIGN.splitlines() if "|" in line][1:])
def test_foreign_amounts(row: str) -> None:
    amount, rate, dong, _ = (cell.strip() for cell in row.split("|"))
    cells = line(CHART.role("cash_foreign"), CHART.role("receivable"), amount, credit_partner=PARTNER)
    _, (entry,) = posted(body(cells, currency="USD", rate=rate, corrects=CORRECTED))
    assert entry.amount == int(dong)
    assert entry.debit.foreign == entry.credit.foreign == int(amount.replace(".", "") + ("" if "." in amount else "00"))
    assert entry.debit.currency == "USD"


# ---- keys of balances


def test_one_entry_moves_these_keys() -> None:
    """Phiếu thu 11,000,000 from KH01 into the fund: five keys, by month, and the money by day."""
    cash, owed = CHART.role("cash"), CHART.role("receivable")
    raw = body(line(cash, owed, "11000000"), fund=FUND, partner=PARTNER)
    normal, faults = parse_voucher(RECEIPT, raw, DECIMALS)
    assert faults == ()
    entries, faults = post_voucher(RECEIPT, normal, CHART)
    assert faults == ()
    movements: Movements = {}
    move(movements, entries, date(2026, 3, 5), CHART)
    assert movements == {
        (balance.ACCOUNT, BRANCH, cash, VND, "", 202603): [11_000_000, 0, 0, 0],
        (balance.FUND, BRANCH, cash, VND, FUND, 202603): [11_000_000, 0, 0, 0],
        (balance.MONEY_DAY, BRANCH, cash, VND, FUND, 20260305): [11_000_000, 0, 0, 0],
        (balance.ACCOUNT, BRANCH, owed, VND, "", 202603): [0, 11_000_000, 0, 0],
        (balance.PARTNER, BRANCH, owed, VND, PARTNER, 202603): [0, 11_000_000, 0, 0],
    }


# ---- charts that differ


def refused(own: Chart, *lines: dict[str, str]) -> list[tuple[str, str]]:
    normal, faults = parse_voucher(JOURNAL, body(*lines), DECIMALS)
    assert faults == ()
    entries, faults = post_voucher(JOURNAL, normal, own)
    assert entries == []
    return [(fault.code, fault.field) for fault in faults]


def test_a_company_account_takes_over_what_its_parent_was() -> None:
    """A child of 131 opened by the company still wants a partner, and 131 itself can no longer be posted to."""
    owed, sales = CHART.role("receivable"), CHART.role("revenue_goods")
    own = registry.chart_for(REGIME, [{"code": f"{owed}1", "name": "Phải thu nội thành", "parent": owed}])
    assert own.role("receivable") == f"{owed}1"
    assert refused(own, line(owed, sales, "1"), line(f"{owed}1", sales, "1")) == [
        ("ACCOUNT_NOT_LEAF", "lines.1.debit_account"),
        ("DETAIL_REQUIRED", "lines.2.debit_partner"),
    ]


def test_an_account_switched_off_is_refused() -> None:
    income = CHART.role("other_income")
    own = registry.chart_for(REGIME, [{"code": income, "active": False}])
    lines = line(own.role("bank"), income, "1", bank_account=BANK)
    assert refused(own, lines) == [("ACCOUNT_INACTIVE", "lines.1.credit_account")]


@given(st.permutations(list(registry.regimes())))
def test_one_spec_posts_under_every_chart_in_turn(order: list[str]) -> None:
    """Plans are kept with the chart, so that two companies of two regimes never see one another's accounts."""
    for regime in order:
        own = chart(regime)
        tax = own.role("income_tax_expense")
        normal, _ = parse_voucher(JOURNAL, body(line(tax, own.role("corporate_income_tax"), "5")), DECIMALS)
        (entry,), faults = post_voucher(JOURNAL, normal, own)
        assert faults == ()
        assert entry.debit is not None
        assert entry.debit.account == tax
