"""Searches for bytes that break a property, guided by the branches that they reach (atheris, of the group `fuzz`).

`make fuzz` runs each for FUZZ_SECONDS. What breaks one is written to `.fuzz/NAME/crash-…`; make it a test.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["mismatch"]):
    from fuzzing import interpreted  # noqa: F401 (compiled code as Python, before the package is imported)
    from fuzzing.properties import PROPERTIES

_WORDS = (
    '"title"', '"body"', '"', '\\\\"', "\\\\u00e9", "\\\\ud800", "{", "}", "[", "]", ":", ",", "null", "true", "1e5", "NaN",
    '""', '","', 'a"b,"c', "\\x0d\\x0a", "\\xef\\xbb\\xbf", "&amp;", "&#x41;", "PAR1", "ARROW1", "\\x80\\x04}(",
)  # fmt: skip


def _begin(name: str, folder: Path) -> None:
    """A few records to begin with."""
    rows = [{"title": "A title", "body": "A body", "n": 1.5, "l": [None]}, {"title": 'é\n"\\', "body": "b" * 80}]
    lines = "\n".join(map(json.dumps, rows)).encode()
    seeds = {"json_lines": lines, "json_elements": lines.replace(b"\n", b","), "csv_records": b'a,b,c\n"x\ny","","z"\r\n'}
    if name == "columns":
        from benchmarks.altering import seeds as files

        for k, (_, data) in enumerate(files()):
            (folder / f"begin-{k}").write_bytes(data)
    (folder / "begin").write_bytes(seeds.get(name, b"&amp; text &eacute;"))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=sorted(PROPERTIES))
    parser.add_argument("--seconds", type=int, default=60)
    given = parser.parse_args()
    folder = Path(".fuzz") / given.name
    (folder / "seen").mkdir(parents=True, exist_ok=True)
    _begin(given.name, folder / "seen")
    words = folder / "words.txt"
    words.write_text("".join(f'"{word}"\n' for word in (w.replace('"', '\\"') if "\\" not in w else w for w in _WORDS)))
    options = [
        f"-max_total_time={given.seconds}", "-max_len=4096", "-timeout=20", "-rss_limit_mb=2048", f"-dict={words}",
        f"-artifact_prefix={folder}/", str(folder / "seen"),
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options], PROPERTIES[given.name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
