"""The feed as a data server asks for it: pages after its cursor, the snapshot it begins with, vouchers on demand.

What an office may see is a filter here, on the cloud: its replica's branches, never what the request says.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from socai.base.calendar import day_key, parse_day
from socai.base.fault import Fault
from socai.base.ident import parse_ident
from socai.cloud.store.port import FeedStore, TenantStore
from socai.cloud.store.row import CURSOR_LAST, DownloadFilter, ReplicaRow, TenantRef, parse_cursor
from socai.sync.message import (
    FEED_BYTES_MAX,
    FEED_ITEMS_MAX,
    HELD_MAX,
    DownloadPage,
    FeedPage,
    Held,
    Overview,
    Reheard,
    encode,
)

SNAPSHOT_ROWS = 2_000
BEHIND_MAX = 20_000  # changed objects; a reader further behind is quicker with a snapshot
COUNTED_MAX = 100_000  # changed objects looked at for an overview
NIL = "00000000-0000-0000-0000-000000000000"


class Feeder:
    """The feed of one store. Without state; safe to use from many threads at once."""

    def __init__(self, store: FeedStore, tenants: TenantStore, behind_max: int = BEHIND_MAX) -> None:
        self._store = store
        self._tenants = tenants
        self.behind_max = behind_max

    def page(self, ref: TenantRef, replica: ReplicaRow, cursor: str, limit: int) -> FeedPage | Fault:
        """What changed after the cursor. An empty cursor reads from the beginning of time."""
        after = parse_cursor(cursor)
        if after is None:
            return Fault("PARAMETER_INVALID", "cursor", {"value": cursor[:40]})
        branches = frozenset(replica.branches)
        items, reached, head = self._store.feed(
            ref, after, branches, max(1, min(limit, FEED_ITEMS_MAX)), FEED_BYTES_MAX
        )
        row = self._tenants.tenant(ref)  # after the items, so that the depth told with the last one is the last
        more = reached < (head, CURSOR_LAST)
        return FeedPage(row.timeline, items, reached.text(), more=more, head_seq=head, depth=row.depth)

    def overview(self, ref: TenantRef, replica: ReplicaRow, cursor: str) -> Overview | Fault:
        """What lies after the cursor, counted by kind and type, and how much is too much for the feed."""
        after = parse_cursor(cursor)
        if after is None:
            return Fault("PARAMETER_INVALID", "cursor", {"value": cursor[:40]})
        timeline = self._tenants.tenant(ref).timeline
        counts, head = self._store.ahead(ref, after, frozenset(replica.branches), COUNTED_MAX)
        return Overview(timeline, sum(item.count for item in counts), head, counts, self.behind_max)

    def reheard(self, ref: TenantRef, replica: ReplicaRow, held: Held) -> Reheard | Fault:
        """Those of the vouchers a replica holds that are not what it heard last."""
        if len(held.vouchers) > HELD_MAX:
            return Fault("BODY_TOO_LARGE", "vouchers", {"max": str(HELD_MAX)})
        timeline = self._tenants.tenant(ref).timeline
        return Reheard(timeline, *self._store.reheard(ref, held.vouchers, frozenset(replica.branches)))

    def snapshot(self, ref: TenantRef, replica: ReplicaRow) -> Iterator[bytes]:
        """Lines of the snapshot stream; a reader that got no last line did not get all."""
        for chunk in self._store.snapshot(ref, frozenset(replica.branches), SNAPSHOT_ROWS):
            yield encode(chunk) + b"\n"

    def download(self, ref: TenantRef, wanted: DownloadFilter, after: str, limit: int) -> DownloadPage | Fault:
        """Vouchers of a period with their live sets. `total` is given with the first page."""
        key = _parse_after(after)
        if key is None:
            return Fault("PARAMETER_INVALID", "after", {"value": after[:60]})
        timeline = self._tenants.tenant(ref).timeline
        items, onward = self._store.download(ref, wanted, key, max(1, min(limit, FEED_ITEMS_MAX)), FEED_BYTES_MAX)
        total = 0 if after else self._store.download_count(ref, wanted)
        return DownloadPage(timeline, items, "" if onward is None else f"{onward[0]}:{onward[1]}", total)


def download_filter(replica: ReplicaRow, first: str, last: str, kind: str, branch: str) -> DownloadFilter | Fault:
    """What a request asks for, within the office's branches. Faults: DAY_INVALID, FIELD_REQUIRED, BRANCH_UNKNOWN."""
    days: list[date] = []
    for name, text in (("from", first), ("to", last)):
        day = parse_day(text, name)
        if isinstance(day, Fault):
            return day
        days.append(day)
    mine = frozenset(replica.branches)
    if "\0" in kind:
        return Fault("TYPE_UNKNOWN", "type", {"type": kind[:40]})
    if "\0" in branch or (branch and mine and branch not in mine):
        return Fault("BRANCH_UNKNOWN", "branch", {"branch": branch[:60]})
    chosen = frozenset([branch]) if branch else mine
    return DownloadFilter(day_key(days[0]), day_key(days[1]), kind[:60], chosen)


def _parse_after(text: str) -> tuple[int, str] | None:
    if not text:
        return (0, NIL)
    day, _, ident = text.partition(":")
    if not (day.isascii() and day.isdigit() and len(day) == 8) or isinstance(parse_ident(ident, "after"), Fault):
        return None
    return (int(day), ident)
