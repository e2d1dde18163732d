"""Parquet pages, Arrow batches and rows that are honest and very large are looked at within 600 MB, or refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts memory as Linux does")
ROOT = Path(__file__).parent.parent.parent
PROMISED = 600
"""megabytes"""
ROW = 1 << 16


def one_page(n_bytes: int) -> pa.Table:
    """Rows of text that does not repeat within a row."""
    generator = np.random.default_rng(0)
    words = np.array([f"{bytes(generator.integers(97, 123, 6, np.uint8)).decode()} " for _ in range(2000)])
    text = "".join(generator.choice(words, (1 << 21) // 7))
    places = generator.integers(0, len(text) - ROW, n_bytes // ROW)
    return pa.table({"title": [text[k : k + 40] for k in places], "body": [text[k : k + ROW] for k in places]})


def write(path: Path, table: pa.Table) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(
            table, path, compression="none", use_dictionary=False, data_page_size=1 << 30, write_batch_size=1 << 20
        )
    else:
        with pa.ipc.new_file(str(path), table.schema) as writer:
            writer.write_table(table)
    return path


LAUNCHER = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stderr=subprocess.PIPE, text=True)
print(json.dumps([done.returncode, done.stderr, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024]))
"""
"""a small process in between, as one that is started by a large one counts that one's memory"""


def ran(arguments: list[str]) -> tuple[int, str, int]:
    """Exit code, last words and megabytes of a process of the command."""
    command = [sys.executable, "-m", "mismatch.cli", *arguments]
    done = subprocess.run([sys.executable, "-c", LAUNCHER, *command], capture_output=True, cwd=ROOT, check=True)
    code, said, megabytes = json.loads(done.stdout.splitlines()[-1])
    return code, said, megabytes


def scored(path: Path, out: Path) -> tuple[int, str, int]:
    """As `ran`, of a file that is scored."""
    return ran(["score", str(path), "--out", str(out), "--quiet"])


@pytest.mark.parametrize(("name", "size"), [("a.parquet", 60 << 20), ("a.arrow", 200 << 20)])
def test_a_large_page_or_batch_is_read_within_the_promised_memory(tmp_path: Path, name: str, size: int) -> None:
    path, small = write(tmp_path / name, one_page(size)), write(tmp_path / f"small_{name}", one_page(1 << 20))
    scored(small, tmp_path / "out.jsonl")  # compiles what is not compiled yet, which takes 100 to 300 MB more
    code, said, megabytes = scored(path, tmp_path / "out.jsonl")
    assert (code, said) == (0, "")
    with open(tmp_path / "out.jsonl", "rb") as out:
        rows = [json.loads(line)["mismatch_verdict"] for line in out]
    assert len(rows) == size // ROW
    assert megabytes < PROMISED, megabytes


def test_what_would_need_more_is_refused_in_little_memory(tmp_path: Path) -> None:
    code, said, megabytes = scored(write(tmp_path / "a.parquet", one_page(70 << 20)), tmp_path / "out.jsonl")
    assert code == 2
    assert "bytes in memory at once; --limit batch=BYTES allows more" in said
    assert megabytes < 400
    assert not (tmp_path / "out.jsonl").exists()


def test_rows_as_long_as_a_row_may_be_are_scored_within_the_promised_memory(tmp_path: Path) -> None:
    table = one_page(8 << 20)
    body = " ".join(table["body"].to_pylist())[:8_300_000]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"title": title, "body": body}) + "\n" for title in table["title"].to_pylist()[:6]))
    code, said, megabytes = scored(path, tmp_path / "out.jsonl")
    assert (code, said) == (0, "")
    assert (tmp_path / "out.jsonl").read_bytes().count(b"\n") == 6
    assert megabytes < PROMISED, megabytes


def test_a_batch_of_rows_as_long_as_a_row_may_be_is_looked_at_within_the_promised_memory(tmp_path: Path) -> None:
    text = " ".join(one_page(16 << 20)["body"].to_pylist())
    path = tmp_path / "a.jsonl"
    with path.open("w") as file:
        for k in range(16):
            row = {"id": k, "title": text[50 * k : 50 * k + 40], "body": text[k << 19 : (k << 19) + 8_200_000]}
            file.write(json.dumps(row) + "\n")
    gate = ["gate", str(path), "--batch", "--max-rate", "1", "--report", str(tmp_path / "page.html"), "--quiet"]
    ran(gate)  # compiles
    code, _, megabytes = ran(gate)
    assert code == 0
    assert megabytes < PROMISED, megabytes
