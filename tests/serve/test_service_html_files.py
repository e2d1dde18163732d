"""HTML files that are sent to the service are parsed within bounds: a bad one costs itself, and is told why."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from served import Service
from written_pages import FERRY, FERRY_TEXT, ferry

pytest.importorskip("trafilatura")

KIND = "text/html"
SLOW = b"<html><body>" + b"<p>fog" * 600_000
"""4 MB, which take trafilatura some 20 seconds"""


@pytest.fixture
def quick(start: Callable[..., Service]) -> Service:
    return start("--work-seconds", 12, "--threads", 2)


def test_a_file_that_takes_too_long_is_422_with_the_reason_before_the_answer_is_overdue(quick: Service) -> None:
    begin = time.monotonic()
    answer = quick.post("/extract", SLOW, KIND)
    assert answer.status == 422
    assert answer.detail.startswith("the file takes longer than") and answer.detail.endswith("seconds to parse")
    assert time.monotonic() - begin < 12


def test_slow_files_on_all_threads_leave_the_service_as_it_was(quick: Service) -> None:
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(quick.post, "/extract", SLOW, KIND) for _ in range(2)]
        assert quick.get("/health").status == 200
        assert {answer.result().status for answer in waiting} == {422}
    found = quick.post("/extract", ferry().encode(), KIND)
    assert found.status == 200
    assert found.json == {"title": FERRY, "body": "\n".join(FERRY_TEXT)}


def test_a_file_that_is_no_html_is_422_with_what_it_is(service: Service) -> None:
    for content, kind in ((b"%PDF-1.7\n...", "a PDF file"), (bytes(range(256)) * 8, "binary data")):
        answer = service.post("/extract", content, KIND)
        assert (answer.status, answer.detail) == (422, f"the file is not HTML: {kind}")
