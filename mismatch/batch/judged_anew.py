"""Rows that carry verdicts and got another body: what a verdict says of the pair that stood there is made anew.

The columns stand where they stood, under their names and in their types; a row keeps those that it has and gets no new one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import pyarrow as pa

from mismatch.batch.better_bodies import BETTER_ROW
from mismatch.batch.moving import Value, with_values
from mismatch.judging.scorer import Scorer
from mismatch.judging.verdicts import ADDED_SCHEMA, KEYWORD_FIELDS
from mismatch.records.blocks import Block, JsonLines
from mismatch.records.carried import carried_columns
from mismatch.records.output.cell_text import plain_texts

_KEYWORDS = tuple(field.name for field in KEYWORD_FIELDS)
_OF_PAIRS = (*ADDED_SCHEMA.names, *_KEYWORDS, BETTER_ROW.name)
"""the columns that say something of a title with its body"""


def judged_anew(block: Block, bodies: dict[int, Value], scorer: Scorer) -> tuple[Block, dict[int, str]]:
    """The block with the verdict columns of some rows made anew, and the verdicts of these rows.

    Parameters
    ----------
    block
        Its rows have their new bodies already.
    bodies
        For each row that got another body that body.
    scorer
        Adapted to the batch.
    """
    names = [name for name in _OF_PAIRS if _is_carried(block, name)]
    if not bodies or not names:
        return block, {}
    rows = list(bodies)
    some = pa.array(rows)
    texts = pa.array([_text(body) for body in bodies.values()], pa.large_string())
    judging = Scorer(scorer.model, explain=True) if set(names) & set(_KEYWORDS) else scorer
    judged = judging.judge(block.pairs.column("title").take(some), texts, block.pairs.column("source").take(some)).columns
    nothing = pa.nulls(len(rows), BETTER_ROW.type)  # where the right body stands is no news any more
    for name in names:
        column = nothing if name == BETTER_ROW.name else judged.column(name)
        if not isinstance(block.rows, JsonLines) and _is_text(block.rows.schema.field(name).type):
            column = plain_texts(column)[0]
        block = with_values(block, name, {row: column.slice(k, 1) for k, row in enumerate(rows)})
    return block, dict(zip(rows, judged.column("mismatch_verdict").to_pylist(), strict=True))


def carried_verdicts(block: Block, rows: Sequence[int]) -> dict[int, str]:
    """The verdicts that some rows carry."""
    verdicts = carried_columns(block, ADDED_SCHEMA.names[:1])[0].take(pa.array(rows, pa.int64()))
    return {row: verdict for row, verdict in zip(rows, verdicts.to_pylist(), strict=True) if verdict is not None}


def _is_carried(block: Block, name: str) -> bool:
    """Whether some rows may have a column. Of JSON whose keys are not all known each row is asked."""
    known = block.rows.keys if isinstance(block.rows, JsonLines) else block.rows.schema.names
    return known is None or name in known


def _text(body: Value) -> str | None:
    """A body as it is judged."""
    if isinstance(body, bytes):
        value = json.loads(body)
        text = value if isinstance(value, str) or value is None else body.decode()
    else:
        text = plain_texts(body)[0][0].as_py()
    return None if text is None else text.encode("utf-8", "replace").decode()


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)
