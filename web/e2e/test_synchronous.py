"""Row 12: recording switched to the older way and back; the answer waits for the books, but never for ever."""

from e2e.conftest import Company, Sit, still
from e2e.desk import Desk
from socai.lab.client import new_ident
from socai.lab.sample import HANOI

WAITS, GOES_ON = "Chờ đồng bộ và ghi sổ xong mới trả lời", "Cất xong làm tiếp ngay"


def test_a_company_waits_for_the_books_and_goes_back_with_work_in_flight(sit: Sit, company: Company) -> None:
    desk = sit(HANOI, "ketoantruong")
    try:
        record(desk, WAITS, seconds="30")
        desk.receipt("kh005", "thu tien khach", "1tr4")
        desk.watch_marks()
        desk.keep()
        assert desk.marks() == ["2"]  # the answer came with the outcome: never seen on its way

        record(desk, WAITS, seconds="1")
        with still(company.stack.worker):
            desk.receipt("kh005", "thu tien khach", "1tr5")
            desk.press("Control+Enter")
            desk.see("toast", "Đã lưu tại máy chủ, chưa ghi nhận xong")
            desk.see_mark("1", "Đang ghi sổ")
            waiting = desk.path()
            record(desk, GOES_ON)
            desk.receipt("kh005", "thu tien khach", "1tr6")
            desk.press("Control+Enter")
            desk.see_attribute("voucher", "data-mode", "view")
            desk.see_mark("1", "Đang ghi sổ")
        desk.see_mark("2", "Đã ghi sổ")
        desk.open(waiting)
        desk.see_mark("2", "Đã ghi sổ")
    finally:
        go_on(company)


def record(desk: Desk, way: str, seconds: str = "") -> None:
    """The settings: how vouchers are recorded, and how long an answer waits."""
    desk.go("thông tin công ty")
    desk.see("company")
    desk.walk("F6", "recording", most=9)
    desk.write(way)
    desk.press("Enter")
    desk.sees_focus("recording_seconds")
    desk.write(seconds)
    desk.press("Control+Enter")
    desk.see("toast", "Đã cất thiết lập")


def go_on(company: Company) -> None:
    """Asynchronous again, for the stories that follow."""
    with company.workstation(HANOI, "ketoantruong") as station:
        found = station.books("GET", "/company")
        if found["body"].get("recording") == "synchronous":
            body = found["body"] | {"recording": "asynchronous"}
            station.books("PUT", "/company", {"act_id": new_ident(), "base": found["revision"], "body": body})
        station.wait_drained()
