"""Titles and bodies out of whatever people keep them in (data frames, Arrow tables, sequences of pairs or of rows), and the
verdict columns back into the same kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from mismatch.errors import InputError
from mismatch.judging.pair_columns import names_of, texts_in
from mismatch.records.guessing import SAMPLE_ROWS

Pair = tuple[str | None, str | None]
"""title and body"""
Row = Mapping[str, Any]
"""an article as a dictionary"""
_EXPECTED = "a data frame, an Arrow table, pairs of (title, body), or rows as dictionaries"


def pairs_table(
    data: Any, *, title: str | None = None, body: str | None = None, source: str | None = None, topics: bool = False
) -> pa.Table:
    """The pairs in `data` as an Arrow table of text: columns `title` and `body`, and `source` where it is known.

    Parameters
    ----------
    data
        An Arrow table or record batch, whatever exposes the Arrow C stream (pandas, polars, DuckDB), a polars lazy frame, a
        mapping of columns, an array of shape (n_pairs, 2), a sequence of (title, body), or one of dictionaries.
    title, body, source
        Names of columns; by default the usual names are tried. A sequence of (title, body) needs none.
    topics
        Take a column `topic` too, where there is one.

    Raises
    ------
    InputError
        If a column is missing or is not text, or an element is not a pair.
    """
    data = at_hand(data)
    asked = {"title": title, "body": body, "source": source, **({"topic": None} if topics else {})}
    for role, asked_for in asked.items():
        if not isinstance(asked_for, str | None):
            raise InputError(f"{role}= takes the name of a column, not a {type(asked_for).__name__}")
    if isinstance(data, list) and not any(isinstance(row, Mapping) for row in data):
        return _of_tuples(data)
    if isinstance(data, list):
        keys = _keys(data)
        found = names_of(keys, asked, lambda: {key: [row.get(key) for row in data[:SAMPLE_ROWS]] for key in keys})
        return pa.table({role: pa.array(_values(data, name, role), pa.large_string()) for role, name in found.items()})
    names = {str(name): name for name in reversed(_names(data))}
    found = names_of(list(reversed(names)), asked, lambda: _first_rows(data))
    for name in found.values():
        if _names(data).count(name) > 1:
            raise InputError(f"there are two columns {name!r}; rename one")
    table = _arrow(data, [names[name] for name in dict.fromkeys(found.values())])
    return texts_in(table, found, asked)


def at_hand(data: Any) -> Any:
    """`data` as something that can be looked at more than once: a data frame of pandas or polars, an Arrow table or record
    batch as it is, a lazy frame collected, anything else of columns as an Arrow table, anything else as a list.

    Raises
    ------
    InputError
        If it is nothing that holds pairs.
    """
    if isinstance(data, (pa.Table, pa.RecordBatch, list)) or _library(data) == "polars":
        return data
    if _library(data) == "pandas":
        if not data.columns.is_unique:
            raise InputError("the data frame has two columns of one name; rename one")
        return data
    if is_lazy(data):
        return data.collect()
    if hasattr(data, "__arrow_c_stream__"):
        return _table(lambda: pa.table(data))
    if isinstance(data, Mapping):
        return _table(lambda: pa.table(data), lambda: pa.table({name: [*map(_whole, data[name])] for name in data}))
    if hasattr(data, "to_arrow_table"):  # DuckDB relations
        return data.to_arrow_table()
    if isinstance(data, (str, bytes)) or not isinstance(data, Iterable) or getattr(data, "shape", None) == ():
        raise InputError(f"expected {_EXPECTED}, got {type(data).__name__}")
    return list(data)


def with_columns(given: Any, held: Any, added: pa.Table) -> Any:
    """`given` with the columns `added`, as the kind that it is; `held` is what `at_hand` made of it.

    A pandas data frame keeps its index and its types, a polars data frame stays one, a lazy one too, a DuckDB relation stays
    on its connection, an Arrow record batch stays one. Columns of the same names are replaced and move to the end. Any other
    kind comes back as an Arrow table.
    """
    names = added.column_names
    library = _library(held)
    if library == "pandas":
        columns = {name: _pandas_values(added[name]) for name in names}
        return held.drop(columns=[name for name in names if name in held.columns]).assign(**columns)
    if library == "polars":
        import polars

        frame = held.drop([name for name in names if name in held.columns]).hstack(polars.DataFrame(added))
        return frame.lazy() if is_lazy(given) else frame
    scored = appended(pa.Table.from_batches([held]) if isinstance(held, pa.RecordBatch) else held, added)
    if isinstance(held, pa.RecordBatch):
        return scored.combine_chunks().to_batches()[0] if scored.num_rows else _empty_batch(scored.schema)
    if _library(given) in ("duckdb", "_duckdb"):
        return given.query("given", "SELECT * FROM scored")  # DuckDB finds `scored` among the variables of the caller
    return scored


def appended(table: pa.Table, added: pa.Table) -> pa.Table:
    """An Arrow table with the columns `added` at its end, in place of those of the same names."""
    table = table.drop_columns([name for name in added.column_names if name in table.column_names])
    for field in added.schema:
        table = table.append_column(field, added[field.name])
    return table


def is_lazy(data: Any) -> bool:
    """True for a lazy frame of polars."""
    return type(data).__name__ == "LazyFrame" and _package(data) == "polars"


def _package(data: Any) -> str:
    return type(data).__module__.partition(".")[0]


def _library(data: Any) -> str:
    """The library of a data frame or relation; nothing for what is neither (a numpy array of pandas' or a lazy frame)."""
    return _package(data) if type(data).__name__ in ("DataFrame", "DuckDBPyRelation") else ""


def _names(data: Any) -> list[Any]:
    return list(data.schema.names) if isinstance(data, (pa.Table, pa.RecordBatch)) else list(data.columns)


def _first_rows(data: Any) -> dict[str, list[object]]:
    """The values of the first rows, by column."""
    first = data.slice(0, SAMPLE_ROWS) if isinstance(data, (pa.Table, pa.RecordBatch)) else data.head(SAMPLE_ROWS)
    values = {}
    for name in _names(data):
        column = first[name]
        values[str(name)] = list(column.to_pylist() if hasattr(column, "to_pylist") else column.to_list())
    return values


def _arrow(data: Any, names: list[Any]) -> pa.Table:
    """Some columns as an Arrow table; the others may be of types that Arrow does not have."""
    if isinstance(data, pa.RecordBatch):
        return pa.Table.from_batches([data.select(names)])
    if isinstance(data, pa.Table):
        return data.select(names)
    if _library(data) == "pandas":
        data = data[names]
        return _table(
            lambda: pa.Table.from_pandas(data, preserve_index=False),
            lambda: pa.Table.from_pandas(data.apply(lambda column: column.map(_whole)), preserve_index=False),
        )
    return _table(lambda: pa.table(data.select(names)))


def _table(make: Callable[[], pa.Table], make_whole: Callable[[], pa.Table] | None = None) -> pa.Table:
    """What `make` gives or, where texts hold halves of characters, which cannot stand in Arrow text, `make_whole`."""
    try:
        return make()
    except UnicodeEncodeError:
        if make_whole is None:
            raise
        return _table(make_whole)
    except (pa.ArrowException, TypeError, ValueError) as error:
        words = " ".join(" ".join(map(str, error.args)).split())
        raise InputError(f"the data frame has a column of mixed types, or of one that Arrow lacks: {words}") from error


def _whole(value: Any) -> Any:
    """A text with what UTF-8 cannot say replaced; anything else as it is."""
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else value


def _pandas_values(column: pa.ChunkedArray) -> Any:
    import pandas

    if pa.types.is_list(column.type):  # lists, where `to_pandas` would make arrays
        values = np.empty(len(column), object)
        values[:] = column.to_pylist()
        return values
    return pandas.Series(column.to_pandas()).array


def _empty_batch(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema)


def _of_tuples(data: list[Any]) -> pa.Table:
    titles, bodies = [], []
    for i, pair in enumerate(data):
        if isinstance(pair, (str, bytes)) or not _has_order(pair) or len(pair) != 2:
            raise InputError(f"element {i} is not a pair of (title, body); expected {_EXPECTED}")
        titles.append(text_or_none(pair[0], i))
        bodies.append(text_or_none(pair[1], i))
    return pa.table({"title": pa.array(titles, pa.large_string()), "body": pa.array(bodies, pa.large_string())})


def _has_order(pair: Any) -> bool:
    return hasattr(pair, "__len__") and hasattr(pair, "__getitem__")


def _keys(data: list[Any]) -> list[str]:
    names: dict[str, None] = {}
    for i, row in enumerate(data):
        if not isinstance(row, Mapping):
            raise InputError(f"element {i} is a {type(row).__name__} among rows that are dictionaries")
        names.update(dict.fromkeys(map(str, row)))
    return list(names)


def _values(data: list[Any], name: str, role: str) -> list[str | None]:
    if role in ("title", "body"):
        return [text_or_none(row.get(name), i) for i, row in enumerate(data)]
    values = [row.get(name) for row in data]
    return [text_or_none(value, i) if isinstance(value, str) else None for i, value in enumerate(values)]


def text_or_none(value: Any, place: int | str) -> str | None:
    """A text as Arrow can hold it, None for what the libraries have for nothing; `place` is for the message."""
    if value is None or (isinstance(value, float) and np.isnan(value)) or type(value).__name__ == "NAType":
        return None
    if not isinstance(value, str):
        where = f"element {place}" if isinstance(place, int) else f"the {place}"
        raise InputError(f"{where} holds a {type(value).__name__} where text belongs")
    return _whole(value)  # lone surrogates cannot stand in Arrow text
