"""A script: the rows of a workbook as text, written to standard output for the process that started it.

A workbook is read as a whole, and a small file may unpack to anything; here that happens in a process that may take so
much memory and no more. It imports nothing of the package, so that it starts at once.

Usage: workbook_rows.py FILE MEMORY SHEET|"" N|all. With a number N: the names of the sheets, then the first N rows that hold
anything of each sheet, or of SHEET. With `all`: all rows of SHEET. Messages are `marshal`led, each behind its length.
"""

from __future__ import annotations

import datetime
import marshal
import sys
from typing import Any

BATCH_BYTES = 1 << 20
END, ERROR, NAMES, ROWS = "end", "error", "names", "rows"


def text_of(cell: Any) -> str | None:
    """A cell as text; None for an empty one."""
    if cell == "" or cell is None:
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(" ")
    return str(cell)


def send(kind: str, value: Any) -> None:
    """Writes one message."""
    data = marshal.dumps((kind, value))
    sys.stdout.buffer.write(len(data).to_bytes(8, "big") + data)
    sys.stdout.buffer.flush()


def send_rows(sheet: Any, name: str, most: int | None) -> None:
    """Writes number (as the sheet shows it) and cells of the rows that hold anything, in batches."""
    rows, size, sent = [], 0, 0
    for number, row in enumerate(sheet.iter_rows(), 1):
        cells = [text_of(cell) for cell in row]
        if not any(cells):
            continue
        rows.append((number, cells))
        size += sum(len(cell) for cell in cells if cell) + 8 * len(cells)
        sent += 1
        if most is not None and sent == most:
            break
        if size >= BATCH_BYTES:
            send(ROWS, (name, rows))
            rows, size = [], 0
    send(ROWS, (name, rows))


def main(path: str, memory: str, wanted: str, most: str) -> None:
    """Reads what is asked for."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    except (ImportError, ValueError, OSError):
        pass  # not on this system
    import python_calamine

    try:
        book = python_calamine.load_workbook(path)
        names = book.sheet_names
        send(NAMES, names)
        for name in [wanted] if wanted else names:
            if name in names:
                send_rows(book.get_sheet_by_name(name), name, None if most == "all" else int(most))
        send(END, None)
    except BrokenPipeError:
        pass  # whoever asked has seen enough
    except BaseException as error:  # a fault in Rust is no Exception
        send(ERROR, (str(error).splitlines() or [type(error).__name__])[0][:200].rstrip("."))


if __name__ == "__main__":
    main(*sys.argv[1:])
    sys.stdout = None  # type: ignore[assignment] # nothing is left to complain of a closed pipe
