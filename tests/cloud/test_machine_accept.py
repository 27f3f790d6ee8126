"""Row 20: accept against a model of a few lines: versions, conflicts, repeats, "the result of operation m", the lane.

Two offices push to the memory store through the production acceptor, and its lane is served by the production poster;
tests/cloud/test_accept_contract.py holds PostgreSQL to the same answers.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from socai.cloud.store.posting_memory import MemoryLane
from socai.sync.message import DELETE, POST, UNPOST, Operation, Outcome
from support.machine import cases
from support.posting import balances, drain, items, rebuilt
from support.sender import Sender, company, enrol, ident, journal, memory_store

BOOK = ["financial"]
NUMBERS = ("", "NVK1", "NVK2", "NVK3")


@dataclass
class Kept:
    """A voucher as the model keeps it. `queue` is what the lane has not done: (act, version, asked)."""

    version: int
    body_version: int
    number: str
    amount: int
    deleted: bool = False
    posted: bool = False
    running: bool = False
    queue: list[tuple[str, int, bool]] = field(default_factory=list)
    sets: int = 0

    def enqueue(self, act: str, asked: bool) -> None:
        self.queue.append((act, self.version, asked))
        self.running = True

    def serve(self) -> None:
        """The lane comes to it: an older version's posting ends as superseded."""
        for act, version, asked in self.queue:
            if act in ("unpost", "delete"):
                self.posted = False
                self.deleted = self.deleted or act == "delete"
            elif version >= self.body_version and not self.deleted and (self.posted or act == "post" or asked):
                self.posted = True
        self.queue, self.running = [], False


