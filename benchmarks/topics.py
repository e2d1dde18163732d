"""Topics against the labels of archives: how many titles and bodies are named, how many of them rightly, and how often
`topic_mismatch` is given to pairs that belong together.

python -m benchmarks.topics
python -m benchmarks.topics --model models/mine.joblib --only masakhanews_fra

`topic_labels.json` says what each label means: first the wide topic that it stands for, then those that the labels of its
archive cannot tell from it (an archive that has politics, sport and business puts a war and a trial under politics). What
a label means is read in the vocabulary of IPTC: computing and telecommunications are an industry there, so that "technology"
is science or economy; acts of terror and riots are conflicts, which an archive puts under crime; entertainment is what is
on, who is in it, and leisure; a business page has the labour market. A name is *right* if it, or its wide topic, is the
first, and *fits* if it is any of them. Labels that say nothing of the topic ("world", "local news") are left out.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks import corpora
from benchmarks.results import Result, Table, share
from benchmarks.running import chosen, model_name, model_of, options_of, start, table_of
from mismatch.judging.scorer import Scorer
from mismatch.model.model import Model
from models.topic_lists import read_topic_lists

LABELS = Path(__file__).parent / "topic_labels.json"
CHOSEN_ON = ("fakenewsamt", "ko_news", "masakhanews_pcm", "masakhanews_fra", "masakhanews_hau")
"""corpora on which it was chosen how wide topics are named"""
EARLIER_ON = ("newssumm_india", "es_fakenewscorpus", "ur_news", "masakhanews_swa")
"""on which, with those, the regressions on vectors were chosen"""


def run(given: argparse.Namespace) -> Result:
    result = Result("topics", "Topics", {"model": model_name(given), "limit": given.limit})
    model = model_of(given)
    labels = json.loads(LABELS.read_text("utf-8"))
    sides = Table(
        "Named, and of these right and fitting, against the labels of archives",
        ["corpus", "labelled", "body named", "right", "fits", "title named", "right", "fits"],
    )
    mismatches = Table(
        "Pairs that belong together", ["corpus", "pairs", "both named", "topics differ", "topic_mismatch", "adapted"]
    )
    for name in chosen([*labels, *(n for n in corpora.names("dev") if n not in labels)], given):
        data = table_of(name, given.limit)
        scored = _scored(model, data)
        if name in labels:
            columns = [_against(scored[f"{side}_topic"], data["topic"], labels[name]) for side in ("body", "title")]
            sides.add(name, f"{columns[0][0]:,}", *(share(x, 1) for column in columns for x in column[1:]))
        mismatches.add(name, f"{data.num_rows:,}", *(share(x, 2) for x in _on_pairs(model, data, scored)))
    sides.notes = [
        f"How wide topics are named was chosen on {', '.join(CHOSEN_ON)}; what vectors alone say, earlier, on those and "
        f"{', '.join(EARLIER_ON)}; no label of any was learned from."
    ]
    result.tables += [sides, mismatches]
    return result


def _scored(model: Model, data: pa.Table, *, adapt: bool = False) -> pa.Table:
    return Scorer(model).score(data.select(["title", "body"]), adapt=adapt)


def _against(
    named: pa.ChunkedArray, labelled: pa.ChunkedArray, meanings: dict[str, list[str]]
) -> tuple[int, float, float, float]:
    """How many have a label that means something, the share of them named, and of these right and fitting."""
    lists = read_topic_lists()
    key_of = lists.key_of_name
    found: list[tuple[str | None, list[str]]] = [
        (name, meanings[label])
        for name, label in zip(named.to_pylist(), labelled.to_pylist(), strict=True)
        if label in meanings
    ]
    if not found:
        return 0, 0.0, 0.0, 0.0
    wide = [
        (lists.topics[lists.wide[lists.number[key_of[name]]]].key, keys) for name, keys in found if name and name in key_of
    ]
    n = max(len(wide), 1)
    return (
        len(found), sum(name is not None for name, _ in found) / len(found),
        sum(key == keys[0] for key, keys in wide) / n, sum(key in keys for key, keys in wide) / n,
    )  # fmt: skip


def _on_pairs(model: Model, data: pa.Table, scored: pa.Table) -> tuple[float, float, float, float]:
    """Shares of pairs: both topics named, topics differ, reason `topic_mismatch`, the same where the model is adapted."""
    topics = model.topics
    if topics is None:
        return 0.0, 0.0, 0.0, 0.0
    number = {name: i for i, name in enumerate(topics.names)}
    left, right = (_numbers(scored[f"{side}_topic"], number) for side in ("title", "body"))
    adapted = _scored(model, data, adapt=True)
    return (
        float(((left >= 0) & (right >= 0)).mean()), float(topics.differ(left, right).mean()),
        _given(scored), _given(adapted),
    )  # fmt: skip


def _numbers(names: pa.ChunkedArray, number: dict[str, int]) -> NDArray[np.int64]:
    return np.array([number[name] if name else -1 for name in names.to_pylist()])


def _given(scored: pa.Table) -> float:
    return float(np.mean(["topic_mismatch" in (reasons or []) for reasons in scored["mismatch_reasons"].to_pylist()]))


if __name__ == "__main__":
    start(options_of(__doc__), run)
