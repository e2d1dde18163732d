"""Pages in an article's place are told from articles, by what most of them is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from mismatch.screening.boilerplate import KINDS, BoilerplateModel
from mismatch.terms.text_buffers import text_buffers
from models.boilerplate_training import (
    frequent_words,
    learn_boilerplate,
    ordinary_texts,
    read_pages,
    read_phrases,
    tables_of_figures,
)

DATA = Path(__file__).parent.parent.parent / "training_data"
COOKIES = "We use cookies to improve your experience. Accept all cookies or manage your preferences in our privacy policy."


@pytest.fixture(scope="module")
def bodies() -> list[str]:
    return [
        json.loads(line)["body"]
        for path in sorted((DATA / "articles").glob("*.jsonl"))
        for line in path.read_text("utf-8").split("\n")
        if line
    ]


@pytest.fixture(scope="module")
def model(bodies: list[str]) -> BoilerplateModel:
    ordinary = ordinary_texts([body for k, body in enumerate(bodies) if k % 4]) + tables_of_figures()
    return learn_boilerplate(read_pages(DATA), read_phrases(DATA), ordinary)


def kinds(model: BoilerplateModel, texts: list[str | None]) -> list[str]:
    return [KINDS[k] for k in model.judge(text_buffers(pa.array(texts, pa.string())))]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (COOKIES, "consent"),
        (
            "You have read all your free articles. Subscribe now to continue reading, or log in if you are a member.",
            "paywall",
        ),
        ("Please enable JavaScript in your browser and reload this page. Your browser is not supported.", "script_required"),
        (
            "Access denied. Please verify that you are not a robot by completing the captcha. Your IP address was blocked.",
            "blocked",
        ),
        ("Page not found. The page that you are looking for does not exist or has been moved. Error 404.", "not_found"),
        (
            "Home News Politics Business Sport Culture Opinion Video | Most read | About us Contact Privacy policy",
            "navigation",
        ),
        ("Bitte aktivieren Sie JavaScript in Ihrem Browser und laden Sie die Seite neu.", "script_required"),
        ("ページが見つかりません。お探しのページは移動または削除された可能性があります。トップページへ戻る", "not_found"),
    ],
)
def test_a_page_in_place_of_the_article_is_called_by_its_kind(model: BoilerplateModel, body: str, kind: str) -> None:
    assert kinds(model, [body]) == [kind]


def test_articles_it_did_not_learn_from_are_articles(model: BoilerplateModel, bodies: list[str]) -> None:
    assert set(kinds(model, bodies[::4])) == {"none"}


def test_a_cookie_sentence_does_not_spoil_an_article(model: BoilerplateModel, bodies: list[str]) -> None:
    spoilt = [f"{COOKIES}\n\n{body}" for body in bodies[::16]] + [f"{body}\n\n{COOKIES}" for body in bodies[::16]]
    assert np.mean([kind == "none" for kind in kinds(model, spoilt)]) > 0.97


def test_a_long_body_full_of_ordinary_text_is_never_boilerplate(model: BoilerplateModel, bodies: list[str]) -> None:
    ordinary = "\n\n".join(body for body in bodies[::4] if body.isascii())
    assert kinds(model, [COOKIES * 5 + ordinary, ordinary + COOKIES * 5]) == ["none", "none"]


def test_nothing_null_and_figures_are_no_boilerplate(model: BoilerplateModel) -> None:
    assert kinds(model, [None, "", " \n", "Jul 3-1/4 3-1/2\nDec 12-3/4 13\nSep 4-3/4 5"]) == ["none"] * 4


def test_a_body_on_the_subject_of_its_title_needs_more_to_be_called_boilerplate(model: BoilerplateModel) -> None:
    rows = [body for _, body in read_pages(DATA)]
    text = text_buffers(pa.array(rows))
    apart, told = (model.judge(text, np.full(len(rows), c, np.float32)) for c in (0.0, 1.0))
    assert (apart > 0).sum() > (told > 0).sum()
    assert not ((told > 0) & (apart == 0)).any()


def test_the_model_survives_its_plain_form(model: BoilerplateModel) -> None:
    again = BoilerplateModel.from_plain(model.to_plain())
    rows = [body for _, body in read_pages(DATA)]
    assert kinds(again, rows) == kinds(model, rows)


@pytest.mark.parametrize("part", ["hashes", "weights", "common", "scales", "shape_weights", "cut", "kinds"])
def test_a_damaged_plain_form_is_refused(model: BoilerplateModel, part: str) -> None:
    plain = model.to_plain()
    if part in ("cut", "kinds"):
        plain[part] = float("nan") if part == "cut" else ["none"]
    else:
        array = getattr(model, part)
        plain["arrays"] = {**plain["arrays"], part: {"dtype": array.dtype.name, "shape": [0], "data": b""}}
    with pytest.raises(ValueError, match="boilerplate"):
        BoilerplateModel.from_plain(plain)


def test_a_language_without_a_list_of_words_adds_none() -> None:
    pytest.importorskip("wordfreq", reason="needed only to build a starter")
    assert frequent_words(["sw", "xh"], texts=2) == []
    assert frequent_words(["de", "xh"], texts=2) == frequent_words(["de"], texts=2)
