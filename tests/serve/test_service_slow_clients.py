"""Clients that send, or read, slower than anybody needs: their places go to others, and nothing of theirs piles up."""

from __future__ import annotations

import gzip
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from served import Service, head_of, received, status_of

from mismatch.serve.admission import PATIENCE as BODY_PATIENCE
from mismatch.serve.application import spool as spools
from mismatch.serve.application.spool import Spool
from mismatch.serve.application.stream import LONGEST_NAME, MAX_STREAMS, PATIENCE
from mismatch.serve.problems import Problem
from mismatch.serve.protocol import LONGEST_HEAD

ROW = b'{"title":"The river flooded the town","body":"On Monday the river flooded the town after days of rain"}\n'
_CHUNKED = b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n"


Connections = Callable[[Service, int], list[socket.socket]]


@pytest.fixture
def connections() -> Iterator[Connections]:
    """Opens connections; they are closed at the end of the test."""
    with ExitStack() as stack:
        yield lambda service, n: [stack.enter_context(service.connect(30)) for _ in range(n)]


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def test_a_slow_stream_gives_its_place_to_another(start: Callable[..., Service], connections: Connections) -> None:
    running = start()
    head = _CHUNKED % (b"/score", b"application/x-ndjson")
    slow = connections(running, MAX_STREAMS)
    for connection in slow:
        connection.sendall(head + _chunk(ROW))
    time.sleep(0.5)
    assert running.post("/score", ROW, "application/x-ndjson").status == 503
    time.sleep(PATIENCE)
    assert running.post("/score", ROW, "application/x-ndjson").status == 200
    ended = received(slow[0])
    assert (status_of(ended), b"too slowly while others waited" in ended) == (408, True)
    slow[1].sendall(_chunk(ROW) + b"0\r\n\r\n")
    assert received(slow[1], first_only=True).count(b"mismatch_verdict") == 2


def test_a_slow_body_gives_its_place_to_another_request(start: Callable[..., Service], connections: Connections) -> None:
    running = start("--max-connections", 4)
    slow = connections(running, 2)
    for connection in slow:
        connection.sendall(head_of(len(ROW)) + ROW[:-40])
    time.sleep(0.3)
    assert running.post("/score", ROW).status == 503
    time.sleep(BODY_PATIENCE)
    assert running.post("/score", ROW).status == 200
    first = received(slow[0])
    assert (status_of(first), b"too slowly while others waited" in first) == (408, True)
    slow[1].sendall(ROW[-40:])
    assert status_of(received(slow[1], first_only=True)) == 200


def test_a_connection_on_which_nothing_is_asked_gives_way_to_another(
    start: Callable[..., Service], connections: Connections
) -> None:
    running = start("--max-connections", 2)
    idle = connections(running, 2)
    idle[1].sendall(b"GET /health HTTP/1.1\r\nHo")
    time.sleep(BODY_PATIENCE + 0.3)
    assert running.get("/health").status == 200
    assert idle[0].recv(100) == b""


def test_a_head_that_does_not_end_is_408_in_time_and_431_in_length(start: Callable[..., Service]) -> None:
    running = start("--body-seconds", 1, "--idle-seconds", 1)
    assert status_of(running.raw(b"GET /health HTTP/1.1\r\nHost: a")) == 408
    with running.connect() as silent:
        begin = time.monotonic()
        assert received(silent) == b""
        assert time.monotonic() - begin < 5
    before = running.memory()
    assert status_of(running.raw(b"GET /health HTTP/1.1\r\nX: " + b"a" * 2 * LONGEST_HEAD)) in (0, 431)
    trailer = _CHUNKED % (b"/score", b"application/json") + _chunk(b"{}") + b"0\r\nX: "
    with running.connect(10) as connection:
        connection.sendall(trailer)
        with pytest.raises(ConnectionError):
            connection.sendall(b"a" * 100_000_000)
    assert running.memory() - before < 20
    assert running.get("/health").status == 200


def test_requests_that_are_sent_ahead_are_no_heads(service: Service) -> None:
    body = json.dumps({"title": "The river", "body": "water " * 40_000}).encode()
    n = 6
    with service.connect(30) as connection:
        sending = threading.Thread(target=connection.sendall, args=((head_of(len(body)) + body) * n,))
        sending.start()
        answers = b""
        while answers.count(b'"body_topic"') < n and (data := connection.recv(1 << 16)):
            answers += data
        sending.join()
    assert answers.count(b"HTTP/1.1 200 OK") == n


