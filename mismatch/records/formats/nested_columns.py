"""Columns inside columns, by names with dots (`article.title`), and text inside lists and structs, of Arrow batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from mismatch.errors import InputError
from mismatch.records.columns import ColumnChoice, Columns, Sample, find_columns
from mismatch.records.inner_text import KEYS_OF_ROLES, text_inside

_DEEPEST = 8


def columns_of_schema(
    schema: pa.Schema, choice: ColumnChoice, origin: str, sample: Callable[[], Sample] | None = None
) -> Columns:
    """The columns of a table, also inside its structs.

    Where nothing is asked for and the table itself has no title or body, both are looked for in each of its structs, and at
    last by what the columns of a `sample` hold.

    Raises
    ------
    InputError
        There is no title or body column.
    """
    inside = [path for field in schema for path in _paths(field)]
    names = [*schema.names, *(path for path in inside if path not in schema.names)]
    try:
        return find_columns(names, choice, origin)
    except InputError as error:
        if choice.title is None and choice.body is None:
            for field in schema:
                if pa.types.is_struct(field.type):
                    try:
                        return find_columns(names, choice, origin, inside=field.name)
                    except InputError:
                        continue
        if sample is None:
            raise error
    return find_columns(names, choice, origin, sample=sample)


def outer_column(schema_names: Sequence[str], name: str) -> str:
    """The column of a table that holds the one of this name."""
    if name in schema_names:
        return name
    return next(outer for outer in schema_names if name.startswith(f"{outer}."))


def type_at(schema: pa.Schema, name: str) -> pa.DataType:
    """The type of a column, also inside a struct."""
    outer = outer_column(schema.names, name)
    kind = schema.field(schema.names.index(outer)).type
    return kind if outer == name else _inner_field(kind, name[len(outer) + 1 :])[1].type


def column_at(batch: pa.RecordBatch, name: str) -> pa.Array:
    """A column, also inside a struct."""
    outer = outer_column(batch.schema.names, name)
    column = batch.column(batch.schema.names.index(outer))
    if outer != name:
        column = pc.struct_field(column, _inner_field(column.type, name[len(outer) + 1 :])[0])
    return column


def with_text_inside(column: pa.Array, role: str) -> tuple[pa.Array, list[int]]:
    """A sound column as it is; of a title, body or source that is made of lists or structs, the text inside them.

    And the rows whose values Python cannot hold, which are null.
    """
    keys = KEYS_OF_ROLES.get(role)
    if keys is None or not pa.types.is_nested(column.type):
        return column, []
    texts: list[bytes | None] = []
    bad = []
    for i, value in enumerate(column):
        try:
            text = text_inside(value.as_py(), keys)
        except Exception:  # of a time, Python's libraries raise what they like
            text = None
            bad.append(i)
        texts.append(text.encode("utf-8", "replace") if text else None)
    held = pa.array(texts, pa.large_binary())
    return pa.Array.from_buffers(pa.large_string(), len(held), held.buffers(), held.null_count), bad


def holds_text(kind: pa.DataType, role: str) -> bool:
    """Whether values of a type are text, or, of a title, body or source, have text inside."""
    if not (pa.types.is_nested(kind) or pa.types.is_union(kind)):
        return True
    keys = KEYS_OF_ROLES.get(role)
    return keys is not None and _has_text_inside(kind, keys)


def _has_text_inside(kind: pa.DataType, keys: tuple[str, ...]) -> bool:
    """Whether values of a type may have text inside as `text_inside` finds it."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        inner = kind.value_type
        return pa.types.is_null(inner) or _is_text(inner) or _has_text_inside(inner, keys)
    if pa.types.is_struct(kind):
        names = [kind.field(k).name for k in range(kind.num_fields)]
        return "sections" in names or "paragraphs" in names or any(key in names for key in keys)
    return False


def _is_text(kind: pa.DataType) -> bool:
    return kind in (pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary())


def _paths(field: pa.Field, depth: int = 0) -> list[str]:
    """The names with dots of all fields inside a struct."""
    if not pa.types.is_struct(field.type) or depth >= _DEEPEST:
        return []
    found = []
    for k in range(field.type.num_fields):
        inner = field.type.field(k)
        found += [f"{field.name}.{inner.name}", *(f"{field.name}.{path}" for path in _paths(inner, depth + 1))]
    return found


def _inner_field(kind: pa.DataType, name: str) -> tuple[list[int], pa.Field]:
    """Where a field stands inside a struct, as indices from the outside in, and the field."""
    for k in range(kind.num_fields):
        field = kind.field(k)
        if field.name == name:
            return [k], field
    for k in range(kind.num_fields):
        field = kind.field(k)
        if pa.types.is_struct(field.type) and name.startswith(f"{field.name}."):
            indices, found = _inner_field(field.type, name[len(field.name) + 1 :])
            return [k, *indices], found
    raise KeyError(name)
