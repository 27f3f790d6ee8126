"""Row 6: negative cash and bank, judged by the poster over the day and every later day, as each company has chosen."""

from typing import Any

import pytest

from socai.cloud.lane import LaneStore
from socai.cloud.store.port import CloudStore
from socai.sync.message import DELETE, POST, UNPOST, Operation
from support.posting import BOOK, account, book, codes, drain, item, payment, posted, receipt, set_company
from support.sender import BANK, CUSTOMER, FUND, HCM, HN, VENDOR, Sender, company, ident, journal


@pytest.fixture
def office(cloud_store: CloudStore) -> Sender:
    """The office of a small company."""
    return company(cloud_store)


class TestCash:
    """1111 receives 100 on 5 March; the setting is the default one, which warns."""

    @pytest.mark.parametrize(
        "amount, day, expected",
        [
            (100, "2026-03-05", []),  # 100 - 100 = 0 at the end of the day
            (101, "2026-03-05", ["CASH_NEGATIVE"]),
            (1, "2026-03-04", ["CASH_NEGATIVE"]),  # the money came a day later
            (40, "2026-03-06", []),  # 100 - 70 on 31 March leaves 30, 40 less is -10, but nothing was paid yet
        ],
    )
    def test_money_must_be_there_on_the_day(
        self, office: Sender, lane: LaneStore, amount: int, day: str, expected: list[str]
    ) -> None:
        posted(office, receipt(100))
        voucher = posted(office, payment(amount, day))
        drain(lane)
        assert codes(office, voucher) == expected

    def test_a_later_payment_already_posted_counts(self, office: Sender, lane: LaneStore) -> None:
        posted(office, receipt(100))
        posted(office, payment(70, "2026-03-31"))
        voucher = posted(office, payment(40, "2026-03-10"))  # 100 - 40 - 70 = -10 on 31 March
        drain(lane)
        (fault,) = book(office, voucher).faults
        assert fault.code == "CASH_NEGATIVE"
        assert fault.params["date"] == "2026-03-31"
        assert (fault.params["balance"], fault.params["asks"]) == ("30", "1")

    def test_an_answered_warning_posts(self, office: Sender, lane: LaneStore) -> None:
        voucher = posted(office, payment(70))
        drain(lane)
        assert codes(office, voucher) == ["CASH_NEGATIVE"]
        office.push(office.act(voucher, POST, base=1, answered=["CASH_NEGATIVE"]))
        drain(lane)
        assert (book(office, voucher).posted, account(office, "1111")) == (True, -70)

    def test_where_the_company_refuses_no_answer_helps(self, office: Sender, lane: LaneStore) -> None:
        set_company(office, negative_cash="refuse")
        voucher = posted(office, payment(70), answered=["CASH_NEGATIVE"])
        drain(lane)
        assert codes(office, voucher) == ["CASH_NEGATIVE"]

    def test_where_the_company_allows_nothing_is_asked(self, office: Sender, lane: LaneStore) -> None:
        set_company(office, negative_cash="allow")
        voucher = posted(office, payment(70))
        drain(lane)
        assert book(office, voucher).posted is True


class TestMoneyOthersLeanOn:
    """Row 6: a receipt that later payments lean on. 1111 receives 100 on 5 March and pays 60 on the 6th."""

    def leaned_on(self, office: Sender, lane: LaneStore, policy: str = "warn") -> Operation:
        """The receipt's save."""
        set_company(office, negative_cash=policy)
        save = office.save(ident(), receipt(100), post_to=BOOK)
        office.push(save, office.save(ident(), payment(60), post_to=BOOK))
        drain(lane)
        assert account(office, "1111") == 40
        return save

    @pytest.mark.parametrize("act", [UNPOST, DELETE])
    @pytest.mark.parametrize("policy", ["warn", "refuse"])
    def test_it_stays_and_the_act_fails_with_the_day_and_what_is_there(
        self, office: Sender, lane: LaneStore, act: str, policy: str
    ) -> None:
        save = self.leaned_on(office, lane, policy)
        office.push(office.act(save.id, act, after=save.n))
        drain(lane)
        state = book(office, save.id)
        (fault,) = state.faults
        assert (state.posted, state.running, state.fault_act, fault.code) == (True, "", act, "CASH_NEGATIVE")
        # 100 on the 5th would be 0: not negative; 40 on the 6th would be -60
        assert (fault.params["date"], fault.params["balance"]) == ("2026-03-06", "40")
        assert ("asks" in fault.params) == (policy == "warn")
        assert (account(office, "1111"), item(office, save.id).deleted) == (40, False)

    def test_row_6_a_snapshot_tells_of_it_until_it_is_mended(
        self, office: Sender, lane: LaneStore, cloud_store: CloudStore
    ) -> None:
        """With its live set, as of its seq, to whoever may see its branch; what is under way again is news to come."""

        def told(*branches: str) -> list[tuple[str, str, list[int]]]:
            chunks = cloud_store.snapshot(office.ref, frozenset(branches), 2)
            return [
                (each.id, each.books[0].fault_act, [one.set_no for one in each.sets if not one.voided_seq])
                for chunk in chunks
                for each in chunk.vouchers
            ]

        save = self.leaned_on(office, lane)
        assert told() == []
        office.push(office.act(save.id, UNPOST, after=save.n))
        drain(lane)
        assert told() == told(HN) == [(save.id, UNPOST, [1])]
        assert told(HCM) == []
        office.push(office.act(save.id, UNPOST, after=office.n, answered=["CASH_NEGATIVE"]))
        assert told() == []
        drain(lane)
        assert told() == []

    @pytest.mark.parametrize("act", [UNPOST, DELETE])
    def test_an_answered_warning_lets_it_go(self, office: Sender, lane: LaneStore, act: str) -> None:
        save = self.leaned_on(office, lane)
        office.push(office.act(save.id, act, after=save.n, answered=["CASH_NEGATIVE"]))
        drain(lane)
        assert (book(office, save.id).posted, account(office, "1111")) == (False, -60)
        assert item(office, save.id).deleted is (act == DELETE)

    def test_where_the_company_allows_nothing_is_asked(self, office: Sender, lane: LaneStore) -> None:
        save = self.leaned_on(office, lane, "allow")
        office.push(office.act(save.id, UNPOST, after=save.n))
        drain(lane)
        assert (book(office, save.id).posted, account(office, "1111")) == (False, -60)

    def test_a_receipt_nobody_leans_on_goes(self, office: Sender, lane: LaneStore) -> None:
        self.leaned_on(office, lane)
        spare = posted(office, receipt(30))
        drain(lane)
        office.push(office.act(spare, UNPOST, base=1))
        drain(lane)
        assert (book(office, spare).posted, account(office, "1111")) == (False, 40)

    @pytest.mark.parametrize(
        "policy, amount, day, left",
        [
            ("refuse", 59, "2026-03-05", 40),  # 59 - 60 = -1: the old set stays
            ("refuse", 100, "2026-03-07", 40),  # the money would come a day too late
            ("refuse", 60, "2026-03-05", 0),
            ("warn", 59, "2026-03-05", -60),  # asked: until the answer the voucher is in no book
            ("allow", 59, "2026-03-05", -1),
        ],
    )
    def test_a_smaller_or_later_receipt(
        self, office: Sender, lane: LaneStore, policy: str, amount: int, day: str, left: int
    ) -> None:
        save = self.leaned_on(office, lane, policy)
        office.push(office.save(save.id, receipt(amount, day), after=save.n, post_to=BOOK))
        drain(lane)
        assert account(office, "1111") == left
        assert codes(office, save.id) == (["CASH_NEGATIVE"] if left in (40, -60) else [])

    def test_the_answer_to_a_smaller_receipt_posts_it(self, office: Sender, lane: LaneStore) -> None:
        save = self.leaned_on(office, lane)
        office.push(office.save(save.id, receipt(59), after=save.n, post_to=BOOK, answered=["CASH_NEGATIVE"]))
        drain(lane)
        assert (account(office, "1111"), codes(office, save.id)) == (-1, [])


