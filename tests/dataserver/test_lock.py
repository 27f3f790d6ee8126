"""Row 14: lock dates are set and moved back with a right and a reason; what comes too late moves to an open day."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from socai.base.fault import Fault
from socai.core import life
from socai.dataserver.acts import redate, setup
from socai.dataserver.acts.act import Asked
from socai.dataserver.desk import Refused, Saved
from socai.dataserver.facts import wire_faults
from socai.dataserver.store import voucher
from socai.dataserver.views import company as view_company
from socai.dataserver.views import timeline as view_timeline
from support.desk import BRANCH, CHIEF, CLERK, Office, ident, journal, open_office, saved
from support.system import Place, make_company, running, until

BOOK = ("financial",)


@pytest.fixture
def office() -> Office:
    return open_office()


def codes(found: Any) -> list[str]:
    assert isinstance(found, Refused), found
    return [fault.code for fault in found.faults]


def lock(office: Office, day: str, reason: str = "", grant: Any = CHIEF) -> Any:
    return setup.set_lock(office.desk, grant, ident(), [BRANCH], "financial", day, reason)


def test_row_14_a_lock_moves_back_only_with_a_reason_and_all_of_it_is_kept(office: Office) -> None:
    """Row 14: who set it, up to when, why, also when it was opened again."""
    assert codes(lock(office, "2026-10-31", grant=CLERK)) == ["RIGHT_MISSING"]
    assert not isinstance(lock(office, "2026-10-31"), Refused)
    assert codes(lock(office, "2026-09-30")) == codes(lock(office, "")) == ["LOCK_REASON_MISSING"]
    assert not isinstance(lock(office, "2026-09-30", "Bổ sung hóa đơn tiền điện"), Refused)
    assert not isinstance(lock(office, "", "Quyết toán lại"), Refused)
    assert isinstance(office.save(journal(day="2026-01-05")), Saved)
    told = [(item["day"], item["reason"], item["author"]) for item in view_company.lock_history(office.desk)]
    assert told == [
        ("", "Quyết toán lại", "chief"),
        ("2026-09-30", "Bổ sung hóa đơn tiền điện", "chief"),
        ("2026-10-31", "", "chief"),
    ]


def test_row_14_the_first_open_day_is_offered_and_taken_in_one_act(office: Office) -> None:
    """Row 14: the refusal names the day, and one act moves the draft there."""
    draft = ident()
    first = saved(office.save(journal(day="2026-10-05"), draft, post_to=BOOK))
    lock(office, "2026-10-31")
    assert codes(office.save(journal(day="2026-11-05"), draft, first.revision)) == ["ACT_LOCKED"]
    refused = office.save(journal(day="2026-10-05"), draft, first.revision)
    assert codes(refused) == ["ACT_LOCKED"]  # the table of acts speaks first
    assert isinstance(refused, Refused)
    assert refused.faults[0].params["first_open_day"] == "2026-11-01"
    act_id = ident()
    moved = saved(redate.redate(office.desk, Asked(CLERK, act_id, draft, first.revision)))
    again = saved(redate.redate(office.desk, Asked(CLERK, act_id, draft, first.revision)))
    assert (moved.revision, again.revision, again.repeated) == (2, 2, True)
    with office.desk.file.read() as db:
        head = voucher.load(db, draft)
        wish = db.execute("SELECT act, post_to FROM outbox WHERE object = ?", (draft,)).fetchall()
    assert head is not None
    assert (head.day, head.voucher_date, wish) == (20261101, 20261005, [("save", "financial")])


def test_row_14_a_draft_may_move_to_another_open_day_and_to_no_locked_one(office: Office) -> None:
    """Row 14: the day may be chosen; a locked one is refused like any save."""
    draft = ident()
    first = saved(office.save(journal(day="2026-10-05"), draft))
    lock(office, "2026-10-31")
    assert codes(redate.redate(office.desk, Asked(CLERK, ident(), draft, 1), "2026-10-31")) == ["DATE_LOCKED"]
    saved(redate.redate(office.desk, Asked(CLERK, ident(), draft, first.revision), "2026-11-20"))


def test_row_14_what_comes_late_from_an_offline_office_is_refused_and_moved(
    fresh_database: str, tmp_path: Path
) -> None:
    """Row 14, with everything real: locked at one office while another was cut off; refused; moved; posted."""
    with running(fresh_database) as system:
        hanoi = system.open(tmp_path / "hn", "Hà Nội")
        make_company(hanoi)
        saigon = system.open(tmp_path / "hcm", "TP.HCM")
        until(lambda: saigon.books.sync_state().green and len(saigon.books.calendar.years) == 1, "green")
        kept = saved(hanoi.save(journal(day="2026-10-20"), post_to=BOOK))
        until(lambda: saigon.is_posted(kept.id), "posted before the lock")
        saigon.line.cut()
        until(lambda: not saigon.books.sync_state().online, "offline")
        late = saved(saigon.save(journal(day="2026-10-31"), post_to=BOOK))
        assert not isinstance(
            setup.set_lock(hanoi.books.desk, CHIEF, ident(), [BRANCH], "financial", "2026-10-31", ""), Refused
        )
        until(lambda: hanoi.books.sync_state().green, "locked")
        saigon.line.mend()
        saigon.books.sync_now()
        until(lambda: saigon.status(late.id).book == "post_failed", "told")
        until(lambda: (there := hanoi.status(late.id)) and there.book == "post_failed", "told there too")
        until(lambda: saigon.books.calendar.locks, "the lock is known")
        fault = wire_faults(_faults(saigon, late.id))[0]
        assert (fault.code, fault.params["first_open_day"]) == ("DATE_LOCKED", "2026-11-01")
        held = Asked(CHIEF, ident(), kept.id, 1)
        assert codes(redate.redate(saigon.books.desk, held)) == ["ACT_LOCKED"]  # what is in the books stays
        saved(redate.redate(saigon.books.desk, Asked(CHIEF, ident(), late.id, late.revision)))
        until(lambda: saigon.is_posted(late.id) and hanoi.is_posted(late.id), "posted on the open day")
        # Its life tells of the refusal too, at every office, though it is mended.
        told = [moments(place, late.id) for place in (saigon, hanoi)]
        assert [what for what, _ in told[0]] == [
            *("saved", "sent", "accepted", "refused"),
            *("saved", "sent", "accepted", "posted"),
        ]
        assert [codes for what, codes in told[0] if what == "refused"] == [["DATE_LOCKED"]]
        assert [step for step in told[1] if step[0] != "sent"] == [step for step in told[0] if step[0] != "sent"]
        with hanoi.books.read() as db:
            days = {row[0]: row[1] for row in db.execute("SELECT voucher, day FROM entry_set WHERE live = 1")}
            head = voucher.load(db, kept.id)
            assert head is not None
            assert life.standing(hanoi.books.facts(db, [head])[kept.id]) == "locked"
        assert (days[late.id], days[kept.id]) == (20261101, 20261020)


def moments(place: Place, ident_: str) -> list[tuple[str, list[str]]]:
    """(what, codes of what was wrong) of a voucher's life, as an office tells it."""
    found = until(
        lambda: (life := view_timeline.timeline(place.books, ident_, None)) and _whole(life), "the whole life"
    )
    return [(item.what, [fault.code for fault in item.faults]) for item in found.items]


def _whole(found: view_timeline.Timeline | Fault) -> view_timeline.Timeline | None:
    return found if isinstance(found, view_timeline.Timeline) and found.whole else None


def _faults(place: Place, ident_: str) -> str:
    with place.books.read() as db:
        return voucher.book_rows(db, [ident_])[ident_][0].faults
