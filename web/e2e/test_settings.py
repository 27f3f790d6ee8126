"""What is set up once and rarely: locks with their reasons, people, the company's own reasons, earlier vouchers."""

import re

from e2e.conftest import Company, Sit
from socai.lab.company import PASSWORD


def test_a_lock_refuses_an_old_day_and_is_opened_only_with_a_reason(sit: Sit, company: Company) -> None:
    desk = sit(user="ketoantruong")
    try:
        desk.go("khóa sổ")
        desk.sees_focus("day")
        desk.write("31/1")
        desk.press("Control+Enter")
        desk.see("toast", "Đã khóa sổ đến hết ngày 31/01/2026")
        desk.see("lock-days", "31/01/2026")
        desk.receipt("kh005", "thu tien khach", "1tr", day="15/1")
        desk.press("Control+Enter")
        desk.see("mistakes", "31/01/2026")

        desk.go("khóa sổ")
        desk.sees_focus("leaving-stay")
        desk.press("Tab", "Enter")
        desk.sees_focus("day")
        desk.press("Alt+o")
        desk.see("lock-fault", "phải ghi lý do")
        desk.sees_focus("reason")
        desk.write("Bổ sung hóa đơn tiền điện")
        desk.press("Alt+o")
        desk.see("toast", "Đã mở khóa sổ")
        desk.see("lock-days", "Chưa khóa")
        for said in ("Bổ sung hóa đơn tiền điện", "31/01/2026", "ketoantruong"):
            desk.see("lock-history", said)
    finally:
        company.unlock()


def test_a_person_is_added_and_logs_in(sit: Sit) -> None:
    desk = sit(user="")
    desk.log_in("admin", PASSWORD)
    desk.open("/t/minhphat/settings/users")
    desk.sees_focus("people")
    desk.press("Insert")
    desk.sees_focus("person-user")
    desk.write("thuquy.hn")
    desk.press("Control+Enter")
    desk.see("person-fault", "Họ và tên: Chưa nhập thông tin bắt buộc")
    desk.sees_focus("person-name")
    desk.write("Lê Thị Ngọc Lan")
    desk.press("Enter*2")
    desk.sees_focus("person-password")
    desk.write(PASSWORD)
    desk.press("Control+Enter")
    desk.see("toast", "Đã cất Lê Thị Ngọc Lan")
    desk.sees_focus("people")
    assert "Kế toán viên" in desk.see_row("people", "thuquy.hn").inner_text()
    sit(user="thuquy.hn").see("home")


def test_a_reason_of_ones_own_gives_its_pair_of_accounts(sit: Sit) -> None:
    desk = sit(user="ketoantruong")
    desk.new_entry("lý do thu, chi", "PHELIEU", "Thu bán phế liệu", "phiếu thu", "1111", "711")
    desk.press("Control+Enter")
    row = desk.see_row("entries", "Thu bán phế liệu")
    assert "Phiếu thu" in row.inner_text()

    desk.go("thêm phiếu thu")
    desk.sees_focus("partner")
    desk.walk("Enter", "reason")
    desk.write("phe lieu")
    desk.press("F6*2")
    desk.sees_focus("0.amount")
    desk.write("500k")
    desk.press("Enter")
    cells = desk.cells("grid-lines", 0)
    assert (cells["debit_account"], cells["credit_account"], cells["amount"]) == ("1111", "711", "500.000")
    desk.keep()


def test_earlier_vouchers_are_downloaded(sit: Sit) -> None:
    """Row 10: by period, with progress."""
    desk = sit(user="ketoantruong")
    desk.go("kết quả đồng bộ")
    desk.sees_focus("sync-results")
    desk.press("Alt+l")
    desk.sees_focus("from")
    desk.write("1/1/2026")
    desk.press("Control+Enter")
    desk.see_attribute("download-progress", "data-state", "done")
    desk.see("download-progress", re.compile(r"Đã tải xong \d+ chứng từ"))
    desk.press("Escape")
    desk.sees_focus("sync-results")


def test_numbers_are_accounted_for(sit: Sit) -> None:
    """Row 9: the account of a series' numbers; renumbering is looked at before it is done."""
    desk = sit(user="ketoantruong")
    desk.go("số chứng từ")
    desk.sees_focus("numbers-type")
    desk.see("numbers-state", "theo máy chủ gốc")
    desk.see("numbers-runs", "Đã dùng")
    desk.press("Alt+r")
    desk.sees_focus("from")
    desk.press("Control+Enter")
    desk.see("renumber-changes")
    desk.press("Escape")
    desk.see_gone("renumber-changes")
