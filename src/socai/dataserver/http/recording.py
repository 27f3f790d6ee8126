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
from socai.dataserver.awaiting import Recorded, look
from socai.dataserver.books import Books
from socai.dataserver.http.seat import Seat, done
from socai.dataserver.views import voucher as view
from socai.dataserver.views.conflict import raw
from socai.dataserver.views.voucher import StatusView
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
    found = await _wait(seat.books, saved.id, seconds)
    if found is None:
        found = (await sync_to_thread(look, seat.desk, [saved.id]))[saved.id]
    return _answer(saved, found)


async def _wait(books: Books, ident: str, seconds: float) -> Recorded | None:
    """How far the acts on a voucher are recorded when it is settled or nothing more can come; None after the time."""
    loop = asyncio.get_running_loop()
    came: asyncio.Future[Recorded | None] = loop.create_future()

    def hear(found: Recorded | None) -> None:
        if not came.done():
            came.set_result(found)

    def then(found: Recorded | None) -> None:
        with suppress(RuntimeError):  # the server is closing
            loop.call_soon_threadsafe(hear, found)

    stop = books.awaiting.begin(ident, then)
    try:
        async with asyncio.timeout(seconds):
            return await came
    except TimeoutError:
        return None
    finally:
        stop()


def _answer(saved: VoucherSaved, found: Recorded) -> VoucherSaved:
    notice = None if found.settled else worded(Fault("RECORDING_UNFINISHED"))
    return msgspec.structs.replace(
        saved,
        number=found.number,
        status=view.status_view(found.facts, found.book),
        recording=Recording(SYNCHRONOUS, found.settled, notice, [worded(fault) for fault in found.faults]),
    )
