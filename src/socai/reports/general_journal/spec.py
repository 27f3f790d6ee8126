"""Sổ nhật ký chung: the whole book, one row for each side of an entry; both columns add up to the same."""

from socai.core import report as r

SPEC = r.ReportSpec(
    code="general_journal",
    module="general",
    order=91,
    form="journal_book",
    source=r.Movements(),
    columns=(
        r.Column("accounting_date", r.DAY, 9),
        r.Column("voucher_number", r.CODE, 10, "voucher"),
        r.Column("voucher_date", r.DAY, 9, "voucher"),
        r.Column("description", r.TEXT, 32),
        r.Column("posted_mark", r.MARK, 5),
        r.Column("line", r.CODE, 5),
        r.Column("account", r.CODE, 8),
        r.Column("counter_account", r.CODE, 8),
        r.Column("debit", r.MONEY, 14, "turnover", total=True),
        r.Column("credit", r.MONEY, 14, "turnover", total=True),
    ),
    parameters=(),
    landscape=True,
)
