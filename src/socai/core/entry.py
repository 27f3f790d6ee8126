"""The entry (bút toán): one amount in đồng with a debit side and a credit side. Immutable, nothing else here.

Source of the shape: the engine rules of the posting facts: one side of a pairing is a single line, so the counter
account (tài khoản đối ứng) of every side is unambiguous, as books S03b, S07a, S08 and S31 need it.
"""

from __future__ import annotations

from typing import NamedTuple

VND = "VND"
FINANCIAL = "financial"
MANAGEMENT = "management"
BOOKS = (FINANCIAL, MANAGEMENT)


class Side(NamedTuple):
    """One side of an entry. Empty text means that the detail is not carried by this account."""

    account: str
    currency: str
    foreign: int  # minor units of `currency`; 0 where currency is VND
    branch: str
    partner: str = ""
    bank_account: str = ""
    fund: str = ""
    expense_item: str = ""
    department: str = ""


class Entry(NamedTuple):
    """One amount, two sides. `debit` or `credit` is None only in opening balances, which have one side."""

    line: int  # 1-based position in the voucher's posting, the order every book prints
    amount: int  # đồng
    debit: Side | None
    credit: Side | None
    description: str = ""
    cash_flow: str = ""


DETAILS = ("partner", "bank_account", "fund", "expense_item", "department")
