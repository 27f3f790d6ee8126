"""Accept: what becomes of a batch of operations. Pure: facts in, outcomes and changes out.

A refused operation is recorded and the queue goes on. A later operation of the batch sees what an earlier one did. What
a store must keep under lock between the facts and the changes: every object named in `Wanted`.

Versions count accepted acts of people. Posting is not done here: wishes become work for the tenant's lane, and the
books' state only says what was asked and what runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import msgspec

from socai.base.fault import Fault
from socai.core.catalog import KINDS, check_used
from socai.core.check import check_named
from socai.core.company import check_lock_moved
from socai.core.numbering import is_provisional
from socai.core.spec import VoucherSpec
from socai.core.voucher import Body, catalog_references
from socai.sync.fact import (
    BookFact,
    Changes,
    EntryFact,
    Objects,
    VoucherFact,
    WorkItem,
    is_the_form,
    locked_out,
    others_did,
    winner_of,
)
from socai.sync.grant import MACHINE, POSTING_KINDS, may_catalog, may_renumber, may_voucher
from socai.sync.lane import DELETE as LANE_DELETE
from socai.sync.lane import POST as LANE_POST
from socai.sync.lane import REPLACE as LANE_REPLACE
from socai.sync.lane import UNPOST as LANE_UNPOST
from socai.sync.message import (
    APPLIED,
    CONFLICT,
    DELETE,
    DUPLICATE,
    NUMBER,
    POST,
    QUICK_EDIT,
    REJECTED,
    RENUMBER,
    SAVE,
    UNPOST,
    VOUCHER,
    Operation,
    Outcome,
    WireFault,
)
from socai.sync.reading import Frame, Key, Reading, Record

VISIBLE_IN_BOOKS = frozenset(("description",))
"""Free fields that the books print all the same: changing one makes a new entry set."""

RUNNING = {LANE_POST: "post", LANE_REPLACE: "post", LANE_UNPOST: "unpost", LANE_DELETE: "delete"}


class Refused(Exception):
    """Ends the judging of one operation with its outcome; never leaves this module."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


def decide(frame: Frame, objects: Objects, readings: Sequence[Reading]) -> tuple[list[Outcome], Changes]:
    """One outcome per operation, in order, and the changes to write. Outcomes carry seq 0: the store fills it in."""
    judge = _Judge(frame, objects)
    outcomes = [judge.answer(reading) for reading in readings]
    return outcomes, judge.changes


