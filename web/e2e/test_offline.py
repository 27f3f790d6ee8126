"""Row 11: the line is cut: nobody waits. It is mended: all goes by itself, and the other office reads it."""

import re

from e2e.conftest import Company, Sit
from e2e.desk import Desk
from socai.lab.sample import HANOI, HCM

AMOUNT, TYPED, SHOWN = 7_654_000, "7654k", "7.654.000"


def test_a_cut_line_stops_nobody_and_what_was_saved_is_read_at_the_other_office(sit: Sit, company: Company) -> None:
    line = company.stack.offices[HANOI].line
    desk, other = sit(HANOI), sit(HCM, "ketoantruong")
    other.go("cân đối số phát sinh")
    before = cash(other)

    line.cut()
    try:
        desk.see_line(False)
        desk.see("sync-mark", "Ngoại tuyến")
        desk.see("offline-warning", "Cứ nhập và in như thường")
        desk.press("Alt+w")  # put away until the next outage
        desk.see_gone("offline-warning")
        waiting = desk.pending()
        desk.receipt("kh003", "thu tien khach", "7tr")
        desk.keep("1", "Chưa đồng bộ")
        desk.see("saved-here")
        number = desk.value("field-number")

        # Never sent is not in flight: it is edited at once, and both saves are one waiting act.
        desk.press("Control+e")
        desk.sees_focus("partner")
        desk.press("F6*2")
        desk.sees_focus("0.description")
        desk.press("Tab*3")
        desk.write(TYPED)
        desk.press("Control+Enter")
        desk.see_attribute("voucher", "data-mode", "view")
        desk.see_mark("1", "Chưa đồng bộ")
        desk.see_attribute("sync-mark", "data-pending", str(waiting + 1))
        with desk.paper() as slips:
            desk.press("F7")
        assert f"Số: {number}" in slips[0]
        assert f"{SHOWN} đồng" in slips[0]
        desk.go("kết quả đồng bộ")
        desk.see("sync-state", "Ngoại tuyến")
        desk.walk("Shift+Tab", "sync-pending")
        desk.press("Enter")
        desk.to_row("sync-results", number)
        desk.press("Enter")
        desk.see("voucher-title", number)
        desk.watch_marks()
    finally:
        line.mend()

    desk.see_mark("2", "Đã ghi sổ")
    assert desk.marks() == ["1", "2"]
    desk.see_line(True)
    desk.see_attribute("sync-mark", "data-pending", "0")
    desk.see("sync-mark", "Trực tuyến")
    desk.see_attribute("sync-mark", "data-green", "true")
    desk.press("Alt+h")  # the voucher's life: saved and sent here, taken and posted at the cloud
    desk.see("timeline-table", "Đã vào sổ")
    desk.press("Escape")
    desk.see_gone("timeline-table")

    # The other office: the trial balance holds it, its row leads to the account, the account's row to the voucher.
    with company.workstation(HCM) as station:
        station.wait_posted(desk.path().rsplit("/", 1)[1], "financial")
    other.sees_focus("report-rows")
    other.press("F5")
    other.see_row("report-rows", f"{before + AMOUNT:,}".replace(",", "."))
    assert cash(other) == before + AMOUNT
    other.to_row("report-rows", "Tiền Việt Nam")
    other.press("Enter")
    other.see_value("parameter-account", re.compile("1111"))
    other.sees_focus("report-rows")
    row = other.see_row("report-rows", number)
    assert SHOWN in row.inner_text()
    other.to_row("report-rows", number)
    other.press("Enter")
    other.see("voucher-title", number)
    other.see_mark("2", "Đã ghi sổ")
    assert other.value("field-partner_name") == "Công ty TNHH Dược phẩm An Bình"

    # What came of it: the round that began with the line, both halves ended.
    desk.go("kết quả đồng bộ")
    desk.see("round", "Khi có mạng lại")
    desk.see_attribute("round", "data-state", "done")
    for half in ("round-push", "round-pull"):
        desk.see_attribute(half, "data-ended", "true")


def cash(desk: Desk) -> int:
    """The closing balance of cash in the trial balance on the screen."""
    return int(desk.row("report-rows", "1111")["closing_debit"].replace(".", ""))
