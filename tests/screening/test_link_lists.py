"""Pages that are lists of links are told from articles by their lines, in every language."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from mismatch.features.overlap_features import pair_features
from mismatch.screening.link_lists import are_link_lists
from mismatch.screening.screening import REASONS, screen
from mismatch.terms.document_frequency import DocumentCounter
from mismatch.terms.lexicon import Lexicon
from mismatch.terms.text_buffers import text_buffers


def is_list(body: str) -> bool:
    return bool(are_link_lists(text_buffers(pa.array([body])), np.arange(1))[0])


SECTION = ["Island life", "4 June", "Lamp oil gets dearer again", "Fishing", "Two boats collide off Saltby", "3 June"]
RUSSIAN = ["Острова", "4 июня", "Маяк снова погас на всю ночь", "Рыба", "Две лодки столкнулись у мыса", "3 июня"]
JAPANESE = ["島の話", "6月4日", "灯台の油がまた値上がり", "漁業", "沖合で二隻の船が衝突した模様", "6月3日"]
PERSIAN = ["جزیره", "۴ ژوئن", "روغن چراغ دوباره گران شد", "ماهی", "دو قایق نزدیک دماغه به هم خوردند", "۳ ژوئن"]


@pytest.mark.parametrize("lines", [SECTION, RUSSIAN, JAPANESE, PERSIAN])
def test_short_lines_without_sentences_are_a_list_of_links(lines: list[str]) -> None:
    assert is_list("\n".join(lines * 4))
    assert is_list("\r\n\r\n".join(lines * 4))
    assert not is_list("\n".join(lines))


PARAGRAPH = "The lamp of the old tower went out at nine, and the keeper rowed to the mainland for oil before dawn broke. "


@pytest.mark.parametrize(
    "body",
    [
        PARAGRAPH * 8,
        (PARAGRAPH * 2 + "\n\n") * 3 + "\n".join(SECTION * 2),
        "\n".join(f"{word}:" for word in ["Name", "Age", "Island", "Boat", "Port of call"] * 4),  # a form
        "\n".join(f"{word}, said the keeper of the lamp." for word in SECTION * 4),
        "\n".join(PARAGRAPH[k : k + 20].lower() for k in range(0, 100, 5)),  # running text, broken into lines
        "\n".join(f"Boat {k}\n{k} 12 4\n{k + 1} 9 3" for k in range(12)),  # a table of figures
        "\n".join(["The lamp is out upon the hill", "The keeper sleeps below", "And no one climbs the winding stair"] * 6),
    ],
)
def test_articles_tables_and_verses_are_none(body: str) -> None:
    assert not is_list(body)


def test_a_list_of_links_under_another_title_is_navigation() -> None:
    titles, bodies = (
        text_buffers(pa.array(side)) for side in (["Keeper rows for oil", "Island life"], ["\n".join(SECTION * 4)] * 2)
    )
    counter = DocumentCounter()
    counter.add(bodies)
    refused = screen(titles, bodies, pair_features(titles, bodies, Lexicon.learn(*counter.counts())))
    assert [REASONS[k] for k in refused] == ["body_boilerplate:navigation", ""]
