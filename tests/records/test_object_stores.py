"""Inputs, outputs and models in an object store: a real server, which knows nothing of us."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import object_store
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from object_store import ObjectStore, Way

import mismatch
from mismatch.records.drawing import Runs
from mismatch.records.reading import Reader

Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def server() -> Iterator[ObjectStore]:
    with object_store.started() as store:
        yield store


@pytest.fixture
def store(server: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    """The server, and an environment that says where it is."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    return server


def _json_lines(rows: Rows) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _parquet(rows: Rows) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink, row_group_size=7)
    return sink.getvalue()


def _arrow(rows: Rows) -> bytes:
    sink, table = io.BytesIO(), pa.Table.from_pylist(rows)
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=7)
    return sink.getvalue()


def _csv(rows: Rows) -> bytes:
    sink, table = io.BytesIO(), pa.Table.from_pylist(rows)
    pyarrow.csv.write_csv(table, sink)
    return sink.getvalue()


WRITTEN: dict[str, Callable[[Rows], bytes]] = {
    "rows.jsonl": _json_lines,
    "rows.jsonl.gz": lambda rows: gzip.compress(_json_lines(rows)),
    "rows.jsonl.zst": lambda rows: pa.compress(_json_lines(rows), codec="zstd", asbytes=True),
    "rows.json": lambda rows: json.dumps(rows).encode(),
    "rows.csv": _csv,
    "rows.parquet": _parquet,
    "rows.arrow": _arrow,
}


def _said_by(code: str, *arguments: str) -> str:
    command = [sys.executable, "-W", "ignore", "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


def _pairs(*inputs: str | Path) -> list[tuple[str, str]]:
    blocks = [chunk.decode() for chunk in Reader(list(inputs))]
    return [(row["title"], row["body"]) for block in blocks for row in block.pairs.to_pylist()]


@pytest.mark.parametrize("name", WRITTEN)
def test_every_format_is_read_from_a_store(store: ObjectStore, articles: Rows, name: str) -> None:
    address = store.put(f"formats/{name}", WRITTEN[name](articles))
    assert _pairs(address) == [(row["title"], row["body"]) for row in articles]


@pytest.mark.parametrize("name", ["scored.jsonl", "scored.csv.gz", "scored.parquet", "scored.arrow"])
def test_what_is_scored_from_store_to_store_is_what_is_scored_here(
    store: ObjectStore, invoke: Callable[..., Any], tmp_path: Path, pairs_file: Path, model_path: Path, name: str
) -> None:
    address = store.put("in/articles.jsonl", pairs_file.read_bytes())
    here = invoke("score", pairs_file, "--model", model_path, "--out", tmp_path / name)
    there = invoke("score", address, "--model", model_path, "--out", store.address(f"out/{name}"))
    assert (here.code, there.code, there.said) == (0, 0, here.said)
    assert store.get(f"out/{name}") == (tmp_path / name).read_bytes()


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("days", ["1.jsonl", "2.csv", "deep/er/3.jsonl"]),
        ("days/", ["1.jsonl", "2.csv", "deep/er/3.jsonl"]),
        ("days/*.jsonl", ["1.jsonl"]),
        ("days/[0-9].*", ["1.jsonl", "2.csv"]),
        ("days/**/*.jsonl", ["1.jsonl", "deep/er/3.jsonl"]),
        ("d*/deep/*/?.jsonl", ["deep/er/3.jsonl"]),
        ("days/deep/er/3.jsonl", ["deep/er/3.jsonl"]),
    ],
)
def test_a_folder_and_a_pattern_stand_for_the_files_in_them(
    store: ObjectStore, articles: Rows, named: str, expected: list[str]
) -> None:
    for key in ("1.jsonl", "deep/er/3.jsonl", ".hidden/4.jsonl", "notes.txt"):
        store.put(f"days/{key}", _json_lines(articles[:1]))
    store.put("days/2.csv", _csv(articles[:1]))
    assert Reader([store.address(named)]).origins == [store.address(f"days/{key}") for key in expected]


def test_an_address_may_say_where_its_store_is(server: ObjectStore, articles: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", object_store.KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", object_store.SECRET)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    where = f"?scheme=http&endpoint_override=127.0.0.1:{server.port}&region=us-east-1"
    server.put("where/rows.jsonl", _json_lines(articles[:2]))
    assert len(_pairs(f"s3://{object_store.BUCKET}/where/*.jsonl{where}")) == 2
    assert len(_pairs(f"s3://{object_store.BUCKET}/where/rows.jsonl{where}")) == 2


