"""Titles and bodies out of whatever people keep them in: data frames, Arrow tables, sequences of pairs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from mismatch.errors import InputError


def pairs_table(data: Any, *, title: str = "title", body: str = "body") -> pa.Table:
    """`data` as an Arrow table whose columns `title` and `body` are text; other columns are kept.

    Parameters
    ----------
    data
        An Arrow table or record batch, whatever exposes the Arrow C stream (pandas, polars, DuckDB), a pandas data frame,
        an array of shape (n_pairs, 2), or a sequence of (title, body).

    Raises
    ------
    InputError
        If a column is missing or is not text, or an element is not a pair.
    """
    table = _table(data, title, body)
    for flag, name in (("title", title), ("body", body)):
        if name not in table.column_names:
            raise InputError(f"no {flag} column {name!r}: the columns are {', '.join(map(str, table.column_names))}")
        position = table.column_names.index(name)
        table = table.set_column(position, name, _as_text(table.column(position), name))
    return table


def _table(data: Any, title: str, body: str) -> pa.Table:
    if isinstance(data, pa.Table):
        return data
    if isinstance(data, pa.RecordBatch):
        return pa.Table.from_batches([data])
    if hasattr(data, "__arrow_c_stream__"):
        return pa.table(data)
    if hasattr(data, "to_arrow_table"):  # DuckDB relations
        return data.to_arrow_table()
    if type(data).__module__.startswith("pandas"):
        return pa.Table.from_pandas(data, preserve_index=False)
    if isinstance(data, (str, bytes)) or not isinstance(data, (Sequence, Iterable, np.ndarray)):
        raise InputError(f"expected a data frame, an Arrow table or pairs of (title, body), got {type(data).__name__}")
    titles, bodies = [], []
    for i, pair in enumerate(data):
        if isinstance(pair, (str, bytes)) or not hasattr(pair, "__len__") or len(pair) != 2:
            raise InputError(f"element {i} is not a pair of (title, body)")
        titles.append(_text_or_none(pair[0], i))
        bodies.append(_text_or_none(pair[1], i))
    return pa.table({title: pa.array(titles, pa.large_string()), body: pa.array(bodies, pa.large_string())})


def _text_or_none(value: Any, i: int) -> str | None:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return None
    if not isinstance(value, str):
        raise InputError(f"element {i} holds a {type(value).__name__} where text belongs")
    return value.encode("utf-8", "replace").decode("utf-8")  # lone surrogates cannot stand in Arrow text


def _as_text(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_large_string(column.type):
        return column
    if pa.types.is_string(kind) or pa.types.is_null(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.large_string())
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return column.cast(pa.large_string())
    raise InputError(f"column {name!r} is {kind}, not text")
