"""Every example of every voucher type, under every regime that has its accounts: what is typed, and what comes of it.

The sample books begin on 01/01/2026 with fiscal year 2026; the branch HN is locked up to 31/01/2026.
"""

from collections.abc import Iterator
from datetime import date

import pytest

from socai import registry
from socai.base.fault import Fault, fault_table
from socai.core.account import Chart
from socai.core.check import Calendar, FiscalYear, check_dates, check_references
from socai.core.company import DECIMALS
from socai.core.entry import Entry
from socai.core.example import (
    SAMPLE,
    Example,
    expected_entries,
    raw_body,
    read_examples,
    shown_entries,
    under_chart,
)
from socai.core.posting import post_voucher
from socai.core.spec import VoucherSpec
from socai.core.voucher import parse_voucher

CALENDAR = Calendar(
    years=(FiscalYear("2026", date(2026, 1, 1), date(2026, 12, 31), "any"),),
    books_first_day=date(2026, 1, 1),
    locks={("HN", "financial"): date(2026, 1, 31)},
)


def test_every_type_has_examples_that_post_and_that_are_refused() -> None:
    for code, voucher_type in registry.voucher_types().items():
        examples = read_examples((voucher_type.folder / "examples.txt").read_text(encoding="utf-8"))
        assert any(example.posts for example in examples), code
        assert any(example.faults for example in examples), code


def known(kind: str, ident: str) -> bool | None:
    entry = SAMPLE.get(kind, {}).get(ident)
    return None if entry is None else entry.get("active") != "no"


def cases() -> Iterator[object]:
    for code, voucher_type in registry.voucher_types().items():
        for example in read_examples((voucher_type.folder / "examples.txt").read_text(encoding="utf-8")):
            for regime in registry.regimes():
                yield pytest.param(code, regime, example, id=f"{code}-{example.line}-{regime}")


def outcome(spec: VoucherSpec, chart: Chart, raw: dict[str, object]) -> tuple[list[Entry], list[Fault]]:
    """As the data server does: what is mistyped stops first; then days, references and posting together."""
    body, faults = parse_voucher(spec, raw, DECIMALS)
    if faults:
        return [], list(faults)
    entries, refused = post_voucher(spec, body, chart)
    found = [*check_dates(spec, body, CALENDAR, ["financial"]), *check_references(spec, body, known), *refused]
    return ([] if found else entries), found


@pytest.mark.parametrize("code, regime, example", list(cases()))
def test_example(code: str, regime: str, example: Example) -> None:
    spec, chart = registry.voucher_types()[code].spec, registry.chart_for(regime)
    told = under_chart(example, chart)
    if told is None:
        assert any(under_chart(example, other.chart) for other in registry.regimes().values())
        return
    entries, faults = outcome(spec, chart, raw_body(spec, told))
    assert [(fault.code, fault.field) for fault in faults] == list(told.faults)
    assert {fault.code for fault in faults} <= set(fault_table())
    if told.posts:
        assert shown_entries(entries, told.posts) == expected_entries(told.posts)