def test_gate_writes_all_it_writes_into_a_store(
    store: ObjectStore, invoke: Callable[..., Any], articles: Rows, stray: dict[str, str], model_path: Path
) -> None:
    address = store.put("gate/in.jsonl", _json_lines([*articles, stray]) + b"no row\n")
    options = {name: store.address(f"gate/out/{name}.jsonl") for name in ("passed", "flagged", "rejected")}
    options["report"] = store.address("gate/out/report.html")
    given = [item for name, value in options.items() for item in (f"--{name}", value)]
    ended = invoke("gate", address, "--model", model_path, "--no-adapt", "--max-rejected", "0.5", *given)
    assert ended.code == 0, ended.err
    flagged = [json.loads(line)["id"] for line in (store.get("gate/out/flagged.jsonl") or b"").splitlines()]
    assert flagged == ["stray"]
    assert len((store.get("gate/out/passed.jsonl") or b"").splitlines()) == len(articles)
    assert json.loads(store.get("gate/out/rejected.jsonl") or b"")["file"] == address
    assert b"</html>" in (store.get("gate/out/report.html") or b"")


def test_a_model_is_trained_into_a_store_and_loaded_from_it(
    store: ObjectStore, invoke: Callable[..., Any], tmp_path: Path, pairs_file: Path, stray: dict[str, str]
) -> None:
    address = store.put("train/articles.jsonl", pairs_file.read_bytes())
    for pairs, out in ((address, store.address("train/model.joblib")), (pairs_file, tmp_path / "model.joblib")):
        ended = invoke("train", pairs, "--fresh", "--date", "2026-01-01", "--out", out)
        assert ended.code == 0, ended.err
    assert store.get("train/model.joblib") == (tmp_path / "model.joblib").read_bytes()
    scored = mismatch.load(store.address("train/model.joblib")).score([(stray["title"], stray["body"])])
    assert scored[0].verdict == "mismatch"


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv", "rows.parquet", "rows.arrow"])
def test_a_look_at_all_of_an_object_sees_what_it_sees_in_a_file(
    store: ObjectStore, tmp_path: Path, articles: Rows, name: str
) -> None:
    content = WRITTEN[name]([dict(row, title=f"{row['title']} {i}") for i in range(20) for row in articles])
    (tmp_path / name).write_bytes(content)
    runs = Runs(8, 4, 1 << 13)
    here = Reader([tmp_path / name]).drawn_evenly(runs)
    there = Reader([store.put(f"look/{name}", content)]).drawn_evenly(runs)
    assert here
    assert there == here


def test_a_look_at_all_of_an_object_fetches_little_of_it(
    store: ObjectStore, articles: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = _json_lines(articles) * 400
    address = store.put("look/large.jsonl", content)
    with Way(store.port) as way:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{way.port}")
        assert Reader([address]).drawn_evenly(Runs(16, 8, 1 << 15))
        assert way.received < min(3 << 20, len(content) / 3)


def test_a_parquet_object_of_many_row_groups_is_opened_by_few_requests(
    store: ObjectStore, articles: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = _parquet(articles * 20)
    n_groups = pq.ParquetFile(io.BytesIO(content)).num_row_groups
    address = store.put("look/groups.parquet", content)
    with Way(store.port) as way:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{way.port}")
        assert Reader([address]).columns
        assert n_groups > 100
        assert way.sent < 400 * n_groups  # a request has more, so that there are fewer of them than groups


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read there")
def test_reading_holds_little_of_an_object_in_memory(store: ObjectStore, articles: Rows) -> None:
    lines = _json_lines(articles)
    code = (
        "import re, sys; from mismatch.records.reading import Reader\n"
        "rows = sum(len(chunk.decode()) for chunk in Reader(sys.argv[1:]))\n"
        "print(rows, int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]) // 1024)"
    )
    peaks = []
    for times in (16, 96):
        n = times * (1 << 20) // len(lines)
        rows, peak = map(int, _said_by(code, store.put("large/rows.jsonl", lines * n)).split())
        assert rows == n * len(articles)
        peaks.append(peak)
    assert peaks[1] - peaks[0] < 40  # of 80 MB more
