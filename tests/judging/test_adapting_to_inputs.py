"""What `score` and `gate` adapt to: rows from all of the input, however it is sorted and cut into files."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from mismatch.judging import adaptation, pipeline
from mismatch.judging.scorer import Scorer, load
from mismatch.model.model import Model
from mismatch.records.reading import Reader
from mismatch.records.tables import pairs_of

ROOT = Path(__file__).parent.parent.parent
HABITS = {"zh": " - 麦田晚报", "en": " - Fähranleger am Sund"}
"""what stands behind the titles of each half; no list of sites has it"""


@pytest.fixture(scope="module")
def starter() -> Scorer:
    return load()


def articles(language: str, n: int) -> list[dict[str, str]]:
    """So many different rows of one source, made of the articles of a language."""
    lines = (ROOT / "training_data" / "articles" / f"{language}.jsonl").read_text("utf-8").splitlines()
    given = [json.loads(line) for line in lines]
    out = []
    for i in range(n):
        row = given[i % len(given)]
        round_ = f" {i // len(given)}" if i >= len(given) else ""
        out.append({"source": language, "title": row["title"] + round_ + HABITS[language], "body": row["body"] + round_})
    return out


def as_lines(rows: list[dict[str, str]], padding: int = 0) -> bytes:
    return "".join(json.dumps({"raw": "x" * padding, **row}, ensure_ascii=False) + "\n" for row in rows).encode()


def adapted_to(starter: Scorer, *inputs: Path) -> Model:
    return pipeline.adapted(Reader([str(path) for path in inputs]), starter)[0].model


def has_learned(model: Model, starter: Scorer) -> set[str]:
    """The sources whose habit is cut from a title."""
    titles = {language: "标题标题标题标题" if language == "zh" else "Pier closed for a week" for language in HABITS}
    scorer = starter.with_model(model)
    return {s for s, title in titles.items() if scorer.prepared(title + HABITS[s], "", s)[0] == title}


def test_a_file_sorted_by_source_is_adapted_to_from_both_its_halves(starter: Scorer, tmp_path: Path) -> None:
    rows = articles("zh", 600) + articles("en", 600)
    path = tmp_path / "sorted.jsonl"
    path.write_bytes(as_lines(rows, padding=32_000))
    assert path.stat().st_size > 2 * pipeline.RUNS.total_bytes
    model = adapted_to(starter, path)
    assert has_learned(starter.model, starter) == set()
    assert has_learned(model, starter) == {"zh", "en"}
    reader, before = Reader([str(path)]), model.stream
    scorer, chunks, _ = pipeline.adapted(reader, starter)
    assert scorer.model.stream is not None and before is not None
    assert scorer.model.stream.share_interval == before.share_interval
    assert sum(len(chunk.decode()) for chunk in chunks) == len(rows)
    assert reader.bytes_read == path.stat().st_size


def test_what_cannot_be_sought_in_is_adapted_to_from_its_beginning(starter: Scorer, tmp_path: Path) -> None:
    data = as_lines(articles("zh", 600) + articles("en", 600), padding=32_000)
    path = tmp_path / "sorted.jsonl.gz"
    path.write_bytes(gzip.compress(data, 1))
    assert has_learned(adapted_to(starter, path), starter) == {"zh"}
    stream = Reader(["-"], format="jsonl", stdin=io.BytesIO(data))
    assert has_learned(pipeline.adapted(stream, starter)[0].model, starter) == {"zh"}


def test_many_small_files_are_adapted_to_as_one_table_of_their_rows(starter: Scorer, tmp_path: Path) -> None:
    rows = articles("zh", 40) + articles("en", 200)
    for i in range(12):
        (tmp_path / f"{i:02d}.jsonl").write_bytes(as_lines(rows[20 * i : 20 * i + 20]))
    model = adapted_to(starter, tmp_path)
    expected = adaptation.adapt(starter.model, pairs_of(Reader([str(tmp_path)]))).model
    assert model.stream is not None and expected.stream is not None
    assert (model.stream.n_pairs, model.stream.share_interval) == (240, expected.stream.share_interval)
    scored = starter.with_model(model).score_table(pa.Table.from_pylist(rows))
    assert scored == starter.score(pa.Table.from_pylist(rows))


def test_a_file_in_columns_is_adapted_to_as_its_table(starter: Scorer, tmp_path: Path) -> None:
    import pyarrow.parquet

    rows: list[dict[str, Any]] = articles("zh", 3000) + articles("en", 3000)
    table = pa.Table.from_pylist(rows)
    pyarrow.parquet.write_table(table, tmp_path / "sorted.parquet")
    model = adapted_to(starter, tmp_path / "sorted.parquet")
    assert has_learned(model, starter) == {"zh", "en"}
    some = table.take(list(range(0, 6000, 60)))
    assert starter.with_model(model).score_table(some) == starter.adapt(table).score_table(some)
