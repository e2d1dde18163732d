"""Labels in every form that people have them in, and what predictions are written with in turn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from mismatch import InputError
from mismatch.training.labels import classes_of, label_codes

NUMBERS, WORDS = [0, 1, 1, 0], ["match", "mismatch", "mismatch", "match"]
BOOLEANS = [bool(number) for number in NUMBERS]
FORMS: dict[str, Any] = {
    "numbers": NUMBERS, "words": WORDS, "booleans": BOOLEANS, "floats": [0.0, 1.0, 1.0, 0.0], "tuple": tuple(WORDS),
    "numpy numbers": np.array(NUMBERS), "numpy words": np.array(WORDS), "numpy objects": np.array(WORDS, object),
    "numpy booleans": np.array(BOOLEANS), "numpy column": np.array(NUMBERS).reshape(-1, 1),
    "pandas": pd.Series(NUMBERS, index=[9, 8, 7, 6]), "pandas words": pd.Series(WORDS),
    "pandas frame": pd.DataFrame({"y": WORDS}),
    "pandas categories": pd.Series(WORDS, dtype="category"), "pandas booleans": pd.Series(BOOLEANS, dtype="boolean"),
    "polars": pl.Series(NUMBERS), "polars words": pl.Series(WORDS), "polars booleans": pl.Series(BOOLEANS),
    "polars frame": pl.DataFrame({"y": NUMBERS}), "polars categories": pl.Series(WORDS, dtype=pl.Categorical),
    "Arrow": pa.array(NUMBERS), "Arrow chunks": pa.chunked_array([WORDS[:2], WORDS[2:]]),
    "Arrow table": pa.table({"y": BOOLEANS}),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_same(form: str) -> None:
    assert label_codes(FORMS[form]).tolist() == NUMBERS


@pytest.mark.parametrize(
    ("labels", "classes"),
    [(NUMBERS, [0, 1]), (np.array(NUMBERS), [0, 1]), (FORMS["floats"], [0, 1]), (BOOLEANS, [False, True]),
     (pd.Series(BOOLEANS), [False, True]), (WORDS, ["match", "mismatch"]),
     (["unrelated", "related"], ["related", "unrelated"]),
     (["MATCH", "mismatch"], ["match", "mismatch"]), (["related", "mismatch"], ["match", "mismatch"]), ([1, 1], [0, 1]),
     ([], ["match", "mismatch"])],
    ids=str,
)  # fmt: skip
def test_predictions_are_written_as_the_labels_were(labels: Any, classes: list[Any]) -> None:
    found = classes_of(labels).tolist()
    assert found == classes
    assert [type(name) for name in found] == [type(name) for name in classes]


@pytest.mark.parametrize("labels", [pd.DataFrame({"a": [1], "b": [0]}), np.zeros((2, 2))], ids=["frame", "array"])
def test_two_columns_of_labels_are_refused(labels: Any) -> None:
    with pytest.raises(InputError, match="labels are one column"):
        label_codes(labels)


@pytest.mark.parametrize("nothing", [None, float("nan"), pd.NA, "", 2, "maybe"])
def test_a_label_that_is_missing_or_unknown_is_named_by_its_row(nothing: Any) -> None:
    with pytest.raises(InputError, match="row 2"):
        label_codes([0, nothing])
