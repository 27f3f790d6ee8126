"""A replica far behind takes a snapshot in place of the feed; this brings back what the feed would have brought.

The snapshot has the catalogs and balances of its moment. Months that were wholly here are downloaded again, and every
voucher held is asked for again, so that what others changed, moved or deleted meanwhile is known.
"""

from __future__ import annotations

from datetime import UTC, datetime

from socai.base.calendar import month_first, month_key, month_last
from socai.dataserver.clock import new_ident
from socai.dataserver.desk import Desk
from socai.dataserver.incoming import FEED, take_in_slices
from socai.dataserver.store import download, ledger, meta, voucher
from socai.dataserver.store.download import DownloadJob
from socai.dataserver.store.file import Connection
from socai.edge.client import CloudClient
from socai.sync.message import HELD_MAX, Held, Reheard


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
        known, after = meta.standing(db), meta.text(db, "recheck_after")
        if not known.recheck or not known.snapshot_done:
            return False
        held = voucher.held_after(db, after, HELD_MAX)
    answer = client.reheard(Held(held)) if held else Reheard(known.timeline)
    if answer.timeline != known.timeline:
        return False  # the cloud was restored: the next hello begins anew

    def finish(db: Connection) -> None:
        meta.put(db, {"recheck_after": max(held)} if held else {"recheck": 0, "recheck_after": ""})

    take_in_slices(desk, answer.items, FEED, lambda db: bool(meta.number(db, "snapshot_done")), finish)
    return bool(held)
