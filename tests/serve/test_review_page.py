"""The page of a review in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import CONTRAST, NEEDS_CHROMIUM
from reviewing import Person, labels_of, scored_rows, write
from served import Service

from mismatch.screening.reasons import REASONS

pytest.importorskip("playwright.sync_api")
pytestmark = NEEDS_CHROMIUM
_HOSTILE = '<img src=x onerror="document.title=1"><b>bold</b>\u202e\x1b[2J ' + "unbroken" * 60


@pytest.fixture
def reviewed(start: Callable[..., Service], tmp_path: Path) -> Service:
    return start("--review", write(tmp_path / "scored.jsonl", scored_rows(5)))


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens the review as a person of their own; no script error, no address but the service's."""
    contexts, wrong = [], []

    def _open(service: Service, name: str = "ann", **more: Any) -> Any:
        context = browser.new_context(accept_downloads=True, **more)
        contexts.append(context)
        context.on("request", lambda r: r.url.startswith((service.url, "blob:")) or wrong.append(r.url))
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda line: line.type == "error" and "409" not in line.text and wrong.append(line.text))
        page.set_default_timeout(15_000)
        page.goto(f"{service.url}/review")
        page.get_by_label("Your name").fill(name)
        page.keyboard.press("Enter")
        page.locator("#decisions").wait_for(state="visible")
        return page

    yield _open
    for context in contexts:
        context.close()
    assert wrong == []


def status(page: Any, words: str) -> None:
    page.locator("#review-status", has_text=words).wait_for()


def test_rows_are_decided_with_keys(open_page: Callable[..., Any], reviewed: Service) -> None:
    page = open_page(reviewed)
    status(page, "0 of 5 decided.")
    assert page.locator("#looked-at").inner_text() == "Rovers win match 5"
    assert page.locator("#verdict").inner_text() == "A mismatch: almost certainly (above 99.9 %)"
    assert page.locator("#reasons li").all_inner_texts() == [REASONS["weak_overlap"]]
    assert page.locator("#marked mark").all_inner_texts() == ["5", "Rovers"]
    page.keyboard.press("w")
    status(page, "Kept: wrong. 1 of 5 decided.")
    page.keyboard.press("r")
    status(page, "Kept: right. 2 of 5 decided.")
    page.keyboard.press("s")
    status(page, "Skipped. 2 of 5 decided.")
    assert page.locator("#looked-at").inner_text() == "Rovers win match 2"
    page.keyboard.press("u")
    status(page, "Undone. 1 of 5 decided.")
    assert page.locator("#looked-at").inner_text() == "Rovers win match 4"
    assert page.locator("#answer").evaluate("e => e === document.activeElement")
    assert [(row["id"], row["label"], row["reviewer"]) for row in labels_of(reviewed)] == [("a5", "mismatch", "ann")]


def test_buttons_do_the_same_and_the_end_is_said(open_page: Callable[..., Any], reviewed: Service) -> None:
    page = open_page(reviewed)
    for name, n in (("Right", 1), ("Wrong", 2), ("Right", 3), ("Wrong", 4), ("Wrong", 5)):
        page.get_by_role("button", name=name).click()
        status(page, f"{n} of 5 decided." if n < 5 else "All 5 are decided.")
    assert page.locator("#answer").is_hidden()
    assert page.locator("#right").is_disabled()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the labels").click()
    rows = [json.loads(line) for line in Path(download.value.path()).read_text("utf-8").splitlines()]
    assert [(row["id"], row["label"]) for row in rows] == [
        ("a5", "match"), ("a4", "mismatch"), ("a3", "match"), ("a2", "mismatch"), ("a1", "mismatch"),
    ]  # fmt: skip
    page.get_by_role("button", name="Undo").click()
    status(page, "Undone. 4 of 5 decided.")


def test_two_people_get_different_rows(open_page: Callable[..., Any], reviewed: Service) -> None:
    ann, bob = open_page(reviewed, "ann"), open_page(reviewed, "bob")
    assert [page.locator("#looked-at").inner_text() for page in (ann, bob)] == ["Rovers win match 5", "Rovers win match 4"]
    status(bob, "0 of 5 decided, 1 with others.")
    ann.reload()
    ann.get_by_role("button", name="Begin").click()
    ann.locator("#answer").wait_for(state="visible")
    assert ann.get_by_label("Your name").input_value() == "ann"
    assert ann.locator("#looked-at").inner_text() == "Rovers win match 5"


