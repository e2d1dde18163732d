"""One verdict everywhere: the same row gets the same verdict and probability at every front door, with one model."""

from __future__ import annotations

import csv
import http.client
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from mismatch import MismatchClassifier, load
from mismatch.judging.scorer import Scorer
from mismatch.training.labels import CLASSES

ROOT = Path(__file__).parent.parent
SUFFIX = " | The Daily Ferry"
HABIT = " - Fähranleger am Sund"
"""no list of sites has it: only the stream shows that it is no headline"""
Judged = dict[str, tuple[str, float | None]]


def judged(rows: Any) -> Judged:
    """Verdict and probability by id."""
    return {row["id"]: (row["mismatch_verdict"], row["mismatch_probability"]) for row in rows}


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    """The English articles with a site's name behind each title, every tenth over the body of the one before, and one vague
    title over several of them."""
    with (ROOT / "training_data" / "articles" / "en.jsonl").open(encoding="utf-8") as file:
        given = [json.loads(line) for line in file]
    out = []
    for i, row in enumerate(given):
        body = given[i - 1]["body"] if i % 10 == 5 else row["body"]
        title = (f"Wandering lanterns, {i % 28 + 1} May" if i % 60 == 7 else row["title"]) + (HABIT if i % 2 else SUFFIX)
        out.append({"id": row["id"], "source": "sund.example" if i % 2 else "ferry.example", "title": title, "body": body})
    return out


@pytest.fixture(scope="module")
def adapted(rows: list[dict[str, str]]) -> Scorer:
    """The starter, adapted to these rows."""
    return load().adapt(pa.Table.from_pylist(rows))


