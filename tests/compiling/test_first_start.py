"""The first start: every kernel for one set of types, whatever comes in by whatever door; and compiling ahead."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ordinary_pairs import PAIRS

ROOT = Path(__file__).parent.parent.parent
_EVERY_DOOR = """
import io, json, sys
from contextlib import redirect_stdout
import numpy as np, pandas, polars, pyarrow as pa
from numba.core.dispatcher import Dispatcher
import mismatch
from mismatch.cli.exercises import ARTICLE, EXERCISES, OTHERS

with redirect_stdout(io.StringIO()):
    for exercise in EXERCISES.values():
        exercise()
rows = [ARTICLE, *OTHERS]
scorer = mismatch.load(paragraphs=True)
table = pa.Table.from_pylist(rows)
scorer.score([(row["title"], row["body"]) for row in rows])
scorer.score(table)
scorer.score(table.slice(1))
scorer.score(table.cast(pa.schema([(name, pa.large_string()) for name in table.schema.names])))
scorer.score(pandas.DataFrame(rows))
scorer.score(polars.DataFrame(rows))
scorer.score([(None, "only a body"), ("", "")])
several = {}
for module in list(sys.modules.values()):
    if (getattr(module, "__name__", "") or "").startswith("mismatch."):
        for value in vars(module).values():
            if isinstance(value, Dispatcher) and len(value.overloads) > 1:
                name = value.py_func.__module__ + "." + value.py_func.__name__
                several[name] = [str(types) for types in value.overloads]
print(json.dumps(several))
"""


@pytest.mark.timeout(1500)
def test_no_kernel_is_compiled_for_two_sets_of_types(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _EVERY_DOOR], capture_output=True, text=True, cwd=ROOT, timeout=1400, check=False,
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout) == {}
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(f"{json.dumps({'title': title, 'body': body})}\n" for _, _, title, body in PAIRS))
    for command in (["score", "--out", os.devnull], ["gate"], ["repair", "--out", os.devnull]):
        said = subprocess.run(
            [sys.executable, "-m", "mismatch.cli", command[0], str(rows), *command[1:]],
            capture_output=True, text=True, cwd=ROOT, timeout=280, check=False,
            env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
        ).stderr  # fmt: skip
        assert "adapted to" in said, said
        assert "compiling" not in said, command


def compiled_ahead(cache: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mismatch.cli", "compile"],
        capture_output=True, text=True, cwd=ROOT, timeout=280, check=False,
        env={**os.environ, **({"NUMBA_CACHE_DIR": cache} if cache else {})},
    )  # fmt: skip


def test_compile_says_when_it_is_done() -> None:
    done = compiled_ahead("")
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("compiling for this machine\ndone in ")


def test_compile_says_where_nothing_can_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = compiled_ahead(str(tmp_path / "file"))
    assert done.returncode == 2
    assert "set NUMBA_CACHE_DIR to a folder" in done.stderr
    assert len(done.stderr.splitlines()) == 1
