"""The recipe: from headline-body pairs, without labels, to a model.

1. Duplicates are left out; the rest is divided into folds, no body on two sides.
2. For each fold: a lexicon of the other folds, features of the fold's own pairs and of pairs swapped within the fold, so
   that nothing is described by a lexicon that was counted on it.
3. A head for each fold from the features of the others gives every pair a score out of fold. Pairs that look more like a
   mismatch than a quarter of the mismatches do are *suspects*: reported, left out, and the heads fitted again.
4. Calibration and the cut come from the scores out of fold; the vectors and the head of the model from everything but
   the suspects.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.errors import InputError, MismatchError
from mismatch.features.forest import Forest
from mismatch.features.overlap_features import FEATURE_NAMES
from mismatch.judging.swaps import Pairs
from mismatch.model.calibration import Calibration, fit_platt, guaranteed_cut, pairs_needed
from mismatch.model.model import Model
from mismatch.model.topics import TopicModel
from mismatch.screening.title_cleaning import TitleCleaner
from mismatch.terms.document_frequency import Counts, DocumentCounter, total
from mismatch.terms.lexicon import Lexicon
from mismatch.terms.text_buffers import TextBuffers
from mismatch.training.examples import Examples, Settings, describe_pairs, strata_of
from mismatch.training.fingerprints import KNOWN_SHARE, fingerprints_of, kept, share_known
from mismatch.training.first_look import fit_first_look
from mismatch.training.heads import export, fit_head
from mismatch.training.pairs import group_folds
from mismatch.training.term_vectors import MIN_VECTOR_PAIRS, VectorLessons
from mismatch.training.topics import learn_topics
from mismatch.training.usable import usable_pairs

MIN_PAIRS = 20
MIN_BODIES = 10
MAX_TOPIC_PAIRS = 3_000
MAX_SUSPECT_SHARE = 0.02
SUSPECT_QUANTILE = 0.25
MAX_BLENDED_EXAMPLES = 30_000
"""described pairs up to which the base's head is mixed in"""
MIN_PAIRS_ANEW = 2_000
"""pairs from which a model is trained without the vectors and the head of a base that has seen them"""
_FEW_PAIRS, _TRUST_OF_PAIRS = 1_000, 100


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


