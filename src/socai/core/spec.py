"""The language of voucher types: what a folder in `vouchers/` declares and everything else reads.

Menu, form, grid, validation, numbering, allowed accounts, printed form and list columns come from a `VoucherSpec`. This
module only declares; `core/voucher.py` reads bodies by it, `core/posting.py` posts by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

# Kinds of cell. Catalog kinds carry the id of an entry; an account is its code.
TEXT, DAY, MONEY, VND, RATE, TAX_RATE, CHOICE, COUNT, FLAG, REASON, CASH_FLOW, VOUCHER = (
    "text", "day", "money", "vnd", "rate", "tax_rate", "choice", "count", "flag", "reason", "cash_flow", "voucher",
)  # fmt: skip
ACCOUNT, PARTNER, BANK_ACCOUNT, FUND, EXPENSE_ITEM, DEPARTMENT, CURRENCY = (
    "account", "partner", "bank_account", "fund", "expense_item", "department", "currency",
)  # fmt: skip
CATALOG_CELLS = (PARTNER, BANK_ACCOUNT, FUND, EXPENSE_ITEM, DEPARTMENT)

TAX_RATES = ("0", "5", "8", "10", "KCT", "KKKNT")  # KCT: not taxable; KKKNT: not declared

LINES_PER_VOUCHER_MAX = 10_000
NEVER, CORRECTING = "never", "correcting"

ACTS_COMMON = (
    "open", "print", "close", "copy", "reload", "edit", "quick_edit", "delete", "post", "unpost", "renumber", "resolve",
    "discard",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """A header field or a grid column.

    `default` is `role:NAME` (the regime's account), `today`, `header:FIELD`, `above` or a literal. `fills` copies
    attributes of the chosen catalog entry into empty fields: (("partner_name", "name"), …). `free` fields do not post
    and may be changed by a quick edit. `repeat` columns ghost the value of the row above.
    """

    name: str
    kind: str = TEXT
    required: bool = False
    length_max: int = 255
    default: str = ""
    among: tuple[str, ...] = ()
    partner_kind: str = ""
    fills: tuple[tuple[str, str], ...] = ()
    free: bool = False
    repeat: bool = True
    width: int = 12  # in characters of the entry grid, a hint
    group: str = "general"  # region of the header: general | document | bank
    total: bool = False  # a column whose sum stands below the grid
    foreign_only: bool = False  # shown only when the voucher is in a foreign currency


Cells = tuple[tuple[str, str], ...]
"""(name, kind) of some fields."""


def entry_cells(fields: Iterable[Field]) -> Cells:
    """The fields that name catalog entries."""
    return tuple((item.name, item.kind) for item in fields if item.kind in CATALOG_CELLS)


def account_cells(fields: Iterable[Field]) -> tuple[str, ...]:
    """The names of the fields that name accounts."""
    return tuple(item.name for item in fields if item.kind == ACCOUNT)


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of lines in the body, under the key `name`. At least `rows_min` rows for a voucher to be saved."""

    name: str
    columns: tuple[Field, ...]
    rows_min: int = 0
    kind: str = "lines"  # lines | taxes: a tax grid takes part in the duplicate-invoice check
    # What follows from the columns, worked out once, for it is asked for each line of each voucher.
    names: frozenset[str] = field(init=False, repr=False, compare=False)
    entries: Cells = field(init=False, repr=False, compare=False)  # the columns that name catalog entries
    accounts: tuple[str, ...] = field(init=False, repr=False, compare=False)  # the columns that name accounts
    converted: tuple[str, ...] = field(init=False, repr=False, compare=False)  # money with its value in đồng beside it
    computed: frozenset[str] = field(init=False, repr=False, compare=False)  # say something even where empty
    asked: frozenset[str] = field(init=False, repr=False, compare=False)  # those, and the required columns

    def __post_init__(self) -> None:
        """Work out what follows from the columns."""
        names = frozenset(column.name for column in self.columns)
        money = (column.name for column in self.columns if column.kind == MONEY)
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "entries", entry_cells(self.columns))
        object.__setattr__(self, "accounts", account_cells(self.columns))
        object.__setattr__(self, "converted", tuple(name for name in money if f"{name}_vnd" in names))
        follow = (column.name for column in self.columns if column.default.startswith("header:"))
        computed = frozenset((*follow, *(("tax_amount",) if self.kind == "taxes" else ())))
        object.__setattr__(self, "computed", computed)
        object.__setattr__(self, "asked", computed.union(column.name for column in self.columns if column.required))


