"""Workbooks (Excel, LibreOffice): the rows of one sheet, every cell as text."""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import pyarrow as pa

from mismatch.errors import InputError, MissingExtraError
from mismatch.records.columns import ColumnChoice, Columns, find_columns
from mismatch.records.formats.columnar import ColumnarChunk

MOST_BYTES = 512 << 20
"""of a workbook once it is unpacked: it is read into memory as a whole"""
_HEADER_WITHIN = 20
"""rows from the first that holds anything on, in which a header is looked for"""
_MOST_ROWS = 1 << 14


class Workbook:
    """One sheet of a workbook: the one that `table` names, else the first that has a title and a body column.

    Rows that are empty are left out. `notice` says which sheet was taken where there are several.

    Raises
    ------
    InputError
        The file is no workbook, it is too large, or no sheet has the columns.
    MissingExtraError
        python-calamine is not installed.
    """

    def __init__(self, file: str | BinaryIO, origin: str, choice: ColumnChoice, table: str | None, chunk_bytes: int) -> None:
        self.origin, self._chunk_bytes = origin, chunk_bytes
        calamine = _calamine()
        _check_size(file, origin)
        self.notice: str | None = None
        book = _tried(origin, lambda: calamine.load_workbook(file))
        names: list[str] = book.sheet_names
        if table is not None and table not in names:
            raise InputError(
                f"{origin}: there is no sheet {table!r}; its sheets are {_listed(names)}. Name one with --table."
            )
        problem = InputError(f"{origin}: the workbook has no sheet with rows.")
        for name in [table] if table is not None else names:
            sheet = _tried(origin, lambda name=name: book.get_sheet_by_name(name))  # type: ignore[misc]
            try:
                found = _header(sheet, choice, f"{origin}, sheet {name!r}")
            except InputError as error:
                problem = error
                continue
            if found is not None:
                break
        else:
            raise problem
        self._sheet = sheet
        self._header_row, header, self.columns = found
        self.schema = pa.schema([(name, pa.string()) for name in header])
        if len(names) > 1:
            self.notice = f"the rows of sheet {name!r}, of {len(names)}"

    def chunks(self, problem: Callable[[str], None]) -> Iterator[ColumnarChunk]:
        """The rows in batches; one that is empty first, so that a sheet without rows keeps its columns."""
        yield ColumnarChunk(self.origin, self._batch([]), self.columns, 1)
        rows: list[list[str | None]] = []
        size, expected = 0, 0
        for number, row in self._rows():
            if rows and (number != expected or size >= self._chunk_bytes or len(rows) >= _MOST_ROWS):
                yield ColumnarChunk(self.origin, self._batch(rows), self.columns, expected - len(rows))
                rows, size = [], 0
            rows.append(row)
            size += sum(len(cell) for cell in row if cell)
            expected = number + 1
        if rows:
            yield ColumnarChunk(self.origin, self._batch(rows), self.columns, expected - len(rows))

    def runs(self, n_runs: int, n_rows: int, n_bytes: int) -> list[pa.RecordBatch] | None:
        """The pairs of runs of at most `n_rows` neighbouring rows, evenly spaced."""
        every = max(1, self._sheet.total_height // n_runs)
        chosen = [row for number, row in self._rows() if (number - self._header_row - 1) % every < n_rows]
        return [ColumnarChunk(self.origin, self._batch(chosen), self.columns, 1).decode().pairs] if chosen else []

    def _rows(self) -> Iterator[tuple[int, list[str | None]]]:
        """Number, as the sheet shows it, and cells of each row that holds anything."""
        for number, row in enumerate(self._sheet.iter_rows(), 1):
            if number > self._header_row and any(cell != "" for cell in row):
                yield number, [_text(cell) for cell in row]

    def _batch(self, rows: list[list[str | None]]) -> pa.RecordBatch:
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(self.schema)
        return pa.RecordBatch.from_arrays([pa.array(column, pa.string()) for column in columns], schema=self.schema)


def _header(sheet: Any, choice: ColumnChoice, origin: str) -> tuple[int, list[str], Columns] | None:
    """Row, names and columns of a sheet's header: the first of its first rows with a title and a body column."""
    problem, seen = None, 0
    for number, row in enumerate(sheet.iter_rows(), 1):
        if all(cell == "" for cell in row):
            continue
        names = [(_text(cell) or "").strip() or _letters(k) for k, cell in enumerate(row)]
        try:
            return number, names, find_columns(names, choice, origin)
        except InputError as error:
            problem = problem or error
        seen += 1
        if seen >= _HEADER_WITHIN:
            break
    if problem is not None:
        raise problem
    return None


def _text(cell: Any) -> str | None:
    """A cell as text; None for an empty one."""
    if cell == "" or cell is None:
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(" ")
    if isinstance(cell, str):
        return cell.encode("utf-8", "replace").decode()
    return str(cell)


def _letters(column: int) -> str:
    """A column as a workbook names it: A, B, …, Z, AA, …"""
    name = ""
    while column >= 0:
        name = chr(ord("A") + column % 26) + name
        column = column // 26 - 1
    return name


def _check_size(file: str | BinaryIO, origin: str) -> None:
    try:
        with zipfile.ZipFile(file) as parts:
            size = sum(part.file_size for part in parts.infolist())
    except (zipfile.BadZipFile, OSError, ValueError):
        size = 0  # the old binary form, or no workbook, which is found out next
    if not isinstance(file, str):
        file.seek(0)
    if size > MOST_BYTES:
        raise InputError(f"{origin}: the workbook is {size:,} bytes unpacked, above {MOST_BYTES:,}; save it as CSV first.")


def _tried(origin: str, call: Callable[[], Any]) -> Any:
    try:
        return call()
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":  # what a fault in Rust becomes
            raise
        why = (str(error).splitlines() or [type(error).__name__])[0][:200].rstrip(".")
        raise InputError(f"{origin}: not a readable workbook ({why}); is it damaged, or protected by a password?") from None


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names[:30])) + (f" and {len(names) - 30} more" if len(names) > 30 else "")


def _calamine() -> Any:
    try:
        import python_calamine
    except ImportError:
        raise MissingExtraError('workbooks need python-calamine: pip install "headline-mismatch[excel]"') from None
    return python_calamine
