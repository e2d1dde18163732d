"""The archives that the starter's numbers are fitted on, and how it scores their pairs and swaps of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mismatch.judging.comparison import Compared, compare, log_odds_of
from mismatch.judging.swaps import Pairs, derange
from mismatch.model.model import Model
from mismatch.records.tables import read_pairs
from mismatch.terms.document_frequency import Counts, DocumentCounter
from mismatch.terms.text_buffers import TextBuffers

ALLSIDES = "allsides"
"""the large one, of which the head is learned"""
ORIGINS = {
    ALLSIDES: ("github.com/ramybaly/Article-Bias-Prediction", "Apache-2.0"),
    "doj_releases": ("US Department of Justice, press releases (lennymd/news21-pressReleasesDOJ)", "public domain"),
    "digitalgov": ("github.com/GSA/digitalgov.gov", "public domain"),
    "gsa18f": ("github.com/18F/18f.gsa.gov", "CC0-1.0"),
}
"""by name, where each comes from, and its licence"""
MOST_PAIRS = 6_000
"""of an archive, that are scored one by one"""
STREAM_PAIRS = 2_000
"""of an archive, from which the weights of its own are learned"""
WELL_TOLD = 4.0
"""log-odds that three of four swaps of an archive must reach for its pairs to be suspected"""


def read_archives(folder: Path) -> dict[str, pa.Table]:
    """The archives by name; each is a file `NAME.jsonl.gz`."""
    return {name: read_pairs([_path(folder, name)]) for name in ORIGINS}


def archives_on_card(folder: Path) -> list[dict[str, Any]]:
    return [source_of(_path(folder, name), origin, licence) for name, (origin, licence) in ORIGINS.items()]


def source_of(path: Path, origin: str, licence: str) -> dict[str, Any]:
    """What the model card says of a file."""
    return {"file": path.name, "origin": origin, "licence": licence, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}.jsonl.gz"


@dataclass(frozen=True)
class Scored:
    """The log-odds of an archive's pairs, duplicates once, and of random swaps of them."""

    compared: Compared
    rows: NDArray[np.int64]
    """matched pairs among those that were compared"""
    swapped: NDArray[np.float64]
    n_suspects: int
    """pairs that were left out"""

    @property
    def matched(self) -> NDArray[np.float64]:
        return self.compared.log_odds[self.rows]


def drawn(pairs: pa.Table, n: int, seed: int = 0) -> pa.Table:
    """At most n pairs that have both texts, in their order."""
    pairs = pairs.filter(pc.and_(pairs["title"].is_valid(), pairs["body"].is_valid()))
    if pairs.num_rows > n:
        rows = np.random.default_rng(seed).choice(pairs.num_rows, n, replace=False)
        pairs = pairs.take(pa.array(np.sort(rows)))
    return pairs.combine_chunks()


def scored(model: Model, pairs: pa.Table, seed: int = 0) -> Scored:
    """Scores the pairs of an archive and random swaps of them by a model.

    Pairs that look more like a mismatch than a quarter of the swaps do are left out, as in training, where swaps are told
    apart so well that hardly a matched pair can be meant: in practice, in the one archive that was scraped.
    """
    compared = compare(model, pairs["title"], pairs["body"], thorough=True)
    known = Pairs.of(compared.texts)
    rows = np.flatnonzero((compared.refused == 0) & known.first_of_duplicates())
    swapped = log_odds_of(model, compared.texts, *derange(known, rows, np.random.default_rng(seed)), thorough=True)
    quarter = float(np.quantile(swapped, 0.25))
    kept = rows[compared.log_odds[rows] <= quarter] if quarter >= WELL_TOLD else rows
    return Scored(compared, kept, swapped, len(rows) - len(kept))


def with_own_weights(model: Model, pairs: pa.Table) -> Model:
    """The model with the weights that an archive, as a stream, lays over its own."""
    texts = compare(model, pairs["title"], pairs["body"], thorough=True).texts
    return replace(model, lexicon=model.lexicon.with_stream([_counted(texts.titles), _counted(texts.bodies)]))


def _counted(texts: TextBuffers) -> tuple[Counts, Counts]:
    counter = DocumentCounter()
    counter.add(texts)
    return counter.counts()
