"""Files on the page, in a real browser: any number of rows, search, filters, order, decisions, downloads, columns."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import NEEDS_CHROMIUM, n_rows
from served import Service
from test_service_files import ROWS, files

from mismatch.batch.review.labels_file import LabelsFile
from mismatch.records.columns import ColumnChoice
from mismatch.records.tables import read_pairs
from mismatch.screening.reasons import REASONS

pytest.importorskip("playwright.sync_api")
pytestmark = NEEDS_CHROMIUM
_MANY = 3000
_IDS = 9007199254740993
"""from which on JavaScript's numbers skip some"""


@pytest.fixture
def page(browser: Any, service: Service) -> Iterator[Any]:
    """The page; no script error, no address but the service's, and nothing of a text in the address."""
    context = browser.new_context(accept_downloads=True)
    wrong: list[str] = []
    context.on("request", lambda r: r.url.startswith((service.url, "blob:")) or wrong.append(r.url))
    opened = context.new_page()
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.set_default_timeout(20_000)
    opened.goto(service.url)
    yield opened
    assert opened.url == f"{service.url}/"
    context.close()
    assert not wrong


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory, articles: list[dict[str, str]]) -> Path:
    """Rows of four sources; every tenth has the body of the next article, and one line is no JSON."""
    lines = []
    for i in range(_MANY):
        title, body = articles[i % len(articles)], articles[(i + (i % 10 == 9)) % len(articles)]
        row = {"id": _IDS + i, "title": f"{title['title']} {i}", "body": body["body"], "source": f"paper{i % 4}.example"}
        lines.append(json.dumps({**row, "price": 1.5 * i}) + "\n")
    lines.insert(5, "nonsense\n")
    path = tmp_path_factory.mktemp("page") / "many.jsonl"
    path.write_text("".join(lines), "utf-8")
    return path


def show(page: Any, path: Path) -> None:
    page.locator("#file").set_input_files(path)
    page.locator("#rows").wait_for(state="visible")


def drawn(page: Any, kind: str = "title") -> list[str]:
    """What stands in a column of the rows that are drawn, in their order."""
    return page.locator(f"#table td.{kind}").all_inner_texts()


def downloaded(page: Any, button: str) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    return Path(download.value.path()).read_bytes()


def test_only_rows_in_view_are_drawn_and_all_are_counted(page: Any, many: Path) -> None:
    show(page, many)
    assert n_rows(page) == _MANY + 1
    assert page.locator("#table tr").count() < 40
    page.locator("#table button.link").first.focus()
    page.keyboard.press("End")
    last = page.locator("#table tr").last
    assert last.get_attribute("aria-rowindex") == str(_MANY + 2)
    assert last.locator("button.link").evaluate("e => e === document.activeElement")
    assert page.locator("#table tr").count() < 40
    page.keyboard.press("Home")
    first = page.locator("#table tr").first
    assert first.get_attribute("aria-rowindex") == "2"
    for _ in range(30):
        page.keyboard.press("ArrowDown")
    index = page.evaluate("document.activeElement.closest('tr').getAttribute('aria-rowindex')")
    assert index == "32"
    inside = """() => {
      const row = document.activeElement.getBoundingClientRect();
      const view = document.getElementById("scroller").getBoundingClientRect();
      return row.top >= view.top && row.bottom <= view.bottom;
    }"""
    assert page.evaluate(inside)


