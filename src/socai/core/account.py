"""The chart of accounts: accounts, their details and the roles a regime gives them. Pure look-ups, no files.

An account *requires* a detail where posting without it is refused (partner on 131, 138x, 141, 331, 338x as charted;
bank account on 112); it *carries* a detail where the detail is kept with the side when given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

DEBIT, CREDIT, BOTH = "debit", "credit", "both"


@dataclass(frozen=True, slots=True)
class Account:
    """One account. `nature` is its normal side; `both` is reported gross per partner (131, 331, 138, 338 …)."""

    code: str
    name_vi: str
    name_en: str = ""
    parent: str = ""
    nature: str = DEBIT
    carries: frozenset[str] = frozenset()
    requires: frozenset[str] = frozenset()
    partner_kind: str = ""  # customer | vendor | employee | "" for any
    monetary: bool = False  # keeps the foreign currency of the voucher; others are booked in VND alone
    money: bool = False  # cash and bank: balances are kept by day too
    house: bool = False  # a customary sub-account, removable by the company
    active: bool = True


@dataclass(frozen=True)
class Chart:
    """The accounts in force for one company in one fiscal year, with the regime's roles.

    `roles` maps a role (`receivable`, `cash`, `input_vat` …) to the leaf account that fills it.
    """

    accounts: Mapping[str, Account]
    roles: Mapping[str, str] = field(default_factory=dict)
    default_leaf: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def parents(self) -> frozenset[str]:
        """Codes that have at least one child: never posted to."""
        return frozenset(account.parent for account in self.accounts.values() if account.parent)

    @cached_property
    def leaves(self) -> Mapping[str, Account]:
        """Accounts that may be posted to: active and without children."""
        return {code: account for code, account in self.accounts.items() if account.active and code not in self.parents}

    def role(self, name: str) -> str:
        """The account of a role, or empty text where the regime has none."""
        return self.roles.get(name, "")

    def leaf(self, code: str) -> str:
        """The default leaf of a parent account (default_leaf), else the code itself."""
        seen = 0
        while code in self.parents and code in self.default_leaf and seen < 8:
            code, seen = self.default_leaf[code], seen + 1
        return code

    def level(self, code: str) -> int:
        """1 for a first-level account (131), 2 for its children …; 0 for an unknown code."""
        level = 0
        while code in self.accounts:
            level, code = level + 1, self.accounts[code].parent
        return level

    def ancestor(self, code: str, level: int) -> str:
        """The account at `level` above `code`, or `code` where it is not that deep."""
        chain = []
        while code in self.accounts:
            chain.append(code)
            code = self.accounts[code].parent
        return chain[-level] if 0 < level <= len(chain) else (chain[0] if chain else code)

    def with_accounts(self, extra: Iterable[Account]) -> Chart:
        """This chart with the company's own accounts added or replacing; a child inherits what it does not say."""
        accounts = dict(self.accounts)
        for account in extra:
            parent = accounts.get(account.parent)
            if parent is not None:
                account = replace(
                    account,
                    nature=account.nature or parent.nature,
                    carries=account.carries or parent.carries,
                    requires=account.requires or parent.requires,
                    partner_kind=account.partner_kind or parent.partner_kind,
                    monetary=account.monetary or parent.monetary,
                    money=account.money or parent.money,
                )
            accounts[account.code] = account
        return Chart(accounts, self.roles, self.default_leaf)
