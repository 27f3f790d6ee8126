"""The normal form of a voucher: one for everything a client may send, and faults instead of exceptions for the rest."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.books import CORRECTED, body, chart, journals, line, spec
from socai import registry
from socai.core import spec as language
from socai.core.company import DECIMALS
from socai.core.spec import LINES_PER_VOUCHER_MAX
from socai.core.voucher import (
    FAULTS_PER_VOUCHER_MAX,
    catalog_references,
    parse_voucher,
    total_foreign,
    total_vnd,
)

CHART = chart()
TYPES = [item.spec for item in registry.voucher_types().values()]
JOURNAL, RECEIPT, PAYMENT = spec("journal"), spec("cash_receipt"), spec("cash_payment")


def parsed(raw: dict[str, Any], of: Any = JOURNAL) -> dict[str, Any]:
    normal, faults = parse_voucher(of, raw, DECIMALS)
    assert faults == ()
    return normal


def told(raw: Any, of: Any = JOURNAL) -> list[tuple[str, str]]:
    return [(fault.code, fault.field) for fault in parse_voucher(of, raw, DECIMALS)[1]]


# ---- one normal form


@given(journals(CHART))
def test_the_normal_form_of_a_normal_form_is_itself(raw: dict[str, Any]) -> None:
    normal, faults = parse_voucher(JOURNAL, raw, DECIMALS)
    if not faults:
        assert parse_voucher(JOURNAL, normal, DECIMALS) == (normal, ())


def test_opening_rows_with_their_own_currency_keep_their_form() -> None:
    """1,000 USD at 25,300 is 25,300,000; 2,000 USD typed as 50,550,000 needs no rate."""
    rows = [
        {"account": CHART.role("cash_foreign"), "currency": "USD", "rate": "25300.0", "debit_amount": "1000"},
        {
            "account": CHART.role("cash_foreign"),
            "currency": "USD",
            "debit_amount": "2000",
            "debit_amount_vnd": "50550000",
        },
        {"account": CHART.role("capital"), "currency": "VND", "rate": "1", "credit_amount": "75850000"},
    ]
    raw = {"branch": "HN", "voucher_date": "2025-12-31", "accounting_date": "2025-12-31", "accounts": rows}
    normal = parsed(raw, spec("opening"))
    first, second, third = normal["accounts"]
    assert (first["rate"], first["debit_amount"], first["debit_amount_vnd"]) == ("25300", "1000.00", "25300000")
    assert (second.get("rate"), second["debit_amount_vnd"]) == (None, "50550000")
    assert (third.get("currency"), third["credit_amount_vnd"]) == (None, "75850000")
    assert parse_voucher(spec("opening"), normal, DECIMALS) == (normal, ())
    assert total_vnd(spec("opening"), normal) == 25_300_000 + 50_550_000


def test_spelling_of_the_same_thing_makes_no_difference() -> None:
    """Text typed in two Unicode forms, blanks around it, rates with trailing zeros: one body."""
    cash, owed = CHART.role("cash_foreign"), CHART.role("receivable")
    typed = body(line(f" {cash} ", owed, "5.5"), currency="USD", rate="25450.00", description="  Thu tiê\u0300n ")
    plain = body(line(cash, owed, "5.50"), currency="USD", rate="25450", description="Thu tiền", fund="")
    assert parsed(typed, RECEIPT) == parsed(plain, RECEIPT)


def test_lines_take_the_description_of_the_header_and_đồng_their_own_conversion() -> None:
    (row,) = parsed(body(line("111", "131", "500"), description="Thu nợ"))["lines"]
    assert row == {
        "description": "Thu nợ",
        "debit_account": "111",
        "credit_account": "131",
        "amount": "500",
        "amount_vnd": "500",
    }


def test_tax_is_computed_where_it_is_left_empty() -> None:
    """1,000,005 at 10 % is 100,001 (half up); what is typed stays; not taxable is nothing."""
    taxes = [
        {"net_amount": "1000005", "tax_rate": "10", "tax_account": "1331", "credit_account": "1111"},
        {
            "net_amount": "1000005",
            "tax_rate": "10",
            "tax_amount": "100000",
            "tax_account": "1331",
            "credit_account": "1111",
        },
        {"net_amount": "1000005", "tax_rate": "KCT", "tax_account": "1331", "credit_account": "1111"},
    ]
    normal = parsed(body(line("6428", "1111", "3000015"), taxes=taxes), PAYMENT)
    assert [row["tax_amount"] for row in normal["taxes"]] == ["100001", "100000", "0"]
    assert total_vnd(PAYMENT, normal) == 3_000_015 + 200_001


# ---- whatever is sent

json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(TYPES), st.data())
def test_nothing_a_client_sends_raises(of: Any, data: st.DataObject) -> None:
    header = ["branch", "books", "lines", *(item.name for item in (*language.STANDARD_HEADER, *of.header))]
    cells = [column.name for grid in of.grids for column in grid.columns]
    row = st.dictionaries(st.sampled_from(cells), json, max_size=4)
    raw = data.draw(st.dictionaries(st.sampled_from(header), json, max_size=6))
    raw |= {grid.name: data.draw(json | st.lists(row | json, max_size=3)) for grid in of.grids}
    normal, faults = parse_voucher(of, raw, DECIMALS)
    assert len(faults) <= FAULTS_PER_VOUCHER_MAX
    if not faults:
        assert parse_voucher(of, normal, DECIMALS) == (normal, ())


def test_ten_thousand_lines_are_taken_and_one_more_is_not() -> None:
    row = line("111", "131", "1")
    assert len(parsed(body(*[row] * LINES_PER_VOUCHER_MAX))["lines"]) == 10_000
    assert told(body(*[row] * (LINES_PER_VOUCHER_MAX + 1))) == [("LINES_TOO_MANY", "lines")]


def test_a_hopeless_voucher_is_told_of_fifty_faults_at_most() -> None:
    assert len(told(body(*[line("111", "131", "x")] * 200))) == FAULTS_PER_VOUCHER_MAX


def test_lines_together_may_not_pass_the_largest_total() -> None:
    """Two lines of 600,000 milliard are within the limit of a line, not within that of a voucher."""
    assert told(body(*[line("111", "131", str(6 * 10**14))] * 2)) == [("AMOUNT_TOO_LARGE", "lines")]
    assert told(body(line("111", "131", "99999999999.99"), currency="USD", rate="25450")) == [
        ("AMOUNT_TOO_LARGE", "lines.1.amount_vnd")
    ]


def test_text_that_cannot_be_shown_is_refused() -> None:
    for text in ("a\x00b", "a\x1bb", "\ud800", "\ufffe"):
        assert told(body(line("111", "131", "1"), description=text)) == [("TEXT_INVALID", "description")]
    assert told(body(line("111", "131", "1"), description="x" * 256)) == [("TEXT_TOO_LONG", "description")]
    assert told(body(line("   ", "131", "1"))) == [("FIELD_REQUIRED", "lines.1.debit_account")]


def test_the_wrong_json_is_told_at_its_place() -> None:
    assert told(body(line("111", "131", "1"), fund=7)) == [("TEXT_INVALID", "fund")]
    assert told({**body(), "lines": "none"}) == [("TEXT_INVALID", "lines")]
    assert told({**body(), "lines": [3]}) == [("TEXT_INVALID", "lines.1")]
    assert told(body(line("111", "131", "1"), books=["secret"])) == [("BOOK_UNKNOWN", "books")]
    assert told(body(line("111", "131", "1"), original_documents=True)) == [("QUANTITY_INVALID", "original_documents")]
    assert told({**body(line("111", "131", "1")), "branch": ""}) == [("FIELD_REQUIRED", "branch")]
    assert told(body({"debit_account": "111", "credit_account": "131", "amount": 1.5})) == [  # type: ignore[dict-item]
        ("AMOUNT_INVALID", "lines.1.amount")
    ]


def test_only_correcting_types_name_what_they_correct() -> None:
    assert told(body(line("111", "131", "-5"), corrects=CORRECTED)) == []
    assert told(body(line("111", "131", "-5"))) == [("CORRECTS_REQUIRED", "corrects")]
    assert told(body(line("111", "131", "5"), corrects=CORRECTED), RECEIPT) == [("FIELD_UNKNOWN", "corrects")]


def test_a_conversion_worth_nothing_is_refused() -> None:
    """0.01 at 0.1 đồng a dollar is no đồng at all: it would post nothing and lose the cent."""
    assert told(body(line("111", "131", "0.01"), currency="USD", rate="0.1")) == [
        ("AMOUNT_EMPTY", "lines.1.amount_vnd")
    ]


def test_a_typed_conversion_is_kept_in_foreign_money_and_checked_in_đồng() -> None:
    typed = line("111", "131", "10", amount_vnd="254999")
    assert parsed(body(typed, currency="USD", rate="25450"))["lines"][0]["amount_vnd"] == "254999"
    assert told(body(typed)) == [("CONVERTED_MISMATCH", "lines.1.amount_vnd")]


# ---- what lists and checks read


def test_totals() -> None:
    """100.50 + 20.25 USD at 25,000: 120.75 USD, 3,018,750 đồng; the tax of 50,000 đồng counts in đồng alone."""
    taxes = [{"tax_amount": "50000", "tax_account": "1331", "credit_account": "1112"}]
    raw = body(line("331", "1112", "100.5"), line("331", "1112", "20.25"), currency="USD", rate="25000", taxes=taxes)
    normal = parsed(raw, PAYMENT)
    assert total_vnd(PAYMENT, normal) == 3_018_750 + 50_000
    assert total_foreign(PAYMENT, normal) == 12_075
    assert total_foreign(PAYMENT, parsed(body(line("331", "1111", "5")), PAYMENT)) == 0


def test_the_fee_of_a_bank_order_is_booked_but_not_paid_to_the_beneficiary() -> None:
    order = spec("bank_payment")
    raw = body(line("331", "1121", "1000"), bank_account="VCB", fees=[line("6428", "1121", "20")])
    assert total_vnd(order, parsed(raw, order)) == 1_000


def test_catalog_references_are_named_with_their_place() -> None:
    own_reason = "0195a2b0-7c1d-7000-8000-0000000000aa"
    cells = line("111", "131", "1", credit_partner="KH02")
    raw = body(cells, partner="KH01", reason=own_reason, fund="QTM")
    assert catalog_references(RECEIPT, parsed(raw, RECEIPT)) == [
        ("branch", "branch", "HN"),
        ("partner", "partner", "KH01"),
        ("fund", "fund", "QTM"),
        ("reason", "reason", own_reason),
        ("lines.1.credit_partner", "partner", "KH02"),
    ]
