"""Texts that would break a screen, and screens that are small: a review shows its lines and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from terminal import Terminal

KEYS = "r right  w wrong  s skip  u undo  q quit"
HOSTILE = {
    "commands": "\x1b[2J\x1b[10;10H\x1b]0;owned\x07\x1b[31mred\x9b5n\x1bP+q\x1b\\ body of the article " * 20,
    "returns": "over\rwritten\x08\x08\x08\x7f\x00\x0b\x0c end " * 50,
    "direction": "\u202eevil\u202c \u2066left\u2069 \u200f\u061c text " * 50,
    "wide": "漢字かな交じり文🏏👩\u200d👩\u200d👧\ufe0f𒐫﷽꧅ " * 200,
    "stacked": "z" + "\u0300\u0489" * 5000 + " algo",
    "no blanks": "x" * 30_000,
    "markup": "[bold red]not bold[/] [link=http://x]y[/link] :smile: {0} %s <b>b</b> " * 20,
    "nothing": " \n\t\n " * 100,
    "lines": "a\n" * 3000,
    "separators": "one\u2028two\u2029three\x85four\x1cfive " * 40,
    "long": "The council met to talk about the harbour wall again. " * 100_000,
    "unassigned": "\U000e0041\ufdd0\U0010ffff\ue000\ufeff\u00ad tags " * 40,
}


def scored(name: str) -> dict[str, Any]:
    return {
        "id": HOSTILE[name][:300], "source": HOSTILE[name][:300], "title": HOSTILE[name][:2000], "body": HOSTILE[name],
        "mismatch_verdict": "mismatch", "mismatch_probability": 0.97, "mismatch_reasons": ["\x1b[2Jweak", "weak_overlap"],
    }  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostile") / "scored.jsonl"
    path.write_text("".join(json.dumps(scored(name)) + "\n" for name in HOSTILE), "utf-8")
    return path


@pytest.fixture
def review(model_path: Path, file: Path, tmp_path: Path) -> Callable[..., Terminal]:
    def _review(**more: Any) -> Terminal:
        labels = tmp_path / "labels.jsonl"
        return Terminal("review", file, "--model", model_path, "--labels", labels, "--order", "file", **more)

    return _review


def check(terminal: Terminal, n: int, total: int) -> None:
    """The first line is where the review is, the last ones are the keys, and no letter reaches into other lines."""
    terminal.settles()
    lines = terminal.lines
    assert lines[0].startswith(f"{n} of {total}, "), terminal.text
    assert " ".join(lines).rstrip().replace("  ↑ ↓ space scroll", "").endswith(KEYS), terminal.text
    assert max(terminal.stacked()) <= 4, terminal.text


def commands(raw: bytes) -> Iterator[bytes]:
    """The commands to the terminal in what was written, as far as they are none that we know of."""
    ours = re.compile(rb"\x1b\[(?:[0-9;]*m|[0-9]+;1H|H|2K|1A|\?(?:1049|25|7)[hl])")
    for found in re.finditer(rb"\x1b.{0,8}|\xc2[\x80-\x9f]|[\x00-\x07\x0b-\x0c\x0e-\x1a\x7f]", raw, re.DOTALL):
        if not ours.match(found[0]):
            yield found[0]


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (40, 20), (200, 60)])
def test_no_text_breaks_the_screen(review: Callable[..., Terminal], columns: int, lines: int, tmp_path: Path) -> None:
    total = len(HOSTILE)
    with review(columns=columns, lines=lines) as terminal:
        for n in range(1, total + 1):
            terminal.shows(f"{n} of {total}, ")
            terminal.shows("quit")
            check(terminal, n, total)
            terminal.press("\x1b[6~\x1b[F\x1b[A")  # a page, the end, a line
            terminal.press("w")
        terminal.shows(f"All {total} rows are decided.")
        terminal.press("q")
        assert terminal.ended() == 0
        assert list(commands(terminal.raw)) == []
        for character in "\u202e\u2066\u200f\u061c\u200d\ufeff":
            assert character.encode() not in terminal.raw
    rows = [json.loads(line) for line in (tmp_path / "labels.jsonl").read_text("utf-8").split("\n")[:-1]]
    assert [row["body"] for row in rows] == list(HOSTILE.values())


@pytest.mark.parametrize(("columns", "lines"), [(20, 5), (10, 3), (3, 2), (1, 1), (300, 4)])
def test_a_tiny_terminal_still_takes_decisions(
    review: Callable[..., Terminal], columns: int, lines: int, tmp_path: Path
) -> None:
    with review(columns=columns, lines=lines) as terminal:
        terminal.shows("1")
        terminal.press("wru")
        terminal.press("wq")
        assert terminal.ended() == 0
    assert len((tmp_path / "labels.jsonl").read_text("utf-8").split("\n")) == 3


def test_a_long_body_can_be_read_to_the_end_of_what_is_shown(model_path: Path, tmp_path: Path) -> None:
    body = "".join(f"Line number {i}.\n" for i in range(200)) + "The last line."
    row = {**scored("markup"), "title": "A title", "body": body, "id": "a", "source": "b", "mismatch_reasons": []}
    (tmp_path / "scored.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    with Terminal("review", tmp_path / "scored.jsonl", "--model", model_path, columns=60, lines=20) as terminal:
        terminal.shows("Line number 5.")
        terminal.press("\x1b[B\x1b[B")
        terminal.shows("Line number 13.")
        assert "almost certainly" not in terminal.text.lower()
        terminal.press(" ")
        terminal.shows("Line number 25.")
        terminal.press("\x1b[F")
        terminal.shows("The last line.")
        terminal.press("\x1b[H")
        terminal.shows("almost certainly")


def test_another_size_is_drawn_anew(review: Callable[..., Terminal]) -> None:
    with review(columns=100, lines=30) as terminal:
        terminal.shows("quit")
        terminal.resize(40, 12)
        terminal.shows(KEYS)
        check(terminal, 1, len(HOSTILE))


def test_marks_are_seen_without_colours(model_path: Path, tmp_path: Path) -> None:
    row = {**scored("markup"), "title": "Harbour wall", "body": "The harbour burned.", "id": "a", "source": "b"}
    (tmp_path / "scored.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    with Terminal("review", tmp_path / "scored.jsonl", "--model", model_path, env={"NO_COLOR": "1"}) as terminal:
        terminal.shows("burned.")
        assert terminal.marked().split() == ["Harbour", "harbour"]
