"""The page's own style and script. Their address holds their content's hash, so they are kept."""

from __future__ import annotations

from web.base import BaseHandler
from web.files import read_file
from web.problems import Refusal

_YEAR_S = 31_536_000


class StaticHandler(BaseHandler):
    """GET /static/NAME. The route lets plain names through only, none with a slash or two dots."""

    is_limited = False

    async def prepare(self) -> None:
        """Host check only: these files are the same for everybody."""
        self.check_host()

    async def get(self, name: str) -> None:
        try:
            file = read_file(name)
        except FileNotFoundError:
            raise Refusal(404, "not_found", "there is no such file") from None
        kept = self.get_query_argument("v", "") == file.version
        self.set_header("Content-Type", file.media_type)
        self.set_header(
            "Cache-Control", f"public, max-age={_YEAR_S}, immutable" if kept else "no-cache"
        )
        self.finish(file.content)
