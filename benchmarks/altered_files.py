"""Altered inputs and poisoned models: does anything crash, end in a traceback, take long or need much memory?

`python -m benchmarks.altered_files` scores 2,000 files of which a few bytes were changed (Parquet, Arrow, CSV, JSON, plain
and compressed), each to one of four outputs, and loads 200 model files with a right digest and poisoned contents, in child
processes. It prints a table and ends with 1 when a process died, a traceback came, or a case took more than 10 s or 600 MB.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.altering import altered_file, altered_model

OUTPUTS = ("jsonl", "csv", "parquet", "arrow")
LONGEST_SECONDS, MOST_MEGABYTES = 10.0, 600
_HANGS = 60.0


@dataclass
class Outcome:
    """What became of a stretch of cases."""

    ends: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    died: list[str] = field(default_factory=list)
    tracebacks: list[str] = field(default_factory=list)
    slowest: float = 0.0
    megabytes: int = 0

    @property
    def is_good(self) -> bool:
        """No process died, no traceback, none too long or too large."""
        within = self.slowest <= LONGEST_SECONDS and self.megabytes <= MOST_MEGABYTES
        return not self.died and not self.tracebacks and within


def attempt(what: str, first: int, last: int) -> Outcome:
    """The cases `first` to `last` in a child process; one that dies is noted, and another goes on behind it."""
    outcome, at = Outcome(), first
    while at < last:
        command = [sys.executable, "-m", "benchmarks.altered_files", "--child", what, str(at), str(last)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert process.stdout is not None
        begun = None
        try:
            output, _ = process.communicate(timeout=_HANGS + (last - at) * 2)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
        for line in output.splitlines():
            word, *rest = line.split("\t")
            if word == "begin":
                begun = int(rest[0])
            elif word == "end":
                outcome.ends[rest[1]] += 1
                outcome.kinds[rest[2]] += 1
                outcome.slowest = max(outcome.slowest, float(rest[3]))
                outcome.megabytes = max(outcome.megabytes, int(rest[4]))
                if rest[1] == "traceback":
                    outcome.tracebacks.append(f"{rest[0]} {rest[2]}: {rest[5]}")
                begun = None
                at = int(rest[0]) + 1
        if process.returncode == 0:
            return outcome
        if begun is None:
            raise RuntimeError(output[-2000:])
        outcome.died.append(f"{what} {begun}: ended with {process.returncode}")
        at = begun + 1
    return outcome


def _child(what: str, first: int, last: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 30, 1 << 30))
    import mismatch

    scorer = mismatch.load(paragraphs=True)
    scorer.score([("A title to begin with", "A body to begin with. " * 20)])
    with tempfile.TemporaryDirectory(prefix="mismatch-") as folder:
        for case in range(first, last):
            print(f"begin\t{case}", flush=True)
            made = Path(folder) / "poisoned.joblib"
            if what == "models":  # made by a process of its own, so that neither its time nor its memory counts
                with multiprocessing.get_context("fork").Pool(1) as maker:
                    kind = maker.apply(altered_model, (case, made))
            begin, words = time.monotonic(), ""
            try:
                end, kind = _score(case, Path(folder), scorer) if what == "files" else (_load(made), kind)
            except Exception:
                end, kind, words = "traceback", what, traceback.format_exc().strip().replace("\n", " | ")[-600:]
            seconds = time.monotonic() - begin
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
            print(f"end\t{case}\t{end}\t{kind}\t{seconds:.2f}\t{peak}\t{words}", flush=True)


def _score(case: int, folder: Path, scorer: object) -> tuple[str, str]:
    from mismatch.errors import MismatchError
    from mismatch.judging import pipeline
    from mismatch.records.output.writing import open_sink
    from mismatch.records.quarantine import Quarantine
    from mismatch.records.reading import Reader

    suffix, data = altered_file(case)
    path = folder / f"altered{suffix}"
    path.write_bytes(data)
    try:
        reader = Reader([path])
        output = folder / f"out.{OUTPUTS[case % len(OUTPUTS)]}"
        with open_sink(output, schema=reader.schema) as sink, Quarantine(folder / "rejected.jsonl") as kept:
            adapted, chunks, _ = pipeline.adapted(reader, scorer)  # type: ignore[arg-type]
            tally = pipeline.run(reader, adapted, [pipeline.Route(sink)], kept, chunks=chunks, threads=1)
        if reader.problems:
            return "the rest refused", suffix
        return "some rows rejected" if tally.rejected else "read whole", suffix
    except MismatchError as error:
        if "\n" in str(error):
            raise
        return "refused", suffix
    finally:
        path.unlink()


def _load(path: Path) -> str:
    from mismatch.errors import ModelError
    from mismatch.judging.scorer import Scorer, load

    try:
        loaded: Scorer = load(path)
    except ModelError:
        return "refused"
    if loaded.model.paragraphs is not None:
        loaded = load(path, paragraphs=True)
    pairs = [(f"The council votes on bridge {i}", f"The bridge {i} is old, the council said. " * 30) for i in range(40)]
    loaded.score(pairs)
    return "loaded and used"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--child", nargs=3)
    given = parser.parse_args()
    if given.child:
        _child(given.child[0], int(given.child[1]), int(given.child[2]))
        return
    print(
        "| | cases | read or used | rows rejected | the rest refused | refused | died | tracebacks | slowest | most memory |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    good = True
    for what, n in (("files", given.files), ("models", given.models)):
        outcome = attempt(what, 0, n)
        ends = outcome.ends
        print(
            f"| {what} | {n:,} | {ends['read whole'] + ends['loaded and used']:,} | {ends['some rows rejected']:,}"
            f" | {ends['the rest refused']:,} | {ends['refused']:,} | {len(outcome.died)} | {len(outcome.tracebacks)}"
            f" | {outcome.slowest:.1f} s | {outcome.megabytes} MB |"
        )
        print(*outcome.died, *outcome.tracebacks, sep="\n", file=sys.stderr)
        good &= outcome.is_good
    raise SystemExit(not good)


if __name__ == "__main__":
    main()
