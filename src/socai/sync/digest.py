"""Convergence: does a data server hold what the cloud holds? Counts and hashes per (kind, branch, month). Sans-I/O.

Both tiers make the same digests of what they hold, in whatever order: a hash is a sum of the marks of its rows. Only
digests made at the same seq are compared; months not wholly held here, and what work of ours still waits on, are left
out. A difference is never explained, only mended: the month is fetched again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from socai.sync.message import Message

VOUCHERS, SETS, BALANCES = "voucher", "set", "balance"  # besides these the kinds of catalogs, with no branch and month
MODULUS = 2**60

CHECK_SECONDS = 3_600.0  # between two checks that nobody asked for
FIRST_SECONDS = 300.0  # after a start the line has better things to do
ASKED_SECONDS = 60.0  # a person may ask as often as this
SOON_SECONDS = 2.0  # after a mend, to see that all is equal again
MOVED_SECONDS = 20.0  # where the cloud went on between its answer and our look
TRIES_MAX = 5


class Digest(Message, frozen=True, omit_defaults=True):
    """What stands of one kind in one branch and month: how many, their hash, and their amounts in đồng (sets)."""

    kind: str
    branch: str = ""
    month: int = 0  # yyyymm
    count: int = 0
    hash: int = 0
    total: int = 0


class Digests(Message, frozen=True, omit_defaults=True):
    """All digests of what an office is entitled to, as of `seq`."""

    timeline: str
    seq: int
    digests: list[Digest]


class Place(NamedTuple):
    """What a digest is of."""

    kind: str
    branch: str
    month: int


class Difference(NamedTuple):
    """A digest that differs, with what is counted at the cloud and here."""

    place: Place
    theirs: int
    ours: int


def mark(*parts: object) -> int:
    """The mark of one row: 60 bits of the MD5 of its parts, as every database can make it. No secret is kept by it."""
    text = "|".join(map(str, parts))
    return int(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:15], 16)


class Summer:
    """Adds rows up to digests, in any order."""

    def __init__(self) -> None:
        self._found: dict[Place, list[int]] = {}

    def row(self, kind: str, branch: str, month: int, *parts: object) -> None:
        """One row, by its mark."""
        self.add(Digest(kind, branch, month, 1, mark(*parts)))

    def add(self, part: Digest) -> None:
        """What somebody else has added up."""
        sums = self._found.setdefault(Place(part.kind, part.branch, part.month), [0, 0, 0])
        sums[0] += part.count
        sums[1] = (sums[1] + part.hash) % MODULUS
        sums[2] += part.total

    def digests(self) -> list[Digest]:
        """All of it, in order of kind, branch and month."""
        return [Digest(*place, *sums) for place, sums in sorted(self._found.items())]


def month_of(period: int) -> int:
    """The month of a day (yyyymmdd) or of a month (yyyymm)."""
    return period // 100 if period > 999_999 else period


def differences(
    theirs: Iterable[Digest],
    ours: Iterable[Digest],
    missing: Collection[tuple[str, int]],
    unsettled: Collection[Place],
) -> list[Difference]:
    """Where the digests of one seq differ.

    `missing`: (branch, month) whose vouchers are not wholly here. `unsettled`: places where our own work waits for an
    answer or stands against the cloud's, and what is here is rightly not what is there.
    """
    there = {Place(item.kind, item.branch, item.month): item for item in theirs}
    here = {Place(item.kind, item.branch, item.month): item for item in ours}
    found = []
    for place in sorted({*there, *here}):
        known, held = there.get(place, Digest(*place)), here.get(place, Digest(*place))
        partly = place.kind in (VOUCHERS, SETS) and (place.branch, place.month) in missing
        if known != held and not partly and place not in unsettled:
            found.append(Difference(place, known.count, held.count))
    return found


# ---- when to look


@dataclass(frozen=True, slots=True)
class Watch:
    """When the next check is due, by a clock that only goes forward. `tries`: checks in a row that did not end."""

    next_at: float
    asked_at: float = -ASKED_SECONDS
    tries: int = 0


EQUAL, MOVED, DIFFERS = "equal", "moved", "differs"


def begin(now: float) -> Watch:
    """After a start."""
    return Watch(now + FIRST_SECONDS)


def asked(watch: Watch, now: float) -> Watch:
    """A person pressed "Đồng bộ dữ liệu"."""
    if now - watch.asked_at < ASKED_SECONDS:
        return watch
    return replace(watch, next_at=min(watch.next_at, now), asked_at=now, tries=0)


def due(watch: Watch, now: float, ready: bool) -> bool:
    """Whether to look now. `ready`: the line is up, everything is sent, answered and received."""
    return ready and now >= watch.next_at


def after(watch: Watch, now: float, verdict: str) -> Watch:
    """After a look: EQUAL, MOVED (not comparable, the cloud went on meanwhile) or DIFFERS (and has been mended)."""
    if verdict == EQUAL or watch.tries + 1 >= TRIES_MAX:
        return replace(watch, next_at=now + CHECK_SECONDS, tries=0)
    wait = SOON_SECONDS if verdict == DIFFERS else MOVED_SECONDS
    return replace(watch, next_at=now + wait, tries=watch.tries + 1)
