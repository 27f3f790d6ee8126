"""Row 1: what comes and goes in bulk stands behind people, in the queue of the file's one writer and in its time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from socai.dataserver.store import replica as store
from socai.dataserver.store.file import Connection
from socai.dataserver.store.queue import BEHIND_SECONDS, GROUP_MAX, Queue
from socai.dataserver.store.replica import Replica

PATIENCE_SECONDS = 30


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> Queue[str]:
    return Queue(clock)


def test_row_1_people_go_together_and_first_and_the_rest_one_by_one(queue: Queue[str]) -> None:
    queue.put_behind("page 1")
    queue.put("save 1")
    queue.put_behind("page 2")
    queue.put("save 2")
    assert [queue.take() for _ in range(3)] == [["save 1", "save 2"], ["page 1"], ["page 2"]]


def test_row_1_a_save_that_comes_meanwhile_goes_before_what_stood_there_longer(queue: Queue[str]) -> None:
    for page in ("page 1", "page 2"):
        queue.put_behind(page)
    assert queue.take() == ["page 1"]
    queue.put("save")
    assert [queue.take(), queue.take()] == [["save"], ["page 2"]]


def test_nothing_stands_behind_for_ever(queue: Queue[str], clock: Clock) -> None:
    queue.put_behind("page")
    found = []
    while "page" not in found:
        queue.put("save")
        found = queue.take()
        clock.now += BEHIND_SECONDS / 4
    assert found == ["save", "page"]
    assert clock.now - 100 == pytest.approx(BEHIND_SECONDS * 1.5)


def test_a_group_is_bounded_and_loses_nothing(queue: Queue[str]) -> None:
    for at in range(GROUP_MAX + 1):
        queue.put(str(at))
    assert [len(queue.take()), len(queue.take())] == [GROUP_MAX, 1]


def test_at_the_end_what_still_stands_there_is_done_and_then_it_is_empty(queue: Queue[str]) -> None:
    queue.put_behind("page")
    queue.put("save")
    queue.end()
    queue.put("late")
    assert queue.take() == ["save"]
    assert queue.ended
    assert queue.rest() == ["late", "page"]
    assert queue.take(0) == []


# ---- in a file


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Replica]:
    found = Replica(tmp_path / "replica.db")
    yield found
    found.close()


def behind(file: Replica, jobs: int, done: list[str]) -> threading.Thread:
    """A thread that writes so many jobs, one after the other, and gives way to everybody."""

    def work() -> None:
        file.stand_behind()
        for _ in range(jobs):
            file.write(lambda _db: done.append("page"))

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_row_1_a_save_pressed_during_a_page_is_written_before_the_next_one(file: Replica) -> None:
    """The writer is busy; a page waits already, then two people save: they are next, the page follows alone."""
    done: list[str] = []
    busy, go = threading.Event(), threading.Event()

    def first(_db: Connection) -> None:
        busy.set()
        assert go.wait(PATIENCE_SECONDS)

    held = file.submit(first)
    assert busy.wait(PATIENCE_SECONDS)
    page = behind(file, 1, done)
    while not file._jobs._behind:  # the page is in the queue
        assert page.is_alive()
    saves = [file.submit(lambda _db, name=name: done.append(name)) for name in ("save 1", "save 2")]  # type: ignore[misc]
    go.set()
    held.wait()
    for save in saves:
        save.wait()
    page.join(PATIENCE_SECONDS)
    assert done == ["save 1", "save 2", "page"]


@pytest.mark.parametrize("pressed_ago, pauses", [(0.0, True), (store.PEOPLE_SECONDS * 2, False)])
def test_row_1_while_people_save_a_download_leaves_as_much_time_as_it_takes(
    file: Replica, monkeypatch: pytest.MonkeyPatch, pressed_ago: float, pauses: bool
) -> None:
    left: list[float] = []
    monkeypatch.setattr(file._end, "wait", left.append)
    file.write(lambda _db: None)
    file._jobs.pressed_at = time.monotonic() - pressed_ago
    behind(file, 3, []).join(PATIENCE_SECONDS)
    assert len(left) == (3 if pauses else 0)
    assert all(0 < seconds <= store.FREE_SECONDS_MAX for seconds in left)
