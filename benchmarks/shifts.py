"""Shifts planted into archives: how many are found, with both ends within two rows, and what is reported besides.

Every archive as it stands, and with 2 % of its rows swapped at random, is a clean file: what is reported there is named.
The numbers of the search were chosen on the archives in `train`; those in `dev` were not looked at before.

python -m benchmarks.shifts [--seeds 2] [--speed 1000000] [--only lk_en] [--misses]
"""

from __future__ import annotations

import argparse
import resource
import time
from collections import defaultdict
from collections.abc import Hashable

import numpy as np

from benchmarks import corpora
from benchmarks.results import Result, Table
from benchmarks.running import chosen, model_name, model_of, options_of, start, table_of
from benchmarks.shifting import KINDS, LENGTHS, OFFSETS, plant, possible, rearranged
from mismatch.batch.shift_evidence import WINDOW, Collector
from mismatch.batch.shift_stretches import find_segments
from mismatch.batch.shift_terms import MOST_OF_BODY, MOST_OF_TITLE, TermLists, term_lists
from mismatch.batch.shifts import ShiftFinder
from mismatch.judging.comparison import prepared
from mismatch.model.model import Model

TOLERANCE = 2
AROUND = 2500
"""rows before and behind a stretch that are searched with it"""
SWAPPED = 0.02
_COLUMNS = ["planted", "found", "share", "both ends exact", "reported besides"]
Count = dict[Hashable, list[int]]
Found = tuple[int, int, int]


def run(given: argparse.Namespace) -> Result:
    settings = {"model": model_name(given), "seeds": given.seeds, "limit": given.limit}
    result = Result("shifts", "Shifts planted into archives", settings)
    model = model_of(given)
    clean = Table("Clean files", ["archive", "rows", "reported", "with 2 % swapped"])
    for part in ("train", "dev"):
        counts: dict[str, Count] = {name: defaultdict(lambda: [0, 0, 0, 0]) for name in ("archive", "length", "by", "kind")}
        for name in chosen(corpora.names(part), given):
            lists = _lists(model, name, given.limit)
            n, generator = len(lists[0]), np.random.default_rng(0)
            bodies = np.arange(n)
            some = generator.choice(n, int(SWAPPED * n), replace=False)
            bodies[some] = np.roll(bodies[some], 1)
            swapped = _found(lists[0], rearranged(lists[1], bodies))
            clean.add(name, f"{n:,}", _words(_found(*lists)), _words(swapped))
            if not name.startswith("fnc1"):  # a quarter of its rows are pairs
                _count(lists, given, name, counts)
        for by, count in counts.items():
            table = Table(f"{part}: by {'offset' if by == 'by' else by}", [by, *_COLUMNS])
            for key, numbers in count.items():
                _add(table, f"{key:,}" if isinstance(key, int) else str(key), numbers)
            if count:
                _add(table, "all", [sum(numbers) for numbers in zip(*count.values(), strict=True)])
                result.tables.append(table)
    result.tables += [clean, *([_speed(model, given)] if given.speed else [])]
    return result


def _lists(model: Model, name: str, limit: int | None) -> tuple[TermLists, TermLists]:
    table = table_of(name, limit).combine_chunks()
    sources = table["source"] if table["source"].null_count < len(table) else None
    texts = prepared(model, table["title"], table["body"], sources)
    return term_lists(texts.titles, MOST_OF_TITLE), term_lists(texts.bodies, MOST_OF_BODY)


def _found(titles: TermLists, bodies: TermLists) -> list[Found]:
    collector = Collector()
    collector.add(titles, bodies)
    return [(s.first, s.last, s.by) for s in find_segments(collector.finish(), WINDOW)]


def _count(lists: tuple[TermLists, TermLists], given: argparse.Namespace, name: str, counts: dict[str, Count]) -> None:
    """Plants each length and offset in one way a seed, and adds up planted, found, exact, reported besides."""
    n, generator = len(lists[0]), np.random.default_rng(len(name))
    for length in (*(length for length in LENGTHS if length < n), n):
        for by in (sign * size for size in OFFSETS for sign in (1, -1)):
            for _ in range(given.seeds):
                first = int(generator.integers(0, n - length + 1))
                kinds = [kind for kind in KINDS if possible(n, first, length, by, kind)]
                if not kinds:
                    continue
                kind = str(generator.choice(kinds))
                planted = plant(n, first, length, by, kind)
                low, high = max(0, first - AROUND), min(n, first + length + AROUND)
                found = _found(
                    rearranged(lists[0], planted.titles[low:high]), rearranged(lists[1], planted.bodies[low:high])
                )
                expected = [(a - low, b - low, by) for a, b, by in planted.expected]
                numbers = _held_against(expected, found)
                if given.misses and (numbers[1] < numbers[0] or numbers[3]):
                    print(f"{name}: {kind}: planted {expected}, reported {found}", flush=True)
                shown = length if length < n else "whole file"
                for key, count in ((name, "archive"), (shown, "length"), (abs(by), "by"), (kind, "kind")):
                    counts[count][key] = [a + b for a, b in zip(counts[count][key], numbers, strict=True)]


def _held_against(expected: list[Found], found: list[Found]) -> list[int]:
    """How many were planted, found within the tolerance, found exactly, and reported without being planted."""
    left, n_found, n_exact = list(found), 0, 0
    for first, last, by in expected:
        for one in left:
            if one[2] == by and max(abs(one[0] - first), abs(one[1] - last)) <= TOLERANCE:
                n_found, n_exact = n_found + 1, n_exact + (one == (first, last, by))
                left.remove(one)
                break
    return [len(expected), n_found, n_exact, len(left)]


def _add(table: Table, key: str, numbers: list[int]) -> None:
    planted, found, exact, besides = numbers
    table.add(key, f"{planted:,}", f"{found:,}", f"{100 * found / max(1, planted):.2f} %", f"{exact:,}", f"{besides:,}")


def _words(found: list[Found]) -> str:
    return "; ".join(f"{first + 1:,}–{last + 1:,} by {by:,}" for first, last, by in found) or "none"


def _speed(model: Model, given: argparse.Namespace) -> Table:
    """Time and memory for many rows, the archives one after another as often as it takes; the rows are in memory already."""
    columns = ["rows", "processor seconds", "per million rows", "shifts reported", "peak memory before", "and after"]
    table = Table("Speed: texts in, shifts out", columns)
    if not given.speed:
        return table
    batches = [
        batch
        for name in chosen(corpora.names(), given)
        for batch in table_of(name, given.limit).combine_chunks().to_batches(max_chunksize=4096)
    ]
    finder, n, before, began = ShiftFinder(model), 0, _peak(), time.process_time()
    while n < given.speed:
        for batch in batches:
            finder.add(batch.column("title"), batch.column("body"))
            n += len(batch)
    n_found, seconds = len(finder.finish()), time.process_time() - began
    table.add(f"{n:,}", f"{seconds:,.0f}", f"{1e6 * seconds / n:,.0f}", f"{n_found:,}", before, _peak())
    return table


def _peak() -> str:
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB"


if __name__ == "__main__":
    parser = options_of(__doc__)
    parser.add_argument("--seeds", type=int, default=2, help="plants of each length and offset in each archive")
    parser.add_argument("--speed", type=int, default=0, metavar="ROWS", help="also time so many rows")
    parser.add_argument("--misses", action="store_true", help="print what was not found, and what was reported besides")
    start(parser, run)
