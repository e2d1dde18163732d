"""Shares of documents of several sources, put together so that none dilutes another.

A term's share of documents is the highest that any source shows: in a stream of French, `la` stands in all documents,
however many English ones the background has. What a small source shows counts by the lower bound of its share (Wilson 1927).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mismatch.terms.document_frequency import Counts

WILSON_Z = 1.0
"""standard deviations below the share that was seen"""


def lower_share(frequencies: NDArray[np.float64], n_documents: float) -> NDArray[np.float64]:
    """Lower bound of the share of documents that a term stands in, after `frequencies` of `n_documents`.

    ``(p + z²/2n - z · sqrt(p (1 - p) / n + z²/4n²)) / (1 + z²/n)`` (Wilson 1927, doi 10.1080/01621459.1927.10502953)
    """
    n, z = n_documents, WILSON_Z
    p = np.minimum(frequencies, n) / n
    centre, spread = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return np.maximum(0.0, (centre - spread) / (1 + z * z / n))


def highest_shares(base: Counts, *sources: Counts) -> Counts:
    """Counts of as many documents as `base` has, in which a term's share is the highest of the base and of the sources."""
    hashes, frequencies, n = base.hashes, base.frequencies, base.n_documents
    for source in sources:
        raised = lower_share(source.frequencies, source.n_documents) * n
        at = np.minimum(np.searchsorted(hashes, source.hashes), max(len(hashes) - 1, 0))
        known = hashes[at] == source.hashes if len(hashes) else np.zeros(len(source.hashes), bool)
        frequencies = frequencies.copy()
        frequencies[at[known]] = np.maximum(frequencies[at[known]], raised[known])
        place = np.searchsorted(hashes, source.hashes[~known])
        hashes, frequencies = np.insert(hashes, place, source.hashes[~known]), np.insert(frequencies, place, raised[~known])
    return Counts(hashes, frequencies, n)
