"""Bảng tổng hợp thanh toán theo đối tượng: every partner of one account, nothing netted between them."""

from socai.core import report as r

SPEC = r.ReportSpec(
    code="partner_balances",
    module="partner",
    order=2,
    form="partner_summary",
    source=r.Balances(by=r.PARTNER, levels=False),
    columns=(
        r.Column("code", r.CODE, 10),
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
    parameters=(r.Parameter(r.ACCOUNT, required=True), r.Parameter(r.CURRENCY)),
    landscape=True,
)
