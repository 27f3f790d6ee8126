"""The messages of the sync protocol and their one JSON form. The two tiers meet in these and nowhere else.

Bodies travel verbatim (`msgspec.Raw`), so the hash of an operation is the hash of the bytes the DS made. Times are UTC,
ISO 8601 with `Z`; amounts are decimal strings inside bodies and integers of đồng in entries.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from socai.core.number_use import Use

PROTOCOL = 1  # raised when a message changes; the cloud accepts every version of the last 18 months
OPERATIONS_PER_PUSH_MAX = 500
PUSH_BYTES_MAX = 1_000_000  # of a push of several; one operation alone may be larger
BODY_BYTES_MAX = 4_000_000  # of one operation's body
FEED_ITEMS_MAX = 500
FEED_BYTES_MAX = 4_000_000
HELD_MAX = 500  # vouchers asked for again in one request
POLL_SECONDS_MAX = 25

APPLIED, DUPLICATE, REJECTED, CONFLICT = "applied", "duplicate", "rejected", "conflict"
VOUCHER, CATALOG = "voucher", "catalog"
SAVE, QUICK_EDIT, DELETE, POST, UNPOST, RENUMBER = "save", "quick_edit", "delete", "post", "unpost", "renumber"
NUMBER = "number"  # a provisional number becomes final: done by the data server itself, nobody's edit
BODY_ACTS = frozenset((SAVE, QUICK_EDIT, RENUMBER, NUMBER))  # an operation that asks one of these brings a form
BODILESS_ACTS = frozenset((DELETE, POST, UNPOST))


NO_BODY = msgspec.Raw(b"")
"""The one absent body: it is left out on the wire, as only a default's own object is."""


def raw_body(body: bytes) -> msgspec.Raw:
    """A body as it travels; empty bytes are an absent one."""
    return msgspec.Raw(body) if body else NO_BODY


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base of all messages: frozen, defaults left out on the wire."""


class WireFault(Message, frozen=True, omit_defaults=True):
    """A fault as it travels: code, field and the parameters of its sentence."""

    code: str
    field: str = ""
    params: dict[str, str] = {}


class Base(Message, frozen=True, omit_defaults=True):
    """What a change was made on: a cloud version, or the result of the replica's own operation n (version is 0)."""

    version: int = 0
    operation: int = 0


class Operation(Message, frozen=True, omit_defaults=True):
    """One act of a person on one object, as the outbox keeps it and the push carries it.

    `kind` is VOUCHER or CATALOG; `object_kind` the voucher type or the catalog kind. `body` is absent for delete,
    post and unpost. `post_to` lists books to post to; `books` the books the act is about. `answered` lists the codes of
    warnings the person has accepted.
    """

    replica: str
    epoch: int
    n: int
    act_id: str
    user: str
    made_at: str
    schema: int  # protocol the body was written under: always on the wire
    kind: str  # VOUCHER | CATALOG
    object_kind: str  # voucher type, or catalog kind
    id: str
    act: str
    base: Base
    books: list[str] = []
    post_to: list[str] = []
    body: msgspec.Raw = NO_BODY
    answered: list[str] = []
    sha256: str = ""


class Outcome(Message, frozen=True, omit_defaults=True):
    """The cloud's answer to one operation. For `duplicate`, `first` is the result it had the first time."""

    n: int
    result: str
    version: int = 0
    seq: int = 0
    first: str = ""
    faults: list[WireFault] = []
    winner: Winner | None = None


class Winner(Message, frozen=True, omit_defaults=True):
    """The version that won a conflict: who made it, when, and what it says (body empty when it was deleted)."""

    version: int
    author: str
    at: str
    deleted: bool = False
    body: msgspec.Raw = NO_BODY


class Hello(Message, frozen=True, omit_defaults=True):
    """Opens a session. `last_hash` is the sha256 of operation `last_n`; `timeline` is empty at the first hello."""

    protocol: int
    replica: str
    epoch: int
    last_n: int
    last_hash: str
    schema: int
    timeline: str
    cursor: str = ""
    program: str = ""  # the data server's release, for the operator's page


class HelloAnswer(Message, frozen=True, omit_defaults=True):
    """`verdict`: ok | new_epoch | quarantine | upgrade | rewind. `accepted_n`: the highest n the cloud has recorded.

    `new_epoch`: the file was restored or cloned; go on under `epoch` with n from 1. `rewind`: the cloud was restored;
    the replica re-sends acknowledged operations after `accepted_n` and takes its cursor back to `cursor`. Where the
    restored cloud has lost the replica's epoch too, `accepted_n` counts in `accepted_epoch`, and what came after it is
    sent again under the new `epoch`.
    """

    timeline: str
    verdict: str
    epoch: int
    accepted_n: int
    cursor: str = ""
    tenant: str = ""
    branches: list[str] = []
    series_mark: str = ""
    faults: list[WireFault] = []
    office: str = ""  # what the cloud calls this replica
    accepted_epoch: int = 0


