"""The office: its folder, its tenants, who hears of what. One process at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from socai.dataserver.acts.save import Request
from socai.dataserver.desk import Saved
from socai.dataserver.office import Office, OfficeBusy
from socai.dataserver.store import meta
from support.desk import BRANCH, CHIEF, COMPANY, ident, journal


def with_company(office: Office, code: str) -> None:
    books = office.enrol_local(code, f"Công ty {code}", series_mark="B")
    for kind, key, body in COMPANY:
        assert isinstance(books.save_entry(CHIEF, ident(), kind, key, 0, body), Saved)


def test_two_tenants_share_an_office_and_nothing_else(tmp_path: Path) -> None:
    with Office(tmp_path) as office:
        for code in ("minhphat", "phucan"):
            with_company(office, code)
        first, second = office.tenant("minhphat"), office.tenant("phucan")
        assert first is not None
        assert second is not None
        heard: list[tuple[str, ...]] = []
        stop = office.listen(lambda *change: heard.append(change))
        done = first.save_voucher(CHIEF, Request(ident(), ident(), 0, journal()))
        assert isinstance(done, Saved)
        assert done.number == "NVKB00001"
        assert heard == [("minhphat", "voucher", "journal", done.id)]
        stop()
        assert [state.pending for state in (first.sync_state(), second.sync_state())] == [7, 6]
        with second.read() as db:
            assert db.execute("SELECT count(*) FROM voucher").fetchone() == (0,)
        assert office.tenant("nobody") is None


def test_an_office_opened_again_has_what_it_had(tmp_path: Path) -> None:
    with Office(tmp_path) as office:
        with_company(office, "minhphat")
        replica = office.enrolments()[0].replica
    with Office(tmp_path) as office:
        books = office.tenant("minhphat")
        assert books is not None
        assert office.enrolments()[0].replica == replica
        assert books.company.name == "Công ty Minh Phát"
        assert [year.code for year in books.calendar.years] == ["2026"]
        with books.read() as db:
            assert meta.text(db, "replica") == replica


def test_a_folder_is_served_by_one_process(tmp_path: Path) -> None:
    with Office(tmp_path):
        with pytest.raises(OfficeBusy):
            Office(tmp_path)
    with Office(tmp_path):
        pass


def test_keys_are_not_readable_by_others(tmp_path: Path) -> None:
    with Office(tmp_path) as office:
        office.enrol_local("minhphat", "Minh Phát")
        assert (tmp_path / "office.db").stat().st_mode & 0o077 == 0
        assert "private_key" not in repr(office.enrolments()[0])


def test_a_limited_office_refuses_other_branches(tmp_path: Path) -> None:
    with Office(tmp_path) as office:
        books = office.enrol_local("minhphat", "Minh Phát", branches=ident(77))
        found = books.save_entry(CHIEF, ident(), "fund", ident(), 0, {"code": "Q", "name": "Quỹ", "branch": BRANCH})
        assert not isinstance(found, Saved)
        assert found.faults[0].code == "BRANCH_UNKNOWN"
