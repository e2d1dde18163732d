"""Who can decide, what a request may hold, and what is refused before the service listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from reviewing import Person, labels_of, scored_rows, write
from served import Service, head_of, status_of

TOKEN = "a-token-of-twenty-four-ch"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "scored.jsonl", scored_rows(3))


@pytest.fixture(scope="module")
def reviewed(model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A review that all tests go on with."""
    file = write(tmp_path_factory.mktemp("review") / "scored.jsonl", scored_rows(20))
    with Service("--model", model_path, "--review", file) as running:
        yield running


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_page_of_another_site_decides_nothing(reviewed: Service, headers: dict[str, str]) -> None:
    ann = Person(reviewed, "ann")
    row = ann.next()
    question = {"holder": ann.holder, "reviewer": "ann", "row": row["row"], "key": row["key"], "label": "match"}
    before = labels_of(reviewed)
    for what in ("next", "decide", "skip", "undo"):
        assert reviewed.post(f"/review/{what}", question, **headers).status == 403
    assert reviewed.get("/review/labels", **headers).status == 403
    assert labels_of(reviewed) == before
    assert reviewed.post("/review/decide", question, origin=reviewed.url).status == 200


@pytest.mark.parametrize("type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_form_decides_nothing(reviewed: Service, type: str) -> None:
    assert reviewed.post("/review/next", {"holder": "x" * 16}, type).status == 415


def test_another_name_for_this_machine_is_refused(reviewed: Service) -> None:
    assert reviewed.ask("GET", "/review/labels", headers={"host": "evil.example"}).status == 421


@pytest.mark.parametrize(
    ("what", "more", "status"),
    [
        ("next", {"holder": "short"}, 422),
        ("next", {"holder": 7}, 422),
        ("next", {"reviewer": "x" * 101}, 422),
        ("next", {"reviewer": None}, 422),
        ("decide", {"label": "match"}, 422),
        ("decide", {"row": 1, "key": "zz", "label": "match"}, 422),
        ("decide", {"row": "1", "key": "00", "label": "match"}, 422),
        ("decide", {"row": 10**30, "key": "00", "label": "match"}, 422),
        ("decide", {"row": 1, "key": "00" * 16, "label": "match"}, 409),
        ("decide", {"row": 1, "key": "00" * 16, "label": "perhaps"}, 422),
        ("skip", {"row": [1], "key": "00"}, 422),
        ("skip", {"row": 1, "key": 3}, 422),
        ("other", {}, 404),
    ],
)
def test_a_wrong_request_is_answered_as_such(reviewed: Service, what: str, more: dict[str, Any], status: int) -> None:
    before = labels_of(reviewed)
    answer = Person(reviewed, "ann").ask(what, **more)
    assert answer.status == status
    assert answer.detail
    assert labels_of(reviewed) == before


def test_requests_are_bounded(reviewed: Service) -> None:
    assert reviewed.post("/review/next", {"holder": "x" * 16, "more": "x" * 5000}).status == 413
    assert reviewed.post("/review/next", b"[1]").status == 422
    assert reviewed.post("/review/next", b"{").status == 400
    assert status_of(reviewed.raw(head_of(10**9, "/review/next"))) == 413


def test_with_a_token_a_review_needs_it(start: Callable[..., Service], file: Path) -> None:
    service = start("--review", file, env={"MISMATCH_TOKEN": TOKEN})
    assert Person(service, "ann").ask("next").status == 401
    assert service.get("/review/labels").status == 401
    assert service.get("/review").status == 200
    assert service.get("/review/labels", authorization=f"Bearer {TOKEN}").status == 200


def test_a_service_without_a_review_has_none(service: Service) -> None:
    assert service.get("/review").status == 404
    assert service.get("/review/labels").status == 404
    assert service.post("/review/next", {"holder": "x" * 16}).status in (404, 405)


def test_the_labels_come_as_a_file_of_json_lines(reviewed: Service) -> None:
    ann = Person(reviewed, "ann")
    row = ann.next()
    ann.decide(row, "mismatch")
    answer = reviewed.get("/review/labels")
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-disposition"] == 'attachment; filename="labels.jsonl"'
    label = answer.rows[-1]
    assert {name: label[name] for name in ("id", "label", "row", "reviewer", "source")} == {
        "id": row["id"], "label": "mismatch", "row": row["row"], "reviewer": "ann", "source": "daily.example",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--review", "{folder}/none.jsonl"], "none.jsonl"),
        (["--review", "-"], "not standard input"),
        (["--review", "{file}", "--labels", "{file}"], "give it a file of its own"),
        (["--review", "{file}", "--labels", "{folder}/no/labels.db"], "name another with --labels"),
        (["--review", "{file}", "--labels", "{folder}/text.db"], "name another with --labels"),
        (["--review", "{file}", "--labels", "{folder}/text.jsonl"], "no labelled pair"),
        (["--review", "{file}", "--verdict", "wrong"], "--verdict is match, mismatch"),
        (["--review", "{file}", "--verdict", "unsure"], "there are no rows with the verdict unsure"),
        (["--review", "{file}", "--order", "best"], "--order is strongest"),
        (["--review", "{file}", "--lease-seconds", "0"], "above 0"),
        (["--labels", "labels.db"], "--labels goes with --review FILE"),
    ],
)
def test_a_wrong_option_is_one_line(
    invoke: Callable[..., Any], model_path: Path, file: Path, options: list[str], words: str
) -> None:
    (file.parent / "text.db").write_text("no database\n" * 100)
    (file.parent / "text.jsonl").write_text("no labels\n")
    before = file.read_bytes(), (file.parent / "text.jsonl").read_bytes()
    ended = invoke("serve", "--port", 0, "--model", model_path, *(o.format(file=file, folder=file.parent) for o in options))
    assert ended.code == 2
    assert words in ended.said[-1]
    assert "Traceback" not in ended.err
    assert (file.read_bytes(), (file.parent / "text.jsonl").read_bytes()) == before
