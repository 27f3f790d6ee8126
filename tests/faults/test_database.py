"""Row 19: PostgreSQL restarted and failed over under work. API and worker are not restarted and go on by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from socai.dataserver.desk import Saved
from socai.edge.postgres import EmbeddedPostgres
from socai.lab.inspection import inspect
from socai.lab.standby import Standby, address_of, synchronous
from support.system import Place, journal, make_company, running, until

BOOK = ("financial",)


@pytest.fixture
def primary(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "first")
    server.start()
    yield server
    server.stop(immediate=True)


def save(place: Place, saved: list[str], count: int) -> None:
    """People save, whatever becomes of the database."""
    for _ in range(count):
        done = place.save(journal("1000"), post_to=BOOK)
        assert isinstance(done, Saved), done
        saved.append(done.id)


def whole(place: Place, saved: list[str]) -> bool:
    return place.books.sync_state().green and all(place.is_posted(ident) for ident in saved)


@pytest.mark.long  # tests/lab/test_kill.py kills it in the ordinary run, too
def test_row_19_the_database_dies_and_comes_back_under_work(primary: EmbeddedPostgres, tmp_path: Path) -> None:
    """As by a power loss, three times; what was being saved, accepted and posted meanwhile is there once."""
    saved: list[str] = []
    with running(primary.dsn()) as system:
        place = system.open(tmp_path / "here", "here")
        make_company(place)
        until(lambda: place.books.sync_state().green, "green")
        for _ in range(3):
            save(place, saved, 10)
            primary.stop(immediate=True)
            save(place, saved, 10)
            primary.start()
        until(lambda: whole(place, saved), "all posted")
    assert list(inspect(primary.dsn())) == []


def test_row_19_the_database_fails_over_to_its_standby_under_work(primary: EmbeddedPostgres, tmp_path: Path) -> None:
    """One address names both servers; the one that can be written to is found, and nothing answered is lost."""
    saved: list[str] = []
    standby = Standby(tmp_path / "second")
    try:
        standby.follow(primary)
        synchronous(primary)
        with running(address_of((primary, standby))) as system:
            place = system.open(tmp_path / "here", "here")
            make_company(place)
            until(lambda: place.books.sync_state().green, "green")
            save(place, saved, 10)
            until(lambda: any(place.is_posted(ident) for ident in saved), "work is under way")
            save(place, saved, 10)
            primary.stop(immediate=True)
            save(place, saved, 10)
            standby.promote()
            save(place, saved, 10)
            until(lambda: whole(place, saved), "all posted by the second server")
            assert place.books.sync_state().failed == 0
        assert list(inspect(standby.dsn())) == []
    finally:
        standby.stop(immediate=True)


@pytest.mark.long
def test_row_19_a_database_that_was_away_for_long_is_found_again_soon(
    primary: EmbeddedPostgres, tmp_path: Path
) -> None:
    """The longer it was away the longer nobody looks for it: never longer than some seconds."""
    saved: list[str] = []
    with running(primary.dsn()) as system:
        place = system.open(tmp_path / "here", "here")
        make_company(place)
        until(lambda: place.books.sync_state().green, "green")
        primary.stop(immediate=True)
        save(place, saved, 3)
        with pytest.raises(AssertionError):
            until(lambda: False, "it stays away", 40)
        primary.start()
        place.books.sync_now()
        until(lambda: whole(place, saved), "found again", 15)