def test_a_decision_on_a_row_that_another_has_decided_is_refused_and_shown(
    open_page: Callable[..., Any], start: Callable[..., Service], tmp_path: Path
) -> None:
    service = start("--review", write(tmp_path / "scored.jsonl", scored_rows(5)), "--lease-seconds", 0.2)
    ann, cleo = open_page(service), Person(service, "cleo")
    ann.wait_for_timeout(300)
    row = cleo.next()
    assert (row["id"], cleo.decide(row, "mismatch").status) == ("a5", 200)
    ann.keyboard.press("r")
    alert = ann.get_by_role("alert")
    alert.wait_for()
    assert "cleo has decided on this row already: mismatch (409)" in alert.inner_text()
    ann.locator("#looked-at", has_text="Rovers win match 5").wait_for(state="hidden")
    assert [(row["id"], row["reviewer"]) for row in labels_of(service)] == [("a5", "cleo")]


def test_a_key_that_is_held_or_typed_into_a_field_decides_nothing(open_page: Callable[..., Any], reviewed: Service) -> None:
    page = open_page(reviewed)
    page.locator("#token-box summary").click()
    page.get_by_label("Token").fill("")
    page.get_by_label("Token").press_sequentially("rwsu")
    page.keyboard.press("Alt+w")
    page.evaluate("document.dispatchEvent(new KeyboardEvent('keydown', {key: 'r', repeat: true}))")
    page.wait_for_timeout(300)
    assert labels_of(reviewed) == []


def test_hostile_text_stays_text(open_page: Callable[..., Any], start: Callable[..., Service], tmp_path: Path) -> None:
    (row,) = scored_rows(1)
    row.update(title=_HOSTILE, body=_HOSTILE * 1000, source=_HOSTILE, id=_HOSTILE, mismatch_reasons=[_HOSTILE])
    service = start("--review", write(tmp_path / "scored.jsonl", [row]))
    page = open_page(service, '"><script>document.title=3</script>', viewport={"width": 390, "height": 800})
    assert page.locator("#answer img, #answer script, #answer b").count() == 0
    assert page.locator("#looked-at").inner_text().startswith('<img src=x onerror="document.title=1"><b>bold</b>')
    assert page.title() == "mismatch: review of flagged articles"
    text = page.locator("body").inner_text()
    assert not set(text) & {"\u202e", "\x1b"}
    assert "more characters are not shown" in text
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1200])
def test_contrast_width_and_names(open_page: Callable[..., Any], reviewed: Service, scheme: str, width: int) -> None:
    page = open_page(reviewed, color_scheme=scheme, viewport={"width": width, "height": 800})
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("[...document.querySelectorAll('input')].filter(e => !e.labels?.length).map(e => e.id)") == []
    assert page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])") == [1, 2, 3, 4, 4]
    for role in ("banner", "main", "navigation", "status"):
        assert page.get_by_role(role).count() == 1
    for name, key in (("Right", "r"), ("Wrong", "w"), ("Skip", "s"), ("Undo", "u")):
        assert page.get_by_role("button", name=name).get_attribute("aria-keyshortcuts") == key
    assert page.get_by_role("region", name="The body").count() == 1


def test_no_script_or_style_stands_in_the_page(reviewed: Service) -> None:
    import re

    answer = reviewed.get("/review")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    html = answer.body.decode()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]* src=\"/static/)|https?://", html)


def test_the_token_is_asked_for(browser: Any, start: Callable[..., Service], tmp_path: Path) -> None:
    token = "a-token-of-twenty-four-ch"
    service = start("--review", write(tmp_path / "scored.jsonl", scored_rows(2)), env={"MISMATCH_TOKEN": token})
    page = browser.new_page()
    page.goto(f"{service.url}/review")
    page.get_by_role("button", name="Begin").click()
    page.get_by_text("Authorization").wait_for()
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Begin").click()
    page.locator("#answer").wait_for(state="visible")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the labels").click()
    assert Path(download.value.path()).read_bytes() == b""
    page.close()
