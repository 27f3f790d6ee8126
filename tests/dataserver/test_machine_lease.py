"""Row 20: the five minutes against one number, the seconds that really passed since the person's act (row 4).

A person acts; the line sends, repeats and answers in any order; the machine sleeps, its clock is set, it is switched
off and on. A voucher in flight is nobody's to change until five real minutes are over, and nothing renews them.
"""

from __future__ import annotations

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from socai.core.life import LEASE_SECONDS
from socai.dataserver.desk import Refused, Saved
from socai.dataserver.store import outbox, voucher
from socai.dataserver.syncing import exchange, incoming
from socai.sync.message import BookState, FeedItem, FeedPage, Outcome, Push, PushAnswer, raw_body
from support.desk import PARTNER, Office, ident, journal, open_office
from support.machine import cases

BOOK = "financial"
IDLE, WAITING, SENT = "idle", "waiting", "sent"


class Lease(RuleBasedStateMachine):
    """One voucher at an office whose clock is in the machine's hands."""

    @initialize()
    def open(self) -> None:
        self.office: Office = open_office()
        while (push := exchange.next_batch(self.office.desk)) is not None:
            outcomes = [Outcome(operation.n, "applied", 1, 1) for operation in push.operations]
            exchange.take_answer(self.office.desk, push, PushAnswer("", outcomes))
        self.voucher, self.revision, self.version, self.seq = ident(), 0, 0, 1
        self.stands = WAITING
        self.behind = False  # an act waits behind the one that was sent
        self.runs = False  # the cloud has taken one and is not done with it
        self.pushes: list[Push] = []
        self.passed = 0.0  # since the newest act
        self.certain = True  # False once the wall was set and the machine restarted: no clock tells any more
        self.wall_set = self.rebooted = False
        self.act()

    def teardown(self) -> None:
        if hasattr(self, "office"):
            self.office.close()

    # --- people

    def act(self) -> None:
        done = self.office.save(journal(partner=PARTNER), self.voucher, self.revision, post_to=(BOOK,))
        assert isinstance(done, Saved), done
        self.revision = done.revision
        self.passed, self.certain, self.wall_set, self.rebooted = 0.0, True, False, False

    @rule()
    def edit(self) -> None:
        """Allowed while nothing is in flight, or after the five minutes; refused with the reason before."""
        if not self.certain:
            return
        if ((self.stands == SENT and not self.behind) or self.runs) and self.passed < LEASE_SECONDS:
            told = self.office.save(journal(), self.voucher, self.revision, post_to=(BOOK,))
            assert isinstance(told, Refused)
            assert told.faults[0].code == "ACT_IN_FLIGHT"
            return
        if self.stands == SENT:
            self.behind = True  # a further one takes its place
        self.act()
        if self.stands == IDLE:
            self.stands = WAITING

    # --- the line

    @precondition(lambda self: self.stands in (WAITING, SENT))
    @rule()
    def send(self) -> None:
        """The first time, or once more: the same bytes."""
        push = exchange.next_batch(self.office.desk)
        assert push is not None
        if self.stands == SENT:
            assert push.operations[0] == self.pushes[-1].operations[0]
        self.pushes.append(push)
        self.stands = SENT

    @precondition(lambda self: self.stands == SENT)
    @rule()
    def nothing_comes_back(self) -> None:
        """The answer is lost: nothing changes."""

    @precondition(lambda self: self.stands == SENT)
    @rule()
    def accepted(self) -> None:
        """The cloud has it and has not posted it yet."""
        self.version, self.seq = self.version + 1, self.seq + 1
        push = self.pushes[-1]
        outcomes = [Outcome(operation.n, "applied", self.version, self.seq) for operation in push.operations[:1]]
        exchange.take_answer(self.office.desk, push, PushAnswer("", outcomes))
        self.stands, self.behind, self.runs = WAITING if self.behind else IDLE, False, True

    @precondition(lambda self: self.pushes)
    @rule()
    def an_old_answer_arrives_again(self) -> None:
        """A doubled answer of any earlier push."""
        push = self.pushes[0]
        if self.stands == SENT and push.operations[0] == self.pushes[-1].operations[0]:
            return
        outcomes = [Outcome(operation.n, "applied", 1, 2) for operation in push.operations[:1]]
        exchange.take_answer(self.office.desk, push, PushAnswer("", outcomes))

    @precondition(lambda self: self.runs)
    @rule()
    def told_that_it_still_runs(self) -> None:
        """The feed brings the voucher as accepted: that renews nothing."""
        self.fed(running="post")

    @precondition(lambda self: self.runs)
    @rule()
    def told_that_it_failed(self) -> None:
        """The lane is done with it."""
        self.fed(running="")
        self.runs = False

    def fed(self, running: str) -> None:
        self.seq += 1
        with self.office.desk.file.read() as db:
            body = voucher.body(db, self.voucher, 1)
        state = BookState(BOOK, True, False, running)
        item = FeedItem(
            seq=self.seq, kind="voucher", object_kind=msgspec.json.decode(body)["type"], id=self.voucher,
            version=self.version, deleted=False, author="clerk", at="2026-11-22T03:00:00.000Z", body=raw_body(body),
            books=[state],
        )  # fmt: skip
        incoming.take_page(self.office.desk, FeedPage("", [item], "c", False, self.seq))

    # --- the machine

    @rule(seconds=st.integers(0, 200))
    def go(self, seconds: int) -> None:
        """Time passes, awake or asleep."""
        self.office.clock.go(seconds)
        self.passed += seconds

    @rule(seconds=st.sampled_from((-86_400, -200, 200, 86_400)))
    def set_wall(self, seconds: int) -> None:
        """Somebody sets the clock: while the machine runs it does not matter."""
        self.office.clock.set_wall(seconds)
        self.wall_set = True
        self.certain = self.certain and not self.rebooted

    @rule(off=st.integers(0, 200), up=st.integers(0, 60))
    def reboot(self, off: int, up: int) -> None:
        self.office.clock.reboot(off, up)
        self.passed += off + up
        self.rebooted = True
        self.certain = self.certain and not self.wall_set

    # --- what must hold

    @invariant()
    def nobody_changes_it_before_its_time(self) -> None:
        if not hasattr(self, "office") or not self.certain:
            return
        with self.office.desk.file.read() as db:
            head = voucher.load(db, self.voucher)
            assert head is not None
            held = bool(outbox.open_of(db, "voucher", head.type, self.voucher))
        assert held == (self.stands in (WAITING, SENT))


TestRow20Lease, TestRow20LeaseLong = cases(Lease, 30)