@pytest.fixture(scope="module")
def model(adapted: Scorer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "adapted.joblib"
    adapted.save(path)
    return path


@pytest.fixture(scope="module")
def expected(adapted: Scorer, rows: list[dict[str, str]]) -> Judged:
    """What the scorer says of each row on its own."""
    verdicts = [adapted.verdicts([row["title"]], [row["body"]], [row["source"]])[0] for row in rows]
    found = {row["id"]: (v.verdict, v.probability) for row, v in zip(rows, verdicts, strict=True)}
    assert {verdict for verdict, _ in found.values()} >= {"match", "mismatch", "unsure"}  # else the tests say little
    return found


@pytest.fixture(scope="module")
def files(rows: list[dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The rows in every format that is read."""
    folder, table = tmp_path_factory.mktemp("rows"), pa.Table.from_pylist(rows)
    paths = {kind: folder / f"rows.{kind}" for kind in ("jsonl", "json", "csv", "tsv", "parquet", "arrow")}
    paths["jsonl"].write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    paths["json"].write_text(json.dumps(rows), "utf-8")
    for kind, delimiter in (("csv", ","), ("tsv", "\t")):
        with paths[kind].open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)
    pyarrow.parquet.write_table(table, paths["parquet"])
    pyarrow.feather.write_feather(table, paths["arrow"])
    return paths


def test_the_model_has_learned_what_only_the_stream_shows(adapted: Scorer) -> None:
    title, _ = adapted.prepared("Pier closed for a week" + HABIT, "", "sund.example")
    assert title == "Pier closed for a week"
    assert load().prepared("Pier closed for a week" + HABIT, "", "sund.example")[0] == "Pier closed for a week" + HABIT


def test_the_model_knows_the_title_that_says_nothing(adapted: Scorer, rows: list[dict[str, str]], expected: Judged) -> None:
    assert adapted.model.stream is not None
    assert len(adapted.model.stream.recurring) == 1
    verdicts = [expected[row["id"]] for row in rows if row["title"].startswith("Wandering lanterns")]
    assert {verdict for verdict, _ in verdicts} == {"unsure"}


def test_a_suffix_that_is_plainly_a_site_changes_no_verdict_of_the_starter(rows: list[dict[str, str]]) -> None:
    starter = load()
    bare = [row["title"].removesuffix(SUFFIX).removesuffix(HABIT) for row in rows]
    bodies = [row["body"] for row in rows]
    assert starter.verdicts([title + SUFFIX for title in bare], bodies) == starter.verdicts(bare, bodies)


@pytest.mark.parametrize("kind", ["jsonl", "json", "csv", "tsv", "parquet", "arrow"])
def test_score_says_it_of_every_format(
    invoke: Callable[..., Any], files: dict[str, Path], model: Path, expected: Judged, kind: str
) -> None:
    done = invoke("score", files[kind], "--model", model, "--only", "--out-format", "jsonl")
    assert done.code == 0, done.err
    assert judged(done.rows) == expected


def test_neither_threads_nor_the_order_of_rows_nor_where_they_come_from_matters(
    invoke: Callable[..., Any], rows: list[dict[str, str]], model: Path, expected: Judged, tmp_path: Path
) -> None:
    shuffled = tmp_path / "shuffled.jsonl"
    shuffled.write_text("".join(json.dumps(row) + "\n" for row in sorted(rows, key=lambda row: row["body"])), "utf-8")
    for threads in (1, 2, 3):
        assert judged(invoke("score", shuffled, "--model", model, "--only", "--threads", threads).rows) == expected
    piped = invoke("score", "-", "--model", model, "--only", stdin=shuffled.read_bytes())
    assert judged(piped.rows) == expected


def test_what_score_adapts_to_by_itself_depends_on_the_rows_alone(
    invoke: Callable[..., Any], rows: list[dict[str, str]], files: dict[str, Path], expected: Judged, tmp_path: Path
) -> None:
    shuffled = tmp_path / "shuffled.jsonl"
    shuffled.write_text("".join(json.dumps(row) + "\n" for row in reversed(rows)), "utf-8")
    for path in (shuffled, files["csv"], files["parquet"]):
        assert judged(invoke("score", path, "--only", "--out-format", "jsonl").rows) == expected
    assert judged(load().score(pa.Table.from_pylist(rows)).to_pylist()) == expected
    as_it_is = judged(invoke("score", shuffled, "--only", "--no-adapt").rows)
    assert as_it_is != expected
    assert as_it_is == judged(load().score(pa.Table.from_pylist(rows), adapt=False).to_pylist())


def test_gate_says_it(
    invoke: Callable[..., Any], files: dict[str, Path], model: Path, expected: Judged, tmp_path: Path
) -> None:
    passed, flagged = tmp_path / "passed.jsonl", tmp_path / "flagged.jsonl"
    assert invoke("gate", files["jsonl"], "--model", model, "--passed", passed, "--flagged", flagged).code == 0
    split = [[json.loads(line) for line in path.read_text("utf-8").splitlines()] for path in (passed, flagged)]
    assert judged(split[0] + split[1]) == expected
    assert {row["mismatch_verdict"] for row in split[1]} == {"mismatch"}


def test_explain_says_it_of_a_row_and_of_texts(
    invoke: Callable[..., Any], files: dict[str, Path], rows: list[dict[str, str]], model: Path, expected: Judged
) -> None:
    for i in (1, 6, 16, 26, 36, 46, 100, 200):
        row = rows[i - 1]
        texts = ("--title", row["title"], "--body-text", row["body"], "--source", row["source"])
        for arguments in ((files["csv"], "--row", i), texts):
            said = invoke("explain", *arguments, "--model", model).out.decode()
            verdict, probability = expected[row["id"]]
            assert said.startswith(verdict.upper())
            if probability is not None:
                shown = re.search(r"\(probability ([01]\.\d{3})\)", said)
                assert shown is not None, said
                assert float(shown[1]) == pytest.approx(probability, abs=0.0005)


def test_python_says_it_of_pairs_and_of_frames(rows: list[dict[str, str]], model: Path, expected: Judged) -> None:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    duckdb = pytest.importorskip("duckdb")
    scorer, table = load(model), pa.Table.from_pylist(rows)
    assert judged(scorer.score(table).to_pylist()) == expected
    assert judged(scorer.score(table.to_batches()[0]).to_pylist()) == expected
    assert judged(scorer.score(polars.DataFrame(rows)).to_dicts()) == expected
    assert judged(scorer.score(duckdb.connect().from_arrow(table)).to_arrow_table().to_pylist()) == expected
    in_pandas = scorer.score(pandas.DataFrame(rows)).to_dict("records")
    assert (
        judged([{**row, "mismatch_probability": _none_for_nan(row["mismatch_probability"])} for row in in_pandas])
        == expected
    )
    bare = [{key: row[key] for key in ("id", "title", "body")} for row in rows]
    of_pairs = scorer.score([(row["title"], row["body"]) for row in rows])
    without_source = judged(scorer.score(pa.Table.from_pylist(bare)).to_pylist())
    assert {row["id"]: (v.verdict, v.probability) for row, v in zip(rows, of_pairs, strict=True)} == without_source


def _none_for_nan(value: float | None) -> float | None:
    return None if value is None or value != value else value


def test_the_estimator_says_it(rows: list[dict[str, str]], adapted: Scorer, expected: Judged) -> None:
    classifier = MismatchClassifier()
    classifier.model_, classifier.classes_ = adapted.model, CLASSES
    table = pa.Table.from_pylist(rows)
    probability, predicted = classifier.predict_proba(table)[:, 1], classifier.predict(table)
    for row, p, verdict in zip(rows, probability.tolist(), predicted.tolist(), strict=True):
        if expected[row["id"]][0] != "unscorable":
            assert p == expected[row["id"]][1]
            assert (verdict == "mismatch") == (expected[row["id"]][0] == "mismatch")


def test_http_says_it_of_one_of_a_list_and_of_a_stream(
    rows: list[dict[str, str]], files: dict[str, Path], model: Path, expected: Judged
) -> None:
    pytest.importorskip("fastapi")
    sys.path.insert(0, str(Path(__file__).parent / "serve"))
    from served import Service

    with Service("--model", model) as service, ExitStack() as stack:
        client = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
        stack.callback(client.close)

        def post(body: bytes, kind: str) -> bytes:
            client.request("POST", "/score", body, {"Content-Type": kind})
            answer = client.getresponse()
            data = answer.read()
            assert answer.status == 200, data
            return data

        one_by_one = [json.loads(post(json.dumps(row).encode(), "application/json")) for row in rows]
        assert judged(one_by_one) == expected
        assert judged(json.loads(post(json.dumps(rows).encode(), "application/json"))) == expected
        stream = post(files["jsonl"].read_bytes(), "application/x-ndjson")
        assert judged(json.loads(line) for line in stream.splitlines()) == expected
        table = post(files["csv"].read_bytes(), "text/csv")
        assert judged(json.loads(line) for line in table.splitlines()) == expected


_CRAWL = """
import json, sys
import scrapy
from scrapy.crawler import CrawlerProcess

class Articles(scrapy.Spider):
    name = "articles"
    start_urls = [sys.argv[1]]

    def parse(self, response):
        yield from (json.loads(line) for line in response.text.splitlines())

process = CrawlerProcess({
    "ITEM_PIPELINES": {"mismatch.integrations.scrapy.MismatchPipeline": 300}, "MISMATCH_ACTION": "tag",
    "MISMATCH_MODEL": sys.argv[2], "FEEDS": {sys.argv[3]: {"format": "jsonlines"}}, "TELNETCONSOLE_ENABLED": False,
})
process.crawl(Articles)
process.start()
"""


@pytest.fixture
def site(files: dict[str, Path]) -> Iterator[str]:
    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = files["jsonl"].read_bytes() if self.path == "/articles" else b""
            self.send_response(200 if data else 404)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/articles"
    server.shutdown()
    server.server_close()


def test_scrapy_says_it_in_a_crawl(site: str, model: Path, expected: Judged, tmp_path: Path) -> None:
    pytest.importorskip("scrapy")
    feed = tmp_path / "items.jsonl"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "no_proxy": "*"}
    command = [sys.executable, "-c", _CRAWL, site, str(model), str(feed)]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    assert judged(json.loads(line) for line in feed.read_text("utf-8").splitlines()) == expected


@pytest.mark.filterwarnings("default")  # datatrove's own
def test_datatrove_says_it(rows: list[dict[str, str]], model: Path, expected: Judged) -> None:
    pytest.importorskip("datatrove")
    from datatrove.data import Document

    from mismatch.integrations.datatrove import MismatchFilter

    documents = [Document(row["body"], row["id"], metadata={k: row[k] for k in ("title", "source")}) for row in rows]
    MismatchFilter(model).filter_batch(documents)
    assert judged({"id": document.id, **document.metadata} for document in documents) == expected


def test_spark_says_it(
    run: Callable[..., Any], files: dict[str, Path], model: Path, expected: Judged, tmp_path: Path
) -> None:
    pytest.importorskip("pyspark")
    if os.system("java -version 2> /dev/null") != 0:
        pytest.skip("Spark needs Java")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "rows.parquet").write_bytes(files["parquet"].read_bytes())
    done = run("score", folder, "--engine", "spark", "--out", tmp_path / "out", "--model", model, timeout=280)
    assert done.code == 0, done.err
    assert judged(pyarrow.parquet.read_table(tmp_path / "out").to_pylist()) == expected
