"""The books of a replica: apply entry sets as the cloud tells them, take a snapshot, say which months are whole.

Which of a voucher's sets is in the balances here: the set's own row says so; where there is no row, the snapshot
contained it if it was posted before the snapshot and not voided by then.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

import apsw

from socai.base.calendar import day_key, day_of_key, months_between
from socai.books.write import NewSet, SqliteWriter, Void
from socai.core.balance import MONEY_DAY, Movements, move
from socai.core.check import MoneyKey
from socai.core.entry import VND, Entry, Side
from socai.dataserver.store import meta
from socai.dataserver.store.known import Known
from socai.sync.message import BalanceRow, FeedItem, WireEntrySet

CLEARED_MAX = 40  # vouchers in one step of emptying the books


def entries_of(wire: WireEntrySet) -> list[Entry]:
    """The entries of a set from their arrays (sync/message.py)."""
    found = []
    for line, amount, debit, credit, description, cash_flow in wire.entries:
        sides = [Side(*side) if side is not None else None for side in (debit, credit)]
        found.append(Entry(line, amount, sides[0], sides[1], description, cash_flow))
    return found


def was_live(db: apsw.Connection, voucher: str, wire: WireEntrySet, snapshot_seq: int) -> tuple[bool, bool]:
    """(the set has a row here, the set is in the balances here)."""
    row = db.execute(
        "SELECT live FROM entry_set WHERE bucket = 0 AND tenant = 0 AND voucher = ? AND book = ? AND set_no = ?",
        (voucher, wire.book, wire.set_no),
    ).fetchone()
    if row is not None:
        return True, bool(row[0])
    return False, wire.posted_seq <= snapshot_seq and not 0 < wire.voided_seq <= snapshot_seq


def apply_sets(db: apsw.Connection, items: Sequence[FeedItem], snapshot_seq: int, known: Known) -> None:
    """Bring the books to what the sets of these vouchers say, the balances all at once. In the caller's transaction."""
    writer = SqliteWriter(db)
    changes: dict[str, Movements] = {}
    for item in items:
        _apply(db, writer, item, snapshot_seq, known, changes)
    writer.add_balances(changes)


def _apply(
    db: apsw.Connection,
    writer: SqliteWriter,
    item: FeedItem,
    snapshot_seq: int,
    known: Known,
    changes: dict[str, Movements],
) -> None:
    # Voided sets first: a book never holds two live sets of one voucher.
    for wire in sorted(item.sets, key=lambda each: (each.voided_seq == 0, each.book, each.set_no)):
        known_row, before = was_live(db, item.id, wire, snapshot_seq)
        now = wire.voided_seq == 0
        if known_row and before == now:
            continue
        if known_row and now:
            continue  # what was voided never comes back: a stale page
        day = date.fromisoformat(wire.day)
        movements = changes.setdefault(wire.book, {})
        chart = known.chart_on(day)
        if known_row or now:
            _void(writer, item.id, wire.book, wire.voided_seq or wire.posted_seq, movements, known)
        if known_row:
            continue
        entries = entries_of(wire)
        store_set(writer, item.id, item.object_kind, wire, entries, day)
        if before != now:
            move(movements, entries, day, chart, 1 if now else -1)


def _void(writer: SqliteWriter, voucher: str, book: str, seq: int, movements: Movements, known: Known) -> None:
    """Take the live set of a voucher out of the book, if there is one."""
    live = [Void(item.voucher, item.book, item.set_no) for item in writer.live_sets([(voucher, book)])]
    if not live:
        return
    gone = writer.void_entries(live)
    writer.void_sets(live, seq)
    for item in gone:
        day = day_of_key(item.day)
        move(movements, item.entries, day, known.chart_on(day), -1)


def store_set(writer: SqliteWriter, ident: str, kind: str, wire: WireEntrySet, entries: list[Entry], day: date) -> None:
    """Write a set and its entries; balances are the caller's."""
    new = NewSet(
        voucher=ident,
        book=wire.book,
        set_no=wire.set_no,
        version=wire.version,
        type=kind,
        number=wire.number,
        voucher_date=day_key(date.fromisoformat(wire.voucher_date)) if wire.voucher_date else day_key(day),
        day=day_key(day),
        branch=wire.branch,
        description=wire.description,
        entries=entries,
        rate=wire.rate,
        posted_seq=wire.posted_seq,
        voided_seq=wire.voided_seq,
        posted_at=wire.posted_at,
    )
    writer.post_entries([new])
    writer.post_sets([new])


def sets_of(db: apsw.Connection, voucher: str) -> list[tuple[str, int, str, bool]]:
    """(book, version, posted at, voided) of every set of a voucher that is here, in the order they were posted."""
    rows = db.execute(
        "SELECT book, version, posted_at, voided_seq FROM entry_set WHERE bucket = 0 AND tenant = 0 AND voucher = ?"
        " ORDER BY posted_seq",
        (voucher,),
    )
    return [(str(book), int(version), str(at), bool(voided)) for book, version, at, voided in rows]


