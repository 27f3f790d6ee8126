"""Objects as accept knows them, and the changes it decides. Plain data: what both stores load, keep and write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from socai.base.calendar import day_of_key
from socai.base.fault import Fault
from socai.core.check import locked
from socai.sync.message import POST, SAVE, UNPOST, BookState, Operation, Winner, WireFault, form_hash, raw_body
from socai.sync.reading import Frame, Key, Number, Reading, Record


@dataclass(frozen=True, slots=True)
class BookFact:
    """A voucher in one book. `work` is the newest piece of work; -1 stands for one of this batch, numbered on apply."""

    book: str
    asked: bool = False
    posted: bool = False
    running: str = ""
    work: int = 0
    set_no: int = 0
    version: int = 0
    fault_act: str = ""
    faults: tuple[WireFault, ...] = ()
    posted_at: str = ""

    def wire(self) -> BookState:
        """As it travels in the feed."""
        return BookState(
            self.book, self.asked, self.posted, self.running, self.fault_act, list(self.faults), self.posted_at
        )


@dataclass(frozen=True, slots=True)
class VoucherFact:
    """A voucher at its newest. `body` is JSON text of the normal form."""

    id: str
    version: int
    body_version: int
    type: str
    branch: str
    number: str
    series: str
    day: int
    body: bytes
    author: str
    at: str
    was_in: tuple[str, ...] = ()
    deleted: bool = False
    books: tuple[BookFact, ...] = ()

    def book(self, name: str) -> BookFact:
        """Its state in a book; the blank one where nothing was ever asked there."""
        return next((item for item in self.books if item.book == name), BookFact(name))


@dataclass(frozen=True, slots=True)
class EntryFact:
    """A catalog entry at its newest."""

    kind: str
    id: str
    version: int
    code_key: str
    body: bytes
    author: str
    at: str
    active: bool = True
    used: bool = False
    deleted: bool = False


def winner_of(found: VoucherFact | EntryFact | None) -> Winner | None:
    """An object as it is told to somebody whose act came too late."""
    if found is None:
        return None
    return Winner(found.version, found.author, found.at, found.deleted, raw_body(b"" if found.deleted else found.body))


def others_did(found: VoucherFact | EntryFact, seen: int) -> dict[str, str]:
    """Who has done what, and when, to an object since its version `seen`: deleted, unposted or changed it."""
    did = "deleted" if found.deleted else "changed"
    if isinstance(found, VoucherFact) and not found.deleted and found.body_version <= seen:
        gone = (
            book.running == "unpost" or (book.set_no and not book.posted and not book.asked) for book in found.books
        )
        did = "unposted" if any(gone) else did
    return {"author": found.author, "time": found.at, "did": did}


@dataclass(frozen=True, slots=True)
class Objects:
    """What the store found of `Wanted`. `codes` and `numbers` say who holds them."""

    vouchers: Mapping[str, VoucherFact] = field(default_factory=dict)
    entries: Mapping[Key, EntryFact] = field(default_factory=dict)
    codes: Mapping[Key, str] = field(default_factory=dict)
    numbers: Mapping[Number, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WorkItem:
    """Work for the lane, in the order it is to be done. `asked`: see sync/lane.py."""

    voucher: str
    book: str
    act: str
    version: int
    asked: bool
    answered: tuple[str, ...]
    author: str
    act_id: str = ""


@dataclass
class Changes:
    """What the store writes, all or nothing. Of an object that `..._known` says 0 the store makes a new row.

    `records` are the log's rows; `freed` and `taken` numbers name the voucher that held or holds them.
    """

    vouchers: dict[str, VoucherFact] = field(default_factory=dict)
    vouchers_known: dict[str, int] = field(default_factory=dict)
    voucher_history: list[VoucherFact] = field(default_factory=list)
    books: dict[tuple[str, str], BookFact] = field(default_factory=dict)
    work: list[WorkItem] = field(default_factory=list)
    entries: dict[Key, EntryFact] = field(default_factory=dict)
    entries_known: dict[Key, int] = field(default_factory=dict)
    entry_history: list[EntryFact] = field(default_factory=list)
    used: set[Key] = field(default_factory=set)
    freed: dict[Number, str] = field(default_factory=dict)
    taken: dict[Number, str] = field(default_factory=dict)
    records: list[tuple[Operation, Record]] = field(default_factory=list)
    settings: bool = False

    @property
    def anything(self) -> bool:
        """Whether any object changed, so that the counter moves."""
        return bool(self.vouchers or self.entries)


def locked_out(frame: Frame, reading: Reading, found: VoucherFact) -> Fault | None:
    """DATE_LOCKED for an act on what stands in a locked period; only what no book holds may be moved out of it.

    A posting or unposting is judged in the lane, which no lock overtakes.
    """
    operation = reading.operation
    if operation.act in (POST, UNPOST) or not frame.calendar.locks:
        return None
    books = msgspec.json.decode(found.body).get("books") or []
    moves = operation.act == SAVE and not any(book.posted for book in found.books)
    day, branch = (reading.day, reading.branch) if moves else (found.day, found.branch)
    return locked(frame.calendar, branch, books, day_of_key(day))


def is_the_form(frame: Frame, operation: Operation, found: VoucherFact | EntryFact | None) -> bool:
    """Whether the version an operation names is the form its person saw: a restored cloud gives versions out again."""
    seen = frame.forms.get(operation.n)
    if not seen or operation.base.operation or found is None or found.deleted or not found.body:
        return True
    return form_hash(bytes(found.body)) == seen
