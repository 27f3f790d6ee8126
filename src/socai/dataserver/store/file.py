"""Opening SQLite files of the data server: the pragmas that make a commit durable, and numbered migrations.

Never opened with the standard library's sqlite3: its version may carry the WAL-reset corruption bug.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import apsw

from socai.books.table import ddl_sqlite

BUSY_MILLISECONDS = 10_000
WRITER_CACHE_KIB = 4_096
READER_CACHE_KIB = 1_024
STATEMENTS_CACHED = 150
CHECKED_ALWAYS_BYTES_MAX = 64_000_000

MEMORY = ":memory:"

Connection = apsw.Connection
"""An open file as the engine hands it from statement to statement; only the store knows what it is."""


class StorageFailed(Exception):
    """The disk refused: nothing was saved, and nothing will be until the file has been verified."""


class FileDamaged(StorageFailed):
    """The file does not hold together: it is not served, and not changed; a backup takes its place."""


class FileTooNew(Exception):
    """The file was written by a newer program; this one leaves it alone."""


BROKEN = (
    apsw.IOError, apsw.FullError, apsw.CorruptError, apsw.NotADBError, apsw.ReadOnlyError, apsw.CantOpenError,
    apsw.NoMemError, apsw.PermissionsError, apsw.ProtocolError, apsw.BusyError,
)  # fmt: skip
"""What a broken machine raises; everything else that escapes a statement is a bug."""


def open_writer(path: str, vfs: str | None = None) -> apsw.Connection:
    """The one writing connection of a file: WAL, synchronous=FULL, no checkpoint but those asked for."""
    db = apsw.Connection(path, vfs=vfs, statementcachesize=STATEMENTS_CACHED)
    db.set_busy_timeout(BUSY_MILLISECONDS)
    db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)  # only the writer moves the log, and says when
    db.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)  # or many statements are planned anew at every call
    if path != MEMORY:
        mode = db.pragma("journal_mode", "wal")
        if mode != "wal":
            raise StorageFailed(f"no write-ahead log on this disk: {mode}")
    db.pragma("synchronous", "FULL")
    db.pragma("fullfsync", "ON")
    db.pragma("checkpoint_fullfsync", "ON")
    db.pragma("wal_autocheckpoint", 0)
    db.pragma("cache_size", -WRITER_CACHE_KIB)
    db.pragma("temp_store", "MEMORY")
    db.pragma("journal_size_limit", 64 * 1024 * 1024)
    return db


def open_reader(path: str, vfs: str | None = None) -> apsw.Connection:
    """A reading connection: never writes, never checkpoints."""
    db = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE, vfs=vfs, statementcachesize=STATEMENTS_CACHED)
    db.set_busy_timeout(BUSY_MILLISECONDS)
    db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)  # only the writer moves the log, and says when
    db.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)  # or many statements are planned anew at every call
    db.pragma("query_only", "ON")
    db.pragma("wal_autocheckpoint", 0)
    db.pragma("cache_size", -READER_CACHE_KIB)
    db.pragma("temp_store", "MEMORY")
    return db


def migrate(db: apsw.Connection, kind: str, path: str = MEMORY) -> bool:
    """Bring a file to the newest schema, each step in one transaction. True where anything was done.

    A file of an earlier release is copied beside itself first (`replica.db.schema-1.backup`), with everything in its
    log; where that cannot be done it is left as it is.
    `kind` is the folder of numbered steps: replica | office. Steps only go forward; a file from a newer program raises
    FileTooNew.
    """
    folder = files("socai.dataserver.store").joinpath("migration", kind)
    steps = sorted((item for item in folder.iterdir() if item.name.endswith(".sql")), key=lambda item: item.name)
    version = int(str(db.pragma("user_version")))
    if version > len(steps):
        raise FileTooNew(f"schema {version}, newest known {len(steps)}")
    if 0 < version < len(steps) and path != MEMORY:
        copy_file(db, Path(f"{path}.schema-{version}.backup"))
    for number, step in enumerate(steps[version:], start=version + 1):
        with db:
            db.execute(step.read_text(encoding="utf-8"))
            if kind == "replica" and number == 1:
                for statement in ddl_sqlite():
                    db.execute(statement)
            db.pragma("user_version", number)
    return version < len(steps)


def check(db: apsw.Connection) -> None:
    """Read a file whole and see that it holds together; raises FileDamaged where it does not."""
    try:
        found = db.execute("PRAGMA quick_check(1)").fetchone()
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise FileDamaged(str(error)) from error
    if not found or found[0] != "ok":
        raise FileDamaged(str(found[0]) if found else "unreadable")


def is_doubtful(path: str) -> bool:
    """Whether a file is to be checked before it is served: left by a crash, or so small that checking takes no time."""
    log = Path(f"{path}-wal")
    return (log.exists() and log.stat().st_size > 0) or Path(path).stat().st_size <= CHECKED_ALWAYS_BYTES_MAX


def verify(path: str, vfs: str | None = None) -> None:
    """Prove a file after the disk refused something; raises StorageFailed where it cannot be proved.

    The log's pages may be in the machine's memory and not on the disk (a failed fsync is not repeated by the system),
    so all of them are written into the file again and flushed before anything is served from it.
    """
    try:
        db = open_writer(path, vfs)
        try:
            check(db)
            db.execute(
                "INSERT INTO meta (name, value) VALUES ('verified', 1)"
                " ON CONFLICT (name) DO UPDATE SET value = value + 1"
            )
            frames, moved = db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            if frames != moved:
                raise StorageFailed("the log could not be written into the file")
        finally:
            db.close()
    except apsw.Error as error:
        raise StorageFailed(str(error)) from error


def copy_file(source: apsw.Connection, target: Path) -> None:
    """A consistent copy of an open file, made page by page while it is in use (SQLite's backup)."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    db = apsw.Connection(str(part))
    try:
        with db.backup("main", source, "main") as backup:
            while not backup.done:
                backup.step(256)
        db.pragma("journal_mode", "delete")
        check(db)  # a damaged file never takes the place of a good copy
    except StorageFailed:
        part.unlink()
        raise
    finally:
        db.close()
    part.replace(target)
