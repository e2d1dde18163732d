"""What a stream teaches a model without labels: `adapt` gives the same model with what it has learned from some pairs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mismatch.model.model import Model
from mismatch.model.stream_profile import StreamProfile
from mismatch.screening.title_cleaning import learn_habits
from mismatch.terms.hashing import text_hashes
from mismatch.terms.text_buffers import text_buffers

MIN_PAIRS = 200
"""pairs with text from which a stream shows anything; with fewer the model is used as it is"""
MAX_PAIRS = 4096
"""pairs that are looked at"""
RUN_ROWS = 64
"""rows side by side that are drawn at once from a longer table"""


def adapt(model: Model, pairs: pa.Table) -> Model:
    """The model, adapted to the stream that some pairs are drawn from; the model itself where they are too few.

    The order of the rows does not matter, nor does the number of threads.

    Parameters
    ----------
    pairs
        Columns `title` and `body`, and `source` where it is known. Of more than `MAX_PAIRS`, those are used whose texts have
        the smallest hashes.
    """
    pairs = usable(pairs)
    if pairs.num_rows < MIN_PAIRS:
        return model
    sources = pairs["source"] if "source" in pairs.column_names else None
    learned = StreamProfile(learn_habits(pairs["title"], sources), pairs.num_rows)
    return replace(model, stream=learned.joined(model.stream))


def usable(pairs: pa.Table) -> pa.Table:
    """The pairs that have both a title and a body, at most `MAX_PAIRS` of them, in an order that their texts decide."""
    pairs = pairs.filter(pc.and_(pairs["title"].is_valid(), pairs["body"].is_valid())).combine_chunks()
    titles, bodies = (text_hashes(text_buffers(pairs[name])) for name in ("title", "body"))
    order = np.lexsort((titles, bodies))[:MAX_PAIRS]
    return pairs.take(pa.array(order))


def drawn_evenly(table: pa.Table) -> pa.Table:
    """Some rows from all of a table: all of them up to `MAX_PAIRS`, else runs of neighbours, evenly spaced."""
    n = table.num_rows
    if n <= MAX_PAIRS:
        return table
    starts = np.linspace(0, n - RUN_ROWS, MAX_PAIRS // RUN_ROWS).astype(np.int64)
    return pa.concat_tables([table.slice(start, RUN_ROWS) for start in starts.tolist()])


def in_words(model: Model, adapted: Model, n_rows: int) -> str:
    """One line that says what was done."""
    if adapted is model:
        why = "adapted to a feed already" if model.is_adapted else f"{n_rows:,} rows show too little to adapt to"
        return f"the model is used as it is ({why})"
    assert adapted.stream is not None
    return f"adapted to {adapted.stream.n_pairs:,} rows of this input (--no-adapt: the model as it is)"
