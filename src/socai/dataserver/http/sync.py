"""Syncing over HTTP: the mark, "Đồng bộ dữ liệu", the results screen, "Tải chứng từ"."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from socai.dataserver import desk as engine
from socai.dataserver.http.seat import Seat, Seated, given, refuse
from socai.dataserver.http.voucher import Word
from socai.dataserver.views import sync as view_sync
from socai.dataserver.views import todo as view_todo
from socai.dataserver.views.sync import DownloadView, RoundsView, SyncResults, SyncView
from socai.edge.http import problems

PAIRS_MAX = 100


class DownloadAsked(msgspec.Struct, forbid_unknown_fields=True, rename={"first": "from", "last": "to"}):
    """A period to bring here whole. No types or branches mean all of them."""

    first: Word
    last: Word
    types: Annotated[list[Word], msgspec.Meta(max_length=PAIRS_MAX)] = []
    branches: Annotated[list[Word], msgspec.Meta(max_length=PAIRS_MAX)] = []


class DownloadBegun(msgspec.Struct, frozen=True):
    """The job whose progress can be asked."""

    job: str


@get("/sync", sync_to_thread=True, responses=problems(401, 404))
def sync_state(seat: Seated) -> SyncView:
    """Online or not, what waits, what was refused, as of when."""
    return _for(seat)


def _for(seat: Seat) -> SyncView:
    counts = view_todo.todo_counts(seat.desk)
    return view_sync.for_person(view_sync.sync_view(seat.books), counts, seat.session.user, seat.branches)


@post("/sync", status_code=200, sync_to_thread=True, responses=problems(401, 404))
def sync_now(seat: Seated) -> SyncView:
    """Đồng bộ dữ liệu: try now, whatever is being waited for."""
    seat.books.sync_now(seat.session.user)
    return _for(seat)


@get("/sync/result", sync_to_thread=True, responses=problems(401, 404))
def sync_rounds(seat: Seated) -> RoundsView:
    """What came of syncing: elsewhere changed, sent, brought; the running round and the last ones."""
    return view_sync.rounds_view(seat.books)


@get("/sync/results", sync_to_thread=True, responses=problems(400, 401, 404, 422))
def sync_results(
    seat: Seated,
    wanted: Annotated[str, QueryParameter(name="state")] = view_sync.PENDING,
    after: Annotated[int, QueryParameter(ge=0, le=2**53)] = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=view_sync.RESULTS_MAX)] = 50,
) -> SyncResults:
    """Acts that wait (`pending`), were refused (`failed`) or lost to another office (`conflict`)."""
    found: SyncResults = given(view_sync.results(seat.desk, wanted, seat.branches, after, limit))
    return found


@post("/download", status_code=200, sync_to_thread=True, responses=problems(400, 401, 404, 422))
def download(seat: Seated, data: JSONBody[DownloadAsked]) -> DownloadBegun:
    """Tải chứng từ: bring the vouchers of a period here; goes on by itself, also after a restart."""
    for branch in data.branches:
        seat.among(branch)
    branches = data.branches or list(seat.branches or ())
    answer = seat.books.download(seat.session.user, data.first, data.last, data.types, branches)
    if isinstance(answer, engine.Refused):
        refuse(answer)
    return DownloadBegun(answer)


@get("/download/{job:str}", sync_to_thread=True, responses=problems(401, 404))
def download_state(seat: Seated, job: FromPath[str]) -> DownloadView:
    """How far a download is."""
    found: DownloadView = given(view_sync.download_view(seat.books.download_job(job)))
    return found


@get("/downloads", sync_to_thread=True, responses=problems(401, 404))
def list_downloads(seat: Seated) -> list[DownloadView]:
    """The newest downloads, newest first."""
    return view_sync.downloads_view(seat.books)


@delete("/download/{job:str}", status_code=200, sync_to_thread=True, responses=problems(401, 404))
def cancel_download(seat: Seated, job: FromPath[str]) -> DownloadView:
    """Stop a download; what it has brought stays."""
    found: DownloadView = given(view_sync.download_view(seat.books.cancel_download(job)))
    return found


HANDLERS: list[Any] = [
    sync_state,
    sync_now,
    sync_rounds,
    sync_results,
    download,
    download_state,
    list_downloads,
    cancel_download,
]
