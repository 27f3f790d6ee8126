"""Row 15 at the data server: a busy cloud is obeyed (when to come back, how much to bring) and shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from socai.dataserver.views import sync as view_sync
from socai.sync.admission import Limit, Taken
from support.desk import journal
from support.system import make_company, running, until


def test_row_15_a_data_server_comes_back_in_time_with_smaller_batches(fresh_database: str, tmp_path: Path) -> None:
    with running(fresh_database, worker=False) as system:
        place = system.open(tmp_path / "hn", "Hà Nội")
        make_company(place)
        until(lambda: place.books.sync_state().green, "green")
        place.line.cut()
        until(lambda: not place.books.sync_state().online, "the cut is noticed")
        for _ in range(230):
            place.save(journal("1000"), post_to=("financial",))
        door = system.api.door
        door.gate = replace(door.gate, limit=Limit(4.0, large=Taken(50.0, 50.0)))  # 50 ms each: batches of a hundred
        door.spend(system.ref.tenant, "", 0, 25_500)
        before = _count(system)
        place.line.mend()
        place.books.sync_now()  # at once: on a slow machine the pause it has chosen would outlast what was spent
        until(lambda: sum(door.refused), "refused at first")
        until(lambda: place.books.sync_state().pending == 0, "all of it sent")
        assert _count(system) - before == 3  # 100, 100 and 30
        until(lambda: view_sync.sync_view(place.books).lane_depth == 230, "all of it waits to be posted")
        state = view_sync.sync_view(place.books)
        assert (state.failed, state.conflicts) == (0, 0)
        assert state.lane_seconds > 0


def _count(system) -> float:
    """How many pushes were taken."""
    text = system.api.figures.text().decode()
    return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith("socai_push_seconds_count"))
