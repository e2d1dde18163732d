"""`MismatchClassifier`: the model as a scikit-learn classifier."""

from __future__ import annotations

from functools import partial
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import get_scorer
from sklearn.utils.validation import check_is_fitted

from mismatch.errors import InputError
from mismatch.judging.comparison import compare
from mismatch.judging.frames import pairs_table
from mismatch.judging.progress import steps
from mismatch.judging.swaps import Pairs, derange
from mismatch.model import defaults
from mismatch.model.model import Model
from mismatch.model.model_file import load_model, save_model
from mismatch.model.recall import recall_at
from mismatch.model.starter import starter_path
from mismatch.records.stores.stored_file import Place
from mismatch.training.labels import CLASSES, classes_of, label_codes
from mismatch.training.recipe import train
from mismatch.training.settings import TrainingSettings


class MismatchClassifier(ClassifierMixin, BaseEstimator):
    """Tells whether a title belongs to its body; learns from ordinary pairs, no labels needed.

    Parameters
    ----------
    title, body : str or None
        Names of the columns when X is a table; by default the usual names are tried, as on the command line.
    base : str, Path, Model or None
        Where the background comes from: "starter", a model file, a model, or None for nothing.
    base_sha256 : str or None
        The SHA-256 that the file of `base` must have.
    max_false_flags, confidence : float
        The cut is set so that at most this share of matched pairs is flagged, with this confidence.
    prior : float
        Share of mismatches expected in what will be scored.
    random_state : int
        Seed of the swaps, the folds and the forest.
    progress : bool
        Say on standard error what is being done, and how long it took.

    Attributes
    ----------
    model_ : Model
    classes_ : ndarray of shape (2,)
        "match" and "mismatch". 0 and 1, False and True, or other words for the two, where y was given so: scikit-learn
        compares predictions with y.
    suspects_ : int64 ndarray
        Rows of X that look like mismatches, most suspicious first. They were left out.

    Examples
    --------
    >>> clf = MismatchClassifier(base=None).fit(pairs)           # doctest: +SKIP
    >>> clf.predict_proba([("KXIP vs KKR Live Score", "Speaking to reporters ...")])   # doctest: +SKIP
    """

    def __init__(
        self, *, title: str | None = None, body: str | None = None, base: str | Path | Model | None = "starter",
        base_sha256: str | None = None, max_false_flags: float = defaults.MAX_FALSE_FLAGS,
        confidence: float = defaults.CONFIDENCE, prior: float | None = None, random_state: int = 0, progress: bool = False,
    ) -> None:  # fmt: skip
        self.title = title
        self.body = body
        self.base = base
        self.base_sha256 = base_sha256
        self.max_false_flags = max_false_flags
        self.confidence = confidence
        self.prior = prior
        self.random_state = random_state
        self.progress = progress

    def fit(self, X: Any, y: Any = None, *, progress: bool | None = None) -> Self:
        """Learns from pairs.

        Parameters
        ----------
        X : data frame, Arrow table, sequence of (title, body) or of dictionaries, n_pairs long
            Columns of topics and sources, where present, make harder mismatches.
        y : array or column of shape (n_pairs,), optional
            "match" or "mismatch", 0 or 1, False or True (see `training.labels`). Without it every pair is taken as matched.
        progress : bool, optional
            In place of the setting.
        """
        self._check_settings()
        table = self._pairs(X, topics=True)
        labels = None if y is None else label_codes(y)
        if labels is not None and len(labels) != table.num_rows:
            raise InputError(f"{table.num_rows} pairs but {len(labels)} labels")
        settings = TrainingSettings(
            max_false_flags=self.max_false_flags, confidence=self.confidence, prior=self.prior, seed=self.random_state
        )
        with steps("reading the base model", shown=self.progress if progress is None else progress) as tell:
            base = resolve_base(self.base, sha256=self.base_sha256)
            training = train(table, labels=labels, settings=settings, progress=tell, base=base)
        self.model_: Model = training.model
        self.suspects_: NDArray[np.int64] = training.suspects
        self.classes_: NDArray[Any] = CLASSES.copy() if y is None else classes_of(y)
        self.n_features_in_ = 2
        return self

    def _check_settings(self) -> None:
        for setting in ("max_false_flags", "confidence", "prior"):
            value = getattr(self, setting)
            if setting == "prior" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < 1:
                raise InputError(f"{setting}={value!r} must lie between 0 and 1")
        if not isinstance(self.random_state, Integral) or self.random_state < 0:
            raise InputError(f"random_state={self.random_state!r} must be a whole number that is not negative")

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Log-odds of a mismatch, shape (n_pairs,), above 0 where `predict` says "mismatch". Pairs without text get the
        log-odds of a pair that shares nothing."""
        check_is_fitted(self, "model_")
        return self._log_odds(X) - self.model_.calibration.cut

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities of match and mismatch, shape (n_pairs, 2), at the expected share of mismatches."""
        check_is_fitted(self, "model_")
        mismatch = self.model_.calibration.probability(self._log_odds(X))
        return np.column_stack([1 - mismatch, mismatch])

    def predict(self, X: Any) -> NDArray[Any]:
        """One of `classes_` for each pair, by the model's cut. For abstention and reasons use `Scorer`."""
        check_is_fitted(self, "model_")
        return self.classes_[(self.decision_function(X) > 0).astype(int)]

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """The share of pairs that `predict` is right on. Without `y`: of the pairs of X, taken as matched, and as many made
        by swapping their bodies, so that `cross_val_score` and `GridSearchCV` need no labels.

        Raises
        ------
        InputError
            If a label is not known, or nothing can be swapped.
        """
        if y is None:
            if sample_weight is not None:
                raise InputError("weights go with labels; without labels pairs are swapped")
            return swap_scorer()(self, X)
        labels = label_codes(y)
        flagged = self.decision_function(X) > 0
        if len(labels) != len(flagged):
            raise InputError(f"{len(flagged)} pairs but {len(labels)} labels")
        return float(np.average(flagged == (labels == 1), weights=sample_weight))

    def _log_odds(self, X: Any) -> NDArray[np.float64]:
        table = self._pairs(X)
        titles, bodies = (_filled(table[name]) for name in ("title", "body"))
        return compare(self.model_, titles, bodies, table["source"] if "source" in table.column_names else None).log_odds

    def _pairs(self, X: Any, *, topics: bool = False) -> pa.Table:
        return pairs_table(X, title=self.title, body=self.body, topics=topics)

    def save(self, path: str | Path) -> None:
        """Writes the model to one file (see `model_file`)."""
        check_is_fitted(self, "model_")
        save_model(self.model_, path)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.target_tags.required = False
        return tags


