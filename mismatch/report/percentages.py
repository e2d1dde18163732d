"""Shares for people."""

from __future__ import annotations


def percent(share: float) -> str:
    """A share in a sentence, with two or three digits: 0.34 %, 2.1 %, 37 %."""
    digits = 2 if share < 0.01 else 1 if share < 0.1 else 0
    return f"{100 * share:.{digits}f} %"


def percent_measured(share: float | None, digits: int | None = None) -> str:
    """A figure on a page, with three digits that count and a space that does not break; a dash for what is not known."""
    if share is None or share != share:
        return "–"
    value = 100 * share
    if digits is None:
        digits = 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f}\u00a0%"


def percent_given(share: float) -> str:
    """A share that somebody chose, on a page: without further digits."""
    return f"{100 * share:.6g}\u00a0%"
