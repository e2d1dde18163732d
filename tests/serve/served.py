"""A running service: the real command in a process of its own on a free loopback port, and a client for it."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warm import start

from benchmarks.malformed import head_of as head_of

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def rows(self) -> list[Any]:
        return [json.loads(line) for line in self.body.splitlines()]

    @property
    def detail(self) -> str:
        return self.json["detail"]


class Service:
    """`mismatch serve`, started. A context manager: leaving it stops the process."""

    def __init__(self, *options: Any, env: dict[str, str] | None = None) -> None:
        self.said: list[str] = []
        listening, said = os.pipe()
        self._stderr = open(listening, encoding="utf-8")  # noqa: SIM115
        with open(os.devnull, "r+b") as nothing:
            streams, environment = (nothing.fileno(), nothing.fileno(), said), {**os.environ, **(env or {})}
            arguments = ["serve", "--port", "0", *map(str, options)]
            self.process = start(arguments, streams, folder=ROOT, environment=environment)
        os.close(said)
        self._reader = threading.Thread(target=self._listen)
        self._reader.start()
        line = self.heard("serving on", 120)
        self.port = int(re.search(r":(\d+)/", line)[1])  # type: ignore[index]

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
        self._reader.join(5)
        self._stderr.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def heard(self, words: str, seconds: float = 15, *, after: int = 0) -> str:
        """The first line on standard error (from number `after` on) with these words; waits for it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for line in self.said[after:]:
                if words in line:
                    return line
            if self.process.poll() is not None and not self._reader.is_alive():
                break
            time.sleep(0.02)
        raise AssertionError(f"the service did not say {words!r}; it said {self.said}")

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Reply:
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, value: Any, type: str = "application/json", **headers: str) -> Reply:
        """Sends bytes as they are, anything else as JSON."""
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        return self.ask("POST", path, data, {"content-type": type, **headers})

    def stream(self, rows: list[Any], path: str = "/score") -> Reply:
        lines = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
        return self.post(path, b"\n".join(lines) + b"\n", "application/x-ndjson")

    def connect(self, timeout: float = 10) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def raw(self, data: bytes, patience: float = 10) -> bytes:
        """The first answer to these bytes; what there is of it when nothing comes for `patience` seconds."""
        with self.connect(patience) as connection, suppress(ConnectionError):
            connection.sendall(data)
            return received(connection, first_only=True)
        return b""

    def metrics(self) -> dict[str, float]:
        """What /metrics says, by name and labels."""
        lines = self.get("/metrics").body.decode().splitlines()
        pairs = [line.rsplit(" ", 1) for line in lines if not line.startswith("#")]
        return {name: float(value) for name, value in pairs}

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def memory(self) -> float:
        """Resident megabytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]

    def _listen(self) -> None:
        for line in self._stderr:
            self.said.append(line.rstrip("\n"))


def received(connection: socket.socket, *, first_only: bool = False) -> bytes:
    """All that arrives until the other side closes, or until the first answer is complete."""
    answer = b""
    with suppress(ConnectionError, TimeoutError):
        while not (first_only and _complete(answer)) and (data := connection.recv(1 << 16)):
            answer += data
    return answer


def _complete(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    return bool(end) and (len(body) >= int(length[1]) if length else body.endswith(b"0\r\n\r\n"))


def status_of(answer: bytes) -> int:
    """The status of a raw answer, 0 for none."""
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0
