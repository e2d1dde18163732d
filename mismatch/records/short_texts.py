"""How much of a text is looked at. The rows themselves are written as they came, whatever their length."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mismatch.terms.text_buffers import text_buffers

LONGEST_NAME = 1 << 12
"""bytes of an id, a source or a topic; what is longer is none"""
TITLE_BYTES, BODY_BYTES = 1 << 16, 1 << 20
"""of a title, and of a body that is kept for later, so much of the beginning: no headline and no article is longer"""


def beginnings(texts: pa.Array, most: int) -> pa.Array:
    """Arrow text of any kind as far as `most` bytes of each go, in whole characters."""
    if _longest(texts) <= most:
        return texts
    cut = pc.binary_slice(texts.cast(pa.large_string()).cast(pa.large_binary()), 0, most).to_pylist()
    return pa.array([None if text is None else text.decode("utf-8", "ignore") for text in cut], texts.type)


def names(texts: pa.Array) -> pa.Array:
    """The texts of a pa.string or pa.large_string array, null in place of those that are too long for a name."""
    if _longest(texts) <= LONGEST_NAME:
        return texts
    return pc.if_else(pc.less_equal(pc.binary_length(texts), LONGEST_NAME), texts, None)


def kept(pairs: pa.RecordBatch) -> pa.RecordBatch:
    """Pairs as they are kept in memory or on disk for later."""
    for name, most in (("title", TITLE_BYTES), ("body", BODY_BYTES)):
        place = pairs.schema.get_field_index(name)
        pairs = pairs.set_column(place, pairs.schema.field(place), beginnings(pairs.column(place), most))
    return pairs


def _longest(texts: pa.Array) -> int:
    """Bytes of the longest text."""
    return int(np.diff(text_buffers(texts).offsets).max(initial=0))
