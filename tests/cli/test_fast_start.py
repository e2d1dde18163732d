"""Starting without what is not needed: the rows are the same, and what was refused can be imported afterwards."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def run(script: str) -> str:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


def test_pandas_and_scipy_are_not_loaded_to_start() -> None:
    script = """
import sys
from mismatch.cli import fast_start
fast_start.start()
import pyarrow as pa
from mismatch.terms.tokens import terms_of
assert len(terms_of("two words")) == 2 and pa.array([1, 2]).to_pylist() == [1, 2]
print(sorted({"pandas", "scipy", "cffi"} & set(sys.modules)))
"""
    assert run(script) == "[]"


def test_what_was_refused_can_be_imported_afterwards() -> None:
    script = """
import sys
from mismatch.cli import fast_start
fast_start.start()
assert not any(isinstance(finder, fast_start._Refusal) for finder in sys.meta_path)
import scipy.sparse
print(scipy.sparse.csr_array([[0, 2]]).sum())
"""
    assert run(script) == "2"


def test_nothing_is_refused_where_it_is_in_use() -> None:
    script = """
import scipy.linalg
from mismatch.cli import fast_start
fast_start.start()
import numpy as np
from numba import njit
print(njit(lambda a, b: a @ b)(np.ones(3), np.ones(3)))
"""
    assert run(script) == "3.0"


def test_a_stream_is_scored_without_them(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    body = "The ferry ran aground in thick fog. " * 20
    rows.write_text(f'{{"title": "Ferry runs aground in fog", "body": "{body}"}}\n')
    script = f"""
import sys
from mismatch.cli import app
try:
    app(["score", {str(rows)!r}, "--out", {str(tmp_path / "out.jsonl")!r}, "--quiet"])
except SystemExit as end:
    assert not end.code
print(sorted({{"pandas", "scipy"}} & set(sys.modules)))
"""
    assert run(script) == "[]"
    assert '"mismatch_verdict"' in (tmp_path / "out.jsonl").read_text()
