"""How the starter is calibrated: on archives whose scores lie at different levels."""

from __future__ import annotations

import numpy as np
import pytest

from mismatch.features.overlap_features import N_FEATURES
from mismatch.judging.comparison import Compared, Texts
from mismatch.terms.document_frequency import Counts
from mismatch.terms.lexicon import Lexicon
from mismatch.terms.text_buffers import TextBuffers
from models.archives import Scored
from models.blended_weights import BACKGROUND_DOCUMENTS, blended_lexicon
from models.single_articles import CONFIDENCE, MAX_FALSE_FLAGS, calibration_for_single_articles, common_slope, even_cut

SLOPE = 1.3


def archive(level: float, n: int, seed: int) -> Scored:
    """Scores whose log density ratio is ``SLOPE * score + level``: two normals of one width."""
    rng = np.random.default_rng(seed)
    apart = 4.0
    width = np.sqrt(apart / SLOPE)
    middle = -level / SLOPE
    matched, swapped = (rng.normal(middle + side * apart / 2, width, n) for side in (-1, 1))
    nothing = TextBuffers(np.zeros(1, np.uint8), np.zeros(n + 1, np.int64), np.zeros(n, np.uint8))
    compared = Compared(
        matched, np.zeros((n, N_FEATURES), np.float32), np.zeros((n, 0, 0), np.float32),
        *(np.zeros(n, np.uint8) for _ in range(2)), Texts(nothing, nothing),
    )  # fmt: skip
    return Scored(compared, np.arange(n), swapped, 0)


ARCHIVES = {"low": archive(2.0, 6000, 1), "high": archive(-2.0, 4000, 2), "small": archive(0.0, 500, 3)}


def test_the_slope_is_that_of_each_archive_and_not_of_their_levels() -> None:
    slope, levels = common_slope(list(ARCHIVES.values()))
    assert slope == pytest.approx(SLOPE, rel=0.07)
    assert levels.tolist() == pytest.approx([2.0, -2.0, 0.0], abs=0.35)


def test_the_cut_flags_as_many_of_an_even_mixture_as_is_promised() -> None:
    cut = even_cut([part.matched for part in ARCHIVES.values()], 500)
    fresh = [archive(level, 100_000, seed).matched for level, seed in ((2.0, 11), (-2.0, 12), (0.0, 13))]
    flagged = float(np.mean([(scores > cut).mean() for scores in fresh]))
    assert 0.3 * MAX_FALSE_FLAGS < flagged <= MAX_FALSE_FLAGS


def test_words_and_numbers_agree_at_both_cuts() -> None:
    calibration = calibration_for_single_articles(ARCHIVES, list(ARCHIVES.values()))
    assert calibration.probability(np.array([calibration.cut]))[0] == pytest.approx(0.5)
    assert 0.0999 < calibration.probability(np.array([calibration.unsure_cut]))[0] < 0.1
    assert calibration.unsure_cut < calibration.cut
    assert f"{CONFIDENCE:.0%}" in calibration.promise


def test_the_head_is_trained_with_the_background_added_up() -> None:
    background = Lexicon(*[Counts(np.array([1], np.uint64), np.array([500.0]), 1000.0)] * 2)

    def share(n: float) -> float:
        """Of the documents that have term 1, which none of the corpus has."""
        corpus = Counts(np.array([2], np.uint64), np.array([n]), n)
        terms = blended_lexicon(corpus, corpus, background, 10).terms
        return float(terms.frequencies[0] / terms.n_documents)

    assert share(1) == pytest.approx(0.5, abs=0.001)
    assert share(BACKGROUND_DOCUMENTS) == pytest.approx(0.25)
    assert share(1e7) < 0.001
