"""The statements about the outbox: acts on their way to the cloud, in the order of their place.

n and the sealed bytes are given when an operation is first sent, and never change after that; until then an operation
may be replaced. So n rises strictly by one, without holes, whatever people replaced before.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields

import apsw

from socai.dataserver.store.joined import split
from socai.sync.message import BODILESS_ACTS

WAITING, SENT, ANSWERED = 0, 1, 2


@dataclass(slots=True)
class OutRow:
    """One operation. `base_place` is the place of the unanswered operation it was made on, 0 for a cloud version."""

    place: int
    epoch: int | None
    n: int | None
    act_id: str
    user: str
    made_at: str
    schema: int
    kind: str
    object_kind: str
    object: str
    act: str
    revision: int
    base_version: int
    base_place: int
    books: str
    post_to: str
    answered: str
    operation: bytes | None
    sha256: str
    state: int
    result: str
    faults: str
    version: int
    seq: int
    sent_at: str
    answered_at: str


COLUMNS = tuple(item.name for item in fields(OutRow))
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM outbox"
_SELECT_O = f"SELECT {', '.join('o.' + name for name in COLUMNS)} FROM outbox o"
_OPEN = "state < 2"  # said again beside a narrower term: the partial index is taken only by its own words
BODILESS = f"({', '.join(repr(act) for act in sorted(BODILESS_ACTS))})"  # as an operand of IN
_WORK = "NOT (state = 1 AND result <> '')"  # what is only told again as refused is nobody's work under way
_NEW = ("act_id", "user", "made_at", "schema", "kind", "object_kind", "object", "act", "revision", "base_version",
        "base_place", "books", "post_to", "answered")  # fmt: skip
_ADD = f"INSERT INTO outbox ({', '.join(_NEW)}) VALUES ({', '.join('?' * len(_NEW))})"


def _unsettled(row: str) -> str:
    """Of an operation: it lost to another office's, and nobody has settled that yet."""
    return (
        f"({row}.result = 'conflict' AND EXISTS (SELECT 1 FROM conflict c WHERE c.kind = {row}.kind"
        f" AND c.object_kind = {row}.object_kind AND c.object = {row}.object))"
    )


@dataclass(frozen=True, slots=True)
class NewOperation:
    """An act about to stand in the outbox; the names of OutRow."""

    act_id: str
    user: str
    made_at: str
    schema: int
    kind: str
    object_kind: str
    object: str
    act: str
    revision: int
    base_version: int
    base_place: int = 0
    books: str = ""
    post_to: str = ""
    answered: str = ""


def add(db: apsw.Connection, operation: NewOperation) -> int:
    """Put an operation at the end; its place."""
    db.execute(_ADD, tuple([getattr(operation, name) for name in _NEW]))
    return db.last_insert_rowid()


def drop(db: apsw.Connection, place: int) -> None:
    """Take back an operation that was never sent."""
    db.execute("DELETE FROM outbox WHERE place = ? AND state = 0", (place,))


def row(db: apsw.Connection, place: int) -> OutRow | None:
    """One operation by its place."""
    found = db.execute(f"{_SELECT} WHERE place = ?", (place,)).fetchone()
    return OutRow(*found) if found else None


def by_n(db: apsw.Connection, epoch: int, n: int) -> OutRow | None:
    """One operation by its number in an epoch."""
    found = db.execute(f"{_SELECT} WHERE epoch = ? AND n = ?", (epoch, n)).fetchone()
    return OutRow(*found) if found else None


def open_of(db: apsw.Connection, kind: str, object_kind: str, object_id: str) -> list[OutRow]:
    """The unanswered operations of one object, oldest first."""
    rows = db.execute(
        f"{_SELECT} WHERE object = ? AND state < 2 AND kind = ? AND (kind = 'voucher' OR object_kind = ?) AND {_WORK}"
        " ORDER BY place",
        (object_id, kind, object_kind),
    )
    return [OutRow(*found) for found in rows]


