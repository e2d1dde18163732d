"""Workbooks (Excel, LibreOffice): the rows of one sheet, every cell as text, read in a process of its own."""

from __future__ import annotations

import importlib.util
import marshal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from itertools import islice
from typing import Any, BinaryIO, cast

import pyarrow as pa

from mismatch.errors import InputError, MissingExtraError
from mismatch.records.bounds import USUAL, Bounds
from mismatch.records.columns import ColumnChoice, Columns, find_columns
from mismatch.records.formats import workbook_rows
from mismatch.records.formats.columnar_rows import ColumnarChunk
from mismatch.records.scratch import copied

MOST_MEMORY = 1 << 30
"""bytes that the process may take which reads a workbook"""
_HEADER_WITHIN = 20
"""rows from the first that holds anything on, in which a header is looked for"""
_MOST_ROWS = 1 << 14
_Row = tuple[int, list[str | None]]
"""number, as the sheet shows it, and cells"""


class Workbook:
    """One sheet of a workbook: the one that `table` names, else the first that has a title and a body column.

    Rows that are empty are left out. `notice` says which sheet was taken where there are several.

    Raises
    ------
    InputError
        The file is no workbook, it takes too much memory, or no sheet has the columns.
    MissingExtraError
        python-calamine is not installed.
    """

    def __init__(
        self, file: str | BinaryIO, origin: str, choice: ColumnChoice, table: str | None, chunk_bytes: int,
        bounds: Bounds = USUAL,
    ) -> None:  # fmt: skip
        if importlib.util.find_spec("python_calamine") is None:
            raise MissingExtraError("workbooks need python-calamine", "excel")
        self.origin, self._chunk_bytes, self._bounds = origin, chunk_bytes, bounds
        self._copy = None if isinstance(file, str) else copied(file, _suffix(file))
        self._name: str = file if isinstance(file, str) else cast(Any, self._copy).name
        names, self._sheet, found = self._chosen(choice, table)
        self._header_row, header, self.columns = found
        if len(header) > bounds.columns:
            raise InputError(f"{origin}: it has {len(header):,} columns; --limit columns=NUMBER allows more")
        self.schema = pa.schema([(name, pa.string()) for name in header])
        self.notice = f"the rows of sheet {self._sheet!r}, of {len(names)}" if len(names) > 1 else None

    def chunks(self, problem: Callable[[str], None]) -> Iterator[ColumnarChunk]:
        """The rows in batches; one that is empty first, so that a sheet without rows keeps its columns."""
        yield ColumnarChunk(self.origin, self._batch([]), self.columns, 1)
        rows: list[list[str | None]] = []
        size, expected = 0, 0
        for number, row in self._rows():
            if rows and (number != expected or size >= self._chunk_bytes or len(rows) >= _MOST_ROWS):
                yield ColumnarChunk(self.origin, self._batch(rows), self.columns, expected - len(rows), self._bounds.row)
                rows, size = [], 0
            rows.append(row)
            size += sum(len(cell) for cell in row if cell)
            expected = number + 1
        if rows:
            yield ColumnarChunk(self.origin, self._batch(rows), self.columns, expected - len(rows), self._bounds.row)

    def runs(self, n_runs: int, n_rows: int, n_bytes: int) -> list[pa.RecordBatch] | None:
        """The pairs of rows from all over the sheet: it is read once to count them, and once more."""
        total = sum(1 for _ in self._rows())
        every = max(n_rows, total // n_runs)
        chosen = [row for k, (_, row) in enumerate(self._rows()) if k % every < n_rows]
        return [ColumnarChunk(self.origin, self._batch(chosen), self.columns, 1).decode().pairs] if chosen else []

    def _chosen(self, choice: ColumnChoice, table: str | None) -> tuple[list[str], str, tuple[int, list[str], Columns]]:
        """The names of all sheets, that of the one to read, and its header."""
        problem = InputError(f"{self.origin}: the workbook has no sheet with rows.")
        names: list[str] = []
        with closing(self._messages(table or "", str(_HEADER_WITHIN))) as messages:
            for kind, value in messages:
                if kind == workbook_rows.NAMES:
                    names = value
                    if table is not None and table not in names:
                        listed = ", ".join(map(repr, names[:30]))
                        raise InputError(
                            f"{self.origin}: there is no sheet {table!r}; its sheets are {listed}. Name one with --table."
                        )
                    continue
                sheet, rows = value
                try:
                    found = _header(rows, choice, f"{self.origin}, sheet {sheet!r}")
                except InputError as error:
                    problem = error
                    continue
                if found is not None:
                    return names, sheet, found
        raise problem

    def _rows(self) -> Iterator[_Row]:
        """The rows below the header that hold anything."""
        with closing(self._messages(self._sheet, "all")) as messages:
            for kind, value in messages:
                if kind == workbook_rows.ROWS:
                    yield from (row for row in value[1] if row[0] > self._header_row)

    def _messages(self, sheet: str, most: str) -> Generator[tuple[str, Any], None, None]:
        """What the process says that reads the workbook; it ends with the last message that is wanted."""
        command = [sys.executable, "-P", workbook_rows.__file__, self._name, str(MOST_MEMORY), sheet, most]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
        ) as process:
            output = cast(BinaryIO, process.stdout)
            try:
                while len(length := output.read(8)) == 8:
                    kind, value = marshal.loads(output.read(int.from_bytes(length, "big")))
                    if kind == workbook_rows.END:
                        return
                    if kind == workbook_rows.ERROR:
                        raise InputError(
                            f"{self.origin}: not a readable workbook ({value}); is it damaged, or protected by a password?"
                        )
                    yield kind, value
            finally:
                process.kill()
        raise InputError(
            f"{self.origin}: the workbook cannot be read within {MOST_MEMORY >> 20:,} MB of memory; save it as CSV first."
        )

    def _batch(self, rows: list[list[str | None]]) -> pa.RecordBatch:
        width = len(self.schema)
        columns = list(zip(*rows, strict=True)) if rows else [()] * width
        return pa.RecordBatch.from_arrays([pa.array(column, pa.string()) for column in columns], schema=self.schema)


def _header(rows: list[_Row], choice: ColumnChoice, origin: str) -> tuple[int, list[str], Columns] | None:
    """Row, names and columns of a sheet's header: the first of its first rows with a title and a body column."""
    problem = None
    first = list(islice(rows, _HEADER_WITHIN))
    for number, cells in first:
        names = _names(cells)
        try:
            return number, names, find_columns(names, choice, origin)
        except InputError as error:
            problem = problem or error
    header = next((k for k, (_, cells) in enumerate(first) if sum(map(bool, cells)) > 1), None)
    if header is not None:  # no usual names
        (number, cells), rows_below = first[header], [row for _, row in first[header + 1 :]]
        names = _names(cells)
        sample = {name: [row[k] for row in rows_below if k < len(row)] for k, name in enumerate(names)}
        return number, names, find_columns(names, choice, origin, sample=lambda: sample)
    if problem is not None:
        raise problem
    return None


def _names(cells: list[str | None]) -> list[str]:
    return [(cell or "").strip() or _letters(k) for k, cell in enumerate(cells)]


def _letters(column: int) -> str:
    """A column as a workbook names it: A, B, …, Z, AA, …"""
    name = ""
    while column >= 0:
        name = chr(ord("A") + column % 26) + name
        column = column // 26 - 1
    return name


def _suffix(file: BinaryIO) -> str:
    file.seek(0)
    return ".xlsx" if file.read(4) == b"PK\x03\x04" else ".xls"
