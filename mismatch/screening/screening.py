"""What can be judged at all: pairs that are refused a verdict, with the reason."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mismatch.compiling.kernels import kernel
from mismatch.features.overlap_features import FEATURE_NAMES
from mismatch.screening.boilerplate import KINDS, BoilerplateModel
from mismatch.screening.east_asia import chinese_meets_japanese
from mismatch.screening.generic_titles import nothing_to_check
from mismatch.screening.language import languages_differ, scripts_differ
from mismatch.screening.link_lists import are_link_lists
from mismatch.screening.reasons import REASONS_TO_REFUSE
from mismatch.terms.text_buffers import TextBuffers
from mismatch.terms.tokens import SLACK_TERMS, STATE_SIZE, cut_terms, fold_arguments

REASONS = ("", *REASONS_TO_REFUSE)
"""reason codes; a row's screening number is an index into it, 0 where the pair can be judged"""
OF_LANGUAGES = (REASONS.index("script_differs"), REASONS.index("language_differs"))
MIN_BODY_TERMS = 12
LITTLE_COVERAGE = 0.3
"""a pair that shares more than this is in one language, and judged by it; less may be 'in' or a name"""

_TITLE_TERMS = FEATURE_NAMES.index("title_terms")
_BODY_LENGTH = FEATURE_NAMES.index("body_length")
_STEM_COVERAGE = FEATURE_NAMES.index("stem_coverage")
_COVERAGE = FEATURE_NAMES.index("coverage")
_HITS = FEATURE_NAMES.index("hits")


def has_text(titles: TextBuffers, bodies: TextBuffers) -> NDArray[np.uint8]:
    """1 for rows in which neither side is null; what the compiled pass is to read. Shape (n_pairs,)."""
    return titles.valid & bodies.valid


def screen(
    titles: TextBuffers,
    bodies: TextBuffers,
    features: NDArray[np.float32],
    boilerplate: BoilerplateModel | None = None,
    raw_bodies: TextBuffers | None = None,
) -> NDArray[np.uint8]:
    """Numbers into `REASONS` for a batch that was read, shape (n_pairs,).

    Parameters
    ----------
    features : float32 array of shape (n_pairs, N_FEATURES)
    boilerplate
        Without it no body is called boilerplate.
    raw_bodies
        The bodies before anything was left out of them: one that is nothing but its title is too short, not missing.
    """
    numbers = np.zeros(len(features), np.uint8)
    terms = np.expm1(features[:, _BODY_LENGTH])
    present = has_text(titles, bodies) > 0
    apart = np.flatnonzero(present & (features[:, _STEM_COVERAGE] < LITTLE_COVERAGE))  # else the language is the same
    shares = features[apart, _HITS] > 0
    differ = languages_differ(titles, bodies, apart, shares) | chinese_meets_japanese(titles, bodies, apart)
    numbers[apart[differ]] = REASONS.index("language_differs")
    numbers[apart[scripts_differ(titles, bodies, apart, shares)]] = REASONS.index("script_differs")
    generic = nothing_to_check(titles, present, features[:, _TITLE_TERMS], features[:, _COVERAGE])
    numbers[generic] = REASONS.index("title_generic")
    numbers[terms < MIN_BODY_TERMS - 0.5] = REASONS.index("body_too_short")
    numbers[apart[are_link_lists(bodies, apart)]] = REASONS.index("body_boilerplate:navigation")
    if boilerplate is not None:
        kinds = boilerplate.judge(bodies, np.where(generic, np.float32(0), features[:, _STEM_COVERAGE]))
        numbers[kinds > 0] = kinds[kinds > 0] + (REASONS.index(f"body_boilerplate:{KINDS[1]}") - 1)
    numbers[~_has_letters(bodies if raw_bodies is None else raw_bodies)] = REASONS.index("body_missing")
    numbers[~_has_letters(titles)] = REASONS.index("title_missing")
    return numbers


def _has_letters(texts: TextBuffers) -> NDArray[np.bool_]:
    """Whether there is a letter or a digit in each row, shape (n,)."""
    out = np.zeros(len(texts.valid), np.bool_)
    _find_letters(texts.data, texts.offsets, texts.valid, fold_arguments(), out)
    return out


@kernel
def _find_letters(data, offsets, valid, fold, out):
    terms = np.empty(SLACK_TERMS + 1, np.uint64)
    stems = np.empty(SLACK_TERMS + 1, np.uint64)
    ends = np.empty(SLACK_TERMS + 1, np.int64)
    state = np.zeros(STATE_SIZE, np.int64)
    for row in range(valid.shape[0]):
        pos = offsets[row]
        stop = offsets[row + 1]
        if valid[row] == 0:
            continue
        while pos < stop and not out[row]:
            if data[pos] < 128:
                out[row] = fold[0][data[pos]] != 0
                pos += 1
                continue
            state[:] = 0  # the next few characters may be punctuation of any script
            n, pos = cut_terms(data, pos, stop, state, fold[0], fold[1], fold[2], fold[3], fold[4], terms, stems, ends)
            out[row] = n > 0
