"""Where the benchmarks find their corpora, and how they read them.

The corpora are not part of the project. Set MISMATCH_CORPORA to the folder with `train/` and `dev/` (JSON lines, gzipped,
`title` and `body` in each row); by default `../shared/corpora` is tried.
"""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa

from mismatch.records.columns import ColumnChoice
from mismatch.records.tables import read_pairs

ROOT = Path(os.environ.get("MISMATCH_CORPORA", Path(__file__).parent.parent.parent / "shared" / "corpora"))
CACHE = Path(__file__).parent / ".cache"
ENGLISH = ("newssumm_india", "fakehealth", "hyperpartisan_byarticle", "fake_vs_satire", "fakenewsamt", "technews", "reuters")


def require() -> None:
    """Ends the benchmark with one line if the corpora are absent."""
    if not (ROOT / "train").is_dir():
        sys.exit(f"no corpora in {ROOT}: set MISMATCH_CORPORA to their folder")


def names(*parts: str) -> list[str]:
    """Names of the corpora in `train` and `dev`."""
    paths = [path for part in parts or ("train", "dev") for path in (ROOT / part).glob("*.jsonl.gz")]
    return sorted(path.name.removesuffix(".jsonl.gz") for path in paths)


def path_of(name: str) -> Path:
    return next(path for part in ("train", "dev") if (path := ROOT / part / f"{name}.jsonl.gz").is_file())


def read_all(name: str) -> pa.Table:
    """Columns title, body, source, id, topic, label of one corpus."""
    return read_pairs([path_of(name)], columns=ColumnChoice())


def read(name: str) -> pa.Table:
    """The real pairs of a corpus: all but the unrelated pairs of FNC-1."""
    table = read_all(name)
    if name.startswith("fnc1"):
        table = table.filter(pa.array(np.array(table["label"].to_pylist()) == "0"))
    return table


def machine() -> str:
    """One line about the machine, for the head of each table."""
    model = ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].split(":", 1)[1].strip() if names else ""
    system = f"{platform.system()}, Python {platform.python_version()}"
    return f"{model or platform.processor()}, {os.cpu_count()} cores, {system}"
