"""The sample company's year: seeded, accepted by the product's own rules, believable where an accountant looks."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from socai.core.account import Chart
from socai.core.company import DECIMALS
from socai.core.posting import post_voucher
from socai.core.voucher import parse_voucher
from socai.lab.clerk import Body
from socai.lab.company import FIRST_YEAR
from socai.lab.sample import HANOI, HCM, SEED, Sample, last_day, newest_regime
from socai.lab.stack import Stack
from socai.registry import chart_for, voucher_types

UNTIL = date(FIRST_YEAR, 11, 21)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """The company before anything runs."""
    return Sample(Stack(tmp_path_factory.mktemp("year"), ()))


@pytest.fixture(scope="module")
def bodies(sample: Sample) -> dict[str, list[Body]]:
    """Every voucher of each branch, in the order they are typed."""
    return {branch: list(sample.bodies(branch, UNTIL)) for branch in (HANOI, HCM)}


@pytest.fixture(scope="module")
def chart() -> Chart:
    """The chart of the newest regime."""
    return chart_for(newest_regime())


def test_every_voucher_is_accepted_and_money_never_runs_out(bodies: dict[str, list[Body]], chart: Chart) -> None:
    """On no day and in no fund or bank account is the balance below zero."""
    money: Counter[tuple[str, str]] = Counter()
    for body in (body for branch in bodies.values() for body in branch):
        spec = voucher_types()[str(body["type"])].spec
        normal, faults = parse_voucher(spec, body, DECIMALS)
        assert faults == (), body
        entries, faults = post_voucher(spec, normal, chart)
        assert faults == (), body
        for entry in entries:
            for side, sign in ((entry.debit, 1), (entry.credit, -1)):
                if side is not None and chart.accounts[side.account].money:
                    place = (side.account, side.bank_account or side.fund)
                    money[place] += sign * entry.amount
                    assert money[place] >= 0, (body["accounting_date"], body["description"], place)


def test_the_same_seed_gives_the_same_year(bodies: dict[str, list[Body]], tmp_path: Path) -> None:
    again = Sample(Stack(tmp_path, ()), seed=SEED)
    assert list(again.bodies(HCM, UNTIL)) == bodies[HCM]


def test_every_voucher_type_is_used(bodies: dict[str, list[Body]]) -> None:
    """A new type's folder brings examples, and so it stands in the demo without anything being told of it."""
    used = {str(body["type"]) for branch in bodies.values() for body in branch}
    assert used == set(voucher_types())


def test_about_a_year_of_vouchers(bodies: dict[str, list[Body]]) -> None:
    months = Counter(str(body["accounting_date"])[:7] for branch in bodies.values() for body in branch)
    assert 1_000 < sum(months.values()) < 3_000
    assert {f"{FIRST_YEAR}-{month:02d}" for month in range(1, 12)} <= set(months)


@pytest.mark.parametrize(
    ("today", "last"),
    [
        (date(2026, 11, 22), date(2026, 11, 21)),
        (date(2026, 1, 2), date(2026, 2, 28)),  # there is always something to look at
        (date(2027, 6, 1), date(2026, 12, 31)),  # the sample year is over
    ],
)
def test_the_sample_year_ends_yesterday(today: date, last: date) -> None:
    assert last_day(today) == last


def test_tax_codes_have_true_check_digits(sample: Sample) -> None:
    """Ten digits, the last one a check of the nine before it."""
    codes = [str(body["tax_code"]) for body in sample.catalogs.bodies.values() if body.get("tax_code")]
    assert [code for code in codes if check_digit(code) != int(code[9])] == []


def check_digit(code: str) -> int:
    weights = (31, 29, 23, 19, 17, 13, 7, 5, 3)
    return 10 - sum(int(digit) * weight for digit, weight in zip(code[:9], weights, strict=True)) % 11
