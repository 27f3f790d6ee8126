"""Số dư đầu kỳ: what the books begin with, a grid per kind, debit and credit apart, dated the day before their first day."""

from socai.core import spec as s


def balances(*details: s.Field) -> tuple[s.Field, ...]:
    """The columns of one grid: account and details, the row's own currency, and the four amounts."""
    return (
        s.Field("account", s.ACCOUNT, required=True, width=10),
        *details,
        s.Field("currency", s.CURRENCY, default="VND", width=6),
        s.Field("rate", s.RATE, width=10, repeat=False),
        s.Field("debit_amount", s.MONEY, width=16, repeat=False, total=True),
        s.Field("debit_amount_vnd", s.VND, width=16, repeat=False, total=True, foreign_only=True),
        s.Field("credit_amount", s.MONEY, width=16, repeat=False, total=True),
        s.Field("credit_amount_vnd", s.VND, width=16, repeat=False, total=True, foreign_only=True),
        s.Field("description", width=24),
    )


def posting(grid: str) -> s.Posting:
    """One row, one side: the side whose amount is filled."""
    return s.Posting(grid, s.SideRule("account"), s.SideRule("account"), single=True)


SPEC = s.VoucherSpec(
    code="opening",
    module="general",
    order=9,
    form="opening_note",
    numbering=s.Numbering("SDDK", reset="never"),
    paper="A4",
    before_books=True,
    header=(s.DESCRIPTION,),
    grids=(
        s.Grid(
            "accounts",
            balances(
                s.Field("fund", s.FUND, width=12),
                s.Field("expense_item", s.EXPENSE_ITEM, width=12),
                s.Field("department", s.DEPARTMENT, width=12),
            ),
        ),
        s.Grid("bank_accounts", balances(s.Field("bank_account", s.BANK_ACCOUNT, required=True, width=16))),
        s.Grid("partners", balances(s.Field("partner", s.PARTNER, required=True, width=16))),
    ),
    postings=(posting("accounts"), posting("bank_accounts"), posting("partners")),
    list_columns=("number", "accounting_date", "description", "total"),
)
