"""Figures are read in columns: every digit is as wide as every other, in plain and in bold."""

import re
from datetime import date

from e2e.conftest import Company, Sit
from socai.core.entry import FINANCIAL
from socai.lab.company import FIRST_YEAR

# How wide each digit stands in the first row of a table, in a weight.
WIDTHS = """async (weight) => {
  await document.fonts.load(`${weight} 13px "Socai Digits"`, "0123456789");
  const probe = document.createElement('span');
  probe.style.cssText = `position: absolute; visibility: hidden; font-weight: ${weight}`;
  document.querySelector('[data-testid=report-rows]').append(probe);
  const widths = [...'0123456789'].map((digit) => {
    probe.textContent = digit.repeat(20);
    return probe.getBoundingClientRect().width;
  });
  probe.remove();
  return widths;
}"""


def test_figures_stand_in_columns(sit: Sit) -> None:
    desk = sit()
    desk.go("cân đối số phát sinh")
    desk.see("report-rows")
    for weight in (400, 600):
        assert len(set(desk.ask(WIDTHS, weight))) == 1


def test_enter_leads_from_balances_to_the_entries_behind_them(sit: Sit, company: Company) -> None:
    """From an account, a partner and a bank account alike, and from an entry to its voucher."""
    body = company.receipt(date(FIRST_YEAR, 10, 7), 4_300_000, "Thu tiền của Ánh Dương")
    with company.workstation() as station:
        station.wait_posted(str(station.save_voucher(body, (FINANCIAL,))["id"]), FINANCIAL)
    desk = sit(user="ketoantruong")
    desk.go("tổng hợp công nợ")
    desk.sees_focus("account")
    desk.write("131")
    desk.press("Enter", "Control+Enter")
    desk.to_row("report-rows", "KH004")
    desk.see("report", "Enter: mở Sổ chi tiết công nợ")
    desk.press("Enter")
    desk.see_row("report-rows", "4.300.000")
    desk.see_value("parameter-account", re.compile("^131"))
    desk.see_value("parameter-partner", re.compile("^KH004"))
    desk.to_row("report-rows", "Thu tiền của Ánh Dương")
    desk.press("Enter")
    desk.see("voucher-title", "Phiếu thu")
    desk.press("Escape")
    desk.see_row("report-rows", "Thu tiền của Ánh Dương")


def test_figures_typed_in_english_are_read_in_english(sit: Sit, company: Company) -> None:
    """A comma stands between thousands there: what is shown is what is read back."""
    desk = sit()
    desk.go("đổi ngôn ngữ")
    desk.go("new cash receipt")
    desk.sees_focus("partner")
    desk.write("kh004")
    desk.press("Enter*4")
    desk.write("Rate in English")
    desk.walk("Enter", "currency")
    desk.fill("usd")
    desk.sees_focus("rate")
    desk.fill("25,450")
    desk.see_value("field-rate", "25,450")
    desk.walk("F6", "0.description")
    desk.walk("Enter", "0.amount")
    desk.write("1,234.5")
    desk.press("Enter")
    assert desk.cells("grid-lines", 0)["amount"] == "1,234.50"
    assert desk.cells("grid-lines", 0)["amount_vnd"] == "31,418,025"
    desk.see("totals", "31,418,025")
