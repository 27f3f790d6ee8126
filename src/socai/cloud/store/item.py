"""Feed items made of stored objects: the one shape both stores hand to data servers."""

from __future__ import annotations

from collections.abc import Iterable

from socai.base.calendar import day_of_key
from socai.books.write import NewSet
from socai.sync.fact import EntryFact, VoucherFact
from socai.sync.message import CATALOG, VOUCHER, ChangeCount, FeedItem, WireEntrySet, raw_body


def voucher_item(fact: VoucherFact, seq: int, sets: Iterable[NewSet], branches: frozenset[str]) -> FeedItem:
    """A voucher as an office limited to `branches` may see it (no branches: all).

    A voucher that was moved out of those branches reads as deleted there, with the sets it had left in them.
    """
    mine = not branches or fact.branch in branches
    gone = fact.deleted or not mine
    return FeedItem(
        *(VOUCHER, fact.type, fact.id, seq, fact.version, fact.author, fact.at, gone),
        body=raw_body(b"" if gone else fact.body),
        books=[book.wire() for book in fact.books] if mine else [],
        sets=[wire_set(each) for each in sets if not branches or each.branch in branches],
    )


def entry_item(fact: EntryFact, seq: int) -> FeedItem:
    """A catalog entry; a deleted one without its body."""
    body = b"" if fact.deleted else fact.body
    return FeedItem(
        *(CATALOG, fact.kind, fact.id, seq, fact.version, fact.author, fact.at, fact.deleted), body=raw_body(body)
    )


def counted(kind: str, voucher_type: str, count: int) -> ChangeCount:
    """A count of change rows as it travels. `kind` is "voucher" or the catalog's kind."""
    return ChangeCount(VOUCHER, voucher_type, count) if kind == VOUCHER else ChangeCount(CATALOG, kind, count)


def wire_set(posted: NewSet) -> WireEntrySet:
    """An entry set as it travels: entries and sides are tuples and so become arrays."""
    return WireEntrySet(
        posted.book,
        posted.set_no,
        posted.version,
        day_of_key(posted.day).isoformat(),
        posted.posted_seq,
        posted.voided_seq,
        list(posted.entries),
        number=posted.number,
        voucher_date=day_of_key(posted.voucher_date).isoformat(),
        branch=posted.branch,
        description=posted.description,
        rate=posted.rate,
        posted_at=posted.posted_at,
    )


def travels(posted: NewSet, after_seq: int) -> bool:
    """Whether a reader behind `after_seq` needs this set: live ones, and what was posted or voided from there on."""
    return not posted.voided_seq or posted.posted_seq >= after_seq or posted.voided_seq >= after_seq


def size_of(item: FeedItem) -> int:
    """Bytes of an item on the wire, near enough to fill pages by: exact for bodies, an estimate for entries."""
    return 300 + len(bytes(item.body)) + sum(200 + 260 * len(each.entries) for each in item.sets)
