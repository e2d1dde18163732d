"""How well boilerplate is told from articles: recall by kind, cross-validated by page, and real bodies called boilerplate.

    python benchmarks/boilerplate.py [--every N] [--folds K]

The model learns from the training data and, for ordinary text, from a sample of allsides; the other corpora are new to it.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import corpora
import numpy as np
import pyarrow as pa

from mismatch.features.overlap_features import FEATURE_NAMES, pair_features
from mismatch.screening.boilerplate import KINDS, BoilerplateModel
from mismatch.terms.document_frequency import DocumentCounter
from mismatch.terms.lexicon import Lexicon
from mismatch.terms.text_buffers import text_buffers
from models.boilerplate_training import (
    LANGUAGES,
    frequent_words,
    learn_boilerplate,
    ordinary_texts,
    read_pages,
    read_phrases,
    tables_of_figures,
)

DATA = Path(__file__).parent.parent / "training_data"


def coverage(titles: pa.Array, bodies: pa.Array, lexicon: Lexicon) -> np.ndarray:
    """The feature that moves the cut."""
    return pair_features(text_buffers(titles), text_buffers(bodies), lexicon)[:, FEATURE_NAMES.index("stem_coverage")]


def plain_lexicon() -> Lexicon:
    """Document frequencies of the project's own articles and every fourth of allsides: enough for the coverage."""
    counter = DocumentCounter()
    counter.add(text_buffers(pa.array(_articles(), pa.large_string())))
    counter.add(text_buffers(corpora.read("allsides")["body"][::4].combine_chunks()))
    return Lexicon.learn(*counter.counts())


def _articles() -> list[str]:
    return [json.loads(line)["body"] for path in sorted((DATA / "articles").glob("*.jsonl")) for line in path.open()]


def ordinary() -> list[str]:
    """Text that is no boilerplate."""
    others = corpora.read("allsides")["body"].to_pylist()
    chosen = np.random.default_rng(0).permutation(len(others))[:1500]
    made = frequent_words(LANGUAGES) + tables_of_figures()
    return ordinary_texts(_articles()) + ordinary_texts([others[i] for i in chosen]) + made


def cross_validated(texts: list[str], folds: int, lexicon: Lexicon) -> np.ndarray:
    """The kind that each page is judged to be by a model that did not learn from it."""
    pages, phrases = read_pages(DATA), read_phrases(DATA)
    rows = [json.loads(line) for line in (DATA / "boilerplate.jsonl").open()]
    bodies = pa.array([row["body"] for row in rows], pa.large_string())
    covered = coverage(pa.array([row["title"] for row in rows], pa.large_string()), bodies, lexicon)
    fold = np.random.default_rng(0).permutation(len(pages)) % folds
    judged = np.zeros(len(pages), np.uint8)
    for k in range(folds):
        model = learn_boilerplate([pages[i] for i in np.flatnonzero(fold != k)], phrases, texts)
        judged[fold == k] = model.judge(text_buffers(bodies.filter(pa.array(fold == k))), covered[fold == k])
    return judged


def show_recall(judged: np.ndarray) -> None:
    truth = np.array([KINDS.index(kind) for kind, _ in read_pages(DATA)])
    print(f"{'kind':18}{'pages':>6}{'called boilerplate':>20}{'and of this kind':>18}")
    for number, kind in enumerate(KINDS):
        of_kind = judged[truth == number]
        print(f"{kind:18}{len(of_kind):>6}{(of_kind > 0).mean():>20.2f}{(of_kind == number).mean():>18.2f}")


def show_false_alarms(model: BoilerplateModel, every: int, lexicon: Lexicon) -> None:
    all_bodies = all_called = all_stray = 0
    print(f"{'corpus':24}{'bodies':>8}{'called boilerplate':>20}{'us a body':>11}")
    for name in (name for name in corpora.names() if not name.startswith("fnc1")):
        table = corpora.read(name)[::every] if every > 1 else corpora.read(name)
        titles, bodies = table["title"].combine_chunks(), table["body"].combine_chunks()
        covered, text = coverage(titles, bodies, lexicon), text_buffers(bodies)
        begun = time.process_time()
        called = int((model.judge(text, covered) > 0).sum())
        spent = (time.process_time() - begun) / max(1, len(bodies)) * 1e6
        all_stray += int((model.judge(text, np.zeros(len(bodies), np.float32)) > 0).sum())
        all_bodies, all_called = all_bodies + len(bodies), all_called + called
        print(f"{name:24}{len(bodies):>8,}{called:>20}{spent:>11.1f}")
    print(f"{'all':24}{all_bodies:>8,}{all_called:>13} {100 * all_called / all_bodies:5.3f} %")
    print(f"with a title that shares nothing with them: {100 * all_stray / all_bodies:5.3f} %")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--every", type=int, default=1, help="look at one body in N only")
    options.add_argument("--folds", type=int, default=4)
    chosen = options.parse_args()
    corpora.require()
    print(corpora.machine())
    lexicon, texts = plain_lexicon(), ordinary()
    show_recall(cross_validated(texts, chosen.folds, lexicon))
    show_false_alarms(learn_boilerplate(read_pages(DATA), read_phrases(DATA), texts), chosen.every, lexicon)


if __name__ == "__main__":
    main()
