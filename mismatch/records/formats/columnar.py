"""Parquet and Arrow files (Feather is an Arrow file): batches of bounded size, every column as it is, or runs of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mismatch.errors import InputError
from mismatch.records.bounds import USUAL, Bounds
from mismatch.records.columns import ROLES, ColumnChoice, Columns
from mismatch.records.formats.arrow_messages import needs_of
from mismatch.records.formats.byte_ranges import byte_ranges
from mismatch.records.formats.checked_columns import check_structure, empty_batch, row_sizes, rows_taken
from mismatch.records.formats.columnar_rows import ColumnarChunk
from mismatch.records.formats.mapped import Mapped
from mismatch.records.formats.nested_columns import columns_of_schema, holds_text, outer_column, type_at
from mismatch.records.formats.parquet_pages import check_footer, needs_of_group
from mismatch.records.guessing import SAMPLE_ROWS

_MOST_ROWS = 1 << 16
_SLICE_BYTES = 32 << 20
"""bytes of rows that are taken from a file at once, at most, unless it is one row"""
_GIVEN_BACK = 32 << 20
"""bytes of rows after which the pages of a mapped file are given back"""
_RUN_BYTES = 1 << 18
"""of a run of rows that is looked at, at most"""
_LEAST_ROWS = 1 << 20
"""rows that a file may announce whatever its size; more only if it has a byte for each"""
_DAMAGE = (pa.ArrowException, OSError, ValueError, LookupError, OverflowError, MemoryError)
"""what pyarrow raises for a damaged file"""
LOOKED_AT = 1 / 16
"""share of a file that may be read for a look at it, where that is more than a look takes otherwise"""
_Groups = tuple[list[int], Callable[[int], pa.Table]]
"""how many rows each row group or batch has, and what gives its rows, or its first rows"""


class _Refused(pa.ArrowInvalid):
    """The file becomes larger than it may."""


class ColumnarFile:
    """One Parquet or Arrow file, its schema read and checked.

    Nothing reads a column before it was validated in full, and nothing is decompressed before its size is known.

    Raises
    ------
    InputError
        The file is no such file, is damaged, asks for more than `bounds`, or its title or body column is not text.

    Parameters
    ----------
    own_copy
        Gives the name of a copy of the file that nobody else can shorten: where a batch is too long to be read, that is
        mapped. To touch what a mapped file has lost ends the process, whoever cut it.
    """

    def __init__(
        self,
        file: str | BinaryIO,
        origin: str,
        format: str,
        choice: ColumnChoice,
        chunk_bytes: int,
        bounds: Bounds = USUAL,
        own_copy: Callable[[], str] | None = None,
    ) -> None:
        self._own_copy = own_copy or (lambda: file if isinstance(file, str) else "")
        self.origin, self._file, self._chunk_bytes, self._bounds = origin, file, chunk_bytes, bounds
        self._parquet: pq.ParquetFile | None = None
        self._rows_held: dict[int, int | None] = {}
        self._decoded = self._announced = 0
        self._mapped: Mapped | None = None
        try:
            too_large = self._open(format)
        except _DAMAGE as error:
            raise InputError(f"{origin}: not a readable {format} file ({_first_line(error)}); was it cut short?") from None
        if too_large is not None:
            raise InputError(f"{origin}: refused, since {too_large}")
        self.columns = _checked(
            columns_of_schema(self.schema, choice, origin, self._first_texts), choice, self.schema, origin
        )

    def _open(self, format: str) -> str | None:
        """Looks at the file, then opens it; returns why it is refused."""
        rows, too_large, has_long_batch = 0, None, False
        with byte_ranges(self._file) as data:
            self._size = data.size
            if format == "parquet":
                check_footer(data)
            else:
                rows, too_large, has_long_batch = needs_of(data, self._bounds)
        if too_large is not None:
            return too_large
        if format == "parquet":
            self._parquet = pq.ParquetFile(self._file, pre_buffer=False, buffer_size=1 << 20)
            self.schema, rows = self._parquet.schema_arrow, self._parquet.metadata.num_rows
            if isinstance(self._file, str):  # in a store each look is a request: there a group is looked at when it is read
                try:
                    for group in range(self._parquet.metadata.num_row_groups):
                        self._look_at(group)
                except _Refused as error:
                    return str(error)
        else:
            if has_long_batch:
                if not isinstance(self._file, str):
                    return "a batch is too large to be read from there; copy the file to this machine first"
                self._file = self._own_copy()
                with byte_ranges(self._file) as data:  # it may have become another file meanwhile
                    rows, too_large, _ = needs_of(data, self._bounds)
                if too_large is not None:
                    return too_large
                self._mapped = Mapped(self._file)
            self._arrow = self._open_arrow()
            self.schema = self._arrow.schema
        if (n := sum(_n_leaves(field) for field in self.schema)) > self._bounds.columns:
            return f"it has {n:,} columns; --limit columns=NUMBER allows more"
        if not 0 <= rows <= max(_LEAST_ROWS, self._size):
            return f"it announces {rows:,} rows, more than it has bytes"
        return None

    def _first_texts(self) -> dict[str, list[str | None]]:
        """The first rows of all columns of text that this room reads as such; none where they are damaged."""
        texts = [field.name for field in self.schema if _is_plain_text(field.type)]
        try:
            for batch in self.batches():
                if batch.num_rows:
                    return {name: batch.column(name)[:SAMPLE_ROWS].cast(pa.large_string()).to_pylist() for name in texts}
        except _DAMAGE:
            pass  # whoever reads on says so
        finally:
            if self._parquet is None:
                self._arrow = self._open_arrow()  # a stream is read once
        return {}

    def _look_at(self, group: int) -> int | None:
        """How many rows of a row group may be read at once, whatever they turn out to be; None where its pages are damaged.

        Raises
        ------
        _Refused
            The group needs more than may be, or with those that were looked at before becomes more.
        """
        assert self._parquet is not None
        if group not in self._rows_held:
            try:
                with byte_ranges(self._file) as data:
                    needs = needs_of_group(data, self._parquet.metadata, group, self._bounds)
            except pa.ArrowInvalid:
                self._rows_held[group] = None
                return None
            if needs.too_large is not None:
                raise _Refused(needs.too_large)
            if (why := self._bounds.exceeded_by(self._announced + needs.decoded, self._size)) is not None:
                raise _Refused(f"it {why}")
            self._announced += needs.decoded
            self._rows_held[group] = max(1, min(_SLICE_BYTES // max(needs.row, 1), _MOST_ROWS))
        return self._rows_held[group]

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows in sound batches of about `chunk_bytes`; at least one batch, so that an empty file keeps its schema.

        Raises
        ------
        pa.ArrowInvalid
            Damage, or more than the bounds allow.
        """
        yield empty_batch(self.schema)
        for batch in self._parquet_batches() if self._parquet is not None else _arrow_batches(self._arrow):
            check_structure(batch)
            yield from self._slices(batch)
            if self._parquet is None:
                self._give_back()

    def _parquet_batches(self) -> Iterator[pa.RecordBatch]:
        assert self._parquet is not None
        metadata = self._parquet.metadata
        for group in range(metadata.num_row_groups):
            about = metadata.row_group(group)
            rows = int(about.num_rows * self._chunk_bytes / max(about.total_byte_size, 1))
            size = max(1, min(rows, self._most_rows(group)))
            for batch in self._parquet.iter_batches(size, row_groups=[group], use_threads=False):
                yield pa.RecordBatch.from_arrays(batch.columns, schema=self.schema)
            self._give_back()

    def _most_rows(self, group: int) -> int:
        if (held := self._look_at(group)) is None:
            raise pa.ArrowInvalid("the heads of its pages are damaged")
        return held

    def _slices(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """A sound batch in slices of about `chunk_bytes` when every value is written out."""
        ends = np.cumsum(row_sizes(batch))
        start = before = given_back = 0
        while start < batch.num_rows:
            stop = int(np.searchsorted(ends, before + self._chunk_bytes, side="right"))
            stop = min(max(stop, start + 1), start + _MOST_ROWS, batch.num_rows)
            self._decoded += int(ends[stop - 1]) - before
            if (why := self._bounds.exceeded_by(self._decoded, self._size)) is not None:
                raise _Refused(why)
            yield batch.slice(start, stop - start)
            start, before = stop, int(ends[stop - 1])
            if before - given_back > _GIVEN_BACK:
                given_back = before
                self._give_back()

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
                for batch in rows.slice(offset, n_rows).to_batches():
                    short = np.cumsum(row_sizes(batch)) <= _RUN_BYTES
                    run = rows_taken(batch, np.flatnonzero(short))  # a copy, so that the group need not stay in memory
                    found.append(ColumnarChunk(self.origin, run, columns, 1).decode().pairs)
            self._give_back()
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
            held = min(1024, self._most_rows(group))
            for batch in file.iter_batches(held, row_groups=[group], columns=names, use_threads=False):
                check_structure(batch)
                batches.append(batch)
                size += int(row_sizes(batch).sum())
                if size >= limit:
                    break
            return pa.Table.from_batches(batches)

        return (sizes, beginning) if sum(sizes) else None

    def _arrow_groups(self, names: list[str]) -> _Groups | None:
        places = [self.schema.names.index(name) for name in names]
        # of what is mapped the columns that are wanted would be copied
        options = pa.ipc.IpcReadOptions(included_fields=places if self._mapped is None else None)
        reader = self._open_arrow(options)
        if not isinstance(reader, pa.RecordBatchFileReader) or not (n := reader.num_record_batches):
            return None

        def sound(group: int) -> pa.RecordBatch:
            batch = reader.get_batch(group).select(names)
            check_structure(batch)
            return batch

        first, last = (sound(i).num_rows for i in (0, n - 1))
        sizes = [first] * (n - 1) + [last]  # batches are of one size, as a rule, and to count them would mean to read them
        return (sizes, lambda group: pa.Table.from_batches([sound(group)])) if sum(sizes) else None

    def _open_arrow(
        self, options: pa.ipc.IpcReadOptions | None = None
    ) -> pa.RecordBatchFileReader | pa.RecordBatchStreamReader:
        """The file format by its magic bytes, else the stream format."""
        if self._mapped is not None:
            source = pa.BufferReader(self._mapped.buffer)
        else:
            source = pa.OSFile(self._file) if isinstance(self._file, str) else pa.PythonFile(self._file, mode="r")
        source.seek(0)  # it may have been opened before
        magic = source.read(6)
        source.seek(0)
        opened = pa.ipc.open_file if magic == b"ARROW1" else pa.ipc.open_stream
        return opened(source, options=options)

    def _give_back(self) -> None:
        """Lets go of the memory that large pages and batches took."""
        pa.default_memory_pool().release_unused()
        if self._mapped is not None:
            self._mapped.give_back()

    def chunks(self, problem: Callable[[str], None]) -> Iterator[ColumnarChunk]:
        """The batches as chunks; damage in the middle ends the file and is told to `problem`."""
        row = 1
        try:
            for batch in self.batches():
                yield ColumnarChunk(self.origin, batch, self.columns, row, self._bounds.row)
                row += batch.num_rows
        except _Refused as error:
            problem(f"{self.origin}: {error} after row {row - 1}")
        except _DAMAGE as error:
            problem(f"{self.origin}: damaged after row {row - 1} ({_first_line(error)}); the rest was not read")


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
        if not _holds_others(kind) or (pa.types.is_nested(kind) and holds_text(kind, role)):
            continue
        if role in ("title", "body") or getattr(choice, role) is not None:
            raise InputError(f"{origin}: the {role} column {name!r} is {kind}, not text; name another with --{role} COLUMN.")
        kept[role] = None
    return Columns(**kept, guessed=columns.guessed)


def _holds_others(kind: pa.DataType) -> bool:
    """Whether values of a type are made of others, such as lists."""
    if isinstance(kind, pa.BaseExtensionType):
        return _holds_others(kind.storage_type)
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return _holds_others(kind.value_type)
    return pa.types.is_nested(kind) or pa.types.is_union(kind)


def _is_plain_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def _n_leaves(field: pa.Field) -> int:
    """How many columns a field is made of; ValueError where one of their names is no text."""
    kind, _ = field.type, field.name
    return max(1, sum(_n_leaves(kind.field(k)) for k in range(kind.num_fields)))


def _arrow_batches(reader: pa.RecordBatchFileReader | pa.RecordBatchStreamReader) -> Iterator[pa.RecordBatch]:
    if isinstance(reader, pa.RecordBatchFileReader):
        for i in range(reader.num_record_batches):
            yield reader.get_batch(i)
    else:
        yield from reader


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")[:200]
