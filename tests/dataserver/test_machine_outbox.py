"""Row 20: the outbox against a plain list. Whatever order people, line and cloud come in, both hold the same.

The acts are those of the statements in store/outbox.py, called as exchange.py, answering.py and outgoing.py call them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from socai.dataserver.store import outbox
from socai.dataserver.store.file import MEMORY
from socai.dataserver.store.outbox import ANSWERED, SENT, WAITING, NewOperation
from socai.dataserver.store.replica import Replica
from support.machine import cases

OBJECTS = ("voucher-1", "voucher-2", "entry-1")
KINDS = {"voucher-1": "voucher", "voucher-2": "voucher", "entry-1": "catalog"}
RESULTS = ("applied", "rejected", "conflict")


@dataclass(frozen=True)
class Row:
    """One operation as the model keeps it; None where the file has NULL."""

    act_id: str
    object: str
    base_version: int
    base_place: int
    place: int
    epoch: int | None = None
    n: int | None = None
    operation: bytes | None = None
    state: int = WAITING
    result: str = ""
    version: int = 0
    answered_at: str = ""


class Outbox(RuleBasedStateMachine):
    """The statements on a real file beside a list."""

    @initialize()
    def open(self) -> None:
        self.file = Replica(MEMORY, threaded=False)
        self.rows: list[Row] = []
        self.epoch, self.next_n, self.clock, self.acts = 1, 1, 0, 0

    def teardown(self) -> None:
        if hasattr(self, "file"):
            self.file.close()

    # --- the model's words

    def change(self, old: Row, **new: object) -> None:
        self.rows[self.rows.index(old)] = replace(old, **new)  # type: ignore[arg-type]

    def those(self, state: int) -> list[Row]:
        return [row for row in self.rows if row.state == state]

    def at(self) -> str:
        self.clock += 1
        return f"2026-11-22T{self.clock:06d}"

    # --- people

    @rule(name=st.sampled_from(OBJECTS), version=st.integers(0, 3))
    def add(self, name: str, version: int) -> None:
        """An act at the end, on the newest unanswered one of its object."""
        pending = [row for row in self.rows if row.object == name and row.state != ANSWERED]
        base = (pending[-1].base_version, pending[-1].place) if pending else (version, 0)
        self.acts += 1
        new = NewOperation(
            f"act-{self.acts}", "lan", "", 1, KINDS[name], "kind", name, "save", 1, base[0], base[1],
        )  # fmt: skip
        place = self.file.write(lambda db: outbox.add(db, new))
        assert place > max((row.place for row in self.rows), default=0)  # it stands behind everything
        self.rows.append(Row(new.act_id, name, *base, place))

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        """Only what was never sent can be taken back; of an object only its newest is."""
        row = data.draw(st.sampled_from(self.rows))
        newest = [other for other in self.rows if other.object == row.object][-1]
        self.file.write(lambda db: outbox.drop(db, newest.place))
        if newest.state == WAITING:
            self.rows.remove(newest)

    # --- the line

    @rule(count=st.integers(1, 4))
    def seal(self, count: int) -> None:
        """The first that wait get the next numbers; nothing while something is under way."""
        if self.those(SENT):
            return
        for row in self.those(WAITING)[:count]:
            n, content = self.next_n, f"{self.epoch}/{self.next_n}/{row.act_id}".encode()
            place, epoch, base = row.place, self.epoch, row.base_version
            self.file.write(
                lambda db, p=place, e=epoch, n=n, c=content, b=base: outbox.seal(db, p, e, n, c, "h", b, "")
            )
            self.change(row, epoch=epoch, n=n, operation=content, state=SENT)
            self.next_n += 1

    @rule(results=st.lists(st.sampled_from(RESULTS), max_size=4))
    def answered(self, results: list[str]) -> None:
        """The cloud answers some of what was sent, in order."""
        for row, result in zip(self.those(SENT), results, strict=False):
            at, version = self.at(), row.base_version + 1 if result == "applied" else 0
            found = self.file.write(lambda db, n=row.n: outbox.by_n(db, self.epoch, n or 0))
            assert found is not None
            assert found.place == row.place
            self.file.write(
                lambda db, p=row.place, r=result, v=version, at=at: outbox.answer(db, p, r, v, 7 if v else 0, "", at)
            )
            self.change(row, state=ANSWERED, result=result, version=version, answered_at=at)
            if result == "rejected":
                self.rebased(self.rows[[other.place for other in self.rows].index(row.place)])

    def rebased(self, fallen: Row) -> None:
        """What waits on a refused act stands on what that one was made on."""
        args = (fallen.object, fallen.place, fallen.base_version, fallen.base_place)
        self.file.write(lambda db: outbox.rebase(db, *args))
        for row in self.those(WAITING):
            if row.object == fallen.object and row.base_place == fallen.place:
                self.change(row, base_version=fallen.base_version, base_place=fallen.base_place)

    # --- what restored and cloned machines do to it

    def unsent(self, after: int, answered_too: bool) -> None:
        epoch = self.epoch
        self.file.write(lambda db: outbox.unsend(db, after, epoch, answered_too))
        for row in list(self.rows):
            again = row.state == SENT or (answered_too and row.state == ANSWERED and row.result == "applied")
            if row.epoch == epoch and row.n is not None and row.n > after and again:
                refused = row.result == "rejected"  # told again as refused, if at all: it is never done after all
                state, result = (ANSWERED, row.result) if refused else (WAITING, "")
                self.change(row, epoch=None, n=None, operation=None, state=state, result=result)

    @rule(answered_too=st.booleans())
    def new_epoch(self, answered_too: bool) -> None:
        """What has no answer goes again under new numbers."""
        self.unsent(0, answered_too)
        self.epoch, self.next_n = self.epoch + 1, 1

    @precondition(lambda self: self.those(SENT))
    @rule()
    def given_up(self) -> None:
        """One that the cloud will not even read is refused here, and its number goes to the one behind it."""
        row = self.those(SENT)[0]
        self.unsent((row.n or 0) - 1, False)
        self.next_n = row.n or 0
        at = self.at()
        self.file.write(lambda db: outbox.answer(db, row.place, "rejected", 0, 0, "", at))
        now = next(other for other in self.rows if other.place == row.place)
        self.change(now, state=ANSWERED, result="rejected", version=0, answered_at=at)
        self.rebased(now)

    @rule(after=st.integers(0, 6))
    def cloud_restored(self, after: int) -> None:
        """The same bytes under the same numbers again; what was refused (nothing here is in conflict), as refused."""
        epoch = self.epoch
        self.file.write(lambda db: outbox.resend(db, after, epoch))
        for row in list(self.rows):
            if row.epoch == epoch and row.n is not None and row.n > after and row.state == ANSWERED:
                self.change(row, state=SENT, result="" if row.result == "applied" else "rejected", version=0)

    @rule(age=st.integers(0, 10), limit=st.integers(1, 5))
    def forget(self, age: int, limit: int) -> None:
        """Old applied ones go; never the newest place, so that no place is given twice."""
        before = f"2026-11-22T{max(self.clock - age, 0):06d}"
        self.file.write(lambda db: outbox.forget(db, before, limit))
        if not self.rows:
            return
        first, last = min(row.place for row in self.rows), max(row.place for row in self.rows)
        self.rows = [
            row
            for row in self.rows
            if not (
                row.place < first + limit
                and row.place < last
                and (row.state, row.result) == (ANSWERED, "applied")
                and row.answered_at < before
            )
        ]

    # --- what must be the same

    @invariant()
    def the_same(self) -> None:
        if not hasattr(self, "file"):
            return
        with self.file.read() as db:
            kept = [outbox.row(db, place) for (place,) in db.execute("SELECT place FROM outbox ORDER BY place")]
            found = [
                Row(
                    *(row.act_id, row.object, row.base_version, row.base_place, row.place, row.epoch, row.n),
                    *(row.operation, row.state, row.result, row.version, row.answered_at),
                )
                for row in kept
                if row is not None
            ]
            model = sorted(self.rows, key=lambda row: row.place)
            assert [shown(row) for row in found] == [shown(row) for row in model]
            assert [row.place for row in outbox.sent(db, 99)] == [row.place for row in model if row.state == SENT]
            assert [row.place for row in outbox.waiting(db, 99)] == [r.place for r in model if r.state == WAITING]
            for name in OBJECTS:
                mine = [
                    row.place
                    for row in model
                    if row.object == name and row.state != ANSWERED and row.result != "rejected"  # only told again
                ]
                assert [row.place for row in outbox.open_of(db, KINDS[name], "kind", name)] == mine
            assert outbox.any_open(db) == any(row.state != ANSWERED for row in model)
            assert outbox.counts(db)[:2] == (len(self.those(WAITING)), len(self.those(SENT)))

    @invariant()
    def numbers_are_given_once_and_rise(self) -> None:
        """I2 and I3, off the file itself."""
        if not hasattr(self, "file"):
            return
        with self.file.read() as db:
            pairs = db.execute("SELECT epoch, n FROM outbox WHERE n IS NOT NULL ORDER BY place").fetchall()
        assert len(set(pairs)) == len(pairs)
        now = [n for epoch, n in pairs if epoch == self.epoch]
        assert now == sorted(now)


def shown(row: Row) -> tuple[object, ...]:
    """A row; when it was answered matters only while it is."""
    at = row.answered_at if row.state == ANSWERED else ""
    return (row.act_id, row.object, row.base_version, row.base_place, row.place, row.epoch, row.n, row.operation,
            row.state, row.result, row.version if row.state == ANSWERED else 0, at)  # fmt: skip


TestRow20Outbox, TestRow20OutboxLong = cases(Outbox, 25)
