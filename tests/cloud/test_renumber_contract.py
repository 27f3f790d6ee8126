"""Row 9 at the cloud, in both stores: a period is renumbered in the order of days, all of it or nothing."""

from __future__ import annotations

import pytest

from cloud.test_number_contract import SERIES, shared
from socai.base.fault import Fault
from socai.cloud.lane import LaneStore
from socai.cloud.number import accounted, exchange
from socai.cloud.renumber import Done, renumber
from socai.cloud.store.port import CloudStore
from socai.core.number_use import Account
from socai.sync.message import PROTOCOL, AccountAsked, NumberRange, NumbersAsked, RenumberAsked, SeriesWish
from support.posting import balances, drain, items, rebuilt
from support.sender import HN, Sender, company, enrol, ident, journal, specs

BOOK = ["financial"]


@pytest.fixture
def office(cloud_store: CloudStore) -> Sender:
    return company(cloud_store)


def month(office: Sender) -> list[str]:
    """Three vouchers whose numbers do not follow their days, and one typed by hand; the ids in the order of days."""
    found = [ident() for _ in range(4)]
    for at, (number, day) in enumerate(
        [("NVK00003", "2026-03-02"), ("NVK00001", "2026-03-05"), ("NVK00002", "2026-03-09"), ("ĐC-1", "2026-03-03")]
    ):
        office.push(office.save(found[at], journal(number, accounting_date=day), post_to=BOOK))
    return found


def ask(office: Sender, user: str = "chief", first: str = "2026-03-01", **more: object) -> Done | str:
    asked = RenumberAsked(office.replica, user, "journal", HN, first, "2026-03-31", **more)  # type: ignore[arg-type]
    found = renumber(office.store, office.ref, asked, specs())
    return found.code if isinstance(found, Fault) else found


def numbers(office: Sender, found: list[str]) -> list[str]:
    import msgspec

    told = items(office.store, office.ref)
    return [msgspec.json.decode(told[each].body)["number"] for each in found]


def test_row_9_a_period_gets_its_numbers_in_the_order_of_days(office: Sender, lane: LaneStore) -> None:
    """Row 9: what was asked first is shown; what books hold is exchanged by the lane; nothing is doubled."""
    found = month(office)
    drain(lane)
    before = balances(office.store, office.ref)
    shown = ask(office, dry=True)
    assert isinstance(shown, Done)
    assert [(item.voucher, item.old, item.new) for item in shown.changes] == [
        (found[0], "NVK00003", "NVK00001"),
        (found[1], "NVK00001", "NVK00002"),
        (found[2], "NVK00002", "NVK00003"),
    ]
    assert (shown.seq, numbers(office, found)) == (0, ["NVK00003", "NVK00001", "NVK00002", "ĐC-1"])
    done = ask(office)
    assert isinstance(done, Done)
    assert done.seq
    assert numbers(office, found) == ["NVK00001", "NVK00002", "NVK00003", "ĐC-1"]
    drain(lane)
    told = items(office.store, office.ref)
    printed = [next(each.number for each in told[key].sets if not each.voided_seq) for key in found]
    assert printed == ["NVK00001", "NVK00002", "NVK00003", "ĐC-1"]
    assert balances(office.store, office.ref) == before == rebuilt(told.values())
    assert [told[key].version for key in found] == [2, 2, 2, 1]
    again = ask(office)
    assert isinstance(again, Done)
    assert (again.changes, again.seq) == ([], 0)  # asking twice is asking once
    (taken,) = office.push(office.save(ident(), journal("NVK00002")))
    assert taken.faults[0].code == "NUMBER_TAKEN"


def test_row_9_gaps_are_closed_from_a_first_number_on(office: Sender, lane: LaneStore) -> None:
    """Row 9: with a first number the counts run without gaps; never beyond what was given out."""
    found = [ident(), ident()]
    for key, number in zip(found, ("NVK00004", "NVK00002"), strict=True):
        office.push(office.save(key, journal(number)))
    assert ask(office, start=4) == "PARAMETER_INVALID"
    assert isinstance(ask(office, start=1), Done)
    assert numbers(office, found) == ["NVK00002", "NVK00001"]


