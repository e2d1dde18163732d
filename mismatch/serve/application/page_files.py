"""The files of the page, with the parts that several pages share put in where they are named."""

from __future__ import annotations

import re
from pathlib import Path

_FOLDER = Path(__file__).parent.parent / "page"
_TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
          ".svg": "image/svg+xml"}  # fmt: skip
_PART = re.compile(rb" *<!-- part: (\w+) -->\n")
_ENDING = ".part.html"


def page_files() -> dict[str, tuple[bytes, str]]:
    """The bytes and the content type of each file, by its name."""
    files = [file for file in _FOLDER.iterdir() if file.suffix in _TYPES and not file.name.endswith(_ENDING)]
    return {file.name: (_put_together(file), _TYPES[file.suffix]) for file in files}


def _put_together(file: Path) -> bytes:
    data = file.read_bytes()
    if file.suffix != ".html":
        return data
    return _PART.sub(lambda part: (_FOLDER / f"{part[1].decode()}{_ENDING}").read_bytes(), data)
