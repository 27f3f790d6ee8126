"""What the poster enters: tables a book-keeper can read, and the vouchers that must not stop the others.

Amounts are in đồng; a line reads Nợ (debit) - Có (credit) - amount.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from socai.books.write import StoredSet
from socai.cloud.cash import Cash, MoneyDays
from socai.cloud.facts import TenantFacts
from socai.cloud.post import Draft, Item, Turn, decide_posts, draft, money_wanted, take
from socai.core.balance import ACCOUNT, FUND, MONEY_DAY, PARTNER
from socai.core.company import decimals_of
from socai.core.voucher import parse_voucher
from socai.sync.lane import DELETE, POST, REPLACE, UNPOST, Standing, Work
from support.sender import CATALOGS, CUSTOMER, HN, VENDOR, ident, specs
from support.sender import FUND as CASH_BOX

SPECS = specs()
BOX = CASH_BOX
Line = tuple[str, str, int]


def facts(**company: str) -> TenantFacts:
    """The small company of the tests; cash may go negative unless said otherwise."""
    bodies: dict[str, list[dict[str, Any]]] = {}
    for kind, _, body in CATALOGS:
        own = {"negative_cash": "allow", **company} if kind == "company" else {}
        bodies.setdefault(kind, []).append({**body, **own})
    return TenantFacts(1, bodies)


def body(lines: Sequence[Line], day: str = "2026-03-05", **more: Any) -> dict[str, Any]:
    """A journal voucher in its normal form."""
    rows = [
        {"debit_account": debit, "credit_account": credit, "amount": str(amount), "debit_partner": VENDOR,
         "credit_partner": CUSTOMER}
        for debit, credit, amount in lines
    ]  # fmt: skip
    raw = {"branch": HN, "voucher_date": day, "accounting_date": day, "fund": BOX, "description": "Diễn giải"}
    clean, faults = parse_voucher(SPECS["journal"], {**raw, **more, "lines": rows}, decimals_of(()))
    assert faults == ()
    return clean


def item(n: int, lines: Sequence[Line], act: str = POST, **given: Any) -> Item:
    """Work n on voucher n: a journal of these lines. `standing` says how it stands in the financial book."""
    standing = given.pop("standing", Standing(1))
    version = given.pop("version", standing.body_version)
    work = Work(n, given.pop("voucher", ident(n)), "financial", act, version, answered=given.pop("answered", ()))
    live = given.pop("live", None)
    return Item(work, standing, "journal", body(lines, **given), live_books=("financial",) if live else (), live=live)


def posted(*items: Item, known: TenantFacts | None = None, cash: Cash | None = None) -> Turn:
    """The turn these items make."""
    known = known or facts()
    return decide_posts(draft(items, known, SPECS), known, SPECS, cash or Cash())


def codes(turn: Turn) -> list[list[str]]:
    return [[fault.code for fault in change.faults] for change in turn.books]


def moved(turn: Turn, dimension: int) -> dict[tuple[str, str, int], tuple[int, int]]:
    """(account, detail, period) -> (debit, credit) of one dimension."""
    return {
        (key[2], key[4], key[5]): (sums[0], sums[1])
        for key, sums in turn.movements.get("financial", {}).items()
        if key[0] == dimension
    }


class TestEntries:
    def test_lines_become_entries_and_every_kept_balance_moves(self) -> None:
        turn = posted(item(1, [("1111", "131", 3_000_000), ("331", "1111", 1_200_000)]))
        (entry_set,) = turn.sets
        assert [(e.line, e.amount, e.debit.account, e.credit.account) for e in entry_set.entries] == [
            (1, 3_000_000, "1111", "131"),
            (2, 1_200_000, "331", "1111"),
        ]
        assert moved(turn, ACCOUNT) == {
            ("1111", "", 202603): (3_000_000, 1_200_000),
            ("131", "", 202603): (0, 3_000_000),
            ("331", "", 202603): (1_200_000, 0),
        }
        assert moved(turn, PARTNER) == {
            ("131", CUSTOMER, 202603): (0, 3_000_000),
            ("331", VENDOR, 202603): (1_200_000, 0),
        }
        assert moved(turn, FUND) == {("1111", BOX, 202603): (3_000_000, 1_200_000)}
        assert moved(turn, MONEY_DAY) == {("1111", BOX, 20260305): (3_000_000, 1_200_000)}

    def test_a_batch_moves_each_balance_once_with_the_sum(self) -> None:
        turn = posted(*(item(n, [("1111", "131", n)]) for n in range(1, 11)))  # 1 + 2 + … + 10 = 55
        assert moved(turn, ACCOUNT)["1111", "", 202603] == (55, 0)
        assert (turn.done, turn.entries, turn.cost) == (list(range(1, 11)), 10, 10 * 4 + 10)
        assert turn.changed == [ident(n) for n in range(1, 11)]

    def test_the_set_carries_number_day_and_version(self) -> None:
        (entry_set,) = posted(item(1, [("1111", "131", 5)], standing=Standing(7, last_set=3), number="NVK00012")).sets
        assert (entry_set.set_no, entry_set.version, entry_set.number, entry_set.day) == (4, 7, "NVK00012", 20260305)

    @pytest.mark.parametrize(
        "lines, expected",
        [
            ([("1111", "9999", 5)], ["ACCOUNT_UNKNOWN"]),
            ([("511", "131", 5)], ["ACCOUNT_NOT_LEAF"]),
            ([("1111", "1111", 5)], ["ACCOUNT_SAME"]),
            ([("1121", "131", 5)], ["DETAIL_REQUIRED"]),  # 1121 wants its bank account
        ],
    )
    def test_what_does_not_fit_the_chart_is_told_and_nothing_enters(
        self, lines: list[Line], expected: list[str]
    ) -> None:
        turn = posted(item(1, lines))
        assert (codes(turn), turn.sets, turn.movements) == ([expected], [], {})
        assert (turn.books[0].posted, turn.books[0].fault_act) == (False, "post")


class TestTakingOut:
    def live(self, number: int, amount: int, day: int = 20260305) -> StoredSet:
        """Set 1 of voucher `number`: Nợ 1111 - Có 131."""
        (entry_set,) = posted(item(number, [("1111", "131", amount)])).sets
        return StoredSet(ident(number), "financial", 1, day, HN, tuple(entry_set.entries))

    def test_unposting_moves_every_balance_back(self) -> None:
        standing = Standing(1, live_set=1, live_version=1, last_set=1)
        turn = posted(item(1, [("1111", "131", 9)], UNPOST, standing=standing, live=self.live(1, 9)))
        assert [(void.voucher, void.set_no) for void in turn.voids] == [(ident(1), 1)]
        assert moved(turn, ACCOUNT) == {("1111", "", 202603): (-9, 0), ("131", "", 202603): (0, -9)}
        assert (turn.books[0].posted, turn.books[0].set_no, turn.sets) == (False, 1, [])

    def test_replacing_takes_the_old_out_and_puts_the_new_in(self) -> None:
        standing = Standing(2, live_set=1, live_version=1, last_set=1)
        work = item(1, [("1111", "131", 25)], REPLACE, standing=standing, live=self.live(1, 9))
        turn = posted(work)
        assert moved(turn, ACCOUNT)["1111", "", 202603] == (25 - 9, 0)
        assert ([void.set_no for void in turn.voids], [new.set_no for new in turn.sets]) == ([1], [2])
        assert (turn.books[0].posted, turn.books[0].version) == (True, 2)

    def test_deleting_marks_the_voucher_when_no_book_holds_it_any_more(self) -> None:
        standing = Standing(1, live_set=1, live_version=1, last_set=1)
        work = item(1, [("1111", "131", 9)], DELETE, standing=standing, live=self.live(1, 9))
        assert posted(work).deleted == [ident(1)]
        assert posted(replace(work, live_books=("financial", "management"))).deleted == []

    def test_a_locked_old_day_keeps_the_set(self) -> None:
        bodies = {kind: [body] for kind, _, body in CATALOGS if kind in ("company", "fiscal_year")}
        bodies["lock"] = [{"branch": HN, "book": "financial", "day": "2026-03-31"}]
        standing = Standing(1, live_set=1, live_version=1, last_set=1)
        work = item(1, [("1111", "131", 9)], UNPOST, standing=standing, live=self.live(1, 9))
        turn = posted(work, known=TenantFacts(1, bodies))
        assert (codes(turn), turn.voids, turn.books[0].posted) == ([["DATE_LOCKED"]], [], True)
        assert turn.books[0].fault_act == "unpost"


class TestPoison:
    def test_a_bug_in_one_voucher_is_its_own_and_the_others_post(self) -> None:
        broken = replace(item(2, [("1111", "131", 5)]), body={"lines": "not a list", "accounting_date": 5})
        turn = posted(item(1, [("1111", "131", 1)]), broken, item(3, [("1111", "131", 2)]))
        assert codes(turn) == [[], ["INTERNAL"], []]
        assert moved(turn, ACCOUNT)["1111", "", 202603] == (3, 0)
        assert len(turn.bugs) == 1
        assert "KeyError" in turn.bugs[0]

    def test_work_marked_as_poison_is_answered_without_being_tried(self) -> None:
        known = facts()
        drafts = draft([item(1, [("1111", "131", 1)])], known, SPECS, poison=(1,))
        assert codes(decide_posts(drafts, known, SPECS, Cash())) == [["INTERNAL"]]

    def test_an_unknown_type_is_told(self) -> None:
        assert codes(posted(replace(item(1, [("1111", "131", 1)]), type="gone"))) == [["TYPE_UNKNOWN"]]


class TestTurnsOrder:
    def test_the_second_work_on_a_voucher_waits_for_the_next_turn(self) -> None:
        same = ident(1)
        items = [item(1, [("1111", "131", 1)]), item(2, [("1111", "131", 1)], UNPOST, voucher=same)]
        assert [each.work.n for each in take(items, (), 100)] == [1]

    def test_a_voucher_still_being_committed_ends_the_turn(self) -> None:
        items = [item(n, [("1111", "131", 1)]) for n in (1, 2, 3)]
        assert [each.work.n for each in take(items, {ident(2)}, 100)] == [1]
        assert take(items, {ident(1)}, 100) == []

    def test_long_vouchers_end_a_turn_but_one_is_always_taken(self) -> None:
        items = [item(n, [("1111", "131", 1)] * 6) for n in (1, 2, 3)]
        assert [each.work.n for each in take(items, (), 12)] == [1, 2]
        assert [each.work.n for each in take(items, (), 1)] == [1]


class TestMoneyWatched:
    """The box held 100 before 2026 and got 50 on 10 March: 100 until the 9th, 150 from the 10th on."""

    def cash(self) -> Cash:
        cash = Cash()
        key = ("financial", HN, "1111", "VND", BOX)
        cash.load(key, MoneyDays(20260101, 100, {20260310: 50}))
        return cash

    @pytest.mark.parametrize(
        "payments, expected",
        [
            ([("2026-03-05", 100)], [[]]),
            ([("2026-03-05", 101)], [["CASH_NEGATIVE"]]),
            ([("2026-03-10", 150)], [[]]),
            ([("2026-03-10", 151)], [["CASH_NEGATIVE"]]),
            ([("2026-03-20", 120), ("2026-03-05", 40)], [[], ["CASH_NEGATIVE"]]),  # 150 - 120 = 30 on the 20th, 30 < 40
            ([("2026-03-20", 120), ("2026-03-05", 30)], [[], []]),
            ([("2026-03-05", 101), ("2026-03-05", 100)], [["CASH_NEGATIVE"], []]),  # the refused one took nothing
        ],
    )
    def test_a_payment_must_be_covered_on_its_day_and_every_later_one(
        self, payments: list[tuple[str, int]], expected: list[list[str]]
    ) -> None:
        known = facts(negative_cash="refuse")
        items = [item(n, [("331", "1111", amount)], day=day) for n, (day, amount) in enumerate(payments, start=1)]
        assert codes(posted(*items, known=known, cash=self.cash())) == expected

    def test_row_6_the_refusal_names_whose_money_it_is_and_the_first_day_it_would_be_short(self) -> None:
        known = facts(negative_cash="refuse")
        cash = self.cash()
        cash.add({(("financial", HN, "1111", "VND", BOX), day): -40 for day in (20260305, 20260401)})
        short = posted(item(1, [("331", "1111", 61)], day="2026-03-02"), known=known, cash=cash)
        # 100 until the 5th, then 60 (39 + 40 - 40), 110 on the 10th, 70 in April
        assert dict(short.books[0].faults[0].params) == {
            "book": "financial",
            "branch": HN,
            "account": "1111",
            "currency": "VND",
            "detail": BOX,
            "date": "2026-03-05",
            "balance": "60",
        }

    def test_one_voucher_that_takes_and_gives_is_judged_by_its_sum(self) -> None:
        known = facts(negative_cash="refuse")
        turn = posted(item(1, [("331", "1111", 130), ("1111", "131", 40)]), known=known, cash=self.cash())
        assert codes(turn) == [[]]  # 100 + 40 - 130 = 10

    def test_what_has_to_be_loaded_begins_with_the_year(self) -> None:
        known = facts(negative_cash="warn")
        drafts: list[Draft] = draft([item(1, [("331", "1111", 5)])], known, SPECS)
        assert money_wanted(drafts, Cash()) == {("financial", HN, "1111", "VND", BOX): 20260101}
        assert money_wanted(drafts, self.cash()) == {}
        assert money_wanted(draft([item(1, [("1111", "131", 5)])], known, SPECS), Cash()) == {}  # receipts ask nothing

    def test_days_are_kept_in_order_however_they_come(self) -> None:
        line = MoneyDays(20260101, 10)
        for day, amount in ((20260305, -4), (20260301, 3), (20260305, 1), (20251231, 100)):
            line.add(day, amount)
        # 110 before; 1 March 113; 5 March 110
        assert line.shortest([(20260201, -111)]) == (20260201, 110)
        assert line.shortest([(20260201, -110)]) is None
        assert line.shortest([(20260303, -112)]) == (20260305, 110)
        assert line.shortest([(20260301, -111), (20260305, 111)]) is None  # taken and given back in time
        line.add(20260310, -50)
        assert line.shortest([(20260301, -112)]) == (20260305, 110)  # the first day, not the one that lacks most
