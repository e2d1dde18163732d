"""All commands that read inputs read them by the same options."""

from __future__ import annotations

import inspect
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer

from mismatch.cli import app
from mismatch.cli.input_options import InputOptions

Rows = list[dict[str, str]]
LEFT_OUT = {
    "score": {"topic", "label"},
    "gate": {"topic", "label"},
    "train": {"with_body"},
    "calibrate": {"topic", "with_body"},
    "evaluate": {"with_body"},
    "explain": {"topic", "label", "with_body"},
}
COMMANDS = {command.callback.__name__: command.callback for command in app.registered_commands if command.callback}


@pytest.mark.parametrize("command", LEFT_OUT)
def test_a_command_takes_every_option_that_makes_sense_for_it(command: str) -> None:
    taken = set(inspect.signature(COMMANDS[command]).parameters)
    every = {field.name for field in fields(InputOptions)}
    assert every - taken == LEFT_OUT[command]
    assert "given" not in taken


def test_the_help_shows_each_option_once() -> None:
    shown = typer.main.get_command(app).commands["train"]  # type: ignore[attr-defined]
    names = [name for parameter in shown.params for name in parameter.opts]
    assert len(names) == len(set(names))
    assert {"--limit", "--page-seconds", "--delimiter", "--bodies", "--table", "--encoding"} <= set(names)


def _arguments(command: str, given: Any, model: Path, folder: Path) -> list[Any]:
    return {
        "score": ["score", given, "--model", model],
        "gate": ["gate", given, "--model", model, "--max-rejected", "1"],
        "train": ["train", given, "--fresh", "--out", folder / "new.joblib"],
        "evaluate": ["evaluate", given, "--model", model],
        "calibrate": ["calibrate", model, given, "--out", folder / "new.joblib"],
        "explain": ["explain", given, "--row", "70", "--model", model],
    }[command]


@pytest.mark.parametrize("command", LEFT_OUT)
def test_a_bound_and_a_delimiter_are_heeded_by_every_command(
    invoke: Any, tmp_path: Path, model_path: Path, articles: Rows, command: str
) -> None:
    rows = [*articles, *({**row, "body": row["body"] + " again" * 400} for row in articles[:5])]
    path = tmp_path / "rows.txt"
    path.write_text("Kopf~Rumpf\n" + "".join(f"'{r['title']}'~'{r['body']}'\n".replace("'s", "s") for r in rows), "utf-8")
    arguments = [*_arguments(command, path, model_path, tmp_path), "--format", "csv", "--delimiter", "~", "--quote", "'",
                 "--title", "Kopf", "--body", "Rumpf"]  # fmt: skip
    free = invoke(*arguments)
    assert "could not be read" not in free.err
    bound = invoke(*arguments, "--limit", "row=2000")
    if command == "explain":
        assert "has 64 readable rows" in bound.err
        assert free.code == 2 and "has 69 readable rows" in free.err
    else:
        assert "5 rows could not be read" in bound.err
    wrong = invoke(*arguments, "--limit", "rows=2000")
    assert wrong.code == 2 and "--limit rows=2000: write NAME=VALUE" in wrong.err


@pytest.mark.parametrize("command", ["train", "calibrate", "evaluate"])
def test_rejected_rows_are_kept_up_to_the_bound(
    invoke: Any, tmp_path: Path, model_path: Path, articles: Rows, command: str, write_rows: Any
) -> None:
    path = write_rows(tmp_path / "rows.jsonl", [*articles, *(b"x" * 1000 for _ in range(20))])
    rejected = tmp_path / "rejected.jsonl"
    arguments = _arguments(command, path, model_path, tmp_path)
    invoke(*arguments, "--rejected", rejected, "--limit", "rejected=5000")
    lines = [json.loads(line) for line in rejected.read_bytes().splitlines()]
    assert len(lines) == 20
    assert sum(line["raw"] is None for line in lines) >= 15
