"""The chart of accounts: accounts, their details and the roles a regime gives them. Pure look-ups, no files.

An account *requires* a detail where posting without it is refused (partner on 131, 138x, 141, 331, 338x as charted;
bank account on 112); it *carries* a detail where the detail is kept with the side when given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

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
    gross: bool = False  # balances stand on both sides, never netted (131, 138, 331, 333 …)
    house: bool = False  # a customary sub-account, removable by the company
    active: bool = True


@dataclass(frozen=True)
class Chart:
    """The accounts in force for one company in one fiscal year, with the regime's roles.

    `roles` maps a role (`receivable`, `cash`, `input_vat` …) to the account that fills it; `groups` a group of accounts
    (`cash`, `bank`, `in_transit` …) to the prefixes of its members.
    """

    accounts: Mapping[str, Account]
    roles: Mapping[str, str] = field(default_factory=dict)
    default_leaf: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def parents(self) -> frozenset[str]:
        """Codes never posted to, because they have children. A house account that is switched off is no child."""
        return frozenset(
            account.parent
            for account in self.accounts.values()
            if account.parent and (account.active or not account.house)
        )

    @cached_property
    def leaves(self) -> Mapping[str, Account]:
        """Accounts that may be posted to: active and without children."""
        return {code: account for code, account in self.accounts.items() if account.active and code not in self.parents}

    @cached_property
    def plans(self) -> dict[Any, Any]:
        """Room for what posting works out once per chart (see core/posting.py); empty at first."""
        return {}

    def role(self, name: str, foreign: bool = False) -> str:
        """The leaf that fills a role, or empty text where the regime has none.

        In a foreign voucher the role `cash` means `cash_foreign` where the regime tells them apart. Where the company
        has switched the account off, the nearest account above it that can be posted to fills the role.
        """
        code = self.roles.get(f"{name}_foreign", "") if foreign else ""
        code = self.leaf(code or self.roles.get(name, ""))
        while code in self.accounts and code not in self.leaves:
            code = self.accounts[code].parent
        return code if code in self.leaves else ""

    def leaf(self, code: str) -> str:
        """What is posted to where `code` is meant: its default leaf, else its first active child, else the code."""
        seen = 0
        while code in self.parents and seen < 8:
            below = self.default_leaf.get(code, "")
            if below not in self.accounts or not self.accounts[below].active:
                below = min(
                    (item.code for item in self.accounts.values() if item.parent == code and item.active), default=""
                )
            if not below:
                break
            code, seen = below, seen + 1
        return code

    def members(self, *groups: str) -> frozenset[str]:
        """All accounts of these groups: what a side limited to the groups may carry."""
        prefixes = tuple(prefix for group in groups for prefix in self.groups.get(group, ()))
        return frozenset(code for code in self.accounts if code.startswith(prefixes)) if prefixes else frozenset()

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
                    gross=account.gross or parent.gross,
                )
            accounts[account.code] = account
        return Chart(accounts, self.roles, self.default_leaf, self.groups)
