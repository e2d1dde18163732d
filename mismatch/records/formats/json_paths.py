"""Values inside the objects of rows, by names with dots: `article.title` is the `title` in the `article` of a row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mismatch.records.bounds import DEEPEST
from mismatch.records.formats.json_scan import ABSENT, OBJECT, OK, RowTable, scan_rows


def find_values(
    buffer: np.ndarray, starts: np.ndarray, ends: np.ndarray, names: Sequence[str], depth: int = DEEPEST
) -> RowTable:
    """As `scan_rows`, where a name may have dots. A key that has these dots in it goes before a value inside an object."""
    nested = [(name, *name.partition(".")[::2]) for name in dict.fromkeys(names) if "." in name]
    if not nested and len(set(names)) == len(names):
        return scan_rows(buffer, starts, ends, names, depth)
    scanned = list(dict.fromkeys([*names, *(outer for _, outer, _ in nested)]))
    table = scan_rows(buffer, starts, ends, scanned, depth)
    for name, outer, inner in nested:
        k, place = scanned.index(name), scanned.index(outer)
        rows = np.flatnonzero((table.status == OK) & (table.kinds[k] == ABSENT) & (table.kinds[place] == OBJECT))
        if len(rows):
            found = find_values(buffer, table.starts[place][rows], table.ends[place][rows], [inner])
            table.starts[k][rows], table.ends[k][rows], table.kinds[k][rows] = found.starts[0], found.ends[0], found.kinds[0]
    places = [scanned.index(name) for name in names]
    return RowTable(table.status, table.starts[places], table.ends[places], table.kinds[places], table.keys)


def keys_inside(buffer: np.ndarray, starts: np.ndarray, ends: np.ndarray, name: str) -> list[str]:
    """The keys of the objects that rows have under a key; none where they have none."""
    table = scan_rows(buffer, starts, ends, [name])
    rows = np.flatnonzero((table.status == OK) & (table.kinds[0] == OBJECT))
    return scan_rows(buffer, table.starts[0][rows], table.ends[0][rows], []).keys or [] if len(rows) else []
