"""The features of a pair: equal to a slow twin, and the cosine to scikit-learn's."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
import twin
import written
from hypothesis import given, settings
from hypothesis import strategies as st
from ordinary_pairs import PAIRS
from sklearn.feature_extraction.text import TfidfVectorizer

from mismatch.features.overlap_features import FEATURE_NAMES, VECTOR_FEATURES, pair_features
from mismatch.features.overlap_features import without_vectors as features_without_vectors
from mismatch.features.pair_terms import BODY_TERMS, LEAD_TERMS, TITLE_TERMS
from mismatch.terms.document_frequency import DocumentCounter
from mismatch.terms.lexicon import Lexicon, TermVectors
from mismatch.terms.text_buffers import text_buffers

VOCABULARY = written.vocabulary(random.Random(3), 400)


def learned(texts: Sequence[bytes], *, vectors: float = 0.0, seed: int = 0) -> Lexicon:
    """A lexicon of some documents; a share of its terms, and of its stems, drawn at random, has vectors."""
    counter = DocumentCounter()
    counter.add(written.buffers(texts))
    terms, stems = counter.counts()
    rng = np.random.default_rng(seed)
    known = np.concatenate([terms.hashes, stems.hashes])
    chosen = known[rng.random(len(known)) < vectors / 2]
    lexicon = Lexicon.learn(terms, stems)
    if not len(chosen):
        return lexicon
    return lexicon.with_vectors(TermVectors.quantise(chosen, rng.standard_normal((len(chosen), 16)).astype(np.float32)))


def compare(titles: Sequence[bytes], bodies: Sequence[bytes], lexicon: Lexicon) -> None:
    """Holds the compiled features against the twin's."""
    found = pair_features(written.buffers(titles), written.buffers(bodies), lexicon)
    known = twin.Known(lexicon)
    expected = np.array([list(twin.features(t, b, known).values()) for t, b in zip(titles, bodies, strict=True)])
    assert tuple(twin.features(b"", b"", known)) == FEATURE_NAMES
    wrong = ~np.isclose(found, expected, rtol=2e-4, atol=2e-5)
    report = [
        (FEATURE_NAMES[column], found[row, column], expected[row, column], titles[row][:200], bodies[row][:200])
        for row, column in np.argwhere(wrong)[:5]
    ]
    assert not report


def generated(seed: int, n: int) -> tuple[list[bytes], list[bytes]]:
    """Pairs that share some words, none, or nothing but their order; a few empty ones."""
    rng = random.Random(seed)
    titles, bodies = [], []
    for _ in range(n):
        theme = [rng.choice(VOCABULARY) for _ in range(rng.randint(1, 10))]
        titles.append(written.text(rng, theme, rng.randint(0, 12)))
        shared = rng.random()
        body = written.text(rng, VOCABULARY, rng.randint(0, 80))
        middle = titles[-1] if shared < 0.3 else written.text(rng, theme, rng.randint(0, 12)) if shared < 0.7 else b""
        at = rng.randint(0, len(body))
        bodies.append(body[:at] + b" " + middle + b" " + body[at:])
    return titles, bodies


@pytest.mark.parametrize("vectors", [0.0, 0.3, 0.9])
def test_thousands_of_generated_pairs_have_the_features_of_the_twin(vectors: float) -> None:
    titles, bodies = generated(int(100 * vectors), 800)
    compare(titles, bodies, learned(bodies[:300], vectors=vectors))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(VOCABULARY[:40]), max_size=12),
    st.lists(st.sampled_from(VOCABULARY[:60]), max_size=150),
    st.binary(max_size=5),
)
def test_any_pair_has_the_features_of_the_twin(title: list[str], body: list[str], noise: bytes) -> None:
    compare([" ".join(title).encode() + noise], [noise + " ".join(body).encode()], _LEXICON)


_LEXICON = learned([" ".join(VOCABULARY[i : i + 30]).encode() for i in range(0, 60, 4)], vectors=0.6)


@pytest.mark.parametrize("words", [TITLE_TERMS - 1, TITLE_TERMS, TITLE_TERMS + 1, 3000])
def test_a_title_counts_up_to_its_limit_of_terms(words: int) -> None:
    title = " ".join(f"w{i % 700}x" for i in range(words)).encode()
    body = " ".join(f"w{i}x" for i in range(0, 3000, 3)).encode()
    compare([title, body], [body, title], learned([title, body], vectors=0.5))


