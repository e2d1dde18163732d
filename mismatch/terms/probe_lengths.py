"""How far a look-up in an open-addressing table may have to walk: known from the hashes, before the table is built."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LONGEST_RUN = 4096
"""slots; of hashes that are not made to collide, no run is a tenth of it in a table that is four fifths full"""


def longest_run(hashes: NDArray[np.uint64], n_slots: int) -> int:
    """The most slots that are taken one after another, in a table of `n_slots` (a power of two): no look-up goes further.

    Which slots are taken does not depend on the order in which hashes are stored. Slot by slot, what finds its place taken
    is carried on to the next one; a slot stays free where the sum of hashes less slots reaches a new low.
    """
    if not len(hashes):
        return 0
    surplus = np.bincount((hashes & np.uint64(n_slots - 1)).view(np.int64), minlength=n_slots) - 1
    behind_a_free_slot = int(np.cumsum(surplus).argmin()) + 1  # the table is a ring
    lowest = np.minimum(np.minimum.accumulate(np.cumsum(np.roll(surplus, -behind_a_free_slot))), 0)
    free = np.flatnonzero(lowest[1:] < lowest[:-1]) + 1
    free = np.concatenate([[-1], [0] if lowest[0] < 0 else [], free, [n_slots]]).astype(np.int64)
    return int(np.diff(free).max()) - 1


def check_probes(hashes: NDArray[np.uint64], n_slots: int) -> None:
    """
    Raises
    ------
    ValueError
        If so many hashes collide that look-ups would take as good as forever.
    """
    if len(hashes) >= n_slots or longest_run(hashes, n_slots) > LONGEST_RUN:
        raise ValueError("hashes collide as they do not by chance")
