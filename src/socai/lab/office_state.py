"""What an office's files say without its server: the state of each company's sync, and consistent copies of all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import apsw

from socai.dataserver.books import REPLICA_FILE
from socai.dataserver.office import OFFICE_FILE
from socai.dataserver.store import conflict, meta, outbox
from socai.dataserver.store.file import StorageFailed, check, copy_file
from socai.lab.inspection import inspect_replica
from socai.lab.journal_file import SourceWrong, reading


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


@dataclass(frozen=True, slots=True)
class FileState:
    """One file of an office: whether it holds together, and why not."""

    file: str
    ok: bool
    reason: str = ""


def check_office(folder: Path) -> Iterator[FileState]:
    """Read every file of an office whole: its structure, its audit chain, and every invariant of a replica."""
    for file in _files(folder):
        found = _damage(file)
        yield FileState(str(file.relative_to(folder)), not found, found)


def _damage(file: Path) -> str:
    try:
        with closing(reading(file)) as db:
            check(db)
        if file.name == REPLICA_FILE:
            return "; ".join(f"{finding.rule} ({finding.at})" for finding in inspect_replica(file))
    except (apsw.Error, StorageFailed, SourceWrong) as error:
        return str(error)
    return ""


def restore_office(folder: Path, backup: Path, day: str) -> Iterator[tuple[str, str]]:
    """Put the good copies of a backup in the place of damaged files: (file, where the damaged one was put).

    What is not damaged stays. Raises StorageFailed where the copy is missing or itself damaged, before any change.
    """
    damaged = [file for file in _files(folder) if _damage(file)]
    for file in damaged:
        copy = backup / file.relative_to(folder)
        if not copy.is_file() or (wrong := _damage(copy)):
            raise StorageFailed(f"{copy}: {wrong if copy.is_file() else 'there is no such copy'}")
    for file in damaged:
        aside = file.with_name(f"{file.name}.damaged-{day}")
        for suffix in ("-wal", "-shm"):
            log = file.with_name(file.name + suffix)
            if log.exists():
                log.replace(aside.with_name(aside.name + suffix))
        file.replace(aside)
        shutil.copyfile(backup / file.relative_to(folder), file)
        os.chmod(file, 0o600)
        yield str(file.relative_to(folder)), str(aside)


def _files(folder: Path) -> list[Path]:
    """The databases of an office."""
    found = [folder / OFFICE_FILE, *sorted(folder.glob(f"*/{REPLICA_FILE}"))]
    return [file for file in found if file.is_file()]


def copy_office(folder: Path, target: Path) -> Iterator[tuple[str, int]]:
    """Copy every database of the office into `target`; (path, bytes) of each as it is done."""
    for file in _files(folder):
        copy = target / file.relative_to(folder)
        with closing(reading(file)) as db:
            copy_file(db, copy)
        os.chmod(copy, 0o600)
        yield str(copy), copy.stat().st_size
