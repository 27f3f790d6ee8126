"""Row 14: a voucher typed offline comes too late for its period; one key moves it to the first open day."""

import re

from e2e.conftest import Company, Sit
from socai.lab.sample import HANOI, HCM


def test_a_voucher_too_late_for_a_locked_period_goes_to_the_first_open_day_by_one_key(
    sit: Sit, company: Company
) -> None:
    line = company.stack.offices[HANOI].line
    desk, chief = sit(HANOI), sit(HCM, "ketoantruong")
    line.cut()
    try:
        desk.see_line(False)
        desk.receipt("kh004", "thu tien khach", "3tr", day="15/1")
        number = desk.keep("1", "Chưa đồng bộ")

        # Meanwhile the period is closed at the other office.
        chief.go("khóa sổ")
        chief.sees_focus("day")
        chief.write("31/1")
        chief.press("Control+Enter")
        chief.see("lock-days", "31/01/2026")
        chief.see_attribute("sync-mark", "data-pending", "0")
    finally:
        line.mend()
    try:
        # Refused, and told why; the first open day is one key away.
        desk.see_mark("3", re.compile("lỗi", re.IGNORECASE))
        desk.see("failed", "31/01/2026")
        desk.see("toast", number)
        desk.see("mend-redate", "01/02/2026")
        desk.press("Alt+y")
        desk.see("toast", f"Đã chuyển {number}")
        desk.see_mark("2", "Đã ghi sổ")
        assert desk.value("field-accounting_date") == "01/02/2026"
        desk.see_gone("failed")

        # Its life tells it all: where, when, by whom.
        desk.press("Alt+h")
        desk.see("timeline-table", "Đã vào sổ")
        steps = desk.texts("timeline-moment")
        for said in ("Đã cất", "Đã gửi", "Máy chủ gốc đã nhận", "Máy chủ gốc từ chối", "Đã vào sổ"):
            assert any(said in step for step in steps), (said, steps)
        assert any("ketoan.hn" in step and "tại đây" in step for step in steps), steps
        desk.press("Escape")
        desk.see_gone("timeline-table")
    finally:
        company.unlock()


def test_a_day_of_a_locked_period_is_moved_from_the_form_before_it_is_kept(sit: Sit, company: Company) -> None:
    """Row 14: the first open day is offered where the mistake is told, and one key takes it and saves."""
    desk = sit(HANOI, "ketoantruong")
    try:
        company.lock("2026-01-31", HANOI)
        desk.receipt("kh004", "thu tien khach", "3tr1", day="15/1")
        desk.press("Control+Enter")
        desk.see("mistakes", "31/01/2026")
        desk.see("mend-redate", "01/02/2026")
        desk.press("Alt+y")
        desk.see_mark("2", "Đã ghi sổ")
        assert desk.value("field-accounting_date") == "01/02/2026"
    finally:
        company.unlock()
