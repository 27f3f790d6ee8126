"""Every invariant that can be read off a replica file or the cloud's database, without changing either.

The ledger's own (balances are the sum of entries, debits are credits, one live set) are `books/audit.py`'s; here stand
those of the outbox, the operation log, versions and the lane. A finding is one violation; none is what must be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import msgspec
import psycopg

from socai.books import audit as ledger
from socai.books.reader import PostgresReader, Reader, SqliteReader
from socai.dataserver.store import audit, meta
from socai.lab.journal_file import (
    CLOUD_BODIES,
    FISCAL_YEAR,
    REPLICA_BODIES,
    SourceWrong,
    is_database,
    names_of,
    reading,
)
from socai.sync.message import Operation, operation_hash

FINDINGS_PER_RULE_MAX = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One violation: the rule, and what it was found at."""

    rule: str
    at: str


REPLICA_RULES = {
    "I2: no operation number is given twice": (
        "SELECT epoch, n FROM outbox WHERE n IS NOT NULL GROUP BY epoch, n HAVING count(*) > 1"
    ),
    "I3: the acts on an object are numbered in the order they were made": (  # what waits for an entry is overtaken
        "SELECT place, epoch, n FROM (SELECT place, epoch, n, lag(n) OVER"
        " (PARTITION BY epoch, kind, object_kind, object ORDER BY place) AS before"
        " FROM outbox WHERE n IS NOT NULL) WHERE before >= n"
    ),
    "I3: what was not sent stands behind what was": (
        "SELECT place FROM outbox WHERE state = 0 AND place < (SELECT max(place) FROM outbox WHERE state = 1"
        " AND object = outbox.object AND kind = outbox.kind)"
    ),
    "I1: a voucher's newest form is there": (
        "SELECT id FROM voucher v WHERE NOT EXISTS"
        " (SELECT 1 FROM voucher_body b WHERE b.voucher = v.id AND b.revision = v.revision)"
    ),
    "I9: an entry belongs to the live set of its voucher and book": (
        "SELECT DISTINCT e.voucher, e.book FROM entry e LEFT JOIN entry_set s ON s.voucher = e.voucher"
        " AND s.book = e.book AND s.set_no = e.set_no WHERE s.live IS NOT 1"
    ),
    "I9: a voucher has at most one live set in a book": (
        "SELECT voucher, book FROM entry_set WHERE live = 1 GROUP BY voucher, book HAVING count(*) > 1"
    ),
    "I13: a number stands on one voucher of its series": (
        "SELECT series, number FROM voucher v WHERE deleted = 0 AND number <> '' AND version > 0 AND refused = ''"
        " AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.object = v.id AND o.state < 2)"
        " AND NOT EXISTS (SELECT 1 FROM conflict c WHERE c.object = v.id)"
        " GROUP BY series, number HAVING count(*) > 1"
    ),
    "I13: leased ranges lie apart": (
        "SELECT a.series, a.first, b.first FROM number_lease a JOIN number_lease b ON b.series = a.series"
        " AND b.first > a.first AND b.first <= a.last"
    ),
    "I8: debits are credits in every set": (
        "SELECT voucher, book FROM entry GROUP BY voucher, book HAVING"
        " sum(CASE WHEN d_account = '' THEN 0 ELSE amount END) <> sum(CASE WHEN c_account = '' THEN 0 ELSE amount END)"
    ),
}

