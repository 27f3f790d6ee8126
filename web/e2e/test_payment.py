"""A payment with an invoice: the tax tab begins with what is not yet taxed, and posts beside the lines."""

import time

from e2e.conftest import Sit


def test_a_payment_with_a_tax_line_posts_the_expense_and_the_input_tax(sit: Sit) -> None:
    invoice = f"0{time.time_ns() // 1_000_000 % 1_000_000:06}"  # one that no earlier voucher declared
    desk = sit()
    desk.payment("ncc002", "Lê Thị Ngọc Lan", "chi mua ngoai", "=12*350000")
    desk.press("F6")  # the tax tab: the description and the untaxed amount stand there as ghosts
    desk.sees_focus("0.tax_rate")
    desk.write("8")
    desk.press("Enter")
    assert desk.value("grid-taxes-live") == "336.000"
    desk.press("Enter*3")
    desk.fill("1C26TDN", invoice, "5/1", "ncc002")
    assert desk.value("grid-taxes-live") == "Công ty Cổ phần Thiết bị Văn phòng Đại Nam"
    assert "4.536.000" in desk.text("totals")
    assert desk.cells("grid-taxes", 0) == {
        "description": "Chi mua ngoài có hóa đơn", "net_amount": "4.200.000", "tax_rate": "8%", "tax_amount": "336.000",
        "tax_account": "1331", "credit_account": "1111", "invoice_series": "1C26TDN", "invoice_number": invoice,
        "invoice_date": "05/01/2026", "supplier": "NCC002",
        "supplier_name": "Công ty Cổ phần Thiết bị Văn phòng Đại Nam", "supplier_tax_code": "0104795216",
    }  # fmt: skip
    desk.keep()
    desk.walk("F6", "tab-lines", most=3)  # a voucher only looked at: its tabs are a stop, the arrows turn them
    desk.press("ArrowRight")
    desk.sees_focus("tab-taxes")
    desk.see("grid-taxes", invoice)

    number = desk.value("field-number")
    with desk.paper() as slips:
        desk.press("F7")
    for said in ("PHIẾU CHI", "Mẫu số 02-TT", "Nợ: 6428, 1331", "Có: 1111", "Người nhận tiền: Lê Thị Ngọc Lan"):
        assert said in slips[0]
    assert "Bốn triệu năm trăm ba mươi sáu nghìn đồng chẵn." in slips[0]

    desk.press("Alt+c")  # the same invoice once more is asked about before it is kept
    desk.sees_focus("partner")
    desk.press("Control+Enter")
    desk.see("warnings-body", f"Hóa đơn 1C26TDN số {invoice} của MST 0104795216 đã được kê khai ở chứng từ {number}")
    desk.press("Escape")
    desk.see_gone("warnings-body")
    desk.go("sổ nhật ký chung")
    desk.sees_focus("report-rows")
    desk.see("report-rows-row")
    desk.press("End")
    desk.see_row("report-rows", number)
    rows = [row for row in desk.texts("report-rows-row") if number in row]
    assert [row.split(" x ")[1].split(" ", 1)[1] for row in rows] == [
        "6428 1111 4.200.000", "1111 6428 4.200.000", "1331 1111 336.000", "1111 1331 336.000",
    ]  # fmt: skip
