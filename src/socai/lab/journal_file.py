"""A tenant's posted books as a text journal that hledger and its relatives read: an oracle that shares no code with us.

Each live set of entries becomes a transaction; each entry two postings, or one where it has one side. Amounts in đồng;
foreign money stands with its cost in đồng, so `hledger balance --cost` sums to our balances. An account is named by the
chain of codes above it (`111:1111`), a partner under the account that carries it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import apsw
import msgspec
import psycopg

from socai.base.calendar import day_of_key
from socai.base.money import amount_text
from socai.core.account import Chart
from socai.core.company import DECIMALS
from socai.core.entry import VND
from socai.registry import chart_for

ROWS_FETCHED = 2_000
BUSY_MILLISECONDS = 10_000
NOT_IN_NAMES = re.compile(r"[\x00-\x1f;:|()\[\]{}]|  +")
POSTGRES = ("postgresql://", "postgres://")

_SIDE = "{0}_account, {0}_currency, {0}_foreign, {0}_partner"
_ENTRIES = (
    "SELECT s.voucher, s.number, s.type, s.day, s.description, e.line, e.amount, e.description, "
    + ", ".join("e." + name for side in "dc" for name in _SIDE.format(side).split(", "))
    + " FROM entry_set s JOIN entry e ON e.bucket = s.bucket AND e.tenant = s.tenant AND e.voucher = s.voucher"
    " AND e.book = s.book AND e.set_no = s.set_no WHERE s.bucket = {0} AND s.tenant = {0} AND s.live = 1"
    " AND s.book = {0} ORDER BY s.day, s.voucher, e.line"
)
FISCAL_YEAR = "fiscal_year"
_KINDS = f"kind IN ('account', '{FISCAL_YEAR}', 'partner')"
REPLICA_BODIES = f"SELECT kind, id, body FROM catalog_entry WHERE deleted = 0 AND {_KINDS}"
CLOUD_BODIES = (
    f"SELECT kind, id, body FROM catalog_entry WHERE bucket = %s AND tenant = %s AND NOT deleted AND {_KINDS}"
)


class SourceWrong(Exception):
    """What was named holds no books, or not all of them."""


@dataclass(frozen=True, slots=True)
class Names:
    """What codes are called: the chart of the newest year, and partners by id."""

    chart: Chart
    partners: Mapping[str, str]


def is_database(source: str) -> bool:
    """Whether a source is the address of a database; else it is a file."""
    return source.startswith(POSTGRES)


def reading(path: Path) -> apsw.Connection:
    """A connection that only reads, while a data server may be writing, and after one was killed."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    db.set_busy_timeout(BUSY_MILLISECONDS)
    db.pragma("query_only", "ON")
    return db


def lines(source: str, tenant: str, book: str) -> Iterator[str]:
    """The journal of a book, line by line, from a replica file or from the cloud's database. Raises SourceWrong."""
    yield from (_of_cloud(source, tenant, book) if is_database(source) else _of_replica(Path(source), book))


def _of_replica(path: Path, book: str) -> Iterator[str]:
    if not path.is_file():
        raise SourceWrong(f"{path} is no file")
    with closing(reading(path)) as db:
        try:
            missing = db.execute("SELECT count(*) FROM month_missing").fetchone()
            bodies = list(db.execute(REPLICA_BODIES))
        except apsw.Error as error:
            raise SourceWrong(f"{path} is no replica: {error}") from error
        if missing and missing[0]:
            raise SourceWrong(f"{path} lacks the vouchers of {missing[0]} months: download them, or export the cloud's")
        yield from _journal(db.execute(_ENTRIES.format("?"), (0, 0, book)), names_of(bodies))


def _of_cloud(dsn: str, tenant: str, book: str) -> Iterator[str]:
    with psycopg.connect(dsn) as connection:
        place: Any = connection.execute(
            "SELECT bucket, tenant FROM tenant_directory WHERE code = %s", (tenant,)
        ).fetchone()
        if place is None:
            raise SourceWrong(f"the cloud has no company {tenant}")
        bodies: Any = connection.execute(CLOUD_BODIES.encode(), place).fetchall()
        with connection.cursor("journal") as cursor:
            cursor.itersize = ROWS_FETCHED
            cursor.execute(_ENTRIES.format("%s").encode(), (*place, book))
            yield from _journal(cursor, names_of(bodies))


def names_of(rows: Iterable[Sequence[Any]]) -> Names:
    """What accounts and partners are called, from (kind, id, body) of their catalog entries. Raises SourceWrong."""
    bodies: dict[str, dict[str, Mapping[str, Any]]] = {"account": {}, FISCAL_YEAR: {}, "partner": {}}
    for kind, ident, body in rows:
        bodies[kind][ident] = body if isinstance(body, dict) else msgspec.json.decode(body)
    years = sorted(bodies[FISCAL_YEAR].values(), key=lambda year: str(year["first_day"]))
    if not years:
        raise SourceWrong("the company has not been set up: it has no fiscal year")
    chart = chart_for(str(years[-1]["regime"]), bodies["account"].values())
    return Names(chart, {ident: _plain(str(body["code"])) for ident, body in bodies["partner"].items()})


def _journal(rows: Iterable[Sequence[Any]], names: Names) -> Iterator[str]:
    yield f"commodity 1000. {VND}"
    yield "; balances in đồng: hledger balance --cost"
    for _, group in groupby(rows, key=lambda row: row[0]):
        entries = list(group)
        _, number, kind, day, title, *_ = entries[0]
        yield ""
        yield f"{day_of_key(day)} ({_plain(number)}) {_plain(title)}  ; type:{kind}".rstrip()
        for row in entries:
            amount, said = row[6], _plain(row[7])
            for sign, side in ((1, row[8:12]), (-1, row[12:16])):
                if side[0]:
                    note = f"  ; {said}" if said and said != _plain(title) else ""
                    yield f"    {_account(side, names)}  {_amount(sign * amount, sign, side)}{note}"


def _account(side: Sequence[Any], names: Names) -> str:
    code, chain = str(side[0]), []
    while code:
        chain.append(code)
        known = names.chart.accounts.get(code)
        code = known.parent if known else ""
    partner = names.partners.get(str(side[3]), _plain(str(side[3])))
    return ":".join([*reversed(chain), *([partner] if partner else [])])


def _amount(amount: int, sign: int, side: Sequence[Any]) -> str:
    currency, foreign = str(side[1]), int(side[2])
    if currency == VND or not foreign:
        return f"{amount} {VND}"
    # The total cost takes the sign of the quantity it stands beside.
    return f"{amount_text(sign * foreign, DECIMALS.get(currency, 2))} {currency} @@ {abs(amount)} {VND}"


def _plain(text: str) -> str:
    """Text without what the format gives a meaning to."""
    return NOT_IN_NAMES.sub(" ", text).strip()