CLOUD_RULES = {
    "I3: operations of a machine have no gaps": (
        "SELECT tenant, replica, epoch FROM operation GROUP BY bucket, tenant, replica, epoch"
        " HAVING min(n) <> 1 OR max(n) <> count(*)"
    ),
    "I2: a machine's last number is that of the log": (
        "SELECT r.tenant, r.replica FROM replica r WHERE r.last_n <> coalesce((SELECT max(o.n) FROM operation o"
        " WHERE o.bucket = r.bucket AND o.tenant = r.tenant AND o.replica = r.replica AND o.epoch = r.epoch), 0)"
    ),
    "I2: an operation made a version once": (
        "SELECT tenant, kind, object_kind, id, version FROM operation WHERE result = 'applied' AND version > 0"
        " GROUP BY bucket, tenant, kind, object_kind, id, version HAVING count(*) > 1"
    ),
    "I3: versions of a voucher have no gaps": (
        "SELECT v.tenant, v.id FROM voucher v JOIN voucher_version h ON h.bucket = v.bucket AND h.tenant = v.tenant"
        " AND h.id = v.id GROUP BY v.bucket, v.tenant, v.id, v.version HAVING max(h.version) > v.version"
    ),
    "I5: no change is newer than the tenant's counter": (
        "SELECT c.tenant, c.kind, c.id FROM change c JOIN tenant t ON t.bucket = c.bucket AND t.tenant = c.tenant"
        " WHERE c.seq > t.seq"
    ),
    "I11: a lane's depth is what waits in it": (
        "SELECT l.tenant, l.depth FROM lane l WHERE l.depth <> (SELECT count(*) FROM work w"
        " WHERE w.bucket = l.bucket AND w.tenant = l.tenant)"
    ),
    "I13: a number stands on one voucher of its series": (
        "SELECT tenant, series, number FROM voucher WHERE NOT deleted AND number <> ''"
        " GROUP BY bucket, tenant, series, number HAVING count(*) > 1"
    ),
    "I13: a number is held by the voucher that carries it": (
        "SELECT n.tenant, n.series, n.number FROM number_taken n LEFT JOIN voucher v ON v.bucket = n.bucket"
        " AND v.tenant = n.tenant AND v.id = n.voucher AND NOT v.deleted AND v.series = n.series"
        " AND v.number = n.number WHERE v.id IS NULL"
    ),
    "I13: leased ranges lie apart": (
        "SELECT a.tenant, a.series, a.first, b.first FROM number_lease a JOIN number_lease b ON b.bucket = a.bucket"
        " AND b.tenant = a.tenant AND b.series = a.series AND b.first > a.first AND b.first <= a.last"
    ),
    "I13: no range lies behind the last count granted": (
        "SELECT l.tenant, l.series, l.last FROM number_lease l LEFT JOIN number_series s ON s.bucket = l.bucket"
        " AND s.tenant = l.tenant AND s.series = l.series WHERE s.last IS NULL OR l.last > s.last"
    ),
    "I9: posted means one live set": (
        "SELECT b.tenant, b.voucher, b.book FROM voucher_book b WHERE b.posted <> EXISTS (SELECT 1 FROM entry_set s"
        " WHERE s.bucket = b.bucket AND s.tenant = b.tenant AND s.voucher = b.voucher AND s.book = b.book"
        " AND s.live = 1)"
    ),
    "I9: an entry belongs to the live set of its voucher and book": (
        "SELECT DISTINCT e.tenant, e.voucher, e.book FROM entry e LEFT JOIN entry_set s ON s.bucket = e.bucket"
        " AND s.tenant = e.tenant AND s.voucher = e.voucher AND s.book = e.book AND s.set_no = e.set_no"
        " WHERE s.live IS DISTINCT FROM 1"
    ),
    "I8: debits are credits in every set": (
        "SELECT tenant, voucher, book FROM entry GROUP BY bucket, tenant, voucher, book HAVING"
        " sum(CASE WHEN d_account = '' THEN 0 ELSE amount END) <> sum(CASE WHEN c_account = '' THEN 0 ELSE amount END)"
    ),
}


def inspect(source: str) -> Iterator[Finding]:
    """All findings of a replica file or of the database at an address. Raises SourceWrong where there is neither."""
    yield from (inspect_cloud(source) if is_database(source) else inspect_replica(Path(source)))


def inspect_replica(path: Path) -> Iterator[Finding]:
    """The findings of one tenant's file."""
    if not path.is_file():
        raise SourceWrong(f"{path} is no file")
    with closing(reading(path)) as db:
        try:
            for rule, statement in REPLICA_RULES.items():
                rows = db.execute(f"{statement} LIMIT {FINDINGS_PER_RULE_MAX}")
                yield from (Finding(rule, " ".join(map(str, row))) for row in rows)
        except apsw.Error as error:
            raise SourceWrong(f"{path} is no replica: {error}") from error
        if broken := audit.broken_link(db):
            yield Finding("Audit: each row follows from the one before", f"row {broken}")
        yield from _resealed(db)
        bodies = list(db.execute(REPLICA_BODIES))
        if any(kind == FISCAL_YEAR for kind, _, _ in bodies):
            # What was in the snapshot stands in the balances without its entries.
            whole = not meta.number(db, "snapshot_seq")
            yield from _ledger(SqliteReader(db), bodies, whole, "")


def _resealed(db: apsw.Connection) -> Iterator[Finding]:
    """Operations whose sealed bytes are not what was numbered."""
    sealed = db.execute("SELECT place, operation, sha256 FROM outbox WHERE operation IS NOT NULL")
    for place, stored, told in sealed:
        operation = msgspec.json.decode(bytes(stored), type=Operation)
        if operation.sha256 != told or operation_hash(operation) != told:
            yield Finding("I2: an operation never changes once it has a number", f"place {place}")


def inspect_cloud(dsn: str) -> Iterator[Finding]:
    """The findings over all tenants of a cloud, as of one moment."""
    with psycopg.connect(dsn) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for rule, statement in CLOUD_RULES.items():
            rows: Any = connection.execute(f"{statement} LIMIT {FINDINGS_PER_RULE_MAX}".encode()).fetchall()
            yield from (Finding(rule, " ".join(map(str, row))) for row in rows)
        tenants: Any = connection.execute(b"SELECT bucket, tenant, code FROM tenant ORDER BY code").fetchall()
        for bucket, tenant, code in tenants:
            bodies: Any = connection.execute(CLOUD_BODIES.encode(), (bucket, tenant)).fetchall()
            if any(kind == FISCAL_YEAR for kind, _, _ in bodies):
                yield from _ledger(PostgresReader(connection, bucket, tenant), bodies, True, f"{code} ")


def _ledger(reader: Reader, bodies: Sequence[Sequence[Any]], whole: bool, where: str) -> Iterator[Finding]:
    """What the ledger's own audit finds in one tenant's books."""
    for found in ledger.audit(reader, names_of(bodies).chart, whole):
        yield Finding(f"{found.invariant}: {found.problem}", where + found.where)
