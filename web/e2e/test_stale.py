"""Two workstations of one office in one voucher: the second save is refused, both versions are shown, all stays."""

import re
from datetime import date

from e2e.conftest import Company, Sit
from socai.lab.company import FIRST_YEAR
from socai.lab.sample import HANOI

BEFORE = "Thu tiền khách hàng"


def test_a_save_from_a_stale_form_shows_both_versions_and_loses_nothing(sit: Sit, company: Company) -> None:
    voucher = unposted_receipt(company)
    first, second = sit(HANOI, "ketoan.hn"), sit(HANOI, "ketoantruong")
    for desk in (first, second):
        desk.edit(voucher)
    first.write("Thu tiền đợt một")
    first.keep()

    second.write("Thu tiền theo hợp đồng số 7")
    second.press("Control+Enter")
    second.see("compare-table", "ketoan.hn")
    for said in ("Trước đó", "Lý do nộp", BEFORE, "Thu tiền theo hợp đồng số 7", "Thu tiền đợt một"):
        assert said in second.text("compare-table")
    second.see_attribute("compare-line", "data-by", "both")

    second.press("Escape")  # go on typing: all is still there
    second.see_gone("compare-body")
    assert second.value("field-description") == "Thu tiền theo hợp đồng số 7"
    second.press("Control+Enter")
    second.see("compare-table", "Thu tiền đợt một")
    second.walk("Tab", "stale-new")
    second.press("Enter")
    second.see_gone("compare-body")
    second.see_attribute("voucher", "data-id", re.compile(f"^(?!{voucher})"))  # a voucher of its own
    second.see_mark("2", "Đã ghi sổ")
    assert second.value("field-description") == "Thu tiền theo hợp đồng số 7"

    with company.workstation() as station:
        kept = station.books("GET", f"/vouchers/{voucher}")["body"]
    assert kept["description"] == "Thu tiền đợt một"


def unposted_receipt(company: Company) -> str:
    """A receipt that is saved and not posted."""
    with company.workstation() as station:
        saved = station.save_voucher(company.receipt(date(FIRST_YEAR, 2, 3), 3_000_000, BEFORE))
        station.wait_drained()
    return str(saved["id"])
