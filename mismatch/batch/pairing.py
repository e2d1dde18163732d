"""Which title belongs to which body, of pairs that were judged: probabilities, learned from the batch itself.

Rows whose title and body fit show, without labels, what a right pair looks like among the suspects: how well it fits, how
much better than the next body for its title and the next title for its body, how much of its title's rare terms it has, and
all that the scorer compares. Their titles over the suspects' bodies, and the other way round, show what a wrong pair looks
like. Boosted trees on these give the likelihood ratio of a pair. Its prior is about that of a pair drawn from the suspects,
p(i) p(j) / sum of p, with p the probability of a mismatch of the two rows, so that a body that its own title fits is hardly
ever proposed. It is lower where few of the stray titles find anything: then most of their bodies are not in the batch; and
where nothing else wants the other halves of the two rows (see `claims`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, min_weight_full_bipartite_matching

from mismatch.batch.claims import with_claims

FEATURES = ("fit", "title_margin", "body_margin", "strength", "title_strength_margin", "body_strength_margin")
USUAL_WEIGHTS = np.array([0.4, 0.4, 0.35, 0.0, 1.5, 0.5])
USUAL_CONSTANT = -3.3
"""of batches too small to learn from, for `FEATURES`: near what a logistic regression gave on allsides and doj_releases"""
LEAST_RIGHT, LEAST_WRONG = 100, 300
"""pairs of each kind that a batch must show to be learned from"""
LEAST_LOG_ODDS = -4.0
"""of a pair that is looked at as a proposal"""
_LOWEST, _HIGHEST = -12.0, 6.0
"""log-odds of a mismatch beyond which a pair counts as no better and no worse"""
_MOST_MARGIN = 8.0
_LEAST_DOUBT, _MOST_DOUBT = 1e-4, 0.99
PRIOR_POWER, TO_EVEN = 1.3, 0.8
"""of the rows' probabilities in the prior: with 1, too many proposals touch rows that fit; and what is added to the
log-odds, which would be too careful then"""
THERE_FOR_SURE = 1.5
"""times the share of the stray titles that find a body, up to 1, is the share whose bodies are taken to be in the batch:
some that are there are not found"""
_STEPS, _STEADY = 50, 1e-3
"""of the search for that share"""
_AT_ONCE = 1 << 16
_DENSE = 512
"""titles or bodies that compete up to which all pairs of them are laid out"""


class JudgedPairs(NamedTuple):
    """Pairs of rows, arrays of one length; those of each sampled row with itself are among them."""

    title: NDArray[np.int64]
    """places among the suspects and the samples"""
    body: NDArray[np.int64]
    strength: NDArray[np.float32]
    log_odds: NDArray[np.float64]
    """of a mismatch; NaN where it cannot be judged"""
    features: NDArray[np.float32]
    """shape (n_pairs, N_FEATURES): what the scorer compares"""

    def some(self, which: NDArray[np.bool_]) -> JudgedPairs:
        return JudgedPairs(
            self.title[which], self.body[which], self.strength[which], self.log_odds[which], self.features[which]
        )


def pair_probabilities(
    pairs: JudgedPairs, doubt: NDArray[np.float64], is_sample: NDArray[np.bool_]
) -> tuple[JudgedPairs, NDArray[np.float64]]:
    """The pairs of suspects, without their features, and the log-odds that each is a right one; without regard to the others
    that compete.

    Parameters
    ----------
    doubt : float64 array, one for each place
        Probability that the row's own title and body do not belong together.
    is_sample
        Which places are rows that fit, taken in to learn from.
    """
    own = pairs.title == pairs.body
    asked = ~own & ~(is_sample[pairs.title] | is_sample[pairs.body])
    shown = ~own | is_sample[pairs.title]
    right = _described(pairs, shown, own)
    wrong = _described(pairs, ~own, is_sample[pairs.title] != is_sample[pairs.body])
    n_samples, n_suspects = int(is_sample.sum()), int((~is_sample).sum())
    of_suspects = pairs._replace(features=pairs.features[:, :0]).some(asked)
    if len(right) >= LEAST_RIGHT and len(wrong) >= LEAST_WRONG:
        learned = _learned(right, wrong, of_suspects, pairs.features, np.flatnonzero(asked))
        ratio = learned + np.log(2 * n_samples * n_suspects / len(right))
    else:
        ratio = features_of(of_suspects) @ USUAL_WEIGHTS + USUAL_CONSTANT + np.log(2 * max(1, n_suspects))
    p = np.clip(doubt, _LEAST_DOUBT, _MOST_DOUBT)
    of_rows = np.log(p[of_suspects.title] * p[of_suspects.body])
    prior = PRIOR_POWER * of_rows - np.log(1 + doubt[~is_sample].sum())
    log_odds = ratio + prior + TO_EVEN
    return of_suspects, log_odds + np.log(_share_there(of_suspects.title, log_odds, float(doubt[~is_sample].sum())))


def _share_there(titles: NDArray[np.int64], log_odds: NDArray[np.float64], strays: float) -> float:
    """The share of the stray titles whose bodies are in the batch, by expectation and maximisation, as in a mixture.

    Parameters
    ----------
    log_odds
        Of the pairs, were all of the bodies there.
    strays
        How many titles are stray, as far as is known.
    """
    odds = np.exp(np.minimum(log_odds, -_LOWEST))
    of_titles = np.bincount(titles, odds) if len(odds) else odds
    share = 1.0
    for _ in range(_STEPS):
        found = float((share * of_titles / (1 + share * of_titles)).sum())
        before, share = share, float(np.clip(THERE_FOR_SURE * found / max(strays, 1.0), _LEAST_DOUBT, 1.0))
        if abs(share - before) < _STEADY:
            break
    return share


def likely_pairs(
    pairs: JudgedPairs, doubt: NDArray[np.float64], is_sample: NDArray[np.bool_], least: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Title, body and probability of the pairs that are right with a probability of at least `least`, each place once."""
    of_suspects, log_odds = pair_probabilities(pairs, doubt, is_sample)
    title, body = of_suspects.title, of_suspects.body
    p = np.clip(doubt, _LEAST_DOUBT, _MOST_DOUBT)
    log_odds = with_claims(title, body, log_odds, assigned(title, body, log_odds), p, PRIOR_POWER)
    chosen = assigned(title, body, log_odds)
    probability = 1 / (1 + np.exp(-log_odds[chosen]))
    chosen, probability = chosen[probability >= least], probability[probability >= least]
    return of_suspects.title[chosen], of_suspects.body[chosen], probability


