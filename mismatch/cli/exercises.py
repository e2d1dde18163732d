"""Exercises that make all kernels compile: a few made-up articles through everything that there is to call.

`python -m mismatch.cli.exercises NAME...` runs some of them. What is run is what users run, so that kernels are compiled for
the types that they are used with.
"""

from __future__ import annotations

import csv
import itertools
import json
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

ARTICLE = {
    "title": "Harbour bridge closed for repairs until spring",
    "body": "The bridge over the harbour stays closed until spring. Engineers found rust in two of its cables.\n\n" * 12,
    "source": "The Daily Ferry",
    "url": "https://ferry.example/bridge",
}
OTHERS = (
    {
        **ARTICLE,
        "title": "Ferry captains welcome the new tunnel",
        "body": "Captains of the ferry said that the new tunnel is welcome to all of them. " * 9,
    },
    {**ARTICLE, "title": "Gewerkschaft ruft zum Streik auf | News"},
    {**ARTICLE, "title": "写真", "body": "\u00e9 \\ " * 9},
)


def _pairs() -> None:
    import numpy as np
    import pyarrow as pa

    from mismatch.features.cascade import score_pairs
    from mismatch.model.model_file import load_model
    from mismatch.model.starter import model_path
    from mismatch.terms.text_buffers import text_buffers

    model = load_model(model_path("starter"))
    vectors = np.zeros((1, 2, model.lexicon.vectors.size if model.lexicon.vectors is not None else 0), np.float32)
    texts = [text_buffers(pa.array([ARTICLE[name]])) for name in ("title", "body")]
    score_pairs(texts[0], texts[1], np.ones(1, np.uint8), model.lexicon, model.forest, vectors, model.usable_first_look())


def _screening() -> None:
    import numpy as np
    import pyarrow as pa

    from mismatch.features.overlap_features import N_FEATURES
    from mismatch.model.model_file import load_model
    from mismatch.model.starter import model_path
    from mismatch.screening.screening import screen
    from mismatch.terms.text_buffers import text_buffers

    texts = [text_buffers(pa.array([ARTICLE[name]])) for name in ("title", "body")]
    screen(texts[0], texts[1], np.zeros((1, N_FEATURES), np.float32), load_model(model_path("starter")).boilerplate)


def _topics() -> None:
    import numpy as np

    from mismatch.model.model_file import load_model
    from mismatch.model.starter import model_path

    topics = load_model(model_path("starter")).topics
    if topics is not None:
        topics.name(np.ones((1, topics.weights.shape[1]), np.float32), topics.title_threshold)
        topics.disagreement(np.ones((1, 2, topics.weights.shape[1]), np.float32))


def _writing() -> None:
    import numpy as np
    import pyarrow as pa

    from mismatch.records.output.assembly import assemble
    from mismatch.records.output.fragments import json_fragments

    fields = [(b',"one":', json_fragments(pa.array(["text"]))), (b',"list":', json_fragments(pa.array([["text"]])))]
    line = b'{"title": "Ferry"}'
    places = np.zeros(1, np.int64), np.full(1, len(line), np.int64)
    assemble(np.arange(1), fields, b"}\n", (np.frombuffer(line, np.uint8), *places))


def _shifts() -> None:
    import pyarrow as pa

    from mismatch.batch.shifts import find_shifts
    from mismatch.model.model_file import load_model
    from mismatch.model.starter import model_path

    find_shifts(load_model(model_path("starter")), pa.Table.from_pylist([ARTICLE, *OTHERS]))


def _python() -> None:
    import mismatch

    mismatch.load(paragraphs=True, explain=True).score([(ARTICLE["title"], ARTICLE["body"])])


def _adapting() -> None:
    """On rows enough to adapt to, with what cleaning finds in some: a page's markup, a title that stands again in its body."""
    from mismatch.cli import app
    from mismatch.records.left_behind import scratch_prefix
    from mismatch.terms.document_frequency import DocumentCounter

    syllables = "ba", "do", "fe", "gu", "ki", "la", "mo", "ne", "pu", "ri", "so", "tu"
    words = ["".join(word) for word in itertools.product(syllables, repeat=3)]
    rows = []
    for k in range(0, 32 * 48, 32):
        title = " ".join(words[k : k + 6]).capitalize()
        rows.append({"title": title, "body": f"{title}\n<p>{' '.join(words[k : k + 32])}.</p> {ARTICLE['body']}"})
    with tempfile.TemporaryDirectory(prefix=scratch_prefix()) as name:
        source = Path(name) / "rows.jsonl"
        source.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        app(["score", str(source), "--quiet", "--out", str(source.with_name("scored.jsonl"))], standalone_mode=False)
    DocumentCounter().absorb(DocumentCounter())  # as where several threads have counted


def _command(*arguments: str, read: str = "jsonl", write: str | None = None) -> None:
    """A command on a file of the format `read`; `write` is the format of its output."""
    from mismatch.cli import app
    from mismatch.records.left_behind import scratch_prefix

    with tempfile.TemporaryDirectory(prefix=scratch_prefix()) as name:
        source = _written(Path(name) / f"rows.{read}")
        target = ["--out", str(Path(name) / f"scored.{write}")] if write else []
        if code := app([arguments[0], str(source), *arguments[1:], *target], standalone_mode=False):
            raise SystemExit(code)


def _written(path: Path) -> Path:
    rows = [ARTICLE, *OTHERS]
    if path.suffix in (".jsonl", ".json"):
        lines = [json.dumps({**row, "mismatch_verdict": None}) for row in rows]
        path.write_text("\n".join(lines) if path.suffix == ".jsonl" else f"[{','.join(lines)}]")
    elif path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(ARTICLE))
            writer.writeheader()
            writer.writerows(rows)
    else:
        import pyarrow as pa
        import pyarrow.feather
        import pyarrow.parquet

        table = pa.Table.from_pylist(rows)
        if path.suffix == ".parquet":
            pyarrow.parquet.write_table(table, path)
        else:
            with pa.ipc.new_file(path, table.schema) as file:
                file.write_table(table)
    return path


def _score(read: str, write: str) -> Callable[[], None]:
    return partial(_command, "score", "--quiet", read=read, write=write)


EXERCISES: dict[str, Callable[[], None]] = {
    "pairs": _pairs,
    "screening": _screening,
    "topics": _topics,
    "writing": _writing,
    "json lines": _score("jsonl", "jsonl"),
    "explain": partial(_command, "explain"),
    "evaluate": partial(_command, "evaluate", "--quiet", "--swaps", "--json"),
    "repair": partial(_command, "repair", "--quiet", write="jsonl"),
    "repeats": partial(_command, "repeats", "--quiet"),
    "paragraphs": partial(_command, "score", "--quiet", "--paragraphs", write="jsonl"),
    "json array": _score("json", "json"),
    "csv": _score("csv", "csv"),
    "adapting": _adapting,
    "parquet": _score("parquet", "parquet"),
    "arrow": _score("arrow", "arrow"),
    "json to table": _score("jsonl", "parquet"),
    "table to json": _score("csv", "jsonl"),
    "python": _python,
    "shifts": _shifts,
}


if __name__ == "__main__":
    for name in sys.argv[1:]:
        EXERCISES[name]()
