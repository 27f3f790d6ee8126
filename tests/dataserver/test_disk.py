"""A disk that refuses: nothing is acknowledged, it is said, and the file is proved before anything is served again."""

from __future__ import annotations

import errno
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from socai.dataserver.desk import Desk, Saved
from socai.dataserver.store import voucher
from socai.dataserver.store.file import StorageFailed
from socai.dataserver.store.replica import Replica
from support.desk import Office, journal, open_office

_names = itertools.count(1)


class Trouble:
    """What the disk does from now on: `write` and `sync` raise these SQLite errors."""

    def __init__(self) -> None:
        self.write: type[apsw.Error] | None = None
        self.sync: type[apsw.Error] | None = None
        self.syncs = 0


class FaultyFile(apsw.VFSFile):
    """A real file whose writes and syncs can be made to fail."""

    def __init__(self, trouble: Trouble, filename: object, flags: list[int]) -> None:
        self._trouble = trouble
        super().__init__("", filename, flags)  # type: ignore[arg-type]

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        if self._trouble.write is not None:
            raise self._trouble.write(os.strerror(errno.ENOSPC))
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._trouble.syncs += 1
        if self._trouble.sync is not None:
            raise self._trouble.sync(os.strerror(errno.EIO))
        super().xSync(flags)


class FaultyDisk(apsw.VFS):
    """A VFS over the system's own."""

    def __init__(self, name: str, trouble: Trouble) -> None:
        self.trouble = trouble
        super().__init__(name, "")

    def xOpen(self, name: object, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        return FaultyFile(self.trouble, name, flags)


@pytest.fixture
def trouble() -> Trouble:
    return Trouble()


@pytest.fixture
def office(tmp_path: Path, trouble: Trouble) -> Iterator[Office]:
    made = open_office(tmp_path / "replica.db")
    made.close()
    name = f"faulty{next(_names)}"
    disk = FaultyDisk(name, trouble)
    told: list[bool] = []
    file = Replica(tmp_path / "replica.db", vfs=name, on_broken=told.append)
    file.mend_seconds = 0.0
    found = Office(Desk("minhphat", file, made.clock), made.clock)
    found.broken = told  # type: ignore[attr-defined]
    yield found
    trouble.write = trouble.sync = None
    found.close()
    del disk


def vouchers(office: Office) -> int:
    with office.desk.file.read() as db:
        return int(db.execute("SELECT count(*) FROM voucher").fetchone()[0])


@pytest.mark.parametrize(
    ("place", "error"), [("write", apsw.FullError), ("write", apsw.IOError), ("sync", apsw.IOError)]
)
def test_a_refusing_disk_is_told_and_nothing_is_acknowledged(
    office: Office, trouble: Trouble, place: str, error: type[apsw.Error]
) -> None:
    assert isinstance(office.save(journal()), Saved)
    setattr(trouble, place, error)
    for _ in range(3):
        with pytest.raises(StorageFailed):
            office.save(journal())
    assert office.broken[0] is True  # type: ignore[attr-defined]
    setattr(trouble, place, None)
    done = office.save(journal())
    assert isinstance(done, Saved)
    assert office.broken[-1] is False  # type: ignore[attr-defined]
    with office.desk.file.read() as db:
        assert voucher.load(db, done.id) is not None
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_every_save_is_flushed_before_it_is_acknowledged(office: Office, trouble: Trouble) -> None:
    before = trouble.syncs
    for count in range(1, 6):
        assert isinstance(office.save(journal()), Saved)
        assert trouble.syncs >= before + count


def test_a_damaged_file_is_not_served(office: Office, trouble: Trouble, tmp_path: Path) -> None:
    assert isinstance(office.save(journal()), Saved)
    trouble.sync = apsw.IOError
    with pytest.raises(StorageFailed):
        office.save(journal())
    size = (tmp_path / "replica.db").stat().st_size
    with (tmp_path / "replica.db").open("r+b") as raw:
        raw.seek(4096 * 2)
        raw.write(os.urandom(size - 4096 * 2))
    trouble.sync = None
    with pytest.raises(StorageFailed):
        office.save(journal())
    assert office.desk.file.broken
