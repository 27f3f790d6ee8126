"""Row 6: an input invoice that another office has already declared is found by the poster at the cloud."""

from typing import Any

import psycopg
import pytest

from socai.cloud.invoice import Invoices
from socai.cloud.lane import LaneStore, Poster
from socai.cloud.store.connection import POSTER, Database
from socai.cloud.store.migration import migrate
from socai.cloud.store.port import CloudStore
from socai.cloud.store.postgres import PostgresStore
from socai.cloud.store.posting_postgres import PostgresLane
from socai.sync.message import DELETE, POST, QUICK_EDIT, UNPOST
from support.posting import BOOK, book, codes, drain, posted
from support.sender import HCM, VENDOR, Sender, company, enrol, ident, journal, specs

KEY = "0100100216|1C26TAA|123"


def invoice(number: str = "0000123", rows: int = 1, **changed: Any) -> dict[str, Any]:
    """A journal with the input tax of one invoice, in one row a rate."""
    tax = {
        "description": "Thuế GTGT", "net_amount": "1000000", "tax_rate": "10", "tax_amount": "100000",
        "tax_account": "1331", "credit_account": "331", "supplier": VENDOR, "supplier_tax_code": "0100100216",
        "invoice_series": "1c26taa", "invoice_number": number, "invoice_date": "2026-03-04",
    }  # fmt: skip
    return journal(taxes=[tax] * rows, **changed)


@pytest.fixture
def office(cloud_store: CloudStore) -> Sender:
    """One office of a small company."""
    return company(cloud_store)


@pytest.fixture
def other(cloud_store: CloudStore, office: Sender) -> Sender:
    """Another office of the same company, whose data server never saw the first one's vouchers."""
    return Sender(cloud_store, office.ref, enrol(cloud_store, office.ref, (HCM,)))


def setting(office: Sender, choice: str) -> None:
    """What the company does about an invoice that repeats."""
    body = {"name": "Công ty", "books_first_day": "2026-01-01", "duplicate_invoice": choice}
    (outcome,) = office.push(office.entry("company", "company", body, base=1, user="admin"))
    assert outcome.result == "applied", outcome


class TestRepeatedInvoices:
    def test_row_6_the_second_office_is_asked_and_an_answer_posts(
        self, office: Sender, other: Sender, lane: LaneStore
    ) -> None:
        posted(office, invoice(number="0000123"), post_to=BOOK)
        drain(lane)
        again = posted(other, invoice("123", branch=HCM))
        drain(lane)
        state = book(other, again)
        (fault,) = state.faults
        assert (state.posted, state.fault_act, fault.code) == (False, "post", "INVOICE_DUPLICATE")
        assert fault.field == "taxes.1.invoice_number"
        assert (fault.params["tax_code"], fault.params["number"], fault.params["asks"]) == ("0100100216", "123", "1")
        other.push(other.act(again, POST, base=1, answered=["INVOICE_DUPLICATE"]))
        drain(lane)
        assert (book(other, again).posted, codes(other, again)) == (True, [])

    def test_the_fault_names_the_voucher_that_has_it(self, office: Sender, other: Sender, lane: LaneStore) -> None:
        posted(office, invoice() | {"number": "NVK00007"})
        again = posted(other, invoice(branch=HCM))
        drain(lane)
        assert [fault.params["voucher"] for fault in book(other, again).faults] == ["NVK00007"]

    def test_an_answer_given_at_save_travels_along(self, office: Sender, other: Sender, lane: LaneStore) -> None:
        posted(office, invoice())
        again = posted(other, invoice(branch=HCM), answered=["INVOICE_DUPLICATE"])
        drain(lane)
        assert book(other, again).posted is True

    def test_where_the_company_refuses_no_answer_helps(self, office: Sender, other: Sender, lane: LaneStore) -> None:
        setting(office, "refuse")
        posted(office, invoice())
        again = posted(other, invoice(branch=HCM), answered=["INVOICE_DUPLICATE"])
        drain(lane)
        (fault,) = book(other, again).faults
        assert (fault.code, "asks" in fault.params) == ("INVOICE_DUPLICATE", False)

    def test_where_the_company_allows_nothing_is_asked_but_it_is_remembered(
        self, office: Sender, other: Sender, lane: LaneStore
    ) -> None:
        setting(office, "allow")
        first = [posted(sender, invoice(branch=branch)) for sender, branch in ((office, HCM), (other, HCM))]
        drain(lane)
        assert [book(office, voucher).posted for voucher in first] == [True, True]
        (outcome,) = office.push(
            office.entry("company", "company", {"name": "Công ty", "books_first_day": "2026-01-01"}, base=2,
                         user="admin"),
        )  # fmt: skip
        assert outcome.result == "applied"
        again = posted(other, invoice(branch=HCM))
        drain(lane)
        assert codes(other, again) == ["INVOICE_DUPLICATE"]

    def test_one_invoice_over_two_rates_is_no_repetition(self, office: Sender, lane: LaneStore) -> None:
        voucher = posted(office, invoice(rows=2))
        drain(lane)
        assert codes(office, voucher) == []

    def test_an_edit_may_keep_its_own_invoice(self, office: Sender, lane: LaneStore) -> None:
        voucher = ident()
        first = office.save(voucher, invoice(), post_to=BOOK)
        office.push(first)
        drain(lane)
        office.push(office.save(voucher, invoice(description="Sửa"), after=first.n, post_to=BOOK))
        drain(lane)
        assert (book(office, voucher).posted, codes(office, voucher)) == (True, [])

    @pytest.mark.parametrize("act", [UNPOST, DELETE])
    def test_what_left_the_books_is_free_again(self, office: Sender, other: Sender, lane: LaneStore, act: str) -> None:
        first = ident()
        save = office.save(first, invoice(), post_to=BOOK)
        office.push(save)
        drain(lane)
        office.push(office.act(first, act, after=save.n))
        again = posted(other, invoice(branch=HCM))
        drain(lane)
        assert codes(other, again) == []

    def test_a_voucher_never_posted_holds_nothing(self, office: Sender, other: Sender, lane: LaneStore) -> None:
        posted(office, invoice(), post_to=[])
        again = posted(other, invoice(branch=HCM))
        drain(lane)
        assert codes(other, again) == []

    def test_books_are_apart(self, office: Sender, other: Sender, lane: LaneStore) -> None:
        posted(office, invoice(books=["management"]), post_to=["management"])
        again = posted(other, invoice(branch=HCM))
        drain(lane)
        assert codes(other, again) == []

    def test_two_doubts_are_told_together(self, office: Sender, other: Sender, lane: LaneStore) -> None:
        posted(office, invoice())
        both = invoice(branch=HCM)
        both["lines"] = [{"debit_account": "331", "credit_account": "1111", "debit_partner": VENDOR, "amount": "5"}]
        again = posted(other, both)
        drain(lane)
        assert codes(other, again) == ["INVOICE_DUPLICATE", "CASH_NEGATIVE"]

    def test_the_turn_still_being_committed_counts(self, office: Sender, other: Sender, lane: LaneStore) -> None:
        """A worker decides the next turn while the last one is on its way into the database."""
        first, again = posted(office, invoice()), posted(other, invoice(branch=HCM))
        poster = Poster(lane, specs())
        claim = lane.claim(0, "one")
        assert claim is not None
        one = poster.prepare(claim, limit=1)
        assert one is not None
        sent = poster.finish(one)
        two = poster.prepare(claim, one.last_n, one.vouchers, limit=1)
        assert two is not None
        following = poster.finish(two)
        assert [change.faults for change in sent.books] == [()]
        assert [fault.code for change in following.books for fault in change.faults] == ["INVOICE_DUPLICATE"]
        poster.commit(one, sent, keep=True)
        poster.commit(two, following, keep=False)
        assert (book(office, first).posted, codes(office, again)) == (True, ["INVOICE_DUPLICATE"])


