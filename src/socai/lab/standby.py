"""A second PostgreSQL that follows the first by streaming, ready to take its place: for tests and rehearsals.

With `synchronous()` the first answers a commit only when the second has it too, so that a failover loses nothing that
was answered. How it is set up for real stands in docs/howto/failover.md.
"""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from socai.edge.postgres import STOP_SECONDS_MAX, SUPERUSER, EmbeddedPostgres, PostgresError


class Standby(EmbeddedPostgres):
    """See EmbeddedPostgres. `follow` instead of a first `start`; `promote` makes it the one that is written to."""

    def follow(self, primary: EmbeddedPostgres) -> None:
        """Copy the running primary and stream from it from then on."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._lock():
            self._hand_over(self.folder)
            directory, port = primary._listening()
            code, said = self._run(
                *("pg_basebackup", "-h", directory, "-p", str(port), "-U", SUPERUSER, "-D", str(self.data)),
                *("--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast"),
            )
            if code != 0:
                raise PostgresError(f"the primary could not be copied: {said}")
        self.start()

    def promote(self) -> None:
        """From now on this one is written to. The old primary must never come back as one."""
        code, said = self._run("pg_ctl", "promote", "-w", "-t", str(STOP_SECONDS_MAX), "-D", str(self.data))
        if code != 0:
            raise PostgresError(f"the standby was not promoted: {said}")


def synchronous(primary: EmbeddedPostgres) -> None:
    """From now on the primary answers a commit when a standby has written it, too."""
    with psycopg.connect(primary.dsn(), autocommit=True) as connection:
        connection.execute("alter system set synchronous_standby_names = '*'")
        connection.execute("select pg_reload_conf()")


def address_of(servers: Sequence[EmbeddedPostgres]) -> str:
    """One address for all of them: whoever connects looks for the one that can be written to."""
    places = [server._listening() for server in servers]
    hosts, ports = ",".join(place for place, _ in places), ",".join(str(port) for _, port in places)
    return f"host={hosts} port={ports} dbname=postgres user={SUPERUSER} target_session_attrs=read-write"
