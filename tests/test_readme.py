"""The README keeps its word: its commands are the ones that are run, its examples run, its links lead somewhere."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import mismatch

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = "".join(re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)).splitlines()


def test_two_commands_of_one_line_set_everything_up() -> None:
    gate, tests = COMMANDS
    assert gate.startswith("python3 -m venv .venv && ")
    assert tests.startswith("python3 -m venv .venv && ")
    assert tests.rpartition(" && ")[2].startswith(".venv/bin/pytest"), ".ci/run runs what stands behind the last &&"
    assert "&& \\.venv/bin/pytest" in (ROOT / ".ci" / "run").read_text()


def test_what_the_commands_install_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    (everything,) = extras["all"]
    assert set(re.findall(r"[\w-]+(?=[,\]])", everything)) == set(extras) - {"all"}
    assert "test" in project["dependency-groups"]


def test_the_gate_runs_as_shown(tmp_path: Path) -> None:
    arguments = COMMANDS[0].rpartition(".venv/bin/mismatch ")[2].split()
    arguments[arguments.index("flagged.jsonl")] = str(tmp_path / "flagged.jsonl")
    command = [sys.executable, "-m", "mismatch.cli", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(r"passed: \d+ of 60 rows flagged", done.stdout + done.stderr)
    wrong = {9, 23, 34, 35, 36, 37, 52}  # by training_data/README.md
    flagged = [int(line) for line in re.findall(r"^  .*  row (\d+)  ", done.stdout, re.MULTILINE)]
    assert len(flagged) == len((tmp_path / "flagged.jsonl").read_text("utf-8").splitlines())
    assert set(flagged) <= wrong
    assert len(flagged) >= 4
    hard = re.search(r"hard to say \(unsure\) and pass(?:es)?: rows? (.*)\.$", done.stdout, re.MULTILINE)
    named = set(flagged) | {int(line) for line in re.findall(r"\d+", hard[1] if hard else "")}
    assert wrong <= named
    assert len(named - wrong) <= 2


@pytest.mark.parametrize("example", re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL))
def test_the_examples_run(example: str, tmp_path: Path) -> None:
    (tmp_path / "training_data" / "articles").mkdir(parents=True)
    shutil.copy(ROOT / "training_data" / "articles" / "en.jsonl", tmp_path / "training_data" / "articles")
    (tmp_path / "example.py").write_text(example, "utf-8")
    script = f"import runpy, sys; sys.path.insert(0, {str(ROOT)!r}); runpy.run_path('example.py')"
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_a_reader_is_through_in_five_minutes() -> None:
    prose = re.sub(r"^```.*?^```", "", README, flags=re.MULTILINE | re.DOTALL)
    words = re.sub(r"^\|[-:| ]+\|$", "", prose, flags=re.MULTILINE).replace("|", " ").split()
    assert len(words) <= 900
    (example,) = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert len(example.splitlines()) <= 8


def test_every_row_comes_back_in_order_and_unchanged(
    invoke: Any, pairs_file: Path, model_path: Path, tmp_path: Path
) -> None:
    odd = [
        b'{"body": "b",  "title":"\\u00e9\\/", "n":1.50e+3, "n":-0, "long":' + b"9" * 50 + b', "deep":[[{"a" : null}]] }',
        b'{"title":"","body":null,"":"\xef\xbb\xbf"}',
        b"{ }",
    ]
    lines = [*pairs_file.read_bytes().splitlines(), *odd]
    (given := tmp_path / "rows.jsonl").write_bytes(b"\n".join([*lines[:5], b"no row", *lines[5:]]))
    rejected = tmp_path / "rejected.jsonl"
    done = invoke("score", given, "--model", model_path, "--rejected", rejected)
    found = done.out.splitlines()
    assert len(found) == len(lines)
    for line, out in zip(lines, found, strict=True):
        kept = line[:-1] if line != b"{ }" else b"{ "
        assert out.startswith(kept + (b"" if line == b"{ }" else b",") + b'"mismatch_verdict":')
    (kept_row,) = [json.loads(line) for line in rejected.read_text().splitlines()]
    assert (kept_row["line"], kept_row["raw"], kept_row["file"]) == (6, "no row", str(given))


def test_exit_codes_say_what_the_readme_says(invoke: Any, pairs_file: Path, model_path: Path, tmp_path: Path) -> None:
    mixed, unread = tmp_path / "mixed.jsonl", tmp_path / "unread.jsonl"
    rows = [json.loads(line) for line in pairs_file.read_bytes().splitlines()]
    bodies = [row["body"] for row in rows]
    mixed.write_text(
        "".join(json.dumps({**row, "body": body}) + "\n" for row, body in zip(rows, bodies[32:] + bodies[:32], strict=True))
    )
    unread.write_bytes(pairs_file.read_bytes() + b"no row\n" * 10)
    gate = ["gate", "--quiet", "--no-adapt", "--model"]
    assert invoke(*gate, model_path, pairs_file, "--max-rate", "0.5").code == 0
    assert invoke(*gate, model_path, mixed, "--max-rate", "0.02").code == 1
    assert invoke(*gate, model_path, unread, "--max-rate", "0.5").code == 2
    assert invoke(*gate, pairs_file, pairs_file).code == 3


DOCUMENTS = ["README.md", "models/README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
DOCUMENTS += sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_to_files(document: str) -> None:
    path = ROOT / document
    text = re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    targets = [t for t in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text) if "://" not in t]
    if document.startswith("docs/"):  # the site has these two among its pages
        targets = [t for t in targets if t not in ("CONTRIBUTING.md", "CHANGELOG.md")]
    assert not [target for target in targets if not (path.parent / target).exists()]


def test_a_list_of_thirty_pairs_teaches_the_model_first_and_of_fewer_none() -> None:
    model = mismatch.load()
    rows = runpy.run_path(str(ROOT / "tests" / "integrations" / "stories.py"))["rows"](30)
    pairs = [(row["title"], row["body"]) for row in rows]
    for n, teaches in ((29, False), (30, True)):
        by_itself, as_it_is = ([v.probability for v in model.score(pairs[:n], adapt=a)] for a in (None, False))
        assert (by_itself != as_it_is) is teaches
