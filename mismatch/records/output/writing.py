"""The one way out: `open_sink` writes encoded blocks in order; a file appears whole under its name, or not
at all."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from mismatch.errors import InputError
from mismatch.records.formats.json_columns import OTHER_FIELDS, JsonTable
from mismatch.records.known_formats import COLUMNAR, DEFAULT_FORMAT, DELIMITERS, WRITTEN, named_format, written_format
from mismatch.records.output.cell_text import parquet_schema
from mismatch.records.output.encoding import Encoded, Encoder, Tabular, cell_rows, header_row
from mismatch.records.output.output_file import AsFile, OutputFile, WholeOrNothing
from mismatch.records.stores.address import without_options

__all__ = ["Encoded", "Encoder", "Sink", "open_sink", "output_format"]

_ROW_GROUP_BYTES = 32 << 20
_LONG_ROW = 1 << 20
"""bytes of a row from which on nothing is waited for: a row group is in memory some four times while it is written"""


class _Form(Protocol):
    """How one format is laid into its file."""

    def write(self, encoded: Encoded) -> None: ...

    def finish(self) -> None: ...


class Sink(WholeOrNothing):
    """Where encoded rows go. `encoder` makes what `write` takes; blocks must be written in their order, by
    one thread.

    A context manager: leaving it commits, an exception (KeyboardInterrupt too) discards.
    """

    def __init__(self, output: OutputFile, form: _Form, encoder: Encoder) -> None:
        self._output, self._form, self.encoder = output, form, encoder
        self.name, self.format, self.count = output.name, encoder.format, 0

    def write(self, encoded: Encoded) -> None:
        """Writes one encoded block; `count` is the number of rows so far.

        Raises
        ------
        InputError
            The output cannot be written, or the rows do not fit the columns of those before.
        BrokenPipeError
            Whoever reads the output has gone.
        """
        self._form.write(encoded)
        self.count += encoded.num_rows

    def flush(self) -> None:
        """Passes on to whoever reads standard output what has been written so far."""
        self._output.flush()

    def commit(self) -> None:
        """Completes the file and gives it its name."""
        try:
            self._form.finish()
        except BaseException:
            self._output.discard()
            raise
        self._output.commit()

    def discard(self) -> None:
        """Removes what was written; standard output keeps it."""
        self._output.discard()


def output_format(path: str | Path | None, default: str = DEFAULT_FORMAT) -> str:
    """The format that the name of an output asks for; `default` for standard output and names that do not
    say.

    Raises
    ------
    InputError
        The name asks for a format that cannot be written.
    """
    if path is None or str(path) == "-":
        return default
    return written_format(without_options(path), default)


def open_sink(
    path: str | Path | None,
    *,
    format: str | None = None,
    only: bool = False,
    schema: pa.Schema | None = None,
    safe_csv: bool = False,
    stdout: IO[bytes] | None = None,
) -> Sink:
    """A sink for `path`; None or `-` is standard output.

    Parameters
    ----------
    format : None takes it from the name, JSON lines where the name does not say.
    only : write the id and the added columns only.
    schema : the columns of the input (`Reader.schema`), so that files that differ come together in one
    output.
    safe_csv : in CSV and TSV, make text of what a spreadsheet would run as a formula.
    stdout : written in place of standard output.

    Raises
    ------
    InputError
        An unknown format, a missing folder, a file that cannot be written.
    """
    kind = named_format(format)[0] if format is not None else output_format(path)
    if kind not in WRITTEN:
        name = "" if path is None or str(path) == "-" else f"{path}: "
        raise InputError(f"{name}{kind} files cannot be written; use one of {', '.join(WRITTEN)}.")
    output = OutputFile(path, stdout, compress=kind not in COLUMNAR)
    if schema is not None and kind == "parquet":
        schema = parquet_schema(schema)
    columns = _Columns(output.name, None if only else schema)
    form: _Form
    if kind == "jsonl":
        form = _Lines(output)
    elif kind == "json":
        form = _Array(output)
    elif kind in DELIMITERS:
        form = _Delimited(output, kind, columns, safe=safe_csv)
    else:
        form = _Columnar(output, kind, columns)
    return Sink(output, form, Encoder(kind, only=only, safe_csv=safe_csv))


class _Lines:
    def __init__(self, output: OutputFile) -> None:
        self._output = output

    def write(self, encoded: Encoded) -> None:
        if encoded.num_rows:
            self._output.write(encoded.data)

    def finish(self) -> None:
        pass


class _Array:
    """Elements come with `,` and a newline behind each; those of the last are held back until another
    follows."""

    def __init__(self, output: OutputFile) -> None:
        self._output, self._begun = output, False

    def write(self, encoded: Encoded) -> None:
        if encoded.num_rows and encoded.data is not None:
            self._output.write(b",\n" if self._begun else b"[\n")
            self._output.write(encoded.data[:-2])
            self._begun = True

    def finish(self) -> None:
        self._output.write(b"\n]\n" if self._begun else b"[]\n")


class _Columns:
    """The columns of an output, fixed by its first rows (or by what is known of all inputs), and rows made
    to fit."""

    def __init__(self, name: str, own: pa.Schema | None) -> None:
        self._name, self._given = name, own
        self._own: Any = None
        self.schema: Any = None

    def fit(self, table: Tabular) -> pa.RecordBatch:
        """The rows with the columns of the output.

        Raises
        ------
        InputError
            A column is missing from the output, or its values are of another type.
        """
        own, added = table.own, table.added
        if self._own is None:
            if isinstance(own, JsonTable):
                self._own = own.schema()
            elif self._given is not None:
                kept = [field for field in self._given if field.name not in added.schema.names]
                self._own = pa.schema(kept, metadata=self._given.metadata)
            else:
                self._own = own.schema
            self.schema = pa.schema([*self._own, *added.schema], metadata=self._own.metadata)
        if isinstance(own, JsonTable):
            columns = self._json_columns(own)
        elif own.schema.equals(self._own):
            columns = own.columns
        else:
            columns = [self._cast(own, field) for field in self._own]
            extra = set(own.schema.names) - set(self._own.names)
            if extra:
                raise self._error(f"the column {sorted(extra)[0]!r} is in a later input, but not in the first")
        added_columns = [column.cast(field.type) for column, field in zip(added.columns, added.schema, strict=True)]
        return pa.RecordBatch.from_arrays([*columns, *added_columns], schema=self.schema)

    def _json_columns(self, own: JsonTable) -> list[pa.Array]:
        if OTHER_FIELDS in self._own.names:
            return own.fit(self._own)
        columns = own.fit(pa.schema([*self._own, pa.field(OTHER_FIELDS, pa.string())]))
        if columns[-1].null_count < own.num_rows:
            raise self._error("a later JSON input has fields that do not fit the columns of the first")
        return columns[:-1]

    def _cast(self, batch: pa.RecordBatch, field: pa.Field) -> pa.Array:
        places = batch.schema.get_all_field_indices(field.name)
        if not places:
            return pa.nulls(batch.num_rows, field.type)
        try:
            return batch.column(places[0]).cast(field.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            kind = batch.schema.field(places[0]).type
            raise self._error(f"the column {field.name!r} is {kind} in a later input, {field.type} before") from None

    def _error(self, what: str) -> InputError:
        return InputError(f"{self._name}: {what}; give each input an output of its own, or write JSON lines.")


class _Delimited:
    def __init__(self, output: OutputFile, format: str, columns: _Columns, *, safe: bool) -> None:
        self._output, self._format, self._columns, self._safe = output, format, columns, safe
        self._header: list[str] | None = None

    def write(self, encoded: Encoded) -> None:
        table = encoded.table
        assert table is not None
        if isinstance(table.own, JsonTable) and not encoded.num_rows:
            return
        if encoded.header is not None and encoded.header == self._header:
            self._output.write(encoded.data)
            return
        batch = self._columns.fit(table)
        if self._header is None:
            self._header = list(batch.schema.names)
            self._output.write(header_row(self._header, self._format, safe=self._safe))
        n = batch.num_columns - table.added.num_columns
        own = pa.RecordBatch.from_arrays(batch.columns[:n], schema=pa.schema(list(batch.schema)[:n]))
        self._output.write(cell_rows(own, table.added, self._format, safe=self._safe))

    def finish(self) -> None:
        pass


class _Columnar:
    def __init__(self, output: OutputFile, format: str, columns: _Columns) -> None:
        self._output, self._format, self._columns = output, format, columns
        self._file = AsFile(output)
        self._writer: Any = None
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_bytes = 0

    def write(self, encoded: Encoded) -> None:
        table = encoded.table
        assert table is not None
        if isinstance(table.own, JsonTable) and not encoded.num_rows:
            return
        batch = self._columns.fit(table)
        if self._writer is None:
            self._writer = self._open(batch.schema)
        if not batch.num_rows:
            return
        self._waiting.append(batch)
        self._waiting_bytes += batch.nbytes
        has_long_rows = batch.nbytes > _LONG_ROW * batch.num_rows
        if self._waiting_bytes >= _ROW_GROUP_BYTES or has_long_rows or self._format == "arrow":
            self._flush()

    def finish(self) -> None:
        if self._writer is None:
            self._writer = self._open(pa.schema([]))
        self._flush()
        self._writer.close()

    def _open(self, schema: pa.Schema) -> Any:
        file = pa.PythonFile(self._file, mode="w")
        if self._format == "parquet":
            return pq.ParquetWriter(file, schema, compression="zstd")
        if self._output.is_stdout:
            return pa.ipc.new_stream(file, schema)
        return pa.ipc.new_file(file, schema)

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.Table.from_batches(self._waiting))
        self._waiting, self._waiting_bytes = [], 0
