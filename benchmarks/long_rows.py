"""Rows as long as a row may be, through every command that judges: how much memory do they take?

`python -m benchmarks.long_rows` writes forty rows of 8 MB of each kind in `KINDS`, runs each command on them, and prints the
most memory and the processor time of each. It ends with 1 when a command that has a bound of 600 MB (docs/bounds.md) took
more, or did not end as it should. The text is that of the committed articles, so that most of a row is ordinary.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.hostile import MOST_MEGABYTES, Run, attempt

ARTICLES = Path(__file__).parent.parent / "training_data" / "articles"
N_ROWS, N_BYTES = 40, 7_700_000
COMMANDS = {
    "score": ["score", "{rows}", "--out", "{out}/scored.jsonl"],
    "score to Parquet": ["score", "{rows}", "--out", "{out}/scored.parquet"],
    "score --paragraphs": ["score", "{rows}", "--paragraphs", "--out", "{out}/scored.jsonl"],
    "gate": ["gate", "{rows}", "--max-rate", "1", "--report", "{out}/gate.html"],
    "gate --batch": ["gate", "{rows}", "--batch", "--max-rate", "1", "--report", "{out}/gate.html"],
    "repair --apply": ["repair", "{rows}", "--out", "{out}/proposals.jsonl", "--apply", "{out}/repaired.jsonl"],
    "repeats": ["repeats", "{rows}", "--out", "{out}/marked.jsonl"],
    "sources": ["sources", "{rows}"],
    "explain": ["explain", "{rows}", "--row", "3"],
}


def _articles(language: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (ARTICLES / f"{language}.jsonl").open(encoding="utf-8")]


def _long_text(articles: list[dict[str, Any]], seed: int) -> str:
    drawn, parts, size = random.Random(seed), list[str](), 0
    while size < N_BYTES:
        part = drawn.choice(articles)["body"].replace("\n", " ").replace('"', "'")
        parts.append(part)
        size += len(part.encode())
    return " ".join(parts).encode()[:N_BYTES].decode("utf-8", "ignore")


def _of_prose(language: str, role: str, more: str = "") -> Callable[[int], dict[str, Any]]:
    articles = _articles(language)

    def row(i: int) -> dict[str, Any]:
        n = len(articles)
        body = articles[(i + 1) % 8 if i < 8 else i % n]["body"]  # the bodies of the first eight belong to others
        plain = {"id": str(i), "source": f"s{i % 4}.example", "title": articles[i % n]["title"], "body": body}
        begins = plain[role] + more + " " if role in ("title", "body") else ""
        return {**plain, role: begins + _long_text(articles, i)}

    return row


def _with_body(body: Callable[[int], str]) -> Callable[[int], dict[str, Any]]:
    articles = _articles("en")
    return lambda i: {"id": str(i), "title": articles[i]["title"], "body": body(i)}


def _of_keys(i: int) -> dict[str, Any]:
    article = _articles("en")[i]
    return {"title": article["title"], "body": article["body"], **{f"key{i}_{j}": j for j in range(300_000)}}


def _row_of(kind: str) -> Callable[[int], dict[str, Any]]:
    headlines = [article["title"] for article in _articles("en")[:50]]
    made: dict[str, Callable[[], Callable[[int], dict[str, Any]]]] = {
        "prose": lambda: _of_prose("en", "body"),
        "prose with one sign of four bytes": lambda: _of_prose("en", "body", " \U0001f600"),
        "Chinese": lambda: _of_prose("zh", "body"),
        "different words": lambda: _with_body(lambda i: " ".join(f"w{i}x{j:x}" for j in range(830_000))),
        "short paragraphs": lambda: _with_body(
            lambda i: "\n\n".join(f"Word{i} number {j} is said." for j in range(250_000))
        ),
        "markup": lambda: _with_body(lambda i: "".join(f"<p class=a{j}>{headlines[j % 50]}</p>" for j in range(88_000))),
        "title": lambda: _of_prose("en", "title"),
        "source": lambda: _of_prose("en", "source"),
        "id": lambda: _of_prose("en", "id"),
        "another column": lambda: _of_prose("en", "other"),
        "keys": lambda: _of_keys,
    }
    return made[kind]()


KINDS = (
    "prose", "prose with one sign of four bytes", "Chinese", "different words", "short paragraphs", "markup", "title",
    "source", "id", "another column", "keys",
)  # fmt: skip
FEWER = {"keys": 6}
"""rows, where they take long to read"""


def write(kind: str, path: Path) -> None:
    """The rows of a kind as JSON lines."""
    row = _row_of(kind)
    with path.open("w", encoding="utf-8") as file:
        for i in range(FEWER.get(kind, N_ROWS)):
            file.write(json.dumps(row(i), ensure_ascii=False) + "\n")


def runs(kind: str, commands: list[str], folder: Path) -> Iterator[Run]:
    """The commands on the rows of a kind; what they wrote is removed."""
    rows = folder / "rows.jsonl"
    write(kind, rows)
    for name in commands:
        with tempfile.TemporaryDirectory(dir=folder) as out:
            given = [part.format(rows=rows, out=out) for part in COMMANDS[name]]
            yield attempt(name, given, folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--kind", action="append", choices=KINDS, help="only these")
    parser.add_argument("--command", action="append", choices=COMMANDS, help="only these")
    given = parser.parse_args()
    kinds, commands = given.kind or list(KINDS), given.command or list(COMMANDS)
    print(
        f"Megabytes at most, and seconds of processors; {N_ROWS} rows of {N_BYTES / 1e6:.1f} MB (keys: {FEWER['keys']}).\n"
    )
    print(f"| rows | {' | '.join(commands)} |")
    print(f"|---|{'---:|' * len(commands)}", flush=True)
    bad = 0
    with tempfile.TemporaryDirectory(prefix="mismatch-") as name:
        attempt("compile", ["compile"], Path(name))
        for kind in kinds:
            cells = []
            for run in runs(kind, commands, Path(name)):
                cells.append(f"{run.megabytes}, {run.seconds:.0f} s")
                if run.code not in (0, 1) or run.megabytes > MOST_MEGABYTES:
                    bad += 1
                    said = run.said.strip()[-200:]
                    print(f"{run.what} of {kind}: exit code {run.code}, {run.megabytes} MB; {said}", file=sys.stderr)
            print(f"| {kind} | {' | '.join(cells)} |", flush=True)
    raise SystemExit(bool(bad))


if __name__ == "__main__":
    main()
