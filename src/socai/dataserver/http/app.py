"""The data server's HTTP application: its handlers by noun, inside the frame both tiers share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from litestar import get
from litestar.concurrency import set_asyncio_executor
from litestar.di import Provide
from litestar.response import Stream
from litestar.types import ASGIApp

from socai.base.fault import Fault
from socai.dataserver.http import catalog, company, number, report, session, sync, todo, user, voucher, web
from socai.dataserver.http.seat import AnyRequest, Rim, Seated, provide_seat, token_of
from socai.dataserver.http.voucher import Query
from socai.dataserver.store.file import FileDamaged, StorageFailed
from socai.edge import log
from socai.edge.http import Refused, application, problems, refusal, rooms

THREADS = 32
"""Saves and reads wait in threads: more than the people of an office who press a key at once."""

_log = log.logger("http")


@get("/events", responses=problems(401, 404), media_type="text/event-stream")
async def events(request: AnyRequest, seat: Seated, book: Query = "") -> Stream:
    """Live status as server-sent events: voucher, catalog, sync, result, notice (to one's own), download, reload."""
    hub, people, token = seat.rim.hub, seat.rim.people, token_of(request)
    if hub.full():
        raise Refused(Fault("RATE_LIMITED", "", {"seconds": "30"}), headers={"retry-after": "30"})

    def allowed() -> bool:
        found = people.session(token)
        return not isinstance(found, Fault) and not isinstance(people.access(found, seat.access.tenant), Fault)

    content = hub.stream(seat.access.tenant, seat.branches, book, allowed, seat.session.user)
    return Stream(content, media_type="text/event-stream", headers={"x-accel-buffering": "no"})


def _storage_failed(_: AnyRequest, error: StorageFailed) -> Any:
    _log.error("storage failed", reason=str(error))
    return refusal(Fault("FILE_DAMAGED" if isinstance(error, FileDamaged) else "STORAGE_FAILED"))


def make_app(rim: Rim, *, on_shutdown: Sequence[Callable[[], Any]] = (), known_origins: Sequence[str] = ()) -> ASGIApp:
    """The whole application over one office."""
    set_asyncio_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="request"))
    tenant = rooms(
        "/t/{tenant:str}",
        [
            *company.HANDLERS,
            *catalog.HANDLERS,
            *voucher.HANDLERS,
            *number.HANDLERS,
            *report.HANDLERS,
            *sync.HANDLERS,
            *todo.HANDLERS,
            *user.HANDLERS,
            events,
        ],
        dependencies={"seat": Provide(provide_seat, sync_to_thread=False)},
    )
    return application(
        [rooms("/api", [*session.HANDLERS, tenant]), *web.HANDLERS],
        title="Sổ Cái: data server",
        version=rim.version,
        state={"rim": rim, "assets": web.read_assets()},
        failures={StorageFailed: _storage_failed},
        on_shutdown=on_shutdown,
        known_origins=known_origins,
    )
