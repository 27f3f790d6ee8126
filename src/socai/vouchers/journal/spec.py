"""Chứng từ nghiệp vụ khác: any pair of accounts. A correcting one names what it corrects and may be negative (ghi số âm)."""

from socai.core import spec as s

SPEC = s.VoucherSpec(
    code="journal",
    module="general",
    order=1,
    form="accounting_note",
    numbering=s.Numbering("NVK"),
    paper="A4",
    negative=s.CORRECTING,
    header=(
        *s.PARTY,
        s.REASON_FIELD,
        s.DESCRIPTION,
        s.EMPLOYEE,
        s.ORIGINALS,
        s.Field("fund", s.FUND, width=16, group="document"),
        s.Field("corrects", s.VOUCHER, width=20, group="document"),
    ),
    grids=(
        s.Grid("lines", s.columns(s.Field("credit_bank_account", s.BANK_ACCOUNT, width=14)), rows_min=1),
        s.tax_grid("role:payable"),
    ),
    postings=(s.Posting("lines", s.SideRule("debit_account"), s.SideRule("credit_account")), s.TAX_POSTING),
    tax_base="lines",
    list_columns=("number", "accounting_date", "description", "partner_name", "total"),
    reasons=(
        s.Reason("advance_settled", "admin_expense", "advance", "employee"),
        s.Reason("debts_offset", "payable", "receivable"),
        s.Reason("bill_received", "admin_expense", "payable", "vendor"),
        s.Reason("vat_offset", "output_vat", "input_vat"),
        s.Reason("salary_cost", "admin_salary", "salary_payable"),
        s.Reason("depreciation", "admin_depreciation", "depreciation"),
        s.Reason("prepaid_allocated", "admin_expense", "prepaid_expense"),
        s.Reason("expense_accrued", "admin_expense", "accrued_expense"),
        s.Reason("income_tax", "income_tax_expense", "corporate_income_tax"),
        s.Reason("surplus_resolved", "surplus", "other_income"),
        s.Reason("shortage_resolved", "other_receivable", "shortage"),
        s.Reason("correction"),
        s.Reason("other"),
    ),
)
