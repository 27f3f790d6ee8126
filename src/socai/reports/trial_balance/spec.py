"""Bảng cân đối số phát sinh: six columns, parents summed, gross accounts on both sides. A statement to tax under TT133."""

from socai.core import report as r

SPEC = r.ReportSpec(
    code="trial_balance",
    module="general",
    order=90,
    form="balance_of_accounts",
    source=r.Balances(),
    columns=(
        r.Column("code", r.CODE, 8),
        r.Column("name", r.TEXT, 30),
        r.Column("opening_debit", r.MONEY, 14, "opening", total=True),
        r.Column("opening_credit", r.MONEY, 14, "opening", total=True),
        r.Column("debit", r.MONEY, 14, "turnover", total=True),
        r.Column("credit", r.MONEY, 14, "turnover", total=True),
        r.Column("closing_debit", r.MONEY, 14, "closing", total=True),
        r.Column("closing_credit", r.MONEY, 14, "closing", total=True),
    ),
    parameters=(r.Parameter(r.LEVEL),),
    landscape=True,
)
