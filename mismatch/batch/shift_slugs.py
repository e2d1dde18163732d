"""The words of a row's address as a third witness: whether they are those of its title, of its body, of both, or of neither.

An address stays with the column that was not moved. Where its words are the title's and not the body's, bodies moved, and
the words help to find the title's body; where they are the body's and not the title's, titles moved, and the words help to
find the body's title.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.batch.shift_terms import MOST_OF_TITLE, TermLists, term_lists
from mismatch.compiling.kernels import kernel
from mismatch.screening.title_cleaning import slug_words
from mismatch.terms.text_buffers import text_buffers

TELLS_NOTHING, WITH_TITLE, WITH_BODY, WITH_BOTH = range(4)
IN_TITLE, IN_BODY = 0.5, 0.6
"""share of the words of an address that a title, or a body, must have: a body has some of any words"""
LEAST_SHARED = 3
"""words and stems that must be shared"""


def slugs_of(urls: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The words of each address, percent-decoded; null where there are fewer than three, or no address.

    Examples
    --------
    >>> slugs_of(pa.array(["https://ferry.example/news/harbour-bridge-closed-again.html", "id-7", None])).to_pylist()
    ['harbour bridge closed again', None, None]
    """
    return pa.array([_slug(url) for url in urls.to_pylist()], pa.large_string())


def _slug(url: str | None) -> str | None:
    return (slug_words(url) or None) if url and "/" in url and " " not in url else None


@kernel
def _shares(starts, hashes, of_starts, of_hashes, shared):
    """How many of a row's hashes stand among the same row's others."""
    for row in range(starts.shape[0] - 1):
        for p in range(starts[row], starts[row + 1]):
            for q in range(of_starts[row], of_starts[row + 1]):
                if of_hashes[q] == hashes[p]:
                    shared[row] += 1
                    break


def witness(urls: pa.Array | pa.ChunkedArray, titles: TermLists, bodies: TermLists) -> tuple[NDArray[np.int8], TermLists]:
    """What the address of each row is with (`WITH_TITLE`, ...), int8 of shape (n_rows,), and its words."""
    slugs = term_lists(text_buffers(slugs_of(urls)), MOST_OF_TITLE)
    sizes = np.diff(slugs.starts)
    fits = []
    for side, share in ((titles, IN_TITLE), (bodies, IN_BODY)):
        shared = np.zeros(len(slugs), np.int64)
        _shares(slugs.starts, slugs.hashes, side.starts, side.hashes, shared)
        fits.append((shared >= LEAST_SHARED) & (shared >= share * sizes))
    return (fits[0] * WITH_TITLE + fits[1] * WITH_BODY).astype(np.int8), slugs


def with_words(lists: TermLists, words: TermLists, rows: NDArray[np.bool_]) -> TermLists:
    """The lists with the words of some rows added to them; a term that a row has already stands twice."""
    if not rows.any():
        return lists
    sizes, added = np.diff(lists.starts), np.where(rows, np.diff(words.starts), 0)
    starts = np.concatenate([[0], np.cumsum(sizes + added)]).astype(np.int64)
    hashes, weights = np.empty(starts[-1], np.uint64), np.empty(starts[-1], np.float32)
    old = np.repeat(starts[:-1] - lists.starts[:-1], sizes) + np.arange(len(lists.hashes))
    taken = np.repeat(rows, np.diff(words.starts))
    new = np.repeat((starts[:-1] + sizes)[rows], added[rows]) + _counting(added[rows])
    hashes[old], weights[old] = lists.hashes, lists.weights
    hashes[new], weights[new] = words.hashes[taken], words.weights[taken]
    return TermLists(starts, hashes, weights)


def _counting(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, ... up to each size, one after another."""
    return np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