Pocket = dict[str, str]
CASH: Pocket = {"account": "1111", "fund": FUND}
SAFE: Pocket = {"account": "1111", "fund": ident(601)}
BANK_VND: Pocket = {"account": "1121", "bank_account": BANK}
OTHER_BANK: Pocket = {"account": "1121", "bank_account": ident(602)}
BANK_USD: Pocket = {"account": "1122", "bank_account": BANK}


def in_pocket(pocket: Pocket, amount: int, pays: bool, **changed: Any) -> dict[str, Any]:
    """Money in or out of one pocket; `pocket` names its account and detail."""
    account_ = pocket["account"]
    sides = ("331", account_) if pays else (account_, "131")
    line = {"debit_account": sides[0], "credit_account": sides[1], "amount": str(amount)}
    line |= {"debit_partner": VENDOR} if pays else {"credit_partner": CUSTOMER}
    if bank := pocket.get("bank_account"):
        line["bank_account"] = bank
    return journal(lines=[line], fund=pocket.get("fund", ""), **changed)


class TestPocketsOfMoney:
    """Row 6: money is watched per fund or bank account, account, currency, branch and book."""

    @pytest.mark.parametrize(
        "held, spent, changed, covered",
        [
            (CASH, CASH, {}, True),
            (CASH, SAFE, {}, False),
            (SAFE, SAFE, {}, True),
            (BANK_VND, BANK_VND, {}, True),
            (BANK_VND, OTHER_BANK, {}, False),
            (BANK_VND, CASH, {}, False),
            (BANK_VND, BANK_VND, {"branch": HCM}, False),
            (BANK_VND, BANK_VND, {"books": ["management"]}, False),
            (BANK_VND, BANK_USD, {"currency": "USD", "rate": "26000"}, False),
        ],
    )
    def test_money_here_does_not_cover_there(
        self,
        office: Sender,
        lane: LaneStore,
        held: Pocket,
        spent: Pocket,
        changed: dict[str, Any],
        covered: bool,
    ) -> None:
        office.push(
            office.entry("fund", ident(601), {"code": "KET", "name": "Két", "branch": HN}),
            office.entry("bank_account", ident(602), {"code": "0022", "name": "BIDV", "bank_name": "BIDV"}),
        )
        posted(office, in_pocket(held, 100, pays=False))
        books = changed.get("books", BOOK)
        voucher = ident()
        (outcome,) = office.push(office.save(voucher, in_pocket(spent, 100, pays=True, **changed), post_to=books))
        assert outcome.result == "applied", outcome
        drain(lane)
        assert codes(office, voucher, books[0]) == ([] if covered else ["CASH_NEGATIVE"])

    def test_foreign_money_is_counted_in_its_own_currency(self, office: Sender, lane: LaneStore) -> None:
        money = {"currency": "USD"}
        posted(office, in_pocket(BANK_USD, 100, pays=False, rate="25000", **money))
        dearer = posted(office, in_pocket(BANK_USD, 100, pays=True, rate="26000", **money))  # more đồng, no more USD
        over = posted(office, in_pocket(BANK_USD, 1, pays=True, rate="100", **money))
        drain(lane)
        assert (codes(office, dearer), codes(office, over)) == ([], ["CASH_NEGATIVE"])
        assert book(office, over).faults[0].params["currency"] == "USD"
