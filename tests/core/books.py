"""What the tests of core share: charts of every regime, and bodies drawn at random that the specs accept."""

from typing import Any

from hypothesis import strategies as st

from socai import registry
from socai.core.account import Chart

BRANCH, PARTNER, BANK, FUND = "HN", "KH01", "VCB", "QTM"
CORRECTED = "0195a2b0-7c1d-7000-8000-000000000001"


def chart(regime: str = "") -> Chart:
    """The chart of a regime, the newest if none is named."""
    return registry.chart_for(regime or next(iter(registry.regimes())))


def spec(code: str) -> Any:
    """A voucher type's spec."""
    return registry.voucher_types()[code].spec


def line(debit: str, credit: str, amount: str, **cells: str) -> dict[str, str]:
    """A typed line; `debit` and `credit` are account codes."""
    return {"debit_account": debit, "credit_account": credit, "amount": amount, **cells}


def body(*lines: dict[str, str], **fields: Any) -> dict[str, Any]:
    """What a client sends: a voucher of 05/03/2026 in Hà Nội with these lines."""
    days = {"voucher_date": "2026-03-05", "accounting_date": "2026-03-05"}
    return {"branch": BRANCH, **days, **fields, "lines": list(lines)}


amounts = st.integers(min_value=1, max_value=10**12)
signed = amounts | amounts.map(lambda amount: -amount)
details = st.fixed_dictionaries(
    {},
    optional={
        "expense_item": st.sampled_from(["CPVP", "CPNH"]),
        "department": st.sampled_from(["KD", "KT"]),
        "cash_flow": st.sampled_from(["01", "02", "07"]),
        "description": st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=20),
    },
)


@st.composite
def journals(draw: Any, under: Chart) -> dict[str, Any]:
    """A journal of any accounts of the chart, in đồng or dollars, with every detail an account may require."""
    foreign = draw(st.booleans())
    accounts = st.sampled_from(sorted(under.leaves))
    lines = []
    for _ in range(draw(st.integers(1, 6))):
        amount = draw(signed)
        lines.append(
            {
                **draw(details),
                "debit_account": draw(accounts),
                "credit_account": draw(accounts),
                "amount": f"{amount // 100}.{abs(amount) % 100:02d}" if foreign and amount >= 100 else str(abs(amount)),
                "debit_partner": draw(st.sampled_from(["KH01", "KH02"])),
                "credit_partner": draw(st.sampled_from(["NCC01", "NCC02"])),
                "bank_account": "VCB",
                "credit_bank_account": "BIDV",
            }
        )
        if not foreign:
            lines[-1]["amount"] = str(amount)
    rate = draw(st.sampled_from(["25450", "25400.5", "1", "0.001"])) if foreign else "1"
    return {
        "branch": BRANCH,
        "voucher_date": "2026-03-05",
        "accounting_date": draw(st.sampled_from(["2026-03-05", "2026-04-30", "2026-12-31"])),
        "currency": "USD" if foreign else "VND",
        "rate": rate,
        "corrects": CORRECTED,
        "description": "Bút toán thử",
        "fund": FUND,
        "lines": lines,
    }