def features_of(pairs: JudgedPairs) -> NDArray[np.float64]:
    """What tells right pairs from wrong ones, besides what the scorer compares: `FEATURES`; shape (n_pairs, 6)."""
    log_odds = np.clip(np.where(np.isnan(pairs.log_odds), _HIGHEST, pairs.log_odds), _LOWEST, _HIGHEST)
    strength = pairs.strength.astype(np.float64)
    columns = [-log_odds]
    for side in (pairs.title, pairs.body):
        columns.append(np.clip(-log_odds - best_other(side, -log_odds, -_HIGHEST), -_MOST_MARGIN, _MOST_MARGIN))
    columns.append(strength)
    columns += [strength - best_other(side, strength, 0.0) for side in (pairs.title, pairs.body)]
    return np.column_stack(columns)


def _described(pairs: JudgedPairs, among: NDArray[np.bool_], which: NDArray[np.bool_]) -> NDArray[np.float64]:
    """`FEATURES` of some pairs, competing with those `among` which they are, and what the scorer compares."""
    known = pairs._replace(features=pairs.features[:, :0]).some(among)
    return np.column_stack([features_of(known)[which[among]], pairs.features[among & which]])


def best_other(keys: NDArray[np.int64], values: NDArray[np.float64], none: float) -> NDArray[np.float64]:
    """For each element the largest value among the others with its key; `none` where there is no other."""
    order = np.lexsort((-values, keys))
    sorted_keys, sorted_values = keys[order], values[order]
    first = np.ones(len(keys), bool)
    first[1:] = sorted_keys[1:] != sorted_keys[:-1]
    group = np.cumsum(first) - 1
    starts = np.flatnonzero(first)
    sizes = np.diff(np.append(starts, len(keys)))
    best = sorted_values[starts] if len(keys) else sorted_values
    second = np.full(len(starts), none)
    several = sizes > 1
    second[several] = sorted_values[starts[several] + 1]
    out = np.empty(len(keys))
    out[order] = np.where(first, second[group], best[group])
    return out


