"""What this file holds, added up to digests (sync/digest.py), and what of it may rightly differ from the cloud."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import apsw
import msgspec

from socai.sync.digest import BALANCES, SETS, VOUCHERS, Digest, Place, Summer, month_of
from socai.sync.message import CATALOG, VOUCHER

_HELD = "version > 0 AND deleted = 0"  # known to the cloud, as far as it has told


def local(db: apsw.Connection, branches: frozenset[str]) -> list[Digest]:
    """The digests of this file, for an office limited to these branches (none: all)."""
    summer = Summer()

    def mine(branch: str) -> bool:
        return not branches or branch in branches

    for ident, seq, number, day, branch in db.execute(
        f"SELECT id, seq, number, day, branch FROM voucher WHERE {_HELD}"
    ):
        if mine(branch):
            summer.row(VOUCHERS, branch, month_of(day), ident, seq, number, day)
    for voucher, book, set_no, day, branch in db.execute(
        "SELECT voucher, book, set_no, day, branch FROM entry_set WHERE bucket = 0 AND tenant = 0 AND live = 1"
    ):
        if mine(branch):
            summer.row(SETS, branch, month_of(day), voucher, book, set_no)
    for branch, month, total in db.execute(
        "SELECT branch, day / 100, sum(amount) FROM entry WHERE bucket = 0 AND tenant = 0 GROUP BY 1, 2"
    ):
        if mine(branch):
            summer.add(Digest(SETS, branch, month, total=total))
    for kind, ident, seq in db.execute(f"SELECT kind, id, seq FROM catalog_entry WHERE {_HELD}"):
        summer.row(kind, "", 0, ident, seq)
    for book, dimension, branch, account, currency, detail, period, *turnover in db.execute(
        "SELECT book, dimension, branch, account, currency, detail, period, debit, credit, debit_foreign,"
        " credit_foreign FROM balance WHERE bucket = 0 AND tenant = 0"
    ):
        if any(turnover) and mine(branch):
            key = (book, dimension, account, currency, detail, period)
            summer.row(BALANCES, branch, month_of(period), *key, *turnover)
    return summer.digests()


def missing(db: apsw.Connection) -> set[tuple[str, int]]:
    """(branch, month) whose vouchers are not wholly here."""
    return {(str(branch), int(month)) for branch, month in db.execute("SELECT branch, month FROM month_missing")}


_WORKING = """
SELECT kind, object_kind, object FROM outbox WHERE state = 0 OR state = 1
UNION SELECT kind, object_kind, object FROM conflict
UNION SELECT kind, object_kind, object FROM shadow
UNION SELECT 'voucher', type, id FROM voucher WHERE refused <> ''
UNION SELECT 'catalog', kind, id FROM catalog_entry WHERE refused <> ''
"""


def working(db: apsw.Connection) -> set[tuple[str, str, str]]:
    """(kind, object kind, id) of everything here that is ahead of the cloud, or stands against it."""
    return {(str(kind), str(of), str(ident)) for kind, of, ident in db.execute(_WORKING)}


def unsettled(db: apsw.Connection, objects: Iterable[tuple[str, str, str]]) -> set[Place]:
    """The places these objects stand in here, or stood in by any form of theirs: the cloud's is among them."""
    places: set[Place] = set()
    for kind, of, ident in objects:
        if kind == CATALOG:
            places.add(Place(of, "", 0))
        elif kind == VOUCHER:
            places.update(_places(db, of, ident))
    return places


def _places(db: apsw.Connection, of: str, ident: str) -> Iterator[Place]:
    bodies = db.execute(
        "SELECT body FROM voucher_body WHERE voucher = ?1"
        " UNION ALL SELECT body FROM conflict WHERE kind = 'voucher' AND object_kind = ?2 AND object = ?1"
        " UNION ALL SELECT body FROM shadow WHERE kind = 'voucher' AND object_kind = ?2 AND object = ?1",
        (ident, of),
    )
    for (body,) in bodies:
        said = msgspec.json.decode(body) if body else {}
        day = str(said.get("accounting_date") or "").replace("-", "")
        if day.isdigit():
            yield Place(VOUCHERS, str(said.get("branch") or ""), month_of(int(day)))


def held(db: apsw.Connection, branch: str, month: int) -> dict[str, int]:
    """The vouchers of a branch and month that the cloud has told of, with the seq it told them at."""
    rows = db.execute(
        f"SELECT id, seq FROM voucher WHERE {_HELD} AND branch = ? AND day BETWEEN ? AND ?",
        (branch, month * 100, month * 100 + 99),
    )
    return {str(ident): int(seq) for ident, seq in rows}


def last_revision(db: apsw.Connection, kind: str, of: str, ident: str) -> int:
    """The newest form kept of an object whose own row may be gone; 0 where there is none."""
    if kind == VOUCHER:
        found = db.execute("SELECT max(revision) FROM voucher_body WHERE voucher = ?", (ident,)).fetchone()
    else:
        found = db.execute("SELECT max(revision) FROM catalog_body WHERE kind = ? AND id = ?", (of, ident)).fetchone()
    return int(found[0] or 0) if found else 0


def entries_held(db: apsw.Connection, kind: str) -> list[str]:
    """The entries of a catalog that the cloud has told of."""
    return [str(row[0]) for row in db.execute(f"SELECT id FROM catalog_entry WHERE {_HELD} AND kind = ?", (kind,))]


def set_holders(db: apsw.Connection, branch: str, month: int) -> set[str]:
    """The vouchers with live entries in a branch and month."""
    rows = db.execute(
        "SELECT voucher FROM entry_set WHERE bucket = 0 AND tenant = 0 AND live = 1"
        " AND branch = ? AND day BETWEEN ? AND ?",
        (branch, month * 100, month * 100 + 99),
    )
    return {str(row[0]) for row in rows}


def forget_sets(db: apsw.Connection, ident: str, numbers: Iterable[tuple[str, int]] = ()) -> None:
    """Drop the live entry sets of a voucher, and the sets of these (book, set_no); balances stay as they are."""
    keys = set(numbers) | {
        (str(book), int(set_no))
        for book, set_no in db.execute(
            "SELECT book, set_no FROM entry_set WHERE bucket = 0 AND tenant = 0 AND voucher = ? AND live = 1", (ident,)
        )
    }
    for book, set_no in keys:
        for table in ("entry", "entry_history", "entry_set"):
            db.execute(
                f"DELETE FROM {table} WHERE bucket = 0 AND tenant = 0 AND voucher = ? AND book = ? AND set_no = ?",
                (ident, book, set_no),
            )
    db.execute("DELETE FROM entry WHERE bucket = 0 AND tenant = 0 AND voucher = ?", (ident,))


def forget_balances(db: apsw.Connection, branch: str, month: int) -> None:
    """Drop all balances of a branch and month, days included."""
    db.execute(
        "DELETE FROM balance WHERE bucket = 0 AND tenant = 0 AND branch = ? AND (period = ? OR period BETWEEN ? AND ?)",
        (branch, month, month * 100, month * 100 + 99),
    )
