"""SQLite databases: the rows of one table or view, opened read-only, in the order in which the table holds them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import quote

import numpy as np
import pyarrow as pa

from mismatch.errors import InputError
from mismatch.records.bounds import USUAL, Bounds
from mismatch.records.columns import ColumnChoice, Columns, find_columns
from mismatch.records.formats.columnar_rows import ColumnarChunk
from mismatch.records.guessing import SAMPLE_ROWS
from mismatch.records.scratch import copied

_MOST_ROWS = 1 << 14
_MOST_TYPED = 400
"""columns whose types are looked up: SQLite answers at most 2,000 values a row"""
_KINDS = ("integer", "real", "text", "blob")
_Value = int | float | bytes | None


class SqliteTable:
    """One table of a database: the table or view that `table` names, else the only table with a title and a body column.

    A column has one type for all rows: what is no number in all of them is text. `notice` says which table was taken where
    there are several. Rows are those of the moment at which reading begins.

    Raises
    ------
    InputError
        The file is no database, or is damaged; no table has the columns, or several do.
    """

    def __init__(
        self, file: str | BinaryIO, origin: str, choice: ColumnChoice, table: str | None, chunk_bytes: int,
        bounds: Bounds = USUAL,
    ) -> None:  # fmt: skip
        self.origin, self._chunk_bytes, self._bounds = origin, chunk_bytes, bounds
        self.notice: str | None = None
        self._copy = None if isinstance(file, str) else copied(file)
        self._name: str = file if isinstance(file, str) else cast(Any, self._copy).name
        try:
            with closing(_opened(self._name, self._bounds.batch)) as connection:
                self._choose(connection, choice, table)
                self.schema = self._typed(connection, bounds)
        except sqlite3.Error as error:
            raise InputError(f"{origin}: not a readable SQLite database ({error}).") from None

    def chunks(self, problem: Callable[[str], None]) -> Iterator[ColumnarChunk]:
        """The rows in batches; damage in the middle ends the table and is told to `problem`."""
        yield ColumnarChunk(self.origin, self._batch([]), self.columns, 1)
        rows: list[tuple[_Value, ...]] = []
        row, size = 1, 0
        try:
            with closing(_opened(self._name, self._bounds.batch)) as connection:
                for values in connection.execute(f"SELECT * FROM {self._table}"):
                    of_row = sum(len(value) if isinstance(value, bytes) else 8 for value in values)
                    if rows and (size + of_row > self._chunk_bytes or len(rows) >= _MOST_ROWS):
                        yield self._chunk(rows, row)
                        row, rows, size = row + len(rows), [], 0
                    rows.append(values)
                    size += of_row
        except sqlite3.DataError:
            behind, most = row + len(rows), self._bounds.batch
            problem(
                f"{self.origin}: a row behind row {behind} needs more than {most:,} bytes; --limit batch=BYTES allows more"
            )
        except sqlite3.Error as error:
            problem(f"{self.origin}: damaged after row {row + len(rows) - 1} ({error}); the rest was not read")
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, ValueError):
            problem(f"{self.origin}: changed while it was read, after row {row - 1}; the rest was not read")
            return
        if rows:
            yield self._chunk(rows, row)

    def _chunk(self, rows: list[tuple[_Value, ...]], first: int) -> ColumnarChunk:
        return ColumnarChunk(self.origin, self._batch(rows), self.columns, first, self._bounds.row)

    def runs(self, n_runs: int, n_rows: int, n_bytes: int) -> list[pa.RecordBatch] | None:
        """The pairs of runs of at most `n_rows` neighbouring rows, evenly spaced; None where there are no row numbers."""
        query = f"SELECT * FROM {self._table} WHERE rowid >= ? ORDER BY rowid LIMIT {n_rows}"
        found: list[pa.RecordBatch] = []
        try:
            with closing(_opened(self._name, self._bounds.batch)) as connection:
                ((first, last),) = connection.execute(f"SELECT min(rowid), max(rowid) FROM {self._table}")
                if first is None:
                    return []
                behind = first
                for begin in np.linspace(first, max(first, last - n_rows + 1), n_runs).astype(np.int64).tolist():
                    rows = connection.execute(query, (max(begin, behind),)).fetchall()
                    if not rows:
                        break
                    found.append(ColumnarChunk(self.origin, self._batch(rows), self.columns, 1).decode().pairs)
                    behind = max(begin, behind) + n_rows
        except (sqlite3.Error, pa.ArrowException, TypeError):
            return None
        return found

    def _choose(self, connection: sqlite3.Connection, choice: ColumnChoice, table: str | None) -> None:
        """Finds the table, its columns, and its name as SQL has it."""
        schema = "SELECT name, type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' FROM sqlite_master"
        listed = connection.execute(f"{schema} WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite^_%' ESCAPE '^'")
        tables = {name.decode("utf-8", "replace"): bool(plain) for name, plain in listed}
        known = ", ".join(map(repr, [*tables][:30])) or "none"
        if table is not None and table not in tables:
            raise InputError(f"{self.origin}: there is no table {table!r}; its tables are {known}. Name one with --table.")
        found: dict[str, Columns] = {}
        problem = InputError(f"{self.origin}: the database has no table.")
        for name in tables if table is None else [table]:
            names = [column[0] for column in connection.execute(f"SELECT * FROM {_quoted(name)} LIMIT 0").description]
            is_alone = len(tables) == 1 or table is not None
            try:
                found[name] = find_columns(
                    names, choice, f"{self.origin}, table {name!r}",
                    sample=partial(_first_values, connection, name, names) if is_alone else None,
                )  # fmt: skip
            except InputError as error:
                problem = error
        likely = [name for name in found if tables[name] or table is not None]  # a view may be anything, also without end
        if not likely:
            if len(tables) > 1 and table is None:
                raise InputError(
                    f"{self.origin}: no table has a title and a body column; its tables and views are {known}. "
                    "Name one with --table, and its columns with --title and --body."
                )
            raise problem
        if len(likely) > 1:
            several = ", ".join(map(repr, likely[:30]))
            raise InputError(
                f"{self.origin}: several tables have a title and a body column: {several}. Name one with --table."
            )
        self.columns, self._table = found[likely[0]], _quoted(likely[0])
        if len(tables) > 1:
            self.notice = f"the rows of table {likely[0]!r}, of {len(tables)}"

    def _typed(self, connection: sqlite3.Connection, bounds: Bounds) -> pa.Schema:
        """The columns with their types, by what the rows hold."""
        names = [column[0] for column in connection.execute(f"SELECT * FROM {self._table} LIMIT 0").description]
        if len(names) > bounds.columns:
            raise InputError(f"{self.origin}: it has {len(names):,} columns; --limit columns=NUMBER allows more")
        if len(names) > _MOST_TYPED:
            return pa.schema([(name, pa.string()) for name in names])
        asked = ", ".join(f"max(typeof({_quoted(name)}) = '{kind}')" for name in names for kind in _KINDS)
        (held,) = connection.execute(f"SELECT {asked} FROM {self._table}")
        fields = []
        for k, name in enumerate(names):
            kinds = [kind for kind, there in zip(_KINDS, held[4 * k : 4 * k + 4], strict=True) if there]
            types = {"integer": pa.int64(), "real": pa.float64(), "blob": pa.binary()}
            fields.append((name, types.get(kinds[0], pa.string()) if len(kinds) == 1 else pa.string()))
        return pa.schema(fields)

    def _batch(self, rows: list[tuple[_Value, ...]]) -> pa.RecordBatch:
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(self.schema)
        arrays = [_array(column, field.type) for column, field in zip(columns, self.schema, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def _array(values: tuple[_Value, ...], kind: pa.DataType) -> pa.Array:
    if kind != pa.string():
        return pa.array(values, kind)
    texts = [value if value is None or isinstance(value, bytes) else str(value).encode() for value in values]
    held = pa.array(texts, pa.binary())  # whether it is UTF-8 is found out row by row
    return pa.Array.from_buffers(pa.string(), len(held), held.buffers(), held.null_count)


def _first_values(connection: sqlite3.Connection, table: str, names: list[str]) -> dict[str, list[object]]:
    """The values of the first rows, by column; text as text."""
    rows = connection.execute(f"SELECT * FROM {_quoted(table)} LIMIT {SAMPLE_ROWS}").fetchall()
    texts = ([v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in row] for row in rows)
    return dict(zip(names, map(list, zip(*texts, strict=True)), strict=True)) if rows else {}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _opened(name: str, most: int) -> sqlite3.Connection:
    """A connection that cannot write and runs nothing that the database brings with it."""
    try:
        return _connected(name, "mode=ro", most)
    except sqlite3.OperationalError:
        if Path(f"{name}-wal").exists():
            raise
        return _connected(name, "mode=ro&immutable=1", most)  # in a folder that is closed to us, and was left in order


def _connected(path: str, how: str, most: int) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(str(Path(path).absolute()))}?{how}", uri=True, check_same_thread=False)
    connection.text_factory = bytes
    connection.isolation_level = None
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, min(most, 10**9))  # a longer row is an error, and is not held
    for setting in ("trusted_schema = OFF", "cell_size_check = ON", "cache_size = -16384"):
        connection.execute(f"PRAGMA {setting}")
    connection.execute("BEGIN")
    connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
    return cast(sqlite3.Connection, connection)