def test_row_9_renumbering_is_a_right_and_is_refused_whole(office: Sender, lane: LaneStore) -> None:
    """Row 9: right, posting under way, locked period, a number that stands outside the period."""
    found = month(office)
    assert ask(office, user="clerk") == "RIGHT_MISSING"
    assert ask(office) == "ACT_IN_FLIGHT"  # their postings are queued
    drain(lane)
    assert ask(office, first="2025-12-01") == "PARAMETER_INVALID"  # numbers restart at New Year
    body = {"code": "L", "branch": HN, "book": "financial", "day": "2026-03-05"}
    office.push(office.entry("lock", "L", body))
    assert ask(office) == "ACT_LOCKED"
    assert numbers(office, found)[0] == "NVK00003"
    office.push(office.entry("lock", "L", body | {"day": "2026-02-28", "reason": "Sai"}, base=1))
    office.push(office.save(ident(), journal("NVK00009", accounting_date="2026-03-20")))
    office.push(office.save(ident(), journal("NVK00005", accounting_date="2026-04-20")))
    assert ask(office, start=2) == "NUMBER_TAKEN"


def test_row_9_renumbering_makes_the_provisional_numbers_of_a_lost_data_server_final(
    cloud_store: CloudStore, lane: LaneStore
) -> None:
    """Row 9: in the order of days too, with counts nobody has; books print them, and no number is left open."""
    office = shared(cloud_store)
    lost = Sender(cloud_store, office.ref, enrol(cloud_store, office.ref, ()))
    assert ranges(office, SeriesWish("journal", HN, "2026-03-05", count=4)) == [(1, 4)]
    assert ranges(lost, SeriesWish("journal", HN, "2026-03-05", count=4)) == [(5, 8)]
    found = [ident() for _ in range(4)]
    days = ["2026-03-02", "2026-03-05", "2026-03-05", "2026-03-09"]
    for key, number, day in zip(found, ["NVK~B00001", "NVK00001", "NVK~B00002", "NVK00002"], days, strict=True):
        sender = lost if "~" in number else office
        sender.push(sender.save(key, journal(number, accounting_date=day), post_to=BOOK))
    drain(lane)
    before = balances(office.store, office.ref)
    assert ranges(office, returns=[NumberRange(SERIES, 4, 4)]) == []
    shown = ask(office, dry=True)
    assert isinstance(shown, Done)
    assert [(item.old, item.new) for item in shown.changes] == [
        ("NVK~B00001", "NVK00001"),
        ("NVK00001", "NVK00002"),
        ("NVK~B00002", "NVK00004"),  # given back, so free again
        ("NVK00002", "NVK00009"),  # behind the last one
    ]
    assert numbers(office, found) == ["NVK~B00001", "NVK00001", "NVK~B00002", "NVK00002"]
    assert isinstance(ask(office), Done)
    drain(lane)
    assert numbers(office, found) == ["NVK00001", "NVK00002", "NVK00004", "NVK00009"]
    told = items(office.store, office.ref)
    assert [next(each.number for each in told[key].sets if not each.voided_seq) for key in found][2] == "NVK00004"
    assert balances(office.store, office.ref) == before == rebuilt(told.values())
    whole = accounted(office.store, office.ref, AccountAsked(office.replica, "journal", HN, "2026-03-05"), specs(), {})
    assert isinstance(whole, Account)
    assert (whole.missing, whole.provisional, whole.duplicates) == (0, (), ())
    assert ranges(office, SeriesWish("journal", HN, "2026-03-05", count=2, held=3)) == [(10, 11)]  # nobody's twice


def test_row_9_asking_first_takes_no_number(cloud_store: CloudStore) -> None:
    """Row 9: a series nobody has leased from goes on behind what vouchers carry, whoever asks, shows or does."""
    office = shared(cloud_store)
    found = [ident(), ident()]
    for key, number in zip(found, ("NVK00007", "NVK~B00001"), strict=True):
        office.push(office.save(key, journal(number)))
    for _ in range(2):
        shown = ask(office, dry=True)
        assert isinstance(shown, Done)
        assert [(item.old, item.new) for item in shown.changes] == [("NVK~B00001", "NVK00008")]
    assert ranges(office, SeriesWish("journal", HN, "2026-03-05", count=2)) == [(8, 9)]
    assert isinstance(ask(office), Done)
    assert numbers(office, found) == ["NVK00007", "NVK00010"]


def ranges(office: Sender, *wants: SeriesWish, **more: object) -> list[tuple[int, int]]:
    asked = NumbersAsked(PROTOCOL, office.replica, 1, list(wants), **more)  # type: ignore[arg-type]
    found = exchange(office.store, office.ref, asked, specs())
    assert not isinstance(found, Fault)
    return [(lease.first, lease.last) for lease in found]
