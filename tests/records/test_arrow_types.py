"""Columns of any Arrow type, alone and inside of others, reach every output, or their rows are rejected."""

from __future__ import annotations

from benchmarks.arrow_types import attempt


def test_columns_of_any_type_reach_every_output() -> None:
    ends, wrong = attempt("few")
    assert wrong == []
    assert ends["all rows"] > 400
