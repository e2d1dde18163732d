"""A folder as --out: parts that appear whole and once, whatever kills the command, and a manifest that says what is done."""

from __future__ import annotations

import fcntl
import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from benchmarks.kills import COMMAND, ROOT, contents, kill_until
from mismatch.records.parts.manifest import Manifest

Rows = list[dict[str, str]]
BROKEN = b'{"title": "half a row'


@pytest.fixture
def inputs(tmp_path: Path, articles: Rows, stray: dict[str, str], write_rows: Any) -> list[Path]:
    """Three files: 64 rows and the stray one, 40 with two broken ones between, and none."""
    first = write_rows(tmp_path / "monday.jsonl", [*articles, stray])
    second = tmp_path / "tuesday.jsonl.gz"
    lines = [json.dumps(row).encode() for row in articles[:40]]
    second.write_bytes(gzip.compress(b"\n".join([*lines[:10], BROKEN, *lines[10:20], BROKEN, *lines[20:]])))
    return [first, second, write_rows(tmp_path / "wednesday.jsonl", [])]


def rows_in(folder: Path) -> list[Any]:
    return [json.loads(line) for path in sorted(folder.iterdir()) for line in path.read_text().splitlines()]


def manifest_of(folder: Path) -> Manifest:
    return Manifest(folder)


def parts_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("0*") if path.is_file())


def test_the_parts_together_are_what_one_file_would_be(
    invoke: Any, tmp_path: Path, model_path: Path, inputs: list[Path]
) -> None:
    out, whole = tmp_path / "scored", tmp_path / "whole.jsonl"
    options = ["--model", model_path, "--quiet"]
    assert invoke("score", *inputs, "--out", whole, *options).code == 0
    assert invoke("score", *inputs, "--out", f"{out}/", "--part-rows", "25", *options).code == 0
    names = [f"00000-0000{k}-monday.jsonl" for k in range(3)] + [f"00001-0000{k}-tuesday.jsonl" for k in range(2)]
    assert [name for name in parts_in(out) if "/" not in name] == names
    assert b"".join((out / name).read_bytes() for name in names) == whole.read_bytes()
    assert [len((out / name).read_bytes().splitlines()) for name in names] == [25, 25, 15, 25, 15]


def test_every_row_in_is_a_row_out_or_a_rejected_one_in_the_manifest(
    invoke: Any, tmp_path: Path, model_path: Path, inputs: list[Path]
) -> None:
    out = tmp_path / "gated"
    gate = ["gate", *inputs, "--out", f"{out}/", "--part-rows", "15", "--max-rejected", "0.1", "--model", model_path]
    first = invoke(*gate)
    assert first.code == 0
    manifest = manifest_of(out)
    assert manifest.header is not None
    assert [Path(item["file"]).name for item in manifest.header["inputs"]] == [path.name for path in inputs]
    for part in manifest.parts:
        assert part["rows_in"] == sum(file["rows"] for file in part["files"].values())
        for kind, file in part["files"].items():
            assert file["name"].startswith(f"{'_rejected' if kind == 'rejected' else kind}/")
            assert len((out / file["name"]).read_bytes().splitlines()) == file["rows"]
    assert manifest.totals == {
        "parts": 9, "rows_in": 107, "rejected": 2, "verdicts": {"match": 104, "mismatch": 1},
    }  # fmt: skip
    assert [part["files"] for part in manifest.parts if part["file"] == str(inputs[2])] == [{}]
    assert [row["id"] for row in rows_in(out / "flagged")] == ["stray"]
    assert [row["line"] for row in rows_in(out / "_rejected")] == [11, 22]
    again = invoke(*gate)  # nothing is left to do, and the same is said
    assert (again.code, again.out) == (0, first.out)
    assert "all parts are done already" in again.err


@pytest.mark.parametrize("words", [["score"], ["gate", "--max-rejected", "0.1"]])
def test_a_dozen_kills_change_no_byte(
    tmp_path: Path, run: Any, model_path: Path, articles: Rows, write_rows: Any, words: list[str]
) -> None:
    inputs = [write_rows(tmp_path / f"{name}.jsonl", [*articles * 6, BROKEN, *articles]) for name in ("one", "two")]
    command = [*words, *map(str, inputs), "--out", "OUT", "--part-rows", "25", "--model", str(model_path)]
    peace = tmp_path / "peace"
    assert run(*[f"{peace}/" if part == "OUT" else part for part in command]).code == 0
    found = kill_until(command, tmp_path / "killed", peace, 6, seconds=1.5)
    assert found.kills == 6
    assert found.differences == found.left_behind == []
    assert len(contents(peace)) > 30


def _other_row(inputs: list[Path], model: Path) -> list[Any]:
    inputs[0].write_bytes(inputs[0].read_bytes().replace(b"daily", b"evening", 1))
    return ["--model", model]


