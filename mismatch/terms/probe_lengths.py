"""How far a look-up in an open-addressing table may have to walk: known from the hashes, before the table is built."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LONGEST_RUN = 4096
"""slots; of hashes that are not made to collide, no run is a tenth of it in a table that is four fifths full"""


def longest_run(hashes: NDArray[np.uint64], n_slots: int) -> int:
    """The most slots that are taken one after another, in a table of `n_slots` (a power of two, at
    most 2 ** 30): no look-up goes further.

    Which slots are taken does not depend on the order in which hashes are stored. In the order of the slots that they ask
    for, each takes that one, or the one behind that of the hash before it where this is further on.
    """
    if not len(hashes):
        return 0
    wanted = np.sort((hashes & np.uint64(n_slots - 1)).astype(np.int32))
    taken = np.concatenate([wanted, wanted + np.int32(n_slots)])  # a ring: what begins at its end goes on in front
    at = np.arange(len(taken), dtype=np.int32)
    taken -= at
    np.maximum.accumulate(taken, out=taken)
    taken += at
    begins = np.flatnonzero(taken[1:] > taken[:-1] + 1) + 1
    return int(np.diff(np.concatenate([[0], begins, [len(taken)]])).max())


def check_probes(hashes: NDArray[np.uint64], n_slots: int) -> None:
    """
    Raises
    ------
    ValueError
        If so many hashes collide that look-ups would take as good as forever.
    """
    if len(hashes) >= n_slots or longest_run(hashes, n_slots) > LONGEST_RUN:
        raise ValueError("hashes collide as they do not by chance")
