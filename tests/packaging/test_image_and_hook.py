"""The image, the hook for pre-commit, and completion in the shell: what can be tried without docker and a network."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()
STEPS = [
    (line.split(" ", 1)[0], line.split(" ", 1)[1])
    for line in re.sub(r"\\\n", " ", re.sub(r"(?m)^#.*\n", "", DOCKERFILE)).splitlines()
    if line
]
LAST_STAGE = STEPS[max(i for i, (step, _) in enumerate(STEPS) if step == "FROM") :]


def test_the_image_compiles_before_it_gives_up_its_rights() -> None:
    steps = [step for step, _ in LAST_STAGE]
    compiles = next(i for i, (step, words) in enumerate(LAST_STAGE) if step == "RUN" and "mismatch compile" in words)
    assert compiles < steps.index("USER") < steps.index("ENTRYPOINT")
    assert dict(LAST_STAGE)["USER"] not in ("0", "root")
    assert dict(LAST_STAGE)["ENTRYPOINT"] == '["mismatch"]'
    assert "[" not in dict(LAST_STAGE)["RUN"], "the base is installed without extras"


def test_all_that_the_image_copies_is_there_and_let_through() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[0] == "*"
    for step, words in STEPS:
        if step == "COPY":
            for name in words.split()[:-1]:
                assert (ROOT / name).exists()
                assert f"!{name}" in ignored


def test_everything_the_wheel_is_built_of_is_copied() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    built = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {
        *built["packages"],
        *built["force-include"],
        project["project"]["readme"],
        *project["project"]["license-files"],
    }
    assert needed <= {name for step, words in STEPS if step == "COPY" for name in words.split()[:-1]}


def test_a_read_only_root_is_enough(pairs_file: Path, model_path: Path, tmp_path: Path, run: Callable[..., Any]) -> None:
    """In a mount namespace in which nothing but one folder can be written to, as `docker run --read-only` has it."""
    alone = ["unshare", "--map-root-user", "--mount"]
    if shutil.which("unshare") is None or subprocess.run([*alone, "true"], capture_output=True).returncode:
        pytest.skip("no mount namespace can be made here")
    data = tmp_path / "data"
    data.mkdir()
    shutil.copy(pairs_file, data / "today.jsonl")
    gate = ["-m", "mismatch.cli", "gate", "today.jsonl", "--model", str(model_path), "--passed", "clean.jsonl"]
    script = f"""
        mount --rbind / / && mount --bind {shlex.quote(str(data))} {shlex.quote(str(data))}
        mount -o remount,ro,bind / || exit 9
        cd {shlex.quote(str(data))} && if touch {shlex.quote(str(tmp_path))}/x 2>/dev/null; then exit 9; fi
        exec {shlex.join([sys.executable, *gate])}
    """
    home = {"HOME": "/nonexistent", "PYTHONPATH": str(ROOT), "TMPDIR": "/nonexistent"}
    done = subprocess.run(
        [*alone, "sh", "-c", script], capture_output=True, text=True, env={**os.environ, **home}, timeout=200
    )
    if done.returncode == 9:
        pytest.skip("the root cannot be made read-only here")
    assert done.returncode == 0, done.stderr
    assert "passed: " in done.stdout
    assert len((data / "clean.jsonl").read_text().splitlines()) == 64


def test_the_hook_refuses_a_stray_and_lets_others_pass(
    invoke: Callable[..., Any], pairs_file: Path, articles: list[dict[str, str]], stray: dict[str, str], tmp_path: Path,
    write_rows: Callable[..., Path], model_path: Path,
) -> None:  # fmt: skip
    yaml = pytest.importorskip("yaml")
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert {"id", "name", "entry", "language"} <= set(hook)
    command, *options = shlex.split(hook["entry"])
    assert command == "mismatch"
    bad = write_rows(tmp_path / "bad.jsonl", [*articles[:40], stray])
    for names, code in (([pairs_file], 0), ([pairs_file, bad], 1)):
        assert invoke(*options, "--model", model_path, "--no-adapt", *names).code == code
    for name, taken in (
        ("a.jsonl", True),
        ("b/c.csv.gz", True),
        ("d.parquet", True),
        ("README.md", False),
        ("e.json5", False),
    ):
        assert bool(re.search(hook["files"], name)) is taken


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_completion_is_installed_and_completes(tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    install = f"{shlex.quote(sys.executable)} -m mismatch.cli --install-completion; exit $?"
    done = subprocess.run(["bash", "-c", install], capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 0, done.stderr
    written = "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())
    assert "_MISMATCH_COMPLETE=complete_bash" in written


@pytest.mark.parametrize(("words", "expected"), [("mismatch ga", "gate"), ("mismatch gate --max-ra", "--max-rate")])
def test_commands_and_options_complete(words: str, expected: str, tmp_path: Path) -> None:
    asked = {"_MISMATCH_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    command = [sys.executable, "-m", "mismatch.cli"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, **asked}, timeout=60)
    assert expected in done.stdout.split()
    assert done.stderr == ""
