"""The pairs written by hand are what their benchmark says, and no right one of them is flagged."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import mismatch

sys.path[:0] = [str(Path(__file__).parent.parent.parent)]

from benchmarks.pairs_by_hand import read  # noqa: E402


def test_as_many_right_pairs_as_wrong_ones_in_english_and_ten_other_languages() -> None:
    rows = read()
    assert Counter((row["lang"] == "en", row["wrong"]) for row in rows) == {
        (True, True): 26, (True, False): 26, (False, True): 14, (False, False): 14,
    }  # fmt: skip
    assert len({row["lang"] for row in rows} - {"en"}) >= 10
    assert len({row["id"] for row in rows}) == len({row["body"] for row in rows}) == len(rows)
    assert all(60 <= len(row["body"].split()) <= 200 for row in rows if row["lang"] not in ("ja", "zh"))


def test_no_right_pair_is_flagged() -> None:
    rows = [row for row in read() if not row["wrong"]]
    verdicts = mismatch.load().verdicts([row["title"] for row in rows], [row["body"] for row in rows])
    assert [row["id"] for row, verdict in zip(rows, verdicts, strict=True) if verdict.verdict == "mismatch"] == []
