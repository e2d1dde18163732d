"""Titles that a stream sets over several different bodies: "Today's weather", a column's fixed headline, "Forty years ago".

Such a title says little about any one of its bodies. Numbers and dates in it do not count, so that the weather of 12 March
and that of 13 March have the same title.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mismatch.screening.title_names import DATE_WORDS
from mismatch.terms.hashing import HAS_DIGIT
from mismatch.terms.text_buffers import TextBuffers
from mismatch.terms.tokens import cut_all, terms_of

NO_TITLES: NDArray[np.uint64] = np.empty(0, np.uint64)
MAX_RECURRING = 512
"""titles that are kept of a stream"""
MIN_UNFIT = 2
"""different bodies that a title must fail to fit"""
CHANCE = 0.005
"""probability at most that so many of its bodies would not fit if it were like any other title: a stream has many titles"""
_DATE = np.uint64(0x64617465)
"""stands for a run of numbers and words of dates"""
_PLACE = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xFF51AFD7ED558CCD)
_SHIFT = np.uint64(32)


def title_keys(titles: TextBuffers) -> NDArray[np.uint64]:
    """A hash of the folded terms of each title in their order, with one marker for a run of numbers and words of dates.

    Shape (n_titles,); 0 for titles without terms.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from mismatch.terms.text_buffers import text_buffers
    >>> keys = title_keys(text_buffers(pa.array(["Tides, 12 March", "Tides: 3 April 2019", "Tides rise"])))
    >>> [bool(keys[0] == keys[1]), bool(keys[0] == keys[2])]
    [True, False]
    """
    keys = np.zeros(len(titles.valid), np.uint64)
    rows, terms, _ = cut_all(titles)
    dates = (terms & HAS_DIGIT != 0) | np.isin(terms, _date_terms())
    goes_on = dates.copy()
    goes_on[1:] &= dates[:-1] & (rows[1:] == rows[:-1])
    goes_on[:1] = False
    rows, terms = rows[~goes_on], np.where(dates, _DATE, terms)[~goes_on]
    if not len(rows):
        return keys
    firsts = np.flatnonzero(np.append(True, rows[1:] != rows[:-1]))
    places = np.arange(len(rows)) - np.repeat(firsts, np.diff(np.append(firsts, len(rows))))
    mixed = _mixed(terms + _PLACE * (places + 1).astype(np.uint64))
    keys[rows[firsts]] = _mixed(np.add.reduceat(mixed, firsts)) | np.uint64(1)
    return keys


def recurring_titles(
    keys: NDArray[np.uint64], bodies: NDArray[np.int64], fits: NDArray[np.bool_], misfits: float
) -> NDArray[np.uint64]:
    """The keys of titles that recur and fit fewer of their bodies than titles of the stream do, ascending.

    At most `MAX_RECURRING`, those over the most bodies.

    Parameters
    ----------
    keys : uint64 array of shape (n_pairs,)
        What `title_keys` gave.
    bodies : int64 array of shape (n_pairs,)
        Bodies that are the same or nearly the same share a number.
    fits : bool array of shape (n_pairs,)
        Whether title and body belong together by what they share.
    misfits
        Share of the stream's pairs that do not fit, for whatever reason.
    """
    from scipy.special import bdtrc  # half a second of loading that scoring a few rows can do without

    pairs, first = np.unique(np.stack([keys, bodies.astype(np.uint64)]), axis=1, return_index=True)
    titles, starts, n_bodies = np.unique(pairs[0], return_index=True, return_counts=True)
    if not len(titles):
        return NO_TITLES
    n_unfit = np.add.reduceat((~fits[first]).astype(np.int64), starts)
    by_chance = bdtrc(n_unfit - 1.0, n_bodies, misfits)  # P(Binomial(n_bodies, misfits) >= n_unfit)
    recur = np.flatnonzero((titles > 0) & (n_unfit >= MIN_UNFIT) & (by_chance <= CHANCE))
    most = recur[np.argsort(-n_bodies[recur], kind="stable")][:MAX_RECURRING]
    return np.sort(titles[most])


def do_recur(titles: TextBuffers, recurring: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Whether each title is one of those that recur, shape (n_titles,)."""
    return np.isin(title_keys(titles), recurring)


def _mixed(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    hashes = (hashes ^ hashes >> _SHIFT) * _MIX
    return hashes ^ hashes >> _SHIFT


@lru_cache(maxsize=1)
def _date_terms() -> NDArray[np.uint64]:
    return np.array(sorted(term for term, _, _ in terms_of(DATE_WORDS)), np.uint64)
