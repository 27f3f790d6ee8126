"""Row 19: everything that goes wrong on a line. Nobody at the office waits, nothing is lost, nothing is doubled.

Real data servers and a real cloud; between the first office and the cloud stands a line that can be made bad. The
client's patience is shortened: what it waits for here never comes, and that is the same after 2 seconds as after 30.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from structlog.testing import capture_logs

from socai.cloud.store.migration import migrate
from socai.dataserver.desk import Saved
from socai.dataserver.office import Office
from socai.edge import client
from socai.edge.postgres import EmbeddedPostgres
from socai.lab.fault_line import ANSWER_LOST, DOUBLED, FAULTS, LATENCY, PORTAL, TRICKLE, FaultLine
from socai.lab.inspection import inspect
from support.system import Place, System, journal, make_company, running, until

PATIENCE_SECONDS = 2.0
BOOK = ("financial",)
PASSING = (LATENCY, TRICKLE, DOUBLED)  # slow or odd, but everything arrives while it lasts
_numbers = itertools.count(1)


@dataclass
class World:
    """Two offices of one company, the first behind a line that can be made bad."""

    system: System
    line: FaultLine
    here: Place
    there: Place
    folder: Path
    saved: list[str] = field(default_factory=list)

    def save(self) -> None:
        """Somebody at the first office saves with posting, and has an answer at once."""
        done = self.here.save(journal(str(next(_numbers))), post_to=BOOK)
        assert isinstance(done, Saved), done
        self.saved.append(done.id)

    def whole(self) -> bool:
        """Whether everything saved is posted at both offices and nothing waits."""
        return (
            all(place.is_posted(ident) for place in (self.here, self.there) for ident in self.saved)
            and self.here.books.sync_state().green
        )

    def counted(self) -> tuple[int, int, int]:
        """What the cloud holds: vouchers, live sets, accepted operations on vouchers."""
        with psycopg.connect(self.system.dsn) as connection:
            row = connection.execute(
                "select (select count(*) from voucher), (select count(*) from entry_set where live = 1),"
                " (select count(*) from operation where kind = 'voucher' and result = 'applied')"
            ).fetchone()
        assert row is not None
        return row

    def files(self) -> list[str]:
        return [self.system.dsn, *(str(self.folder / name / "minhphat" / "replica.db") for name in ("here", "there"))]


@pytest.fixture(scope="module")
def world(postgres_server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("line")
    with psycopg.connect(postgres_server.dsn(), autocommit=True) as connection:
        connection.execute("create database bad_line")
    dsn = postgres_server.dsn("bad_line")
    migrate(dsn)
    with pytest.MonkeyPatch.context() as patch, running(dsn) as system, FaultLine(system.port) as line:
        patch.setattr(client, "ANSWER_SECONDS", PATIENCE_SECONDS)
        patch.setattr(client, "POLL_SLACK_SECONDS", PATIENCE_SECONDS)
        office = Office(folder / "here", poll_seconds=2)
        office.enrol(line.address, system.make_code([]), "Nơi đường truyền xấu")
        office.start()
        here = Place(office, line, office.tenants()[0])
        system.places["here"] = here
        make_company(here)
        there = system.open(folder / "there", "there")
        until(lambda: all(place.books.sync_state().green for place in (here, there)), "green")
        yield World(system, line, here, there, folder)


@pytest.mark.parametrize("fault", FAULTS)
def test_row_19_a_bad_line_loses_nothing_and_doubles_nothing(world: World, fault: str) -> None:
    world.line.met.clear()
    world.line.worsen(fault)
    for _ in range(4):
        world.save()
    until(lambda: world.line.met[fault] >= 2, f"{fault} was met")
    for _ in range(4):
        world.save()
    if fault in PASSING:
        until(world.whole, f"goes on under {fault}")
    else:
        until(lambda: not world.here.books.sync_state().online, "the screen says that the line is down")
        assert not world.here.books.sync_state().green
    world.line.heal()
    until(world.whole, f"mends itself after {fault}")
    count = len(world.saved)
    assert world.counted() == (count, count, count)
    assert [finding for source in world.files() for finding in inspect(source)] == []


def test_row_19_an_answer_that_was_lost_is_had_again_and_not_done_again(world: World) -> None:
    """The operation was applied at the cloud while its answer never came: it stays in flight here until it is told."""
    before = world.counted()
    world.line.worsen(ANSWER_LOST)
    world.save()
    ident = world.saved[-1]
    until(lambda: world.counted()[0] == before[0] + 1, "accepted at the cloud")
    until(lambda: world.there.is_posted(ident), "seen by the other office")
    status = world.here.status(ident)
    assert status.sync == "syncing"
    world.line.heal()
    until(world.whole, "told")
    assert world.counted()[2] == before[2] + 1


def test_row_19_a_login_page_is_nobody_of_ours(world: World) -> None:
    """200 with HTML: the office is offline, says why, logs it once, and takes nothing of it for an answer."""
    with capture_logs() as logged:
        world.line.worsen(PORTAL)
        world.save()
        until(lambda: not world.here.books.sync_state().online, "offline")
        state = world.here.books.sync_state()
        assert (state.reason, state.failed, state.conflicts) == ("CLOUD_FOREIGN", 0, 0)
        seen = world.line.met[PORTAL]
        until(lambda: world.line.met[PORTAL] >= seen + 3, "tried again and again")
        world.line.heal()
        until(world.whole, "back")
    assert world.here.books.sync_state().reason == ""
    told = [entry for entry in logged if entry["event"] == "answered by something that is not the cloud"]
    assert {entry["answer"].split(":")[0] for entry in told} == {"HTTP 200 text/html"}
    assert len(told) <= 2 < world.line.met[PORTAL]  # a poll begun before may come back well once more


def test_row_19_a_line_cut_behind_a_login_page_is_only_down(world: World) -> None:
    """What is known of the silence is what was seen last."""
    world.line.worsen(PORTAL)
    world.save()
    until(lambda: world.here.books.sync_state().reason == "CLOUD_FOREIGN", "somebody else answers")
    world.line.cut()
    until(lambda: world.here.books.sync_state().reason == "", "nobody answers")
    assert not world.here.books.sync_state().online
    world.line.heal()
    world.line.mend()
    until(world.whole, "back")


@pytest.mark.long
def test_row_19_what_is_too_much_for_a_slow_line_goes_in_smaller_batches(world: World) -> None:
    """A batch that cannot arrive in time would be sent again and be late again, for ever."""
    world.line.cut()
    until(lambda: not world.here.books.sync_state().online, "offline")
    for _ in range(24):
        world.save()
    world.line.worsen(TRICKLE)
    world.line.mend()
    world.here.books.sync_now()
    until(world.whole, "everything got through")
    world.line.heal()
