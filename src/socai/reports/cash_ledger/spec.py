"""Sổ kế toán chi tiết quỹ tiền mặt, the accountant's: as the cashier's, with counter accounts; both must agree."""

from socai.core import report as r

SPEC = r.ReportSpec(
    code="cash_ledger",
    module="cash",
    order=91,
    form="cash_detail_book",
    source=r.Movements(of=r.ACCOUNT, running=True, groups=("cash",)),
    columns=(
        r.Column("accounting_date", r.DAY, 9),
        r.Column("voucher_date", r.DAY, 9),
        r.Column("number_in", r.CODE, 9, "number"),
        r.Column("number_out", r.CODE, 9, "number"),
        r.Column("description", r.TEXT, 32),
        r.Column("counter_account", r.CODE, 8),
        r.Column("debit_foreign", r.MONEY, 12, "turnover", foreign=True, total=True),
        r.Column("debit", r.MONEY, 14, "turnover", total=True),
        r.Column("credit_foreign", r.MONEY, 12, "turnover", foreign=True, total=True),
        r.Column("credit", r.MONEY, 14, "turnover", total=True),
        r.Column("balance_foreign", r.MONEY, 12, foreign=True),
        r.Column("balance", r.MONEY, 14),
    ),
    parameters=(r.Parameter(r.ACCOUNT, groups=("cash",)), r.Parameter(r.FUND), r.Parameter(r.CURRENCY)),
    landscape=True,
)
