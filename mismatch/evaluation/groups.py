"""The groups that an evaluation gives figures for: by source, topic, writing system and length of the body."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from itertools import islice, pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mismatch.judging.swaps import codes

LENGTHS = (500, 2_000, 6_000)
"""characters of the body at which a class of lengths ends"""
_LETTERS_READ = 30
_BEGINNING = 300


def groupings(
    table: pa.Table, left: NDArray[np.int64], right: NDArray[np.int64]
) -> dict[str, tuple[NDArray[np.int64], list[str]]]:
    """For each way to group: the pairs' numbers (int64 array of shape (n_pairs,), -1 for none) and the groups' names.

    Parameters
    ----------
    left, right : int64 arrays of shape (n_pairs,)
        Rows of the titles and of the bodies. Source and topic are the title's, script and length the body's.
    """
    out = {}
    for name in ("source", "topic"):
        if name in table.column_names and table[name].null_count < table.num_rows:
            out[name] = (codes(table[name], table.num_rows)[left], _names(table[name]))
    script_of_row, scripts = _scripts(table["body"])
    out["script"] = (script_of_row[right], scripts)
    sizes = pc.fill_null(pc.utf8_length(table["body"]), 0).to_numpy()
    between = [f"{a:,} to {b:,}" for a, b in pairwise(LENGTHS)]
    names = [f"under {LENGTHS[0]:,}", *between, f"{LENGTHS[-1]:,} and more"]
    out["body length"] = (np.digitize(sizes, LENGTHS)[right], [f"{name} characters" for name in names])
    return out


def _names(column: pa.ChunkedArray) -> list[str]:
    """The different values in the order of `codes`."""
    return [str(value) for value in dict.fromkeys(column.to_pylist()) if value is not None]


def _scripts(bodies: pa.ChunkedArray) -> tuple[NDArray[np.int64], list[str]]:
    beginnings = pc.utf8_slice_codeunits(bodies, 0, _BEGINNING).to_pylist()
    found = [script(text or "") for text in beginnings]
    names = sorted({name for name in found if name})
    number = {name: i for i, name in enumerate(names)}
    return np.array([number.get(name, -1) for name in found], np.int64), names


def script(text: str) -> str:
    """The writing system of most of the first letters, as Unicode names it (`latin`, `cjk`); empty without letters."""
    counts: dict[str, int] = {}
    for name in islice(filter(None, map(_script_of, text)), _LETTERS_READ):
        counts[name] = counts.get(name, 0) + 1
    return max(counts, key=lambda name: counts[name]) if counts else ""


@lru_cache(maxsize=1 << 14)
def _script_of(character: str) -> str:
    if not character.isalpha():
        return ""
    name = unicodedata.name(character, "").split(" ")[0].lower()
    return "kana" if name in ("hiragana", "katakana", "katakana-hiragana") else name
