# ruff: noqa: E501
"""What cannot be judged says why; what can is let through."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from mismatch.features.overlap_features import pair_features
from mismatch.screening.screening import REASONS, screen
from mismatch.terms.document_frequency import DocumentCounter
from mismatch.terms.lexicon import Lexicon
from mismatch.terms.text_buffers import text_buffers

DATA = Path(__file__).parent.parent.parent / "training_data"
ENGLISH = (
    "The ferry ran aground in the fog and the crew of it was taken off by the lifeboat that had come from the harbour. " * 2
)
GERMAN = (
    "Die Fähre lief im Nebel auf Grund und die Besatzung wurde von dem Boot gerettet, das aus dem Hafen kam und nicht weit war. "
    * 2
)
RUSSIAN = "Паром сел на мель в тумане, и команду сняли спасатели, которые вышли из порта и не потеряли времени. " * 2


def reasons(pairs: list[tuple[str | None, str | None]]) -> list[str]:
    titles, bodies = (text_buffers(pa.array(side, pa.string())) for side in zip(*pairs, strict=True))
    counter = DocumentCounter()
    counter.add(bodies)
    return [REASONS[k] for k in screen(titles, bodies, pair_features(titles, bodies, Lexicon.learn(*counter.counts())))]


@pytest.fixture(scope="module")
def articles() -> list[dict[str, str]]:
    return [
        json.loads(line)
        for path in sorted((DATA / "articles").glob("*.jsonl"))
        for line in path.read_text("utf-8").split("\n")
        if line
    ]


@pytest.mark.parametrize("nothing", [None, "", " \n\t", "...", "—「」", "\u200b"])
def test_a_side_without_a_letter_is_missing(nothing: str | None) -> None:
    assert reasons([(nothing, ENGLISH), ("Ferry in fog", nothing)]) == ["title_missing", "body_missing"]


def test_a_body_of_a_few_words_is_too_short() -> None:
    assert reasons([("Ferry runs aground", "The ferry ran aground.")]) == ["body_too_short"]


@pytest.mark.parametrize(
    "title",
    ["Live blog", "HOME", "Untitled", "Opinion", "Vidéo", "Letters to the editor:", "Главная", "ताज़ा खबरें", "社説", "W"],
)
def test_a_title_in_which_nothing_can_be_checked_is_generic(title: str) -> None:
    assert reasons([(title, ENGLISH)]) == ["title_generic"]


@pytest.mark.parametrize("title", ["Home Alone", "Obama", "1984", "Opinion: let the rivers flood", "Live Aid", "BTS"])
def test_a_name_or_a_headline_is_not(title: str) -> None:
    assert reasons([(title, ENGLISH)]) == [""]


def test_writing_systems_and_languages_that_differ_are_named() -> None:
    pairs = [
        ("Wolves return to the valley", RUSSIAN),
        ("Волки вернулись в долину", ENGLISH),
        ("Die Wölfe kehren in das Tal und nicht in den Wald zurück", ENGLISH),
        ("What the wolves are doing in the valley", GERMAN),
    ]
    assert reasons(pairs) == ["script_differs"] * 2 + ["language_differs"] * 2


CHINESE = "昨天夜里渡轮在大雾中搁浅，船上的乘客由救生艇送回港口，公司对这起事故表示歉意，并说将会调查原因。" * 2
JAPANESE = "昨夜、渡し船が霧の中で座礁し、乗っていた人たちは救命艇で港へ戻った。会社は事故について謝罪した。" * 2


def test_chinese_and_japanese_are_two_languages() -> None:
    pairs = [
        ("学校的面包店每周三天排长队", JAPANESE),
        ("給食室のパン屋に毎週三日の行列", CHINESE),
        ("東京株式市場午前終値続落", JAPANESE),  # signs that Japanese writes too
        ("面包店排长队", JAPANESE),  # too short to tell
        ("学校的面包店每周三天排长队", CHINESE),
    ]
    assert reasons(pairs) == ["language_differs"] * 2 + [""] * 3


def test_one_word_that_no_other_language_has_tells_the_language_of_a_title_that_shares_nothing() -> None:
    assert reasons([("Ferry runs aground outside the harbour", GERMAN)]) == ["language_differs"]
    pairs = [
        ("Ferry aground: passengers rescued overnight", GERMAN),  # nothing tells its language
        ("The Drifters: Gruppe spielt heute im Hafen", GERMAN),  # a word of the body's language
        ("Kapitän Nebel und Hafen: the ferry story", GERMAN),  # words of the body
    ]
    assert reasons(pairs) == [""] * 3


def test_an_english_name_over_another_language_is_judged() -> None:
    pairs = [("iPhone 15 Pro", RUSSIAN + " iPhone 15 Pro"), ("The Rolling Stones", GERMAN), ("BTS", RUSSIAN)]
    assert reasons(pairs) == [""] * 3


def test_every_article_of_every_language_can_be_judged(articles: list[dict[str, str]]) -> None:
    assert set(reasons([(row["title"], row["body"]) for row in articles])) == {""}


def test_titles_over_bodies_of_another_writing_system_are_found(articles: list[dict[str, str]]) -> None:
    english = [row["body"] for row in articles if row["lang"] == "en"][:42]
    arabic = [row["title"] for row in articles if row["lang"] == "ar"]
    assert np.mean([r == "script_differs" for r in reasons(list(zip(arabic, english, strict=True)))]) > 0.9


@pytest.mark.parametrize(
    "title",
    [
        "Politics", "SPORT", "Kultur", "BBC News", "新华网", "江北晨报快讯", "海岸资讯网", "きょうのニュース", "서울 뉴스",
        "By Hanna Brook", "By Hanna Brook, Staff Writer | 3 November 2025, 07:40", "Von Jonas Feld", "Par Louise Vidal",
        "3 November 2025", "07:40", "The Saltby Courier", "Latest news and videos from Saltby", "News, sport, weather and opinion",
        "Business: news, analysis and comment from the islands", "早报必看",
    ],
)  # fmt: skip
def test_names_of_sections_and_sites_bylines_and_dates_are_nothing_to_check(title: str) -> None:
    assert reasons([(title, ENGLISH)]) == ["title_generic"]


@pytest.mark.parametrize(
    "title",
    [
        "Politics of the harbour", "Sport brings the islands together", "Von der Klippe gestürzt", "By the sea they sing again",
        "Courier loses parcel", "BBC News editor resigns over the film of the storm", "海岸资讯网创始人在机场被捕后获释",
        "Education is not a business but a way of life", "Three storms in November", "To promote health education in Asia",
    ],
)  # fmt: skip
def test_headlines_with_such_words_are_judged(title: str) -> None:
    assert reasons([(title, ENGLISH)])[0] != "title_generic"


def test_the_name_of_a_column_is_judged_where_the_body_has_it() -> None:
    body = "早报说，今天早上的渡轮在大雾中搁浅，船上没有人受伤，乘客由救生艇送回港口，公司对此表示歉意。" * 2
    assert reasons([("今天早上的渡轮播报", body), ("午间速递", body)]) == ["", "title_generic"]


GREEK = (
    "Το πλοίο προσάραξε στην ομίχλη και το πλήρωμα σώθηκε από τη βάρκα που ήρθε από το λιμάνι χωρίς να χαθεί χρόνος. " * 2
)
HINDI = "कोहरे में नाव किनारे पर फँस गई और बंदरगाह से आई बचाव नौका ने सभी यात्रियों को सुरक्षित बाहर निकाल लिया। " * 2
DUTCH = (
    "De veerboot liep vast in de mist en de bemanning werd gered door het schip dat uit de haven kwam en niet ver weg was. "
    * 2
)


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("parom sel na mel", RUSSIAN), ("https://vesti.example/2025/parom-sel-na-mel", RUSSIAN),
        ("To ploio prosarakse stin omichli", GREEK), ("Kohre mein naav kinare par phans gayi", HINDI),
        ("Ïàðîì ñåë íà ìåëü â òóìàíå", RUSSIAN), ("Паром сел на мель в тумане", GREEK),
    ],
)  # fmt: skip
def test_a_transcription_or_a_wrong_encoding_is_another_writing_system(title: str, body: str) -> None:
    assert reasons([(title, body)]) == ["script_differs"]


def test_a_name_in_latin_letters_that_the_body_spells_otherwise_is_judged() -> None:
    assert reasons([("FERRY QUEEN LIVE", RUSSIAN), ("Rolling Stones", HINDI)]) == ["", ""]


def test_languages_that_share_words_are_told_by_the_others() -> None:
    pairs = [
        ("Het schip ligt er nog en de haven is dicht", GERMAN), ("Das Schiff liegt noch im Hafen und die Fähre auch", DUTCH),
        ("Het schip ligt er nog en de haven is dicht", DUTCH), ("Das Schiff liegt noch im Hafen und die Fähre auch", GERMAN),
    ]  # fmt: skip
    assert reasons(pairs) == ["language_differs", "language_differs", "", ""]
