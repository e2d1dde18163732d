"""Columns that rows carry besides title and body, by name, as text."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from mismatch.records.blocks import Block, JsonLines
from mismatch.records.formats.json_columns import text_column
from mismatch.records.formats.json_paths import find_values
from mismatch.records.output.cell_text import plain_texts


def carried_columns(block: Block, names: Sequence[str]) -> list[pa.Array]:
    """These columns of a block as text, lists and objects as JSON; null where a row has none. In JSON a name
    may reach inside an object, with a dot.

    A row of JSON that is too odd for the scanner (thousands of members, very deep) counts as one that has none.
    """
    if isinstance(block.rows, JsonLines):
        lines = block.rows
        table = find_values(lines.data, lines.starts, lines.ends, names)
        return [text_column(lines.data, table.starts[k], table.ends[k], table.kinds[k]) for k in range(len(names))]
    given = block.rows.schema.names
    return [
        plain_texts(block.rows.column(given.index(name)))[0] if name in given else pa.nulls(len(block), pa.string())
        for name in names
    ]
