"""Row 19, the disk under the replica: power loss, a sync that fails, a full disk, a slow one. I1 holds through all.

The disk is SQLite's own VFS (support/disk.py); the file, its writer and the acts are those of production.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import apsw
import pytest

from socai.base.fault import Fault, fault_words
from socai.dataserver.desk import Desk, Saved
from socai.dataserver.store import audit, outbox, replica, voucher
from socai.dataserver.store.file import StorageFailed
from socai.dataserver.store.replica import Replica
from support.desk import Office, ident, journal, open_office
from support.disk import Disk

SAVES = 60
LOSSES = 40


@dataclass
class Powered:
    """A desk on a disk whose power can go, and what it has acknowledged: (voucher, act, number)."""

    office: Office
    disk: Disk
    folder: Path
    acknowledged: list[tuple[str, str, str]] = field(default_factory=list)

    def save(self, **more: object) -> None:
        key, act = ident(), ident()
        done = self.office.save(journal(), key, act_id=act, post_to=("financial",), **more)  # type: ignore[arg-type]
        assert isinstance(done, Saved)
        self.acknowledged.append((key, act, done.number))


@pytest.fixture
def powered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Powered]:
    monkeypatch.setattr(replica, "CHECKPOINT_PAGES", 20)  # the log is moved into the file often
    monkeypatch.setattr(replica, "CHECKPOINT_PAGES_FORCED", 60)
    made = open_office(tmp_path / "here" / "replica.db")
    made.close()
    disk = Disk()
    file = Replica(tmp_path / "here" / "replica.db", vfs=disk.name)
    file.mend_seconds = 0.0
    office = Office(Desk("minhphat", file, made.clock), made.clock)
    yield Powered(office, disk, tmp_path)
    disk.write = disk.sync = None
    disk.on_write = lambda: None
    office.close()


def missing(folder: Path, acknowledged: list[tuple[str, str, str]]) -> list[str]:
    """What of the acknowledged is not wholly in the file a machine finds after the power came back."""
    found = open_office(folder / "replica.db")
    try:
        with found.desk.file.read() as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert audit.broken_link(db) == 0
            lost = []
            for key, act, number in acknowledged:
                head, done = voucher.load(db, key), audit.done(db, act)
                whole = head is not None and head.number == number and done is not None and done.object == key
                if not whole or len(outbox.open_of(db, "voucher", "journal", key)) != 1:
                    lost.append(number)
            numbers = [row[0] for row in db.execute("SELECT number FROM voucher ORDER BY number")]
            assert numbers == [f"NVK{count:05d}" for count in range(1, len(numbers) + 1)]
            return lost
    finally:
        found.close()


def lose_power_while_saving(powered: Powered, seed: int, losses: int) -> list[str]:
    """Save; at random writes note what the platter would hold if the power went now. All that was lost."""
    chance, writes = Random(seed), 0
    moments: list[tuple[Path, int]] = []

    def written() -> None:
        nonlocal writes
        writes += 1
        if chance.random() < 0.05 and len(moments) < losses:
            folder = powered.folder / f"loss{len(moments)}"
            moments.append((folder, len(powered.acknowledged)))
            powered.disk.lose_power(folder, chance)

    powered.disk.on_write = written
    for _ in range(SAVES):
        powered.save()
    powered.disk.on_write = lambda: None
    assert len(moments) > losses // 2
    return [number for folder, count in moments for number in missing(folder, powered.acknowledged[:count])]


@pytest.mark.parametrize("seed", [1, 2])
def test_row_19_power_loss_takes_nothing_that_was_acknowledged(powered: Powered, seed: int) -> None:
    assert lose_power_while_saving(powered, seed, LOSSES) == []


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 120))
def test_row_19_power_loss_at_every_kind_of_moment(powered: Powered, seed: int) -> None:
    assert lose_power_while_saving(powered, seed, 150) == []


def test_this_disk_finds_a_file_that_does_not_wait_for_it(powered: Powered) -> None:
    """The proof of the proof: without synchronous=FULL acknowledged saves are lost on it."""
    powered.office.desk.file.write(lambda _db: None)
    powered.office.desk.file._db.pragma("synchronous", "NORMAL")
    assert lose_power_while_saving(powered, 1, LOSSES)


def test_row_19_after_a_failed_sync_the_file_is_proved_and_written_anew(powered: Powered) -> None:
    """What a failed sync left behind is readable and not on the platter: nothing may be built on it."""
    for _ in range(5):
        powered.save()
    powered.disk.sync = apsw.IOError
    retried = (ident(), ident())
    with pytest.raises(StorageFailed):
        powered.office.save(journal(), retried[0], act_id=retried[1], post_to=("financial",))
    assert powered.office.desk.file.broken
    powered.disk.sync = None
    done = powered.office.save(journal(), retried[0], act_id=retried[1], post_to=("financial",))
    assert isinstance(done, Saved)
    powered.acknowledged.append((*retried, done.number))
    assert not powered.office.desk.file.broken
    for seed in range(10):
        powered.save()
        folder = powered.folder / f"after{seed}"
        powered.disk.lose_power(folder, Random(seed))
        assert missing(folder, powered.acknowledged) == []


@pytest.mark.parametrize("seed", range(4))
def test_row_19_power_loss_while_the_disk_refuses(powered: Powered, seed: int) -> None:
    """A failed sync, a failed write, then the power goes: every save acknowledged before is there."""
    for _ in range(8):
        powered.save()
    powered.disk.sync = apsw.IOError if seed % 2 else None
    powered.disk.write = None if seed % 2 else apsw.FullError
    with pytest.raises(StorageFailed):
        powered.office.save(journal())
    powered.disk.lose_power(powered.folder / "gone", Random(seed))
    assert missing(powered.folder / "gone", powered.acknowledged) == []
    powered.disk.sync = powered.disk.write = None
    powered.save()  # the writer lives on, though its log was due to be moved while the file was closed


def test_row_19_a_full_disk_is_told_in_both_languages_and_recovered_from(powered: Powered) -> None:
    powered.save()
    powered.disk.write = apsw.FullError
    for _ in range(3):
        with pytest.raises(StorageFailed):
            powered.office.save(journal())
    for language in ("vi", "en"):
        words = fault_words(Fault("STORAGE_FAILED"), language)
        assert words.sentence
        assert words.cure
    with powered.office.desk.file.read() as db:
        assert voucher.load(db, powered.acknowledged[0][0]) is not None  # reading goes on
    powered.disk.write = None
    powered.save()
    powered.disk.lose_power(powered.folder / "later", Random(1))
    assert missing(powered.folder / "later", powered.acknowledged) == []


def test_row_19_on_a_slow_disk_people_share_its_syncs(powered: Powered) -> None:
    """Ten people at once wait for few syncs, not for ten times as many."""
    powered.disk.slow_seconds = 0.02
    before = powered.disk.syncs
    with ThreadPoolExecutor(10) as people:
        list(people.map(lambda _: powered.save(), range(40)))
    commits = powered.disk.syncs - before
    powered.disk.slow_seconds = 0.0
    assert commits < 30
    powered.disk.lose_power(powered.folder / "slow", Random(1))
    assert missing(powered.folder / "slow", powered.acknowledged) == []
