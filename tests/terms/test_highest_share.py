"""Document frequencies of several sources, none of which dilutes another, and a stream laid over a lexicon."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mismatch.terms.document_frequency import Counts
from mismatch.terms.highest_share import highest_share, lower_bound
from mismatch.terms.lexicon import Lexicon, LookupTable, TermVectors, look_up


def counts(frequencies: dict[int, float], n_documents: float) -> Counts:
    hashes = sorted(frequencies)
    return Counts(np.array(hashes, np.uint64), np.array([float(frequencies[h]) for h in hashes]), float(n_documents))


def bound_by_twin(k: float, n: float, z: float) -> float:
    p = min(k / n, 1.0)
    return max(0.0, (p + z**2 / (2 * n) - z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))) / (1 + z**2 / n))


def shares_by_twin(known: Counts, sources: list[Counts], z: float) -> dict[int, float]:
    shares = {int(h): f / known.n_documents for h, f in zip(known.hashes, known.frequencies, strict=True)}
    for source in sources:
        for h, k in zip(source.hashes.tolist(), source.frequencies.tolist(), strict=True):
            shares[h] = max(shares.get(h, 0.0), bound_by_twin(k, source.n_documents, z))
    return shares


_SPREAD = 0x9E3779B97F4A7C15
_COUNTS = st.builds(
    lambda frequencies, more: counts(
        {h * _SPREAD % 2**64: k for h, k in frequencies.items()}, max([1, *frequencies.values()]) + more
    ),
    st.dictionaries(st.integers(0, 40), st.integers(1, 60)),
    st.integers(0, 5000),
)


def test_the_bound_is_the_root_of_wilsons_equation() -> None:
    for k, n in ((1, 20), (7, 60), (59, 60), (300, 1000)):
        bound = float(lower_bound(np.array([float(k)]), n)[0])
        assert abs(k / n - bound) == pytest.approx(math.sqrt(bound * (1 - bound) / n))
        assert bound < k / n
    assert lower_bound(np.array([0.0]), 10).tolist() == [0.0]
    assert lower_bound(np.array([0.0, 3.0, 10.0]), 10, z=0).tolist() == [0.0, 0.3, 1.0]


@settings(max_examples=200, deadline=None)
@given(_COUNTS, st.lists(_COUNTS, max_size=3), st.sampled_from([0.0, 1.0, 2.0]))
def test_shares_are_those_of_the_twin(known: Counts, sources: list[Counts], z: float) -> None:
    found = highest_share(known, *sources, n_documents=22_000, z=z)
    wanted = shares_by_twin(known, sources, z)
    assert found.n_documents == 22_000
    assert found.hashes.tolist() == sorted(wanted)
    np.testing.assert_allclose(found.frequencies / 22_000, [wanted[int(h)] for h in found.hashes], rtol=1e-6)
    assert (found.frequencies == found.frequencies.astype(np.float32)).all()


@settings(max_examples=50, deadline=None)
@given(_COUNTS, _COUNTS, _COUNTS)
def test_the_order_of_the_sources_does_not_matter(known: Counts, a: Counts, b: Counts) -> None:
    one, other = highest_share(known, a, b), highest_share(known, b, a)
    assert one.hashes.tolist() == other.hashes.tolist()
    assert one.frequencies.tolist() == other.frequencies.tolist()


@pytest.mark.parametrize("n", [1, 2000, 10_000_000])
def test_no_corpus_however_large_dilutes_the_background(n: int) -> None:
    background = Lexicon(counts({1: 500}, 1000), counts({1: 500}, 1000))
    corpus = counts({2: n}, n)
    terms = Lexicon.learn(corpus, corpus, background).terms
    assert terms.frequencies[0] / terms.n_documents == pytest.approx(0.5)


def test_a_background_does_not_dilute_the_corpus_and_decides_while_it_is_small() -> None:
    background = Lexicon(counts({1: 900_000}, 1_000_000), counts({1: 900_000}, 1_000_000))

    def share(n: int) -> float:
        """Of documents that have term 2, which nine of ten documents of the corpus have."""
        corpus = counts({2: 0.9 * n}, n)
        terms = Lexicon.learn(corpus, corpus, background).terms
        return float(terms.frequencies[1] / terms.n_documents)

    assert share(1) < share(10) < share(100) < share(100_000)
    assert share(1) < 0.5
    assert share(100_000) == pytest.approx(0.9, abs=0.002)


def found_in(table: LookupTable, h: int) -> tuple[float, int]:
    idf, row = look_up.alone(np.uint64(h), table)
    return float(idf), int(row)


def same_tables(a: Lexicon, b: Lexicon, hashes: list[int]) -> bool:
    """Whether both look up the same IDF and vector for each hash, however they were made."""
    for name in ("term_table", "stem_table"):
        if [found_in(getattr(a, name), h) for h in hashes] != [found_in(getattr(b, name), h) for h in hashes]:
            return False
    mine, yours = a.arguments, b.arguments
    for h in hashes:
        (idf, row), (other_idf, other_row) = found_in(mine.terms, h), found_in(yours.terms, h)
        if idf != other_idf or (row < 0) != (other_row < 0):
            return False
        if row >= 0 and mine.codes[row].tolist() != yours.codes[other_row].tolist():
            return False
        if found_in(mine.stems, h) != found_in(yours.stems, h):
            return False
    return True


@settings(max_examples=60, deadline=None)
@given(_COUNTS, _COUNTS, st.lists(st.tuples(_COUNTS, _COUNTS), max_size=2), st.booleans())
def test_a_stream_laid_over_gives_the_tables_that_are_built_anew(
    terms: Counts, stems: Counts, parts: list[tuple[Counts, Counts]], has_vectors: bool
) -> None:
    hashes = [h * _SPREAD % 2**64 for h in range(45)]
    some = np.sort(np.array(hashes[::2], np.uint64))
    vectors = TermVectors.quantise(some, np.random.default_rng(0).normal(size=(len(some), 4)).astype(np.float32))
    base = Lexicon(terms, stems, vectors if has_vectors else None)
    before = [found_in(base.term_table, h) for h in hashes]
    laid_over = base.with_stream(parts)
    anew = Lexicon(highest_share(terms, *(t for t, _ in parts)), highest_share(stems, *(s for _, s in parts)), base.vectors)
    assert laid_over.terms.hashes.tolist() == anew.terms.hashes.tolist()
    assert laid_over.stems.frequencies.tolist() == anew.stems.frequencies.tolist()
    assert same_tables(laid_over, anew, hashes)
    assert [found_in(base.term_table, h) for h in hashes] == before  # the lexicon itself stays as it is


def test_a_stream_with_more_terms_than_the_table_has_room_for_is_laid_over_too() -> None:
    base = Lexicon(counts({1: 5}, 10), counts({1: 5}, 10))
    stream = counts(dict.fromkeys(range(2, 400), 30), 40)
    lexicon = base.with_stream([(stream, stream)])
    expected = math.log(11 / (1 + 10 * bound_by_twin(30, 40, 1.0))) + 1
    for h in (2, 399):
        assert found_in(lexicon.term_table, h)[0] == pytest.approx(expected, rel=1e-5)
        assert found_in(lexicon.arguments.stems, h)[0] == pytest.approx(expected, rel=1e-5)


def test_a_function_word_that_no_background_knows_is_learned_from_the_stream() -> None:
    base = Lexicon(counts({1: 20_000}, 22_000), counts({1: 20_000}, 22_000))
    stream = counts({7: 900, 8: 1}, 1000)
    table = base.with_stream([(stream, stream)]).term_table
    assert found_in(table, 7)[0] < 1.2
    assert found_in(table, 8)[0] > 8
    assert found_in(base.term_table, 7)[0] == float(base.term_table.unknown)
