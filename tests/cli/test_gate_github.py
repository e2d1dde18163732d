"""`gate --github`: annotations and a summary, into which no article can write commands or markup; and `gate --json`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mismatch.records.output.outside_text import inert
from mismatch.report.console import safe

HOSTILE = [
    "\n::error::pwned", "::set-output name=a::b", "x\r\n::add-mask::secret", "100%0A::error::pwned", "##[add-mask]secret",
    "a | b <script>alert(1)</script> [link](https://evil.example) `code` @someone **bold**",
]  # fmt: skip


@pytest.fixture
def feed(articles: list[dict[str, str]], stray: dict[str, str], tmp_path: Path, write_rows: Callable[..., Path]) -> Path:
    strays = [
        {**stray, "title": f"{stray['title']} {text}", "source": text.strip() or "x"} for text in HOSTILE
    ]  # fmt: skip
    return write_rows(tmp_path / "feed, of: today.jsonl", [*articles[:30], *strays])


@pytest.fixture
def summary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "summary.md"
    path.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    return path


def _commands(text: str) -> list[str]:
    """The lines that GitHub's runner would take for commands: it trims them, and takes the old form anywhere."""
    lines = re.split(r"[\r\n\u2028\u2029\x0b\x0c\x85]", text)
    return [line for line in lines if line.strip().startswith("::") or "##[" in line]


def test_each_flagged_row_is_annotated_and_nothing_else_is_a_command(
    invoke: Callable[..., Any], feed: Path, model_path: Path, summary_file: Path
) -> None:
    ended = invoke("gate", feed, "--model", model_path, "--no-adapt", "--max-rate", "0.01", "--github")
    assert ended.code == 1
    commands = _commands(ended.out.decode())
    flagged = len(HOSTILE)
    assert len(commands) == flagged + 1
    assert _commands(ended.err) == []
    for command in commands[:-1]:
        kind = re.fullmatch(r"::warning file=([^,:]*),line=(\d+),title=[^,:]*::row (\d+): (.*)", command)
        assert kind is not None, command
        assert kind[1] == str(feed).replace(":", "%3A").replace(",", "%2C")
        assert kind[2] == kind[3]
        assert 31 <= int(kind[2]) <= 30 + flagged
    assert any("100%250A" in command for command in commands)
    assert commands[-1].startswith("::error title=mismatch gate::FAILED: 6 of 36 rows flagged")


def test_the_summary_is_appended_and_no_title_is_markup(
    invoke: Callable[..., Any], feed: Path, model_path: Path, summary_file: Path
) -> None:
    invoke("gate", feed, "--model", model_path, "--no-adapt", "--max-rate", "0.01", "--github")
    text = summary_file.read_text("utf-8")
    assert text.startswith("before\n### mismatch gate")
    assert "FAILED" in text
    assert "almost certainly" in text or "probably" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} == {5}
    for forbidden in ("<", "`", "@", "](", "https:", "::error", "**bold"):
        assert forbidden not in text.replace("**FAILED", "").replace("**\n", "\n")


def test_one_who_passes_is_noted(invoke: Callable[..., Any], pairs_file: Path, model_path: Path, summary_file: Path) -> None:
    ended = invoke("gate", pairs_file, "--model", model_path, "--no-adapt", "--github")
    assert ended.code == 0
    assert _commands(ended.out.decode())[-1].startswith("::notice title=mismatch gate::passed: ")
    assert "passed" in summary_file.read_text()


def test_what_could_not_be_decided_is_an_error(
    invoke: Callable[..., Any], tmp_path: Path, model_path: Path, summary_file: Path
) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    ended = invoke("gate", tmp_path / "empty.jsonl", "--model", model_path, "--github")
    assert ended.code == 2
    (command,) = _commands(ended.out.decode())
    assert command.startswith("::error title=mismatch gate::")
    assert "there are no rows" in command


def test_json_stays_json_and_harmless(invoke: Callable[..., Any], feed: Path, model_path: Path, summary_file: Path) -> None:
    ended = invoke("gate", feed, "--model", model_path, "--no-adapt", "--github", "--json")
    assert _commands(ended.out.decode()) == []
    found = json.loads(ended.out)
    assert [row["row"] for row in sorted(found["flagged_rows"], key=lambda row: row["row"])] == list(range(31, 37))
    assert {row["file"] for row in found["flagged_rows"]} == {str(feed)}
    assert any(row["title"].endswith("##[add-mask]secret") for row in found["flagged_rows"])
    assert all(row["reasons"] and row["probability"] >= 0.5 for row in found["flagged_rows"])
    assert len(_commands(ended.err)) == 7


def test_without_a_job_there_are_annotations_alone(
    invoke: Callable[..., Any], pairs_file: Path, model_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    assert invoke("gate", pairs_file, "--model", model_path, "--no-adapt", "--github").code == 0
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    ended = invoke("gate", pairs_file, "--model", model_path, "--no-adapt", "--github")
    assert ended.code == 0
    assert "the summary of the job cannot be written" in ended.err


@pytest.mark.parametrize("option", ["--passed", "--flagged", "--rejected", "--report"])
@pytest.mark.parametrize("place", ["-", "/dev/stdout", "/dev/stderr"])
def test_rows_cannot_go_where_commands_are_read(
    invoke: Callable[..., Any], pairs_file: Path, model_path: Path, option: str, place: str
) -> None:
    if place != "-" and not os.path.exists(place):
        pytest.skip("there is no such name")
    ended = invoke("gate", pairs_file, "--model", model_path, "--github", option, place)
    assert ended.code == 2
    assert "--github writes to standard output" in ended.err


@pytest.mark.parametrize("text", ["::error::x", "  ::error::x", "a ##[error]x", "\x1b::error::x"])
def test_text_for_a_terminal_or_a_page_is_no_command_either(text: str) -> None:
    assert _commands(safe(text)) == _commands(inert(text)) == []
