"""Thu tiền gửi (giấy báo có): money into one of the company's bank accounts."""

from socai.core import spec as s

SPEC = s.VoucherSpec(
    code="bank_receipt",
    module="bank",
    order=1,
    form="bank_credit_note",
    numbering=s.Numbering("NTTK"),
    header=(
        s.Field("bank_account", s.BANK_ACCOUNT, required=True, width=20, group="bank"),
        *s.PARTY,
        s.Field("payer", free=True, width=28),
        s.REASON_FIELD,
        s.DESCRIPTION,
        s.EMPLOYEE,
        s.ORIGINALS,
    ),
    grids=(
        s.Grid("lines", s.columns(without=("debit_partner", "bank_account"), debit_account="role:bank"), rows_min=1),
    ),
    postings=(s.Posting("lines", s.SideRule("debit_account"), s.SideRule("credit_account")),),
    debit_accounts=("bank",),
    reasons=(
        s.Reason("collect_receivable", "bank", "receivable", "customer", "01"),
        s.Reason("customer_prepayment", "bank", "receivable", "customer", "01"),
        s.Reason("sale", "bank", "revenue_goods", "customer", "01"),
        s.Reason("advance_returned", "bank", "advance", "employee", "07"),
        s.Reason("vat_refund", "bank", "vat_refund", "", "06"),
        s.Reason("loan_received", "bank", "loan", "", "33"),
        s.Reason("capital_received", "bank", "capital", "", "31"),
        s.Reason("bank_interest", "bank", "finance_income"),
        s.Reason("term_deposit_matured", "bank", "term_deposit"),
        s.Reason("transit_arrived", "bank", "cash_in_transit"),
        s.Reason("deposit_received", "bank", "deposit_received", "", "06"),
        s.Reason("deposit_returned", "bank", "deposit_paid", "", "06"),
        s.Reason("other_payable", "bank", "other_payable", "", "06"),
        s.Reason("other_income", "bank", "other_income", "", "06"),
        s.Reason("other", "bank"),
    ),
)
