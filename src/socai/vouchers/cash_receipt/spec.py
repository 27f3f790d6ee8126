"""Phiếu thu: money into a cash fund. "Rút tiền gửi nhập quỹ" is booked here only and stands in the bank book too."""

from socai.core import spec as s

SPEC = s.VoucherSpec(
    code="cash_receipt",
    module="cash",
    order=1,
    form="receipt_slip",
    numbering=s.Numbering("PT"),
    copies=3,
    header=(
        *s.PARTY,
        s.Field("payer", free=True, width=28),
        s.REASON_FIELD,
        s.DESCRIPTION,
        s.EMPLOYEE,
        s.ORIGINALS,
        s.Field("fund", s.FUND, width=16, group="document"),
    ),
    grids=(s.Grid("lines", s.columns(without=("debit_partner",), debit_account="role:cash"), rows_min=1),),
    postings=(s.Posting("lines", s.SideRule("debit_account"), s.SideRule("credit_account")),),
    debit_accounts=("cash",),
    reasons=(
        s.Reason("collect_receivable", "cash", "receivable", "customer", "01"),
        s.Reason("customer_prepayment", "cash", "receivable", "customer", "01"),
        s.Reason("cash_sale", "cash", "revenue_goods", "customer", "01"),
        s.Reason("withdraw_bank", "cash", "bank"),
        s.Reason("advance_returned", "cash", "advance", "employee", "07"),
        s.Reason("vat_refund", "cash", "vat_refund", "", "06"),
        s.Reason("loan_received", "cash", "loan", "", "33"),
        s.Reason("capital_received", "cash", "capital", "", "31"),
        s.Reason("deposit_received", "cash", "deposit_received", "", "06"),
        s.Reason("deposit_returned", "cash", "deposit_paid", "", "06"),
        s.Reason("other_payable", "cash", "other_payable", "", "06"),
        s.Reason("count_surplus", "cash", "surplus"),
        s.Reason("other_income", "cash", "other_income", "", "06"),
        s.Reason("other", "cash"),
    ),
)