def _same_size_and_time(inputs: list[Path], model: Path) -> list[Any]:
    before = inputs[0].stat()
    data = inputs[0].read_bytes()
    inputs[0].write_bytes(data[:-3] + b" " + data[-3:-2] + b"\n")
    os.utime(inputs[0], ns=(before.st_atime_ns, before.st_mtime_ns))
    assert inputs[0].stat().st_size == before.st_size
    return ["--model", model]


CHANGES: dict[str, tuple[Callable[[list[Path], Path], list[Any]], str]] = {
    "another row": (_other_row, "monday.jsonl has changed"),
    "another byte, with size and time as they were": (_same_size_and_time, "monday.jsonl has changed"),
    "another model": (lambda inputs, model: [], "the model is another one"),
    "an option": (lambda inputs, model: ["--model", model, "--thorough"], "--thorough was False and is True"),
    "smaller parts": (lambda inputs, model: ["--model", model, "--part-rows", "9"], "--part-rows was 100000 and is 9"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_has_changed_is_said_with_the_way_out(
    invoke: Any, tmp_path: Path, model_path: Path, inputs: list[Path], what: str
) -> None:
    out = tmp_path / "scored"
    assert invoke("score", *inputs, "--out", f"{out}/", "--model", model_path).code == 0
    before = contents(out)
    change, words = CHANGES[what]
    options = change(inputs, model_path)
    ended = invoke("score", *inputs, "--out", out, "--quiet", *options)
    assert ended.code == 2
    (line,) = ended.said
    assert words in line
    assert "--restart" in line
    assert contents(out) == before
    assert invoke("score", *inputs, "--out", out, "--quiet", "--restart", *options).code == 0
    assert contents(out)["_manifest"] != before["_manifest"]


def test_an_input_that_came_or_went_is_named(invoke: Any, tmp_path: Path, model_path: Path, inputs: list[Path]) -> None:
    out = tmp_path / "scored"
    assert invoke("score", *inputs[:2], "--out", f"{out}/", "--model", model_path).code == 0
    more = invoke("score", *inputs, "--out", out, "--quiet", "--model", model_path)
    assert (more.code, "wednesday.jsonl is new among the inputs" in more.err) == (2, True)
    fewer = invoke("score", inputs[0], "--out", out, "--quiet", "--model", model_path)
    assert (fewer.code, "tuesday.jsonl.gz is not among the inputs any more" in fewer.err) == (2, True)
    turned = invoke("score", inputs[1], inputs[0], "--out", out, "--quiet", "--model", model_path)
    assert (turned.code, "the inputs come in another order" in turned.err) == (2, True)


def test_a_lost_part_is_noticed(invoke: Any, tmp_path: Path, model_path: Path, inputs: list[Path]) -> None:
    out = tmp_path / "scored"
    command = ["score", *inputs, "--out", f"{out}/", "--quiet", "--model", model_path]
    assert invoke(*command).code == 0
    (out / "00000-00000-monday.jsonl").unlink()
    ended = invoke(*command)
    assert ended.code == 2
    assert "00000-00000-monday.jsonl: a part that was complete is gone" in ended.err


@pytest.mark.parametrize("tail", [b'{"input": 0, "par', b"\0\0\0\0\n"], ids=["half a line", "zeros after a power cut"])
def test_the_last_line_of_the_manifest_may_be_lost(
    invoke: Any, tmp_path: Path, model_path: Path, inputs: list[Path], tail: bytes
) -> None:
    out = tmp_path / "scored"
    command = ["score", *inputs, "--out", f"{out}/", "--part-rows", "20", "--quiet", "--model", model_path]
    assert invoke(*command).code == 0
    expected = contents(out)
    lines = expected["_manifest"].splitlines(keepends=True)
    (out / "_manifest").write_bytes(b"".join(lines[:5]) + tail)
    assert invoke(*command).code == 0
    assert contents(out) == expected


def test_a_second_run_is_refused_while_the_first_is_at_work(
    invoke: Any, tmp_path: Path, model_path: Path, inputs: list[Path]
) -> None:
    out = tmp_path / "scored"
    out.mkdir()
    with (out / ".lock").open("w") as lock:
        lock.write("elsewhere 12345 678")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = invoke("score", *inputs, "--out", out, "--quiet", "--model", model_path)
        assert ended.code == 2
        assert "another run is writing to it (process 12345 on elsewhere)" in ended.err
    assert invoke("score", *inputs, "--out", out, "--quiet", "--model", model_path).code == 0  # its process has ended
    assert not (out / ".lock").exists()


@pytest.mark.parametrize("more", [[], ["--restart"]])
def test_a_model_that_an_earlier_run_has_left_there_is_not_thrown_away(
    invoke: Any, tmp_path: Path, model_path: Path, pairs_file: Path, more: list[str]
) -> None:
    out = f"{tmp_path}/out/"
    assert invoke("score", pairs_file, "--out", out, "--quiet", "--model", model_path).code == 0
    before = contents(Path(out))
    ended = invoke("score", pairs_file, "--out", out, "--quiet", "--model", f"{out}_model.joblib", *more)
    assert ended.code == 2
    assert "the model lies in" in ended.said[0]
    assert contents(Path(out)) == before
    assert Path(f"{out}_model.joblib").is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["score", "-", "--out", "OUT/"], "can be read only once"),
        (["score", "INPUT", "--out", "TAKEN/"], "holds other files already, such as notes.txt"),
        (["score", "TAKEN", "--out", "TAKEN/"], "an input lies in"),
        (["score", "INPUT", "--out", "OUT/", "--rejected", "r.jsonl"], "kept in _rejected/"),
        (["gate", "INPUT", "--out", "OUT"], "end its name with a slash"),
        (["gate", "INPUT", "--out", "OUT/", "--passed", "p.jsonl"], "leave --passed, --flagged and --rejected out"),
        (["gate", "INPUT", "--passed", "TAKEN"], "give --out FOLDER/"),
        (["score", "INPUT", "--out", "OUT/no/folder/"], "make the folder first"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    invoke: Any, tmp_path: Path, model_path: Path, pairs_file: Path, arguments: list[str], words: str
) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "notes.txt").write_text("mine")
    (taken / "a.jsonl").write_bytes(pairs_file.read_bytes())
    places = {"INPUT": str(pairs_file), "TAKEN/": f"{taken}/", "TAKEN": str(taken)}
    given = [places.get(part, part.replace("OUT", str(tmp_path / "out"))) for part in arguments]
    if "notes" in words:
        (taken / "a.jsonl").unlink()
    ended = invoke(*given, "--quiet", "--model", model_path)
    assert ended.code == 2
    (line,) = ended.said
    assert words in line
    assert sorted(path.name for path in taken.iterdir()) in (["a.jsonl", "notes.txt"], ["notes.txt"])


