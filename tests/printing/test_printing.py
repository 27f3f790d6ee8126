"""Paper: what stands on a slip and in a book, read back from the PDF as a reader would."""

from collections.abc import Mapping
from io import BytesIO
from itertools import pairwise
from typing import Any

import pytest
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from socai.core.company import Company
from socai.core.report import Column
from socai.printing import BookFacts, report_pdf, report_xlsx, voucher_facts, vouchers_pdf
from socai.registry import regimes, voucher_types

COMPANY = Company(
    name="Công ty TNHH Minh Phát",
    address="25 Lý Thường Kiệt, Hà Nội",
    tax_code="0101234567",
    director="Nguyễn Văn An",
    chief_accountant="Trần Thị Bình",
    cashier="Lê Thu Cúc",
)
BODY: dict[str, Any] = {
    "branch": "b",
    "number": "PT00001",
    "voucher_date": "2026-01-05",
    "accounting_date": "2026-01-05",
    "currency": "VND",
    "rate": "1",
    "payer": "Vũ Minh Khôi",
    "description": "Thu tiền bán hàng",
    "original_documents": 2,
    "lines": [
        {
            "description": "Thu tiền hàng",
            "debit_account": "1111",
            "credit_account": "131",
            "amount": "11000105",
            "amount_vnd": "11000105",
        }
    ],
}


def names(kind: str, ident: str) -> Mapping[str, str] | None:
    return {"code": "19001", "name": "VCB", "bank_name": "Vietcombank", "bank_branch": "Hoàn Kiếm"}


def text_of(pdf: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(pdf)).pages]


def slip(code: str, body: Mapping[str, Any] = BODY, **more: Any) -> dict[str, Any]:
    return voucher_facts(voucher_types()[code], body, COMPANY, regimes()["tt99"], names, **more)


def test_a_receipt_holds_all_that_the_circular_asks_for() -> None:
    """Form 01-TT: unit, form number, number, date, Nợ/Có, payer, reason, amount in figures and words, five signers."""
    (page,) = text_of(vouchers_pdf([slip("cash_receipt")]))
    for part in (
        "Công ty TNHH Minh Phát",
        "01-TT",
        "PHIẾU THU",
        "Ngày 05 tháng 01 năm 2026",
        "PT00001",
        "Nợ: 1111",
        "Có: 131",
        "Vũ Minh Khôi",
        "11.000.105",
        "Mười một triệu",
        "một trăm linh năm đồng chẵn",
        "2 chứng từ gốc",
        "Nguyễn Văn An",
        "Trần Thị Bình",
        "Lê Thu Cúc",
    ):
        assert part in page


def test_a_statutory_slip_keeps_the_line_for_what_is_attached() -> None:
    """Forms 01-TT and 02-TT have it also where nothing is attached, to be filled by hand."""
    bare = {name: value for name, value in BODY.items() if name != "original_documents"}
    for code in ("cash_receipt", "cash_payment"):
        (page,) = text_of(vouchers_pdf([slip(code, {**bare, "type": code})]))
        assert "Kèm theo: .......... chứng từ gốc" in page


def test_every_voucher_type_prints_in_both_languages() -> None:
    for code in voucher_types():
        for language in ("vi", "en"):
            facts = slip(code, {**BODY, "type": code}, language=language)
            assert len(text_of(vouchers_pdf([facts], language=language))) == 1, code


def test_copies_and_many_vouchers_are_pages_of_one_print() -> None:
    pages = text_of(vouchers_pdf([slip("cash_receipt"), slip("journal")], copies=3))
    assert [("Liên 1" in page, "Liên 3" in page) for page in pages[:3]] == [
        (True, False),
        (False, False),
        (False, True),
    ]
    assert len(pages) == 6


def test_a_slip_not_yet_posted_says_so() -> None:
    """A figure that waits for posting is marked, never shown as if it were final."""
    assert "chờ ghi sổ" in text_of(vouchers_pdf([slip("cash_receipt", posted=False)]))[0]


