"""A report is one inert page that opens from a disk, whatever the articles hold."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")

from mismatch.evaluation.decision import ESTIMATE, Decision
from mismatch.evaluation.prevalence import MIXTURE, ShareEstimate
from mismatch.judging.scorer import Scorer
from mismatch.judging.tally import Tally
from mismatch.records.output.outside_text import inert
from mismatch.report.gate_page import gate_page
from mismatch.report.gate_words import MOST_ARE_WRONG
from mismatch.report.marks import marked
from mismatch.report.percentages import percent_measured
from mismatch.screening.reasons import REASONS

HOSTILE = {
    "title": "<script>alert('t')</script><img src=x onerror=alert(1)> {{ 7 * 7 }} {% raw %} \x1b[31mred\x1b[0m "
             "\u202elive $\\frac{a$",
    "body": "</p></main><iframe src=https://evil.example></iframe><style>*{display:none}</style> A body on gardening and "
            "roses, pruned in early spring before the buds swell, so that the plants keep their shape all summer long.",
    "source": "=HYPERLINK(\"https://evil.example\",\"click\")",
    "topic": "\"><svg onload=alert(2)>",
}  # fmt: skip


class Page(HTMLParser):
    """What a browser would see: elements, attributes, text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def assert_inert(html: str) -> Page:
    page = Page(html)
    assert not {"script", "iframe", "img", "link", "object", "embed", "form", "a"} & set(page.tags)
    for tag, name, value in page.attributes:
        assert not name.startswith("on"), (tag, name)
        if name in ("href", "xlink:href", "src"):
            assert value.startswith("#"), value
        assert "url(" not in value or "url(#" in value
    assert page.tags.count("style") - html.count("<defs>") <= 1  # matplotlib puts one into each picture
    assert "\x1b" not in html
    assert "\u202e" not in html
    assert "Content-Security-Policy" in html
    assert not re.search(r"@import|url\((?!#)", html)
    return page


@pytest.fixture
def hostile_file(tmp_path: Path, articles: list[dict[str, str]], write_rows: Any) -> Path:
    rows = [{**row, "topic": HOSTILE["topic"] if i % 2 else row["topic"]} for i, row in enumerate(articles)]
    return write_rows(
        tmp_path / "<b>hostile.jsonl", rows + [{**HOSTILE, "title": f"{HOSTILE['title']} {i}"} for i in range(3)]
    )


def test_an_evaluation_of_hostile_articles_is_inert(
    invoke: Any, tmp_path: Path, hostile_file: Path, model_path: Path
) -> None:
    out = tmp_path / "report.html"
    ended = invoke("evaluate", hostile_file, "--report", out, "--cost-miss", "10", "--model", model_path)
    assert ended.code == 0
    page = assert_inert(out.read_text("utf-8"))
    assert page.tags.count("svg") == 4
    for words in ("Evaluation of", "The promise", "Reliability", "Costs", "By topic", "Worst mistakes",
                  "<script>alert('t')</script>",
                  "{{ 7 * 7 }}", "<b>hostile.jsonl", '"><svg onload=alert(2)>'):  # fmt: skip
        assert words in page.text, words


def test_a_gate_over_hostile_articles_is_inert(invoke: Any, tmp_path: Path, hostile_file: Path, model_path: Path) -> None:
    out = tmp_path / "report.html"
    ended = invoke("gate", hostile_file, "--report", out, "--max-rate", "0", "--model", model_path)
    assert ended.code == 1
    page = assert_inert(out.read_text("utf-8"))
    for words in ("Gate: failed", "3 of 67 rows are flagged", "By source", "By reason", REASONS["no_shared_terms"],
                  "Strongest flags", "'=HYPERLINK(", "<iframe src=https://evil.example>"):  # fmt: skip
        assert words in page.text, words
    assert ("mark", "class", "missing") in page.attributes


def test_a_gate_that_could_not_read_enough_has_a_report_that_says_so(
    invoke: Any, tmp_path: Path, articles: list[dict[str, str]], model_path: Path, write_rows: Any
) -> None:
    path, out = write_rows(tmp_path / "<b>a.jsonl", [*articles, b"<script>"]), tmp_path / "report.html"
    assert invoke("gate", path, "--report", out, "--model", model_path).code == 2
    page = assert_inert(out.read_text("utf-8"))
    for words in ("Gate: not decided", "1 of 65 rows (1.54 %) could not be read", "likeliest cause: format", "<b>a.jsonl"):
        assert words in page.text, words


