"""Document frequencies from several sources, none of which dilutes another: of each term the highest share of documents.

A word that stands in nine of ten French articles stands in hardly any of an archive that is nearly all English. Added up,
the archive would make it rare, and a French title would seem to be found where only its *que* and its *les* are. So the
sources are not added up: the share of documents of a term is the highest that any source shows, each of its own documents.

A small source shows little: of a term that is in k of n documents it shows the lower bound of the Wilson score interval
(Wilson 1927, doi 10.1080/01621459.1927.10502953) at z standard errors,

    (p + z²/2n - z √(p (1 - p)/n + z²/4n²)) / (1 + z²/n)    with p = k/n

which is .38/n for a term that was seen once (z = 1), and k/n in the limit of many documents.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mismatch.terms.document_frequency import Counts

STANDARD_ERRORS = 1.0
"""by which the share that a source shows lies under the one that was counted in it"""


def lower_bound(k: NDArray[np.float64], n: float, z: float = STANDARD_ERRORS) -> NDArray[np.float64]:
    """Wilson's lower bound of a share of k of n; shape as k."""
    p = np.minimum(k / n, 1.0)
    spread = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return np.maximum((p + z * z / (2 * n) - spread) / (1 + z * z / n), 0.0)


def highest_share(known: Counts, *sources: Counts, n_documents: float | None = None, z: float = STANDARD_ERRORS) -> Counts:
    """Counts in which each term has the highest share of documents that it has in `known` and in the sources.

    Parameters
    ----------
    known
        Its shares are taken as they are.
    sources
        Of their shares the lower bound counts.
    n_documents
        Of how many documents the result is; by default those of `known`.
    z
        Standard errors of that bound; 0 takes these shares as they are too.

    Returns
    -------
    Counts whose frequencies are exact in 32 bits, as a model file keeps them.
    """
    n = known.n_documents if n_documents is None else n_documents
    hashes, shares = known.hashes, known.frequencies / max(known.n_documents, 1.0)
    for source in sources:
        if source.n_documents <= 0:
            continue
        shown = lower_bound(source.frequencies, source.n_documents, z)
        at = np.searchsorted(hashes, source.hashes)
        is_known = np.append(hashes, np.uint64(0))[at] == source.hashes
        is_known &= at < len(hashes)
        shares = shares.copy()
        shares[at[is_known]] = np.maximum(shares[at[is_known]], shown[is_known])  # a source has each hash once
        hashes = np.insert(hashes, at[~is_known], source.hashes[~is_known])
        shares = np.insert(shares, at[~is_known], shown[~is_known])
    return Counts(hashes, (shares * n).astype(np.float32).astype(np.float64), float(n))
