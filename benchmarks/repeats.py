"""What `mismatch repeats` finds of bodies and titles that were repeated on purpose, and what it reports where nothing was.

Into each corpus go clusters of every kind: one body over other rows' titles (as it is, with words changed, behind each row's
title), the body of one article over five others, one title over other rows' bodies (in several spellings), the title of one
article over five others. Every row counts: found when it is in a cluster of its kind, wrong when it is in one in which
nothing was planted and which the corpus as it is does not have. The bounds were chosen on the corpora in `train`.

python -m benchmarks.repeats [--only NAME] [--sizes 100000,1000000] [--libraries]
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import corpora
from benchmarks.enlarged import enlarged
from benchmarks.processes import MISMATCH, measure
from benchmarks.results import Result, Table, share
from benchmarks.running import chosen, options_of, start, table_of
from mismatch.batch.repeats import REPEATED_BODY, REPEATED_TITLE, Repeats, find_repeats
from mismatch.records.reading import Reader

SIZE = 12
"""rows of a planted cluster"""
OF_ONE = 6
"""rows of a cluster that one real article is the first of"""
CHANGED_WORDS = (0.01, 0.03)
"""shares of the words of a body that are others in each of its copies"""
MIN_ROWS = 400
BODY_BYTES = 1_000
"""of the rows of the long archives"""
_TITLES = ("The Daily Ferry", "Access denied")


def run(given: argparse.Namespace) -> Result:
    result = Result("repeats", "Repeated bodies and titles", {"limit": given.limit, "seed": given.seed})
    result.tables += _planted_tables(given)
    if given.sizes:
        result.tables.append(_speed(given))
    if given.libraries:
        result.tables.append(_libraries(given))
    return result


def _planted_tables(given: argparse.Namespace) -> list[Table]:
    kinds = [
        "same body",
        *(f"{rate:.0%} changed" for rate in CHANGED_WORDS),
        "behind titles",
        "article’s body",
        "title",
        "article’s title",
    ]
    found = Table("Planted rows that are found", ["corpus", "rows", *kinds, "wrong rows"])
    clean = Table("Reported where nothing was planted", ["corpus", "rows", "bodies", "their rows", "titles", "their rows"])
    for name in chosen(corpora.names(), given):
        table = table_of(name, given.limit)
        before = _repeats_of(table)
        clean.add(
            name, f"{table.num_rows:,}", *(
                cell for kind in (REPEATED_BODY, REPEATED_TITLE)
                for cell in (f"{len(before.of_kind(kind)):,}", f"{before.count(kind):,}")
            ),
        )  # fmt: skip
        if table.num_rows < MIN_ROWS or name.startswith("fnc1"):
            continue
        known = _rows_of(before, REPEATED_BODY) | _rows_of(before, REPEATED_TITLE)
        planted, rows_of, owners = plant(table, random.Random(given.seed), known)
        after = _repeats_of(planted)
        shares = [share(len(_rows_of(after, of_kind) & rows) / len(rows), 0) for of_kind, rows in rows_of]
        right = known | owners | set().union(*(rows for _, rows in rows_of))
        members = [set((cluster.rows - 1).tolist()) for cluster in after.clusters]
        wrong = set().union(*(rows for rows in members if not rows & right))
        found.add(name, f"{table.num_rows:,}", *shares, f"{len(wrong):,}")
    found.notes.append(
        "In train the bounds were chosen; dev is unseen. FNC-1 has each body many times, and is left out of this table."
    )
    return [found, clean]


def plant(
    table: pa.Table, rng: random.Random, left_alone: set[int]
) -> tuple[pa.Table, list[tuple[str, set[int]]], set[int]]:
    """The corpus with a cluster of each kind; its reason and its rows, from 0; and rows whose body is repeated."""
    titles, bodies = table["title"].to_pylist(), table["body"].to_pylist()
    usable = [i for i in range(len(titles)) if titles[i] and len((bodies[i] or "").split()) >= 40 and i not in left_alone]
    rng.shuffle(usable)
    words = " ".join(bodies[i] for i in usable[:50]).split()
    owners: set[int] = set()
    rows_of: list[tuple[str, set[int]]] = []

    def take(n: int) -> list[int]:
        return [usable.pop() for _ in range(n)]

    for version in ("same", *CHANGED_WORDS, "behind"):
        rows = take(SIZE)
        owners.add(owner := usable.pop())
        notice = bodies[owner].split()[:400]
        for i in rows:
            rate = version if isinstance(version, float) else 0.0
            text = " ".join(rng.choice(words) if rng.random() < rate else word for word in notice)
            bodies[i] = f"{titles[i]} {text}" if version == "behind" else text
        rows_of.append((REPEATED_BODY, set(rows)))
    first, *others = take(OF_ONE)
    for i in others:
        bodies[i] = bodies[first]
    rows_of.append((REPEATED_BODY, {first, *others}))
    rows, name = take(SIZE), rng.choice(_TITLES)
    for i in rows:
        titles[i] = rng.choice((name, name.upper(), f" {name}  ", f"{name}."))
    rows_of.append((REPEATED_TITLE, set(rows)))
    first, *others = take(OF_ONE)
    for i in others:
        titles[i] = titles[first]
    rows_of.append((REPEATED_TITLE, {first, *others}))
    columns = {"title": pa.array(titles, pa.large_string()), "body": pa.array(bodies, pa.large_string())}
    return pa.table(columns), rows_of, owners


def _repeats_of(table: pa.Table) -> Repeats:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        pq.write_table(table.select(["title", "body"]), path)
        return find_repeats(Reader([path]))


def _rows_of(repeats: Repeats, kind: str) -> set[int]:
    return {row - 1 for cluster in repeats.of_kind(kind) for row in cluster.rows.tolist()}


def _speed(given: argparse.Namespace) -> Table:
    table = Table(
        f"Articles of {BODY_BYTES:,} bytes put together anew, 1 % of them under one of a hundred repeated bodies",
        ["rows", "MB", "seconds a million", "processor seconds a million", "peak memory, MB", "rows in clusters"],
    )
    articles = corpora.read(given.corpus)
    for size in (int(part) for part in given.sizes.split(",")):
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            path = Path(folder) / "rows.jsonl"
            _write_long(path, articles, size)
            cost = measure([*MISMATCH, "repeats", path, "--json", "--quiet"])
            found, million = json.loads(cost.output), size / 1e6
            table.add(
                f"{size:,}", f"{path.stat().st_size / 1e6:,.0f}", f"{cost.seconds / million:,.0f}",
                f"{cost.processor_seconds / million:,.0f}", f"{cost.peak_mb:,.0f}",
                f"{found['repeated_body']['rows'] + found['repeated_title']['rows']:,}",
            )  # fmt: skip
    return table


def _write_long(path: Path, articles: pa.Table, size: int) -> None:
    import orjson

    rng = random.Random(1)
    notices = [body[:BODY_BYTES] for body in articles["body"].to_pylist()[:100]]
    different = min(size, 200_000)
    lines = [orjson.loads(line) for line in enlarged(articles, different, body_bytes=BODY_BYTES)]
    with path.open("wb", buffering=1 << 20) as file:
        for i in range(size):
            row = lines[i % different]
            if rng.random() < 0.01:
                row = {**row, "body": rng.choice(notices)}
            elif (
                i >= different
            ):  # another article of the same words: pieces of three others, and a title with a word of its own
                a, b = (lines[int(rng.random() * different)]["body"] for _ in range(2))
                cut = int(rng.random() * BODY_BYTES)
                mark = f"{a[cut : cut + 9].strip()}{i}"
                row = {
                    **row,
                    "title": f"{row['title']} {mark}",
                    "body": f"{b[cut:]} {mark} {row['body'][: cut // 2]} {a[: cut // 2]}",
                }
            file.write(orjson.dumps(row) + b"\n")


def _libraries(given: argparse.Namespace) -> Table:
    """Sketches of `terms.near_duplicates` beside those of two libraries: how near to the truth, and how fast."""
    from mismatch.terms.near_duplicates import SKETCH_BINS, sketches_of
    from mismatch.terms.text_buffers import text_buffers
    from mismatch.terms.tokens import cut_all

    try:
        import datasketch
        import rensa
    except ImportError as error:
        sys.exit(f"--libraries needs rensa and datasketch: {error}")
    bodies = [body for body in corpora.read(given.corpus)["body"].to_pylist()[:2_000] if body]
    rng, copies = random.Random(0), []
    for body in bodies:
        words = body.split()[: rng.choice((40, 80, 200))]
        copies += [" ".join(words), " ".join(rng.choice(words) if rng.random() < 0.03 else word for word in words)]
    texts = text_buffers(pa.array(copies))
    rows, terms, _ = cut_all(texts)
    mixed = terms.copy()
    mixed[1:] ^= terms[:-1] * np.uint64(0x9E3779B97F4A7C15)
    mixed[2:] ^= terms[:-2] * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed = (mixed ^ mixed >> np.uint64(31)) * np.uint64(0xD6E8FEB86659FD93)
    starts = np.searchsorted(rows, np.arange(len(copies) + 1))
    sets = [set(mixed[a + 2 : b].tolist()) for a, b in pairwise(starts.tolist())]
    truth = np.array([len(a & b) / max(1, len(a | b)) for a, b in zip(sets[::2], sets[1::2], strict=True)])
    shingles = np.concatenate([np.fromiter(one, np.uint64, len(one)) for one in sets])
    offsets = np.append(0, np.cumsum([len(one) for one in sets])).astype(np.uint64)

    def of_rensa() -> Any:
        return np.array(rensa.RMinHash.digest_matrix_from_flat_token_hashes(shingles, offsets, SKETCH_BINS, 1).to_rows())

    def of_datasketch() -> Any:
        made = [datasketch.MinHash(SKETCH_BINS, hashfunc=int) for _ in sets]
        for one, hashes in zip(made, sets, strict=True):
            one.update_batch([h & 0xFFFFFFFF for h in hashes])
        return np.array([one.hashvalues for one in made])

    table = Table(
        f"Sketches of {SKETCH_BINS} bins, 2,000 bodies of 40 to 200 words beside copies with 3 % of the words changed",
        ["", "mean error", "bias", "microseconds a body, without cutting"],
        notes=["The house’s sketch is made while terms are cut, and its time is that of both."],
    )
    sketches_of(texts)
    for name, made in (
        ("terms.near_duplicates", lambda: sketches_of(texts).bins),
        ("rensa", of_rensa),
        ("datasketch", of_datasketch),
    ):
        seconds, bins = _seconds(made)
        one, other = bins[::2], bins[1::2]
        empty = np.uint64(0xFFFFFFFFFFFFFFFF)
        filled = (one != empty) | (other != empty) if name.startswith("terms") else np.ones(one.shape, bool)
        estimate = ((one == other) & filled).sum(axis=1) / np.maximum(filled.sum(axis=1), 1)
        table.add(
            name,
            f"{np.abs(estimate - truth).mean():.3f}",
            f"{(estimate - truth).mean():+.3f}",
            f"{1e6 * seconds / len(copies):.0f}",
        )
    return table


def _seconds(work: Any) -> tuple[float, Any]:
    begin = time.process_time()
    done = work()
    return time.process_time() - begin, done


if __name__ == "__main__":
    parser = options_of(__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sizes", default="", help="rows of long archives to be timed, such as 100000,1000000,10000000")
    parser.add_argument("--corpus", default="allsides", help="what the long archives are made of")
    parser.add_argument("--folder", help="where the long archives are written for a while")
    parser.add_argument("--libraries", action="store_true", help="also hold the sketches against rensa and datasketch")
    start(parser, run)
