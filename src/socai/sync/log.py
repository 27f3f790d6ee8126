"""The log of one voucher: what the cloud was asked and answered, and what came into the books and went out. Pure.

Ordered by the cloud's own counter and clock. An office's clock is told as what it is, and orders nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from socai.sync.message import APPLIED, CONFLICT, REJECTED, LogItem, WireFault

ACCEPTED, REFUSED, POSTED, VOIDED = "accepted", "refused", "posted", "voided"
_ANSWERS = {APPLIED: ACCEPTED, REJECTED: REFUSED, CONFLICT: CONFLICT}


@dataclass(frozen=True, slots=True)
class LoggedAct:
    """An act as the cloud recorded it. `seq` is 0 where it changed nothing."""

    replica: str
    epoch: int
    n: int
    act_id: str
    author: str
    made_at: str
    arrived_at: str
    act: str
    version: int
    seq: int
    result: str
    books: tuple[str, ...] = ()
    post_to: tuple[str, ...] = ()
    faults: tuple[WireFault, ...] = ()


@dataclass(frozen=True, slots=True)
class LoggedSet:
    """A set of entries in one book. `voided_seq` is 0 and `voided_at` empty while it is in the books."""

    book: str
    set_no: int
    version: int
    posted_seq: int
    posted_at: str
    voided_seq: int = 0
    voided_at: str = ""


def assemble(acts: Iterable[LoggedAct], sets: Iterable[LoggedSet], offices: Mapping[str, str]) -> list[LogItem]:
    """The log in order. A posting is told with the act that asked for it: the newest accepted one before it."""
    acts = sorted(acts, key=lambda act: (act.arrived_at, act.seq, act.epoch, act.n))
    taken = sorted((act for act in acts if act.result == APPLIED and act.seq), key=lambda act: act.seq)
    found: list[tuple[tuple[str, int, int], LogItem]] = []
    for act in acts:
        if act.result in _ANSWERS:
            item = LogItem(
                *(_ANSWERS[act.result], act.arrived_at, act.seq, act.act, act.author, offices.get(act.replica, "")),
                *(act.made_at, act.replica, act.epoch, act.n, act.act_id, act.version),
                books=list(dict.fromkeys((*act.books, *act.post_to))),
                faults=list(act.faults),
            )
            found.append(((act.arrived_at, act.seq, 0), item))
    for one in sets:
        for what, seq, at in ((POSTED, one.posted_seq, one.posted_at), (VOIDED, one.voided_seq, one.voided_at)):
            if seq:
                cause = next((act for act in reversed(taken) if act.seq <= seq), None)
                by, name = (cause.author, cause.act) if cause else ("", "")
                office = offices.get(cause.replica, "") if cause else ""
                replica = cause.replica if cause else ""
                item = LogItem(what, at, seq, name, by, office, "", replica, version=one.version, books=[one.book])
                found.append(((at, seq, 2 if what == POSTED else 1), item))
    return [item for _, item in sorted(found, key=lambda pair: _place(pair[0], taken))]


def _place(key: tuple[str, int, int], taken: list[LoggedAct]) -> tuple[int, str, int]:
    """Where an item stands: by the counter; what changed nothing stands after what had been counted when it came."""
    at, seq, rank = key
    if seq:
        return seq, "", rank
    return max((act.seq for act in taken if act.arrived_at <= at), default=0), at, 3
