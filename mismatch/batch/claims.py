"""What other rows say of a proposal: whether something else wants the body of the title's row, and the title of the body's.

Where titles and bodies were mixed up, the proposals close rings, of two rows or of many: a title that is stray stands over
a body that another title wants, and the body that it belongs to stands under a title that wants another body. A row of which
nothing is wanted is more likely right, and a pair that would take it apart less likely: its probability of a mismatch falls,
and with it the prior of the pair (see `pairing`). How much depends on what is known of the row: of one that surely does not
fit, hardly at all, for its other half may be nowhere in the batch. Two right articles on one event claim each other's bodies
too, so that a claim adds little, and only where both are there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEAST_CLAIM = -3.0
"""log-odds of the likeliest assignment from which a pair is a claim"""
UNCLAIMED = 3.0
"""by how much the log-odds fall that a row is stray, where nothing claims its body, or its title"""
BETWEEN_CLAIMS = 1.0
"""added to the log-odds of a pair where both are claimed"""


def with_claims(
    title: NDArray[np.int64], body: NDArray[np.int64], log_odds: NDArray[np.float64], chosen: NDArray[np.int64],
    doubt: NDArray[np.float64], power: float,
) -> NDArray[np.float64]:  # fmt: skip
    """The log-odds of pairs once the claims on their rows are known.

    Parameters
    ----------
    title, body, log_odds : arrays of one length
        Places of the pairs, and how likely they are right without regard to claims.
    chosen
        Which of them make the likeliest assignment.
    doubt : float64 array, one for each place
        Probability above 0 and below 1 that the row's own title and body do not belong together.
    power
        Of that probability in the prior of a pair.
    """
    claims = chosen[log_odds[chosen] > LEAST_CLAIM]
    is_wanted, wants = np.zeros(len(doubt), bool), np.zeros(len(doubt), bool)
    is_wanted[body[claims]] = wants[title[claims]] = True
    body_claimed, title_claimed = is_wanted[title], wants[body]
    lowered = power * np.log(_without_claim(doubt) / doubt)
    of_rows = np.where(body_claimed, 0.0, lowered[title]) + np.where(title_claimed, 0.0, lowered[body])
    return log_odds + BETWEEN_CLAIMS * (body_claimed & title_claimed) + of_rows


def _without_claim(doubt: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability that a row is stray once nothing claims one half of it, by Bayes."""
    odds = doubt / (1 - doubt) * np.exp(-UNCLAIMED)
    return odds / (1 + odds)
