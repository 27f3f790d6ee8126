"""The questions reports ask of the tables, each for a shape: which columns group it, how many accounts and branches.

Every statement fixes bucket and tenant on each table. Conditions of partial indexes are written as literals, so that a
prepared plan may use the index.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    SmallInteger,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
    tuple_,
)

from socai.books.reader import Query
from socai.books.table import balance, entry, entry_set

_e, _s, _b = entry.c, entry_set.c, balance.c
_ZERO: ColumnElement[int] = literal_column("0", Integer)
_NOTHING: ColumnElement[str] = literal_column("''", Text)
Condition = ColumnElement[bool]


def _number(name: str) -> Any:
    return bindparam(name, type_=Integer)


def _text(name: str) -> Any:
    return bindparam(name, type_=Text)


def among(prefix: str, count: int) -> list[str]:
    """The names of the values of a list of `count`: account_0, account_1 …"""
    return [f"{prefix}_{at}" for at in range(count)]


def _is_among(column: ColumnElement[Any], prefix: str, count: int) -> list[Condition]:
    """No condition for a count of 0; an equality for 1, which every planner likes best."""
    names = among(prefix, count)
    if len(names) == 1:
        return [column == _text(names[0])]
    return [column.in_([_text(name) for name in names])] if names else []


def _owned(columns: Any) -> list[Condition]:
    return [
        columns.bucket == bindparam("bucket", type_=SmallInteger),
        columns.tenant == _number("tenant"),
        columns.book == _text("book"),
    ]


def _total(condition: Condition, column: ColumnElement[int]) -> ColumnElement[int]:
    return cast(func.coalesce(func.sum(case((condition, column), else_=_ZERO)), _ZERO), BigInteger)


@cache
def balance_sums(by: tuple[str, ...], accounts: int, branches: int, detail: bool, currency: bool) -> Query:
    """Opening and turnover of whole months, from kept balances: `by` columns, then four sums before and four within.

    Values: book, dimension, month (opening is before it), whole_first, whole_last, whole_max, and the lists.
    """
    before = _b.period < _number("month")
    within = _b.period.between(_number("whole_first"), _number("whole_last"))
    kept = (_b.debit, _b.credit, _b.debit_foreign, _b.credit_foreign)
    group = [_b[name] for name in by]
    conditions = [
        *_owned(_b),
        _b.dimension == _number("dimension"),
        _b.period <= _number("whole_max"),
        *_is_among(_b.branch, "branch", branches),
        *_is_among(_b.account, "account", accounts),
        *([_b.detail == _text("detail")] if detail else []),
        *([_b.currency == _text("currency")] if currency else []),
    ]
    sums = [_total(span, column) for span in (before, within) for column in kept]
    return Query(select(*group, *sums).where(*conditions).group_by(*group))


@cache
def balance_sides(accounts: int, branches: int, currency: bool) -> Query:
    """Opening and closing of gross accounts, from kept balances of whole months: account, then for opening and closing
    the debit balances and the credit balances of its details, then the same in the currency.

    Each detail is netted first, in the order of the key, so that the store neither sorts nor hands out its rows.
    """
    before = _b.period < _number("month")
    conditions = [
        *_owned(_b),
        _b.dimension == _number("dimension"),
        _b.period <= _number("whole_max"),
        *_is_among(_b.branch, "branch", branches),
        *_is_among(_b.account, "account", accounts),
        *([_b.currency == _text("currency")] if currency else []),
    ]
    nets = [_b.debit - _b.credit] + ([_b.debit_foreign - _b.credit_foreign] if currency else [])
    columns = []
    for at, net in enumerate(nets):
        columns += [_total(before, net).label(f"opening_{at}"), cast(func.sum(net), BigInteger).label(f"closing_{at}")]
    inner = select(_b.account, _b.detail, *columns).where(*conditions).group_by(_b.account, _b.detail).subquery()
    sides = []
    for at in range(2):
        for name in (f"opening_{at}", f"closing_{at}"):
            if name in inner.c:
                sides += [_total(inner.c[name] > _ZERO, inner.c[name]), _total(inner.c[name] < _ZERO, -inner.c[name])]
            else:
                sides += [_ZERO, _ZERO]
    return Query(select(inner.c.account, *sides).group_by(inner.c.account))


def _of_set() -> Condition:
    keys = ("bucket", "tenant", "voucher", "book", "set_no")
    return and_(*(_s[key] == _e[key] for key in keys))


def _carried(side: str, name: str) -> list[Condition]:
    """The sides that carry this detail, said as the partial index says it."""
    return [_e[f"{side}_{name}"] != _NOTHING] if name else []


def _detail_is(side: str, name: str) -> list[Condition]:
    return [*_carried(side, name), _e[f"{side}_{name}"] == _text("detail")] if name else []


@cache
def edge_sums(
    side: str, by: tuple[str, ...], dimension: str, accounts: int, branches: int, detail: bool, currency: bool
) -> Query:
    """Opening and turnover of a part of a month, from entries, of one side: `by` columns, then amount and foreign
    amount of the days before `first` and of the others.

    With accounts it reads their index; without, the vouchers of the days.
    """
    columns = {"account": _e[f"{side}_account"], "currency": _e[f"{side}_currency"]}
    if dimension:
        columns["detail"] = _e[f"{side}_{dimension}"]
    group = [columns[name] for name in by]
    before, within = _e.day < _number("first"), _e.day >= _number("first")
    sums = [_total(span, column) for span in (before, within) for column in (_e.amount, _e[f"{side}_foreign"])]
    conditions = [
        *_owned(_e),
        *_is_among(columns["account"], "account", accounts),
        *_is_among(_e.branch, "branch", branches),
        *(_detail_is(side, dimension) if detail else _carried(side, dimension)),
        *([columns["currency"] == _text("currency")] if currency else []),
        *([] if accounts else [columns["account"] != _NOTHING]),
    ]
    days = (_number("edge_first"), _number("edge_last"))
    statement = select(*group, *sums)
    if accounts:
        conditions.append(_e.day.between(*days))
    else:
        statement = statement.select_from(entry_set.join(entry, _of_set()))
        conditions += [*_owned(_s), _s.live == literal_column("1"), _s.day.between(*days)]
    return Query(statement.where(*conditions).group_by(*group))


def _after(columns: Sequence[ColumnElement[Any]]) -> Condition:
    names = (_number("after_day"), bindparam("after_voucher", type_=_s.voucher.type), _number("after_line"))
    return tuple_(*columns) > tuple_(*names)


_WRITTEN = (_e.description, _s.description, _s.number, _s.voucher_date, _s.rate, _s.type)


def _paged(statement: Select[Any], *order: ColumnElement[Any]) -> Query:
    return Query(statement.order_by(*order).limit(_number("count")))


@cache
def side_rows(side: str, accounts: int, dimension: str, branches: int, currency: bool) -> Query:
    """The next `count` entries of one side after a place in the book's order: of one account, or of a detail.

    Columns: day, voucher, line, amount, foreign, currency, account, counter account, partner, what was written.
    """
    other = "c" if side == "d" else "d"
    conditions = [
        *_owned(_e),
        *_is_among(_e[f"{side}_account"], "account", accounts),
        *_detail_is(side, dimension),
        _e.day.between(_number("from_day"), _number("to_day")),
        _after((_e.day, _e.voucher, _e.line)),
        *_is_among(_e.branch, "branch", branches),
        *([_e[f"{side}_currency"] == _text("currency")] if currency else []),
    ]
    names = ("foreign", "currency", "account")
    columns = [_e[f"{side}_{name}"] for name in names] + [_e[f"{other}_account"], _e[f"{side}_partner"]]
    statement = (
        select(_e.day, _e.voucher, _e.line, _e.amount, *columns, *_WRITTEN)
        .select_from(entry.join(entry_set, _of_set()))
        .where(*conditions)
    )
    return _paged(statement, _e.day, _e.voucher, _e.line)


@cache
def journal_rows(branches: int) -> Query:
    """The next `count` entries of the whole book after a place in its order, read through the vouchers of each day.

    Columns: day, voucher, line, amount, then foreign, currency, account and partner of the debit and of the credit
    side, and what was written.
    """
    names = ("foreign", "currency", "account", "partner")
    columns = [_e[f"{side}_{name}"] for side in ("d", "c") for name in names]
    conditions = [
        *_owned(_s),
        _s.live == literal_column("1"),
        _s.day.between(_number("from_day"), _number("to_day")),
        tuple_(_s.day, _s.voucher) >= tuple_(_number("after_day"), bindparam("after_voucher", type_=_s.voucher.type)),
        or_(_s.voucher != bindparam("after_voucher", type_=_s.voucher.type), _e.line > _number("after_line")),
        *_is_among(_s.branch, "branch", branches),
    ]
    statement = (
        select(_s.day, _s.voucher, _e.line, _e.amount, *columns, *_WRITTEN)
        .select_from(entry_set.join(entry, _of_set()))
        .where(*conditions)
    )
    return _paged(statement, _s.day, _s.voucher, _e.line)
