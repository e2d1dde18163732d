"""The weights of the starter: of each term the highest share of documents that an archive or a language shows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from mismatch.terms.document_frequency import Counts, DocumentCounter
from mismatch.terms.highest_share import highest_share
from mismatch.terms.lexicon import Lexicon
from mismatch.terms.near_duplicates import near_duplicate_groups
from mismatch.terms.text_buffers import text_buffers


def starter_lexicon(
    archive: pa.Table, languages: list[pa.Table], background: tuple[Counts, Counts], n_documents: float, limit: int
) -> Lexicon:
    """A lexicon without vectors.

    Parameters
    ----------
    archive
        Many pairs, whose shares of documents are taken as they are.
    languages
        Few pairs each, all in one language.
    background
        Of terms and of stems, shares that are known well (wordfreq's).
    n_documents
        Of how many documents the frequencies are; those that the head was trained with, so that IDF has its scale.
    limit
        The most terms, and the most stems, that are kept.
    """
    of_archive, of_languages = _counted(archive), [_counted(pairs) for pairs in languages]
    kept: list[Counts] = []
    for side, known in enumerate(of_archive):
        exact = highest_share(known, background[side], n_documents=n_documents, z=0)
        kept.append(highest_share(exact, *(counts[side] for counts in of_languages)).frequent(limit))
    return Lexicon(*kept)


def _counted(pairs: pa.Table) -> tuple[Counts, Counts]:
    """Terms and stems; near-duplicate bodies count once."""
    _, first = np.unique(near_duplicate_groups(text_buffers(pairs["body"])), return_index=True)
    once = pairs.take(pa.array(np.sort(first)))
    counter = DocumentCounter()
    counter.add(text_buffers(once["title"]), text_buffers(once["body"]))
    return counter.counts()
