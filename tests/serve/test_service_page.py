"""The page and the manual in a real browser, without any address but the service's own."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import CONTRAST, NEEDS_CHROMIUM, n_rows
from served import ROOT, Service

from mismatch.records.columns import USUAL_NAMES
from mismatch.screening.reasons import LIKELIHOODS, REASONS, VERDICT_SENTENCES, likelihood, sentences

pytest.importorskip("playwright.sync_api")
pytestmark = NEEDS_CHROMIUM
_HOSTILE = '<img src=x onerror="document.title=1">&amp;<script>document.title="2"</script>'


@pytest.fixture
def page(browser: Any, service: Service) -> Iterator[Any]:
    """A page whose browser may talk to the service only; no script error, no refused resource."""
    context = browser.new_context(accept_downloads=True)
    wrong: list[str] = []
    context.on("request", lambda r: r.url.startswith((service.url, "blob:")) or wrong.append(r.url))
    opened = context.new_page()
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda line: line.type == "error" and "422" not in line.text and wrong.append(line.text))
    opened.set_default_timeout(10_000)
    yield opened
    context.close()
    assert not wrong


def judge(page: Any, service: Service, title: str, body: str) -> None:
    page.goto(service.url)
    page.get_by_label("Title", exact=True).fill(title)
    page.get_by_label("Body", exact=True).fill(body)
    page.get_by_role("button", name="Check").click()
    page.locator("#answer").wait_for(state="visible")


@pytest.fixture
def rows_file(tmp_path: Path, articles: list[dict[str, str]], stray: dict[str, str]) -> Path:
    path = tmp_path / "today.jsonl"
    hostile = {"id": 1.50, "source": "<b>bold</b>", "title": _HOSTILE, "body": "Some body"}
    path.write_text("".join(json.dumps(row) + "\n" for row in [stray, *articles, hostile]) + "nonsense\n", "utf-8")
    return path


def test_a_pair_is_judged_and_the_terms_of_the_title_are_marked(page: Any, service: Service) -> None:
    body = "The café owner 🏏 spoke to reporters. " * 5
    judge(page, service, "Café owner wins cricket match", body)
    found = service.post("/explain", {"title": "Café owner wins cricket match", "body": body}).json
    assert found["mismatch_verdict"] in page.locator("#verdict").inner_text().lower()
    assert {"café", "owner"} <= set(page.locator("#marked mark").all_inner_texts())
    assert "cricket" in page.locator("#missing li").all_inner_texts()
    assert page.locator("#marked").inner_text().strip() == body.strip()
    assert page.locator("#answer").evaluate("e => e === document.activeElement")
    assert page.locator("#verdict-words").inner_text() == VERDICT_SENTENCES[found["mismatch_verdict"]]
    assert page.locator("#probability-words").inner_text().startswith(likelihood(found["mismatch_probability"]))
    assert page.locator("#reasons li").all_inner_texts() == (
        sentences(found["mismatch_reasons"]) or ["Nothing speaks against the pair."]
    )
    assert page.locator("#prior").inner_text() == "probability, where 1.0 % of all articles are expected to be wrong"


def test_hostile_text_stays_text(page: Any, service: Service) -> None:
    judge(page, service, _HOSTILE, f"{_HOSTILE} " * 20)
    assert page.locator("#answer img, #answer script").count() == 0
    assert page.locator("#judged-title").inner_text() == _HOSTILE
    assert page.title().startswith("mismatch")


def test_an_html_file_fills_the_form_and_is_judged(page: Any, service: Service, tmp_path: Path) -> None:
    pytest.importorskip("trafilatura")
    paragraph = "Speaking to reporters on Thursday, the envoy said that the talks would go on for some weeks. " * 5
    file = tmp_path / "page.html"
    file.write_text(f"<title>Talks go on</title><article><h1>Talks go on</h1><p>{paragraph}</p></article>", "utf-8")
    page.goto(service.url)
    page.get_by_label("or take both from an HTML file").set_input_files(file)
    page.locator("#answer").wait_for(state="visible")
    assert page.get_by_label("Title", exact=True).input_value() == "Talks go on"
    assert page.get_by_label("Body", exact=True).input_value().startswith("Speaking to reporters")


def test_a_dropped_file_becomes_a_table_to_filter_and_download(
    page: Any, service: Service, rows_file: Path, tmp_path: Path, articles: list[dict[str, str]]
) -> None:
    page.goto(service.url)
    data = page.evaluate_handle(
        "text => { const d = new DataTransfer(); d.items.add(new File([text], 'today.jsonl')); return d; }",
        rows_file.read_text("utf-8"),
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": data})
    page.locator("#rows").wait_for(state="visible")
    assert n_rows(page) == len(articles) + 3
    assert page.locator("#table img, #table script, #table b").count() == 0

    page.get_by_label("Verdict", exact=True).select_option("not read")
    assert page.locator("#table tr").count() == 1
    assert "not valid JSON" in page.locator("#table tr").inner_text()
    page.get_by_label("Verdict", exact=True).select_option("all")
    page.get_by_label("Source", exact=True).select_option("herald.example")
    chosen = sum(row["source"] == "herald.example" for row in articles)
    assert n_rows(page) == chosen

    with page.expect_download() as lines:
        page.get_by_role("button", name="Download as JSON lines").click()
    assert lines.value.suggested_filename == "today.scored.jsonl"
    rows = [json.loads(line) for line in Path(lines.value.path()).read_text("utf-8").splitlines()]
    assert [row["source"] for row in rows] == ["herald.example"] * chosen
    assert all("mismatch_verdict" in row for row in rows)

    page.get_by_label("Source", exact=True).select_option("<b>bold</b>")
    with page.expect_download() as table:
        page.get_by_role("button", name="Download as CSV").click()
    (row,) = csv.DictReader(Path(table.value.path()).read_text("utf-8").splitlines())
    assert row["title"] == _HOSTILE


def test_a_row_of_the_table_can_be_explained(page: Any, service: Service, rows_file: Path, stray: dict[str, str]) -> None:
    page.goto(service.url)
    page.get_by_label("Drop a JSON-lines").set_input_files(rows_file)
    page.get_by_role("button", name=stray["title"]).click()
    page.locator("#answer").wait_for(state="visible")
    assert page.get_by_label("Body", exact=True).input_value() == stray["body"]


def test_columns_under_any_usual_name_are_known_to_the_page(page: Any, service: Service, tmp_path: Path) -> None:
    some = {role: [*names[:4], *names[4::12]] for role, names in USUAL_NAMES.items()}  # of every script one or two
    for title, body, source in zip(some["title"], some["body"], some["source"] * 3, strict=False):
        file = tmp_path / "today.jsonl"
        file.write_text(json.dumps({title: "A title of some words", body: "Some body", source: "a.example"}) + "\n", "utf-8")
        page.goto(service.url)
        page.get_by_label("Drop a JSON-lines").set_input_files(file)
        page.locator("#rows").wait_for(state="visible")
        assert "a.example" in page.locator("#table tr").inner_text()
        page.get_by_role("button", name="A title of some words").click()
        page.locator("#answer").wait_for(state="visible")
        assert page.get_by_label("Body", exact=True).input_value() == "Some body"


def test_the_page_has_no_words_of_its_own_for_codes() -> None:
    scripts = "".join(path.read_text("utf-8") for path in (ROOT / "mismatch" / "serve" / "page").glob("*.js"))
    words = [*REASONS, *REASONS.values(), *VERDICT_SENTENCES.values(), *(words for _, words in LIKELIHOODS)]
    assert [text for text in words if text in scripts] == []
    assert [name for name in ("headline", "maintext", "publisher", "hostname") if name in scripts] == []


def test_csv_files_are_taken_too(page: Any, service: Service, tmp_path: Path) -> None:
    file = tmp_path / "today.csv"
    file.write_text('title,body\n"A ""quoted"" title",Some body\n', "utf-8")
    page.goto(service.url)
    page.get_by_label("Drop a JSON-lines").set_input_files(file)
    page.locator("#rows").wait_for(state="visible")
    assert page.locator("#table tr").count() == 1
    assert page.get_by_role("button", name='A "quoted" title').count() == 1


def test_a_problem_is_said_aloud(page: Any, service: Service, tmp_path: Path) -> None:
    file = tmp_path / "today.pdf"
    file.write_text("%PDF-1.7")
    page.goto(service.url)
    page.get_by_label("Drop a JSON-lines").set_input_files(file)
    page.get_by_role("alert").wait_for()
    assert "no format that can be read" in page.get_by_role("alert").inner_text()


def test_everything_can_be_done_with_the_keyboard(page: Any, service: Service) -> None:
    page.goto(service.url)
    page.get_by_label("Title", exact=True).focus()
    page.keyboard.type("A title of some words")
    page.keyboard.press("Tab")
    page.keyboard.type("A body of some words, " * 5)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Check"
    page.keyboard.press("Enter")
    page.locator("#answer").wait_for(state="visible")
    assert page.locator("#judged-title").inner_text() == "A title of some words"


def test_a_screen_reader_finds_names_for_everything(page: Any, service: Service, rows_file: Path) -> None:
    judge(page, service, "A title of some words", "A body of some words. " * 5)
    page.get_by_label("Drop a JSON-lines").set_input_files(rows_file)
    page.locator("#rows").wait_for(state="visible")
    controls = "[...document.querySelectorAll('input, textarea, select, meter')]"
    assert page.evaluate(f"{controls}.filter(e => !e.labels?.length).map(e => e.id)") == []
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])") == [1, 2, 3, 4, 4, 4, 2]
    for role in ("banner", "main", "navigation"):
        assert page.get_by_role(role).count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_contrast_and_width_are_enough(page: Any, service: Service, rows_file: Path, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    judge(page, service, "Café owner wins cricket match", "The café owner spoke to reporters in the town hall. " * 5)
    page.get_by_label("Drop a JSON-lines").set_input_files(rows_file)
    page.locator("#rows").wait_for(state="visible")
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.get_by_role("table").get_by_role("row").count() == page.locator("tr").count()


def test_the_manual_is_drawn_without_network(page: Any, service: Service) -> None:
    page.goto(f"{service.url}/docs")
    page.get_by_role("heading", name="POST /score").wait_for()
    for name in ("POST /explain", "POST /extract", "GET /health", "GET /ready", "GET /metrics"):
        assert page.get_by_role("heading", name=name).count() == 1
    assert page.evaluate(CONTRAST) == []


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_no_script_or_style_stands_in_the_page(service: Service, path: str) -> None:
    import re

    answer = service.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    html = answer.body.decode()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]* src=\"/static/)", html)
    assert not re.search(r"https?://", html)


def test_the_token_is_asked_for_and_used(browser: Any, model_path: Path) -> None:
    token = "a-token-of-twenty-four-ch"
    with Service("--model", model_path, env={"MISMATCH_TOKEN": token}) as guarded:
        page = browser.new_page()
        page.goto(guarded.url)
        page.get_by_label("Title", exact=True).fill("A title of some words")
        page.get_by_label("Body", exact=True).fill("A body of some words")
        page.get_by_role("button", name="Check").click()
        page.get_by_text("Authorization").wait_for()
        assert page.locator("#answer").is_hidden()
        page.get_by_label("Token").fill(token)
        page.get_by_role("button", name="Check").click()
        page.locator("#answer").wait_for(state="visible")
        assert page.locator("#verdict").inner_text().lower() in VERDICT_SENTENCES
        assert page.get_by_role("alert").count() == 0
        page.close()
