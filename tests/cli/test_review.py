"""`mismatch review` in a real pseudo-terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from terminal import Terminal

Row = dict[str, Any]


def scored(n: int, **more: Any) -> list[Row]:
    """Rows with the verdict mismatch, the later the surer."""
    return [
        {
            "id": f"a{i}", "source": "daily.example", "title": f"Rovers win match number{i}",
            "body": f"The council met on day {i}.",
            "mismatch_verdict": "mismatch", "mismatch_probability": 0.5 + i / (2 * n) - 0.001,
            "mismatch_reasons": ["no_shared_terms"], **more,
        }
        for i in range(1, n + 1)
    ]  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "scored.jsonl", scored(4))


def write(path: Path, rows: list[Row]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def kept(path: Path) -> list[tuple[str, str]]:
    return [(row["id"], row["label"]) for row in map(json.loads, path.read_text("utf-8").splitlines())]


@pytest.fixture
def review(model_path: Path) -> Callable[..., Terminal]:
    def _review(*arguments: Any, **more: Any) -> Terminal:
        return Terminal("review", "--model", model_path, *arguments, **more)

    return _review


def test_rows_are_shown_and_decisions_kept_as_labels(review: Callable[..., Terminal], file: Path, tmp_path: Path) -> None:
    with review(file, "--reviewer", "ann") as terminal:
        terminal.shows("1 of 4, 0 decided")
        terminal.shows("A mismatch: almost certainly (99.9 %)")
        terminal.shows("No term of the title is in the body.")
        terminal.shows("row 4 · daily.example · a4")
        terminal.shows("Rovers win match number4")
        terminal.shows("The council met on day 4.")
        terminal.press("w")
        terminal.shows("2 of 4, 1 decided")
        assert kept(tmp_path / "scored.labels.jsonl") == [("a4", "mismatch")]
        terminal.press("r")
        terminal.shows("3 of 4, 2 decided · kept: right")
        terminal.press("q")
        assert terminal.ended() == 0
        terminal.shows("2 of 4 rows are decided; the labels are in")
    first = json.loads((tmp_path / "scored.labels.jsonl").read_text("utf-8").splitlines()[0])
    assert first.pop("time").startswith("20")
    assert first == {
        "title": "Rovers win match number4", "body": "The council met on day 4.", "label": "mismatch", "id": "a4",
        "source": "daily.example", "row": 4, "reviewer": "ann",
    }  # fmt: skip


def test_terms_of_the_title_are_marked_in_both(review: Callable[..., Terminal], tmp_path: Path) -> None:
    body = "Nothing of note, but the café owner was there."
    file = write(tmp_path / "scored.jsonl", scored(1, title="Café owner elected", body=body))
    with review(file) as terminal:
        terminal.shows("was there.")
        assert terminal.marked().split() == ["Café", "owner", "café", "owner"]


def test_undo_skip_and_the_end(review: Callable[..., Terminal], file: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.jsonl"
    with review(file, "--labels", labels) as terminal:
        terminal.shows("1 of 4")
        terminal.press("u")
        terminal.shows("nothing to undo")
        terminal.press("rw")
        terminal.shows("3 of 4")
        terminal.press("u")
        terminal.shows("2 of 4, 1 decided · undone")
        assert kept(labels) == [("a4", "match")]
        terminal.press("ssr")
        terminal.shows("No more rows. What was skipped (2) comes again")
        assert kept(labels) == [("a4", "match"), ("a1", "match")]
        terminal.press("uu")
        terminal.shows("number2")
        terminal.press("wwq")
        assert terminal.ended() == 0
    assert kept(labels) == [("a4", "match"), ("a2", "mismatch"), ("a1", "mismatch")]
    with review(file, "--labels", labels) as terminal:
        terminal.shows("4 of 4, 3 decided")
        terminal.shows("number3")
        terminal.press("w")
        terminal.shows("All 4 rows are decided.")
        terminal.press("u")
        terminal.shows("4 of 4, 3 decided · undone")
        terminal.press("u")
        terminal.shows("3 of 4, 2 decided · undone")
        terminal.shows("number1")
    assert kept(labels) == [("a4", "match"), ("a2", "mismatch")]


def test_a_crash_loses_no_decision_and_a_torn_line_is_repaired(
    review: Callable[..., Terminal], file: Path, tmp_path: Path
) -> None:
    labels = tmp_path / "labels.jsonl"
    with review(file, "--labels", labels) as terminal:
        terminal.shows("1 of 4")
        terminal.press("wr")
        terminal.shows("3 of 4, 2 decided")
        terminal.kill()
    whole = labels.read_bytes()
    assert kept(labels) == [("a4", "mismatch"), ("a3", "match")]
    labels.write_bytes(whole + whole.splitlines()[0][:50])
    with review(file, "--labels", labels) as terminal:
        terminal.shows("3 of 4, 2 decided")
        terminal.press("w")
        terminal.shows("4 of 4")
        terminal.press("q")
        assert terminal.ended() == 0
        assert b"the last line was torn" in terminal.raw
    assert labels.read_bytes().startswith(whole)
    assert kept(labels) == [("a4", "mismatch"), ("a3", "match"), ("a2", "mismatch")]


def test_two_reviews_do_not_write_to_one_file(review: Callable[..., Terminal], file: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.jsonl"
    with review(file, "--labels", labels) as first:
        first.shows("1 of 4")
        with review(file, "--labels", labels) as second:
            assert second.ended() == 2
            second.shows("another review is writing to it")


def test_a_review_that_is_interrupted_keeps_what_was_decided(
    review: Callable[..., Terminal], file: Path, tmp_path: Path
) -> None:
    with review(file) as terminal:
        terminal.shows("1 of 4")
        terminal.press("w")
        terminal.shows("2 of 4")
        terminal.press(b"\x03")
        assert terminal.ended() == 130
        assert b"interrupted; 1 of 4 rows are decided" in terminal.raw
    assert kept(tmp_path / "scored.labels.jsonl") == [("a4", "mismatch")]


def test_rows_without_verdicts_are_judged_first(
    review: Callable[..., Terminal], tmp_path: Path, articles: list[Row], stray: Row
) -> None:
    file = write(tmp_path / "today.jsonl", [*articles[:8], stray])
    with review(file, "--no-adapt") as terminal:
        terminal.shows("of 1, 0 decided")
        terminal.shows("row 9 · daily.example · stray")


@pytest.mark.parametrize(
    ("options", "first", "total"),
    [
        (["--order", "weakest"], "a1", 4),
        (["--order", "file"], "a1", 4),
        (["--min-probability", "0.8"], "a4", 2),
        (["--verdict", "match"], "m", 1),
        (["--min-probability", "0"], "a4", 5),
        (["--of-source", " Other.EXAMPLE "], "m", 1),
    ],
)
def test_rows_can_be_chosen(
    review: Callable[..., Terminal], tmp_path: Path, options: list[str], first: str, total: int
) -> None:
    other = {"mismatch_verdict": "match", "mismatch_probability": 0.01, "mismatch_reasons": [], "source": "other.example"}
    if "--of-source" in options:
        other |= {"mismatch_verdict": "mismatch", "mismatch_probability": 0.7}
    file = write(tmp_path / "scored.jsonl", [*scored(4), {**scored(1)[0], "id": "m", **other}])
    with review(file, *options) as terminal:
        terminal.shows(f"1 of {total}, 0 decided")
        terminal.shows(f" · {first}\n" if total > 1 else " · m")


def test_nothing_to_look_at_is_said(review: Callable[..., Terminal], file: Path) -> None:
    with review(file, "--verdict", "unsure") as terminal:
        assert terminal.ended(60) == 0
        terminal.shows("nothing to look at: of 4 rows there are no rows with the verdict unsure")


def test_without_a_terminal_it_is_one_line(run: Callable[..., Any], file: Path) -> None:
    ended = run("review", file)
    assert ended.code == 2
    (line,) = ended.said
    assert "a review needs a terminal" in line
    assert not (file.parent / "scored.labels.jsonl").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["none.jsonl"], "none.jsonl"),
        (["-"], "name a file"),
        (["{file}", "--labels", "{file}"], "give it a file of its own"),
        (["{file}", "--labels", "{folder}"], "name another file with --labels"),
        (["{file}", "--labels", "{text}"], "no labelled pair"),
        (["{file}", "--order", "best"], "--order is strongest, weakest, file"),
        (["{file}", "--verdict", "bad"], "--verdict is match"),
    ],
)
def test_a_wrong_option_is_one_line_and_harms_no_file(
    review: Callable[..., Terminal], file: Path, options: list[str], words: str
) -> None:
    text = file.parent / "text.txt"
    text.write_text("no labels")
    before = file.read_bytes()
    with review(*(option.format(file=file, folder=file.parent, text=text) for option in options)) as terminal:
        assert terminal.ended(60) == 2
        terminal.shows(words)
        assert b"Traceback" not in terminal.raw
    assert (file.read_bytes(), text.read_text()) == (before, "no labels")
