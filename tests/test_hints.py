"""The public surface is typed: a small program that uses all of it passes mypy in its strictest setting."""

from __future__ import annotations

import importlib.resources
import os
import subprocess
import sys
from pathlib import Path

import pytest

import mismatch

ROOT = Path(__file__).parent.parent
PROGRAM = """
import mismatch
import polars as pl
from mismatch import Explanation, MismatchClassifier, Model, Scorer, Verdict, swap_scorer

scorer: Scorer = mismatch.load("starter", explain=True)
of_pairs: list[Verdict] = scorer.score([("a", "b")])
of_rows: list[Verdict] = scorer.score([{"title": "a", "body": "b"}], progress=True)
word: str = of_pairs[0].verdict
probability: float | None = of_pairs[0].probability
reasons: tuple[str, ...] = of_pairs[0].reasons
frame: pl.DataFrame = scorer.score(pl.DataFrame({"title": ["a"], "body": ["b"]}))
lazy: pl.LazyFrame = scorer.score(pl.LazyFrame({"kop": ["a"], "body": ["b"]}), title="kop")
found: Explanation = scorer.explain("a", "b")
text: str = str(found) + found._repr_html_()
plain: dict[str, object] = found.as_dict()
adapted: Scorer = scorer.adapt(frame)
adapted.save("feed.joblib")
model: Model = adapted.model
clf: MismatchClassifier = MismatchClassifier(base=None, progress=True).fit([("a", "b")], [0])
share: float = clf.score([("a", "b")])
likely: float = float(clf.predict_proba([("a", "b")])[0, 1])
clf.save("mine.joblib")
measured: float = swap_scorer("roc_auc")(clf, [("a", "b")])
try:
    mismatch.load("none.joblib")
except (mismatch.InputError, mismatch.ModelError, mismatch.MissingExtraError, mismatch.MismatchError) as error:
    print(error, mismatch.__version__)
"""
WRONG = """
import mismatch

count: int = mismatch.load().score([("a", "b")])[0].verdict
mismatch.load().explain("a")
"""


def test_a_program_that_uses_everything_passes_strictly(tmp_path: Path) -> None:
    """Slow, as mypy reads the package: about 10 s."""
    pytest.importorskip("mypy")
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "wrong.py").write_text(WRONG)
    options = ["--strict", "--follow-imports=silent", "--cache-dir", os.devnull, "--python-version", "3.11"]
    command = [sys.executable, "-m", "mypy", *options, str(tmp_path / "program.py"), str(tmp_path / "wrong.py")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    errors = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert len(errors) == 2, done.stdout + done.stderr
    assert all("wrong.py" in line for line in errors)
    assert "Incompatible types in assignment" in errors[0]
    assert 'Missing positional argument "body"' in errors[1]
    assert all(name in PROGRAM for name in mismatch.__all__)


def test_the_package_says_that_it_is_typed() -> None:
    assert (importlib.resources.files("mismatch") / "py.typed").is_file()
