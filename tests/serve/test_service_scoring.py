"""What the service answers when all is well."""

from __future__ import annotations

import json
import threading
from http.client import HTTPResponse
from pathlib import Path
from socket import MSG_PEEK
from typing import Any

import pytest
from served import Service, head_of

from mismatch.judging.scorer import Scorer
from mismatch.judging.verdicts import ADDED_SCHEMA
from mismatch.records.columns import USUAL_NAMES
from mismatch.screening.reasons import LIKELIHOODS, REASONS, VERDICT_SENTENCES

Article = dict[str, str]


def test_one_article_gets_the_verdict_that_the_scorer_gives(service: Service, scorer: Scorer, stray: Article) -> None:
    answer = service.post("/score", stray)
    expected = scorer.score([(stray["title"], stray["body"])])[0]
    assert answer.status == 200
    assert list(answer.json) == ["id", *ADDED_SCHEMA.names]
    assert answer.json["mismatch_verdict"] == expected.verdict
    assert answer.json["mismatch_probability"] == expected.probability
    assert answer.json["mismatch_reasons"] == list(expected.reasons)


def test_a_list_comes_back_in_its_order(service: Service, articles: list[Article]) -> None:
    rows = service.post("/score", articles).json
    assert [row["id"] for row in rows] == [article["id"] for article in articles]
    assert service.post("/score", []).json == []


@pytest.mark.parametrize(("given", "back"), [("a", "a"), (7, 7), (False, None), (1.5, None), ([1], None), (None, None)])
def test_an_id_is_text_or_a_whole_number(service: Service, stray: Article, given: Any, back: Any) -> None:
    assert service.post("/score", {**stray, "id": given}).json.get("id") == back


def test_the_usual_names_of_fields_are_known(service: Service, stray: Article) -> None:
    named = service.post("/score", {"Headline": stray["title"], "maintext": stray["body"]}).json
    plain = service.post("/score", {"title": stray["title"], "body": stray["body"]}).json
    assert named == plain


def test_a_missing_text_is_unscorable_and_not_an_error(service: Service) -> None:
    row = service.post("/score", {"title": None, "body": "Something"}).json
    assert row["mismatch_verdict"] == "unscorable"
    assert row["mismatch_reasons"] == ["title_missing"]
    assert row["mismatch_probability"] is None


