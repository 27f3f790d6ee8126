"""Row 9 at a data server: its own series, per fund, by month, and what becomes of numbers left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apsw
import pytest

from socai.dataserver.acts import act
from socai.dataserver.acts.act import Asked
from socai.dataserver.desk import Refused
from socai.dataserver.store import number
from socai.lab.inspection import inspect_replica
from support.desk import BRANCH, CHIEF, FUND, Office, ident, journal, open_office, saved

FUND_2 = ident(60)


@pytest.fixture
def office() -> Office:
    return open_office()


def rule(office: Office, kind: str = "journal", **numbering: Any) -> None:
    """The company's numbering of one type."""
    body = {"name": "Công ty Minh Phát", "books_first_day": "2026-01-01", "negative_cash": "allow"}
    with office.desk.file.read() as db:
        base = db.execute("SELECT revision FROM catalog_entry WHERE kind = 'company'").fetchone()
    saved(office.entry("company", "company", body | {"numbering": {kind: numbering}}, base[0] if base else 0))


def notes(office: Office, series: str) -> list[tuple[str, str, str]]:
    with office.desk.file.read() as db:
        return [(use.number, use.fate, use.to) for use in number.noted(db, series)]


def test_row_9_numbers_restart_by_month_where_the_company_says_so(office: Office) -> None:
    """Row 9: reset by year or month."""
    rule(office, reset="month", prefix="GS")
    numbers = [saved(office.save(journal(day=day))).number for day in ("2026-10-05", "2026-10-06", "2026-11-01")]
    assert numbers == ["GS00001", "GS00002", "GS00001"]


def test_row_9_each_fund_has_its_own_series_where_the_company_says_so(office: Office) -> None:
    """Row 9: per fund, with a prefix of its own."""
    saved(office.entry("fund", FUND_2, {"code": "QNT", "name": "Quỹ ngoại tệ", "branch": BRANCH}))
    rule(office, scope="fund", prefixes={FUND_2: "NVN"})
    numbers = [saved(office.save(journal(fund=fund))).number for fund in (FUND, FUND, FUND_2, FUND)]
    assert numbers == ["NVK00001", "NVK00002", "NVN00001", "NVK00003"]


def test_row_9_a_draft_that_moves_to_another_series_gets_its_number_there(office: Office) -> None:
    """Row 9: no gap is made in the new series, and the number left behind is noted."""
    rule(office, reset="month")
    voucher = ident()
    first = saved(office.save(journal(day="2026-10-05"), voucher))
    moved = saved(office.save(journal(day="2026-11-05", number=first.number), voucher, first.revision))
    other = saved(office.save(journal(day="2026-11-06")))
    assert (first.number, moved.number, other.number) == ("NVK00001", "NVK00001", "NVK00002")
    typed = saved(office.save(journal(day="2026-11-05", number="ĐC-7"), voucher, moved.revision))
    kept = saved(office.save(journal(day="2026-10-05", number="ĐC-7"), voucher, typed.revision))
    assert (typed.number, kept.number) == ("ĐC-7", "ĐC-7")
    assert notes(office, f"{BRANCH}|journal|202611") == [("NVK00001", "renumbered", "ĐC-7")]


def test_row_9_a_voucher_deleted_before_it_was_sent_leaves_a_note(office: Office) -> None:
    """Row 9: the cloud never hears of the voucher, so its number has to be told apart."""
    voucher = ident()
    first = saved(office.save(journal(), voucher))
    saved(act.delete(office.desk, Asked(CHIEF, ident(), voucher, first.revision)))
    assert notes(office, f"{BRANCH}|journal|2026") == [("NVK00001", "deleted", "")]
    assert saved(office.save(journal())).number == "NVK00002"


def test_row_9_other_rules_never_give_a_number_that_stands(office: Office) -> None:
    """Row 9: a series that is cut anew goes on behind what its vouchers carry."""
    for _ in range(2):
        saved(office.save(journal()))
    rule(office, scope="company")
    assert saved(office.save(journal())).number == "NVK00003"


def test_row_9_the_mark_of_provisional_numbers_is_nobodys_to_type(office: Office) -> None:
    """Row 9: only the program gives a number with ~."""
    found = office.save(journal(number="NVK~00001"))
    assert isinstance(found, Refused)
    assert [fault.code for fault in found.faults] == ["NUMBER_RESERVED"]


def test_row_9_check_finds_a_number_on_two_vouchers(tmp_path: Path) -> None:
    """Row 9: `socai check` covers I13."""
    office = open_office(tmp_path / "replica.db")
    for _ in range(2):
        saved(office.save(journal()))
    office.close()
    assert not [item for item in inspect_replica(tmp_path / "replica.db") if item.rule.startswith("I13")]
    db = apsw.Connection(str(tmp_path / "replica.db"))
    db.execute("UPDATE voucher SET number = 'NVK00001', version = 1; DELETE FROM outbox")
    db.execute("INSERT INTO number_lease VALUES ('s', 1, 50, 1, 0), ('s', 50, 60, 50, 0)")
    db.close()
    found = [(item.rule, item.at) for item in inspect_replica(tmp_path / "replica.db") if item.rule.startswith("I13")]
    assert found == [
        ("I13: a number stands on one voucher of its series", f"{BRANCH}|journal|2026 NVK00001"),
        ("I13: leased ranges lie apart", "s 1 50"),
    ]
