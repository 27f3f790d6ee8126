"""Bảng kê số dư ngân hàng: every bank account, with what came in and went out. A form of practice, without number."""

from socai.core import report as r

SPEC = r.ReportSpec(
    code="bank_balances",
    module="bank",
    order=91,
    form="bank_summary",
    source=r.Balances(by=r.BANK_ACCOUNT, levels=False, groups=("bank",)),
    columns=(
        r.Column("code", r.CODE, 14),
        r.Column("name", r.TEXT, 30),
        r.Column("opening_debit_foreign", r.MONEY, 12, "opening", foreign=True),
        r.Column("opening_debit", r.MONEY, 14, "opening", total=True),
        r.Column("opening_credit_foreign", r.MONEY, 12, "opening", foreign=True),
        r.Column("opening_credit", r.MONEY, 14, "opening", total=True),
        r.Column("debit_foreign", r.MONEY, 12, "turnover", foreign=True),
        r.Column("debit", r.MONEY, 14, "turnover", total=True),
        r.Column("credit_foreign", r.MONEY, 12, "turnover", foreign=True),
        r.Column("credit", r.MONEY, 14, "turnover", total=True),
        r.Column("closing_debit_foreign", r.MONEY, 12, "closing", foreign=True),
        r.Column("closing_debit", r.MONEY, 14, "closing", total=True),
        r.Column("closing_credit_foreign", r.MONEY, 12, "closing", foreign=True),
        r.Column("closing_credit", r.MONEY, 14, "closing", total=True),
    ),
    parameters=(r.Parameter(r.ACCOUNT, groups=("bank",)), r.Parameter(r.CURRENCY)),
    landscape=True,
)
