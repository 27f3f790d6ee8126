"""The language of reports: what a folder in `reports/` declares; `books/` interprets it, `printing/` lays it out.

Two sources cover the books of account. `Balances` lists accounts or details with opening, turnover and closing on both
sides. `Movements` lists entries of the whole book, of an account's subtree or of a detail, with counter account and,
where asked, a running balance.
"""

from __future__ import annotations

from dataclasses import dataclass

# Parameters a report may ask for. `period` and `branch` and `book` are asked by all.
PERIOD, BRANCH, BOOK, LEVEL, ACCOUNT, PARTNER, BANK_ACCOUNT, FUND, CURRENCY = (
    "period", "branch", "book", "level", "account", "partner", "bank_account", "fund", "currency",
)  # fmt: skip
ALWAYS = (PERIOD, BRANCH, BOOK)

TEXT, DAY, MONEY, CODE, MARK = "text", "day", "money", "code", "mark"

# Kinds of row. All but LINE carry their label in the column `description` (`name` in lists of balances).
OPENING_ROW, LINE, MONTH, MONTH_CLOSING, QUARTER, TOTAL, CLOSING = (
    "opening", "line", "month", "month_closing", "quarter", "total", "closing",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing to choose before the report runs. `groups` limits an account to these groups of the chart."""

    name: str
    required: bool = False
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Balances:
    """Rows are accounts (`by` = "account") or a detail's entries (partner, bank_account, fund).

    `gross`: accounts kept gross stand on both sides, by partner. `levels`: parents are summed and shown. `groups` fixes
    the accounts (cash, bank) where none is chosen.
    """

    by: str = "account"
    gross: bool = True
    levels: bool = True
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Movements:
    """Rows are entries. `of` is "" (whole book, two rows an entry), "account" or a detail name.

    `running` shows the balance after each row; without it opening and closing stand in the debit and credit columns.
    `months` adds month totals and the sum since the quarter began; `groups` fixes the accounts (cash books) where none
    is chosen.
    """

    of: str = ""
    running: bool = False
    months: bool = False
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """One printed column. `name` is one of the source's columns; `group` heads neighbouring columns together."""

    name: str
    kind: str = TEXT
    width: int = 10  # relative
    group: str = ""
    foreign: bool = False  # shown only when a foreign currency is chosen
    total: bool = False


# Columns that each source can give (the interpreter's row dict).
BALANCE_COLUMNS = (
    "code", "name", "opening_debit", "opening_credit", "debit", "credit", "closing_debit", "closing_credit",
    "opening_debit_foreign", "opening_credit_foreign", "debit_foreign", "credit_foreign",
    "closing_debit_foreign", "closing_credit_foreign",
)  # fmt: skip
MOVEMENT_COLUMNS = (
    "accounting_date", "voucher_number", "voucher_date", "description", "account", "counter_account", "debit", "credit",
    "balance", "balance_debit", "balance_credit", "number_in", "number_out", "amount_in", "amount_out", "line",
    "partner_code", "partner_name", "currency", "rate", "debit_foreign", "credit_foreign", "balance_foreign",
    "balance_debit_foreign", "balance_credit_foreign", "posted_mark", "type",
)  # fmt: skip

ROWS_PER_PAGE_MAX = 500


@dataclass(frozen=True, slots=True)
class ReportSpec:
    """One report, whole. `form` is a neutral key of the regimes' forms.toml (number and title by regime).

    `form_foreign` takes its place when a foreign currency is chosen and the regime has such a form.
    """

    code: str
    module: str  # menu group
    order: int
    form: str
    source: Balances | Movements
    columns: tuple[Column, ...]
    parameters: tuple[Parameter, ...] = ()
    landscape: bool = False
    signatures: tuple[str, ...] = ("preparer", "chief_accountant", "director")
    form_foreign: str = ""
