"""Row 6: what fails comes back as a mark and as work to do, says why and what helps, and is mended by keys."""

import re
from collections.abc import Iterator

import pytest

from e2e.conftest import Company, Sit
from socai.lab.client import new_ident
from socai.lab.sample import HANOI, HCM

ACCOUNT = "3388"


@pytest.fixture
def account(company: Company) -> Iterator[str]:
    """An account that the story switches off; it is used again for the stories that follow, whatever happened."""
    yield ACCOUNT
    use_again(company, ACCOUNT)


def test_an_account_switched_off_elsewhere_fails_the_posting_which_is_mended_and_posted(
    sit: Sit, company: Company, account: str
) -> None:
    line = company.stack.offices[HANOI].line
    desk, elsewhere = sit(HANOI), sit(HANOI)  # the same person at two workstations
    line.cut()
    try:
        desk.see_line(False)
        switch_off(sit, account)

        desk.receipt("kh002", "phai tra khac", "2tr")
        desk.watch_marks()
        desk.keep("1", "Chưa đồng bộ")
        desk.see("saved-here", "sẽ tự đồng bộ khi có mạng")
        number = desk.value("field-number")
        first = desk.path()
        desk.press("Alt+c")
        desk.sees_focus("partner")
        desk.press("Control+Enter")
        desk.see_value("field-number", re.compile(f"^(?!{number}$).+"))
        desk.see_mark("1", "Chưa đồng bộ")
        second = desk.value("field-number")
        desk.open(first)
        desk.see("voucher-title", number)
        desk.watch_marks()
    finally:
        line.mend()
    desk.see_mark("3", re.compile("lỗi|không thành công", re.IGNORECASE))
    assert desk.marks()[0] == "1"
    assert desk.marks()[-1] == "3"
    desk.see("failed", account)
    desk.receipts_in(number, "Ghi sổ lỗi", "3")
    desk.receipts_in("", "Mọi trạng thái")
    desk.see_line(True)
    desk.see("sync-mark", "lỗi")
    elsewhere.see("toast", account)  # whoever saved is told wherever they are
    assert int(elsewhere.see("todo-badge").inner_text()) >= 2
    for failed in (number, second):
        elsewhere.see("todo", failed)

    # The work to do: opened from the sync results by one key, mended, and this time posted.
    desk.go("kết quả đồng bộ")
    row = desk.see_row("sync-results", number)
    for said in ("Thu hộ, phải trả khác", account, "ketoan.hn"):
        assert said in row.inner_text()
    assert row.locator("[data-cell=cure]").inner_text() != ""
    desk.to_row("sync-results", number)
    desk.press("Enter")
    desk.see("voucher-title", number)
    desk.press("Control+e")
    desk.sees_focus("partner")
    desk.press("F6*2")
    desk.sees_focus("0.description")
    desk.press("Tab*2")
    desk.write("711")
    desk.press("Enter", "Control+Enter")
    desk.see_mark("2", "Đã ghi sổ")
    desk.see_gone("failed")
    desk.go("kết quả đồng bộ")
    desk.see("sync-state", "Trực tuyến")
    desk.see_no_row("sync-results", number)

    # Nothing is wrong with the other one once the account is used again: one key in the to-do list.
    use_again(company, account)
    elsewhere.to_todo(second, "todo-retry")
    elsewhere.press("Enter")
    elsewhere.see("toast", f"Đã gửi lại {second}")
    for mended in (number, second):
        elsewhere.see_gone("todo", mended)


def switch_off(sit: Sit, account: str) -> None:
    """The chief accountant at the other office stops an account being used."""
    chief = sit(HCM, "ketoantruong")
    chief.go("hệ thống tài khoản")
    chief.sees_focus("entries")
    chief.find_entry(account)
    chief.press("Enter")
    chief.see("entry-form-body")
    chief.see_value("entry-code", account)
    chief.walk("Tab", "active")
    chief.press("Space", "Control+Enter")
    chief.see_gone("entry-form-body")
    chief.see("toast", "Đã cất")
    chief.see_attribute("sync-mark", "data-pending", "0")


def use_again(company: Company, account: str) -> None:
    """The account is used again, and this office has heard of it."""
    for office in (HCM, HANOI):
        with company.workstation(office, "ketoantruong") as station:
            if office == HCM:
                entry = station.books("GET", f"/catalog/account/{account}")
                if not entry["body"].get("active", True):
                    asked = {"act_id": new_ident(), "base": entry["revision"], "body": entry["body"] | {"active": True}}
                    station.books("PUT", f"/catalog/account/{account}", asked)
            station.wait_drained()
