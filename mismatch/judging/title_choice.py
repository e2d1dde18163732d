"""Pages have several titles: each that may be the title is judged over the body, and the page is known by the best.

Titles that are called a match are all as good, and of them the one stands first that the page itself points to (see
`records.pages.titles`). Where none is, the one counts that is least likely a mismatch, or nearly so.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mismatch.judging.scorer import Scorer
from mismatch.judging.verdicts import MATCH, UNSCORABLE, Judged
from mismatch.records.blocks import Block
from mismatch.records.pages.rows import with_titles

NEARLY = 0.05
"""by how much a title may be likelier a mismatch than the best one and still stand before it"""


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
        good = verdicts[titles] == MATCH
        if not good.any():
            scored = verdicts[titles] != UNSCORABLE
            least = np.min(probability[titles], where=scored, initial=np.inf)
            good = scored & (probability[titles] <= least + NEARLY) if scored.any() else ~good
        chosen[page] = titles.start + int(np.argmax(good))
    return chosen


def with_best_titles(scorer: Scorer, block: Block) -> Block:
    """The block, of pages with the titles that fit their bodies best."""
    return block if block.candidates is None else judged_block(scorer, block)[0]
