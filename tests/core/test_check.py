"""Years, locks, opening day, repeated invoices, negative cash: facts in, faults out."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.books import BRANCH, FUND, body, chart, line, spec
from socai.core.balance import Movements, move
from socai.core.check import (
    Calendar,
    FiscalYear,
    MoneyKey,
    check_cash,
    check_dates,
    check_invoices,
    invoice_key,
    invoice_keys,
    locked,
    money_movements,
    negative_day,
)
from socai.core.company import DECIMALS
from socai.core.posting import post_voucher
from socai.core.voucher import parse_voucher

CALENDAR = Calendar(
    (FiscalYear("2026", date(2026, 1, 1), date(2026, 12, 31), "any"),),
    date(2026, 1, 1),
    {("HN", "financial"): date(2026, 3, 31), ("HN", "management"): date(2026, 1, 31)},
)

DAYS = """
branch | book       | day        | fault
HN     | financial  | 2026-03-31 | DATE_LOCKED
HN     | financial  | 2026-04-01 |
HN     | management | 2026-03-31 |
HN     | management | 2026-01-31 | DATE_LOCKED
HCM    | financial  | 2026-01-01 |
HCM    | financial  | 2025-12-31 | DATE_BEFORE_BOOKS
HCM    | financial  | 2027-01-01 | DATE_OUTSIDE_YEAR
"""


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in row.split("|")] for row in table.splitlines() if "|" in row][1:]


@pytest.mark.parametrize("branch, book, day, code", rows(DAYS))
def test_dates(branch: str, book: str, day: str, code: str) -> None:
    found = check_dates(spec("journal"), {"branch": branch, "accounting_date": day}, CALENDAR, [book])
    assert [fault.code for fault in found] == ([code] if code else [])


def test_a_voucher_in_both_books_is_locked_by_either() -> None:
    assert locked(CALENDAR, "HN", ["management", "financial"], date(2026, 3, 1)) is not None


OPENING_DAYS = """
branch | day        | fault
HCM    | 2025-12-31 |
HCM    | 2026-01-01 | OPENING_DATE
HCM    | 2025-12-30 | OPENING_DATE
HN     | 2025-12-31 | OPENING_LOCKED
"""


@pytest.mark.parametrize("branch, day, code", rows(OPENING_DAYS))
def test_opening_balances_stand_on_the_day_before_the_books(branch: str, day: str, code: str) -> None:
    found = check_dates(spec("opening"), {"branch": branch, "accounting_date": day}, CALENDAR, ["financial"])
    assert [fault.code for fault in found] == ([code] if code else [])


# ---- input invoices


def test_the_same_invoice_however_it_is_typed() -> None:
    assert invoice_key("0100 100216", "1c26taa", "0000123") == invoice_key("0100100216", "1C26TAA ", "123")
    assert invoice_key("0100100216-001", "1C26TAA", "123") != invoice_key("0100100216", "1C26TAA", "123")
    assert invoice_key("", "1C26TAA", "123") == ""
    assert invoice_key("0100100216", "1C26TAA", "000") == ""


def test_a_repeated_invoice_is_told_once_with_the_other_voucher() -> None:
    """One invoice with two rates takes two rows of one voucher: that is no repetition."""
    row = {"supplier_tax_code": "0100100216", "invoice_series": "1C26TAA", "invoice_number": "0123"}
    voucher = {"taxes": [{**row, "tax_rate": "8"}, {**row, "tax_rate": "10"}, {"tax_rate": "10"}]}
    payment = spec("cash_payment")
    assert invoice_keys(payment, voucher)["0100100216|1C26TAA|123"].place == "taxes.1.invoice_number"
    assert check_invoices(payment, voucher, lambda key: None) == ()
    (fault,) = check_invoices(payment, voucher, lambda key: "PC00007")
    assert (fault.code, fault.field) == ("INVOICE_DUPLICATE", "taxes.1.invoice_number")
    told = {"tax_code": "0100100216", "series": "1C26TAA", "number": "0123", "voucher": "PC00007"}
    assert fault.params == told, "the invoice is told as it was typed, with the zeros of its paper"


# ---- negative cash

CASH = """
opening | known movements        | new movements | first negative day | why
100     |                        | 05: -100      |                    | to zero is not below zero
100     |                        | 05: -101      | 05: -1             | 100 - 101
100     | 10: -60                | 05: -50       | 10: -10            | enough on the day, not five days later
100     | 05: 20, 10: -60        | 05: -60       |                    | 100 + 20 - 60 - 60 = 0
100     | 10: -160, 12: 500      | 05: 20        |                    | already negative, and made better
100     | 10: -160, 12: 500      | 05: -20       | 10: -80            | already negative, and made worse
100     | 10: -160               | 05: 100, 08: -40 |                 | lowers nothing in sum: 100 - 40 is still 60 more
0       | 03: 500                | 05: -1        | 05: -1             | the opening already holds what came before
0       |                        | 05: -10, 06: 10 | 05: -10          | mended the day after is too late
"""


def days(text: str) -> dict[int, int]:
    pairs = (item.split(":") for item in text.split(",") if item.strip())
    return {20260300 + int(day): int(amount) for day, amount in pairs}


@pytest.mark.parametrize("opening, known, new, expected, why", rows(CASH))
def test_the_first_day_that_goes_negative(opening: str, known: str, new: str, expected: str, why: str) -> None:
    found = negative_day(int(opening), days(known), days(new))
    assert ({found[0]: found[1]} if found else {}) == days(expected), why


@given(
    st.integers(0, 50),
    st.dictionaries(st.integers(20260301, 20260310), st.integers(-20, 20)),
    st.dictionaries(st.integers(20260301, 20260310), st.integers(-20, 20), min_size=1),
)
def test_money_received_is_never_blamed(opening: int, known: dict[int, int], new: dict[int, int]) -> None:
    assert negative_day(opening, known, {day: abs(amount) for day, amount in new.items()}) is None


def test_a_payment_that_overdraws_the_fund_names_it() -> None:
    """30 million in the fund, 50 million paid on the 5th."""
    under, payment = chart(), spec("cash_payment")
    raw = body(line(under.role("other_expense"), under.role("cash"), "50000000"), fund=FUND)
    normal, _ = parse_voucher(payment, raw, DECIMALS)
    entries, _ = post_voucher(payment, normal, under)
    movements: Movements = {}
    move(movements, entries, date(2026, 3, 5), under)
    pocket = MoneyKey(BRANCH, under.role("cash"), "VND", FUND)
    assert money_movements(movements) == {pocket: {20260305: -50_000_000}}
    (fault,) = check_cash(movements, lambda key, day: (30_000_000, {}), DECIMALS)
    assert fault.code == "CASH_NEGATIVE"
    assert fault.params == {
        "branch": BRANCH, "account": pocket.account, "detail": FUND, "currency": "VND", "date": "2026-03-05",
        "balance": "30000000",
    }  # fmt: skip
    assert check_cash(movements, lambda key, day: (50_000_000, {}), DECIMALS) == ()


def test_foreign_money_is_counted_in_its_own_currency() -> None:
    """100 USD in hand are not short of 100 USD, whatever the rates made of them in đồng."""
    key = (6, BRANCH, "1112", "USD", FUND, 20260305)
    movements: Movements = {key: [0, 2_600_000, 0, 10_000]}
    assert money_movements(movements) == {MoneyKey(BRANCH, "1112", "USD", FUND): {20260305: -10_000}}
    assert check_cash(movements, lambda pocket, day: (10_000, {}), DECIMALS) == ()
    (fault,) = check_cash(movements, lambda pocket, day: (9_950, {}), DECIMALS)
    assert fault.params["balance"] == "99.50"
