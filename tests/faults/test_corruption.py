"""Row 19: a replica whose pages rot is found out, not served, put back from a backup, and goes on under a new epoch."""

from __future__ import annotations

import os
from pathlib import Path

import apsw
import httpx
import pytest
from typer.testing import CliRunner

from socai.cli.main import app
from socai.dataserver.desk import Saved
from socai.dataserver.office import Office
from socai.dataserver.store import audit, meta, voucher
from socai.dataserver.store.file import FileDamaged, StorageFailed
from socai.lab.inspection import inspect
from socai.lab.office_state import copy_office
from support.desk import Office as OfficeOfOne
from support.desk import journal, open_office
from support.office import TENANT, receipt, served
from support.office import save as send
from support.system import Place, make_company, running, until

PAGE_BYTES = 4096
BOOK = ("financial",)


def flip(file: Path, table: str) -> None:
    """Rot: a page of a table is no longer what was written. The log is moved into the file first."""
    db = apsw.Connection(str(file))
    page = db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    db.close()
    assert page is not None
    with file.open("r+b") as raw:
        raw.seek((page[0] - 1) * PAGE_BYTES)
        raw.write(os.urandom(PAGE_BYTES))


def said(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, " ".join(done.output.split())


def save(place: Place, saved: list[str], count: int = 3) -> None:
    for _ in range(count):
        done = place.save(journal("1000"), post_to=BOOK)
        assert isinstance(done, Saved), done
        saved.append(done.id)


def test_row_19_a_rotten_replica_is_refused_restored_and_synced_again(fresh_database: str, tmp_path: Path) -> None:
    folder, copies, file = tmp_path / "here", tmp_path / "copies", tmp_path / "here" / "minhphat" / "replica.db"
    saved: list[str] = []
    with running(fresh_database) as system:
        place = system.open(folder, "here")
        make_company(place)
        save(place, saved)
        until(lambda: place.books.sync_state().green, "green")
        assert len(list(copy_office(folder, copies))) == 2
        save(place, saved)
        until(lambda: all(place.is_posted(ident) for ident in saved), "sent after the backup was made")
        place.office.close()
        system.places.clear()

        flip(file, "voucher")
        rotten = file.read_bytes()
        with pytest.raises(FileDamaged, match=r"replica\.db"):
            Office(folder)
        code, told = said("ds", "run", "--dir", str(folder), "--port", "0")
        assert code != 0
        assert "Damaged, and therefore not served" in told
        assert "socai ds restore" in told
        assert said("ds", "check", "--dir", str(folder))[0] == 1
        code, told = said("ds", "backup", "--dir", str(folder), str(copies))
        assert code != 0
        assert "not copied" in told
        assert file.read_bytes() == rotten  # nobody touched it

        code, told = said("ds", "restore", "--dir", str(folder), str(copies))
        assert code == 0, told
        assert "restored" in told
        assert [kept.read_bytes() for kept in file.parent.glob("replica.db.damaged-*[0-9]")] == [rotten]
        assert said("ds", "check", "--dir", str(folder))[0] == 0

        again = system.open(folder, "here")
        until(lambda: all(again.is_posted(ident) for ident in saved), "what the backup lacked came back")
        save(again, saved)
        until(lambda: all(again.is_posted(ident) for ident in saved), "work goes on")
        until(lambda: again.books.sync_state().green, "green")
        with again.books.read() as db:
            assert meta.number(db, "epoch") == 2
            assert audit.broken_link(db) == 0
    assert [finding for source in (fresh_database, str(file)) for finding in inspect(source)] == []


def test_row_19_a_damaged_copy_restores_nothing(tmp_path: Path) -> None:
    folder, copies = tmp_path / "here", tmp_path / "copies"
    office = open_office(folder / "minhphat" / "replica.db")
    office.close()
    assert list(copy_office(folder, copies))
    for place in (folder, copies):
        flip(place / "minhphat" / "replica.db", "voucher")
    before = (folder / "minhphat" / "replica.db").read_bytes()
    code, told = said("ds", "restore", "--dir", str(folder), str(copies))
    assert code != 0
    assert "Nothing was restored" in told
    assert (folder / "minhphat" / "replica.db").read_bytes() == before


def test_row_19_nothing_is_replaced_that_holds_together(tmp_path: Path) -> None:
    open_office(tmp_path / "here" / "minhphat" / "replica.db").close()
    list(copy_office(tmp_path / "here", tmp_path / "copies"))
    assert "nothing was changed" in said("ds", "restore", "--dir", str(tmp_path / "here"), str(tmp_path / "copies"))[1]


def test_row_19_damage_met_while_reading_stops_saving_until_the_file_is_proved(tmp_path: Path) -> None:
    """Nothing is built on a page that rots while the file is open."""
    office: OfficeOfOne = open_office(tmp_path / "replica.db")
    told: list[bool] = []
    office.desk.file._on_broken = told.append
    office.desk.file.mend_seconds = 0.0
    done = office.save(journal())
    assert isinstance(done, Saved)
    flip(tmp_path / "replica.db", "voucher")
    office.desk.file._close_readers()  # what they remember of the page is still good
    with pytest.raises(StorageFailed):
        with office.desk.file.read() as db:
            voucher.load(db, done.id)
    assert told == [True]
    for _ in range(2):
        with pytest.raises(FileDamaged):
            office.save(journal())
    assert office.desk.file.broken
    office.close()


def test_row_19_damage_is_told_with_its_cure_and_health_says_so(tmp_path: Path) -> None:
    """503 FILE_DAMAGED in both languages, not "the disk is full"."""
    with served(tmp_path) as office:
        client = office.client()
        done = send(client, receipt())
        assert done.is_success
        books = office.office.tenant(TENANT)
        assert books is not None
        flip(tmp_path / TENANT / "replica.db", "voucher")
        books.file._close_readers()
        assert client.get(f"/vouchers/{done.json()['id']}").status_code == 503
        refused = send(client, receipt())
        assert (refused.status_code, refused.json()["code"]) == (503, "FILE_DAMAGED")
        assert refused.json()["detail_vi"].startswith("Tệp dữ liệu")
        assert "khôi phục" in refused.json()["cure_vi"]
        assert httpx.get(f"{office.url}/api/health").json()["storage"] is False