_MILLION = """
async () => {
  const { RowsTable } = await import("/static/rows_table.js");
  const scroller = document.getElementById("scroller").cloneNode(true), body = scroller.querySelector("tbody");
  document.getElementById("rows").append(scroller);
  const draw = (i) => {
    const [line, cell, button] = ["tr", "td", "button"].map((name) => document.createElement(name));
    button.textContent = String(i);
    cell.append(button);
    line.append(cell);
    return line;
  };
  const table = new RowsTable({ scroller, table: scroller.querySelector("table"), body, draw });
  const inView = () => {
    const { top, bottom } = scroller.getBoundingClientRect();
    const seen = [...body.rows].map((line) => [line.getBoundingClientRect(), Number(line.textContent)]);
    const shown = seen.filter(([box]) => box.bottom > top + 40 && box.top < bottom);
    return shown.sort(([a], [b]) => a.top - b.top).map(([, i]) => i);
  };
  const next = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  table.show(Array.from({ length: 1_000_000 }, (_, i) => i));
  const out = { height: body.offsetHeight, seen: [] };
  for (const share of [0, 0.5, 1]) {
    scroller.scrollTop = share * scroller.scrollHeight;
    await next();
    out.seen.push(inView());
  }
  table.focus(123_456);
  await next();
  return { ...out, focused: Number(document.activeElement.textContent), around: inView(), drawn: body.rows.length };
}"""


def test_a_million_rows_can_be_scrolled_from_end_to_end(page: Any) -> None:
    page.evaluate("document.getElementById('rows').hidden = false")
    found = page.evaluate(_MILLION)
    assert found["height"] <= 8_000_000
    begin, middle, end = found["seen"]
    assert begin[0] == 0 and end[-1] == 999_999
    assert abs(middle[0] - 500_000) < 2000
    assert found["focused"] == 123_456 and 123_456 in found["around"]
    assert found["drawn"] < 40
    for seen in (begin, middle, end, found["around"]):
        assert seen == list(range(seen[0], seen[0] + len(seen)))


def test_flagged_rows_come_first_and_columns_sort(page: Any, many: Path) -> None:
    show(page, many)
    assert "Mismatch" in drawn(page, "verdict")[0]
    page.get_by_role("button", name="Row", exact=True).click()
    assert drawn(page, "number")[:3] == ["1", "2", "3"]
    header = page.get_by_role("columnheader", name="Row")
    assert header.get_attribute("aria-sort") == "ascending"
    page.get_by_role("button", name="Row", exact=True).click()
    assert header.get_attribute("aria-sort") == "descending"
    assert drawn(page, "number")[0] == f"{_MANY:,}"
    page.get_by_label("Order").select_option("source")
    assert set(drawn(page, "source")) == {"paper0.example"}


def test_rows_are_found_by_words_reason_and_source(page: Any, many: Path) -> None:
    show(page, many)
    page.get_by_label("Search").fill("PAPER3.example")
    page.locator("#rows-caption", has_text=f"{_MANY // 4:,} of {_MANY + 1:,} rows").wait_for()
    page.get_by_label("Search").fill("")
    page.locator("#rows-caption", has_text=f"{_MANY + 1:,} of").wait_for()
    reasons = page.get_by_label("Reason", exact=True).locator("option").all_inner_texts()
    assert set(reasons[1:]) <= set(REASONS.values()) and len(reasons) > 1
    page.get_by_label("Reason", exact=True).select_option(reasons[1])
    assert 0 < n_rows(page) < _MANY
    assert all(reasons[1] in why for why in drawn(page, "why"))
    page.get_by_label("Source", exact=True).select_option("paper1.example")
    assert set(drawn(page, "source")) <= {"paper1.example"}


def test_decisions_by_keyboard_become_labels_that_the_commands_take(page: Any, many: Path, tmp_path: Path) -> None:
    show(page, many)
    rows = [json.loads(line) for line in many.read_text("utf-8").splitlines() if line != "nonsense"]
    page.get_by_label("Order").select_option("file")
    page.get_by_label("Your name").fill("Ann")
    page.get_by_role("button", name=rows[0]["title"], exact=True).focus()
    for key in ("w", "r", "w", "u", "r"):
        page.keyboard.press(key)
    page.locator("#rows-caption", has_text="3 decided").wait_for()
    path = tmp_path / "labels.jsonl"
    path.write_bytes(downloaded(page, "Download the labels"))
    with LabelsFile(path) as labels:
        decisions = list(labels.decisions())
    assert [(one.row, one.label, one.reviewer) for one in decisions] == [
        (1, "mismatch", "Ann"), (2, "match", "Ann"), (3, "match", "Ann"),
    ]  # fmt: skip
    for one, row in zip(decisions, rows, strict=False):
        assert (one.title, one.body, one.source, one.id) == (row["title"], row["body"], row["source"], str(row["id"]))
        assert one.line() in path.read_bytes(), "the bytes are those that `mismatch review` writes"
    assert read_pairs([path], columns=ColumnChoice(label="label"))["label"].to_pylist() == ["mismatch", "match", "match"]