class Push(Message, frozen=True, omit_defaults=True):
    """At most OPERATIONS_PER_PUSH_MAX operations and PUSH_BYTES_MAX bytes, n strictly rising by one.

    `refused` says of operations sent again to a restored cloud, by n, why the cloud had refused them before it lost
    its memory: it records them so, and never takes them after all, for their people may have gone on from there.

    `timeline` is the one the office knows: a cloud restored since takes nothing before a hello. `forms` says of
    operations made on a version, by n, what that version held (`form_hash`): a restored cloud gives versions out again,
    and may have another form under the same one. It is said by whoever has met a restored cloud.
    """

    protocol: int
    replica: str
    epoch: int
    operations: list[Operation]
    refused: dict[int, list[WireFault]] = {}
    timeline: str = ""
    forms: dict[int, str] = {}


class PushAnswer(Message, frozen=True, omit_defaults=True):
    """One outcome per operation, in order. `depth` and `estimate_seconds` describe the tenant's lane.

    `max_batch` is how many operations the next push had better carry; 0 is as many as it may.
    """

    timeline: str
    outcomes: list[Outcome]
    depth: int = 0
    estimate_seconds: float = 0.0
    max_batch: int = 0


class BookState(Message, frozen=True, omit_defaults=True):
    """Posting facts of one book. `running` is the work the lane has not answered yet."""

    book: str
    asked: bool = False
    posted: bool = False
    running: str = ""
    fault_act: str = ""
    faults: list[WireFault] = []
    posted_at: str = ""


class WireEntrySet(Message, frozen=True, omit_defaults=True):
    """An immutable set of entries of one version in one book. Voided sets travel too, with their entries.

    `entries` are arrays: [line, amount, debit|null, credit|null, description, cash_flow], a side being
    [account, currency, foreign, branch, partner, bank_account, fund, expense_item, department]. The texts from `number`
    on are those of the version the set was made from, which may be older than the item's body.
    """

    book: str
    set_no: int
    version: int
    day: str
    posted_seq: int
    voided_seq: int = 0
    entries: list[Any] = []
    number: str = ""
    voucher_date: str = ""
    branch: str = ""
    description: str = ""
    rate: str = "1"
    posted_at: str = ""


class FeedItem(Message, frozen=True, omit_defaults=True):
    """One changed object at its newest: a catalog entry, or a voucher with book states and entry sets.

    `bonds` name the documents that bind a voucher: `invoiced:NUMBER` (an issued e-invoice), `settled:NUMBER`.
    """

    kind: str
    object_kind: str
    id: str
    seq: int
    version: int
    author: str = ""
    at: str = ""
    deleted: bool = False
    body: msgspec.Raw = NO_BODY
    books: list[BookState] = []
    sets: list[WireEntrySet] = []
    bonds: list[str] = []


class FeedPage(Message, frozen=True, omit_defaults=True):
    """Items after the asked cursor in (seq, kind, id) order; `more` when the cloud has further ones at once.

    `depth` and `estimate_seconds` describe the tenant's lane once these items were read.
    """

    timeline: str
    items: list[FeedItem]
    cursor: str
    more: bool = False
    head_seq: int = 0
    depth: int = 0
    estimate_seconds: float = 0.0


class ChangeCount(Message, frozen=True, omit_defaults=True):
    """How many objects of a kind changed: `kind` is VOUCHER or CATALOG, `object_kind` the type or the catalog kind."""

    kind: str
    object_kind: str
    count: int


class Overview(Message, frozen=True, omit_defaults=True):
    """What lies after a cursor, counted. A reader more than `behind_max` objects behind does better by a snapshot."""

    timeline: str
    total: int = 0
    head_seq: int = 0
    counts: list[ChangeCount] = []
    behind_max: int = 0


class Held(Message, frozen=True, omit_defaults=True):
    """Vouchers a replica holds, with the seq it last heard of each: asked for again after a snapshot skipped a feed."""

    vouchers: dict[str, int]


class Reheard(Message, frozen=True, omit_defaults=True):
    """Those of the held vouchers that are another now than was heard, as they are; their order means nothing.

    `unknown`: those the cloud has nothing of: it was restored from a backup, and nobody has sent them again so far, or
    somebody has in a branch the asking office is not of.
    """

    timeline: str
    items: list[FeedItem] = []
    unknown: list[str] = []


class LogItem(Message, frozen=True, omit_defaults=True):
    """One moment of a voucher's life at the cloud: accepted | refused | conflict | posted | voided.

    `at` is the cloud's time, `made_at` the office's own; `office` its name, with `by` who acted there. A posting is
    told with the act that asked for it.
    """

    what: str
    at: str
    seq: int = 0
    act: str = ""
    by: str = ""
    office: str = ""
    made_at: str = ""
    replica: str = ""
    epoch: int = 0
    n: int = 0
    act_id: str = ""
    version: int = 0
    books: list[str] = []
    faults: list[WireFault] = []