def all_of(db: apsw.Connection, kind: str, object_id: str, limit: int) -> list[OutRow]:
    """The newest operations of one object, answered ones too, oldest first."""
    rows = db.execute(
        f"SELECT * FROM ({_SELECT} WHERE object = ? AND kind = ? ORDER BY place DESC LIMIT ?) ORDER BY place",
        (object_id, kind, limit),
    )
    return [OutRow(*found) for found in rows]


def newest_applied(db: apsw.Connection, object_id: str, version: int) -> int:
    """The place of the operation that made a voucher's version, where it was one of ours; else 0."""
    found = db.execute(
        "SELECT place FROM outbox WHERE object = ? AND kind = 'voucher' AND state = 2 AND result = 'applied'"
        " AND version = ? ORDER BY place DESC LIMIT 1",
        (object_id, version),
    ).fetchone()
    return int(found[0]) if found else 0


def newest_of(db: apsw.Connection, kind: str, object_id: str, object_kind: str = "") -> OutRow | None:
    """The newest operation of an object, answered or not."""
    found = db.execute(
        f"{_SELECT} WHERE object = ? AND kind = ? AND (? = '' OR object_kind = ?) ORDER BY place DESC LIMIT 1",
        (object_id, kind, object_kind, object_kind),
    ).fetchone()
    return OutRow(*found) if found else None


def newest_form(db: apsw.Connection, object_id: str, revision: int) -> OutRow | None:
    """The newest operation that brings a voucher's form as it is at a revision, answered or not."""
    found = db.execute(
        f"{_SELECT} WHERE object = ? AND kind = 'voucher' AND revision = ? AND act NOT IN {BODILESS}"
        " ORDER BY place DESC LIMIT 1",
        (object_id, revision),
    ).fetchone()
    return OutRow(*found) if found else None


def open_of_many(db: apsw.Connection, kind: str, objects: Sequence[str]) -> dict[str, list[OutRow]]:
    """The unanswered operations of several objects, oldest first."""
    found: dict[str, list[OutRow]] = {}
    rows = db.execute(
        f"{_SELECT_O} JOIN json_each(?) j ON o.object = j.value WHERE o.state < 2 AND o.kind = ? AND {_WORK}"
        " ORDER BY o.place",
        (json.dumps(objects), kind),
    )
    for item in rows:
        operation = OutRow(*item)
        found.setdefault(operation.object, []).append(operation)
    return found


def sent(db: apsw.Connection, limit: int) -> list[OutRow]:
    """What was sent without an answer, in order: it goes again before anything new."""
    return [
        OutRow(*found)
        for found in db.execute(f"{_SELECT} WHERE state = 1 AND {_OPEN} ORDER BY epoch, n LIMIT ?", (limit,))
    ]


def waiting(db: apsw.Connection, limit: int, but: frozenset[tuple[str, str, str]] = frozenset()) -> list[OutRow]:
    """What was never sent, in order, without the objects of `but` (store/dependency.py)."""
    passed, values = "", dict[str, object](limit=limit)
    if but:
        key = "kind || ':' || CASE kind WHEN 'voucher' THEN '' ELSE object_kind END || ':' || object"
        passed = f" AND {key} NOT IN (SELECT value FROM json_each(:but))"
        values["but"] = json.dumps([":".join(item) for item in but])
    rows = db.execute(f"{_SELECT} WHERE state = 0 AND {_OPEN}{passed} ORDER BY place LIMIT :limit", values)
    return [OutRow(*found) for found in rows]


def seal(
    db: apsw.Connection, place: int, epoch: int, n: int, operation: bytes, sha256: str, base_version: int, at: str
) -> None:
    """Give an operation its number and its bytes: from now on it is sent and never changes."""
    db.execute(
        "UPDATE outbox SET epoch = ?, n = ?, operation = ?, sha256 = ?, base_version = ?, sent_at = ?, state = 1"
        " WHERE place = ? AND state = 0",
        (epoch, n, operation, sha256, base_version, at, place),
    )


