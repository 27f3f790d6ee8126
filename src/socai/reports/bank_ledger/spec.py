"""Sổ tiền gửi: one bank account, what came in, what went out, what remains."""

from socai.core import report as r

SPEC = r.ReportSpec(
    code="bank_ledger",
    module="bank",
    order=90,
    form="bank_book",
    source=r.Movements(of=r.BANK_ACCOUNT, running=True, groups=("bank",)),
    columns=(
        r.Column("accounting_date", r.DAY, 9),
        r.Column("voucher_number", r.CODE, 10, "voucher"),
        r.Column("voucher_date", r.DAY, 9, "voucher"),
        r.Column("description", r.TEXT, 32),
        r.Column("counter_account", r.CODE, 8),
        r.Column("rate", r.TEXT, 8, foreign=True),
        r.Column("debit_foreign", r.MONEY, 12, "amount", foreign=True, total=True),
        r.Column("amount_in", r.MONEY, 14, "amount", total=True),
        r.Column("credit_foreign", r.MONEY, 12, "amount", foreign=True, total=True),
        r.Column("amount_out", r.MONEY, 14, "amount", total=True),
        r.Column("balance_foreign", r.MONEY, 12, "amount", foreign=True),
        r.Column("balance", r.MONEY, 14, "amount"),
    ),
    parameters=(
        r.Parameter(r.BANK_ACCOUNT, required=True),
        r.Parameter(r.ACCOUNT, groups=("bank",)),
        r.Parameter(r.CURRENCY),
    ),
    landscape=True,
)
