"""The rival: the same job with scikit-learn, written as its users would write it well.

TF-IDF fitted on a sample, row-wise cosine and overlap of title and body computed on the sparse matrices, a logistic
regression that learned from swapped pairs; JSON lines read and written with orjson, a chunk at a time.

    python -m benchmarks.scikit_pipeline fit PAIRS.jsonl MODEL
    python -m benchmarks.scikit_pipeline score MODEL IN.jsonl OUT.jsonl PROCESSES
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path

import joblib
import numpy as np
import orjson
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SAMPLE = 4000
CHUNK = 1000


def pair_features(vectorizer: TfidfVectorizer, titles: list[str], bodies: list[str]) -> NDArray[np.float64]:
    """Cosine, share of the title's weight and number of its terms in the body, and both sizes; shape (n_pairs, 5)."""
    t, b = vectorizer.transform(titles), vectorizer.transform(bodies)
    present = b.copy()
    present.data = np.ones_like(present.data)
    shared = t.multiply(present).tocsr()
    weight = np.asarray(t.sum(axis=1)).ravel()
    covered = np.asarray(shared.sum(axis=1)).ravel() / np.maximum(weight, 1e-9)
    cosine = np.asarray(t.multiply(b).sum(axis=1)).ravel()
    return np.column_stack([cosine, covered, np.diff(shared.indptr), np.diff(t.indptr), np.log1p(np.diff(b.indptr))])


def fit(pairs: Path, model: Path) -> None:
    """Learns from the first pairs of a file, each against the body of another."""
    with pairs.open("rb") as lines:
        rows = [orjson.loads(line) for line in islice(lines, SAMPLE)]
    titles, bodies = [r["title"] or "" for r in rows], [r["body"] or "" for r in rows]
    vectorizer = TfidfVectorizer(sublinear_tf=True, strip_accents="unicode", min_df=2, dtype=np.float32).fit(titles + bodies)
    shifted = bodies[1:] + bodies[:1]
    features = np.concatenate([pair_features(vectorizer, titles, b) for b in (bodies, shifted)])
    head = make_pipeline(StandardScaler(), LogisticRegression()).fit(features, np.repeat([0, 1], len(titles)))
    joblib.dump((vectorizer, head), model)


def score(model: Path, source: Path, target: Path, processes: int) -> None:
    """Adds a verdict and a probability to each line, in the file's order."""
    with source.open("rb") as lines, target.open("wb") as out:
        if processes == 1:
            load(model)
            for chunk in chunks(lines):
                out.write(judge(chunk))
            return
        with ProcessPoolExecutor(processes, initializer=load, initargs=(model,)) as pool:
            for judged in pool.map(judge, chunks(lines)):
                out.write(judged)


def chunks(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    while chunk := list(islice(lines, CHUNK)):
        yield chunk


_loaded: tuple[TfidfVectorizer, LogisticRegression] | None = None


def load(model: Path) -> None:
    global _loaded
    _loaded = joblib.load(model)


def judge(chunk: list[bytes]) -> bytes:
    """The chunk's lines with their verdicts."""
    assert _loaded is not None
    vectorizer, head = _loaded
    rows = [orjson.loads(line) for line in chunk]
    features = pair_features(vectorizer, [r["title"] or "" for r in rows], [r["body"] or "" for r in rows])
    for row, probability in zip(rows, head.predict_proba(features)[:, 1].tolist(), strict=True):
        row["mismatch_verdict"] = "mismatch" if probability > 0.5 else "match"
        row["mismatch_probability"] = probability
    return b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "fit":
        fit(Path(arguments[0]), Path(arguments[1]))
    else:
        score(Path(arguments[0]), Path(arguments[1]), Path(arguments[2]), int(arguments[3]))