def test_rows_are_decided_where_they_are_explained(page: Any, many: Path) -> None:
    show(page, many)
    page.get_by_label("Order").select_option("file")
    first, second = drawn(page)[:2]
    page.get_by_role("button", name=first, exact=True).click()
    page.locator("#of-row").wait_for(state="visible")
    page.keyboard.press("w")
    page.locator("#judged-title", has_text=second).wait_for()
    page.locator("#answer:focus").wait_for()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.textContent") == second
    page.get_by_label("Your decision").select_option("wrong")
    assert drawn(page) == [first]


def test_downloads_have_the_rows_as_they_were_sent(page: Any, many: Path, service: Service) -> None:
    show(page, many)
    assert (
        downloaded(page, "Download as JSON lines") == service.post("/score", many.read_bytes(), "application/x-ndjson").body
    )
    page.get_by_label("Verdict", exact=True).select_option("mismatch")
    shown = n_rows(page)
    lines = [json.loads(line) for line in downloaded(page, "Download as JSON lines").splitlines()]
    assert len(lines) == shown and {row["mismatch_verdict"] for row in lines} == {"mismatch"}
    assert [row["id"] for row in lines] == sorted(row["id"] for row in lines)
    table = list(csv.DictReader(downloaded(page, "Download as CSV").decode().splitlines(keepends=True)))
    assert [(row["id"], row["body"]) for row in table] == [(str(row["id"]), row["body"]) for row in lines]
    assert [row["price"] for row in table] == [json.dumps(row["price"]) for row in lines]


def test_a_table_has_every_column_and_no_formula(page: Any, tmp_path: Path) -> None:
    texts = ['say "hi", you', "line\nbreak", "=1+1", "-3.5", "plain", "tab\tand \\ and é 🏏", "\u2028", "＝1"]
    rows = [{"title": "A title of words", "body": text, "text": text} for text in texts]
    path = tmp_path / "odd.jsonl"
    late = {"title": "A title", "body": "b", "text": "x", "late": [1, {"a": None}], "big": 12345678901234567890}
    path.write_text(
        "".join(json.dumps(row, ensure_ascii=bool(i % 2)) + "\n" for i, row in enumerate([*rows, late])), "utf-8"
    )
    show(page, path)
    data = downloaded(page, "Download as CSV").decode()
    table = list(csv.DictReader(io.StringIO(data, newline="")))
    assert [row["text"] for row in table] == [*texts[:2], "'=1+1", *texts[3:7], "'＝1", "x"]
    assert (table[-1]["late"], table[-1]["big"], table[0]["late"]) == ('[1,{"a":null}]', "12345678901234567890", "")
    assert None not in table[0]


def test_files_of_every_format_are_shown(page: Any, tmp_path: Path) -> None:
    for name, data in files(tmp_path).items():
        path = tmp_path / name
        path.write_bytes(data)
        show(page, path)
        page.locator("#rows-status", has_text="2 rows").wait_for()
        page.get_by_label("Order").select_option("file")
        assert drawn(page) == [row["headline"] for row in ROWS], name
        page.evaluate("document.getElementById('rows-status').textContent = ''")


