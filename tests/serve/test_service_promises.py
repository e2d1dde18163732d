"""What docs/service.md says of the service: its metrics, its query parameters, and what it cannot do."""

from __future__ import annotations

import gzip
import importlib.util
import json
import re
from pathlib import Path

import pytest
from served import Service

from mismatch.serve.application.html_files import extracted
from mismatch.serve.problems import Problem
from mismatch.serve.settings import ServiceSettings

DOCUMENT = (Path(__file__).parent.parent.parent / "docs" / "service.md").read_text("utf-8")
Rows = list[dict[str, str]]


def test_every_metric_that_the_document_names_is_there(service: Service) -> None:
    named = set(re.findall(r"`(mismatch_[a-z_]+)(?:\{[a-z,]+\})?`", DOCUMENT.partition("**Metrics**")[2]))
    told = set(re.findall(r"^# TYPE (\w+) ", service.get("/metrics").body.decode(), re.MULTILINE))
    assert len(named) == 11
    assert named == told


def test_a_table_is_read_as_the_query_says_it_is_laid_out(service: Service, articles: Rows) -> None:
    lines = ["Nr~Kopf~Rumpf", *(f"{row['id']}~{row['title']}~{row['body']} é" for row in articles[:3])]
    query = "/score?title=Kopf&body=Rumpf&id=Nr&delimiter=~&quote=none&encoding=cp1252&only=true"
    answer = service.post(query, "\n".join(lines).encode("cp1252"), "text/csv")
    assert answer.status == 200
    assert [row["Nr"] for row in answer.rows] == ["a0", "a1", "a2"]
    assert {row["mismatch_verdict"] for row in answer.rows} == {"match"}
    assert json.loads(answer.headers["mismatch-input"])["columns"]["body"] == "Rumpf"


def test_an_answer_that_fails_can_end_in_order(service: Service, articles: Rows) -> None:
    raw = "".join(json.dumps(row) + "\n" for row in articles).encode()
    answer = service.post("/score?in_order=true&name=a.jsonl.gz", gzip.compress(raw)[:3000], "application/octet-stream")
    assert answer.status == 200
    assert answer.rows[-1]["status"] == 422
    assert "ends early" in answer.rows[-1]["error"]


def test_an_html_file_without_the_extra_is_501(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "trafilatura" else find(name))
    with pytest.raises(Problem, match="html") as refused:
        extracted(b"<html></html>", ServiceSettings())
    assert refused.value.status == 501
