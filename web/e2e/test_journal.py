"""Twenty lines without a mouse: Enter, Tab, ghosts of the row above, Ctrl+D, Ctrl+B, figures as they are typed here."""

import unicodedata

from e2e.conftest import Company, Sit

# How each amount is typed, and what it is.
AMOUNTS = (
    ("1tr5", 1_500_000), ("150k", 150_000), ("=12*350000", 4_200_000), ("2,5tr", 2_500_000), ("1.250.000", 1_250_000),
    ("850 nghìn", 850_000), ("3tr", 3_000_000), ("=3*125k", 375_000), ("990k", 990_000), ("1tr25", 1_250_000),
    ("640.000", 640_000), ("75000", 75_000), ("=(2+3)*110k", 550_000), ("2tr", 2_000_000), ("480k", 480_000),
    ("1,2tr", 1_200_000),
)  # fmt: skip
REST_OF_ROW = 8  # cells from the amount to the next row
FIRST = "Phân bổ tiền thuê văn phòng tháng 1"
SECOND = "Phân bổ tiền điện, nước"


def test_twenty_lines_are_typed_by_enter_tab_ghosts_and_four_keys(sit: Sit, company: Company) -> None:
    desk = sit()
    desk.go("thêm chứng từ nghiệp vụ khác")
    desk.sees_focus("partner")
    desk.press("F6", "Tab")
    desk.write("5/1")
    desk.press("Tab")
    assert desk.value("field-accounting_date").startswith("05/01/")
    desk.press("F6")
    desk.sees_focus("0.description")

    # An input method composes the first letters; its own Enter is not ours.
    desk.compose("p", "ph", "phâ", "phân", stay=False)
    desk.press("Enter")
    assert desk.focus() == "0.description"
    desk.compose("phân", "Phân")
    desk.insert(unicodedata.normalize("NFD", FIRST.removeprefix("Phân")))
    desk.press("Enter")
    desk.write("6427")
    desk.press("Tab")
    desk.write("242")
    desk.press("Tab")

    for row, (typed, _) in enumerate(AMOUNTS):
        assert desk.focus() == f"{row}.amount"
        desk.write(typed)
        desk.press("Tab*4" if row % 2 else "Enter*4")
        if row == 2:
            desk.write("km02")  # from here on every row repeats the expense item
        desk.press(f"Enter*{REST_OF_ROW - 4}")
        desk.press("Tab*3")  # over the ghosts of the new row

    # Line 17: the whole row above by one key, then another amount and description.
    desk.press("Shift+Tab*3", "Control+d")
    assert desk.cells("grid-lines", 16) == desk.cells("grid-lines", 15)
    desk.write(SECOND)
    desk.press("Tab*3")
    desk.write("300k")
    desk.press(f"Enter*{REST_OF_ROW}", "Tab")
    # Line 18: one cell copied from above into a row with an amount of its own.
    desk.write("6422")
    desk.press("Tab*2")
    desk.write("120k")
    desk.press("Shift+Tab*2", "Control+d")
    assert desk.cells("grid-lines", 17)["debit_account"] == "6427"
    desk.press("Tab*2", f"Enter*{REST_OF_ROW}")
    # Line 19: the last description repeated, then the row is walked over by its ghosts.
    desk.press("Control+r", "Tab*3")
    desk.write("80k")
    desk.press(f"Enter*{REST_OF_ROW}")
    # Line 20: the supplier's bill that all this came from balances the account it passed through.
    desk.write("Hóa đơn thuê văn phòng, điện, nước")
    desk.press("Enter")
    desk.write("242")
    desk.press("Enter")
    desk.write("331")
    desk.press("Enter", "Control+b")
    total = sum(amount for _, amount in AMOUNTS) + 300_000 + 120_000 + 80_000
    assert desk.value("grid-lines-live") == f"{total:,}".replace(",", ".")
    desk.press("Enter*2")
    desk.write("ncc004")
    desk.press(f"Enter*{REST_OF_ROW - 2}")
    assert desk.focus() == "20.description"
    desk.press("Enter")  # on the empty last row: out of the lines
    desk.sees_focus("save")
    desk.press("Enter")
    desk.see_mark("2", "Đã ghi sổ")

    with company.workstation() as station:
        kept = station.books("GET", f"/vouchers/{desk.path().rsplit('/', 1)[1]}")["body"]
    lines = kept["lines"]
    assert len(lines) == 20
    assert [int(line["amount"]) for line in lines[:19]] == [value for _, value in AMOUNTS] + [300_000, 120_000, 80_000]
    assert int(lines[19]["amount"]) == total
    assert {line["description"] for line in lines[:16]} == {FIRST}
    assert {line["description"] for line in lines[16:19]} == {SECOND}
    assert {(line["debit_account"], line["credit_account"]) for line in lines[:19]} == {("6427", "242")}
    assert (lines[19]["debit_account"], lines[19]["credit_account"]) == ("242", "331")
    expense = company.sample.catalogs.ids["KM02"]
    assert [line.get("expense_item") for line in lines[:19]] == [None, None] + [expense] * 17
    assert unicodedata.is_normalized("NFC", str(kept))
    desk.see("totals", f"{2 * total:,}".replace(",", "."))