class _Judge:
    """The facts as they move while a batch is judged."""

    def __init__(self, frame: Frame, objects: Objects) -> None:
        self.frame = frame
        self.vouchers = dict(objects.vouchers)
        self.entries = dict(objects.entries)
        self.codes = dict(objects.codes)
        self.numbers = dict(objects.numbers)
        self.recorded = dict(frame.recorded)
        self.changes = Changes()

    def answer(self, reading: Reading) -> Outcome:
        """The outcome of one operation; what it changed is noted."""
        operation = reading.operation
        known = self.recorded.get(operation.n)
        if known is not None:
            return self._duplicate(operation, known)
        for earlier in self.frame.earlier.get(operation.act_id, ()):
            if earlier.id == operation.id:
                outcome = self._duplicate(operation, earlier)
                self._record(operation, outcome, earlier.result)
                return outcome
        try:
            if told := self.frame.refused.get(operation.n):
                raise Refused(Outcome(operation.n, REJECTED, faults=list(told)))
            if reading.faults:
                raise Refused(rejected(operation, *reading.faults))
            version = self._voucher(reading) if operation.kind == VOUCHER else self._entry(reading)
            outcome = Outcome(operation.n, APPLIED, version)
        except Refused as refusal:
            outcome = refusal.outcome
        self._record(operation, outcome, outcome.result)
        return outcome

    def _duplicate(self, operation: Operation, known: Record) -> Outcome:
        winner = winner_of(self._found(operation)) if known.result == CONFLICT else None
        return Outcome(operation.n, DUPLICATE, known.version, known.seq, known.result, list(known.faults), winner)

    def _record(self, operation: Operation, outcome: Outcome, result: str) -> None:
        record = Record(
            *(operation.n, operation.act_id, operation.sha256, operation.id),
            *(result, outcome.version, outcome.seq, tuple(outcome.faults)),
        )
        self.changes.records.append((operation, record))
        self.recorded[operation.n] = record

    def _found(self, operation: Operation) -> VoucherFact | EntryFact | None:
        entry = self.entries.get((operation.object_kind, operation.id))
        return self.vouchers.get(operation.id) if operation.kind == VOUCHER else entry

    def _base(self, operation: Operation, version: int) -> bool:
        """Refuses unless the object stands at the version this was made on. True where that is our own earlier act."""
        expected, chained = operation.base.version, bool(operation.base.operation)
        if chained:
            before = self.recorded.get(operation.base.operation)
            if before is None or before.result != APPLIED or before.id != operation.id:
                raise Refused(rejected(operation, Fault("BASE_REFUSED", "base", {"n": str(operation.base.operation)})))
            expected = before.version
        found = self._found(operation)
        if expected == version and is_the_form(self.frame, operation, found):
            return chained
        if version == 0 and operation.kind == VOUCHER:
            raise Refused(rejected(operation, Fault("VOUCHER_UNKNOWN", "id", {"id": operation.id})))
        if version == 0:
            params = {"kind": operation.object_kind, "id": operation.id}
            raise Refused(rejected(operation, Fault("CATALOG_UNKNOWN", "id", params)))
        fault = WireFault("CONFLICT", "base", others_did(found, expected) if found else {})
        raise Refused(Outcome(operation.n, CONFLICT, version, faults=[fault], winner=winner_of(found)))

    # --- vouchers -----------------------------------------------------------------------------------------------

    def _voucher(self, reading: Reading) -> int:
        operation = reading.operation
        found = self.vouchers.get(operation.id)
        branches = [branch for branch in (reading.branch, found.branch if found else "") if branch]
        grant = MACHINE if operation.act == NUMBER else self.frame.grants.get(operation.user)
        held = found is not None and any(book.posted for book in found.books)
        may = may_renumber if operation.act == RENUMBER and held else may_voucher
        _refuse(operation, may(grant, self.frame.branches, operation.act, branches))
        chained = self._base(operation, found.version if found else 0)
        if found is not None and found.deleted:
            raise Refused(rejected(operation, Fault("ACT_DELETED", "act", {"act": operation.act})))
        if found is not None and found.type != operation.object_kind:
            raise Refused(rejected(operation, Fault("TYPE_UNKNOWN", "type", {"type": operation.object_kind})))
        if found is None:
            if operation.act != SAVE:
                raise Refused(rejected(operation, Fault("VOUCHER_UNKNOWN", "id", {"id": operation.id})))
            return self._new(reading)
        _refuse(operation, locked_out(self.frame, reading, found))
        if operation.act == SAVE:
            return self._save(reading, found, chained)
        if operation.act == POST:
            return self._post(operation, found)
        if operation.act == UNPOST:
            return self._unpost(operation, found)
        if operation.act == DELETE:
            return self._delete(operation, found, chained)
        return self._light_edit(reading, found)

    def _new(self, reading: Reading) -> int:
        operation = reading.operation
        self._check_body(reading, None)
        made = self._fact(reading, 1, 1, ())
        self._take_number(reading, None)
        self._work(operation, made, dict.fromkeys(operation.post_to, LANE_POST), frozenset(operation.post_to))
        return 1

    def _save(self, reading: Reading, found: VoucherFact, chained: bool) -> int:
        """A changed body. A posted voucher is changed only by who made it posted, on the result of that very act."""
        operation = reading.operation
        posted = {book.book for book in found.books if book.posted}
        if posted and not chained:
            raise Refused(rejected(operation, Fault("ACT_POSTED", "act", {"act": operation.act})))
        self._check_body(reading, found)
        kept = reading.body["books"]
        acts = dict.fromkeys(operation.post_to, LANE_POST)
        for book in posted:
            acts[book] = LANE_REPLACE if isinstance(kept, list) and book in kept else LANE_UNPOST
        self._history(found)
        made = self._fact(reading, found.version + 1, found.version + 1, found.books, found)
        self._take_number(reading, found)
        self._work(operation, made, acts, frozenset(operation.post_to))
        return made.version

    def _light_edit(self, reading: Reading, found: VoucherFact) -> int:
        """Quick edit, renumber, final number. What the books print of it makes a new set where one is or will be."""
        operation = reading.operation
        spec = self.frame.specs[found.type]
        free = spec.free_fields if operation.act == QUICK_EDIT else frozenset(("number",))
        before: Body = msgspec.json.decode(found.body)
        changed = {name for name in {*before, *reading.body} if before.get(name) != reading.body.get(name)}
        if changed - free:
            place = min(changed - free)
            raise Refused(rejected(operation, Fault("ACT_UNAVAILABLE", place, {"act": operation.act})))
        if operation.act == NUMBER and not is_provisional(found.number):
            raise Refused(rejected(operation, Fault("ACT_UNAVAILABLE", "number", {"act": operation.act})))
        self._check_body(reading, found)
        visible = bool(changed & (VISIBLE_IN_BOOKS | {"number"}))
        acts = {}
        if visible:
            for book in found.books:
                if book.posted or book.running == "post":
                    acts[book.book] = LANE_REPLACE if book.posted else LANE_POST
        version = found.version + 1
        self._history(found)
        made = self._fact(reading, version, version if visible else found.body_version, found.books, found)
        self._take_number(reading, found)
        asked = frozenset(book.book for book in found.books if book.asked or book.posted)
        if visible:
            self._work(operation, made, acts, asked)
        return version

    def _post(self, operation: Operation, found: VoucherFact) -> int:
        books = self._asked_books(operation, found)
        for book in books:
            state = found.book(book)
            if state.posted and state.running not in ("unpost", "delete"):
                raise Refused(rejected(operation, Fault("ACT_POSTED", "act", {"act": operation.act})))
        return self._act(operation, found, dict.fromkeys(books, LANE_POST), frozenset(books))

    def _unpost(self, operation: Operation, found: VoucherFact) -> int:
        books = self._asked_books(operation, found)
        for book in books:
            state = found.book(book)
            if not state.posted and state.running != "post":
                raise Refused(rejected(operation, Fault("ACT_NOT_POSTED", "act", {"act": operation.act})))
        return self._act(operation, found, dict.fromkeys(books, LANE_UNPOST), frozenset())

    def _delete(self, operation: Operation, found: VoucherFact, chained: bool) -> int:
        """At once where no book holds it; through the lane where our own earlier act has posted it meanwhile."""
        posted = [book.book for book in found.books if book.posted]
        if posted and not chained:
            raise Refused(rejected(operation, Fault("ACT_POSTED", "act", {"act": operation.act})))
        if posted:
            held = [book.book for book in found.books if book.posted or book.running]
            return self._act(operation, found, dict.fromkeys(held, LANE_DELETE), frozenset())
        self._history(found)
        books = tuple(replace(book, asked=False, running="", work=0) for book in found.books)
        made = replace(
            found,
            version=found.version + 1,
            body_version=found.version + 1,
            deleted=True,
            author=operation.user,
            at=self.frame.arrived_at,
            books=books,
        )
        self._put(made)
        for book in books:
            self.changes.books[made.id, book.book] = book
        self._give_number(found)
        return made.version

    def _act(self, operation: Operation, found: VoucherFact, acts: Mapping[str, str], asked: frozenset[str]) -> int:
        """An act that leaves the body alone: one version more, and work."""
        self._history(found)
        made = replace(found, version=found.version + 1, author=operation.user, at=self.frame.arrived_at)
        self._put(made)
        self._work(operation, made, acts, asked, only=True)
        return made.version

    def _asked_books(self, operation: Operation, found: VoucherFact) -> list[str]:
        books = sorted({*operation.books, *operation.post_to})
        own = msgspec.json.decode(found.body).get("books") or []
        for book in books:
            if book not in own and not found.book(book).posted:
                raise Refused(rejected(operation, Fault("BOOK_UNKNOWN", "books", {"book": book})))
        if not books:
            raise Refused(rejected(operation, Fault("FIELD_REQUIRED", "books", {"field": "books"})))
        return books

    def _check_body(self, reading: Reading, found: VoucherFact | None) -> None:
        """References, number and books to post to. An entry no longer followed may stay where it already stood."""
        operation = reading.operation
        spec = self.frame.specs[operation.object_kind]
        before = _named(spec, found)
        written = [item for item in reading.named if item[0]]  # the fiscal year is named by no cell
        faults = list(check_named(written, self._known(before)))
        holder = self.numbers.get((reading.series, reading.number)) if reading.number else None
        if holder and holder != operation.id:
            faults.append(Fault("NUMBER_TAKEN", "number", {"number": reading.number, "voucher": holder}))
        own = reading.body["books"]
        for book in operation.post_to:
            if not isinstance(own, list) or book not in own:
                faults.append(Fault("BOOK_UNKNOWN", "post_to", {"book": book}))
        if faults:
            raise Refused(rejected(operation, *faults))

    def _known(self, before: frozenset[Key]) -> Callable[[str, str], bool | None]:
        def known(kind: str, ident: str) -> bool | None:
            entry = self.entries.get((kind, ident))
            if entry is None or entry.deleted:
                return None
            return entry.active or (kind, ident) in before

        return known

    def _fact(
        self,
        reading: Reading,
        version: int,
        body_version: int,
        books: tuple[BookFact, ...],
        before: VoucherFact | None = None,
    ) -> VoucherFact:
        """The voucher as it now is, noted as changed together with what it names."""
        was_in = before.was_in if before else ()
        if before and before.branch != reading.branch:
            was_in = (*(branch for branch in was_in if branch not in (before.branch, reading.branch)), before.branch)
        operation = reading.operation
        made = VoucherFact(
            *(operation.id, version, body_version, operation.object_kind, reading.branch, reading.number),
            *(reading.series, reading.day, msgspec.json.encode(reading.body), operation.user, self.frame.arrived_at),
            was_in=was_in,
            books=books,
        )
        self._put(made)
        self._use(((kind, ident) for _, kind, ident in reading.named), reading.accounts)
        return made

    def _put(self, made: VoucherFact) -> None:
        before = self.vouchers.get(made.id)
        self.changes.vouchers_known.setdefault(made.id, before.version if before else 0)
        self.vouchers[made.id] = self.changes.vouchers[made.id] = made

    def _history(self, found: VoucherFact) -> None:
        self.changes.voucher_history.append(found)

    def _take_number(self, reading: Reading, found: VoucherFact | None) -> None:
        number = (reading.series, reading.number)
        if found is not None and (found.series, found.number) != number:
            self._give_number(found)
        if reading.number and self.numbers.get(number) != reading.operation.id:
            self.numbers[number] = self.changes.taken[number] = reading.operation.id

    def _give_number(self, found: VoucherFact) -> None:
        if found.number:
            number = (found.series, found.number)
            self.numbers.pop(number, None)
            self.changes.taken.pop(number, None)
            self.changes.freed[number] = found.id

    def _work(
        self,
        operation: Operation,
        made: VoucherFact,
        acts: Mapping[str, str],
        asked: frozenset[str],
        only: bool = False,
    ) -> None:
        """Queue the acts and say so in the books' states. Without `only`, other books forget what they waited for."""
        states = {book.book: book for book in made.books}
        for book, act in sorted(acts.items()):
            told = (tuple(operation.answered), operation.user, operation.act_id)
            item = WorkItem(made.id, book, act, made.version, book in asked, *told)
            self.changes.work.append(item)
            state = states.get(book, BookFact(book))
            keeps = act == LANE_REPLACE
            states[book] = replace(
                state, asked=book in asked or keeps, running=RUNNING[act], work=-1, fault_act="", faults=()
            )
        if not only:
            for book, state in states.items():
                if book not in acts:
                    states[book] = replace(state, asked=False, running="", work=0, fault_act="", faults=())
        changed = {book: state for book, state in states.items() if only is False or book in acts}
        for book, state in changed.items():
            self.changes.books[made.id, book] = state
        self._put(replace(made, books=tuple(states.values())))

    # --- catalogs -----------------------------------------------------------------------------------------------

    def _entry(self, reading: Reading) -> int:
        operation = reading.operation
        key = (operation.object_kind, operation.id)
        found = self.entries.get(key)
        grant = self.frame.grants.get(operation.user)
        branches = {reading.branch, _branch_of(found)} - {""} or {""}
        for branch in sorted(branches):
            _refuse(operation, may_catalog(grant, self.frame.branches, operation.object_kind, branch))
        self._base(operation, found.version if found else 0)
        if operation.act == DELETE:
            return self._delete_entry(operation, found)
        if found is not None and found.deleted and not KINDS[operation.object_kind].natural:
            raise Refused(rejected(operation, Fault("ACT_DELETED", "act", {"act": operation.act})))
        self._check_entry(reading, found)
        version = found.version + 1 if found else 1
        made = EntryFact(
            *(*key, version, reading.code_key, msgspec.json.encode(reading.body), operation.user),
            at=self.frame.arrived_at,
            active=bool(reading.body.get("active", True)),
            used=found.used if found else False,
        )
        self._put_entry(made, found)
        if reading.code_key:
            self.codes[operation.object_kind, reading.code_key] = operation.id
        self._use(((kind, ident) for _, kind, ident in reading.named), reading.accounts)
        return version

    def _check_entry(self, reading: Reading, found: EntryFact | None) -> None:
        operation = reading.operation
        faults = []
        holder = self.codes.get((operation.object_kind, reading.code_key)) if reading.code_key else None
        if holder and holder != operation.id:
            code = str(reading.body.get("code", ""))
            faults.append(Fault("CATALOG_CODE_TAKEN", "code", {"code": code, "kind": operation.object_kind}))
        before: Body = msgspec.json.decode(found.body) if found and not found.deleted else {}
        if operation.object_kind == "lock" and (fault := check_lock_moved(before, reading.body)):
            faults.append(fault)
        if found and found.used and (fault := check_used(operation.object_kind, before, reading.body)):
            faults.append(fault)
        for place, kind, ident in reading.named:
            entry = self.entries.get((kind, ident))
            if entry is None or entry.deleted:
                faults.append(Fault("CATALOG_UNKNOWN", place, {"kind": kind, "id": ident}))
            elif not entry.active and before.get(place) != ident:
                faults.append(Fault("CATALOG_INACTIVE", place, {"kind": kind, "id": ident}))
        if faults:
            raise Refused(rejected(operation, *faults))

    def _delete_entry(self, operation: Operation, found: EntryFact | None) -> int:
        if found is None or found.deleted:
            raise Refused(rejected(operation, Fault("ACT_DELETED", "act", {"act": operation.act})))
        if KINDS[found.kind].single:
            raise Refused(rejected(operation, Fault("ACT_UNAVAILABLE", "act", {"act": operation.act})))
        if found.used:
            code = str(msgspec.json.decode(found.body).get("code") or found.id)
            raise Refused(rejected(operation, Fault("CATALOG_USED", "id", {"id": code, "kind": found.kind})))
        made = replace(found, version=found.version + 1, deleted=True, author=operation.user, at=self.frame.arrived_at)
        self._put_entry(made, found)
        return made.version

    def _put_entry(self, made: EntryFact, before: EntryFact | None) -> None:
        key = (made.kind, made.id)
        self.changes.entries_known.setdefault(key, before.version if before else 0)
        if before is not None:
            self.changes.entry_history.append(before)
            if before.code_key and (made.deleted or before.code_key != made.code_key):
                self.codes.pop((made.kind, before.code_key), None)
        self.entries[key] = self.changes.entries[key] = made
        self.changes.settings = self.changes.settings or made.kind in POSTING_KINDS

    def _use(self, named: Iterable[Key], accounts: frozenset[str]) -> None:
        """Note that these entries are named from now on. Accounts of the regime's chart are no entries."""
        for key in (*named, *(("account", code) for code in accounts)):
            entry = self.entries.get(key)
            if entry is None or entry.used or entry.deleted:
                continue
            self.entries[key] = replace(entry, used=True)
            if key in self.changes.entries:
                self.changes.entries[key] = self.entries[key]
            else:
                self.changes.used.add(key)


def rejected(operation: Operation, *faults: Fault) -> Outcome:
    """The outcome of an operation that is refused for good."""
    wire = [
        WireFault(fault.code, fault.field, {name: str(value) for name, value in fault.params.items()})
        for fault in faults
    ]
    return Outcome(operation.n, REJECTED, faults=wire)


def _refuse(operation: Operation, fault: Fault | None) -> None:
    if fault is not None:
        raise Refused(rejected(operation, fault))


def _named(spec: VoucherSpec, found: VoucherFact | None) -> frozenset[Key]:
    if found is None:
        return frozenset()
    body: Body = msgspec.json.decode(found.body)
    return frozenset((kind, ident) for _, kind, ident in catalog_references(spec, body))


def _branch_of(found: EntryFact | None) -> str:
    return str(msgspec.json.decode(found.body).get("branch", "")) if found else ""
