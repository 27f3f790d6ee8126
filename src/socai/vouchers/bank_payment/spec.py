"""Ủy nhiệm chi: an order to the bank to pay a beneficiary, with the invoices it pays and the bank's own fee."""

from socai.core import spec as s

FEES = s.Grid(
    "fees",
    (
        s.Field("description", width=24, default="header:description"),
        s.Field("debit_account", s.ACCOUNT, required=True, default="role:bank_fee_expense", width=8),
        s.Field("credit_account", s.ACCOUNT, required=True, default="role:bank", width=8),
        s.Field("amount", s.MONEY, required=True, width=15, repeat=False, total=True),
        s.Field("amount_vnd", s.VND, width=15, repeat=False, total=True, foreign_only=True),
        s.Field("bank_account", s.BANK_ACCOUNT, width=14),
        s.Field("expense_item", s.EXPENSE_ITEM, width=12),
        s.Field("department", s.DEPARTMENT, width=12),
        s.Field("cash_flow", s.CASH_FLOW, width=8, default="02"),
    ),
)

SPEC = s.VoucherSpec(
    code="bank_payment",
    module="bank",
    order=2,
    form="bank_order",
    numbering=s.Numbering("UNC"),
    paper="A4",
    copies=2,
    header=(
        s.Field("bank_account", s.BANK_ACCOUNT, required=True, width=20, group="bank"),
        s.Field(
            "partner",
            s.PARTNER,
            fills=(
                ("partner_name", "name"),
                ("address", "address"),
                ("beneficiary_name", "name"),
                ("beneficiary_account", "bank_number"),
                ("beneficiary_bank", "bank_name"),
                ("beneficiary_bank_branch", "bank_branch"),
            ),
        ),
        *s.PARTY[1:],
        s.Field("beneficiary_name", free=True, width=32, group="bank"),
        s.Field("beneficiary_account", free=True, length_max=50, width=20, group="bank"),
        s.Field("beneficiary_bank", free=True, width=28, group="bank"),
        s.Field("beneficiary_bank_branch", free=True, width=20, group="bank"),
        s.Field(
            "fee_payer", s.CHOICE, among=("sender", "receiver"), default="sender", free=True, width=12, group="bank"
        ),
        s.REASON_FIELD,
        s.DESCRIPTION,
        s.EMPLOYEE,
        s.ORIGINALS,
    ),
    grids=(
        s.Grid("lines", s.columns(without=("credit_partner", "bank_account"), credit_account="role:bank"), rows_min=1),
        s.tax_grid("role:bank"),
        FEES,
    ),
    postings=(
        s.Posting("lines", s.SideRule("debit_account"), s.SideRule("credit_account")),
        s.TAX_POSTING,
        s.Posting("fees", s.SideRule("debit_account"), s.SideRule("credit_account"), in_total=False),
    ),
    credit_accounts=("bank",),
    provisional_rate=True,
    tax_base="lines",
    reasons=(
        s.Reason("pay_vendor", "payable", "bank", "vendor", "02"),
        s.Reason("expense_with_invoice", "admin_expense", "bank", "vendor", "02"),
        s.Reason("employee_advance", "advance", "bank", "employee", "07"),
        s.Reason("pay_salary", "salary_payable", "bank", "employee", "03"),
        s.Reason("pay_insurance", "social_insurance", "bank", "", "07"),
        s.Reason("pay_vat", "output_vat", "bank", "", "07"),
        s.Reason("pay_income_tax", "corporate_income_tax", "bank", "", "05"),
        s.Reason("pay_personal_tax", "personal_income_tax", "bank", "", "07"),
        s.Reason("pay_import_tax", "import_duty", "bank", "", "02"),
        s.Reason("pay_other_tax", "other_tax", "bank", "", "07"),
        s.Reason("buy_goods", "goods", "bank", "vendor", "02"),
        s.Reason("buy_fixed_asset", "fixed_asset", "bank", "vendor", "21"),
        s.Reason("refund_customer", "receivable", "bank", "customer", "01"),
        s.Reason("repay_loan", "loan", "bank", "", "34"),
        s.Reason("pay_interest", "loan_interest_expense", "bank", "", "04"),
        s.Reason("bank_fee", "bank_fee_expense", "bank", "", "02"),
        s.Reason("term_deposit_placed", "term_deposit", "bank"),
        s.Reason("deposit_paid", "deposit_paid", "bank", "", "07"),
        s.Reason("pay_dividend", "dividend_payable", "bank"),
        s.Reason("other_expense", "other_expense", "bank", "", "07"),
        s.Reason("other", "", "bank"),
    ),
)
