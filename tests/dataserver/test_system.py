"""Offices and a real cloud: PostgreSQL, API, worker, real files, a line that is cut and mended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from socai.cloud.tenant import begin_timelines
from socai.dataserver.acts.save import Request
from socai.dataserver.awaiting import Recorded
from socai.dataserver.desk import Refused
from socai.dataserver.store import audit, conflict, meta, voucher
from socai.dataserver.store.file import Connection
from socai.edge.postgres import EmbeddedPostgres
from support.desk import BRANCH, ident, journal, saved
from support.system import CHIEF, Place, cloud_store, make_company, running, until


def balances(place) -> dict[tuple, tuple]:
    with place.books.read() as db:
        return {
            tuple(row[:7]): tuple(row[7:])
            for row in db.execute(
                "SELECT book, dimension, branch, account, currency, detail, period, debit, credit, debit_foreign,"
                " credit_foreign FROM balance WHERE debit <> 0 OR credit <> 0"
            )
        }


def test_a_voucher_goes_from_one_office_to_the_ledger_and_to_the_other(fresh_database: str, tmp_path: Path) -> None:
    with running(fresh_database) as system:
        hanoi = system.open(tmp_path / "hn", "Hà Nội")
        make_company(hanoi)
        done = saved(hanoi.save(journal("1500000"), post_to=("financial",)))
        until(lambda: hanoi.is_posted(done.id), "posted")
        saigon = system.open(tmp_path / "hcm", "TP.HCM")
        until(lambda: saigon.books.sync_state().green, "the other office is up to date")
        assert balances(saigon) == balances(hanoi)
        assert len(balances(hanoi)) == 2

        second = saved(saigon.save(journal("700000", branch=BRANCH), post_to=("financial",)))
        assert second.number.startswith("NVKB")
        until(lambda: saigon.is_posted(second.id) and hanoi.is_posted(second.id), "seen at both")
        assert balances(saigon) == balances(hanoi)
        until(lambda: hanoi.books.sync_state().green, "green")
        assert len(hanoi.office.people.of_tenant("minhphat")) == 2


def test_a_cut_line_blocks_nobody_and_everything_arrives_once(fresh_database: str, tmp_path: Path) -> None:
    with running(fresh_database) as system:
        hanoi = system.open(tmp_path / "hn", "Hà Nội")
        make_company(hanoi)
        saigon = system.open(tmp_path / "hcm", "TP.HCM")
        until(lambda: hanoi.books.sync_state().green and saigon.books.sync_state().green, "green")
        hanoi.line.cut()
        until(lambda: not hanoi.books.sync_state().online, "offline is noticed")
        partner = ident()
        saved(hanoi.books.save_entry(CHIEF, ident(), "partner", partner, 0, {"code": "KH77", "name": "Khách mới"}))
        lines = [{"debit_account": "131", "credit_account": "5111", "amount": "90000", "debit_partner": partner}]
        done = [saved(hanoi.save(journal(lines=lines), post_to=("financial",))) for _ in range(40)]
        assert hanoi.books.sync_state().pending == 41
        hanoi.line.mend()
        hanoi.books.sync_now()
        until(lambda: all(saigon.is_posted(item.id) for item in done), "all seen elsewhere")
        until(lambda: all(hanoi.is_posted(item.id) for item in done), "all told at home")
        until(lambda: hanoi.books.sync_state().green, "green")
        assert balances(hanoi) == balances(saigon)
        assert sum(row[0] for key, row in balances(saigon).items() if key[1] == 0 and key[3] == "131") == 40 * 90_000


def test_two_offices_change_one_voucher_and_the_loser_is_kept(fresh_database: str, tmp_path: Path) -> None:
    with running(fresh_database) as system:
        hanoi = system.open(tmp_path / "hn", "Hà Nội")
        make_company(hanoi)
        saigon = system.open(tmp_path / "hcm", "TP.HCM")
        until(lambda: saigon.books.sync_state().green, "green")
        done = saved(hanoi.save(journal("100000")))
        until(lambda: (found := saigon.status(done.id)) and found.sync == "synced", "seen")
        saigon.line.cut()
        until(lambda: not saigon.books.sync_state().online, "offline")
        lost = saved(saigon.save(journal("222000"), done.id, 1))
        saved(hanoi.save(journal("333000"), done.id, 1))
        until(lambda: hanoi.status(done.id).sync == "synced", "the first one is in")
        saigon.line.mend()
        saigon.books.sync_now()
        until(lambda: saigon.status(done.id).sync == "conflict", "told")
        with saigon.books.read() as db:
            found = conflict.load(db, "voucher", "journal", done.id)
            assert found is not None
            assert (found.mine, found.winner.version, found.winner.author) == (lost.revision, 2, "chief")
            assert b'"333000"' in found.winner.body
        revision = lost.revision
        mended = saved(saigon.books.resolve(CHIEF, ident(), done.id, revision, "mine"))
        until(lambda: saigon.status(done.id).sync == "synced", "resolved")

        def seen_at_hanoi() -> bytes:
            with hanoi.books.read() as db:
                head = voucher.load(db, done.id)
                assert head is not None
                return voucher.body(db, done.id, head.revision) if head.version == 3 else b""

        assert b'"222000"' in until(seen_at_hanoi, "seen at the other office")
        assert mended.id == done.id


def test_unpost_edit_post_and_delete_leave_books_as_if_typed_once(fresh_database: str, tmp_path: Path) -> None:
    with running(fresh_database) as system:
        hanoi = system.open(tmp_path / "hn", "Hà Nội")
        make_company(hanoi)
        saigon = system.open(tmp_path / "hcm", "TP.HCM")
        until(lambda: saigon.books.sync_state().green, "green")
        done = saved(hanoi.save(journal("100000"), post_to=("financial",)))
        until(lambda: hanoi.is_posted(done.id), "posted")
        assert isinstance(hanoi.save(journal("5"), done.id, 1), Refused)
        saved(hanoi.books.unpost(CHIEF, ident(), done.id, 1, "financial"))
        until(lambda: hanoi.status(done.id).book == "unposted", "unposted")
        assert balances(hanoi) == {}
        edited = saved(hanoi.save(journal("250000"), done.id, 1, post_to=("financial",)))
        until(lambda: hanoi.is_posted(done.id) and saigon.is_posted(done.id), "posted again")
        assert set(balances(saigon).values()) == {(250_000, 0, 0, 0), (0, 250_000, 0, 0)}
        saved(hanoi.books.unpost(CHIEF, ident(), done.id, edited.revision, "financial"))
        until(lambda: hanoi.status(done.id).book == "unposted", "unposted")
        saved(hanoi.books.delete(CHIEF, ident(), done.id, edited.revision))

        def gone(place) -> bool:
            with place.books.read() as db:
                head = voucher.load(db, done.id)
                return head is not None and head.deleted == 1

        until(lambda: gone(hanoi) and gone(saigon), "deleted everywhere")
        assert balances(saigon) == balances(hanoi) == {}


def test_a_refused_posting_is_told_with_its_reason(fresh_database: str, tmp_path: Path) -> None:
    """The lock reaches the cloud first; the voucher saved meanwhile elsewhere is synced, and its posting fails."""
    with running(fresh_database) as system:
        hanoi = system.open(tmp_path / "hn", "Hà Nội")
        make_company(hanoi)
        saigon = system.open(tmp_path / "hcm", "TP.HCM")
        until(lambda: saigon.books.sync_state().green and len(saigon.books.calendar.years) == 1, "green")
        saigon.line.cut()
        until(lambda: not saigon.books.sync_state().online, "offline")
        done = saved(saigon.save(journal(day="2026-10-31"), post_to=("financial",)))
        key = f"{BRANCH}|financial"
        lock = {"code": key, "branch": BRANCH, "book": "financial", "day": "2026-10-31"}
        saved(hanoi.books.save_entry(CHIEF, ident(), "lock", key, 0, lock))
        until(lambda: hanoi.books.sync_state().green, "locked")
        saigon.line.mend()
        saigon.books.sync_now()
        until(lambda: saigon.status(done.id).book == "post_failed", "told")
        with saigon.books.read() as db:
            rows = voucher.book_rows(db, [done.id])[done.id]
            assert "DATE_LOCKED" in rows[0].faults
        assert saigon.books.sync_state().failed == 1


def test_a_restored_file_goes_on_under_a_new_epoch_and_nothing_is_doubled(fresh_database: str, tmp_path: Path) -> None:
    with running(fresh_database) as system:
        hanoi = system.open(tmp_path / "hn", "Hà Nội")
        make_company(hanoi)
        until(lambda: hanoi.books.sync_state().green, "green")
        hanoi.line.cut()
        until(lambda: not hanoi.books.sync_state().online, "offline")
        before = saved(hanoi.save(journal("100000"), post_to=("financial",)))
        hanoi.books.backup(tmp_path / "copy.db")
        hanoi.line.mend()
        hanoi.books.sync_now()
        until(lambda: hanoi.is_posted(before.id), "sent after the backup was made")
        after = saved(hanoi.save(journal("200000"), post_to=("financial",)))
        until(lambda: hanoi.is_posted(after.id), "posted")
        hanoi.office.close()

        target = tmp_path / "hn" / "minhphat" / "replica.db"
        for name in ("replica.db", "replica.db-wal", "replica.db-shm"):
            (target.parent / name).unlink(missing_ok=True)
        (tmp_path / "copy.db").rename(target)
        restored = system.open(tmp_path / "hn", "Hà Nội")
        until(lambda: restored.is_posted(before.id) and restored.is_posted(after.id), "all there")
        until(lambda: restored.books.sync_state().green, "green")
        with restored.books.read() as db:
            assert meta.number(db, "epoch") == 2
            assert audit.broken_link(db) == 0
        assert sum(row[0] for row in balances(restored).values()) == 300_000
        third = saved(restored.save(journal("1000"), post_to=("financial",)))
        assert third.number == "NVK00003"
        until(lambda: restored.is_posted(third.id), "goes on")


def test_download_brings_what_a_new_office_lacks(fresh_database: str, tmp_path: Path) -> None:
    with running(fresh_database) as system:
        hanoi = system.open(tmp_path / "hn", "Hà Nội")
        make_company(hanoi)
        done = [saved(hanoi.save(journal(day=f"2026-0{month}-15"), post_to=("financial",))) for month in range(1, 7)]
        until(lambda: all(hanoi.is_posted(item.id) for item in done), "posted")
        saigon = system.open(tmp_path / "hcm", "TP.HCM")
        until(lambda: saigon.books.sync_state().green, "green")
        assert saigon.status(done[0].id) is None
        assert saigon.books.missing_months(202601, 202612) == [202601, 202602, 202603, 202604, 202605, 202606]
        job = saigon.books.download("chief", "2026-01-01", "2026-03-31")
        assert isinstance(job, str)
        until(lambda: (found := saigon.books.download_job(job)) and found.state == "done", "downloaded")
        assert [saigon.status(item.id) is not None for item in done] == [True] * 3 + [False] * 3
        assert saigon.is_posted(done[0].id)
        assert saigon.books.missing_months(202601, 202612) == [202604, 202605, 202606]
        assert balances(saigon) == balances(hanoi)


@pytest.mark.parametrize("book", ["financial"])
def test_waiting_for_the_outcome_is_the_same_code(fresh_database: str, tmp_path: Path, book: str) -> None:
    with running(fresh_database) as system:
        hanoi = system.open(tmp_path / "hn", "Hà Nội")
        make_company(hanoi)
        request = Request(ident(), ident(), 0, journal(), (book,))
        until(lambda: hanoi.books.standing().online, "the line is up")
        done = saved(hanoi.books.save_voucher(CHIEF, request))
        came: list[Recorded | None] = []
        hanoi.books.awaiting.begin(done.id, came.append)
        until(lambda: came, "its outcome")
        assert came[0] is not None
        assert came[0].settled
        assert hanoi.is_posted(done.id)


def test_a_restored_cloud_gets_again_what_its_backup_lacks(
    postgres_server: EmbeddedPostgres, fresh_database: str, tmp_path: Path
) -> None:
    """Two offices, a backup of the cloud, more work at both, then the backup is restored: both agree on everything."""
    name = psycopg.conninfo.conninfo_to_dict(fresh_database)["dbname"]

    def sql(*statements: str) -> None:
        with psycopg.connect(postgres_server.dsn(), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def session(work: Callable[[Place, Place], None], ports: tuple[int, int] = (0, 0)) -> tuple[int, int]:
        with running(fresh_database) as system:
            hanoi = system.open(tmp_path / "hn", "Hà Nội", port=ports[0])
            if not ports[0]:
                make_company(hanoi)
            saigon = system.open(tmp_path / "hcm", "TP.HCM", port=ports[1])
            until(lambda: hanoi.books.sync_state().green and saigon.books.sync_state().green, "green")
            work(hanoi, saigon)
            until(lambda: hanoi.books.sync_state().green and saigon.books.sync_state().green, "green")
            return hanoi.line.port, saigon.line.port

    kept: list[str] = []

    def save_at_both(hanoi: Place, saigon: Place) -> None:
        made = [saved(place.save(journal("1000"), post_to=("financial",))).id for place in (hanoi, saigon)]
        until(lambda: all(place.is_posted(item) for place in (hanoi, saigon) for item in made), "posted")
        kept.extend(made)

    ports = session(save_at_both)
    sql(f'create database "{name}_backup" template "{name}"')
    session(save_at_both, ports)
    sql(f'drop database "{name}" with (force)', f'create database "{name}" template "{name}_backup"')
    sql(f'drop database "{name}_backup"')
    with cloud_store(fresh_database) as store:
        begin_timelines(store)

    def all_there(hanoi: Place, saigon: Place) -> None:
        until(lambda: all(place.is_posted(item) for place in (hanoi, saigon) for item in kept), "all posted again")
        assert balances(hanoi) == balances(saigon)
        assert sum(row[0] for row in balances(hanoi).values()) == 4_000

    session(all_there, ports)


def test_an_office_whose_file_was_tampered_with_is_found_out_and_mended_when_it_syncs(
    fresh_database: str, tmp_path: Path
) -> None:
    """Convergence is verified: ARCHITECTURE.md, "Syncing", over HTTP and PostgreSQL."""
    with running(fresh_database) as system:
        hanoi = system.open(tmp_path / "hn", "Hà Nội")
        make_company(hanoi)
        done = saved(hanoi.save(journal("100000"), post_to=("financial",)))
        until(lambda: hanoi.is_posted(done.id) and hanoi.books.sync_state().green, "posted and green")
        good = balances(hanoi)

        def tamper(db: Connection) -> None:
            db.execute("UPDATE voucher SET number = 'X' WHERE id = ?", (done.id,))
            db.execute("UPDATE balance SET debit = debit + 7 WHERE dimension = 0 AND debit <> 0")

        hanoi.books.file.write(tamper)
        hanoi.books.sync_now()
        until(lambda: hanoi.books.sync_state().differed_at, "found out")

        def mended() -> bool:
            with hanoi.books.read() as db:
                head = voucher.load(db, done.id)
            return head is not None and head.number == done.number and balances(hanoi) == good

        until(mended, "mended")
        until(lambda: hanoi.books.sync_state().differs == 0, "seen to be equal again")
