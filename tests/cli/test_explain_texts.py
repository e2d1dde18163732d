"""`mismatch explain` of texts on the command line: one title, one body, from one place each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


def test_a_body_on_the_command_line_is_the_same_as_one_from_a_file(
    invoke: Any, tmp_path: Path, stray: dict[str, str], model_path: Path
) -> None:
    (tmp_path / "body.txt").write_text(stray["body"], "utf-8")
    shared = ("explain", "--title", stray["title"], "--model", model_path)
    typed = invoke(*shared, "--body-text", stray["body"])
    assert typed.code == 0
    assert typed.out.startswith(b"MISMATCH")
    assert typed.out == invoke(*shared, "--body-file", tmp_path / "body.txt").out


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--body-text", "Fog."], "give --title with --body-text or --body-file"),
        (["--title", "Ferry"], "give --title with --body-text or --body-file"),
        (["--title", "Ferry", "--body-text", "Fog.", "--body-file", "b.txt"], "are both the body; give one of them"),
        (["a.jsonl", "--body-text", "Fog."], "INPUT has its own bodies"),
    ],
)
def test_what_does_not_go_together_is_refused_in_one_line(invoke: Any, given: list[str], said: str) -> None:
    ended = invoke("explain", *given)
    assert ended.code == 2
    (line,) = ended.said
    assert said in line