@dataclass(frozen=True, slots=True)
class SideRule:
    """Where one side of an entry finds its account and details.

    Names are looked up in the line first, then in the header. `details` gives, per detail, extra names to try after
    the automatic ones (`debit_partner`, `partner`, then `employee` for partners).
    """

    account: str
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Posting:
    """How the rows of one grid become entries: one row, one entry.

    `amount` is in the voucher's currency, `converted` in đồng; where both are the same column the grid is in đồng
    whatever the voucher is in. `single` rows have one side: the one whose amount column is filled (`debit_amount` or
    `credit_amount`), for opening balances; such a grid may have columns `currency` and `rate` of its own.
    """

    grid: str
    debit: SideRule | None
    credit: SideRule | None
    amount: str = "amount"
    converted: str = "amount_vnd"
    description: str = "description"
    single: bool = False
    in_total: bool = True  # counts in the voucher's total; a bank's own fee does not


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason (lý do) with its pair of roles; the regime turns roles into accounts. An empty role is left to the user.

    `partner_kind` says who the partner must be; `cash_flow` is the default line of the cash-flow statement.
    """

    code: str
    debit: str = ""
    credit: str = ""
    partner_kind: str = ""
    cash_flow: str = ""


@dataclass(frozen=True, slots=True)
class Numbering:
    """How numbers are made: prefix + digits + suffix, restarted every `reset` (year | month | never).

    `scope` says who counts together: a branch, each fund of a branch, or the whole company. `shared`: one count for all
    data servers, leased from the cloud in ranges. `prefixes` are those of single funds or branches, by id.
    """

    prefix: str
    digits: int = 5
    reset: str = "year"
    suffix: str = ""
    scope: str = "branch"
    shared: bool = False
    prefixes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VoucherSpec:
    """One voucher type, whole. `code` is the folder's name and the `type` on the wire.

    `title`, field and reason words live in the folder's words.toml. `form` is a neutral key of the regimes' forms.toml.
    `debit_accounts` and `credit_accounts` limit a side of the lines to groups of accounts, as the regime's chart knows
    them (`cash`, `bank`, `in_transit`); empty means any. Tax grids are not limited.
    """

    code: str
    module: str  # menu group: cash | bank | general
    order: int
    form: str
    numbering: Numbering
    header: tuple[Field, ...]
    grids: tuple[Grid, ...]
    postings: tuple[Posting, ...]
    reasons: tuple[Reason, ...] = ()
    debit_accounts: tuple[str, ...] = ()
    credit_accounts: tuple[str, ...] = ()
    negative: str = NEVER
    foreign: bool = True
    copies: int = 1  # liên printed by default
    paper: str = "A5"
    acts: tuple[str, ...] = ()  # beyond ACTS_COMMON
    list_columns: tuple[str, ...] = ("number", "accounting_date", "partner_name", "description", "total")
    tax_base: str = ""  # grid whose rows are taxed
    provisional_rate: bool = False  # pays foreign money out: the typed rate stands until the cash-issue rate is run
    before_books: bool = False  # opening balances: dated the day before the books' first day
    # What follows from the header and the grids: the header's fields but for currency and rate, all keys a body may
    # have, the header's fields that name catalog entries, and those that name accounts.
    cells: tuple[Field, ...] = field(init=False, repr=False, compare=False)
    names: frozenset[str] = field(init=False, repr=False, compare=False)
    entries: Cells = field(init=False, repr=False, compare=False)
    accounts: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Work out what follows from the header and the grids."""
        header = (*STANDARD_HEADER, *self.header)
        grids = (grid.name for grid in self.grids)
        cells = tuple(item for item in header if item.name not in ("currency", "rate"))
        object.__setattr__(self, "cells", cells)
        object.__setattr__(self, "names", frozenset(("type", "branch", "books", *(i.name for i in header), *grids)))
        object.__setattr__(self, "entries", entry_cells(self.header))
        object.__setattr__(self, "accounts", account_cells(self.header))

    def grid(self, name: str) -> Grid:
        """The grid called `name`; KeyError for a name the spec does not have (a bug in the spec)."""
        for grid in self.grids:
            if grid.name == name:
                return grid
        raise KeyError(name)

    @property
    def free_fields(self) -> frozenset[str]:
        """Header fields a quick edit may change: they never reach the ledger's amounts."""
        return frozenset(item.name for item in self.header if item.free)


