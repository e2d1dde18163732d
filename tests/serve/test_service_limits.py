"""Every limit, met on purpose: the right status, one line, and a service that goes on."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from served import Service, head_of, received, status_of

from mismatch.serve.admission import MAX_HEAD
from mismatch.serve.application.api import MAX_EXPLAIN
from mismatch.serve.application.batcher import BATCH_WAIT, MAX_WAITING
from mismatch.serve.application.slow_lane import MAX_AT_WORK
from mismatch.serve.application.stream import MAX_STREAMS
from mismatch.serve.settings import LARGEST_BODIES_HELD

BODY = {"title": "A title", "body": "A body"}


@pytest.fixture(scope="module")
def small(model_path: Path) -> Iterator[Service]:
    """A service with small limits."""
    options = {
        "--max-body": 20_000, "--max-stream": 200_000, "--max-rows": 3, "--body-seconds": 1, "--idle-seconds": 1,
        "--max-connections": 20,
    }  # fmt: skip
    with Service("--model", model_path, *[part for item in options.items() for part in item]) as running:
        yield running
        assert running.get("/health").status == 200
        assert running.metrics()["mismatch_held_bytes"] == 0


@pytest.mark.parametrize("path", ["/score", "/explain"])
def test_a_body_that_is_too_large_is_413(small: Service, path: str) -> None:
    answer = small.post(path, {"title": "t", "body": "x" * 30_000})
    assert answer.status == 413
    assert "20,000 bytes" in answer.detail


def test_a_body_of_unknown_length_is_413_as_soon_as_it_is_too_large(small: Service) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(50):
            yield b"x" * 1000

    answer = small.ask("POST", "/score", pieces(), {"content-type": "application/json"})
    assert answer.status == 413


def test_a_text_that_is_too_long_to_explain_is_413(service: Service) -> None:
    long = {"title": "t", "body": "x" * MAX_EXPLAIN}
    assert service.post("/explain", long).status == 413
    assert service.post("/score", long).status == 200


def test_too_many_articles_in_a_list_are_422(small: Service) -> None:
    answer = small.post("/score", [BODY] * 4)
    assert answer.status == 422
    assert "JSON lines" in answer.detail
    assert small.post("/score", [BODY] * 3).status == 200


def test_a_stream_that_is_too_large_is_413(small: Service) -> None:
    assert small.stream([{"title": "t", "body": "x" * 1000}] * 300).status == 413


def test_a_row_that_is_too_long_is_answered_in_its_place(small: Service) -> None:
    rows = small.stream([BODY, {"title": "t", "body": "x" * 30_000}, BODY]).rows
    assert [row.get("line") for row in rows] == [None, 2, None]
    assert "longer than" in rows[1]["error"]


def test_headers_that_are_too_large_are_431(small: Service) -> None:
    assert small.get("/health", padding="x" * MAX_HEAD).status == 431
    assert small.get("/" + "y" * MAX_HEAD).status == 431
    assert small.get("/health", padding="x" * (MAX_HEAD // 2)).status == 200


def test_a_body_that_does_not_come_is_408(small: Service) -> None:
    for kind in ("application/json", "application/x-ndjson"):
        with small.connect() as connection:
            connection.sendall(head_of(100, kind=kind) + b'{"title"')
            assert status_of(received(connection)) == 408


def test_a_body_that_trickles_is_408_too(small: Service) -> None:
    with small.connect() as connection:
        connection.sendall(head_of(1000))
        for _ in range(8):
            time.sleep(0.2)
            try:
                connection.sendall(b" ")
            except OSError:
                break
        assert status_of(received(connection)) == 408


def test_an_idle_kept_connection_is_closed(small: Service) -> None:
    with small.connect() as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        begin = time.monotonic()
        assert b'{"status":"ok"}' in received(connection)
        assert 0.5 < time.monotonic() - begin < 5


def test_one_stream_too_many_is_503_and_the_place_becomes_free_again(start: Callable[..., Service]) -> None:
    service = start()
    with ExitStack() as open_streams:
        for _ in range(MAX_STREAMS):
            connection = open_streams.enter_context(service.connect())
            connection.sendall(head_of(100, kind="application/x-ndjson") + b'{"title"')
        time.sleep(0.5)
        answer = service.stream([BODY])
        assert answer.status == 503
        assert answer.headers["retry-after"] == "1"
    time.sleep(0.5)
    assert service.stream([BODY]).status == 200


def test_one_connection_too_many_is_503(small: Service) -> None:
    opened = [small.connect() for _ in range(20)]
    try:
        time.sleep(0.2)
        assert small.get("/health").status == 503
    finally:
        for connection in opened:
            connection.close()
    time.sleep(0.3)
    assert small.get("/health").status == 200


def test_work_on_half_of_the_connections_is_503_while_health_still_answers(small: Service) -> None:
    waiting = [small.connect() for _ in range(10)]
    try:
        for connection in waiting:
            connection.sendall(head_of(100) + b"{")
        time.sleep(0.3)
        answer = small.post("/score", BODY)
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert small.get("/health").status == 200
    finally:
        for connection in waiting:
            connection.close()
    time.sleep(0.3)
    assert small.post("/score", BODY).status == 200


def test_bodies_beyond_the_memory_for_them_are_503(start: Callable[..., Service]) -> None:
    service = start("--max-body", 20_000)
    with ExitStack() as unfinished:
        for _ in range(LARGEST_BODIES_HELD):
            connection = unfinished.enter_context(service.connect())
            connection.sendall(head_of(20_000) + b" " * 19_900)
        time.sleep(0.5)
        answer = service.post("/score", {"title": "t", "body": "x" * 15_000})
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert service.post("/score", BODY).status == 200
    time.sleep(0.5)
    assert service.post("/score", {"title": "t", "body": "x" * 15_000}).status == 200


def test_too_many_waiting_articles_are_503(start: Callable[..., Service]) -> None:
    service = start("--max-rows", 10 * MAX_WAITING)
    answer = service.post("/score", [BODY] * (MAX_WAITING + 1))
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert service.post("/score", [BODY] * MAX_WAITING).status == 200


def test_what_takes_too_long_is_504(start: Callable[..., Service]) -> None:
    service = start("--work-seconds", BATCH_WAIT / 2)
    assert service.post("/score", BODY).status == 504
    assert service.post("/explain", {"title": "one two three", "body": "word " * 40_000}).status == 504


def test_too_many_explanations_at_once_are_503(start: Callable[..., Service]) -> None:
    service = start("--threads", 1)
    long = {"title": "one two three", "body": "word " * 20_000}
    statuses: list[int] = []

    def ask() -> None:
        statuses.append(service.post("/explain", long).status)

    threads = [threading.Thread(target=ask) for _ in range(2 * MAX_AT_WORK)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) == {200, 503}
    assert statuses.count(200) >= MAX_AT_WORK


@pytest.mark.parametrize("path", ["/score", "/explain", "/extract"])
def test_compressed_bodies_are_415(service: Service, path: str) -> None:
    kind = "text/html" if path == "/extract" else "application/json"
    assert service.post(path, b"x", kind, **{"content-encoding": "gzip"}).status == 415


def test_a_compressed_stream_is_415(service: Service) -> None:
    import gzip

    assert service.post("/score", gzip.compress(b'{"title":"a","body":"b"}'), "application/x-ndjson").status == 415


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400), (b"{", 400), (b'{"title":"a","body":"\xff"}', 400), (b'{"title":"a","body":NaN}', 400),
        (b'{"title":"a","body":"\\ud800"}', 400), (b"[" * 5000, 400), (b"null", 422), (b'"text"', 422), (b"{}", 422),
        (b'{"title":1,"body":"b"}', 422), (b'{"title":["a"],"body":"b"}', 422), (b'[{"title":"a","body":"b"},3]', 422),
    ],
)  # fmt: skip
def test_what_is_no_article_is_refused_in_one_line(service: Service, body: bytes, status: int) -> None:
    for path in ("/score", "/explain"):
        answer = service.post(path, body)
        assert answer.status == status
        assert "\n" not in answer.detail
        assert len(answer.detail) < 300
        assert "Traceback" not in json.dumps(answer.json)


def test_an_unknown_query_parameter_of_a_stream_is_422(service: Service) -> None:
    assert service.stream([BODY], "/score?colour=red").status == 422
    assert service.stream([BODY], "/score?only=maybe").status == 422


def test_other_methods_are_405_and_other_addresses_404(service: Service) -> None:
    assert service.ask("PUT", "/score", b"{}").status == 405
    assert service.get("/score").status == 405
    assert service.get("/static/../settings.py").status == 404
    assert service.get("/static/%2e%2e%2fsettings.py").status == 404
    assert service.get("/nothing").status == 404
