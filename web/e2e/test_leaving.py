"""Nothing half-typed is dropped without a question, whichever way somebody leaves; and nobody is asked without need."""

from e2e.conftest import Sit
from e2e.desk import Desk

TYPED = "Thu tiền chưa cất"


def half_type(desk: Desk) -> None:
    """A new receipt with a reason typed, and its row begun."""
    desk.go("phiếu thu")
    desk.sees_focus("vouchers")
    desk.press("Alt+n")
    desk.sees_focus("partner")
    desk.walk("Enter", "description")
    desk.write(TYPED)


def stay(desk: Desk, place: str) -> None:
    """The question is there; typing goes on where it was."""
    desk.sees_focus("leaving-stay")
    desk.press("Enter")
    desk.see_gone("leaving-body")
    desk.sees_focus(place)
    assert desk.value("field-description") == TYPED


def test_every_way_out_of_a_half_typed_voucher_asks_first(sit: Sit) -> None:
    desk = sit(user="ketoantruong")
    half_type(desk)
    new = desk.path()

    desk.go("cân đối số phát sinh")  # by the palette
    stay(desk, "description")
    desk.press("Alt+Home")  # by a key that leads home
    stay(desk, "description")
    desk.press("Alt+m")  # by a link of the menu
    desk.walk("ArrowDown", "menu-/sync")
    desk.press("Enter")
    stay(desk, "menu-/sync")
    desk.walk("Shift+Tab", "choose-branch", most=60)  # another branch would bring another form
    desk.press("ArrowDown")
    stay(desk, "choose-branch")
    assert desk.reload_and_stay() == "beforeunload"
    desk.back()
    stay(desk, "choose-branch")
    assert desk.path() == new

    desk.back()  # and when they are to be dropped, it goes where Back leads
    desk.sees_focus("leaving-stay")
    desk.press("Tab", "Enter")
    desk.sees_focus("vouchers")
    desk.see_no_row("vouchers", TYPED)
    desk.press("Alt+n")
    desk.sees_focus("partner")
    assert desk.value("field-description") == ""


def test_nobody_is_asked_who_typed_nothing_or_has_saved(sit: Sit) -> None:
    desk = sit()
    desk.go("thêm phiếu thu")
    desk.sees_focus("partner")
    desk.go("phiếu thu")
    desk.sees_focus("vouchers")

    half_type(desk)
    desk.press("F6*2")
    desk.sees_focus("0.credit_account")
    desk.write("5111")
    desk.press("Tab")
    desk.sees_focus("0.amount")
    desk.write("3tr")
    desk.press("Control+Enter")
    desk.see_attribute("voucher", "data-mode", "view")
    desk.reload()
    desk.see_mark("2", "Đã ghi sổ")
    desk.go("cân đối số phát sinh")
    desk.sees_focus("report-rows")
    desk.back()
    desk.see("voucher-title", "Phiếu thu")

    desk.press("Control+Shift+e")
    desk.see_attribute("voucher", "data-mode", "quick")
    desk.press("Escape")  # an edit in which nothing was typed
    desk.see_gone("voucher")


def test_a_letter_in_an_open_box_is_enough_for_the_question(sit: Sit) -> None:
    desk = sit()
    desk.new_entry("đối tượng")
    desk.write("X")
    assert desk.reload_and_stay() == "beforeunload"
    desk.back()
    desk.sees_focus("leaving-stay")
    desk.press("Enter")
    desk.sees_focus("code")
    desk.press("Escape")
    desk.sees_focus("leaving-stay")
    desk.press("Tab", "Enter")
    desk.sees_focus("entries")
