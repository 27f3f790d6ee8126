"""The language of voucher types: tax by rate, and lines built from the standard ones."""

from dataclasses import replace

import pytest

from socai.core.spec import STANDARD_LINE, TAX_RATES, Field, columns, tax_grid, tax_rows_total

TAX = """
net     | rate  | tax  | why
1000    | 10    | 100  | 1,000 x 10 %
1005    | 10    | 101  | 100.5 rounds up
1004    | 10    | 100  | 100.4 rounds down
6249    | 8     | 500  | 499.92
-1005   | 10    | -101 | a correction mirrors the invoice
1000    | 0     | 0    | export
1000    | KCT   | 0    | not taxable
1000    | KKKNT | 0    | not declared
"""


@pytest.mark.parametrize("row", [row for row in TAX.splitlines() if "|" in row][1:])
def test_tax(row: str) -> None:
    net, rate, tax, why = (cell.strip() for cell in row.split("|"))
    assert rate in TAX_RATES
    assert tax_rows_total(int(net), rate) == int(tax), why


def test_a_rate_nobody_has_gives_no_tax() -> None:
    assert tax_rows_total(1000, "7") is None
    assert tax_rows_total(1000, "") is None


def test_columns() -> None:
    built = columns(Field("fund"), Field("amount", width=9), without=("cash_flow",), debit_account="role:cash")
    names = [item.name for item in built]
    assert names == [item.name for item in STANDARD_LINE if item.name != "cash_flow"] + ["fund"]
    assert {item.name: item.default for item in built}["debit_account"] == "role:cash"
    assert {item.name: item.width for item in built}["amount"] == 9


def test_what_follows_from_the_fields_of_a_type_follows_from_a_changed_one_too() -> None:
    """It is worked out once, not for each line of each voucher, and must not stay behind (row Speed: push)."""
    grid = tax_grid("role:payable")
    assert grid.entries == (("supplier", "partner"),)
    assert grid.accounts == ("tax_account", "credit_account")
    assert grid.computed == {"description", "tax_amount"}
    assert grid.asked == {"description", "tax_amount", "tax_account", "credit_account"}
    lines = replace(grid, columns=STANDARD_LINE, kind="lines")
    assert lines.converted == ("amount",)
    assert lines.names == {item.name for item in STANDARD_LINE}
    assert "tax_amount" not in lines.computed
