"""Two offices declare one invoice while the line is cut: the later posting asks, and one key posts it all the same."""

import time

from e2e.conftest import Company, Sit
from e2e.desk import Desk
from socai.lab.sample import HANOI, HCM


def test_an_invoice_two_offices_declared_is_posted_all_the_same_by_one_key(sit: Sit, company: Company) -> None:
    invoice = f"0{time.time_ns() // 1_000_000 % 1_000_000:06}"
    line = company.stack.offices[HANOI].line
    desk, other = sit(HANOI, "ketoantruong"), sit(HCM, "ketoantruong")
    line.cut()
    try:
        desk.see_line(False)
        declare(other, invoice)
        other.see_mark("2", "Đã ghi sổ")
        declare(desk, invoice)
        desk.see_mark("1", "Chưa đồng bộ")
    finally:
        line.mend()
    desk.see_mark("3", "Chờ xác nhận")
    desk.see("failed", invoice)
    desk.see("post-anyway", "Vẫn ghi sổ")
    number = desk.value("field-number")
    desk.receipts_in(number, "Chờ xác nhận", "3", place="chứng từ nghiệp vụ khác")
    desk.press("Alt+Home")  # it stands among what is to be done, and is opened from there
    assert "Chờ xác nhận" in desk.see("todo", number).inner_text()
    desk.to_todo(number, "todo-open")
    desk.press("Enter")
    desk.see("voucher-title", number)
    desk.press("Alt+r")
    desk.see_mark("2", "Đã ghi sổ")
    desk.see_gone("failed")


def declare(desk: Desk, invoice: str) -> None:
    """An expense on credit with its input invoice, in a journal voucher."""
    desk.go("thêm chứng từ nghiệp vụ khác")
    desk.sees_focus("partner")
    desk.walk("Enter", "description")
    desk.write("Dịch vụ mua chịu")
    desk.walk("F6", "0.debit_account")
    fill(desk, debit_account="6428", credit_account="331", amount="3tr", credit_partner="ncc002")
    desk.press("F6")
    desk.sees_focus("0.tax_rate", "0.net_amount", "0.description")
    fill(desk, tax_rate="8", credit_account="331", invoice_series="1C26TDN", invoice_number=invoice)
    fill(desk, invoice_date="5/1", supplier="ncc002")
    desk.press("Enter", "Control+Enter")
    desk.see_attribute("voucher", "data-mode", "view")


def fill(desk: Desk, **cells: str) -> None:
    """Cells of the first row, from left to right."""
    for column, text in cells.items():
        desk.walk("Tab", f"0.{column}")
        desk.write(text)
