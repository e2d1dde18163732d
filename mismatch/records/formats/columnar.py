"""Parquet and Arrow files (Feather is an Arrow file): batches of bounded size, every column as it is, or runs of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mismatch.errors import InputError
from mismatch.records.blocks import Block, Reject, pairs_batch
from mismatch.records.columns import ROLES, ColumnChoice, Columns
from mismatch.records.formats.nested_columns import column_at, columns_of_schema, holds_text, outer_column, type_at

_MOST_ROWS = 1 << 16
LOOKED_AT = 1 / 16
"""share of a file that may be read for a look at it, where that is more than a look takes otherwise"""
_Groups = tuple[list[int], Callable[[int], pa.Table]]
"""how many rows each row group or batch has, and what gives its rows, or its first rows"""


class ColumnarFile:
    """One Parquet or Arrow file, its schema read and checked.

    Raises
    ------
    InputError
        The file is no such file, or is damaged, or its title or body column is not text.
    """

    def __init__(self, file: str | BinaryIO, origin: str, format: str, choice: ColumnChoice, chunk_bytes: int) -> None:
        self.origin, self._file, self._chunk_bytes = origin, file, chunk_bytes
        self._parquet: pq.ParquetFile | None = None
        try:
            if format == "parquet":
                self._parquet = pq.ParquetFile(file, pre_buffer=False)
                self.schema = self._parquet.schema_arrow
            else:
                self._arrow = _open_arrow(file)
                self.schema = self._arrow.schema
        except (pa.ArrowInvalid, OSError) as error:
            raise InputError(f"{origin}: not a readable {format} file ({_first_line(error)}); was it cut short?") from None
        self.columns = _checked(columns_of_schema(self.schema, choice, origin), choice, self.schema, origin)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows in batches of about `chunk_bytes`; at least one batch, so that an empty file keeps its
        schema."""
        yield pa.RecordBatch.from_arrays([pa.array([], field.type) for field in self.schema], schema=self.schema)
        if self._parquet is not None:
            for group in range(self._parquet.num_row_groups):
                about = self._parquet.metadata.row_group(group)
                rows = int(about.num_rows * self._chunk_bytes / max(about.total_byte_size, 1))
                size = max(1, min(rows, _MOST_ROWS))
                for batch in self._parquet.iter_batches(size, row_groups=[group], use_threads=False):
                    yield pa.RecordBatch.from_arrays(batch.columns, schema=self.schema)
            return
        for batch in _arrow_batches(self._arrow):
            rows = int(batch.num_rows * self._chunk_bytes / max(batch.nbytes, 1))
            size = max(1, min(rows, _MOST_ROWS))
            for start in range(0, batch.num_rows, size):
                yield batch.slice(start, size)

    def runs(self, n_runs: int, n_rows: int, n_bytes: int) -> list[pa.RecordBatch] | None:
        """The pairs of runs of at most `n_rows` neighbouring rows, evenly spaced; None where they cannot be sought.

        Of a Parquet file about `n_bytes` are read, or a share of the file where that is more: of row groups that are too
        large for that, the runs come from their beginnings.
        """
        columns = Columns(self.columns.title, self.columns.body, self.columns.source, None, None, None)
        wanted = {outer_column(self.schema.names, n) for n in (columns.title, columns.body, columns.source) if n is not None}
        names = [name for name in self.schema.names if name in wanted]
        groups = self._parquet_groups(names, n_bytes, n_runs) if self._parquet is not None else self._arrow_groups(names)
        if groups is None:
            return None
        sizes, rows_of = groups
        ends = np.cumsum(sizes)
        starts = np.unique(np.linspace(0, max(0, int(ends[-1]) - n_rows), n_runs).astype(np.int64))
        place = np.searchsorted(ends, starts, side="right")
        found = []
        for group in np.unique(place).tolist():
            rows = rows_of(group)
            offsets = starts[place == group] - (int(ends[group]) - sizes[group])
            if rows.num_rows < sizes[group]:
                offsets = np.unique(offsets * max(0, rows.num_rows - n_rows) // max(1, sizes[group] - n_rows))
            for offset in offsets.tolist():
                run = rows.slice(offset, n_rows)
                run = run.take(np.arange(run.num_rows)).combine_chunks()  # a copy, so that the group need not stay in memory
                found += [ColumnarChunk(self.origin, batch, columns, 1).decode().pairs for batch in run.to_batches()]
        return found

    def _parquet_groups(self, names: list[str], n_bytes: int, n_groups: int) -> _Groups | None:
        assert self._parquet is not None
        groups = [self._parquet.metadata.row_group(i) for i in range(self._parquet.num_row_groups)]
        sizes = [group.num_rows for group in groups]
        limit = max(n_bytes, int(LOOKED_AT * sum(group.total_byte_size for group in groups)))
        limit //= max(1, min(n_groups, len(sizes)))
        file = pq.ParquetFile(self._file, pre_buffer=False, buffer_size=1 << 20)  # the rest of a group is not even fetched

        def beginning(group: int) -> pa.Table:
            batches, size = [], 0
            for batch in file.iter_batches(1024, row_groups=[group], columns=names, use_threads=False):
                batches.append(batch)
                size += batch.nbytes
                if size >= limit:
                    break
            return pa.Table.from_batches(batches)

        return (sizes, beginning) if sum(sizes) else None

    def _arrow_groups(self, names: list[str]) -> _Groups | None:
        options = pa.ipc.IpcReadOptions(included_fields=[self.schema.names.index(name) for name in names])
        reader = _open_arrow(self._file, options)
        if not isinstance(reader, pa.RecordBatchFileReader) or not (n := reader.num_record_batches):
            return None
        first, last = (reader.get_batch(i).num_rows for i in (0, n - 1))
        sizes = [first] * (n - 1) + [last]  # batches are of one size, as a rule, and to count them would mean to read them
        return (sizes, lambda group: pa.Table.from_batches([reader.get_batch(group)])) if sum(sizes) else None

    def chunks(self, problem: Callable[[str], None]) -> Iterator[ColumnarChunk]:
        """The batches as chunks; damage in the middle ends the file and is told to `problem`."""
        row = 1
        try:
            for batch in self.batches():
                yield ColumnarChunk(self.origin, batch, self.columns, row)
                row += batch.num_rows
        except (pa.ArrowException, OSError) as error:
            problem(f"{self.origin}: damaged after row {row - 1} ({_first_line(error)}); the rest was not read")


@dataclass
class ColumnarChunk:
    """A batch as it stands in the file."""

    origin: str
    batch: pa.RecordBatch
    columns: Columns
    first_row: int

    def decode(self) -> Block:
        """The batch with its role columns as text; rows whose text is not UTF-8 are among `rejects`."""
        batch, n = self.batch, self.batch.num_rows
        numbers = np.arange(self.first_row, self.first_row + n, dtype=np.int64)
        arrays, good = [], np.ones(n, dtype=bool)
        for role in ROLES:
            name = getattr(self.columns, role)
            if name is None:
                arrays.append(pa.nulls(n, pa.string()))
                continue
            column = column_at(batch, name, role)
            text = as_text(column)
            if text is None:
                fine = _utf8_rows(column)
                good &= fine
                text = as_text(pc.if_else(pa.array(fine), _plain(column), pa.scalar(None, _plain(column).type)))
            arrays.append(text)
        rejects = [
            Reject(self.origin, int(numbers[i]), "not valid UTF-8", repr(_raw_row(batch, int(i))).encode())
            for i in np.flatnonzero(~good)
        ]
        if rejects:
            mask = pa.array(good)
            batch, arrays, numbers = batch.filter(mask), [a.filter(mask) for a in arrays], numbers[good]
        return Block(pairs_batch(arrays), batch, self.origin, numbers, rejects, self.columns)


def as_text(column: pa.Array) -> pa.Array | None:
    """A column as pa.string (pa.large_string above 2 GiB); None when some of it is not UTF-8."""
    column = _plain(column)
    try:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            column.validate(full=True)
        if column.type == pa.string():
            return column
        try:
            return column.cast(pa.string())
        except pa.ArrowInvalid:
            return column.cast(pa.large_string())
    except pa.ArrowInvalid:
        return None


def _plain(column: pa.Array) -> pa.Array:
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if column.type == pa.string_view():
        return column.cast(pa.large_string())
    if column.type == pa.binary_view():
        return column.cast(pa.large_binary())
    return column


def _utf8_rows(column: pa.Array) -> np.ndarray:
    fine = np.ones(len(column), dtype=bool)
    for i, value in enumerate(_plain(column).cast(pa.large_binary())):
        try:
            (value.as_py() or b"").decode("utf-8")
        except UnicodeDecodeError:
            fine[i] = False
    return fine


def _raw_row(batch: pa.RecordBatch, i: int) -> dict[str, object]:
    row: dict[str, object] = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        row[name] = (column.cast(pa.large_binary()) if text else column)[i].as_py()
    return row


def _checked(columns: Columns, choice: ColumnChoice, schema: pa.Schema, origin: str) -> Columns:
    """Columns whose type can be read as text; a topic or the like that cannot be is left out unless it was
    named."""
    kept: dict[str, str | None] = {}
    for role in ROLES:
        name = getattr(columns, role)
        kept[role] = name
        if name is None:
            continue
        kind = type_at(schema, name)
        if holds_text(kind, role):
            continue
        if role in ("title", "body") or getattr(choice, role) is not None:
            raise InputError(f"{origin}: the {role} column {name!r} is {kind}, not text; name another with --{role} COLUMN.")
        kept[role] = None
    return Columns(**kept)


def _open_arrow(
    file: str | BinaryIO, options: pa.ipc.IpcReadOptions | None = None
) -> pa.RecordBatchFileReader | pa.RecordBatchStreamReader:
    """The file format by its magic bytes, else the stream format."""
    source = pa.memory_map(file) if isinstance(file, str) else pa.PythonFile(file, mode="r")
    magic = source.read(6)
    source.seek(0)
    opened = pa.ipc.open_file if magic == b"ARROW1" else pa.ipc.open_stream
    return opened(source, options=options)


def _arrow_batches(reader: pa.RecordBatchFileReader | pa.RecordBatchStreamReader) -> Iterator[pa.RecordBatch]:
    if isinstance(reader, pa.RecordBatchFileReader):
        for i in range(reader.num_record_batches):
            yield reader.get_batch(i)
    else:
        yield from reader


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")[:200]
