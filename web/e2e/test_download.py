"""Row 10: a new office works at once; what it does not hold is read from the cloud, or named, and can be downloaded."""

import re

from e2e.conftest import LATE, Company, Sit, cut, still
from e2e.desk import Desk
from socai.lab.client import Workstation, wait_for
from socai.lab.sample import HANOI

SHOWN = "9.876.000"


def test_a_download_is_stopped_by_key_and_resumed_and_reports_say_what_is_missing(sit: Sit, company: Company) -> None:
    first = sit(HANOI)
    first.receipt("kh003", "thu tien khach", "9876k", day="10/2")
    number = first.keep()

    office = company.join_late()
    with company.workstation(LATE) as station:
        wait_for("its first snapshot", lambda: green(station))
    desk = sit(LATE, "ketoantruong")
    desk.go("sổ cái tài khoản")
    desk.sees_focus("account")
    desk.walk("Shift+Tab", "choose-period", most=60)
    desk.choose("Năm nay")
    desk.press("F3")
    desk.sees_focus("account")
    desk.write("1111")
    desk.press("Control+Enter")
    assert SHOWN in desk.see_row("report-rows", number).inner_text()  # no voucher is here: it is read from the cloud

    with cut(office.line):
        desk.see_line(False)
        desk.press("F5")
        desk.see("report-fault", re.compile("chưa có đủ chứng từ của kỳ này: thiếu .*02/2026"))
        desk.go("cân đối số phát sinh")  # whole months: their balances came with the snapshot
        desk.see_row("report-rows", "1111")
    desk.see_line(True)

    desk.go("kết quả đồng bộ")
    desk.sees_focus("sync-results")
    desk.press("Alt+l")
    desk.sees_focus("from")
    desk.write("1/1/2026")
    with still(company.stack.cloud):
        desk.press("Control+Enter")
        progress(desk, re.compile("waiting|running"))
        desk.press("Alt+Shift+x")
        progress(desk, "cancelled")
        desk.see("download-progress", "Đã dừng; 0 chứng từ đã tải vẫn được giữ")
    desk.press("Control+Enter")
    progress(desk, "done")
    desk.see("download-progress", re.compile(r"Đã tải xong [1-9]\d* chứng từ"))
    desk.press("Escape")

    with cut(office.line):
        desk.see_line(False)
        desk.go("sổ cái tài khoản")
        desk.sees_focus("report-rows", "account")
        desk.press("Control+Enter")
        assert SHOWN in desk.see_row("report-rows", number).inner_text()


def progress(desk: Desk, state: str | re.Pattern[str]) -> None:
    """How far the download is."""
    desk.see_attribute("download-progress", "data-state", state)


def green(station: Workstation) -> bool | None:
    """Whether all is sent and received; None to go on looking."""
    return True if station.sync_state()["green"] else None
