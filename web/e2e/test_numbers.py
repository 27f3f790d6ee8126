"""Row 9: a shared series offline, its provisional numbers and the check before a lock; gaps on paper; renumbering."""

import re
from datetime import date

from e2e.conftest import Company, Sit, cut
from e2e.desk import Desk
from socai.core.entry import FINANCIAL
from socai.lab.client import new_ident
from socai.lab.company import FIRST_YEAR
from socai.lab.sample import HANOI

TYPE = "Chứng từ nghiệp vụ khác"
SHARED = f"{TYPE}: Dùng chung"


def test_a_series_is_shared_offline_numbers_are_marked_and_become_final(sit: Sit, company: Company) -> None:
    desk = sit(HANOI, "ketoantruong")
    try:
        with cut(company.stack.offices[HANOI].line):
            desk.see_line(False)
            share(desk)
            desk.go(f"thêm {TYPE}")
            desk.sees_focus("partner")
            desk.walk("Enter", "description")
            desk.write("Kết chuyển chi phí thuê kho")
            desk.press("F6*2")
            desk.sees_focus("0.debit_account", "0.description")
            desk.walk("Tab", "0.debit_account")
            desk.write("6427")
            desk.press("Tab")
            desk.write("242")
            desk.press("Tab")
            desk.write("1tr7")
            desk.press("Control+Enter")
            desk.see_value("field-number", re.compile("~"))
            number, place = desk.value("field-number"), desk.path()
            desk.go(TYPE)
            desk.see_row("vouchers", f"{number} (tạm)")

            # Before the books are locked: the series with a number that is not final is pointed out.
            desk.go("khóa sổ")
            desk.sees_focus("day")
            desk.write("t")
            desk.press("Enter")
            desk.see("lock-numbers", "Trước khi khóa sổ: ")
            desk.press("Alt+k")
            desk.see("numbers-state", "1 số tạm")
            desk.see("numbers-runs", "Số tạm, chờ số chính thức")
            desk.see("numbers-runs", number)
        desk.open(place)
        desk.see_value("field-number", re.compile("^[^~]+$"))
        desk.see_mark("2", "Đã ghi sổ")
        final = desk.value("field-number")
        desk.go(TYPE)
        desk.see_row("vouchers", final)
        desk.see_no_row("vouchers", "(tạm)")
    finally:
        keep_apart(company)


def test_the_account_of_numbers_is_printed_and_vouchers_are_renumbered_by_their_days(
    sit: Sit, company: Company
) -> None:
    later, earlier = receipts(company, 20, 10)  # numbered in the order they were typed, not in that of their days
    desk = sit(HANOI, "ketoantruong")
    desk.go("số chứng từ")
    desk.sees_focus("numbers-type")
    desk.choose("Phiếu thu")
    desk.see("numbers-runs", "Đã dùng")
    with desk.paper() as pages:
        desk.press("F7")
    for said in ("Phiếu thu", "Đã dùng"):
        assert said in pages[0]
    assert any("Đã dùng" in text for text in desk.sheet("Alt+x"))

    desk.press("Alt+r")
    desk.sees_focus("from")
    desk.write("1/6/2026")
    desk.press("Enter")
    desk.write("30/6/2026")
    desk.press("Control+Enter")
    desk.see("renumber-changes", "10/06/2026")
    desk.see("renumber-changes", f"→ {later}")
    desk.see("renumber-go", "Đánh lại 2 số")
    desk.press("Control+Enter")
    desk.see("toast", "Đã đánh lại 2 số chứng từ")
    desk.see_gone("renumber-changes")
    desk.press("Alt+r")  # once in order, nothing is left to do
    desk.sees_focus("from")
    desk.write("1/6/2026")
    desk.press("Enter")
    desk.write("30/6/2026")
    desk.press("Control+Enter")
    desk.see("renumber-changes", "Không có số nào phải đổi")
    assert later != earlier


def share(desk: Desk) -> None:
    """The settings: all data servers number one type from one series."""
    desk.go("thông tin công ty")
    desk.see("company")
    desk.walk("F6", f"{TYPES_FIRST}: Tiền tố", most=9)
    desk.walk("Tab", SHARED, most=80)
    desk.press("Space", "Control+Enter")
    desk.see("toast", "Đã cất thiết lập")


TYPES_FIRST = "Phiếu thu"


def keep_apart(company: Company) -> None:
    """Each data server has its own series again, for the stories that follow."""
    with company.workstation(HANOI, "ketoantruong") as station:
        found = station.books("GET", "/company")
        body = found["body"] | {"numbering": {}}
        station.books("PUT", "/company", {"act_id": new_ident(), "base": found["revision"], "body": body})
        station.wait_drained()


def receipts(company: Company, *days: int) -> list[str]:
    """Posted receipts of June, typed in this order of days; their numbers."""
    numbers = []
    with company.workstation() as station:
        for day in days:
            saved = station.save_voucher(company.receipt(date(FIRST_YEAR, 6, day), 1_800_000), (FINANCIAL,))
            numbers.append(str(station.wait_posted(str(saved["id"]), FINANCIAL)["number"]))
    return numbers
