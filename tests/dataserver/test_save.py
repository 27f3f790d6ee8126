"""Cất: what a save promises. Each test states the rule it protects."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from socai.books.write import SqliteWriter
from socai.core.balance import MONEY_DAY
from socai.dataserver.desk import Refused, Saved
from socai.dataserver.store import audit, outbox, voucher
from support.desk import BRANCH, CHIEF, FUND, PARTNER, VENDOR, Office, ident, journal, open_office, saved


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    found = open_office(tmp_path / "replica.db")
    yield found
    found.close()


def codes(found: Saved | Refused) -> list[str]:
    assert isinstance(found, Refused), found
    return [fault.code for fault in found.faults]


def test_a_save_is_there_after_reopening(tmp_path: Path) -> None:
    office = open_office(tmp_path / "replica.db")
    done = saved(office.save(journal()))
    office.close()
    again = open_office(tmp_path / "replica.db")
    with again.desk.file.read() as db:
        head = voucher.load(db, done.id)
        assert head is not None
        assert (head.number, head.total, head.revision) == ("NVK00001", 100_000, 1)
        assert voucher.body(db, done.id, 1) == done.body
    again.close()


def test_one_transaction_holds_voucher_operation_and_audit(office: Office) -> None:
    done = saved(office.save(journal(), post_to=("financial",)))
    with office.desk.file.read() as db:
        rows = outbox.open_of(db, "voucher", "journal", done.id)
        assert [(row.act, row.post_to, row.base_version, row.n) for row in rows] == [("save", "financial", 0, None)]
        assert audit.broken_link(db) == 0
        assert [act.act for act in audit.history(db, done.id, 9)] == ["save"]


def test_a_retried_save_is_the_same_save(office: Office) -> None:
    act, voucher_id = ident(), ident()
    first = saved(office.save(journal(), voucher_id, act_id=act))
    second = saved(office.save(journal("999"), voucher_id, act_id=act))
    assert (second.revision, second.number, second.body, second.repeated) == (1, first.number, first.body, True)


def test_a_stale_form_is_refused_with_both_versions(office: Office) -> None:
    done = saved(office.save(journal("100000")))
    saved(office.save(journal("200000"), done.id, 1, grant=CHIEF))
    found = office.save(journal("300000"), done.id, 1)
    assert codes(found) == ["STALE_VERSION"]
    assert isinstance(found, Refused)
    assert found.stale is not None
    assert (found.stale.revision, found.stale.author) == (2, "chief")
    assert b'"200000"' in found.stale.body
    assert b'"300000"' in found.mine


def test_a_new_save_replaces_the_unsent_one_and_history_keeps_both(office: Office) -> None:
    done = saved(office.save(journal("100000"), post_to=("financial",)))
    saved(office.save(journal("200000"), done.id, 1))
    with office.desk.file.read() as db:
        rows = outbox.open_of(db, "voucher", "journal", done.id)
        assert [(row.act, row.revision, row.post_to) for row in rows] == [("save", 2, "")]
        assert [item.revision for item in voucher.revisions(db, done.id, 9)] == [2, 1]


def test_numbers_are_gapless_under_ten_people_at_once(office: Office) -> None:
    numbers: list[str] = []

    def person() -> None:
        for _ in range(20):
            numbers.append(saved(office.save(journal())).number)

    people = [threading.Thread(target=person) for _ in range(10)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert sorted(numbers) == [f"NVK{count:05d}" for count in range(1, 201)]


def test_a_typed_number_is_respected_taken_once_and_moves_the_series_on(office: Office) -> None:
    assert saved(office.save(journal(number="NVK00007"))).number == "NVK00007"
    assert codes(office.save(journal(number="NVK00007"))) == ["NUMBER_TAKEN"]
    assert saved(office.save(journal(number="ĐC-1"))).number == "ĐC-1"
    assert saved(office.save(journal())).number == "NVK00008"


def test_a_refused_save_leaves_nothing_and_no_gap(office: Office) -> None:
    saved(office.save(journal()))
    assert codes(office.save(journal(number="NVK00001"))) == ["NUMBER_TAKEN"]
    assert saved(office.save(journal())).number == "NVK00002"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"lines": [{"debit_account": "131", "credit_account": "5111", "amount": "1000"}]}, "DETAIL_REQUIRED"),
        ({"lines": [{"debit_account": "9999", "credit_account": "242", "amount": "1000"}]}, "ACCOUNT_UNKNOWN"),
        ({"lines": [{"debit_account": "642", "credit_account": "242", "amount": "1000"}]}, "ACCOUNT_NOT_LEAF"),
        ({"accounting_date": "2027-02-01"}, "DATE_OUTSIDE_YEAR"),
        ({"accounting_date": "2025-12-31"}, "DATE_BEFORE_BOOKS"),
        ({"branch": "0199aaaa-0000-7000-8000-000000000099"}, "CATALOG_UNKNOWN"),
        ({"lines": []}, "LINES_EMPTY"),
        ({"type": "nothing"}, "TYPE_UNKNOWN"),
    ],
)
def test_bad_input_is_a_fault_and_nothing_is_stored(office: Office, change: dict[str, object], code: str) -> None:
    voucher_id = ident()
    assert code in codes(office.save(journal(**change), voucher_id))
    with office.desk.file.read() as db:
        assert voucher.load(db, voucher_id) is None
        assert outbox.open_of(db, "voucher", "journal", voucher_id) == []


def test_a_locked_day_is_refused(office: Office) -> None:
    key = f"{BRANCH}|financial"
    lock = {"code": key, "branch": BRANCH, "book": "financial", "day": "2026-10-31"}
    saved(office.entry("lock", key, lock))
    assert codes(office.save(journal(day="2026-10-31"))) == ["DATE_LOCKED"]
    saved(office.save(journal(day="2026-11-01")))


def test_a_warning_is_asked_once_and_its_answer_travels(office: Office) -> None:
    tax = {
        "net_amount": "1000000",
        "tax_rate": "10",
        "tax_amount": "100000",
        "tax_account": "1331",
        "credit_account": "331",
        "supplier": VENDOR,
        "invoice_series": "1C26TAA",
        "invoice_number": "123",
        "invoice_date": "2026-11-20",
        "supplier_tax_code": "0101234567",
    }
    saved(office.save(journal(taxes=[tax])))
    asked = office.save(journal(taxes=[tax]))
    assert isinstance(asked, Refused)
    assert (asked.asks, codes(asked)) == (True, ["INVOICE_DUPLICATE"])
    done = saved(office.save(journal(taxes=[tax]), answered=("INVOICE_DUPLICATE",)))
    with office.desk.file.read() as db:
        assert outbox.open_of(db, "voucher", "journal", done.id)[0].answered == "INVOICE_DUPLICATE"


def test_a_clerk_of_another_branch_is_refused(office: Office) -> None:
    from socai.sync.grant import Grant

    other = Grant("other", "accountant", frozenset((PARTNER,)))
    assert codes(office.save(journal(), grant=other)) == ["BRANCH_UNKNOWN"]


def test_listeners_hear_of_a_save_after_it_is_durable(office: Office) -> None:
    office.told.clear()
    done = saved(office.save(journal()))
    assert office.told == [("voucher", "journal", done.id)]


def test_an_overdraft_is_asked_from_the_last_known_books_of_this_and_later_days(office: Office) -> None:
    """The till holds 500 on the 1st and 100 on the 20th: on the 10th, 300 can be paid only by asking."""
    company = {"name": "Công ty Minh Phát", "books_first_day": "2026-01-01", "negative_cash": "warn"}
    saved(office.entry("company", "company", company, base=1))

    def move(db: object) -> None:
        key = (BRANCH, "1111", "VND", FUND)
        moved = {(MONEY_DAY, *key, 20261101): [500, 0, 0, 0], (MONEY_DAY, *key, 20261120): [0, 400, 0, 0]}
        SqliteWriter(db).add_balances({"financial": moved})  # type: ignore[attr-defined]

    office.desk.file.write(move)
    lines = [{"debit_account": "6428", "credit_account": "1111", "amount": "300"}]

    def pay(day: str, amount: str = "300") -> Saved | Refused:
        return office.save(journal(day=day, fund=FUND, lines=[lines[0] | {"amount": amount}]))

    found = pay("2026-11-10")
    assert isinstance(found, Refused)
    assert (found.asks, codes(found)) == (True, ["CASH_NEGATIVE"])
    told = {name: found.faults[0].params[name] for name in ("account", "currency", "balance", "date")}
    assert told == {"account": "1111", "currency": "VND", "balance": "100", "date": "2026-11-20"}
    saved(pay("2026-11-10", "100"))
    saved(office.save(journal(day="2026-11-10", fund=FUND, lines=lines), answered=("CASH_NEGATIVE",)))
