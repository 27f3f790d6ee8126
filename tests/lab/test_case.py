"""Reading worked cases: what a case leaves out is filled with the least that is needed."""

from datetime import date
from pathlib import Path

import pytest

from socai.lab.case import Case, CaseWrong, read_case
from socai.registry import regimes

GOLDEN = Path(__file__).parents[1] / "golden"
REGIME = next(iter(regimes()))


class Ids(dict[tuple[str, str], str]):
    """Every entry's id is its kind and code, so that bodies can be read."""

    def __missing__(self, key: tuple[str, str]) -> str:
        return "/".join(key)


def case_of(tmp_path: Path, text: str) -> Case:
    file = tmp_path / "case.yaml"
    file.write_text(f"name: made up\nregime: {REGIME}\nopen: '2026-01-01'\n{text}", encoding="utf-8")
    return read_case(file)


def one_line(tmp_path: Path, debit: str, credit: str, more: str = "") -> dict[str, object]:
    """The line that the voucher of a case with one line is typed with."""
    line = f"{{debit: '{debit}', credit: '{credit}', amount: 1000{more}}}"
    case = case_of(
        tmp_path, f"vouchers:\n- {{ref: '1', type: journal, date: '2026-01-05', description: thử, lines: [{line}]}}\n"
    )
    _, body = next(case.bodies("HN", Ids()))
    lines = body["lines"]
    assert isinstance(lines, list)
    return dict(lines[0])


def test_a_parent_means_its_default_leaf(tmp_path: Path) -> None:
    cells = one_line(tmp_path, "156", "111")
    assert (cells["debit_account"], cells["credit_account"]) == ("1561", "1111")


def test_a_partner_that_is_not_named_is_the_stand_in(tmp_path: Path) -> None:
    assert one_line(tmp_path, "131", "511")["debit_partner"] == "partner/MD"
    assert one_line(tmp_path, "131", "511", ", debit_partner: A")["debit_partner"] == "partner/A"


def test_a_bank_account_that_is_not_named_is_the_stand_in(tmp_path: Path) -> None:
    assert one_line(tmp_path, "112", "511")["bank_account"] == "bank_account/MD"


def test_an_account_the_chart_lacks_is_opened_under_its_parent(tmp_path: Path) -> None:
    case = case_of(
        tmp_path,
        "vouchers:\n- {ref: '1', type: journal, date: '2026-01-05',"
        " lines: [{debit: '64289', credit: '111', amount: 1}]}\n",
    )
    assert [(account["code"], account["parent"]) for account in case.own_accounts] == [("64289", "6428")]
    assert "64289" in case.chart.leaves


def test_every_year_of_its_dates_is_opened() -> None:
    assert read_case(GOLDEN / "trading_month.yaml").years() == [(date(2017, 1, 1), date(2017, 12, 31))]


def test_what_cannot_be_compared_yet_is_told() -> None:
    case = read_case(GOLDEN / "costing_fifo.yaml")
    assert {"stock", "opening stock", "voucher type stock_issue"} <= set(case.unsupported())
    assert read_case(GOLDEN / "manufacturing_month.yaml").unsupported() == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("regime: none\n", "no regime is called none"),
        ("[1, 2", "case.yaml"),
        ("name: x\n", "KeyError"),
        ("", "case.yaml"),
    ],
)
def test_what_is_no_case_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "case.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CaseWrong, match=said):
        read_case(file)
