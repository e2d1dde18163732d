"""The speed figures that have floors: ratios to a plain tokeniser timed in the same run, growth with length, memory.

Seconds say as much of the machine as of the code. A ratio to work of the same kind on the same bytes says little of the
machine: the reference goes through the text one byte after the other, hashes, and branches at each end of a word, so it
rises and falls with the clock as the hot pass does. Times are those of the thread, not of the clock on the wall; what is
compared takes turns, and the fastest of many turns counts, so that a busy machine hardly shows.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks import synthetic
from benchmarks.floor_figures import Measured
from benchmarks.floor_quality import articles, starter
from benchmarks.processes import MISMATCH, measure
from mismatch.features.cascade import score_pairs
from mismatch.features.overlap_features import FEATURE_NAMES
from mismatch.judging.scorer import Scorer
from mismatch.model.starter import starter_path
from mismatch.records.blocks import Chunk
from mismatch.records.output.encoding import Encoder
from mismatch.records.reading import Reader
from mismatch.terms.text_buffers import TextBuffers, text_buffers
from mismatch.terms.tokens import CHUNK_TERMS, STATE_SIZE, cut_terms, fold_arguments

BODY_BYTES, LONG_BODY, VERY_LONG_BODY = 3_000, 10_000, 100_000
TEXT_BYTES = 1_200_000
OTHER_SCRIPTS = ("ar", "hi", "ja", "ru", "zh")
ROUNDS = 80
SLACK = 0.55
"""share of a ratio that another processor or a busy one may take; losing the vectorised tokeniser takes two thirds"""
GROWTH_SLACK = 0.3
N_CLEARED = 50
TITLE_WORDS = 8
"""of a title that is the beginning of its body, so that the first look clears it"""
BODY_LENGTH = FEATURE_NAMES.index("body_length")
ONCE_BYTES, TIMES = 32_000_000, 4
MOST_KEPT = 0.2
_RATIO = "processors differ in vectors and caches: 55 % of the ratio"
_GROWTH = "caches: longer texts touch more memory; what grows with the length would fall to a tenth"


@njit(cache=True, nogil=True)
def plain_tokeniser(data, letters):
    """The reference: words of bytes, hashed one byte after the other (FNV-1a). Returns how many, and the sum of hashes."""
    n = 0
    total = np.uint64(0)
    h = np.uint64(0)
    for i in range(data.shape[0]):
        letter = letters[data[i]]
        if letter:
            h = (h ^ np.uint64(letter)) * np.uint64(1099511628211)
        elif h != 0:
            total += h
            h = np.uint64(0)
            n += 1
    return n, total


@njit(nogil=True)  # not cached: the cache would keep the tokeniser of the day when this file changed last
def _cut(data, offsets, fold, terms, stems, ends, state):
    total = 0
    for row in range(offsets.shape[0] - 1):
        pos = offsets[row]
        state[:] = 0
        while pos < offsets[row + 1]:
            n, pos = cut_terms(
                data, pos, offsets[row + 1], state, fold[0], fold[1], fold[2], fold[3], fold[4], terms, stems, ends
            )
            total += n
    return total


def cut(texts: TextBuffers) -> int:
    """Cuts all rows into terms and keeps none; how many there were."""
    terms, stems = (np.empty(CHUNK_TERMS, np.uint64) for _ in range(2))
    ends, state = np.empty(CHUNK_TERMS, np.int64), np.zeros(STATE_SIZE, np.int64)
    return _cut(texts.data, texts.offsets, fold_arguments(), terms, stems, ends, state)


@dataclass(frozen=True)
class Work:
    """Something to be timed, and how much of it there is (bytes or pairs)."""

    run: Callable[[], object]
    amount: int


@dataclass(frozen=True)
class Times:
    """Nanoseconds of the thread for each byte or pair, by round."""

    rounds: NDArray[np.float64]

    @property
    def best(self) -> float:
        return float(self.rounds.min())

    @property
    def spread(self) -> float:
        """How far the best of each quarter of the rounds lie apart, as a share."""
        best = [part.min() for part in np.array_split(self.rounds, 4)]
        return float(max(best) / min(best) - 1)


def in_turns(works: dict[str, Work], rounds: int = ROUNDS) -> dict[str, Times]:
    """Times each work once a round, after one round that does not count."""
    taken = np.empty((len(works), rounds + 1))
    with threadpool_limits(1):
        for k in range(rounds + 1):
            for i, work in enumerate(works.values()):
                begin = time.thread_time_ns()
                work.run()
                taken[i, k] = (time.thread_time_ns() - begin) / work.amount
    return {name: Times(taken[i, 1:]) for i, name in enumerate(works)}


@lru_cache(maxsize=1)
def sentences() -> list[str]:
    return synthetic.sentences_of(articles("en")["body"])


def lines(n: int, body_bytes: int) -> Chunk:
    """Articles put together from sentences of the English ones, as a stretch of JSON lines not yet read."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        path.write_bytes(b"".join(synthetic.articles(sentences(), n, body_bytes)))
        return next(iter(Reader([path], chunk_bytes=1 << 26)))


