"""Titles and bodies out of whatever people keep them in (data frames, Arrow tables, sequences of pairs), and the verdict
columns back into the same kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from mismatch.errors import InputError
from mismatch.records.columns import usual_name


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
    table = arrow_table(data, title=title, body=body)
    for flag, name in (("title", title), ("body", body)):
        if name not in table.column_names:
            raise InputError(f"no {flag} column {name!r}: the columns are {', '.join(map(str, table.column_names))}")
        position = table.column_names.index(name)
        table = table.set_column(position, name, _as_text(table.column(position), name))
    return table


def judged_part(data: Any, title: str, body: str, source: str | None = None) -> Any:
    """What of `data` has to be converted to judge it: of a pandas data frame two or three columns, of anything else all.

    A pandas data frame may hold columns that Arrow has no type for.
    """
    if _library(data) == "pandas" and {title, body} <= set(data.columns):
        sources = named_source([str(name) for name in data.columns], source)
        wanted = dict.fromkeys((title, body) if sources is None else (title, body, sources))
        return data[[name for name in wanted if name in data.columns]]
    return data


def named_source(names: Sequence[str], asked: str | None = None) -> str | None:
    """The name of the column of sources: the one asked for, else the first of the usual names, in any case.

    Raises
    ------
    InputError
        If the one asked for is not there.
    """
    if asked is not None:
        if asked not in names:
            raise InputError(f"no source column {asked!r}: the columns are {', '.join(map(str, names))}")
        return asked
    return usual_name("source", names)


def source_column(table: pa.Table | pa.RecordBatch, asked: str | None = None) -> pa.Array | pa.ChunkedArray | None:
    """The column of sources as text; None where there is none, or where one that nobody asked for is not text."""
    name = named_source(table.schema.names, asked)
    if name is None:
        return None
    try:
        return _as_text(pa.chunked_array([table[name]]) if isinstance(table, pa.RecordBatch) else table[name], name)
    except InputError:
        if asked is not None:
            raise
        return None


def with_columns(data: Any, scored: pa.Table, added: Sequence[str]) -> Any:
    """`data` with the columns `added` of `scored`, as the kind that `data` is.

    A pandas data frame keeps its index and its types, a polars data frame stays one, a DuckDB relation stays on its
    connection, an Arrow record batch stays one. Columns of the same names are replaced and move to the end. For any
    other kind `scored` is returned as it is.
    """
    library = _library(data)
    if library == "pandas":
        columns = {name: _pandas_values(scored[name]) for name in added}
        return data.drop(columns=[name for name in added if name in data.columns]).assign(**columns)
    if library == "polars":
        import polars

        verdicts = polars.DataFrame(scored.select(added))
        return data.drop([name for name in added if name in data.columns]).hstack(verdicts)
    if isinstance(data, pa.RecordBatch):
        return scored.combine_chunks().to_batches()[0] if scored.num_rows else _empty_batch(scored.schema)
    if library in ("duckdb", "_duckdb"):
        return data.query("given", "SELECT * FROM scored")  # DuckDB finds `scored` among the variables of the caller
    return scored


def is_pairs(data: Any) -> bool:
    """True for a sequence of (title, body), False for a table of any kind."""
    if isinstance(data, (pa.Table, pa.RecordBatch)) or _library(data) in ("pandas", "polars"):
        return False
    return not (hasattr(data, "__arrow_c_stream__") or hasattr(data, "to_arrow_table"))


def _library(data: Any) -> str:
    """The library of a data frame or relation; nothing for what is neither (a numpy array of pandas' or a lazy frame)."""
    kind = type(data)
    known = ("DataFrame", "DuckDBPyRelation")
    return kind.__module__.partition(".")[0] if kind.__name__ in known else ""


def _pandas_values(column: pa.ChunkedArray) -> Any:
    import pandas

    if pa.types.is_list(column.type):  # lists, where `to_pandas` would make arrays
        values = np.empty(len(column), object)
        values[:] = column.to_pylist()
        return values
    return pandas.Series(column.to_pandas()).array


def _empty_batch(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema)


def arrow_table(data: Any, *, title: str = "title", body: str = "body") -> pa.Table:
    """`data` as an Arrow table, its columns as they are; a sequence of pairs gets the columns `title` and `body`.

    Raises
    ------
    InputError
        If it is nothing that holds pairs.
    """
    if isinstance(data, pa.Table):
        return data
    if isinstance(data, pa.RecordBatch):
        return pa.Table.from_batches([data])
    if _library(data) == "pandas":
        if not data.columns.is_unique:
            raise InputError("the data frame has two columns of one name; rename one")
        try:
            return pa.Table.from_pandas(data, preserve_index=False)
        except pa.ArrowException as error:
            raise InputError(f"the data frame has a column of mixed types: {' '.join(map(str, error.args))}") from error
    if hasattr(data, "__arrow_c_stream__"):
        return pa.table(data)
    if hasattr(data, "to_arrow_table"):  # DuckDB relations
        return data.to_arrow_table()
    if isinstance(data, (str, bytes)) or not isinstance(data, (Sequence, Iterable, np.ndarray)):
        raise InputError(f"expected a data frame, an Arrow table or pairs of (title, body), got {type(data).__name__}")
    titles, bodies = [], []
    for i, pair in enumerate(data):
        if isinstance(pair, (str, bytes, Mapping)) or not hasattr(pair, "__len__") or len(pair) != 2:
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
