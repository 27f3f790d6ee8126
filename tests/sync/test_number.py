"""Row 9: when a data server asks for numbers of a shared series, and what the cloud grants. Decisions alone."""

from datetime import date

import pytest

from socai.sync.number import (
    GIVEN_BACK,
    LOW,
    SIZE,
    SIZE_MAX,
    Lease,
    Stock,
    days_served,
    give_back,
    grant,
    held_already,
    is_over,
    wanted,
)

FAR = 10.0**6


@pytest.mark.parametrize("stock, count", [
    (Stock(0), SIZE),
    (Stock(LOW), 0),
    (Stock(LOW - 1, newest_size=50, newest_age_seconds=FAR), SIZE),
    (Stock(LOW - 1, newest_size=50, newest_age_seconds=60), 100),  # used up within the hour: twice as many
    (Stock(0, newest_size=800, newest_age_seconds=60), SIZE_MAX),
    (Stock(0, waiting=7), SIZE + 7),
    (Stock(LOW, waiting=LOW + 1), SIZE + LOW + 1),
])  # fmt: skip
def test_row_9_a_data_server_asks_while_it_has_some_left(stock: Stock, count: int) -> None:
    """Row 9: renewal when low."""
    assert wanted(stock) == count


def test_row_9_a_series_is_stocked_around_its_days() -> None:
    """Row 9: last month's vouchers are still entered, next month's begin."""
    assert days_served(date(2026, 11, 3)) == (date(2026, 11, 3), date(2026, 11, 8), date(2026, 10, 19))
    assert (is_over(date(2026, 10, 31), date(2026, 11, 16)), is_over(date(2026, 10, 31), date(2026, 11, 17))) == (
        False,
        True,
    )
    assert not is_over(None, date(2026, 11, 17))


def test_row_9_a_grant_passes_taken_numbers_over_and_keeps_the_free_ones_between() -> None:
    """Row 9: 11 and 13 stand; 14 to 16 are granted, 12 is for the next who asks."""
    made = grant("s", [], 10, {11, 13}, 3, "r", 1)
    assert [(lease.first, lease.last) for lease in made.granted] == [(14, 16)]
    assert [(lease.first, lease.last, lease.state) for lease in made.kept[1:]] == [(12, 12, GIVEN_BACK)]
    assert made.last == 16


def test_row_9_what_was_given_back_is_granted_in_parts() -> None:
    """Row 9: the lowest first, the rest stays for others."""
    free = [Lease("s", 41, 50, "x", 1, GIVEN_BACK), Lease("s", 11, 20, "x", 1, GIVEN_BACK), Lease("s", 1, 10, "x", 1)]
    made = grant("s", free, 50, (), 4, "r", 2)
    assert [(lease.first, lease.last, lease.replica) for lease in made.kept] == [(11, 14, "r"), (15, 20, "x")]
    assert made.last == 50


def test_row_9_only_who_holds_a_range_gives_it_back() -> None:
    """Row 9: an old epoch holds nothing."""
    leases = [Lease("s", 1, 10, "r", 1)]
    assert give_back(leases, "r", 2, 4, 10) == give_back(leases, "q", 1, 4, 10) == give_back(leases, "r", 1, 4, 9) == ()
    assert [(item.first, item.last, item.state) for item in give_back(leases, "r", 1, 4, 10)] == [
        (1, 3, "leased"),
        (4, 10, GIVEN_BACK),
    ]
    assert [item.first for item in give_back(leases, "r", 1, 1, 10)] == [1]
    assert held_already(leases, "r", 1, 0) == leases
    assert held_already(leases, "r", 1, 10) == held_already(leases, "r", 2, 0) == []
