"""No output destroys an input or the model, whatever its name; what is replaced hands on its permissions."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mismatch.records.left_behind import host_name, mark_of_process, started
from mismatch.records.output.output_file import OutputFile

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links and permissions of POSIX")
COMMAND = [sys.executable, "-m", "mismatch.cli"]
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def rows(tmp_path: Path, pairs_file: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(pairs_file.read_bytes())
    return path


@pytest.fixture
def own_model(tmp_path: Path, model_path: Path) -> Path:
    path = tmp_path / "own.jsonl"  # a model may have any name
    path.write_bytes(model_path.read_bytes())
    return path


def by_name(path: Path) -> Path:
    return path


def by_another_way(path: Path) -> Path:
    return path.parent / ".." / path.parent.name / path.name


def by_link(path: Path) -> Path:
    link = path.with_name(f"link-to-{path.name}")
    link.symlink_to(path)
    return link


def by_hard_link(path: Path) -> Path:
    link = path.with_name(f"other-{path.name}")
    os.link(path, link)
    return link


OUTPUTS = [
    ["score", "ROWS", "--out", "OUTPUT"],
    ["score", "ROWS", "--out", "-", "--rejected", "OUTPUT"],
    ["gate", "ROWS", "--passed", "OUTPUT"],
    ["gate", "ROWS", "--flagged", "OUTPUT"],
    ["gate", "ROWS", "--rejected", "OUTPUT"],
    ["gate", "ROWS", "--report", "OUTPUT"],
    ["evaluate", "ROWS", "--report", "OUTPUT"],
    ["evaluate", "ROWS", "--rejected", "OUTPUT"],
    *(["repair", "ROWS", "--out", "-", option, "OUTPUT"] for option in ("--apply", "--shifts", "--report", "--rejected")),
    ["repair", "ROWS", "--out", "OUTPUT"],
    ["repair", "ROWS", "--out", "-", "--apply", "elsewhere.jsonl", "--log", "OUTPUT"],
    *(["sources", "ROWS", option, "OUTPUT"] for option in ("--out", "--save-baseline", "--rejected")),
    *(["repeats", "ROWS", "--out", "elsewhere.jsonl", option, "OUTPUT"] for option in ("--clusters", "--rejected")),
    ["repeats", "ROWS", "--out", "OUTPUT"],
    *(["repeats", "ROWS", option, "OUTPUT"] for option in ("--clusters", "--rejected")),
]
LEARNING = [
    ["train", "ROWS", "--out", "OUTPUT"],
    ["train", "ROWS", "--out", "elsewhere.joblib", "--suspects", "OUTPUT"],
    ["calibrate", "MODEL", "ROWS", "--out", "OUTPUT"],
    ["calibrate", "MODEL", "ROWS", "--out", "elsewhere.joblib", "--rejected", "OUTPUT"],
]


@pytest.mark.parametrize("name", [by_name, by_another_way, by_link, by_hard_link])
@pytest.mark.parametrize("words", [*OUTPUTS, *LEARNING], ids=" ".join)
def test_no_output_is_an_input(
    invoke: Any, rows: Path, own_model: Path, words: list[str], name: Callable[[Path], Path]
) -> None:
    _refused(invoke, words, rows, rows, own_model, name)


@pytest.mark.parametrize("name", [by_name, by_link, by_hard_link])
@pytest.mark.parametrize("words", [*OUTPUTS, *LEARNING[2:]], ids=" ".join)
def test_no_output_is_the_model(
    invoke: Any, rows: Path, own_model: Path, words: list[str], name: Callable[[Path], Path]
) -> None:
    _refused(invoke, words, own_model, rows, own_model, name)


def _refused(
    invoke: Any, words: list[str], target: Path, rows: Path, model: Path, name: Callable[[Path], Path]
) -> None:  # fmt: skip
    before = target.read_bytes()
    places = {"ROWS": rows, "MODEL": model, "OUTPUT": name(target)}
    options = [] if words[0] in ("train", "calibrate") else ["--model", model]
    ended = invoke(*(places.get(word, word) for word in words), *options, "--quiet")
    assert ended.code == 2
    (line,) = ended.said
    assert "give it a file of its own" in line
    assert str(target) in line
    assert target.read_bytes() == before


def test_an_input_that_a_pattern_or_a_folder_stands_for_is_one_too(invoke: Any, rows: Path, model_path: Path) -> None:
    for name in (rows.parent, rows.parent / "*.jsonl"):
        ended = invoke("score", name, "--out", rows, "--model", model_path)
        assert (ended.code, "names an input" in ended.err) == (2, True)


def test_standard_output_may_not_be_the_input(rows: Path, model_path: Path) -> None:
    before = rows.read_bytes()
    with rows.open("ab") as behind:
        command = [*COMMAND, "score", str(rows), "--model", str(model_path)]
        done = subprocess.run(command, stdout=behind, stderr=subprocess.PIPE, cwd=ROOT, timeout=120, check=False)
    assert done.returncode == 2
    assert b"which is standard output" in done.stderr
    assert rows.read_bytes() == before


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_a_file_that_is_replaced_hands_on_its_permissions(
    invoke: Any, tmp_path: Path, rows: Path, model_path: Path, mode: int
) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("old")
    out.chmod(mode)
    assert invoke("score", rows, "--out", out, "--model", model_path).code == 0
    assert stat.S_IMODE(out.stat().st_mode) == mode
    assert out.read_bytes().count(b"\n") == 64


def test_a_new_file_has_those_of_the_umask_and_a_link_goes_on_pointing(
    invoke: Any, tmp_path: Path, rows: Path, model_path: Path
) -> None:
    before = os.umask(0o027)
    try:
        target, link = tmp_path / "there" / "out.jsonl", tmp_path / "out.jsonl"
        target.parent.mkdir()
        link.symlink_to(target)
        assert invoke("score", rows, "--out", link, "--model", model_path).code == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert link.is_symlink()
    assert not target.is_symlink()


def test_only_its_owner_may_read_a_file_that_is_being_written(tmp_path: Path) -> None:
    with OutputFile(tmp_path / "out.jsonl") as output:
        (temporary,) = tmp_path.iterdir()
        assert stat.S_IMODE(temporary.stat().st_mode) == 0o600
        output.write(b"row\n")
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]


def test_what_killed_runs_left_goes_and_what_others_write_stays(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    gone, mine = process.pid, os.getpid()
    names = {
        f".a.jsonl.{host_name()}-{gone}-0-00000000.mismatch-tmp": False,
        f".a.jsonl.{host_name()}-{mine}-1-00000000.mismatch-tmp": False,  # an earlier process with the same number
        f".a.jsonl.{host_name()}-{mine}-{started(mine)}-00000000.mismatch-tmp": True,
        f".a.jsonl.elsewhere-{gone}-0-00000000.mismatch-tmp": True,
        ".a.jsonl.mismatch-tmp": True,
        "a.mismatch-tmp": True,
    }
    for name in names:
        (tmp_path / name).write_text("rows")
    OutputFile(tmp_path / "out.jsonl").commit()
    assert {name: (tmp_path / name).exists() for name in names} == names


def test_temporary_files_of_killed_runs_go_with_the_next_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    places = {
        f"mismatch-{host_name()}-{process.pid}-0-abcdefgh": False,
        f"mismatch-{host_name()}-{process.pid}-0-abcdefgi.xlsx": False,
        f"mismatch-{mark_of_process()}-abcdefgh": True,
        "mismatch-report": True,
        f"other-{host_name()}-{process.pid}-0-abcdefgh": True,
    }
    (outside := tmp_path / "outside").mkdir()
    (outside / "kept").write_text("rows")
    temporary = tmp_path / "temporary"
    for name in places:
        (temporary / name).mkdir(parents=True)
        (temporary / name / "rows").symlink_to(outside)
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    OutputFile(tmp_path / "out.jsonl").commit()
    assert {name: (temporary / name).exists() for name in places} == places
    assert (outside / "kept").exists()


def test_a_kill_leaves_what_the_next_run_removes(tmp_path: Path, rows: Path, model_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    command = [*COMMAND, "score", "-", "--out", str(out), "--no-adapt", "--model", str(model_path), "--quiet"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdin is not None
        process.stdin.write(rows.read_bytes())
        process.stdin.flush()
        while not list(tmp_path.glob(".out.jsonl.*")):
            assert process.poll() is None
        process.kill()
    assert len(list(tmp_path.glob(".*"))) == 1
    subprocess.run([*command[:4], str(rows), *command[5:]], cwd=ROOT, timeout=120, check=True)
    assert list(tmp_path.glob(".*")) == []
    assert out.read_bytes().count(b"\n") == 64


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda path: os.truncate(path, path.stat().st_size // 2), "it shrank from"),
        (lambda path: path.open("ab").close() or path.write_bytes(path.read_bytes() * 2), "it grew from"),
        (lambda path: os.utime(path, ns=(1, 1)), "it was written to"),
        (lambda path: (path.rename(path.with_name("old")), path.write_bytes(b"{}\n")), "another file took its place"),
    ],
    ids=["shrunk", "grown", "written to", "replaced"],
)
def test_an_input_that_changes_while_it_is_read_is_an_error(
    monkeypatch: pytest.MonkeyPatch, invoke: Any, tmp_path: Path, rows: Path, model_path: Path, change: Any, words: str
) -> None:
    from mismatch.judging import pipeline

    judge = pipeline.adapted

    def changed(*arguments: Any, **options: Any) -> Any:
        found = judge(*arguments, **options)
        change(rows)
        return found

    rows.write_bytes(rows.read_bytes() * 200)  # more than a chunk
    monkeypatch.setattr(pipeline, "adapted", changed)
    out = tmp_path / "out.jsonl"
    ended = invoke("score", rows, "--out", out, "--no-adapt", "--quiet", "--model", model_path)
    assert ended.code == 2
    assert words in ended.said[-1]
    assert not out.exists()