def test_requests_that_come_together_are_judged_together_and_answered_each_with_its_own(
    service: Service, scorer: Scorer, articles: list[Article]
) -> None:
    verdicts = scorer.score([(article["title"], article["body"]) for article in articles])
    expected = {article["id"]: verdict.verdict for article, verdict in zip(articles, verdicts, strict=True)}
    wrong: list[Any] = []

    def ask(part: list[Article]) -> None:
        for article in part:
            row = service.post("/score", article).json
            if row["mismatch_verdict"] != expected[row["id"]] or row["id"] != article["id"]:
                wrong.append(row)

    threads = [threading.Thread(target=ask, args=(articles[i::8],)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_stream_keeps_every_byte_of_its_rows(service: Service) -> None:
    lines = [
        b'{"title":"Envoy on Syria", "n":1.50,"big":12345678901234567890,"body":"Speaking \\u00e9","x":{"y":[1, 2]}}',
        b'{"body": "", "title": ""}',
    ]
    answer = service.stream(lines)
    assert answer.headers["content-type"] == "application/x-ndjson"
    for line, back in zip(lines, answer.body.splitlines(), strict=True):
        assert back.startswith(line[:-1] + b',"mismatch_verdict":')


def test_a_row_that_cannot_be_read_is_answered_in_its_place(service: Service, stray: Article) -> None:
    rows = service.stream([stray, b"nonsense", b"", b"[1]", stray]).rows
    assert [row.get("line") for row in rows] == [None, 2, 4, None]
    assert "not valid JSON" in rows[1]["error"]


def test_a_stream_can_leave_out_everything_but_the_id(service: Service, stray: Article) -> None:
    (row,) = service.stream([stray], "/score?only=true").rows
    assert list(row) == ["id", *ADDED_SCHEMA.names]


def test_columns_of_a_stream_can_be_named(service: Service, stray: Article) -> None:
    row = {"kopf": stray["title"], "rumpf": stray["body"]}
    missing = service.stream([{**row, "rumpf": "Too short to be told as a body."}])
    assert missing.status == 422
    assert "?title=COLUMN" in missing.detail
    (judged,) = service.stream([row], "/score?title=kopf&body=rumpf").rows
    assert judged["mismatch_verdict"] == service.post("/score", stray).json["mismatch_verdict"]


@pytest.mark.parametrize(("kind", "tab"), [("text/csv", ","), ("text/tab-separated-values", "\t")])
def test_csv_comes_back_as_json_lines(service: Service, kind: str, tab: str) -> None:
    text = tab.join(["id", "title", "body"]) + "\r\n" + tab.join(["7", '"A ""b"""', "c"]) + "\r\n"
    (row,) = service.post("/score", text.encode(), kind).rows
    assert (row["id"], row["title"], row["body"]) == ("7", 'A "b"', "c")


def test_a_long_stream_is_answered_to_a_client_that_reads_only_at_the_end(service: Service, stray: Article) -> None:
    line = json.dumps(stray).encode() + b"\n"
    count = 30_000_000 // len(line)
    with service.connect(60) as connection:
        connection.sendall(head_of(count * len(line), kind="application/x-ndjson"))
        for _ in range(count):
            connection.sendall(line)
        answer = HTTPResponse(connection)
        answer.begin()
        assert answer.read().count(b'"mismatch_verdict"') == count


@pytest.mark.parametrize("proxied", [False, True])
def test_through_a_proxy_the_answer_begins_when_the_stream_is_whole(service: Service, stray: Article, proxied: bool) -> None:
    """nginx stops sending a request once the answer begins."""
    line = json.dumps(stray).encode() + b"\n"
    count = 2_000_000 // len(line)
    more = {"X_Forwarded_For": "192.0.2.1"} if proxied else {}
    with service.connect(2) as connection:
        connection.sendall(head_of((count + 1) * len(line), kind="application/x-ndjson", **more) + line * count)
        if proxied:
            with pytest.raises(TimeoutError):
                connection.recv(1, MSG_PEEK)
        else:
            assert connection.recv(1, MSG_PEEK) == b"H"
        connection.sendall(line)
        answer = HTTPResponse(connection)
        answer.begin()
        assert answer.read().count(b'"mismatch_verdict"') == count + 1


def test_an_explanation_says_why_in_words_and_where(service: Service) -> None:
    body = "Ein Gespräch in Łódź 🏏 über Syrien. " * 4
    found = service.post("/explain", {"title": "Łódź and cricket", "body": body}).json
    assert set(ADDED_SCHEMA.names) <= set(found)
    assert found["words"]
    assert "cricket" in [term["text"] for term in found["explanation"]["terms"] if not term["found"]]
    assert {body[start:stop] for start, stop in found["marks"]} == {"Łódź"}


def test_words_that_most_texts_have_are_not_marked(service: Service) -> None:
    body = "The ferries stop in the autumn, and the harbour is closed by the port. " * 6
    found = service.post("/explain", {"title": "The harbour is closed and the winter begins", "body": body}).json
    marked = {body[start:stop] for start, stop in found["marks"]}
    assert {"harbour", "closed"} <= marked
    assert not marked & {"the", "The", "and"}


def test_an_html_file_gives_its_title_and_body(service: Service) -> None:
    pytest.importorskip("trafilatura")
    paragraph = "Speaking to reporters on Thursday, the envoy said that the talks would go on for some weeks. " * 5
    article = f"<nav>Home</nav><article><h1>Talks go on</h1><p>{paragraph}</p></article>"
    html = f"<html><head><title>Talks go on</title></head><body>{article}</body></html>"
    found = service.post("/extract", html.encode(), "text/html; charset=utf-8").json
    assert found["title"] == "Talks go on"
    assert found["body"].startswith("Speaking to reporters")


def test_the_metrics_count_rows_verdicts_and_the_model(service: Service, stray: Article, model_path: Path) -> None:
    import hashlib

    before = service.metrics()
    service.post("/score", [stray, stray])
    after = service.metrics()
    verdict = service.post("/score", stray).json["mismatch_verdict"]
    assert after["mismatch_rows_total"] - before["mismatch_rows_total"] == 2
    name = f'mismatch_verdicts_total{{verdict="{verdict}"}}'
    assert after[name] - before[name] == 2
    digest = hashlib.sha256(model_path.read_bytes()).hexdigest()
    assert any(key.startswith("mismatch_model_info") and digest in key for key in after)
    assert service.get("/ready").json["digest"] == digest
    assert 'mismatch_request_seconds_count{route="/score"}' in after


def test_health_and_the_description_are_there(service: Service) -> None:
    assert service.get("/health").json == {"status": "ok"}
    document = service.get("/openapi.json").json
    assert {"/score", "/explain", "/extract", "/vocabulary", "/health", "/ready", "/metrics"} == set(document["paths"])


def test_the_description_names_the_formats_and_columns_of_the_package(service: Service) -> None:
    score = service.get("/openapi.json").json["paths"]["/score"]["post"]
    types = set(score["requestBody"]["content"]) - {"application/json"}
    assert types == set(service.get("/vocabulary").json["content_types"].values())
    row, _ = score["responses"]["200"]["content"]["application/json"]["schema"]["anyOf"]
    assert row["required"] == ADDED_SCHEMA.names
    assert row["properties"]["mismatch_reasons"]["items"]["enum"] == list(REASONS)


def test_the_vocabulary_is_the_one_that_the_package_uses(service: Service) -> None:
    answer = service.get("/vocabulary").json
    assert answer["reasons"] == REASONS
    assert answer["verdicts"] == VERDICT_SENTENCES
    assert [(item["at_least"], item["words"]) for item in answer["likelihoods"]] == list(LIKELIHOODS)
    assert {role: tuple(names) for role, names in answer["columns"].items()} == USUAL_NAMES


def test_files_of_every_format_of_streams_have_a_content_type_that_is_taken(service: Service, stray: Article) -> None:
    types = service.get("/vocabulary").json["content_types"]
    assert {"jsonl", "ndjson", "csv", "tsv"} <= set(types)
    for ending, kind in types.items():
        header = {"csv": b"title,body\n", "tsv": b"title\tbody\n"}.get(ending, b"")
        assert service.post("/score", header + (b"" if header else json.dumps(stray).encode()), kind).status == 200
