"""The compiled search for the bodies of titles, held against a plain one; memory that the window bounds."""

from __future__ import annotations

import math
import random

import numpy as np
import pyarrow as pa
import pytest
import twin
import written
from made_archive import archive

from mismatch.batch import shift_evidence, shift_slugs
from mismatch.batch.shift_evidence import Collector, look_around
from mismatch.batch.shift_terms import LEAD, TermLists, joined, term_lists
from mismatch.terms.text_buffers import text_buffers


def lists_of(texts: list[str | None], most: int = 400) -> TermLists:
    return term_lists(text_buffers(pa.array(texts, pa.large_string())), most)


@pytest.mark.parametrize("most", [7, 400])
def test_terms_are_listed_as_by_the_twin(most: int) -> None:
    rng = random.Random(4)
    words = written.vocabulary(rng, 60)
    texts = [*(written.text(rng, words, size) for size in (0, 1, 5, 40, 300)), None]
    found = term_lists(written.buffers(texts), most)
    for row, text in enumerate(texts):
        weights: dict[int, float] = {}
        for place, term in enumerate(twin.cut(text or b"")):
            for h in reversed(term.hashes):
                if len(weights) < most:
                    weights.setdefault(h, 1 / (1 + math.log(1 + place / LEAD)))
        part = found.rows(row, row + 1)
        assert part.hashes.tolist() == list(weights)
        assert np.allclose(part.weights, list(weights.values()))


def plain_scores(titles: TermLists, bodies: TermLists, window: int) -> list[dict[int, float]]:
    """For each title the score of each body within the window that shares a telling term."""

    def sets(lists: TermLists) -> list[dict[int, float]]:
        parts = [lists.rows(i, i + 1) for i in range(len(lists))]
        return [dict(zip(part.hashes.tolist(), part.weights.tolist(), strict=True)) for part in parts]

    of_titles, of_bodies = sets(titles), sets(bodies)
    filled = sum(map(bool, of_bodies))
    out: list[dict[int, float]] = []
    for i, title in enumerate(of_titles):
        scores: dict[int, float] = {}
        for term in title:
            share = max(
                sum(term in body for body in of_bodies) / filled, sum(term in other for other in of_titles) / len(of_titles)
            )
            if share > shift_evidence.COMMON:
                continue
            for j in range(max(0, i - window), min(len(of_bodies), i + window + 1)):
                if term in of_bodies[j]:
                    scores[j - i] = scores.get(j - i, 0.0) - math.log(max(share, 1 / filled)) * of_bodies[j][term]
        out.append(scores)
    return out


def test_bodies_are_found_as_by_a_plain_search() -> None:
    some = archive(60, seed=2)
    bodies = [*some.bodies[5:30], None, *some.bodies[31:40], *some.bodies[:5], *some.bodies[40:]]  # a part is right
    titles, of_bodies = lists_of(some.titles), lists_of(bodies)
    window = 12
    evidence = look_around(titles, of_bodies, 0, window)
    ends = np.cumsum(evidence.counts)
    for i, scores in enumerate(plain_scores(titles, of_bodies, window)):
        own = scores.pop(0, 0.0)
        above = sum(score > shift_evidence.LENIENT * own + 1e-4 for score in scores.values())
        first_of_13, second_of_25 = math.log(0.7 * 13), math.log(0.1 * 25)
        if own > 0 and above == 0:
            assert evidence.own[i] >= first_of_13 - 0.2  # of the bodies at the edge of the file, one is empty
        else:
            assert evidence.own[i] <= second_of_25 + 0.01
        found = evidence.offsets[ends[i] - evidence.counts[i] : ends[i]].tolist()
        best = max(scores, key=lambda offset: scores[offset], default=None)
        if best is not None and scores[best] > 2 * own:
            assert found[0] == best or math.isclose(scores[found[0]], scores[best], rel_tol=1e-4)
        assert all(scores[offset] >= shift_evidence.NEARLY * own - 1e-4 for offset in found)


def test_the_evidence_does_not_depend_on_how_rows_come_in_batches() -> None:
    some = archive(700, seed=6)
    titles, bodies = lists_of(some.titles), lists_of(some.bodies[3:] + some.bodies[:3])
    results = []
    for batch in (1, 50, 333, 1000):
        collector = Collector(window=40, block=128)
        for start in range(0, 700, batch):
            stop = min(start + batch, 700)
            collector.add(titles.rows(start, stop), bodies.rows(start, stop))
        results.append(collector.finish())
    for other in results[1:]:
        assert np.array_equal(other.own, results[0].own, equal_nan=True)
        assert np.array_equal(other.counts, results[0].counts)
        assert np.array_equal(other.offsets, results[0].offsets)
        assert np.array_equal(other.values, results[0].values)
    assert len(results[0].own) == 700


def test_no_more_rows_are_kept_than_the_window_and_a_block_take() -> None:
    some = archive(100, seed=7)
    titles, bodies = lists_of(some.titles), lists_of(some.bodies)
    collector = Collector(window=30, block=64)
    most = 0
    for _ in range(20):
        collector.add(titles, bodies)
        most = max(most, sum(len(part) for part in collector._bodies))
    assert most <= 2 * 30 + 64 + len(titles)


def test_lists_that_are_joined_are_those_of_the_whole() -> None:
    whole = lists_of(archive(9).titles)
    parts = joined([whole.rows(0, 4), whole.rows(4, 4), whole.rows(4, 9)])
    assert np.array_equal(parts.starts, whole.starts)
    assert np.array_equal(parts.hashes, whole.hashes)
    assert np.array_equal(parts.weights, whole.weights)


def test_the_words_of_an_address_are_added_to_the_rows_that_it_tells_of() -> None:
    titles = lists_of(["Harbour bridge closed again", "Ferry welcomes tunnel", None])
    bodies = lists_of(["A ferry, a tunnel: welcomes all.", "The ferry welcomes a tunnel.", None])
    urls = pa.array(["https://x.example/harbour-bridge-closed", "https://x.example/ferry-welcomes-tunnel", "no address"])
    told, words = shift_slugs.witness(urls, titles, bodies)
    assert told.tolist() == [shift_slugs.WITH_TITLE, shift_slugs.WITH_BOTH, shift_slugs.TELLS_NOTHING]
    more = shift_slugs.with_words(bodies, words, told == shift_slugs.WITH_TITLE)
    assert set(more.rows(0, 1).hashes) == set(bodies.rows(0, 1).hashes) | set(words.rows(0, 1).hashes)
    assert np.array_equal(more.rows(1, 2).hashes, bodies.rows(1, 2).hashes)
    assert len(more) == 3


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://x.example/news/caf%C3%A9-riots-in-lyon.html?utm=1#top", "café riots in lyon"),
        ("https://x.example/12345", None),
        ("http://[bad/a-b-c", None),
        ("plain words of a title", None),
        ("", None),
    ],
)
def test_the_words_of_an_address(url: str, words: str | None) -> None:
    assert shift_slugs.slugs_of(pa.array([url])).to_pylist() == [words]