def test_the_last_turn_lies_over_what_the_store_says() -> None:
    place = ("financial", KEY)
    known = Invoices()
    known.begin([place], {place: {"one": "PC1"}})
    assert (known.holder(*place, "two"), known.holder(*place, "one")) == ("PC1", None)
    known.put("one", "financial", "", ())  # taken out in this turn, which the store will show late
    known.begin([place], {place: {"one": "PC1"}})
    assert known.holder(*place, "two") is None
    known.put("two", "financial", "PC2", [KEY])
    known.begin([place], {place: {}})
    assert known.holder(*place, "three") == "PC2"
    assert known.holder("management", KEY, "three") is None


def test_row_6_vouchers_posted_before_invoices_were_remembered_declare_theirs(fresh_database: str) -> None:
    """The migration reads them off the forms the live sets were made from, as the poster would."""
    migrate(fresh_database)
    store, step = PostgresStore(fresh_database, size_max=4), "0007_invoice_backfill.sql"
    with Database(fresh_database, POSTER, 2) as database:
        office = company(store)
        posted(office, invoice("0000123", rows=2))
        light, heavy, gone = (posted(office, invoice(number)) for number in (" 00077 ", "78", "88"))
        posted(office, journal())
        drain(PostgresLane(database))
        office.push(office.act(gone, UNPOST, base=1, books=BOOK))
        office.push(office.save(light, invoice("77", description="Sửa nhanh"), act=QUICK_EDIT, base=1))
        drain(PostgresLane(database))
        office.push(office.save(heavy, invoice("79"), base=1, post_to=BOOK))  # the lane has not come to it yet
    store.close()
    with psycopg.connect(fresh_database, autocommit=True) as connection:
        query = "select voucher::text, book, invoice, number from invoice_posted order by 3"
        before = connection.execute(query).fetchall()
        assert [row[2] for row in before] == [KEY, "0100100216|1C26TAA|77", "0100100216|1C26TAA|78"]
        connection.execute("delete from invoice_posted")
        connection.execute("delete from schema_step where name = %s", (step,))
        assert migrate(fresh_database) == [step]
        assert connection.execute(query).fetchall() == before
