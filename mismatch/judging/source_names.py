"""Spellings of one source: `BBC News`, `bbc  news `, `www.bbc.co.uk` and `https://BBC.co.uk/`."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_SCHEME = re.compile(r"^(?:https?:)?//|^www\d?\.(?=.*\.)", re.IGNORECASE)
_LONGEST_KEPT = 256
"""characters of a name whose key is kept: what calls itself a source may be as long as an article"""


def source_key(name: str) -> str:
    """What all spellings of a source share that differ in case, blanks, a scheme or `www.` alone; empty for no name.

    Examples
    --------
    >>> source_key(" The  Daily Ferry") == source_key("the daily ferry")
    True
    >>> source_key("https://www.Ferry.example/") == source_key("ferry.example")
    True
    """
    return _kept_key(name) if len(name) <= _LONGEST_KEPT else _key(name)


def _key(name: str) -> str:
    key = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
    for _ in range(2):  # a scheme, then www.
        key = _SCHEME.sub("", key)
    return key.rstrip("/") or key


_kept_key = lru_cache(maxsize=1 << 16)(_key)
