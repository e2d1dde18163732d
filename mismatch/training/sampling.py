"""A sample of a stream of pairs that fits into memory: uniform, seeded, bounded in pairs and in bytes of text.

Every pair has a number drawn for it from its place in the stream and the seed; those with the smallest numbers are the
sample (bottom-k sampling). It depends neither on how the pairs come in batches nor on how many threads read them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

LONGEST_SHARE = 0.01
"""A pair longer than this share of the bytes is never sampled: a few of them would leave no room for others."""
_SLACK = 1.25
"""The sample may grow by so much before it is cut back."""


@dataclass(frozen=True)
class Limits:
    """How much is held in memory."""

    pairs: int = 60_000
    text_bytes: int = 600_000_000
    """of titles and bodies"""

    def hold(self, pairs: int, text_bytes: int) -> bool:
        return pairs <= self.pairs and text_bytes <= self.text_bytes


@dataclass(frozen=True)
class _Piece:
    batch: pa.RecordBatch
    rows: NDArray[np.int64]
    drawn: NDArray[np.uint64]
    sizes: NDArray[np.int64]

    def only(self, keep: NDArray[np.bool_]) -> _Piece:
        return _Piece(self.batch.filter(pa.array(keep)), self.rows[keep], self.drawn[keep], self.sizes[keep])


class Sample:
    """At most `limits.pairs` of the pairs that are added, with at most `limits.text_bytes` of text."""

    def __init__(self, limits: Limits, seed: int) -> None:
        self._limits = limits
        self._seed = np.random.SeedSequence(seed).generate_state(1, np.uint64).astype(np.uint64)
        self._below = np.iinfo(np.uint64).max
        self._pieces: list[_Piece] = []
        self._schema = pa.schema([])
        self._pairs = self._bytes = self.n_seen = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """The next pairs of the stream, with columns title and body."""
        self._schema = batch.schema
        rows = np.arange(self.n_seen, self.n_seen + batch.num_rows)
        self.n_seen += batch.num_rows
        drawn, sizes = _draws(rows, self._seed), text_sizes(batch)
        keep = (drawn < self._below) & (sizes <= LONGEST_SHARE * self._limits.text_bytes)
        if not keep.any():
            return
        piece = _Piece(batch, rows, drawn, sizes)
        self._pieces.append(piece if keep.all() else piece.only(keep))
        self._pairs += int(keep.sum())
        self._bytes += int(sizes[keep].sum())
        if self._pairs > _SLACK * self._limits.pairs or self._bytes > _SLACK * self._limits.text_bytes:
            self._cut_back()

    def _cut_back(self) -> None:
        """Keeps the pairs with the smallest numbers, as many as the limits hold."""
        if not self._pieces:
            return
        drawn = np.concatenate([piece.drawn for piece in self._pieces])
        order = np.argsort(drawn)
        sizes = np.concatenate([piece.sizes for piece in self._pieces])[order]
        n = min(self._limits.pairs, int(np.searchsorted(np.cumsum(sizes), self._limits.text_bytes, "right")))
        if n == len(order):
            return
        self._below = drawn[order[n]]
        for i, piece in enumerate(self._pieces):  # one by one, so that no second copy of all is made
            self._pieces[i] = piece.only(piece.drawn < self._below)
        self._pieces = [piece for piece in self._pieces if len(piece.rows)]
        self._pairs, self._bytes = n, int(sizes[:n].sum())

    def take(self) -> tuple[pa.Table, NDArray[np.int64]]:
        """The sample in the order of the stream, and where in the stream each pair stood, from 0 on; leaves nothing here."""
        self._cut_back()
        rows = np.concatenate([np.empty(0, np.int64), *(piece.rows for piece in self._pieces)])
        table = pa.Table.from_batches([piece.batch for piece in self._pieces], self._schema)
        self._pieces = []
        return table, rows


def text_sizes(batch: pa.RecordBatch) -> NDArray[np.int64]:
    """Bytes of title and body of each pair; shape (n_pairs,)."""
    parts = [pc.fill_null(pc.binary_length(batch.column(name)), 0).to_numpy() for name in ("title", "body")]
    return parts[0].astype(np.int64) + parts[1]


def _draws(rows: NDArray[np.int64], seed: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A number for each row, all different: the finaliser of SplitMix64 (Steele, Lea and Flood 2014)."""
    z = (rows.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) + seed
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
