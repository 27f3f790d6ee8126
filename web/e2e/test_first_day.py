"""The first day of a company: from nothing to the first report, by keyboard, with catalogs made on the way."""

from e2e.conftest import Sit
from e2e.desk import Desk


def test_an_empty_company_is_set_up_opened_and_reports_its_first_receipt(sit: Sit) -> None:
    desk = sit(user="admin")
    desk.see("companies")
    desk.walk("ArrowDown", "company-khoinguyen")
    desk.press("Enter")

    desk.see("setup")
    desk.sees_focus("name")
    desk.press("Enter")
    desk.fill("0102957415", "Số 8 phố Tràng Thi, Hà Nội", "Nguyễn Thị Khởi", "Lê Văn Nguyên", "Trần Thị Quỹ")
    desk.sees_focus("regime")
    assert desk.value("setup-regime") == "Thông tư 99"
    desk.press("Control+Enter")
    desk.see("toast", "Đã thiết lập xong")
    desk.see("home")

    desk.go("số dư đầu kỳ")
    desk.sees_focus("description")
    desk.walk("Enter", "0.account")
    amount(desk, "1111", "0.debit_amount", "50tr")
    assert desk.cells("grid-accounts", 0)["fund"] == "QUY"  # the only one: a payment from it finds the money
    amount(desk, "41111", "1.credit_amount", "250tr")
    desk.see("balance-mark", "Chênh lệch")
    desk.see_attribute("balance-mark", "data-balanced", "false")

    desk.press("F6")  # bank accounts: one is added on the way, and the cell holds it
    desk.sees_focus("0.account")
    desk.write("1121")
    desk.press("Tab")
    desk.write("0451000288377")
    desk.press("F9")
    desk.see_value("entry-code", "0451000288377")
    desk.walk("Enter", "name")
    desk.write("VCB chính")
    desk.walk("Enter", "bank_name")
    desk.write("Ngân hàng TMCP Ngoại thương Việt Nam")
    desk.press("Control+Enter")
    desk.see_gone("entry-form-body")
    desk.sees_focus("0.bank_account")
    assert desk.value("grid-bank_accounts-live") == "0451000288377"
    desk.walk("Tab", "0.debit_amount")
    desk.write("200tr")
    desk.press("Enter")

    desk.press("F6")  # partners, debit and credit apart
    desk.sees_focus("0.account")
    partner(desk, "131", "KH01", "Công ty TNHH Bình Minh")
    desk.walk("Tab", "0.debit_amount")
    desk.write("30tr")
    desk.walk("Tab", "1.account")
    partner(desk, "331", "NCC01", "Công ty Cổ phần Hoàng Hôn")
    desk.walk("Tab", "1.credit_amount")
    desk.press("Control+b")
    assert desk.value("grid-partners-live") == "30.000.000"
    desk.press("Enter")
    desk.see_attribute("balance-mark", "data-balanced", "true")
    desk.see("balance-mark", "Nợ = Có")
    desk.keep()

    desk.receipt("kh01", "thu tien khach", "12tr")
    desk.keep()
    with desk.paper() as slips:
        desk.press("F7")
    for said in ("Công ty Cổ phần Khởi Nguyên", "MST: 0102957415", "Công ty TNHH Bình Minh", "Trần Thị Quỹ"):
        assert said in slips[0]

    desk.go("cân đối số phát sinh")
    shown = {code: desk.row("report-rows", name) for code, name in NAMED.items()}
    assert figures(shown["1111"]) == ("50.000.000", "", "12.000.000", "", "62.000.000", "")
    assert figures(shown["131"]) == ("30.000.000", "", "", "12.000.000", "18.000.000", "")
    assert figures(shown["331"]) == ("", "30.000.000", "", "", "", "30.000.000")
    with desk.paper() as pages:
        desk.press("F7")
    assert "BẢNG CÂN ĐỐI SỐ PHÁT SINH" in pages[0].upper()


NAMED = {"1111": "Tiền Việt Nam", "131": "Phải thu của khách hàng", "331": "Phải trả cho người bán"}
COLUMNS = ("opening_debit", "opening_credit", "debit", "credit", "closing_debit", "closing_credit")


def amount(desk: Desk, account: str, place: str, typed: str) -> None:
    """One account's balance, and on to the next row."""
    desk.write(account)
    desk.walk("Tab", place)
    desk.write(typed)
    desk.walk("Enter", f"{int(place[0]) + 1}.account")


def partner(desk: Desk, account: str, code: str, name: str) -> None:
    """An account with a partner that is made in place."""
    desk.write(account)
    desk.press("Tab")
    desk.write(code)
    desk.press("F9")
    desk.see_value("entry-code", code)
    desk.walk("Enter", "name")
    desk.write(name)
    desk.press("Control+Enter")
    desk.see_gone("entry-form-body")
    assert desk.value("grid-partners-live") == code


def figures(row: dict[str, str]) -> tuple[str, ...]:
    """The six figures of a row of the trial balance."""
    return tuple(row[name] for name in COLUMNS)
