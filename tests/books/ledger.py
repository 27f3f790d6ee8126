"""A small ledger to test with, and the plain-Python oracle that says what its books must show.

The oracle keeps every posted set in a list and sums it anew for each question: no balances, no indexes, no SQL.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from socai.base.calendar import day_key, day_of_key
from socai.base.ident import make_ident
from socai.books.request import Context
from socai.books.write import NewSet, Void, Writer
from socai.core.account import BOTH, CREDIT, DEBIT, Account, Chart
from socai.core.balance import Movements, move
from socai.core.entry import FINANCIAL, MANAGEMENT, VND, Entry, Side

PARTNER, BANK, FUND = frozenset(("partner",)), frozenset(("bank_account",)), frozenset(("fund",))


def account(
    code: str, parent: str = "", nature: str = DEBIT, carries: frozenset[str] = frozenset(), **more: bool
) -> Account:
    """An account whose name says its number."""
    return Account(code, f"TK {code}", f"Account {code}", parent, nature, carries, **more)


CHART = Chart(
    {
        item.code: item
        for item in (
            account("111", carries=FUND, money=True),
            account("1111", "111", carries=FUND, money=True),
            account("1112", "111", carries=FUND, money=True, monetary=True),
            account("112", carries=BANK, money=True),
            account("1121", "112", carries=BANK, money=True),
            account("1122", "112", carries=BANK, money=True, monetary=True),
            account("131", nature=BOTH, carries=PARTNER, monetary=True, gross=True),
            account("331", nature=BOTH, carries=PARTNER, monetary=True, gross=True),
            account("333", nature=BOTH, gross=True),
            account("3331", "333", BOTH, gross=True),
            account("33311", "3331", BOTH, gross=True),
            account("3334", "333", BOTH, gross=True),
            account("338", nature=BOTH, carries=PARTNER, gross=True),
            account("3388", "338", BOTH, carries=PARTNER, gross=True),
            account("3383", "338", BOTH, gross=True),
            account("421", nature=CREDIT),
            account("4211", "421", CREDIT),
            account("4212", "421", CREDIT),
            account("511", nature=CREDIT),
            account("642", nature=DEBIT, carries=frozenset(("expense_item", "department"))),
        )
    },
    groups={"cash": ("111",), "bank": ("112",)},
)
LEAVES = sorted(CHART.leaves)
BRANCHES = ("HN", "SG")
DETAILS: Mapping[str, Sequence[str]] = {
    "partner": ("P1", "P2", "P3", ""),  # empty: 3388 may be posted without one
    "bank_account": ("VCB", "BIDV"),
    "fund": ("QUY", ""),
    "expense_item": ("", "CPVP"),
    "department": ("", "KD"),
}
NAMES = {
    "P1": ("KH-A", "Công ty An"),
    "P2": ("KH-B", "Công ty Bình"),
    "VCB": ("007", "Vietcombank"),
    "BIDV": ("118", "BIDV"),
}
CONTEXT = Context(CHART, lambda kind, ids: {ident: NAMES[ident] for ident in ids if ident in NAMES})


@dataclass
class Ledger:
    """Writes sets through a writer and remembers them as they are: `live` and `gone`."""

    writer: Writer
    live: dict[tuple[str, str], NewSet] = field(default_factory=dict)
    gone: list[NewSet] = field(default_factory=list)
    seq: int = 0

    def post(self, *sets: NewSet) -> None:
        """Entries, balances, sets: as a poster does."""
        self.seq += 1
        self.writer.post_entries(sets)
        self.writer.add_balances(movements(sets))
        self.writer.post_sets(sets, self.seq)
        self.live |= {(each.voucher, each.book): each for each in sets}

    def void(self, *keys: tuple[str, str]) -> None:
        """Take live sets out, moving balances by what the books gave back."""
        self.seq += 1
        voids = [Void(*key, self.live[key].set_no) for key in keys]
        changes: dict[str, Movements] = {}
        for held in self.writer.void_entries(voids):
            move(changes.setdefault(held.book, {}), held.entries, day_of_key(held.day), CHART, sign=-1)
        self.writer.add_balances(changes)
        self.writer.void_sets(voids, self.seq)
        self.gone += [self.live.pop(key) for key in keys]

    def sides(self, book: str = FINANCIAL, branches: Collection[str] | None = None) -> Iterator[Moved]:
        """Every side of every live entry, in the order books print."""
        ordered = sorted(self.live.values(), key=lambda each: (each.day, each.voucher))
        for each in ordered:
            if each.book == book and (branches is None or each.branch in branches):
                for entry in each.entries:
                    for at, (side, other) in enumerate(((entry.debit, entry.credit), (entry.credit, entry.debit))):
                        if side is not None:
                            yield Moved(each, entry, side, other.account if other else "", at)


@dataclass(frozen=True)
class Moved:
    """One side of one entry of one set; `at` 0 is the debit side."""

    of: NewSet
    entry: Entry
    side: Side
    counter: str
    at: int

    @property
    def signed(self) -> int:
        """Debit positive."""
        return -self.entry.amount if self.at else self.entry.amount

    @property
    def signed_foreign(self) -> int:
        """Debit positive, in the side's currency."""
        return -self.side.foreign if self.at else self.side.foreign


def movements(sets: Sequence[NewSet]) -> dict[str, Movements]:
    """What these sets add to the balances, by book."""
    changes: dict[str, Movements] = {}
    for each in sets:
        move(changes.setdefault(each.book, {}), each.entries, day_of_key(each.day), CHART)
    return changes


def random_sets(seed: int, count: int, first: date = date(2025, 11, 20), days: int = 140) -> list[NewSet]:
    """Vouchers of one to four entries over some months: both books, both branches, two currencies, some corrections."""
    chance = random.Random(seed)
    sets = []
    for number in range(count):
        voucher = make_ident(1_760_000_000_000 + number * 1000, chance.randbytes(10))
        day = day_key(first + timedelta(days=chance.randrange(days)))
        branch, book = chance.choice(BRANCHES), chance.choice((FINANCIAL, FINANCIAL, MANAGEMENT))
        title = f"Chứng từ {number}"
        entries = [random_entry(chance, at, branch, title) for at in range(1, chance.randrange(1, 5) + 1)]
        sets.append(
            NewSet(voucher, book, 1, 1, "kind", f"CT{number:05d}", day, day, branch, title, tuple(entries), "25410")
        )
    return sets


def random_entry(chance: random.Random, line: int, branch: str, title: str) -> Entry:
    """Two sides with the details their accounts carry; now and then a negative amount, now and then one side."""
    amount = chance.randrange(1, 10**9) * (-1 if chance.random() < 0.05 else 1)
    debit, credit = (random_side(chance, code, branch, amount) for code in chance.sample(LEAVES, 2))
    alone = chance.random()
    text = title if chance.random() < 0.5 else f"Dòng {line}"
    return Entry(line, amount, None if alone < 0.03 else debit, None if 0.03 <= alone < 0.06 else credit, text)


def random_side(chance: random.Random, code: str, branch: str, amount: int) -> Side:
    """A side of `code`; monetary accounts are in dollars half of the time."""
    held = CHART.accounts[code]
    carried = {name: chance.choice(DETAILS[name]) for name in sorted(held.carries)}
    dollars = held.monetary and chance.random() < 0.5
    return Side(code, "USD" if dollars else VND, amount // 254 if dollars else 0, branch, **carried)
