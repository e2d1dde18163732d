"""Pages are parsed in processes of their own, within bounds: a bad page costs itself and nothing else."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from written_pages import FERRY, FERRY_TEXT, ferry

from mismatch.records.pages.watch import Watch
from mismatch.records.pages.workers import Page, PageBounds, Workers

pytest.importorskip("trafilatura")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="bounds of POSIX")
GOOD = Page(ferry().encode())
IN_CHUNKS = b"64\r\n" + GOOD.data[:100] + b"\r\n%x;a=b\r\n" % (len(GOOD.data) - 100) + GOOD.data[100:] + b"\r\n0\r\n\r\n"
SLOW = Page(b"<html><body>" + b"<p>" + b"<ul>" + b"<li><a href='/x'>link here now</a></li>" * 80_000)
SLOWER = Page(b"<html><body>" + b"<p>fog" * 600_000)
LARGE = Page(b"<html><body>" + b"<p>Fog <b>and</b> ferries</p>" * 700_000)


@pytest.fixture
def workers(request: pytest.FixtureRequest) -> Iterator[Workers]:
    made = Workers(getattr(request, "param", PageBounds(seconds=1, memory_bytes=400 << 20, most_bytes=32 << 20)))
    yield made
    made.close()


def process_of(workers: Workers) -> int:
    return workers._idle[0]._process.pid


def test_a_page_comes_back_with_its_titles_and_its_body(workers: Workers) -> None:
    parsed = workers.parse(GOOD)
    assert parsed.reason is None and parsed.body == "\n".join(FERRY_TEXT)
    assert {(found.source, found.title) for found in parsed.candidates} == {("h1", FERRY), ("title", FERRY)}


def test_a_page_that_takes_too_long_is_refused_and_the_next_one_is_parsed(workers: Workers) -> None:
    assert workers.parse(GOOD).reason is None
    begin = time.monotonic()
    assert workers.parse(SLOW).reason == "takes longer than 1 seconds to parse"
    assert time.monotonic() - begin < 60
    assert workers.parse(GOOD).reason is None


@pytest.mark.parametrize("workers", [PageBounds(seconds=60, memory_bytes=200 << 20)], indirect=True)
def test_a_page_that_takes_too_much_memory_is_refused_and_the_next_one_is_parsed(workers: Workers) -> None:
    assert workers.parse(GOOD).reason is None
    reason = workers.parse(LARGE).reason
    assert reason is not None and ("memory" in reason or "ended the parser" in reason)
    assert workers.parse(GOOD).reason is None


def test_a_process_that_is_killed_between_two_pages_costs_nothing(workers: Workers) -> None:
    workers.parse(GOOD)
    os.kill(process_of(workers), signal.SIGKILL)
    assert workers.parse(GOOD).reason is None


@pytest.mark.parametrize("workers", [PageBounds(seconds=0.1)], indirect=True)
def test_a_process_that_is_stopped_is_ended_by_the_clock(workers: Workers) -> None:
    workers.parse(GOOD)
    os.kill(process_of(workers), signal.SIGSTOP)
    assert workers.parse(GOOD).reason == "takes longer than 0.1 seconds to parse"


@pytest.mark.parametrize("workers", [PageBounds(seconds=60, clock_seconds=6)], indirect=True)
def test_time_by_the_clock_can_be_bounded_too(workers: Workers) -> None:
    assert workers.parse(GOOD).reason is None
    begin = time.monotonic()
    assert workers.parse(SLOWER).reason == "takes longer than 6 seconds to parse"
    assert time.monotonic() - begin < 30
    assert workers.parse(GOOD).reason is None


def test_a_watch_ends_what_is_late_and_nothing_else() -> None:
    sleepers = [subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) for _ in range(3)]
    watch = Watch()
    for sleeper, seconds in zip(sleepers, (0.1, 60, 0.1), strict=True):
        watch.begin(sleeper, seconds)
    assert not watch.end(sleepers[2])
    assert sleepers[0].wait(20) == -signal.SIGKILL
    assert watch.end(sleepers[0]) and not watch.end(sleepers[1])
    assert sleepers[1].poll() is None and sleepers[2].poll() is None
    for sleeper in sleepers:
        sleeper.kill()
        sleeper.wait()


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (Page(b"%PDF-1.7"), "not HTML: a PDF file"),
        (Page(bytes(range(256)) * 4), "not HTML: binary data"),
        (Page(b"x" * (33 << 20)), "longer than 33,554,432 bytes"),
        (Page(gzip.compress(b" " * (40 << 20)), content="gzip"), "not HTML: longer than 33,554,432 bytes when decompressed"),
    ],
)
def test_what_is_no_page_is_refused_with_its_reason(workers: Workers, page: Page, reason: str) -> None:
    assert workers.parse(page).reason == reason


@pytest.mark.parametrize(
    "page",
    [
        Page(gzip.compress(GOOD.data), content="gzip"),
        Page(zlib.compress(GOOD.data), content="deflate"),
        Page(zlib.compress(GOOD.data)[2:-4], content="deflate"),
        Page(GOOD.data, content="gzip"),
        Page(GOOD.data, transfer="chunked"),
        Page(IN_CHUNKS, transfer="chunked"),
    ],
)  # fmt: skip
def test_the_encodings_in_which_a_page_travelled_are_undone_where_they_are_there(workers: Workers, page: Page) -> None:
    assert workers.parse(page).body == "\n".join(FERRY_TEXT)


def test_several_threads_have_a_process_each(workers: Workers) -> None:
    both = threading.Barrier(2)

    def parse(_: int) -> str:
        both.wait(30)
        return workers.parse(GOOD).body

    with ThreadPoolExecutor(2) as pool:
        assert set(pool.map(parse, range(2))) == {"\n".join(FERRY_TEXT)}


def test_a_process_that_parses_loads_neither_compiled_code_nor_columns() -> None:
    code = (
        "import sys; from mismatch.records.pages.worker import _preload; _preload();"
        "print(sorted({'numba', 'numpy', 'pyarrow', 'mismatch.judging'} & set(sys.modules)))"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, env=env, check=True).stdout == b"[]\n"
