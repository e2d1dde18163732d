"""A gate's last screen: on a feed of 10,000 rows it fits 80 x 24 and says how many, which, why and what next."""

from __future__ import annotations

import json
import re
import runpy
import shlex
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from terminal import Terminal

from mismatch.evaluation.decision import FLAGGED, Decision
from mismatch.judging.tally import Example, Tally
from mismatch.report.next_steps import GateRun, after_gate


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """10,000 articles of 60 sources with long names; 83 bodies are another's, 50 are cookie notices."""
    stories = runpy.run_path(str(Path(__file__).parent.parent / "integrations" / "stories.py"))
    rows = stories["rows"](10_000, wrong_every=120)
    for i, row in enumerate(rows):
        row["source"] = f"the-daily-newspaper-of-the-city-number-{i % 60}.example"
        if i % 199 == 7:
            row["body"] = "We use cookies. Accept all cookies to continue reading on this site. Manage choices."
    path = tmp_path_factory.mktemp("feed") / "feed.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_it_fits_the_screen_and_answers(feed: Path) -> None:
    """About 5 s: it is the promise that is made for so many rows."""
    with Terminal("gate", feed, "--no-adapt", "--max-rate", "0.001") as screen:
        code = screen.ended(120)
        screen.settles()
        lines = screen.lines
    assert lines[0].startswith("title=title"), "the first line has left the screen:\n" + "\n".join(lines)
    assert lines[-1] == "", "the prompt has no room:\n" + "\n".join(lines)
    text = " ".join(" ".join(lines).split())
    assert re.search(r"[\d,]+ of 10,000 articles ha(s a|ve a) headlines? that belongs? to another story", text)
    assert re.search(r"(probably|almost certainly) row [\d,]+ ", text)
    assert "No term of the title is in the body. It is about " in text
    assert "cannot be judged: The body is no article but a cookie notice." in text
    assert re.search(r"… 5\d more", text)
    assert code == 1
    assert "FAILED: " in text
    assert f"next:mismatchexplain{feed}--no-adapt--row" in "".join(text.split())


def test_wide_characters_do_not_push_anything_off_the_screen(tmp_path: Path, model_path: Path) -> None:
    """Titles, bodies and sources in Chinese, where a character takes two cells."""
    body = "渔民在港口谈论天气与鱼价。" * 20
    rows = [
        {"title": f"市议会通过新年度预算并取消旧桥收费{i}" * 3, "body": body, "source": f"城市晚报第{i % 40}版" * 4}
        for i in range(200)
    ]
    path = tmp_path / "feed.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with Terminal("gate", path, "--model", model_path, "--no-adapt", "--max-rate", "0.5") as screen:
        assert screen.ended(120) == 1
        screen.settles()
        lines = screen.lines
    assert lines[0].startswith("title=title")
    assert lines[-1] == ""
    assert "200 of 200 articles have a headline that belongs to another story" in " ".join(lines)


def test_the_next_command_runs(
    invoke: Callable[..., Any], articles: list[dict[str, str]], stray: dict[str, str], model_path: Path, tmp_path: Path,
    write_rows: Callable[..., Path],
) -> None:  # fmt: skip
    rows = [{"kop": row["title"], "de tekst": row["body"]} for row in [*articles[:20], stray]]
    path = write_rows(tmp_path / "my feed.jsonl", rows)
    names = ("--title", "kop", "--body", "de tekst", "--model", model_path, "--no-adapt")
    out = invoke("gate", path, *names).out.decode()
    command = re.search(r"^next: mismatch (.*?); --flagged", out, re.MULTILINE)
    assert command is not None, out
    said = invoke(*shlex.split(command[1])).out.decode()
    assert said.startswith("MISMATCH")
    assert stray["title"] in said


@pytest.mark.parametrize("several", [False, True])
def test_rows_are_numbered_as_explain_counts_them(
    invoke: Callable[..., Any], articles: list[dict[str, str]], stray: dict[str, str], model_path: Path, tmp_path: Path,
    several: bool,
) -> None:  # fmt: skip
    """In a table whose bodies have line breaks, with rows that are rejected, in one file and in two."""
    table = "title,body\n" + "".join(
        f'"{row["title"]}","{row["body"].replace(". ", f".{chr(10)}")}"\n' for row in [*articles[:6], stray, *articles[6:9]]
    )
    paths = [tmp_path / "feed.csv"]
    paths[0].write_text(table.replace("title,body\n", "title,body\none,two,three\n", 1))
    if several:
        paths.insert(0, tmp_path / "before.csv")
        paths[0].write_text('title,body\n"a","b"\n')
    done = invoke("gate", *paths, "--model", model_path, "--no-adapt", "--json")
    (flagged,) = json.loads(done.out)["flagged_rows"]
    assert flagged["title"] == stray["title"]
    assert flagged["row"] == 7 + several
    assert paths[-1].read_text().splitlines()[flagged["line"] - 1].startswith(f'"{stray["title"]}')
    said = invoke("explain", *paths, "--model", model_path, "--row", flagged["row"]).out.decode()
    assert stray["title"] in said


def test_what_comes_next_depends_on_what_was_found(invoke: Callable[..., Any], pairs_file: Path, model_path: Path) -> None:
    out = invoke("gate", pairs_file, "--model", model_path, "--no-adapt").out.decode()
    assert re.search(r"next: nothing is flagged(; the unsure rows are worth a look)?$", out, re.MULTILINE)


def test_an_input_that_cannot_be_read_again_is_not_explained() -> None:
    tally = Tally(rows=9, verdicts=Counter(mismatch=1), examples=[Example("-", 3, 3, "a", 0.9, ())])
    decision = Decision(True, None, FLAGGED, None, None, "")
    assert after_gate(tally, decision, GateRun(["-"])).startswith("next: once more with --flagged")
    assert after_gate(tally, decision, GateRun(["a", "b"])).startswith("next: once more with --flagged")
    assert after_gate(tally, decision, GateRun(["-"], "x y.jsonl")) == "next: mismatch review 'x y.jsonl'"
