"""The format of examples: what is read, and what is told to whoever breaks it."""

import pytest

from core.books import chart, spec
from socai.core.example import Example, ExampleUnreadable, raw_body, read_examples, under_chart

TEXT = """\
# a comment
== Thu tiền
voucher_date: 2026-03-05
original_documents: 2
lines:  debit_account | credit_account | amount
        {cash}        | {receivable}   | 11 000 000
posts:  debit  | credit       | amount
        {cash} | {receivable} | 11 000 000

== Bị từ chối
voucher_date: 2026-03-05
faults: LINES_EMPTY lines
        FIELD_REQUIRED branch
"""


def test_reading() -> None:
    first, second = read_examples(TEXT)
    assert first == Example(
        title="Thu tiền",
        line=2,
        header={"voucher_date": "2026-03-05", "original_documents": "2"},
        grids={"lines": ({"debit_account": "{cash}", "credit_account": "{receivable}", "amount": "11 000 000"},)},
        posts=({"debit": "{cash}", "credit": "{receivable}", "amount": "11 000 000"},),
    )
    assert second.faults == (("LINES_EMPTY", "lines"), ("FIELD_REQUIRED", "branch"))


def test_under_a_chart_roles_are_accounts_and_cells_have_their_types() -> None:
    under = chart()
    told = under_chart(read_examples(TEXT)[0], under)
    assert told is not None
    assert raw_body(spec("cash_receipt"), told) == {
        "branch": "HN",
        "voucher_date": "2026-03-05",
        "accounting_date": "2026-03-05",
        "original_documents": 2,
        "lines": [
            {"debit_account": under.role("cash"), "credit_account": under.role("receivable"), "amount": "11000000"}
        ],
    }


def test_a_role_the_chart_lacks_is_none_of_its_business() -> None:
    (example,) = read_examples("== X\nlines: a | b\n  {unheard} | 1\nfaults: LINES_EMPTY lines\n")
    assert under_chart(example, chart()) is None


@pytest.mark.parametrize("text, why", [
    ("voucher_date: 2026-03-05", "line 1: nothing stands before the first =="),
    ("== X\n  a", "line 2: belongs to no block"),
    ("== X\nlines a", "line 2: no colon after lines a"),
    ("== X\nlines: a | b\n  1", "line 2: 2 columns, but a row has 1: 1"),
    ("== X\nlines: a | b", "line 1: X must have either posts or faults"),
])  # fmt: skip
def test_a_file_that_breaks_the_format_is_told_where(text: str, why: str) -> None:
    with pytest.raises(ExampleUnreadable) as told:
        read_examples(text)
    assert str(told.value) == why
