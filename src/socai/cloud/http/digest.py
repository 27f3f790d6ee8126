"""What an office compares itself with: counts and hashes of all it is entitled to (sync/digest.py)."""

from __future__ import annotations

from typing import Any

from litestar import Response, get

from socai.cloud.http.api import Call, answer, api_of
from socai.edge.http import problems
from socai.sync.admission import BACKLOG


@get("/sync/digest", responses=problems(401, 503))
async def digests(request: Call) -> Response[bytes]:
    """Digests per kind, branch and month as of one seq. Reads all of the office's books: asked rarely."""
    api = api_of(request)
    caller, _ = await api.called(request)
    branches = frozenset(caller.replica.branches)
    async with api.door.turn(BACKLOG, caller.ref.tenant):
        return answer(request, await api.run(api.store.digests, caller.ref, branches))


HANDLERS: list[Any] = [digests]
