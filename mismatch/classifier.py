"""`MismatchClassifier`: the model as a scikit-learn classifier."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from mismatch.errors import InputError
from mismatch.judging.comparison import compare
from mismatch.judging.frames import pairs_table, source_column
from mismatch.model import defaults
from mismatch.model.model import Model
from mismatch.model.model_file import load_model, save_model
from mismatch.model.starter import starter_path
from mismatch.records.stores.stored_file import Place
from mismatch.training.recipe import train
from mismatch.training.settings import TrainingSettings

CLASSES = np.array(["match", "mismatch"])
_LABELS = {
    "match": 0, "matched": 0, "related": 0, "0": 0, "false": 0, "no": 0,
    "mismatch": 1, "mismatched": 1, "unrelated": 1, "1": 1, "true": 1, "yes": 1,
}  # fmt: skip


def label_codes(labels: ArrayLike, rows: Sequence[int] | None = None) -> NDArray[np.int64]:
    """Labels as 0 (match) and 1 (mismatch).

    Accepted, in any case: match, matched, related, 0, false, no; mismatch, mismatched, unrelated, 1, true, yes.

    Parameters
    ----------
    rows
        Where each label stands, from 0 on, if not one after the other.

    Raises
    ------
    InputError
        For any other label; names it and says what is accepted.
    """
    values = list(labels.tolist() if hasattr(labels, "tolist") else labels)  # type: ignore[arg-type]
    out = np.empty(len(values), np.int64)
    for i, value in enumerate(values):
        key = str(int(value)) if isinstance(value, float) and value in (0.0, 1.0) else str(value).strip().lower()
        if key not in _LABELS:
            raise InputError(
                f"label {str(value)[:40]!r} (row {(i if rows is None else rows[i]) + 1}) is not known; "
                "use match or mismatch (also 0/1, false/true, related/unrelated)"
            )
        out[i] = _LABELS[key]
    return out


class MismatchClassifier(ClassifierMixin, BaseEstimator):
    """Tells whether a title belongs to its body; learns from ordinary pairs, no labels needed.

    Parameters
    ----------
    title, body : str
        Names of the columns when X is a table.
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

    Attributes
    ----------
    model_ : Model
    classes_ : ndarray of shape (2,), "match" and "mismatch"
    suspects_ : int64 ndarray
        Rows of X that look like mismatches, most suspicious first. They were left out.

    Examples
    --------
    >>> clf = MismatchClassifier(base=None).fit(pairs)           # doctest: +SKIP
    >>> clf.predict_proba([("KXIP vs KKR Live Score", "Speaking to reporters ...")])   # doctest: +SKIP
    """

    def __init__(
        self, *, title: str = "title", body: str = "body", base: str | Path | Model | None = "starter",
        base_sha256: str | None = None, max_false_flags: float = defaults.MAX_FALSE_FLAGS,
        confidence: float = defaults.CONFIDENCE, prior: float | None = None, random_state: int = 0,
    ) -> None:  # fmt: skip
        self.title = title
        self.body = body
        self.base = base
        self.base_sha256 = base_sha256
        self.max_false_flags = max_false_flags
        self.confidence = confidence
        self.prior = prior
        self.random_state = random_state

    def fit(self, X: Any, y: ArrayLike | None = None) -> MismatchClassifier:
        """Learns from pairs.

        Parameters
        ----------
        X : data frame, Arrow table or sequence of (title, body), n_pairs long
            Columns `topic` and `source`, where present, make harder mismatches.
        y : array of shape (n_pairs,), optional
            "match" or "mismatch" (see `label_codes`). Without it every pair is taken as matched.
        """
        for setting in ("max_false_flags", "confidence", "prior"):
            value = getattr(self, setting)
            if not (setting == "prior" and value is None) and not 0 < value < 1:
                raise InputError(f"{setting}={getattr(self, setting)!r} must lie between 0 and 1")
        table = pairs_table(X, title=self.title, body=self.body)
        named = {"title": self.title, "body": self.body, **{n: n for n in ("topic", "source") if n in table.column_names}}
        table = pa.table({role: table[column] for role, column in named.items()})
        labels = None if y is None else label_codes(y)
        if labels is not None and len(labels) != table.num_rows:
            raise InputError(f"{table.num_rows} pairs but {len(labels)} labels")
        settings = TrainingSettings(
            max_false_flags=self.max_false_flags, confidence=self.confidence, prior=self.prior, seed=self.random_state
        )
        training = train(table, labels=labels, settings=settings, base=resolve_base(self.base, sha256=self.base_sha256))
        self.model_ = training.model
        self.suspects_ = training.suspects
        self.classes_ = CLASSES.copy()
        self.n_features_in_ = 2
        return self

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

    def predict(self, X: Any) -> NDArray[np.str_]:
        """ "match" or "mismatch" for each pair, by the model's cut. For abstention and reasons use `Scorer`."""
        check_is_fitted(self, "model_")
        return self.classes_[(self.decision_function(X) > 0).astype(int)]

    def _log_odds(self, X: Any) -> NDArray[np.float64]:
        table = pairs_table(X, title=self.title, body=self.body)
        titles, bodies = (_filled(table[name]) for name in (self.title, self.body))
        return compare(self.model_, titles, bodies, source_column(table)).log_odds

    def save(self, path: str | Path) -> None:
        """Writes the model to one file (see `model_file`)."""
        check_is_fitted(self, "model_")
        save_model(self.model_, path)

    def __sklearn_tags__(self):  # type: ignore[no-untyped-def]
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.target_tags.required = False
        return tags


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
    return load_model(starter_path() if base == "starter" else base, sha256=sha256)
