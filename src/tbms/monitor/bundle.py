"""The built pages: files with a name made from their content are kept by the browser, the first page never."""

import gzip
import mimetypes
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from stat import S_ISREG

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from tbms.monitor.guard import HARMLESS

MISSING = (
    "The pages are not built. In the repository run `make web` "
    "(it needs Node.js ^20.19 or >=22.12, or gets one from PyPI), then reload.\n"
)


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it is sent. changed: when it was written last, ns. packed: with gzip, once and for all."""

    changed: int
    body: bytes
    packed: bytes
    etag: str


class Bundle:
    """Serves the folder `npm run build` writes, or says what to do when it is not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = StaticFiles(directory=folder, check_dir=False)
        self._read: dict[str, _File] = {}

    @property
    def built(self) -> bool:
        """The pages are there."""
        return (self._folder / "index.html").is_file()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request for a file."""
        if scope["path"].startswith("/api/"):
            raise HTTPException(404)
        if scope["method"] not in HARMLESS:
            raise HTTPException(405)
        if self.built:
            await self._answer(scope)(scope, receive, send)
        else:
            await PlainTextResponse(MISSING, 503)(scope, receive, send)

    def _answer(self, scope: Scope) -> Response:
        path, asked = scope["path"].lstrip("/") or "index.html", Headers(scope=scope)
        file = self._file(path)
        kept = "max-age=31536000, immutable" if path.startswith("assets/") else "no-cache"
        headers = {"etag": file.etag, "cache-control": kept, "vary": "accept-encoding"}
        if file.etag in asked.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        body = file.body
        if "gzip" in asked.get("accept-encoding", "") and len(file.packed) < len(body):
            body, headers["content-encoding"] = file.packed, "gzip"
        return Response(body, headers=headers, media_type=mimetypes.guess_type(path)[0] or "application/octet-stream")

    def _file(self, path: str) -> _File:
        """A few hundred kilobytes in all: each is read and packed once, and again when it was written anew."""
        try:
            full, status = self._files.lookup_path(path)
            if status is None or not S_ISREG(status.st_mode):
                raise HTTPException(404)
            found = self._read.get(full)
            if found is None or found.changed != status.st_mtime_ns:
                body = Path(full).read_bytes()
                etag = f'"{sha256(body).hexdigest()[:32]}"'
                self._read[full] = found = _File(status.st_mtime_ns, body, gzip.compress(body, mtime=0), etag)
        except (OSError, ValueError):
            raise HTTPException(404) from None
        return found
