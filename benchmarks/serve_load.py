"""Load on the HTTP service, over loopback: how many single articles it judges a second, and how long an answer takes.

    python benchmarks/serve_load.py [--model MODEL] [--seconds 8] [--json]

Starts `mismatch serve` as a process of its own and is its only client. First every connection asks as fast as it is
answered (the most the service can do); then requests leave on a fixed schedule, at half of what is demanded, and each
latency counts from the moment its request was due, so that waiting in a queue is not left out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

DEMANDED = 3000
MAX_P99 = 0.050
ROOT = Path(__file__).parent.parent


def articles(n: int, seed: int = 0) -> list[bytes]:
    """Requests with made-up articles: 10 words in the title, 60 to 900 in the body (a median near 2.5 kB)."""
    random_ = random.Random(seed)
    words = ["".join(random_.choices("abcdefghiklmnoprstuvw", k=random_.randint(2, 10))) for _ in range(20_000)]
    out = []
    for _ in range(n):
        body = random_.choices(words, k=min(900, max(60, int(random_.lognormvariate(5.9, 0.6)))))
        title = random_.sample(body, 6) + random_.choices(words, k=4)
        data = json.dumps({"title": " ".join(title), "body": " ".join(body)}).encode()
        head = f"Host: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(data)}"
        out.append(f"POST /score HTTP/1.1\r\n{head}\r\n\r\n".encode() + data)
    return out


class Connection(asyncio.Protocol):
    """One kept connection with one request at a time; parses no more of the answer than it must."""

    def __init__(self, done) -> None:  # type: ignore[no-untyped-def]
        self._done, self._buffer, self.due = done, b"", 0.0

    def connection_made(self, transport) -> None:  # type: ignore[no-untyped-def]
        self._transport = transport

    def ask(self, request: bytes, due: float) -> None:
        self.due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        data = self._buffer + data if self._buffer else data
        end = data.find(b"\r\n\r\n")
        if end < 0:
            self._buffer = data
            return
        length = int(data[(at := data.index(b"content-length: ") + 16) : data.index(b"\r", at)])
        if len(data) < end + 4 + length:
            self._buffer = data
            return
        self._buffer = b""
        self._done(self, data.startswith(b"HTTP/1.1 200"))

    def connection_lost(self, error: Exception | None) -> None:
        self._done(None, False)


async def saturate(port: int, requests: list[bytes], seconds: float, connections: int) -> tuple[float, list[float], int]:
    """Answers a second, latencies and failures when each connection asks as soon as it is answered."""
    loop = asyncio.get_running_loop()
    end = time.perf_counter() + seconds
    latencies: list[float] = []
    failed, turn = 0, 0

    def done(connection: Connection | None, ok: bool) -> None:
        nonlocal failed, turn
        now = time.perf_counter()
        if connection is None:
            failed += now < end
            return
        if now < end:
            latencies.append(now - connection.due)
            failed += not ok
            turn += 1
            connection.ask(requests[turn % len(requests)], now)

    opened = [(await loop.create_connection(lambda: Connection(done), "127.0.0.1", port)) for _ in range(connections)]
    begin = time.perf_counter()
    for _, connection in opened:
        turn += 1
        connection.ask(requests[turn % len(requests)], time.perf_counter())
    await asyncio.sleep(end - time.perf_counter() + 0.2)
    for transport, _ in opened:
        transport.close()
    return len(latencies) / (end - begin), latencies, failed


async def paced(port: int, requests: list[bytes], seconds: float, rate: float) -> tuple[float, list[float], int]:
    """The same at a fixed rate, with as many connections as it takes."""
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    free: list[Connection] = []
    late: list[float] = []
    failed = turn = 0

    def done(connection: Connection | None, ok: bool) -> None:
        nonlocal failed
        if connection is None:
            return
        latencies.append(time.perf_counter() - connection.due)
        failed += not ok
        free.append(connection)
        if late:
            send(late.pop(0))

    def send(due: float) -> None:
        nonlocal turn
        if not free:
            late.append(due)
            return
        turn += 1
        free.pop().ask(requests[turn % len(requests)], due)

    opened = [(await loop.create_connection(lambda: Connection(done), "127.0.0.1", port)) for _ in range(128)]
    free.extend(connection for _, connection in opened)
    begin = time.perf_counter()
    due, end = begin, begin + seconds
    while due < end:
        now = time.perf_counter()
        while due <= now and due < end:
            send(due)
            due += 1 / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
    await asyncio.sleep(0.5)
    for transport, _ in opened:
        transport.close()
    return len(latencies) / seconds, latencies, failed + len(late)


def quantiles(latencies: list[float]) -> dict[str, float]:
    """Milliseconds."""
    ordered = sorted(latencies)
    return {f"p{q:g}": 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * q / 100))] for q in (50, 90, 99, 99.9)}


def memory(pid: int) -> float:
    """Resident megabytes."""
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024  # type: ignore[index]


def processor_seconds(pid: int) -> float:
    """What a process has used so far: a figure that a busy machine hardly changes."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--model", default="starter")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--serve", metavar="OPTIONS", default="", help="further options of `mismatch serve`")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    requests = articles(2000)
    server = subprocess.Popen(
        [sys.executable, "-m", "mismatch.cli", "serve", "--port", "0", "--model", options.model, *options.serve.split()],
        stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    try:
        line = server.stderr.readline()  # type: ignore[union-attr]
        found = re.search(r":(\d+)/", line)
        if found is None:
            raise SystemExit(line.strip() or "the service did not start")
        port = int(found[1])
        try:
            import uvloop as loops
        except ImportError:
            loops = asyncio  # type: ignore[assignment]
        loops.run(saturate(port, requests, 2.0, options.connections))
        before, used, own = memory(server.pid), processor_seconds(server.pid), time.process_time()
        rate, latencies, failed = loops.run(saturate(port, requests, options.seconds, options.connections))
        used, own = processor_seconds(server.pid) - used, time.process_time() - own
        half_rate, half, half_failed = loops.run(paced(port, requests, options.seconds, DEMANDED / 2))
        result = {
            "cores": os.cpu_count(), "load_average": os.getloadavg()[0], "connections": options.connections,
            "requests_a_second": round(rate), "failed": failed,
            "service_microseconds_a_request": round(1e6 * used / len(latencies)),
            "client_microseconds_a_request": round(1e6 * own / len(latencies)), "milliseconds": quantiles(latencies),
            "half_load": {"requests_a_second": round(half_rate), "failed": half_failed, "milliseconds": quantiles(half)},
            "resident_mb": [round(before, 1), round(memory(server.pid), 1)],
        }  # fmt: skip
    finally:
        server.terminate()
        server.wait(30)
    if options.json:
        print(json.dumps(result, indent=1))
    else:
        print(f"{rate:,.0f} requests a second ({failed} failed), " + text(quantiles(latencies)))
        spent = [f"{1e6 * part / len(latencies):.0f} µs" for part in (used, own)]
        print(f"processor time a request: service {spent[0]}, client {spent[1]}; load average {os.getloadavg()[0]:.1f}")
        print(f"at {half_rate:,.0f} a second ({half_failed} failed): " + text(quantiles(half)))
        print(f"memory {before:.0f} MB before, {result['resident_mb'][1]:.0f} MB after")  # type: ignore[index]
    good = rate >= DEMANDED and quantiles(half)["p99"] < 1000 * MAX_P99 and not failed and not half_failed
    raise SystemExit(0 if good else 1)


def text(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.1f} ms" for name, value in values.items())


if __name__ == "__main__":
    main()
