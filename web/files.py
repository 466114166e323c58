"""The page's own files: style, script, picture; read once, named by the hash of their content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class File:
    """One file; `version` changes with its content."""

    content: bytes
    media_type: str
    version: str


@cache
def read_file(name: str) -> File:
    """The file of this plain name. Raises FileNotFoundError."""
    path = FOLDER / name
    content = path.read_bytes()
    version = hashlib.sha256(content).hexdigest()[:16]
    return File(content, _KINDS[path.suffix], version)


def static_path(name: str) -> str:
    """The address of a file of ours, new whenever its content is, so that it may be kept."""
    return f"/static/{name}?v={read_file(name).version}"
