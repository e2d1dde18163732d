"""Pages have several titles: each that may be the title is judged over the body, and the page is known by the best.

Titles that are called a match are all as good, and of them the one stands first that the page itself points to (see
`records.pages.title_order`). Where none is, titles with a better verdict stand before others, and of those with the same the
first counts whose odds of a mismatch are near the lowest.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.judging.scorer import Scorer
from mismatch.judging.verdicts import MATCH, MISMATCH, UNSURE, Judged
from mismatch.records.blocks import Block
from mismatch.records.pages.rows import with_titles

NEARLY = 3.0
"""how many times the lowest odds of a mismatch a title may have and still stand before the one that has them"""
_BEST_FIRST = (MATCH, UNSURE, MISMATCH)


def judged_block(scorer: Scorer, block: Block) -> tuple[Block, Judged]:
    """The rows of a block and their verdicts; of pages with the titles that fit their bodies best."""
    if block.candidates is None:
        return block, scorer.judge(*(block.pairs.column(name) for name in ("title", "body", "source")))
    counts = np.diff(block.candidates.offsets.to_numpy())
    pages = np.repeat(np.arange(len(block)), counts).tolist()
    titles = block.candidates.values.field("title").to_pylist()
    alone = np.flatnonzero(counts == 0)  # they are judged too, for their reasons
    pairs = [*zip(pages, titles, strict=True), *((page, None) for page in alone.tolist())]
    places = {pair: i for i, pair in enumerate(dict.fromkeys(pairs))}  # what several places of a page say is judged once
    of_page = pa.array([page for page, _ in places], pa.int64())
    bodies, sources = (block.pairs.column(name).take(of_page) for name in ("body", "source"))
    judged = scorer.judge(pa.array([title for _, title in places], pa.string()), bodies, sources)
    rows = np.array([places[pair] for pair in pairs], np.int64)
    of_titles = rows[: len(titles)]
    probability = judged.columns.column("mismatch_probability").to_numpy(zero_copy_only=False)[of_titles]
    chosen = best_titles(judged.numbers[of_titles], probability, counts)
    of_pages = rows[chosen]
    of_pages[alone] = rows[len(titles) :]
    return with_titles(block, chosen, probability), Judged(judged.numbers[of_pages], judged.columns.take(pa.array(of_pages)))


def best_titles(
    verdicts: NDArray[np.int8], probability: NDArray[np.float64], counts: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Which title each page is known by, -1 where it has none; shape (n_pages,).

    Parameters
    ----------
    verdicts, probability : arrays of shape (n_titles,)
        Of all titles, those of each page side by side, the likeliest first; the probability is NaN where it is unscorable.
    counts : shape (n_pages,)
        How many titles each page has.
    """
    ends = np.cumsum(counts)
    chosen = np.full(len(counts), -1, np.int64)
    for page in np.flatnonzero(counts).tolist():
        titles = slice(ends[page] - counts[page], ends[page])
        good = next((same for verdict in _BEST_FIRST if (same := verdicts[titles] == verdict).any()), None)
        if good is not None and verdicts[titles][good][0] != MATCH:
            odds = probability[titles] / (1 - probability[titles] + 1e-12)
            good &= odds <= NEARLY * odds[good].min()
        chosen[page] = titles.start + (int(np.argmax(good)) if good is not None else 0)
    return chosen


def with_best_titles(scorer: Scorer, block: Block) -> Block:
    """The block, of pages with the titles that fit their bodies best."""
    return block if block.candidates is None else judged_block(scorer, block)[0]
