"""How well a paragraph planted from another article is found: the score of `foreign_paragraph`, on its own.

    python benchmarks/paragraphs.py [--model MODEL] [--most ROWS] [CORPUS…]

Each corpus gives ordinary bodies of at least five passages, and the same bodies with one paragraph (30 to 150 words) of a
random other article, of one of the same topic, and with a paragraph replaced by a random one. Where a corpus has no topics,
the donor is the nearest by TF-IDF of 200 random ones. `moved` is the control: one of the body's own paragraphs put
elsewhere, which must not be told from the untouched body. The cut comes with the model; only allsides was learned from.
"""

from __future__ import annotations

import argparse
import random
import time

import corpora
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.model.model_file import load_model
from mismatch.model.starter import model_path
from mismatch.paragraphs.paragraph_model import ParagraphModel, measure
from mismatch.paragraphs.passage_terms import MIN_PASSAGES
from mismatch.terms.text_buffers import text_buffers
from models.planting import Planted, in_pieces, planted, random_donors, same_topic_donors, shuffled

LEAST_PASSAGES = MIN_PASSAGES + 1
NEAREST_OF = 200
SAME_ARTICLE = 0.7
"""cosine above which two rows count as one article"""


def articles(name: str, most: int) -> tuple[list[str], list[str], list[str | None]]:
    """Titles, bodies and topics of random articles; of those that begin alike, one."""
    table, first = corpora.read(name), {}
    for row, body in enumerate(table["body"].to_pylist()):
        if body and len(body) > 300 and table["title"][row].as_py():
            first.setdefault(body[:300], row)
    rows = sorted(first.values())
    random.Random(0).shuffle(rows)
    chosen = table.take(rows[:most])
    return tuple(chosen[column].to_pylist() for column in ("title", "body", "topic"))  # type: ignore[return-value]


def nearest_donors(bodies: list[str], rng: random.Random) -> list[int | None]:
    """For each body the nearest of some random ones that is not the same article."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    weights = TfidfVectorizer(max_features=50_000, sublinear_tf=True, min_df=2).fit_transform(bodies)
    out: list[int | None] = []
    for i in range(len(bodies)):
        others = [j for j in rng.sample(range(len(bodies)), min(NEAREST_OF, len(bodies))) if j != i]
        cosines = (weights[others] @ weights[i].T).toarray().ravel()
        cosines[cosines > SAME_ARTICLE] = -1
        out.append(others[int(cosines.argmax())])
    return out


class Judged:
    """Scores of some bodies."""

    def __init__(self, model: ParagraphModel, lexicon, titles: list[str], bodies: list[str]) -> None:  # type: ignore[no-untyped-def]
        left, right = (text_buffers(pa.array([_valid(t) for t in side], pa.large_string())) for side in (titles, bodies))
        one = text_buffers(pa.array(["a"], pa.large_string()))
        model.judge(one, one, lexicon)  # compiled before the clock starts
        begin = time.perf_counter()
        self.scores, self.places = model.judge(left, right, lexicon)
        self.seconds = time.perf_counter() - begin
        self.passages = measure(left, right, lexicon).counts[:, 0]
        self.scores = np.where(np.isnan(self.scores), -99.0, self.scores)


def _valid(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def auroc(clean: NDArray[np.float64], dirty: NDArray[np.float64]) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(np.r_[np.zeros(len(clean)), np.ones(len(dirty))], np.r_[clean, dirty]))


def measured(name: str, model: ParagraphModel, lexicon, most: int) -> str:  # type: ignore[no-untyped-def]
    """One row of the table."""
    titles, bodies, topics = articles(name, most)
    rng = random.Random(1)
    clean = Judged(model, lexicon, titles, [in_pieces(body) for body in bodies])
    long = clean.passages >= LEAST_PASSAGES
    has_topics = len({topic for topic in topics if topic}) >= 3
    near = same_topic_donors(topics, rng) if has_topics else nearest_donors(bodies, rng)
    any_donor = random_donors(len(bodies), rng)
    cells = [f"{name:24s} {long.sum():5d} {np.median([len(body.split()) for body in bodies]):6.0f}"]
    for donors, replace in ((any_donor, False), (near, False), (any_donor, True)):
        kept: list[tuple[int, Planted]] = [
            (i, one)
            for i, d in enumerate(donors)
            if d is not None and long[i] and (one := planted(bodies[i], bodies[d], rng, replace=replace)) is not None
        ]
        rows = np.array([i for i, _ in kept])
        dirty = Judged(model, lexicon, [titles[i] for i in rows], [one.body for _, one in kept])
        spans = np.array([(one.start, one.stop) for _, one in kept])
        shared = np.minimum(dirty.places[:, 1], spans[:, 1]) - np.maximum(dirty.places[:, 0], spans[:, 0])
        found, given = np.mean(shared > 0), np.mean(dirty.scores > model.cut)
        cells.append(f"{auroc(clean.scores[long], dirty.scores):.3f} {found:5.0%} {given:4.0%}")
    moved = [(i, text) for i in np.flatnonzero(long) if (text := shuffled(bodies[i], rng)) is not None]
    control = Judged(model, lexicon, [titles[i] for i, _ in moved], [text for _, text in moved])
    cells.append(f"{auroc(clean.scores[long], control.scores):.3f}")
    cells.append(f"{np.mean(clean.scores > model.cut):6.2%}  {'topic' if has_topics else 'nearest'}")
    cells.append(f"{1e6 * clean.seconds / len(bodies):5.0f}")
    return " | ".join(cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", nargs="*")
    parser.add_argument("--model", default="starter")
    parser.add_argument("--most", type=int, default=2000, help="rows of each corpus")
    options = parser.parse_args()
    corpora.require()
    loaded = load_model(model_path(options.model))
    if loaded.paragraphs is None:
        parser.error("this model has no paragraph part")
    print(corpora.machine())
    print(f"learned from: {loaded.paragraphs.figures}")
    print("each: AUROC, share in which the worst run touches the planted paragraph, share above the cut")
    print("corpus, bodies, median words | random donor | same-topic donor | random, replacing | moved | false | us a row")
    for name in options.corpus or [*corpora.names("dev"), "reuters"]:
        print(measured(name, loaded.paragraphs, loaded.lexicon, options.most), flush=True)


if __name__ == "__main__":
    main()