class Accepting(RuleBasedStateMachine):
    """Two offices, one cloud."""

    @initialize()
    def open(self) -> None:
        self.store = memory_store()
        first = company(self.store)
        self.offices = [first, Sender(self.store, first.ref, enrol(self.store, first.ref), user="admin")]
        self.lane = MemoryLane(self.store)
        self.vouchers: dict[str, Kept] = {}
        self.sent: list[list[tuple[Operation, Outcome]]] = [[], []]
        self.made: dict[tuple[int, int], tuple[str, int]] = {}  # (office, n) -> the version an applied act made

    # --- words

    def push(self, office: int, operation: Operation, expected: str) -> Outcome:
        """Send one operation; `expected` is "applied", "conflict" or the first fault's code."""
        (outcome,) = self.offices[office].push(operation)
        told = outcome.faults[0].code if outcome.result == "rejected" else outcome.result
        assert told == expected, (operation.act, expected, outcome)
        self.sent[office].append((operation, outcome))
        if outcome.result == "applied":
            self.made[office, operation.n] = (operation.id, outcome.version)
        return outcome

    def holder(self, number: str) -> str | None:
        return next((key for key, kept in self.vouchers.items() if kept.number == number and not kept.deleted), None)

    def judged(self, key: str, base: int, after: tuple[int, int] | None) -> tuple[str, bool]:
        """What a base comes to: "" where it is the version that stands, and whether it is our own earlier act."""
        kept = self.vouchers[key]
        if after is not None:
            made = self.made.get(after)
            if made is None or made[0] != key:
                return "BASE_REFUSED", True
            base = made[1]
        if base != kept.version:
            return "conflict", after is not None
        return ("ACT_DELETED" if kept.deleted else ""), after is not None

    def draw(self, data: st.DataObject) -> tuple[int, str, int, tuple[int, int] | None]:
        """An office, a voucher that is not on its way out, and what the act is made on."""
        office = data.draw(st.integers(0, 1), "office")
        key = data.draw(st.sampled_from(sorted(self.vouchers)), "voucher")
        kept = self.vouchers[key]
        own = [(office, operation.n) for operation, _ in self.sent[office]]
        after = data.draw(st.one_of(st.none(), st.sampled_from(own)), "after") if own else None
        base = data.draw(st.one_of(st.just(kept.version), st.integers(1, kept.version)), "base")
        return office, key, base, after

    @staticmethod
    def based(base: int, after: tuple[int, int] | None) -> dict[str, int]:
        return {"after": after[1]} if after else {"base": base}

    # --- acts

    @rule(office=st.integers(0, 1), number=st.sampled_from(NUMBERS), amount=st.integers(1, 9), post=st.booleans())
    def save_new(self, office: int, number: str, amount: int, post: bool) -> None:
        key = ident()
        number = number or f"N{len(self.vouchers)}"
        operation = self.offices[office].save(key, journal(number, amount=amount), post_to=BOOK if post else [])
        free = self.holder(number) is None
        self.push(office, operation, "applied" if free else "NUMBER_TAKEN")
        if free:
            self.vouchers[key] = kept = Kept(1, 1, number, amount)
            if post:
                kept.enqueue("post", True)

    @precondition(lambda self: self.vouchers)
    @rule(data=st.data(), number=st.sampled_from(NUMBERS), amount=st.integers(1, 9), post=st.booleans())
    def save_again(self, data: st.DataObject, number: str, amount: int, post: bool) -> None:
        office, key, base, after = self.draw(data)
        kept = self.vouchers[key]
        number = number or kept.number
        body = journal(number, amount=amount)
        operation = self.offices[office].save(key, body, post_to=BOOK if post else [], **self.based(base, after))
        expected, chained = self.judged(key, base, after)
        if not expected and kept.posted and not chained:
            expected = "ACT_POSTED"
        if not expected and self.holder(number) not in (None, key):
            expected = "NUMBER_TAKEN"
        self.push(office, operation, expected or "applied")
        if expected:
            return
        kept.version += 1
        kept.body_version, kept.number, kept.amount, kept.running = kept.version, number, amount, False
        if kept.posted:
            kept.enqueue("replace", post)
        elif post:
            kept.enqueue("post", True)

    @precondition(lambda self: self.vouchers)
    @rule(data=st.data(), act=st.sampled_from((POST, UNPOST, DELETE)))
    def act(self, data: st.DataObject, act: str) -> None:
        office, key, base, after = self.draw(data)
        kept = self.vouchers[key]
        operation = self.offices[office].act(key, act, **self.based(base, after))
        expected, chained = self.judged(key, base, after)
        leaving = bool(kept.queue) and kept.running and kept.queue[-1][0] in ("unpost", "delete")
        if not expected and act == POST and kept.posted and not leaving:
            expected = "ACT_POSTED"
        posting = bool(kept.queue) and kept.running and not leaving
        if not expected and act == UNPOST and not kept.posted and not posting:
            expected = "ACT_NOT_POSTED"
        if not expected and act == DELETE and kept.posted and not chained:
            expected = "ACT_POSTED"
        self.push(office, operation, expected or "applied")
        if expected:
            return
        kept.version += 1
        if act != DELETE:
            kept.enqueue(act, act == POST)
        elif kept.posted:
            kept.enqueue(act, False)
            self.serve()  # a data server does nothing more with it until it is gone
        else:
            kept.deleted, kept.body_version, kept.running = True, kept.version, False

    @rule()
    def serve(self) -> None:
        """The lane is worked off."""
        drain(self.lane)
        for kept in self.vouchers.values():
            kept.serve()

    # --- the line

    @precondition(lambda self: any(self.sent))
    @rule(data=st.data())
    def sent_again(self, data: st.DataObject) -> None:
        """Any run of what was sent comes a second time: every one is told what it was told, and nothing changes."""
        office = data.draw(st.sampled_from([at for at, sent in enumerate(self.sent) if sent]))
        first = data.draw(st.integers(0, len(self.sent[office]) - 1))
        part = self.sent[office][first : first + data.draw(st.integers(1, 5))]
        before = self.store.tenant(self.offices[office].ref).seq
        answers = self.offices[office].push(*(operation for operation, _ in part))
        for (_, told), again in zip(part, answers, strict=True):
            assert (again.result, again.first) == ("duplicate", told.result)
            assert (again.version, again.seq) == (told.version, told.seq)
            assert [fault.code for fault in again.faults] == [fault.code for fault in told.faults]
        assert self.store.tenant(self.offices[office].ref).seq == before

    @rule(office=st.integers(0, 1))
    def a_gap_is_refused_whole(self, office: int) -> None:
        sender = self.offices[office]
        sender.n += 1
        answer = sender.send([sender.save(ident(), journal())])
        assert answer.fault is not None
        assert answer.fault.code == "EPOCH_UNKNOWN"
        sender.n -= 2

    # --- what must be the same

    @invariant()
    def the_same(self) -> None:
        if not hasattr(self, "store"):
            return
        found = items(self.store, self.offices[0].ref)
        for key, kept in self.vouchers.items():
            item = found[key]
            assert (item.version, item.deleted) == (kept.version, kept.deleted)
            states = {state.book: state for state in item.books}
            book = states.get("financial")
            assert bool(book and book.posted) == kept.posted
            assert bool(book and book.running) == kept.running
            assert sum(not entry_set.voided_seq for entry_set in item.sets) == kept.posted
            if not kept.deleted:
                body = msgspec.json.decode(item.body)
                assert (body["number"], body["lines"][0]["amount"]) == (kept.number, str(kept.amount))

    @invariant()
    def the_books_are_the_sum_of_live_sets(self) -> None:
        """I8."""
        if hasattr(self, "store"):
            ref = self.offices[0].ref
            assert balances(self.store, ref) == rebuilt(items(self.store, ref).values())

    def teardown(self) -> None:
        """I9 at rest: the live set of a posted voucher is of its newest body."""
        if not hasattr(self, "store"):
            return
        self.serve()
        self.the_same()
        for key, item in items(self.store, self.offices[0].ref).items():
            for entry_set in item.sets:
                if not entry_set.voided_seq:
                    assert entry_set.version >= self.vouchers[key].body_version


TestRow20Accept, TestRow20AcceptLong = cases(Accepting, 25)
