"""Titles in another language than their body: the right ones, and others over bodies of that language.

python -m benchmarks.across_languages
"""

from __future__ import annotations

import argparse

import numpy as np
import pyarrow as pa

from benchmarks.results import Result, Table, share
from benchmarks.running import model_name, model_of, options_of, start
from mismatch.judging.scorer import Scorer
from mismatch.judging.verdicts import MATCH, MISMATCH, UNSCORABLE, UNSURE
from models.build_starter import articles
from models.titles_abroad import titles_abroad

_SEED = 1
"""of the wrong bodies; those that the comparison was learned from were drawn with another"""


def run(given: argparse.Namespace) -> Result:
    result = Result("across_languages", "Titles in another language", {"model": model_name(given), "seed": _SEED})
    pairs = titles_abroad(articles(), _SEED)
    judged = Scorer(model_of(given)).judge(*(pa.array(side, pa.large_string()) for side in (pairs.titles, pairs.bodies)))
    lists = judged.columns.column("mismatch_reasons").to_pylist()
    noticed = np.array([bool({"language_differs", "script_differs"} & set(reasons)) for reasons in lists])
    table = Table(
        "Verdicts on headlines written in another language than their article",
        ["language", "body", "pairs", "match", "unsure", "mismatch", "unscorable"],
    )
    for is_noticed, words in ((True, "noticed"), (False, "not noticed")):
        for label, body in ((0, "its own"), (1, "another")):
            verdicts = judged.numbers[(noticed == is_noticed) & (pairs.labels == label)]
            shares = [share(float((verdicts == verdict).mean())) for verdict in (MATCH, UNSURE, MISMATCH, UNSCORABLE)]
            table.add(words, body, f"{len(verdicts):,}", *shares)
    table.notes = ["The own bodies are those that the three weights of the comparison were learned from."]
    result.tables.append(table)
    return result


if __name__ == "__main__":
    start(options_of(__doc__), run, needs_corpora=False)
