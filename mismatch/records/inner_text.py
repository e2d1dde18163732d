"""The text of a field that is no text itself: paragraphs in a list, a text with its markup, an article in sections.

Item loaders of Scrapy leave lists of pieces, WordPress has `{"rendered": …}`, feed parsers `[{"value": …}]`, fundus
`{"summary": […], "sections": [{"headline": […], "paragraphs": […]}]}`, and many a source is `{"id": …, "name": …}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TEXT_KEYS = ("rendered", "plaintext", "text", "main", "value", "#text", "$t", "content")
"""under which an object holds its text, the first that is there"""
_SECTIONS = ("summary", "headline", "sections", "paragraphs")
"""of which an article in sections is made"""
NAME_KEYS = ("name", "title", "domain", "uri", "id")
"""under which an object holds the name of a source"""
KEYS_OF_ROLES = {"title": TEXT_KEYS, "body": TEXT_KEYS, "source": NAME_KEYS}
"""the columns whose text may be inside something"""


def text_inside(value: Any, keys: tuple[str, ...] = TEXT_KEYS) -> str | None:
    """The pieces of text in a value, one a line; "" where it is empty, None where it holds something else.

    Examples
    --------
    >>> text_inside(["One paragraph.", "Another."])
    'One paragraph.\\nAnother.'
    >>> text_inside({"protected": False, "rendered": "<p>Fish</p>"})
    '<p>Fish</p>'
    >>> text_inside({"width": 300}) is None
    True
    """
    pieces: list[str] = []
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            pieces.append(value)
        elif isinstance(value, bytes):
            pieces.append(value.decode("utf-8", "replace"))
        elif isinstance(value, (list, tuple)):
            waiting.extend(reversed(value))
        elif isinstance(value, Mapping):
            inner = _inner(value, keys)
            if inner is None:
                return None
            waiting.extend(reversed(inner))
        elif isinstance(value, bool):
            return None
        elif value is not None:
            pieces.append(str(value))
    return "\n".join(piece for piece in pieces if piece)


def _inner(value: Mapping[Any, Any], keys: tuple[str, ...]) -> list[Any] | None:
    """The values of an object that hold its text; None where nothing says so."""
    if "sections" in value or "paragraphs" in value:
        return [value[key] for key in _SECTIONS if key in value]
    return next(([value[key]] for key in keys if value.get(key) is not None), [] if not value else None)
