"""Files of which a few bytes were changed, in a child process: none crashes it, none ends in a traceback."""

from __future__ import annotations

from benchmarks.altered_files import attempt
from benchmarks.altering import seeds


def test_a_hundred_altered_files_are_read_or_refused() -> None:
    n = max(100, 4 * len(seeds()))
    outcome = attempt("files", 0, n)
    assert (outcome.died, outcome.tracebacks) == ([], [])
    assert outcome.ends.total() == n
    assert outcome.slowest < 10
    assert min(outcome.ends[end] for end in ("refused", "the rest refused", "some rows rejected", "read whole")) > 0