class SwapScorer(Protocol):
    """What scikit-learn takes as `scoring`."""

    def __call__(self, estimator: Any, X: Any, y: Any = None) -> float: ...


def swap_scorer(metric: str | float = "accuracy", *, random_state: int = 0) -> SwapScorer:
    """A scorer for `cross_val_score` and `GridSearchCV` that needs no labels: the pairs are taken as matched and set against
    as many made by swapping their bodies.

    Parameters
    ----------
    metric
        The name of one of scikit-learn's scorers, such as "roc_auc"; or a share of false flags, such as 0.01, for the share
        of swapped pairs that are found when so many of the others are flagged.

    Examples
    --------
    >>> cross_val_score(MismatchClassifier(), pairs, scoring=swap_scorer("roc_auc"))   # doctest: +SKIP
    """
    return partial(_score_on_swaps, metric=metric, random_state=random_state)


def _score_on_swaps(
    estimator: Any, X: Any, y: Any = None, *, metric: str | float, random_state: int
) -> float:  # fmt: skip
    named = {name: getattr(estimator, name, None) for name in ("title", "body")}
    table = pairs_table(X, title=named["title"], body=named["body"])
    pairs = Pairs.from_columns(table["title"], table["body"])
    rows = np.flatnonzero((pairs.titles.valid > 0) & (pairs.bodies.valid > 0))
    left, right = derange(pairs, rows, np.random.default_rng(random_state))
    if not len(left):
        raise InputError("no body can be swapped: it takes two pairs with different bodies")
    titles, bodies = np.concatenate([rows, left]), np.concatenate([rows, right])
    labels = estimator.classes_[np.repeat([0, 1], [len(rows), len(left)])]
    drawn: Any = table.take(titles).set_column(1, "body", table["body"].take(bodies))
    if isinstance(estimator, MismatchClassifier):
        drawn = drawn.rename_columns([named.get(name) or name for name in drawn.column_names])
    else:  # a pipeline, whose first step knows no tables of ours
        drawn = list(zip(drawn["title"].to_pylist(), drawn["body"].to_pylist(), strict=True))
    if isinstance(metric, float):
        scores = estimator.decision_function(drawn)
        return recall_at(scores[: len(rows)], scores[len(rows) :], metric)
    return float(get_scorer(metric)(estimator, drawn, labels))


def _filled(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The texts with empty ones in place of those that are missing: a classifier has an answer for every row."""
    return column.fill_null("")


def resolve_base(base: str | Place | Model | None, *, sha256: str | None = None) -> Model | None:
    """The model that lends its background.

    Raises
    ------
    InputError
        If a digest is given, and no file that could have it.
    ModelError
        If the file is not a usable model, or is another than the digest says.
    """
    if base is None or isinstance(base, Model):
        if sha256 is not None:
            raise InputError("the SHA-256 of a base is that of its file, and the base is no file")
        return base
    if not isinstance(base, (str, PathLike)):
        raise InputError(f"base= takes the name of a model file, or a model, not a {type(base).__name__}")
    return load_model(starter_path() if base == "starter" else base, sha256=sha256)
