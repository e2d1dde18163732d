"""A check for pandera: in no row does the headline belong to another story.

>>> pandera.DataFrameSchema({"title": pandera.Column(str), "body": pandera.Column(str)}, checks=headlines_belong())
... # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mismatch.errors import MissingExtraError
from mismatch.judging.scorer import Scorer, load

try:
    from pandera import Check
except ImportError as error:
    raise MissingExtraError("this check needs pandera: pip install pandera") from error

NAME = "headlines_belong"


def headlines_belong(
    model: Scorer | str = "starter", *, title: str | None = None, body: str | None = None, source: str | None = None,
    refused: Sequence[str] = ("mismatch",), adapt: bool | None = None, **options: Any,
) -> Check:  # fmt: skip
    """A check over a whole frame of pandas or polars, so that its pairs are judged in one batch.

    Parameters
    ----------
    model
        A scorer, or what `mismatch.load` takes; loaded once, here.
    title, body, source
        Names of columns; by default the usual names are tried.
    refused
        The verdicts that make a row fail; ("mismatch", "unscorable") refuses what cannot be judged too.
    adapt
        As `Scorer.score` takes it.
    options
        As `pandera.Check` takes them, such as `raise_warning=True`.

    Raises
    ------
    InputError
        When a frame is checked that lacks a column; the message lists those that there are.
    """
    scorer = model if isinstance(model, Scorer) else load(model)
    names: dict[str, Any] = {"title": title, "body": body, "source": source, "adapt": adapt}
    fails = list(refused)

    def check(data: Any) -> Any:
        if hasattr(data, "lazyframe"):  # pandera's polars backend hands out a lazy frame and a key
            import polars

            scored = scorer.score(data.lazyframe.collect(), **names)
            return scored.select(~polars.col("mismatch_verdict").is_in(fails)).lazy()
        return ~scorer.score(data, **names)["mismatch_verdict"].isin(fails)

    words = {"name": NAME, "error": "the headline belongs to another story", "ignore_na": False, **options}
    return Check(check, **words)
