"""The auditor finds each breach it is there for, on both stores, and nothing in sound books (I8, I9)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from books.conftest import Books
from books.ledger import CHART, random_sets
from socai.books.audit import audit
from socai.books.write import NewSet, Void
from socai.core.entry import Entry


def paired(sets: list[NewSet]) -> list[NewSet]:
    """Without the entries that have one side: each set's debits are its credits."""
    whole = [
        replace(each, entries=tuple(entry for entry in each.entries if entry.debit and entry.credit)) for each in sets
    ]
    return [each for each in whole if each.entries]


@pytest.fixture
def sound(books: Books) -> Books:
    """Some vouchers, some voided, one of these posted anew."""
    sets = paired(random_sets(seed=21, count=30))
    books.ledger.post(*sets)
    books.ledger.void(*((each.voucher, each.book) for each in sets[:5]))
    books.ledger.post(replace(sets[0], set_no=2, version=2))
    return books


def problems(books: Books, whole: bool = True) -> set[str]:
    """The codes found."""
    return {finding.problem for finding in audit(books.reader, CHART, whole)}


def test_sound_books_have_no_findings(sound: Books) -> None:
    assert list(audit(sound.reader, CHART)) == []


def test_a_balance_that_moved_alone_is_found(sound: Books) -> None:
    key = (0, "HN", "511", "VND", "", 202601)
    sound.ledger.writer.add_balances({"financial": {key: [1, 0, 0, 0]}})
    found = list(audit(sound.reader, CHART))
    assert [finding.problem for finding in found] == ["BALANCE_DIFFERS"]
    assert found[0].where == "financial 0 HN 511 VND  202601 1 0 0 0"


def test_a_replica_of_a_snapshot_answers_only_for_its_sets(sound: Books) -> None:
    """Balances of vouchers that were never downloaded are no breach there."""
    sound.ledger.writer.add_balances({"financial": {(0, "HN", "511", "VND", "", 202601): [1, 0, 0, 0]}})
    assert problems(sound, whole=False) == set()


def test_lone_sides_that_do_not_pair_are_found(sound: Books) -> None:
    (voucher,) = random_sets(seed=33, count=1)
    side = next(entry.debit for entry in voucher.entries if entry.debit)
    sound.ledger.post(replace(voucher, entries=(Entry(1, 500, side, None),)))
    assert problems(sound) == {"SIDES_DIFFER"}


def test_entries_that_vanished_are_found(sound: Books) -> None:
    key = next(iter(sound.ledger.live))
    sound.ledger.writer.void_entries([Void(*key, sound.ledger.live[key].set_no)])
    assert problems(sound, whole=False) == {"ENTRIES_MISSING"}


def test_a_set_marked_void_whose_entries_stayed_is_found(sound: Books) -> None:
    key = next(iter(sound.ledger.live))
    sound.ledger.writer.void_sets([Void(*key, sound.ledger.live[key].set_no)], 99)
    assert problems(sound) == {"ENTRIES_WITHOUT_SET", "HISTORY_MISSING"}


def test_a_second_live_set_and_a_missing_number_are_found(sound: Books) -> None:
    key = next(key for key, each in sound.ledger.live.items() if each.set_no == 1)
    sound.ledger.writer.post_sets([replace(sound.ledger.live[key], set_no=3)], 50)
    assert problems(sound) == {"TWO_LIVE_SETS", "ENTRIES_MISSING", "SET_MISSING"}


def test_a_set_voided_before_it_was_posted_is_found(sound: Books) -> None:
    sets = paired(random_sets(seed=40, count=2))
    late = [replace(each, posted_seq=9, voided_seq=8) for each in sets]
    sound.ledger.writer.post_entries(late)
    sound.ledger.writer.post_sets(late)
    assert problems(sound) == {"SEQ_WRONG"}


def test_a_second_live_set_cannot_be_stored(sound: Books) -> None:
    """I9 stands in the key of the table: the entries of a voucher are in a book once, whoever writes."""
    again = next(iter(sound.ledger.live.values()))
    with pytest.raises(Exception, match=r"(?i)unique"):
        sound.ledger.writer.post_entries([replace(again, set_no=again.set_no + 1)])
