"""Files that are opened as a whole: in columns, a sheet of a workbook, a table of a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, BinaryIO, Protocol, cast

import pyarrow as pa

from mismatch.records.blocks import Chunk
from mismatch.records.bounds import Bounds
from mismatch.records.columns import ColumnChoice, Columns
from mismatch.records.formats.columnar import ColumnarFile
from mismatch.records.formats.spreadsheet import Workbook
from mismatch.records.formats.sqlite_table import SqliteTable
from mismatch.records.partitions import Constants, column_of, with_constants


class WholeFile(Protocol):
    """What they have in common."""

    columns: Columns
    schema: pa.Schema

    def chunks(self, problem: Callable[[str], None]) -> Iterator[Chunk]:
        """The rows in batches; damage in the middle ends them and is told to `problem`."""
        ...

    def runs(self, n_runs: int, n_rows: int, n_bytes: int) -> list[pa.RecordBatch] | None:
        """The pairs of runs of neighbouring rows, evenly spaced, by a look at about so many bytes."""
        ...


_OF_FOLDERS = ("source", "id", "topic", "label")
"""what the folders of a file may say of its rows"""
OPENED_BY_NAME = frozenset({"xlsx", "sqlite"})
"""formats that are opened by a name on this disk, and as often as wanted"""
_TABLES: dict[str, Callable[..., WholeFile]] = {"xlsx": Workbook, "sqlite": SqliteTable}


def open_whole(
    file: str | BinaryIO, origin: str, format: str, choice: ColumnChoice, *, table: str | None, chunk_bytes: int,
    constants: Constants, bounds: Bounds, own_copy: Callable[[], str] | None = None,
) -> WholeFile:  # fmt: skip
    """Opens a file of one of the formats in `COLUMNAR`. `table` : of a database or workbook. `constants` : of its folders.
    `own_copy` : see `ColumnarFile`.

    Raises
    ------
    InputError
        It is no such file, or has no title or body column.
    """
    if format in _TABLES:
        return _TABLES[format](file, origin, choice, table, chunk_bytes, bounds)
    if constants:
        return _InFolders(file, origin, format, choice, chunk_bytes, bounds, constants, own_copy)
    return ColumnarFile(file, origin, format, choice, chunk_bytes, bounds, own_copy)


class _InFolders:
    """A file in columns with the columns of its folders; those that it has itself go first."""

    notice: str | None = None

    def __init__(
        self, file: str | BinaryIO, origin: str, format: str, choice: ColumnChoice, chunk_bytes: int, bounds: Bounds,
        constants: Constants, own_copy: Callable[[], str] | None = None,
    ) -> None:  # fmt: skip
        asked = {role: getattr(choice, role) for role in _OF_FOLDERS if getattr(choice, role) in constants}
        self._file = ColumnarFile(
            file, origin, format, replace(choice, **cast(Any, dict.fromkeys(asked))), chunk_bytes, bounds, own_copy
        )
        own = self._file.schema.names
        self._constants = {name: value for name, value in constants.items() if name not in own}
        named = {role: column_of(self._constants, role, asked.get(role)) for role in _OF_FOLDERS}
        self._roles = {
            role: name for role, name in named.items()
            if name is not None and (role in asked or getattr(self._file.columns, role) is None)
        }  # fmt: skip
        self.columns = replace(self._file.columns, **cast(Any, self._roles))
        fields = [pa.field(name, value.type) for name, value in self._constants.items()]
        self.schema = pa.schema([*self._file.schema, *fields], metadata=self._file.schema.metadata)

    def chunks(self, problem: Callable[[str], None]) -> Iterator[Chunk]:
        """The rows in batches, each with the columns of the folders at its end."""
        for chunk in self._file.chunks(problem):
            yield replace(chunk, batch=with_constants(chunk.batch, self._constants), columns=self.columns)

    def runs(self, n_runs: int, n_rows: int, n_bytes: int) -> list[pa.RecordBatch] | None:
        """The pairs of runs of neighbouring rows, evenly spaced."""
        found = self._file.runs(n_runs, n_rows, n_bytes)
        return None if found is None else [self._completed(pairs) for pairs in found]

    def _completed(self, pairs: pa.RecordBatch) -> pa.RecordBatch:
        columns = {name: pairs.column(name) for name in pairs.schema.names}
        for role, name in self._roles.items():
            columns[role] = pa.repeat(self._constants[name].cast(pa.string()), pairs.num_rows)
        return pa.RecordBatch.from_pydict(columns)


def united(schemas: list[pa.Schema | None]) -> pa.Schema | None:
    """The columns of all inputs together; None where one has none of its own, or they do not fit together."""
    known = [schema for schema in schemas if schema is not None]
    if not known or len(known) != len(schemas):
        return None
    if all(schema.equals(known[0]) for schema in known):
        return known[0]
    try:
        return pa.unify_schemas(known, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return None
