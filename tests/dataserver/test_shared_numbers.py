"""Row 9, with everything real: one series for several data servers, leased in ranges; offline beyond the last one."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from socai.cloud.enrol import release
from socai.core.numbering import is_provisional
from socai.dataserver.store import meta, number, voucher
from support.desk import BRANCH, COMPANY, ident, journal, saved
from support.system import CHIEF, Place, make_company, running, until

BOOK = ("financial",)
SERIES = f"{BRANCH}|journal|2026"


def share(place: Place) -> None:
    """From now on journal vouchers of all data servers draw from one series."""
    (settings,) = (body for kind, _, body in COMPANY if kind == "company")
    body: dict[str, Any] = {**settings, "numbering": {"journal": {"shared": True}}}
    saved(place.books.save_entry(CHIEF, ident(), "company", "company", 1, body))


def stock(place: Place) -> list[tuple[int, int, int]]:
    """(first, last, next) of the leases this place holds."""
    with place.books.read() as db:
        return [(lease.first, lease.last, lease.next) for lease in number.leases(db, SERIES)]


def use_up(place: Place, left: int) -> None:
    """As if the rest of its range had been used: the last `left` counts stay."""
    with place.books.read() as db:
        lease = number.leases(db, SERIES)[-1]

    def cut(db: Any) -> None:
        number.use_lease(db, SERIES, lease.first, lease.last - left + 1)

    place.books.file.write(cut)


def number_of(place: Place, ident_: str) -> str:
    with place.books.read() as db:
        head = voucher.load(db, ident_)
        return head.number if head is not None else ""


def history(place: Place, ident_: str) -> list[str]:
    with place.books.read() as db:
        return [form.act for form in voucher.revisions(db, ident_, 20)]


def two_offices(system: Any, folder: Path) -> tuple[Place, Place]:
    hanoi = system.open(folder / "hn", "Hà Nội")
    make_company(hanoi)
    share(hanoi)
    saigon = system.open(folder / "hcm", "TP.HCM")
    until(lambda: stock(hanoi) and stock(saigon), "both have numbers in stock")
    return hanoi, saigon


def test_row_9_two_offices_draw_from_one_series_and_run_out_offline(fresh_database: str, tmp_path: Path) -> None:
    """Row 9: final numbers while leased ones last, provisional ones behind them, final by themselves on reconnect."""
    with running(fresh_database) as system:
        hanoi, saigon = two_offices(system, tmp_path)
        here, there = saved(hanoi.save(journal())), saved(saigon.save(journal(), post_to=BOOK))
        assert sorted([here.number, there.number]) == ["NVK00001", "NVK00051"]
        saigon.line.cut()
        until(lambda: not saigon.books.sync_state().online, "offline")
        use_up(saigon, 2)
        late = [saved(saigon.save(journal(), post_to=BOOK)) for _ in range(4)]
        assert [is_provisional(item.number) for item in late] == [False, False, True, True]
        assert [item.number for item in late[2:]] == ["NVK~B00001", "NVK~B00002"]
        edited = saved(saigon.save(journal("7000"), late[2].id, late[2].revision, post_to=BOOK))
        assert edited.number == "NVK~B00001"
        saigon.line.mend()
        saigon.books.sync_now()
        until(lambda: all(saigon.is_posted(item.id) and hanoi.is_posted(item.id) for item in late), "posted")
        until(lambda: not any(is_provisional(number_of(saigon, item.id)) for item in late), "final here")
        until(lambda: [number_of(hanoi, item.id) for item in late] == [number_of(saigon, item.id) for item in late], "")
        numbers = [number_of(hanoi, item.id) for item in late]
        assert len({*numbers, here.number, there.number}) == 6
        assert "number" in history(saigon, late[3].id)
        until(lambda: saigon.books.sync_state().green and hanoi.books.sync_state().green, "green")
        state = saigon.books.sync_state()
        assert (state.failed, state.conflicts) == (0, 0)
        with hanoi.books.read() as db:
            live = {row[0]: row[1] for row in db.execute("SELECT voucher, number FROM entry_set WHERE live = 1")}
        assert [live[item.id] for item in late] == numbers  # the books print the final number


def test_row_9_a_restored_file_drops_its_leases_and_no_number_is_doubled(fresh_database: str, tmp_path: Path) -> None:
    """Row 9: the copy draws what the lost file had drawn; the cloud refuses it, and it gets another by itself."""
    with running(fresh_database) as system:
        hanoi, _ = two_offices(system, tmp_path)
        until(lambda: hanoi.books.sync_state().green, "green")
        hanoi.books.backup(tmp_path / "copy.db")
        lost = [saved(hanoi.save(journal(), post_to=BOOK)) for _ in range(3)]
        until(lambda: all(hanoi.is_posted(item.id) for item in lost), "posted")
        hanoi.office.close()
        system.places.pop("Hà Nội")
        file = next((tmp_path / "hn").rglob("replica.db"))
        for leftover in file.parent.glob("replica.db-*"):
            leftover.unlink()
        shutil.copy(tmp_path / "copy.db", file)
        hanoi.line.cut()
        again = system.open(tmp_path / "hn", "Hà Nội")
        drawn = [saved(again.save(journal(), post_to=BOOK)) for _ in range(2)]
        assert [item.number for item in drawn] == [item.number for item in lost[:2]]
        hanoi.line.mend()
        again.books.sync_now()
        until(lambda: all(again.is_posted(item.id) for item in (*drawn, *lost)), "all of them posted")
        numbers = [number_of(again, item.id) for item in (*lost, *drawn)]
        assert len(set(numbers)) == 5
        assert again.books.sync_state().failed == 0
        assert all(first > 100 for first, _, _ in stock(again))


def test_row_9_a_new_epoch_is_heard_of_though_nobody_saves(fresh_database: str, tmp_path: Path) -> None:
    """Row 9 (seed 189): a cloud that refuses to lease because it began a new epoch is greeted again."""
    with running(fresh_database) as system:
        hanoi, _ = two_offices(system, tmp_path)
        with hanoi.books.read() as db:
            known = meta.standing(db)
        release(system.api.store, system.ref, known.replica)
        use_up(hanoi, 2)

        def epoch() -> int:
            with hanoi.books.read() as db:
                return meta.standing(db).epoch

        until(lambda: epoch() > known.epoch, "the new epoch")
