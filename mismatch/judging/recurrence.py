"""Which titles of a stream recur over different bodies and say nothing about any one of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mismatch.features.cascade import score_pairs
from mismatch.judging.comparison import Texts, log_odds_of
from mismatch.model.calibration import UNSURE_FROM
from mismatch.model.model import Model
from mismatch.screening.recurring_titles import MIN_UNFIT, NO_TITLES, recurring_titles, title_keys
from mismatch.screening.screening import has_text, screen
from mismatch.terms.near_duplicates import near_duplicate_groups
from mismatch.terms.text_buffers import taken

MAX_ROWS = 512
"""rows under titles that recur which are looked at, those of the most frequent titles first"""


def learn_recurring_titles(model: Model, texts: Texts, misfits: float) -> NDArray[np.uint64]:
    """The keys of the titles that recur in a stream and fit too few of their bodies, ascending.

    A title that fits its bodies is none of them, however often it recurs: it tells the right ones from a wrong one. In a
    stream where nearly nothing fits, as in a file whose columns are shifted, that a title does not says nothing about it.

    Parameters
    ----------
    model
        Adapted to the stream.
    texts
        Pairs of the stream as they are compared.
    misfits
        Share of the stream's pairs that are no match by the model.
    """
    keys = title_keys(texts.titles)
    rows = _most_frequent(keys)
    if not len(rows):
        return NO_TITLES
    some = Texts(*(taken(side, rows) for side in texts))
    _, features = score_pairs(*some, has_text(*some), model.lexicon, model.forest)
    judged = np.flatnonzero(screen(*some, features, model.boilerplate) == 0)
    probability = model.calibration.probability(log_odds_of(model, some, judged, judged))
    bodies = near_duplicate_groups(some.bodies)[judged]
    return recurring_titles(keys[rows[judged]], bodies, probability < UNSURE_FROM, misfits)


def _most_frequent(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The rows of titles that may recur, at most `MAX_ROWS`."""
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    often = np.where(keys > 0, counts[inverse], 0)
    order = np.lexsort((np.arange(len(keys)), inverse, -often))
    return order[often[order] >= MIN_UNFIT][:MAX_ROWS].astype(np.int64)
