"""The description of the API for machines, and the same for people, without a script."""

from __future__ import annotations

from web.base import Headed
from web.handlers.page import PageHandler
from web.openapi import description, operations


class OpenApiHandler(Headed):
    """GET /openapi.json"""

    async def get(self) -> None:
        self.answer(description(self.desk.config))


class DocsHandler(Headed, PageHandler):
    """GET /docs"""

    async def get(self) -> None:
        self.show("docs.html", operations=operations())
