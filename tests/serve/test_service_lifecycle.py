"""Reading the model again and stopping, under load, without a lost request."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from served import Service, head_of, received, status_of

from mismatch import MismatchClassifier

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="needs POSIX signals")


class Load:
    """Clients that ask over kept connections until told to stop, and note whatever is not a 200."""

    def __init__(self, service: Service, article: dict[str, str], clients: int = 4) -> None:
        self.answered, self.wrong = 0, []  # type: ignore[var-annotated]
        self._service, self._body = service, json.dumps(article).encode()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _ask(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._service.port, timeout=30)
        try:
            while not self._stop.is_set():
                try:
                    connection.request("POST", "/score", self._body, {"content-type": "application/json"})
                    answer = connection.getresponse()
                    answer.read()
                except (OSError, http.client.HTTPException) as error:
                    self.wrong.append(repr(error))
                    return
                self.answered += 1
                if answer.status != 200:
                    self.wrong.append(answer.status)
                if answer.getheader("connection") == "close":
                    return
        finally:
            connection.close()


@pytest.fixture
def other_model(tmp_path: Path, articles: list[dict[str, str]]) -> Path:
    path = tmp_path / "other.joblib"
    MismatchClassifier(base=None).fit([(row["title"], row["body"]) for row in articles[:-3]]).save(path)
    return path


def test_a_model_is_replaced_under_load_without_a_lost_request(
    start: Callable[..., Service], model_path: Path, other_model: Path, tmp_path: Path, stray: dict[str, str]
) -> None:
    used = tmp_path / "used.joblib"
    shutil.copy(model_path, used)
    service = start("--model", used)
    first = service.get("/ready").json["digest"]
    load = Load(service, stray)
    try:
        for turn, source in enumerate((other_model, model_path, other_model)):
            said = len(service.said)
            fresh = tmp_path / "fresh.joblib"
            shutil.copy(source, fresh)
            fresh.replace(used)
            service.signal(signal.SIGHUP)
            service.heard("model read again", 60, after=said)
            digest = service.get("/ready").json["digest"]
            assert (digest == first) == (source == model_path), turn
    finally:
        load.stop()
    assert not load.wrong
    assert load.answered > 20
    assert service.metrics()['mismatch_model_reloads_total{result="done"}'] == 3


def test_a_broken_model_is_not_taken_and_the_one_before_goes_on(
    start: Callable[..., Service], model_path: Path, tmp_path: Path, stray: dict[str, str]
) -> None:
    used = tmp_path / "used.joblib"
    shutil.copy(model_path, used)
    service = start("--model", used)
    digest = service.get("/ready").json["digest"]
    used.write_bytes(b"broken")
    service.signal(signal.SIGHUP)
    assert "not read again" in service.heard("not read again")
    assert service.post("/score", stray).status == 200
    assert service.get("/ready").json["digest"] == digest
    assert service.metrics()['mismatch_model_reloads_total{result="failed"}'] == 1


def test_on_sigterm_requests_at_work_are_answered_and_the_exit_code_is_0(
    start: Callable[..., Service], stray: dict[str, str]
) -> None:
    service = start()
    data = json.dumps(stray).encode()
    with service.connect() as connection:
        connection.sendall(head_of(len(data)) + data[:10])
        time.sleep(0.2)
        service.signal(signal.SIGTERM)
        service.heard("stopping")
        assert service.get("/ready").status == 503
        time.sleep(1.0)  # the sockets are closed by now
        with pytest.raises(OSError, match="refused"):
            service.connect()
        connection.sendall(data[10:])
        assert status_of(received(connection)) == 200
    assert service.process.wait(10) == 0


def test_it_stops_although_nobody_reads_its_words_any_more() -> None:
    command = [sys.executable, "-m", "mismatch.cli", "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any("serving on" in line for line in process.stderr)
        process.stderr.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_under_load_sigterm_loses_no_request(start: Callable[..., Service], stray: dict[str, str]) -> None:
    """Every request on an open connection is answered, until an answer says that the connection closes."""
    service = start("--drain-seconds", 2)
    load = Load(service, stray)
    time.sleep(0.5)
    service.signal(signal.SIGTERM)
    assert service.process.wait(20) == 0
    load.stop()
    assert load.answered > 20
    assert not load.wrong
    assert service.said[-1] == "stopped"


def test_a_second_signal_does_not_wait_for_a_client_that_hangs(start: Callable[..., Service]) -> None:
    service = start("--drain-seconds", 0)
    with service.connect() as connection:
        connection.sendall(head_of(100) + b"{")
        time.sleep(0.2)
        service.signal(signal.SIGTERM)
        service.heard("stopping")
        begin = time.monotonic()
        service.signal(signal.SIGTERM)
        service.process.wait(10)
        assert time.monotonic() - begin < 8


def test_memory_does_not_grow_with_the_length_of_a_stream(service: Service, stray: dict[str, Any]) -> None:
    row = json.dumps({**stray, "padding": "x" * 2000}).encode() + b"\n"

    def pieces(megabytes: int) -> Any:
        for _ in range(megabytes << 20 >> 16):
            yield row * ((1 << 16) // len(row))

    def send(megabytes: int) -> int:
        kind = {"content-type": "application/x-ndjson"}
        return service.ask("POST", "/score?only=1", pieces(megabytes), kind).body.count(b"\n")

    assert send(8) > 1000
    before = service.memory()
    assert send(64) > 8000
    assert service.memory() - before < 60
