"""What the tests of readers and writers share: reading everything, and adding verdicts to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from mismatch.records.blocks import Block, Reject
from mismatch.records.output.cell_text import Unwritable
from mismatch.records.output.left_out import without_rows
from mismatch.records.output.writing import open_sink
from mismatch.records.reading import Reader

VERDICTS = pa.schema(
    [
        ("mismatch_verdict", pa.string()),
        ("mismatch_probability", pa.float64()),
        ("mismatch_reasons", pa.list_(pa.string())),
        ("title_topic", pa.string()),
    ]
)


def verdicts(n: int) -> pa.RecordBatch:
    """Added columns with nulls, empty lists, and text that has to be escaped."""
    rows = [
        {
            "mismatch_verdict": "match" if i % 3 else "unsure",
            "mismatch_probability": None if i % 5 == 4 else (i + 1) / (n + 3),
            "mismatch_reasons": ["weak_overlap", 'a "b"\\\n\x01é'][: i % 3],
            "title_topic": None if i % 2 else "Sport",
        }
        for i in range(n)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=VERDICTS)


def blocks_of(*inputs: Any, **options: Any) -> list[Block]:
    return [chunk.decode() for chunk in Reader([str(item) for item in inputs], **options)]


def pairs_of(*inputs: Any, **options: Any) -> list[tuple[str | None, str | None]]:
    found = []
    for block in blocks_of(*inputs, **options):
        assert len(block) == len(block.row_numbers)
        titles, bodies = block.pairs.column("title").to_pylist(), block.pairs.column("body").to_pylist()
        block.pairs.validate(full=True)
        found += zip(titles, bodies, strict=True)
    return found


def rejects_of(*inputs: Any, **options: Any) -> list[Reject]:
    return [reject for block in blocks_of(*inputs, **options) for reject in block.rejects]


def convert(source: Any, target: Any, *, reader: dict[str, Any] | None = None, **options: Any) -> int:
    """Reads `source`, adds verdicts, writes `target`; returns the number of rows written."""
    sources = source if isinstance(source, list) else [source]
    opened = Reader([str(item) for item in sources], **(reader or {}))
    with open_sink(target, schema=opened.schema, **options) as sink:
        for chunk in opened:
            block = chunk.decode()
            try:
                encoded = sink.encoder.encode(block, verdicts(len(block)))
            except Unwritable as error:
                block = without_rows(block, error.rows)
                encoded = sink.encoder.encode(block, verdicts(len(block)))
            sink.write(encoded)
    return sink.count


def json_rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]
