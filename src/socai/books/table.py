"""The ledger's tables, said once for PostgreSQL (cloud) and SQLite (replica). Names and DDL only: no connection here.

Every primary key begins with (bucket, tenant); a replica is one tenant's file and keeps (0, 0) there. Days are integers
yyyymmdd on both. Voucher ids are `uuid` on PostgreSQL and canonical text on SQLite, which sort alike.

`entry` holds live sets only, so its primary key (voucher, book, line) is the rule that a voucher's entries are in a
book at most once. What was voided lives in `entry_history` under its set number: nothing posted is ever erased.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, PrimaryKeyConstraint, SmallInteger, Table, Text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.types import TypeEngine

from socai.core.entry import DETAILS

BUCKET_LOCAL, TENANT_LOCAL = 0, 0  # what a replica writes into the two leading key columns

metadata = MetaData()

# Bytes decide the order of text, so that codes sort and prefix ranges work alike on every server.
_TEXT = Text().with_variant(Text(collation="C"), "postgresql")
_VOUCHER = Text().with_variant(postgresql.UUID(as_uuid=False), "postgresql")
_SIDES = ("d", "c")

_postgres: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
_sqlite: Dialect = sqlite.dialect()


def _text(name: str) -> Column[str]:
    return Column(name, _TEXT, nullable=False, server_default="")


def _number(name: str, kind: type[TypeEngine[int]] = BigInteger) -> Column[int]:
    return Column(name, kind, nullable=False, server_default="0")


def _owner() -> list[Column[int]]:
    return [Column("bucket", SmallInteger, nullable=False), Column("tenant", Integer, nullable=False)]


def _entry_columns() -> list[Column[int] | Column[str]]:
    columns: list[Column[int] | Column[str]] = [
        *_owner(),
        Column("voucher", _VOUCHER, nullable=False),
        _text("book"),
        _number("set_no", Integer),
        _number("line", Integer),
        _number("day", Integer),
        _text("branch"),  # of both sides: dealings between branches are two vouchers
        _number("amount"),
    ]
    for side in _SIDES:
        columns += [_text(f"{side}_account"), _text(f"{side}_currency"), _number(f"{side}_foreign")]
        columns += [_text(f"{side}_{detail}") for detail in DETAILS]
    return [*columns, _text("description"), _text("cash_flow")]


entry_set = Table(
    "entry_set",
    metadata,
    *_owner(),
    Column("voucher", _VOUCHER, nullable=False),
    _text("book"),
    _number("set_no", Integer),
    _number("version", Integer),
    _text("type"),
    _text("number"),
    _number("voucher_date", Integer),
    _number("day", Integer),
    _text("branch"),
    _text("description"),
    _text("rate"),
    _number("posted_seq"),
    _number("voided_seq"),
    _number("live", SmallInteger),
    _text("posted_at"),
    PrimaryKeyConstraint("bucket", "tenant", "voucher", "book", "set_no"),
    sqlite_with_rowid=False,
)

entry = Table(
    "entry",
    metadata,
    *_entry_columns(),
    PrimaryKeyConstraint("bucket", "tenant", "voucher", "book", "line"),
    sqlite_with_rowid=False,
)

entry_history = Table(
    "entry_history",
    metadata,
    *_entry_columns(),
    PrimaryKeyConstraint("bucket", "tenant", "voucher", "book", "set_no", "line"),
    sqlite_with_rowid=False,
)

balance = Table(
    "balance",
    metadata,
    *_owner(),
    _text("book"),
    _number("dimension", SmallInteger),
    _text("branch"),
    _text("account"),
    _text("currency"),
    _text("detail"),
    _number("period", Integer),
    _number("debit"),
    _number("credit"),
    _number("debit_foreign"),
    _number("credit_foreign"),
    # Account and detail stand before branch and currency: sums by them come in the key's order and need no sorting.
    PrimaryKeyConstraint(
        *("bucket", "tenant", "book", "dimension", "account", "detail", "currency", "branch", "period"),
    ),
    sqlite_with_rowid=False,
)

tables = (entry_set, entry, entry_history, balance)


def _live_index() -> Index:
    """Reads the general journal in the order books print, one row a voucher."""
    live = entry_set.c.live == 1
    columns = (entry_set.c.bucket, entry_set.c.tenant, entry_set.c.book, entry_set.c.day, entry_set.c.voucher)
    return Index("entry_set_day", *columns, postgresql_where=live, sqlite_where=live)


def _day_key(what: str, of_many: bool) -> list[Column[int] | Column[str]]:
    """A column of entries, and the day. Among the rows `of_many` tenants it stands before their owner.

    Where PostgreSQL knows nothing of a tenant yet (a new company, a table it never analyzed), every index that begins
    with the owner seems to lead to one row, whatever else is asked for. It then read all of a tenant's entries through
    an account's index to find those of one voucher, and did so for each voucher of a page.
    """
    names = (what, "bucket", "tenant", "day") if of_many else ("bucket", "tenant", what, "day")
    return [entry.c[name] for name in names]


def _account_index(side: str, of_many: bool) -> Index:
    """Reads an account's ledger day by day, one side at a time.

    Voucher and line are not in the key: the few rows of one day are sorted when read, and a short key that repeats is
    stored once with a list of rows (half the size, and a third more vouchers posted a second).
    """
    return Index(f"entry_{side}_account", *_day_key(f"{side}_account", of_many))


def _detail_index(side: str, detail: str, of_many: bool) -> Index:
    """Reads a partner's or a bank account's ledger day by day; only the sides that carry one pay for it."""
    carried = entry.c[f"{side}_{detail}"] != ""
    columns = _day_key(f"{side}_{detail}", of_many)
    return Index(f"entry_{side}_{detail}", *columns, postgresql_where=carried, sqlite_where=carried)


INDEXED_DETAILS = ("partner", "bank_account")


def _indexes(of_many: bool) -> list[Index]:
    """For the books `of_many` tenants in one table, or of one in its own."""
    return [
        _live_index(),
        *(_account_index(side, of_many) for side in _SIDES),
        *(_detail_index(side, detail, of_many) for detail in INDEXED_DETAILS for side in _SIDES),
    ]


def ddl_postgres() -> list[str]:
    """The statements that make the books on PostgreSQL, in order. Rights and row security are the cloud store's."""
    # Room in the pages of the balances, so that adding to one stays in its page and touches no index.
    return [*_ddl(_postgres, of_many=True), "ALTER TABLE balance SET (fillfactor = 60)"]


def ddl_sqlite() -> list[str]:
    """The statements that make the books on SQLite, in order."""
    return _ddl(_sqlite, of_many=False)


def _ddl(dialect: Dialect, of_many: bool) -> list[str]:
    made = [CreateTable(table) for table in tables] + [CreateIndex(index) for index in _indexes(of_many)]
    return [str(statement.compile(dialect=dialect)).strip() for statement in made]
