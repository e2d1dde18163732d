"""A million JSON lines of which one in a hundred is broken, in twelve ways, beside the same lines whole.

`python -m benchmarks.broken_lines` prints processor seconds, rows and peak memory of `mismatch score`, and ends with 1 when
a row is not accounted for, the broken file takes 5 % longer, or memory grows with the number of rows.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
from pathlib import Path

from benchmarks.processes import MISMATCH, measure

_WORDS = tuple("river bank council vote storm mayor police school train market price summer festival bridge".split())  # noqa: SIM905
BROKEN = (
    b'{"title": "a", "body": "b"', b"not json at all", b"[1, 2]", b"null", b'"text"', b'{"title": "a" "body": "b"}',
    b'\xff\xfe{"title": "x"}', b'{"title": {"o": 1}, "body": "b"}', b'{"title": "a", "body": {"o": 1}}',
    b'{"title": "tab\tin", "body": "b"}', b'{"title": "bad \\x escape", "body": "b"}',
    b'{"title": "deep", "body": "b", "of": ' + b"[" * 600 + b"]" * 600 + b"}",
)  # fmt: skip
SLOWER, FLAT = 1.05, 1.1


def write(path: Path, n_rows: int, *, broken: bool) -> None:
    """Lines of about 470 bytes, the same every time; `broken`: one in a hundred is replaced."""
    chance = random.Random(3)
    with path.open("wb") as file:
        for i in range(n_rows):
            title, body = " ".join(chance.sample(_WORDS, 5)), " ".join(chance.choices(_WORDS, k=60))
            line = json.dumps({"id": i, "title": title, "body": f"{body}."}).encode()
            file.write((BROKEN[i // 100 % len(BROKEN)] if broken and i % 100 == 50 else line) + b"\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    seconds: dict[str, list[float]] = {"whole": [], "broken": []}
    peaks: dict[str, float] = {}
    n_out = n_rejected = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = {"whole": given.rows, "broken": given.rows, "a tenth": given.rows // 10}
        for kind, n_rows in files.items():
            write(folder / kind, n_rows, broken=kind != "whole")
        for kind in [*(("whole", "broken") * given.runs), "a tenth"]:
            out, rejected = folder / "out.jsonl", folder / "rejected.jsonl"
            options = ["--format", "jsonl", "--quiet", "--out", out, "--rejected", rejected]
            measured = measure([*MISMATCH, "score", folder / kind, *options])
            peaks[kind] = max(peaks.get(kind, 0.0), measured.peak_mb)
            if kind in seconds:
                seconds[kind].append(measured.processor_seconds)
            if kind == "broken":
                n_out, n_rejected = (path.read_bytes().count(b"\n") for path in (out, rejected))
    whole, broken = (statistics.median(seconds[kind]) for kind in ("whole", "broken"))
    print(f"whole {whole:.1f} s, broken {broken:.1f} s ({broken / whole - 1:+.1%}), of {given.runs} runs each")
    print(f"{n_out:,} rows out, {n_rejected:,} rejected, of {given.rows:,}")
    print("peak memory: " + ", ".join(f"{kind} {peak:,.0f} MB" for kind, peak in peaks.items()))
    good = n_out + n_rejected == given.rows and broken <= SLOWER * whole and peaks["broken"] <= FLAT * peaks["a tenth"]
    raise SystemExit(not good)


if __name__ == "__main__":
    main()