def test_a_body_longer_than_any_table_is_read_to_its_end() -> None:
    words = BODY_TERMS + 5000
    body = " ".join(f"{i:x}z" for i in range(words)) + " needle haystack needle"
    lexicon = learned([body[:3000].encode(), b"needle haystack"])
    compare([b"needle haystack 1z 2z thread"], [body.encode()], lexicon)


def test_the_lead_is_the_first_hundred_terms() -> None:
    filler = [f"f{i}z" for i in range(LEAD_TERMS)]
    lexicon = learned([b"volcano erupts", " ".join(filler).encode()])
    inside, outside = " ".join([*filler[:-1], "volcano"]), " ".join([*filler, "volcano"])
    features = _named(["volcano"] * 2, [inside, outside], lexicon)
    assert features["lead_coverage_100"].tolist() == [1.0, 0.0]
    assert features["stem_coverage"].tolist() == [1.0, 1.0]


def test_the_cosine_is_that_of_scikit_learn() -> None:
    rng = random.Random(5)
    titles = [title for _, _, title, _ in PAIRS] + [" ".join(rng.choices(VOCABULARY, k=8)) for _ in range(200)]
    bodies = [body for _, _, _, body in PAIRS] + [" ".join(rng.choices(VOCABULARY, k=90)) for _ in range(200)]
    counter = DocumentCounter()
    counter.add(text_buffers(pa.array(titles)), text_buffers(pa.array(bodies)))
    lexicon = Lexicon.learn(*counter.counts())
    vectorizer = TfidfVectorizer(analyzer=twin.terms, sublinear_tf=True, smooth_idf=True)
    vectorizer.fit([f"{title}\n{body}" for title, body in zip(titles, bodies, strict=True)])
    shuffled = rng.sample(bodies, len(bodies))
    for others in (bodies, shuffled):
        expected = np.asarray(vectorizer.transform(titles).multiply(vectorizer.transform(others)).sum(axis=1)).ravel()
        np.testing.assert_allclose(_named(titles, others, lexicon)["cosine"], expected, rtol=0, atol=1e-6)


def test_nothing_that_compares_is_left_where_a_side_is_empty() -> None:
    titles, bodies = ["", "storm", "", "...", "storm"], ["", "", "storm", "storm", "!!!"]
    features = _named(titles, bodies, _LEXICON)
    for name in ("coverage", "stem_coverage", "cosine", "bigram_coverage", "hits", "bm25", *VECTOR_FEATURES[:3]):
        assert not features[name].any(), name
    assert all(np.isfinite(column).all() for column in features.values())


def test_a_pair_has_the_same_features_whatever_was_read_before() -> None:
    titles, bodies = generated(11, 60)
    lexicon = learned(bodies, vectors=0.5)
    together = pair_features(written.buffers(titles), written.buffers(bodies), lexicon)
    for k in (0, 17, 59):
        alone = pair_features(written.buffers(titles[k : k + 1]), written.buffers(bodies[k : k + 1]), lexicon)
        assert (alone[0] == together[k]).all()


def test_pairs_may_be_chosen_by_row_and_bodies_shown_in_part() -> None:
    titles, bodies = generated(12, 20)
    lexicon = learned(bodies)
    a, b = written.buffers(titles), written.buffers(bodies)
    left, right = np.array([3, 3, 19]), np.array([0, 19, 3])
    chosen = pair_features(a, b, lexicon, left, right)
    plain = pair_features(written.buffers([titles[i] for i in left]), written.buffers([bodies[i] for i in right]), lexicon)
    assert (chosen == plain).all()
    starts = b.offsets[right]
    in_part = pair_features(a, b, lexicon, left, right, (starts, np.minimum(starts + 50, b.offsets[right + 1])))
    cut = written.buffers([bodies[i][:50] for i in right])
    plain = pair_features(written.buffers([titles[i] for i in left]), cut, lexicon)
    assert (in_part == plain).all()


def test_without_vectors_is_what_a_lexicon_without_vectors_says() -> None:
    titles, bodies = generated(13, 100)
    with_vectors = learned(bodies, vectors=0.8)
    a, b = written.buffers(titles), written.buffers(bodies)
    whole = pair_features(a, b, with_vectors)
    assert whole[:, FEATURE_NAMES.index(VECTOR_FEATURES[0])].any()
    assert (features_without_vectors(whole) == pair_features(a, b, with_vectors.with_vectors(None))).all()


def _named(titles: Sequence[str], bodies: Sequence[str], lexicon: Lexicon) -> dict[str, np.ndarray]:
    features = pair_features(text_buffers(pa.array(titles)), text_buffers(pa.array(bodies)), lexicon)
    return dict(zip(FEATURE_NAMES, features.T, strict=True))
