"""What a stream is made of: shares and probabilities, on made-up scores whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mismatch.judging.mixture import fit_mixture


def scores(
    share: float, n: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]:
    """Observed log ratios and the truth, swapped ones, anchors: normal with variances that make the log ratio their own."""
    rng = np.random.default_rng(seed)
    wrong = rng.random(n) < share
    spread = 5.0  # two normals, `spread` deviations apart, whose log ratio is the score itself
    observed = np.where(wrong, 1, -1) * spread**2 / 2 + spread * rng.standard_normal(n)
    swapped = spread**2 / 2 + spread * rng.standard_normal(2 * n)
    return observed, wrong, swapped, -(spread**2) / 2 + spread * rng.standard_normal(400)


@pytest.mark.parametrize("share", [0.0, 0.005, 0.02, 0.1, 0.5, 1.0])
def test_the_interval_of_the_share_covers_the_truth_from_nothing_to_everything(share: float) -> None:
    covered, widths = 0, []
    for seed in range(10):
        observed, wrong, swapped, anchors = scores(share, 1000, seed)
        mixture = fit_mixture(observed, swapped, anchors)
        low, high = mixture.share_interval
        covered += low <= wrong.mean() <= high
        widths.append(high - low)
        assert low <= mixture.share <= high or share in (0.0, 1.0)
    assert covered >= 9
    assert np.median(widths) < 0.25  # it says something


def test_a_stream_of_which_nearly_all_is_wrong_is_known_for_one() -> None:
    for seed in range(5):
        observed, _, swapped, anchors = scores(0.9, 1000, seed)
        mixture = fit_mixture(observed, swapped, anchors)
        assert mixture.share_interval[0] > 0.6
        assert mixture.share > 0.75


@pytest.mark.parametrize("share", [0.02, 0.3])
def test_the_probability_is_calibrated(share: float) -> None:
    error, found, false = [], [], []
    for seed in range(6):
        observed, wrong, swapped, anchors = scores(share, 2000, 100 + seed)
        probability = fit_mixture(observed, swapped, anchors).curve(observed)
        error.append(probability.mean() - wrong.mean())
        found.append((probability[wrong] >= 0.5).mean())
        false.append((probability[~wrong] >= 0.5).mean())
    assert abs(np.mean(error)) < 0.02
    assert np.mean(found) > 0.85
    assert np.mean(false) < 0.03


def test_the_probability_never_falls() -> None:
    observed, _, swapped, anchors = scores(0.05, 500, 3)
    assert (np.diff(fit_mixture(observed, swapped, anchors).curve.values) >= 0).all()