@pytest.mark.parametrize("kind", ["parquet", "csv.gz", "json", "arrow"])
def test_parts_of_other_formats_go_on_too(
    invoke: Any, tmp_path: Path, model_path: Path, inputs: list[Path], kind: str
) -> None:
    out = tmp_path / "scored"
    command = ["score", *inputs, "--out", f"{out}/", "--part-rows", "20", "--quiet", "--model", model_path]
    assert invoke(*command, "--out-format", kind).code == 0
    expected = contents(out)
    for name in parts_in(out)[3:5]:
        (out / name).unlink()
    lines = expected["_manifest"].splitlines(keepends=True)
    (out / "_manifest").write_bytes(b"".join(lines[: 2 + 3]))
    assert invoke(*command, "--out-format", kind).code == 0
    assert contents(out) == expected
    if kind == "parquet":
        assert sum(pq.read_table(out / name).num_rows for name in parts_in(out) if "/" not in name) == 105


def test_a_damaged_input_stops_before_its_last_part(
    invoke: Any, tmp_path: Path, model_path: Path, inputs: list[Path]
) -> None:
    inputs[1].write_bytes(inputs[1].read_bytes()[:-30])
    out = tmp_path / "scored"
    ended = invoke("score", *inputs, "--out", f"{out}/", "--quiet", "--model", model_path)
    assert ended.code == 2
    assert "tuesday.jsonl.gz: the compressed stream ends early" in ended.err
    assert parts_in(out) == ["00000-00000-monday.jsonl"]


def test_the_folder_can_be_read_again_without_its_rejected_rows(
    invoke: Any, tmp_path: Path, model_path: Path, inputs: list[Path]
) -> None:
    out = tmp_path / "scored"
    assert invoke("score", *inputs, "--out", f"{out}/", "--quiet", "--model", model_path).code == 0
    ended = invoke("score", out, "--quiet", "--model", model_path)
    assert (ended.code, len(ended.rows)) == (0, 105)


def test_sigterm_says_how_much_is_done_and_leaves_no_half_part(
    tmp_path: Path, model_path: Path, articles: Rows, write_rows: Any
) -> None:
    import subprocess
    import time

    path = write_rows(tmp_path / "many.jsonl", articles * 1000)
    out = tmp_path / "scored"
    command = [*COMMAND, "score", str(path), "--out", f"{out}/", "--part-rows", "100", "--model", str(model_path), "--quiet"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while process.poll() is None and not list(out.glob("00000-00003*")):
            time.sleep(0.01)
        process.terminate()
        said = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 143
    n = len(manifest_of(out).parts)
    assert f"mismatch: terminated; {n} parts are done in {out}/; the same command goes on from there" in said
    assert n <= len(parts_in(out)) <= n + 1 < 640  # one may have its name already, and not yet its line
    assert [name for name in contents(out) if name.startswith(".")] == []
