"""How `train` ends: what is found at which price, what looks wrong, the cut, and the command to run next."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made_up import articles as made_up


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Articles under column names that nobody guesses; the bodies of four are in the wrong place."""
    rows = [{"kop van dienst": row["title"], "proza": row["body"]} for row in made_up(400)]
    bodies = [rows[i]["proza"] for i in (10, 110, 210, 310)]
    for i, body in zip((110, 210, 310, 10), bodies, strict=True):
        rows[i]["proza"] = body
    path = tmp_path_factory.mktemp("archive") / "archief.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_from_an_archive_to_a_gate(invoke: Callable[..., Any], archive: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    names = ("--title", "kop van dienst", "--body", "proza")
    ended = invoke("train", archive, "--fresh", "--out", "my model.joblib", *names, "--max-false-flags", "0.03")
    assert (ended.code, ended.out) == (0, b"")
    rows = re.findall(r"at most (\S+) % +(\S+) +(\S+) % +(\S+) to (\S+) %", ended.err)
    assert [(share, a_day) for share, a_day, *_ in rows] == [
        ("0.1", "10"), ("0.2", "20"), ("0.5", "50"), ("1", "100"), ("2", "200"), ("3", "300"),
    ]  # fmt: skip
    for _, _, recall, low, high in rows:
        assert float(low) <= float(recall) <= float(high)
    assert re.search(r"the model's cut: \S+ % +\d+ +\S+ %", ended.err)
    assert "the cut (as asked for)" in ended.err
    assert re.search(r"4 pairs of your archive look wrong and were left out: list them with --suspects", ended.err)
    suspects = re.findall(r"^  row (\d+): ", ended.err, re.MULTILINE)
    assert {int(row) for row in suspects} < {11, 111, 211, 311}
    assert ended.said[-2] == "model written to my model.joblib"
    command = shlex.split(ended.said[-1].removeprefix("next: "))
    assert command[:2] == ["mismatch", "gate"]
    archive.rename(tmp_path / command[2])
    gate = invoke(*command[1:])
    (tmp_path / command[2]).rename(archive)
    assert gate.code == 0, gate.err
    assert len((tmp_path / "review.jsonl").read_text().splitlines()) >= 1


def test_few_pairs_promise_nothing_and_say_so(invoke: Callable[..., Any], pairs_file: Path, tmp_path: Path) -> None:
    ended = invoke("train", pairs_file, "--fresh", "--out", tmp_path / "m.joblib")
    assert "too few for a guaranteed false-flag rate" in ended.err
    assert "*at most 0.1 %" in ended.err
    assert "*: of 64 pairs none may be flagged then" in ended.err


def test_hostile_titles_of_suspects_are_harmless(invoke: Callable[..., Any], archive: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in archive.read_text().splitlines()]
    rows[110]["kop van dienst"] += " \x1b[31m[bold]red\r\nnext: rm -rf /"
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    ended = invoke(
        "train", path, "--fresh", "--out", tmp_path / "m.joblib", "--title", "kop van dienst", "--body", "proza"
    )  # fmt: skip
    assert "row 111" in ended.err
    assert "\x1b" not in ended.err
    assert not any(line.startswith("next: rm") for line in ended.said)


@pytest.mark.parametrize("options", [(), ("--json",), ("--quiet",)])
def test_evaluating_on_what_the_model_has_seen_says_so_first(
    invoke: Callable[..., Any], pairs_file: Path, model_path: Path, options: tuple[str, ...]
) -> None:
    out = invoke("evaluate", pairs_file, "--model", model_path, *options).out.decode()
    words = "has learned from 100% of these articles: its figures are too good"
    first = next(iter(json.loads(out).items())) if options == ("--json",) else ("warning", out.splitlines()[0])
    assert first[0] == "warning"
    assert words in first[1]


def test_evaluating_on_other_articles_warns_of_nothing(
    invoke: Callable[..., Any], tmp_path: Path, model_path: Path, write_rows: Callable[..., Path]
) -> None:
    ended = invoke("evaluate", write_rows(tmp_path / "new.jsonl", made_up(80, seed=4)), "--model", model_path, "--json")
    assert json.loads(ended.out)["warning"] is None
    assert "too good" not in ended.err
