"""The lane and the poster on PostgreSQL: claim, look, commit. Contract: cloud/lane.py.

A commit writes entries, balances, book states and the queue first, then the lane under its fence, and last, in one
statement, the tenant's next seq with all rows that carry it. Locks are taken in that order: voucher, books' states,
lane, tenant. A session that stalls inside a transaction is ended by the server, so a frozen worker holds no lane up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

import msgspec
import psycopg

from socai.books.write import VOID_ENTRIES, PostgresWriter, StoredSet
from socai.cloud.cash import MoneyDays, MoneyKey
from socai.cloud.facts import SETTING_KINDS
from socai.cloud.invoice import Holders, Place
from socai.cloud.lane import COMMITTED, LOST, STALE, Queue, StoreAway, TurnRefused
from socai.cloud.post import FAILED, BookChange, Item, Turn
from socai.cloud.store import posting_sql as sql
from socai.cloud.store.connection import Connection, Database
from socai.core.balance import MONEY_DAY
from socai.edge.failpoint import reach
from socai.sync import lane as rules
from socai.sync.lane import Claim, Quantum, Standing, Work

LOOK_BYTES_MAX = 2_000_000  # bodies as stored (compressed) in one look, the last one not counted

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode

P = ParamSpec("P")
R = TypeVar("R")

AWAY = (
    psycopg.OperationalError,  # also deadlock, serialization failure, shutdown, disk full, pool timeout
    psycopg.InterfaceError,
    psycopg.errors.InternalError,
)


def _guarded(call: Callable[P, R]) -> Callable[P, R]:
    """A database that is away is StoreAway for whoever called; everything else is a bug and stays what it is."""

    @wraps(call)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return call(*args, **kwargs)
        except AWAY as error:
            raise StoreAway(str(error)) from error

    return guarded


class PostgresLane:
    """The store of lanes over one `Database` in the poster's role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- the lane -----------------------------------------------------------------------------------------------

    @_guarded
    def waiting_buckets(self) -> list[int]:
        """See LaneStore. The one statement over all buckets: a hint."""
        with self._database.connection_for(0) as connection:
            return [int(row[0]) for row in connection.execute(sql.WAITING_BUCKETS)]

    @_guarded
    def claim(self, bucket: int, holder: str, below: int | None = None) -> Claim | None:
        """See LaneStore. Not waited for on disk: a claim lost in a crash is lost with its holder's token."""
        with self._database.connection_for(bucket) as connection, _hasty(connection):
            given = {"bucket": bucket, "holder": holder, "lease": rules.LEASE_MS, "below": below}
            row: Any = connection.execute(sql.CLAIM, given).fetchone()
        return Claim(bucket, row[0], row[1], holder, row[2], row[3], row[4]) if row else None

    @_guarded
    def let_go(self, holder: str) -> None:
        """See LaneStore."""
        for bucket in self.waiting_buckets():
            with self._database.connection_for(bucket) as connection, _hasty(connection):
                connection.execute(sql.LET_GO, {"bucket": bucket, "holder": holder})

    @_guarded
    def release(self, claim: Claim) -> None:
        """See LaneStore."""
        with self._reading(claim) as connection:
            connection.execute(sql.RELEASE, _owner(claim) | {"fence": claim.fence, "holder": claim.holder})

    @_guarded
    def postpone(self, claim: Claim, jitter: float) -> None:
        """See LaneStore."""
        given = {"fence": claim.fence, "holder": claim.holder, "jitter": jitter}
        limits = {"least": rules.RETRY_MS_MIN, "most": rules.RETRY_MS_MAX}
        with self._reading(claim) as connection:
            connection.execute(sql.POSTPONE, _owner(claim) | given | limits)

    # --- reading ------------------------------------------------------------------------------------------------

    @_guarded
    def look(self, claim: Claim, after: int, quantum: Quantum) -> Queue:
        """See LaneStore."""
        given = {"after": after, "limit": quantum.limit, "lone_limit": quantum.lone_limit, "bytes": LOOK_BYTES_MAX}
        with self._reading(claim) as connection:
            rows: Any = connection.execute(sql.LOOK, _owner(claim) | given).fetchall()
        if not rows:
            return Queue((), 0, lone=True, more=False)
        version, others, limit, cut = rows[-1][17:]
        return Queue([_item(row) for row in rows[:limit]], version, not others, cut or len(rows) > limit)

    @_guarded
    def settings(self, claim: Claim) -> tuple[int, Mapping[str, list[Mapping[str, object]]]]:
        """See LaneStore. One snapshot, so that the version is the version of these very bodies."""
        bodies: dict[str, list[Mapping[str, object]]] = {kind: [] for kind in SETTING_KINDS}
        with self._reading(claim) as connection:
            rows: Any = connection.execute(sql.SETTINGS, _owner(claim) | {"kinds": list(SETTING_KINDS)}).fetchall()
        for _, kind, body in rows:
            if kind is not None:
                bodies[kind].append(_decode(body))
        return int(rows[0][0]), bodies

    @_guarded
    def live_sets(self, claim: Claim, keys: Sequence[tuple[str, str]]) -> list[StoredSet]:
        """See LaneStore."""
        with self._reading(claim) as connection, connection.cursor() as cursor:
            return PostgresWriter(cursor, claim.bucket, claim.tenant).live_sets(keys)

    @_guarded
    def existing(self, claim: Claim, pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """See LaneStore."""
        given = {"pairs": _json([{"kind": kind, "id": ident} for kind, ident in pairs])}
        with self._reading(claim) as connection:
            return {(str(kind), str(ident)) for kind, ident in connection.execute(sql.EXISTING, _owner(claim) | given)}

    @_guarded
    def money(self, claim: Claim, wanted: Mapping[MoneyKey, int]) -> dict[MoneyKey, MoneyDays]:
        """See LaneStore."""
        names = ("book", "branch", "account", "currency", "detail")
        keys = [dict(zip(names, key, strict=True)) | {"first": first} for key, first in wanted.items()]
        added: dict[MoneyKey, dict[int, int]] = {key: {} for key in wanted}
        given = _owner(claim) | {"keys": _json(keys), "dimension": MONEY_DAY}
        with self._reading(claim) as connection:
            rows: Any = connection.execute(sql.MONEY, given).fetchall()
        for *key, day, amount in rows:
            added[tuple(key)][day] = int(amount)
        return {key: MoneyDays(wanted[key], days.pop(0, 0), days) for key, days in added.items()}

    @_guarded
    def invoices(self, claim: Claim, wanted: Iterable[Place]) -> Holders:
        """See LaneStore."""
        given = {"keys": _json([{"book": book, "invoice": invoice} for book, invoice in wanted])}
        found: dict[Place, dict[str, str]] = {}
        with self._reading(claim) as connection:
            rows: Any = connection.execute(sql.INVOICES, _owner(claim) | given).fetchall()
        for book, invoice, voucher, number in rows:
            found.setdefault((book, invoice), {})[voucher] = number
        return found

    # --- the commit ---------------------------------------------------------------------------------------------

    def pack(self, claim: Claim, turn: Turn) -> object:
        """See LaneStore: the statements that carry no seq, with their JSON made."""
        return _packed(claim, turn)

    @_guarded
    def commit(self, claim: Claim, turn: Turn, settings_version: int, keep: bool) -> str:
        """See LaneStore."""
        packed = turn.packed if isinstance(turn.packed, _Noted) else _packed(claim, turn)
        enter = sql.STALL + f"; set local app.tenant = {claim.tenant:d}".encode()
        try:
            with self._database.connection_for(claim.bucket) as connection, connection.transaction():
                connection.execute(enter, prepare=False)
                with connection.pipeline():
                    for statement, given in packed.statements:
                        connection.execute(statement, given)
                    entered = connection.execute(sql.STATES, packed.states)
                    connection.execute(sql.DONE, packed.done)
                    settled = connection.execute(sql.SETTLE, _settling(claim, turn, settings_version, keep))
                answer = COMMITTED if settled.fetchone() else _why_not(connection, claim)
                if answer == COMMITTED and sum(row[0] for row in entered) != turn.entering:
                    answer = STALE
                if answer != COMMITTED:
                    raise psycopg.Rollback
                reach("lane.settled")
                connection.execute(sql.FINISH, packed.finish)
                reach("lane.before_commit")
            reach("lane.after_commit")
            return answer
        except psycopg.Error as error:
            if isinstance(error, AWAY) and not isinstance(error, psycopg.errors.ProgramLimitExceeded):
                raise
            if not self._still_held(claim):
                return LOST  # somebody else has written these very rows
            raise TurnRefused(str(error)) from error

    def _still_held(self, claim: Claim) -> bool:
        with self._reading(claim) as connection:
            given = _owner(claim) | {"fence": claim.fence, "holder": claim.holder}
            return connection.execute(sql.STILL_HELD, given).fetchone() is not None

    @contextmanager
    def _reading(self, claim: Claim) -> Iterator[Connection]:
        with self._database.connection_for(claim.bucket) as connection, connection.transaction():
            connection.execute(sql.HASTY + f"; set local app.tenant = {claim.tenant:d}".encode(), prepare=False)
            yield connection


@contextmanager
def _hasty(connection: Connection) -> Iterator[None]:
    """A transaction whose loss in a crash is no loss: it does not wait for the disk."""
    with connection.transaction():
        connection.execute(sql.HASTY, prepare=False)
        yield


def _owner(claim: Claim) -> dict[str, Any]:
    return {"bucket": claim.bucket, "tenant": claim.tenant}


def _json(records: object) -> str:
    return _encode(records).decode()


def _item(row: Any) -> Item:
    n, voucher, book, act, version, author, asked, answered, act_id = row[:9]
    kind, body_version, deleted, body, posted, set_no, live_version, live_books = row[9:17]
    work = Work(n, voucher, book, act, version, author, asked, tuple(answered), act_id)
    live_set = set_no if posted else 0
    standing = Standing(body_version or 0, bool(deleted), live_set, live_version or 0, set_no or 0)
    return Item(work, standing, kind or "", _decode(body) if body else {}, tuple(live_books or ()))


class _Noted:
    """Stands for a cursor while a turn is packed: notes the statements instead of sending them."""

    def __init__(self) -> None:
        self.statements: list[tuple[str, Any]] = []
        self.states: dict[str, Any] = {}
        self.done: dict[str, Any] = {}
        self.finish: dict[str, Any] = {}

    def execute(self, statement: str, given: Any) -> None:
        """Note one."""
        self.statements.append((statement, given))


def _packed(claim: Claim, turn: Turn) -> _Noted:
    """All statements of a turn in the order of their locks."""
    noted, owner = _Noted(), _owner(claim)
    writer = PostgresWriter(cast("psycopg.Cursor[Any]", noted), claim.bucket, claim.tenant)
    if turn.voids:
        noted.execute(VOID_ENTRIES, (_json([void._asdict() for void in turn.voids]), claim.bucket, claim.tenant))
        noted.execute(sql.INVOICES_GONE, owner | {"voids": _json([void._asdict() for void in turn.voids])})
    writer.post_entries(turn.sets)
    if turn.declared:
        noted.execute(sql.INVOICES_DECLARED, owner | {"rows": _json([each._asdict() for each in turn.declared])})
    writer.add_balances(turn.movements)
    if turn.deleted:
        gone = {"vouchers": sorted(turn.deleted)}
        noted.execute(sql.DELETE_VOUCHERS, owner | gone)
        noted.execute(sql.DELETE_NUMBERS, owner | gone)
    noted.states = owner | {"states": _json([_state(change) for change in turn.books])}
    noted.done = owner | {"done": turn.done}
    noted.finish = owner | _stamped(turn)
    return noted


def _state(change: BookChange) -> dict[str, object]:
    faults = [{"code": fault.code, "field": fault.field, "params": dict(fault.params)} for fault in change.faults]
    return {
        "voucher": change.voucher,
        "book": change.book,
        "work": change.work,
        "posted": change.posted,
        "set_no": change.set_no,
        "version": change.version,
        "enters": change.enters,
        "failed": change.result == FAILED,
        "fault_act": change.fault_act,
        "faults": faults,
    }


def _settling(claim: Claim, turn: Turn, settings_version: int, keep: bool) -> dict[str, Any]:
    """For the lane's row under its fence and settings version: from there on nobody else can commit for this tenant."""
    return _owner(claim) | {
        "fence": claim.fence,
        "holder": claim.holder,
        "settings_version": settings_version,
        "done": len(turn.done),
        "charge": rules.charge(0, turn.cost, claim.weight),
        "lease": rules.LEASE_MS if keep else 0,
    }


def _why_not(connection: Connection, claim: Claim) -> str:
    given = _owner(claim) | {"fence": claim.fence, "holder": claim.holder}
    return STALE if connection.execute(sql.STILL_HELD, given).fetchone() else LOST


def _stamped(turn: Turn) -> dict[str, object]:
    return {
        "sets": _json([sql.set_record(posted) for posted in turn.sets]),
        "voids": _json([void._asdict() for void in turn.voids]),
        "changed": turn.changed,
    }
