"""Sổ quỹ tiền mặt, the cashier's: receipts and payments with their numbers and what is left in the fund."""

from socai.core import report as r

SPEC = r.ReportSpec(
    code="cash_book",
    module="cash",
    order=90,
    form="cashier_book",
    source=r.Movements(of=r.ACCOUNT, running=True, groups=("cash",)),
    columns=(
        r.Column("accounting_date", r.DAY, 9),
        r.Column("voucher_date", r.DAY, 9),
        r.Column("number_in", r.CODE, 9, "number"),
        r.Column("number_out", r.CODE, 9, "number"),
        r.Column("description", r.TEXT, 32),
        r.Column("debit_foreign", r.MONEY, 12, "amount", foreign=True, total=True),
        r.Column("amount_in", r.MONEY, 14, "amount", total=True),
        r.Column("credit_foreign", r.MONEY, 12, "amount", foreign=True, total=True),
        r.Column("amount_out", r.MONEY, 14, "amount", total=True),
        r.Column("balance_foreign", r.MONEY, 12, "amount", foreign=True),
        r.Column("balance", r.MONEY, 14, "amount"),
    ),
    parameters=(r.Parameter(r.ACCOUNT, groups=("cash",)), r.Parameter(r.FUND), r.Parameter(r.CURRENCY)),
    signatures=("cashier", "chief_accountant", "director"),
)