# The header every voucher has, before its own fields. `branch` and `books` are set by the client.
STANDARD_HEADER: tuple[Field, ...] = (
    Field("number", TEXT, length_max=30, group="document"),
    Field("voucher_date", DAY, required=True, default="today", group="document"),
    Field("accounting_date", DAY, required=True, default="today", group="document"),
    Field("currency", CURRENCY, default="VND", group="document"),
    Field("rate", RATE, default="1", group="document", foreign_only=True),
)

# Header fields that several types share. Name and address stay as typed, whatever the catalog says later.
PARTY: tuple[Field, ...] = (
    Field("partner", PARTNER, fills=(("partner_name", "name"), ("address", "address"))),
    Field("partner_name", TEXT, free=True, width=32),
    Field("address", TEXT, free=True, width=40),
)
REASON_FIELD = Field("reason", REASON, length_max=40, width=28)
DESCRIPTION = Field("description", TEXT, free=True, width=48)
EMPLOYEE = Field("employee", PARTNER, partner_kind="employee", width=20)
ORIGINALS = Field("original_documents", COUNT, free=True, width=6)

STANDARD_LINE: tuple[Field, ...] = (
    Field("description", TEXT, width=32, default="header:description"),
    Field("debit_account", ACCOUNT, required=True, width=8),
    Field("credit_account", ACCOUNT, required=True, width=8),
    Field("amount", MONEY, required=True, width=15, repeat=False, total=True),
    Field("amount_vnd", VND, width=15, repeat=False, total=True, foreign_only=True),
    Field("debit_partner", PARTNER, width=14),
    Field("credit_partner", PARTNER, width=14),
    Field("bank_account", BANK_ACCOUNT, width=14),
    Field("expense_item", EXPENSE_ITEM, width=12),
    Field("department", DEPARTMENT, width=12),
    Field("cash_flow", CASH_FLOW, width=8),
)


def columns(*fields: Field, without: tuple[str, ...] = (), **defaults: str) -> tuple[Field, ...]:
    """STANDARD_LINE with other defaults (`debit_account="role:cash"`), without some columns, and with further ones.

    A further field replaces a standard one of its name, else it is put at the end.
    """
    own = {item.name: item for item in fields}
    line = [own.pop(item.name, item) for item in STANDARD_LINE if item.name not in without]
    line += own.values()
    return tuple(replace(item, default=defaults[item.name]) if item.name in defaults else item for item in line)


def tax_grid(credit: str) -> Grid:
    """The tax tab: one row per input invoice and rate, always in đồng, paid from the default account `credit`."""
    return Grid(
        "taxes",
        (
            Field("description", TEXT, width=24, default="header:description"),
            Field("net_amount", VND, width=15, repeat=False, total=True),
            Field("tax_rate", CHOICE, among=TAX_RATES, width=7),
            Field("tax_amount", VND, required=True, width=15, repeat=False, total=True),
            Field("tax_account", ACCOUNT, required=True, default="role:input_vat", width=8),
            Field("credit_account", ACCOUNT, required=True, default=credit, width=8),
            Field("invoice_series", TEXT, length_max=20, width=10),
            Field("invoice_number", TEXT, length_max=20, width=10, repeat=False),
            Field("invoice_date", DAY, width=10),
            Field("supplier", PARTNER, width=14, fills=(("supplier_name", "name"), ("supplier_tax_code", "tax_code"))),
            Field("supplier_name", TEXT, width=24),
            Field("supplier_tax_code", TEXT, length_max=14, width=14),
        ),
        kind="taxes",
    )


TAX_POSTING = Posting(
    "taxes",
    SideRule("tax_account", (("partner", "supplier"),)),
    SideRule("credit_account", (("partner", "supplier"),)),
    amount="tax_amount",
    converted="tax_amount",
)


def tax_rows_total(net_amount: int, rate: str) -> int | None:
    """Tax in đồng on `net_amount` at a rate of TAX_RATES, half up (0 for KCT and KKKNT); None for any other rate."""
    if rate not in TAX_RATES:
        return None
    if not rate.isdigit():
        return 0
    sign = -1 if net_amount < 0 else 1
    return sign * ((abs(net_amount) * int(rate) + 50) // 100)
