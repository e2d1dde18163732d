"""Training pairs: duplicates found, mismatches made by swapping, splits that keep a body on one side.

A *derangement* gives each title another title's body: never its own, never a near-duplicate of its own, and never a
body that stands elsewhere under the same title. Everything random is drawn from a generator that the caller seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.judging.comparison import Texts
from mismatch.terms.near_duplicates import alike_groups, sequence_hashes, sketches_of
from mismatch.terms.text_buffers import TextBuffers, text_buffers


@dataclass(frozen=True)
class Pairs:
    """Matched pairs for training, with what is needed to swap and split them."""

    titles: TextBuffers
    bodies: TextBuffers
    body_groups: NDArray[np.int64]
    """shape (n_pairs,): pairs with the same or nearly the same body share a number"""
    title_groups: NDArray[np.int64]
    """shape (n_pairs,): pairs whose titles have the same terms share a number"""
    body_hashes: NDArray[np.uint64]
    """shape (n_pairs,): a hash of the body's terms in their order"""

    def __len__(self) -> int:
        return len(self.body_groups)

    @classmethod
    def from_columns(cls, titles: pa.Array | pa.ChunkedArray, bodies: pa.Array | pa.ChunkedArray) -> Pairs:
        return cls.of(Texts(text_buffers(titles), text_buffers(bodies)))

    @classmethod
    def of(cls, texts: Texts) -> Pairs:
        """The pairs of texts that are prepared."""
        sketches = sketches_of(texts.bodies)
        return cls(*texts, alike_groups(sketches), _sequence_groups(texts.titles), sketches.sequences)

    def first_of_duplicates(self) -> NDArray[np.bool_]:
        """shape (n_pairs,): False for a pair whose title and body both stood before."""
        both = np.stack([self.title_groups, self.body_groups])
        _, first = np.unique(both, axis=1, return_index=True)
        keep = np.zeros(len(self), bool)
        keep[first] = True
        return keep


def _sequence_groups(texts: TextBuffers) -> NDArray[np.int64]:
    return np.unique(sequence_hashes(texts), return_inverse=True)[1].astype(np.int64)


def derange(
    pairs: Pairs, rows: NDArray[np.int64], rng: np.random.Generator, strata: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Swapped pairs: a derangement of the bodies of `rows`, within `strata` where given.

    Returns
    -------
    (title_rows, body_rows)
        int64 arrays of one shape; titles for which no foreign body was found are left out.
    """
    if strata is None:
        return _derange_stratum(pairs, rows, rng)
    parts = [_derange_stratum(pairs, rows[strata == s], rng) for s in np.unique(strata[strata >= 0])]
    if not parts:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def _derange_stratum(
    pairs: Pairs, rows: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    donors = rng.permutation(rows)

    def clash(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.bool_]:
        return (pairs.body_groups[a] == pairs.body_groups[b]) | (pairs.title_groups[a] == pairs.title_groups[b])

    for _ in range(50):
        bad = np.flatnonzero(clash(rows, donors))
        if not len(bad):
            break
        for i in bad:
            j = rng.integers(len(rows))
            donors[i], donors[j] = donors[j], donors[i]
    good = ~clash(rows, donors)
    return rows[good], donors[good]


def codes(values: Sequence[str | None] | pa.Array | pa.ChunkedArray | None, n: int) -> NDArray[np.int64]:
    """Numbers for the different values of a column, -1 for null."""
    if values is None:
        return np.full(n, -1, np.int64)
    array = values if isinstance(values, (pa.Array, pa.ChunkedArray)) else pa.array(values, pa.string())
    encoded = pa.chunked_array([array]).combine_chunks() if isinstance(array, pa.Array) else array.combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = pa.concat_arrays(encoded.chunks) if encoded.num_chunks else pa.array([], pa.string())
    indices = encoded.dictionary_encode().indices
    return indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
