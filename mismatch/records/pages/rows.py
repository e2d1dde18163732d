"""Pages as rows: what a page is known by, its title and where that stood, all candidates, and its body if asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.records.blocks import Block, Reject, pairs_batch
from mismatch.records.columns import ROLES, Columns
from mismatch.records.pages.workers import Parsed

CANDIDATES = pa.list_(pa.struct([("source", pa.string()), ("title", pa.string()), ("probability", pa.float64())]))
_CHOSEN = [pa.field("title", pa.string()), pa.field("title_source", pa.string()), pa.field("title_candidates", CANDIDATES)]
_BODY = pa.field("body", pa.string())
FILE = pa.schema([("file", pa.string())])
"""what a page that is a file is known by"""
RECORD = pa.schema([("url", pa.string()), ("offset", pa.int64())])
"""what a page of an archive is known by: its address, and where its record begins in the file"""


def columns_of(known_by: pa.Schema) -> Columns:
    """The columns of rows that are pages."""
    return Columns("title", "body", None, known_by.names[0], None, None)


def schema_of(known_by: pa.Schema, with_body: bool) -> pa.Schema:
    """The columns of rows that are pages, as they are written."""
    return pa.schema([*known_by, *_CHOSEN, *([_BODY] if with_body else [])])


def page_block(
    known_by: pa.RecordBatch, parsed: Sequence[Parsed], origin: str, numbers: NDArray[np.int64], rejects: list[Reject],
    *, with_body: bool,
) -> Block:  # fmt: skip
    """A block of pages, each under its likeliest title.

    Parameters
    ----------
    known_by
        A row for each of the pages.
    numbers : int64[n], what `Block.row_numbers` is to be.
    """
    texts = [
        [page.candidates[0].title if page.candidates else None for page in parsed],
        [page.body or None for page in parsed],
        [page.site for page in parsed],
    ]
    ids = known_by.column(0)
    nothing = pa.nulls(len(parsed), pa.string())
    pairs = pairs_batch([*(pa.array(column, pa.string()) for column in texts), ids, nothing, nothing])
    assert ROLES[:4] == ("title", "body", "source", "id")
    items = [{"source": c.source, "title": c.title} for page in parsed for c in page.candidates]
    offsets = np.zeros(len(parsed) + 1, np.int32)
    np.cumsum([len(page.candidates) for page in parsed], out=offsets[1:])
    candidates = pa.ListArray.from_arrays(pa.array(offsets), pa.array(items, CANDIDATES.value_type))
    rows = pa.RecordBatch.from_arrays(known_by.columns, schema=known_by.schema)
    block = Block(pairs, rows, origin, numbers, rejects, columns_of(known_by.schema), candidates)
    first = np.where(np.diff(offsets) > 0, offsets[:-1], -1)
    return with_titles(block, first, np.full(len(items), np.nan), with_body=with_body)


def with_titles(
    block: Block, chosen: NDArray[np.int64], probability: NDArray[np.float64], *, with_body: bool | None = None
) -> Block:
    """The block with a title chosen for each page.

    Parameters
    ----------
    chosen : int64[n]
        Which of all candidates of the block, -1 for a page that has none.
    probability : float64[n_candidates]
        Of a mismatch, under each candidate; NaN where it is not known.
    """
    assert block.candidates is not None and isinstance(block.rows, pa.RecordBatch)
    items = block.candidates.values
    taken = pa.array(chosen, mask=chosen < 0)
    title, source = (items.field(name).take(taken) for name in ("title", "source"))
    known = pa.array(probability, mask=np.isnan(probability))
    columns = [items.field("source"), items.field("title"), known]
    judged = pa.StructArray.from_arrays(columns, fields=list(CANDIDATES.value_type))
    candidates = pa.ListArray.from_arrays(block.candidates.offsets, judged)
    own = [name for name in block.rows.schema.names if name in (*FILE.names, *RECORD.names)]
    has_body = "body" in block.rows.schema.names if with_body is None else with_body
    known_by = pa.schema([block.rows.schema.field(name) for name in own])
    body = [block.pairs.column("body").cast(pa.string())] if has_body else []
    columns = [*(block.rows.column(name) for name in own), title, source, candidates, *body]
    rows = pa.RecordBatch.from_arrays(columns, schema=schema_of(known_by, has_body))
    pairs = pairs_batch([title, *block.pairs.columns[1:]])
    return replace(block, pairs=pairs, rows=rows, candidates=candidates)
