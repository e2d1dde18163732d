"""Labels as people write them, as 0 (match) and 1 (mismatch), and how predictions are written in turn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mismatch.errors import InputError

CLASSES = np.array(["match", "mismatch"])
_SPELLINGS = (
    ("match", "mismatch"),
    ("matched", "mismatched"),
    ("related", "unrelated"),
    ("0", "1"),
    ("false", "true"),
    ("no", "yes"),
)
"""each a match and a mismatch"""
_CODES = {word: code for words in _SPELLINGS for code, word in enumerate(words)}


def label_codes(labels: Any, rows: Sequence[int] | None = None) -> NDArray[np.int64]:
    """Labels as 0 (match) and 1 (mismatch).

    Accepted, in any case: match, matched, related, 0, false, no; mismatch, mismatched, unrelated, 1, true, yes.

    Parameters
    ----------
    labels
        Any sequence, or a column or a table of one column of numpy, pandas, polars or Arrow.
    rows
        Where each label stands, from 0 on, if not one after the other.

    Raises
    ------
    InputError
        For any other label; names it and says what is accepted.
    """
    values = _values(labels)
    out = np.empty(len(values), np.int64)
    for i, value in enumerate(values):
        written = _written(value)
        key = str(int(value)) if isinstance(value, float) and value in (0.0, 1.0) else written.strip().lower()
        if key not in _CODES:
            raise InputError(
                f"label {written[:40]!r} (row {(i if rows is None else rows[i]) + 1}) is not known; "
                "use match or mismatch (also 0/1, false/true, related/unrelated)"
            )
        out[i] = _CODES[key]
    return out


def _written(value: Any) -> str:
    try:
        return str(value)
    except ValueError:  # Python does not write integers of thousands of digits
        return "an integer of thousands of digits"


def classes_of(labels: Any) -> NDArray[Any]:
    """What predictions are written with, a match first: numbers where the labels are numbers, booleans where they are such,
    the words of the labels where they keep to one pair of words, else `CLASSES`.

    scikit-learn holds predictions against the labels that it was given, so that both have to be of one kind.
    """
    values = _values(labels)
    if values and all(isinstance(value, bool) for value in values):
        return np.array([False, True])
    if values and all(isinstance(value, (int, float)) for value in values):
        return np.array([0, 1])
    for words in _SPELLINGS:
        if values and set(values) <= set(words):
            return np.array(words)
    return CLASSES.copy()


def _values(labels: Any) -> list[Any]:
    """The labels as Python's own values."""
    if hasattr(labels, "columns") or hasattr(labels, "column_names"):
        if labels.shape[1] != 1:
            raise InputError(f"labels are one column, not {labels.shape[1]}")
        names = getattr(labels, "column_names", None) or list(labels.columns)
        labels = labels[names[0]]
    if hasattr(labels, "to_pylist"):
        return list(labels.to_pylist())
    if isinstance(labels, np.ndarray) and labels.ndim > 1:
        if labels.size != len(labels):
            raise InputError(f"labels are one column, not an array of shape {labels.shape}")
        labels = labels.ravel()
    if not isinstance(labels, Iterable) or getattr(labels, "shape", None) == () or isinstance(labels, (str, bytes)):
        raise InputError(f"labels are a sequence or a column, not one {type(labels).__name__}")
    return list(labels.tolist() if hasattr(labels, "tolist") else labels)