def speed() -> Iterator[Measured]:
    """How many times as fast as the plain tokeniser each part of the hot pass is, for each byte."""
    fast, thorough, encoder = Scorer(starter()), Scorer(starter(), thorough=True), Encoder("jsonl")
    chunk = lines(TEXT_BYTES // BODY_BYTES, BODY_BYTES)
    block = chunk.decode()
    titles, bodies = (block.pairs.column(name) for name in ("title", "body"))
    added = fast.added_columns(titles, bodies)
    text, line_bytes = text_buffers(bodies), int((block.rows.ends - block.rows.starts).sum())  # type: ignore[union-attr]
    others = text_buffers(pa.concat_tables([articles(name) for name in OTHER_SCRIPTS])["body"])
    letters = np.zeros(256, np.uint8)
    letters[: len(fold_arguments()[0])] = fold_arguments()[0]
    letters[128:] = 1
    works = {
        "reference": Work(lambda: plain_tokeniser(text.data, letters), len(text.data)),
        "reference_others": Work(lambda: plain_tokeniser(others.data, letters), len(others.data)),
        "tokenise": Work(lambda: cut(text), len(text.data)),
        "tokenise_others": Work(lambda: cut(others), len(others.data)),
        "pass_thorough": Work(lambda: thorough.added_columns(titles, bodies), len(text.data)),
        "pass": Work(lambda: fast.added_columns(titles, bodies), len(text.data)),
        "json_decode": Work(chunk.decode, line_bytes),
        "json_encode": Work(lambda: encoder.encode(block, added), line_bytes),
    }
    measures = {
        "tokenise": "cutting English text into terms (cut_terms alone)",
        "tokenise_others": "the same for Arabic, Hindi, Japanese, Russian and Chinese",
        "pass_thorough": f"verdicts on bodies of {BODY_BYTES:,} bytes, read to their end",
        "pass": "the same with the first look, which clears nearly all of them",
        "json_decode": "JSON lines to columns",
        "json_encode": "JSON lines with the verdicts added",
    }
    times = in_turns(works)
    for name, words in measures.items():
        reference = times["reference_others" if name.endswith("_others") else "reference"]
        ratio = reference.best / times[name].best
        yield Measured(
            f"speed.{name}", ratio, f"{words}: speed per byte, a plain tokeniser being 1", SLACK * ratio, _RATIO,
            seen=f"{times[name].best:.2f} ns a byte, reference {reference.best:.2f} (spread {reference.spread:.0%})",
        )  # fmt: skip


def growth() -> Iterator[Measured]:
    """Whether anything takes longer for each byte, or for each cleared pair, where bodies are longer."""
    fast, thorough = Scorer(starter()), Scorer(starter(), thorough=True)
    works = {}
    for size in (LONG_BODY, VERY_LONG_BODY):
        chunk = lines(TEXT_BYTES // size, size)
        pairs = chunk.decode().pairs.select(["title", "body"])
        titles, bodies = cleared_pairs(fast, size)
        works[f"json_decode {size}"] = Work(chunk.decode, TEXT_BYTES)
        works[f"pass_thorough {size}"] = Work(partial(thorough.added_columns, *pairs.columns), TEXT_BYTES)
        works[f"cleared_pair {size}"] = Work(partial(fast.added_columns, titles, bodies), N_CLEARED)
    times = in_turns(works, ROUNDS // 2)
    measures = {
        "pass_thorough": "verdicts on bodies read to their end: time per byte",
        "json_decode": "JSON lines to columns: time per byte",
        "cleared_pair": "verdicts by the first look: time per pair",
    }
    for what, words in measures.items():
        short, long = times[f"{what} {LONG_BODY}"], times[f"{what} {VERY_LONG_BODY}"]
        yield Measured(
            f"growth.{what}", short.best / long.best,
            f"{words} at {LONG_BODY:,} bytes, divided by that at {VERY_LONG_BODY:,} (from 1 on it does not grow)",
            GROWTH_SLACK, _GROWTH, promise=1.0, seen=f"{short.best:,.2f} and {long.best:,.2f} ns",
        )  # fmt: skip


def cleared_pairs(scorer: Scorer, size: int) -> tuple[pa.Array, pa.Array]:
    """`N_CLEARED` titles that are the beginnings of their bodies, all of which the first look clears."""
    bodies = lines(2 * N_CLEARED, size).decode().pairs.column("body")
    titles = pa.array([" ".join(body.split()[:TITLE_WORDS]) for body in bodies.to_pylist()], pa.large_string())
    model, wanted = scorer.model, np.ones(len(bodies), np.uint8)
    arguments = text_buffers(titles), text_buffers(bodies), wanted, model.lexicon, model.forest
    features = score_pairs(*arguments, first_look=model.usable_first_look())[1]
    in_part = features[:, BODY_LENGTH] < score_pairs(*arguments)[1][:, BODY_LENGTH]
    rows = pa.array(np.flatnonzero(in_part)[:N_CLEARED])
    if len(rows) < N_CLEARED:
        raise SystemExit("the first look clears hardly anything: nothing to measure")
    return titles.take(rows), bodies.take(rows)


def memory() -> Iterator[Measured]:
    """Peak memory of `mismatch score`, one worker thread, on a file and on the same rows four times."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = b"".join(synthetic.articles(sentences(), TEXT_BYTES // BODY_BYTES, BODY_BYTES))
        peaks, sizes = [], []
        for times in (1, TIMES):
            path = folder / "rows.jsonl"
            with path.open("wb") as out:
                for _ in range(times * ONCE_BYTES // len(rows)):
                    out.write(rows)
            score: list[str | Path] = [*MISMATCH, "score", path, "--model", starter_path(), "--threads", "1", "--quiet"]
            peaks.append(measure([*score, "--out", folder / "scored.jsonl"]).peak_bytes)
            sizes.append(path.stat().st_size)
    kept = (peaks[1] - peaks[0]) / (sizes[1] - sizes[0])
    yield Measured(
        "memory.not_kept", 1 - kept,
        f"1 minus the growth of peak memory from {sizes[0] / 1e6:.0f} to {sizes[1] / 1e6:.0f} MB of JSON lines, per byte",
        0.0, f"none: at most {MOST_KEPT:.0%} of what is read more may be kept (allocators keep some)",
        promise=1 - MOST_KEPT, seen=f"{peaks[0] / 1e6:.0f} MB, then {peaks[1] / 1e6:.0f} MB",
    )  # fmt: skip


GROUPS: dict[str, Callable[[], Iterator[Measured]]] = {"speed": speed, "growth": growth, "memory": memory}
