"""The datatrove filter in a pipeline of datatrove's own executor."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from stories import rows

from mismatch import InputError, Scorer
from mismatch.errors import ModelError

pytest.importorskip("datatrove", reason="datatrove is not installed (extra: datatrove)")

PAGES = rows(200, wrong_every=10)
pytestmark = pytest.mark.filterwarnings("default")  # datatrove's own


def _lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for file in sorted(folder.glob("*.jsonl")) for line in file.read_text().splitlines()]


@pytest.mark.parametrize(("tasks", "batch_size"), [(1, 64), (2, 1)])
def test_strays_go_to_the_exclusion_writer_with_the_reason(
    judge: Scorer, judge_path: Path, tmp_path: Path, tasks: int, batch_size: int
) -> None:
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter

    from mismatch.integrations.datatrove import MismatchFilter

    documents = [{"id": str(page["id"]), "text": page["body"], "headline": page["title"]} for page in PAGES]
    documents.append({"id": "untitled", "text": "Rain is expected in the west. " * 20})
    source = tmp_path / "in"
    source.mkdir()
    for part in range(2):
        (source / f"{part}.jsonl").write_text("".join(json.dumps(document) + "\n" for document in documents[part::2]))
    writer = JsonlWriter(str(tmp_path / "strays"), output_filename="${rank}.jsonl", compression=None)
    pipeline = [
        JsonlReader(str(source), glob_pattern="*.jsonl"),
        MismatchFilter(judge_path, exclusion_writer=writer, batch_size=batch_size),
        JsonlWriter(str(tmp_path / "kept"), output_filename="${rank}.jsonl", compression=None),
    ]
    LocalPipelineExecutor(pipeline, tasks=tasks, workers=tasks, logging_dir=str(tmp_path / "log")).run()

    kept, strays = _lines(tmp_path / "kept"), _lines(tmp_path / "strays")
    verdicts = judge.score([(page["title"], page["body"]) for page in PAGES])
    flagged = {str(page["id"]) for page, verdict in zip(PAGES, verdicts, strict=True) if verdict.verdict == "mismatch"}
    assert len(flagged) >= 10
    assert {row["id"] for row in strays} == flagged
    assert sorted(row["id"] for row in kept + strays) == sorted(document["id"] for document in documents)
    assert all(row["metadata"]["filter_reason"].startswith("mismatch_") for row in strays)
    untitled = next(row for row in kept if row["id"] == "untitled")
    assert untitled["metadata"]["mismatch_verdict"] == "unscorable"


def test_other_verdicts_can_be_dropped_too(judge_path: Path) -> None:
    from datatrove.data import Document

    from mismatch.integrations.datatrove import MismatchFilter

    strict = MismatchFilter(judge_path, drop=("mismatch", "unscorable"))
    result = strict.filter(Document(text="", id="1", metadata={"title": "Empty"}))
    assert isinstance(result, tuple)
    assert result[0] is False
    assert result[1].startswith("unscorable")
    with pytest.raises(InputError, match="the verdicts are"):
        MismatchFilter(judge_path, drop=("bad",))
    with pytest.raises(ModelError, match="its SHA-256 is"):
        MismatchFilter(judge_path, model_sha256="0" * 64).filter(Document(text="", id="1", metadata={"title": "Empty"}))


def test_the_filter_travels_to_workers_without_its_model(judge_path: Path) -> None:
    from datatrove.data import Document

    from mismatch.integrations.datatrove import MismatchFilter

    used = MismatchFilter(judge_path)
    document = Document(text=PAGES[0]["body"], id="1", metadata={"title": PAGES[0]["title"]})
    assert used.filter(document) is True
    pickled = pickle.dumps(used)
    assert len(pickled) < 10_000
    assert pickle.loads(pickled).filter(document) is True
