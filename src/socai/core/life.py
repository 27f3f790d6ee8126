"""The life of a voucher: one table of states x acts, and the status derived from facts. Nothing else decides.

The status is never stored. Facts come from the DS store (outbox, book states, locks); the table says what a person may
do. States and their meaning: ARCHITECTURE.md, "The voucher's life".
"""

from __future__ import annotations

from dataclasses import dataclass

from socai.base.fault import Fault

LEASE_SECONDS = 300  # from the user's act on the DS; counts sleep, survives restarts, is never renewed

LOCAL, SYNCING, SYNCED, SYNC_FAILED, CONFLICT = "local", "syncing", "synced", "sync_failed", "conflict"
UNPOSTED, POSTING, POSTED, POST_FAILED, UNPOSTING, UNPOST_FAILED, DELETING, DELETE_FAILED = (
    "unposted", "posting", "posted", "post_failed", "unposting", "unpost_failed", "deleting", "delete_failed",
)  # fmt: skip

ACTS = (
    "open", "print", "close", "copy", "reload", "edit", "quick_edit", "delete", "post", "unpost",
    "allocate_purchase_cost", "assign_invoice_number", "record_sales", "issue_e_invoice", "renumber", "resolve",
    "discard",
)  # fmt: skip
MODULE_ACTS = ("allocate_purchase_cost", "assign_invoice_number", "record_sales", "issue_e_invoice")
"""Acts of modules to come: judged by the table like any other, and not in this version where it allows them."""

DETAILS = (
    "local", "held", "syncing", "syncing_and_posting", "posting", "unposting", "deleting", "synced", "posted",
    "sync_failed", "post_failed", "to_confirm", "unpost_failed", "delete_failed", "conflict",
)  # fmt: skip
"""Every word a list says of a voucher in one book; `held` waits for a catalog entry, `to_confirm` for an answer."""

READING = frozenset(("open", "print", "close", "copy", "reload"))

UNSENT, SENT = "unsent", "sent"