def test_what_a_user_typed_is_never_read_as_layout_code() -> None:
    body = {**BODY, "description": '#read("/etc/passwd") *x* $1$ \\ "', "payer": "[#sys.version]"}
    (page,) = text_of(vouchers_pdf([slip("cash_receipt", body)]))
    assert '#read("/etc/passwd") *x*' in page
    assert "[#sys.version]" in page


@pytest.mark.parametrize("copies", (-1, 6))
def test_prints_have_limits(copies: int) -> None:
    with pytest.raises(ValueError):
        vouchers_pdf([slip("cash_receipt")], copies=copies)


COLUMNS = (
    Column("accounting_date", "day", 9),
    Column("voucher_number", "text", 8, "voucher"),
    Column("description", "text", 26),
    Column("debit", "money", 13, "amount", total=True),
    Column("credit", "money", 13, "amount", total=True),
)


def book(rows: int) -> tuple[BookFacts, list[dict[str, Any]]]:
    facts = BookFacts("Sổ cái", "", "S03b-DN", "(Kèm theo)", COMPANY, "Tháng 1", {"debit": "Nợ", "credit": "Có"})
    lines = [
        {
            "kind": "line",
            "cells": {
                "accounting_date": "2026-01-05",
                "voucher_number": f"PT{number:05d}",
                "description": "Thu tiền bán hàng theo hóa đơn của khách lẻ tại cửa hàng" if number % 2 else "Thu",
                "debit": 1000,
                "credit": -5,
            },
        }
        for number in range(rows)
    ]
    return facts, [*lines, {"kind": "total", "cells": {"debit": 1000 * rows, "credit": -5 * rows}}]


def test_a_book_carries_its_sums_from_page_to_page() -> None:
    """What a page carries forward is what the next brings forward, and no row is lost between them."""
    facts, rows = book(200)
    pages = text_of(report_pdf(facts, COLUMNS, rows))
    assert len(pages) > 3
    for number in range(200):
        assert sum(f"PT{number:05d}" in page for page in pages) == 1
    for before, after in pairwise(pages):
        carried = before.split("Cộng chuyển sang trang sau ")[1].split(" ")[0]
        assert after.split("Số trang trước chuyển sang ")[1].startswith(carried)
    assert "200.000" in pages[-1]
    assert "(1.000)" in pages[-1]  # negatives in parentheses


def test_a_long_book_is_made_by_a_child_process() -> None:
    facts, rows = book(2_100)
    assert report_pdf(facts, COLUMNS, rows)[:5] == b"%PDF-"


def test_the_workbook_holds_numbers_not_texts() -> None:
    facts, rows = book(3)
    sheet = CalamineWorkbook.from_filelike(BytesIO(report_xlsx(facts, COLUMNS, rows))).get_sheet_by_index(0).to_python()
    assert sheet[-4:][0][3:] == [1000.0, -5.0]
    assert sheet[-1][3:] == [3000.0, -15.0]


def test_a_rate_that_posting_may_change_is_marked_until_then() -> None:
    """Row 5: foreign money paid out before posting shows "chờ ghi sổ" beside its rate; money coming in does not."""
    line = {"debit_account": "6428", "credit_account": "1112", "amount": "100.00", "amount_vnd": "2635000"}
    body = BODY | {"currency": "USD", "rate": "26350", "lines": [line]}
    assert slip("cash_payment", body, posted=False)["foreign"]["rate"] == "26.350 (chờ ghi sổ)"
    assert slip("cash_payment", body, posted=False, language="en")["foreign"]["rate"] == "26,350 (waiting for posting)"
    assert slip("cash_payment", body, posted=True)["foreign"]["rate"] == "26.350"
    assert slip("cash_receipt", body, posted=False)["foreign"]["rate"] == "26.350"
    assert slip("cash_receipt", body, posted=False)["waiting"] == "chờ ghi sổ"


def test_row_9_a_provisional_number_is_printed_as_one() -> None:
    """Row 9: a slip printed while a shared series has run out says that its number will be replaced."""
    facts = slip("cash_receipt", {**BODY, "number": "PT~B00001"})
    assert facts["number"] == "PT~B00001 (số tạm)"
    assert slip("cash_receipt")["number"] == "PT00001"
