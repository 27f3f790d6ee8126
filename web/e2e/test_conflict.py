"""Row 7: two offices change one voucher while one is offline; both sides are shown, field by field; one key settles."""

import re
from datetime import date
from typing import Any

import pytest

from e2e.conftest import Company, Sit
from e2e.desk import Desk
from socai.lab.client import wait_for
from socai.lab.company import FIRST_YEAR
from socai.lab.sample import HANOI, HCM

THEIRS, MINE = "Thu tiền theo biên bản của kế toán trưởng", "Thu tiền theo hợp đồng số 9"


@pytest.mark.parametrize("choice", ["theirs", "mine", "new"])
def test_two_offices_change_one_voucher_and_one_key_settles_it(sit: Sit, company: Company, choice: str) -> None:
    voucher = shared_receipt(company)
    line = company.stack.offices[HANOI].line
    desk, other = sit(HANOI), sit(HCM, "ketoantruong")
    line.cut()
    try:
        desk.see_line(False)
        change(desk, voucher, MINE)
        change(other, voucher, THEIRS)
        other.see_mark("2", "Đã ghi sổ")
        if choice == "mine":  # nothing is put on top of what is in the books: it is taken out of them first
            other.press("Control+g")
            with company.workstation(HCM) as station:
                wait_for("theirs out of the books", lambda: rests(station.voucher(voucher)))
    finally:
        line.mend()

    # Nobody's work is lost: both sides are here, who and when.
    desk.see("conflict")
    desk.receipts_in(desk.value("field-number"), "Xung đột", "1")
    desk.press("Enter")
    desk.see("conflict")
    desk.press("Alt+r")
    for said in ("Lý do nộp", MINE, THEIRS, "ketoantruong", "ketoan.hn"):
        desk.see("compare-table", said)
    desk.walk("Tab", f"resolve-{choice}")
    desk.press("Enter")
    desk.see_gone("compare-body")
    desk.see_gone("conflict")
    desk.see_value("field-description", THEIRS if choice == "theirs" else MINE)
    if choice == "new":  # mine stands beside theirs, as a voucher of its own
        desk.see_attribute("voucher", "data-id", re.compile(f"^(?!{voucher})"))
    desk.see_attribute("sync-mark", "data-pending", "0")
    with company.workstation() as station:
        station.wait_drained()
        kept = station.books("GET", f"/vouchers/{voucher}")
    assert kept["conflict"] is None
    assert kept["body"]["description"] == (MINE if choice == "mine" else THEIRS)


def change(desk: Desk, voucher: str, text: str) -> None:
    """Somebody writes another reason into the voucher and saves it."""
    desk.edit(voucher, text)
    desk.press("Control+Enter")
    desk.see_attribute("voucher", "data-mode", "view")


def rests(found: dict[str, Any] | None) -> bool | None:
    """Whether a voucher is in no book and nothing runs; None to go on looking."""
    status = (found or {}).get("status", {})
    return (status.get("book") == "unposted" and not status.get("in_flight")) or None


def shared_receipt(company: Company) -> str:
    """A receipt that is saved, in no book, and known at both offices."""
    with company.workstation() as station:
        saved = station.save_voucher(company.receipt(date(FIRST_YEAR, 3, 4), 4_000_000))
        station.wait_drained()
    with company.workstation(HCM) as station:
        wait_for("the receipt at the other office", lambda: station.voucher(str(saved["id"])))
    return str(saved["id"])
