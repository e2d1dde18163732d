"""Whether words of other languages stand near their English translations in the model's space of vectors.

For each language of `training_data/glossary`: the share of words whose translation is among the ten nearest of the English
words that have a vector. Only that half of the glossary counts which the map of the vectors was not learned from. Words of
languages that have their vectors from the glossary (`TAUGHT_BY_GLOSSARY`) say nothing here and are left out.

pip install wordfreq
python -m benchmarks.translations
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from benchmarks.results import Result, Table, share
from benchmarks.running import model_name, model_of, options_of, start
from models.word_vectors import TAUGHT_BY_GLOSSARY, frequent_words, glossary, is_taught, row_of_each

ENGLISH_WORDS = 20_000
NEAREST = 10


def run(given: argparse.Namespace) -> Result:
    result = Result("translations", "Words near their translations", {"model": model_name(given)})
    vectors = model_of(given).lexicon.vectors
    if vectors is None:
        sys.exit("the model has no vectors")
    unit = vectors.codes * vectors.inverse_lengths[:, None]
    row_of = dict(zip(vectors.hashes.tolist(), range(len(vectors.hashes)), strict=True))
    try:
        english = row_of_each(frequent_words("en", ENGLISH_WORDS), row_of)
    except ImportError:
        sys.exit("the frequent English words come from a package: pip install wordfreq")
    candidates = unit[np.unique(english[english >= 0])]
    table = Table(
        "Words of each language, and where their translation stands",
        ["language", "words", "with a vector", "nearest", f"among the {NEAREST} nearest"],
    )
    figures = []
    for language, entries in glossary().items():
        if language in TAUGHT_BY_GLOSSARY:
            continue
        held_out = [(word, others[0]) for word, others in entries if not is_taught(word)]
        meant, found = (row_of_each(side, row_of) for side in map(list, zip(*held_out, strict=True)))
        both = (meant >= 0) & (found >= 0) & (meant != found)
        of_words, own = unit[found[both]], unit[meant[both]]
        nearer = (of_words @ candidates.T > (of_words * own).sum(axis=1, keepdims=True) + 1e-6).sum(axis=1)
        figures.append((float((nearer < 1).mean()), float((nearer < NEAREST).mean())))
        table.add(language, str(len(held_out)), share(float((found >= 0).mean())), *map(share, figures[-1]))
    table.add("mean", None, None, *map(share, np.mean(figures, axis=0).tolist()))
    table.notes = [f"Candidates: the {ENGLISH_WORDS:,} most frequent English words, as far as they have a vector."]
    result.tables.append(table)
    return result


if __name__ == "__main__":
    start(options_of(__doc__), run)
