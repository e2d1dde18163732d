"""Bodies lose the title where it stands again as a line of its own, and markup; running text stays."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from mismatch.screening.body_cleaning import clean_bodies, without_echoes
from mismatch.screening.markup import has_markup, without_markup
from mismatch.terms.text_buffers import text_buffers, texts_of
from mismatch.terms.vector_instructions import WORDS_WIDTH, letter_mask_of

TITLE = "Lighthouse keeper finds message in bottle after forty winters"
STORY = (
    "The bakery on the quay will close in June, its owner said. Rents have doubled since the ferry came.\n\n"
    "Customers queued on Saturday for the last of the rye loaves, and some of them wept."
)
ECHOES = {
    "above": f"{TITLE}\n\n{STORY}",
    "at the end": f"{STORY}\n{TITLE}",
    "in capitals": f"{TITLE.upper()}\n{STORY}",
    "without its marks": f"{TITLE.replace(' in ', ', in ')}!\n{STORY}",
    "with the site": f"{TITLE} – The Harbour Courier\n{STORY}",
    "in a path": f"Home > Coast > {TITLE}\n{STORY}",
    "in a list": f"{STORY}\n\nMost read\n1. Mayor resigns\n2. {TITLE}\n3. Pier reopens",
    "among bullets": f"{STORY}\n• {TITLE} • Pier reopens after the storm of last week • Mayor resigns",
    "in a share box": f"{STORY}\nShare “{TITLE}” on Facebook",
    "with words of the page": f"Share {TITLE} on Facebook Twitter\n{STORY}",
    "with a date": f"12 March 2025 {TITLE}\n{STORY}",
    "in an address": f"{STORY}\nhttps://courier.example/2025/lighthouse-keeper-finds-message-in-bottle-after-forty-winters-88.html",
    "in an address, shortened": f"See www.courier.example/lighthouse-keeper-finds-message-in-bottle and tell us.\n{STORY}",
    "cut off": f"{STORY}\nLighthouse keeper finds message in bottle after…",
    "without its end": f"Lighthouse keeper finds message in bottle\n{STORY}",
    "before text in the same line": f"{TITLE} | {STORY.replace(chr(10), ' ')}",
}


@njit
def _mask(data, letter):  # type: ignore[no-untyped-def]
    return letter_mask_of(data, 0, letter)


def cleaned(title: str | None, body: str | None) -> str | None:
    sides = [text_buffers(pa.array([text], pa.large_string())) for text in (title, body)]
    return texts_of(without_echoes(*sides))[0]


def words(text: str | None) -> list[str]:
    return (text or "").split()


@pytest.mark.parametrize("body", ECHOES.values(), ids=ECHOES.keys())
def test_a_title_that_stands_again_in_the_page_is_left_out_and_the_story_stays(body: str) -> None:
    left = cleaned(TITLE, body) or ""
    assert "bottle" not in left.lower()
    assert "rye loaves" in left and "queued on Saturday" in left


@pytest.mark.parametrize(
    "body",
    [
        f"Under the headline {TITLE} the paper told in spring how the man had waited for it since he was a boy of nine.",
        "A lighthouse keeper finds a message in a bottle after forty winters of looking.\nHe wept.",
        "They say that the lighthouse keeper finds message in bottle after\nforty winters, and so on.",
        f"{STORY}\nA keeper of the lighthouse found the message.",
        "Forty winters",
    ],
)
def test_running_text_is_no_echo(body: str) -> None:
    assert cleaned(TITLE, body) == body


@pytest.mark.parametrize(
    ("title", "line"),
    [
        ("港口灯塔看守人四十年后找到漂流瓶", "港口灯塔看守人四十年后找到漂流瓶"),
        ("Смотритель маяка нашёл письмо в бутылке", "«Смотритель маяка нашёл письмо в бутылке»"),
        ("灯台守が四十年後に瓶の手紙を発見", "■灯台守が四十年後に瓶の手紙を発見 | 港の新聞"),
        ("കാവൽക്കാരൻ നാല്പത് വർഷത്തിനു ശേഷം കുപ്പി കണ്ടെത്തി", "കാവൽക്കാരൻ നാല്പത് വർഷത്തിനു ശേഷം കുപ്പി കണ്ടെത്തി"),
    ],
)
def test_other_scripts_have_echoes_too(title: str, line: str) -> None:
    left = cleaned(title, f"{line}\n{STORY}") or ""
    assert title[:5] not in left and "rye loaves" in left


@pytest.mark.parametrize("title", ["Berlin", "Pier reopens", "", "…", None])
def test_a_title_of_two_words_or_none_has_no_echo(title: str | None) -> None:
    assert cleaned(title, f"{title}\n{STORY}") == f"{title}\n{STORY}"


def test_a_title_that_was_cut_off_has_an_echo_in_its_whole_self() -> None:
    left = cleaned("Lighthouse keeper finds message in bottle after forty wint…", f"{TITLE}\n{STORY}")
    assert words(left) == words(STORY)


def test_each_row_is_compared_with_its_own_title_and_nulls_stay_null() -> None:
    titles = pa.array([TITLE, "Bakery on the quay to close in June", TITLE, None], pa.string())
    bodies = pa.array([f"{TITLE}\n{STORY}", f"{TITLE}\n{STORY}", None, STORY], pa.string())
    left = texts_of(without_echoes(text_buffers(titles), text_buffers(bodies)))
    assert [words(text) for text in left] == [words(STORY), words(f"{TITLE}\n{STORY}"), [], words(STORY)]
    assert left[2] is None


def test_a_slice_of_a_column_is_read_at_its_own_rows() -> None:
    titles, bodies = pa.array(["x", TITLE, "y"]), pa.array(["x" * 99, f"{TITLE}\n{STORY}", "y"])
    left = texts_of(without_echoes(text_buffers(titles.slice(1, 1)), text_buffers(bodies.slice(1, 1))))
    assert [words(text) for text in left] == [words(STORY)]


@given(st.lists(st.text(max_size=40), max_size=6), st.text(max_size=60), st.lists(st.text(max_size=40), max_size=6))
def test_any_text_comes_out_as_long_as_it_went_in_and_only_loses(before: list[str], title: str, after: list[str]) -> None:
    body = "\n".join([*before, title, *after]).encode("utf-8", "replace").decode()
    left = cleaned(title.encode("utf-8", "replace").decode(), body)
    assert left is not None and len(left.encode()) == len(body.encode())
    assert all(a in (b, 32) for a, b in zip(left.encode(), body.encode(), strict=True))


@given(st.binary(min_size=WORDS_WIDTH, max_size=2 * WORDS_WIDTH), st.integers(0, 255))
def test_the_mask_of_a_letter_is_that_of_a_plain_loop(data: bytes, letter: int) -> None:
    mask = int(_mask(np.frombuffer(data, np.uint8), np.uint8(letter)))
    assert mask == sum(1 << k for k in range(WORDS_WIDTH) if data[k] | 32 == letter | 32)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("<p>The pier &amp; the <b>ferry</b>.</p><p>Tea&nbsp;rooms</p>", "The pier & the ferry. Tea rooms"),
        ('<div class="a > b">Pier</div>', 'b">Pier'),
        ("One<br/>two<BR>three<P>four</P>", "One two three four"),
        ("<script>var a = '<p>no</p>';</script>Yes<style>p {color: red}</style><!-- no --> and yes", "Yes and yes"),
        (
            "Shares of <Quay Holdings> fell, <P> said; 3 < 4 and 5 > 2",
            "Shares of <Quay Holdings> fell, <P> said; 3 < 4 and 5 > 2",
        ),
        ("An <script> that never ends. The harbour is open.", "An that never ends. The harbour is open."),
        ("&lt;p&gt;The pier &amp;amp; the &lt;b&gt;ferry&lt;/b&gt;.&lt;/p&gt;", "The pier & the ferry."),
        ("<![CDATA[<p>The pier</p>]]> and &#60;i>more&#60;/i>", "The pier and more"),
        ("Write &lt;p&gt; for a paragraph", "Write <p> for a paragraph"),
        ("AT&T; R&D & co., caf&eacute;, &#8220;x&#8221;, &unknown;", "AT&T; R&D & co., café, “x”, &unknown;"),
    ],
)
def test_markup_is_left_out_and_what_only_looks_like_it_stays(text: str, left: str) -> None:
    assert words(without_markup(text)) == words(left)


@given(st.text(alphabet="<>/!-ab p&;#x1\"'=", max_size=60))
def test_text_without_markup_is_never_longer_and_the_look_misses_nothing(text: str) -> None:
    left = without_markup(text)
    assert len(left.encode()) <= len(text.encode())
    found = has_markup(text_buffers(pa.array([text + " "])))[0] == 1
    assert found or left == text or "&" in text  # an entity without its semicolon is let pass


def test_an_echo_in_markup_is_found() -> None:
    sides = [text_buffers(pa.array([text])) for text in (TITLE, f"<h1>{TITLE}</h1><p>{STORY}</p>")]
    assert words(texts_of(clean_bodies(*sides))[0]) == words(STORY)
