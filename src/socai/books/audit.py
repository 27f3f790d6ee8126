"""The invariants of the ledger that can be read off either store: what is wrong, named; nothing is mended here.

I8: kept balances are the sum of the entries, and debits equal credits in every set. I9: a voucher's entries are in a
book once or not at all: one live set, its entries there, every voided set's entries in history, no set number missing.
A replica that began from a snapshot holds balances of vouchers it does not have; there `whole` is False and only what
each set says of itself is checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    SmallInteger,
    Table,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from socai.books.query import among
from socai.books.reader import Query, Reader
from socai.books.table import balance, entry, entry_history, entry_set
from socai.core.account import Chart
from socai.core.balance import ACCOUNT, BANK_ACCOUNT, FUND, MONEY_DAY, PARTNER

FINDINGS_MAX = 100  # of one kind: enough to see what is wrong
_ZERO: ColumnElement[int] = literal_column("0", Integer)
_NOTHING: ColumnElement[str] = literal_column("''", Text)
_SUMS = ("debit", "credit", "debit_foreign", "credit_foreign")
_KEY = ("book", "dimension", "branch", "account", "currency", "detail", "period")
_SET_KEY = ("bucket", "tenant", "voucher", "book", "set_no")
_DETAIL_NAMES = {PARTNER: "partner", BANK_ACCOUNT: "bank_account", FUND: "fund"}


class Finding(NamedTuple):
    """One breach: the invariant, what is wrong (a code), and where."""

    invariant: str  # I8 | I9
    problem: str
    where: str


def audit(reader: Reader, chart: Chart, whole: bool = True) -> Iterator[Finding]:
    """Every breach found, at most FINDINGS_MAX of a kind; nothing when the books are sound."""
    money = sorted(code for code, account in chart.accounts.items() if account.money)
    values = {"found_max": FINDINGS_MAX} | dict(zip(among("money", len(money)), money, strict=True))
    checks = [("I8", "SIDES_DIFFER", sides_differ()), *(("I9", problem, query()) for problem, query in _OF_SETS)]
    if whole:
        checks += [("I8", "BALANCE_DIFFERS", balances_differ(len(money))), ("I9", "SET_MISSING", sets_missing())]
    for invariant, problem, query in checks:
        for row in reader.rows(query, values):
            yield Finding(invariant, problem, " ".join(str(part) for part in row))


# --- I8 ---------------------------------------------------------------------------------------------------------------


def _owned(table: Table) -> ColumnElement[bool]:
    bucket, tenant = bindparam("bucket", type_=SmallInteger), bindparam("tenant", type_=Integer)
    return and_(table.c.bucket == bucket, table.c.tenant == tenant)


def _query(statement: Select[Any]) -> Query:
    return Query(statement.limit(bindparam("found_max", type_=Integer)))


def _entry_sums(side: str, dimension: int, money: int) -> Select[Any]:
    """What the entries of one side come to, taken away, in the shape of balance rows."""
    columns = entry.c
    account, day = columns[f"{side}_account"], columns.day
    name = _DETAIL_NAMES.get(dimension)
    detail: ColumnElement[str] = columns[f"{side}_{name}"] if name else _NOTHING
    chosen = [_owned(entry), account != _NOTHING]
    period: ColumnElement[int] = cast((day - day % 100) / 100, Integer)
    if dimension == MONEY_DAY:
        bank, fund = columns[f"{side}_bank_account"], columns[f"{side}_fund"]
        detail, period = case((bank != _NOTHING, bank), else_=fund), day
        chosen.append(account.in_([bindparam(code, type_=Text) for code in among("money", money)]))
    elif name:
        chosen.append(detail != _NOTHING)
    amount, foreign = -columns.amount, -columns[f"{side}_foreign"]
    sums: tuple[ColumnElement[int], ...] = (
        (amount, _ZERO, foreign, _ZERO) if side == "d" else (_ZERO, amount, _ZERO, foreign)
    )
    number = literal_column(str(dimension), Integer)
    currency = columns[f"{side}_currency"]
    key: tuple[ColumnElement[Any], ...] = (columns.book, number, columns.branch, account, currency, detail, period)
    named = [column.label(label) for label, column in zip((*_KEY, *_SUMS), (*key, *sums), strict=True)]
    return select(*named).where(*chosen)


@cache
def balances_differ(money: int) -> Query:
    """Keys whose kept balance is not the sum of the live entries: the key, then by how much each sum differs."""
    kept = select(*(balance.c[name] for name in (*_KEY, *_SUMS))).where(_owned(balance))
    if not money:
        kept = kept.where(balance.c.dimension != literal_column(str(MONEY_DAY), Integer))
    dimensions = (ACCOUNT, *_DETAIL_NAMES, *((MONEY_DAY,) if money else ()))
    parts = [_entry_sums(side, dimension, money) for dimension in dimensions for side in ("d", "c")]
    both = union_all(kept, *parts).subquery()
    key = [both.c[name] for name in _KEY]
    sums = [cast(func.sum(both.c[name]), BigInteger) for name in _SUMS]
    return _query(select(*key, *sums).group_by(*key).having(or_(*(column != _ZERO for column in sums))))


@cache
def sides_differ() -> Query:
    """Live sets whose debits are not their credits: voucher, book, both sums."""
    debit, credit = (
        cast(func.sum(case((entry.c[f"{side}_account"] != _NOTHING, entry.c.amount), else_=_ZERO)), BigInteger)
        for side in ("d", "c")
    )
    key = (entry.c.voucher, entry.c.book)
    return _query(select(*key, debit, credit).where(_owned(entry)).group_by(*key).having(debit != credit))


# --- I9 ---------------------------------------------------------------------------------------------------------------


def _of_set(table: Table) -> ColumnElement[bool]:
    return and_(*(table.c[name] == entry_set.c[name] for name in _SET_KEY))


def _named(*conditions: ColumnElement[bool]) -> Query:
    columns = entry_set.c
    return _query(select(columns.voucher, columns.book, columns.set_no).where(_owned(entry_set), *conditions))


_LIVE = entry_set.c.live == literal_column("1", Integer)


@cache
def two_live() -> Query:
    """Vouchers with more than one live set in a book: voucher, book, how many."""
    key = (entry_set.c.voucher, entry_set.c.book)
    many = func.count()
    return _query(select(*key, many).where(_owned(entry_set), _LIVE).group_by(*key).having(many > 1))


@cache
def live_without_entries() -> Query:
    """Live sets none of whose entries are in the books."""
    return _named(_LIVE, ~exists().where(_of_set(entry)))


@cache
def entries_without_set() -> Query:
    """Entries in the books that no live set answers for, or that say another day or branch than it does."""
    same = and_(_of_set(entry), entry_set.c.day == entry.c.day, entry_set.c.branch == entry.c.branch, _LIVE)
    columns = entry.c
    return _query(select(columns.voucher, columns.book, columns.line).where(_owned(entry), ~exists().where(same)))


@cache
def void_without_history() -> Query:
    """Voided sets whose entries are not in history: something posted was erased."""
    return _named(~_LIVE, ~exists().where(_of_set(entry_history)))


@cache
def seq_wrong() -> Query:
    """Sets that are live and voided at once, neither, or voided before they were posted."""
    columns = entry_set.c
    return _named(
        or_(
            and_(_LIVE, columns.voided_seq != _ZERO),
            and_(~_LIVE, columns.voided_seq <= columns.posted_seq),
        )
    )


@cache
def sets_missing() -> Query:
    """Vouchers whose set numbers have a gap: voucher, book, how many there are, the highest."""
    key = (entry_set.c.voucher, entry_set.c.book)
    many, last = func.count(), func.max(entry_set.c.set_no)
    return _query(select(*key, many, last).where(_owned(entry_set)).group_by(*key).having(many != last))


_OF_SETS = (
    ("TWO_LIVE_SETS", two_live),
    ("ENTRIES_MISSING", live_without_entries),
    ("ENTRIES_WITHOUT_SET", entries_without_set),
    ("HISTORY_MISSING", void_without_history),
    ("SEQ_WRONG", seq_wrong),
)
