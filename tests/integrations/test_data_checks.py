"""The check for pandera and the expectation for Great Expectations, on frames with a few strays."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from stories import rows

from mismatch import Scorer

pytestmark = pytest.mark.filterwarnings("ignore")  # both libraries warn on behalf of others that they find
WRONG = [7, 15, 23, 31, 39]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Forty articles whose index is no number of a row; the columns have other usual names."""
    frame = pd.DataFrame(rows(40, wrong_every=8)).rename(columns={"title": "headline", "body": "text"})
    return frame.set_index(pd.Index([f"row {i}" for i in range(40)]))


@pytest.fixture(scope="module")
def pandera() -> Any:
    pytest.importorskip("pandera")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandera.pandas
        import pandera.polars
    return pandera


@pytest.fixture(scope="module")
def gx() -> Any:
    if importlib.util.find_spec("great_expectations") is None:
        pytest.skip("great_expectations is not installed")
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patched:
        warnings.simplefilter("ignore")
        # it imports pyspark's client, which ends a process whose main module is no file, such as a worker of the tests
        patched.setattr(sys.modules["__main__"], "__file__", __file__, raising=False)
        import great_expectations

        import mismatch.integrations.great_expectations as ours
    return great_expectations, ours


def test_pandera_lists_the_strays_of_a_pandas_frame(judge: Scorer, frame: pd.DataFrame, pandera: Any) -> None:
    from mismatch.integrations.pandera import headlines_belong

    schema = pandera.pandas.DataFrameSchema({"headline": pandera.pandas.Column(str)}, checks=headlines_belong(judge))
    with pytest.raises(pandera.errors.SchemaErrors) as found:
        schema.validate(frame, lazy=True)
    cases = found.value.failure_cases
    assert set(cases["index"]) == {f"row {i}" for i in WRONG}
    assert set(cases["check"]) == {"the headline belongs to another story"}
    good = frame.drop(index=[f"row {i}" for i in WRONG])
    assert schema.validate(good).equals(good)


def test_pandera_lists_the_strays_of_a_polars_frame(judge: Scorer, frame: pd.DataFrame, pandera: Any) -> None:
    from mismatch.integrations.pandera import headlines_belong

    given = pl.from_pandas(frame)
    schema = pandera.polars.DataFrameSchema({"headline": pandera.polars.Column(str)}, checks=headlines_belong(judge))
    with pytest.raises(pandera.errors.SchemaErrors) as found:
        schema.validate(given, lazy=True)
    assert found.value.failure_cases["index"].to_list() == WRONG
    good = given.with_row_index().filter(~pl.col("index").is_in(WRONG)).drop("index")
    assert schema.validate(good).equals(good)


def test_pandera_refuses_what_it_is_told_to(judge_path: Path, frame: pd.DataFrame, pandera: Any) -> None:
    from mismatch.integrations.pandera import headlines_belong

    empty = frame.assign(text=["" if i == 3 else text for i, text in enumerate(frame["text"])])
    check = headlines_belong(str(judge_path), refused=("unscorable",), title="headline", body="text", adapt=False)
    with pytest.raises(pandera.errors.SchemaErrors) as found:
        pandera.pandas.DataFrameSchema(checks=check).validate(empty, lazy=True)
    assert set(found.value.failure_cases["index"]) == {"row 3"}


def test_pandera_says_which_columns_there_are(judge: Scorer, frame: pd.DataFrame, pandera: Any) -> None:
    from mismatch.integrations.pandera import headlines_belong

    schema = pandera.pandas.DataFrameSchema(checks=headlines_belong(judge, title="kop"))
    with pytest.raises(pandera.errors.SchemaError, match="its columns are 'id', 'source', 'headline', 'text'"):
        schema.validate(frame)


def test_great_expectations_counts_the_strays(judge_path: Path, frame: pd.DataFrame, gx: Any) -> None:
    library, ours = gx
    context = library.get_context(mode="ephemeral")
    context.variables.progress_bars = library.data_context.types.base.ProgressBarsConfig(globally=False)
    batch = context.data_sources.pandas_default.read_dataframe(frame)
    columns = {"column_A": "headline", "column_B": "text", "model": str(judge_path)}
    for mostly, success in ((0.8, True), (0.95, False)):
        result = batch.validate(ours.ExpectHeadlineToBelongToBody(**columns, mostly=mostly))
        assert result.success is success
        assert result.result["unexpected_count"] == len(WRONG)
        assert result.result["partial_unexpected_index_list"] == [f"row {i}" for i in WRONG]
    lost = batch.validate(ours.ExpectHeadlineToBelongToBody(**{**columns, "model": "none.joblib"}))
    assert lost.success is False
    assert "none.joblib" in str(lost.exception_info)