def test_columns_that_were_not_found_are_chosen(page: Any, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("Kopf;Langer Text;Blatt\nRovers win the cup;Rovers won the cup;a.example\n", "utf-8")
    page.locator("#file").set_input_files(path)
    page.get_by_role("alert").wait_for()
    assert "its columns are 'Kopf', 'Langer Text', 'Blatt'" in page.get_by_role("alert").inner_text()
    assert "?title" not in page.get_by_role("alert").inner_text()
    assert page.locator("#as-title").evaluate("e => e === document.activeElement")
    for label, name in (("titles", "Kopf"), ("bodies", "Langer Text"), ("sources", "Blatt")):
        page.get_by_label(f"Column of {label}").select_option(name)
    page.get_by_role("button", name="Read again").click()
    page.locator("#rows").wait_for(state="visible")
    assert page.get_by_role("alert").count() == 0
    assert (drawn(page), drawn(page, "source")) == (["Rovers win the cup"], ["a.example"])
    assert "title: Kopf" in page.locator("#columns-summary").inner_text()


def test_a_wrong_guess_is_mended(page: Any, tmp_path: Path) -> None:
    path = tmp_path / "guess.jsonl"
    row = {
        "title": "Sport",
        "headline": "Rovers win the cup",
        "text": "Rovers won the cup.",
        "body": "Rovers won.",
        "n": {"a": "x"},
    }
    path.write_text(json.dumps(row) + "\n", "utf-8")
    show(page, path)
    assert drawn(page) == ["Sport"]
    page.locator("#columns-summary").click()
    page.get_by_label("Column of titles").select_option("headline")
    page.get_by_label("Column of sources").select_option("n.a")
    page.get_by_role("button", name="Read again").click()
    page.get_by_role("button", name="Rovers win the cup").wait_for()
    assert drawn(page, "source") == ["x"]


def test_a_damaged_file_shows_what_could_be_read(page: Any, tmp_path: Path, many: Path) -> None:
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(gzip.compress(many.read_bytes())[:-2000])
    page.locator("#file").set_input_files(path)
    page.get_by_role("alert").wait_for()
    assert "the compressed stream ends early" in page.get_by_role("alert").inner_text()
    assert 0 < n_rows(page) < _MANY


def test_on_a_phone_rows_are_cards_and_nothing_overflows(page: Any, tmp_path: Path) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    long = "unbroken" * 60
    path = tmp_path / f"{long[:100]}.jsonl"
    path.write_text(json.dumps({"title": long, "body": long, "source": long, "id": long, long[:60]: 1}) + "\n", "utf-8")
    show(page, path)
    width = "document.scrollingElement.scrollWidth"
    assert page.evaluate(width) <= 390
    assert page.locator("#table tr").evaluate("e => getComputedStyle(e).display") == "block"
    page.locator("#columns-summary").click()
    page.locator("#table button.link").first.click()
    page.locator("#answer").wait_for(state="visible")
    assert page.evaluate(width) <= 390
    sizes = page.locator("#table td.label button").evaluate_all("all => all.map(e => e.getBoundingClientRect().height)")
    assert min(sizes) >= 36


def test_hostile_text_is_text_and_turns_no_writing(page: Any, tmp_path: Path) -> None:
    path = tmp_path / "hostile.jsonl"
    hostile = '<img src=x onerror="document.title=1"><b>bold</b>\u202e\x1b[2J\u2066'
    row = {"title": hostile, "body": hostile * 20, "source": hostile, "id": hostile, hostile: hostile}
    path.write_text(json.dumps(row) + "\n", "utf-8")
    show(page, path)
    assert page.locator("#rows img, #rows b, #rows script, #columns img, #columns b").count() == 0
    assert page.title().startswith("mismatch")
    assert not set("".join(drawn(page) + drawn(page, "source"))) & {"\u202e", "\u2066", "\x1b"}
    assert drawn(page)[0].startswith('<img src=x onerror="document.title=1"><b>bold</b>')
    assert json.loads(downloaded(page, "Download as JSON lines"))["title"] == hostile


def test_folders_and_several_files_are_refused_in_one_line(page: Any) -> None:
    two = """() => {
      const data = new DataTransfer();
      for (const name of ["a.csv", "b.csv"]) data.items.add(new File(["x"], name));
      return data;
    }"""
    page.dispatch_event("#drop", "drop", {"dataTransfer": page.evaluate_handle(two)})
    assert page.get_by_role("alert").inner_text() == "2 files were dropped. Drop one at a time."
