"""A replica far behind takes a snapshot in place of the feed; this brings back what the feed would have brought.

The snapshot has the catalogs and balances of its moment. Months that were wholly here are downloaded again, and every
voucher held is asked for again, so that what others changed, moved or deleted meanwhile is known. So it is, too, after
the cloud was restored from a backup: what it has lost goes back to what it has, and what is sent to it again comes as
news. What others had done and the restored cloud then refuses would otherwise stay here for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from socai.base.calendar import month_first, month_key, month_last
from socai.dataserver.clock import new_ident
from socai.dataserver.desk import VOUCHER, Desk
from socai.dataserver.store import conflict, download, ledger, meta, outbox, voucher
from socai.dataserver.store.download import DownloadJob
from socai.dataserver.store.file import Connection
from socai.dataserver.store.voucher import Head
from socai.dataserver.syncing.incoming import FEED, Change, take_in_slices
from socai.dataserver.syncing.slice import runs
from socai.edge.client import CloudClient
from socai.sync.message import BODY_ACTS, HELD_MAX, FeedItem, Held, Reheard

UNKNOWN_MAX = 25  # vouchers let go in one transaction


def begin_far(desk: Desk) -> None:
    """Before a snapshot that takes the feed's place: note what to bring again afterwards. Once, however often begun."""

    def job(db: Connection) -> None:
        if meta.number(db, "snapshot_done"):
            _wish_again(desk, db)
            meta.put(db, {"far": 1})

    desk.file.write(job)


def _wish_again(desk: Desk, db: Connection) -> None:
    """Downloads of the months that were wholly here; the newest stretch goes on to today, as the feed would have."""
    now = desk.clock.now()
    today = datetime.fromtimestamp(now.wall / 1000, UTC).date()
    spans = ledger.whole_spans(db)
    newest = max((last for _, last, _ in spans), default=0)
    wanted: dict[tuple[int, int], list[str]] = {}
    for first, last, branch in spans:
        wanted.setdefault((first, last), []).append(branch)
    for (first, last), branches in wanted.items():
        until = max(last, month_key(today)) if last == newest else last
        days = (month_first(first).isoformat(), month_last(until).isoformat())
        download.add(db, DownloadJob(new_ident(now), "", now.text, *days, "", ",".join(branches)))


def next_reheard(desk: Desk, client: CloudClient) -> bool:
    """Ask for the next of the held vouchers again; False where none is left to ask for."""
    with desk.file.read() as db:
        known, after, footing = meta.standing(db), meta.text(db, "recheck_after"), meta.footing(db)
        if not known.recheck or footing is None:
            return False
        held = voucher.held_after(db, after, HELD_MAX)
    answer = client.reheard(Held(held)) if held else Reheard(known.timeline)
    if answer.timeline != known.timeline:
        return False  # the cloud was restored: the next hello begins anew

    def stands(db: Connection) -> bool:
        return meta.footing(db) == footing

    def finish(db: Connection) -> None:
        meta.put(db, {"recheck_after": max(held)} if held else {"recheck": 0, "recheck_after": ""})

    for idents in runs(answer.unknown, UNKNOWN_MAX):

        def lost(db: Connection, idents: Sequence[str] = idents) -> list[Change]:
            return [change for ident in idents if (change := _lose(db, ident, held))] if stands(db) else []

        desk.tell_all(desk.file.write(lost))
    take_in_slices(desk, answer.items, FEED, stands, finish, lambda db, items: _step_back(db, items, held))
    return bool(held)


def _step_back(db: Connection, items: Sequence[FeedItem], held: Mapping[str, int]) -> None:
    """Make way for forms older than those held here: a restored cloud has no others.

    Not where news of the voucher have come since it was asked for.
    """
    for item in items:
        if item.seq > held.get(item.id, 0):
            continue
        head = voucher.load(db, item.id)
        if head is not None and head.seq == held[item.id]:
            head.seq = item.seq - 1
            voucher.put(db, head)


def _lose(db: Connection, ident: str, held: Mapping[str, int]) -> Change | None:
    """A voucher the restored cloud has nothing of. Work of ours stands on nothing now; else it is gone from here."""
    head = voucher.load(db, ident)
    if head is None or head.seq != held.get(ident) or not (head.version > 0 or head.seq > 0):
        return None  # told of by nobody: ours alone
    conflict.drop_shadow(db, VOUCHER, head.type, head.id)
    head.version = head.seq = 0
    voucher.put_books(db, head.id, [])
    against = conflict.load(db, VOUCHER, head.type, head.id)
    if against is not None:
        conflict.put(db, replace(against, winner=replace(against.winner, version=0, deleted=True, body=b"")))
    elif not _is_ours(db, head):
        head.refused = head.refused_act = ""
        head.deleted = 1  # its forms stay in the history
    voucher.put(db, head)
    return (VOUCHER, head.type, head.id)


def _is_ours(db: Connection, head: Head) -> bool:
    """Whether a form of ours stands against the cloud's: on its way, or refused and not yet mended."""
    return head.refused_act in BODY_ACTS or bool(outbox.open_of(db, VOUCHER, head.type, head.id))
