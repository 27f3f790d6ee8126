"""Row 4: the five minutes, with every order of late answers, edited after release or not, through sleep and restart.

A data server's own file and the cloud's own decisions (accept, lane, poster, feed), joined by a line that this test
holds in its hand: each message is delivered when the test says so, late, twice, or never.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from socai.cloud.accept import Acceptor
from socai.cloud.feed import Feeder
from socai.cloud.lane import Poster, serve_one
from socai.cloud.store.posting_memory import MemoryLane
from socai.cloud.store.row import CodeRow, PersonRow, ReplicaRow
from socai.core import life
from socai.core.life import LEASE_SECONDS
from socai.dataserver import facts as fact
from socai.dataserver.acts import act
from socai.dataserver.acts.act import Asked
from socai.dataserver.desk import Refused, Saved
from socai.dataserver.store import meta, voucher
from socai.dataserver.syncing import exchange, incoming
from socai.sync.message import Push, PushAnswer
from support.desk import CLERK, HandClock, Office, ident, journal, open_office
from support.sender import LATER, NOW, TIMELINE, memory_store, specs

BOOK = "financial"


@dataclass
class Pair:
    """One office and the cloud. `sets_seen`: the most sets of one voucher that were in the books at once."""

    path: Path
    clock: HandClock = field(default_factory=HandClock)
    sets_seen: int = 0

    def __post_init__(self) -> None:
        self.office = self.open()
        self.store = memory_store()
        ref = self.store.create_tenant("minhphat", "Minh Phát", TIMELINE, 0)
        assert ref is not None
        self.ref = ref
        self.person("clerk", "accountant")
        self.person("chief", "admin")
        with self.office.desk.file.read() as db:
            self.replica = meta.standing(db).replica
        code = hashlib.sha256(b"code").hexdigest()
        self.store.add_code(ref, CodeRow(code, "Hà Nội", (), LATER))
        self.store.use_code(ref, code, NOW, ReplicaRow(self.replica, "", b"\0" * 32))
        self.acceptor, self.feeder = Acceptor(self.store, specs()), Feeder(self.store, self.store)
        self.lane = MemoryLane(self.store)
        self.poster = Poster(self.lane, specs())
        self.office.desk.file.write(lambda db: meta.put(db, {"timeline": TIMELINE, "snapshot_done": 1}))
        self.settle()

    def open(self) -> Office:
        return open_office(self.path, threaded=False, clock=self.clock)

    def restart(self) -> None:
        """The process ends and begins again on the same file."""
        self.office.close()
        self.office = self.open()

    def person(self, login: str, role: str, active: bool = True) -> None:
        self.store.save_person(self.ref, PersonRow(login, login, "argon2", role, (), active), "test")

    # ---- the line

    def seal(self) -> Push:
        """What leaves the office: from here on it is sent."""
        push = exchange.next_batch(self.office.desk)
        assert push is not None
        return push

    def deliver(self, push: Push) -> PushAnswer:
        """The cloud takes it; its answer, on the way back."""
        done = self.acceptor.push(self.ref, self.replica, push.operations)
        assert done.fault is None, done.fault
        return PushAnswer(TIMELINE, done.outcomes, done.depth)

    def arrive(self, push: Push, answer: PushAnswer) -> None:
        exchange.take_answer(self.office.desk, push, answer)

    def work(self) -> None:
        """The lane posts everything it has."""
        while serve_one(self.lane, self.poster, "worker")[1]:
            self.look()

    def feed(self) -> None:
        """The office hears what the cloud tells."""
        while True:
            with self.office.desk.file.read() as db:
                cursor = meta.standing(db).cursor
            page = self.feeder.page(self.ref, self.replica_row(), cursor, 500)
            assert not isinstance(page, tuple)
            incoming.take_page(self.office.desk, page)  # type: ignore[arg-type]
            self.look()
            if not page.items:  # type: ignore[union-attr]
                return

    def replica_row(self) -> ReplicaRow:
        row = self.store.replica(self.ref, self.replica)
        assert row is not None
        return row

    def settle(self) -> None:
        """Let everything come to rest."""
        while exchange.pending(self.office.desk):
            push = self.seal()
            self.arrive(push, self.deliver(push))
            self.work()
        self.work()
        self.feed()

    # ---- looking

    def look(self) -> None:
        tables = self.store.at(self.ref)
        live = [key[:2] for key, kept in tables.sets.items() if not kept.voided_seq]
        self.sets_seen = max([self.sets_seen, *(live.count(one) for one in live)])

    def books(self, ident_: str) -> list[int]:
        """The amounts in the cloud's books, and the very same in the office's."""
        tables = self.store.at(self.ref)
        cloud = [kept for key, kept in tables.sets.items() if key[0] == ident_ and not kept.voided_seq]
        found = [sum(entry.amount for entry in kept.entries) for kept in cloud]
        with self.office.desk.file.read() as db:
            rows = db.execute("SELECT sum(amount) FROM entry WHERE voucher = ? GROUP BY voucher", (ident_,)).fetchall()
        assert [int(row[0]) for row in rows] == found
        return found

    def status(self, ident_: str) -> life.Status:
        with self.office.desk.file.read() as db:
            head = voucher.load(db, ident_)
            assert head is not None
            facts = fact.read_one(db, head, self.office.desk.cache.get(db).calendar, self.clock.now())
        return life.status(facts, BOOK)

    def edit(self, ident_: str, amount: str, revision: int = 1, **more: Any) -> Saved | Refused:
        return self.office.save(journal(amount), ident_, revision, post_to=(BOOK,), **more)

    def asked(self, ident_: str, revision: int = 1) -> Asked:
        return Asked(CLERK, ident(), ident_, revision)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    found = Pair(tmp_path / "replica.db")
    yield found
    found.office.close()


def awake(pair: Pair) -> None:
    pair.clock.go(2)


def slept(pair: Pair) -> None:
    """The lid was closed meanwhile: the boot's clock counts that, too."""
    pair.clock.go(1)
    pair.clock.go(1)


