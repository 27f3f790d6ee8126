"""The versions of the protocol: when each came, how long it is spoken, how what was written under it becomes today's.

Pure. A body keeps the version it was written under (`Operation.schema`) for as long as it waits, and the cloud reads it
by the upcasters from there on: the bytes and their hash stay what the data server made. Every version here has kept
samples in tests/sync/samples, and a version is taken off the list only with everything that could still be waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from socai.base.calendar import month_first, month_key, month_last, month_plus
from socai.base.fault import Fault
from socai.sync.message import PROTOCOL

MONTHS_SPOKEN = 18  # after a newer one came

Body = Mapping[str, Any]
Upcast = Callable[[str, str, Body], Body]
"""(kind, object kind, body) of one version to the body of the next."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version. `upcast` brings its bodies to the next; the newest has none."""

    number: int
    released: date
    upcast: Upcast | None = None


VERSIONS: tuple[Version, ...] = (Version(PROTOCOL, date(2026, 11, 22)),)
"""All that were ever released, oldest first."""


def spoken_until(number: int, versions: Sequence[Version] = VERSIONS) -> date | None:
    """The last day a version is spoken: 18 months after the next one came; None for the newest."""
    newer = next((item for item in versions if item.number == number + 1), None)
    if newer is None:
        return None
    month = month_plus(month_key(newer.released), MONTHS_SPOKEN)
    return month_first(month).replace(day=min(newer.released.day, month_last(month).day))


def oldest_spoken(today: date, versions: Sequence[Version] = VERSIONS) -> int:
    """The oldest version still spoken on a day."""
    return next(
        (item.number for item in versions if (until := spoken_until(item.number, versions)) is None or today <= until),
        versions[-1].number,
    )


def check_version(number: int, today: date, versions: Sequence[Version] = VERSIONS) -> Fault | None:
    """Why a data server of this version is not served: VERSION_TOO_OLD, or VERSION_TOO_NEW for this cloud."""
    oldest, newest = oldest_spoken(today, versions), versions[-1].number
    if number < oldest:
        return Fault("VERSION_TOO_OLD", "protocol", {"version": str(number), "oldest": str(oldest)})
    if number > newest:
        return Fault("VERSION_TOO_NEW", "protocol", {"version": str(number), "newest": str(newest)})
    return None


def check_schema(number: int, versions: Sequence[Version] = VERSIONS) -> Fault | None:
    """Why a body of this version cannot be read at all: nobody here knows what it meant."""
    if number < versions[0].number:
        oldest = str(versions[0].number)
        return Fault("VERSION_TOO_OLD", "schema", {"version": str(number), "oldest": oldest})
    if number > versions[-1].number:
        newest = str(versions[-1].number)
        return Fault("VERSION_TOO_NEW", "schema", {"version": str(number), "newest": newest})
    return None


def upcast(number: int, kind: str, object_kind: str, body: Body, versions: Sequence[Version] = VERSIONS) -> Body:
    """A body written under version `number` as the newest version writes it. The caller has asked `check_schema`."""
    for item in versions:
        if item.number >= number and item.upcast is not None:
            body = item.upcast(kind, object_kind, body)
    return body
