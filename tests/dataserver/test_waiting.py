"""Row 5: figures move only when posting has succeeded, and screens and slips say which of them still wait.

Row 10: a quick edit touches no figure.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dataserver.test_download import balances
from socai.base.fault import Fault
from socai.dataserver.desk import Refused
from socai.dataserver.store import meta
from socai.dataserver.syncing import exchange, incoming
from socai.dataserver.views import report as view_report
from socai.dataserver.views import voucher as view
from socai.dataserver.views.report import Asked, ReportView
from socai.sync.message import BookState, FeedItem, FeedPage, Outcome, PushAnswer, encode, raw_body
from support.desk import BRANCH, FUND, Office, ident, journal, open_office, saved
from support.system import CHIEF, make_company, running, until

BOOKS = ("financial",)


def answer(office: Office) -> None:
    while (push := exchange.next_batch(office.desk)) is not None:
        outcomes = [Outcome(item.n, "applied", 1, 5) for item in push.operations]
        exchange.take_answer(office.desk, push, PushAnswer("", outcomes))


def posted(office: Office, voucher: str) -> None:
    """The feed tells that a voucher is in the books."""
    body = raw_body(encode(journal(books=["financial"])))
    state = BookState("financial", True, True)
    item = FeedItem("voucher", "journal", voucher, 9, 1, "clerk", "", False, body, [state])
    incoming.take_page(office.desk, FeedPage("", [item], "9:~:"))


def waiting(office: Office, voucher: str) -> list[str]:
    found = view.voucher_view(office.desk, voucher, "", None)
    assert not isinstance(found, Fault)
    return found.waiting


def pending(office: Office, code: str = "trial_balance", **parameters: str) -> int:
    """How many vouchers under way a report names."""
    office.desk.file.write(lambda db: meta.put(db, {"snapshot_done": 1}))
    asked = {"from": "2026-11-01", "to": "2026-11-30"} | parameters
    page = view_report.report_page(office.desk, Asked(code, asked, None, "vi"), "", 50)
    assert isinstance(page, ReportView), page
    return page.pending


def test_a_voucher_says_which_figures_wait_for_its_posting() -> None:
    """Saved without the wish to post: nothing waits. Asked, sent, being posted: the books. Posted: nothing again."""
    office = open_office()
    answer(office)
    quiet = saved(office.save(journal(), post_to=()))
    assert waiting(office, quiet.id) == []
    done = saved(office.save(journal(), post_to=BOOKS))
    assert waiting(office, done.id) == ["books"]
    answer(office)
    assert waiting(office, done.id) == ["books"]
    posted(office, done.id)
    assert waiting(office, done.id) == []
    office.close()


def test_foreign_money_paid_out_waits_for_its_rate() -> None:
    office = open_office()
    answer(office)
    saved(office.entry("currency", "USD", {"code": "USD", "name": "Đô la Mỹ", "decimals": 2}))
    paid = {
        "type": "cash_payment", "branch": BRANCH, "voucher_date": "2026-11-20", "accounting_date": "2026-11-20",
        "fund": FUND, "currency": "USD", "rate": "26350", "partner_name": "Ông Smith",
        "lines": [{"debit_account": "6428", "credit_account": "1112", "amount": "100.00", "amount_vnd": "2635000"}],
    }  # fmt: skip
    done = saved(office.save(paid, post_to=BOOKS))
    assert waiting(office, done.id) == ["books", "cash_issue_rate"]
    office.close()


@pytest.mark.parametrize("asked, count", [
    ({}, 2),
    ({"from": "2026-10-01", "to": "2026-10-31"}, 1),  # November is after it
    ({"from": "2026-12-01", "to": "2026-12-31"}, 2),  # its opening will hold them
    ({"branch": BRANCH}, 2),
    ({"book": "management"}, 0),
])  # fmt: skip
def test_a_report_counts_what_is_under_way_and_will_move_it(asked: dict[str, str], count: int) -> None:
    office = open_office()
    answer(office)
    for day in ("2026-10-05", "2026-11-20"):
        saved(office.save(journal(day=day), post_to=BOOKS))
    assert pending(office, **asked) == count
    office.close()


def test_a_ledger_counts_only_what_names_its_account() -> None:
    office = open_office()
    answer(office)
    saved(office.save(journal(), post_to=BOOKS))
    assert [pending(office, "account_ledger", account=code) for code in ("6428", "642", "242", "1111")] == [1, 1, 1, 0]
    office.close()


def test_a_quick_edit_of_a_posted_voucher_leaves_the_books_as_they_are(fresh_database: str, tmp_path: Path) -> None:
    """It counts as a version, the voucher stays posted, balances stay to the đồng, and the other office reads it."""
    with running(fresh_database) as system:
        hanoi = system.open(tmp_path / "hn", "Hà Nội")
        make_company(hanoi)
        saigon = system.open(tmp_path / "hcm", "TP.HCM")
        done = saved(hanoi.save(journal("1500"), post_to=BOOKS))
        until(lambda: hanoi.is_posted(done.id) and saigon.is_posted(done.id), "posted at both")
        before = balances(hanoi)
        refused = hanoi.books.quick_edit(CHIEF, ident(), done.id, 1, {"accounting_date": "2026-11-21"})
        assert isinstance(refused, Refused)
        saved(hanoi.books.quick_edit(CHIEF, ident(), done.id, 1, {"description": "Diễn giải rõ hơn"}))

        def text(place: Any) -> str:
            found = view.voucher_view(place.books.desk, done.id, "", None)
            return "" if isinstance(found, Fault) or found.version != 2 else str(bytes(found.body), "utf-8")

        until(lambda: "rõ hơn" in text(saigon), "read at the other office")
        until(lambda: hanoi.is_posted(done.id) and saigon.is_posted(done.id), "still posted")
        assert balances(hanoi) == before == balances(saigon)
