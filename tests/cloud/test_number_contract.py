"""Row 9 at the cloud, in both stores: ranges of shared series are granted once, given back, and accounted for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from socai.base.fault import Fault
from socai.cloud.number import accounted, exchange
from socai.cloud.store.port import CloudStore
from socai.cloud.store.postgres import PostgresStore
from socai.cloud.store.row import ACTIVE
from socai.core.number_use import Account
from socai.sync.message import PROTOCOL, AccountAsked, NumberNote, NumberRange, NumbersAsked, SeriesWish
from support.sender import HCM, HN, Sender, company, enrol, ident, journal, specs

SERIES = f"{HN}|journal|2026"
WISH = SeriesWish("journal", HN, "2026-03-05", count=50)


def shared(store: CloudStore, **numbering: Any) -> Sender:
    """A company whose journal vouchers draw from one series for all data servers."""
    office = company(store)
    body = {"name": "Minh Phát", "books_first_day": "2026-01-01"}
    rule = {"journal": {"shared": True, **numbering}}
    (outcome,) = office.push(office.entry("company", "company", body | {"numbering": rule}, base=1))
    assert outcome.result == "applied", outcome
    return office


def ask(office: Sender, *wants: SeriesWish, epoch: int = 1, **more: Any) -> list[tuple[str, int, int]] | str:
    asked = NumbersAsked(PROTOCOL, office.replica, epoch, list(wants), **more)
    found = exchange(office.store, office.ref, asked, specs())
    if isinstance(found, Fault):
        return found.code
    return [(lease.series, lease.first, lease.last) for lease in found]


def other(office: Sender, branches: tuple[str, ...] = ()) -> Sender:
    return Sender(office.store, office.ref, enrol(office.store, office.ref, branches))


def account_of(office: Sender, **own: Any) -> Account:
    asked = AccountAsked(office.replica, "journal", HN, "2026-03-05", **own)
    names = {row.replica: row.series_mark or "A" for row in office.store.replicas(office.ref)}
    found = accounted(office.store, office.ref, asked, specs(), names)
    assert isinstance(found, Account), found
    return found


def runs(office: Sender) -> list[tuple[str, str, str, str]]:
    found = account_of(office).runs
    return [(run.first_number, run.last_number, run.fate, run.holder or run.to) for run in found]


def test_row_9_ranges_are_granted_one_behind_the_other_and_told_again(cloud_store: CloudStore) -> None:
    """Row 9: two data servers never get the same; a lost answer costs nothing."""
    one = shared(cloud_store)
    two = other(one)
    assert ask(one, WISH) == [(SERIES, 1, 50)]
    assert ask(two, WISH) == [(SERIES, 51, 100)]
    assert ask(one, WISH) == [(SERIES, 1, 50)]  # the answer was lost
    assert ask(one, SeriesWish("journal", HN, "2026-03-05", count=10, held=50)) == [(SERIES, 101, 110)]
    assert ask(one, SeriesWish("cash_receipt", HN, "2026-03-05"), SeriesWish("journal", HCM, "x")) == []
    assert ask(other(one, (HCM,)), WISH) == []  # none of its business


def test_row_9_a_series_shared_from_now_on_goes_on_behind_its_vouchers(cloud_store: CloudStore) -> None:
    """Row 9: nobody gets a number that stands; one typed by hand is passed over, what lies before it kept."""
    office = shared(cloud_store)
    office.push(office.save(ident(), journal("NVK00007")), office.save(ident(), journal("ĐC-1")))
    assert ask(office, SeriesWish("journal", HN, "2026-03-05", count=3)) == [(SERIES, 8, 10)]
    office.push(office.save(ident(), journal("NVK00012")))
    two = other(office)
    assert ask(two, SeriesWish("journal", HN, "2026-03-05", count=3)) == [(SERIES, 13, 15)]
    assert ask(other(office), SeriesWish("journal", HN, "2026-03-05", count=3)) == [(SERIES, 11, 11)]


def test_row_9_what_is_given_back_is_granted_again_first(cloud_store: CloudStore) -> None:
    """Row 9: a shared series ends without gaps."""
    one = shared(cloud_store)
    two = other(one)
    ask(one, WISH)
    assert ask(two, WISH, returns=[NumberRange(SERIES, 11, 50)]) == [(SERIES, 51, 100)]  # not its own to give back
    assert ask(one, returns=[NumberRange(SERIES, 11, 50)]) == []
    assert ask(two, SeriesWish("journal", HN, "2026-03-05", count=20, held=100)) == [(SERIES, 11, 30)]
    three = other(one)
    assert ask(three, WISH) == [(SERIES, 31, 50)]
    assert ask(one, returns=[NumberRange(SERIES, 1, 10)]) == []
    assert ask(other(one), SeriesWish("journal", HN, "2026-03-05", count=4)) == [(SERIES, 1, 4)]


def test_row_9_a_new_epoch_holds_nothing(cloud_store: CloudStore) -> None:
    """Row 9: a restored or cloned file drops its leases, and the cloud says where they went."""
    office = shared(cloud_store)
    ask(office, WISH)
    cloud_store.change_replica(office.ref, office.replica, 2, 0, "", ACTIVE)
    assert ask(office, WISH, epoch=1) == "EPOCH_UNKNOWN"
    assert ask(office, WISH, epoch=2) == [(SERIES, 51, 100)]
    assert runs(office) == [("NVK00001", "NVK00050", "dropped", "A"), ("NVK00051", "NVK00100", "leased", "A")]


def test_row_9_every_number_of_the_series_is_accounted_for(cloud_store: CloudStore) -> None:
    """Row 9: used, deleted, renumbered, noted by an office, leased, returned (I13)."""
    office = shared(cloud_store)
    ask(office, SeriesWish("journal", HN, "2026-03-05", count=8))
    first, second, third = ident(), ident(), ident()
    office.push(office.save(first, journal("NVK00001")), office.save(second, journal("NVK00002")))
    office.push(office.save(third, journal("NVK00003")), office.act(second, "delete", base=1))
    office.push(office.save(third, journal("NVK00004"), base=1))
    note = NumberNote(1, SERIES, "NVK00005", "deleted", ident(), "", "clerk", "2026-03-05T01:00:00Z")
    assert ask(office, notes=[note, note], returns=[NumberRange(SERIES, 8, 8)]) == []
    assert runs(office) == [
        ("NVK00001", "NVK00001", "used", ""),
        ("NVK00002", "NVK00002", "deleted", ""),
        ("NVK00003", "NVK00003", "renumbered", "NVK00004"),
        ("NVK00004", "NVK00004", "used", ""),
        ("NVK00005", "NVK00005", "deleted", ""),
        ("NVK00006", "NVK00007", "leased", "A"),
        ("NVK00008", "NVK00008", "returned", "A"),
    ]
    assert account_of(office).missing == 0


def test_row_9_two_who_ask_at_once_wait_for_each_other(fresh_database: str) -> None:
    """Row 9: with two real connections, no count is granted twice."""
    from socai.cloud.store.migration import migrate

    migrate(fresh_database)
    store = PostgresStore(fresh_database, size_max=8)
    try:
        first = shared(store)
        offices = [first, *(other(first) for _ in range(5))]
        wish = SeriesWish("journal", HN, "2026-03-05", count=7)
        with ThreadPoolExecutor(6) as pool:
            found = [lease for leases in pool.map(lambda office: ask(office, wish), offices) for lease in leases]
        assert sorted(found) == [(SERIES, at * 7 + 1, at * 7 + 7) for at in range(6)]
    finally:
        store.close()


@pytest.mark.parametrize("state", ["quarantined", "revoked"])
def test_row_9_a_replica_sent_away_gets_no_numbers(cloud_store: CloudStore, state: str) -> None:
    """Row 9: like any other sync."""
    office = shared(cloud_store)
    cloud_store.change_replica(office.ref, office.replica, 1, 0, "", state)
    assert ask(office, WISH) == {"quarantined": "REPLICA_QUARANTINED", "revoked": "REPLICA_UNKNOWN"}[state]
