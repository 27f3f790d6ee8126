"""Sổ chi tiết các tài khoản: an account with the balance after every row, of one partner or one currency where chosen."""

from socai.core import report as r

SPEC = r.ReportSpec(
    code="detail_ledger",
    module="general",
    order=93,
    form="account_detail_book",
    source=r.Movements(of=r.ACCOUNT, running=True),
    columns=(
        r.Column("accounting_date", r.DAY, 9),
        r.Column("voucher_number", r.CODE, 10, "voucher"),
        r.Column("voucher_date", r.DAY, 9, "voucher"),
        r.Column("description", r.TEXT, 32),
        r.Column("counter_account", r.CODE, 8),
        r.Column("rate", r.TEXT, 8, foreign=True),
        r.Column("debit_foreign", r.MONEY, 12, "turnover", foreign=True, total=True),
        r.Column("debit", r.MONEY, 14, "turnover", total=True),
        r.Column("credit_foreign", r.MONEY, 12, "turnover", foreign=True, total=True),
        r.Column("credit", r.MONEY, 14, "turnover", total=True),
        r.Column("balance_debit_foreign", r.MONEY, 12, "balance", foreign=True),
        r.Column("balance_debit", r.MONEY, 14, "balance"),
        r.Column("balance_credit_foreign", r.MONEY, 12, "balance", foreign=True),
        r.Column("balance_credit", r.MONEY, 14, "balance"),
    ),
    parameters=(r.Parameter(r.ACCOUNT, required=True), r.Parameter(r.PARTNER), r.Parameter(r.CURRENCY)),
    landscape=True,
)
