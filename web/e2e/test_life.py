"""Rows 2 and 4: a voucher's life as a person sees it, state by state, and what may be done meanwhile."""

import re
from contextlib import ExitStack, closing

from e2e.conftest import Company, Sit, cut, still
from socai.core.life import LEASE_SECONDS
from socai.dataserver.books import REPLICA_FILE
from socai.dataserver.store.file import open_writer
from socai.lab.sample import HANOI, TENANT

UNDER_WAY = re.compile("thực hiện")


def test_every_state_is_an_icon_with_its_word_and_the_list_finds_it(sit: Sit, company: Company) -> None:
    """Row 2: chưa đồng bộ, đang đồng bộ và ghi sổ, đang ghi sổ, đã ghi sổ, đang đồng bộ, đang bỏ ghi, đã đồng bộ, đang
    xóa; the others are seen where they come from (test_failure, test_refused, test_conflict, test_anyway)."""
    stack, desk = company.stack, sit(HANOI, "ketoantruong")
    with cut(stack.offices[HANOI].line):
        desk.see_line(False)
        desk.receipt("kh005", "thu tien khach", "1tr1")
        number = desk.keep("1", "Chưa đồng bộ")
        place = desk.path()
        desk.receipts_in(number, "Chưa đồng bộ", "1")
        desk.open(place)
    desk.see_mark("2", "Đã ghi sổ")
    desk.see_line(True)

    with ExitStack() as posting:
        posting.enter_context(still(stack.worker))
        with still(stack.cloud):  # on its way, and nobody answers
            desk.press("Alt+c")
            desk.sees_focus("partner")
            desk.keep("1", "Đang đồng bộ và ghi sổ")
            desk.see("in-flight", "chậm nhất sau 5 phút")
            number, place = desk.value("field-number"), desk.path()
            desk.receipts_in(number, "Đang đồng bộ và ghi sổ", "1")
            desk.open(place)
        desk.see_mark("1", "Đang ghi sổ")  # taken; the lane has not come to it
        desk.receipts_in(number, "Đang thực hiện", "1")
    desk.receipts_in(number, "Đã ghi sổ", "2")

    with still(stack.cloud):  # what moves no book is changed where it stands
        desk.press("Enter")
        desk.see("voucher-title", number)
        desk.see_mark("2", "Đã ghi sổ")  # not as it was when one left it
        desk.press("Control+Shift+e")
        desk.see_attribute("voucher", "data-mode", "quick")
        desk.walk("Tab", "description")
        desk.write("Thu tiền khách, nói rõ hơn")
        desk.keep("1", "Đang đồng bộ")
        desk.receipts_in(number, "Đang đồng bộ", "1")
    desk.receipts_in(number, "Đã ghi sổ", "2")

    with still(stack.worker):
        desk.press("Control+g")
        desk.receipts_in(number, "Đang bỏ ghi", "1")
    desk.receipts_in(number, "Đã đồng bộ", "2")
    with still(stack.cloud):
        desk.press("Delete")
        desk.sees_focus("confirm-yes")
        desk.press("Enter")
        desk.receipts_in(number, "Đang xóa", "1")
    desk.receipts_in("", "Mọi trạng thái")
    desk.see_no_row("vouchers", number)


def test_an_unposting_that_fails_says_so_and_is_tried_again(sit: Sit, company: Company) -> None:
    """Row 2: bỏ ghi lỗi, where the period was locked before the unposting reached the cloud."""
    desk = sit(HANOI)
    desk.receipt("kh005", "thu tien khach", "1tr2", day="20/1")
    number = desk.keep()
    try:
        with cut(company.stack.offices[HANOI].line):
            desk.see_line(False)
            desk.press("Control+g")
            desk.see_mark("1", "Chưa đồng bộ")
            company.lock("2026-01-31")
        desk.see_mark("1", "Bỏ ghi lỗi")
        desk.see("failed", "31/01/2026")
        desk.receipts_in(number, "Bỏ ghi lỗi", "1")
        desk.press("Enter")
        desk.see("voucher-title", number)
    finally:
        company.unlock()
    desk.press("F5")
    desk.see("mend-retry")
    desk.press("Alt+Shift+r")
    desk.see_mark("2", "Đã đồng bộ")
    desk.see_gone("failed")


def test_in_flight_acts_are_refused_in_words_until_the_answer_or_for_five_minutes(sit: Sit, company: Company) -> None:
    """Row 4: refused while it is under way, free after five minutes (a sleep counts too), one truth then."""
    stack, desk = company.stack, sit(HANOI, "ketoantruong")
    office = stack.offices[HANOI]
    with still(stack.worker):
        desk.receipt("kh005", "thu tien khach", "1tr3")
        desk.keep("1", "Đang ghi sổ")
        for act in ("edit", "post", "delete"):
            desk.see_attribute(f"act-{act}", "data-refused", UNDER_WAY)
        desk.press("Control+e")
        desk.see("toast", UNDER_WAY)
        desk.see_attribute("voucher", "data-mode", "view")
        # The power fails, and the office starts again five minutes later: nobody has answered, and work goes on.
        office.program.kill()
        try:
            sleep_over(company, desk.path().rsplit("/", 1)[1])
        finally:
            stack.start_office(HANOI)
        desk.see_gone("in-flight")
        desk.edit(text="Thu tiền khách, sửa sau năm phút")
        desk.press("Control+Enter")
        desk.see_attribute("voucher", "data-mode", "view")
    desk.see_mark("2", "Đã ghi sổ")
    assert desk.value("field-description") == "Thu tiền khách, sửa sau năm phút"
    desk.press("Control+g")  # the answer is here: acts are free again
    desk.see_mark("2", "Đã đồng bộ")


def sleep_over(company: Company, voucher: str) -> None:
    """Five minutes pass for an office that does not run: its file is as it would be read so much later."""
    span = LEASE_SECONDS * 1000
    with closing(open_writer(str(company.stack.offices[HANOI].folder / TENANT / REPLICA_FILE))) as file:
        moved = "UPDATE voucher SET lease_wall = lease_wall - ?, lease_tick = lease_tick - ? WHERE id = ?"
        file.execute(moved, (span, span, voucher))
        assert file.changes() == 1