class VoucherLog(Message, frozen=True, omit_defaults=True):
    """A voucher's life at the cloud, oldest first."""

    timeline: str
    items: list[LogItem] = []


class BalanceRow(Message, frozen=True, omit_defaults=True):
    """One kept balance in a snapshot, the key of core/balance.py and its four turnovers."""

    book: str
    dimension: int
    branch: str
    account: str
    currency: str
    detail: str
    period: int
    debit: int
    credit: int
    debit_foreign: int = 0
    credit_foreign: int = 0


class SnapshotChunk(Message, frozen=True, omit_defaults=True):
    """A line of the snapshot stream (NDJSON). The first carries `seq` and `cursor`; the last has `end` true.

    `vouchers` are those a book has refused and nobody has mended, with their live entry sets: whoever saved them is
    told at an office that begins here, too. They change no balances.
    """

    timeline: str = ""
    seq: int = 0
    cursor: str = ""
    catalog: list[FeedItem] = []
    balances: list[BalanceRow] = []
    vouchers: list[FeedItem] = []
    end: bool = False


class DownloadPage(Message, frozen=True, omit_defaults=True):
    """Vouchers of a period with their live entry sets as of `seq`: history on demand, never changing balances."""

    timeline: str
    items: list[FeedItem]
    after: str = ""
    total: int = 0


class Person(Message, frozen=True, omit_defaults=True):
    """A user as a DS caches it: argon2id hash and grants, valid until `valid_until`."""

    user: str
    name: str
    password_hash: str
    role: str
    branches: list[str] = []
    active: bool = True
    valid_until: str = ""


class People(Message, frozen=True, omit_defaults=True):
    """All users of a tenant, refreshed whenever the DS is online."""

    people: list[Person]
    version: str = ""


class SeriesWish(Message, frozen=True, omit_defaults=True):
    """Numbers wanted of the shared series that a type's voucher of a branch (and fund) draws from on a day.

    `held`: the highest count leased here already, so that a lease whose answer was lost is told again.
    """

    type: str
    branch: str
    day: str
    fund: str = ""
    count: int = 0
    held: int = 0


class NumberRange(Message, frozen=True, omit_defaults=True):
    """Counts `first` to `last` of a series."""

    series: str
    first: int
    last: int


class NumberNote(Message, frozen=True, omit_defaults=True):
    """What became of a number that no voucher carries any more, and that the cloud may never have seen."""

    n: int
    series: str
    number: str
    fate: str
    voucher: str = ""
    to: str = ""
    user: str = ""
    at: str = ""


class NumbersAsked(Message, frozen=True, omit_defaults=True):
    """Ranges wanted and given back, and notes to be kept. Asking twice is asking once."""

    protocol: int
    replica: str
    epoch: int
    wants: list[SeriesWish] = []
    returns: list[NumberRange] = []
    notes: list[NumberNote] = []


class NumbersAnswer(Message, frozen=True, omit_defaults=True):
    """The ranges leased to this replica that it does not hold yet. What was given back and noted is kept."""

    timeline: str
    leases: list[NumberRange] = []


class AccountAsked(Message, frozen=True, omit_defaults=True):
    """What became of every number of the series of a day? `own`: what the asking office has not sent yet."""

    replica: str
    type: str
    branch: str
    day: str
    fund: str = ""
    own: list[Use] = []


class RenumberAsked(Message, frozen=True, omit_defaults=True):
    """Renumber the vouchers of a series dated `first` to `last` in the order of their days.

    Without `start` they share out the numbers they have; with it numbers run from that count without gaps. `dry`: only
    tell what would be done.
    """

    replica: str
    user: str
    type: str
    branch: str
    first: str
    last: str
    fund: str = ""
    start: int = 0
    dry: bool = False


class Renumbered(Message, frozen=True, omit_defaults=True):
    """One voucher that got another number."""

    voucher: str
    day: str
    old: str
    new: str


class RenumberAnswer(Message, frozen=True, omit_defaults=True):
    """What was (or, dry, would be) renumbered, in the order of days. `seq` is 0 where nothing was written."""

    timeline: str
    changes: list[Renumbered] = []
    seq: int = 0


_encoder = msgspec.json.Encoder()


def encode(message: object) -> bytes:
    """The wire form of a message."""
    return _encoder.encode(message)


def operation_hash(operation: Operation) -> str:
    """sha256 (hex) over the operation's wire form without its own hash: the same n with another hash is quarantined."""
    return hashlib.sha256(encode(msgspec.structs.replace(operation, sha256=""))).hexdigest()


def sealed(operation: Operation) -> Operation:
    """The operation with its hash filled in."""
    return msgspec.structs.replace(operation, sha256=operation_hash(operation))


def form_hash(body: bytes) -> str:
    """What a body says, whatever the order of its fields, in 32 hex digits."""
    return hashlib.sha256(msgspec.json.encode(msgspec.json.decode(body), order="sorted")).hexdigest()[:32]
