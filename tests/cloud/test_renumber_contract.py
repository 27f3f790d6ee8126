"""Row 9 at the cloud, in both stores: a period is renumbered in the order of days, all of it or nothing."""

from __future__ import annotations

import pytest

from socai.base.fault import Fault
from socai.cloud.lane import LaneStore
from socai.cloud.renumber import Done, renumber
from socai.cloud.store.port import CloudStore
from socai.sync.message import RenumberAsked
from support.posting import balances, drain, items, rebuilt
from support.sender import HN, Sender, company, ident, journal, specs

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