def train(
    table: pa.Table, *, labels: NDArray[np.int64] | None = None, settings: Settings | None = None,
    base: Model | None = None, card: dict[str, Any] | None = None, progress: Callable[[str], None] | None = None,
    counts: tuple[Counts, Counts] | None = None, calibrated_on: NDArray[np.bool_] | None = None,
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
    counts
        Document frequencies of terms and stems in a larger corpus that `table` is a sample of, for the lexicon.

    Raises
    ------
    MismatchError
        If there are too few different pairs, or only mismatches.
    """
    settings = settings or Settings()
    tell = progress or (lambda words: None)
    rng = np.random.default_rng(settings.seed)
    n = table.num_rows
    tell("looking for duplicates")
    pairs = Pairs.from_columns(_clean_titles(table), _joined(table["body"]))
    background = base.lexicon if base else None
    usable = usable_pairs(pairs.titles, pairs.bodies)
    keep = pairs.first_of_duplicates() & usable
    rows = np.flatnonzero(keep)
    _check(n, rows, pairs, usable, labels)
    supervised = labels is not None and bool((labels[rows] == 1).any())
    folds = np.full(n, -1, np.int64)
    n_folds = int(min(settings.n_folds, len(np.unique(pairs.body_groups[rows]))))
    folds[rows] = group_folds(pairs.body_groups[rows], n_folds, rng)
    tell("counting terms")
    matched_rows = rows if labels is None else rows[labels[rows] == 0]
    fold_counts = _count_folds(pairs, rows, folds, n_folds)
    terms, stems = counts or (total([c[0] for c in fold_counts]), total([c[1] for c in fold_counts]))
    lexicon = Lexicon.learn(terms, stems, background, settings.max_terms)
    strata = strata_of(table)
    generators = rng.spawn(n_folds)
    learned_from = fingerprints_of(pairs.body_hashes[rows])
    seen = share_known(base.fingerprints, learned_from) if base else 0.0
    anew = seen > KNOWN_SHARE and len(matched_rows) >= MIN_PAIRS_ANEW
    lent_vectors = background.vectors if background and not anew else None
    lessons = VectorLessons(
        pairs, folds, fold_counts, lexicon, lent_vectors, settings.seed,
        enough=len(matched_rows) >= MIN_VECTOR_PAIRS and n_folds >= 2,
    )  # fmt: skip
    half_vectors = lessons.out_of_fold(matched_rows, tell)
    tell("describing pairs")

    def described(fold: int) -> Examples:
        fold_terms, fold_stems = fold_counts[fold]
        held_out = Lexicon.learn(terms.minus(fold_terms), stems.minus(fold_stems), background, settings.max_terms)
        held_out = held_out.with_vectors(half_vectors[fold % 2])
        inside = rows[folds[rows] == fold]
        known = labels if supervised else None
        return describe_pairs(pairs, inside, held_out, generators[fold], known, strata, fold, len(rows), settings)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        parts = list(pool.map(described, range(n_folds)))
    examples = Examples(*(np.concatenate([getattr(p, f) for p in parts]) for f in Examples.__dataclass_fields__))
    tell("fitting the head")
    excluded = np.zeros(n, bool)
    scores = _cross_fit(examples, excluded, settings.seed)
    if not supervised:
        excluded = _suspects(examples, scores, n)
        if excluded.any():
            scores = _cross_fit(examples, excluded, settings.seed)
    lexicon = lexicon.with_vectors(lessons.whole(matched_rows[~excluded[matched_rows]], tell))
    use = ~(excluded[examples.rows] & (examples.labels == 0))
    forest = _fit(examples, use, settings.seed)
    if base is not None and not anew:
        shares = (0.0,) if seen > KNOWN_SHARE else _possible_shares(len(matched_rows))
        forest, scores, own_share = _blended(examples, scores, use, forest, base, shares)
    else:
        own_share = 1.0
    out_of_fold = np.full(n, np.nan)
    matched = (examples.labels == 0) & examples.random
    out_of_fold[examples.rows[matched]] = scores[matched]
    if calibrated_on is not None:
        examples = replace(examples, random=examples.random & calibrated_on[examples.rows])
    calibration = _calibrate(examples, scores, use, settings)
    first_look = fit_first_look(examples, scores, use, calibration, settings.seed)
    suspects = np.flatnonzero(excluded)
    suspects = suspects[np.argsort(-out_of_fold[suspects], kind="stable")]
    figures = _figures(examples, scores, calibration)
    full_card = {
        **(card or {}),
        "pairs": {
            "given": n, "used": int(len(rows) - len(suspects)), "duplicates": int((usable & ~keep).sum()),
            "without_text": int((~usable).sum()), "suspects": len(suspects), "labelled": supervised, "own_head": own_share,
            "seen_by_base": round(seen, 4),
        },
        "settings": dict(vars(settings)),
        "figures_out_of_fold": figures,
        "first_look": first_look.figures if first_look else None,
        "features": list(FEATURE_NAMES),
        "base": (base.card.get("name", "model without a name") if base else None),
    }  # fmt: skip
    topics = _topics(table, pairs, rows, lexicon, base, settings.seed)
    if topics is not None:
        full_card["topics"] = {"names": list(topics.names), "cross_validated": topics.figures}
    model = Model(
        lexicon, forest, calibration, full_card, first_look, topics,
        base.boilerplate if base else None, base.paragraphs if base and not anew else None,
        kept(learned_from, base.fingerprints if base else None),
    )  # fmt: skip
    return Training(model, suspects, out_of_fold[suspects], out_of_fold, int((usable & ~keep).sum()), int((~usable).sum()))


def _topics(
    table: pa.Table, pairs: Pairs, rows: NDArray[np.int64], lexicon: Lexicon, base: Model | None, seed: int
) -> TopicModel | None:
    """The archive's own topics where it names some, else the base's."""
    if "topic" in table.column_names:
        known = rows[table["topic"].is_valid().to_numpy()[rows]]
        if len(known) > MAX_TOPIC_PAIRS:
            known = np.random.default_rng(seed).choice(known, MAX_TOPIC_PAIRS, replace=False)
        named: list[str | None] = [None] * table.num_rows
        for row, name in zip(known.tolist(), table["topic"].take(pa.array(known)).to_pylist(), strict=True):
            named[row] = str(name)
        if (own := learn_topics(pairs.titles, pairs.bodies, named, lexicon, seed=seed)) is not None:
            return own
    if base is None or base.topics is None or base.lexicon.vectors is None or lexicon.vectors is None:
        return None
    return base.topics.over(lexicon.vectors, base.lexicon.vectors)


def _joined(column: pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """A column in one piece is taken as it is; joining its pieces would copy it."""
    return column.chunk(0) if column.num_chunks == 1 else column


def _clean_titles(table: pa.Table) -> pa.Array:
    """The titles as the scorer judges them: without site names, labels and what else is not headline."""
    titles = pa.concat_arrays(table["title"].chunks) if table["title"].num_chunks else pa.array([], pa.large_string())
    sources = table["source"] if "source" in table.column_names else None
    if sources is not None:
        sources = pa.concat_arrays(sources.chunks) if sources.num_chunks else pa.array([], pa.large_string())
    cleaner = TitleCleaner()
    cleaner.learn(titles, sources)
    return cleaner.clean(titles, sources)


def _check(
    n: int, rows: NDArray[np.int64], pairs: Pairs, usable: NDArray[np.bool_], labels: NDArray[np.int64] | None
) -> None:
    if not n:
        raise InputError("no pairs to learn from; give a file with a title and a body in each row")
    if not usable.any():
        raise InputError(f"none of the {n:,} pairs has text in both title and body; check --title and --body")
    if len(rows) < MIN_PAIRS:
        raise MismatchError(
            f"training needs at least {MIN_PAIRS} different pairs with text, there are {len(rows):,} "
            f"(of {n:,} given); add pairs, or use the starter model as it is"
        )
    n_bodies = len(np.unique(pairs.body_groups[rows]))
    if n_bodies < MIN_BODIES:
        raise MismatchError(
            f"training needs at least {MIN_BODIES} different bodies to swap, the {len(rows):,} pairs have {n_bodies}; "
            "check that --body names the right column"
        )
    if labels is not None:
        n_matched, n_mismatched = int((labels[rows] == 0).sum()), int((labels[rows] == 1).sum())
        if n_matched < MIN_PAIRS:
            raise MismatchError(
                f"training needs at least {MIN_PAIRS} pairs labelled match, there are {n_matched:,} "
                f"(and {n_mismatched:,} mismatches)"
            )
        if 0 < n_mismatched < MIN_BODIES:
            raise MismatchError(
                f"{n_mismatched} pairs labelled mismatch are too few to learn from; "
                "leave the label column out (the command then makes its own mismatches) or add more"
            )


def _count_folds(
    pairs: Pairs, rows: NDArray[np.int64], folds: NDArray[np.int64], n_folds: int
) -> list[tuple[Counts, Counts]]:
    """Document frequencies of each fold; near-duplicate bodies count once."""
    _, first = np.unique(pairs.body_groups[rows], return_index=True)
    counted = np.zeros(len(pairs), bool)
    counted[rows[first]] = True

    def count(fold: int) -> tuple[Counts, Counts]:
        wanted = (counted & (folds == fold)).astype(np.uint8)
        counter = DocumentCounter()
        counter.add(_only(pairs.titles, wanted), _only(pairs.bodies, wanted))
        terms, stems = counter.counts()
        documents = float(wanted.sum())
        return terms._replace(n_documents=documents), stems._replace(n_documents=documents)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(count, range(n_folds)))


def _only(texts: TextBuffers, wanted: NDArray[np.uint8]) -> TextBuffers:
    return TextBuffers(texts.data, texts.offsets, texts.valid & wanted)


def _fit(examples: Examples, use: NDArray[np.bool_], seed: int) -> Forest:
    return export(fit_head(examples.features[use], examples.labels[use], seed=seed))


def _cross_fit(examples: Examples, excluded: NDArray[np.bool_], seed: int) -> NDArray[np.float64]:
    """Log-odds of every example from a head that has not seen its fold."""
    scores = np.empty(len(examples.labels))
    left_out = excluded[examples.rows] & (examples.labels == 0)

    def fit(fold: np.int64) -> None:
        inside = examples.folds == fold
        scores[inside] = _fit(examples, ~inside & ~left_out, seed).predict(examples.features[inside])

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(fit, np.unique(examples.folds)))
    return scores


def _suspects(examples: Examples, scores: NDArray[np.float64], n: int) -> NDArray[np.bool_]:
    """Matched pairs that look more like a mismatch than a quarter of the swaps do, at most `MAX_SUSPECT_SHARE` of all."""
    matched = examples.random & (examples.labels == 0)
    swapped = examples.random & (examples.labels == 1)
    limit = float(np.quantile(scores[matched], 1 - MAX_SUSPECT_SHARE))
    excluded = np.zeros(n, bool)
    excluded[
        examples.rows[matched & (scores >= float(np.quantile(scores[swapped], SUSPECT_QUANTILE))) & (scores > limit)]
    ] = True
    return excluded


def _possible_shares(n_matched: int) -> tuple[float, ...]:
    """What part the archive's own head may have: a few pairs are easily told apart by a head that knows nothing else."""
    most = 1.0 if n_matched >= _FEW_PAIRS else n_matched / (n_matched + _TRUST_OF_PAIRS)
    return tuple(share for share in (0.0, 0.25, 0.5, 0.75, 1.0) if share <= most)


def _blended(
    examples: Examples, scores: NDArray[np.float64], use: NDArray[np.bool_], forest: Forest, base: Model,
    shares: tuple[float, ...],
) -> tuple[Forest, NDArray[np.float64], float]:  # fmt: skip
    """The head mixed with the base's, in the proportion of `shares` that predicts best out of fold; on many pairs it stands
    alone."""
    if base.forest is None or (int(use.sum()) > MAX_BLENDED_EXAMPLES and 1.0 in shares):
        return forest, scores, 1.0
    from sklearn.metrics import log_loss

    measured = examples.random & use
    labels = examples.labels[measured]
    lent = base.forest.predict(examples.features)
    losses = {}
    for share in shares:
        mixed = share * scores + (1 - share) * lent
        slope, intercept = fit_platt(mixed[measured], labels)
        z = np.clip(slope * mixed[measured] + intercept, -30, 30)
        losses[share] = float(log_loss(labels, 1 / (1 + np.exp(-z))))
    share = min(losses, key=lambda s: (losses[s], s))
    if share == 1.0:
        return forest, scores, share
    lender = base.forest.scaled(1 - share)
    mixed_forest = lender if share == 0.0 else forest.scaled(share).plus(lender)
    return mixed_forest, share * scores + (1 - share) * lent, share


def _calibrate(examples: Examples, scores: NDArray[np.float64], use: NDArray[np.bool_], settings: Settings) -> Calibration:
    measured = examples.random & use
    slope, intercept = fit_platt(scores[measured], examples.labels[measured])
    matched = np.sort(scores[measured & (examples.labels == 0)])
    promise = ""
    if len(matched) >= pairs_needed(settings.max_false_flags, settings.confidence):
        cut = guaranteed_cut(matched, settings.max_false_flags, settings.confidence)
        promise = (
            f"at most {settings.max_false_flags:.3%} of matched pairs are flagged, with confidence {settings.confidence:.0%}, "  # noqa: E501
            f"if the {len(matched):,} training pairs are genuine and drawn like what is scored"
        )
    else:
        # too few pairs for a promise: where the odds of a mismatch at the expected share are even, or the highest
        # matched score, whichever is more careful
        even = (np.log((1 - settings.prior) / settings.prior) - intercept) / slope
        cut = float(max(even, matched[-1]))
    unsure = float(np.quantile(matched, 1 - settings.max_false_flags - settings.max_unsure))
    return Calibration(slope, intercept, settings.prior, cut, min(unsure, cut), promise)


def _figures(examples: Examples, scores: NDArray[np.float64], calibration: Calibration) -> dict[str, float]:
    from sklearn.metrics import roc_auc_score

    measured = examples.random
    labels, values = examples.labels[measured], scores[measured]
    matched, swapped = values[labels == 0], values[labels == 1]
    figures = {"auroc": float(roc_auc_score(labels, values))}
    for rate in (0.001, 0.01, 0.05):
        figures[f"recall_at_{rate:g}"] = float((swapped > np.quantile(matched, 1 - rate)).mean())
    figures |= {
        "matched": len(matched), "mismatched": len(swapped),
        "flagged_matched": float((matched > calibration.cut).mean()),
        "flagged_mismatched": float((swapped > calibration.cut).mean()),
        "unsure_matched": float(((matched > calibration.unsure_cut) & (matched <= calibration.cut)).mean()),
    }  # fmt: skip
    return figures
