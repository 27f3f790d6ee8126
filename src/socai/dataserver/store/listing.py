"""The statements behind lists: vouchers by filters, catalog entries by search, similar past vouchers, neighbours.

A status is derived and never stored, so a filter by state names here only where such vouchers can be found; the caller
derives each status and keeps the right ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import apsw

from socai.core.entry import FINANCIAL
from socai.dataserver.store import catalog, voucher
from socai.dataserver.store.catalog import EntryRow
from socai.dataserver.store.voucher import BookRow, Head

SIMILAR_SCANNED_MAX = 300

# Where vouchers of a state can be found. Each names ids, so that the few are looked up instead of the many being read.
_OPEN = "v.id IN (SELECT object FROM outbox WHERE state < 2)"
_RUNNING = "SELECT voucher FROM voucher_book WHERE (running <> '' OR faults <> '') AND running <> ''"
_FAULTY = "SELECT voucher FROM voucher_book WHERE (running <> '' OR faults <> '') AND faults <> ''"
_IN_BOOK = "SELECT 1 FROM voucher_book b WHERE b.voucher = v.id AND b.book = :state_book AND"
_CONFLICT = "SELECT object FROM conflict WHERE kind = 'voucher'"
_REFUSED = "SELECT id FROM voucher WHERE refused <> ''"
_MADE_HERE = "v.id IN (SELECT object FROM outbox WHERE state < 2 UNION SELECT id FROM voucher WHERE version = 0)"
_CANDIDATES = {
    "conflict": f"v.id IN ({_CONFLICT})",
    "sync_failed": f"v.id IN ({_REFUSED})",
    "local": _OPEN,
    "syncing": _OPEN,
    "in_flight": f"v.id IN (SELECT object FROM outbox WHERE state < 2 UNION {_RUNNING})",
    "posting": f"v.id IN (SELECT object FROM outbox WHERE state < 2 UNION {_RUNNING})",
    "post_failed": f"v.id IN ({_FAULTY})",
    "posted": f"EXISTS ({_IN_BOOK} b.posted = 1)",
    "unposted": f"NOT EXISTS ({_IN_BOOK} (b.posted = 1 OR b.faults <> ''))",
    "failed": f"v.id IN ({_REFUSED} UNION {_FAULTY} UNION {_CONFLICT})",
}
STATES = frozenset(_CANDIDATES)

# The same for the words of life.DETAILS, which look at all axes together.
_MOVING = f"v.id IN (SELECT object FROM outbox WHERE state < 2 UNION {_RUNNING})"
_FAILED_ACT = f"v.id IN ({_FAULTY} UNION {_REFUSED})"
_DETAIL_CANDIDATES = {
    "local": _MADE_HERE,
    "held": _OPEN,
    "syncing": _OPEN,
    "syncing_and_posting": _OPEN,
    "posting": _MOVING,
    "unposting": _MOVING,
    "deleting": _MOVING,
    "posted": f"EXISTS ({_IN_BOOK} b.posted = 1)",
    "sync_failed": f"v.id IN ({_REFUSED})",
    "post_failed": _FAILED_ACT,
    "to_confirm": f"v.id IN ({_FAULTY})",
    "unpost_failed": _FAILED_ACT,
    "delete_failed": _FAILED_ACT,
    "conflict": f"v.id IN ({_CONFLICT})",
    "synced": "v.version > 0",
}

_HEAD_AND_BOOK = ", ".join([f"v.{name}" for name in voucher.COLUMNS] + [f"b.{item.name}" for item in fields(BookRow)])


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of vouchers is limited to; empty or None is no limit. Days are yyyymmdd, amounts đồng.

    `words` are folded and all must be found. `branches` None is all. `account` takes its children too.
    `state` (an axis or a group) and `detail` (the one word of the list) are meant in `state_book`.
    """

    types: tuple[str, ...] = ()
    state: str = ""
    words: tuple[str, ...] = ()
    first_day: int = 0
    last_day: int = 0
    partner: str = ""
    account: str = ""
    amount_min: int | None = None
    amount_max: int | None = None
    branches: tuple[str, ...] | None = None
    book: str = ""
    state_book: str = FINANCIAL
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: lists run from the newest day back."""

    day: int
    id: str


def _where(filters: Filters) -> tuple[str, dict[str, object]]:
    """The condition of the filters and its values."""
    clauses, values = ["v.deleted = 0"], dict[str, object]()
    if len(filters.types) == 1:
        clauses.append("v.type = :type")
        values["type"] = filters.types[0]
    elif filters.types:
        clauses.append("v.type IN (SELECT value FROM json_each(:types))")
        values["types"] = json.dumps(filters.types)
    for position, word in enumerate(filters.words):
        clauses.append(f"instr(v.search, :word{position}) > 0")
        values[f"word{position}"] = word
    for clause, name, value in (
        ("v.day >= :first_day", "first_day", filters.first_day or None),
        ("v.day <= :last_day", "last_day", filters.last_day or None),
        ("v.total >= :amount_min", "amount_min", filters.amount_min),
        ("v.total <= :amount_max", "amount_max", filters.amount_max),
    ):
        if value is not None:
            clauses.append(clause)
            values[name] = value
    if filters.branches is not None:
        clauses.append("v.branch IN (SELECT value FROM json_each(:branches))")
        values["branches"] = json.dumps(filters.branches)
    if filters.book:
        clauses.append("instr(',' || v.books || ',', ',' || :book || ',') > 0")
        values["book"] = filters.book
    if filters.partner:
        clauses.append("v.id IN (SELECT voucher FROM voucher_key WHERE kind = 'partner' AND value = :partner)")
        values["partner"] = filters.partner
    if filters.account:
        clauses.append(
            "v.id IN (SELECT voucher FROM voucher_key"
            " WHERE kind = 'account' AND value >= :account AND value < :account || char(1114111))"
        )
        values["account"] = filters.account
    for table, wanted in ((_CANDIDATES, filters.state), (_DETAIL_CANDIDATES, filters.detail)):
        if wanted in table:
            clauses.append(table[wanted])
            if ":state_book" in table[wanted]:
                values["state_book"] = filters.state_book
    return " AND ".join(clauses), values


def page(db: apsw.Connection, filters: Filters, after: Place | None, limit: int) -> list[Head]:
    """Vouchers from the newest accounting day back, at most `limit`, after where the last page ended."""
    where, values = _where(filters)
    if after is not None:
        where += " AND (v.day, v.id) < (:after_day, :after_id)"
        values |= {"after_day": after.day, "after_id": after.id}
    values["limit"] = limit
    # The ids are found in an index; only the rows of the page are read whole.
    found = f"SELECT v.id FROM voucher v WHERE {where} ORDER BY v.day DESC, v.id DESC LIMIT :limit"
    rows = db.execute(f"{voucher.SELECT} WHERE v.id IN ({found}) ORDER BY v.day DESC, v.id DESC", values)
    return [Head(*row) for row in rows]


def count(db: apsw.Connection, filters: Filters) -> tuple[int, int]:
    """How many vouchers the filters find, and their total in đồng."""
    where, values = _where(filters)
    row = db.execute(f"SELECT count(*), coalesce(sum(v.total), 0) FROM voucher v WHERE {where}", values).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def neighbours(db: apsw.Connection, head: Head, branches: tuple[str, ...] | None) -> tuple[str, str]:
    """(previous, next) vouchers of the type by day, among the branches the person may see; empty at the ends."""
    where, values = _where(Filters(types=(head.type,), branches=branches))
    values |= {"day": head.day, "id": head.id}
    before = db.execute(
        f"SELECT v.id FROM voucher v WHERE {where} AND (v.day, v.id) < (:day, :id)"
        " ORDER BY v.day DESC, v.id DESC LIMIT 1",
        values,
    ).fetchone()
    after = db.execute(
        f"SELECT v.id FROM voucher v WHERE {where} AND (v.day, v.id) > (:day, :id) ORDER BY v.day, v.id LIMIT 1", values
    ).fetchone()
    return (str(before[0]) if before else "", str(after[0]) if after else "")


def similar(
    db: apsw.Connection, type_code: str, words: Sequence[str], branches: tuple[str, ...] | None
) -> Iterator[Head]:
    """Past vouchers of a type that hold all the words, the newest first, at most SIMILAR_SCANNED_MAX."""
    yield from page(db, Filters(types=(type_code,), words=tuple(words), branches=branches), None, SIMILAR_SCANNED_MAX)


# ---- catalogs


def entries(
    db: apsw.Connection,
    kind: str,
    words: Sequence[str],
    active: bool | None,
    branches: tuple[str, ...] | None,
    after: tuple[str, str] | None,
    limit: int,
) -> list[EntryRow]:
    """Living entries of a kind in order of code. With branches, those of other branches are left out."""
    clauses, values = ["kind = :kind", "deleted = 0"], dict[str, object](kind=kind, limit=limit)
    for position, word in enumerate(words):
        clauses.append(f"instr(search, :word{position}) > 0")
        values[f"word{position}"] = word
    if active is not None:
        clauses.append("active = :active")
        values["active"] = int(active)
    if branches is not None:
        place = "id" if kind == "branch" else "coalesce(body ->> '$.branch', '')"
        clauses.append(f"({place} = '' OR {place} IN (SELECT value FROM json_each(:branches)))")
        values["branches"] = json.dumps(branches)
    if after is not None:
        clauses.append("(code_key, id) > (:after_key, :after_id)")
        values |= {"after_key": after[0], "after_id": after[1]}
    rows = db.execute(f"{catalog.SELECT} WHERE {' AND '.join(clauses)} ORDER BY code_key, id LIMIT :limit", values)
    return [EntryRow(*row) for row in rows]


def used(db: apsw.Connection, kind: str, idents: Sequence[str]) -> frozenset[str]:
    """Which of these entries some voucher here names."""
    rows = db.execute(
        "SELECT j.value FROM json_each(?) j"
        " WHERE EXISTS (SELECT 1 FROM voucher_key k WHERE k.kind = ? AND k.value = j.value)",
        (json.dumps(idents), kind),
    )
    return frozenset(str(row[0]) for row in rows)


def in_conflict(db: apsw.Connection, kind: str) -> frozenset[str]:
    """The entries of a kind that are in conflict; mostly none."""
    rows = db.execute("SELECT object FROM conflict WHERE kind = 'catalog' AND object_kind = ?", (kind,))
    return frozenset(str(row[0]) for row in rows)


def waiting(db: apsw.Connection, kind: str, idents: Sequence[str]) -> dict[str, int]:
    """The outbox state (0 waiting, 1 sent) of catalog entries with work of their own."""
    rows = db.execute(
        "SELECT o.object, max(o.state) FROM json_each(?) j JOIN outbox o ON o.object = j.value"
        " WHERE o.state < 2 AND o.kind = 'catalog' AND o.object_kind = ? GROUP BY o.object",
        (json.dumps(idents), kind),
    )
    return {str(ident): int(state) for ident, state in rows}


def in_progress(
    db: apsw.Connection,
    last_day: int,
    book: str,
    branches: tuple[str, ...] | None,
    keys: Sequence[tuple[str, str]] = (),
) -> int:
    """How many vouchers up to a day are on their way to the cloud or being worked on there, in one book.

    They are what figures up to that day do not hold yet: `keys` are what such a voucher names (an account with its
    children, a partner …), all of them.
    """
    where = ["v.day <= :last_day", "instr(',' || v.books || ',', ',' || :book || ',') > 0"]
    values: dict[str, object] = {"last_day": last_day, "book": book}
    if branches is not None:
        where.append("v.branch IN (SELECT value FROM json_each(:branches))")
        values["branches"] = json.dumps(branches)
    for at, (kind, value) in enumerate(keys):
        under = (
            f"value >= :value{at} AND value < :value{at} || char(1114111)"
            if kind == "account"
            else f"value = :value{at}"
        )
        where.append(f"EXISTS (SELECT 1 FROM voucher_key WHERE voucher = v.id AND kind = :kind{at} AND {under})")
        values |= {f"kind{at}": kind, f"value{at}": value}
    row = db.execute(
        "SELECT count(*) FROM (SELECT object AS id FROM outbox WHERE state < 2 AND kind = 'voucher'"
        f" UNION {_RUNNING}) o JOIN voucher v ON v.id = o.id WHERE {' AND '.join(where)}",
        values,
    ).fetchone()
    return int(row[0]) if row else 0


def refused_postings(db: apsw.Connection, branches: tuple[str, ...] | None, limit: int) -> list[tuple[Head, BookRow]]:
    """Living vouchers with a book the cloud could not post, unpost or delete as asked, the newest act first."""
    among, values = "", dict[str, object](limit=limit)
    if branches is not None:
        among = " AND v.branch IN (SELECT value FROM json_each(:branches))"
        values["branches"] = json.dumps(branches)
    rows = db.execute(
        f"SELECT {_HEAD_AND_BOOK} FROM voucher_book b JOIN voucher v ON v.id = b.voucher"
        " WHERE (b.running <> '' OR b.faults <> '') AND b.faults <> '' AND b.running = ''"
        f" AND v.deleted = 0 AND v.refused = ''{among} ORDER BY v.at DESC, v.id LIMIT :limit",
        values,
    )
    size = len(voucher.COLUMNS)
    return [
        (Head(*row[:size]), BookRow(row[size], bool(row[size + 1]), bool(row[size + 2]), *row[size + 3 :]))
        for row in rows
    ]
