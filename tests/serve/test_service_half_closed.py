"""Clients that end their side of the connection when they have asked."""

from __future__ import annotations

import json
import socket

import pytest
from served import Service, head_of, received, status_of

ARTICLE = {"title": "Rovers win the cup", "body": "The council met to talk about the harbour. " * 5}


def _half_closed(service: Service, *pieces: bytes) -> bytes:
    with service.connect() as connection:
        for piece in pieces:
            connection.sendall(piece)
        connection.shutdown(socket.SHUT_WR)
        return received(connection)


@pytest.mark.parametrize("path", ["/score", "/explain"])
def test_a_client_that_asks_no_more_gets_its_answer(service: Service, path: str) -> None:
    body = json.dumps(ARTICLE).encode()
    answer = _half_closed(service, head_of(len(body), path) + body)
    assert status_of(answer) == 200
    assert b"mismatch_verdict" in answer


def test_a_stream_that_has_ended_is_answered_to_its_last_row(service: Service) -> None:
    body = b"".join(json.dumps({"id": n, **ARTICLE}).encode() + b"\n" for n in range(3000))
    answer = _half_closed(service, head_of(len(body), kind="application/x-ndjson"), body)
    assert status_of(answer) == 200
    assert answer.count(b"mismatch_verdict") == 3000
    assert answer.endswith(b"0\r\n\r\n")


def test_requests_that_were_sent_ahead_are_all_answered(service: Service) -> None:
    body = json.dumps(ARTICLE).encode()
    answer = _half_closed(service, (head_of(len(body)) + body) * 5)
    assert answer.count(b"HTTP/1.1 200 OK") == 5


@pytest.mark.parametrize("sent", [b"", b"GET /health HTTP/1.1\r\nHost: local", head_of(100) + b"{"])
def test_without_a_whole_request_the_connection_is_closed(service: Service, sent: bytes) -> None:
    assert b"200" not in _half_closed(service, sent)
    assert service.get("/health").status == 200
