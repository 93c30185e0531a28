"""The pages: files that the web build left in `desk/web/dist`. Their names carry a hash of what is in them, so they are kept for ever; `index.html` never is."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

from desk.access.model import Open
from desk.errors import NOT_FOUND, Problem
from desk.routes import Call, Route

DIST = Path(__file__).parent / "web" / "dist"
_HASHED = re.compile(r"[-.][A-Za-z0-9_-]{8,}\.[a-z0-9]{2,5}$")
_FOR_EVER = "public, max-age=31536000, immutable"
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".woff2": "font/woff2", ".svg": "image/svg+xml"}
_NOT_BUILT = """<!doctype html>
<html lang="ko">
<head><meta charset="utf-8"><title>외로움안녕120</title></head>
<body>
<h1>화면이 아직 만들어지지 않았습니다</h1>
<p>이 설치에는 화면 파일이 없습니다. 저장소에서 <code>make</code> 를 실행한 뒤 다시 여세요.</p>
<h1 lang="en">The pages are not built</h1>
<p lang="en">This installation has no page files. Run <code>make</code> in the repository, then open this again.</p>
</body>
</html>
"""


class Pages:
    """Serves them."""

    def __init__(self, dist: Path = DIST) -> None:
        self._dist = dist
        self._files: Mapping[str, Path] = {}

    def routes(self) -> list[Route]:
        """Everything that is not an API's. Must come last."""
        anybody = Open.ANYBODY
        return [
            Route(method="GET", path="/", handler=self.index, permission=anybody),
            Route(method="GET", path="/{path:(?!api/|api$|ical/).+}", handler=self.file, permission=anybody),
        ]

    async def index(self, call: Call) -> web.StreamResponse:
        """The page."""
        return self._index()

    async def file(self, call: Call, path: str) -> web.StreamResponse:
        """A file of the page; an address without an ending is one of the page's own, which the page itself understands."""
        # Looked up in a list, never put together: no path leads out of the folder.
        found = self._found().get(path)
        if found is None:
            if "." in path.rpartition("/")[2]:
                raise Problem(NOT_FOUND)
            return self._index()
        if path == "index.html":
            return self._index()
        kept = _FOR_EVER if _HASHED.search(found.name) else "no-cache"
        content_type = _TYPES.get(found.suffix) or mimetypes.guess_type(found.name)[0] or "application/octet-stream"
        return web.FileResponse(found, headers={"Content-Type": content_type, "Cache-Control": kept})

    def _index(self) -> web.StreamResponse:
        found = self._found().get("index.html")
        if found is None:
            return web.Response(status=503, text=_NOT_BUILT, content_type="text/html", headers={"Cache-Control": "no-store"})
        return web.FileResponse(found, headers={"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"})

    def _found(self) -> Mapping[str, Path]:
        # A new build has other names: the list is made anew when its page has changed, or is not there yet.
        index = self._dist / "index.html"
        if not index.is_file():
            self._files = {}
        elif self._files.get("index.html") is None or self._made != index.stat().st_mtime_ns:
            self._made = index.stat().st_mtime_ns
            self._files = {path.relative_to(self._dist).as_posix(): path for path in sorted(self._dist.rglob("*")) if path.is_file()}
        return self._files

    #: When the list's page was built.
    _made = 0
