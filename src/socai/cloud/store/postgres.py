"""The cloud's store on PostgreSQL: tenants, machines, people; accept and feed come from the modules beside this one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from socai.cloud.store import tenant_sql as statements
from socai.cloud.store.connection import API, POOL_SIZE_MAX, Connection, Database
from socai.cloud.store.port import Raced
from socai.cloud.store.postgres_accept import PostgresAccepting, iso, person_row, record_of, replica_row
from socai.cloud.store.postgres_digest import PostgresDigests
from socai.cloud.store.postgres_log import PostgresLog
from socai.cloud.store.postgres_number import PostgresNumbering
from socai.cloud.store.row import CodeRow, PersonRow, ReplicaRow, TenantRef, TenantRow, next_mark
from socai.sync.reading import Record

LOST_RACES = (psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)


class PostgresStore(PostgresLog, PostgresDigests):
    """See CloudStore. One pool of connections of the role `socai_api`."""

    def __init__(self, dsn: str, size_max: int = POOL_SIZE_MAX) -> None:
        self.database = Database(dsn, API, size_max)

    def close(self) -> None:
        """See CloudStore."""
        self.database.close()

    @contextmanager
    def accepting(self, ref: TenantRef) -> Iterator[PostgresAccepting]:
        """See AcceptStore. What only another transaction can have caused comes out as Raced."""
        try:
            with self.database.streamed(ref.bucket, ref.tenant) as connection:
                yield PostgresAccepting(connection, ref)
        except LOST_RACES as lost:
            raise Raced(str(lost)) from lost

    @contextmanager
    def renumbering(self, ref: TenantRef) -> Iterator[tuple[PostgresAccepting, PostgresNumbering]]:
        """See AcceptStore."""
        try:
            with self.database.streamed(ref.bucket, ref.tenant) as connection:
                yield PostgresAccepting(connection, ref), PostgresNumbering(connection, ref)
        except LOST_RACES as lost:
            raise Raced(str(lost)) from lost

    @contextmanager
    def numbering(self, ref: TenantRef) -> Iterator[PostgresNumbering]:
        """See NumberStore."""
        try:
            with self.database.transaction(ref.bucket, ref.tenant) as connection:
                yield PostgresNumbering(connection, ref)
        except LOST_RACES as lost:
            raise Raced(str(lost)) from lost

    # --- tenants ------------------------------------------------------------------------------------------------

    def create_tenant(self, code: str, name: str, timeline: str, bucket: int) -> TenantRef | None:
        """See TenantStore."""
        with self.database.connection_for(bucket) as connection, connection.transaction():
            made = connection.execute(statements.NEW_CODE.encode(), {"code": code, "bucket": bucket}).fetchone()
            if made is None:
                return None
            ref = TenantRef(bucket, made[0], code)
            connection.execute(f"set local app.tenant = {ref.tenant:d}".encode(), prepare=False)
            given = {**_owner(ref), "code": code, "name": name, "timeline": timeline}
            connection.execute(statements.NEW_TENANT.encode(), given)
            connection.execute(statements.NEW_LANE.encode(), given)
            return ref

    def tenants(self) -> list[TenantRef]:
        """See TenantStore."""
        with self.database.connection_for(0) as connection:
            return [TenantRef(*row) for row in connection.execute(statements.TENANTS.encode())]

    def find_tenant(self, code: str) -> TenantRef | None:
        """See TenantStore."""
        return self._find(statements.FIND_TENANT, code=code)

    def find_replica(self, replica: str) -> TenantRef | None:
        """See TenantStore."""
        return self._find(statements.FIND_REPLICA, replica=replica)

    def tenant(self, ref: TenantRef) -> TenantRow:
        """See TenantStore."""
        with self._inside(ref) as connection:
            row = connection.execute(statements.TENANT.encode(), _owner(ref)).fetchone()
        if row is None:
            raise LookupError(f"no tenant {ref.code}")
        return TenantRow(ref, row[0], row[1], row[2], row[3], row[4] or 0)

    def set_timeline(self, ref: TenantRef, timeline: str) -> None:
        """See TenantStore."""
        with self._inside(ref) as connection:
            connection.execute(statements.SET_TIMELINE.encode(), {**_owner(ref), "timeline": timeline})

    # --- machines -----------------------------------------------------------------------------------------------

    def replica(self, ref: TenantRef, replica: str) -> ReplicaRow | None:
        """See TenantStore."""
        with self._inside(ref) as connection:
            row = connection.execute(statements.ONE_REPLICA.encode(), {**_owner(ref), "replica": replica}).fetchone()
        return replica_row(row) if row else None

    def replicas(self, ref: TenantRef) -> list[ReplicaRow]:
        """See TenantStore."""
        with self._inside(ref) as connection:
            return [replica_row(row) for row in connection.execute(statements.REPLICAS.encode(), _owner(ref))]

    def record(self, ref: TenantRef, replica: str, epoch: int, n: int | None) -> Record | None:
        """See TenantStore."""
        given = {**_owner(ref), "replica": replica, "epoch": epoch, "n": n}
        with self._inside(ref) as connection:
            row = connection.execute(statements.RECORD.encode(), given).fetchone()
        return record_of(row) if row else None

    def change_replica(self, ref: TenantRef, replica: str, epoch: int, last_n: int, last_hash: str, state: str) -> None:
        """See TenantStore."""
        given = {"replica": replica, "epoch": epoch, "last_n": last_n, "last_hash": last_hash, "state": state}
        with self._inside(ref) as connection:
            connection.execute(statements.CHANGE_REPLICA.encode(), {**_owner(ref), **given})

    def seen(self, ref: TenantRef, replica: str, program: str = "", cursor_seq: int = -1) -> None:
        """See TenantStore. A note that a crash may lose, so it does not wait for the disk."""
        given = {"replica": replica, "program": program, "cursor_seq": cursor_seq}
        with self._inside(ref) as connection:
            connection.execute(b"set local synchronous_commit = off", prepare=False)
            connection.execute(statements.SEEN.encode(), {**_owner(ref), **given})

    def add_code(self, ref: TenantRef, code: CodeRow) -> None:
        """See TenantStore."""
        given = {
            "code_hash": code.code_hash,
            "name": code.name,
            "branches": list(code.branches),
            "expires_at": code.expires_at,
        }
        with self._inside(ref) as connection:
            connection.execute(statements.NEW_ENROLMENT.encode(), {**_owner(ref), **given})

    def use_code(self, ref: TenantRef, code_hash: str, now: str, replica: ReplicaRow) -> CodeRow | None:
        """See TenantStore."""
        given: dict[str, object] = {**_owner(ref), "code_hash": code_hash, "now": now, "replica": replica.replica}
        with self._inside(ref) as connection:
            used = connection.execute(statements.USE_ENROLMENT.encode(), given).fetchone()
            if used is None:
                return None
            connection.execute(statements.LOCK_TENANT.encode(), given)
            marks = {row[7] for row in connection.execute(statements.REPLICAS.encode(), given)}
            given |= {"name": replica.name or used[0], "public_key": replica.public_key, "branches": list(used[1])}
            connection.execute(statements.NEW_REPLICA.encode(), {**given, "series_mark": next_mark(marks)})
            connection.execute(statements.NEW_REPLICA_PLACE.encode(), given)
            return CodeRow(code_hash, used[0], tuple(used[1]), iso(used[2]))

    # --- people -------------------------------------------------------------------------------------------------

    def people(self, ref: TenantRef) -> list[PersonRow]:
        """See TenantStore."""
        with self._inside(ref) as connection:
            return [person_row(row) for row in connection.execute(statements.PEOPLE.encode(), _owner(ref))]

    def save_person(self, ref: TenantRef, person: PersonRow, by: str) -> None:
        """See TenantStore."""
        given = {name: getattr(person, name) for name in person.__slots__}
        given["branches"] = list(person.branches)
        with self._inside(ref) as connection:
            connection.execute(statements.SAVE_PERSON.encode(), {**_owner(ref), **given, "by": by})

    # --- steps --------------------------------------------------------------------------------------------------

    @contextmanager
    def _inside(self, ref: TenantRef) -> Iterator[Connection]:
        with self.database.streamed(ref.bucket, ref.tenant) as connection:
            yield connection

    def _find(self, statement: str, **values: object) -> TenantRef | None:
        with self.database.connection_for(0) as connection:
            row = connection.execute(statement.encode(), values).fetchone()
        return TenantRef(*row) if row else None


def _owner(ref: TenantRef) -> dict[str, object]:
    return {"bucket": ref.bucket, "tenant": ref.tenant}