def set_back(pair: Pair) -> None:
    """Somebody set the clock back an hour while the machine slept."""
    pair.clock.set_wall(-3_600)
    pair.clock.go(2)


def rebooted(pair: Pair) -> None:
    """Off and on again, and the process with it."""
    pair.clock.reboot(1, 1)
    pair.restart()


def code(found: Saved | Refused) -> str:
    return found.faults[0].code if isinstance(found, Refused) else ""


# What becomes of the first save, sent at once: each tells what happens before and after its five minutes.


def applied_late(pair: Pair, push: Push) -> Callable[[], None]:
    answer = pair.deliver(push)
    return lambda: pair.arrive(push, answer)


def refused_late(pair: Pair, push: Push) -> Callable[[], None]:
    pair.person("clerk", "accountant", active=False)
    answer = pair.deliver(push)
    pair.person("clerk", "accountant")
    return lambda: pair.arrive(push, answer)


def posted_late(pair: Pair, push: Push) -> Callable[[], None]:
    """Accepted and answered at once; the overloaded cloud posts it only after the release."""
    pair.arrive(push, pair.deliver(push))
    return pair.work


def never_arrived(pair: Pair, push: Push) -> Callable[[], None]:
    return lambda: None


def arrived_twice(pair: Pair, push: Push) -> Callable[[], None]:
    first = pair.deliver(push)

    def later() -> None:
        second = pair.deliver(push)
        pair.arrive(push, second)
        pair.arrive(push, first)

    return later


FATES = (applied_late, refused_late, posted_late, never_arrived, arrived_twice)
MEANWHILE = (awake, slept, set_back, rebooted)


@pytest.mark.parametrize("edited", [False, True], ids=["left alone", "edited"])
@pytest.mark.parametrize("meanwhile", MEANWHILE)
@pytest.mark.parametrize("fate", FATES)
def test_row_4_every_late_answer_leaves_one_truth(
    pair: Pair, fate: Callable[[Pair, Push], Callable[[], None]], meanwhile: Callable[[Pair], None], edited: bool
) -> None:
    done = pair.edit(ident(), "100", 0)
    assert isinstance(done, Saved)
    push = pair.seal()
    later = fate(pair, push)
    pair.clock.go(LEASE_SECONDS - 2)
    assert pair.status(done.id).in_flight
    assert code(pair.edit(done.id, "200")) == "ACT_IN_FLIGHT"
    meanwhile(pair)  # two seconds more, however they pass
    assert not pair.status(done.id).in_flight
    if edited:
        assert code(pair.edit(done.id, "200")) == ""
        if fate is not posted_late:  # what was sent goes again before anything newer: nothing overtakes
            assert pair.seal() == push
    later()
    pair.settle()
    refused = fate is refused_late and not edited
    assert pair.books(done.id) == ([] if refused else [200 if edited else 100])
    assert pair.status(done.id).detail == ("sync_failed" if refused else "posted")
    assert pair.sets_seen <= 1  # release never made two truths
    faults = [book.faults for kept in pair.store.at(pair.ref).vouchers.values() for book in kept.books]
    assert not any(faults)  # the older posting is superseded, not failed


