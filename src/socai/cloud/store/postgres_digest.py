"""The digests of what an office is entitled to, on PostgreSQL, all of one moment."""

from __future__ import annotations

from socai.cloud.store import digest_sql, feed_sql
from socai.cloud.store.postgres_feed import PostgresFeed
from socai.cloud.store.row import TenantRef
from socai.sync.digest import Digest, Digests, Summer


class PostgresDigests(PostgresFeed):
    """See DigestStore."""

    def digests(self, ref: TenantRef, branches: frozenset[str]) -> Digests:
        """See DigestStore."""
        limits: dict[str, object] = {"all": not branches, "branches": sorted(branches)}
        summer = Summer()
        with self._moment(ref) as reading:
            seq, timeline = reading.one(feed_sql.HEAD)
            for statement in digest_sql.ALL:
                for row in reading.all(statement, **limits):
                    summer.add(Digest(*row))
        return Digests(timeline, seq, summer.digests())
