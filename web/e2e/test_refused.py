"""Row 6: what the cloud refuses whole: a draft is put away by one key, a catalog entry is sent again by one key."""

from datetime import date
from typing import Any

from e2e.conftest import Company, Sit, cut
from e2e.desk import IN_TODO, Desk
from socai.core.entry import FINANCIAL
from socai.lab.client import new_ident, wait_for
from socai.lab.company import FIRST_YEAR
from socai.lab.sample import HANOI, HCM

NUMBER, CODE, NAME = "PT-TAY-09", "KH909", "Công ty TNHH Sao Hôm"


def test_a_refused_draft_is_discarded_and_a_refused_entry_is_tried_again(sit: Sit, company: Company) -> None:
    desk = sit(HANOI)
    with cut(company.stack.offices[HANOI].line):
        desk.see_line(False)
        desk.new_entry("đối tượng", CODE, NAME)
        desk.press("Control+Enter")
        desk.see_gone("entry-form-body")
        desk.receipt("kh005", "thu tien khach", "1tr9")
        desk.walk("Shift+Tab", "number")
        desk.write(NUMBER)
        desk.keep("1", "Chưa đồng bộ")
        entry = taken_elsewhere(company)
    desk.see_mark("1", "Đồng bộ lỗi")
    desk.see("failed", NUMBER)
    desk.receipts_in(NUMBER, "Đồng bộ lỗi", "1")
    desk.press("Enter")
    desk.see("voucher-title", NUMBER)
    desk.press("Alt+Shift+z")
    desk.see("discard-body", f"Bỏ bản bị từ chối của {NUMBER}?")
    desk.sees_focus("discard-yes")
    desk.press("Enter")
    desk.see("toast", f"Đã bỏ bản bị từ chối của {NUMBER}")
    desk.receipts_in("", "Mọi trạng thái")
    desk.see_no_row("vouchers", "1.900.000")
    desk.see_row("vouchers", NUMBER).filter(has_text="2.000.000").wait_for()  # whose number it is

    # The code is free again; nothing is wrong with the entry any more.
    rename(company, entry)
    desk.press("Alt+Home")
    desk.to_todo(CODE, "todo-retry")
    desk.press("Enter")
    desk.see("toast", f"Đã gửi lại {CODE}")
    desk.see_gone("todo", CODE)


def test_a_refusal_at_one_office_stands_in_its_persons_list_at_another(sit: Sit, company: Company) -> None:
    """With the badge, nobody else's, until it is mended where it was done or put away."""
    hanoi, hcm = sit(HANOI, "ketoantruong"), sit(HCM, "ketoantruong")
    before = badge(hcm)
    with cut(company.stack.offices[HANOI].line):
        hanoi.see_line(False)
        hanoi.new_entry("đối tượng", "KH911", "Công ty TNHH Sao Mai")
        hanoi.press("Control+Enter")
        hanoi.see_gone("entry-form-body")
        with company.workstation(HCM) as station:
            station.save_catalog("partner", new_ident(), {"code": "KH911", "name": "Công ty khác", "is_customer": True})
            station.wait_drained()
    hanoi.press("Alt+Home")
    hanoi.see("todo", "KH911")
    hcm.press("Alt+Home", "Alt+Shift+s")
    told = hcm.see("todo", "KH911 (Hà Nội)")
    told.filter(has_text="Xử lý tại Hà Nội").wait_for()
    wait_for("one more in the badge", lambda: badge(hcm) == before + 1 or None)
    hcm.walk("F6", "todo-known" if before == 0 else "todo-open")
    while not hcm.ask(IN_TODO, ["KH911", "todo-known"]):
        hcm.press("Tab")
    hcm.press("Enter")
    hcm.see_gone("todo", "KH911")
    wait_for("the badge as before", lambda: badge(hcm) == before or None)
    hanoi.to_todo("KH911", "todo-discard")
    hanoi.press("Enter")
    hanoi.sees_focus("discard-yes")
    hanoi.press("Enter")
    hanoi.see_gone("todo", "KH911")


def badge(desk: Desk) -> int:
    """How many things the menu says are to be done."""
    return int(desk.ask("document.querySelector('[data-testid=todo-badge]')?.innerText ?? '0'"))


def taken_elsewhere(company: Company) -> str:
    """Meanwhile the other office gave the number and the code away; the entry that has the code."""
    receipt = company.receipt(date(FIRST_YEAR, 11, 3), 2_000_000)
    entry = new_ident()
    with company.workstation(HCM) as station:
        station.save_catalog("partner", entry, {"code": CODE, "name": "Công ty khác", "is_customer": True})
        station.save_voucher(receipt | {"number": NUMBER}, (FINANCIAL,))
        station.wait_drained()
    return entry


def rename(company: Company, entry: str) -> None:
    """The other office gives its entry another code, and this office has heard of it."""
    with company.workstation(HCM) as station:
        found = station.books("GET", f"/catalog/partner/{entry}")
        station.save_catalog("partner", entry, found["body"] | {"code": f"{CODE}B"}, found["revision"])
        station.wait_drained()
    with company.workstation(HANOI) as station:
        wait_for("the other code here", lambda: named(station.books("GET", f"/catalog/partner/{entry}")))


def named(entry: dict[str, Any]) -> bool | None:
    """Whether the entry has its other code; None to go on looking."""
    return True if entry["code"] == f"{CODE}B" else None
