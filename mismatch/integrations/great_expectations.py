"""An expectation for Great Expectations: the headline in one column belongs to the body in another.

>>> batch.validate(ExpectHeadlineToBelongToBody(column_A="title", column_B="body", mostly=0.99))   # doctest: +SKIP
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar

from mismatch.errors import MissingExtraError
from mismatch.judging.scorer import Scorer, load

try:
    from great_expectations.execution_engine import PandasExecutionEngine
    from great_expectations.expectations.expectation import ColumnPairMapExpectation
    from great_expectations.expectations.metrics.map_metric_provider import (
        ColumnPairMapMetricProvider,
        column_pair_condition_partial,
    )
except ImportError as error:
    raise MissingExtraError("this expectation needs Great Expectations: pip install great_expectations") from error


class HeadlineBelongsToBody(ColumnPairMapMetricProvider):
    """The metric behind the expectation: whether a pair got another verdict than `mismatch`."""

    condition_metric_name = "column_pair_values.headline_belongs_to_body"
    condition_domain_keys = ("column_A", "column_B")
    condition_value_keys = ("model",)

    @column_pair_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column_A: Any, column_B: Any, model: str = "starter", **kwargs: Any) -> Any:
        import pandas

        pairs = pandas.DataFrame({"title": column_A, "body": column_B})
        return _scorer(model).score(pairs)["mismatch_verdict"] != "mismatch"


class ExpectHeadlineToBelongToBody(ColumnPairMapExpectation):
    """Expect the headline in `column_A` to belong to the body in `column_B`.

    Parameters
    ----------
    column_A, column_B : str
        The columns of headlines and of bodies.
    model : str
        What `mismatch.load` takes; loaded once in a process.
    mostly : float
        The share of rows that must not be flagged.
    """

    model: str = "starter"

    map_metric: ClassVar[str] = "column_pair_values.headline_belongs_to_body"
    success_keys: ClassVar[tuple[str, ...]] = ("column_A", "column_B", "model", "mostly")
    args_keys: ClassVar[tuple[str, ...]] = ("column_A", "column_B", "model")


@lru_cache(maxsize=4)
def _scorer(model: str) -> Scorer:
    return load(model)
