"""Malformed requests against a real server: is one answered with a fault, does memory come back, does it stop in time?

`python -m benchmarks.malformed_requests` starts `mismatch serve`, sends 10,000 requests of the kinds of
`benchmarks/malformed.py` from 16 clients, waits for a minute, and ends the service with SIGTERM while clients are still at
it. It prints a table and ends with 1 when an answer was 500, 501 or 502, when memory is more than 10 % above what it was
after good requests of all kinds, or when the service did not stop within its time.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from benchmarks.malformed import KINDS, head_of

CLIENTS = 16
PATIENCE = 1.0
"""seconds that a client waits for an answer"""
GOOD = json.dumps({"title": "The council votes on the old bridge", "body": "The bridge is old. " * 100}).encode()
PAGE = b"<html><title>The council votes</title><body><h1>The council votes</h1>" + b"<p>The bridge is old.</p>" * 50
USUAL = (
    ("/score", "application/json", GOOD),
    ("/score", "application/json", b"[" + b",".join([GOOD] * 500) + b"]"),
    ("/score", "application/x-ndjson", (GOOD + b"\n") * 2000),
    ("/score", "text/csv", b"title,body\n" + b"The council votes,The bridge is old and the council votes\n" * 20_000),
    ("/explain", "application/json", GOOD),
    ("/extract", "text/html", PAGE),
)
"""what a service has been asked that has been at work for a while"""
FAULTS = (500, 501, 502)
MOST_GROWTH = 1.1
STOP_SECONDS = 32.0
"""`--drain-seconds`, the 30 seconds for requests at work, and a second for threads"""


class Answers(NamedTuple):
    """What came of many requests."""

    statuses: Counter[int]
    """0 for none"""
    failed: Counter[str]
    """kinds of requests that were answered with a fault"""


class Server:
    """`mismatch serve`, started on a free port."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "mismatch.cli", "serve", "--port", "0"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.said: list[str] = []
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if found := re.search(r"serving on http://127\.0\.0\.1:(\d+)/", line):
                self.port = int(found[1])
                break
        else:
            raise SystemExit("the service did not start")
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        self.said += self.process.stderr

    def megabytes(self) -> float:
        """Resident."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024

    def status_of(self, data: bytes) -> int:
        """The status of the first answer to these bytes, 0 where none comes."""
        answer = b""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as connection:
            with suppress(OSError):
                connection.sendall(data)
            while len(answer) < 12 and (more := connection.recv(1 << 12)):
                answer += more
        return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0


def ask(server: Server, n: int, seed: int) -> Answers:
    """`n` requests of all kinds in turn, from several clients."""
    answers = Answers(Counter(), Counter())
    names, lock = list(KINDS), threading.Lock()

    def client(first: int) -> None:
        generator = random.Random(seed + first)
        for i in range(first, n, CLIENTS):
            name = names[i % len(names)]
            status = server.status_of(KINDS[name](generator))
            with lock:
                answers.statuses[status] += 1
                answers.failed.update([name] if status in FAULTS else [])

    threads = [threading.Thread(target=client, args=(k,)) for k in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--rest", type=float, default=60.0, help="seconds after which memory is looked at")
    given = parser.parse_args()
    server = Server()
    try:
        fresh = server.megabytes()
        for path, kind, body in USUAL * 10:
            server.status_of(head_of(len(body), path, kind) + body)
        time.sleep(min(given.rest, 10))
        before = server.megabytes()
        begin = time.monotonic()
        answers = ask(server, given.requests, seed=2)
        seconds, most = time.monotonic() - begin, server.megabytes()
        time.sleep(given.rest)
        after = server.megabytes()
        threading.Thread(target=ask, args=(server, 200, 3), daemon=True).start()
        time.sleep(0.5)
        begin = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        code = server.process.wait(STOP_SECONDS * 2)
        stopped = time.monotonic() - begin
    finally:
        server.process.kill()
    print("| requests | kinds | seconds | statuses | MB at the start | before | after | a minute later | stopped after, s |")
    print("|---:|---:|---:|---|---:|---:|---:|---:|---:|")
    statuses = ", ".join(f"{status or 'none'}: {n:,}" for status, n in sorted(answers.statuses.items()))
    memory = " | ".join(f"{megabytes:.0f}" for megabytes in (fresh, before, most, after))
    print(f"| {given.requests:,} | {len(KINDS)} | {seconds:.0f} | {statuses} | {memory} | {stopped:.1f} |")
    for name, n in answers.failed.items():
        print(f"{name}: {n} answers were faults", file=sys.stderr)
    traced = [line for line in server.said if "Traceback" in line]
    good = not answers.failed and not traced and after <= MOST_GROWTH * before and stopped <= STOP_SECONDS and code == 0
    raise SystemExit(not good)


if __name__ == "__main__":
    main()
