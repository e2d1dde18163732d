"""Learns what tells boilerplate from ordinary text. Needed only to build a model; `boilerplate` judges with it."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import scipy.sparse as sp
from numpy.typing import NDArray

from mismatch.screening.boilerplate import _STEM_SALT, KINDS, N_OUTPUTS, BoilerplateModel
from mismatch.screening.page_shape import N_SHAPE, measure_shape
from mismatch.terms.text_buffers import text_buffers
from mismatch.terms.tokens import cut_all
from mismatch.terms.vector_instructions import WORDS_WIDTH

PAGE_WEIGHT = 6.0
PHRASE_WEIGHT = 3.0
"""how much a page and a phrase count, where an ordinary text counts 1"""
HELD_OUT_RATE = 0.03
"""share of held-out ordinary passages, nearly all shorter than an article, above the cut"""
_TERM_SCALE = 8.0
_INVERSE_REGULARISATION = 3.0
_LONGEST = 3000
_TABLE_WORDS = """
jan feb mar apr may jun jul sep oct nov dec net rev sales profit loss one two three six months year cts pct mln qtr
prior pay record over under even high low close total goals overs runs wickets lap time points played won lost drawn
""".split()  # noqa: SIM905

LANGUAGES = ("ar", "de", "en", "es", "fr", "hi", "it", "ja", "ko", "nl", "pl", "pt", "ru", "tr", "zh")
"""languages of the pages"""

Labelled = tuple[str, str]
"""(kind, text)"""


def read_pages(folder: str | Path) -> list[Labelled]:
    """The pages of `boilerplate.jsonl` in the folder of the training data."""
    return [(row["kind"], row["body"]) for row in _rows(Path(folder) / "boilerplate.jsonl")]


def read_phrases(folder: str | Path) -> list[Labelled]:
    """The usual wording of each kind in many languages: single phrases, neighbours, and all of a language together."""
    found = []
    for row in _rows(Path(folder) / "boilerplate_phrases.jsonl"):
        phrases = row["phrases"]
        texts = [*phrases, *(". ".join(phrases[k : k + 2]) for k in range(0, len(phrases) - 1, 2))]
        found += [(row["kind"], text) for text in texts] + [(row["kind"], "\n".join(phrases))] * (len(phrases) > 1)
    return found


def ordinary_texts(bodies: Sequence[str], seed: int = 0) -> list[str]:
    """Ordinary text of every length: each body, and one to three of its paragraphs or sentences."""
    rng = random.Random(seed)
    return [text for body in bodies for text in (body[:_LONGEST], _passage(body, rng), _sentence(body, rng))]


def frequent_words(languages: Sequence[str], texts: int = 60) -> list[str]:
    """Word salad by the frequencies of `wordfreq`: what is frequent in a language does not make a text boilerplate.

    For languages that have few articles among the training data, or none. A language that `wordfreq` has no list of is left
    out: it would answer with the English one.
    """
    from wordfreq import available_languages, get_frequency_dict

    rng, made, listed = np.random.default_rng(0), [], available_languages("best")
    for language in filter(listed.__contains__, languages):
        best = sorted(get_frequency_dict(language, "best").items(), key=lambda item: (-item[1], item[0]))[:20_000]
        words, frequency = [word for word, _ in best], np.array([f for _, f in best])
        gap, end = ("", "。") if language in ("zh", "ja") else (" ", ". ")
        for _ in range(texts):
            length = int(np.exp(rng.uniform(np.log(8), np.log(150))))
            drawn = rng.choice(len(words), length, p=frequency / frequency.sum())
            made.append("".join(words[w] + (end if k % 17 == 16 else gap) for k, w in enumerate(drawn)))
    return made


def tables_of_figures(texts: int = 200, seed: int = 3) -> list[str]:
    """Results, prices and scores: short lines of ordinary pages."""
    rng, made = random.Random(seed), []

    def cell() -> str:
        return rng.choice([
            rng.choice(_TABLE_WORDS), rng.choice(_TABLE_WORDS).title(), str(rng.randint(0, 9999)), "vs", "-",
            f"{rng.randint(0, 99)}.{rng.randint(0, 9999)}",
            f"{rng.randint(1, 20)}-{rng.randint(1, 7)}/{rng.choice((2, 4, 8))}",
        ])  # fmt: skip

    for _ in range(texts):
        lines = [" ".join(cell() for _ in range(rng.randint(3, 9))) for _ in range(rng.randint(1, 8))]
        made.append("\n".join(lines))
    return made


def learn_boilerplate(
    pages: Sequence[Labelled], phrases: Sequence[Labelled], ordinary: Sequence[str], *, seed: int = 0
) -> BoilerplateModel:
    """Fits the model.

    Parameters
    ----------
    pages, phrases
        From `read_pages` and `read_phrases`; kind `none` is ordinary text too.
    ordinary
        From `ordinary_texts` of many bodies, `frequent_words` and `tables_of_figures`. A quarter of it sets the cut (the
        share above it is `HELD_OUT_RATE`), all of it the weights.
    """
    from sklearn.linear_model import LogisticRegression

    labelled = [*pages, *phrases]
    kinds = np.array([KINDS.index(kind) for kind, _ in labelled] + [0] * len(ordinary))
    weight = np.where(kinds > 0, PAGE_WEIGHT, 1.0)
    weight[len(pages) : len(labelled)] = PHRASE_WEIGHT
    design, vocabulary, common = _design([text for _, text in labelled] + list(ordinary), kinds > 0)

    def detector(rows: NDArray[np.bool_]) -> LogisticRegression:
        fitted = LogisticRegression(C=_INVERSE_REGULARISATION, solver="liblinear", tol=1e-3, max_iter=200)
        return fitted.fit(design[rows], (kinds > 0)[rows], weight[rows])

    held_out = np.random.default_rng(seed).random(len(kinds)) < 0.25
    held_out[: len(labelled)] = False
    log_odds = detector(~held_out).decision_function(design[held_out])
    cut = float(np.quantile(log_odds, 1 - HELD_OUT_RATE))
    whole = detector(np.ones(len(kinds), bool))
    named = LogisticRegression(C=_INVERSE_REGULARISATION, max_iter=300)
    named.fit(design[kinds > 0], kinds[kinds > 0], weight[kinds > 0])
    coefficients = np.zeros((N_OUTPUTS, design.shape[1]))
    constants = np.zeros(N_OUTPUTS)
    coefficients[0], constants[0] = whole.coef_[0], whole.intercept_[0]
    coefficients[named.classes_], constants[named.classes_] = named.coef_, named.intercept_
    terms = coefficients[:, : len(vocabulary)].T * _TERM_SCALE
    shape_weights = np.zeros((N_SHAPE + 1, N_OUTPUTS), np.float32)
    shape_weights[: N_SHAPE - 1] = coefficients[:, len(vocabulary) :].T
    shape_weights[N_SHAPE] = constants
    scales = np.maximum(np.abs(terms).max(axis=0), 1e-9).astype(np.float32) / 127
    return BoilerplateModel(
        vocabulary, np.rint(terms / scales).astype(np.int8), common, scales.astype(np.float32), shape_weights, cut
    )


def _design(
    texts: list[str], is_boilerplate: NDArray[np.bool_]
) -> tuple[sp.csr_matrix, NDArray[np.uint64], NDArray[np.uint8]]:
    """Features, shape (n_texts, n_terms + N_SHAPE - 1); the terms of the boilerplate; which of them two texts have."""
    buffers = text_buffers(pa.array(texts, pa.large_string()))
    rows, terms, stems = cut_all(buffers)
    rows, keys = np.concatenate([rows, rows]), np.concatenate([terms, stems ^ _STEM_SALT])
    of_pages = is_boilerplate[rows]
    pairs = np.unique(np.stack([keys[of_pages], rows[of_pages].astype(np.uint64)], axis=1), axis=0)
    vocabulary, documents = np.unique(pairs[:, 0], return_counts=True)
    common = (documents >= 2).astype(np.uint8)
    column = np.minimum(np.searchsorted(vocabulary, keys), len(vocabulary) - 1)
    known = vocabulary[column] == keys
    counts = sp.csr_matrix((np.ones(known.sum()), (rows[known], column[known])), (len(texts), len(vocabulary)))
    n_terms = np.bincount(rows, minlength=len(texts)) // 2
    half = np.arange(len(rows)) < len(terms)
    shared = known & (common[column] > 0)
    known_terms, known_stems = (np.bincount(rows[shared & part], minlength=len(texts)) for part in (half, ~half))
    shape = np.zeros((len(texts), N_SHAPE), np.float32)
    padded = np.zeros(WORDS_WIDTH, np.uint8)
    for k in range(len(texts)):
        place = buffers.offsets[k], buffers.offsets[k + 1]
        measure_shape.alone(buffers.data, *place, n_terms[k], known_terms[k], known_stems[k], padded, shape[k])
    mean = sp.diags(_TERM_SCALE / np.maximum(n_terms, 4)) @ counts
    return sp.hstack([mean, sp.csr_matrix(shape[:, : N_SHAPE - 1])]).tocsr(), vocabulary, common


def _passage(body: str, rng: random.Random) -> str:
    paragraphs = [part for part in re.split(r"\n+", body) if part.strip()] or [body]
    first = rng.randrange(len(paragraphs))
    return "\n".join(paragraphs[first : first + rng.randint(1, 3)])[: rng.choice((100, 200, 400, 800))]


def _sentence(body: str, rng: random.Random) -> str:
    sentences = [part for part in re.split(r"(?<=[.!?])\s+|(?<=[。।؟])|\n+", body) if len(part) > 12] or [body]
    first = rng.randrange(len(sentences))
    return " ".join(sentences[first : first + rng.randint(1, 2)])[:_LONGEST]


def _rows(path: Path) -> list[dict]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
