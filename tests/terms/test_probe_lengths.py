"""How far look-ups walk is known from the hashes alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mismatch.terms.probe_lengths import LONGEST_RUN, check_probes, longest_run


@settings(max_examples=200, deadline=None, derandomize=True)
@given(data=st.data(), n_slots=st.sampled_from([4, 16, 64]))
def test_the_longest_run_is_that_of_a_table_that_is_filled(data: st.DataObject, n_slots: int) -> None:
    hashes = data.draw(st.lists(st.integers(0, 2**64 - 1), max_size=n_slots - 1, unique=True))
    table = [0] * n_slots
    for number in hashes:
        place = number % n_slots
        while table[place]:
            place = (place + 1) % n_slots
        table[place] = 1
    runs = "".join(map(str, table + table)).split("0")  # twice, since the last slot stands before the first
    assert longest_run(np.array(hashes, np.uint64), n_slots) == max(map(len, runs))


def test_hashes_of_chance_pass_and_colliding_ones_are_refused() -> None:
    chance = np.random.default_rng(3).integers(0, 2**63, 200_000).astype(np.uint64)
    check_probes(chance, 1 << 18)
    colliding = np.arange(LONGEST_RUN + 1, dtype=np.uint64) << np.uint64(32)
    with pytest.raises(ValueError, match="collide"):
        check_probes(colliding, 1 << 18)
    with pytest.raises(ValueError, match="collide"):
        check_probes(chance, 1 << 16)
