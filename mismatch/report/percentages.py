"""Shares for people."""

from __future__ import annotations


def percent(share: float) -> str:
    """A share with two or three digits: 0.34 %, 2.1 %, 37 %."""
    digits = 2 if share < 0.01 else 1 if share < 0.1 else 0
    return f"{100 * share:.{digits}f} %"
