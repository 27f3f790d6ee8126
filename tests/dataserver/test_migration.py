"""Row 13: a file of an earlier release is migrated with a backup made first; one too old to sync is kept safe."""

from __future__ import annotations

import gzip
from pathlib import Path

import apsw
import pytest

from socai.core import life
from socai.dataserver import facts as fact
from socai.dataserver.desk import Saved
from socai.dataserver.store import audit, outbox, voucher
from socai.dataserver.store.file import FileTooNew, StorageFailed
from socai.dataserver.store.replica import Replica
from socai.dataserver.syncing import exchange
from socai.dataserver.views import voucher as view
from socai.sync.message import HelloAnswer, Outcome, PushAnswer, WireFault, encode
from support.desk import Office, ident, journal, open_office

SAMPLES = Path(__file__).parent / "samples"
SENT_HASH = "ba3d37d0ec971f106b21228b75ec3f9854d4fb13e4480615297ced553fed6970"
POSTED, REFUSED, LOST, SENT, WAITING = (ident(9000 + number) for number in (1, 2, 3, 5, 6))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A real file as schema 1 left it: posted, refused, in conflict, sent without an answer, waiting."""
    found = tmp_path / "replica.db"
    found.write_bytes(gzip.decompress((SAMPLES / "replica-1.db.gz").read_bytes()))
    return found


def schema(path: Path) -> int:
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return int(str(db.pragma("user_version")))
    finally:
        db.close()


def detail(office: Office, ident_: str) -> str:
    with office.desk.file.read() as db:
        head = voucher.load(db, ident_)
        assert head is not None
        calendar = office.desk.cache.get(db).calendar
        return life.status(fact.read_one(db, head, calendar, office.clock.now()), "financial").detail


def test_row_13_a_file_of_the_first_schema_is_migrated_with_everything_in_it(path: Path) -> None:
    office = open_office(path)
    words = [detail(office, one) for one in (POSTED, REFUSED, LOST, SENT, WAITING)]
    assert words == ["posted", "sync_failed", "conflict", "syncing", "local"]
    push = exchange.next_batch(office.desk)
    assert push is not None
    assert [operation.sha256 for operation in push.operations] == [SENT_HASH]  # byte for byte what was sent before
    with office.desk.file.read() as db:
        assert audit.broken_link(db) == 0
    found = view.voucher_view(office.desk, LOST, "", None)
    assert isinstance(found, view.VoucherView)
    assert found.conflict is not None
    assert {item.place for item in found.conflict.differences} == {
        "description",
        "lines.1.amount",
        "lines.1.amount_vnd",
    }
    assert isinstance(office.save(journal("9"), REFUSED, 1, act_id=ident(9100)), Saved)
    assert detail(office, REFUSED) == "local"
    office.close()


def test_row_13_the_backup_is_made_first_and_is_the_file_as_it_was(path: Path) -> None:
    before = gzip.decompress((SAMPLES / "replica-1.db.gz").read_bytes())
    open_office(path).close()
    backup = path.with_name("replica.db.schema-1.backup")
    assert (schema(backup), schema(path) > 1) == (1, True)
    kept = apsw.Connection(str(backup), flags=apsw.SQLITE_OPEN_READONLY)
    was = apsw.Connection(":memory:")
    was.deserialize("main", before[:18] + b"\x01\x01" + before[20:])  # out of the log's mode: the file stands alone
    for table in ("voucher", "voucher_body", "outbox", "conflict", "audit", "meta", "catalog_entry"):
        assert kept.execute(f"SELECT * FROM {table}").fetchall() == was.execute(f"SELECT * FROM {table}").fetchall()
    kept.close()
    open_office(path).close()  # at the newest schema: nothing to migrate, nothing to back up
    assert [item.name for item in path.parent.glob("*.backup")] == [backup.name]


def test_row_13_what_cannot_be_backed_up_is_left_as_it_is(path: Path) -> None:
    path.with_name("replica.db.schema-1.backup.part").mkdir()
    with pytest.raises(StorageFailed):
        Replica(path, threaded=False)
    assert schema(path) == 1


def test_row_13_a_file_of_a_newer_program_is_left_alone(path: Path) -> None:
    db = apsw.Connection(str(path))
    db.pragma("user_version", 99)
    db.close()
    with pytest.raises(FileTooNew):
        Replica(path, threaded=False)
    assert schema(path) == 99


@pytest.mark.parametrize("code", ["VERSION_TOO_OLD", "VERSION_TOO_NEW"])
def test_row_13_a_data_server_sent_away_for_its_version_works_on_and_keeps_its_outbox(path: Path, code: str) -> None:
    """Told to upgrade, it saves and numbers on; nothing of the outbox changes, and all goes when it is served again."""
    office = open_office(path)
    before = exchange.next_batch(office.desk)
    assert before is not None
    exchange.take_hello(office.desk, HelloAnswer("t1", "upgrade", 1, 0, faults=[WireFault(code, "protocol")]))
    saved = office.save(journal("11"), ident(9101), act_id=ident(9102))
    assert isinstance(saved, Saved)
    assert saved.number
    office.close()
    office = open_office(path)  # the upgraded program
    with office.desk.file.read() as db:
        (row,) = outbox.sent(db, 9)
        assert row.operation == encode(before.operations[0])
    exchange.take_hello(office.desk, HelloAnswer("t1", "ok", 1, before.operations[0].n - 1))
    gone = []
    while (push := exchange.next_batch(office.desk)) is not None:
        outcomes = [Outcome(one.n, "applied", one.base.version + 1, 1) for one in push.operations]
        exchange.take_answer(office.desk, push, PushAnswer("t1", outcomes))
        gone += push.operations
    assert gone[0] == before.operations[0]
    assert {one.id for one in gone[1:]} == {WAITING, saved.id}
    office.close()
