"""The built web client: a closed list of files read once, so no path a browser asks can lead anywhere else.

Files with a hash in their name never change and are kept for a year; the page itself and the service worker are asked
for again each time. A path of the client's own (/vouchers/…) gets the page.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from socai.base.fault import Fault
from socai.dataserver.http.seat import AnyRequest
from socai.edge.http import Refused

FOLDER = Path(__file__).parent.parent / "web"
INDEX = "index.html"
SERVER_PATHS = ("api", "schema")
HASHED = re.compile(r"^assets/.+-[A-Za-z0-9_-]{8,}\.[a-z0-9]+$")
KEPT = "public, max-age=31536000, immutable"
ASKED_AGAIN = "no-cache"
PACKED = re.compile(r"^(text/|application/(javascript|json|manifest\+json|wasm)|image/svg)")
PACKED_BYTES_MIN = 1_000

MISSING = (
    "<!doctype html><html lang=vi><meta charset=utf-8><title>Sổ Cái</title>"
    "<p>Máy chủ đang chạy nhưng chưa có giao diện web. / The server runs, but the web client is not built.</p>"
)

mimetypes.add_type("application/manifest+json", ".webmanifest")
mimetypes.add_type("application/javascript", ".js")
mimetypes.add_type("font/woff2", ".woff2")


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    content: bytes
    packed: bytes
    media_type: str
    tag: str
    cache: str


def read_assets(folder: Path = FOLDER) -> dict[str, Asset]:
    """Every file of the built client by its path below the folder."""
    found: dict[str, Asset] = {}
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_symlink() or not path.is_file():
            continue
        name = path.relative_to(folder).as_posix()
        found[name] = _asset(name, path.read_bytes())
    found.setdefault(INDEX, _asset(INDEX, MISSING.encode()))
    return found


def _asset(name: str, content: bytes) -> Asset:
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    packed = b""
    if PACKED.match(media_type) and len(content) >= PACKED_BYTES_MIN:
        packed = gzip.compress(content, 6, mtime=0)
    tag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
    return Asset(content, packed, media_type, tag, KEPT if HASHED.match(name) else ASKED_AGAIN)


def _answer(request: AnyRequest, path: str) -> Response[bytes]:
    assets: dict[str, Asset] = request.app.state.assets
    name = path.strip("/") or INDEX
    if name.split("/", 1)[0] in SERVER_PATHS:
        raise Refused(Fault("PATH_UNKNOWN"))
    asset = assets.get(name)
    if asset is None:
        if "." in name.rsplit("/", 1)[-1]:
            raise Refused(Fault("PATH_UNKNOWN"))
        asset = assets[INDEX]
    headers = {"cache-control": asset.cache, "etag": asset.tag, "vary": "accept-encoding"}
    if name == "sw.js":
        headers["service-worker-allowed"] = "/"
    if request.headers.get("if-none-match") == asset.tag:
        return Response(b"", status_code=304, headers=headers, media_type=asset.media_type)
    content = asset.content
    if asset.packed and "gzip" in request.headers.get("accept-encoding", ""):
        content, headers["content-encoding"] = asset.packed, "gzip"
    return Response(content, headers=headers, media_type=asset.media_type)


@get("/", include_in_schema=False, sync_to_thread=False)
def page(request: AnyRequest) -> Response[bytes]:
    """The page."""
    return _answer(request, "")


@get("/{path:path}", include_in_schema=False, sync_to_thread=False)
def file(request: AnyRequest, path: FromPath[str]) -> Response[bytes]:
    """A file of the client, or the page for one of its own paths."""
    return _answer(request, path)


HANDLERS: list[Any] = [page, file]
