"""What a long-running process does not need goes back to the system."""

import gc

from socai.edge.memory import give_back, spare_the_collector


def resident() -> int:
    """Anonymous memory of this process, in bytes."""
    with open("/proc/self/smaps_rollup", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("Anonymous:")) * 1024


def test_what_was_freed_goes_back() -> None:
    blocks = [bytes(50_000) for _ in range(2_000)]  # small enough to come from the heap
    kept = blocks[::100]  # which therefore can not shrink from its end
    before = resident()
    del blocks
    give_back()
    assert before - resident() > 80_000_000
    assert len(kept) == 20


def test_what_stands_at_the_start_is_not_looked_through_again() -> None:
    threshold = gc.get_threshold()
    try:
        spare_the_collector()
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        gc.set_threshold(*threshold)
