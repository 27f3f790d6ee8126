"""The books as reports read them on PostgreSQL: one tenant, one moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import msgspec

from socai.books.reader import PostgresReader, Reader
from socai.cloud.facts import SETTING_KINDS
from socai.cloud.store import accept_sql
from socai.cloud.store.connection import Connection, Database
from socai.cloud.store.row import TenantRef


class PostgresReports:
    """See ReportStore."""

    database: Database

    @contextmanager
    def reading(self, ref: TenantRef) -> Iterator[PostgresReading]:
        """See ReportStore."""
        with self.database.moment(ref.bucket, ref.tenant) as connection:
            yield PostgresReading(connection, ref)


class PostgresReading:
    """See Reading."""

    def __init__(self, connection: Connection, ref: TenantRef) -> None:
        self._connection = connection
        self._owner: dict[str, object] = {"bucket": ref.bucket, "tenant": ref.tenant}
        self.reader: Reader = PostgresReader(connection, ref.bucket, ref.tenant)

    def settings(self) -> Mapping[str, Sequence[Mapping[str, object]]]:
        """See Reading."""
        found: dict[str, list[Mapping[str, object]]] = {kind: [] for kind in SETTING_KINDS}
        given = {**self._owner, "kinds": list(SETTING_KINDS)}
        for kind, body in self._connection.execute(accept_sql.FRAME_BODIES.encode(), given):
            found[kind].append(msgspec.json.decode(body))
        return found

    def entries(self, kind: str, idents: Sequence[str]) -> Mapping[str, bytes]:
        """See Reading."""
        given = {**self._owner, "kinds": [kind], "ids": sorted(idents)}
        rows = self._connection.execute(accept_sql.ENTRIES_BY_KEY.encode(), given)
        return {row[1]: str(row[4]).encode() for row in rows}