def answer(db: apsw.Connection, place: int, result: str, version: int, seq: int, faults: str, at: str) -> None:
    """Write the cloud's answer."""
    db.execute(
        "UPDATE outbox SET state = 2, result = ?, version = ?, seq = ?, faults = ?, answered_at = ? WHERE place = ?",
        (result, version, seq, faults, at, place),
    )


def rebase(db: apsw.Connection, object_id: str, place: int, version: int, base_place: int) -> None:
    """Operations made on one that was refused stand on what that one was made on."""
    db.execute(
        "UPDATE outbox SET base_version = ?, base_place = ? WHERE object = ? AND base_place = ? AND state = 0",
        (version, base_place, object_id, place),
    )


def newest_wish(db: apsw.Connection, object_id: str) -> set[str]:
    """The books the newest act on a voucher wished it to be posted to."""
    found = db.execute(
        "SELECT post_to FROM outbox WHERE object = ? AND kind = 'voucher' ORDER BY place DESC LIMIT 1", (object_id,)
    ).fetchone()
    return set(split(found[0])) if found else set()


def _forget_reckoned(db: apsw.Connection) -> None:
    """Forget how far vouchers were told where the feed had not come so far as our own acts on them.

    Their seq was reckoned from the act's: the one before it. A restored cloud may have them as of that very seq, of
    which this file never heard. Catalog entries all come anew with the snapshot.
    """
    db.execute(
        "UPDATE voucher SET seq = 0 WHERE EXISTS (SELECT 1 FROM outbox o WHERE o.object = voucher.id"
        " AND o.kind = 'voucher' AND o.state = 2 AND o.result = 'applied' AND o.seq > voucher.seq)"
    )


def unsend(db: apsw.Connection, after_n: int, epoch: int, answered_too: bool) -> int:
    """Make operations of an epoch after n sendable under new numbers; how many.

    With `answered_too` also those the cloud had taken and has lost again (it was restored from a backup), those of
    later epochs among them: it knows nothing of these epochs any more. What was only to be told again as refused
    (`resend`) stays refused here: a cloud that begins a new epoch does not ask for it.
    """
    if answered_too:
        _forget_reckoned(db)
    results = "state = 1 OR (state = 2 AND result = 'applied')" if answered_too else "state = 1"
    lost = "(epoch = ?1 AND n > ?2 OR epoch > ?1)" if answered_too else "epoch = ?1 AND n > ?2"
    db.execute(
        "UPDATE outbox SET epoch = NULL, n = NULL, operation = NULL, sha256 = '',"
        " state = CASE WHEN result = 'rejected' THEN 2 ELSE 0 END,"
        " result = CASE WHEN result = 'rejected' THEN result ELSE '' END,"
        f" faults = CASE WHEN result = 'rejected' THEN faults ELSE '' END WHERE {lost} AND ({results})",
        (epoch, after_n),
    )
    return db.changes()


def resend(db: apsw.Connection, after_n: int, epoch: int) -> int:
    """Send again, byte for byte, what the cloud had answered under these numbers and has lost (a restored cloud).

    What it had refused goes along as refused (Push.refused): its people may have deleted or mended the form since, so
    it must not be taken now. A conflict nobody has settled yet is judged anew.
    """
    _forget_reckoned(db)
    settled = f"result = 'rejected' OR (result = 'conflict' AND NOT {_unsettled('outbox')})"
    db.execute(
        f"UPDATE outbox SET state = 1, result = CASE WHEN {settled} THEN 'rejected' ELSE '' END,"
        f" faults = CASE WHEN {settled} THEN faults ELSE '' END, version = 0, seq = 0"
        " WHERE epoch = ? AND n > ? AND state = 2 AND operation IS NOT NULL",
        (epoch, after_n),
    )
    return db.changes()


def last_place(db: apsw.Connection) -> int:
    """The newest place; 0 in an empty outbox."""
    row = db.execute("SELECT max(place) FROM outbox").fetchone()
    return int(row[0] or 0) if row else 0


def any_open(db: apsw.Connection) -> bool:
    """Whether anything waits or was sent without an answer."""
    return db.execute("SELECT 1 FROM outbox WHERE state < 2 LIMIT 1").fetchone() is not None