def test_a_page_says_that_most_rows_are_wrong_and_where_the_estimate_comes_from(scorer: Scorer) -> None:
    estimate = ShareEstimate(0.97, 0.93, 0.99, 0.92, MIXTURE)
    decision = Decision(False, 0.02, ESTIMATE, estimate, None, "")
    html = gate_page(Tally(10, 0), decision, model="m", inputs=["a.jsonl"], lexicon=scorer.model.lexicon)
    page = assert_inert(html)
    for words in (MOST_ARE_WRONG, "between 93.0 % and 99.0 % with confidence", "beside those of its own titles"):
        assert words in " ".join(page.text.split()), words


def test_two_models_stand_side_by_side(invoke: Any, tmp_path: Path, pairs_file: Path, model_path: Path) -> None:
    out = tmp_path / "report.html"
    assert invoke("evaluate", pairs_file, "--compare", model_path, "--report", out, "--model", model_path).code == 0
    assert "second − first" in assert_inert(out.read_text("utf-8")).text


def test_the_same_pairs_give_the_same_page(invoke: Any, tmp_path: Path, pairs_file: Path, model_path: Path) -> None:
    pages = []
    for name in ("a.html", "b.html"):
        assert invoke("evaluate", pairs_file, "--report", tmp_path / name, "--model", model_path).code == 0
        pages.append((tmp_path / name).read_bytes())
    assert pages[0] == pages[1]


def test_an_empty_stream_has_a_report_too(invoke: Any, tmp_path: Path, model_path: Path) -> None:
    path, out = tmp_path / "a.jsonl", tmp_path / "report.html"
    path.write_bytes(b"")
    assert invoke("gate", path, "--report", out, "--allow-empty", "--model", model_path).code == 0
    assert "0 of 0 rows are flagged" in Page(out.read_text("utf-8")).text


@pytest.mark.parametrize("command", ["evaluate", "gate"])
@pytest.mark.parametrize(("place", "words"), [("missing/report.html", "does not exist"), (".", "is a folder")])
def test_a_report_that_cannot_be_written_is_an_error_before_the_work(
    invoke: Any, tmp_path: Path, pairs_file: Path, model_path: Path, command: str, place: str, words: str
) -> None:
    ended = invoke(command, pairs_file, "--report", tmp_path / place, "--quiet", "--model", model_path)
    assert ended.code == 2
    assert ended.out == b""
    assert len(ended.said) == 1
    assert words in ended.said[0]


def test_a_failed_evaluation_leaves_no_half_report(invoke: Any, tmp_path: Path, model_path: Path) -> None:
    path, folder = tmp_path / "a.jsonl", tmp_path / "out"
    folder.mkdir()
    path.write_bytes(b"")
    assert invoke("evaluate", path, "--report", folder / "report.html", "--model", model_path).code == 2
    assert list(folder.iterdir()) == []


def test_a_missing_extra_is_named(
    invoke: Any, tmp_path: Path, pairs_file: Path, model_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "matplotlib" else find(name, *rest))
    ended = invoke("evaluate", pairs_file, "--report", tmp_path / "a.html", "--model", model_path)
    assert ended.code == 2
    (line,) = ended.said
    assert line.startswith('mismatch: a report needs matplotlib: pip install "headline-mismatch[report]"')


def test_without_a_report_nothing_of_the_extra_is_imported(run: Any, pairs_file: Path, model_path: Path) -> None:
    import subprocess

    code = (
        "import sys; sys.argv = ['mismatch', 'evaluate', sys.argv[1], '--model', sys.argv[2], '--json']\n"
        "from mismatch.cli import main\n"
        "try:\n main()\nexcept SystemExit as end:\n code = end.code or 0\nelse:\n code = 0\n"
        "print(code, sorted({'matplotlib', 'jinja2'} & set(sys.modules)), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, str(pairs_file), str(model_path)]
    ended = subprocess.run(command, check=True, capture_output=True, text=True)
    assert ended.stdout.startswith("{")
    assert ended.stderr.splitlines()[-1] == "0 []"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("=1+1", "'=1+1"), ("@cmd", "'@cmd"), ("-5 degrees", "'-5 degrees"), ("plain", "plain"), ("a\x00b\nc", "a b c"),
     ("नमस्ते\u200d", "नमस्ते\u200d"), ("\u202eevil", "evil"), ("x" * 500, "x" * 399 + "…")],
)  # fmt: skip
def test_text_from_outside_is_made_inert(text: str, shown: str) -> None:
    assert inert(text) == shown


def test_terms_are_marked_where_they_stand() -> None:
    pieces = marked("Wi-fi reaches Lagos, at last", {"Lagos": True, "reaches": False})
    assert [(p.text, p.mark) for p in pieces if p.mark] == [("reaches", "missing"), ("Lagos", "found")]
    assert "".join(p.text for p in pieces) == "Wi-fi reaches Lagos, at last"


def test_what_is_not_known_is_a_dash() -> None:
    assert percent_measured(None) == percent_measured(float("nan")) == "–"
    assert percent_measured(np.float64(0.0123)) == "1.23\u00a0%"
