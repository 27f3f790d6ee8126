"""What an office's files say without its server: the state of each company's sync, and consistent copies of all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from socai.dataserver.books import REPLICA_FILE
from socai.dataserver.office import OFFICE_FILE
from socai.dataserver.store import conflict, meta, outbox
from socai.dataserver.store.file import copy_file
from socai.lab.journal_file import reading


@dataclass(frozen=True, slots=True)
class CompanyState:
    """One company's file at an office."""

    company: str
    pending: int
    in_flight: int
    failed: int
    conflicts: int
    vouchers: int
    as_of: str
    oldest_pending_at: str


def office_state(folder: Path) -> Iterator[CompanyState]:
    """Every company of an office, by code."""
    for file in sorted(folder.glob(f"*/{REPLICA_FILE}")):
        with closing(reading(file)) as db:
            waiting, sent, oldest = outbox.counts(db)
            row = db.execute("SELECT count(*) FROM voucher WHERE deleted = 0").fetchone()
            yield CompanyState(
                company=file.parent.name,
                pending=waiting + sent,
                in_flight=sent,
                failed=outbox.failures(db),
                conflicts=conflict.count(db),
                vouchers=int(row[0]) if row else 0,
                as_of=meta.text(db, "as_of"),
                oldest_pending_at=oldest,
            )


def copy_office(folder: Path, target: Path) -> Iterator[tuple[str, int]]:
    """Copy every database of the office into `target`; (path, bytes) of each as it is done."""
    for file in [folder / OFFICE_FILE, *sorted(folder.glob(f"*/{REPLICA_FILE}"))]:
        if not file.is_file():
            continue
        copy = target / file.relative_to(folder)
        with closing(reading(file)) as db:
            copy_file(db, copy)
        os.chmod(copy, 0o600)
        yield str(copy), copy.stat().st_size
