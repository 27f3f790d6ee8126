"""How much memory the processes hold with large books, and that a day of saving does not make it more."""

import time
from pathlib import Path

import pytest

from socai.lab.bench.load import no_pause, press
from socai.lab.bench.save import PEOPLE, requests
from socai.lab.bench.stocked import CHIEF, TENANT, stock
from socai.lab.client import wait_for
from socai.lab.program import Program
from socai.lab.sample import HANOI
from socai.lab.stack import Stack

VOUCHERS, SAVES, STEPS = 100_000, 20_000, 4
DS_MB_MAX, WORKER_MB_MAX, GROWTH_MAX = 200.0, 300.0, 1.1
SETTLED_SECONDS_MAX = 900.0
FREED_SECONDS, RESTED_SECONDS_MAX = 40.0, 300.0


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_memory_is_small_with_large_books_and_flat_over_a_day_of_saving(tmp_path: Path) -> None:
    """Under 200 MB for the data server and 300 MB for the worker when idle; the same after 20,000 saves."""
    with Stack(tmp_path, (HANOI,)) as stack:
        stocked = stock(stack, HANOI, VOUCHERS)
        assert stocked.vouchers == VOUCHERS
        office, worker, request = stack.offices[HANOI], stack.worker, requests(stocked.sample)
        assert worker is not None
        idle: list[tuple[float, float]] = []
        with office.workstation(TENANT, CHIEF.user, CHIEF.password) as station:
            token = station.http.headers["Authorization"].removeprefix("Bearer ")
            saved = 0
            for step in range(1, STEPS + 1):
                while saved < SAVES * step // STEPS:
                    taken = press(office.address, token, PEOPLE, 5.0, request, no_pause)
                    assert taken.refused == 0
                    saved += len(taken.milliseconds)
                station.wait_drained(SETTLED_SECONDS_MAX)
                wait_for("green", lambda: station.sync_state()["green"] or None, SETTLED_SECONDS_MAX)

                idle.append((rested(office.program), worker.memory_mb()))
        assert all(held < DS_MB_MAX and working < WORKER_MB_MAX for held, working in idle), idle
        for first, last in zip(idle[0], idle[-1], strict=True):
            assert last <= first * GROWTH_MAX, idle


def rested(program: Program) -> float:
    """The megabytes held once no more of what was freed goes back, which it does twice a minute."""
    least, since = program.memory_mb(), time.monotonic()

    def still() -> bool | None:
        nonlocal least, since
        if (held := program.memory_mb()) < least:
            least, since = held, time.monotonic()
        return True if time.monotonic() - since > FREED_SECONDS else None

    wait_for("nothing more to be freed", still, RESTED_SECONDS_MAX)
    return least
