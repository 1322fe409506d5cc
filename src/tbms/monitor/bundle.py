"""The built pages: files with a name made from their content are kept by the browser, the first page never."""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

MISSING = (
    "The pages are not built. In the repository run `make web` "
    "(it needs Node.js ^20.19 or >=22.12, or gets one from PyPI), then reload.\n"
)


class Bundle:
    """Serves the folder `npm run build` writes, or says what to do when it is not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = StaticFiles(directory=folder, html=True, check_dir=False)

    @property
    def built(self) -> bool:
        """The pages are there."""
        return (self._folder / "index.html").is_file()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request for a file."""
        if scope["path"].startswith("/api/"):
            raise HTTPException(404)
        if not self.built:
            await PlainTextResponse(MISSING, 503)(scope, receive, send)
            return
        response = await self._files.get_response(self._files.get_path(scope), scope)
        await _aged(response, scope)(scope, receive, send)


def _aged(response: Response, scope: Scope) -> Response:
    kept = "/assets/" in scope["path"]
    response.headers["cache-control"] = "max-age=31536000, immutable" if kept else "no-cache"
    return response