def clear_balances(db: apsw.Connection) -> None:
    """The first step of emptying the books before a snapshot is taken."""
    for name in ("balance", "month_missing"):
        db.execute(f"DELETE FROM {name}")


def clear_some(db: apsw.Connection) -> bool:
    """A further step: the entries of some vouchers. Whether any are left."""
    vouchers = f"SELECT DISTINCT voucher FROM entry_set WHERE bucket = 0 AND tenant = 0 LIMIT {CLEARED_MAX}"
    gone = [str(row[0]) for row in db.execute(vouchers)]
    for name in ("entry", "entry_history", "entry_set"):
        db.execute(
            f"DELETE FROM {name} WHERE bucket = 0 AND tenant = 0 AND voucher IN (SELECT value FROM json_each(?))",
            (json.dumps(gone),),
        )
    return bool(gone)


_TURNED_OVER = "SELECT branch, period AS month FROM balance WHERE bucket = 0 AND tenant = 0 AND dimension = 0"
_HELD = "SELECT branch, day / 100 FROM voucher WHERE version > 0 AND deleted = 0 AND day > 0"


def whole_spans(db: apsw.Connection) -> list[tuple[int, int, str]]:
    """(first month, last month, branch) of the stretches whose vouchers are wholly here, by branch and month."""
    rows = db.execute(f"{_TURNED_OVER} UNION {_HELD} EXCEPT SELECT branch, month FROM month_missing ORDER BY 1, 2")
    spans: list[tuple[int, int, str]] = []
    for branch, month in rows:
        if spans and spans[-1][2] == branch and months_between(spans[-1][1], int(month))[1:] == (int(month),):
            spans[-1] = (spans[-1][0], int(month), branch)
        else:
            spans.append((int(month), int(month), str(branch)))
    return spans


def take_balances(db: apsw.Connection, rows: Sequence[BalanceRow]) -> None:
    """Store balances of a snapshot as they are."""
    changes: dict[str, Movements] = {}
    for row in rows:
        key = (row.dimension, row.branch, row.account, row.currency, row.detail, row.period)
        changes.setdefault(row.book, {})[key] = [row.debit, row.credit, row.debit_foreign, row.credit_foreign]
    SqliteWriter(db).add_balances(changes)


def note_missing_months(db: apsw.Connection) -> None:
    """After a snapshot: the months whose vouchers are not wholly here yet.

    These are the months it has turnover in, and, for a replica that goes on behind it, those it held vouchers in: what
    is in no book has no turnover, and more of it may have been made elsewhere meanwhile. A new replica hears of it all.
    """
    known = f"{_TURNED_OVER} UNION {_HELD}" if meta.text(db, "cursor") else _TURNED_OVER
    db.execute(f"INSERT INTO month_missing (branch, month) SELECT * FROM ({known}) WHERE 1 ON CONFLICT DO NOTHING")


def missing_months(db: apsw.Connection, first_month: int, last_month: int, branches: Sequence[str]) -> list[int]:
    """Months of a span whose vouchers are not wholly here; no branches means all of them."""
    rows = db.execute(
        "SELECT DISTINCT month, branch FROM month_missing WHERE month BETWEEN ? AND ? ORDER BY month",
        (first_month, last_month),
    )
    return sorted({int(month) for month, branch in rows if not branches or branch in branches})


def months_brought(db: apsw.Connection, first_month: int, last_month: int, branches: Sequence[str]) -> None:
    """A download has brought all vouchers of these months."""
    if not branches:
        db.execute("DELETE FROM month_missing WHERE month BETWEEN ? AND ?", (first_month, last_month))
    for branch in branches:
        db.execute(
            "DELETE FROM month_missing WHERE branch = ? AND month BETWEEN ? AND ?", (branch, first_month, last_month)
        )


def money_history(db: apsw.Connection, book: str, pocket: MoneyKey, from_day: int) -> tuple[int, dict[int, int]]:
    """A pocket of money as the last known books say: the balance before a day, and what each day from it on moves.

    In đồng, or in minor units of the pocket's own currency.
    """
    moved = "debit - credit" if pocket.currency == VND else "debit_foreign - credit_foreign"
    where = (
        "FROM balance WHERE bucket = 0 AND tenant = 0 AND book = ? AND dimension = ? AND branch = ? AND account = ?"
        " AND currency = ? AND detail = ?"
    )
    named = (book, MONEY_DAY, *pocket)
    found = db.execute(f"SELECT coalesce(sum({moved}), 0) {where} AND period < ?", (*named, from_day)).fetchone()
    daily = db.execute(f"SELECT period, {moved} {where} AND period >= ?", (*named, from_day))
    return int(found[0]) if found else 0, {int(day): int(amount) for day, amount in daily}