def test_a_compressed_stream_is_415_however_small_its_first_piece_is(service: Service) -> None:
    data = gzip.compress(ROW * 1000)
    for n in (1, 2, 3):
        request = _CHUNKED % (b"/score", b"application/x-ndjson") + _chunk(data[:n])
        with service.connect() as connection:
            connection.sendall(request)
            time.sleep(0.1)
            connection.sendall(_chunk(data[n:]) + b"0\r\n\r\n")
            assert status_of(received(connection, first_only=True)) == 415


def test_a_row_with_carriage_returns_between_its_tokens_stays_whole(service: Service) -> None:
    row = ROW.replace(b",", b",\r").replace(b":", b":\r\t")
    answer = service.post("/score", row + b"broken\n" + row, "application/x-ndjson")
    rows = [json.loads(line) for line in answer.body.split(b"\n")[:-1]]
    assert [row.get("line") for row in rows] == [None, 2, None]
    assert answer.body.startswith(row[:-2])


def test_rows_that_are_not_judged_in_time_are_504(start: Callable[..., Service]) -> None:
    running = start("--work-seconds", 0.02, "--max-body", 64 << 20)
    row = json.dumps({"title": "The river", "body": "The river flooded the town. " * 250_000}).encode()
    assert running.post("/score", row + b"\n", "application/x-ndjson").status == 504
    for _ in range(100):  # the thread ends in its own time, and then gives its place back
        time.sleep(0.1)
        if running.post("/score", ROW, "application/x-ndjson").status == 200:
            break
    else:
        pytest.fail("the place of the stream was not given back")


def test_an_explanation_of_very_many_different_words_is_bounded(service: Service) -> None:
    words = " ".join(f"word{i}" for i in range(12_000))
    begin = time.monotonic()
    assert service.post("/explain", {"title": words, "body": words[::-1]}).status == 200
    assert time.monotonic() - begin < 20


def test_an_explanation_of_a_long_title_without_spaces_is_bounded(service: Service) -> None:
    title, body = ("".join(chr(0x4E00 + i * step % 20_000) for i in range(n)) for step, n in ((7, 3000), (11, 60_000)))
    begin = time.monotonic()
    assert service.post("/explain", {"title": title, "body": body}).status == 200
    assert time.monotonic() - begin < 20


def test_a_long_name_of_a_column_does_not_come_back_with_each_row(service: Service) -> None:
    name = b"n" * (LONGEST_NAME + 1)
    answer = service.post("/score", b"title,body," + name + b"\n" + b",,\n" * 1000, "text/csv")
    assert answer.status == 422 and "name of more than" in answer.detail
    assert service.post("/score", b"title,body," + name[1:] + b"\n,,\n", "text/csv").status == 200
    answer = service.post("/score", bytes(1 << 20), "text/csv")
    assert answer.status == 422 and len(answer.body) < 2000


def test_a_client_that_still_sends_sees_why_its_stream_is_refused(service: Service) -> None:
    body = b"title,body" + b",c" * 20_000 + b"\n" + b"x,y\n" * 1_500_000
    answer = service.post("/score", body, "text/csv")
    assert answer.status == 422 and "columns" in answer.detail


def test_what_waits_to_be_fetched_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spools, "_SEGMENT", 1000)
    spool = Spool(lambda: None, 5000, 0.2)
    spool.write(b"x" * 5000)
    with pytest.raises(Problem, match="5,000 bytes of the answer wait to be fetched"):
        spool.write(b"y")
    assert spool.take(3000) + spool.take(3000) + spool.take(9000) == b"x" * 3000
    spool.close()


def test_what_is_fetched_while_more_is_written_comes_whole_and_leaves_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spools, "_SEGMENT", 1000)
    spool, written = Spool(lambda: None, 5000, 10), [bytes([65 + i % 26]) * (i * 37 % 1700) for i in range(200)]
    thread = threading.Thread(target=lambda: [spool.write(piece) for piece in written])
    thread.start()
    taken, most = b"", 0
    while thread.is_alive() or spool._segments:
        taken += spool.take(700)
        most = max(most, len(spool._segments))
    assert taken == b"".join(written)
    assert most <= 7
    spool.close()


@pytest.mark.parametrize("end", ["leave()", "leave_after(0.5); time.sleep(60)"])
def test_a_thread_that_does_not_end_does_not_keep_the_process(end: str) -> None:
    code = (
        "import time; from concurrent.futures import ThreadPoolExecutor\n"
        "from mismatch.serve.server import leave, leave_after\n"
        f"ThreadPoolExecutor(1).submit(time.sleep, 100); time.sleep(0.2); {end}"
    )
    begin = time.monotonic()
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], timeout=60, check=False).returncode == 0
    assert time.monotonic() - begin < 40
