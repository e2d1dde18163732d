"""The example in the help of each command runs as it stands, in a folder that holds the files that it names."""

from __future__ import annotations

import gzip
import json
import runpy
import shlex
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from terminal import Terminal
from typer.main import get_command

from mismatch.cli import app
from mismatch.serve.command import app as service

ROOT = Path(__file__).parent.parent.parent


def examples() -> dict[str, list[str]]:
    """The examples of all commands, by the command's name."""
    commands: dict[str, Any] = dict(get_command(app).commands)  # type: ignore[attr-defined]
    commands["serve"] = get_command(service)
    found = {}
    for name, command in commands.items():
        lines = [line.partition("Example: ")[2] for line in (command.help or "").splitlines() if "Example: " in line]
        found[name] = lines
    return found


EXAMPLES = examples()
ELSEWHERE = ("review", "serve", "compile")
"""the first two in a terminal below, the last one, which takes long, in tests/compiling/test_first_start.py"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, model_path: Path) -> Path:
    """A day's scrapes, an archive, a model of one's own: what the examples speak of."""
    stories = runpy.run_path(str(ROOT / "tests" / "integrations" / "stories.py"))
    made = tmp_path_factory.mktemp("newsroom")
    (made / "models").mkdir()
    (made / "training_data" / "articles").mkdir(parents=True)
    shutil.copy(model_path, made / "models" / "mine.joblib")
    few, many = (_lines(stories["rows"](n, wrong_every=40)) for n in (120, 700))
    for name in ("scrapes.jsonl", "archive.jsonl"):
        (made / name).write_bytes(few)
    (made / "today.jsonl").write_bytes(_lines(stories["rows"](120, wrong_every=100)))
    (made / "training_data" / "articles" / "en.jsonl").write_bytes(_lines(stories["rows"](60)))
    (made / "scrapes.jsonl.gz").write_bytes(gzip.compress(few))
    (made / "feed.jsonl").write_bytes(many)
    (made / "body.txt").write_text("Aid convoys reached two suburbs of Damascus on Tuesday, the United Nations said.")
    judged = {"mismatch_verdict": "mismatch", "mismatch_probability": 0.9, "mismatch_reasons": ["no_shared_terms"]}
    (made / "flagged.jsonl").write_bytes(_lines([{**row, **judged} for row in stories["rows"](3)]))
    return made


def _lines(rows: list[dict[str, object]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def test_every_command_shows_one_example() -> None:
    assert {name: len(lines) for name, lines in EXAMPLES.items()} == dict.fromkeys(EXAMPLES, 1)
    assert all(lines[0].startswith(f"mismatch {name}") for name, lines in EXAMPLES.items())


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name not in ELSEWHERE])
def test_the_example_runs(name: str, folder: Path, invoke: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    if name == "sources":
        assert invoke("sources", "archive.jsonl", "--save-baseline", "last_week.json").code == 0
    ended = invoke(*shlex.split(EXAMPLES[name][0])[1:])
    assert ended.code == 0, ended.err
    for option in ("--out", "--passed", "--report", "--clusters", "--suspects", "--apply"):
        arguments = shlex.split(EXAMPLES[name][0])
        if option in arguments:
            assert (folder / arguments[arguments.index(option) + 1]).is_file()


def test_the_example_of_the_review_opens_it(folder: Path) -> None:
    with Terminal(*shlex.split(EXAMPLES["review"][0])[1:], folder=folder) as terminal:
        terminal.shows("1 of 3")
        terminal.press("q")
        assert terminal.ended() == 0


def test_the_example_of_the_service_starts_it(folder: Path) -> None:
    arguments = shlex.split(EXAMPLES["serve"][0])[1:]
    with socket.socket() as tried:
        if tried.connect_ex(("127.0.0.1", int(arguments[arguments.index("--port") + 1]))) == 0:
            pytest.skip("the port of the example is taken on this machine")
    with Terminal(*arguments, folder=folder) as terminal:
        terminal.shows("serving on http://127.0.0.1:8000/")
