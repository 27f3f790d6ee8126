"""A receipt, from the list to the printed slip: few keys, icons that change by themselves, the legal form on paper."""

from e2e.conftest import Sit

KEYS_MAX = 8


def test_a_one_line_receipt_takes_eight_keys_beside_its_words_and_posts_by_itself(sit: Sit) -> None:
    desk = sit()
    desk.go("phiếu thu")
    desk.sees_focus("vouchers")
    desk.watch_marks()

    desk.keys = 0
    desk.press("Alt+n")
    desk.sees_focus("partner")
    desk.write("kh001")
    desk.press("Enter*4")  # its name, address and payer were filled in, or may stay empty
    desk.write("thu tien khach")
    desk.press("F6*2")
    desk.write("12tr5")
    desk.press("Control+Enter")
    desk.see_attribute("voucher", "data-mode", "view")
    assert desk.keys <= KEYS_MAX

    desk.see_mark("2", "Đã ghi sổ")
    assert desk.marks() == ["1", "2"]
    assert desk.value("field-partner_name") == "Công ty Cổ phần Xây dựng Đông Đô"
    assert desk.value("field-description") == "Thu tiền khách hàng"
    assert "12.500.000" in desk.text("totals")
    assert "Mười hai triệu năm trăm nghìn đồng chẵn." in desk.text("totals")

    number = desk.value("field-number")
    with desk.paper() as slips:
        desk.press("F7")
    assert len(slips) == 3  # liên
    for copy, slip in enumerate(slips, start=1):
        for said in (
            "PHIẾU THU", "Mẫu số 01-TT", f"Liên {copy}", f"Số: {number}", "Nợ: 1111", "Có: 131",
            "Công ty TNHH Thương mại Minh Phát", "Công ty Cổ phần Xây dựng Đông Đô", "12.500.000 đồng",
            "Mười hai triệu năm trăm nghìn đồng chẵn.", "Nguyễn Văn Minh", "Thủ quỹ", "Lê Thị Ngọc Lan",
        ):  # fmt: skip
            assert said in slip

    desk.press("Escape")
    desk.sees_focus("vouchers")
    assert "Đã ghi sổ" in desk.see_row("vouchers", number).inner_text()
