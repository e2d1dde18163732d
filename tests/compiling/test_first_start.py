"""The first start: every kernel for one set of types, whatever comes in by whatever door; and compiling ahead."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(900)  # where nothing is stored yet, everything is compiled
ROOT = Path(__file__).parent.parent.parent
_KERNELS = """
import sys
from numba.core.dispatcher import Dispatcher

def kernels():
    found = {}
    for module in list(sys.modules.values()):
        if (getattr(module, "__name__", "") or "").startswith("mismatch."):
            for value in vars(module).values():
                if isinstance(value, Dispatcher):
                    found[f"{value.py_func.__module__}.{value.py_func.__name__}"] = [str(types) for types in value.overloads]
    return found
"""
"""the kernels that a process has used, each with the types that it was compiled for"""
_EXERCISED = """
import io, json, sys
from contextlib import redirect_stdout
from mismatch.cli.exercises import EXERCISES

with redirect_stdout(io.StringIO()):
    for exercise in EXERCISES.values():
        exercise()
print(json.dumps(kernels()))
"""
_EVERY_DOOR = """
import json
import pandas, polars, pyarrow as pa
import mismatch
from mismatch.cli.exercises import ARTICLE, OTHERS

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
print(json.dumps(kernels()))
"""
_COMMAND = """
import json, sys
from mismatch.cli import main

try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
print(json.dumps(kernels()))
"""


def used(code: str, *arguments: str) -> dict[str, list[str]]:
    """What `kernels` says at the end of a process."""
    done = subprocess.run(
        [sys.executable, "-c", _KERNELS + code, *arguments],
        capture_output=True, text=True, cwd=ROOT, timeout=850, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    if arguments:
        assert "adapted to" in done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return {name: types for name, types in found.items() if types}


@pytest.fixture(scope="module")
def exercised() -> dict[str, list[str]]:
    return used(_EXERCISED)


def test_no_kernel_is_compiled_for_two_sets_of_types(exercised: dict[str, list[str]]) -> None:
    assert len(exercised) > 50
    assert {name: types for name, types in exercised.items() if len(types) > 1} == {}


def test_every_door_uses_what_was_compiled_ahead(exercised: dict[str, list[str]]) -> None:
    doors = used(_EVERY_DOOR)
    assert "mismatch.features.cascade._score_rows" in doors
    assert {name: types for name, types in doors.items() if types != exercised.get(name)} == {}


@pytest.mark.parametrize("words", [["score", "--out", os.devnull], ["gate"], ["repair", "--out", os.devnull]])
def test_every_command_uses_what_was_compiled_ahead(
    exercised: dict[str, list[str]], pairs_file: Path, words: list[str]
) -> None:
    command, *options = words
    kernels = used(_COMMAND, command, str(pairs_file), *options)
    assert "mismatch.features.cascade._score_rows" in kernels
    assert {name: types for name, types in kernels.items() if types != exercised.get(name)} == {}


def compiled_ahead(cache: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mismatch.cli", "compile"],
        capture_output=True, text=True, cwd=ROOT, timeout=850, check=False,
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
