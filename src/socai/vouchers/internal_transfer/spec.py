"""Chuyển tiền nội bộ: from one of the company's bank accounts to another, straight or by way of money in transit."""

from socai.core import spec as s

SPEC = s.VoucherSpec(
    code="internal_transfer",
    module="bank",
    order=3,
    form="transfer_note",
    numbering=s.Numbering("CTNB"),
    header=(
        s.Field("from_bank_account", s.BANK_ACCOUNT, required=True, width=20, group="bank"),
        s.Field("to_bank_account", s.BANK_ACCOUNT, required=True, width=20, group="bank"),
        s.REASON_FIELD,
        s.DESCRIPTION,
        s.EMPLOYEE,
        s.ORIGINALS,
    ),
    grids=(
        s.Grid(
            "lines",
            s.columns(
                s.Field("debit_bank_account", s.BANK_ACCOUNT, width=14),
                s.Field("credit_bank_account", s.BANK_ACCOUNT, width=14),
                without=("debit_partner", "credit_partner", "bank_account", "expense_item", "department", "cash_flow"),
                debit_account="role:bank",
                credit_account="role:bank",
            ),
            rows_min=1,
        ),
    ),
    postings=(
        s.Posting(
            "lines",
            s.SideRule("debit_account", (("bank_account", "to_bank_account"),)),
            s.SideRule("credit_account", (("bank_account", "from_bank_account"),)),
        ),
    ),
    debit_accounts=("bank", "in_transit"),
    credit_accounts=("bank", "in_transit"),
    provisional_rate=True,
    list_columns=("number", "accounting_date", "from_bank_account", "to_bank_account", "description", "total"),
    reasons=(
        s.Reason("transfer", "bank", "bank"),
        s.Reason("transit_sent", "cash_in_transit", "bank"),
        s.Reason("transit_arrived", "bank", "cash_in_transit"),
    ),
)