def _learned(
    right: NDArray[np.float64], wrong: NDArray[np.float64], asked: JudgedPairs, compared: NDArray[np.float32],
    places: NDArray[np.int64],
) -> NDArray[np.float64]:  # fmt: skip
    """The log-odds that the pairs asked for are right, by what right and wrong ones look like.

    What the scorer compares of them stands in the rows `places` of `compared`: of millions of pairs it is not copied.
    """
    features = features_of(asked)
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    trees = HistGradientBoostingClassifier(
        max_iter=80, learning_rate=0.08, max_leaf_nodes=8, l2_regularization=1.0, min_samples_leaf=15, random_state=0
    )
    with threadpool_limits(1, user_api="openmp"):  # on so few pairs, threads only wait for one another
        trees.fit(np.concatenate([right, wrong]), np.concatenate([np.ones(len(right)), np.zeros(len(wrong))]))
        parts = [slice(start, start + _AT_ONCE) for start in range(0, len(features), _AT_ONCE)]
        found = [trees.decision_function(np.column_stack([features[part], compared[places[part]]])) for part in parts]
    return np.concatenate([np.empty(0), *found])


def assigned(titles: NDArray[np.int64], bodies: NDArray[np.int64], log_odds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Which pairs make the likeliest assignment of titles to bodies, each at most once; ascending.

    A title or a body may stay alone: a pair adds to the sum by how far its log-odds lie above `LEAST_LOG_ODDS`.
    """
    usable = np.flatnonzero(log_odds > LEAST_LOG_ODDS)
    if not len(usable):
        return usable
    title_names, t = np.unique(titles[usable], return_inverse=True)
    body_names, b = np.unique(bodies[usable], return_inverse=True)
    gain = log_odds[usable] - LEAST_LOG_ODDS
    n_titles, n = len(title_names), len(title_names) + len(body_names)
    graph = csr_array((np.ones(len(t)), (t, n_titles + b)), shape=(n, n))
    component = connected_components(graph, directed=False)[1][t]
    order = np.argsort(component, kind="stable")
    bounds = np.flatnonzero(np.diff(component[order], prepend=-1, append=-1))
    chosen: list[NDArray[np.int64]] = []
    for start, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        part = order[start:stop]
        chosen.append(part if len(part) == 1 else part[_best_of_component(t[part], b[part], gain[part])])
    return np.sort(usable[np.concatenate(chosen)])


def _best_of_component(t: NDArray[np.int64], b: NDArray[np.int64], gain: NDArray[np.float64]) -> NDArray[np.int64]:
    n_titles, t = _numbered(t)
    n_bodies, b = _numbered(b)
    place = np.arange(len(t))
    if max(n_titles, n_bodies) <= _DENSE:
        table, which = np.zeros((n_titles, n_bodies)), np.full((n_titles, n_bodies), -1)
        table[t, b], which[t, b] = gain, place
        chosen = which[linear_sum_assignment(table, maximize=True)]
        return np.sort(chosen[chosen >= 0])
    alone = np.arange(n_titles)  # a body of its own for each title that stays alone
    most = gain.max() + 1
    costs = csr_array(
        (np.concatenate([most - gain, np.full(n_titles, most)]),
         (np.concatenate([t, alone]), np.concatenate([b, n_bodies + alone]))), shape=(n_titles, n_bodies + n_titles),
    )  # fmt: skip
    of_titles, of_bodies = min_weight_full_bipartite_matching(costs)
    pairs = {(title, body): k for k, (title, body) in enumerate(zip(t.tolist(), b.tolist(), strict=True))}
    found = [pairs.get(pair, -1) for pair in zip(of_titles.tolist(), of_bodies.tolist(), strict=True)]
    return np.sort(np.array([k for k in found if k >= 0], np.int64))


def _numbered(keys: NDArray[np.int64]) -> tuple[int, NDArray[np.int64]]:
    names, numbers = np.unique(keys, return_inverse=True)
    return len(names), numbers