def counts(db: apsw.Connection) -> tuple[int, int, str]:
    """(waiting, sent, made_at of the first in the queue)."""
    found = db.execute(
        f"SELECT (SELECT count(*) FROM outbox WHERE state = 0 AND {_OPEN}),"
        f" (SELECT count(*) FROM outbox WHERE state = 1 AND {_OPEN}),"
        f" coalesce((SELECT made_at FROM outbox WHERE state = 1 AND {_OPEN} ORDER BY place LIMIT 1),"
        f" (SELECT made_at FROM outbox WHERE state = 0 AND {_OPEN} ORDER BY place LIMIT 1))"
    ).fetchone()
    return (int(found[0]), int(found[1]), str(found[2] or "")) if found else (0, 0, "")


def extent(db: apsw.Connection) -> tuple[int, int]:
    """(how many are unanswered, the place of the last of them)."""
    found = db.execute("SELECT count(*), coalesce(max(place), 0) FROM outbox WHERE state < 2").fetchone()
    return (int(found[0]), int(found[1])) if found else (0, 0)


def left(db: apsw.Connection, mark: int) -> int:
    """How many up to a place are unanswered."""
    found = db.execute("SELECT count(*) FROM outbox WHERE state < 2 AND place <= ?", (mark,)).fetchone()
    return int(found[0]) if found else 0


_STILL_REFUSED = (
    "(o.result = 'rejected' AND (EXISTS (SELECT 1 FROM voucher v WHERE o.kind = 'voucher' AND v.id = o.object"
    " AND v.refused <> '') OR EXISTS (SELECT 1 FROM catalog_entry e WHERE o.kind = 'catalog'"
    " AND e.kind = o.object_kind AND e.id = o.object AND e.refused <> '')))"
)


def results(db: apsw.Connection, state: str, after: int, limit: int) -> list[OutRow]:
    """Operations for the results screen, newest first: pending, or those refused that still matter.

    A refusal matters while nothing newer was done with its object, and nobody has settled or discarded it.
    """
    if state == "pending":
        clause = "o.state < 2"
    else:
        lost = _unsettled("o")
        wanted = {"conflict": lost, "failed": _STILL_REFUSED}.get(state, f"({lost} OR {_STILL_REFUSED})")
        clause = (
            f"o.state = 2 AND o.result IN ('rejected', 'conflict') AND {wanted}"
            " AND NOT EXISTS (SELECT 1 FROM outbox p WHERE p.object = o.object"
            " AND p.kind = o.kind AND p.object_kind = o.object_kind AND p.place > o.place)"
        )
    rows = db.execute(
        f"{_SELECT_O} WHERE {clause} AND (?1 = 0 OR o.place < ?1) ORDER BY o.place DESC LIMIT ?2", (after, limit)
    )
    return [OutRow(*found) for found in rows]


def forget(db: apsw.Connection, answered_before: str, limit: int) -> int:
    """Drop operations answered before a moment (the bounded time a restored cloud may ask for them again).

    Looks at the oldest `limit` places only: the writer has people waiting.
    """
    db.execute(
        "DELETE FROM outbox WHERE place < (SELECT min(place) FROM outbox) + ? AND state = 2 AND answered_at < ?"
        " AND result = 'applied' AND place < (SELECT max(place) FROM outbox)",
        (limit, answered_before),
    )
    return db.changes()


def failures(db: apsw.Connection) -> int:
    """How many objects wait for a person: refused by the cloud, or not posted or unposted as asked."""
    found = db.execute(
        "SELECT (SELECT count(*) FROM voucher WHERE refused <> '')"
        " + (SELECT count(*) FROM catalog_entry WHERE refused <> '')"
        " + (SELECT count(DISTINCT b.voucher) FROM voucher_book b JOIN voucher v ON v.id = b.voucher"
        " WHERE (b.running <> '' OR b.faults <> '') AND b.faults <> '' AND v.deleted = 0 AND v.refused = '')"
    ).fetchone()
    return int(found[0]) if found else 0
