"""Takes the documents' pictures of the running product (`make pictures`): the demo's company, by keyboard."""

from __future__ import annotations

import shutil
import sys
import tempfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from e2e.conftest import ZONE, Company, cut, receipt
from e2e.desk import SCREEN, Desk
from socai.lab.browser import driven_browser
from socai.lab.clerk import Line
from socai.lab.client import Workstation, new_ident, wait_for
from socai.lab.company import PASSWORD
from socai.lab.sample import HANOI, HCM, Sample, last_day
from socai.lab.stack import Stack

PARTNER = "KH001"
TEXT = "Thu tiền bán máy chiếu"


def sit(browser: Browser, company: Company) -> Desk:
    """The chief accountant, logged in at Hà Nội."""
    context = browser.new_context(viewport=SCREEN, locale="vi-VN", timezone_id=ZONE.key, service_workers="block")
    desk = Desk(context, company.stack.offices[HANOI].address)
    desk.log_in("ketoantruong", PASSWORD)
    return desk


def keep(desk: Desk, file: Path) -> None:
    """The picture of a screen that has come to rest."""
    desk.see_gone("toast")
    desk.settle()
    desk.shot(file)


def payment(desk: Desk) -> None:
    """A payment with its invoice, posted."""
    desk.payment("ncc002", "Lê Thị Ngọc Lan", "chi mua ngoai", "=12*350000")
    desk.press("F6")
    desk.sees_focus("0.tax_rate")
    desk.write("8")
    desk.press("Enter*4")
    desk.fill("1C26TDN", "0001234", "20/11", "ncc002")
    desk.keep()


def quarrel(company: Company, today: date) -> None:
    """While the line of Hà Nội is cut, both offices change one receipt and one partner."""
    line = company.stack.offices[HANOI].line
    with company.workstation(HANOI, "ketoan.hn") as mine, company.workstation(HCM, "ketoantruong") as theirs:
        body = receipt(company.sample, today, Line("cash", "receivable", 21_500_000), TEXT, PARTNER)
        voucher = str(mine.save_voucher(body)["id"])
        mine.wait_drained()
        wait_for("the receipt at the other office", lambda: theirs.voucher(voucher))
        ident = company.sample.catalogs.ids[PARTNER]
        with cut(line):
            wait_for("the line is down", lambda: None if mine.sync_state()["online"] else True)
            edit(mine, voucher, {**body, "description": f"{TEXT} theo hợp đồng số 9"})
            edit(theirs, voucher, {**body, "description": f"{TEXT} theo biên bản giao hàng"})
            change(mine, ident, name="Công ty Cổ phần Xây dựng Đông Đô (miền Bắc)", phone="0903 555 777")
            change(theirs, ident, tax_code="0312345678", note="Đổi mã số thuế theo giấy phép kinh doanh mới")
            theirs.wait_drained()
        wait_for("both conflicts", lambda: mine.sync_state()["conflicts"] == 2 or None)


def edit(station: Workstation, voucher: str, body: dict[str, Any]) -> None:
    """Somebody changes the voucher as it was first saved."""
    act = {"act_id": new_ident(), "revision": 1, "body": body, "post_to": [], "answered": []}
    station.books("PUT", f"/vouchers/{voucher}", act)


def change(station: Workstation, partner: str, **more: str) -> None:
    """Somebody changes a partner."""
    found = station.books("GET", f"/catalog/partner/{partner}")
    act = {"act_id": new_ident(), "base": found["revision"], "body": {**found["body"], **more}}
    station.books("PUT", f"/catalog/partner/{partner}", act)


def conflict(desk: Desk) -> None:
    """The partner that two offices changed, field by field."""
    desk.go("đối tượng")
    desk.to_row("entries", PARTNER)
    desk.press("Alt+r")
    desk.see("compare-table", "ketoantruong")


def offline(desk: Desk) -> None:
    """The list of receipts while the line is cut, two of them saved meanwhile."""
    desk.see_line(False)
    for partner, text, amount in (("kh006", "thu tien khach", "21978k"), ("kh004", "thu tien khach", "1tr2")):
        desk.receipt(partner, text, amount)
        desk.press("Control+Enter")
        desk.see("saved-here")
    desk.go("phiếu thu")
    desk.see_row("vouchers", "Xung đột")


def take(folder: Path) -> None:
    """All pictures, into a folder."""
    today = datetime.now(ZONE).date()
    home = Path(tempfile.mkdtemp(prefix="socai-pictures-"))
    try:
        with Stack(home, (HANOI, HCM), durable=False) as stack, driven_browser() as browser:
            sample = Sample(stack)
            sample.load(last_day(today))
            company = Company(stack, sample, stack.offices[HCM])
            desk = sit(browser, company)
            payment(desk)
            keep(desk, folder / "payment.png")
            desk.go("cân đối số phát sinh")
            desk.sees_focus("report-rows")
            desk.see_row("report-rows", "Tiền mặt")
            keep(desk, folder / "trial-balance.png")
            quarrel(company, last_day(today))
            conflict(desk)
            keep(desk, folder / "conflict.png")
            desk.press("Escape")
            with cut(stack.offices[HANOI].line):
                offline(desk)
                keep(desk, folder / "list.png")
            desk.stand_up()
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    take(Path(sys.argv[1]))
