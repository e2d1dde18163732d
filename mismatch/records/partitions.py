"""Columns that a data set keeps in the names of its folders: `archive/year=2024/source=example.org/part-0.parquet`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import TypeAlias
from urllib.parse import unquote

import pyarrow as pa

from mismatch.records.columns import usual_name

Constants: TypeAlias = Mapping[str, pa.Scalar]
"""the columns of a file's folders, each with the value that all its rows have"""
_FOLDER = re.compile(r"([^=]+)=(.*)", re.DOTALL)
_NULL = "__HIVE_DEFAULT_PARTITION__"
_WHOLE_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})")


def partitions_of(names: Sequence[str]) -> list[Constants]:
    """The columns that the folders of each file stand for.

    A column holds whole numbers where all its folders are named by such, written as numbers are, else text.
    """
    found = [_folders(name) for name in names]
    numbers: dict[str, bool] = {}
    for folders in found:
        for key, value in folders.items():
            numbers[key] = numbers.get(key, True) and (value is None or _WHOLE_NUMBER.fullmatch(value) is not None)
    return [{key: _scalar(value, numbers[key]) for key, value in folders.items()} for folders in found]


def column_of(constants: Constants, role: str, asked: str | None) -> str | None:
    """The column of the folders for a role: the one that is asked for, or the first of the usual names, in any case."""
    if asked is not None:
        return asked if asked in constants else None
    return usual_name(role, constants)


def with_constants(batch: pa.RecordBatch, constants: Constants) -> pa.RecordBatch:
    """A batch with the columns of the folders at its end."""
    columns = [*batch.columns, *(pa.repeat(value, batch.num_rows) for value in constants.values())]
    fields = [*batch.schema, *(pa.field(name, value.type) for name, value in constants.items())]
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields, metadata=batch.schema.metadata))


def _folders(name: str) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for part in PurePath(name).parts[:-1]:
        match = _FOLDER.fullmatch(part)
        if match is not None:
            found[unquote(match[1])] = None if match[2] == _NULL else unquote(match[2])
    return found


def _scalar(value: str | None, is_number: bool) -> pa.Scalar:
    if is_number:
        return pa.scalar(None if value is None else int(value), pa.int64())
    return pa.scalar(value, pa.string())
