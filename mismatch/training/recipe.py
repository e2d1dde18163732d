"""The recipe: from headline-body pairs, without labels, to a model.

1. Duplicates are left out, and the rest is divided into folds. No body is in two folds (`selection`).
2. For each fold, the terms of the other folds are counted (`fold_counts`) and vectors are learned from them
   (`vector_lessons`). The fold's own pairs, and pairs swapped within the fold, are described with these (`examples`), so
   that nothing is described by what was learned from it.
3. For each fold, a forest is fitted to the examples of the other folds, and scores those of this one (`cross_fit`). Pairs
   that look more like a mismatch than a quarter of the mismatches do are *suspects*: they are reported and left out, and
   the forests are fitted again.
4. The vectors and the forest of the model come from everything but the suspects. On few pairs the forest is mixed with
   that of the base (`lender`).
5. Calibration, cut and figures come from the scores out of fold (`out_of_fold`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.features.overlap_features import FEATURE_NAMES
from mismatch.model.model import Model
from mismatch.model.topics import TopicModel
from mismatch.terms.document_frequency import Counts
from mismatch.terms.lexicon import Lexicon
from mismatch.training.cross_fit import blended, cross_fit, fit_whole
from mismatch.training.examples import describe_folds
from mismatch.training.fingerprints import fingerprints_of, kept
from mismatch.training.first_look import fit_first_look
from mismatch.training.fold_counts import LearnLexicon, count_folds
from mismatch.training.lender import Lender
from mismatch.training.out_of_fold import Measured, calibration_of, figures_of, measured_in
from mismatch.training.selection import Selection, select_pairs
from mismatch.training.settings import TrainingSettings
from mismatch.training.topics import learn_topics
from mismatch.training.vector_lessons import VectorLessons

MAX_TOPIC_PAIRS = 3_000


@dataclass(frozen=True)
class Training:
    """A model and what came to light while it was trained."""

    model: Model
    suspects: NDArray[np.int64]
    """rows of the input that look like mismatches, most suspicious first"""
    suspect_scores: NDArray[np.float64]
    """their log-odds, out of fold"""
    out_of_fold: NDArray[np.float64]
    """log-odds of every row of the input that was used, NaN elsewhere; shape (n_rows,)"""
    n_duplicates: int
    n_unusable: int
    measured: Measured
    """what the calibration rests on"""


def train(
    table: pa.Table, *, labels: NDArray[np.int64] | None = None, settings: TrainingSettings | None = None,
    base: Model | None = None, card: dict[str, Any] | None = None, progress: Callable[[str], None] | None = None,
    counts: tuple[Counts, Counts] | None = None, calibrated_on: NDArray[np.bool_] | None = None,
    learn_lexicon: LearnLexicon = Lexicon.learn,
) -> Training:  # fmt: skip
    """Trains a model.

    Parameters
    ----------
    table
        Columns `title` and `body` (text), and where known `topic` and `source`.
    labels : int64 array of shape (n_rows,), optional
        0 for match, 1 for mismatch. Without it all pairs are taken as matched, and mismatches are made by swapping.
    base
        A model whose lexicon serves as background.
    card
        What the model card is to say besides.
    progress
        Called with a few words before each step.
    counts
        Document frequencies of terms and stems in a larger corpus that `table` is a sample of, for the lexicon.
    calibrated_on : bool array of shape (n_rows,), optional
        The pairs that calibration and figures are measured on; by default all.
    learn_lexicon
        How a lexicon is made of counts and the base's lexicon.

    Raises
    ------
    MismatchError
        If there are too few different pairs, or only mismatches.
    """
    settings = settings or TrainingSettings()
    tell = progress or (lambda words: None)
    rng = np.random.default_rng(settings.seed)
    tell("looking for duplicates")
    chosen = select_pairs(table, labels, settings.n_folds, rng, base.stream if base else None)
    fingerprints = fingerprints_of(chosen.pairs.body_hashes[chosen.rows])
    lender = Lender.of(base, fingerprints, len(chosen.matched))

    tell("counting terms")
    frequencies = count_folds(chosen, counts, lender.lexicon, settings.max_terms, learn_lexicon)
    lexicon = frequencies.lexicon()
    lessons = VectorLessons(chosen, frequencies.terms_by_fold, lexicon, lender.vectors, settings.seed)
    half_vectors = lessons.out_of_fold(tell)

    tell("describing pairs")

    def held_out(fold: int) -> Lexicon:
        return frequencies.lexicon_without(fold).with_vectors(half_vectors[fold % 2])

    examples = describe_folds(chosen, held_out, rng.spawn(chosen.n_folds), settings)

    tell("fitting the forest")
    fit = cross_fit(examples, table.num_rows, settings.seed, find_suspects=chosen.labels is None)
    lexicon = lexicon.with_vectors(lender.telling(lessons.whole(fit.suspect, tell)))
    own_forest = fit_whole(examples, fit.use, settings.seed)
    forest, scores, own_share = blended(examples, fit, own_forest, lender.forest, lender.own_shares)
    out_of_fold = np.full(table.num_rows, np.nan)
    matched = (examples.labels == 0) & examples.random
    out_of_fold[examples.rows[matched]] = scores[matched]

    if calibrated_on is not None:
        examples = replace(examples, random=examples.random & calibrated_on[examples.rows])
    calibration = calibration_of(examples, scores, fit.use, settings)
    first_look = fit_first_look(examples, scores, fit.use, calibration, settings.seed)
    topics = _own_topics(table, chosen, lexicon, settings.seed) or lender.topics(lexicon)
    suspects = np.flatnonzero(fit.suspect)
    suspects = suspects[np.argsort(-out_of_fold[suspects], kind="stable")]
    full_card = {
        **(card or {}),
        "pairs": _pairs_on_card(chosen, len(suspects), own_share, lender.known),
        "settings": dict(vars(settings)),
        "figures_out_of_fold": figures_of(examples, scores, calibration),
        "first_look": first_look.figures if first_look else None,
        "features": list(FEATURE_NAMES),
        "base": (base.card.get("name", "model without a name") if base else None),
        **({"topics": {"names": list(topics.names), "cross_validated": topics.figures}} if topics else {}),
    }
    model = Model(
        lexicon=lexicon,
        forest=forest,
        calibration=calibration,
        card=full_card,
        first_look=first_look,
        topics=topics,
        boilerplate=lender.boilerplate,
        paragraphs=lender.paragraphs,
        fingerprints=kept(fingerprints, lender.fingerprints),
        stream=chosen.stream,
        anchors=lender.anchors,
        across_languages=lender.across_languages(lexicon, own_share),
    )
    measured = measured_in(examples, scores, fit.use, chosen.pairs.body_groups)
    return Training(model, suspects, out_of_fold[suspects], out_of_fold, chosen.n_duplicates, chosen.n_unusable, measured)


def _pairs_on_card(chosen: Selection, n_suspects: int, own_share: float, known: float) -> dict[str, Any]:
    """What the model card says of the pairs."""
    return {
        "given": len(chosen.pairs),
        "used": len(chosen.rows) - n_suspects,
        "duplicates": chosen.n_duplicates,
        "without_text": chosen.n_unusable,
        "suspects": n_suspects,
        "labelled": chosen.labels is not None,
        "own_head": own_share,
        "seen_by_base": round(known, 4),
    }


def _own_topics(table: pa.Table, chosen: Selection, lexicon: Lexicon, seed: int) -> TopicModel | None:
    """The topics that the table names; None where it names too few."""
    if "topic" not in table.column_names:
        return None
    known = chosen.rows[table["topic"].is_valid().to_numpy()[chosen.rows]]
    if len(known) > MAX_TOPIC_PAIRS:
        known = np.random.default_rng(seed).choice(known, MAX_TOPIC_PAIRS, replace=False)
    named: list[str | None] = [None] * table.num_rows
    for row, name in zip(known.tolist(), table["topic"].take(pa.array(known)).to_pylist(), strict=True):
        named[row] = str(name)
    return learn_topics(chosen.pairs.titles, chosen.pairs.bodies, named, lexicon, seed=seed)
