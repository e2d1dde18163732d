"""Which bodies a model has learned from, so that nobody trains or tests with it as if it had not.

A model remembers pairs that it was made from: their title and body look closer to it than those of other pairs. Scores
out of fold of a model that is trained *from* it, on the same articles, would be too good, and wrong pairs among them
would look right. So a model keeps a fingerprint of each body it learned from: 32 bits of the hash of its terms, of at
most `MAX_KEPT` bodies, those with the smallest ones (a bottom-k sketch, Cohen and Kaplan 2007).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MAX_KEPT = 1 << 17
"""half a megabyte in the file"""
KNOWN_SHARE = 0.1
"""share of an archive's bodies from which a model counts as made from it"""
_LARGEST = np.uint32(0xFFFFFFFF)


def fingerprints_of(body_hashes: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """The fingerprint of each body from the hash of its terms (`Pairs.body_hashes`), shape (n_rows,)."""
    return (body_hashes >> np.uint64(32)).astype(np.uint32)


def kept(*some: NDArray[np.uint32] | None) -> NDArray[np.uint32]:
    """The different ones among fingerprints of several origins, ascending, at most `MAX_KEPT`."""
    return np.unique(np.concatenate([np.empty(0, np.uint32), *(part for part in some if part is not None)]))[:MAX_KEPT]


def share_known(of_model: NDArray[np.uint32] | None, found: NDArray[np.uint32]) -> float:
    """The share of `found` that a model learned from; estimated from the small ones where the model does not keep all."""
    if of_model is None or not len(of_model):
        return 0.0
    found = np.unique(found)
    comparable = found[found <= (of_model[-1] if len(of_model) >= MAX_KEPT else _LARGEST)]
    return float(np.isin(comparable, of_model, assume_unique=True).mean()) if len(comparable) else 0.0
