"""How long a row of a stream takes through `mismatch score -`, from its arrival until it can be read behind it.

python -m benchmarks.stream_latency
python -m benchmarks.stream_latency --seconds 20 --model models/mine.joblib

Rows are sent through a pipe at several rates, each with the time at which it was sent. The first one, which waits for the
start of the command and for what the model is adapted to, does not count. Last comes a file through a pipe, at full speed.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
COMMAND = [sys.executable, "-m", "mismatch.cli", "score"]
ARTICLES = ROOT / "training_data" / "articles" / "en.jsonl"
RATES = (1, 10, 100, 1000)
"""rows a second"""


def latencies(rate: float, seconds: float, options: list[str]) -> list[float]:
    """Of each row that is sent after the first one has come out, the seconds that it takes; rows come one at a time."""
    lines = ARTICLES.read_bytes().splitlines()
    sent: list[float] = []
    came: list[float] = []
    command = [*COMMAND, "-", "--quiet", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        def read() -> None:
            for _ in stdout:
                came.append(time.monotonic())

        reader = threading.Thread(target=read)
        reader.start()

        def send(i: int) -> None:
            sent.append(time.monotonic())
            stdin.write(lines[i % len(lines)] + b"\n")
            stdin.flush()

        send(0)
        while not came and process.poll() is None:
            time.sleep(0.01)
        n, begin = max(10, int(rate * seconds)), time.monotonic()
        for i in range(1, n):
            time.sleep(max(0.0, begin + i / rate - time.monotonic()))
            send(i)
        time.sleep(0.5)
        stdin.close()
        reader.join()
    return [end - start for start, end in zip(sent, came, strict=True)][1:]


def processor_seconds(command: str) -> tuple[float, float]:
    """Processor and wall-clock seconds of a line of the shell."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(["bash", "-c", command], cwd=ROOT, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.monotonic() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="starter")
    parser.add_argument("--seconds", type=float, default=10, help="of each rate")
    given = parser.parse_args()
    model = ["--model", given.model]
    print(
        "| rows a second | rows | median, ms | 99 of 100 within, ms | longest, ms |\n|---:|---:|---:|---:|---:|", flush=True
    )
    for rate in RATES:
        waits = sorted(1000 * wait for wait in latencies(rate, given.seconds, model))
        p99 = waits[int(0.99 * (len(waits) - 1))]
        print(f"| {rate:,} | {len(waits):,} | {waits[len(waits) // 2]:.0f} | {p99:.0f} | {waits[-1]:.0f} |", flush=True)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "rows.jsonl"
        path.write_bytes(b"".join(line + b"\n" for line in ARTICLES.read_bytes().splitlines()) * 100)
        score = " ".join([*COMMAND, "--no-adapt", "--quiet", *model])
        print("\n| as fast as it goes | processor, s | wall clock, s |\n|---|---:|---:|")
        for words, line in (("a file", f"{score} {path}"), ("a pipe", f"cat {path} | {score} -")):
            used, wall = processor_seconds(f"{line} > {name}/out.jsonl")
            print(f"| {words} of {path.stat().st_size / 1e6:.0f} MB | {used:.1f} | {wall:.1f} |", flush=True)


if __name__ == "__main__":
    main()
