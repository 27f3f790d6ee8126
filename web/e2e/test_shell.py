"""The frame: the palette leads anywhere, the key sheet tells the keys, and the whole shell speaks either language."""

import re

from e2e.audit import stumbles
from e2e.conftest import Sit

# Letters only Vietnamese has; names of people, companies and the product's own name keep theirs.
VIETNAMESE = re.compile("[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệịỉọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", re.IGNORECASE)

# Where Enter leads from box to box of a new receipt, and then through its first row. A contract: hands know it.
ORDER = [
    "partner", "partner_name", "address", "payer", "reason", "description", "employee", "original_documents",
]  # fmt: skip

NAMELESS = """(boxes) => boxes
  .filter((box) => !box.labels?.length && !box.getAttribute('aria-label'))
  .map((box) => box.outerHTML)"""


def test_the_palette_the_key_sheet_and_english(sit: Sit) -> None:
    desk = sit()
    desk.press("Control+k")
    desk.sees_focus("palette-input")
    desk.write("cong no")
    desk.see("palette-goal", "Sổ chi tiết công nợ")
    desk.press("Escape")
    desk.see_gone("palette-input")

    desk.go("sổ cái tài khoản")
    desk.see_gone("home")
    desk.go("việc cần xử lý")
    desk.see("home", "Việc cần xử lý")

    desk.go("thêm phiếu thu")
    desk.sees_focus("partner")
    desk.press("F1")
    for said in ("Cất", "Ctrl+Enter", "Chép ô trên", "Ctrl+D", "Điền số tiền cân đối", "Ctrl+B"):
        desk.see("key-sheet-body", said)
    desk.press("Escape")
    desk.see_gone("key-sheet-body")

    desk.go("đổi ngôn ngữ")
    desk.see("menu", "Cash receipt")
    assert VIETNAMESE.findall(desk.text("menu")) == []
    assert desk.ask("document.documentElement.lang") == "en"
    desk.see("voucher-title", "New cash receipt")


def test_enter_walks_the_boxes_of_a_receipt_in_one_known_order(sit: Sit) -> None:
    desk = sit()
    desk.go("thêm phiếu thu")
    desk.sees_focus("partner")
    seen = []
    for _ in ORDER:
        seen.append(desk.focus())
        desk.press("Enter")
    assert seen == ORDER
    for css in ("input", "select"):
        assert desk.select(f"main {css}").evaluate_all(NAMELESS) == []
    grid = desk.select("[role=grid]").first
    assert grid.get_attribute("aria-rowcount")
    assert grid.locator("[role=gridcell]:not([aria-colindex])").count() == 0


SCREENS = {
    "phiếu thu": "voucher-list", "thêm phiếu chi": "voucher", "đối tượng": "catalog", "kết quả đồng bộ": "sync-screen",
    "khóa sổ": "locks", "thông tin công ty": "company", "cân đối số phát sinh": "report", "số dư đầu kỳ": "voucher",
    "hệ thống tài khoản": "catalog", "đổi ngôn ngữ": "catalog",
    # and the same in English, whose words are of other lengths
    "new payment order": "voucher", "company": "company", "bank balances": "report", "voucher numbers": "numbers",
}  # fmt: skip


def test_every_screen_names_its_controls_and_can_be_read(sit: Sit) -> None:
    desk = sit(user="ketoantruong")
    desk.see("home")
    found = {"home": stumbles(desk)}
    for goal, screen in SCREENS.items():
        desk.go(goal)
        desk.see(screen)
        desk.settle()
        found[goal] = stumbles(desk)
    desk.press("F1")
    desk.see("key-sheet-body")
    found["keys"] = stumbles(desk)
    desk.press("Escape", "Control+k")
    desk.sees_focus("palette-input")
    found["palette"] = stumbles(desk)
    assert {screen: faults for screen, faults in found.items() if faults} == {}


SLOW = "(() => { const own = setTimeout.bind(window); window.setTimeout = (run, ms) => own(run, (ms ?? 0) + 300); })()"
LATER = "new Promise((done) => setTimeout(done, 100))"  # behind every timer that was set before


def test_a_window_that_opens_slowly_takes_no_letters_from_the_box_one_types_in(sit: Sit) -> None:
    desk = sit()
    desk.go("đối tượng")
    desk.sees_focus("entries")
    desk.ask(SLOW)
    desk.press("Insert")
    desk.sees_focus("code")
    desk.press("Enter")
    desk.write("Công ty")
    desk.ask(LATER)
    desk.write(" Mây Trắng")
    assert desk.value("entry-name") == "Công ty Mây Trắng"


def test_the_focus_stands_where_one_goes_on(sit: Sit) -> None:
    """Behind the login, on a screen that appears, after a save: Tab and a screen reader begin at the work."""
    desk = sit()
    desk.sees_focus("new-cash_receipt")
    desk.receipt("kh006", "thu tien khach", "1tr3")
    desk.press("Control+Enter")
    desk.see("voucher-title", "Phiếu thu PT")
    desk.sees_focus("voucher-title")
    desk.press("Tab")
    desk.sees_focus("act-previous")
    desk.see_mark("2", "Đã ghi sổ")
    desk.press("Control+g")
    desk.see_mark("2", "Đã đồng bộ")
    desk.edit(text="thu tien khach lan hai")
    desk.press("Control+Enter")
    desk.sees_focus("voucher-title")
    desk.press("Alt+Home")
    desk.sees_focus("new-cash_receipt")
