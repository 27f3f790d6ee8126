"""Synchronous recording: the answer to an act waits for its outcome at the cloud, while no thread waits with it.

The act itself is the same and is durable before the waiting begins; the difference is who waits.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import msgspec
from litestar.concurrency import sync_to_thread

from socai.base.fault import Fault
from socai.core.company import SYNCHRONOUS
from socai.core.entry import FINANCIAL
from socai.dataserver import desk as engine
from socai.dataserver import view
from socai.dataserver.books import Books
from socai.dataserver.http.seat import Seat, done
from socai.dataserver.view import StatusView
from socai.dataserver.view_conflict import raw
from socai.edge.http import Refused
from socai.edge.problem import WordedFault, worded


class Recording(msgspec.Struct, frozen=True):
    """What came of an act whose answer waited.

    `settled` false: it is safe here and goes on by itself, as `notice` says. `faults`: why it was not synced or posted.
    `issue_cost`, `cash_issue_rate` and `stock` are what posting gave of them: empty while no module of this version
    costs or keeps stock.
    """

    mode: str
    settled: bool
    notice: WordedFault | None
    faults: list[WordedFault]
    issue_cost: list[str] = []
    cash_issue_rate: str = ""
    stock: list[str] = []


class VoucherSaved(msgspec.Struct, frozen=True):
    """A voucher after an act, durable on this server's disk. `recording` is null where nobody waited for the cloud."""

    id: str
    type: str
    revision: int
    number: str
    status: StatusView
    body: Any
    recording: Recording | None = None


def told(answer: engine.Saved | engine.Refused) -> VoucherSaved:
    """The answer to an act as soon as it is durable, or its refusal."""
    saved = done(answer)
    if saved.facts is None:  # the act id belongs to an act on something else
        raise Refused(Fault("IDENT_INVALID", "act_id"))
    status = view.status_view(saved.facts, saved.book or FINANCIAL)
    return VoucherSaved(saved.id, saved.type, saved.revision, saved.number, status, raw(saved.body))


async def recorded(seat: Seat, answer: engine.Saved | engine.Refused) -> VoucherSaved:
    """The answer to an act: at once, or, where the company records synchronously, after its outcome or a set time."""
    saved = told(answer)
    seconds = seat.books.recording_seconds()
    if not seconds:
        return saved
    settled = await _wait(seat.books, saved.id, seconds)
    return await sync_to_thread(_outcome, seat.books, saved, settled)


async def _wait(books: Books, ident: str, seconds: float) -> bool:
    """Whether the outcome came in time. Looks again whenever a voucher or the line changes."""
    loop, changed = asyncio.get_running_loop(), asyncio.Event()

    def bell() -> None:
        with suppress(RuntimeError):  # the server is closing
            loop.call_soon_threadsafe(changed.set)

    stop = books.ring(bell)
    try:
        async with asyncio.timeout(seconds):
            while True:
                changed.clear()
                if await sync_to_thread(books.is_settled, ident):
                    return True
                if await sync_to_thread(books.is_waiting_vain, ident):
                    return False
                await changed.wait()
    except TimeoutError:
        return False
    finally:
        stop()


def _outcome(books: Books, saved: VoucherSaved, settled: bool) -> VoucherSaved:
    found = view.voucher_view(books.desk, saved.id, "", None)
    if isinstance(found, Fault):
        raise Refused(found)
    faults = [*found.faults, *(fault for book in found.books for fault in book.faults)]
    notice = None if settled else worded(Fault("RECORDING_UNFINISHED"))
    return msgspec.structs.replace(
        saved, number=found.number, status=found.status, recording=Recording(SYNCHRONOUS, settled, notice, faults)
    )
