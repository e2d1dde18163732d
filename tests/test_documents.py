"""The documents do what they say: their code blocks are run, section by section, each section in a folder of its own.

`sh` blocks are run by bash, `python` blocks of a section as one script, `sql` blocks by DuckDB. A comment in front of a
block says what is special: `<!-- needs: pandera -->` (a package), `<!-- file: gate.sh -->` (the block is a file),
`<!-- exits: 1 -->`, `<!-- not run: reason -->`.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = (
    "data-frames.md", "integrations.md", "pages.md", "recipes.md", "repair.md", "repeats.md", "review.md", "scale.md",
    "sources.md",
)  # fmt: skip
_BLOCK = re.compile(r"((?:^<!-- .*? -->\n)*)^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_REMARK = re.compile(r"<!-- (needs|file|exits|not run): (.*?) -->")
_RUN = ("sh", "python", "sql")


@dataclass(frozen=True)
class Block:
    language: str
    text: str
    remarks: dict[str, str]


def sections(document: str) -> list[tuple[str, list[Block]]]:
    """The sections that have blocks to run, by heading."""
    found = []
    path = ROOT / "docs" / document
    for part in re.split(r"^(?=## )", path.read_text(), flags=re.MULTILINE) if path.exists() else []:
        heading = part.partition("\n")[0].lstrip("# ")
        blocks = [Block(language, text, dict(_REMARK.findall(remarks))) for remarks, language, text in _BLOCK.findall(part)]
        blocks = [b for b in blocks if "not run" not in b.remarks and (b.language in _RUN or "file" in b.remarks)]
        if blocks:
            found.append((f"{document}: {heading}", blocks))
    return found


CASES = [section for document in DOCUMENTS for section in sections(document)]


@pytest.fixture
def newsroom(tmp_path: Path) -> Path:
    """The folder that the documents speak of: a day's scrapes, an archive, and `mismatch` on the path."""
    stories = runpy.run_path(str(ROOT / "tests" / "integrations" / "stories.py"))
    scrapes = stories["rows"](200, wrong_every=40)
    folder = tmp_path / "newsroom"
    day = folder / "scrapes" / "2026-11-22"
    day.mkdir(parents=True)
    for i in range(3):
        _write_lines(day / f"paper{i}.jsonl", [row for row in scrapes if row["source"] == f"paper{i}.example"])
    _write_lines(folder / "today.jsonl", scrapes)
    _write_lines(folder / "archive.jsonl", stories["rows"](240))
    command = tmp_path / "bin" / "mismatch"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mismatch.cli "$@"\n')
    command.chmod(0o755)
    return folder


def _write_lines(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.parametrize("blocks", [pytest.param(blocks, id=name) for name, blocks in CASES])
def test_what_a_document_shows_runs(blocks: list[Block], newsroom: Path) -> None:
    for block in blocks:
        for name in block.remarks.get("needs", "").split():
            if shutil.which(name) is None and importlib.util.find_spec(name) is None:
                pytest.skip(f"{name} is not installed")
    script = ""
    for block in blocks:
        if "file" in block.remarks:
            path = newsroom / block.remarks["file"]
            path.write_text(block.text)
            path.chmod(0o755)
        elif block.language == "python":
            script += block.text
        elif block.language == "sql":
            _run([sys.executable, "-c", f"import duckdb\nprint(duckdb.sql({block.text!r}))"], newsroom, 0)
        else:
            _run(["bash", "-euo", "pipefail", "-c", block.text], newsroom, int(block.remarks.get("exits", 0)))
    if script:
        (newsroom / "example.py").write_text(script)
        _run([sys.executable, "example.py"], newsroom, 0)


def _run(command: list[str], folder: Path, expected: int) -> None:
    path = os.pathsep.join([str(folder.parent / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    python_path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {
        **os.environ, "PATH": path, "PYTHONPATH": python_path, "DAY": "2026-11-22", "HOME": str(folder),
        "SPARK_CONF_DIR": str(ROOT / "tests" / "spark"),
    }  # fmt: skip
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240)
    words = f"{command[-1]}\nended with {done.returncode}, not {expected}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    assert done.returncode == expected, words
    assert "Traceback" not in done.stderr, words