@dataclass(frozen=True, slots=True)
class BookFacts:
    """One book's facts about a voucher: `asked` posting wished; `posted` a live entry set; `running` work at the cloud.

    `fault` is the code of the last refused work and `fault_act` which work it was (post, unpost, delete). `asks`: the
    refusal is a warning nobody has answered yet.
    """

    book: str
    asked: bool = False
    posted: bool = False
    running: str = ""
    fault: str = ""
    fault_act: str = ""
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the status of one voucher is derived from.

    `pending` is the newest unanswered operation in the outbox: "" | unsent | sent; `pending_posts` the books it is to
    post to (or, for an unpost, to take it out of; none means all). `lease_over`: five minutes have passed since the
    act. `refused`: fault code of the newest operation when the cloud rejected it, `refused_act` which act that was.
    `held`: it names a catalog entry the cloud has refused.
    """

    pending: str = ""
    pending_act: str = ""
    pending_posts: tuple[str, ...] = ()
    ever_synced: bool = False
    refused: str = ""
    conflict: bool = False
    lease_over: bool = False
    deleted: bool = False
    locked: bool = False
    settled: bool = False
    invoiced: bool = False
    books: tuple[BookFacts, ...] = ()
    refused_act: str = ""
    held: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """What is shown and judged for one book. `detail` is the word key of the list, `icon` 1, 2 or 3."""

    sync: str
    book: str
    in_flight: bool
    detail: str
    icon: int


def in_flight(facts: Facts) -> bool:
    """Whether something runs that nobody may overtake. An operation never sent is not in flight."""
    if facts.lease_over:
        return False
    return facts.pending == SENT or any(book.running for book in facts.books)


def sync_state(facts: Facts) -> str:
    """The sync axis."""
    if facts.conflict:
        return CONFLICT
    if facts.pending == SENT:
        return SYNCING
    if facts.pending == UNSENT:
        return LOCAL
    if facts.refused and not _refused_ledger_act(facts):
        return SYNC_FAILED
    return SYNCED if facts.ever_synced else LOCAL


def _refused_ledger_act(facts: Facts) -> str:
    """The act on the books (post, unpost, delete) that the cloud refused of a voucher it has whole; else empty."""
    return facts.refused_act if facts.refused and facts.ever_synced and facts.refused_act in _RUNNING else ""


_RUNNING = {"post": POSTING, "unpost": UNPOSTING, "delete": DELETING}
_FAILED = {"unpost": UNPOST_FAILED, "delete": DELETE_FAILED}


def book_state(facts: Facts, book: BookFacts) -> str:
    """The ledger axis of one book."""
    if book.running:
        return _RUNNING[book.running]
    if facts.pending == SENT:
        if facts.pending_act == "delete":
            return DELETING
        if facts.pending_act == "unpost" and book.book in (facts.pending_posts or (book.book,)):
            return UNPOSTING
        if facts.pending_act != "unpost" and book.book in facts.pending_posts:
            return POSTING
    act = _refused_ledger_act(facts)
    if not facts.pending and (act == "delete" or (act and (act == "unpost") == book.posted)):
        return _FAILED.get(act, POST_FAILED)
    if book.posted:
        return _FAILED.get(book.fault_act, POSTED) if book.fault else POSTED
    if book.fault and book.fault_act in ("post", "delete"):
        return POST_FAILED if book.fault_act == "post" else DELETE_FAILED
    return UNPOSTED


def status(facts: Facts, book: str) -> Status:
    """The status in the book being looked at."""
    own = next((item for item in facts.books if item.book == book), BookFacts(book))
    sync, ledger, flying = sync_state(facts), book_state(facts, own), in_flight(facts)
    return Status(sync, ledger, flying, _detail(facts, own, sync, ledger), _icon(own, sync, ledger))


def _detail(facts: Facts, own: BookFacts, sync: str, ledger: str) -> str:
    if sync == CONFLICT:
        return "conflict"
    if ledger in (UNPOSTING, DELETING):
        return ledger
    if sync == SYNCING:
        return "syncing_and_posting" if ledger == POSTING else "syncing"
    if ledger == POSTING:
        return "posting"
    if sync in (SYNC_FAILED, LOCAL):
        return "held" if facts.held and sync == LOCAL else sync
    if ledger == POST_FAILED and own.asks:
        return "to_confirm"
    return ledger if ledger != UNPOSTED else "synced"


def _icon(own: BookFacts, sync: str, ledger: str) -> int:
    """1: what was asked has not succeeded yet. 2: everything asked has succeeded. 3: synced, posting failed."""
    if sync != SYNCED:
        return 1
    if ledger == POST_FAILED:
        return 3
    if ledger == POSTED:
        return 2
    return 2 if ledger == UNPOSTED and not own.asked else 1


# Where a voucher stands, for the act table. The order is the precedence: the first that holds decides.
STANDINGS = ("deleted", "conflict", "in_flight", "locked", "invoiced", "settled", "posted", "free")


def standing(facts: Facts) -> str:
    """The row of the act table this voucher stands in."""
    if facts.deleted:
        return "deleted"
    if facts.conflict:
        return "conflict"
    if in_flight(facts):
        return "in_flight"
    if facts.locked:
        return "locked"
    if facts.invoiced:
        return "invoiced"
    if facts.settled:
        return "settled"
    return "posted" if any(book.posted for book in facts.books) else "free"


_ALL = frozenset(ACTS)
_NEEDS_CLOUD = frozenset(MODULE_ACTS)

# standing -> (acts refused, fault code). Everything else is allowed, but for what `allow` asks of single acts: there
# must be something to resolve, unpost or post, and what is told to others must stand at the cloud as it stands here.
_REFUSED: dict[str, tuple[frozenset[str], str]] = {
    "deleted": (_ALL - {"open", "close", "copy", "reload"}, "ACT_DELETED"),
    "conflict": (_ALL - READING - {"resolve"}, "ACT_CONFLICT"),
    "in_flight": (_ALL - READING, "ACT_IN_FLIGHT"),
    "locked": (frozenset(("edit", "delete", "post", "unpost", "renumber", "quick_edit")), "ACT_LOCKED"),
    "invoiced": (frozenset(("edit", "delete", "unpost")), "ACT_INVOICED"),
    "settled": (frozenset(("edit", "delete", "unpost")), "ACT_SETTLED"),
    "posted": (frozenset(("edit", "delete")), "ACT_POSTED"),
    "free": (frozenset(), ""),
}


def allow(facts: Facts, act: str, book: str = "") -> Fault | None:
    """None where the act is allowed, else the reason. `book` matters for post and unpost."""
    if act not in _ALL:
        return Fault("ACT_UNAVAILABLE", "act", {"act": act})
    row = standing(facts)
    refused, code = _REFUSED[row]
    if act in refused:
        return Fault(code, "act", {"act": act})
    if (act == "resolve" and not facts.conflict) or (act == "discard" and not facts.refused):
        return Fault("ACT_UNAVAILABLE", "act", {"act": act})
    if act in _NEEDS_CLOUD and sync_state(facts) != SYNCED:
        return Fault("ACT_NOT_SYNCED", "act", {"act": act})
    if act == "unpost" and not _posted(facts, book):
        return Fault("ACT_NOT_POSTED", "act", {"act": act})
    if act == "post" and book and _posted(facts, book):
        return Fault("ACT_POSTED", "act", {"act": act})
    return None


def _posted(facts: Facts, book: str) -> bool:
    return any(item.posted for item in facts.books if not book or item.book == book)


def acts(facts: Facts, book: str, available: tuple[str, ...]) -> dict[str, str]:
    """Every act the type has, with "" where allowed or the code of the reason: what buttons read."""
    found: dict[str, str] = {}
    for act in available:
        fault = allow(facts, act, book)
        found[act] = fault.code if fault else ""
    return found
