"""Sổ cái of one account and all below it: opening, each entry with its counter account, months, quarter so far, closing."""

from socai.core import report as r

SPEC = r.ReportSpec(
    code="account_ledger",
    module="general",
    order=92,
    form="account_book",
    source=r.Movements(of=r.ACCOUNT, months=True),
    columns=(
        r.Column("accounting_date", r.DAY, 9),
        r.Column("voucher_number", r.CODE, 10, "voucher"),
        r.Column("voucher_date", r.DAY, 9, "voucher"),
        r.Column("description", r.TEXT, 32),
        r.Column("counter_account", r.CODE, 8),
        r.Column("debit", r.MONEY, 14, "turnover", total=True),
        r.Column("credit", r.MONEY, 14, "turnover", total=True),
    ),
    parameters=(r.Parameter(r.ACCOUNT, required=True),),
)
