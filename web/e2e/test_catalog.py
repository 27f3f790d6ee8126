"""A catalog from first entry to last: added, found, edited, stopped, used again, deleted; but not while it is used."""

from e2e.conftest import Sit

CODE, NAME, RENAMED = "KH777", "Công ty TNHH Hạt Điều Xanh", "Công ty Cổ phần Hạt Điều Xanh"


def test_an_entry_is_added_edited_stopped_and_deleted_but_not_while_a_voucher_uses_it(sit: Sit) -> None:
    desk = sit()
    desk.new_entry("đối tượng", CODE)
    desk.press("Control+Enter")  # without a name it is refused, at the box that lacks it
    desk.sees_focus("name")
    desk.see("entry-name-fault")
    desk.write(NAME)
    desk.press("Control+Enter")
    desk.see("toast", f"Đã cất {NAME}")
    desk.sees_focus("entries")

    desk.press("F3")
    desk.sees_focus("find")
    desk.write("hat dieu")
    desk.press("Enter")
    desk.sees_focus("entries")
    desk.see("entries", "1 mục")
    assert NAME in desk.current("entries")
    desk.press("Enter")
    desk.sees_focus("code")  # where typing begins, not the button that closes
    desk.press("Enter")
    desk.write(RENAMED)
    desk.press("Control+Enter")
    desk.see_row("entries", RENAMED)
    desk.sees_focus("entries")

    desk.press("Alt+t")  # stopped: it leaves the list, and no new voucher finds it
    desk.see_no_row("entries", CODE)
    desk.go("thêm phiếu thu")
    desk.sees_focus("partner")
    desk.write("hat dieu")
    desk.see("suggestions", "Không tìm thấy")
    desk.press("Escape*2")
    desk.go("đối tượng")
    desk.sees_focus("entries")
    desk.press("Shift+Tab")
    desk.sees_focus("filter-active")
    desk.press("ArrowDown", "Tab")
    desk.see_row("entries", RENAMED)
    desk.press("Alt+t")
    desk.see_no_row("entries", CODE)

    desk.receipt("hat dieu", "thu tien khach", "1tr")
    desk.keep()
    desk.go("đối tượng")
    desk.sees_focus("entries")
    desk.find_entry(CODE)
    desk.see("entries", "1 mục")
    desk.see_attribute("delete", "data-refused", "Đã có chứng từ dùng: chỉ ngừng theo dõi được.")
    desk.press("Delete")
    desk.see("toast", "Đã có chứng từ dùng")
    assert RENAMED in desk.current("entries")

    desk.new_entry("đối tượng", "KH778", "Gõ nhầm")  # one that nothing uses may go
    desk.press("Control+Enter")
    desk.see_gone("entry-form-body")
    desk.find_entry("KH778")
    desk.see("entries", "1 mục")
    desk.press("Delete")
    desk.see("confirm-body", "Xóa Gõ nhầm?")
    desk.sees_focus("confirm-yes")
    desk.press("Enter")
    desk.see_no_row("entries", "KH778")
