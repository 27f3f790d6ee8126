"""Figures are read in columns: every digit is as wide as every other, in plain and in bold."""

from e2e.conftest import Sit

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
