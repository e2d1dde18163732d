"""Files that are opened as a whole: in columns, a sheet of a workbook, a table of a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol

import pyarrow as pa

from mismatch.records.blocks import Chunk
from mismatch.records.columns import ColumnChoice, Columns
from mismatch.records.formats.columnar import ColumnarFile
from mismatch.records.formats.spreadsheet import Workbook
from mismatch.records.formats.sqlite_table import SqliteTable
from mismatch.records.partitions import Constants


class WholeFile(Protocol):
    """What they have in common."""

    columns: Columns
    schema: pa.Schema
    notice: str | None
    """what of the file is read, where that had to be chosen"""

    def chunks(self, problem: Callable[[str], None]) -> Iterator[Chunk]:
        """The rows in batches; damage in the middle ends them and is told to `problem`."""
        ...

    def runs(self, n_runs: int, n_rows: int, n_bytes: int) -> list[pa.RecordBatch] | None:
        """The pairs of runs of neighbouring rows, evenly spaced, by a look at about so many bytes."""
        ...


_TABLES: dict[str, Callable[..., WholeFile]] = {"xlsx": Workbook, "sqlite": SqliteTable}


def open_whole(
    file: str | BinaryIO, origin: str, format: str, choice: ColumnChoice, *, table: str | None, chunk_bytes: int,
    constants: Constants,
) -> WholeFile:  # fmt: skip
    """Opens a file of one of the formats in `COLUMNAR`. `table` : of a database or workbook. `constants` : of its folders.

    Raises
    ------
    InputError
        It is no such file, or has no title or body column.
    """
    if format in _TABLES:
        return _TABLES[format](file, origin, choice, table, chunk_bytes)
    return ColumnarFile(file, origin, format, choice, chunk_bytes, constants)