@pytest.mark.parametrize("fate", FATES)
def test_row_4_a_delete_after_release_takes_everything_out(
    pair: Pair, fate: Callable[[Pair, Push], Callable[[], None]]
) -> None:
    done = pair.edit(ident(), "100", 0)
    assert isinstance(done, Saved)
    later = fate(pair, pair.seal())
    pair.clock.go(LEASE_SECONDS - 1)
    assert code(act.delete(pair.office.desk, pair.asked(done.id))) == "ACT_IN_FLIGHT"
    pair.clock.go(1)
    assert code(act.delete(pair.office.desk, pair.asked(done.id))) == ""
    later()
    pair.settle()
    assert pair.books(done.id) == []
    with pair.office.desk.file.read() as db:
        head = voucher.load(db, done.id)
    assert head is not None
    assert head.deleted


def test_row_4_no_answer_and_no_retry_renews_the_lease(pair: Pair) -> None:
    """It runs from the person's act: a retry, and an answer that is only a part of the outcome, begin nothing anew."""
    done = pair.edit(ident(), "100", 0)
    assert isinstance(done, Saved)
    push = pair.seal()
    pair.clock.go(290)
    assert pair.seal() == push  # the line was cut, and it is sent again
    pair.arrive(push, pair.deliver(push))
    pair.feed()  # accepted, and told so by the feed too; not yet posted
    assert pair.status(done.id) == life.Status("synced", "posting", True, "posting", 1)
    pair.clock.go(9.9)
    assert pair.status(done.id).in_flight
    pair.clock.go(0.1)
    assert not pair.status(done.id).in_flight
    pair.feed()
    assert not pair.status(done.id).in_flight


def test_row_4_an_act_after_release_has_five_minutes_of_its_own(pair: Pair) -> None:
    done = pair.edit(ident(), "100", 0)
    assert isinstance(done, Saved)
    pair.arrive(push := pair.seal(), pair.deliver(push))
    pair.clock.go(LEASE_SECONDS)
    assert code(pair.edit(done.id, "200")) == ""
    assert pair.seal().operations[0].base.operation == push.operations[0].n  # on the result of the first
    pair.clock.go(LEASE_SECONDS - 1)
    assert code(pair.edit(done.id, "300", 2)) == "ACT_IN_FLIGHT"
    pair.clock.go(1)
    assert code(pair.edit(done.id, "300", 2)) == ""
    pair.settle()
    assert pair.books(done.id) == [300]


@pytest.mark.parametrize("when", ["before the lane", "after the lane"])
def test_row_4_an_unpost_without_an_answer_is_released_too(pair: Pair, when: str) -> None:
    done = pair.edit(ident(), "100", 0)
    assert isinstance(done, Saved)
    pair.settle()
    pair.clock.go(LEASE_SECONDS)
    assert code(act.unpost(pair.office.desk, pair.asked(done.id), BOOK)) == ""
    push = pair.seal()
    answer = pair.deliver(push)
    assert pair.status(done.id).detail == "unposting"
    pair.clock.go(LEASE_SECONDS)
    if when == "after the lane":
        pair.work()
    pair.arrive(push, answer)
    pair.settle()
    assert pair.status(done.id).detail == "synced"
    assert code(pair.edit(done.id, "200")) == ""
    pair.settle()
    assert (pair.books(done.id), pair.status(done.id).detail) == ([200], "posted")


def test_row_4_what_another_office_began_is_in_flight_here_from_when_we_heard(pair: Pair) -> None:
    """Its five minutes run from the first we heard of that act; hearing of it again begins nothing anew."""
    done = pair.edit(ident(), "100", 0)
    assert isinstance(done, Saved)
    pair.settle()
    pair.clock.go(86_400)
    theirs = _other_office_unposts(pair, done.id)
    pair.feed()
    assert theirs
    assert pair.status(done.id) == life.Status("synced", "unposting", True, "unposting", 1)
    pair.clock.go(LEASE_SECONDS - 1)
    pair.feed()
    assert pair.status(done.id).in_flight
    pair.clock.go(1)
    assert not pair.status(done.id).in_flight
    pair.settle()
    assert pair.status(done.id).detail == "synced"


def _other_office_unposts(pair: Pair, ident_: str) -> bool:
    from support.sender import Sender, enrol

    other = Sender(pair.store, pair.ref, enrol(pair.store, pair.ref), user="chief")
    return bool(other.push(other.act(ident_, "unpost", base=1)))
