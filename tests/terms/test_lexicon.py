"""Document frequencies, and the tables in which compiled code looks them up."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
import twin
import written
from hypothesis import given, settings
from hypothesis import strategies as st

from mismatch.terms.document_frequency import Counts, DocumentCounter
from mismatch.terms.lexicon import Lexicon, TermVectors, look_up, lookup_table, smooth_idf

_DOCUMENTS = [
    written.text(random.Random(i), written.vocabulary(random.Random(i % 5), 60), i % 70) for i in range(400)
]  # some documents share a vocabulary


def counted(titles: list[bytes], bodies: list[bytes], batch: int, max_terms: int = 1 << 22) -> tuple[Counts, Counts]:
    counter = DocumentCounter(max_terms)
    for start in range(0, len(titles), batch):
        counter.add(written.buffers(titles[start : start + batch]), written.buffers(bodies[start : start + batch]))
    return counter.counts()


def equal(a: Counts, b: Counts) -> bool:
    return bool(
        np.array_equal(a.hashes, b.hashes)
        and np.allclose(a.frequencies, b.frequencies)
        and np.isclose(a.n_documents, b.n_documents)
    )


def test_documents_are_counted_as_by_the_twin() -> None:
    titles, bodies = _DOCUMENTS[:200], _DOCUMENTS[200:]
    expected: tuple[Counter[int], Counter[int]] = (Counter(), Counter())
    for title, body in zip(titles, bodies, strict=True):
        terms = [term.hashes for term in (*twin.cut(title), *twin.cut(body))]
        expected[0].update({term for term, _ in terms})
        expected[1].update({stem for _, stem in terms})
    for found, wanted in zip(counted(titles, bodies, 200), expected, strict=True):
        assert dict(zip(found.hashes.tolist(), found.frequencies.tolist(), strict=True)) == wanted
        assert found.n_documents == 200


@pytest.mark.parametrize("batch", [1, 7, 64])
def test_counts_do_not_depend_on_how_the_documents_come_in_batches(batch: int) -> None:
    titles, bodies = _DOCUMENTS[:200], _DOCUMENTS[200:]
    for some, whole in zip(counted(titles, bodies, batch), counted(titles, bodies, 200), strict=True):
        assert equal(some, whole)


def test_a_null_text_counts_nothing() -> None:
    terms, _ = counted([b"one", None, b"two"], [b"one", b"three", None], 3)  # type: ignore[list-item]
    assert sorted(terms.frequencies.tolist()) == [1, 1, 1]
    assert terms.n_documents == 3


def test_memory_for_counting_is_bounded_and_frequent_terms_stay() -> None:
    rng = random.Random(2)
    bodies = [" ".join(["everywhere"] + [f"w{rng.randrange(10**9)}" for _ in range(200)]).encode() for _ in range(400)]
    counter = DocumentCounter(max_terms=10_000)
    for start in range(0, 400, 20):
        counter.add(written.buffers(bodies[start : start + 20]))
    terms, _ = counter.counts()
    (everywhere,) = [term.hashes[0] for term in twin.cut(b"everywhere")]
    assert terms.frequencies[np.searchsorted(terms.hashes, np.uint64(everywhere))] == 400
    assert len(terms.hashes) < 30_000


def test_memory_is_bounded_where_every_term_is_seen_again() -> None:
    rng = random.Random(3)
    counter = DocumentCounter(max_terms=10_000)
    for _ in range(40):
        words = " ".join(f"w{rng.randrange(10**9)}" for _ in range(1_000)).encode()
        counter.add(written.buffers([words, words, b"everywhere"]), written.buffers([b"everywhere"] * 3))
    terms, _ = counter.counts()
    assert terms.frequencies.max() == 120
    assert len(terms.hashes) <= 11_001


@pytest.mark.parametrize("step", [1, 13, 100])
def test_small_counters_add_up_to_a_large_one(step: int) -> None:
    titles, bodies = _DOCUMENTS[:200], _DOCUMENTS[200:]
    large, small = DocumentCounter(), DocumentCounter()
    for start in range(0, 200, step):
        small.clear()
        small.add(written.buffers(titles[start : start + step]), written.buffers(bodies[start : start + step]))
        large.absorb(small)
    for some, whole in zip(large.counts(), counted(titles, bodies, 200), strict=True):
        assert equal(some, whole)


_COUNTS = st.dictionaries(st.integers(0, 60).map(lambda k: k * 0x9E3779B97F4A7C15 % 2**64), st.integers(1, 50)).map(
    lambda d: Counts(np.array(sorted(d), np.uint64), np.array([float(d[k]) for k in sorted(d)]), 60.0)
)


@settings(max_examples=200, deadline=None)
@given(_COUNTS, _COUNTS)
def test_minus_undoes_plus(a: Counts, b: Counts) -> None:
    assert equal(a.plus(b).minus(b), a)
    assert equal(a.plus(b), b.plus(a))


@settings(max_examples=100, deadline=None)
@given(_COUNTS, st.integers(0, 30))
def test_the_most_frequent_entries_are_kept(counts: Counts, limit: int) -> None:
    kept = counts.frequent(limit)
    assert len(kept.hashes) == min(limit, len(counts.hashes))
    assert (np.diff(kept.hashes.astype(object)) > 0).all()
    left_out = ~np.isin(counts.hashes, kept.hashes)
    if len(kept.hashes) and left_out.any():
        assert kept.frequencies.min() >= counts.frequencies[left_out].max()


def test_an_empty_background_changes_nothing() -> None:
    corpus = Counts(np.array([1], np.uint64), np.array([2.0]), 3.0)
    nothing = Counts(np.empty(0, np.uint64), np.empty(0), 0.0)
    assert equal(Lexicon.learn(corpus, corpus, Lexicon(nothing, nothing)).terms, corpus)


def test_every_term_is_found_in_the_table_and_no_other() -> None:
    rng = np.random.default_rng(0)
    hashes = np.unique(rng.integers(0, 2**64, 5000, np.uint64, endpoint=False))
    counts = Counts(hashes, rng.integers(1, 100, len(hashes)).astype(np.float64), 100.0)
    with_vectors = np.union1d(hashes[::3], rng.integers(0, 2**64, 50, np.uint64))
    table = lookup_table(counts, with_vectors)
    rows = {int(h): r for r, h in enumerate(with_vectors)}
    idf = smooth_idf(counts.frequencies, counts.n_documents)
    for h, expected in zip(hashes, idf, strict=True):
        assert look_up.alone(h, table) == (expected, rows.get(int(h), -1))
    for h in rng.integers(0, 2**64, 1000, np.uint64):
        if int(h) not in rows:
            assert look_up.alone(h, table) == (table.unknown, -1)
    assert table.unknown == pytest.approx(np.log(101) + 1)


def test_idf_is_never_below_one() -> None:
    assert smooth_idf(np.array([0.0, 5.0, 10.0, 99.0]), 10.0).tolist() == pytest.approx(
        [np.log(11) + 1, np.log(11 / 6) + 1, 1.0, 1.0]
    )


def test_quantised_vectors_keep_their_direction() -> None:
    rng = np.random.default_rng(1)
    vectors = rng.standard_normal((200, 64)).astype(np.float32) * rng.lognormal(size=(200, 1)).astype(np.float32)
    hashes = rng.permutation(200).astype(np.uint64)
    kept = TermVectors.quantise(hashes, vectors)
    original = vectors[np.argsort(hashes)]
    a, b = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (kept.vectors(), original))
    cosine = (a * b).sum(axis=1)
    assert cosine.min() > 0.999
    np.testing.assert_allclose(kept.inverse_lengths, 1 / np.linalg.norm(kept.codes.astype(float), axis=1), rtol=1e-6)
    assert TermVectors.quantise(np.array([1], np.uint64), np.zeros((1, 4), np.float32)).inverse_lengths.tolist() == [0.0]
