"""How every command ends: 2 for wrong usage and inputs that cannot be used, 3 for a model that cannot; one line for each."""

from __future__ import annotations

import gzip
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.json
import pyarrow.parquet as pq
import pytest

from mismatch.cli.stopping import Terminated

COMMANDS: dict[str, list[str]] = {
    "score": ["score", "ROWS", "--model", "MODEL", "--out", "OUT.jsonl"],
    "gate": ["gate", "ROWS", "--model", "MODEL", "--passed", "OUT.jsonl", "--flagged", "OUT2.jsonl"],
    "explain": ["explain", "ROWS", "--row", "60", "--model", "MODEL"],
    "train": ["train", "ROWS", "--base", "MODEL", "--out", "OUT.joblib", "--suspects", "OUT.jsonl"],
    "evaluate": ["evaluate", "ROWS", "--model", "MODEL"],
    "calibrate": ["calibrate", "MODEL", "ROWS", "--out", "OUT.joblib"],
    "repair": ["repair", "ROWS", "--model", "MODEL", "--out", "OUT.jsonl"],
    "repeats": ["repeats", "ROWS", "--model", "MODEL", "--clusters", "OUT.jsonl"],
    "sources": ["sources", "ROWS", "--model", "MODEL", "--out", "OUT.jsonl", "--save-baseline", "OUT.json"],
    "info": ["info", "MODEL"],
}
READING = [name for name in COMMANDS if name != "info"]


@pytest.fixture
def ends(invoke: Any, tmp_path: Path, pairs_file: Path, model_path: Path) -> Callable[..., tuple[int, str]]:
    """Runs a command with another input or model in place of the good one; its code and the only line that it said. No
    output may be there."""

    def _ends(name: str, *more: Any, rows: Path = pairs_file, model: Path = model_path) -> tuple[int, str]:
        places = {"ROWS": rows, "MODEL": model}
        outputs = tmp_path / "outputs"
        outputs.mkdir()
        arguments = [places.get(word, outputs / word if word.startswith("OUT") else word) for word in COMMANDS[name]]
        ended = invoke(*arguments, *more, *(["--quiet"] if name != "info" else []))
        assert list(outputs.iterdir()) == []
        assert ended.out == b""
        (line,) = ended.said
        return ended.code, line

    return _ends


@pytest.mark.parametrize("name", COMMANDS)
def test_an_unknown_option_ends_with_2(ends: Any, name: str) -> None:
    code, line = ends(name, "--nonsense")
    assert (code, "--nonsense" in line) == (2, True)


@pytest.mark.parametrize("name", READING)
def test_an_input_that_is_not_there_ends_with_2(ends: Any, tmp_path: Path, name: str) -> None:
    code, line = ends(name, rows=tmp_path / "none.jsonl")
    assert (code, line) == (2, f"mismatch: {tmp_path}/none.jsonl: no such file; check the name.")


@pytest.mark.parametrize("name", READING)
@pytest.mark.parametrize("kind", ["a compressed file", "a row group"])
def test_an_input_that_is_damaged_ends_with_2_and_leaves_no_output(
    ends: Any, tmp_path: Path, pairs_file: Path, name: str, kind: str
) -> None:
    if kind == "a compressed file":
        path = tmp_path / "cut.jsonl.gz"
        path.write_bytes(gzip.compress(pairs_file.read_bytes())[:3000])
    else:
        path = tmp_path / "damaged.parquet"
        pq.write_table(pyarrow.json.read_json(pairs_file), path, row_group_size=8, use_dictionary=False, compression="none")
        group = pq.ParquetFile(path).metadata.row_group(4)
        data = bytearray(path.read_bytes())
        for column in range(group.num_columns):
            begin = group.column(column).data_page_offset
            data[begin : begin + 40] = b"\xff" * 40
        path.write_bytes(data)
    code, line = ends(name, rows=path)
    assert (code, str(path) in line) == (2, True)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_model_that_is_not_there_or_none_or_another_one_ends_with_3(
    ends: Any, tmp_path: Path, pairs_file: Path, name: str
) -> None:
    for model, more in ((tmp_path / "none.joblib", []), (pairs_file, []), (None, ["--model-sha256", "0" * 64])):
        code, line = ends(name, *more, **({} if model is None else {"model": model}))
        assert code == 3
        assert ("its SHA-256 is" if model is None else str(model)) in line
        (tmp_path / "outputs").rmdir()


@pytest.mark.parametrize(
    ("stop", "code", "word"), [(Terminated, 143, "terminated"), (KeyboardInterrupt, 130, "interrupted")]
)
@pytest.mark.parametrize("where", ["before the command", "in it", "in a library that is loaded"])
def test_a_signal_at_any_time_is_never_1_and_no_traceback(
    invoke: Any, monkeypatch: pytest.MonkeyPatch, model_path: Path, stop: Any, code: int, word: str, where: str
) -> None:
    def _stopped(*_: Any, **__: Any) -> Any:
        if where == "in a library that is loaded":  # so a library of C++ tells what happened while it was loaded
            raise ImportError("initialization failed") from stop()
        raise stop

    place = "mismatch.cli.exit_codes.Commands.invoke" if where == "before the command" else "mismatch.judging.scorer.load"
    monkeypatch.setattr(place, _stopped)
    ended = invoke("info", model_path)
    assert (ended.code, ended.out) == (code, b"")
    if (where, stop) != ("before the command", KeyboardInterrupt):  # typer ends that one, in silence
        assert ended.said == [f"mismatch: {word}; no file was written"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 143), ("SIGINT", 130)])
def test_a_signal_leaves_no_output(
    invoke: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pairs_file: Path, model_path: Path, name: str, code: int
) -> None:
    from mismatch.judging import pipeline

    run = pipeline.run

    def _signalled(*given: Any, **more: Any) -> Any:
        found = run(*given, **more)
        os.kill(os.getpid(), getattr(signal, name))
        return found

    monkeypatch.setattr(pipeline, "run", _signalled)
    monkeypatch.setattr("mismatch.cli.stopping._first", -10.0)  # it is no second signal of an earlier test
    number = getattr(signal, name)
    usual = signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL
    before = signal.signal(number, usual)  # a run in the background may ignore it, one of nohup too
    try:
        ended = invoke("score", pairs_file, "--model", model_path, "--out", tmp_path / "out.jsonl", "--quiet")
    finally:
        signal.signal(number, before)
    assert (ended.code, ended.out, list(tmp_path.iterdir())) == (code, b"", [])
    assert len(ended.said) == 1 and ended.said[0].endswith("; no file was written")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_stream_of_sources_that_is_stopped_says_so(
    invoke: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pairs_file: Path, model_path: Path
) -> None:
    from mismatch.cli import source_ranking

    count = source_ranking._count

    def _stopped_behind(rows: Any, *others: Any) -> Any:
        found = count(rows, *others)
        monkeypatch.setattr("mismatch.records.reading.Reader.stopped", True)  # as a signal leaves it
        return found

    monkeypatch.setattr(source_ranking, "_count", _stopped_behind)
    ended = invoke("sources", pairs_file, "--model", model_path, "--save-baseline", tmp_path / "baseline.json")
    assert ended.code == 143
    assert ended.said[-1] == "terminated before the end of the stream; 64 rows had come, are judged, and written whole"
